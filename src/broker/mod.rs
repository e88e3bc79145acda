//! A broker: hosts replicas, answers clients, follows other brokers, obeys the controller.
//!
//! A broker handles one input after the other, each to its end: it changes the replicas that the input
//! concerns, answers, and then looks whether a request that has been waiting can be answered too. One
//! request at a time, in the order of arrival, is one legal schedule of Kafka's eight I/O threads.
//!
//! In reading order:
//!
//! - [`config`]: what stands in `server.properties`; [`settings`]: the same as a list;
//! - [`connections`]: bytes in, one request at a time, answers in order; [`owners`]: whose they are;
//! - [`requests`]: what each API does;
//! - [`partition`]: one replica, as leader or as follower;
//! - [`replicas`]: all of them;
//! - [`fetch_sessions`]: what readers need not say again;
//! - [`purgatory`]: requests that wait; [`waiting`]: how their wait ends; [`delayed_admin`]: those of admins;
//! - [`clock`]: what is done at a given time; [`cleaning`]: compacting logs;
//! - [`replication`]: copying from leaders;
//! - [`controller_line`], [`isr_changes`], [`topic_wishes`], [`producer_ids`]: asking the controller;
//! - [`zookeeper`]: the session, the registration, the candidacy; [`controlling`]: hosting the controller;
//! - [`coordinating`]: hosting the coordinator of groups; [`loading`]: reading what is known of them;
//! - [`stopping`]: stopping in order; [`config_changes`], [`dynamic`]: settings that change;
//! - [`metadata`]: what the broker knows of the cluster;
//! - [`disk`]: what outlives a crash;
//! - `views`: looking at a broker from outside.
//!
//! Laws: answers of a connection leave in the order of its requests; every request gets an answer, or
//! its connection is closed, or it wanted no answer; bytes that cannot be read close one connection and
//! change nothing else.
//!
//! Left out: transactions, quotas, access rules.

mod cleaning;
mod clock;
pub mod config;
mod config_changes;
mod connections;
mod controller_line;
mod controlling;
mod coordinating;
mod delayed_admin;
mod disk;
mod dynamic;
mod fetch_sessions;
mod isr_changes;
mod loading;
pub mod metadata;
mod owners;
pub mod partition;
mod producer_ids;
mod purgatory;
mod replicas;
pub mod replication;
mod requests;
pub mod settings;
mod stopping;
mod topic_wishes;
mod views;
mod waiting;
mod zookeeper;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use connections::{Connection, RequestId};
pub use coordinating::OFFSETS_TOPIC;
pub use disk::Disk;
pub use partition::Partition;
pub use purgatory::Parked;
pub use requests::LONGEST_ANSWER;
pub use views::FetchView;
pub use zookeeper::Registration;

use crate::sorted::{SortedMap, SortedSet};
use std::sync::Arc;

use crate::controller::{Candidacy, Controller, Reply, Token};
use crate::fact::Fact;
use crate::log::LogConfig;
use crate::model::{
    Address, BrokerEpoch, BrokerId, ConnectionId, ControllerEpoch, Offset, ProcessId, Text,
    TopicName, TopicPartition,
};
use crate::process::{Deadline, Input, Outbox, Process, Serials};
use crate::protocol::ErrorCode;
use crate::protocol::zookeeper::SessionId;
use crate::rng::{Rng, Seed};
use crate::time::{Instant, Moment, Timestamp, earliest};
use crate::timers::Timers;
use crate::zookeeper::client::Client;

