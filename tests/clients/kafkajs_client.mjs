// kafkajs behind the same words as the Python clients: a line of JSON in, a line of JSON out.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import kafkajs from 'kafkajs';
import { bringCodecs } from './codecs.mjs';

const { AssignerProtocol, CompressionTypes, ConfigResourceTypes, Kafka, Partitioners, logLevel } = kafkajs;
const kafka = new Kafka({
  brokers: process.argv[2].split(','),
  clientId: 'kafkajs',
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, retries: 30, maxRetryTime: 1000 },
});
await bringCodecs();
const admin = kafka.admin();
const consumers = new Map();
const streams = new Map();
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** kafkajs brings one assigner, under a name of its own; to be in a group with others it needs theirs. */
const strategies = {
  range: topics => (members, partitionsOf) => each(topics, members, (sorted, topic, give) => {
    const count = partitionsOf(topic), share = Math.floor(count / sorted.length), rest = count % sorted.length;
    sorted.forEach((member, i) => {
      const from = i * share + Math.min(i, rest);
      for (let p = from; p < from + share + (i < rest ? 1 : 0); p += 1) give(member, p);
    });
  }),
  roundrobin: topics => (members, partitionsOf) => {
    let next = 0;
    return each(topics, members, (sorted, topic, give) => {
      for (let p = 0; p < partitionsOf(topic); p += 1) give(sorted[next++ % sorted.length], p);
    });
  },
};

function each(topics, members, share) {
  const given = new Map(members.map(member => [member, {}]));
  const sorted = [...members].sort();
  for (const topic of [...topics].sort()) share(sorted, topic, (member, p) => (given.get(member)[topic] ??= []).push(p));
  return given;
}

const assigner = name => ({ cluster }) => ({
  name,
  version: 0,
  async assign({ members, topics }) {
    await cluster.addMultipleTargetTopics(topics);
    const partitionsOf = topic => cluster.findTopicPartitionMetadata(topic).length;
    const given = strategies[name](topics)(members.map(({ memberId }) => memberId), partitionsOf);
    return [...given].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
    }));
  },
  protocol: ({ topics }) => ({
    name,
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
});

function wanted({ k = null, v = null, h = [], at }, partition) {
  const value = v && typeof v === 'object' ? (`${v.n}:` + 'abcdefghijklmnopqrstuvwxyz'.repeat(v.size / 26 + 1)).slice(0, v.size) : v;
  return { key: k, value, headers: Object.fromEntries(h), ...(partition === null ? {} : { partition }), ...(at === undefined ? {} : { timestamp: `${at}` }) };
}

function seen(topic, partition, { offset, timestamp, key, value, headers }) {
  const list = Object.entries(headers ?? {}).map(([name, data]) => [name, data?.toString() ?? null]);
  const digest = value && createHash('sha1').update(value).digest('hex');
  const short = value && value.length < 64 ? value.toString() : null;
  return { t: topic, p: partition, o: Number(offset), at: Number(timestamp), k: key?.toString() ?? null, v: digest, s: short, h: list };
}

async function producer(idempotent) {
  const made = kafka.producer({ idempotent, createPartitioner: Partitioners.DefaultPartitioner });
  await made.connect();
  return made;
}

