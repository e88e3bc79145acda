//! Settings that change: writing them to ZooKeeper, and noticing that somebody has
//! (`ZkConfigManager`, `ZkNodeChangeNotificationListener`).
//!
//! A change is written in two steps: first the settings themselves, then a numbered note under
//! `/config/changes` that says whose they are. Every broker watches the notes, reads those that are newer than
//! the newest it knows, and reads the settings that they speak of. When notes come or go, each broker takes away those
//! that are older than fifteen minutes.
//!
//! Law: what is written is what was read, changed; what could not be read is not written over.
//!
//! Unlike Kafka, which reads each note again to learn when it was created: a note is as old as it is
//! since this broker saw it first. A broker that starts reads the settings of brokers only if there was ever
//! a note, since nobody can have changed any otherwise; and it does so when it has registered, so that until
//! then it goes by its file.

use super::Broker;
use super::requests::Asked;
use super::zookeeper::Asker;
use crate::controller::znodes::{self, Entity};
use crate::model::{Text, TopicName};
use crate::process::Outbox;
use crate::protocol::api::alter_configs;
use crate::protocol::api::incremental_alter_configs::{
    AlterConfigsResourceResponse, AlterableConfig,
};
use crate::protocol::api::{AlterConfigsResponse, IncrementalAlterConfigsResponse};
use crate::protocol::zookeeper::{
    ANY_VERSION, Answer, CreateMode, Error, Operation, Outcome, Watch,
};
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::{Duration, Moment};

/// How long a note is there to be read (`ZkNodeChangeNotificationListener.changeExpirationMs`).
const NOTES_STAY: Duration = Duration::from_secs(15 * 60);

/// Why a change cannot be, with a sentence.
pub(super) type Refusal = (ErrorCode, String);

/// A topic or broker whose settings shall be others.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// As the request names it.
    pub(super) kind: i8,
    pub(super) name: Text,
    pub(super) wish: Wish,
    /// Whose settings they are, or why they cannot change.
    pub(super) entity: Result<Entity, Refusal>,
}

/// What is wanted of settings.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// These change, the others stay.
    Change(Vec<AlterableConfig>),
    /// There shall be these and no others.
    Replace(Vec<(Text, Option<Text>)>),
}

/// A request that changes settings, on its way.
#[derive(Clone, Debug)]
pub(super) struct ConfigChange {
    asked: Asked,
    resources: Vec<Resource>,
    intent: Intent,
    /// How many answers of ZooKeeper are awaited.
    open: usize,
    outcomes: Vec<Outcome>,
    /// Whether the present settings are awaited, or that the new ones are written.
    stage: Stage,
}

/// Whether a change is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Change,
    ValidateOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reading,
    Writing,
}

impl ConfigChange {
    pub(super) fn new(asked: Asked, resources: Vec<Resource>, intent: Intent) -> ConfigChange {
        ConfigChange {
            asked,
            resources,
            intent,
            open: 0,
            outcomes: Vec::new(),
            stage: Stage::Reading,
        }
    }

    /// The resources that are still without error.
    fn fine(&mut self) -> impl Iterator<Item = (&mut Resource, Entity)> {
        self.resources.iter_mut().filter_map(|resource| {
            let entity = resource.entity.as_ref().ok()?.clone();
            Some((resource, entity))
        })
    }
}

impl Broker {
    /// Reads the present settings of everything that is to change.
    pub(super) fn change_configs(
        &mut self,
        at: Moment,
        mut change: ConfigChange,
        out: &mut Outbox,
    ) {
        let reads = change.fine().map(|(_, entity)| Operation::GetData {
            path: znodes::entity_path(&entity),
            watch: Watch::None,
        });
        let reads: Vec<Operation> = reads.collect();
        if reads.is_empty() {
            return self.answer_config_change(at, &change, out);
        }
        change.open = reads.len();
        self.last_token += 1;
        let number = self.last_token;
        self.config_changes.insert(number, change);
        for read in reads {
            let asker = Asker::ConfigChange(number);
            self.zookeeper.request(at.now, read, asker, out);
        }
    }

