//! From the world to a snapshot: the only place of the picture that knows the cluster's insides.
//!
//! Who leads and who is in sync is the controller's word, which is what the cluster agrees on; how far each
//! copy reaches is the broker's own. What travels is read from the bytes under way, never guessed.
//!
//! A [`Memory`] is kept between pictures: which keys have been seen, in order, and what was asked on each
//! connection. It only ever adds to what the journal says, so a picture does not depend on the way to it.
//!
//! `logs` reads the copies, `clients` who writes and reads, `wire` what is under way, `changes` what has just
//! happened, `flow` how much of it, `anatomy` a single record.
//!
//! Laws: nothing here changes the world; what the world does not know is left out, not made up.

mod anatomy;
mod changes;
mod clients;
mod flow;
mod logs;
mod memory;
mod wire;

use crate::broker::Broker as BrokerProcess;
use crate::model::{ProcessId, Text};
use crate::stage::Thing;
use crate::stage::snapshot::{
    Audit, Broker, BrokerState, Coordination, LegendItem, Link, LinkState, Snapshot,
};
use crate::world::{End, History, Links, World};

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
    snapshot.brokers = world
        .brokers()
        .map(|broker| self::broker(world, broker))
        .collect();
    snapshot.topics = logs::topics(world, memory);
    clients::add(&mut snapshot, world, memory);
    snapshot.coordination = coordination(world);
    snapshot.links = links(world);
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

fn broker(world: &World, broker: &BrokerProcess) -> Broker {
    let id = broker.id();
    let links = Links {
        from: End::Only(ProcessId::from(id)),
        to: End::Any,
    };
    let cut = world.network().holds().any(|held| *held == links);
    let state = match cut {
        true => BrokerState::CutOff {
            note: "cut off".into(),
        },
        false => BrokerState::Up,
    };
    let address = broker.address();
    let host = format!("{}:{}", address.host, address.port).into();
    Broker {
        id,
        host,
        state,
        controller: broker.controller().is_some(),
    }
}

fn coordination(world: &World) -> Coordination {
    let Some(controller) = world.brokers().find(|broker| broker.controller().is_some()) else {
        return Coordination::Absent;
    };
    let ids: Vec<String> = world
        .brokers()
        .map(|broker| broker.id().to_string())
        .collect();
    let line = format!("brokers {}, controller {}", ids.join(" "), controller.id());
    Coordination::StandIn {
        title: "Cluster".into(),
        line: line.into(),
    }
}

/// The links that are not in order.
fn links(world: &World) -> Vec<Link> {
    let network = world.network();
    let normal = world.plan().latency;
    let ids: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let pairs = ids
        .iter()
        .enumerate()
        .flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
    // A broker that is cut off has a frame that says so for all of its links to other brokers.
    let framed = |id: ProcessId| {
        let found = id.broker().and_then(|id| world.broker_by_id(id));
        found.is_some_and(|found| broker(world, found).state != BrokerState::Up)
    };
    let faulty = pairs.filter_map(|(a, b)| {
        if a.broker().is_some() && b.broker().is_some() && (framed(a) || framed(b)) {
            return None;
        }
        if a.broker().is_none() && b.broker().is_none() {
            return None;
        }
        if network.is_held(a, b) || network.is_held(b, a) {
            return Some(Link {
                a,
                b,
                state: LinkState::Held,
                label: Text::from("held"),
            });
        }
        let slowest = network.latency(a, b).max(network.latency(b, a));
        let slow = slowest > normal.times(2);
        slow.then(|| Link {
            a,
            b,
            state: LinkState::Slow,
            label: format!("{} ms", slowest.as_millis()).into(),
        })
    });
    faulty.collect()
}
