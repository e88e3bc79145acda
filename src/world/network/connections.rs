//! Connections: how they begin and in which ways they end.
//!
//! Whoever closes its end has the other end hear of it behind everything that was sent before. When a
//! process dies its system closes all its ends. When a machine loses power nobody closes anything: what
//! is sent to it is sent again and again until the machine is back, knows nothing of the connection and
//! says so. A connection that is reset is over at both ends, with everything that was under way on it.

use super::{InFlight, Network, Parcel};
use crate::model::{ConnectionId, ProcessId, Side};
use crate::sorted::SortedSet;
use crate::time::Instant;

/// One connection as the network sees it, by the opener and its serial number.
#[derive(Clone, Debug)]
pub struct Connection {
    pub opener: ProcessId,
    pub listener: ProcessId,
    /// The last arrival fixed for each direction: towards the listener, towards the opener.
    last_arrival: [Instant; 2],
    /// Which ends still want to hear something: the opener's, the listener's.
    open: [bool; 2],
    /// The wish for it has reached the listener's machine.
    arrived: bool,
    /// Nothing more can be sent over it; both ends are about to learn that it was reset.
    reset: bool,
    /// A machine that lost power held an end, and has not said that it knows nothing of it.
    forgotten: bool,
}

fn side_index(connection: ConnectionId) -> usize {
    match connection.side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Connection {
    /// When a packet to `end` arrives that would arrive at `at` if it were alone.
    pub(super) fn in_order(&mut self, end: ConnectionId, at: Instant) -> Instant {
        let last = &mut self.last_arrival[1 - side_index(end)];
        *last = at.max(*last);
        *last
    }

    fn holders(&self) -> [ProcessId; 2] {
        [self.opener, self.listener]
    }
}

impl Network {
    /// Begins a connection: its first packet is on its way to `listener`.
    pub fn open(&mut self, now: Instant, connection: ConnectionId, listener: Option<ProcessId>) {
        let opener = connection.opener;
        let to = listener.unwrap_or(opener);
        let known = Connection {
            opener,
            listener: to,
            last_arrival: [now; 2],
            open: [true; 2],
            arrived: false,
            reset: false,
            forgotten: false,
        };
        self.connections.insert((opener, connection.serial), known);
        match listener {
            Some(listener) => self.put(now, opener, listener, connection.other_end(), Parcel::Open),
            None => self.put(now, opener, opener, connection, Parcel::Refused),
        }
    }

    /// The wish for a connection has reached a machine, whose system agrees to it, whatever the process
    /// is doing. False when whoever wished for it has died with it in the meantime.
    pub fn accept(&mut self, now: Instant, end: ConnectionId) -> bool {
        let Some(known) = self.connections.get_mut(&(end.opener, end.serial)) else {
            return false;
        };
        known.arrived = true;
        if known.reset {
            return false;
        }
        self.send(now, end, Parcel::Accepted);
        true
    }

    /// The wish for a connection has reached a machine on which nobody listens.
    pub fn refuse(&mut self, now: Instant, end: ConnectionId) {
        self.send(now, end, Parcel::Refused);
        self.mark_closed(end);
    }

    /// Sends a packet from the holder of `end` to the other end. Lost when the connection is gone.
    pub fn send(&mut self, now: Instant, end: ConnectionId, parcel: Parcel) {
        let Some(known) = self.connections.get(&(end.opener, end.serial)) else {
            return;
        };
        let mine = side_index(end);
        if !known.open[mine] || known.reset {
            return;
        }
        let holders = known.holders();
        self.put(
            now,
            holders[mine],
            holders[1 - mine],
            end.other_end(),
            parcel,
        );
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

    /// The ends that a process holds of connections that its machine knows.
    fn ends_of(&self, process: ProcessId) -> Vec<ConnectionId> {
        let mut ends = Vec::new();
        for ((opener, serial), known) in self.connections.iter() {
            let end = ConnectionId::client(*opener, *serial);
            if known.opener == process {
                ends.push(end);
            }
            // A wish that is still under way finds out for itself.
            if known.listener == process && known.arrived {
                ends.push(end.other_end());
            }
        }
        ends
    }

    /// A process is gone; its system closes every end that it held.
    pub fn sever(&mut self, now: Instant, process: ProcessId) {
        for end in self.ends_of(process) {
            self.close(now, end);
        }
    }

    /// A machine has lost power, and with it every end that its process held. Nobody is told.
    pub fn forget(&mut self, process: ProcessId) {
        for end in self.ends_of(process) {
            if let Some(known) = self.connections.get_mut(&(end.opener, end.serial)) {
                known.forgotten = true;
            }
            self.mark_closed(end);
        }
    }

    /// A packet has come to a machine without power. Its sender's system sends it again and again.
    pub fn unheard(&mut self, packet: InFlight) {
        let end = packet.connection;
        if self.is_open(end.other_end()) {
            self.unheard.push(packet);
        }
    }

    /// What has come to machines without power, and will be sent to them again.
    pub(in crate::world) fn unheard_packets(&self) -> impl Iterator<Item = &InFlight> {
        self.unheard.iter()
    }

    /// A machine has power again: what was sent to it in the meantime is sent again. Wishes for a
    /// connection arrive; bytes of connections that it does not know are answered with a reset.
    pub fn hear_again(&mut self, now: Instant, process: ProcessId) {
        let all = std::mem::take(&mut self.unheard);
        let (ours, others): (Vec<InFlight>, Vec<InFlight>) =
            (all.into_iter()).partition(|packet| packet.to == process);
        self.unheard = others;
        for packet in ours {
            if !self.is_open(packet.connection.other_end()) {
                continue;
            }
            match packet.parcel {
                Parcel::Open => {
                    self.put(now, packet.from, packet.to, packet.connection, Parcel::Open);
                }
                _ => self.answer_unknown(now, packet.connection),
            }
        }
    }

    /// Bytes have come for an end that nobody holds. Where that is because of a power loss, the sender
    /// does not know it yet and is told.
    pub fn answer_unknown(&mut self, now: Instant, end: ConnectionId) {
        let Some(known) = self.connections.get_mut(&(end.opener, end.serial)) else {
            return;
        };
        if !std::mem::take(&mut known.forgotten) {
            return;
        }
        let (mine, holders) = (side_index(end), known.holders());
        let other = end.other_end();
        self.put(now, holders[mine], holders[1 - mine], other, Parcel::Close);
    }

    /// Resets every connection between the two ends of these links; how many there were.
    pub fn reset(&mut self, now: Instant, links: super::Links) -> usize {
        let meant = self.connections.iter().filter(|(_, known)| {
            let [opener, listener] = known.holders();
            !known.reset && (links.cover(opener, listener) || links.cover(listener, opener))
        });
        let meant: Vec<(ProcessId, u32)> = meant.map(|(key, _)| *key).collect();
        for key in &meant {
            self.reset_connection(now, *key);
        }
        meant.len()
    }

    /// Ends a connection at both ends, which hear of it; what is under way on it is lost.
    pub(super) fn reset_connection(&mut self, now: Instant, (opener, serial): (ProcessId, u32)) {
        let end = ConnectionId::client(opener, serial);
        let theirs = |packet: &InFlight| {
            (packet.connection.opener, packet.connection.serial) == (opener, serial)
        };
        for packet in self.take_under_way() {
            if !theirs(&packet) {
                self.push(packet);
            }
        }
        self.held.retain(|packet| !theirs(packet));
        self.unheard.retain(|packet| !theirs(packet));
        let Some(known) = self.connections.get_mut(&(opener, serial)) else {
            return;
        };
        known.reset = true;
        known.last_arrival = [now; 2];
        let (open, arrived, listener) = (known.open, known.arrived, known.listener);
        if open[0] {
            self.put(now, listener, opener, end, Parcel::Close);
        }
        if open[1] && arrived {
            self.put(now, opener, listener, end.other_end(), Parcel::Close);
        } else {
            self.mark_closed(end.other_end());
        }
    }

    /// The hosts that have a connection with each other, each pair once, opener first.
    pub fn connected(&self) -> SortedSet<(ProcessId, ProcessId)> {
        let pairs = self.connections.values();
        pairs.map(|known| (known.opener, known.listener)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Rng, Seed};
    use crate::time::Duration;
    use crate::world::network::{End, Links, Ways};

    const B1: ProcessId = ProcessId::Broker(1);
    const B2: ProcessId = ProcessId::Broker(2);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    /// A connection from broker 1 to broker 2 that stands since 2 ms.
    fn standing() -> (Network, ConnectionId) {
        let rng = Rng::new(Seed(1), 1);
        let mut network = Network::new(Duration::from_millis(1), Duration::ZERO, rng);
        let end = ConnectionId::client(B1, 1);
        network.open(at(0), end, Some(B2));
        assert_eq!(
            network.pop().map(|packet| packet.parcel),
            Some(Parcel::Open)
        );
        assert!(network.accept(at(1), end.other_end()));
        let accepted = network.pop().map(|packet| packet.parcel);
        assert_eq!(accepted, Some(Parcel::Accepted));
        (network, end)
    }

    fn all(network: &mut Network) -> Vec<(ProcessId, Parcel, u64)> {
        let packets = std::iter::from_fn(|| network.pop());
        packets
            .map(|packet| (packet.to, packet.parcel, packet.arrives_at.as_millis()))
            .collect()
    }

    #[test]
    fn a_reset_reaches_both_ends_and_nothing_else_does() {
        let (mut network, end) = standing();
        network.send(at(5), end, Parcel::Refused);
        let links = Links {
            from: End::Only(B2),
            to: End::Any,
        };
        assert_eq!(network.reset(at(5), links), 1);
        network.send(at(5), end, Parcel::Refused);
        let expected = [(B1, Parcel::Close, 6), (B2, Parcel::Close, 6)];
        assert_eq!(all(&mut network), expected);
        assert_eq!(network.reset(at(6), links), 0);
    }

    #[test]
    fn a_process_that_dies_has_its_connections_closed() {
        let (mut network, end) = standing();
        network.sever(at(5), B2);
        assert_eq!(all(&mut network), [(B1, Parcel::Close, 6)]);
        assert!(network.is_open(end) && !network.is_open(end.other_end()));
    }

    #[test]
    fn a_machine_that_lost_power_says_nothing_until_it_is_back() {
        let (mut network, end) = standing();
        network.forget(B2);
        assert_eq!(all(&mut network), []);
        network.send(at(5), end, Parcel::Refused);
        let packet = network.pop().expect("it is sent all the same");
        network.unheard(packet);
        assert_eq!(all(&mut network), []);
        network.hear_again(at(9), B2);
        assert_eq!(all(&mut network), [(B1, Parcel::Close, 10)]);
        network.hear_again(at(11), B2);
        assert_eq!(all(&mut network), [], "once is enough");
    }

    #[test]
    fn what_a_cut_lost_is_sent_again_in_order() {
        let (mut network, end) = standing();
        let links = Links {
            from: End::Only(B1),
            to: End::Brokers,
        };
        network.send(at(10), end, Parcel::Accepted);
        network.cut(at(10), links, Ways::Both);
        network.send(at(50), end, Parcel::Refused);
        assert_eq!(all(&mut network), []);
        assert!(network.heal(at(60), links, Ways::Both));
        let expected = [(B2, Parcel::Accepted, 211), (B2, Parcel::Refused, 251)];
        assert_eq!(all(&mut network), expected);
        // Longer than a sender's system tries.
        network.send(at(1_000), end, Parcel::Accepted);
        network.cut(at(1_000), links, Ways::One);
        network.heal(at(930_000), links, Ways::One);
        let expected = [(B1, Parcel::Close, 930_001), (B2, Parcel::Close, 930_001)];
        assert_eq!(all(&mut network), expected);
    }
}
