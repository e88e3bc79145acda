// The first page: it is there before the engine, comes alive in place, and anyone can use it.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { alive, watched } from './watched.mjs';

for (const [width, height] of [[1440, 900], [390, 844]]) {
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
        await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
        expect(await page.evaluate(() => window.shifts)).toBe(0);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
        expect(complaints()).toEqual([]);
      });
    });
  }
}