    /// ZooKeeper has answered a request that changes settings.
    pub(super) fn config_change_answered(
        &mut self,
        at: Moment,
        number: u64,
        outcome: Outcome,
        out: &mut Outbox,
    ) {
        let Some(change) = self.config_changes.get_mut(&number) else {
            return;
        };
        change.outcomes.push(outcome);
        if change.outcomes.len() < change.open {
            return;
        }
        let Some(mut change) = self.config_changes.remove(&number) else {
            return;
        };
        let outcomes = std::mem::take(&mut change.outcomes);
        match change.stage {
            Stage::Writing => self.configs_written(at, change, &outcomes, out),
            Stage::Reading => self.write_configs(at, number, change, &outcomes, out),
        }
    }

    fn write_configs(
        &mut self,
        at: Moment,
        number: u64,
        mut change: ConfigChange,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let mut writes = Vec::new();
        for ((resource, entity), outcome) in change.fine().zip(outcomes) {
            let changed = present(outcome);
            let changed = changed.and_then(|now| self.apply_changes(&entity, resource, &now));
            match changed {
                Ok(configs) => {
                    let is_new = matches!(outcome, Err(failure) if failure.error == Error::NoNode);
                    writes.push(write(&entity, &configs, is_new));
                    writes.push(Operation::Create {
                        path: znodes::CONFIG_CHANGE.into(),
                        data: znodes::write_change(&entity),
                        mode: CreateMode::PersistentSequential,
                    });
                }
                Err(refusal) => resource.entity = Err(refusal),
            }
        }
        if writes.is_empty() || change.intent == Intent::ValidateOnly {
            return self.answer_config_change(at, &change, out);
        }
        change.stage = Stage::Writing;
        change.open = writes.len();
        self.config_changes.insert(number, change);
        for write in writes {
            let asker = Asker::ConfigChange(number);
            self.zookeeper.request(at.now, write, asker, out);
        }
    }

    fn configs_written(
        &mut self,
        at: Moment,
        mut change: ConfigChange,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        for ((resource, _), written) in change.fine().zip(outcomes.chunks(2)) {
            // Without the note nobody hears of the settings: that is no success either.
            if let Some(failure) = written.iter().find_map(|one| one.as_ref().err()) {
                let error = match failure.error {
                    Error::NoNode => ErrorCode::UnknownTopicOrPartition,
                    _ => ErrorCode::UnknownServerError,
                };
                resource.entity = Err((error, "ZooKeeper did not take it.".to_owned()));
            }
        }
        self.answer_config_change(at, &change, out);
    }

