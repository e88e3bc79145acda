// Deep links: every address has a page of its own, which finds its way from wherever the site stands.
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { pages, parseLesson, readLessons } from '../../www/tools/pages.mjs';
import { alive, watched } from './watched.mjs';

for (const path of ['figures/', 'sandbox/', 'code/']) {
  test(`${path} opens by its address, comes alive and leads home`, async ({ page, baseURL }) => {
    const complaints = watched(page);
    await page.goto(path);
    await alive(page);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.getByRole('link', { name: 'Kafka Playground' }).click();
    await expect(page).toHaveURL(baseURL);
    expect(complaints()).toEqual([]);
  });
}

test('the views lead to each other', async ({ page, baseURL }) => {
  await page.goto('');
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Code' }).click();
  await expect(page).toHaveURL(`${baseURL}code/`);
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Sandbox' }).click();
  await expect(page).toHaveURL(`${baseURL}sandbox/`);
  await expect(page.getByRole('link', { name: 'Sandbox' })).toHaveAttribute('aria-current', 'page');
});

const LESSON = `---
slug: failover
number: 13
title: When a leader dies
lead: Each partition has one leader.
---

## Everyone agrees
Broker 2 leads.

## Broker 2 stops
The epoch is {epoch}.

It says nothing & \`leaves\`.

label: Stops
check: {epoch} = 6
`;

const SHELL = `<title>x</title><link rel="expect" href="#page-end" blocking="render"><link rel="canonical" href="./"><link rel="stylesheet" href="./assets/a.css">
<nav class="seg" aria-label="Views"><a href="figures/" aria-current="true">Figures</a><a href="code/">Code</a><a href="sandbox/">Sandbox</a></nav>
<div class="app"><span class="grow"></span><main><h1>x</h1></main><footer class="transport"><div class="ribbon" role="slider" aria-valuemax="9"><svg></svg></div><div class="clock"></div></footer>`;

test('a lesson is a page for every step', async () => {
  const lesson = parseLesson(LESSON, '13-failover.md');
  expect(lesson.steps.map(step => step.title)).toEqual(['Everyone agrees', 'Broker 2 stops']);

  const made = new Map(await pages(SHELL, [lesson], async () => null));
  expect([...made.keys()].filter(path => path.startsWith('figures/failover')).sort()).toEqual(['figures/failover/1/index.html', 'figures/failover/2/index.html', 'figures/failover/index.html']);
  const [first, second] = [made.get('figures/failover/index.html'), made.get('figures/failover/2/index.html')];
  expect(first).toContain('href="../../assets/a.css"');
  expect(first).toContain('<link rel="canonical" href="1/">');
  expect(first).toContain('href="2/">Broker 2 stops</a>');
  expect(second).toContain('href="../../../assets/a.css"');
  expect(second).toContain('href="../1/">Everyone agrees</a>');
  expect(second).toContain('<p>It says nothing &amp; <span class="mono">leaves</span>.</p>');
  expect(second).toContain('<span>13 of 20</span>');
  expect(second, 'a line for the engine is not prose').not.toContain('check');
  expect(second, 'a number only the engine knows is not shown as a placeholder').not.toContain('{epoch}');
});

test('a still picture and its text replace the raw words', async () => {
  const made = new Map(await pages(SHELL, [parseLesson(LESSON, 'x.md')], async (slug, n) => ({ svg: '<svg class="stage"></svg>', text: [`${slug} ${n} & epoch 6`] })));
  expect(made.get('figures/failover/2/index.html')).toContain('<p>failover 2 &amp; epoch 6</p>');
  expect(made.get('figures/failover/2/index.html')).toContain('<section class="stagebox" aria-label="Stage"><svg class="stage"></svg></section>');
});

test('an address without a page says what there is', async ({ page, baseURL }) => {
  // A server that knows 404.html answers with it, whatever the address.
  const lost = await (await page.request.get(`${baseURL}404.html`)).text();
  await page.route('**/figures/nobody/7/', route => route.fulfill({ status: 404, contentType: 'text/html', body: lost }));
  const broken = [];
  page.on('pageerror', error => broken.push(String(error)));
  await page.goto('figures/nobody/7/');
  await alive(page);
  await expect(page.getByRole('alert')).toContainText('There is no lesson called nobody');
  await page.getByRole('link', { name: /Same key/ }).click();
  await expect(page).toHaveURL(`${baseURL}figures/keys/1/`);
  expect(broken).toEqual([]);

  const made = new Map(await pages(SHELL, [parseLesson(LESSON, 'x.md')], async () => null));
  expect(made.get('404.html')).toContain('This address leads to no page.');
  expect(made.get('404.html')).toContain('href="figures/failover/1/"');
});

for (const [width, height] of [[1440, 900], [390, 844]]) {
  test(`every lesson opens at its first and last step, ${width} x ${height}`, async ({ page }) => {
    test.setTimeout(120_000);
    await page.setViewportSize({ width, height });
    const complaints = watched(page);
    for (const lesson of readLessons()) {
      for (const n of [1, lesson.steps.length]) {
        await page.goto(`figures/${lesson.slug}/${n}/`);
        await alive(page);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(lesson.title);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)).toEqual([]);
      }
    }
    expect(complaints()).toEqual([]);
  });
}

test('the list of lessons leads to a step, and steps to each other', async ({ page, baseURL }) => {
  const [lesson] = readLessons();
  expect(lesson, 'there is a lesson').toBeTruthy();
  await page.goto('figures/');
  await page.getByRole('link', { name: lesson.title }).click();
  await expect(page).toHaveURL(`${baseURL}figures/${lesson.slug}/1/`);
  await page.getByRole('link', { name: lesson.steps[1].title }).click();
  await expect(page).toHaveURL(`${baseURL}figures/${lesson.slug}/2/`);
  await page.getByRole('link', { name: lesson.steps[0].title }).click();
  await expect(page).toHaveURL(`${baseURL}figures/${lesson.slug}/1/`);
});
