//! A broker's session with ZooKeeper: it registers, it stands for controller, it reads settings.
//!
//! One session serves the whole broker (`KafkaZkClient`). When the first of a life opens, the broker makes sure
//! of the znodes under which others are made, and of the cluster's id, which the first broker of all draws
//! (`KafkaServer.startup`). Then it registers: an
//! ephemeral znode `/brokers/ids/N`, whose creation is this life's *broker epoch*. Registered, it looks
//! who is controller. When the session expires its znodes are gone; the broker is no controller any more,
//! registers anew under the next session and so gets another epoch. Between the two it goes on serving:
//! nobody has told it anything else.
//!
//! A registration that is there already is an earlier life's, whose session has not run out. Unlike Kafka,
//! where the process ends and a supervisor starts it again, the broker tries again every second; it serves
//! nobody before it is registered for the first time.

use bytes::Bytes;

use super::Broker;
use super::replicas::Slot;
use crate::controller::candidacy::Found;
use crate::controller::{self, Controller, znodes};
use crate::fact::Fact;
use crate::model::{BrokerEpoch, ControllerEpoch, Text, TopicName};
use crate::process::{Outbox, Serials};
use crate::protocol::zookeeper::{
    ANY_VERSION, Answer, CreateMode, Error, Message, Operation, Outcome, SessionId, Stat, Watch,
    WatchEvent,
};
use crate::time::{Duration, Instant, Moment};
use crate::zookeeper::client::Happened;

const REGISTRATION_BACKOFF: Duration = Duration::from_secs(1);

/// Who asked ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Makes sure of a znode: whether it was there already, or gone already, does not matter.
    Groundwork,
    ClusterId,
    Registration,
    Candidacy,
    /// The controller of this epoch.
    Controller(ControllerEpoch),
    /// Reads settings, which are new here or have changed.
    Configs(znodes::Entity),
    /// A request that asks for settings, by its number.
    Describing(u64),
    /// A request that changes settings, by its number.
    ConfigChange(u64),
    /// A request that has ZooKeeper keep how far a group has read, by its number.
    OldOffsets(u64),
    /// Counts the partitions in which groups are kept.
    OffsetsTopic,
    /// Lists the notes about changed settings.
    ConfigNotes,
    /// Reads one of them.
    ConfigNote,
}

/// How far the registration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// There is no session.
    Waiting,
    /// Makes sure of what must be there, and reads the cluster's id.
    Preparing,
    Creating,
    /// The znode was there: asks whose it is.
    Checking,
    /// It was this broker's under its former session: takes it away.
    Replacing,
    /// It is another session's.
    Refused {
        retry_at: Instant,
    },
    Registered,
}

impl Broker {
    pub(super) fn zookeeper_received(
        &mut self,
        at: Moment,
        connection: crate::model::ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        let mut serials = Serials(&mut self.connection_serial);
        let happened = self
            .zookeeper
            .received(at.now, connection, message, &mut serials, out);
        self.zookeeper_happened(at, happened, out);
    }

    pub(super) fn zookeeper_woken(&mut self, at: Moment, out: &mut Outbox) {
        let mut serials = Serials(&mut self.connection_serial);
        let happened = self.zookeeper.woken(at.now, &mut serials, out);
        self.zookeeper_happened(at, happened, out);
        if let Registration::Refused { retry_at } = self.registration
            && retry_at <= at.now
        {
            self.enlist(at, out);
        }
    }

    pub(super) fn zookeeper_happened(
        &mut self,
        at: Moment,
        happened: Vec<Happened<Asker>>,
        out: &mut Outbox,
    ) {
        for happened in happened {
            match happened {
                Happened::Opened { .. } => self.enlist(at, out),
                Happened::Answered { tag, outcome } => {
                    self.zookeeper_answered(at, tag, outcome, out);
                }
                Happened::Fired(event) => self.zookeeper_fired(at, &event, out),
                Happened::Disconnected => {}
                Happened::Expired => self.session_expired(out),
            }
        }
    }

