//! The controller: the one broker that decides who leads, and tells all others.
//!
//! Every broker would like to be it; whoever creates `/controller` in ZooKeeper first is it, for as long
//! as its session lives ([`candidacy`]). The controller reads what the znodes say, watches them, decides,
//! writes each decision down and then tells the brokers: `LeaderAndIsr` to replicas, `UpdateMetadata` to
//! everybody, `StopReplica` to those that lose one. Nobody else changes a partition's state; a leader
//! that wants another ISR asks.
//!
//! - [`candidacy`]: who holds office;
//! - [`znodes`]: Kafka's znodes and the JSON in them;
//! - [`store`]: the controller's copy of them; [`partition_state`]: what it knows of one partition;
//! - [`work`]: one event after the other, each in [`step`]s that wait for ZooKeeper;
//!   [`question`]: those that somebody asks; [`reading`]: what ZooKeeper is asked;
//! - [`office`]: what a new controller does first;
//! - [`registrations`]: brokers that come and go;
//! - [`strategy`]: who shall lead; [`elections`]: electing, and taking replicas out of ISRs;
//! - [`topics`]: topics and partitions that are new; [`create_topics`]: what a new topic must be like;
//!   [`creation`]: those that pass; [`assignment`]: which brokers get their replicas;
//! - [`more_partitions`]: topics that grow; [`moves`]: partitions that move to other brokers;
//! - [`deletion`]: topics that are to go; [`asked_elections`]: elections that people ask for;
//! - [`producer_ids`]: which ids brokers may give to producers;
//! - [`alter_partition`]: a leader's wish for another ISR;
//! - [`shutdown`]: brokers that want to stop; [`rebalance`]: preferred leaders;
//! - [`batch`], [`orders`], [`queue`]: what brokers are told, and one order in flight to each;
//! - [`answers`]: what brokers say to it.
//!
//! Laws: a leader epoch, a partition epoch and a controller epoch never decrease; the ISR is part of the
//! replicas; every write of what it decides about partitions is guarded by the controller's own epoch, so that
//! a controller that was deposed decides nothing; an order reaches a broker after every earlier one. As in
//! Kafka, what it writes for whoever asked is not guarded: new topics, wishes to delete one, and producer ids,
//! which have the version of their own znode.
//!
//! Not modelled: the wishes of old tools (`/admin/reassign_partitions`, `/admin/preferred_replica_election`);
//! notes about ISRs (`/isr_change_notification`) and about log directories (`/log_dir_event_notification`);
//! brokers that change where they listen; racks.

mod alter_partition;
mod answers;
mod asked_elections;
pub mod assignment;
mod batch;
pub mod candidacy;
mod create_topics;
mod creation;
mod deletion;
mod elections;
mod more_partitions;
mod moves;
mod office;
mod orders;
mod partition_state;
mod producer_ids;
mod question;
mod queue;
mod reading;
mod rebalance;
mod registrations;
mod shutdown;
mod step;
mod store;
pub mod strategy;
mod topics;
mod work;
pub mod znodes;

pub use asked_elections::Elected;
pub use candidacy::Candidacy;
pub use create_topics::{
    Defaults, Intent, MAX_PARTITIONS, MAX_PARTITIONS_OF_ALL, Making, Origin, TopicSetup,
};
pub use creation::Creation;
pub use moves::{MoveWish, Ongoing};
pub use orders::{DURING_DELETE, last_or_new};
pub use partition_state::{PartitionState, Recovery};
pub use producer_ids::ProducerIdBlock;
pub use question::{Question, Reply, Token};
pub use queue::{BrokerQueue, Order};
pub use store::{LiveBroker, Store, TopicState};

use std::collections::VecDeque;

use crate::fact::Fact;
use crate::model::{BrokerId, ConnectionId, ControllerEpoch, TopicName, TopicPartition};
use crate::process::{Outbox, Serials};
use crate::protocol::Chunks;
use crate::protocol::zookeeper::{Operation, Outcome, WatchEvent};
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};

