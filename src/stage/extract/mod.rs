//! From the world to a snapshot: the only place of the picture that knows the cluster's insides.
//!
//! Who leads and who is in sync is the controller's word, which is what the cluster agrees on; how far each
//! copy reaches is the broker's own. What travels is read from the bytes under way, never guessed.
//!
//! A [`Memory`] is kept between pictures: which keys have been seen, in order, and what was asked on each
//! connection. It only ever adds to what the journal says, so a picture does not depend on the way to it.
//!
//! `brokers` says who runs and who is reached, `logs` reads the copies, `clients` who writes and reads, `wire` what is under way, `changes` what has just
//! happened, `flow` how much of it, `anatomy` a single record.
//!
//! Laws: nothing here changes the world; what the world does not know is left out, not made up.

mod anatomy;
mod brokers;
mod changes;
mod clients;
mod flow;
mod logs;
mod memory;
mod wire;

use crate::stage::Thing;
use crate::stage::snapshot::{Audit, LegendItem, Snapshot};
use crate::world::{History, World};

pub use changes::{changes, step};
pub use clients::name as client_name;
pub use flow::{NO_HUE, Rate, activity, rates};
pub use memory::Memory;

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
    snapshot.coordination = brokers::coordination(world);
    snapshot.links = brokers::links(world);
    memory.held.clear();
    snapshot.travellers = wire::travellers(world, memory);
    let report = history.observed().audit.report(world);
    snapshot.audit = Some(Audit {
        acknowledged: report.acknowledged,
        readable: report.readable,
        lost: report.lost,
        duplicated: 0,
    });
    snapshot.legend = vec![LegendItem::Committed, LegendItem::Open];
    snapshot
}

/// Takes one record apart for the record lens: the first of the named ones that is there, else the newest of
/// the first partition that has any.
pub fn take_apart(snapshot: &mut Snapshot, world: &World, memory: &mut Memory, things: &[Thing]) {
    snapshot.anatomy = anatomy::of(world, memory, things);
}
