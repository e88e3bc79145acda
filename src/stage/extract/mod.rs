//! From the world to a snapshot: the only place of the picture that knows the cluster's insides.
//!
//! Who leads and who is in sync is the controller's word, which is what the cluster agrees on; how far each
//! copy reaches is the broker's own. What travels is read from the bytes under way, never guessed.
//!
//! A [`Memory`] (`memory`) is kept between pictures: which keys have been seen, in order, and what was asked on each
//! connection. It only ever adds to what the journal says, so a picture does not depend on the way to it.
//!
//! `brokers` says who runs and who is reached, `links` over which lines not, `coordination` what stands in ZooKeeper
//! and `past` what stood there, `logs` reads the copies, `clients` who writes and reads, `groups` what coordinators say
//! of them, `wire` what is under way, `changes` what has just happened, `flow` how much of it, `anatomy` a single
//! record.
//!
//! Laws: nothing here changes the world; what the world does not know is left out, not made up.

mod anatomy;
mod brokers;
mod changes;
mod clients;
mod coordination;
mod flow;
mod groups;
mod links;
mod logs;
mod memory;
mod past;
mod wire;

use crate::model::{BrokerId, TopicPartition};
use crate::process::Instruction;
use crate::stage::Thing;
use crate::stage::snapshot::{Audit, CellState, LegendItem, Snapshot};
use crate::time::Duration;
use crate::world::{self, Command, History, World};

pub use changes::{changes, step};
pub use clients::name as client_name;
pub use flow::{Rate, activity, rates, written};
pub use groups::{coordinator_of, is_internal};
pub use memory::Memory;
pub use wire::is_drawn;

use logs::states;

/// Creating a topic takes no longer than this.
const CREATING: Duration = Duration::from_secs(5);

/// The picture's data at the instant at which a history stands.
pub fn snapshot(history: &History, memory: &mut Memory) -> Snapshot {
    memory.look(history);
    let world = history.world();
    let mut snapshot = Snapshot::empty("Cluster");
    snapshot.at = world.now();
    let audit = &history.observed().audit;
    snapshot.brokers = brokers::all(world, memory);
    snapshot.topics = logs::topics(world, memory, audit);
    clients::add(&mut snapshot, world, memory);
    snapshot.groups = groups::all(world, &snapshot.consumers);
    snapshot.coordination = coordination::coordination(world, memory);
    snapshot.links = links::all(history);
    snapshot.rooms = rooms(history);
    memory.held.clear();
    snapshot.travellers = wire::travellers(world, memory);
    mark_duplicates(&mut snapshot, world, audit);
    let report = audit.report(world);
    snapshot.audit = Some(Audit {
        acknowledged: report.acknowledged,
        readable: report.readable,
        waiting: report.waiting,
        pending: report.pending,
        expired: report.expired,
        lost: report.lost,
        duplicated: report.duplicated,
    });
    snapshot.legend = vec![LegendItem::Committed, LegendItem::Open];
    if snapshot.brokers.iter().any(|broker| broker.is_down()) {
        snapshot.legend.push(LegendItem::Ghost);
    }
    snapshot.legend.push(LegendItem::Control);
    snapshot
}

/// Of what stands in ZooKeeper, shows the state of the partition that the lesson is about.
pub fn look_at_subject(snapshot: &mut Snapshot, world: &World, memory: &Memory) {
    coordination::look_at_subject(snapshot, world, memory);
}

/// The topics that commands still to come will create, with one copy on each broker: their room is kept, so
/// that nothing jumps when they are there.
fn rooms(history: &History) -> Vec<(TopicPartition, Vec<BrokerId>)> {
    let world = history.world();
    let brokers: Vec<BrokerId> = world.hosts().filter_map(|host| host.id.broker()).collect();
    let mut rooms = Vec::new();
    for stamped in history.commands() {
        let Command::Tell {
            instruction:
                Instruction::CreateTopic {
                    topic,
                    partitions,
                    replication_factor,
                    ..
                },
            ..
        } = &stamped.command
        else {
            continue;
        };
        let passed = stamped.place.at + CREATING < world.now();
        let there = logs::states(world).any(|(id, _)| id.topic == *topic);
        if passed || there || usize::try_from(*replication_factor) != Ok(brokers.len()) {
            continue;
        }
        for partition in 0..*partitions {
            let topic = topic.clone();
            rooms.push((TopicPartition { topic, partition }, brokers.clone()));
        }
    }
    rooms
}

/// Records that a producer sent again, and that stand there twice.
fn mark_duplicates(snapshot: &mut Snapshot, world: &World, audit: &world::audit::Audit) {
    for id in audit.duplicated() {
        let topics = snapshot.topics.iter_mut();
        let mut partitions = topics.flat_map(|topic| &mut topic.partitions);
        let Some(partition) = partitions.find(|partition| partition.id == *id) else {
            continue;
        };
        for replica in &mut partition.replicas {
            let open = world
                .broker_by_id(replica.broker)
                .and_then(|it| it.partition(id));
            let log = open.map(|open| open.log());
            let Some(log) = log.or_else(|| logs::unused(world, id, replica.broker)) else {
                continue;
            };
            let is_second = |at| {
                let of = log.epochs().epoch_of(at);
                of.is_some_and(|of| audit.is_duplicate(id, at, of))
            };
            let committed = replica.cells.iter_mut();
            let committed = committed.filter(|cell| cell.state == CellState::Committed);
            for cell in committed.filter(|cell| is_second(cell.offset)) {
                cell.state = CellState::Duplicate;
            }
        }
    }
}

/// Takes one record apart for the record lens: the first of the named ones that is there, else the newest of
/// the first partition that has any.
pub fn take_apart(snapshot: &mut Snapshot, world: &World, memory: &mut Memory, things: &[Thing]) {
    snapshot.anatomy = anatomy::of(world, memory, things);
}
