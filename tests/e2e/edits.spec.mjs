// What a reader changes: it is kept over a visit, taken back and done again, explained where it does nothing; and what a
// lesson asks is answered, explained and found again on every size of window.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const clock = page => page.locator('.clock b');
const button = (page, name) => page.getByRole('button', { name, exact: true });

async function open(page, path = '') {
  await page.goto(path);
  await alive(page);
}

async function enter(page, line) {
  await page.getByLabel('A line of script').fill(line);
  await page.keyboard.press('Enter');
}

async function clean(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
}

/** Presses on a word of the stage. */
async function press(page, word) {
  const bed = await page.locator('.stage-bed').boundingBox();
  const text = await page.locator('svg.stage text', { hasText: new RegExp(`^${word}$`) }).boundingBox();
  await page.locator('.stage-bed').click({ position: { x: text.x - bed.x + 10, y: text.y - bed.y + 6 } });
}

test('the sandbox is kept over a visit: commands and playhead', async ({ page }) => {
  await open(page, 'sandbox/');
  await enter(page, 'kill b3');
  await enter(page, 'run 2s');
  await expect(clock(page)).toHaveText(/^00:06/);
  await button(page, 'Back one event').click();
  const [at, picture] = [await clock(page).innerText(), await page.locator('svg.stage > g').innerHTML()];
  await page.reload();
  await alive(page);
  await expect(page.locator('.said')).toContainText('kill b3');
  await expect(clock(page)).toHaveText(at);
  expect(await page.locator('svg.stage > g').innerHTML()).toBe(picture);
  await expect(page.locator('.prose')).toContainText('that you left here');
  await page.keyboard.press('Control+z');
  await expect(page.locator('.said')).not.toContainText('kill b3');
  await button(page, 'Begin anew').click();
  await page.reload();
  await alive(page);
  await expect(page.locator('.said')).not.toContainText('kill b3');
});

test('an edit in the past is taken back and done again; the future and the playhead are as they were', async ({ page }) => {
  await open(page, 'sandbox/');
  await enter(page, 'run 2s');
  await enter(page, 'kill b2');
  await enter(page, 'run 8s');
  await expect(clock(page)).toHaveText(/^00:14/);
  const ribbon = await page.getByRole('slider', { name: 'Timeline' }).boundingBox();
  await page.mouse.click(ribbon.x + ribbon.width * 0.1, ribbon.y + 30);
  const at = await clock(page).innerText();
  expect(at < '00:05').toBe(true);
  await expect(page.locator('.rb-mark.fault.ahead'), 'what lies ahead stays, lighter').toHaveCount(1);
  await enter(page, 'kill b3');
  await expect(page.locator('.branch')).toHaveText(/Branch 2 of 2/);
  await page.locator('.stage-bed').focus();
  await page.keyboard.press('Control+z');
  await expect(page.locator('.toast')).toContainText('Undone: kill b3');
  await expect(page.locator('.branch')).toBeHidden();
  await expect(clock(page)).toHaveText(at);
  await expect(page.locator('.clock span')).toContainText('before now');
  await page.keyboard.press('Control+Shift+z');
  await expect(page.locator('.toast')).toContainText('Done again: kill b3');
  await expect(page.locator('.branch')).toHaveText(/Branch 2 of 2/);
});

test('what would change nothing is said, and every fault has its button', async ({ page }) => {
  await open(page, 'sandbox/');
  await button(page, 'Pause').or(button(page, 'Play')).first().click();
  await enter(page, 'heal b1↔b2');
  await expect(page.locator('#line-problem')).toContainText('changes nothing: nothing is cut there');
  await enter(page, 'cut b1↔b1');
  await expect(page.locator('#line-problem')).toContainText('nobody has a link to itself');
  await enter(page, 'at 3s kill b2');
  await expect(page.locator('#line-problem')).toContainText('carried out where the playhead stands');
  await page.getByLabel('A line of script').fill('');
  await press(page, 'Broker 2');
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  await inspector.getByText('More faults').click();
  await inspector.getByRole('button', { name: 'Disk fails' }).click();
  await expect(inspector).toContainText('fails: a write ends the broker');
  await enter(page, 'run 2s');
  await expect(inspector).toContainText('its disk failed');
  await expect(page.locator('.rb-mark.fault')).not.toHaveCount(0);
  await clean(page);
  await press(page, 'ZooKeeper');
  await page.locator('.stage-bed').focus();
  await page.keyboard.press('k');
  await expect(page.locator('.toast')).toContainText('Select zk1, zk2 or zk3');
});

test('a lesson that was changed says so, and finds back', async ({ page }) => {
  await open(page, 'figures/failover/1/');
  await button(page, 'Pause').click();
  await press(page, 'Broker 3');
  await page.keyboard.press('k');
  await expect(page.locator('.changed')).toContainText('You changed this run');
  await clean(page);
  await button(page, 'Back to the lesson').click();
  await expect(page.locator('.changed')).toBeHidden();
  await expect(page.locator('svg.stage')).not.toContainText('was leader');
});

for (const [width, height] of [[1280, 720], [390, 844]]) {
  test(`a question is asked before its answer is told, ${width} x ${height}`, async ({ page }) => {
    const complaints = watched(page);
    await page.setViewportSize({ width, height });
    await open(page, 'figures/failover/6/');
    const quiz = page.locator('.quiz');
    await expect(quiz).toBeInViewport({ ratio: 0.9 });
    await expect(page.locator('.after')).toHaveCount(0);
    await expect(page.locator('.pnav .primary')).toContainText('Answer first, or skip');
    await expect(quiz.getByRole('button', { name: 'Skip, show me' })).toBeInViewport();
    for (let n = 0; n < 5; n += 1) await page.keyboard.press(']');
    await quiz.locator('.opt').first().focus();
    await page.keyboard.press('Enter');
    await expect(quiz, 'the focus does not fall to the page').toBeFocused();
    await expect(quiz.locator('small')).toContainText('Not so.', { timeout: 20_000 });
    await expect(quiz.locator('small')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('.after')).toContainText('broker 3');
    await clean(page);
    expect(complaints()).toEqual([]);
  });
}

test('on a phone the inspector leaves the stage whole', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, 'sandbox/');
  await press(page, 'Broker 2');
  const [sheet, stage] = await Promise.all(['.inspector', '.stage-bed'].map(name => page.locator(name).boundingBox()));
  expect(sheet.y).toBeGreaterThanOrEqual(stage.y + stage.height * 0.8);
});