    fn zookeeper_answered(&mut self, at: Moment, asker: Asker, outcome: Outcome, out: &mut Outbox) {
        match asker {
            Asker::Groundwork => {}
            Asker::ClusterId => self.cluster_id_read(at, &outcome, out),
            Asker::Registration => self.registration_answered(at, &outcome, out),
            Asker::Candidacy => {
                let Some(session) = self.zookeeper.session() else {
                    return;
                };
                let found = self.candidacy.answered(&outcome, session, at.wall);
                self.take_found(at, found, out);
            }
            Asker::Controller(epoch) => {
                if let Some(controller) = &mut self.controller
                    && controller.epoch() == epoch
                {
                    controller.zookeeper_answered(at.now, outcome, out);
                }
            }
            Asker::Configs(entity) => self.configs_read(at, entity, &outcome, out),
            Asker::Describing(number) => self.described(at, number, outcome, out),
            Asker::ConfigChange(number) => self.config_change_answered(at, number, outcome, out),
            Asker::OldOffsets(number) => self.old_offsets_answered(at, number, &outcome, out),
            Asker::OffsetsTopic => self.offsets_partitions_counted(&outcome),
            Asker::ConfigNotes => self.config_notes_listed(at, &outcome, out),
            Asker::ConfigNote => self.config_note_read(at, &outcome, out),
        }
    }

    fn zookeeper_fired(&mut self, at: Moment, event: &WatchEvent, out: &mut Outbox) {
        if &*event.path == znodes::CONTROLLER {
            self.candidacy.look();
        } else if &*event.path == znodes::CONFIG_CHANGES {
            self.watch_config_changes(at, out);
        } else if let Some(controller) = &mut self.controller {
            controller.zookeeper_fired(at.now, event, out);
        }
    }

    fn session_expired(&mut self, out: &mut Outbox) {
        self.candidacy.expire();
        if let Some(mut controller) = self.controller.take() {
            controller.abandon(out);
            self.refused_by_controller.extend(controller.take_replies());
        }
        self.registration = Registration::Waiting;
    }

    // ---- registration

    /// Registers, once everything is there that comes before.
    fn enlist(&mut self, at: Moment, out: &mut Outbox) {
        match self.cluster_id {
            Some(_) => self.register(at, out),
            None => self.prepare(at, out),
        }
    }

    /// Creates what every cluster has. Most of it is there, and the answers say so; all that counts is the id
    /// that stands there afterwards, this broker's or another's.
    fn prepare(&mut self, at: Moment, out: &mut Outbox) {
        self.registration = Registration::Preparing;
        let id = znodes::write_cluster_id(self.rng.uuid());
        let ground = znodes::PERSISTENT.iter().map(|path| (*path, Bytes::new()));
        for (path, data) in ground.chain([(znodes::CLUSTER_ID, id)]) {
            let create = Operation::Create {
                path: path.into(),
                data,
                mode: CreateMode::Persistent,
            };
            self.zookeeper
                .request(at.now, create, Asker::Groundwork, out);
        }
        let read = Operation::GetData {
            path: znodes::CLUSTER_ID.into(),
            watch: Watch::None,
        };
        self.zookeeper.request(at.now, read, Asker::ClusterId, out);
    }

    fn cluster_id_read(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        self.cluster_id = match outcome {
            Ok(Answer::Data { data, .. }) => znodes::read_cluster_id(data),
            // The next session begins again.
            Err(failure) if failure.error == Error::SessionExpired => return,
            Err(_) | Ok(_) => None,
        };
        match self.cluster_id {
            Some(_) => self.register(at, out),
            None => {
                self.registration = Registration::Refused {
                    retry_at: at.now + REGISTRATION_BACKOFF,
                };
            }
        }
    }

    /// Creates the znode without data and writes them, at once (`KafkaZkClient.CheckedEphemeral.create`): whoever reads
    /// it finds data version 1.
    fn register(&mut self, at: Moment, out: &mut Outbox) {
        let path = znodes::broker_path(self.id);
        let create = Operation::Create {
            path: path.clone(),
            data: Bytes::new(),
            mode: CreateMode::Ephemeral,
        };
        let write = Operation::SetData {
            path,
            data: znodes::write_broker(&self.address, at.wall),
            version: 0,
        };
        let both = Operation::Multi(vec![create, write]);
        self.registration = Registration::Creating;
        self.zookeeper
            .request(at.now, both, Asker::Registration, out);
    }

