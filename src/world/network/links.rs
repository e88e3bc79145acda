//! Links, as commands describe them: from whom to whom, and what is the matter with them.
//!
//! A link that is *held* stops packets where they are; they go on from there when it is released. It is
//! a magnifying glass, which no real network has. A link that is *cut* loses packets. TCP hides that
//! from both ends: the sender's system sends what nobody has confirmed again, so that after healing the
//! bytes arrive in order and complete, only late. Neither end is told; what either learns, it learns by
//! waiting in vain. So the two are one mechanism, packets that wait; they differ in how the wait ends.
//!
//! Unlike Linux, a packet goes on at most a second after its link has healed, not after as long again as
//! the outage was: healed is meant to mean healed.

use super::{InFlight, Network};
use crate::model::ProcessId;
use crate::sorted::SortedSet;
use crate::time::{Duration, Instant};

/// One end of a link in a command: one host, every host of a kind, or every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    Any,
    Only(ProcessId),
    Brokers,
    /// Producers, consumers, admin clients and sockets.
    Clients,
    ZooKeeper,
}

/// Links by their ends, one way. A host's link to itself is never meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Links {
    pub from: End,
    pub to: End,
}

/// Whether a command about links means one direction or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ways {
    One,
    Both,
}

/// The first retransmission comes so long after the packet; each next one after twice the time.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
/// No packet waits longer than this for its retransmission once its link has healed.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A connection whose oldest unconfirmed packet is older is given up by the sender's system: what
/// fifteen retransmissions come to on Linux (`tcp_retries2`).
const GIVEN_UP_AFTER: Duration = Duration::from_secs(924);

impl End {
    pub fn covers(self, process: ProcessId) -> bool {
        match self {
            End::Any => true,
            End::Only(only) => only == process,
            End::Brokers => matches!(process, ProcessId::Broker(_)),
            End::ZooKeeper => matches!(process, ProcessId::ZooKeeper(_)),
            End::Clients => !End::Brokers.covers(process) && !End::ZooKeeper.covers(process),
        }
    }

    /// True when every host that `inner` describes is described here.
    fn contains(self, inner: End) -> bool {
        match inner {
            _ if self == End::Any || self == inner => true,
            End::Only(process) => self.covers(process),
            _ => false,
        }
    }

    /// How little it describes, to let the narrowest of several descriptions win.
    fn narrowness(self) -> u8 {
        match self {
            End::Any => 0,
            End::Brokers | End::Clients | End::ZooKeeper => 1,
            End::Only(_) => 3,
        }
    }
}

impl Links {
    pub fn cover(self, from: ProcessId, to: ProcessId) -> bool {
        from != to && self.from.covers(from) && self.to.covers(to)
    }

    /// True when every link that `inner` describes is described here.
    pub fn contain(self, inner: Links) -> bool {
        self.from.contains(inner.from) && self.to.contains(inner.to)
    }

    pub(super) fn narrowness(self) -> u8 {
        self.from.narrowness() + self.to.narrowness()
    }
}

/// The links meant, each one way.
pub fn expand(links: Links, ways: Ways) -> impl Iterator<Item = Links> {
    let back = Links {
        from: links.to,
        to: links.from,
    };
    let both = ways == Ways::Both && back != links;
    std::iter::once(links).chain(both.then_some(back))
}

fn any_covers(links: &SortedSet<Links>, from: ProcessId, to: ProcessId) -> bool {
    !links.is_empty() && links.iter().any(|links| links.cover(from, to))
}

impl Network {
    /// True when packets from one to the other are held.
    pub fn is_held(&self, from: ProcessId, to: ProcessId) -> bool {
        any_covers(&self.holds, from, to)
    }

    /// True when packets from one to the other are lost.
    pub fn is_cut(&self, from: ProcessId, to: ProcessId) -> bool {
        any_covers(&self.cuts, from, to)
    }

    /// True when packets from one to the other do not arrive, for either reason.
    pub fn is_stopped(&self, from: ProcessId, to: ProcessId) -> bool {
        self.is_held(from, to) || self.is_cut(from, to)
    }

    /// Links that are held now.
    pub fn holds(&self) -> impl Iterator<Item = &Links> {
        self.holds.iter()
    }

    /// Links that are cut now.
    pub fn cuts(&self) -> impl Iterator<Item = &Links> {
        self.cuts.iter()
    }

    /// What packets take on links whose latency was set.
    pub fn latencies(&self) -> impl Iterator<Item = (&Links, &Duration)> {
        self.latencies.iter()
    }

