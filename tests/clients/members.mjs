// The clients: three Python libraries, kafkajs and kcat, each behind the same words.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { at } from '../../www/tools/kit.mjs';

const PYTHON = at('.tools/clients/bin/python');
/** Nothing that a client is asked takes so long. */
const PATIENCE = 240_000;

/** Every process that was started here, so that none is left behind. */
const processes = new Set();

function begin(command, args, stdio) {
  const child = spawn(command, args, { stdio });
  processes.add(child);
  child.on('exit', () => processes.delete(child));
  return child;
}

/** Ends whatever still runs, however it is. */
export const endAll = () => processes.forEach(child => child.kill('SIGKILL'));

/** A promise that fails, saying what nobody answered, when it takes too long. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${PATIENCE / 1000} s`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A client in a process of its own, spoken to in lines of JSON. Each answers one thing after the other. */
class Remote {
  constructor(name, command, args, codecs) {
    Object.assign(this, { name, codecs, waiting: new Map(), next: 1, said: '' });
    this.child = begin(command, args, ['pipe', 'pipe', 'pipe']);
    this.child.stderr.on('data', chunk => (this.said = (this.said + chunk).slice(-4000)));
    createInterface({ input: this.child.stdout }).on('line', line => this.hear(JSON.parse(line)));
    this.ready = new Promise((resolve, reject) => this.waiting.set(undefined, { resolve, reject }));
    this.child.on('exit', (code, signal) => {
      this.ended = new Error(`${name} ended by itself (${signal ?? `code ${code}`}) ${this.said}`);
      this.waiting.forEach(({ reject }) => reject(this.ended));
    });
  }

  hear({ id, ok, error }) {
    const { resolve, reject } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (!resolve) return;
    if (error) reject(new Error(`${this.name}: ${error}`));
    else resolve(ok);
  }

