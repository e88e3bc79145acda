// A fuzzer beside clients that must not notice: what real clients have said is changed and said again.
//
// The corpus is a record of the other cases, so it has every request that the clients make, in the versions in which
// they make them. The same seed makes the same changes.
import { closeSync, openSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually } from './cases.mjs';
import { members, pause } from './members.mjs';

/** Numbers that follow from a seed. */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { below: n => next() % n, of: list => list[next() % list.length], odds: percent => next() % 100 < percent };
}

/** Of what real clients say, and of what is made of it. */
const LONGEST = 65_536;
const EACH = 8;

/** Requests that stand in a record: some of each API and version. */
export function corpus(file) {
  const kinds = new Map();
  const streams = new Map();
  for (const line of lines(file)) {
    const [verb, socket, rest] = line.split(' ');
    if (verb === 'connect') streams.set(socket, Buffer.alloc(0));
    if (verb !== 'bytes') continue;
    let stream = Buffer.concat([streams.get(socket) ?? Buffer.alloc(0), Buffer.from(rest, 'hex')]);
    while (stream.length >= 12 && stream.length >= 4 + stream.readInt32BE(0)) {
      const frame = stream.subarray(0, 4 + stream.readInt32BE(0));
      stream = stream.subarray(frame.length);
      const kind = `${frame.readInt16BE(4)} ${frame.readInt16BE(6)}`;
      const known = kinds.get(kind) ?? [];
      if (frame.length <= LONGEST && known.length < EACH) kinds.set(kind, [...known, Buffer.from(frame)]);
    }
    streams.set(socket, stream);
  }
  return kinds;
}

/** The lines of a file, without holding all of it. */
function* lines(file) {
  const from = openSync(file, 'r');
  const piece = Buffer.alloc(1 << 20);
  let rest = '';
  for (let count; (count = readSync(from, piece, 0, piece.length)) > 0; ) {
    const parts = (rest + piece.toString('latin1', 0, count)).split('\n');
    rest = parts.pop();
    yield* parts;
  }
  closeSync(from);
}

/** Numbers that decoders stumble over. */
const EVIL = [0, 1, -1, -2, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, -0x80000000, 0xffff, 1 << 20];

function changed(frame, all, { below, of, odds }) {
  let bytes = Buffer.from(frame);
  for (let i = below(5); i > 0; i -= 1) {
    const at = 4 + below(Math.max(1, bytes.length - 4));
    switch (below(8)) {
      case 0:
        if (at < bytes.length) bytes[at] ^= 1 << below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = below(256);
        break;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeInt32BE(of(EVIL) | 0, at);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + below(16), below(256)), bytes.subarray(at)]);
        break;
      case 5: {
        const other = of(of(all));
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(Math.min(at, other.length))]);
        break;
      }
      case 6: {
        // What may be an element comes again and again, and what may be the count before it says so.
        const length = 1 + below(48);
        const times = Math.min(1 + below(1_000), Math.floor((LONGEST - bytes.length) / length));
        if (times < 1 || at + length > bytes.length) break;
        const again = Array.from({ length: times }, () => bytes.subarray(at, at + length));
        if (at >= 8 && bytes.readUInt32BE(at - 4) < 1_000) bytes.writeUInt32BE(bytes.readUInt32BE(at - 4) + times, at - 4);
        else if (bytes[at - 1] < 0x7f - times) bytes[at - 1] += times;
        bytes = Buffer.concat([bytes.subarray(0, at), ...again, bytes.subarray(at)]);
        break;
      }
      default:
        if (bytes.length >= 8) bytes.writeInt16BE(below(20), 6);
    }
    bytes = Buffer.from(bytes);
  }
  // The size is right more often than not, or little would be read behind it.
  if (bytes.length >= 4) {
    if (odds(92)) bytes.writeInt32BE(bytes.length - 4, 0);
    else bytes.writeInt32BE(of(EVIL) | 0, 0);
  }
  return bytes;
}

/**
 * Says changed requests to every broker for some seconds; how many, how many connections they cost, and how much memory
 * was taken at the most.
 */
