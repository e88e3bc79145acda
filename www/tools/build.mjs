// `npm run build`: leaves dist/, a folder that any file server can host under any path.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { at, done, files, fingerprint, fresh, main, must, say, stamp } from './kit.mjs';
import { pages } from './pages.mjs';
import { setupBuild } from './setup.mjs';
import { buildWasm } from './wasm.mjs';

export async function build() {
  await buildWasm();
  const mark = fingerprint(['pkg', 'www', 'index.html', 'vite.config.mjs', 'package-lock.json']);
  if (fresh('dist', mark, 'dist/index.html')) return done('dist/ is up to date');

  const since = Date.now();
  say('Bundling the page');
  await must('vite', ['build'], { what: 'Vite could not bundle the page.', how: 'read the first error above.' });
  benchPages();
  say('Writing the pages that deep links open');
  for (const [path, html] of await pages(readFileSync(at('dist/index.html'), 'utf8'))) {
    mkdirSync(dirname(at('dist', path)), { recursive: true });
    writeFileSync(at('dist', path), html);
  }
  stamp('dist', mark);
  sizes();
  done('dist/ is made: any file server can host it, under any path', since);
}

/** Vite writes the pages that measure to dist/www/; they belong beside the page. */
function benchPages() {
  for (const name of ['bench.html', 'frames.html']) {
    const html = readFileSync(at('dist/www', name), 'utf8').replaceAll('"../', '"./');
    writeFileSync(at('dist', name), html);
  }
  rmSync(at('dist/www'), { recursive: true });
}

/** What a visitor's browser fetches, compressed as a web server would. */
function sizes() {
  const kinds = { wasm: [], js: [], css: [], html: [] };
  for (const path of files('dist')) {
    const kind = path.split('.').pop();
    if (kind === 'html' ? path === 'dist/index.html' : kinds[kind]) kinds[kind].push(path);
  }
  const brotli = bytes => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
  const kb = bytes => `${(bytes / 1000).toFixed(1)} kB`;
  console.log('  kind       raw    brotli');
  let total = 0;
  for (const [kind, paths] of Object.entries(kinds)) {
    const contents = paths.map(path => readFileSync(at(path)));
    const [raw, small] = [contents.reduce((sum, bytes) => sum + bytes.length, 0), contents.reduce((sum, bytes) => sum + brotli(bytes), 0)];
    total += small;
    console.log(`  ${kind.padEnd(5)} ${kb(raw).padStart(9)} ${kb(small).padStart(9)}`);
  }
  console.log(`  ${'all'.padEnd(5)} ${''.padStart(9)} ${kb(total).padStart(9)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await setupBuild();
    await build();
  });
}
