//! Each law can fail: it is shown a world in which something was planted, or news that must not be.
//!
//! That the laws hold is shown elsewhere, by every script and every shaken run.

mod answers;
mod bounded;
mod clients;
mod commits;
mod compaction;
mod coordinators;
mod departures;
mod elections;
mod groups;
mod handed;
mod logs;
mod losses;
mod matching;
mod offices;
mod offsets;
mod orders;
mod parts;
mod pictures;
mod produced;
mod quorum;
mod refusals;
mod replication;
mod sequences;
mod sessions;
mod structure;
mod told;
mod topics;
mod wire;

use std::sync::Arc;

use super::*;
use crate::broker::{Broker, Partition};
use crate::controller::{PartitionState, znodes};
use crate::fact::{Fact, Role};
use crate::log::Log;
use crate::model::{ConnectionId, LeaderEpoch, PartitionEpoch};
use crate::process::Payload;
use crate::protocol::records::{Batch, read_batches};
use crate::protocol::{ApiKey, Chunks};
use crate::script;
use crate::world::{History, Journal, Parcel, Place, Program, Ran};

/// Three records on three replicas, all of them committed everywhere.
pub(super) fn world() -> World {
    world_with("a")
}

fn world_with(word: &str) -> World {
    let text = format!(
        "world brokers=3 seed=1 latency=1ms replica.lag.time.max.ms=2000\n\
         topic orders partitions=1 replicas=1,2,3\n\
         producer p1 acks=all\n\
         consumer c1\n\
         run 1s\n\
         produce p1 orders-0 \"{word}\"\nrun 100ms\n\
         produce p1 orders-0 \"{word}\"\nrun 100ms\n\
         produce p1 orders-0 \"{word}\"\nrun 2s\n"
    );
    played(&text)
}

/// The same, but broker 3 has heard nothing since the first record, and counts no more.
fn world_without_broker_3() -> World {
    played(
        "world brokers=3 seed=1 latency=1ms replica.lag.time.max.ms=2000\n\
         topic orders partitions=1 replicas=1,2,3\n\
         producer p1 acks=1\n\
         run 1s\n\
         produce p1 orders-0 \"a\"\nrun 100ms\nhold b3\n\
         produce p1 orders-0 \"a\"\nproduce p1 orders-0 \"a\"\nrun 5s\n",
    )
}

fn played(text: &str) -> World {
    history(text).world().clone()
}

fn history(text: &str) -> History {
    let script = script::parse(text).expect("the script reads");
    let history = script.play().expect("the script plays");
    assert_eq!(history.violation(), None);
    history
}

pub(super) fn orders() -> TopicPartition {
    TopicPartition::new("orders", 0)
}

fn broker_mut(world: &mut World, id: u16) -> &mut Broker {
    let host = world.hosts.get_mut(&ProcessId::Broker(id));
    match &mut Arc::make_mut(host.expect("the broker is there")).program {
        Program::Broker(broker) => broker,
        _ => panic!("{id} is a broker"),
    }
}

pub(super) fn log_of(world: &World, id: i32) -> Log {
    let broker = world.broker_by_id(BrokerId(id)).expect("a broker");
    broker
        .partition(&orders())
        .expect("a replica")
        .log()
        .clone()
}

pub(super) fn plant(world: &mut World, id: u16, change: impl FnOnce(&mut Partition)) {
    broker_mut(world, id).plant(&orders(), change);
}

/// News from a broker, at the instant at which the world stands.
fn news(world: &World, by: u16, fact: Fact) -> Entry {
    let by = Some(ProcessId::Broker(by));
    entry(world.now(), by, fact)
}

fn entry(at: Instant, by: Option<ProcessId>, fact: Fact) -> Entry {
    Entry {
        number: 1,
        at,
        by,
        fact,
    }
}

fn committed(to: i64) -> Fact {
    Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Leader,
        from: Offset(0),
        to: Offset(to),
    }
}

pub(super) fn appended(role: Role, base: i64, next: i64, epoch: i32) -> Fact {
    Fact::RecordsAppended {
        partition: orders(),
        role,
        base_offset: Offset(base),
        next_offset: Offset(next),
        epoch: LeaderEpoch(epoch),
        bytes: 1,
    }
}

fn cut(from: i64, to: i64) -> Fact {
    Fact::LogTruncated {
        partition: orders(),
        from: Offset(from),
        to: Offset(to),
    }
}

fn led(epoch: i32) -> Fact {
    Fact::BecameLeader {
        partition: orders(),
        epoch: LeaderEpoch(epoch),
        start_offset: Offset(0),
        isr: vec![BrokerId(1)],
    }
}

fn isr_changed() -> Fact {
    Fact::IsrChanged {
        partition: orders(),
        from: Vec::new(),
        to: Vec::new(),
        partition_epoch: PartitionEpoch(1),
    }
}

/// A law, with what it knows in common with others.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown<L> {
    law: L,
    common: Common,
}

impl<L: Invariant> Shown<L> {
    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        self.common.see(world, entry);
        self.law.check(self.common.view(world), entry)
    }
}

/// A law that looks on while a world runs.
struct Watched<L> {
    law: Shown<L>,
    world: World,
    journal: Journal,
    seen: u64,
}

impl<L: Invariant + Default> Watched<L> {
    /// Runs a script; what the law has against it. It is not told of what is left out.
    fn run_without(text: &str, left_out: impl Fn(&Fact) -> bool) -> (Watched<L>, Vec<String>) {
        let script = script::parse(text).expect("the script reads");
        let mut journal = Journal::default();
        let world = World::new(&script.plan, script.seed, &mut journal).expect("a world");
        let mut watched = Watched {
            law: Shown::default(),
            world,
            journal,
            seen: 0,
        };
        let mut found = Vec::new();
        for line in &script.lines {
            found.extend(watched.act(&line.action, &left_out));
        }
        (watched, found)
    }

