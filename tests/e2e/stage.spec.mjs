// The stage: the same before and after it comes alive, as crowded as one likes, still for those who want it still, and
// open to what a reader tries.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });

async function open(page, path = '') {
  await page.goto(path);
  await alive(page);
}

async function clean(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
}

/** Says a line in the sandbox and waits until it stands in the list. */
async function say(page, line) {
  await page.getByLabel('A line of script').fill(line);
  await page.keyboard.press('Enter');
  await expect(page.locator('.said li').first()).toContainText(line);
}

for (const [width, height, size] of [[1440, 900, 'wide'], [1280, 720, 'mid'], [390, 844, 'phone']]) {
  test(`the first frame is what the live page shows first, ${width} x ${height}`, async ({ browser, baseURL }) => {
    const context = await browser.newContext({ viewport: { width, height }, baseURL });
    const still = await context.newPage();
    await still.route('**/*.wasm', route => route.abort());
    await still.goto('');
    const shown = await still.locator(`svg.at-${size} > g`).first().innerHTML();
    await expect(still.locator('svg.stage:visible')).toHaveClass(`stage at-${size}`);
    const said = await still.locator('.clock').innerText();
    const ribbon = await still.locator('.ribbon > svg').innerHTML();

    const live = await context.newPage();
    await live.addInitScript(() => {
      // What the stage and the ribbon show when they show something for the first time.
      new MutationObserver((_, observer) => {
        const drawn = document.querySelector('.stage-bed svg.stage > g');
        const ribbon = document.querySelector('.ribbon > svg');
        if (!drawn?.firstElementChild || !ribbon) return;
        window.first = { drawn: drawn.innerHTML, clock: document.querySelector('.clock').innerText, ribbon: ribbon.innerHTML };
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true });
    });
    await live.goto('');
    await alive(live);
    const first = await live.evaluate(() => window.first);
    expect(first.drawn).toBe(shown);
    expect(first.clock).toBe(said);
    const words = html => html.replace(/<defs>.*?<\/defs>/s, '').match(/<(\w+)|(?:\b[\w-]+="[^"]*")/g).sort().join('\n');
    expect(words(first.ribbon)).toBe(words(ribbon));
    await context.close();
  });
}

for (const [width, height] of [[320, 640], [390, 844], [1440, 900]]) {
  test(`nothing shifts on a slow machine, ${width} x ${height}`, async ({ page }) => {
    test.setTimeout(60_000);
    await page.setViewportSize({ width, height });
    await page.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifts.push(
        `${entry.value}: ${entry.sources.map(source => `${source.node?.nodeName}.${source.node?.className?.baseVal ?? source.node?.className ?? source.node?.parentElement?.className}`).join(' ')}`,
      ))).observe({ type: 'layout-shift', buffered: true });
    });
    const client = await page.context().newCDPSession(page);
    await client.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    await page.goto('');
    await alive(page);
    await page.waitForTimeout(3_000);
    expect(await page.evaluate(() => window.shifts)).toEqual([]);
  });
}

