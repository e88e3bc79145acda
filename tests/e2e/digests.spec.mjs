// The optimised module of the built page does what the debug build of the host does: the digests that `cargo test`
// (tests/it/determinism.rs) has computed are computed again here.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';

const stored = readFileSync(resolve(import.meta.dirname, '../workloads.txt'), 'utf8').trim();

test('the release build in the browser and the debug build on the host have the same digests', async ({ page }) => {
  const loads = stored.split('\n').map(line => line.split(' ').slice(0, 2).join('='));
  await page.goto(`bench.html#${loads.join('&')}`);
  await page.locator('html[data-bench="done"]').waitFor({ state: 'attached' });
  expect(await page.locator('#results').innerText()).toBe(stored);
});
