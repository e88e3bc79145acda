//! IncrementalAlterConfigs: settings of topics change while everything runs (KIP-339).
//!
//! Any broker takes the request. It reads what the topic has set so far, applies the changes, writes the whole
//! to `/config/topics/T`, and leaves a note under `/config/changes`. Every broker watches that: it reads the
//! settings anew and its replicas go by them ([`crate::broker::config_changes`]).
//!
//! Unlike Kafka, settings of brokers cannot be changed while they run.

use super::Asked;
use crate::broker::Broker;
use crate::broker::config_changes::ConfigChange;
use crate::log::LogConfig;
use crate::model::{Text, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse,
};
use crate::protocol::api::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use crate::sorted::SortedSet;
use crate::time::Moment;

/// The resource that is a topic.
const TOPIC: i8 = 2;

/// What a change does to a setting, as Kafka numbers it.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// The one setting of a topic that is a list.
const LIST: &str = "cleanup.policy";

/// Why a change cannot be, with a sentence.
pub(in crate::broker) type Refusal = (ErrorCode, String);

impl Broker {
    pub(super) fn handle_incremental_alter_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: IncrementalAlterConfigsRequest,
        out: &mut Outbox,
    ) {
        let mut named: SortedSet<(i8, Text)> = SortedSet::new();
        let mut twice: SortedSet<(i8, Text)> = SortedSet::new();
        for resource in &request.resources {
            let name = (resource.resource_type, resource.resource_name.clone());
            if !named.insert(name.clone()) {
                twice.insert(name);
            }
        }
        let responses: Vec<AlterConfigsResourceResponse> = (request.resources.iter())
            .map(|resource| {
                let name = (resource.resource_type, resource.resource_name.clone());
                let judged = match twice.contains(&name) {
                    true => {
                        let why = "The resource is named twice.".to_owned();
                        Err((ErrorCode::InvalidRequest, why))
                    }
                    false => self.judge_resource(resource),
                };
                answered(resource, judged)
            })
            .collect();
        let change = ConfigChange::new(asked.clone(), request, responses);
        self.change_configs(at, change, out);
    }

    /// What can be said before the present settings are known.
    fn judge_resource(&self, resource: &AlterConfigsResource) -> Result<(), Refusal> {
        if resource.resource_type != TOPIC {
            let why = "Only settings of topics can be changed here.".to_owned();
            return Err((ErrorCode::InvalidRequest, why));
        }
        let topic = TopicName(resource.resource_name.clone());
        if self.metadata.topic(&topic).is_none() {
            let why = "There is no such topic.".to_owned();
            return Err((ErrorCode::UnknownTopicOrPartition, why));
        }
        let mut names = SortedSet::new();
        for config in &resource.configs {
            if !names.insert(config.name.clone()) {
                let why = format!("{} is changed twice.", config.name);
                return Err((ErrorCode::InvalidRequest, why));
            }
            if config.config_operation != DELETE && config.value.is_none() {
                let why = format!("{} needs a value.", config.name);
                return Err((ErrorCode::InvalidRequest, why));
            }
        }
        Ok(())
    }

    /// A topic's settings as they would be.
    ///
    /// # Errors
    /// INVALID_CONFIG (40) or INVALID_REQUEST (42), with a sentence.
    pub(in crate::broker) fn apply_changes(
        &self,
        resource: &AlterConfigsResource,
        now: &[(Text, Text)],
    ) -> Result<Vec<(Text, Text)>, Refusal> {
        let mut configs: Vec<(Text, Text)> = now.to_vec();
        for change in &resource.configs {
            let value = change.value.clone().unwrap_or_else(|| "".into());
            let value = match change.config_operation {
                SET | DELETE => value,
                APPEND | SUBTRACT if &*change.name != LIST => {
                    let why = format!("{} is no list.", change.name);
                    return Err((ErrorCode::InvalidConfig, why));
                }
                APPEND | SUBTRACT => {
                    let listed = self.listed(&configs);
                    let given = value.split(',').map(str::trim);
                    let given: Vec<&str> = given.filter(|word| !word.is_empty()).collect();
                    let old = listed.split(',').filter(|word| !word.is_empty());
                    let mut words: Vec<&str> = old.filter(|word| !given.contains(word)).collect();
                    if change.config_operation == APPEND {
                        words.extend(given);
                    }
                    words.join(",").into()
                }
                other => {
                    let why = format!("{other} is no operation on a setting.");
                    return Err((ErrorCode::InvalidRequest, why));
                }
            };
            configs.retain(|(name, _)| *name != change.name);
            match change.config_operation {
                DELETE if LogConfig::default().get(&change.name).is_none() => {
                    let why = format!("{} is not a setting of a topic", change.name);
                    return Err((ErrorCode::InvalidConfig, why));
                }
                DELETE => {}
                _ => configs.push((change.name.clone(), value)),
            }
        }
        configs.sort();
        match self.config.topic(&configs) {
            Ok(_) => Ok(configs),
            Err(why) => Err((ErrorCode::InvalidConfig, why)),
        }
    }

    /// The list as the topic has it, or inherits it.
    fn listed(&self, configs: &[(Text, Text)]) -> String {
        let merged = self.config.log.with(configs);
        merged.get(LIST).unwrap_or_default()
    }

    pub(in crate::broker) fn answer_config_change(
        &mut self,
        at: Moment,
        asked: &Asked,
        responses: Vec<AlterConfigsResourceResponse>,
        out: &mut Outbox,
    ) {
        let response = IncrementalAlterConfigsResponse {
            responses,
            ..IncrementalAlterConfigsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }
}

/// One answer.
pub(in crate::broker) fn answered(
    resource: &AlterConfigsResource,
    judged: Result<(), Refusal>,
) -> AlterConfigsResourceResponse {
    let (error, why) = match judged {
        Ok(()) => (ErrorCode::None, None),
        Err((error, why)) => (error, Some(why.into())),
    };
    AlterConfigsResourceResponse {
        error_code: error.code(),
        error_message: why,
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
    }
}