test('how crowded logs are drawn is a choice', async ({ page }) => {
  const complaints = watched(page);
  await open(page, 'sandbox/');
  const density = page.getByRole('group', { name: 'Density' });
  await expect(density.getByRole('button', { name: 'Auto' })).toHaveAttribute('aria-pressed', 'true');
  await density.getByRole('button', { name: 'Strip' }).click();
  await expect(page.locator('svg.stage .rec.flat').first()).toBeAttached();
  await density.getByRole('button', { name: 'Stream' }).click();
  await expect(page.locator('svg.stage .strip .rec').first()).toBeAttached();
  await expect(page.locator('svg.stage .rec-t')).not.toHaveCount(0);
  await page.getByRole('application').focus();
  await page.keyboard.press('g');
  await expect(density.getByRole('button', { name: 'Heat' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('svg.stage .heat0').first()).toBeAttached();
  await clean(page);
  await page.keyboard.press('g');
  await expect(density.getByRole('button', { name: 'Auto' })).toHaveAttribute('aria-pressed', 'true');
  await open(page);
  await page.keyboard.press('g');
  await expect(page.locator('.toast')).toContainText('Density: Letters');
  expect(complaints()).toEqual([]);
});

test('a rate too high for letters becomes a stream by itself, and letters again', async ({ page }) => {
  test.setTimeout(60_000);
  await open(page, 'sandbox/');
  await say(page, 'load p1 driver-locations every=4ms keys=chen,farah,goran,kofi size=20');
  await page.keyboard.press('Escape');
  await page.getByRole('application').focus();
  await page.keyboard.press('\\');
  await page.keyboard.press('Space');
  await expect(page.locator('svg.stage .strip .rec').first()).toBeAttached({ timeout: 15_000 });
  await say(page, 'stop-load p1');
  await page.getByRole('application').focus();
  await page.keyboard.press('Space');
  await expect(page.locator('svg.stage .bed + .rec, svg.stage .rec-t').first()).toBeAttached({ timeout: 20_000 });
});

test('where nothing may move, links count what is under way', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  const seen = new Set();
  for (let step = 0; step < 40 && seen.size < 2; step += 1) {
    await button(page, 'Forward one event').click();
    const words = await page.locator('svg.stage').innerHTML();
    if (words.includes('>1 out<')) seen.add('out');
    if (/>ack \d+</.test(words)) seen.add('ack');
  }
  expect([...seen].sort()).toEqual(['ack', 'out']);
});

test('acting in the past makes a branch that can be gone over to', async ({ page }) => {
  await open(page, 'sandbox/');
  await say(page, 'run 2s').catch(() => {});
  await say(page, 'hold b2');
  const ribbon = await page.getByRole('slider', { name: 'Timeline' }).boundingBox();
  await page.mouse.click(ribbon.x + ribbon.width * 0.05, ribbon.y + 30);
  await say(page, 'set p1 acks=1');
  const chip = page.getByRole('button', { name: /^Branch/ });
  await expect(chip).toHaveText('Branch 2 of 2');
  await clean(page);
  await chip.click();
  await expect(chip).toHaveText('Branch 1 of 2');
  await page.keyboard.press('End');
  await expect(page.locator('.said')).toContainText('hold b2');
  await chip.click();
  await expect(chip).toHaveText('Branch 2 of 2');
  await expect(page.locator('.said')).toContainText('set p1 acks=1');
});

test('time stands still when records take too much memory, and something can be given up', async ({ page }) => {
  test.setTimeout(90_000);
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, 'sandbox/');
  await say(page, 'load p1 driver-locations every=5ms burst=20 size=20000');
  await page.getByRole('application').focus();
  await page.keyboard.press('\\');
  for (let faster = 0; faster < 4; faster += 1) await page.keyboard.press(']');
  await page.keyboard.press('Space');
  const notice = page.getByRole('alert').filter({ hasText: 'Paused: the records of this run take' });
  await expect(notice).toBeVisible({ timeout: 60_000 });
  await expect(button(page, 'Play')).toBeVisible();
  await clean(page);
  await notice.getByRole('button', { name: 'Trim the history' }).click();
  await notice.getByRole('button', { name: 'Start again with lower retention' }).click();
  await expect(notice).toBeHidden();
  await expect(page.locator('.clock b')).toHaveText('00:00.000');
  await expect(page.locator('.said')).toContainText('assign c1');
});

test('clients are called by their names', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  let told = '';
  for (let step = 0; step < 12; step += 1) {
    await button(page, 'Forward one event').click();
    told += await page.locator('.tell-words').textContent();
  }
  expect(told).toContain('driver-app');
  expect(told).not.toContain('Producer 1');
});

test('lesson 8: a key of the reader’s own goes where the hash says', async ({ page }) => {
  await open(page, 'figures/choose/2/');
  await page.keyboard.press('n');
  const form = page.getByRole('group', { name: 'Try it' });
  await form.getByLabel('Key').fill('omar');
  await form.getByRole('radio', { name: 'P0' }).check();
  await clean(page);
  await button(page, 'Send it').click();
  await expect(form.getByRole('status')).toContainText(/(As you said|Not so): omar goes to P\d, and will each time\./);
  await button(page, 'Back to the lesson').click();
  await expect(button(page, 'Back to the lesson')).toBeHidden();
});

test('lesson 7: a message of the reader’s own is taken apart', async ({ page }) => {
  await open(page, 'figures/message/4/');
  const form = page.getByRole('group', { name: 'Try it' });
  await form.getByLabel('Value').fill('under the bridge');
  await form.getByLabel('Header').fill('nonsense');
  await button(page, 'Send it').click();
  await expect(form.getByRole('status')).toContainText('a header is name=value');
  await form.getByLabel('Header').fill('device=phone');
  await form.getByLabel('Timestamp').fill('1700000000000');
  await clean(page);
  await button(page, 'Send it').click();
  await expect(form.getByRole('status')).toContainText('It goes to');
  await expect(page.locator('svg.stage')).toContainText('under the bridge', { timeout: 15_000 });
});

test('lesson 10: the middle of a log cannot be written', async ({ page }) => {
  await open(page, 'figures/append/5/');
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  const form = page.getByRole('group', { name: 'Try it' });
  await form.getByLabel('Offset').fill('2');
  await button(page, 'Write it there').click();
  await expect(form.getByRole('status')).toContainText('INVALID_RECORD', { timeout: 15_000 });
  await form.getByLabel('Offset').fill('0');
  await button(page, 'Write it there').click();
  await expect(form.getByRole('status')).toContainText('appends it at the end', { timeout: 15_000 });
  await clean(page);
});