use batch::Batch;
use deletion::Deletion;
use queue::Said;
use step::Step;
use work::{Event, Waiting};

/// What a controller is made with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The broker that hosts it.
    pub host: BrokerId,
    pub epoch: ControllerEpoch,
    /// The version of `/controller_epoch` by which all its writes are guarded.
    pub epoch_version: i32,
    pub rules: Rules,
}

/// The broker's settings that matter to a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `controller.socket.timeout.ms`.
    pub socket_timeout: Duration,
    /// `unclean.leader.election.enable` of topics that do not say.
    pub unclean_leader_election: bool,
    /// `auto.leader.rebalance.enable`, as the time between two looks
    /// (`leader.imbalance.check.interval.seconds`); `None` when it is off.
    pub rebalance_interval: Option<Duration>,
    /// `leader.imbalance.per.broker.percentage`.
    pub imbalance_percentage: u32,
    /// Whether its writes are guarded by its epoch, as they always are unless a bug is planted.
    pub is_fenced: bool,
    /// Whether a registration that is younger than the known one is noticed; likewise.
    pub notices_bounces: bool,
    /// Whether an ISR changes only if its version is the one that was judged; likewise.
    pub compares_versions: bool,
}

/// The active controller of a cluster.
#[derive(Clone, Debug)]
pub struct Controller {
    host: BrokerId,
    epoch: ControllerEpoch,
    epoch_version: i32,
    rules: Rules,
    store: Store,
    queues: SortedMap<BrokerId, BrokerQueue>,
    /// What is still to be done for the event at hand.
    steps: VecDeque<Step>,
    waiting: Option<Waiting>,
    events: VecDeque<Event>,
    batch: Batch,
    /// Topics that are being written to ZooKeeper, and how many partitions they have.
    creating: SortedMap<TopicName, usize>,
    /// Topics that are to go.
    deletions: SortedMap<TopicName, Deletion>,
    /// When preferred leaders are looked after.
    rebalance_at: Option<Instant>,
    /// What is to be asked of ZooKeeper, and answers to questions: taken out by the broker.
    asks: Vec<Operation>,
    replies: Vec<(Token, Reply)>,
    tenure: Tenure,
}

/// Whether the controller is still in office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tenure {
    /// Reading what is there; it decides nothing yet.
    Beginning,
    Holds,
    /// Somebody else is controller, or the session is over: it does nothing any more.
    Over,
}

impl Controller {
    /// A controller that was just elected. What it does first is the next thing that it does.
    pub fn new(setup: &Setup) -> Controller {
        Controller {
            host: setup.host,
            epoch: setup.epoch,
            epoch_version: setup.epoch_version,
            rules: setup.rules,
            store: Store::default(),
            queues: SortedMap::new(),
            steps: VecDeque::new(),
            waiting: None,
            events: VecDeque::from([Event::TookOffice]),
            batch: Batch::default(),
            creating: SortedMap::new(),
            deletions: SortedMap::new(),
            rebalance_at: None,
            asks: Vec::new(),
            replies: Vec::new(),
            tenure: Tenure::Beginning,
        }
    }

