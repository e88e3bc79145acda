// `npm test`: installs what is missing and runs every check, the quick ones first. One that fails does not stop the
// others. `npm test -- clippy e2e` runs only those named. The last line counts what passed and what failed.
import { mkdirSync } from 'node:fs';
import { Failed, at, done, main, must, report, say } from './kit.mjs';
import { build } from './build.mjs';
import { chromedriver, chromium, setupClients, setupTests } from './setup.mjs';
import { compiledFor, hostBinary } from './stills.mjs';
import { tidy } from './tidy.mjs';

const WASM = ['--target', 'wasm32-unknown-unknown'];
const TESTING = ['--locked', '--features', 'planted'];

/**
 * `counts`: the output names single tests, so they are what is counted; otherwise the step counts as one. `beside`: while
 * that one is done, these are done one after the other, for each of them keeps one of two processors busy.
 */
const STEPS = [
  { name: 'tidy', says: 'The rules for style sheets and pages', run: async () => tidy() },
  { name: 'fmt', says: 'Formatting (rustfmt)', run: () => must('cargo', ['fmt', '--check'], { how: 'run `cargo fmt`.' }) },
  { name: 'clippy', says: 'Lints, host (clippy)', run: () => must('cargo', ['clippy', '--locked', '--quiet', '--features', 'planted', '--all-targets', '--', '-D', 'warnings'], { how: 'read the first warning above; `cargo clippy --fix` mends many.' }) },
  { name: 'clippy-wasm', says: 'Lints, browser (clippy)', run: () => must('cargo', ['clippy', '--locked', '--quiet', '--all-targets', ...WASM, '--', '-D', 'warnings'], { how: 'read the first warning above.' }) },
  { name: 'host', says: 'Host tests (cargo test)', counts: true, run: onLine => hostTests(onLine) },
  { name: 'web', says: 'Browser tests (wasm-pack test)', counts: true, run: onLine => must('wasm-pack', ['test', '--mode', 'no-install', '--headless', '--chrome', '--chromedriver', chromedriver()], { onLine, how: 'open the page yourself: `wasm-pack test --chrome`.' }) },
  { name: 'build', says: 'The static build', beside: 'web', run: build },
  { name: 'clients', says: 'Real clients over TCP', counts: true, run: onLine => clients(onLine) },
  { name: 'e2e', says: 'End to end, on the built page (Playwright)', counts: true, needs: 'build', run: onLine => endToEnd(onLine) },
];

async function hostTests(onLine) {
  compiledFor(TESTING);
  await must('cargo', ['test', ...TESTING, '--no-fail-fast'], { onLine, how: 'run the test named above alone: `cargo test <name>`.' });
}

async function endToEnd(onLine) {
  mkdirSync(at('target/e2e'), { recursive: true });
  await must('playwright', ['test', '--config', 'tests/e2e'], {
    env: { CHROMIUM: chromium(), PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    onLine,
    how: 'run it alone with `npm test -- build e2e`; pictures of what it saw are in target/e2e/results.',
  });
}

/** Clients that nobody here wrote, against the binary that also draws the stills. */
async function clients(onLine) {
  await setupClients();
  const binary = await hostBinary();
  const how = 'run it alone with `npm test -- clients`; what happened is recorded in target/clients.';
  await must('node', ['tests/clients/clients.mjs', binary], { onLine, how });
}

/** Counts the tests that a runner reports: cargo's and wasm-bindgen's summary lines, and Playwright's. */
function counter() {
  const count = { passed: 0, failed: 0 };
  const onLine = line => {
    const cargo = /test result: \w+\. (\d+) passed; (\d+) failed/.exec(line);
    const clients = /^(\d+) cases passed, (\d+) failed$/.exec(line);
    const playwright = /^\s+(\d+) (passed|failed|flaky)\b/.exec(line);
    if (cargo) {
      count.passed += Number(cargo[1]);
      count.failed += Number(cargo[2]);
    } else if (clients) {
      count.passed += Number(clients[1]);
      count.failed += Number(clients[2]);
    } else if (playwright) {
      count[playwright[2] === 'failed' ? 'failed' : 'passed'] += Number(playwright[1]);
    }
  };
  return { count, onLine };
}

await main(async () => {
  const named = process.argv.slice(2);
  const unknown = named.filter(name => !STEPS.some(step => step.name === name));
  if (unknown.length) throw new Failed(`There is no step called ${unknown.join(', ')}.`, `the steps are ${STEPS.map(step => step.name).join(', ')}.`);

  const total = { passed: 0, failed: 0 };
  const bad = new Set();
  try {
    await setupTests();
    const wanted = STEPS.filter(step => !named.length || named.includes(step.name));
    for (const step of wanted) {
      if (wanted.some(before => before.name === step.beside)) continue;
      const besides = wanted.filter(other => other.beside === step.name);
      const rest = besides.reduce((before, other) => before.then(() => perform(other, total, bad)), Promise.resolve());
      await Promise.all([perform(step, total, bad), rest]);
    }
  } catch (error) {
    report(error);
    total.failed += 1;
  }
  if (total.failed) process.exitCode = 1;
  if (bad.size) say(`Failed: ${[...bad].join(', ')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
});

async function perform(step, total, bad) {
  const since = Date.now();
  console.log('');
  say(step.says);
  const { count, onLine } = counter();
  let failed = null;
  try {
    if (step.needs && bad.has(step.needs)) throw new Failed(`Not run, because ${step.needs} failed.`);
    await step.run(step.counts ? onLine : undefined);
    done(step.says, since);
  } catch (error) {
    if (!(error instanceof Failed)) console.error(error);
    else report(error);
    failed = error;
    bad.add(step.name);
  }
  if (failed && !count.failed) count.failed = 1;
  if (!failed && !step.counts) count.passed = 1;
  total.passed += count.passed;
  total.failed += count.failed;
}
