// The pages that deep links open: dist/figures/<slug>/<n>/ and its like, each with addresses relative to its depth.

/** `shell`: the built index.html. Resolves to `[path in dist, html]` pairs. */
export async function pages(shell) {
  return [];
}
