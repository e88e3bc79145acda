//! AlterConfigs and IncrementalAlterConfigs: settings of topics and brokers change while everything runs.
//!
//! Any broker takes the request. It reads what is set so far, applies the changes, writes the whole
//! to `/config/topics/T` or `/config/brokers/N`, and leaves a note under `/config/changes`. Every broker
//! watches that: it reads the settings anew and its replicas go by them ([`crate::broker::config_changes`]).
//!
//! The older of the two replaces everything: what it does not name goes back to its default. So whoever would
//! change one setting with it must first read them all, and two who do so at once undo each other's work.
//! The newer one changes single settings (KIP-339).
//!
//! Unlike Kafka, whose brokers change their threads, throttles and reporters while they run, keep settings whose names
//! they do not know, and whose loggers have levels: a setting of a broker that is not modelled is refused, and the answer
//! says so.

use super::Asked;
use crate::broker::Broker;
use crate::broker::config_changes::{ConfigChange, Intent, Refusal, Resource, Wish};
use crate::broker::settings::{self, Change};
use crate::controller::znodes::Entity;
use crate::log::setting::{self, Kind};
use crate::model::{BrokerId, Text, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::incremental_alter_configs::AlterableConfig;
use crate::protocol::api::{AlterConfigsRequest, IncrementalAlterConfigsRequest};
use crate::sorted::{Mentions, SortedMap};
use crate::time::Moment;

/// The resource that is a topic.
pub(super) const TOPIC: i8 = 2;
/// The resource that is a broker, or all of them.
pub(super) const BROKER: i8 = 4;

/// What a change does to a setting, as Kafka numbers it.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn refuse<T>(error: ErrorCode, why: impl Into<String>) -> Result<T, Refusal> {
    Err((error, why.into()))
}

