// The living page: what a person does with it, by pointer and by keyboard, and what it says to each.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const clock = page => page.locator('.clock b');
const button = (page, name) => page.getByRole('button', { name, exact: true });

async function open(page, path = '') {
  await page.goto(path);
  await alive(page);
}

async function clean(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
}

test('play, pause, step, rewind and scrub', async ({ page }) => {
  const complaints = watched(page);
  await open(page);
  const first = await clock(page).innerText();
  await expect(clock(page)).not.toHaveText(first);
  await button(page, 'Pause').click();
  const paused = await clock(page).innerText();
  await page.waitForTimeout(300);
  await expect(clock(page)).toHaveText(paused);

  await button(page, 'Forward one event').click();
  const [here, picture] = [await clock(page).innerText(), await page.locator('svg.stage > g').innerHTML()];
  await button(page, 'Forward one event').click();
  await button(page, 'Forward one event').click();
  await button(page, 'Back one event').click();
  await button(page, 'Back one event').click();
  await expect(clock(page)).toHaveText(here);
  expect(await page.locator('svg.stage > g').innerHTML()).toBe(picture);

  const ribbon = await page.getByRole('slider', { name: 'Timeline' }).boundingBox();
  await page.mouse.click(ribbon.x + ribbon.width * 0.05, ribbon.y + 30);
  await expect(clock(page)).toHaveText(/^00:01\.6/);
  await expect(page.locator('.clock span')).toContainText('before now');
  await button(page, 'Start over').click();
  await expect(clock(page)).toHaveText('00:00.000');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(clock(page)).toHaveText(/^00:01\.6/);
  expect(complaints()).toEqual([]);
});

test('a paused page asks for no frames', async ({ page }) => {
  await open(page);
  await button(page, 'Pause').click();
  await page.waitForTimeout(200);
  const frames = await page.evaluate(() => new Promise(resolve => {
    let count = 0;
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = act => { count += 1; return ask(act); };
    setTimeout(() => resolve(count), 600);
  }));
  expect(frames).toBe(0);
});

test('broker 2 is killed, is missed, comes back, and nothing acknowledged is lost', async ({ page }) => {
  test.setTimeout(120_000);
  const complaints = watched(page);
  await open(page);
  await button(page, 'Kill broker 2').click();
  const beats = page.locator('.beats .told');
  await expect(beats.first()).toContainText('A broker dies');
  await expect(page.locator('svg.stage')).toContainText('was leader');
  await expect(page.locator('svg.stage')).toContainText('session runs out in');
  await expect(beats).toHaveCount(2, { timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Restart broker 2' })).toBeHidden();
  await expect(beats).toHaveCount(3, { timeout: 60_000 });
  await expect(beats.last()).toContainText('Broker 3 leads the partition now, in epoch 1');
  await expect(page.locator('svg.stage')).toContainText('new leader');
  await clean(page);
  await button(page, 'Restart broker 2').click();
  await expect(beats).toHaveCount(4, { timeout: 60_000 });
  await expect(beats.last()).toContainText('0 are lost');
  await expect(page.locator('svg.stage')).not.toContainText('was leader');

  // One of the two ways on: the same death, with a producer that waits for the leader alone, and with one that waits for all.
  const way = page.getByRole('link', { name: 'Try it with acks=1' });
  await expect(way).toBeInViewport({ ratio: 1 });
  await way.click();
  const trial = page.getByRole('region', { name: 'Lose a record that was acknowledged' });
  const told = trial.getByRole('status');
  const run = async line => {
    await page.getByLabel('A line of script').fill(line);
    await page.keyboard.press('Enter');
  };
  await expect(trial.locator('.num')).not.toHaveText('0', { timeout: 30_000 });
  await clean(page);
  await trial.getByRole('button', { name: 'Kill broker 2' }).click();
  await run('run 30s');
  await expect(told).toContainText(/^Lost record \d+ of P0/, { timeout: 30_000 });
  await expect(page.locator('.audit .bad dd')).not.toHaveText('0');
  await trial.getByRole('button', { name: 'Now do it with acks=all' }).click();
  await run('run 5s');
  // It plays on while the line is typed: a slow machine is further by then.
  await expect(clock(page)).toHaveText(/^00:(09|1\d)/);
  await expect(trial.locator('.num')).toHaveText('0');
  await trial.getByRole('button', { name: 'Kill broker 2' }).click();
  await run('run 30s');
  await expect(told).toContainText('Nothing acknowledged was lost.', { timeout: 30_000 });
  const story = ['Broker 2 is gone', '', 'Broker 3 leads the partition now, in epoch 1', '0 are lost'];
  await page.goBack();
  await expect(beats).toContainText(story);
  await expect(way).toBeVisible();
  // Killed once more it leads nothing: the story stays as it was told, and the broker can be brought back.
  await page.locator('svg.stage text', { hasText: 'Broker 2' }).first().click();
  await page.keyboard.press('k');
  await expect(button(page, 'Restart broker 2')).toBeVisible();
  await expect(beats).toContainText(story);
  await expect(page.locator('svg.stage')).not.toContainText('was leader');
  await button(page, 'Restart broker 2').click();
  await expect(way).toBeVisible({ timeout: 30_000 });
  // The trial outlives a reload.
  await way.click();
  await expect(trial.locator('.num')).not.toHaveText('0', { timeout: 30_000 });
  await page.reload();
  await expect(trial.getByRole('button', { name: 'Kill broker 2' })).toBeVisible();
  expect(complaints()).toEqual([]);
});

test('the same by keyboard alone', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page);
  await button(page, 'Kill broker 2').focus();
  await page.keyboard.press('Enter');
  const beats = page.locator('.beats .told');
  await expect(beats).toHaveCount(3, { timeout: 60_000 });
  await button(page, 'Restart broker 2').focus();
  await page.keyboard.press('Enter');
  await expect(beats).toHaveCount(4, { timeout: 60_000 });
});