    fn answer_config_change(&mut self, at: Moment, change: &ConfigChange, out: &mut Outbox) {
        let outcome = |resource: &Resource| match &resource.entity {
            Ok(_) => (ErrorCode::None.code(), None),
            Err((error, why)) => (error.code(), Some(Text::from(why.as_str()))),
        };
        let resources = change.resources.iter();
        if change.asked.id.api == ApiKey::AlterConfigs {
            let responses = resources.map(|resource| {
                let (error_code, error_message) = outcome(resource);
                alter_configs::AlterConfigsResourceResponse {
                    error_code,
                    error_message,
                    resource_type: resource.kind,
                    resource_name: resource.name.clone(),
                }
            });
            let response = AlterConfigsResponse {
                responses: responses.collect(),
                ..AlterConfigsResponse::default()
            };
            return self.answer(at, change.asked.id, &response, out);
        }
        let responses = resources.map(|resource| {
            let (error_code, error_message) = outcome(resource);
            AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type: resource.kind,
                resource_name: resource.name.clone(),
            }
        });
        let response = IncrementalAlterConfigsResponse {
            responses: responses.collect(),
            ..IncrementalAlterConfigsResponse::default()
        };
        self.answer(at, change.asked.id, &response, out);
    }

    // ---- noticing

    /// Looks which notes there are, and watches for more.
    pub(super) fn watch_config_changes(&mut self, at: Moment, out: &mut Outbox) {
        let list = Operation::GetChildren {
            path: znodes::CONFIG_CHANGES.into(),
            watch: Watch::Leave,
        };
        self.zookeeper
            .request(at.now, list, Asker::ConfigNotes, out);
    }

    /// The notes that there are. Those of before this broker's time speak of topics whose settings it reads
    /// anyway, or of brokers.
    pub(super) fn config_notes_listed(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        let Ok(Answer::Children { names, stat }) = outcome else {
            return;
        };
        self.purge_config_notes(at, names, out);
        let newest = names.iter().max().cloned().unwrap_or_default();
        let newest = newest.max(self.newest_config_note.clone().unwrap_or_default());
        let Some(seen) = self.newest_config_note.replace(newest) else {
            if stat.children_version > 0 {
                self.read_entity(at, Entity::Brokers, out);
                self.read_entity(at, Entity::Broker(self.id), out);
            }
            return;
        };
        let fresh: Vec<Text> = names.iter().filter(|name| **name > seen).cloned().collect();
        for name in fresh {
            let read = Operation::GetData {
                path: format!("{}/{name}", znodes::CONFIG_CHANGES).into(),
                watch: Watch::None,
            };
            self.zookeeper.request(at.now, read, Asker::ConfigNote, out);
        }
    }

    /// Takes away notes that everybody has long read (`purgeObsoleteNotifications`).
    fn purge_config_notes(&mut self, at: Moment, names: &[Text], out: &mut Outbox) {
        let before = std::mem::take(&mut self.config_notes);
        for name in names {
            let seen = before.get(name).copied().unwrap_or(at.wall);
            let age = u64::try_from(at.wall.0.saturating_sub(seen.0)).unwrap_or(0);
            if Duration::from_millis(age) > NOTES_STAY {
                let delete = Operation::Delete {
                    path: format!("{}/{name}", znodes::CONFIG_CHANGES).into(),
                    version: ANY_VERSION,
                };
                self.zookeeper
                    .request(at.now, delete, Asker::Groundwork, out);
            }
            self.config_notes.insert(name.clone(), seen);
        }
    }

    /// A note says whose settings have changed.
    pub(super) fn config_note_read(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        let Ok(Answer::Data { data, .. }) = outcome else {
            return;
        };
        match znodes::read_change(data) {
            Some(Entity::Broker(other)) if other != self.id => {}
            Some(entity) => self.read_entity(at, entity, out),
            None => {}
        }
    }

    /// Reads a topic's settings, for an order that waits for them.
    pub(super) fn read_configs(&mut self, at: Moment, topic: &TopicName, out: &mut Outbox) {
        self.read_entity(at, Entity::Topic(topic.clone()), out);
    }

    fn read_entity(&mut self, at: Moment, entity: Entity, out: &mut Outbox) {
        let read = Operation::GetData {
            path: znodes::entity_path(&entity),
            watch: Watch::None,
        };
        self.zookeeper
            .request(at.now, read, Asker::Configs(entity), out);
    }

    /// The settings of a topic, or of brokers, are these.
    pub(super) fn configs_read(
        &mut self,
        at: Moment,
        entity: Entity,
        outcome: &Outcome,
        out: &mut Outbox,
    ) {
        let configs = match outcome {
            Ok(Answer::Data { data, .. }) => znodes::read_configs(data).unwrap_or_default(),
            Err(failure) if failure.error == Error::SessionExpired => {
                return self.read_entity(at, entity, out);
            }
            _ => Vec::new(),
        };
        match entity {
            Entity::Topic(topic) => {
                self.take_configs(at, &topic, configs, out);
                self.resume_orders(at, &topic, out);
            }
            Entity::Broker(_) | Entity::Brokers => {
                self.take_dynamic(at, &entity, configs, out);
            }
        }
    }
}

/// Writes settings where they stand, or where they will.
fn write(entity: &Entity, configs: &[(Text, Text)], is_new: bool) -> Operation {
    let (path, data) = (znodes::entity_path(entity), znodes::write_configs(configs));
    match entity {
        // A topic whose settings are gone is gone itself.
        Entity::Broker(_) | Entity::Brokers if is_new => Operation::Create {
            path,
            data,
            mode: CreateMode::Persistent,
        },
        _ => Operation::SetData {
            path,
            data,
            version: ANY_VERSION,
        },
    }
}

/// Somebody's present settings. Who is without the znode has none; whatever else keeps them from being read
/// is no reason to believe that there are none, and the change is not made.
pub(super) fn present(outcome: &Outcome) -> Result<Vec<(Text, Text)>, Refusal> {
    match outcome {
        Ok(Answer::Data { data, .. }) => Ok(znodes::read_configs(data).unwrap_or_default()),
        Err(failure) if failure.error == Error::NoNode => Ok(Vec::new()),
        _ => {
            let why = "ZooKeeper did not say what is set now.".to_owned();
            Err((ErrorCode::UnknownServerError, why))
        }
    }
}
