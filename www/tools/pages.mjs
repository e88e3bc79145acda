// The pages that deep links open, so that any file server can answer them: figures/<slug>/<n>/ for every step of every
// lesson, figures/, sandbox/ and code/. Each is the built page with other words in it and with addresses relative to its
// own depth; where the engine runs it comes alive in place, and where it cannot, the still picture and the words remain.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Failed, at, files } from './kit.mjs';
import { renderStill } from './stills.mjs';

const PLANNED = 20;

/** `shell`: the built index.html. Resolves to `[path in dist, html]` pairs. */
export async function pages(shell, lessons = readLessons(), still = renderStill) {
  const out = [
    ['figures/index.html', page(shell, 1, 'Figures', 'Figures', contents(lessons))],
    ['sandbox/index.html', page(shell, 1, 'Sandbox', 'Sandbox', notYet('Sandbox', 'Talk to a running cluster line by line. Building clusters by hand, with buttons, comes later.'))],
    ['404.html', lost(page(shell, 0, 'Figures', 'Nothing is here', astray(lessons)))],
    ['code/index.html', page(shell, 1, 'Code', 'Code', notYet('Code', 'Run your own kafkajs against the cluster in this tab. This part is not built yet.'))],
  ];
  for (const [i, lesson] of lessons.entries()) {
    for (let n = 1; n <= lesson.steps.length; n++) {
      const picture = await still(lesson.slug, n, 'light');
      const title = `${lesson.title}, step ${n}: ${lesson.steps[n - 1].title}`;
      const words = depth => page(shell, depth, 'Figures', title, step(lesson, i, lessons, n, picture), { canonical: depth === 2 ? '1/' : './', here: depth === 2 ? '' : '../' });
      out.push([`figures/${lesson.slug}/${n}/index.html`, words(3)]);
      if (n === 1) out.push([`figures/${lesson.slug}/index.html`, words(2)]);
    }
  }
  return out;
}

// Lessons -------------------------------------------------------------------------------------------------------------

/** The lessons in order. What has no number is not one of them: the first page is written as a lesson too. */
export function readLessons() {
  return files('www/lessons').filter(path => path.endsWith('.md'))
    .map(path => parseLesson(readFileSync(at(path), 'utf8'), basename(path)))
    .filter(lesson => lesson.number)
    .sort((a, b) => a.number - b.number);
}

