//! What a world weighs in memory, and what its checkpoints keep that it has let go.
//!
//! The bytes of a batch are stored once, however many replicas and checkpoints refer to them; what each
//! replica adds is the handle by which it finds the batch, and the segment in which that lies. Whatever is
//! appended to a partition therefore lies along one line, and a world at one instant holds a [`Stretch`] of that
//! line: retention moves its beginning, appending moves its end. What several worlds of one history hold
//! together is the union of their stretches, which takes no walk through any log.
//!
//! Everything here is an estimate from lengths, held against the allocator by a test. It is never noted
//! as a fact: a pointer has another size in the browser.

use std::sync::Arc;

use super::host::{Host, Program, Remains};
use super::journal::CHUNK;
use super::observed::Observed;
use super::ribbon::Ribbon;
use crate::broker::Broker;
use crate::controller::znodes::CONSUMERS;
use crate::fact::Entry;
use crate::group::Coordinator;
use crate::log::producers::{Producer, Remembered};
use crate::log::{Bulk, EpochStart, Log, StoredBatch};
use crate::world::World;
use crate::world::network::InFlight;
use crate::zookeeper::Server;

/// What the first owner of a batch adds to its bytes: the count of the slices that share it.
const OWNER: u64 = 4 * size_of::<usize>() as u64;
/// What each replica adds to a batch.
pub const HANDLE: u64 = size_of::<StoredBatch>() as u64;
/// A producer that is known and sends seldom: itself, what is remembered of it, and its place among the others.
const PRODUCER: u64 =
    (size_of::<Producer>() + 2 * size_of::<Remembered>() + 5 * size_of::<usize>()) as u64;
/// One entry of the journal, with what little it points to.
pub(super) const ENTRY: u64 = size_of::<Entry>() as u64 + 16;
/// What laws and audit remember of one replica.
const REMEMBERED: u64 = 400;
/// A client with its connections, what it believes of the cluster and what it lately received.
const CLIENT: u64 = 20_000;
/// A broker without its replicas.
const BROKER: u64 = 20_000;
/// A ZooKeeper server with its log; the znodes are shared.
const ZOOKEEPER: u64 = 10_000;
/// A connection, a timer and the like.
const SMALL: u64 = 150;

/// From where to where of all that was ever appended, in bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    pub from: u64,
    pub to: u64,
}

impl Stretch {
    /// What a log holds of all that was ever appended to it, and what it knows of producers and of epochs, of which
    /// each replica makes up its own mind.
    pub fn of(log: &Log, replicas: usize) -> Stretch {
        let replicas = replicas as u64;
        let per_batch = OWNER + HANDLE * replicas;
        let (known, met) = log.known_producers();
        let epochs = size_of_val::<[EpochStart]>(log.epochs().entries()) as u64;
        let weight = |bulk: Bulk, producers: u64| {
            let own = bulk.structure + bulk.copied + producers * PRODUCER + epochs;
            bulk.bytes + bulk.batches * per_batch + own * replicas
        };
        let (held, appended) = (weight(log.held(), known), weight(log.appended(), met));
        Stretch {
            from: appended - held,
            to: appended,
        }
    }

    /// What it comes to.
    pub fn weight(self) -> u64 {
        self.to - self.from
    }

    /// What lies in it beyond the end of an earlier one.
    ///
    /// A stretch adds up several partitions, of which one may have moved on while another stood still;
    /// then this is more than what is really new, never less.
    pub fn beyond(self, earlier: Stretch) -> u64 {
        self.to.saturating_sub(self.from.max(earlier.to))
    }
}

impl World {
    /// What the logs hold of all that was ever appended to them, each partition counted once, by its
    /// leader. Costs a look at every replica, none at its log.
    pub fn log_stretch(&self) -> Stretch {
        let mut stretch = Stretch::default();
        for broker in self.brokers() {
            for (_, replica) in broker
                .partitions()
                .filter(|(_, replica)| replica.is_leader())
            {
                let one = Stretch::of(replica.log(), replica.replicas().len());
                stretch.from += one.from;
                stretch.to += one.to;
            }
        }
        stretch
    }

    /// What coordinators know of groups, beside what stands of it in the logs. Costs a look at every member.
    pub fn group_weight(&self) -> u64 {
        let coordinators = self.brokers().map(Broker::coordinator);
        coordinators.map(Coordinator::weight).sum()
    }

    /// What ZooKeeper's servers keep of how far groups have read. Costs a look at every such znode.
    pub fn consumers_weight(&self) -> u64 {
        let trees = self.zookeepers().map(Server::tree);
        trees.map(|tree| tree.weight_below(CONSUMERS)).sum()
    }

    /// What this world holds and a later one does not, record batches aside.
    pub(super) fn beyond(&self, later: &World) -> u64 {
        let waiting = self.in_flight().chain(self.hosts().flat_map(Host::arrived));
        let packets = waiting.count() + self.network().connections().count();
        let mut bytes = packets as u64 * size_of::<InFlight>() as u64;
        for (id, host) in self.hosts.iter() {
            match later.hosts.get(id) {
                Some(same) if Arc::ptr_eq(host, same) => {}
                other => bytes += beyond(host, other.map(Arc::as_ref)),
            }
        }
        bytes
    }
}

fn beyond(host: &Host, later: Option<&Host>) -> u64 {
    let later = later.and_then(Host::broker);
    match &host.program {
        Program::ZooKeeper(server) => ZOOKEEPER + server.clients().len() as u64 * SMALL,
        Program::Broker(broker) => BROKER + broker_beyond(broker, later),
        Program::Producer(_) | Program::Consumer(_) | Program::Admin(_) => CLIENT,
        // Its logs are shared with the replicas that were, and with those that will be.
        Program::Gone(Remains::ZooKeeper(_)) => ZOOKEEPER,
        Program::Gone(Remains::Broker(_)) => BROKER,
        Program::Socket(_) | Program::Gone(Remains::Client(_)) => SMALL,
    }
}

fn broker_beyond(broker: &Broker, later: Option<&Broker>) -> u64 {
    let small = broker.connections().len() + broker.parked().len() * 4 + broker.fetches().count();
    let replicas = broker.partitions().count() as u64;
    broker.unshared_log_weight(later) + small as u64 * SMALL + replicas * REMEMBERED
}

impl Observed {
    /// What a copy of it holds for itself, besides what grows with the replicas. Of the journal that is
    /// the chunk that was written to, half full as a rule.
    pub(super) fn weight(&self) -> u64 {
        self.ribbon.weight() + self.audit.weight() + ENTRY * CHUNK as u64 / 2
    }
}

impl Ribbon {
    fn weight(&self) -> u64 {
        let (_, counts) = self.counts();
        let marks = self.marks().iter().map(|mark| mark.text.len() + 64);
        4 * counts.len() as u64 + marks.sum::<usize>() as u64
    }
}