    /// Runs a script with which the law agrees.
    fn run(text: &str) -> Watched<L> {
        let (watched, found) = Watched::run_without(text, |_| false);
        assert_eq!(found, Vec::<String>::new());
        watched
    }

    /// Goes on with a line; what the law has against it.
    fn line(&mut self, line: &str) -> Vec<String> {
        let action = script::parse_line(line).expect("a line");
        self.act(&action, &|_| false)
    }

    fn act(&mut self, action: &script::Action, left_out: &dyn Fn(&Fact) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        match action {
            script::Action::Command(command) => {
                let done = self.world.perform(command, &mut self.journal);
                done.expect("it can be done");
            }
            script::Action::Run { span, .. } => {
                let goal = Place::after(self.world.now() + *span);
                while self.world.step_toward(goal, &mut self.journal) == Ran::OutOfSteps {
                    self.look(left_out, &mut found);
                }
            }
            other => panic!("{other:?} is not watched"),
        }
        self.look(left_out, &mut found);
        found
    }

    fn look(&mut self, left_out: &dyn Fn(&Fact) -> bool, found: &mut Vec<String>) {
        for entry in self.journal.since(self.seen) {
            if !left_out(&entry.fact) {
                found.extend(self.law.check(&self.world, entry).err());
            }
        }
        self.seen = self.journal.len();
    }

    /// News that is none: what the law says to it.
    fn hears(&mut self, by: u16, fact: Fact) -> Result<(), String> {
        let entry = news(&self.world, by, fact);
        self.law.check(&self.world, &entry)
    }
}

/// That a law has found something, first of all this.
#[track_caller]
fn found(all: &[String], number: &str) {
    let first = all.first().expect("something is found");
    assert!(first.starts_with(number), "{first}");
}

#[track_caller]
pub(super) fn holds<L: Invariant>(law: &mut Shown<L>, world: &World, by: u16, fact: Fact) {
    let result = law.check(world, &news(world, by, fact));
    assert_eq!(result, Ok(()));
}

#[track_caller]
pub(super) fn breaks<L: Invariant>(
    law: &mut Shown<L>,
    world: &World,
    by: u16,
    fact: Fact,
    number: &str,
) {
    let what = law.check(world, &news(world, by, fact));
    is_about(what, number);
}

#[track_caller]
fn is_about(result: Result<(), String>, number: &str) {
    let what = result.expect_err("the law does not hold");
    assert!(what.starts_with(&format!("{number}: ")), "{what}");
}

fn ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

/// The batch at an offset in a log.
fn batch_at(log: &Log, at: i64) -> Batch {
    let mut found = log.batches(Offset(at), Offset(at + 1));
    found.next().expect("a batch").batch()
}

/// The same with other bytes at some place, whatever its checksum says.
fn altered(batch: &Batch, at: usize, bytes: &[u8]) -> Batch {
    let mut whole = batch.to_chunks().to_bytes().to_vec();
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    let whole = Chunks::from(bytes::Bytes::from(whole));
    let mut batches = read_batches(&whole).expect("it is a batch still");
    batches.remove(0)
}

/// News from the only ZooKeeper server.
fn from_zookeeper(world: &World, fact: Fact) -> Entry {
    entry(world.now(), Some(ProcessId::ZooKeeper(1)), fact)
}

fn state_changed(version: i32) -> Fact {
    let path = znodes::state_path(&orders());
    Fact::ZnodeChanged { path, version }
}

/// Has another state stand in ZooKeeper, in the next version unless the change says otherwise.
fn stand(world: &mut World, change: impl FnOnce(&mut PartitionState)) {
    let state = world.cluster().partition(&orders());
    let mut state = state.expect("it is there").clone();
    state.partition_epoch = state.partition_epoch.next();
    change(&mut state);
    let data = znodes::write_state(&state, state.controller_epoch);
    let path = znodes::state_path(&orders());
    world.plant_znode(&path, &data, state.partition_epoch.0);
}

/// The consumer's connection number 9 to broker 1, as the broker holds it.
fn to_consumer() -> ConnectionId {
    to_client(ProcessId::Consumer(1))
}

/// Some client's connection number 9 to broker 1, as the broker holds it.
fn to_client(client: ProcessId) -> ConnectionId {
    ConnectionId::client(client, 9).other_end()
}

/// Puts a frame on the wire, from one end of a connection to broker 1.
fn send(world: &mut World, from: ConnectionId, frame: Chunks) {
    let now = world.now();
    let client = ConnectionId::client(from.opener, 9);
    if !world.network.is_open(client) {
        world.network.open(now, client, Some(ProcessId::Broker(1)));
    }
    world
        .network
        .send(now, from, Parcel::Bytes(Payload::Kafka(frame)));
}

fn answered(api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    answered_over(to_consumer(), api, version, correlation_id)
}

fn answered_over(connection: ConnectionId, api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    Fact::ResponseSent {
        connection,
        api,
        version,
        correlation_id,
    }
}

fn sent(api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    sent_over(to_consumer().other_end(), api, version, correlation_id)
}

fn sent_over(connection: ConnectionId, api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    Fact::RequestSent {
        connection,
        api,
        version,
        correlation_id,
    }
}

fn connected() -> Fact {
    Fact::Connected {
        connection: to_consumer().other_end(),
        to: "b1:9092".into(),
    }
}
