// What a page does that no visitor would notice and no page should do.

/** Until the app has drawn itself. */
export const alive = page => page.locator('html[data-alive]').waitFor({ state: 'attached' });

/** Listens to a page; the returned function lists every error, and every request that left the site or failed. */
export function watched(page) {
  const complaints = [];
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('requestfailed', request => complaints.push(`failed: ${request.url()}`));
  page.on('response', response => response.status() >= 400 && complaints.push(`${response.status()}: ${response.url()}`));
  page.on('request', request => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== 'localhost') complaints.push(`outside: ${request.url()}`);
  });
  return () => complaints;
}
