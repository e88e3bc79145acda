//! A broker: hosts replicas, answers clients, follows other brokers, obeys the controller.
//!
//! A broker handles one input after the other, each to its end: it changes the replicas that the input
//! concerns, answers, and then looks whether a request that has been waiting can be answered too. One
//! request at a time, in the order of arrival, is one legal schedule of Kafka's eight I/O threads.
//!
//! In reading order:
//!
//! - [`config`]: what stands in `server.properties`;
//! - [`connections`]: bytes in, one request at a time, answers in order;
//! - [`requests`]: what each API does;
//! - [`partition`]: one replica, as leader or as follower;
//! - [`replicas`]: all of them;
//! - [`fetch_sessions`]: what readers need not say again;
//! - [`purgatory`]: requests that wait; [`waiting`]: how their wait ends;
//! - [`clock`]: what is done at a given time;
//! - [`replication`]: copying from leaders;
//! - [`isr_changes`], [`topic_wishes`]: asking the controller;
//! - [`metadata`]: what the broker knows of the cluster;
//! - [`disk`]: what outlives a crash.
//!
//! Laws: answers of a connection leave in the order of its requests; every request gets an answer, or
//! its connection is closed, or it wanted no answer; bytes that cannot be read close one connection and
//! change nothing else.
//!
//! Left out: ZooKeeper, groups, transactions, quotas, access rules, deletion and reassignment.

mod clock;
pub mod config;
mod connections;
mod disk;
mod fetch_sessions;
mod isr_changes;
pub mod metadata;
pub mod partition;
mod purgatory;
mod replicas;
pub mod replication;
mod requests;
mod topic_wishes;
mod views;
mod waiting;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use connections::{Connection, RequestId};
pub use disk::Disk;
pub use partition::Partition;
pub use purgatory::Parked;
pub use views::FetchView;

use crate::sorted::{SortedMap, SortedSet};
use std::sync::Arc;

use crate::controller::{self, Controller};
use crate::fact::Fact;
use crate::log::LogConfig;
use crate::model::{
    Address, BrokerEpoch, BrokerId, ConnectionId, ControllerEpoch, ProcessId, Side, Text,
    TopicName, TopicPartition,
};
use crate::process::{Deadline, Input, Outbox, Payload, Process, Serials};
use crate::protocol::{Chunks, ErrorCode};
use crate::rng::Rng;
use crate::time::{Instant, Moment};
use crate::timers::Timers;

use clock::{FIRST_RETENTION_CHECK, Timer};
use connections::{Admission, Connections};
use disk::StoredReplica;
use fetch_sessions::FetchSessions;
use isr_changes::IsrChanges;
use metadata::Image;
use purgatory::Purgatory;
use replicas::{Replicas, Slot};
use replication::Fetcher;
use topic_wishes::TopicWishes;

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: BrokerId,
    pub address: Address,
    /// This life of the broker.
    pub epoch: BrokerEpoch,
    pub config: Config,
    /// The controller, if this broker hosts it.
    pub controller: Option<controller::Setup>,
    pub rng: Rng,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    address: Address,
    epoch: BrokerEpoch,
    config: Arc<Config>,
    replicas: Replicas,
    /// What topics have set for themselves.
    topic_configs: SortedMap<TopicName, Arc<[(Text, Text)]>>,
    metadata: Arc<Image>,
    /// The newest controller that has given an order.
    controller_epoch: ControllerEpoch,
    connections: Connections,
    fetch_sessions: FetchSessions,
    purgatory: Purgatory,
    fetchers: SortedMap<BrokerId, Fetcher>,
    isr_changes: IsrChanges,
    topic_wishes: TopicWishes,
    controller: Option<Box<Controller>>,
    timers: Timers<Timer>,
    /// Whose the connections are that this broker opened.
    owners: SortedMap<ConnectionId, Owner>,
    connection_serial: u32,
    /// Replicas that changed while handling this input: requests that wait for them are looked at.
    stirred: SortedSet<Slot>,
    disk: Disk,
    rng: Rng,
}

/// Who uses a connection that this broker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Fetcher(BrokerId),
    IsrChanges,
    TopicWishes,
    Controller,
}

