// What administrators do with topics and groups, by every library that can.
import { eventually, expect, named, numbered, numbers } from './cases.mjs';

/** What a library has no call for. */
const MISSING = { aiokafka: ['bounds', 'move', 'dissolve'] };

/** What a library says in the place of the broker's own words. */
const refusals = new Map([['kafkajs', /error while deleting records/i]]);

const refused = async (asking, pattern, what) => {
  const error = await asking.then(() => null, error => error);
  expect(error, `${what} is not refused`);
  expect(pattern.test(error.message), `${what}: ${error.message}`);
};

/** Settings, partitions, the beginning of a log; members, offsets and the end of a group. */
export async function manages(client) {
  const can = word => !MISSING[client.name]?.includes(word);
  const topic = named('managed');
  await client.ask('create', { topic, partitions: 1, replicas: 3 });
  await eventually(async () => (await client.ask('topics')).includes(topic), 'a new topic is not listed');
  const [brokers, controller] = await client.ask('cluster');
  expect(brokers === 3 && [1, 2, 3].includes(controller), `${brokers} brokers, of which ${controller} is the controller`);
  await configures(client, topic);
  await client.ask('produce', { topic, partition: 0, acks: 'all', codec: 'none', idempotent: false, records: numbered(0, 10) });
  const low = await client.ask('forget', { topic, partition: 0, before: 4 });
  expect(low === 4, `a log that was cut at 4 begins at ${low}`);
  if (can('bounds')) {
    const bounds = await client.ask('bounds', { topic, partition: 0 });
    expect(bounds.join() === '4,10', `a log from 4 to 10 is said to be from ${bounds.join(' to ')}`);
  }
  await refused(client.ask('forget', { topic, partition: 0, before: 11 }), refusals.get(client.name) ?? /out.?of.?range/i, 'to cut a log behind its end');
  await grows(client, topic);
  await governs(client, topic, can);
  return Object.keys(MISSING).includes(client.name) ? 'ok (no groups)' : 'ok';
}

async function configures(client, topic) {
  const before = await client.ask('settings', { topic });
  expect(before['retention.ms'] === '604800000', `retention.ms is ${before['retention.ms']}`);
  await client.ask('set', { topic, name: 'retention.ms', value: '7200000' });
  await eventually(async () => (await client.ask('settings', { topic }))['retention.ms'] === '7200000', 'a setting does not change');
  await refused(client.ask('set', { topic, name: 'retention.ms', value: 'soon' }), /invalid/i, 'a time that is none');
}

async function grows(client, topic) {
  await client.ask('grow', { topic, count: 4 });
  await eventually(async () => {
    const leaders = await client.ask('leaders', { topic });
    return leaders.length === 4 && leaders.every(leader => leader > 0);
  }, 'a topic with one partition does not grow to four');
  await refused(client.ask('grow', { topic, count: 2 }), /invalid|partitions/i, 'to have fewer partitions');
}

async function governs(client, topic, can) {
  const group = topic;
  const [name, other] = [named('ruled'), named('ruled')];
  const join = name => client.ask('join', { name, topics: [topic], group, strategy: 'range' });
  await join(name);
  const found = await client.ask('collect', { names: [name], total: 6, timeout: 30 });
  expect(numbers(found).join() === '4,5,6,7,8,9', `a log that begins at 4 is read as ${numbers(found).join()}`);
  await client.ask('commit', { name });
  const present = await client.ask('members', { group });
  expect(present.join() === 'STABLE,1', `a group of one is ${present.join(' with ')}`);
  const committed = await client.ask('committed', { group, topic });
  expect(committed[0] === 10, `10 was committed, and ${committed[0]} is listed`);
  if (can('dissolve')) await refused(client.ask('dissolve', { group }), /not.?empty|non.?empty/i, 'to delete a group that has members');
  await client.ask('leave', { name });
  await eventually(async () => (await client.ask('members', { group })).join() === 'EMPTY,0', 'a group that everybody has left is not empty');
  if (!can('move')) return;
  await client.ask('move', { group, topic, partition: 0, offset: 7 });
  expect((await client.ask('committed', { group, topic }))[0] === 7, 'a group is not moved');
  await join(other);
  const again = await client.ask('collect', { names: [other], total: 3, timeout: 30, quiet: 0.3 });
  expect(numbers(again).join() === '7,8,9', `from 7 on it reads ${numbers(again).join()}`);
  await client.ask('leave', { name: other });
  await eventually(async () => (await client.ask('members', { group }))[1] === 0, 'a member does not leave');
  await client.ask('dissolve', { group });
  expect(!(await client.ask('groups')).includes(group), 'a group that was deleted is listed');
}
