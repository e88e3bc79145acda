//! The controller: the one broker that decides who leads, and tells all others.
//!
//! It is an organ of the broker that hosts it. It keeps every partition's state, tells brokers about it
//! by `LeaderAndIsr` and `UpdateMetadata` over connections of its own (also to its own broker), and
//! answers leaders that ask for another ISR. Nobody else changes a partition's state.
//!
//! - [`store`]: what is true, and nothing of how it came to be;
//! - [`assignment`]: which brokers get the replicas of a new topic;
//! - [`create_topics`]: what a new topic must be like;
//! - [`alter_partition`]: what is checked before an ISR changes;
//! - [`queue`]: one broker's orders, one in flight at a time;
//! - [`orders`]: the requests that carry a state to brokers;
//! - [`answers`]: what brokers say to them.
//!
//! Laws: a leader epoch and a partition epoch never decrease; the ISR is part of the replicas; an order
//! reaches a broker after every earlier one.
//!
//! Left out, for now: ZooKeeper, so that the store lives in the controller's memory; the election of the
//! controller, which is written in the plan; elections of leaders, since no broker ever dies here.

mod alter_partition;
mod answers;
pub mod assignment;
mod create_topics;
mod orders;
mod queue;
mod store;

pub use create_topics::{Defaults, Intent, MAX_PARTITIONS, Making};
pub use queue::{BrokerQueue, Order};
pub use store::{LiveBroker, PartitionState, Store, TopicState};

use crate::sorted::SortedMap;

use crate::fact::Fact;
use crate::model::{
    Address, BrokerEpoch, BrokerId, ConnectionId, ControllerEpoch, Text, TopicId, TopicName,
    TopicPartition,
};
use crate::process::{Outbox, Serials};
use crate::protocol::Chunks;
use crate::time::{Duration, Instant};

/// What the plan says of the cluster.
#[derive(Clone, Debug)]
pub struct Setup {
    pub epoch: ControllerEpoch,
    /// Every broker that is registered.
    pub brokers: Vec<(BrokerId, BrokerEpoch, Address)>,
    pub topics: Vec<TopicSetup>,
}

/// A topic that exists from the beginning.
#[derive(Clone, Debug)]
pub struct TopicSetup {
    pub name: TopicName,
    pub id: TopicId,
    /// By partition; the preferred leader first.
    pub replicas: Vec<Vec<BrokerId>>,
    pub configs: Vec<(Text, Text)>,
}

/// The active controller of a cluster.
#[derive(Clone, Debug)]
pub struct Controller {
    host: BrokerId,
    epoch: ControllerEpoch,
    store: Store,
    queues: SortedMap<BrokerId, BrokerQueue>,
    /// `controller.socket.timeout.ms`.
    timeout: Duration,
}

impl Controller {
    pub fn new(host: BrokerId, setup: &Setup, timeout: Duration) -> Controller {
        let mut store = Store::default();
        let mut queues = SortedMap::new();
        for (id, epoch, address) in &setup.brokers {
            let (id, epoch, address) = (*id, *epoch, address.clone());
            queues.insert(id, BrokerQueue::new(host, id, address.clone()));
            store.register(id, LiveBroker { epoch, address });
        }
        for topic in &setup.topics {
            store.create_topic(topic);
        }
        Controller {
            host,
            epoch: setup.epoch,
            store,
            queues,
            timeout,
        }
    }

    /// Takes office: tells every broker who is there, then who leads what.
    pub fn boot(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        let names: Vec<TopicPartition> = self.store.partitions().map(|(name, _)| name).collect();
        self.send_metadata(&[]);
        self.note_decided(&names, out);
        self.send_leaders(&names);
        self.send_metadata(&names);
        self.pump(now, serials, out);
    }

    /// The epoch in which it holds office.
    pub fn epoch(&self) -> ControllerEpoch {
        self.epoch
    }

    /// The broker that hosts it.
    pub fn host(&self) -> BrokerId {
        self.host
    }

    /// What is true of the cluster, by its word.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The state of one partition.
    pub fn partition(&self, name: &TopicPartition) -> Option<&PartitionState> {
        self.store.partition(name)
    }

    /// The orders for each broker that are not carried out yet.
    pub fn queues(&self) -> impl Iterator<Item = (BrokerId, &BrokerQueue)> {
        self.queues.iter().map(|(id, queue)| (*id, queue))
    }

    /// Creates a topic and tells the brokers about it: its settings, its leaders, then everybody.
    pub fn create_topic(
        &mut self,
        now: Instant,
        topic: &TopicSetup,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) {
        self.store.create_topic(topic);
        let names: Vec<TopicPartition> = self.store.partitions_of(&topic.name).collect();
        self.note_decided(&names, out);
        self.send_configs(&topic.name);
        self.send_leaders(&names);
        self.send_metadata(&names);
        self.pump(now, serials, out);
    }

    fn note_decided(&self, names: &[TopicPartition], out: &mut Outbox) {
        for (name, state) in self.states(names) {
            out.note(Fact::PartitionStateDecided {
                partition: name.clone(),
                leader: state.leader,
                epoch: state.leader_epoch,
                isr: state.isr.clone(),
                partition_epoch: state.partition_epoch,
            });
        }
    }

    // ---- connections

    /// A connection of the controller stands.
    pub fn opened(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) {
        let configs = self.store.all_configs();
        if let Some(queue) = self.queue_of(connection) {
            queue.opened(now, configs, out);
        }
        self.pump(now, serials, out);
    }

    /// Bytes came from a broker.
    pub fn received(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        bytes: Chunks,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) {
        let Some(queue) = self.queue_of(connection) else {
            return;
        };
        let broker = queue.broker();
        for said in queue.received(now, bytes, out) {
            self.leaders_answered(broker, &said, out);
        }
        self.pump(now, serials, out);
    }

    /// A connection is gone, or never stood.
    pub fn closed(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        if let Some(queue) = self.queue_of(connection) {
            queue.closed(now, out);
        }
    }

    /// Looks after whatever is due.
    pub fn woken(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        for queue in self.queues.values_mut() {
            queue.check_overdue(now, out);
        }
        self.pump(now, serials, out);
    }

    /// When something is due.
    pub fn next_wakeup(&self) -> Option<Instant> {
        self.queues
            .values()
            .filter_map(BrokerQueue::next_wakeup)
            .min()
    }

    /// Whether a connection is the controller's.
    pub fn owns(&self, connection: ConnectionId) -> bool {
        self.queues
            .values()
            .any(|queue| queue.connection() == Some(connection))
    }

    fn queue_of(&mut self, connection: ConnectionId) -> Option<&mut BrokerQueue> {
        self.queues
            .values_mut()
            .find(|queue| queue.connection() == Some(connection))
    }

    /// Sends what can be sent.
    fn pump(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        for queue in self.queues.values_mut() {
            queue.pump(now, self.timeout, serials, out);
        }
    }
}
