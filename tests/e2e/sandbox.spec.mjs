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
  // All that would have been accepted is told to its end, and of what was typed only the beginning.
  await expect(problem(page)).toContainText(/^z{24}… is none of kill, .*, step$/);
  await enter(page, 'hodl b2');
  await expect(problem(page)).toHaveText('hodl is no command; the nearest is hold');
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

const FIVE = [
  '# Five brokers, of which one dies.',
  'world brokers=5 seed=7',
  'topic orders partitions=1 replication=5',
  'producer p1 acks=all',
  'run 1s',
  'produce p1 orders-0 "a"',
  'run 1s',
  'kill b5',
  'run 1s',
].join('\n');

test('a whole script takes the place of the cluster; one that cannot be replayed changes nothing', async ({ page }) => {
  test.setTimeout(90_000);
  await page.getByText('A whole script', { exact: true }).click();
  const field = page.getByLabel('Replayed from its beginning');
  const replay = page.getByRole('button', { name: 'Replay it' });
  const refused = page.locator('#script-problem');
  await field.fill('kill b2');
  await replay.click();
  await expect(refused).toContainText('begins with the world');
  await field.fill(`${FIVE}\nkill b9`);
  await replay.click();
  await expect(refused).toContainText('line 10');
  await expect(page.locator('svg text', { hasText: 'Broker 5' })).toHaveCount(0);
  // How far it comes within the time that is waited for depends on the machine.
  await field.fill(`${FIVE}${'\nrun 24h'.repeat(20)}`);
  await replay.click();
  await expect(refused).toContainText(/line (1|2)\d: this takes longer than is waited for/, { timeout: 40_000 });
  await field.fill(FIVE);
  await replay.click();
  await expect(page.locator('svg text', { hasText: 'Broker 5' }).first()).toBeVisible();
  await expect(clock(page)).toHaveText(/^00:03/);
  await expect(page.getByText('This cluster was made by a script.')).toBeVisible();
});

test('a script that is pasted into the line is opened as a whole', async ({ page }) => {
  const paste = text => page.getByLabel('A line of script').evaluate((field, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
  await paste('kill b1\nkill b2');
  await expect(problem(page)).toContainText('begins with the world');
  await paste(FIVE);
  await expect(page.locator('svg text', { hasText: 'Broker 5' }).first()).toBeVisible();
});

/** A leader that hears of nobody is given one more record, which the next one does not have. */
const ALONE = acks => [
  'world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000',
  'topic orders partitions=1 replicas=2,3,1',
  `producer p1 acks=${acks} retries=0`,
  'run 1s',
  'produce p1 orders-0 key=k "a"',
  'run 1s',
  'isolate b2 from zookeeper',
  'isolate b2 from brokers',
  'run 1s',
  'produce p1 orders-0 key=k "b"',
  'run 40s',
].join('\n');

for (const [acks, acknowledged, lost, fate] of [['1', 2, 1, 'acknowledged, then lost'], ['all', 1, 0, 'never acknowledged']]) {
  test(`the audit and the picture tell what becomes of a record that a leader wrote alone, acks=${acks}`, async ({ page }) => {
    await page.getByText('A whole script', { exact: true }).click();
    await page.getByLabel('Replayed from its beginning').fill(ALONE(acks));
    await page.getByRole('button', { name: 'Replay it' }).click();
    const told = name => page.locator('.audit dl > div', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) }).locator('dd');
    await expect(told('acknowledged')).toHaveText(`${acknowledged}`);
    await expect(told('readable')).toHaveText('1');
    await expect(told('lost')).toHaveText(`${lost}`);
    // The one that wrote it runs on, and is no follower.
    await expect(page.locator('#stage-summary')).toContainText('broker 2 has not heard of leader 3');
    await expect(page.locator('.stage .bed.deposed')).toHaveCount(1);
    await expect(page.locator('#stage-summary')).toContainText(fate.replace('acknowledged, then', 'was acknowledged, then').replace('never', 'was never'));
    await expect(page.locator('.audit ul button')).toHaveCount(lost);
    if (lost) {
      await page.locator('.audit ul button').click();
      await expect(page.locator('.inspector')).toContainText('orders');
    }
    await enter(page, 'heal all');
    await enter(page, 'run 20s');
    // It has heard of it, follows, and has cut off what the new leader lacks.
    await expect(page.locator('.stage .bed.deposed')).toHaveCount(0);
    await expect(told('lost')).toHaveText(`${lost}`);
    await expect(told('readable')).toHaveText('1');
    // With the topic goes what could be read; what had been lost before stays lost.
    for (const line of ['admin a1', 'delete-topic a1 orders', 'run 5s']) await enter(page, line);
    await expect(told('deleted or compacted')).toHaveText('1');
    await expect(told('readable')).toHaveText('0');
    await expect(told('lost')).toHaveText(`${lost}`);
    await expect(page.locator('.audit ul button')).toHaveCount(0);
    await expect(page.getByText('in topics that were deleted since')).toHaveCount(lost);
  });
}