/** What administrators do. */
const administration = {
  async settings({ topic }) {
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] });
    return Object.fromEntries(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
  },
  set: ({ topic, name, value }) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }] }),
  grow: ({ topic, count }) => admin.createPartitions({ topicPartitions: [{ topic, count }] }),
  async forget({ topic, partition, before }) {
    // It keeps to itself what the broker answers, where the log begins now.
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${before}` }] });
    return (await administration.bounds({ topic, partition }))[0];
  },
  async bounds({ topic, partition }) {
    const found = (await admin.fetchTopicOffsets(topic)).find(one => one.partition === partition);
    return [Number(found.low), Number(found.high)];
  },
  async leaders({ topic }) {
    const { partitions } = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0];
    return partitions.sort((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
  },
  async members({ group }) {
    const { state, members } = (await admin.describeGroups([group])).groups[0];
    return [state.toUpperCase(), members.length];
  },
  async committed({ group, topic }) {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Object.fromEntries(found.partitions.filter(({ offset }) => Number(offset) >= 0).map(({ partition, offset }) => [partition, Number(offset)]));
  },
  move: ({ group, topic, partition, offset }) => admin.setOffsets({ groupId: group, topic, partitions: [{ partition, offset: `${offset}` }] }),
  dissolve: ({ group }) =>
    admin.deleteGroups([group]).catch(error => {
      throw new Error(error.groups?.[0]?.error?.message ?? error.message);
    }),
  async cluster() {
    const { brokers, controller } = await admin.describeCluster();
    return [brokers.length, controller];
  },
};

const words = {
  ...administration,
  async create({ topic, partitions, replicas }) {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, replicationFactor: replicas }] });
  },
  delete: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  topics: async () => (await admin.listTopics()).sort(),
  describe: async ({ topic }) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length,
  groups: async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort(),

  async produce({ topic, partition, acks, codec, idempotent, records }) {
    const made = await producer(idempotent);
    const compression = CompressionTypes[codec === 'none' ? 'None' : codec === 'snappy' ? 'Snappy' : codec.toUpperCase()];
    const places = [];
    for (const record of records) {
      const sent = await made.send({ topic, acks: acks === 'all' ? -1 : Number(acks), compression, messages: [wanted(record, partition)] });
      places.push(sent?.[0] ? [sent[0].partition, Number(sent[0].baseOffset)] : [partition, -1]);
    }
    await made.disconnect();
    return places;
  },

  async stream({ name, topic, idempotent, first }) {
    const made = await producer(idempotent);
    const stream = { halted: false, acked: [], failed: [], made };
    streams.set(name, stream);
    // One at a time: kafkajs gives a batch the next sequence when it sends it, also when two overtake each other.
    stream.done = (async () => {
      for (let number = first; !stream.halted; number += 1) {
        const message = { key: `${number}`, value: `${number}` };
        await made.send({ topic, acks: -1, messages: [message] }).then(() => stream.acked.push(number), () => stream.failed.push(number));
      }
    })();
  },
  async halt({ name }) {
    const stream = streams.get(name);
    stream.halted = true;
    await stream.done;
    await stream.made.disconnect();
    return { acked: stream.acked, failed: stream.failed };
  },

  async join({ name, topics, group, strategy }) {
    const consumer = kafka.consumer({ groupId: group, partitionAssigners: [assigner(strategy)], sessionTimeout: 10_000, heartbeatInterval: 500, metadataMaxAge: 1000, maxWaitTimeInMs: 500 });
    const state = { consumer, found: [], next: new Map(), assigned: [], joins: 0 };
    consumers.set(name, state);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // How far it was in what is others' now is theirs to say.
      state.next.clear();
      state.joins += 1;
      state.assigned = Object.entries(payload.memberAssignment).flatMap(([topic, list]) => list.map(p => [topic, p])).sort();
    });
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        state.found.push({ ...seen(topic, partition, message), by: name, joins: state.joins });
        state.next.set(`${topic} ${partition}`, { topic, partition, offset: `${Number(message.offset) + 1}` });
      },
    });
  },
  async collect({ names, total, timeout, quiet = 0 }) {
    const states = names.map(name => consumers.get(name));
    const until = Date.now() + timeout * 1000;
    while (states.reduce((sum, { found }) => sum + found.length, 0) < total && Date.now() < until) await pause(20);
    await pause(quiet * 1000);
    return states.flatMap(state => state.found.splice(0));
  },
  /** What it was told to commit, since a late commit of it may take a group back. */
  async commit({ name }) {
    const { consumer, next } = consumers.get(name);
    const told = [...next.values()];
    await consumer.commitOffsets(told);
    return told.map(({ partition, offset }) => [partition, Number(offset)]);
  },
  seek: async ({ name, topic, partition, offset }) => consumers.get(name).consumer.seek({ topic, partition, offset: `${offset}` }),
  assigned: async ({ name }) => consumers.get(name).assigned,
  async leave({ name }) {
    const { consumer } = consumers.get(name);
    consumers.delete(name);
    await consumer.disconnect();
  },
};

await admin.connect();
const say = answer => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ ok: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, word, ...rest } = JSON.parse(line);
  try {
    say({ id, ok: (await words[word](rest)) ?? null });
  } catch (error) {
    say({ id, error: `${error.name}: ${error.message}` });
  }
}
process.exit(0);