impl Broker {
    pub(super) fn handle_incremental_alter_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: IncrementalAlterConfigsRequest,
        out: &mut Outbox,
    ) {
        let resources = request.resources.into_iter().map(|resource| {
            let wish = Wish::Change(resource.configs);
            (resource.resource_type, resource.resource_name, wish)
        });
        self.alter_configs(at, asked, resources.collect(), request.validate_only, out);
    }

    pub(super) fn handle_alter_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: AlterConfigsRequest,
        out: &mut Outbox,
    ) {
        let resources = request.resources.into_iter().map(|resource| {
            let configs = resource.configs.into_iter();
            let wish = Wish::Replace(configs.map(|one| (one.name, one.value)).collect());
            (resource.resource_type, resource.resource_name, wish)
        });
        self.alter_configs(at, asked, resources.collect(), request.validate_only, out);
    }

    fn alter_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        wanted: Vec<(i8, Text, Wish)>,
        validate_only: bool,
        out: &mut Outbox,
    ) {
        let mentions = Mentions::of(wanted.iter().map(|(kind, name, _)| (*kind, name)));
        let entities: Vec<Result<Entity, Refusal>> = (wanted.iter())
            .map(
                |(kind, name, wish)| match mentions.is_repeated((*kind, name)) {
                    false => self.judge_resource(*kind, name, wish),
                    true => refuse(
                        ErrorCode::InvalidRequest,
                        "Each resource must appear at most once.",
                    ),
                },
            )
            .collect();
        let resources = wanted.into_iter().zip(entities);
        let resources = resources.map(|((kind, name, wish), entity)| Resource {
            kind,
            name,
            wish,
            entity,
        });
        let intent = match validate_only {
            true => Intent::ValidateOnly,
            false => Intent::Change,
        };
        let change = ConfigChange::new(asked.clone(), resources.collect(), intent);
        self.change_configs(at, change, out);
    }

    /// What can be said before the present settings are known (`ConfigAdminManager.preprocess`).
    fn judge_resource(&self, kind: i8, name: &Text, wish: &Wish) -> Result<Entity, Refusal> {
        let (names, without): (Vec<&Text>, Vec<&str>) = match wish {
            Wish::Change(changes) => {
                let without = changes
                    .iter()
                    .filter(|change| change.config_operation != DELETE && change.value.is_none());
                let without = without.map(|change| &*change.name).collect();
                (changes.iter().map(|change| &change.name).collect(), without)
            }
            Wish::Replace(configs) => {
                let without = configs.iter().filter(|(_, value)| value.is_none());
                let without = without.map(|(name, _)| &**name).collect();
                (configs.iter().map(|(name, _)| name).collect(), without)
            }
        };
        if !Mentions::of(names).are_distinct() {
            return refuse(
                ErrorCode::InvalidRequest,
                "Error due to duplicate config keys",
            );
        }
        if !without.is_empty() {
            let why = format!("Null value not supported for : {}", without.join(", "));
            return refuse(ErrorCode::InvalidRequest, why);
        }
        match kind {
            TOPIC => {
                let topic = TopicName(name.clone());
                if self.metadata.topic(&topic).is_none() {
                    let why = format!("The topic '{name}' does not exist.");
                    return refuse(ErrorCode::UnknownTopicOrPartition, why);
                }
                Ok(Entity::Topic(topic))
            }
            BROKER if name.is_empty() => Ok(Entity::Brokers),
            BROKER => match name.parse() {
                Err(_) => {
                    let why = format!("Node id must be an integer, but it is: {name}");
                    refuse(ErrorCode::InvalidRequest, why)
                }
                Ok(id) if BrokerId(id) != self.id => {
                    let own = self.id;
                    let why = format!("Unexpected broker id, expected {own}, but received {name}");
                    refuse(ErrorCode::InvalidRequest, why)
                }
                Ok(id) => Ok(Entity::Broker(BrokerId(id))),
            },
            other => refuse(
                ErrorCode::InvalidRequest,
                format!("Unknown resource type {other}"),
            ),
        }
    }

    /// Somebody's settings as they would be.
    ///
    /// # Errors
    /// INVALID_CONFIG (40) or INVALID_REQUEST (42), with a sentence.
    pub(in crate::broker) fn apply_changes(
        &self,
        entity: &Entity,
        resource: &Resource,
        now: &[(Text, Text)],
    ) -> Result<Vec<(Text, Text)>, Refusal> {
        let mut configs: Vec<(Text, Text)> = match &resource.wish {
            Wish::Replace(all) => {
                let all = all.iter();
                let given = all.filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
                given.collect()
            }
            Wish::Change(changes) => {
                // Each setting is named once: that was judged.
                let mut changed = Vec::with_capacity(changes.len());
                for change in changes {
                    let before = now.iter().find(|(known, _)| *known == change.name);
                    let before = before.map(|(_, value)| value);
                    changed.push((
                        change.name.clone(),
                        self.change_one(entity, change, before)?,
                    ));
                }
                let mut configs: SortedMap<Text, Option<Text>> = SortedMap::new();
                let now = now.iter().cloned();
                configs.gather(now.map(|(name, value)| (name, Some(value))).chain(changed));
                let configs = configs.into_iter();
                let configs = configs.filter_map(|(name, value)| Some((name, value?)));
                configs.collect()
            }
        };
        configs.sort();
        match entity {
            Entity::Topic(topic) => {
                self.config.topic(&configs).map_err(|why| {
                    let why = match why.starts_with("Invalid value") {
                        true => format!(
                            "Invalid config value for resource ConfigResource(type=TOPIC, \
                             name='{topic}'): {why}"
                        ),
                        false => why,
                    };
                    (ErrorCode::InvalidConfig, why)
                })?;
            }
            Entity::Broker(_) | Entity::Brokers => self.check_dynamic(&configs)?,
        }
        Ok(configs)
    }

    /// What a setting is when this is done to it, where it was `before`.
    fn change_one(
        &self,
        entity: &Entity,
        change: &AlterableConfig,
        before: Option<&Text>,
    ) -> Result<Option<Text>, Refusal> {
        let name = &change.name;
        let value = change.value.clone().unwrap_or_else(|| "".into());
        Ok(match change.config_operation {
            SET => Some(value),
            DELETE => None,
            APPEND | SUBTRACT => {
                let word = match change.config_operation {
                    APPEND => "append",
                    _ => "subtract",
                };
                let known = match entity {
                    Entity::Topic(_) => setting::find(name).map(|one| (one.kind, one.name)),
                    _ => settings::find(name).map(|one| (one.kind, one.name)),
                };
                let Some((kind, known)) = known else {
                    let why = format!("Unknown config name: {name}");
                    return refuse(ErrorCode::InvalidConfig, why);
                };
                if kind != Kind::List {
                    let why = format!("Config value {word} is not allowed for config key: {name}");
                    return refuse(ErrorCode::InvalidConfig, why);
                }
                // As in Kafka, what is inherited from the broker's file does not count here.
                let default = match entity {
                    Entity::Topic(_) => crate::log::LogConfig::default().get(known),
                    _ => crate::broker::Config::default().get(known),
                };
                let old = before.map_or_else(|| default.unwrap_or_default(), |old| old.to_string());
                let given: Vec<&str> = value.split(',').collect();
                let kept = old.split(',').filter(|word| !word.is_empty());
                let mut words: Vec<&str> = kept.collect();
                match change.config_operation {
                    APPEND => {
                        for word in given {
                            if !words.contains(&word) {
                                words.push(word);
                            }
                        }
                    }
                    _ => words.retain(|word| !given.contains(word)),
                }
                Some(words.join(",").into())
            }
            other => {
                let why = format!("Unknown operations type {other}");
                return refuse(ErrorCode::InvalidRequest, why);
            }
        })
    }

    /// That these settings of a broker may be made while it runs (`DynamicBrokerConfig.validate`).
    fn check_dynamic(&self, configs: &[(Text, Text)]) -> Result<(), Refusal> {
        let all = || {
            configs
                .iter()
                .map(|(name, _)| (&**name, settings::find(name)))
        };
        let fixed = all().filter_map(|(name, known)| {
            let known = known.filter(|known| known.change == Change::AtStart);
            known.map(|_| name)
        });
        let fixed: Vec<&str> = fixed.collect();
        if !fixed.is_empty() {
            let why = format!(
                "Cannot update these configs dynamically: Set({})",
                fixed.join(", ")
            );
            return refuse(ErrorCode::InvalidRequest, why);
        }
        let unknown = all().filter(|(_, known)| known.is_none());
        let unknown: Vec<&str> = unknown.map(|(name, _)| name).collect();
        if !unknown.is_empty() {
            let why = format!(
                "This broker does not model these configs and cannot update them: {}",
                unknown.join(", ")
            );
            return refuse(ErrorCode::InvalidRequest, why);
        }
        let mut config = crate::broker::Config::clone(&self.dynamic.file);
        for (name, value) in configs {
            let set = config.set(name, value);
            set.map_err(|why| (ErrorCode::InvalidRequest, why))?;
        }
        let fits = config.check().and_then(|()| config.log.check());
        fits.map_err(|why| (ErrorCode::InvalidRequest, why))
    }
}