async function shout(served, kinds, seconds, seed) {
  const brokers = served.brokers.split(',');
  const chance = dice(seed);
  const all = [...kinds.values()];
  const count = { said: 0, answered: 0, closed: 0, memory: 0 };
  const open = [];
  const begin = () => {
    const [host, port] = chance.of(brokers).split(':');
    const socket = connect(Number(port), host);
    socket.said = 0;
    socket.on('error', () => {});
    socket.on('data', () => (count.answered += 1));
    socket.on('close', () => {
      count.closed += 1;
      const at = open.indexOf(socket);
      if (at >= 0) open.splice(at, 1);
    });
    // One in ten does not listen.
    if (chance.odds(10)) socket.pause();
    open.push(socket);
  };
  for (const until = Date.now() + seconds * 1000; Date.now() < until; ) {
    while (open.length < 24) begin();
    for (let i = 0; i < 20; i += 1) {
      const socket = chance.of(open);
      const bytes = changed(chance.of(chance.of(all)), all, chance);
      if (socket.writableLength < 1 << 16) {
        socket.write(bytes);
        socket.said += 1;
        count.said += 1;
      }
      if (chance.odds(2) || socket.said > 200) socket.destroy();
    }
    count.memory = Math.max(count.memory, served.memory());
    await pause(4);
  }
  open.splice(0).forEach(socket => socket.destroy());
  return count;
}

/** Reads and commits for one member of a group, until it is told that there is no more. */
async function reads(client, name, state) {
  while (!state.over) {
    state.found.push(...(await client.ask('collect', { names: [name], total: 200, timeout: 0.5 })));
    await client.ask('commit', { name }).then(() => (state.commits += 1), () => (state.refused += 1));
  }
}

/** Fuzzes beside a producer and a group of two libraries, none of which may lose or repeat anything. */
export async function fuzz(served, record, { seconds, seed }) {
  const kinds = corpus(record);
  if (kinds.size < 20) throw new Error(`the corpus has ${kinds.size} kinds of requests, which is too few to mean anything`);
  const clients = await members(served.brokers);
  try {
    const [producer, , aiokafka, kafkajs] = clients;
    const topic = 'beside-the-fuzzer';
    await producer.ask('create', { topic, partitions: 4, replicas: 3 });
    const state = { over: false, found: [], commits: 0, refused: 0 };
    const readers = [aiokafka, kafkajs];
    for (const reader of readers) await reader.ask('join', { name: reader.name, topics: [topic], group: topic, strategy: 'range' });
    const reading = Promise.all(readers.map(reader => reads(reader, reader.name, state)));
    // Whatever goes wrong there is said where it is waited for.
    reading.catch(() => {});
    await eventually(async () => {
      const shares = await Promise.all(readers.map(reader => reader.ask('assigned', { name: reader.name })));
      return shares.every(share => share.length === 2);
    }, 'two readers do not share four partitions', 20);
    await producer.ask('stream', { name: 'beside', topic, idempotent: true, first: 0 });
    const count = await shout(served, kinds, seconds, seed);
    const { acked, failed } = await producer.ask('halt', { name: 'beside' });
    await eventually(() => state.found.length >= acked.length, '', 20).catch(() => {});
    await pause(500);
    state.over = true;
    await reading;
    const found = state.found.map(({ s }) => Number(s));
    const there = new Set(found);
    const lost = acked.filter(number => !there.has(number)).length;
    if (failed.length) throw new Error(`${failed.length} records failed beside the fuzzer`);
    if (acked.length < seconds * 20) throw new Error(`only ${acked.length} records were taken in ${seconds} s beside the fuzzer`);
    if (lost || found.length !== there.size) throw new Error(`beside the fuzzer ${lost} are lost and ${found.length - there.size} come twice`);
    const fewest = { said: seconds * 200, answered: seconds * 20, closed: 24 };
    const few = Object.keys(fewest).find(what => count[what] < fewest[what]);
    if (few) throw new Error(`${count[few]} ${few} in ${seconds} s is too little to mean anything`);
    if (state.commits < seconds) throw new Error(`only ${state.commits} commits in ${seconds} s beside the fuzzer`);
    const taken = count.memory;
    if (taken > 400e6) throw new Error(`the cluster takes ${Math.round(taken / 1e6)} MB`);
    return `${count.said} requests of ${kinds.size} kinds, ${count.answered} answers, ${count.closed} connections; ${acked.length} records and ${state.commits} commits beside; at most ${Math.round(taken / 1e6)} MB`;
  } finally {
    clients.forEach(client => client.end());
  }
}
