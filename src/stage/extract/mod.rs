//! From the world to a snapshot: the only place of the picture that knows the cluster's insides.
//!
//! Who leads and who is in sync is the controller's word, which is what the cluster agrees on; how far each
//! copy reaches is the broker's own. What travels is read from the bytes under way, never guessed.
//!
//! A [`Memory`] is kept between pictures: which keys have been seen, in order, and what was asked on each
//! connection. It only ever adds to what the journal says, so a picture does not depend on the way to it.
//!
//! `brokers` says who runs and who is reached, `coordination` what stands in ZooKeeper and `past` what stood
//! there, `logs` reads the copies, `clients` who writes and reads, `wire` what is under way, `changes` what
//! has just happened, `flow` how much of it, `anatomy` a single record.
//!
//! Laws: nothing here changes the world; what the world does not know is left out, not made up.

mod anatomy;
mod brokers;
mod changes;
mod clients;
mod coordination;
mod flow;
mod logs;
mod memory;
mod past;
mod wire;

use crate::stage::Thing;
use crate::stage::snapshot::{Audit, CellState, LegendItem, Snapshot};
use crate::world::{self, History, World};

pub use changes::{changes, step};
pub use clients::name as client_name;
pub use flow::{NO_HUE, Rate, activity, rates};
pub use memory::Memory;
pub use wire::is_drawn;

use logs::states;

/// The picture's data at the instant at which a history stands.
pub fn snapshot(history: &History, memory: &mut Memory) -> Snapshot {
    memory.look(history);
    let world = history.world();
    let mut snapshot = Snapshot::empty("Cluster");
    snapshot.at = world.now();
    snapshot.brokers = brokers::all(world);
    snapshot.topics = logs::topics(world, memory);
    clients::add(&mut snapshot, world, memory);
    snapshot.coordination = coordination::coordination(world, memory);
    snapshot.links = brokers::links(world);
    memory.held.clear();
    snapshot.travellers = wire::travellers(world, memory);
    let audit = &history.observed().audit;
    mark_duplicates(&mut snapshot, audit);
    let report = audit.report(world);
    snapshot.audit = Some(Audit {
        acknowledged: report.acknowledged,
        readable: report.readable,
        waiting: report.waiting,
        pending: report.pending,
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

/// Records that a producer sent again, and that stand there twice.
fn mark_duplicates(snapshot: &mut Snapshot, audit: &world::audit::Audit) {
    for id in audit.duplicated() {
        let topics = snapshot.topics.iter_mut();
        let mut partitions = topics.flat_map(|topic| &mut topic.partitions);
        let Some(partition) = partitions.find(|partition| partition.id == *id) else {
            continue;
        };
        for cell in partition.replicas.iter_mut().flat_map(|r| &mut r.cells) {
            if cell.state == CellState::Committed && audit.is_duplicate(id, cell.offset) {
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
