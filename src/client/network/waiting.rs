//! What is waited for, and until when.

use super::{Network, behind};
use crate::channel::State;
use crate::process::Deadline;
use crate::time::Instant;

impl<T: Clone> Network<T> {
    /// Forgets which back-offs were waited for: whoever still waits asks again.
    pub fn begin_turn(&mut self) {
        self.waited_for = None;
    }

    /// When something falls due here, as of the end of a turn at `now`.
    pub fn next_wakeup(&self, now: Instant) -> Option<Instant> {
        let mut earliest = self.waited_for;
        let mut consider = |at: Option<Instant>| {
            if let Some(at) = at {
                earliest = Some(earliest.map_or(at, |other| other.min(at)));
            }
        };
        // A refresh that is due but could not be sent waits for a connection, not for time.
        let refresh = self.metadata.next_request(&self.config);
        consider(refresh.filter(|at| *at > now));
        for peer in self.peers.values() {
            consider(peer.channel.next_timeout());
            if peer.is_open() && peer.channel.in_flight().len() == 0 {
                consider(Some(peer.used_at + self.config.connections_max_idle));
            }
        }
        earliest
    }

    /// What is waited for here, for people.
    pub fn deadlines(&self, deadlines: &mut Vec<Deadline>) {
        if let Some(at) = self.metadata.next_request(&self.config) {
            let why = "asks for metadata".into();
            deadlines.push(Deadline { at, why });
        }
        for (name, peer) in &self.peers {
            let broker = behind(*name);
            let waits = match peer.channel.state() {
                State::Closed => {
                    let pause = peer.failures > 0 && peer.retry_at > Instant::ZERO;
                    let at = Some(peer.retry_at).filter(|_| pause);
                    at.map(|at| (at, format!("may connect to broker {broker} again")))
                }
                State::Connecting => (peer.channel.next_timeout())
                    .map(|at| (at, format!("gives up connecting to broker {broker}"))),
                State::Negotiating | State::Ready => (peer.channel.next_timeout())
                    .map(|at| (at, format!("gives up waiting for broker {broker}"))),
            };
            deadlines.extend(waits.map(|(at, why)| Deadline {
                at,
                why: why.into(),
            }));
        }
    }
}
