// One client of librdkafka against `serve` and against librdkafka's own mock cluster, in turn, in one run. The mock has
// three brokers and replicates nothing; `serve` has three that do.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Failed, ask, at, say } from '../../www/tools/kit.mjs';
import { serve } from './served.mjs';

const PYTHON = at('.tools/clients/bin/python');
const BENCH = at('tests/clients/bench.py');
const ROUNDS = 5;
/** So many records are kept, of these sizes, to see what each costs. */
const KEPT = 200_000;
const FILLED = [100, 1024];
/** Ten times the partitions may cost so much more at the most. */
const SPREAD = 1.5;

async function mock() {
  const child = spawn(PYTHON, [BENCH, 'mock'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { brokers: value, stop: () => child.stdin.end() };
}

/** Prints what a record costs that is kept, with its three copies. */
async function benchMemory(binary, size) {
  const cluster = await serve(binary);
  const fill = (topic, count) => ask(PYTHON, [BENCH, 'fill', cluster.brokers, topic, `${size}`, `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  // What a cluster needs once is there.
  await fill('warm', KEPT / 10);
  const before = cluster.memory();
  await fill('kept', KEPT);
  const after = cluster.memory();
  await cluster.stop();
  if (before === null || after === null) return say('What a kept record takes is not measured: this system does not say how much memory a process has.');
  const each = (after - before) / KEPT;
  console.log(`  a record of ${size} B that is kept by three brokers takes ${each.toFixed(0)} B, ${(each / size / 3).toFixed(2)} times its three values.`);
}

/** Prints the medians of some rounds. */
export async function benchClients(binary) {
  const found = { serve: [], mock: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    // What is measured first finds another machine than what is measured after it.
    const both = [['serve', () => serve(binary)], ['mock', mock]];
    for (const [name, begin] of round % 2 ? both : both.reverse()) {
      const cluster = await begin();
      const line = await ask(PYTHON, [BENCH, 'measure', cluster.brokers, `${round}`], { stdio: ['ignore', 'pipe', 'inherit'] });
      await cluster.stop();
      if (!line) throw new Failed(`The measurement against ${name} failed.`, 'what it said stands above.');
      found[name].push(JSON.parse(line));
    }
    say(`round ${round} of ${ROUNDS}`);
  }
  const median = (name, what) => found[name].map(one => one[what]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  console.log(`  ${'librdkafka, acks=all'.padEnd(22)}${'serve'.padStart(12)}${'mock'.padStart(12)}${'ratio'.padStart(8)}`);
  for (const what of Object.keys(found.serve[0])) {
    const [ours, theirs] = [median('serve', what), median('mock', what)];
    const digits = what.endsWith('ms') ? 2 : 0;
    console.log(`  ${what.padEnd(22)}${ours.toFixed(digits).padStart(12)}${theirs.toFixed(digits).padStart(12)}${(ours / theirs).toFixed(2).padStart(8)}`);
  }
  const spread = median('serve', 'over 30 partitions') / median('serve', 'over 300 partitions');
  for (const size of FILLED) await benchMemory(binary, size);
  console.log(`  300 partitions take ${spread.toFixed(2)} times as long as 30; ${SPREAD} times is allowed.`);
}

if (process.argv[1]?.endsWith('bench.mjs') && process.argv[1].includes('clients')) await benchClients(process.argv[2]);
