//! How connections end, and what becomes of what was asked over them.

use super::{Event, Network, Purpose};
use crate::channel::State;
use crate::client::backoff::Backoff;
use crate::fact::CloseReason;
use crate::model::BrokerId;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::rng::Rng;
use crate::time::Instant;

impl<T: Clone> Network<T> {
    /// Gives up connections whose answers are overdue, and those that nobody has used for long.
    pub fn expire(
        &mut self,
        now: Instant,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let idle = self.config.connections_max_idle;
        let overdue = self.peers.iter().filter_map(|(broker, peer)| {
            if peer.channel.is_overdue(now) {
                return Some((*broker, CloseReason::RequestTimedOut));
            }
            let unused = peer.is_open() && peer.channel.in_flight().len() == 0;
            (unused && peer.used_at + idle <= now).then_some((*broker, CloseReason::Idle))
        });
        let overdue: Vec<_> = overdue.collect();
        for (broker, reason) in overdue {
            self.close(now, broker, reason, rng, events, out);
        }
    }

    /// Closes the connection to a broker from which nothing is expected any more, so that what was asked there
    /// is lost at once and not when its time is over.
    pub fn abandon(
        &mut self,
        now: Instant,
        broker: BrokerId,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let peer = self.peers.get(&broker);
        if peer.is_some_and(|peer| peer.channel.state() != State::Closed) {
            self.close(now, broker, CloseReason::Done, rng, events, out);
        }
    }

    /// Closes the connection to a broker whose bytes make no sense.
    pub fn close(
        &mut self,
        now: Instant,
        broker: BrokerId,
        reason: CloseReason,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let Some(peer) = self.peers.get_mut(&broker) else {
            return;
        };
        let lost = peer.channel.close(reason, out);
        if reason == CloseReason::Idle {
            return;
        }
        let error = match reason {
            CloseReason::RequestTimedOut => ErrorCode::RequestTimedOut,
            _ => ErrorCode::NetworkException,
        };
        self.lost(now, broker, lost, error, rng, events);
    }

    pub(super) fn lost(
        &mut self,
        now: Instant,
        broker: BrokerId,
        lost: Vec<Purpose<T>>,
        error: ErrorCode,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
    ) {
        let backoff = Backoff {
            first: self.config.reconnect_backoff,
            most: self.config.reconnect_backoff_max,
        };
        if let Some(peer) = self.peers.get_mut(&broker) {
            peer.failures = peer.failures.saturating_add(1);
            peer.retry_at = now + backoff.after(peer.failures, rng);
        }
        let mut calls = Vec::new();
        for purpose in lost {
            match purpose {
                Purpose::Metadata => self.metadata.failed(now, &self.config, rng),
                Purpose::Call(call) => calls.push(call),
            }
        }
        self.metadata.request_update();
        let to = broker;
        events.push(Event::Lost { to, calls, error });
    }
}