test('the stage is acted on by keys: a broker is killed, and restarted', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Space');
  await page.keyboard.press('k');
  await expect(page.locator('.toast')).toContainText('Select something');
  await page.getByRole('application').focus();
  const said = page.locator('.stagebox > [role=status]');
  await page.keyboard.press('ArrowDown');
  for (let n = 0; n < 6 && !(await said.innerText()).startsWith('Broker 3'); n += 1) {
    await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(50);
  }
  await expect(said).toContainText('Broker 3');
  await page.keyboard.press('k');
  await expect(said).toContainText('Broker 3, crashed');
  await page.keyboard.press('r');
  await expect(said).toContainText('Broker 3, starting');
  await page.keyboard.press('Control+z');
  await expect(said).toContainText('Broker 3, crashed');
  await page.keyboard.press('Control+z');
  await expect(said).toContainText('Broker 3, up');
});

test('in the sandbox a broker is killed by its button, and rewinding undoes it', async ({ page }) => {
  await open(page, 'sandbox/');
  const bed = await page.locator('.stage-bed').boundingBox();
  const title = await page.locator('svg.stage text', { hasText: /^Broker 2$/ }).boundingBox();
  await page.locator('.stage-bed').click({ position: { x: title.x - bed.x + 20, y: title.y - bed.y + 6 } });
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  await expect(inspector).toContainText('yes, broker epoch');
  await inspector.getByRole('button', { name: 'Kill' }).click();
  await expect(inspector.getByRole('button', { name: 'Restart' })).toBeVisible();
  await expect(inspector).toContainText('still, until session');
  await expect(page.locator('.said')).toContainText('kill b2');
  await expect(page.locator('.rb-mark.fault')).toHaveCount(1);
  await clean(page);
  await button(page, 'Back one event').click();
  await expect(inspector.getByRole('button', { name: 'Kill' })).toBeVisible();
  await expect(page.locator('svg.stage')).not.toContainText('was leader');
  await page.keyboard.press('End');
  await expect(inspector.getByRole('button', { name: 'Restart' })).toBeVisible();
});

test('ZooKeeper can be looked into: a server, its tree, and what happens without a majority', async ({ page }) => {
  await open(page, 'sandbox/');
  await button(page, 'Play').or(button(page, 'Pause')).first().focus();
  await page.getByLabel('A line of script').fill('kill zk3');
  await page.keyboard.press('Enter');
  await page.getByLabel('A line of script').fill('kill zk2');
  await page.keyboard.press('Enter');
  await page.getByLabel('A line of script').fill('run 3s');
  await page.keyboard.press('Enter');
  await expect(page.locator('svg.stage')).toContainText('no elections');
  const bed = await page.locator('.stage-bed').boundingBox();
  const title = await page.locator('svg.stage text', { hasText: /^ZooKeeper$/ }).boundingBox();
  await page.locator('.stage-bed').click({ position: { x: title.x - bed.x + 10, y: title.y - bed.y + 6 } });
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  await expect(inspector).toContainText('/brokers/ids/2');
  await expect(inspector).toContainText('"brokerid":1');
  await clean(page);
});