    fn registration_answered(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        let Some(session) = self.zookeeper.session() else {
            return;
        };
        match (self.registration, outcome) {
            (Registration::Creating, Ok(Answer::Multi(answers))) => {
                if let Some(Answer::Set { stat }) = answers.last() {
                    self.registered(at, *stat, session, out);
                }
            }
            (Registration::Creating, Err(failure)) if failure.error == Error::NodeExists => {
                let read = Operation::GetData {
                    path: znodes::broker_path(self.id),
                    watch: Watch::None,
                };
                self.registration = Registration::Checking;
                self.zookeeper
                    .request(at.now, read, Asker::Registration, out);
            }
            (Registration::Checking, Ok(Answer::Data { stat, .. })) => {
                self.look_whose(at, *stat, session, out);
            }
            // Gone meanwhile.
            (Registration::Checking | Registration::Replacing, _) => self.register(at, out),
            _ => {}
        }
    }

    /// The znode is there: this session's, this process's under its former session, or another's
    /// (`KafkaZkClient.CheckedEphemeral`).
    fn look_whose(&mut self, at: Moment, stat: Stat, session: SessionId, out: &mut Outbox) {
        if stat.owner == Some(session) {
            return self.registered(at, stat, session, out);
        }
        if stat.owner.is_some() && stat.owner == self.former_session {
            let delete = Operation::Delete {
                path: znodes::broker_path(self.id),
                version: ANY_VERSION,
            };
            self.registration = Registration::Replacing;
            return self
                .zookeeper
                .request(at.now, delete, Asker::Registration, out);
        }
        out.note(Fact::RegistrationRefused);
        self.registration = Registration::Refused {
            retry_at: at.now + REGISTRATION_BACKOFF,
        };
    }

    fn registered(&mut self, at: Moment, stat: Stat, session: SessionId, out: &mut Outbox) {
        self.epoch = BrokerEpoch(stat.created.0.cast_signed());
        self.former_session = Some(session);
        self.registration = Registration::Registered;
        self.serving = true;
        out.note(Fact::BrokerRegistered {
            epoch: self.epoch.0,
        });
        self.watch_config_changes(at, out);
        self.candidacy.look();
    }

    // ---- the office

    fn take_found(&mut self, at: Moment, found: Option<Found>, out: &mut Outbox) {
        match found {
            Some(Found::Won { epoch, version }) => {
                let setup = controller::Setup {
                    host: self.id,
                    epoch,
                    epoch_version: version,
                    rules: self.config.controller_rules(),
                };
                out.note(Fact::ControllerElected { epoch: epoch.0 });
                let mut controller = Box::new(Controller::new(&setup));
                controller.start(at.now, out);
                self.controller = Some(controller);
            }
            Some(Found::Active(active)) if active != Some(self.id) => {
                if let Some(mut controller) = self.controller.take() {
                    controller.abandon(out);
                    self.refused_by_controller.extend(controller.take_replies());
                }
            }
            Some(Found::Active(_)) | None => {}
        }
    }

    // ---- settings of topics

    /// A topic's settings are these: every replica of it here goes by them. They are kept as long as there is
    /// one, or an order to make one waits for them.
    pub(super) fn take_configs(
        &mut self,
        at: Moment,
        topic: &TopicName,
        configs: Vec<(Text, Text)>,
        out: &mut Outbox,
    ) {
        let config = self.config.log.with(&configs);
        let mut waiting = self.waiting_orders.iter();
        if self.replicas.of_topic(topic).is_some() || waiting.any(|order| order.misses(topic)) {
            self.topic_configs.insert(topic.clone(), configs.into());
        }
        let unclean = config.unclean_leader_election;
        let slots = self.replicas.of_topic(topic);
        let slots: Vec<Slot> = slots.map_or(Vec::new(), |slots| slots.values().copied().collect());
        let mut changed = false;
        for slot in slots {
            if *self.replicas.get(slot).config() != config {
                self.replicas.get_mut(slot).set_config(config.clone());
                self.stir(slot);
                changed = true;
            }
        }
        self.arm_cleaner(at);
        if changed {
            out.note(Fact::TopicConfigured {
                topic: topic.clone(),
            });
        }
        if unclean && let Some(controller) = &mut self.controller {
            controller.unclean_enabled(at.now, out);
        }
    }
}
