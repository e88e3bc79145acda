// Acting on the stage by pointer: buttons on cards, clients that died, and links that are whole.
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const words = (page, text) => page.locator('svg.stage text', { hasText: text });

async function sandbox(page) {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto('sandbox/');
  await alive(page);
}

async function press(page, place) {
  const box = await place.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

test('a broker is killed and started again by the button on its card', async ({ page }) => {
  const complaints = watched(page);
  await sandbox(page);
  await expect(words(page, /^Kill$/)).toHaveCount(3);
  await press(page, words(page, /^Kill$/).nth(1));
  await expect(words(page, /^Killed/)).toHaveCount(1);
  await expect(words(page, /^Kill$/)).toHaveCount(2);
  await press(page, words(page, /^Restart$/));
  await expect(words(page, /^Kill$/)).toHaveCount(3);
  expect(complaints()).toEqual([]);
});

test('a client that died keeps its place and is brought back by pointer', async ({ page }) => {
  await sandbox(page);
  const name = words(page, /^driver-app$/);
  const before = await name.boundingBox();
  const broker = await words(page, /^Broker 1$/).boundingBox();
  await press(page, name);
  await page.locator('.inspector').getByRole('button', { name: 'Kill' }).click();
  await expect(words(page, /^killed$/)).toHaveCount(1);
  await page.keyboard.press('Escape');
  await press(page, name);
  await page.locator('.inspector').getByRole('button', { name: 'Restart' }).click();
  await expect(words(page, /^killed$/)).toHaveCount(0);
  const after = await name.boundingBox();
  expect(Math.abs(after.y - before.y)).toBeLessThan(8);
  expect((await words(page, /^Broker 1$/).boundingBox()).y).toBeCloseTo(broker.y, 0);
});

test('a link on which nothing runs is cut and healed by pointer', async ({ page }) => {
  await sandbox(page);
  const line = page.locator('svg.stage path.ln.faint');
  await expect(line).toHaveCount(3);
  // The outermost is that of brokers 1 and 3.
  const boxes = await Promise.all([0, 1, 2].map(nth => line.nth(nth).boundingBox()));
  const far = boxes.reduce((a, b) => (b.x + b.width > a.x + a.width ? b : a));
  await page.mouse.click(far.x + far.width - 1, far.y + far.height / 2 - 7);
  await page.locator('.inspector').getByRole('button', { name: 'Cut the link' }).click();
  await expect(words(page, /^Link 1–3 cut \d+ s$/)).toHaveCount(1);
  await page.locator('.inspector').getByRole('button', { name: 'Heal the link' }).click();
  await expect(words(page, /^Link 1–3 cut/)).toHaveCount(0);
});

test('the line of a broker to ZooKeeper is cut by pointer, and drawn as cut', async ({ page }) => {
  await sandbox(page);
  const line = page.locator('svg.stage path.ln.sess');
  await expect(line).toHaveCount(3);
  const boxes = await Promise.all([0, 1, 2].map(nth => line.nth(nth).boundingBox()));
  const far = boxes.reduce((a, b) => (b.height > a.height ? b : a));
  await page.mouse.click(far.x + 1, far.y + far.height - 30);
  await page.locator('.inspector').getByRole('button', { name: 'Cut from ZooKeeper' }).click();
  await expect(words(page, /^cut from ZooKeeper$/)).toHaveCount(1);
});