    /// Begins to work.
    pub fn start(&mut self, now: Instant, out: &mut Outbox) {
        self.work(now, out);
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

    /// Whether it has read everything and decides.
    pub fn is_settled(&self) -> bool {
        self.tenure == Tenure::Holds
    }

    /// Whether it has found out that somebody else is controller.
    pub fn has_moved(&self) -> bool {
        self.tenure == Tenure::Over
    }

    /// How many events wait, the one at hand included.
    pub fn backlog(&self) -> usize {
        let at_hand = self.waiting.is_some() || !self.steps.is_empty();
        self.events.len() + usize::from(at_hand)
    }

    // ---- ZooKeeper

    /// What is to be asked of ZooKeeper now, in this order.
    pub fn take_asks(&mut self) -> Vec<Operation> {
        std::mem::take(&mut self.asks)
    }

    /// Answers for those who asked.
    pub fn take_replies(&mut self) -> Vec<(Token, Reply)> {
        std::mem::take(&mut self.replies)
    }

    /// ZooKeeper has answered the oldest open question.
    pub fn zookeeper_answered(&mut self, now: Instant, outcome: Outcome, out: &mut Outbox) {
        self.take_outcome(outcome, out);
        self.work(now, out);
    }

    /// A watch went off.
    pub fn zookeeper_fired(&mut self, now: Instant, fired: &WatchEvent, out: &mut Outbox) {
        let event = match &*fired.path {
            znodes::BROKER_IDS => Some(Event::BrokersChanged),
            znodes::TOPICS => Some(Event::TopicsChanged),
            znodes::DELETE_TOPICS => Some(Event::DeletionsChanged),
            path => znodes::topic_of(path).map(Event::TopicModified),
        };
        if let Some(event) = event {
            self.push_event(event);
            self.work(now, out);
        }
    }

    /// The settings of its broker have changed.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Some topic allows that who is out of sync leads: whoever has no leader may get one.
    pub fn unclean_enabled(&mut self, now: Instant, out: &mut Outbox) {
        self.push_event(Event::UncleanEnabled);
        self.work(now, out);
    }

    // ---- brokers and their connections

    /// A connection of the controller stands.
    pub fn opened(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        if let Some(queue) = self.queue_of(connection) {
            queue.opened(now, out);
        }
    }

    /// Bytes came from a broker.
    pub fn received(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        bytes: Chunks,
        out: &mut Outbox,
    ) {
        let Some(queue) = self.queue_of(connection) else {
            return;
        };
        let broker = queue.broker();
        for said in queue.received(now, bytes, out) {
            self.push_event(match said {
                Said::Leaders(response) => Event::LeadersAnswered(broker, response),
                Said::Deleted(response) => Event::ReplicasDeleted(broker, response),
            });
        }
        self.work(now, out);
    }

    /// A connection is gone, or never stood.
    pub fn closed(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        if let Some(queue) = self.queue_of(connection) {
            queue.closed(now, out);
        }
    }

    /// Looks after whatever is due.
    pub fn woken(&mut self, now: Instant, out: &mut Outbox) {
        for queue in self.queues.values_mut() {
            queue.check_overdue(now, out);
        }
        self.check_rebalance(now);
        self.work(now, out);
    }

    /// When something is due.
    pub fn next_wakeup(&self) -> Option<Instant> {
        let queues = self.queues.values().filter_map(BrokerQueue::next_wakeup);
        queues.chain(self.rebalance_at).min()
    }

    /// When preferred leaders are looked after.
    pub fn rebalance_at(&self) -> Option<Instant> {
        self.rebalance_at
    }

    /// Whether a connection is the controller's.
    pub fn owns(&self, connection: ConnectionId) -> bool {
        let mut queues = self.queues.values();
        queues.any(|queue| queue.connection() == Some(connection))
    }

    fn queue_of(&mut self, connection: ConnectionId) -> Option<&mut BrokerQueue> {
        let mut queues = self.queues.values_mut();
        queues.find(|queue| queue.connection() == Some(connection))
    }

    /// Sends what can be sent.
    pub fn pump(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        for queue in self.queues.values_mut() {
            queue.pump(now, self.rules.socket_timeout, serials, out);
        }
    }

    /// Gives up office: nothing more is sent.
    pub fn resign(&mut self, out: &mut Outbox) {
        self.tenure = Tenure::Over;
        for queue in self.queues.values_mut() {
            queue.close(out);
        }
        out.note(Fact::ControllerResigned {
            epoch: self.epoch.0,
        });
    }

    fn note_decided(&self, name: &TopicPartition, out: &mut Outbox) {
        if let Some(state) = self.store.partition(name) {
            out.note(Fact::PartitionStateDecided {
                partition: name.clone(),
                leader: state.leader,
                epoch: state.leader_epoch,
                isr: state.isr.clone(),
                partition_epoch: state.partition_epoch,
            });
        }
    }
}
