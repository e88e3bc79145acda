// What every client is put through. Each case says what went wrong by throwing.
import { createHash } from 'node:crypto';
import { pause } from './members.mjs';

const sha = text => createHash('sha1').update(text).digest('hex');
const letters = ({ n, size }) => (`${n}:` + 'abcdefghijklmnopqrstuvwxyz'.repeat(size / 26 + 1)).slice(0, size);

/** One of each kind: without a key, empty, a tombstone, with headers, and from 0 bytes to 900 kB. */
const RECORDS = [
  { k: null, v: 'plain' },
  { k: '', v: '' },
  { k: 'gone', v: null },
  { k: 'headed', v: 'v', h: [['one', '1'], ['empty', '']] },
  { k: 'k', v: { n: 1, size: 100 } },
  { k: 'k', v: { n: 2, size: 10_000 } },
];
const LARGEST = { k: 'k', v: { n: 3, size: 900_000 } };

/** What is produced with each kind of acknowledgement, in this order. */
const PRODUCED = [['all', [...RECORDS, LARGEST]], ['1', RECORDS], ['0', RECORDS]];

/** A record as whoever reads it should see it. */
const sight = ({ k = null, v = null, h = [] }) => JSON.stringify([k, v === null ? null : sha(v?.size ? letters(v) : v), h]);
const seen = ({ k, v, h }) => JSON.stringify([k, v, h]);