use self::zookeeper::Asker;
use clock::Timer;
use config_changes::ConfigChange;
use connections::Connections;
use controlling::Pending;
use coordinating::Coordinating;
use disk::StoredReplica;
use dynamic::Dynamic;
use fetch_sessions::FetchSessions;
use isr_changes::IsrChanges;
use metadata::Image;
use owners::Owner;
use producer_ids::ProducerIds;
use purgatory::Purgatory;
use replicas::{Replicas, Slot};
use replication::Fetcher;
use requests::control::WaitingOrder;
use requests::describe_configs::Describing;
use requests::old_offsets::OldOffsets;
use stopping::Stopping;
use topic_wishes::TopicWishes;

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: BrokerId,
    pub address: Address,
    pub config: Config,
    /// `zookeeper.connect`: where the servers of the ensemble listen.
    pub zookeeper: Vec<Address>,
    pub rng: Rng,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    address: Address,
    /// This life of the broker: −1 until it has registered.
    epoch: BrokerEpoch,
    config: Arc<Config>,
    /// Where the settings come from.
    dynamic: Dynamic,
    zookeeper: Client<Asker>,
    /// What ZooKeeper says the cluster is called; `None` before it has said.
    cluster_id: Option<Text>,
    registration: Registration,
    /// The session under which it registered last.
    former_session: Option<SessionId>,
    /// Whether requests are worked on: from the first registration on.
    serving: bool,
    candidacy: Candidacy,
    replicas: Replicas,
    /// What topics have set for themselves.
    topic_configs: SortedMap<TopicName, Arc<[(Text, Text)]>>,
    metadata: Arc<Image>,
    /// The newest controller that has given an order.
    controller_epoch: ControllerEpoch,
    /// The connection over which its last order came, by the number that it has there.
    order_serial: u32,
    connections: Connections,
    fetch_sessions: FetchSessions,
    purgatory: Purgatory,
    fetchers: SortedMap<BrokerId, Fetcher>,
    isr_changes: IsrChanges,
    topic_wishes: TopicWishes,
    producer_ids: ProducerIds,
    /// The controller, while this broker is it.
    controller: Option<Box<Controller>>,
    /// The coordinator of the groups that are kept here.
    groups: Coordinating,
    /// What was asked of the controller here.
    questions: SortedMap<Token, Pending>,
    last_token: u64,
    /// What a controller left unanswered that is none any more.
    refused_by_controller: Vec<(Token, Reply)>,
    /// Set once it was told to stop.
    stopping: Option<Stopping>,
    /// Requests that change settings, on their way.
    config_changes: SortedMap<u64, ConfigChange>,
    /// Requests for settings, on their way.
    describing: SortedMap<u64, Describing>,
    /// Requests that have ZooKeeper keep how far groups have read, on their way.
    old_offsets: SortedMap<u64, OldOffsets>,
    /// The newest note about changed settings that it knows; `None` before it has looked.
    newest_config_note: Option<Text>,
    /// When it first saw each note that is there.
    config_notes: SortedMap<Text, Timestamp>,
    /// Orders that wait for settings of topics.
    waiting_orders: Vec<WaitingOrder>,
    timers: Timers<Timer>,
    booted_at: Instant,
    /// Whose the connections are that this broker opened.
    owners: SortedMap<ConnectionId, Owner>,
    connection_serial: u32,
    /// Replicas that changed while handling this input: requests that wait for them are looked at.
    stirred: SortedSet<Slot>,
    disk: Disk,
    rng: Rng,
}

impl Broker {
    /// A broker with an empty disk.
    pub fn new(setup: Setup) -> Broker {
        Broker::with_disk(setup, Disk::default())
    }

    /// A broker that starts again with what its last life left on the disk.
    pub fn with_disk(setup: Setup, disk: Disk) -> Broker {
        let mut disk = disk;
        disk.clean = false;
        let mut rng = setup.rng;
        let session = setup.config.zookeeper_session_timeout;
        let own = Rng::new(Seed(rng.next_u64()), 0);
        let zookeeper = Client::new(ProcessId::from(setup.id), setup.zookeeper, session, own);
        // A stream of its own, beside the broker's.
        let apart = Rng::new(Seed(rng.clone().next_u64()), 1);
        let groups = Coordinating::new(setup.config.groups, apart);
        let timeout = setup.config.controller_socket_timeout;
        let request_timeout = setup.config.request_timeout;
        let config = Arc::new(setup.config);
        Broker {
            id: setup.id,
            address: setup.address,
            epoch: BrokerEpoch(-1),
            dynamic: Dynamic::new(config.clone()),
            config,
            zookeeper,
            cluster_id: None,
            registration: Registration::Waiting,
            former_session: None,
            serving: false,
            candidacy: Candidacy::new(setup.id),
            replicas: Replicas::default(),
            topic_configs: SortedMap::new(),
            metadata: Arc::default(),
            controller_epoch: ControllerEpoch(0),
            order_serial: 0,
            connections: Connections::default(),
            fetch_sessions: FetchSessions::default(),
            purgatory: Purgatory::default(),
            fetchers: SortedMap::new(),
            isr_changes: IsrChanges::new(setup.id, timeout),
            topic_wishes: TopicWishes::new(setup.id, request_timeout),
            producer_ids: ProducerIds::new(setup.id, request_timeout),
            controller: None,
            groups,
            questions: SortedMap::new(),
            last_token: 0,
            refused_by_controller: Vec::new(),
            stopping: None,
            config_changes: SortedMap::new(),
            describing: SortedMap::new(),
            old_offsets: SortedMap::new(),
            newest_config_note: None,
            config_notes: SortedMap::new(),
            waiting_orders: Vec::new(),
            timers: Timers::default(),
            booted_at: Instant::ZERO,
            owners: SortedMap::new(),
            connection_serial: disk.connections,
            stirred: SortedSet::new(),
            disk,
            rng,
        }
    }

