//! The network: connections, links, and the packets that are under way.
//!
//! Packets of one connection arrive in the order in which they were sent, as over TCP: a fault delays or
//! holds a packet, it never drops one out of the middle. A packet's departure and arrival are fixed when
//! it is sent, so its place at any instant in between is a matter of arithmetic.
//!
//! Laws: every delivery costs at least one microsecond; only the world draws the network's randomness.
//!
//! Left out: bandwidth and packet loss. TCP hides the one and the fault commands stand for the other.

use crate::sorted::{SortedMap, SortedSet, sort_by_key};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::model::{ConnectionId, ProcessId};
use crate::process::Payload;
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::world::command::{Links, Ways};

/// What a packet brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// The wish for a connection, on its way to the listener.
    Open,
    /// The listener's agreement, on its way back.
    Accepted,
    /// There is no listener.
    Refused,
    /// Bytes for the receiver.
    Bytes(Payload),
    /// The sender closed its end.
    Close,
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
    /// Since when it stands still, on a link that is held.
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

/// One connection as the network sees it, by the opener and its serial number.
#[derive(Clone, Debug)]
pub struct Connection {
    pub opener: ProcessId,
    pub listener: ProcessId,
    /// The last arrival fixed for each direction: towards the listener, towards the opener.
    last_arrival: [Instant; 2],
    /// Which ends still want to hear something: the opener's, the listener's.
    open: [bool; 2],
}

/// Links, connections and packets.
#[derive(Clone, Debug)]
pub struct Network {
    latency: Duration,
    jitter: Duration,
    rng: Rng,
    next_number: u64,
    connections: SortedMap<(ProcessId, u32), Connection>,
    under_way: BinaryHeap<Reverse<Queued>>,
    held: Vec<InFlight>,
    holds: SortedSet<Links>,
    latencies: SortedMap<Links, Duration>,
}

fn side_index(connection: ConnectionId) -> usize {
    match connection.side {
        crate::model::Side::Client => 0,
        crate::model::Side::Server => 1,
    }
}

impl Network {
    pub fn new(latency: Duration, jitter: Duration, rng: Rng) -> Network {
        Network {
            latency,
            jitter,
            rng,
            next_number: 1,
            connections: SortedMap::new(),
            under_way: BinaryHeap::new(),
            held: Vec::new(),
            holds: SortedSet::new(),
            latencies: SortedMap::new(),
        }
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

    /// True when packets from one to the other are held.
    pub fn is_held(&self, from: ProcessId, to: ProcessId) -> bool {
        !self.holds.is_empty() && self.holds.iter().any(|links| links.cover(from, to))
    }

    /// What a packet sent now would take, jitter aside.
    pub fn latency(&self, from: ProcessId, to: ProcessId) -> Duration {
        if self.latencies.is_empty() {
            return self.latency;
        }
        // The narrowest description wins: one host to one host, then either end, then all links.
        let narrowest = self
            .latencies
            .iter()
            .filter(|(links, _)| links.cover(from, to));
        let narrowness = |links: &Links| {
            use crate::world::command::End;
            u8::from(links.from != End::Any) + u8::from(links.to != End::Any)
        };
        narrowest
            .max_by_key(|(links, _)| narrowness(links))
            .map_or(self.latency, |(_, span)| *span)
    }

    /// Begins a connection: its first packet is on its way to `listener`.
    pub fn open(&mut self, now: Instant, connection: ConnectionId, listener: Option<ProcessId>) {
        let opener = connection.opener;
        let to = listener.unwrap_or(opener);
        let known = Connection {
            opener,
            listener: to,
            last_arrival: [now; 2],
            open: [true; 2],
        };
        self.connections.insert((opener, connection.serial), known);
        match listener {
            Some(listener) => self.put(now, opener, listener, connection.other_end(), Parcel::Open),
            None => self.put(now, opener, opener, connection, Parcel::Refused),
        }
    }

    /// Sends a packet from the holder of `end` to the other end. Lost when the connection is gone.
    pub fn send(&mut self, now: Instant, end: ConnectionId, parcel: Parcel) {
        let Some(known) = self.connections.get(&(end.opener, end.serial)) else {
            return;
        };
        let mine = side_index(end);
        if !known.open[mine] {
            return;
        }
        let ends = [known.opener, known.listener];
        self.put(now, ends[mine], ends[1 - mine], end.other_end(), parcel);
    }

    /// The holder of `end` wants to hear no more; the other end learns of it.
    pub fn close(&mut self, now: Instant, end: ConnectionId) {
        self.send(now, end, Parcel::Close);
        self.mark_closed(end);
    }

    /// Notes that the holder of `end` is done with it. Forgets the connection when both are.
    pub fn mark_closed(&mut self, end: ConnectionId) {
        let key = (end.opener, end.serial);
        if let Some(known) = self.connections.get_mut(&key) {
            known.open[side_index(end)] = false;
            if known.open == [false; 2] {
                self.connections.remove(&key);
            }
        }
    }

    /// True while the holder of `end` wants to hear what arrives.
    pub fn is_open(&self, end: ConnectionId) -> bool {
        let known = self.connections.get(&(end.opener, end.serial));
        known.is_some_and(|known| known.open[side_index(end)])
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
        if !self.jitter.is_zero() && from != to {
            span = span + Duration::from_micros(self.rng.below(self.jitter.as_micros() + 1));
        }
        let mut arrives_at = now + span.max(Duration::TICK);
        let number = self.next_number;
        self.next_number += 1;
        if let Some(known) = self
            .connections
            .get_mut(&(connection.opener, connection.serial))
        {
            let last = &mut known.last_arrival[1 - side_index(connection)];
            // Equal arrivals keep the order of sending, by number.
            arrives_at = arrives_at.max(*last);
            *last = arrives_at;
        }
        let held_since = self.is_held(from, to).then_some(now);
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
            None => self.under_way.push(Reverse(Queued(packet))),
        }
    }