  ask(word, rest = {}) {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.next++;
    const answer = new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ id, word, ...rest })}\n`);
    });
    return within(answer, `${this.name} ${word}`);
  }

  end() {
    this.child.removeAllListeners('exit');
    this.child.stdin.end();
    setTimeout(() => this.child.kill('SIGKILL'), 2000).unref();
  }
}

/** A member that ends by itself is started again so often. */
const FALLS = 3;

/** kcat has a process for each thing that it does. */
class Kcat {
  constructor(brokers) {
    Object.assign(this, { name: 'kcat', brokers, codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'], consumers: new Map(), streams: new Map(), ready: Promise.resolve(), falls: [], restarts: false });
  }

  ask(word, rest = {}) {
    return within(this[word](rest), `kcat ${word}`);
  }

  run(args, input = '') {
    return new Promise((resolve, reject) => {
      const child = begin('kcat', ['-b', this.brokers, '-q', ...args], ['pipe', 'pipe', 'pipe']);
      let [out, said] = ['', ''];
      child.stdout.on('data', chunk => (out += chunk));
      child.stderr.on('data', chunk => (said += chunk));
      child.on('close', code => (code === 0 ? resolve(out) : reject(new Error(`kcat: ${said || `code ${code}`}`))));
      child.stdin.end(input);
    });
  }

  async topics() {
    return JSON.parse(await this.run(['-L', '-J'])).topics.map(({ topic }) => topic).sort();
  }

  async describe({ topic }) {
    return JSON.parse(await this.run(['-L', '-J', '-t', topic])).topics[0].partitions.length;
  }

  /** What differs between records is an option of the whole program: a run for each. */
  async produce({ topic, partition, acks, codec, idempotent, records }) {
    for (const { k = null, v = null, h = [] } of records) {
      const size = v?.size;
      const value = size ? (`${v.n}:` + 'abcdefghijklmnopqrstuvwxyz'.repeat(size / 26 + 1)).slice(0, size) : v ?? '';
      const args = ['-P', '-t', topic, '-p', `${partition ?? -1}`, '-X', `topic.acks=${acks}`, '-K', '\t', '-D', '\n', ...(codec === 'none' ? [] : ['-z', codec])];
      if (v === null) args.push('-Z');
      if (idempotent) args.push('-X', 'enable.idempotence=true');
      h.forEach(([name, text]) => args.push('-H', `${name}=${text}`));
      await this.run(args, k === null ? `${value}\n` : `${k}\t${value}\n`);
    }
    return records.map(() => [partition, -1]);
  }

  /** What is piped to it, a line every few milliseconds, for as long as it shall. */
  async stream({ name, topic, idempotent, first }) {
    const child = begin('kcat', ['-b', this.brokers, '-q', '-P', '-t', topic, '-K', '\t', '-X', `enable.idempotence=${idempotent}`, '-X', 'linger.ms=2'], ['pipe', 'ignore', 'pipe']);
    const stream = { child, first, said: '', next: first, ended: new Promise(resolve => child.on('close', resolve)) };
    child.stderr.on('data', chunk => (stream.said += chunk));
    child.stdin.on('error', () => {});
    stream.timer = setInterval(() => {
      if (!child.stdin.writableNeedDrain) child.stdin.write(`${stream.next}\t${stream.next++}\n`);
    }, 3);
    this.streams.set(name, stream);
  }

  /** At the end of its input it waits for every answer, and says whether one was a refusal, not which. */
  async halt({ name }) {
    const stream = this.streams.get(name);
    this.streams.delete(name);
    clearInterval(stream.timer);
    stream.child.stdin.end();
    const code = await stream.ended;
    const numbers = Array.from({ length: stream.next - stream.first }, (_, i) => stream.first + i);
    return code === 0 && !/failed/i.test(stream.said) ? { acked: numbers, failed: [] } : { acked: [], failed: numbers };
  }

  async join({ name, topics, group, strategy }) {
    const args = ['-b', this.brokers, '-q', '-u', '-J', '-X', 'auto.offset.reset=earliest', '-X', `partition.assignment.strategy=${strategy}`,
      '-X', 'session.timeout.ms=10000', '-X', 'topic.metadata.refresh.interval.ms=1000', '-X', 'auto.commit.interval.ms=200', '-G', group, ...topics];
    const state = { name, args, found: [], falls: 0, over: null, isLeaving: false };
    this.consumers.set(name, state);
    this.consume(state);
  }

  /**
   * kcat ends when librdkafka tells it of an error of which it would get over, such as that nobody coordinates just now.
   * Where brokers die it is started again, as whoever runs it would, but not for ever.
   */
  consume(state) {
    const { name, args } = state;
    const child = begin('kcat', args, ['ignore', 'pipe', 'pipe']);
    let said = '';
    child.stderr.on('data', chunk => (said += chunk));
    createInterface({ input: child.stdout }).on('line', line => {
      // One that falls over may leave half a line.
      if (line.endsWith('}')) state.found.push({ ...seen(JSON.parse(line)), by: name });
    });
    state.child = child;
    state.closed = new Promise(resolve => {
      child.on('close', async (code, signal) => {
        resolve();
        if (state.isLeaving) return;
        const why = said.trim() || signal || `code ${code}`;
        if (!this.restarts || state.falls === FALLS) {
          state.over = new Error(`${name} has ended by itself: ${why}`);
          return;
        }
        state.falls += 1;
        this.falls.push(why);
        await pause(1000);
        if (!state.isLeaving) this.consume(state);
      });
    });
  }

  /** A member, unless it has ended by itself. */
  member(name) {
    const state = this.consumers.get(name);
    if (state.over) throw state.over;
    return state;
  }

  async collect({ names, total, timeout, quiet = 0 }) {
    const states = names.map(name => this.member(name));
    const until = Date.now() + timeout * 1000;
    while (states.reduce((sum, { found }) => sum + found.length, 0) < total && Date.now() < until) await pause(20);
    await pause(quiet * 1000);
    return states.flatMap(state => state.found.splice(0));
  }

  async commit() {
    await pause(500);
  }

  /** What a partition has from a place on: an offset, as many before its end, or a time. */
  async readFrom({ topic, partition, from }) {
    const out = await this.run(['-C', '-J', '-e', '-t', topic, '-p', `${partition}`, '-o', `${from}`]);
    return out.split('\n').filter(Boolean).map(line => seen(JSON.parse(line)));
  }

  leave({ name }) {
    const state = this.member(name);
    this.consumers.delete(name);
    state.isLeaving = true;
    state.child.kill('SIGINT');
    return state.closed;
  }

  end() {
    this.consumers.forEach(state => {
      state.isLeaving = true;
      state.child.kill('SIGKILL');
    });
    this.streams.forEach(({ child, timer }) => {
      clearInterval(timer);
      child.kill('SIGKILL');
    });
  }
}

/** A record as kcat prints it. Headers come as a flat list. */
function seen({ topic, partition, offset, ts, key, payload, headers = [] }) {
  const list = Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]]);
  const digest = payload === null ? null : createHash('sha1').update(payload).digest('hex');
  return { t: topic, p: partition, o: offset, at: ts, k: key, v: digest, s: payload !== null && payload.length < 64 ? payload : null, h: list };
}

export const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

const all = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const python = (name, brokers) => new Remote(name, PYTHON, [at('tests/clients/python_client.py'), name, brokers], all);

/** One more client, for questions that nobody else is to answer. */
export async function another(name, brokers) {
  const client = python(name, brokers);
  await client.ready;
  return client;
}

/** Every client, ready to be asked. */
export async function members(brokers) {
  const found = [
    python('confluent-kafka', brokers),
    python('kafka-python', brokers),
    python('aiokafka', brokers),
    new Remote('kafkajs', process.execPath, [at('tests/clients/kafkajs_client.mjs'), brokers], all),
    new Kcat(brokers),
  ];
  await Promise.all(found.map(client => client.ready));
  return found;
}