    /// Stops the packets on these links where they are.
    pub fn hold(&mut self, now: Instant, links: Links, ways: Ways) {
        self.holds.extend(expand(links, ways));
        self.stop_packets(now);
    }

    /// Loses the packets on these links, until they are healed and the packets sent again.
    pub fn cut(&mut self, now: Instant, links: Links, ways: Ways) {
        self.cuts.extend(expand(links, ways));
        self.stop_packets(now);
    }

    /// Lets the packets on these links go on. True when something was held there.
    pub fn release(&mut self, now: Instant, links: Links, ways: Ways) -> bool {
        let before = self.holds.len();
        for released in expand(links, ways) {
            self.holds.retain(|held| !released.contain(*held));
        }
        for mut packet in self.take_going() {
            let stood = now.since(packet.held_since.take().unwrap_or(now));
            packet.sent_at += stood;
            packet.arrives_at += stood;
            self.put_back(now, packet);
        }
        before != self.holds.len()
    }

    /// Mends these links: what was lost is sent again. True when something was cut there.
    pub fn heal(&mut self, now: Instant, links: Links, ways: Ways) -> bool {
        let before = self.cuts.len();
        for healed in expand(links, ways) {
            self.cuts.retain(|cut| !healed.contain(*cut));
        }
        let (mut going, mut given_up) = (self.take_going(), SortedSet::new());
        for packet in &going {
            let lost = packet.held_since.unwrap_or(now);
            if now.since(lost) > GIVEN_UP_AFTER {
                given_up.insert((packet.connection.opener, packet.connection.serial));
            }
        }
        for packet in &mut going {
            let (lost, sent) = (packet.held_since.take().unwrap_or(now), packet.sent_at);
            packet.sent_at = now + retransmission(lost, now);
            packet.arrives_at = packet.sent_at + packet.arrives_at.since(sent);
        }
        for packet in going {
            self.put_back(now, packet);
        }
        for key in given_up {
            self.reset_connection(now, key);
        }
        before != self.cuts.len()
    }

    /// Sets what packets on these links take from now on.
    pub fn set_latency(&mut self, links: Links, ways: Ways, latency: Option<Duration>) {
        for links in expand(links, ways) {
            match latency {
                Some(span) => drop(self.latencies.insert(links, span)),
                None => self.latencies.retain(|known, _| !links.contain(*known)),
            }
        }
    }

    fn stop_packets(&mut self, now: Instant) {
        for mut packet in self.take_under_way() {
            if self.is_stopped(packet.from, packet.to) {
                packet.held_since = Some(now);
                self.held.push(packet);
            } else {
                self.push(packet);
            }
        }
        crate::sorted::sort_by_key(&mut self.held, |packet| packet.number);
    }

    /// Takes out the packets that nothing stops any more, in the order of their sending.
    fn take_going(&mut self) -> Vec<InFlight> {
        let all = std::mem::take(&mut self.held);
        let (stopped, going): (Vec<InFlight>, Vec<InFlight>) =
            (all.into_iter()).partition(|packet| self.is_stopped(packet.from, packet.to));
        self.held = stopped;
        going
    }
}

/// How long after `now` a packet is sent again that was first lost at `lost`.
fn retransmission(lost: Instant, now: Instant) -> Duration {
    let (mut next, mut wait) = (lost + FIRST_RETRANSMISSION, FIRST_RETRANSMISSION);
    while next < now && wait < LONGEST_WAIT {
        wait = wait.times(2);
        next += wait;
    }
    match next >= now {
        true => next.since(now).min(LONGEST_WAIT),
        false => LONGEST_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_sent_again_at_the_next_doubling() {
        let table = [
            (0, 200),
            (50, 150),
            (200, 0),
            (300, 300),
            (599, 1),
            (700, 700),
        ];
        for (now, wait) in table {
            let wait = Duration::from_millis(wait);
            let at = Instant::from_millis(5_000 + now);
            assert_eq!(
                retransmission(Instant::from_millis(5_000), at),
                wait,
                "{now}"
            );
        }
        let late = retransmission(Instant::ZERO, Instant::from_secs(100));
        assert_eq!(late, LONGEST_WAIT);
    }

    #[test]
    fn kinds_lie_between_one_host_and_all() {
        let b1 = End::Only(ProcessId::Broker(1));
        assert!(End::Any.contains(End::Clients) && End::Brokers.contains(b1));
        assert!(!End::Clients.contains(b1) && !b1.contains(End::Brokers));
        assert!(End::Clients.covers(ProcessId::Socket(1)));
        assert!(End::ZooKeeper.covers(ProcessId::ZooKeeper(1)));
    }
}