/** Front matter with slug, number, title and lead, then a step for every `## ` heading. */
export function parseLesson(source, name) {
  const [, front, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(source.replaceAll('\r', '')) ?? [];
  const field = key => new RegExp(`^${key}:[ \t]*(.+?)[ \t]*$`, 'm').exec(front ?? '')?.[1].replace(/^"(.*)"$/, '$1');
  const [slug, title] = [field('slug'), field('title')];
  if (!slug || !title) throw new Failed(`www/lessons/${name} does not begin with front matter that has a slug and a title.`, 'begin it with `---`, `slug: …`, `title: …`, `---`.');
  if (!/^[a-z0-9-]+$/.test(slug)) throw new Failed(`www/lessons/${name}: the slug "${slug}" is part of an address.`, 'use small letters, digits and hyphens.');
  const [, ...parts] = body.split(/^## +/m);
  const steps = parts.map(part => {
    const end = part.indexOf('\n');
    return end < 0 ? { title: part.trim(), body: '' } : { title: part.slice(0, end).trim(), body: part.slice(end + 1) };
  });
  if (!steps.length) throw new Failed(`www/lessons/${name} has no steps.`, 'give it a `## ` heading for each.');
  return { slug, number: Number(field('number') ?? 0), title, lead: field('lead') ?? '', steps };
}

/** The prose of a step, without the lines (`label:`, `check:`, `ask:` and their like) that are for the engine. */
const paragraphs = source => source.split(/\n\s*\n/).map(part => part.replace(/\s+/g, ' ').trim()).filter(part => part && !/^[a-z]+: /.test(part));

/** A paragraph of a lesson as HTML. Placeholders stand for numbers that only the engine knows. */
function prose(source) {
  return escape(source)
    .replace(/`([^`]+)`/g, '<span class="mono">$1</span>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '<span class="ref">$1</span>');
}

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

// Pages ---------------------------------------------------------------------------------------------------------------

const icon = path => `<svg class="ic" viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
const LIST = icon('M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4h.1M2.500 8h.1M2.500 12h.1');
const BACK = icon('M10 3L5 8l5 5');

/** The shell with another view, title and current tab, its addresses made relative to a depth. */
function page(shell, depth, view, title, { main, lesson = null }, { canonical = './', here = './' } = {}) {
  const up = '../'.repeat(depth);
  let html = shell.replace(/ (href|src)="(?!#|data:|[a-z]+:|\/)(?:\.\/)?([^"]*)"/g, (_, name, path) => ` ${name}="${up}${path}"`);
  const swap = (pattern, by) => {
    if (!pattern.test(html)) throw new Failed(`The built page has no ${pattern} to replace.`, 'keep index.html and www/tools/pages.mjs in step.');
    html = html.replace(pattern, typeof by === 'string' ? () => by : by);
  };
  swap(/<title>[\s\S]*?<\/title>/, `<title>${escape(title)} · Kafka Playground</title>`);
  swap(/(<link rel="canonical" href=")[^"]*/, (_, before) => before + canonical);
  swap(/ aria-current="true"/, '');
  swap(new RegExp(`(<nav class="seg"[\\s\\S]*?<a [^>]*)(>${view}</a>)`), (_, before, after) => `${before} aria-current="page"${after}`);
  swap(/<main[\s\S]*<\/main>/, main.replaceAll('{up}', up).replaceAll('{here}', here));
  if (lesson) {
    swap(/(<span class="grow">)/, (_, grow) => `<a class="btn quiet icon top-list" href="${up}figures/" aria-label="Contents">${LIST}</a><b class="top-lesson">${escape(lesson.title)}<small>${lesson.place}</small></b>${grow}`);
    // The first page's ribbon and clock are of another run.
    swap(/(<div class="ribbon"[^>]*>)[\s\S]*?<\/svg><\/div>/, (_, ribbon) => `${ribbon.replace(/(aria-valuemax|aria-valuenow)="\d+"/g, '$1="0"').replace(/aria-valuetext="[^"]*"/, 'aria-valuetext="the beginning"')}</div>`);
    swap(/<div class="clock">[\s\S]*?<\/div>/, `<div class="clock"><b>00:00.000</b><span>${lesson.at}</span></div>`);
  } else {
    swap(/<footer class="transport"[\s\S]*?<\/footer>/, '');
    swap(/<div class="app">/, '<div class="app bare">');
    // What painting waits for is the transport's end, which such a page does not have.
    swap(/<link rel="expect"[^>]*>\s*/, '');
  }
  return html;
}

/** What a server shows for an address of which there is no page; many servers look for 404.html at the site's root. */
function astray(lessons) {
  const { main } = contents(lessons, 'figures/');
  return { main: main.replace('<h1>Figures</h1>', '<h1>Nothing is here</h1><p role="alert">This address leads to no page. The lessons below are all that are written, each step with an address of its own.</p>') };
}

/**
 * A page that stands at an address nobody knows finds the site's root by itself: before any address of the page is read, a
 * line of script says what they are relative to. The policy allows this one script by its hash, and the base it sets.
 */
function lost(html) {
  const script = "document.write(`<base href=\"${location.pathname.replace(/(figures|sandbox|code)(\\/.*)?$|[^/]*$/, '')}\">`)";
  const hash = createHash('sha256').update(script).digest('base64');
  return html.replace(/script-src (?:&#39;|')self(?:&#39;|')/, `$& 'sha256-${hash}'`).replace(/base-uri (?:&#39;|')none(?:&#39;|')/, "base-uri 'self'")
    .replace(/(<meta http-equiv="Content-Security-Policy"[^>]*>|<title>)/, (_, tag) => (tag === '<title>' ? `<script>${script}</script>${tag}` : `${tag}<script>${script}</script>`));
}

function contents(lessons, under = '') {
  const state = lessons.length ? (lessons.length < PLANNED ? `${lessons.length} of ${PLANNED} lessons are here; the others are not written yet.` : '') : `${PLANNED} lessons are planned. None is written yet; meanwhile the first page has a cluster to break.`;
  const rows = lessons.map(lesson => `<li><a href="${under}${lesson.slug}/1/"><span class="num">${lesson.number}</span><b>${escape(lesson.title)}</b><span class="soft">${lesson.steps.length} steps</span></a></li>`);
  return { main: `<main class="page"><h1>Figures</h1><p>Each lesson is a cluster you can stop, rewind and take apart. ${state}</p>${rows.length ? `<ol class="lessons">${rows.join('')}</ol>` : '<p><a class="btn" href="{up}">Go to the first page</a></p>'}</main>` };
}

const notYet = (title, words) => ({ main: `<main class="page"><h1>${title}</h1><p>${words}</p><p><a class="btn" href="{up}">Go to the first page</a></p></main>` });

/** One step: its words, the others as links, and its still picture where the host binary could draw it. */
function step(lesson, index, lessons, n, still) {
  const items = lesson.steps.map(({ title, body }, i) => {
    const state = i + 1 < n ? 'done' : i + 1 === n ? 'now' : 'next';
    if (state !== 'now') return `<li class="${state}"><span class="n" aria-hidden="true">${i + 1}</span><a class="t" href="{here}${i + 1}/">${escape(title)}</a></li>`;
    // Without the engine's own text, a paragraph that quotes its numbers has to be left out.
    const words = still ? still.text.map(escape) : paragraphs(body).filter(part => !/\{[^}]+\}/.test(part)).map(prose);
    return `<li class="now" aria-current="step"><span class="n" aria-hidden="true">${i + 1}</span><h2>${escape(title)}</h2>${words.map(part => `<p>${part}</p>`).join('')}</li>`;
  });
  const ticks = Array.from({ length: PLANNED }, (_, i) => `<i class="${i + 1 < lesson.number ? 'd' : i + 1 === lesson.number ? 'n' : ''}"></i>`).join('');
  const next = n < lesson.steps.length ? `{here}${n + 1}/` : lessons[index + 1] ? `{up}figures/${lessons[index + 1].slug}/1/` : null;
  const nav = [
    n > 1 ? `<a class="btn icon" href="{here}${n - 1}/" aria-label="Previous step">${BACK}</a>` : '',
    next ? `<a class="btn primary" href="${next}">${n < lesson.steps.length ? 'Next step' : 'Next lesson'}</a>` : '',
  ].join('');
  const lead = /\{[^}]+\}/.test(lesson.lead) ? '' : `<p class="lead">${prose(lesson.lead)}</p>`;
  return {
    lesson: { title: lesson.title, place: `Lesson ${lesson.number} of ${PLANNED}`, at: `step ${n}` },
    main: `<main class="figure${n > 1 ? ' later' : ''}"><section class="prose" aria-label="Lesson"><div class="toc"><span>${lesson.number} of ${PLANNED}</span><div class="ticks" aria-hidden="true">${ticks}</div><a class="btn sm quiet" href="{up}figures/">Contents</a></div>`
      + `<div class="body"><h1>${escape(lesson.title)}</h1>${lead}<ol class="steps">${items.join('')}</ol></div><nav class="pnav" aria-label="Steps">${nav}</nav></section>`
      + `<div class="stage-column"><section class="stagebox" aria-label="Stage">${still?.svg ?? ''}</section><p class="tell"></p></div></main>`,
  };
}
