export const drawFirstFrame = () => '';
