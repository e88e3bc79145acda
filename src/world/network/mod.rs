//! The network: connections, links, and the packets that are under way.
//!
//! Packets of one connection arrive in the order in which they were sent, as over TCP: a fault delays or
//! holds a packet, it never drops one out of the middle. A packet's departure and arrival are fixed when
//! it is sent, so its place at any instant in between is a matter of arithmetic.
//!
//! Laws: every delivery costs at least one microsecond, once time has begun; only the world draws the network's randomness.
//!
//! In [`connections`] they are opened, closed, severed and reset; in [`links`] packets are held, lost and slowed.
//!
//! Left out: bandwidth and the loss of single packets, which TCP hides.

pub mod connections;
pub mod links;

use crate::sorted::{SortedMap, SortedSet};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::model::{ConnectionId, ProcessId};
use crate::process::Payload;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

pub use connections::Connection;
pub use links::{End, Links, Ways};

/// What a packet brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// The wish for a connection, on its way to the listener.
    Open,
    /// The listener's agreement, on its way back.
    Accepted,
    /// Nobody listens there.
    Refused,
    /// Bytes for the receiver.
    Bytes(Payload),
    /// The sender closed its end.
    Close,
}

impl Parcel {
    /// How many bytes of Kafka's protocol it carries.
    pub fn len(&self) -> usize {
        match self {
            Parcel::Bytes(Payload::Kafka(bytes)) => bytes.len(),
            _ => 0,
        }
    }

    /// Whether it carries none of them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A packet under way.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The order of sending, which also decides between packets that arrive at one instant.
    pub number: u64,
    pub from: ProcessId,
    pub to: ProcessId,
    /// The receiver's end of the connection.
    pub connection: ConnectionId,
    pub parcel: Parcel,
    pub sent_at: Instant,
    pub arrives_at: Instant,
    /// Since when it stands still, on a link that is held or cut.
    pub held_since: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Queued(InFlight);

impl PartialEq for Queued {
    fn eq(&self, other: &Queued) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Queued) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Queued) -> Ordering {
        (self.0.arrives_at, self.0.number).cmp(&(other.0.arrives_at, other.0.number))
    }
}

/// How long packets take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As the plan and the commands say.
    Plan,
    /// No time at all: while a cluster forms before time begins.
    Instant,
}

/// Links, connections and packets.
#[derive(Clone, Debug)]
pub struct Network {
    latency: Duration,
    jitter: Duration,
    pace: Pace,
    rng: Rng,
    next_number: u64,
    connections: SortedMap<(ProcessId, u32), Connection>,
    under_way: BinaryHeap<Reverse<Queued>>,
    /// What stands still on links that are held or cut, in the order of sending.
    held: Vec<InFlight>,
    /// What has come to machines without power, and is sent again until somebody answers.
    unheard: Vec<InFlight>,
    holds: SortedSet<Links>,
    cuts: SortedSet<Links>,
    latencies: SortedMap<Links, Duration>,
}

impl Network {
    pub fn new(latency: Duration, jitter: Duration, rng: Rng) -> Network {
        Network {
            latency,
            jitter,
            pace: Pace::Plan,
            rng,
            next_number: 1,
            connections: SortedMap::new(),
            under_way: BinaryHeap::new(),
            held: Vec::new(),
            unheard: Vec::new(),
            holds: SortedSet::new(),
            cuts: SortedSet::new(),
            latencies: SortedMap::new(),
        }
    }

    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// When the next packet arrives.
    pub fn next_at(&self) -> Option<Instant> {
        self.under_way
            .peek()
            .map(|Reverse(queued)| queued.0.arrives_at)
    }

    /// Takes out the packet that arrives next.
    pub fn pop(&mut self) -> Option<InFlight> {
        self.under_way.pop().map(|Reverse(queued)| queued.0)
    }

    /// Every packet under way or held, in no particular order.
    pub fn in_flight(&self) -> impl Iterator<Item = &InFlight> {
        self.under_way
            .iter()
            .map(|Reverse(queued)| &queued.0)
            .chain(&self.held)
    }

    /// Every connection that stands or is being opened.
    pub fn connections(&self) -> impl Iterator<Item = (&(ProcessId, u32), &Connection)> {
        self.connections.iter()
    }

    /// What a packet sent now would take, jitter aside.
    pub fn latency(&self, from: ProcessId, to: ProcessId) -> Duration {
        if self.latencies.is_empty() {
            return self.latency;
        }
        // The narrowest description wins: one host to one host, then either end, then all links.
        let described = (self.latencies.iter()).filter(|(links, _)| links.cover(from, to));
        described
            .max_by_key(|(links, _)| links.narrowness())
            .map_or(self.latency, |(_, span)| *span)
    }

    fn put(
        &mut self,
        now: Instant,
        from: ProcessId,
        to: ProcessId,
        connection: ConnectionId,
        parcel: Parcel,
    ) {
        let mut span = if from == to {
            Duration::TICK
        } else {
            self.latency(from, to)
        };
        let jittery = !self.jitter.is_zero() && self.pace == Pace::Plan;
        if jittery && from != to {
            span = span + Duration::from_micros(self.rng.below(self.jitter.as_micros() + 1));
        }
        let mut arrives_at = match self.pace {
            Pace::Plan => now + span.max(Duration::TICK),
            Pace::Instant => now,
        };
        let number = self.next_number;
        self.next_number += 1;
        let key = (connection.opener, connection.serial);
        if let Some(known) = self.connections.get_mut(&key) {
            // Equal arrivals keep the order of sending, by number.
            arrives_at = known.in_order(connection, arrives_at);
        }
        let held_since = self.is_stopped(from, to).then_some(now);
        let packet = InFlight {
            number,
            from,
            to,
            connection,
            parcel,
            sent_at: now,
            arrives_at,
            held_since,
        };
        match held_since {
            Some(_) => self.held.push(packet),
            None => self.push(packet),
        }
    }

    fn push(&mut self, packet: InFlight) {
        self.under_way.push(Reverse(Queued(packet)));
    }

    /// Puts a packet back on its way, not before `now` and behind what its connection sent before it.
    fn put_back(&mut self, now: Instant, mut packet: InFlight) {
        let end = packet.connection;
        packet.arrives_at = packet.arrives_at.max(now + Duration::TICK);
        if let Some(known) = self.connections.get_mut(&(end.opener, end.serial)) {
            packet.arrives_at = known.in_order(end, packet.arrives_at);
        }
        self.push(packet);
    }

    /// Takes out every packet that is moving, in the order of arrival.
    fn take_under_way(&mut self) -> Vec<InFlight> {
        let all = std::mem::take(&mut self.under_way).into_sorted_vec();
        let in_order = all.into_iter().rev();
        in_order.map(|Reverse(queued)| queued.0).collect()
    }
}
