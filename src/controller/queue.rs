//! One broker's orders: in order, one in flight, again and again until the broker has answered.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::channel::{Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{Address, BrokerId, ConnectionId, ProcessId};
use crate::process::{Outbox, Serials};
use crate::protocol::api::{
    LeaderAndIsrRequest, LeaderAndIsrResponse, StopReplicaRequest, StopReplicaResponse,
    UpdateMetadataRequest,
};
use crate::protocol::{ApiKey, Chunks};
use crate::time::{Duration, Instant};

/// How long the controller waits before it tries again.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// What the controller has to say to a broker.
#[derive(Clone, Debug)]
pub enum Order {
    Leaders(Arc<LeaderAndIsrRequest>),
    Metadata(Arc<UpdateMetadataRequest>),
    Stop(Arc<StopReplicaRequest>),
}

impl Order {
    /// Whether it takes data away.
    fn deletes(&self) -> bool {
        let Order::Stop(request) = self else {
            return false;
        };
        let mut states = request.topic_states.iter();
        states.any(|topic| {
            topic
                .partition_states
                .iter()
                .any(|one| one.delete_partition)
        })
    }
}

/// What a broker has answered.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Leaders(LeaderAndIsrResponse),
    /// Replicas are stopped whose data was to be deleted.
    Deleted(StopReplicaResponse),
}

/// One broker's orders and the connection over which they go.
///
/// An order leaves the queue when the broker has answered it. Until then a broken connection means that
/// nobody knows whether it was carried out, so it is sent again: epochs make the second time harmless.
#[derive(Clone, Debug)]
pub struct BrokerQueue {
    host: BrokerId,
    broker: BrokerId,
    address: Address,
    channel: Channel<()>,
    waiting: VecDeque<Order>,
    retry_at: Option<Instant>,
}

impl BrokerQueue {
    pub(super) fn new(host: BrokerId, broker: BrokerId, address: Address) -> BrokerQueue {
        let name = format!("controller-{host}");
        BrokerQueue {
            host,
            broker,
            address,
            channel: Channel::new(Some(name.into()), Negotiation::Known),
            waiting: VecDeque::new(),
            retry_at: None,
        }
    }

    /// The broker to which the orders go.
    pub fn broker(&self) -> BrokerId {
        self.broker
    }

    /// The orders that have not been answered, the one in flight first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Order> {
        self.waiting.iter()
    }

    pub fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection()
    }

    pub(super) fn push(&mut self, order: Order) {
        self.waiting.push_back(order);
    }

    pub(super) fn pump(
        &mut self,
        now: Instant,
        timeout: Duration,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) {
        if self.waiting.is_empty() || self.retry_at.is_some_and(|at| at > now) {
            return;
        }
        self.retry_at = None;
        match self.channel.state() {
            State::Closed => {
                let opener = ProcessId::from(self.host);
                let (serial, to) = (serials.take(), self.address.clone());
                self.channel.connect(now, opener, serial, to, timeout, out);
            }
            State::Ready if self.channel.in_flight().len() == 0 => self.send(now, timeout, out),
            State::Connecting | State::Negotiating | State::Ready => {}
        }
    }

    fn send(&mut self, now: Instant, timeout: Duration, out: &mut Outbox) {
        match self.waiting.front() {
            Some(Order::Leaders(request)) => {
                let version = ApiKey::LeaderAndIsr.newest();
                self.channel
                    .send(now, request.as_ref(), version, (), timeout, out);
            }
            Some(Order::Metadata(request)) => {
                let version = ApiKey::UpdateMetadata.newest();
                self.channel
                    .send(now, request.as_ref(), version, (), timeout, out);
            }
            Some(Order::Stop(request)) => {
                let version = ApiKey::StopReplica.newest();
                self.channel
                    .send(now, request.as_ref(), version, (), timeout, out);
            }
            None => {}
        }
    }

    pub(super) fn opened(&mut self, now: Instant, out: &mut Outbox) {
        self.channel.opened(now, Duration::MAX, out);
    }

    /// Takes bytes from the broker; what it says.
    pub(super) fn received(&mut self, now: Instant, bytes: Chunks, out: &mut Outbox) -> Vec<Said> {
        let mut said = Vec::new();
        let understood = self.channel.received(bytes).and_then(|arrived| {
            for answer in arrived.answers {
                match answer.api {
                    ApiKey::LeaderAndIsr => {
                        said.push(Said::Leaders(answer.decode::<LeaderAndIsrRequest>()?));
                    }
                    ApiKey::StopReplica => {
                        let response = answer.decode::<StopReplicaRequest>()?;
                        if self.waiting.front().is_some_and(Order::deletes) {
                            said.push(Said::Deleted(response));
                        }
                    }
                    _ => {}
                }
                self.waiting.pop_front();
            }
            Ok(())
        });
        if understood.is_err() {
            self.channel.close(CloseReason::Malformed, out);
            self.retry_at = Some(now + RETRY_BACKOFF);
        }
        said
    }

    /// The broker is gone, or its controller is none any more.
    pub(super) fn close(&mut self, out: &mut Outbox) {
        self.waiting.clear();
        self.channel.close(CloseReason::Done, out);
    }

    pub(super) fn closed(&mut self, now: Instant, out: &mut Outbox) {
        self.channel.closed(out);
        self.retry_at = Some(now + RETRY_BACKOFF);
    }

    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) {
        if self.channel.is_overdue(now) {
            self.channel.close(CloseReason::RequestTimedOut, out);
            self.retry_at = Some(now + RETRY_BACKOFF);
        }
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let retry = self.retry_at.filter(|_| !self.waiting.is_empty());
        [retry, self.channel.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }
}
