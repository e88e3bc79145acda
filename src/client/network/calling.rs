//! What goes out over the connections: requests, and those that are not answered yet.

use super::{Network, Peer, Purpose};
use crate::model::BrokerId;
use crate::process::Outbox;
use crate::protocol::{ApiKey, Request};
use crate::time::{Duration, Instant};

impl<T: Clone> Network<T> {
    /// The newest version of an API that both sides serve.
    pub fn version(&self, broker: BrokerId, api: ApiKey) -> Option<i16> {
        self.peers.get(&broker)?.channel.version(api)
    }

    /// How many requests to a broker are not answered yet.
    pub fn in_flight(&self, broker: BrokerId) -> usize {
        let peer = self.peers.get(&broker);
        peer.map_or(0, |peer| peer.channel.in_flight().len())
    }

    /// Sends a request over a ready connection.
    ///
    /// # Panics
    /// When the connection is not ready.
    pub fn call<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        call: T,
        out: &mut Outbox,
    ) {
        let timeout = self.config.request_timeout;
        self.call_within(now, to, request, version, call, timeout, out);
    }

    /// The same, for a request that may take another time than `request.timeout.ms`.
    ///
    /// # Panics
    /// When the connection is not ready.
    #[expect(clippy::too_many_arguments, reason = "one more than `call` has")]
    pub fn call_within<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        call: T,
        timeout: Duration,
        out: &mut Outbox,
    ) {
        let peer = self.ready_peer(to);
        peer.used_at = now;
        (peer.channel).send(now, request, version, Purpose::Call(call), timeout, out);
    }

    /// Sends a request to which there is no answer.
    ///
    /// # Panics
    /// When the connection is not ready.
    pub fn call_unanswered<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        out: &mut Outbox,
    ) {
        let peer = self.ready_peer(to);
        peer.used_at = now;
        peer.channel.send_unanswered(request, version, out);
    }

    pub(super) fn ready_peer(&mut self, broker: BrokerId) -> &mut Peer<T> {
        let peer = self.peers.get_mut(&broker);
        peer.filter(|peer| peer.channel.is_ready())
            .expect("requests go over a ready connection")
    }

    /// What the client wants with each request in flight, and where it went.
    pub fn calls(&self) -> impl Iterator<Item = (BrokerId, &T)> {
        self.peers.iter().flat_map(|(broker, peer)| {
            let tags = peer.channel.in_flight().filter_map(|asked| asked.tag());
            tags.filter_map(|purpose| match purpose {
                Purpose::Call(call) => Some((*broker, call)),
                Purpose::Metadata => None,
            })
        })
    }

    /// The same, to change it.
    pub fn calls_mut(&mut self) -> impl Iterator<Item = (BrokerId, &mut T)> {
        self.peers.iter_mut().flat_map(|(broker, peer)| {
            peer.channel.tags_mut().filter_map(|purpose| match purpose {
                Purpose::Call(call) => Some((*broker, call)),
                Purpose::Metadata => None,
            })
        })
    }
}
