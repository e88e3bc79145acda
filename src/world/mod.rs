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
//! [`host`] one machine and its process · `step` what arriving and acting
//! do · [`lives`] how processes die and come back · [`clock`] clocks that are wrong · [`network`] connections, links and
//! packets · [`journal`] what happened · [`invariant`] what must always hold · [`audit`] acknowledged, readable, lost,
//! duplicated, with `copies`, what stands in a log twice · [`ribbon`] counts and marks along time · [`truth`] what
//! stands in ZooKeeper · [`observed`] every fold over facts, rewound together · [`history`] seeking and forking ·
//! [`checkpoints`] where a history comes back to · [`weight`] what all that takes in memory.
//!
//! Left out: disks that are full.

pub mod audit;
pub mod checkpoints;
pub mod clock;
pub mod command;
mod copies;
mod genesis;
pub mod history;
pub mod host;
pub mod invariant;
pub mod journal;
pub mod lives;
pub mod network;
pub mod observed;
pub mod plan;
mod readings;
pub mod ribbon;
mod step;
pub mod truth;
pub mod weight;

use crate::sorted::{SortedMap, SortedSet};
use bytes::Bytes;
use std::sync::Arc;

use crate::broker::{Broker, Connection};
use crate::controller::Controller;
use crate::model::{Address, BrokerId, ConnectionId, ProcessId};
use crate::process::{Effect, Outbox, Payload};
use crate::rng::Seed;
use crate::time::{Instant, Timestamp};
use crate::zookeeper::Server;

use readings::Readings;

pub use clock::{Clock, ClockSetting};
pub use command::{Command, Place, Stamped};
pub use history::History;
pub use host::{DiskState, Host, Life, Program, Remains};
pub use journal::Journal;
pub use network::{End, InFlight, Links, Network, Parcel, Ways};
pub use observed::Observed;
pub use plan::{ClientPlan, Plan, Refused, TopicPlan};
pub use truth::Truth;

/// More steps than this at one instant mean that something runs in a circle without costing time.
pub const STEPS_PER_INSTANT: u32 = 200_000;

/// A socket may not write on while so many of its bytes are unread.
pub const SOCKET_BUFFER: usize = 1024 * 1024;

/// So many bytes take about as long to deliver as a small packet does.
const BYTES_PER_STEP: u64 = 8_192;

/// The stream of the network's own randomness, apart from every process.
const NETWORK_STREAM: u64 = 0xffff_ffff;

/// A broker's end of a connection whose bytes wait there: behind a request in work, or until the broker serves, or
/// lets it in.
fn waiting(end: ConnectionId, listener: Option<&Host>) -> Option<&Connection> {
    let broker = listener.and_then(Host::broker)?;
    let open = broker.connection(end)?;
    let waits = !broker.is_serving() || !open.is_admitted() || open.busy().is_some();
    waits.then_some(open)
}

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
    /// A host has something to do: what waits for it, or a deadline of its own.
    Host(ProcessId),
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
    truth: Arc<Truth>,
    addresses: Arc<SortedMap<Address, ProcessId>>,
    network: Network,
    out: Outbox,
    /// From whom came what the newest step gave to a process, if it was a packet.
    heard: Option<ProcessId>,
    /// Sockets to which something came that whoever holds them has not looked at.
    stirred: SortedSet<ProcessId>,
    /// Which process took something in the newest step.
    acted: Option<ProcessId>,
    /// What those who look on have read; nothing that happens depends on it.
    readings: Readings,
}

impl World {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// From whom came what the newest step gave to a process; nobody when that was no packet.
    pub(in crate::world) fn heard(&self) -> Option<ProcessId> {
        self.heard
    }

    /// What was read last of the answers on their way.
    fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Which process took something in the newest step, if one did.
    pub fn acted(&self) -> Option<ProcessId> {
        self.acted
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

    /// The servers of the ZooKeeper ensemble, by number.
    pub fn zookeepers(&self) -> impl Iterator<Item = &Server> {
        self.hosts().filter_map(Host::zookeeper)
    }

    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.hosts().filter_map(Host::broker)
    }

    pub fn broker_by_id(&self, id: BrokerId) -> Option<&Broker> {
        let number = u16::try_from(id.0).ok()?;
        self.host(ProcessId::Broker(number)).and_then(Host::broker)
    }

