//! Whom to ask: the least busy broker, and when to ask it for metadata.

use super::{Network, Purpose, Readiness};
use crate::channel::State;
use crate::model::{Address, BrokerId};
use crate::process::Outbox;
use crate::protocol::ApiKey;
use crate::rng::Rng;
use crate::time::Instant;

impl<T: Clone> Network<T> {
    /// Asks for metadata if it is time to.
    pub fn refresh_metadata(&mut self, now: Instant, rng: &mut Rng, out: &mut Outbox) {
        let due = self.metadata.next_request(&self.config);
        if due.is_none_or(|due| due > now) {
            return;
        }
        let Some(broker) = self.least_loaded(now, rng) else {
            return;
        };
        if self.ensure(now, broker, rng, out) != Readiness::Ready {
            return;
        }
        let Some(version) = self.version(broker, ApiKey::Metadata) else {
            return;
        };
        let request = self.metadata.request(&self.config);
        let timeout = self.config.request_timeout;
        let peer = self.ready_peer(broker);
        peer.used_at = now;
        (peer.channel).send(now, &request, version, Purpose::Metadata, timeout, out);
    }

    /// The broker to ask when any will do: one with a connection and the fewest requests in flight,
    /// else one to which a connection is being opened, else one to which one may be opened.
    pub fn least_loaded(&mut self, now: Instant, rng: &mut Rng) -> Option<BrokerId> {
        let known: Vec<BrokerId> = if self.metadata.brokers().is_empty() {
            (1..=self.bootstrap.len() as i32)
                .map(|number| BrokerId(-number))
                .collect()
        } else {
            self.metadata.brokers().keys().copied().collect()
        };
        if known.is_empty() {
            return None;
        }
        let first = rng.below(known.len() as u64) as usize;
        let turned = (known[first..].iter()).chain(&known[..first]).copied();
        let mut free = None;
        let mut blocked = None;
        let mut best: Option<(usize, BrokerId)> = None;
        for broker in turned {
            let Some(peer) = self.peers.get(&broker) else {
                free = free.or(Some(broker));
                continue;
            };
            match peer.channel.state() {
                State::Ready => {
                    let load = peer.channel.in_flight().len();
                    if best.is_none_or(|(least, _)| load < least) {
                        best = Some((load, broker));
                    }
                }
                State::Connecting | State::Negotiating => {
                    let load = usize::MAX;
                    best = best.or(Some((load, broker)));
                }
                State::Closed if peer.retry_at <= now => {
                    // The one that failed longest ago is the likeliest to be back.
                    if free.is_none() {
                        free = Some(broker);
                    }
                }
                State::Closed => {
                    let at = peer.retry_at;
                    if blocked.is_none_or(|(earliest, _)| at < earliest) {
                        blocked = Some((at, broker));
                    }
                }
            }
        }
        let best = best.map(|(_, broker)| broker);
        best.or(free).or(blocked.map(|(_, broker)| broker))
    }

    pub(super) fn address(&self, broker: BrokerId) -> Option<Address> {
        if let Some(address) = self.second.get(&broker) {
            return Some(address.clone());
        }
        if broker.0 >= 0 {
            return self.metadata.brokers().get(&broker).cloned();
        }
        let place = usize::try_from(-1 - broker.0).ok()?;
        self.bootstrap.get(place).cloned()
    }
}