    /// Stops the packets on these links where they are.
    pub fn hold(&mut self, now: Instant, links: Links, ways: Ways) {
        for links in expand(links, ways) {
            self.holds.insert(links);
        }
        let all = std::mem::take(&mut self.under_way);
        for Reverse(Queued(mut packet)) in all.into_sorted_vec().into_iter().rev() {
            if self.is_held(packet.from, packet.to) {
                packet.held_since = Some(now);
                self.held.push(packet);
            } else {
                self.under_way.push(Reverse(Queued(packet)));
            }
        }
        sort_by_key(&mut self.held, |packet| packet.number);
    }

    /// Lets the packets on these links go on. True when something was held there.
    pub fn release(&mut self, now: Instant, links: Links, ways: Ways) -> bool {
        let before = self.holds.len();
        let released: Vec<Links> = expand(links, ways).collect();
        self.holds
            .retain(|held| !released.iter().any(|links| contains(*links, *held)));
        for packet in std::mem::take(&mut self.held) {
            if self.is_held(packet.from, packet.to) {
                self.held.push(packet);
                continue;
            }
            let mut packet = packet;
            let stood = now.since(packet.held_since.take().unwrap_or(now));
            packet.sent_at += stood;
            packet.arrives_at = (packet.arrives_at + stood).max(now + Duration::TICK);
            let end = packet.connection;
            if let Some(known) = self.connections.get_mut(&(end.opener, end.serial)) {
                let last = &mut known.last_arrival[1 - side_index(end)];
                packet.arrives_at = packet.arrives_at.max(*last);
                *last = packet.arrives_at;
            }
            self.under_way.push(Reverse(Queued(packet)));
        }
        before != self.holds.len()
    }

    /// Links that are held now.
    pub fn holds(&self) -> impl Iterator<Item = &Links> {
        self.holds.iter()
    }

    /// Sets what packets on these links take from now on.
    pub fn set_latency(&mut self, links: Links, ways: Ways, latency: Option<Duration>) {
        for links in expand(links, ways) {
            match latency {
                Some(span) => drop(self.latencies.insert(links, span)),
                None => self.latencies.retain(|known, _| !contains(links, *known)),
            }
        }
    }
}

fn expand(links: Links, ways: Ways) -> impl Iterator<Item = Links> {
    let back = Links {
        from: links.to,
        to: links.from,
    };
    let both = ways == Ways::Both && back != links;
    std::iter::once(links).chain(both.then_some(back))
}

/// True when every link that `inner` describes is described by `outer`.
fn contains(outer: Links, inner: Links) -> bool {
    use crate::world::command::End;
    let end = |outer: End, inner: End| outer == End::Any || outer == inner;
    end(outer.from, inner.from) && end(outer.to, inner.to)
}