    /// The controller of the newest epoch, if one runs that has read what it has to decide on.
    pub fn controller(&self) -> Option<&Controller> {
        let controllers = self.brokers().filter_map(Broker::controller);
        let settled = controllers.filter(|controller| controller.is_settled());
        settled.max_by_key(|controller| controller.epoch())
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Packets under way; `sent_at` and `arrives_at` are fixed at sending.
    pub fn in_flight(&self) -> impl Iterator<Item = &InFlight> {
        self.network.in_flight()
    }

    /// What will be sent from this end of a connection as soon as the disk of its host is done.
    pub fn held_back(&self, from: ConnectionId) -> impl Iterator<Item = &Payload> {
        let effects = self.hosts().flat_map(|host| &host.unsent);
        effects.filter_map(move |effect| match effect {
            Effect::Send {
                connection,
                payload,
            } => (*connection == from).then_some(payload),
            _ => None,
        })
    }

    /// How many bytes a socket has written that nobody has read: they are under way, or lie before a
    /// broker that stands still, does not serve yet, or is busy with an earlier request. One that has more than
    /// [`SOCKET_BUFFER`] may not write on, as no operating system would let it.
    pub fn unread(&self, socket: ProcessId) -> usize {
        let Some((end, listener)) = self.other_end(socket) else {
            return 0;
        };
        let under_way = self.under_way(end, listener).map(Parcel::len);
        let lying = waiting(end, listener).map_or(0, Connection::buffered);
        under_way.sum::<usize>() + lying
    }

    /// Whether everything that a socket has written has been read, and whatever it asked is answered.
    pub fn is_settled(&self, socket: ProcessId) -> bool {
        let Some((end, listener)) = self.other_end(socket) else {
            return true;
        };
        waiting(end, listener).is_none() && self.under_way(end, listener).next().is_none()
    }

    /// The sockets that are not settled, by one look at every packet and at every socket.
    pub fn unsettled(&self) -> SortedSet<ProcessId> {
        let arrived = self.hosts().flat_map(Host::arrived);
        let unheard = self.network.unheard_packets();
        let packets = self.in_flight().chain(arrived).chain(unheard);
        let mut written = SortedSet::new();
        written.gather(packets.map(|packet| packet.connection));
        let is_unsettled = |socket: &ProcessId| {
            self.other_end(*socket).is_some_and(|(end, listener)| {
                waiting(end, listener).is_some() || written.contains(&end)
            })
        };
        let sockets = self.hosts().filter(|host| host.socket().is_some());
        let mut unsettled = SortedSet::new();
        unsettled.gather(sockets.map(|host| host.id).filter(is_unsettled));
        unsettled
    }

    /// The other end of a socket's connection, and the host that holds it.
    fn other_end(&self, socket: ProcessId) -> Option<(ConnectionId, Option<&Host>)> {
        let socket = self.host(socket).and_then(Host::socket)?;
        let listener = socket.to.and_then(|to| self.host(to));
        Some((socket.connection?.other_end(), listener))
    }

    /// What is on its way to an end, or has come to its host and was not looked at, or could not come because the
    /// host has no power and will be sent again.
    fn under_way<'a>(
        &'a self,
        end: ConnectionId,
        host: Option<&'a Host>,
    ) -> impl Iterator<Item = &'a Parcel> {
        let arrived = host.into_iter().flat_map(Host::arrived);
        let unheard = self.network.unheard_packets();
        let packets = self.in_flight().chain(arrived).chain(unheard);
        let packets = packets.filter(move |packet| packet.connection == end);
        packets.map(|packet| &packet.parcel)
    }

    /// The sockets to which something came since this was asked last: they were connected, were sent
    /// bytes, or lost their connection.
    pub fn take_stirred(&mut self) -> SortedSet<ProcessId> {
        std::mem::take(&mut self.stirred)
    }

    /// Takes what has come to a socket: whoever holds it has read it. Nobody in the world can tell.
    pub fn take_received(&mut self, socket: ProcessId) -> Vec<Bytes> {
        let host = self.hosts.get_mut(&socket).map(Arc::make_mut);
        match host.map(|host| &mut host.program) {
            Some(Program::Socket(socket)) => std::mem::take(&mut socket.received),
            _ => Vec::new(),
        }
    }

    /// The right time of day at `now`.
    pub fn wall(&self, now: Instant) -> Timestamp {
        Timestamp(self.plan.epoch.0 + now.as_millis() as i64)
    }

    /// What a host's clock shows at `now`.
    pub fn wall_of(&self, id: ProcessId, now: Instant) -> Timestamp {
        let clock = self.host(id).map(Host::clock).unwrap_or_default();
        if clock.is_right() {
            return self.wall(now);
        }
        let micros = now.as_micros() as i64 + clock.ahead_at(now);
        Timestamp(self.plan.epoch.0 + micros.div_euclid(1_000))
    }

    // ---- running

    /// When the next thing happens; `None` when nothing ever will without a command.
    pub fn next_at(&self) -> Option<Instant> {
        self.next().map(|(at, _)| at)
    }

    /// The single earliest thing: a packet before what hosts do, then by process. Sockets stand last among the
    /// hosts, and do nothing by themselves.
    fn next(&self) -> Option<(Instant, Next)> {
        // Of those that are due at one instant, the first acts first.
        let mut first: Option<(Instant, ProcessId)> = None;
        for (id, host) in self.hosts.range(..ProcessId::Socket(0)) {
            if let Some(at) = host.next_at()
                && first.is_none_or(|(before, _)| at < before)
            {
                first = Some((at, *id));
            }
        }
        // A deadline that is already past, set while handling something later, is due now.
        let host = first.map(|(at, id)| (at.max(self.place.at), Next::Host(id)));
        let packet = self.network.next_at().map(|at| (at, Next::Packet));
        match (packet, host) {
            (Some(packet), Some(host)) => Some(if packet.0 <= host.0 { packet } else { host }),
            (packet, host) => packet.or(host),
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
        self.heard = None;
        self.acted = None;
        self.steps += 1;
        self.place.steps += 1;
        assert!(
            self.place.steps < STEPS_PER_INSTANT,
            "{at} never ends: something runs in a circle"
        );
        match next {
            Next::Packet => self.deliver(journal),
            Next::Host(id) => self.let_act(id, journal),
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
}
