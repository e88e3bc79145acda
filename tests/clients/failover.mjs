// Groups that go on reading and committing while the broker that coordinates them dies and comes back.
import { create, eventually, expect, named } from './cases.mjs';
import { pause } from './members.mjs';

/**
 * How many members of a library read together. kafka-python has one: a leader of its groups may join again after each
 * assignment, without end, when its members are polled one after the other.
 */
const sizeOf = client => (client.name === 'kafka-python' ? 1 : 2);

/** A group of members of one library, which reads and commits without a pause. */
class Group {
  constructor(client, topic) {
    const members = Array.from({ length: sizeOf(client) }, () => named(`${client.name}-member`));
    Object.assign(this, { client, topic, members, found: new Map(), again: [], back: [], highest: {}, refused: 0, commits: 0, over: false });
  }

  async begin() {
    for (const name of this.members) await this.client.ask('join', { name, topics: [this.topic], group: this.topic, strategy: 'range' });
    this.working = this.work();
  }

  async work() {
    while (!this.over) {
      await this.listens();
      const committed = this.committed;
      for (const { p, o, s } of await this.client.ask('collect', { names: this.members, total: 100, timeout: 0.5 })) {
        if (this.found.has(Number(s)) && o < (committed[p] ?? 0)) this.again.push(`${p}@${o} below ${committed[p]}`);
        this.found.set(Number(s), `${p}@${o}`);
      }
      for (const name of this.members) {
        // A commit may fail while nobody coordinates; the next one says as much.
        await this.client.ask('commit', { name }).then(() => (this.commits += 1), () => (this.refused += 1));
      }
    }
  }

  /** What a coordinator says is committed, which does not go back. */
  async listens() {
    this.committed = await this.client.ask('committed', { group: this.topic, topic: this.topic }).catch(() => ({}));
    for (const [p, offset] of Object.entries(this.committed)) {
      if (offset < (this.highest[p] ?? 0)) this.back.push(`${p}: ${offset} after ${this.highest[p]}`);
      this.highest[p] = Math.max(offset, this.highest[p] ?? 0);
    }
  }

  async end() {
    this.over = true;
    await this.working;
    for (const name of this.members) await this.client.ask('leave', { name });
  }
}

/**
 * Every library has a group. The coordinators are killed one after the other while somebody produces, and come back.
 * Everything that was acknowledged is read, what was committed stays committed, and is not read again.
 */
export async function keepsReading(clients, served) {
  const [producer] = clients;
  const groups = [];
  for (const client of clients.filter(client => client.name !== 'kcat')) {
    groups.push(new Group(client, await create(clients, `kept-${client.name}`, 4)));
  }
  for (const group of groups) {
    await group.begin();
    await producer.ask('stream', { name: group.topic, topic: group.topic, idempotent: true, first: 0 });
  }
  for (const { client, found } of groups) await eventually(() => found.size > 50, `${client.name}: a group reads nothing`, 40);
  const victims = new Set();
  for (const group of groups) victims.add(await producer.ask('coordinator', { group: group.topic }));
  for (const victim of victims) {
    expect((await served.tell(`kill broker ${victim}`)).startsWith('ok'), 'a coordinator cannot be killed');
    await pause(3000);
    // Everybody reads and commits on without it.
    const before = groups.map(({ found, commits }) => [found.size, commits]);
    for (const [i, group] of groups.entries()) {
      const goes = () => group.found.size > before[i][0] + 50 && group.commits > before[i][1] + 1;
      await eventually(goes, `${group.client.name}: a group does not go on without broker ${victim}`, 60);
    }
    expect((await served.tell(`restart broker ${victim}`)).startsWith('ok'), 'a broker cannot be restarted');
    await pause(3000);
  }
  const halted = await Promise.all(groups.map(group => producer.ask('halt', { name: group.topic })));
  const results = [];
  for (const [i, group] of groups.entries()) {
    const { acked, failed } = halted[i];
    const missing = () => acked.filter(number => !group.found.has(number)).length;
    await eventually(() => missing() === 0, '', 30).catch(() => {});
    await group.end();
    const { client, again, back, commits, refused } = group;
    results.push({ name: client.name, acked: acked.length, failed: failed.length, lost: missing(), again, back, commits, refused });
  }
  return results;
}

/** What one group must have kept to. kafkajs goes on with what it has fetched while it joins again, and commits that. */
export function keptTo({ name, acked, failed, lost, again, back }) {
  expect(acked > 1000, `only ${acked} records were acknowledged`);
  expect(!failed, `${failed} records failed`);
  expect(!lost, `${lost} acknowledged records are not read`);
  if (name === 'kafkajs') return;
  expect(!back.length, `what was committed goes back: ${back.slice(0, 3).join(', ')}`);
  expect(!again.length, `${again.length} records are read again, such as ${again.slice(0, 3).join(', ')}`);
}