impl Broker {
    /// A broker with an empty disk.
    pub fn new(setup: Setup) -> Broker {
        Broker::with_disk(setup, Disk::default())
    }

    /// A broker that starts again with what its last life left on the disk.
    pub fn with_disk(setup: Setup, disk: Disk) -> Broker {
        let timeout = setup.config.controller_socket_timeout;
        let controller = setup.controller.as_ref();
        let controller = controller.map(|plan| Box::new(Controller::new(setup.id, plan, timeout)));
        Broker {
            id: setup.id,
            address: setup.address,
            epoch: setup.epoch,
            config: Arc::new(setup.config),
            replicas: Replicas::default(),
            topic_configs: SortedMap::new(),
            metadata: Arc::default(),
            controller_epoch: ControllerEpoch(0),
            connections: Connections::default(),
            fetch_sessions: FetchSessions::default(),
            purgatory: Purgatory::default(),
            fetchers: SortedMap::new(),
            isr_changes: IsrChanges::new(setup.id),
            topic_wishes: TopicWishes::new(setup.id),
            controller,
            timers: Timers::default(),
            owners: SortedMap::new(),
            connection_serial: disk.connections,
            stirred: SortedSet::new(),
            disk,
            rng: setup.rng,
        }
    }

    fn boot(&mut self, at: Moment, out: &mut Outbox) {
        out.note(Fact::Started);
        self.arm(Timer::IsrCheck, at, self.isr_check_interval());
        let interval = self.config.high_watermark_checkpoint_interval;
        self.arm(Timer::HighWatermarkCheckpoint, at, interval);
        self.arm(Timer::Retention, at, FIRST_RETENTION_CHECK);
        if let Some(controller) = &mut self.controller {
            let mut serials = Serials(&mut self.connection_serial);
            controller.boot(at.now, &mut serials, out);
        }
    }

    // ---- connections

    fn opened(&mut self, at: Moment, connection: ConnectionId, from: ProcessId, out: &mut Outbox) {
        if connection.side == Side::Server {
            return self.somebody_came(at, connection, from, out);
        }
        match self.owner(connection) {
            Some(Owner::Fetcher(source)) => self.fetcher_opened(at, source, out),
            Some(Owner::IsrChanges) => {
                let timeout = self.config.controller_socket_timeout;
                self.isr_changes.opened(at.now, timeout, out);
                self.send_isr_changes(at, out);
            }
            Some(Owner::TopicWishes) => self.topic_wishes_opened(at, out),
            Some(Owner::Controller) => self.with_controller(|controller, serials| {
                controller.opened(at.now, connection, serials, out);
            }),
            None => {}
        }
    }

    fn somebody_came(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        from: ProcessId,
        out: &mut Outbox,
    ) {
        let limits = (
            self.config.max_connections,
            self.config.max_connections_per_ip,
        );
        match self.connections.opened(connection, from, at.now, limits) {
            Admission::Admitted => {}
            Admission::Waits => return,
            Admission::TooManyOfOneHost => {
                return self.reject(connection, &format!("too many connections of {from}"), out);
            }
            Admission::InPlaceOf(client) => {
                self.reject(client, "it makes room for another broker", out);
            }
        }
        let idle = self.config.connections_max_idle;
        self.arm(Timer::Idle(connection), at, idle);
    }

    /// Lets in who waits, as far as there is room.
    fn admit(&mut self, at: Moment) {
        let most = self.config.max_connections;
        while let Some(connection) = self.connections.admit(at.now, most) {
            let idle = self.config.connections_max_idle;
            self.arm(Timer::Idle(connection), at, idle);
        }
    }

    fn received(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        payload: Payload,
        out: &mut Outbox,
    ) {
        match payload {
            Payload::Config(configs) => {
                let from = self.connections.get(connection).map(Connection::from);
                if from.is_some_and(|from| from.broker().is_some()) {
                    self.take_configs(configs);
                }
            }
            Payload::Kafka(bytes) if connection.side == Side::Server => {
                self.connections.received(connection, bytes, at.now);
            }
            Payload::Kafka(bytes) => self.answered(at, connection, bytes, out),
            Payload::ZooKeeper(_) => {}
        }
    }

