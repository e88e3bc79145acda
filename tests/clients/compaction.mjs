// What a topic keeps in which only the last record of each key counts, and whose time its records have.
import { create, eventually, expect, named } from './cases.mjs';

/** Several small segments, cleaned as soon as anything in them is dirty, and tombstones that go with the next cleaning. */
const COMPACTED = {
  'cleanup.policy': 'compact',
  'segment.bytes': '2500',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
};
const KEYS = 24;
/** So many records come at once, which is less than a segment. */
const BATCH = 10;
const BATCHES = 12;
/** So many batches fill a segment and begin the next. */
const MORE = 5;
/** Every so many keys one is deleted again. */
const GONE = 6;
/** Whoever has not come to the end of a topic after so many milliseconds stands still. */
const PATIENCE = 30_000;
/** The cluster's clock may lag behind the machine's by so many milliseconds. */
const SLACK = 2000;

/** A value that is told whole when it is read. */
const value = n => `${n}:${'abcdefghijklmnopqrstuvwxyz'.repeat(2)}`;

/** The same records for every client, with keys in an order that looks random. */
function written() {
  let drawn = 1;
  return Array.from({ length: BATCH * BATCHES }, (_, n) => {
    drawn = (drawn * 16_807) % 2_147_483_647;
    return { k: `k${drawn % KEYS}`, v: value(n) };
  });
}

async function configure(clients, topic, settings) {
  for (const [name, value] of Object.entries(settings)) await clients[0].ask('set', { topic, name, value });
  await eventually(async () => {
    const found = await clients[0].ask('settings', { topic });
    return Object.entries(settings).every(([name, value]) => found[name] === value);
  }, `${topic} is not configured`);
}

/** What a client finds in a topic, from the beginning to its last record, which has this offset. */
async function readAll(client, topic, last) {
  const name = named('reads-what-is-left');
  await client.ask('join', { name, topics: [topic], group: name, strategy: 'range' });
  const found = [];
  try {
    for (const until = Date.now() + PATIENCE; !found.some(({ o }) => o === last);) {
      expect(Date.now() < until, `${client.name} stands still behind ${found.at(-1)?.o ?? 'the beginning'} and never comes to ${last}`);
      found.push(...(await client.ask('collect', { names: [name], total: 1, timeout: 0.5 })));
    }
  } finally {
    await client.ask('leave', { name });
  }
  return found;
}

/**
 * Writes keys again and again, deletes some, and reads what compaction leaves: each key's last value where it was written,
 * nothing of what is deleted, and in between nothing, over which a reader comes.
 */
export async function compacts(clients, client) {
  const topic = await create(clients, named(`compacted-${client.name}`), 1);
  await configure(clients, topic, COMPACTED);
  const records = [];
  const produce = async some => {
    for (let from = 0; from < some.length; from += BATCH) {
      const batch = some.slice(from, from + BATCH);
      const places = await client.ask('produce', { topic, partition: 0, acks: 'all', codec: 'none', idempotent: isNumbered(client), records: batch });
      const failed = places.find(place => typeof place === 'string');
      expect(!failed, `a record with a key is refused: ${failed}`);
    }
    records.push(...some);
  };
  const deleted = Array.from({ length: KEYS / GONE }, (_, i) => `k${i * GONE}`);
  const rest = Array.from({ length: 2 * MORE * BATCH }, (_, i) => ({ k: `rest-${i % 5}`, v: value(i) }));
  await produce(written());
  await produce(deleted.map(k => ({ k, v: null })));
  // The active segment is never cleaned, so more must come: twice, for a tombstone stays when it is cleaned first.
  await produce(rest.slice(0, MORE * BATCH));
  const isClean = wanted => async () => {
    const found = await readAll(clients[0], topic, records.length - 1);
    return wanted(found);
  };
  await eventually(isClean(found => found.length < records.length / 2), 'nothing is compacted', 60);
  await produce(rest.slice(MORE * BATCH));
  await eventually(isClean(found => !found.some(({ k }) => deleted.includes(k))), 'a tombstone stays for ever', 60);
  const found = await readAll(client, topic, records.length - 1);
  let before = -1;
  for (const { o, k, s } of found) {
    expect(o > before, `${o} comes behind ${before}`);
    const { k: key, v } = records[o];
    expect(k === key && s === v, `${o} was ${key}=${v} and is ${k}=${s}`);
    before = o;
  }
  const [last, left] = [new Map(records.map(({ k, v }) => [k, v])), new Map(found.map(({ k, s }) => [k, s]))];
  for (const [k, v] of last) {
    if (v === null) expect(!left.has(k), `${k} was deleted and is ${left.get(k)}`);
    else expect(left.get(k) === v, `${k} is ${left.get(k)}, not ${v}`);
  }
  expect(found.length < records.length / 2, `${found.length} of ${records.length} are left`);
  const refused = await client.ask('produce', { topic, partition: 0, acks: 'all', codec: 'none', idempotent: false, records: [{ k: null, v: 'nobody' }] })
    .then(places => places.find(place => typeof place === 'string'), error => error.message);
  expect(refused, 'a record without a key is taken into a compacted topic');
  return 'ok';
}

/**
 * Compaction leaves the last batch of a producer that numbers them also when its records are gone, and kafkajs stands still
 * where that is all that an answer holds, with Kafka as with `serve`. So what it writes and reads here is not numbered.
 */
const isNumbered = client => client.name !== 'kafkajs';

/** Where the broker's time counts, that of the producer is not kept, and every reader is told the broker's. */
export async function stamps(clients, client) {
  const topic = await create(clients, named(`stamped-${client.name}`), 1);
  await configure(clients, topic, { 'message.timestamp.type': 'LogAppendTime' });
  const from = Date.now();
  // kcat has no word for the time of a record.
  const old = client.name === 'kcat' ? {} : { at: 1_000_000 };
  const records = ['a', 'b', 'c'].map(k => ({ k, v: k, ...old }));
  await client.ask('produce', { topic, partition: 0, acks: 'all', codec: 'gzip', idempotent: false, records });
  const found = await readAll(client, topic, records.length - 1);
  const until = Date.now();
  for (const { k, at } of found) expect(at >= from - SLACK && at <= until + SLACK, `${k} is of ${at}, which is not between ${from} and ${until}`);
  await configure(clients, topic, { 'message.timestamp.type': 'CreateTime' });
  await client.ask('produce', { topic, partition: 0, acks: 'all', codec: 'gzip', idempotent: false, records: [{ k: 'd', v: 'd', ...old }] });
  const [{ at }] = (await readAll(client, topic, records.length)).filter(({ k }) => k === 'd');
  expect(!old.at || at === old.at, `the producer said ${old.at}, and the record is of ${at}`);
  return 'ok';
}
