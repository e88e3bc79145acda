// The first page: it is there before the engine, comes alive in place, anyone can use it, and it says what went wrong.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

for (const [width, height] of [[1440, 900], [1280, 720], [768, 1024], [390, 844], [320, 640]]) {
  for (const colorScheme of ['light', 'dark']) {
    test.describe(`${width} x ${height}, ${colorScheme}`, () => {
      test.use({ viewport: { width, height }, colorScheme });

      test('the page comes alive, nothing shifts, and axe finds nothing', async ({ page }) => {
        const complaints = watched(page);
        await page.addInitScript(() => {
          window.shifts = 0;
          new PerformanceObserver(list => list.getEntries().forEach(entry => (window.shifts += entry.value))).observe({ type: 'layout-shift', buffered: true });
        });
        await page.goto('');
        await alive(page);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('A Kafka cluster is running in this tab');
        await expect(page.getByRole('button', { name: 'Kill broker 2' })).toBeInViewport({ ratio: 1 });
        await expect(page.locator('svg.stage:visible')).toHaveCount(1);
        await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(await page.evaluate(() => window.shifts)).toBe(0);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
        expect(complaints()).toEqual([]);
      });
    });
  }
}

test('the theme button is remembered', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('');
  await alive(page);
  await page.getByRole('button', { name: 'Switch theme' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a press before the engine is there is kept and said', async ({ page }) => {
  let go;
  const held = new Promise(resolve => (go = resolve));
  await page.route('**/*.wasm', async route => {
    await held;
    await route.continue();
  });
  await page.goto('');
  await page.getByRole('button', { name: 'Kill broker 2' }).click();
  await expect(page.getByRole('button', { name: 'Starting the brokers' })).toBeVisible();
  go();
  await alive(page);
  await expect(page.getByRole('button', { name: 'Starting the brokers' })).toBeHidden();
});

test('without WebAssembly the page says so and offers the still lessons', async ({ page, baseURL }) => {
  await page.addInitScript(() => delete window.WebAssembly);
  await page.goto('');
  await expect(page.getByRole('alert')).toContainText('This browser blocks WebAssembly, which runs the brokers. The lessons still work as still pictures.');
  await page.getByRole('alert').getByRole('link', { name: 'Read still lessons' }).click();
  await expect(page).toHaveURL(`${baseURL}figures/`);
});

test('a module that does not arrive is said plainly', async ({ page }) => {
  await page.route('**/*.wasm', route => route.abort());
  await page.goto('');
  await expect(page.getByRole('alert')).toContainText('did not arrive');
  await page.unroute('**/*.wasm');
  await page.getByRole('button', { name: 'Try again' }).click();
  await alive(page);
});

test('a panic is shown, its report can be copied, and a fresh instance takes over', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  // The glue that starts the library is replaced by one whose first instance records a script and then panics.
  await page.route(/kafka_playground-[^/]*\.js$/, route => route.fulfill({
    contentType: 'text/javascript',
    body: `
      export default async () => {};
      const mine = Number(new URL(import.meta.url).hash.slice(1));
      export function start(root, page) {
        page.alive();
        root.dataset.instance = mine;
        root.dataset.script = page.script;
        root.dataset.stands = page.stands;
        root.innerHTML = '<p class="clock"><b>01:07.500</b></p>';
        if (mine > 1 || sessionStorage.getItem('again')) return;
        page.record('world brokers=3 seed=1');
        page.record('stop b2');
        page.stopped('panicked at src/world.rs:7: an offset went back');
        page.stopped('and again');
        page.record('never');
      }`,
  }));
  await page.goto('');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('This is our bug, not Kafka’s.');
  await expect(alert).toContainText('an offset went back');
  await alert.getByRole('button', { name: 'Copy report' }).click();
  await expect(alert.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('panicked at src/world.rs:7: an offset went back\n\nworld brokers=3 seed=1\nstop b2\n');
  const app = page.locator('#app');
  await alert.getByRole('button', { name: 'Replay up to here' }).click();
  await expect(alert).toBeHidden();
  await expect(app).toHaveAttribute('data-instance', '3');
  await expect(app).toHaveAttribute('data-script', 'world brokers=3 seed=1\nstop b2');
  await expect(app).toHaveAttribute('data-stands', '0');

  // What was done outlives a visit that ended so, and its end need not be seen again.
  await page.reload();
  await expect(alert).toContainText('an offset went back');
  await page.evaluate(() => sessionStorage.setItem('again', 'yes'));
  await page.reload();
  await expect(alert).toContainText('The simulator stopped when you were here last. What you had done is kept.');
  await alert.getByRole('button', { name: 'Rewind 5 s' }).click();
  await expect(alert).toBeHidden();
  await expect(app).toHaveAttribute('data-stands', '62.5');
  await expect(app).toHaveAttribute('data-script', /stop b2$/);
  await page.reload();
  await expect(app).toHaveAttribute('data-instance', '1');
  await expect(alert).toBeHidden();
});

test('the script outlives the tab', async ({ page }) => {
  await page.route(/kafka_playground-[^/]*\.js$/, route => route.fulfill({
    contentType: 'text/javascript',
    body: `export default async () => {};
      export function start(root, page) {
        page.alive();
        root.dataset.kept = page.kept;
        if (!page.kept) page.record('world brokers=3 seed=1');
      }`,
  }));
  await page.goto('');
  await alive(page);
  await page.waitForTimeout(400);
  await page.reload();
  await expect(page.locator('#app')).toHaveAttribute('data-kept', 'world brokers=3 seed=1');
});
