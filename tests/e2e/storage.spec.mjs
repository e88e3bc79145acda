// How long records stay: settings changed by hand, records deleted, a tombstone; and what retention took is seen.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const problem = page => page.locator('#line-problem');
const inspector = page => page.getByRole('complementary', { name: 'Inspector' });
const lines = page => page.locator('.said li');

async function enter(page, line) {
  await page.getByLabel('A line of script').fill(line);
  await page.keyboard.press('Enter');
}

/** Says a line, and that it was carried out. */
async function said(page, line) {
  await enter(page, line);
  await expect(problem(page)).toBeEmpty();
  if (!line.startsWith('run')) await expect(lines(page).first()).toContainText(line.slice(0, 60));
}

const ran = page => expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible({ timeout: 30_000 });

async function run(page, span) {
  await said(page, `run ${span}`);
  await ran(page);
}

/** The sandbox with its topic in the inspector. */
async function sandbox(page) {
  await page.goto('sandbox/');
  await alive(page);
  await page.getByRole('button', { name: /^driver-locations/ }).click();
  await expect(inspector(page).getByRole('heading', { name: 'driver-locations' })).toBeVisible();
}

test('a setting is changed by keyboard, told with its source, and undone', async ({ page }) => {
  const complaints = watched(page);
  await sandbox(page);
  const field = page.getByLabel('retention.ms', { exact: true });
  await expect(field).toHaveValue('604800000');
  await field.focus();
  await field.fill('20000');
  await page.keyboard.press('Enter');
  await expect(lines(page).first()).toContainText('alter a1 driver-locations retention.ms=20000');
  await expect(lines(page).nth(1)).toContainText('admin a1');
  await run(page, '2s');
  await expect(field).toHaveValue('20000');
  const setting = page.locator('.setting', { has: field });
  await expect(setting).toContainText('set by the topic');
  await setting.getByRole('button', { name: 'Reset retention.ms' }).press('Enter');
  await run(page, '2s');
  await expect(field).toHaveValue('604800000');
  await expect(setting).toContainText("Kafka's default");
  await page.locator('.stage-bed').focus();
  await page.keyboard.press('Control+z');
  await expect(field).toHaveValue('20000');
  expect(complaints()).toEqual([]);
});

test('nonsense is refused with what would have been accepted', async ({ page }) => {
  await sandbox(page);
  const before = await lines(page).count();
  for (const [name, wrong, takes] of [
    ['retention.ms', 'soon', 'retention.ms takes a whole number of milliseconds from 0, or -1 for no limit; soon is none.'],
    ['segment.bytes', '13', 'segment.bytes takes a whole number of bytes from 14 to 2147483647; 13 is none.'],
    ['min.cleanable.dirty.ratio', '1.5', 'min.cleanable.dirty.ratio takes a decimal number from 0 to 1; 1.5 is none.'],
  ]) {
    const field = page.getByLabel(name, { exact: true });
    await field.fill(wrong);
    await field.press('Enter');
    await expect(page.locator('.setting', { has: field }).getByRole('alert')).toHaveText(takes);
    await expect(field).toHaveValue(wrong);
  }
  await page.getByText('Delete records, send a tombstone').click();
  await page.getByRole('button', { name: 'Send a tombstone' }).click();
  await expect(page.locator('#tombstone-said')).toHaveText('A tombstone takes a key: it says that this key is gone.');
  expect(await lines(page).count()).toBe(before);
});

test('retention takes whole segments, and the places of what was there are seen', async ({ page }) => {
  await sandbox(page);
  await said(page, 'stop-load p1');
  await said(page, 'admin a1');
  await said(page, 'alter a1 driver-locations retention.ms=1000 segment.bytes=300');
  await said(page, 'run 2s');
  await ran(page);
  await page.getByRole('button', { name: 'By topic' }).click();
  await said(page, 'produce p1 driver-locations-0 key=chen "one"');
  await run(page, '40s');
  await expect(page.locator('svg.stage .rec.gone').first()).toBeVisible();
  await expect(page.locator('svg.stage text', { hasText: /start \d+/ }).first()).toBeVisible();
  const stage = page.locator('.stage-bed');
  await stage.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('#stage-summary')).toContainText('log start');
});

test('a tombstone is seen on the stage and told in words', async ({ page }) => {
  await sandbox(page);
  await page.getByRole('group', { name: 'cleanup.policy' }).getByRole('button', { name: 'compact', exact: true }).press('Enter');
  await run(page, '1s');
  await said(page, 'stop-load p1');
  await page.getByText('Delete records, send a tombstone').click();
  await page.getByLabel(/whose value is null/).fill('chen');
  await page.keyboard.press('Enter');
  await expect(lines(page).first()).toContainText('produce p1 driver-locations key=chen null');
  await run(page, '2s');
  await expect(page.locator('svg.stage .x-tomb').first()).toBeVisible();
  await page.getByRole('button', { name: 'By topic' }).click();
  await expect(page.locator('svg.stage text', { hasText: /^compact$/ }).first()).toBeVisible();
});

test('records of one partition are deleted by request', async ({ page }) => {
  await sandbox(page);
  await said(page, 'stop-load p1');
  await run(page, '2s');
  await page.getByRole('button', { name: 'By topic' }).click();
  await page.locator('svg.stage text', { hasText: /^Partition 0$/ }).first().click();
  await expect(inspector(page).getByRole('heading', { name: 'Partition 0' })).toBeVisible();
  await page.getByText('Delete records, send a tombstone').click();
  const before = page.getByLabel(/all records before offset/);
  await before.fill('9999');
  await before.press('Enter');
  await expect(page.locator('#delete-said')).toContainText('Records are deleted before an offset from 1 to');
  await before.fill('4');
  await before.press('Enter');
  await expect(lines(page).first()).toContainText('delete-records a1 driver-locations-0 @4');
  await run(page, '2s');
  const rows = inspector(page).locator('dl');
  await expect(rows).toContainText('log start4');
  await page.locator('.stage-bed').focus();
  await page.keyboard.press('Control+z');
  await expect(rows).toContainText('log start0');
});

for (const scheme of ['light', 'dark']) {
  test(`the forms of a topic and the lesson are accessible, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await sandbox(page);
    await page.getByText('Delete records, send a tombstone').click();
    await page.getByRole('button', { name: 'Send a tombstone' }).click();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await page.goto('figures/retention/4/');
    await alive(page);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  });
}
