// The workloads of `cargo bench` in this browser, as a table in #results. `npm run bench` opens this page.
// With workloads and seconds behind the #, such as `#idle=30&singles=3`, it measures nothing and tells their digests.
import glueUrl from '../pkg/kafka_playground.js?url';
import moduleUrl from '../pkg/kafka_playground_bg.wasm?url';

const RUNS = 5;
const rows = [];

const row = (name, figure, unit) => rows.push(`${name.padEnd(58)} ${String(figure).padStart(14)} ${unit}`);
const median = samples => samples.sort((a, b) => a - b)[samples.length >> 1];

/** Lets the page breathe between measurements, as it would between frames. */
const breath = () => new Promise(resolve => setTimeout(resolve, 0));

/** Milliseconds that `work` took, the median of several runs on fresh state. */
async function time(prepare, work) {
  const samples = [];
  for (let run = 0; run < RUNS; run += 1) {
    const state = prepare();
    await breath();
    const since = performance.now();
    work(state);
    samples.push(performance.now() - since);
    state.free?.();
  }
  return median(samples);
}

async function start() {
  const glue = await import(/* @vite-ignore */ glueUrl);
  const { memory } = await glue.default({ module_or_path: moduleUrl });
  return { Bench: glue.Bench, memory };
}

async function digests(loads) {
  const { Bench } = await start();
  for (const [name, seconds] of new URLSearchParams(loads)) {
    const bench = Bench.start(name);
    bench.run(Number(seconds));
    rows.push(`${name} ${seconds} ${bench.digest()}`);
    bench.free();
    await breath();
  }
}

async function measure() {
  const { Bench, memory } = await start();
  row('Chromium', `median of ${RUNS}`, '');
  for (const name of Bench.names()) {
    let done;
    let label = name;
    let goal;
    let span;
    const took = await time(
      () => {
        const bench = Bench.start(name);
        bench.run(1);
        label = `${name}: ${bench.about()}`;
        [goal, span] = [bench.goal(), bench.span()];
        return bench;
      },
      bench => { done = bench.run(span); },
    );
    const [steps, records] = done;
    row(label, (span / took * 1e3).toFixed(0), `simulated s / s (goal ${goal})`);
    row('    steps', (steps / took * 1e3).toFixed(0), '/ s');
    row('    records produced, copied twice, acknowledged', (records / took * 1e3).toFixed(0), '/ s');
    row('    memory of the instance afterwards', (memory.buffer.byteLength / 1e6).toFixed(0), 'MB');
  }
  const far = Bench.start('first');
  far.run(600);
  const seeks = [];
  for (let i = 0; i < 60; i += 1) {
    const to = (i * 397) % 600;
    const since = performance.now();
    far.seek(to);
    seeks.push(performance.now() - since);
    await breath();
  }
  row('seek in ten minutes of the first page, median of 60', median(seeks).toFixed(1), 'ms');
  row('    the slowest', Math.max(...seeks).toFixed(1), 'ms (goal 150)');
  const since = performance.now();
  far.checkpoint(100);
  row('checkpoint of the first page after ten minutes', ((performance.now() - since) * 10).toFixed(0), 'µs');
}

const results = document.querySelector('#results');
try {
  await (location.hash.length > 1 ? digests(location.hash.slice(1)) : measure());
  results.textContent = rows.join('\n');
} catch (error) {
  results.textContent = `${rows.join('\n')}\nstopped: ${error.stack ?? error}`;
}
document.documentElement.dataset.bench = 'done';