    fn answered(&mut self, at: Moment, connection: ConnectionId, bytes: Chunks, out: &mut Outbox) {
        match self.owner(connection) {
            Some(Owner::Fetcher(source)) => self.fetcher_received(at, source, bytes, out),
            Some(Owner::IsrChanges) => self.isr_answered(at, bytes, out),
            Some(Owner::TopicWishes) => self.topic_wishes_answered(at, bytes, out),
            Some(Owner::Controller) => self.with_controller(|controller, serials| {
                controller.received(at.now, connection, bytes, serials, out);
            }),
            None => {}
        }
    }

    fn closed(&mut self, at: Moment, connection: ConnectionId, out: &mut Outbox) {
        if connection.side == Side::Server {
            self.connections.remove(connection);
            self.timers.cancel(&Timer::Idle(connection));
            return;
        }
        let owner = self.owner(connection);
        self.owners.remove(&connection);
        match owner {
            Some(Owner::Fetcher(source)) => self.fetcher_closed(at, source, out),
            Some(Owner::IsrChanges) => self.isr_changes.closed(at.now, out),
            Some(Owner::TopicWishes) => self.topic_wishes.closed(out),
            Some(Owner::Controller) => self.with_controller(|controller, _| {
                controller.closed(at.now, connection, out);
            }),
            None => {}
        }
    }

    /// Who uses a connection; nobody when its owner has already turned to another.
    fn owner(&self, connection: ConnectionId) -> Option<Owner> {
        let controller = self.controller.as_ref();
        if controller.is_some_and(|controller| controller.owns(connection)) {
            return Some(Owner::Controller);
        }
        let owner = self.owners.get(&connection).copied()?;
        let current = match owner {
            Owner::Fetcher(source) => self.fetchers.get(&source).and_then(Fetcher::connection),
            Owner::IsrChanges => self.isr_changes.connection(),
            Owner::TopicWishes => self.topic_wishes.connection(),
            Owner::Controller => None,
        };
        (current == Some(connection)).then_some(owner)
    }

    /// A number for a new connection, and whose it will be.
    fn own_connection(&mut self, owner: Owner) -> u32 {
        let serial = Serials(&mut self.connection_serial).take();
        let connection = ConnectionId::client(ProcessId::from(self.id), serial);
        // What this owner had before is closed by now, and nothing more comes from it.
        self.owners.retain(|_, other| *other != owner);
        self.owners.insert(connection, owner);
        serial
    }

    fn with_controller(&mut self, act: impl FnOnce(&mut Controller, &mut Serials<'_>)) {
        if let Some(controller) = &mut self.controller {
            act(controller, &mut Serials(&mut self.connection_serial));
        }
    }

    /// The controller may be known now, or somewhere else.
    fn send_to_controller(&mut self, at: Moment, out: &mut Outbox) {
        self.send_isr_changes(at, out);
        self.send_topic_wishes(at, out);
        self.run_fetchers(at, out);
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
        replica.ok_or_else(|| match self.metadata.partition(name) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        })
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
            Input::Opened { connection, from } => self.opened(at, connection, from, out),
            Input::Received {
                connection,
                payload,
            } => self.received(at, connection, payload, out),
            Input::Closed { connection } => self.closed(at, connection, out),
            // Brokers take instructions over the wire only.
            Input::Told(_) => {}
        }
        self.settle(at, out);
    }

    fn next_wakeup(&self) -> Option<Instant> {
        let controller = self.controller.as_ref();
        let waits = [
            self.timers.next(),
            self.isr_changes.next_wakeup(),
            self.topic_wishes.next_wakeup(),
            self.fetchers
                .values()
                .filter_map(Fetcher::next_wakeup)
                .min(),
            controller.and_then(|controller| controller.next_wakeup()),
        ];
        waits.into_iter().flatten().min()
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.list_deadlines()
    }

    fn crash(self) -> Disk {
        let mut disk = self.disk;
        disk.connections = self.connection_serial;
        for slot in self.replicas.slots() {
            let replica = self.replicas.get(slot).clone();
            let stored = StoredReplica {
                topic_id: replica.topic_id(),
                log: replica.log().clone(),
            };
            disk.replicas.insert(replica.name().clone(), stored);
        }
        disk
    }
}
