// The sandbox takes lines from anybody: long runs, nonsense, and far too much of it.
import { expect, test } from '@playwright/test';
import { alive } from './watched.mjs';

const problem = page => page.locator('#line-problem');
const clock = page => page.locator('.clock b');

async function enter(page, line) {
  await page.getByLabel('A line of script').fill(line);
  await page.keyboard.press('Enter');
}

test.beforeEach(async ({ page }) => {
  await page.goto('sandbox/');
  await alive(page);
});

test('a long run is worked off frame by frame, and pausing breaks it off', async ({ page }) => {
  await enter(page, 'run 24h');
  await expect(problem(page)).toHaveText('here a run is at most 1h; say it again to go on');
  await enter(page, 'run 10m');
  await expect(problem(page)).toBeEmpty();
  await expect(clock(page)).toHaveText(/^10:0/, { timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  const before = await clock(page).textContent();
  await enter(page, 'run 1h');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  const stopped = await clock(page).textContent();
  expect(stopped > before).toBe(true);
  expect(stopped.startsWith('70:')).toBe(false);
});

test('nonsense is answered shortly, and nothing moves for it', async ({ page }) => {
  await enter(page, 'z'.repeat(4_000));
  await expect(problem(page)).toContainText('…');
  expect((await problem(page).textContent()).length).toBeLessThan(200);
  await enter(page, `produce p1 driver-locations "${'y'.repeat(3_000)}"`);
  await expect(page.locator('.said li').first()).toContainText('…');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  await expect(page.getByRole('button', { name: 'Do it' })).toBeInViewport();
});

test('who writes raw bytes stands on the stage while the connection does', async ({ page }) => {
  await enter(page, 'socket s1 name=outsider');
  await expect(problem(page)).toBeEmpty();
  await enter(page, 'connect s1 b2');
  await expect(page.locator('svg text', { hasText: 'outsider' })).toBeVisible();
});
