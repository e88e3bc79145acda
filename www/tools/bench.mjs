// `npm run bench`: the native benchmarks, then the same workloads in the browser on the built page, then frames.
// `npm run bench -- frames` measures only the last, `npm run bench -- clients` only librdkafka against `serve`.
import { at, files, main, must, say, warn } from './kit.mjs';
import { build } from './build.mjs';
import { chromium, setupClients, setupTests } from './setup.mjs';

const only = process.argv[2];

await main(async () => {
  await setupTests();
  if (only === 'clients') return overTcp();
  if (only === 'frames') {
    // Only how long frames take.
  } else if (files('benches').some(path => path.endsWith('.rs'))) {
    say('Native benchmarks');
    await must('cargo', ['bench', '--bench', 'cluster'], { what: 'The native benchmarks failed.', how: 'read the first error above; `cargo bench` shows it alone.' });
  } else {
    warn('There are no native benchmarks yet (benches/).');
  }
  await build();
  if (only !== 'frames') {
    say('The same workloads in Chromium');
    await inBrowser('bench.html');
  }
  say('Frames in Chromium, without a graphics card');
  await inBrowser('frames.html');
});

/** A client of librdkafka over TCP, against the release build and against librdkafka's own mock cluster. */
async function overTcp() {
  await setupClients();
  await must('cargo', ['build', '--release', '--bin', 'kafka-playground'], { what: 'The host binary does not compile.', how: 'read the first error above.' });
  const binary = `${process.env.CARGO_TARGET_DIR ?? at('target')}/release/kafka-playground`;
  await must('node', ['tests/clients/bench.mjs', binary], { what: 'The clients were not measured.', how: 'what they said stands above.' });
}

/** A page runs on its own and says when it is done: `data-bench="done"` on <html>, results as text in #results. */
async function inBrowser(name) {
  const [{ preview }, playwright] = await Promise.all([import('vite'), import('@playwright/test')]);
  const server = await preview({ root: at(), logLevel: 'error', preview: { port: 0, host: 'localhost' } });
  const browser = await playwright.chromium.launch({ executablePath: chromium(), args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('pageerror', error => warn(error.message));
    await page.goto(new URL(name, server.resolvedUrls.local[0]).href);
    await page.waitForSelector('html[data-bench="done"]', { state: 'attached', timeout: 15 * 60_000 });
    console.log(await page.locator('#results').innerText());
  } finally {
    await browser.close();
    await server.close();
  }
}
