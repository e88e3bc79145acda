// Members that keep their names, share stickily and commit by themselves: what librdkafka alone is asked for.
import { create, eventually, expect, named, numbered, numbers } from './cases.mjs';
import { pause } from './members.mjs';

const NAMES = ['first', 'second', 'third'];

/**
 * Three static members share six partitions. One that restarts has what it had, and the others notice nothing; when all
 * have restarted they go on where they had committed without being told to.
 */
export async function keepsTheirNames(clients, client) {
  const topic = await create(clients, named('instances'), 6);
  const produce = (from, count) => client.ask('produce', { topic, partition: null, acks: 'all', codec: 'none', idempotent: true, records: numbered(from, count) });
  const join = name => client.ask('join', {
    name, topics: [topic], group: topic, strategy: 'cooperative-sticky',
    settings: { 'group.instance.id': name, 'enable.auto.commit': true, 'auto.commit.interval.ms': 200 },
  });
  const assigned = () => Promise.all(NAMES.map(name => client.ask('assigned', { name })));
  const collect = (total, quiet) => client.ask('collect', { names: NAMES, total, timeout: 20, quiet });
  const all = (found, from, count, what) => {
    const got = new Set(numbers(found));
    expect(got.size === count && [...got].every(n => n >= from && n < from + count), `${what}: ${got.size} of ${count}`);
    expect(found.length === count, `${what}: ${found.length - count} twice`);
  };
  await Promise.all(NAMES.map(join));
  let shares = [];
  await eventually(async () => {
    await client.ask('collect', { names: NAMES, total: 1, timeout: 0.3 });
    shares = await assigned();
    return shares.every(share => share.length === 2);
  }, 'three members do not share six partitions', 30);
  await produce(0, 300);
  all(await collect(300, 0.5), 0, 300, 'three members');
  const same = async (what, stays) => {
    await eventually(async () => {
      await client.ask('collect', { names: NAMES, total: 1, timeout: 0.3 });
      const now = await assigned();
      const differs = now.slice(0, stays).findIndex((share, i) => JSON.stringify(share) !== JSON.stringify(shares[i]));
      expect(differs < 0, `${what}: ${NAMES[differs]} has ${JSON.stringify(now[differs])} of a sudden`);
      return JSON.stringify(now) === JSON.stringify(shares);
    }, `${what}: the partitions are divided otherwise`, 30);
  };
  // A static member does not leave when it is closed.
  await client.ask('leave', { name: NAMES[2] });
  await join(NAMES[2]);
  await same('one has restarted', 2);
  await produce(300, 60);
  all(await collect(60, 0.5), 300, 60, 'one has restarted');
  await pause(500);
  for (const name of NAMES) await client.ask('leave', { name });
  await produce(360, 60);
  await Promise.all(NAMES.map(join));
  all(await collect(60, 1), 360, 60, 'all have restarted');
  await same('all have restarted', 0);
  for (const name of NAMES) await client.ask('leave', { name });
  return 'ok';
}
