// Clients that nobody here wrote, against `serve`: the matrix of who produces and who consumes, groups with members of
// each, and a broker that dies in the middle.
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { ask, at, say } from '../../www/tools/kit.mjs';
import { administers, consumes, groups, mixed, produces, survives } from './cases.mjs';
import { manages } from './administration.mjs';
import { compacts, stamps } from './compaction.mjs';
import { keepsReading, keptTo } from './failover.mjs';
import { fuzz } from './fuzz.mjs';
import { keepsTheirNames } from './instances.mjs';
import { endAll, members } from './members.mjs';
import { endClusters, serve } from './served.mjs';

const PLAN = at('tests/clients/cluster.script');
/** So much at the least is taken from each producer while brokers die, which takes some fifteen seconds. */
const FEWEST = 500;
/** How long the fuzzer talks, and what it says follows from. */
const FUZZED = { seconds: 20, seed: Number(process.env.SEED ?? randomInt(1 << 30)) };
/** All of it together is over by then, or something hangs; a machine with nothing else to do needs under four minutes. */
const LIMIT = 600_000;
/** What a client has no word for is not counted. */
const CANNOT = '-';

/**
 * Runs every case against one cluster and the fuzzer against another, and prints the tables. Both runs are recorded and
 * replayed with all laws checked. How many cases passed and failed.
 */
export async function testClients(binary) {
  const count = { passed: 0, failed: 0 };
  const open = new Set();
  const limit = setTimeout(() => {
    console.error(`  not over after ${LIMIT / 1000} s: ${[...open].join(', ')}`);
    console.log(`${count.passed} cases passed, ${count.failed + open.size} failed`);
    endAll();
    endClusters();
    process.exit(1);
  }, LIMIT);
  const attempt = async (what, body) => {
    const since = Date.now();
    open.add(what);
    try {
      const answer = await body();
      count.passed += 1;
      if (process.env.VERBOSE) say(`${what}: ${((Date.now() - since) / 1000).toFixed(1)} s`);
      return answer ?? 'ok';
    } catch (error) {
      count.failed += 1;
      console.error(`  ${what}: ${error.message}`);
      return 'FAILED';
    } finally {
      open.delete(what);
    }
  };
  mkdirSync(at('target/clients'), { recursive: true });
  const [record, fuzzed] = ['clients', 'fuzzed'].map(name => at(`target/clients/${name}.script`));
  // What lies there from before may be a record of an older kind, which would not be overwritten.
  for (const file of [record, fuzzed]) rmSync(file, { force: true });
  const served = await serve(binary, '--plan', PLAN, '--record', record);
  let clients = [];
  try {
    clients = await members(served.brokers);
    const admin = await eachOf(clients, client => attempt(`${client.name} administers`, () => administers(client, clients)));
    const managed = await eachOf(clients, client => (client.name === 'kcat' ? CANNOT : attempt(`${client.name} manages`, () => manages(client))));
    const made = await eachOf(clients, client => attempt(`${client.name} produces`, () => produces(clients, client)));
    const rows = await Promise.all(clients.map(async client => {
      const row = [];
      for (const [i, producer] of clients.entries()) {
        const topics = made[i];
        row.push(topics === 'FAILED' ? 'not made' : await attempt(`${client.name} reads ${producer.name}`, () => consumes(client, producer, topics)));
      }
      return row;
    }));
    const grouped = await Promise.all(clients.map(client => attempt(`${client.name} in groups`, () => groups(clients, client))));
    const compacted = await Promise.all(clients.map(client => attempt(`${client.name} in a compacted topic`, () => compacts(clients, client))));
    const stamped = await Promise.all(clients.map(client => attempt(`${client.name} and the time of the broker`, () => stamps(clients, client))));
    const header = ['', 'admin', 'settings and groups', 'groups', 'compacted', 'time of broker', ...clients.map(({ name }) => `reads ${name}`)];
    table([header, ...clients.map((client, i) => [client.name, admin[i], managed[i], grouped[i], compacted[i], stamped[i], ...rows[i]])]);
    const together = [];
    for (const strategy of ['range', 'roundrobin']) together.push([strategy, await attempt(`a mixed group, ${strategy}`, () => mixed(clients, strategy))]);
    together.push(['cooperative-sticky', await attempt('static members, cooperative-sticky', () => keepsTheirNames(clients, clients[0]))]);
    table([['groups of several', ''], ...together]);
    const killed = await attempt('brokers die', () => survives(clients, served));
    if (killed !== 'FAILED') {
      table([['while brokers 2 and 1 die', 'acknowledged', 'failed', 'lost', 'twice'],
        ...killed.map(({ name, acked, failed, lost, twice }) => [name, acked, failed, lost, twice])]);
      for (const { name, idempotent, acked, failed, lost, twice } of killed) {
        await attempt(name, () => {
          if (acked < FEWEST) throw new Error(`only ${acked} records were acknowledged`);
          if (failed) throw new Error(`${failed} records failed`);
          if (lost) throw new Error(`${lost} acknowledged records are lost`);
          if (idempotent && twice) throw new Error(`${twice} records come twice`);
        });
      }
    }
    const kept = await attempt('coordinators die', () => keepsReading(clients, served));
    if (kept !== 'FAILED') {
      table([['while coordinators die', 'members', 'acknowledged', 'not read', 'read again', 'of which is judged', 'commits', 'refused', 'heard'],
        ...kept.map(({ name, members, judged, acked, lost, again, commits, refused, heard }) =>
          [name, members, acked, lost, judged === 'nothing' ? 'not judged' : again.length, judged, commits, refused, heard])]);
      for (const group of kept) await attempt(`${group.name} keeps reading`, () => keptTo(group));
    }
  } finally {
    clients.forEach(client => client.end());
    const fell = clients.flatMap(({ falls }) => falls ?? []);
    if (fell.length) console.log(`  kcat ended by itself ${fell.length} times and was started again: ${[...new Set(fell)].join('; ')}`);
    await attempt('the run replays', () => replays(binary, served, record));
  }
  const noisy = await serve(binary, '--plan', PLAN, '--record', fuzzed);
  say(`The fuzzer (seed ${FUZZED.seed}): ${await attempt('the fuzzer', () => fuzz(noisy, record, FUZZED))}`);
  await attempt('the fuzzed run replays', () => replays(binary, noisy, fuzzed));
  clearTimeout(limit);
  return count;
}

/** Stops a cluster and replays its record, which ends in the same place and breaks no law. */
async function replays(binary, served, record) {
  const digest = await served.stop().catch(error => {
    served.kill();
    throw error;
  });
  const replayed = await ask(binary, ['digest', record], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (replayed !== digest) throw new Error(`${record} replays to ${replayed}, not ${digest}`);
}

async function eachOf(clients, body) {
  const results = [];
  for (const client of clients) results.push(await body(client));
  return results;
}

function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => String(row[i]).length)));
  for (const row of rows) console.log(`  ${row.map((cell, i) => String(cell).padEnd(widths[i])).join('  ')}`);
  console.log('');
}

if (process.argv[1]?.endsWith('clients.mjs')) {
  const { passed, failed } = await testClients(process.argv[2]);
  console.log(`${passed} cases passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
