//! The world: hosts, the network between them, and the one thing that makes time pass.
//!
//! A [`World`] is what is; a [`Journal`] is what happened; [`Command`]s are what people did. World and
//! journal are functions of the plan, the seed and the commands, so a run can be repeated, rewound,
//! forked and shared as a list of lines. [`History`] keeps that list together with checkpoints.
//!
//! One step is the single earliest thing: a packet arrives, or a process that set a deadline is woken.
//! Between steps a person may act. Nothing else happens, and nothing happens at the same time as
//! something else: what falls on one instant is ordered, packets by the order of sending, then wake-ups
//! by process.
//!
//! Contents: [`plan`] how a world is described · `genesis` how it begins · [`command`] what people do ·
//! [`host`] one process · [`network`] links and packets · [`journal`] what happened · [`invariant`] what must always hold ·
//! [`audit`] acknowledged, readable, lost, duplicated · [`ribbon`] counts and marks along time ·
//! [`observed`] every fold over facts, rewound together · [`history`] seeking and forking ·
//! [`checkpoints`] where a history comes back to · [`weight`] what all that takes in memory.
//!
//! Left out: crashes and restarts, ZooKeeper, clocks that are wrong.

pub mod audit;
pub mod checkpoints;
pub mod command;
mod genesis;
pub mod history;
pub mod host;
pub mod invariant;
pub mod journal;
pub mod network;
pub mod observed;
pub mod plan;
pub mod ribbon;
pub mod weight;

use crate::sorted::SortedMap;
use std::sync::Arc;

use crate::broker::Broker;
use crate::model::{Address, BrokerId, ProcessId};
use crate::process::{Effect, Input, Outbox, Payload};
use crate::rng::Seed;
use crate::time::{Instant, Moment, Timestamp};

pub use command::{Command, End, Links, Place, Stamped, Ways};
pub use history::History;
pub use host::{Host, Program};
pub use journal::Journal;
pub use network::{InFlight, Network, Parcel};
pub use observed::Observed;
pub use plan::{ClientPlan, Plan, Refused, TopicPlan};

/// More steps than this at one instant mean that something runs in a circle without costing time.
pub const STEPS_PER_INSTANT: u32 = 200_000;

/// A socket may not write on while so many of its bytes are unread.
pub const SOCKET_BUFFER: usize = 1024 * 1024;

/// So many bytes take about as long to deliver as a small packet does.
const BYTES_PER_STEP: u64 = 8_192;

/// The stream of the network's own randomness, apart from every process.
const NETWORK_STREAM: u64 = 0xffff_ffff;

/// How many steps a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps(pub u64);

impl Steps {
    pub const UNLIMITED: Steps = Steps(u64::MAX);
}

/// The earliest thing that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Packet,
    Wakeup(ProcessId),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// The asked-for place was reached.
    Arrived,
    /// The steps were used up first.
    OutOfSteps,
}

/// What is: every host, every packet under way, and the time.
#[derive(Clone, Debug)]
pub struct World {
    plan: Arc<Plan>,
    seed: Seed,
    place: Place,
    steps: u64,
    /// Bytes that were delivered since the beginning.
    carried: u64,
    hosts: SortedMap<ProcessId, Arc<Host>>,
    addresses: Arc<SortedMap<Address, ProcessId>>,
    network: Network,
    out: Outbox,
}

impl World {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn seed(&self) -> Seed {
        self.seed
    }

    pub fn now(&self) -> Instant {
        self.place.at
    }

