//! Settings of topics that change: writing them to ZooKeeper, and noticing that somebody has
//! (`ZkConfigManager`, `ZkNodeChangeNotificationListener`).
//!
//! A change is written in two steps: first the settings themselves, then a numbered note under
//! `/config/changes` that says whose they are. Every broker watches the notes, reads those that are newer than
//! the newest it knows, and reads the settings that they speak of.
//!
//! Law: what is written is what was read, changed; what could not be read is not written over.
//!
//! Unlike Kafka, where brokers delete notes that are older than fifteen minutes: notes stay.

use super::Broker;
use super::requests::Asked;
use super::requests::alter_configs::{Refusal, answered};
use super::zookeeper::Asker;
use crate::controller::znodes;
use crate::model::{Text, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::IncrementalAlterConfigsRequest;
use crate::protocol::api::incremental_alter_configs::AlterConfigsResourceResponse;
use crate::protocol::zookeeper::{
    ANY_VERSION, Answer, CreateMode, Error, Operation, Outcome, Watch,
};
use crate::time::Moment;

/// A request that changes settings, on its way.
#[derive(Clone, Debug)]
pub(super) struct ConfigChange {
    asked: Asked,
    request: IncrementalAlterConfigsRequest,
    /// By resource; those with an error go no further.
    responses: Vec<AlterConfigsResourceResponse>,
    /// How many answers of ZooKeeper are awaited.
    open: usize,
    outcomes: Vec<Outcome>,
    /// Whether the present settings are awaited, or that the new ones are written.
    writing: bool,
}

impl ConfigChange {
    pub(super) fn new(
        asked: Asked,
        request: IncrementalAlterConfigsRequest,
        responses: Vec<AlterConfigsResourceResponse>,
    ) -> ConfigChange {
        ConfigChange {
            asked,
            request,
            responses,
            open: 0,
            outcomes: Vec::new(),
            writing: false,
        }
    }

    /// The resources that are still without error, by their place.
    fn fine(&self) -> Vec<usize> {
        let places = 0..self.responses.len();
        places
            .filter(|place| self.responses[*place].error_code == 0)
            .collect()
    }

    fn topic(&self, place: usize) -> TopicName {
        TopicName(self.request.resources[place].resource_name.clone())
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
        let fine = change.fine();
        if fine.is_empty() {
            return self.answer_config_change(at, &change.asked, change.responses, out);
        }
        let reads = fine.iter().map(|place| Operation::GetData {
            path: znodes::config_path(&change.topic(*place)),
            watch: Watch::None,
        });
        let reads: Vec<Operation> = reads.collect();
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
        match change.writing {
            true => self.configs_written(at, change, &outcomes, out),
            false => self.write_configs(at, number, change, &outcomes, out),
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
        for (place, outcome) in change.fine().into_iter().zip(outcomes) {
            let resource = &change.request.resources[place];
            let changed = present(outcome).and_then(|now| self.apply_changes(resource, &now));
            match changed {
                Ok(configs) => {
                    let topic = change.topic(place);
                    writes.push(Operation::SetData {
                        path: znodes::config_path(&topic),
                        data: znodes::write_configs(&configs),
                        version: ANY_VERSION,
                    });
                    writes.push(Operation::Create {
                        path: znodes::CONFIG_CHANGE.into(),
                        data: znodes::write_change(&topic),
                        mode: CreateMode::PersistentSequential,
                    });
                }
                Err(refusal) => {
                    change.responses[place] = answered(resource, Err(refusal));
                }
            }
        }
        if writes.is_empty() || change.request.validate_only {
            return self.answer_config_change(at, &change.asked, change.responses, out);
        }
        change.writing = true;
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
        for (place, written) in change.fine().into_iter().zip(outcomes.chunks(2)) {
            // Without the note nobody hears of the settings: that is no success either.
            if let Some(failure) = written.iter().find_map(|one| one.as_ref().err()) {
                let error = match failure.error {
                    Error::NoNode => ErrorCode::UnknownTopicOrPartition,
                    _ => ErrorCode::UnknownServerError,
                };
                let resource = &change.request.resources[place];
                let why = "ZooKeeper did not take it.".to_owned();
                change.responses[place] = answered(resource, Err((error, why)));
            }
        }
        self.answer_config_change(at, &change.asked, change.responses, out);
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

    /// The notes that there are. Those of before this broker's time speak of settings that it reads anyway.
    pub(super) fn config_notes_listed(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        let Ok(Answer::Children { names, .. }) = outcome else {
            return;
        };
        let newest = names.iter().max().cloned();
        let seen = std::mem::replace(&mut self.newest_config_note, newest.or(Some("".into())));
        let Some(seen) = seen else {
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

    /// A note says whose settings have changed.
    pub(super) fn config_note_read(&mut self, at: Moment, outcome: &Outcome, out: &mut Outbox) {
        if let Ok(Answer::Data { data, .. }) = outcome
            && let Some(topic) = znodes::read_change(data)
        {
            self.read_configs(at, &topic, out);
        }
    }
}

/// A topic's present settings. A topic without the znode has none; whatever else keeps them from being read
/// is no reason to believe that there are none, and the change is not made.
fn present(outcome: &Outcome) -> Result<Vec<(Text, Text)>, Refusal> {
    match outcome {
        Ok(Answer::Data { data, .. }) => Ok(znodes::read_configs(data).unwrap_or_default()),
        Err(failure) if failure.error == Error::NoNode => Ok(Vec::new()),
        _ => {
            let why = "ZooKeeper did not say what is set now.".to_owned();
            Err((ErrorCode::UnknownServerError, why))
        }
    }
}
