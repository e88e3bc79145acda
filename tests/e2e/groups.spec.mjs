// Consumer groups: made by a form, seen in both lenses, killed by mouse and by key, read in the inspector, and told in
// words to those who do not see them.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

const words = (page, text) => page.locator('svg.stage text', { hasText: text });
const line = page => page.getByLabel('A line of script');
const summary = page => page.locator('#stage-summary');

async function clean(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
}

async function enter(page, text) {
  await line(page).fill(text);
  await page.keyboard.press('Enter');
  await expect(page.locator('#line-problem')).toBeEmpty();
}

async function press(page, place) {
  const box = await place.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

/** The sandbox with a group of so many, as the form makes it. */
async function group(page, count) {
  await page.goto('sandbox/');
  await alive(page);
  await page.getByText('Consumers in a group').click();
  const choose = (field, value) => page.locator(`.readers select[name=${field}]`).selectOption(value);
  await choose('count', String(count));
  await choose('assignor', 'range');
  await choose('commits', { label: 'automatic, every 5 s' });
  await choose('work', { label: '200 ms' });
  await choose('start', 'earliest');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.locator('#readers-problem')).toBeEmpty();
  await enter(page, 'run 20s');
  await expect(summary(page)).toContainText('Group readers, stable');
}

test.use({ viewport: { width: 1440, height: 900 } });

test('a group is made by the form and shows who reads what, how far, and who coordinates', async ({ page }) => {
  const complaints = watched(page);
  await group(page, 2);
  await expect(words(page, /^stable, gen(eration|\.) \d+$/)).toHaveCount(1);
  await expect(words(page, /^Coordinator$/)).toHaveCount(1);
  await expect(words(page, /^P0, P1$/)).toHaveCount(1);
  await expect(words(page, /^lag \d+$/)).toHaveCount(2);
  const inspector = page.locator('.inspector');
  await press(page, words(page, /^readers$/));
  await expect(inspector.getByRole('heading', { name: 'readers' })).toBeVisible();
  await expect(inspector.getByRole('table')).toHaveCount(2);
  await expect(inspector.getByRole('rowheader', { name: 'driver-locations-0' })).toBeVisible();
  await clean(page);
  await page.keyboard.press('v');
  await expect(words(page, /^stable, gen(eration|\.) \d+$/)).toHaveCount(1);
  await expect(words(page, /^coordinator: broker \d$/)).toHaveCount(1);
  expect(complaints()).toEqual([]);
});

test('a member that is killed keeps its partition until it is taken out, then the others have it', async ({ page }) => {
  await group(page, 3);
  await press(page, words(page, /^C6$/));
  const inspector = page.locator('.inspector');
  await expect(inspector.getByRole('heading', { name: 'C6' })).toBeVisible();
  await expect(inspector.getByText('readers', { exact: true })).toBeVisible();
  await inspector.getByRole('button', { name: 'Kill' }).click();
  await enter(page, 'run 5s');
  await expect(words(page, /out in \d+ s$/)).toHaveCount(1);
  await expect(summary(page)).toContainText('C6 does not run');
  await enter(page, 'run 90s');
  await expect(words(page, /^stable, gen(eration|\.) \d+$/)).toHaveCount(1);
  await expect(words(page, /^P\d, P\d$/)).toHaveCount(1);
  await inspector.getByRole('button', { name: 'Restart' }).click();
  await enter(page, 'run 20s');
  await expect(words(page, /^P\d, P\d$/)).toHaveCount(0);
});

test('by key alone a consumer is added to a group, found on the stage, frozen and stopped', async ({ page }) => {
  await group(page, 3);
  const stage = page.locator('.stage-bed');
  await stage.focus();
  await page.keyboard.press('c');
  await expect(words(page, /^C7$/)).toHaveCount(1);
  await enter(page, 'run 20s');
  await expect(words(page, /^idle, no partition$/)).toHaveCount(1);
  await expect(summary(page)).toContainText('C7 has no partition');
  await stage.focus();
  const told = page.locator('.stagebox [role=status]');
  for (let n = 0; n < 60 && !/Consumer C7/.test(await told.textContent()); n += 1) {
    await page.keyboard.press(n < 6 ? 'ArrowRight' : 'ArrowDown');
  }
  await expect(told).toContainText('Consumer C7, member of group readers, idle, no partition');
  await page.keyboard.press('z');
  await enter(page, 'run 15s');
  await expect(words(page, /(frozen, |^)out in \d+ s$/)).toHaveCount(1);
  await stage.focus();
  await clean(page);
});

for (const [width, height] of [[1440, 900], [1280, 720], [390, 844]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the lessons of groups fit and are clean: ${width} x ${height}, ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const complaints = watched(page);
      for (const path of ['figures/groups/4/', 'figures/offsets/2/', 'figures/topics/5/']) {
        await page.goto(path);
        await alive(page);
        await clean(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      }
      expect(complaints()).toEqual([]);
    });
  }
}

test('the lines of members that wait for their parts are dotted, and nothing is filled between them', async ({ page }) => {
  await page.goto('figures/groups/3/');
  await alive(page);
  await page.keyboard.press('n');
  await expect(page.locator('svg.stage .ln.was').first()).toBeAttached({ timeout: 30_000 });
  const filled = await page.locator('svg.stage .ln').evaluateAll(lines => lines.filter(line => getComputedStyle(line).fill !== 'none').length);
  expect(filled).toBe(0);
});

test('on a phone the group that a step is about comes into view, and where a reader has scrolled to stays', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('figures/topics/5/');
  await alive(page);
  const bed = page.locator('.stage-bed');
  const group = page.locator('svg.stage text', { hasText: 'driver-location-group' }).first();
  await expect(group).toBeAttached({ timeout: 20_000 });
  const inView = () => page.evaluate(() => {
    const text = [...document.querySelectorAll('svg.stage text')].find(text => text.textContent.startsWith('driver-location-group'));
    const [name, frame] = [text, document.querySelector('.stage-bed')].map(element => element.getBoundingClientRect());
    return name.top >= frame.top && name.bottom <= frame.bottom;
  });
  expect(await bed.evaluate(bed => bed.scrollHeight > bed.clientHeight)).toBe(true);
  await expect.poll(inView, { timeout: 30_000 }).toBe(true);
  await bed.evaluate(bed => (bed.scrollTop = 0));
  await page.waitForTimeout(500);
  expect(await bed.evaluate(bed => bed.scrollTop)).toBe(0);
});