test('a lesson by keyboard alone: a prediction, its answer, the next step', async ({ page, baseURL }) => {
  await open(page, 'figures/keys/3/');
  await expect(page.getByRole('group', { name: 'Prediction' })).toBeVisible();
  await expect(button(page, 'Play')).toBeVisible();
  await page.keyboard.press(']');
  await page.keyboard.press(']');
  await page.keyboard.press(']');
  await page.keyboard.press(']');
  await page.locator('.opt').nth(1).focus();
  await page.keyboard.press('Enter');
  const quiz = page.locator('.quiz');
  await expect(quiz.locator('.yes')).toContainText('right', { timeout: 15_000 });
  await expect(quiz.locator('.no.chosen')).toBeVisible();
  await expect(quiz).toContainText('Not so.');
  await clean(page);
  await expect(button(page, 'Play')).toBeVisible({ timeout: 15_000 });
  await page.keyboard.press('n');
  await expect(page).toHaveURL(`${baseURL}figures/keys/4/`);
  await page.keyboard.press('Shift+N');
  await expect(page).toHaveURL(`${baseURL}figures/keys/3/`);
  await expect(quiz.locator('.no.chosen'), 'what was chosen stays').toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(`${baseURL}figures/keys/4/`);
});

test('the stage by keyboard: in, along, select, open, out', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Space');
  await page.getByRole('application').focus();
  await page.keyboard.press('ArrowDown');
  const said = page.locator('.stagebox [role=status]');
  await expect(said).not.toHaveText('');
  await expect(page.locator('svg.stage .foc')).toHaveCount(1);
  const first = await said.innerText();
  await page.keyboard.press('ArrowDown');
  await expect(said).not.toHaveText(first);
  await page.keyboard.press('Enter');
  await expect(said).toContainText('selected');
  await expect(page.locator('svg.stage .sel').first()).toBeVisible();
  await page.keyboard.press('i');
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toBeVisible();
  await clean(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toBeHidden();
});

test('shortcuts and the palette', async ({ page, baseURL }) => {
  await open(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await clean(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('same key');
  await clean(page);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${baseURL}figures/keys/1/`);
});

test('less motion: starts paused, and goes from fact to fact', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  await expect(button(page, 'Play')).toBeVisible();
  const before = await clock(page).innerText();
  await button(page, 'Play').click();
  await expect(clock(page)).not.toHaveText(before, { timeout: 5_000 });
});

test('a link replays, and a damaged one leaves the cluster as it was', async ({ page, context, baseURL }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'sandbox/');
  await page.getByLabel('A line of script').fill('hodl b2');
  await page.keyboard.press('Enter');
  await expect(page.locator('#line-problem')).not.toHaveText('');
  await page.getByLabel('A line of script').fill('hold b2');
  await page.keyboard.press('Enter');
  await expect(page.locator('.said')).toContainText('hold b2');
  const picture = await page.locator('svg.stage > g').innerHTML();
  await button(page, 'Copy link').click();
  await expect(page.locator('.toast')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain(`${baseURL}sandbox/#s=1.`);

  const other = await context.newPage();
  await other.goto(link);
  await alive(other);
  await expect(other.locator('.said')).toContainText('hold b2');
  expect(await other.locator('svg.stage > g').innerHTML()).toBe(picture);

  await other.goto(`${link.slice(0, -6)}`);
  await expect(other.locator('.notice')).toContainText('This link');
  await expect(other.locator('.said')).toContainText('hold b2');
  await clean(other);
});

test('a link from the middle of a step opens at its moment', async ({ page, context, baseURL }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'figures/append/3/');
  await page.keyboard.press('n');
  await page.waitForTimeout(900);
  await page.keyboard.press('Space');
  await page.keyboard.press('.');
  const [time, picture] = [await clock(page).innerText(), await page.locator('svg.stage > g').innerHTML()];
  await button(page, 'Copy link').click();
  await expect(page.locator('.toast')).toContainText('exactly this moment');
  const [toast, told] = [await page.locator('.toast').boundingBox(), await page.locator('.tell').boundingBox()];
  expect(toast.y + toast.height, 'the narrator stays in view').toBeLessThanOrEqual(told.y);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain(`${baseURL}figures/append/3/#at=`);

  const other = await context.newPage();
  await other.goto(link);
  await alive(other);
  await expect(clock(other)).toHaveText(time);
  await expect(button(other, 'Play')).toBeVisible();
  expect(await other.locator('svg.stage > g').innerHTML()).toBe(picture);
});

test('an address that leads nowhere leads to the contents, with a sentence', async ({ page }) => {
  await page.goto('figures/');
  await alive(page);
  await page.evaluate(() => { history.pushState(null, '', 'keys-of-nobody/7/'); dispatchEvent(new PopStateEvent('popstate')); });
  await expect(page.getByRole('alert')).toContainText('There is no lesson called keys-of-nobody');
  await expect(page.getByRole('link', { name: /Same key/ })).toBeVisible();
});
