// Groups that go on reading and committing while the broker that coordinates them dies and comes back.
import { create, eventually, expect, named } from './cases.mjs';
import { another, pause } from './members.mjs';

/**
 * How many members of a library read together. kafka-python has one: a leader of its groups may join again after each
 * assignment, without end, when its members are polled one after the other.
 */
const sizeOf = client => (client.name === 'kafka-python' ? 1 : 2);

/** A group of members of one library, which reads and commits without a pause. */
class Group {
  /** `witness` is a client of another library, which is asked what is committed. */
  constructor(client, topic, witness) {
    const members = Array.from({ length: sizeOf(client) }, () => named(`${client.name}-member`));
    Object.assign(this, { client, topic, witness, members, found: new Map(), again: [], back: [], highest: {}, told: {}, heard: 0, refused: 0, commits: 0, over: false });
  }

  async begin() {
    this.client.restarts = true;
    for (const name of this.members) await this.client.ask('join', { name, topics: [this.topic], group: this.topic, strategy: 'range' });
    this.working = this.work();
    // What goes wrong there is said at the end.
    this.working.catch(() => {});
  }

  async work() {
    while (!this.over) {
      await this.listens();
      const committed = this.committed;
      for (const { p, o, s, by, joins } of await this.client.ask('collect', { names: this.members, total: 100, timeout: 0.5 })) {
        const life = `${by} ${joins}`;
        const before = this.found.get(Number(s));
        const below = committed[p] ?? 0;
        if (before && o < below && !this.isOwnDoing(p, o, before !== life)) this.again.push(`${p}@${o} below ${below}`);
        this.found.set(Number(s), life);
      }
      for (const name of this.members) {
        // A commit may fail while nobody coordinates; the next one says as much.
        await this.client.ask('commit', { name }).then(told => this.tells(told), () => (this.refused += 1));
      }
    }
  }

  /** What a member has committed, as far as it says. */
  tells(told) {
    this.commits += 1;
    for (const [p, offset] of Array.isArray(told) ? told : []) (this.told[p] ??= []).push(offset);
  }

  /**
   * Whether a group of kafkajs reads a record again because of itself: it goes on with what it has fetched while it joins
   * again, and commits that, too. So what it reads again in another life than before is not judged: also below what it has
   * committed itself it reads some records twice.
   */
  isOwnDoing(p, offset, inAnotherLife) {
    if (this.client.name !== 'kafkajs') return false;
    return inAnotherLife || this.wentBack(p, low => low <= offset);
  }

  /** Whether a commit of the group itself has taken it back, to where `fits` says. */
  wentBack(p, fits, from = 0) {
    const told = this.told[p] ?? [];
    return told.some((low, i) => fits(low) && told.slice(0, i).some(high => high > low && high >= from));
  }

  /** What a coordinator says is committed, which does not go back. */
  async listens() {
    this.committed = await this.witness.ask('committed', { group: this.topic, topic: this.topic }).catch(() => null);
    if (this.committed) this.heard += 1;
    else this.committed = {};
    for (const [p, offset] of Object.entries(this.committed)) {
      const highest = this.highest[p] ?? 0;
      if (offset < highest && !this.wentBack(p, low => low === offset, highest)) this.back.push(`${p}: ${offset} after ${highest}`);
      this.highest[p] = Math.max(offset, this.highest[p] ?? 0);
    }
  }

  async end() {
    this.over = true;
    await this.working;
    for (const name of this.members) await this.client.ask('leave', { name });
    this.client.restarts = false;
  }
}

/**
 * Every library has a group. The coordinators are killed one after the other while somebody produces, and come back.
 * Everything that was acknowledged is read, what was committed stays committed, and is not read again.
 */
export async function keepsReading(clients, served) {
  const [producer, , aiokafka] = clients;
  // librdkafka 2.16.1, asked for committed offsets again and again while coordinators die, falls over (SIGSEGV in rdk:main).
  const witness = await another('kafka-python', served.brokers);
  const groups = [];
  for (const client of clients) {
    groups.push(new Group(client, await create(clients, `kept-${client.name}`, 4), client.name === 'kafka-python' ? aiokafka : witness));
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
    const { client, again, back, commits, refused, heard } = group;
    results.push({ name: client.name, members: group.members.length, judged: judgedOf(client), acked: acked.length, failed: failed.length, lost: missing(), again, back, commits, refused, heard });
  }
  witness.end();
  return results;
}

/**
 * How much of what a group reads again is judged. kcat commits by itself while its records are still on their way to us,
 * and of kafkajs only that counts which a member reads twice without having joined again.
 */
const judgedOf = ({ name }) => ({ kcat: 'nothing', kafkajs: 'within a life' })[name] ?? 'all';

/** What one group must have kept to. */
export function keptTo({ judged, acked, failed, lost, again, back, heard }) {
  expect(acked > 1000, `only ${acked} records were acknowledged`);
  expect(!failed, `${failed} records failed`);
  expect(!lost, `${lost} acknowledged records are not read`);
  expect(heard > 10, `what is committed was heard only ${heard} times`);
  expect(!back.length, `what was committed goes back: ${back.slice(0, 3).join(', ')}`);
  if (judged === 'nothing') return;
  expect(!again.length, `${again.length} records are read again, such as ${again.slice(0, 3).join(', ')}`);
}
