// A fuzzer beside clients that must not notice: what real clients have said is changed and said again.
//
// The corpus is a record of the other cases, so it has every request that the clients make, in the versions in which
// they make them. The same seed makes the same changes.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { connect } from 'node:net';
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

const LONGEST = 8192;
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
    switch (below(7)) {
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

/** Says changed requests to every broker for some seconds; how many, and how many connections they cost. */
async function shout(brokers, kinds, seconds, seed) {
  const chance = dice(seed);
  const all = [...kinds.values()];
  const count = { said: 0, answered: 0, closed: 0 };
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
    await pause(4);
  }
  open.splice(0).forEach(socket => socket.destroy());
  return count;
}

/** Memory of a process in bytes; null where that is not to be had. */
function memory(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return null;
  }
}

/** Fuzzes beside a producer and a group of two libraries, none of which may lose or repeat anything. */
export async function fuzz(served, record, { seconds, seed }) {
  const kinds = corpus(record);
  if (kinds.size < 20) throw new Error(`the corpus has ${kinds.size} kinds of requests, which is too few to mean anything`);
  const clients = await members(served.brokers);
  try {
    const [producer, , , reader] = clients;
    const topic = 'beside-the-fuzzer';
    await producer.ask('create', { topic, partitions: 3, replicas: 3 });
    await reader.ask('join', { name: 'beside', topics: [topic], group: topic, strategy: 'range' });
    await producer.ask('stream', { name: 'beside', topic, idempotent: true, first: 0 });
    const count = await shout(served.brokers.split(','), kinds, seconds, seed);
    const { acked, failed } = await producer.ask('halt', { name: 'beside' });
    const found = (await reader.ask('collect', { names: ['beside'], total: acked.length, timeout: 20, quiet: 0.5 })).map(({ s }) => Number(s));
    const there = new Set(found);
    const lost = acked.filter(number => !there.has(number)).length;
    if (failed.length) throw new Error(`${failed.length} records failed beside the fuzzer`);
    if (acked.length < seconds * 20) throw new Error(`only ${acked.length} records were taken in ${seconds} s beside the fuzzer`);
    if (lost || found.length !== there.size) throw new Error(`beside the fuzzer ${lost} are lost and ${found.length - there.size} come twice`);
    const fewest = { said: seconds * 200, answered: seconds * 20, closed: 24 };
    const few = Object.keys(fewest).find(what => count[what] < fewest[what]);
    if (few) throw new Error(`${count[few]} ${few} in ${seconds} s is too little to mean anything`);
    const taken = memory(served.pid);
    if (taken > 400e6) throw new Error(`the cluster takes ${Math.round(taken / 1e6)} MB`);
    return `${count.said} requests of ${kinds.size} kinds, ${count.answered} answers, ${count.closed} connections; ${acked.length} records beside; ${Math.round(taken / 1e6)} MB`;
  } finally {
    clients.forEach(client => client.end());
  }
}