    /// Where the world stands: the instant, and how many steps of that instant are done.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Steps taken since the beginning.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How much work it is to come here from the beginning, in steps: one that brings many bytes counts
    /// for several.
    pub fn work(&self) -> u64 {
        self.steps + self.carried / BYTES_PER_STEP
    }

    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values().map(Arc::as_ref)
    }

    pub fn host(&self, id: ProcessId) -> Option<&Host> {
        self.hosts.get(&id).map(Arc::as_ref)
    }

    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.hosts().filter_map(Host::broker)
    }

    pub fn broker_by_id(&self, id: BrokerId) -> Option<&Broker> {
        let number = u16::try_from(id.0).ok()?;
        self.host(ProcessId::Broker(number)).and_then(Host::broker)
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Packets under way; `sent_at` and `arrives_at` are fixed at sending.
    pub fn in_flight(&self) -> impl Iterator<Item = &InFlight> {
        self.network.in_flight()
    }

    /// How many bytes a socket has written that nobody has read: they are under way, or lie before a
    /// broker that is busy with an earlier request. One that has more than [`SOCKET_BUFFER`] may not
    /// write on, as no operating system would let it.
    pub fn unread(&self, socket: ProcessId) -> usize {
        let connection = self.host(socket).and_then(Host::socket);
        let Some(connection) = connection.and_then(|socket| socket.connection) else {
            return 0;
        };
        let end = connection.other_end();
        let packets = self.in_flight().filter(|packet| packet.connection == end);
        let under_way = packets.map(|packet| match &packet.parcel {
            Parcel::Bytes(Payload::Kafka(bytes)) => bytes.len(),
            _ => 0,
        });
        let listeners = self.brokers().flat_map(Broker::connections);
        let lying = listeners
            .filter(|(id, open)| *id == end && (open.busy().is_some() || !open.is_admitted()));
        under_way.sum::<usize>() + lying.map(|(_, open)| open.buffered()).sum::<usize>()
    }

    /// What a host's clock shows at `now`.
    pub fn wall(&self, now: Instant) -> Timestamp {
        Timestamp(self.plan.epoch.0 + now.as_millis() as i64)
    }

    // ---- running

    /// When the next thing happens; `None` when nothing ever will without a command.
    pub fn next_at(&self) -> Option<Instant> {
        self.next().map(|(at, _)| at)
    }

    /// The single earliest thing: a packet before a wake-up, then by process.
    fn next(&self) -> Option<(Instant, Next)> {
        let asleep = self
            .hosts
            .iter()
            .filter_map(|(id, host)| Some((host.wakeup?, *id)));
        // A deadline that is already past, set while handling something later, is due now.
        let wakeup = asleep
            .min()
            .map(|(at, id)| (at.max(self.place.at), Next::Wakeup(id)));
        let packet = self.network.next_at().map(|at| (at, Next::Packet));
        match (packet, wakeup) {
            (Some(packet), Some(wakeup)) => {
                Some(if packet.0 <= wakeup.0 { packet } else { wakeup })
            }
            (packet, wakeup) => packet.or(wakeup),
        }
    }

    /// Does the single earliest thing and returns when it happened.
    ///
    /// # Panics
    /// When one instant has more than [`STEPS_PER_INSTANT`] steps: something runs in a circle.
    pub fn step(&mut self, journal: &mut Journal) -> Option<Instant> {
        let (at, next) = self.next()?;
        self.take(at, next, journal);
        Some(at)
    }

    fn take(&mut self, at: Instant, next: Next, journal: &mut Journal) {
        self.advance(at);
        self.steps += 1;
        self.place.steps += 1;
        assert!(
            self.place.steps < STEPS_PER_INSTANT,
            "{at} never ends: something runs in a circle"
        );
        match next {
            Next::Packet => self.deliver(journal),
            Next::Wakeup(id) => self.give(id, Input::Woken, journal),
        }
    }

    fn advance(&mut self, to: Instant) {
        assert!(to >= self.place.at, "time does not go back");
        if to > self.place.at {
            self.place = Place { at: to, steps: 0 };
        }
    }

    /// Does everything that happens up to and including `until`, and stands there afterwards.
    pub fn run_until(&mut self, until: Instant, limit: Steps, journal: &mut Journal) -> Ran {
        self.run_to(Place::after(until), limit, journal)
    }

    /// Does everything up to a place between two steps.
    pub fn run_to(&mut self, place: Place, limit: Steps, journal: &mut Journal) -> Ran {
        let mut left = limit.0;
        while let Some((at, next)) = self.next_before(place) {
            if left == 0 {
                return Ran::OutOfSteps;
            }
            left -= 1;
            self.take(at, next, journal);
        }
        self.stand_at(place);
        Ran::Arrived
    }

    /// Does the single earliest thing if it comes before a place; else goes there.
    pub fn step_toward(&mut self, place: Place, journal: &mut Journal) -> Ran {
        match self.next_before(place) {
            Some((at, next)) => {
                self.take(at, next, journal);
                Ran::OutOfSteps
            }
            None => {
                self.stand_at(place);
                Ran::Arrived
            }
        }
    }

    /// The single earliest thing, if it comes before a place.
    fn next_before(&self, place: Place) -> Option<(Instant, Next)> {
        let here = self.place;
        self.next().filter(|(at, _)| match *at == place.at {
            // At the place's own instant its steps are counted.
            true if here.at == *at => here.steps < place.steps,
            true => place.steps > 0,
            false => *at < place.at,
        })
    }

    fn stand_at(&mut self, place: Place) {
        if place.at > self.place.at {
            self.advance(place.at);
        }
    }

    fn deliver(&mut self, journal: &mut Journal) {
        let packet = self.network.pop().expect("a packet is due");
        let InFlight {
            from,
            to,
            connection,
            parcel,
            ..
        } = packet;
        match parcel {
            Parcel::Open => {
                self.network
                    .send(self.place.at, connection, Parcel::Accepted);
                self.give(to, Input::Opened { connection, from }, journal);
            }
            _ if !self.network.is_open(connection) => {}
            Parcel::Accepted => self.give(to, Input::Opened { connection, from }, journal),
            Parcel::Bytes(payload) => {
                if let Payload::Kafka(bytes) = &payload {
                    self.carried += bytes.len() as u64;
                }
                self.give(
                    to,
                    Input::Received {
                        connection,
                        payload,
                    },
                    journal,
                );
            }
            Parcel::Refused => {
                self.network.mark_closed(connection);
                self.network.mark_closed(connection.other_end());
                self.give(to, Input::Closed { connection }, journal);
            }
            Parcel::Close => {
                self.network.mark_closed(connection);
                self.give(to, Input::Closed { connection }, journal);
            }
        }
    }

    fn give(&mut self, id: ProcessId, input: Input, journal: &mut Journal) {
        let at = Moment {
            now: self.place.at,
            wall: self.wall(self.place.at),
        };
        let Some(host) = self.hosts.get_mut(&id) else {
            return;
        };
        let mut out = std::mem::take(&mut self.out);
        Arc::make_mut(host).handle(at, input, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Note(fact) => journal.note(at.now, Some(id), fact),
                Effect::Send {
                    connection,
                    payload,
                } => {
                    self.network
                        .send(at.now, connection, Parcel::Bytes(payload));
                }
                Effect::Connect { connection, to } => {
                    let listener = self.addresses.get(&to).copied();
                    self.network.open(at.now, connection, listener);
                }
                Effect::Close { connection } => self.network.close(at.now, connection),
            }
        }
        self.out = out;
    }
}