export function expect(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

function expectSame(got, wanted, what) {
  const at = wanted.findIndex((one, i) => one !== got[i]);
  expect(at < 0 && got.length === wanted.length, `${what}: ${got.length} of ${wanted.length}; number ${at} is ${got[at]}, not ${wanted[at]}`);
}

let fresh = 0;
export const named = word => `${word}-${(fresh += 1)}`;

/** Makes a topic and waits until everybody knows it. */
export async function create(clients, topic, partitions) {
  const make = () => clients[0].ask('create', { topic, partitions, replicas: 3 });
  // After a broker has died a client may still take it for the controller, and has to ask who is.
  await eventually(() => make().then(() => true, async error => {
    expect(/not.?controller/i.test(error.message), error.message);
    await clients[0].ask('topics');
    return false;
  }), `nobody makes ${topic}`);
  for (let i = 0; i < 100; i += 1) {
    if (await clients[0].ask('describe', { topic }).then(count => count === partitions, () => false)) return topic;
    await pause(50);
  }
  throw new Error(`${topic} does not come to be`);
}

// Administration ------------------------------------------------------------------------------------------------------

export async function administers(client, clients) {
  if (client.name === 'kcat') return lists(client, clients);
  const topic = named('admin');
  await client.ask('create', { topic, partitions: 3, replicas: 3 });
  await client.ask('create', { topic, partitions: 3, replicas: 3 }).then(
    // kafkajs says that it made nothing, and calls that no error.
    () => expect(client.name === 'kafkajs', 'a topic can be made twice'),
    error => expect(/exists/i.test(error.message), `made twice: ${error.message}`),
  );
  await eventually(async () => (await client.ask('topics')).includes(topic), 'a new topic is not listed');
  expect((await client.ask('describe', { topic })) === 3, 'a topic with three partitions has others');
  await client.ask('delete', { topic });
  await eventually(async () => !(await client.ask('topics')).includes(topic), 'a deleted topic is listed');
  return 'ok';
}

/** kcat has no word for making a topic. It lists and describes what another made, and one comes to be when it produces. */
async function lists(kcat, clients) {
  const topic = await create(clients, named('listed'), 3);
  await eventually(async () => (await kcat.ask('topics')).includes(topic), 'a new topic is not listed');
  expect((await kcat.ask('describe', { topic })) === 3, 'a topic with three partitions has others');
  const made = named('made-by-asking');
  await kcat.ask('produce', { topic: made, partition: null, acks: 'all', codec: 'none', idempotent: false, records: numbered(0, 1) });
  expect((await kcat.ask('topics')).includes(made), 'a topic that was asked for is not listed');
  expect((await clients[0].ask('describe', { topic: made })) === 1, 'a topic that was asked for has more than a partition');
  await clients[0].ask('delete', { topic });
  await eventually(async () => !(await kcat.ask('topics')).includes(topic), 'a deleted topic is listed');
  return 'ok (makes by asking)';
}

export async function eventually(is, sentence, seconds = 10) {
  for (const until = Date.now() + seconds * 1000; ; ) {
    if (await is()) return;
    expect(Date.now() < until, sentence);
    await pause(50);
  }
}

// Produce with each, consume with each --------------------------------------------------------------------------------

/** Produces one of each record with every codec and every kind of acknowledgement. Topics by codec. */
export async function produces(clients, client) {
  const topics = {};
  for (const codec of client.codecs) {
    const topic = (topics[codec] = await create(clients, `${client.name}-${codec}`, 1));
    for (const [acks, records] of PRODUCED) {
      const places = await client.ask('produce', { topic, partition: 0, acks, codec, idempotent: false, records });
      const failed = places.filter(place => typeof place === 'string');
      expect(!failed.length, `acks=${acks} ${codec}: ${failed[0]}`);
      // What nobody confirms may still be under way when the next client begins.
      if (acks === '0') await pause(100);
      const known = places.filter(([, offset]) => offset >= 0).map(([, offset]) => offset);
      const from = acks === 'all' ? 0 : RECORDS.length + 1;
      // kcat does not say where its records went.
      if (acks !== '0' && client.name !== 'kcat') expectSame(known, records.map((_, i) => from + i), `offsets with acks=${acks} ${codec}`);
    }
  }
  return topics;
}

/** Reads what another produced, as far as it knows the codecs. */
export async function consumes(client, producer, topics) {
  const wanted = PRODUCED.flatMap(([, records]) => records).map(sight);
  const readable = Object.entries(topics).filter(([codec]) => client.codecs.includes(codec));
  const name = named('reader');
  await client.ask('join', { name, topics: readable.map(([, topic]) => topic), group: `${name}-of-${producer.name}`, strategy: 'range' });
  const found = await client.ask('collect', { names: [name], total: readable.length * wanted.length, timeout: 30 });
  for (const [codec, topic] of readable) expectSame(found.filter(({ t }) => t === topic).map(seen), wanted, `${codec} by ${producer.name}`);
  await client.ask('leave', { name });
  return readable.length === producer.codecs.length ? 'ok' : `ok (${readable.map(([codec]) => codec).join(' ')})`;
}

// Groups --------------------------------------------------------------------------------------------------------------

export const numbered = (from, count) => Array.from({ length: count }, (_, i) => ({ k: `${from + i}`, v: `${from + i}` }));
export const numbers = found => found.map(({ s }) => Number(s));

/** Members join and leave, commit, go on where they were, and go back. */
export async function groups(clients, client) {
  const topic = await create(clients, named(`group-${client.name}`), 4);
  const group = topic;
  const produce = (from, count) => clients[0].ask('produce', { topic, partition: null, acks: 'all', codec: 'none', idempotent: true, records: numbered(from, count) });
  await produce(0, 200);
  const join = name => client.ask('join', { name, topics: [topic], group, strategy: 'range' });
  const all = (found, from, count, what) => {
    const got = new Set(numbers(found));
    expect(got.size === count && [...got].every(n => n >= from && n < from + count), `${what}: ${got.size} of ${count}`);
    expect(found.length === count, `${what}: ${found.length - count} twice`);
  };
  await join('one');
  all(await client.ask('collect', { names: ['one'], total: 200, timeout: 20, quiet: 0.3 }), 0, 200, 'alone');
  await client.ask('commit', { name: 'one' });
  // A second member gets its share, and nothing is read again.
  const again = [];
  await join('two');
  if (client.name !== 'kcat') {
    await eventually(async () => {
      again.push(...(await client.ask('collect', { names: ['one', 'two'], total: 1, timeout: 0.3 })));
      const shares = await Promise.all(['one', 'two'].map(name => client.ask('assigned', { name })));
      return shares.every(share => share.length === 2);
    }, 'two members of a group do not share four partitions', 20);
  } else {
    await pause(4000);
  }
  await produce(200, 200);
  const shared = await client.ask('collect', { names: ['one', 'two'], total: 200, timeout: 20, quiet: 0.3 });
  all(shared, 200, 200, 'two members');
  expect(new Set(shared.map(({ by }) => by)).size === 2, 'one of two members reads everything');
  await Promise.all(['one', 'two'].map(name => client.ask('commit', { name })));
  // One leaves; the other has everything again.
  await client.ask('leave', { name: 'one' });
  if (client.name !== 'kcat') {
    await eventually(async () => {
      again.push(...(await client.ask('collect', { names: ['two'], total: 1, timeout: 0.3 })));
      return (await client.ask('assigned', { name: 'two' })).length === 4;
    }, 'who stays in a group does not get what another leaves', 20);
  } else {
    await pause(4000);
  }
  expect(!again.length, `${again.length} records are read again while members come and go, such as ${again[0]?.s}`);
  await produce(400, 100);
  all(await client.ask('collect', { names: ['two'], total: 100, timeout: 20, quiet: 0.3 }), 400, 100, 'the one who stays');
  await client.ask('commit', { name: 'two' });
  await client.ask('leave', { name: 'two' });
  // The group goes on where it was.
  await produce(500, 50);
  await join('three');
  all(await client.ask('collect', { names: ['three'], total: 50, timeout: 20, quiet: 0.3 }), 500, 50, 'going on');
  if (client.name !== 'kcat') {
    const before = (await client.ask('assigned', { name: 'three' })).length;
    expect(before === 4, `who is alone in a group has ${before} of four partitions`);
    await client.ask('seek', { name: 'three', topic, partition: 0, offset: 0 });
    const back = await client.ask('collect', { names: ['three'], total: 1, timeout: 20, quiet: 0.5 });
    expect(back.length > 0 && back.every(({ p }, i) => p === 0 && back[i].o === i), 'reading does not go back to the beginning');
  } else {
    await seeks(client, topic);
  }
  await client.ask('leave', { name: 'three' });
  if (client.name !== 'kcat') expect((await client.ask('groups')).includes(group), 'a group is not listed');
  return 'ok';
}

/** kcat says where it begins when it is started: at an offset, so far before the end, or at a time. */
async function seeks(kcat, topic) {
  const from = async place => {
    const found = await kcat.ask('readFrom', { topic, partition: 0, from: place });
    expect(found.every(({ o }, i) => o === found[0].o + i), `what is read from ${place} has gaps`);
    return found;
  };
  const all = await from('beginning');
  const end = all.length;
  expect(all[0]?.o === 0 && end > 20, `a partition has ${end} records from ${all[0]?.o} on`);
  const begins = async (place, offset) => {
    const found = await from(place);
    expect(found.length === end - offset && found[0]?.o === offset, `reading from ${place} gives ${found.length} of ${end} from ${found[0]?.o} on`);
  };
  await begins(7, 7);
  await begins(-5, end - 5);
  // The first record that is not older.
  const { at: time } = all[Math.floor(end / 2)];
  await begins(`s@${time}`, all.find(({ at }) => at >= time).o);
  expect((await from('end')).length === 0, 'there is something at the end');
}

/** Members of all libraries in one group. */
export async function mixed(clients, strategy) {
  const topic = await create(clients, named(`mixed-${strategy}`), 15);
  const produce = (from, count) => clients[0].ask('produce', { topic, partition: null, acks: 'all', codec: 'none', idempotent: true, records: numbered(from, count) });
  const name = client => `${strategy}-${client.name}`;
  await Promise.all(clients.map(client => client.ask('join', { name: name(client), topics: [topic], group: topic, strategy })));
  const shares = of => Promise.all(of.filter(client => client.name !== 'kcat').map(async client => (await client.ask('assigned', { name: name(client) })).length));
  await reading(clients, name, 40, async () => (await shares(clients)).every(share => share === 3), 'five members do not share fifteen partitions');
  await produce(0, 300);
  const first = await reading(clients, name, 20, found => found.length >= 300, 'five members do not read 300 records');
  expect(new Set(numbers(first)).size === 300 && first.length === 300, `five members read ${first.length}, of 300 ${new Set(numbers(first)).size}`);
  expect(new Set(first.map(({ by }) => by)).size === clients.length, 'somebody reads nothing');
  await Promise.all(clients.map(client => client.ask('commit', { name: name(client) })));
  const [gone, ...left] = clients;
  await gone.ask('leave', { name: name(gone) });
  // kcat does not say what it has: of fifteen, the other three have eleven or twelve.
  const is_shared = async () => (await shares(left)).reduce((sum, share) => sum + share, 0) >= 11;
  await reading(left, name, 40, is_shared, 'four members do not share fifteen partitions');
  await produce(1000, 300);
  const is_new = number => number >= 1000;
  const second = await reading(left, name, 40, found => new Set(numbers(found).filter(is_new)).size >= 300, 'four members do not read 300 records');
  const again = numbers(second).filter(is_new).length - 300;
  expect(again === 0, `${again} of 300 records come twice to the four members that are left`);
  await Promise.all(left.map(client => client.ask('leave', { name: name(client) })));
  return 'ok';
}

/**
 * Everybody reads for himself, and waits for nobody else, until enough is there: who is not asked does not join again,
 * and a group waits for all.
 */
async function reading(clients, name, seconds, is_enough, sentence) {
  const found = [];
  let over = false;
  const readers = clients.map(async client => {
    while (!over) found.push(...(await client.ask('collect', { names: [name(client)], total: 1, timeout: 0.2 })));
  });
  try {
    await eventually(() => is_enough(found), sentence, seconds);
    await pause(300);
  } finally {
    over = true;
    await Promise.all(readers);
  }
  return found;
}

// A broker dies -------------------------------------------------------------------------------------------------------

/**
 * Everybody produces with acks=all while a broker is killed and comes back. Nothing that was acknowledged is lost, and
 * from producers that number their batches nothing comes twice.
 */
export async function survives(clients, served) {
  const streams = [];
  for (const client of clients) {
    for (const idempotent of [true, false]) {
      const name = `${client.name}-${idempotent ? 'numbered' : 'plain'}`;
      streams.push({ client, idempotent, name, topic: await create(clients, `kill-${name}`, 3) });
    }
  }
  for (const { client, name, topic, idempotent } of streams) await client.ask('stream', { name, topic, idempotent, first: 0 });
  await pause(1500);
  for (const victim of [2, 1]) {
    expect((await served.tell(`kill broker ${victim}`)).startsWith('ok'), 'a broker cannot be killed');
    await pause(4000);
    expect((await served.tell(`restart broker ${victim}`)).startsWith('ok'), 'a broker cannot be restarted');
    await pause(3000);
  }
  const results = [];
  for (const stream of streams) {
    const { acked, failed } = await stream.client.ask('halt', { name: stream.name });
    const reader = named('reader');
    await clients[0].ask('join', { name: reader, topics: [stream.topic], group: reader, strategy: 'range' });
    const found = numbers(await clients[0].ask('collect', { names: [reader], total: acked.length, timeout: 30, quiet: 1 }));
    await clients[0].ask('leave', { name: reader });
    const there = new Set(found);
    const lost = acked.filter(number => !there.has(number));
    const twice = found.length - there.size;
    results.push({ ...stream, acked: acked.length, failed: failed.length, lost: lost.length, twice });
  }
  return results;
}