    fn boot(&mut self, at: Moment, out: &mut Outbox) {
        out.note(Fact::Started);
        self.booted_at = at.now;
        self.arm(Timer::IsrCheck, at, self.isr_check_interval());
        let interval = self.config.high_watermark_checkpoint_interval;
        self.arm(Timer::HighWatermarkCheckpoint, at, interval);
        self.arm(Timer::Retention, at, self.config.log_initial_task_delay);
        let interval = self.config.producer_id_expiration_check_interval;
        self.arm(Timer::SilentProducers, at, interval);
        self.groups.coordinator.start(at);
        let mut serials = Serials(&mut self.connection_serial);
        self.zookeeper.start(at.now, &mut serials, out);
    }

    // ---- replicas

    /// A topic's settings as this broker knows them.
    fn topic_config(&self, topic: &TopicName) -> LogConfig {
        match self.topic_configs.get(topic) {
            Some(own) => self.config.log.with(own),
            None => self.config.log.clone(),
        }
    }

    /// The replica here.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER (6) when the partition is somewhere else; UNKNOWN_TOPIC_OR_PARTITION (3)
    /// when nobody has heard of it.
    fn hosted(&self, name: &TopicPartition) -> Result<&Partition, ErrorCode> {
        let replica = self.replicas.find(name);
        replica.ok_or_else(|| self.why_not_hosted(name))
    }

    /// Why there is no replica here: somebody else has it, or nobody knows it.
    fn why_not_hosted(&self, name: &TopicPartition) -> ErrorCode {
        match self.metadata.partition(name) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }

    /// Who leads a partition, for a client that asked the wrong broker: the replica's word first, then
    /// the metadata's.
    fn current_leader(
        &self,
        name: &TopicPartition,
    ) -> Option<(BrokerId, crate::model::LeaderEpoch)> {
        let replica = self.replicas.find(name);
        let hosted = replica.map(|replica| (replica.leader(), replica.leader_epoch()));
        let hosted = hosted.filter(|(leader, _)| *leader != BrokerId::NONE);
        hosted.or_else(|| {
            let known = self.metadata.partition(name)?;
            Some((known.leader, known.leader_epoch))
        })
    }
}

impl Process for Broker {
    type Disk = Disk;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match input {
            Input::Booted => self.boot(at, out),
            Input::Woken => self.woken(at, out),
            Input::Opened {
                connection,
                from,
                host,
            } => self.opened(at, connection, (from, host), out),
            Input::Received {
                connection,
                payload,
            } => self.received(at, connection, payload, out),
            Input::Closed { connection } => self.closed(at, connection, out),
            // Brokers take instructions over the wire only.
            Input::Told(_) => {}
            Input::Stopping => self.begin_stopping(at, out),
        }
        self.settle(at, out);
        while self.run_controller(at, out) {
            self.settle(at, out);
        }
    }

    fn next_wakeup(&self) -> Option<Instant> {
        let controller = self.controller.as_ref();
        earliest([
            self.timers.next(),
            self.isr_changes.next_wakeup(),
            self.topic_wishes.line.next_timeout(),
            self.producer_ids.next_wakeup(),
            self.fetchers
                .values()
                .filter_map(Fetcher::next_wakeup)
                .min(),
            controller.and_then(|controller| controller.next_wakeup()),
            self.zookeeper.next_wakeup(),
            self.groups.coordinator.next_wakeup(),
            self.stopping.as_ref().and_then(Stopping::next_wakeup),
            match self.registration {
                Registration::Refused { retry_at } => Some(retry_at),
                _ => None,
            },
        ])
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.list_deadlines()
    }

    fn crash(self) -> Disk {
        let mut disk = self.disk;
        disk.connections = self.connection_serial;
        for slot in self.replicas.slots() {
            let replica = self.replicas.get(slot).clone();
            let mut log = replica.log().clone();
            let written = disk.log_starts.get(replica.name()).copied();
            log.forget_start(written.unwrap_or(Offset::ZERO));
            let stored = StoredReplica {
                topic_id: replica.topic_id(),
                log,
            };
            disk.replicas.insert(replica.name().clone(), stored);
        }
        disk
    }
}
