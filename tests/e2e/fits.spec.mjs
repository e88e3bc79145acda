// Small, low, zoomed and still: what matters is in view, and nothing is wider than the window.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });

async function open(page, path, [width, height]) {
  await page.setViewportSize({ width, height });
  await page.goto(path);
  await alive(page);
}

async function fits(page) {
  const { width } = page.viewportSize();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
}

for (const path of ['figures/append/5/', 'figures/topics/4/']) {
  test(`${path} on a phone shows its question, and a way to the contents`, async ({ page, baseURL }) => {
    await open(page, path, [390, 844]);
    await expect(page.locator('.quiz > b')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('.quiz .opt').last()).toBeInViewport({ ratio: 1 });
    await page.locator('li.now h2').scrollIntoViewIfNeeded();
    await expect(page.locator('li.now h2')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('.pnav kbd')).toBeHidden();
    await fits(page);
    await page.getByRole('banner').getByRole('link', { name: 'Contents' }).click();
    await expect(page).toHaveURL(`${baseURL}figures/`);
  });
}

for (const size of [[720, 450], [640, 360]]) {
  test(`in a low window words and stage stand side by side, ${size.join(' x ')}`, async ({ page }) => {
    await open(page, 'figures/append/5/', size);
    await expect(page.locator('li.now h2')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('.pnav .primary')).toBeInViewport({ ratio: 1 });
    const body = await page.locator('.prose .body').boundingBox();
    expect(body.height).toBeGreaterThan(150);
    await page.locator('.try').scrollIntoViewIfNeeded();
    await expect(page.locator('.try')).toBeInViewport();
    await fits(page);
  });
}

test('at 400 % the page scrolls as a whole and hides nothing', async ({ page }) => {
  await open(page, 'figures/append/5/', [320, 256]);
  for (const what of [page.locator('li.now h2'), page.locator('.pnav .primary'), page.locator('.stage-bed'), button(page, 'Play')]) {
    await what.scrollIntoViewIfNeeded();
    await expect(what).toBeInViewport();
  }
  await fits(page);
});

test('the sandbox in 320 pixels begins with its line', async ({ page }) => {
  await open(page, 'sandbox/', [320, 640]);
  await expect(page.getByLabel('A line of script')).toBeInViewport({ ratio: 1 });
  await fits(page);
});

test('after the kill a phone keeps the newest beat and the way back in reach', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, '', [390, 844]);
  await button(page, 'Kill broker 2').click();
  for (const count of [1, 2, 3]) {
    await expect(page.locator('.beats .told').nth(count - 1)).toBeAttached({ timeout: 60_000 });
    await expect(page.locator('.beats .now')).toBeInViewport({ ratio: 1 });
    if (count === 2) await expect(page.locator('svg.stage')).toContainText('C1 waits');
  }
  await expect(button(page, 'Restart broker 2')).toBeInViewport({ ratio: 1 });
  await fits(page);
});

for (const width of [320, 390, 560, 768, 1100, 1280, 1440]) {
  test(`a dead broker and what can be done to it fit into ${width} pixels`, async ({ page }) => {
    await open(page, '', [width, 844]);
    await button(page, 'Kill broker 2').click();
    await page.keyboard.press('Space');
    const bed = await page.locator('.stage-bed').boundingBox();
    const title = await page.locator('svg.stage text', { hasText: /^Broker 2$/ }).boundingBox();
    await page.locator('.stage-bed').click({ position: { x: title.x - bed.x + 20, y: title.y - bed.y + 6 } });
    await expect(page.getByRole('toolbar', { name: 'What can be done to Broker 2' }).getByRole('button', { name: 'Restart' })).toBeInViewport({ ratio: 1 });
    await fits(page);
  });
}

test('where there is room the inspector stands beside the stage', async ({ page }) => {
  await open(page, 'sandbox/', [1440, 900]);
  const before = await page.locator('.stage-bed').boundingBox();
  await page.locator('.stage-bed').click({ position: { x: before.width * 0.4, y: 84 } });
  const inspector = await page.getByRole('complementary', { name: 'Inspector' }).boundingBox();
  expect(inspector.width).toBe(356);
  const stage = await page.locator('.stage-bed').boundingBox();
  expect(stage.x + stage.width).toBeLessThanOrEqual(inspector.x);
  await expect(async () => {
    const picture = await page.locator('svg.stage').boundingBox();
    expect(picture.width).toBeLessThanOrEqual(stage.width + 1);
  }).toPass();
});

test('less motion: each beat of the first page waits for Next', async ({ page, baseURL }) => {
  const complaints = watched(page);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, '', [1440, 900]);
  await button(page, 'Kill broker 2').click();
  const beats = page.locator('.beats .told');
  await expect(beats).toHaveCount(1);
  await page.waitForTimeout(600);
  await expect(beats).toHaveCount(1);
  await expect(button(page, 'Play')).toBeVisible();
  await button(page, 'Next').click();
  await expect(beats).toHaveCount(2);
  await button(page, 'Next').click();
  await expect(beats).toHaveCount(3);
  await button(page, 'Restart broker 2').click();
  await button(page, 'Next').click();
  await expect(beats).toHaveCount(4);
  await expect(beats.last()).toContainText('0 are lost');
  await expect(button(page, 'Next')).toBeHidden();
  await page.getByRole('link', { name: 'See how, step by step' }).click();
  await expect(page).toHaveURL(`${baseURL}figures/failover/1/`);
  expect(complaints()).toEqual([]);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('nothing dead is shown, and the page says why', async ({ page }) => {
    for (const path of ['', 'figures/append/3/']) {
      await page.goto(path);
      await expect(page.locator('.transport')).toBeHidden();
      await expect(page.locator('[data-press]:visible')).toHaveCount(0);
    }
    await page.goto('');
    await expect(page.locator('noscript p')).toHaveText(/^JavaScript is off here/);
  });
});
