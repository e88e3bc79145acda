//! DescribeConfigs: what is set, and by whom.
//!
//! A setting has several sources: the topic itself, the broker while it runs, all brokers while they run, the
//! broker's file, and what Kafka takes when nobody says anything. The first in this order that says something
//! counts; the others are its *synonyms*, and tell what would count without it.
//!
//! What a topic has set is read in ZooKeeper each time, so any broker can tell, and tells the newest.
//!
//! Unlike Kafka, whose brokers remember in which unit a time was given: a retention or a roll time of the file is
//! told in milliseconds, and in coarser units where it is a whole number of them. What the file sets to Kafka's default
//! is told as the default.

use super::Asked;
use super::alter_configs::{BROKER, TOPIC};
use super::room::Room;
use crate::broker::config_changes::{Refusal, present};
use crate::broker::settings::{self, BrokerSetting, Change};
use crate::broker::zookeeper::Asker;
use crate::broker::{Broker, Config};
use crate::controller::znodes;
use crate::log::setting::{self, Setting};
use crate::model::{BrokerId, Text, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use crate::protocol::api::{DescribeConfigsRequest, DescribeConfigsResponse};
use crate::protocol::zookeeper::{Operation, Outcome, Watch};
use crate::sorted::Mentions;
use crate::time::Moment;

/// Where a value comes from, as Kafka numbers it.
const OF_TOPIC: i8 = 1;
const OF_BROKER: i8 = 2;
const OF_BROKERS: i8 = 3;
const OF_FILE: i8 = 4;
const OF_KAFKA: i8 = 5;

/// Settings that Kafka leaves open, because another unit of them has a default.
const OPEN: [&str; 4] = [
    "log.retention.minutes",
    "log.retention.ms",
    "log.roll.jitter.ms",
    "log.roll.ms",
];

/// Settings in a coarser unit of what another says in milliseconds.
const COARSE: [&str; 3] = [
    "log.retention.hours",
    "log.retention.minutes",
    "log.roll.hours",
];

/// A request that waits until ZooKeeper has said what topics have set.
#[derive(Clone, Debug)]
pub(in crate::broker) struct Describing {
    asked: Asked,
    request: DescribeConfigsRequest,
    /// The places of the topics that are asked for, and the answers that came, in the same order.
    places: Vec<usize>,
    outcomes: Vec<Outcome>,
}

impl Broker {
    pub(super) fn handle_describe_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: DescribeConfigsRequest,
        out: &mut Outbox,
    ) {
        // What several ask for is read once.
        let is_known = |place: &usize| self.known_topic(&request.resources[*place]).is_ok();
        let places = named(&request)
            .firsts()
            .filter(is_known)
            .collect::<Vec<_>>();
        let reads = places.iter().map(|place| Operation::GetData {
            path: znodes::config_path(&TopicName(request.resources[*place].resource_name.clone())),
            watch: Watch::None,
        });
        let reads: Vec<Operation> = reads.collect();
        let describing = Describing {
            asked: asked.clone(),
            request,
            places,
            outcomes: Vec::new(),
        };
        if reads.is_empty() {
            return self.describe(at, &describing, out);
        }
        self.last_token += 1;
        let number = self.last_token;
        self.describing.insert(number, describing);
        for read in reads {
            let asker = Asker::Describing(number);
            self.zookeeper.request(at.now, read, asker, out);
        }
    }

    /// ZooKeeper has said what a topic has set.
    pub(in crate::broker) fn described(
        &mut self,
        at: Moment,
        number: u64,
        outcome: Outcome,
        out: &mut Outbox,
    ) {
        let Some(describing) = self.describing.get_mut(&number) else {
            return;
        };
        describing.outcomes.push(outcome);
        if describing.outcomes.len() < describing.places.len() {
            return;
        }
        if let Some(describing) = self.describing.remove(&number) {
            self.describe(at, &describing, out);
        }
    }

    fn describe(&mut self, at: Moment, describing: &Describing, out: &mut Outbox) {
        let mut results = Vec::new();
        let mut room = Room::of(describing.asked.id);
        let request = &describing.request;
        let mentions = named(request);
        // A topic may have gone while ZooKeeper was asked: what it had set is told all the same.
        for resource in &request.resources {
            let asked = mentions.first(key(resource));
            let asked = asked.and_then(|first| describing.places.binary_search(&first).ok());
            let outcome = asked.and_then(|asked| describing.outcomes.get(asked));
            let configs = match outcome {
                Some(outcome) => present(outcome).map(|own| self.describe_topic(&own)),
                None => self.describe_other(resource),
            };
            let result = result(resource, configs, request);
            if !room.take(&result) {
                return self.refuse_length(describing.asked.id, out);
            }
            results.push(result);
        }
        let response = DescribeConfigsResponse {
            results,
            ..DescribeConfigsResponse::default()
        };
        self.answer(at, describing.asked.id, &response, out);
    }

    fn known_topic(&self, resource: &DescribeConfigsResource) -> Result<(), Refusal> {
        if resource.resource_type != TOPIC {
            return Err((ErrorCode::InvalidRequest, String::new()));
        }
        let name = &resource.resource_name;
        TopicName::validate(name).map_err(|why| (ErrorCode::InvalidTopicException, why))?;
        match self.metadata.topic(&TopicName(name.clone())) {
            Some(_) => Ok(()),
            None => Err((ErrorCode::UnknownTopicOrPartition, String::new())),
        }
    }

    /// A broker, or something that cannot be described.
    fn describe_other(&self, resource: &DescribeConfigsResource) -> Result<Vec<Told>, Refusal> {
        let name = &resource.resource_name;
        match resource.resource_type {
            TOPIC => {
                self.known_topic(resource)?;
                Err((ErrorCode::UnknownTopicOrPartition, String::new()))
            }
            BROKER if name.is_empty() => Ok(self.describe_all_brokers()),
            BROKER => {
                let own = self.id;
                let why = match name.parse() {
                    Ok(id) if BrokerId(id) == own => return Ok(self.describe_broker()),
                    Ok(_) => format!(
                        "Unexpected broker id, expected {own} or empty string, but received {name}"
                    ),
                    Err(_) => format!("Broker id must be an integer, but it is: {name}"),
                };
                Err((ErrorCode::InvalidRequest, why))
            }
            other => {
                let why = format!("Unsupported resource type: {other}");
                Err((ErrorCode::InvalidRequest, why))
            }
        }
    }

    /// What it tells of a topic that has set this itself: every setting, its value, and who says so.
    pub fn topic_settings(&self, own: &[(Text, Text)]) -> Vec<DescribeConfigsResourceResult> {
        let told = self.describe_topic(own).into_iter();
        told.map(|told| told.entry).collect()
    }

    fn describe_topic(&self, own: &[(Text, Text)]) -> Vec<Told> {
        let merged = self.config.log.with(own);
        let told = setting::SETTINGS.iter().map(|setting| {
            let mut synonyms = Vec::new();
            let named = own.iter().find(|(name, _)| **name == *setting.name);
            // A setting without effect is kept as it was made.
            let value = match (named, setting.effect) {
                (Some((_, value)), setting::Effect::Ignored) => Some(value.clone()),
                _ => merged.get(setting.name).map(Text::from),
            };
            if named.is_some() {
                synonyms.push(synonym(setting.name, value.clone(), OF_TOPIC));
            }
            if let Some(broker) = setting.broker {
                synonyms.extend(self.synonyms(broker));
            }
            Told::of_topic(setting, value, synonyms)
        });
        told.collect()
    }

    fn describe_broker(&self) -> Vec<Told> {
        let told = settings::settings().into_iter().map(|setting| {
            let synonyms = self.synonyms(setting.name);
            let is_open = synonyms.is_empty() && OPEN.contains(&setting.name);
            // What can be read only at the start is as the file says, whatever another unit of it says by now.
            let value = match setting.change {
                Change::AtStart => self.of_file(setting.name),
                Change::AtAnyTime => self.config.get(setting.name),
            };
            let value = value.filter(|_| !is_open);
            Told::of_broker(setting, value.map(Into::into), synonyms)
        });
        told.collect()
    }

    fn describe_all_brokers(&self) -> Vec<Told> {
        let told = self.dynamic.all.iter().filter_map(|(name, value)| {
            let setting = settings::find(name)?;
            let synonyms = vec![synonym(setting.name, Some(value.clone()), OF_BROKERS)];
            Some(Told::of_broker(setting, Some(value.clone()), synonyms))
        });
        told.collect()
    }

    /// What the file says that a setting is. A time that is no whole number of a unit was given in a finer one.
    fn of_file(&self, name: &str) -> Option<String> {
        let (file, default) = (&self.dynamic.file, Config::default());
        let value = file.get(name)?;
        if !COARSE.contains(&name) {
            return Some(value);
        }
        let mut again = Config::clone(file);
        match again.set(name, &value) {
            Ok(()) if again.log == file.log => Some(value),
            _ => default.get(name),
        }
    }

    /// Everything that says what a setting of this broker is, the first before the others.
    fn synonyms(&self, name: &'static str) -> Vec<DescribeConfigsSynonym> {
        let mut found = Vec::new();
        let names = settings::synonyms(name);
        for (configs, source) in [
            (&self.dynamic.own, OF_BROKER),
            (&self.dynamic.all, OF_BROKERS),
        ] {
            for name in &names {
                let said = configs.iter().find(|(said, _)| **said == **name);
                found.extend(said.map(|(_, value)| synonym(name, Some(value.clone()), source)));
            }
        }
        let (file, default) = (self.of_file(name), Config::default().get(name));
        if file != default {
            found.push(synonym(name, file.map(Into::into), OF_FILE));
        }
        if !OPEN.contains(&name) {
            found.push(synonym(name, default.map(Into::into), OF_KAFKA));
        }
        // What stands before the setting's own name belongs to a special case of it.
        let own = found.iter().position(|one| *one.name == *name);
        found.split_off(own.unwrap_or(found.len()))
    }
}

/// The resources of a request.
fn named(request: &DescribeConfigsRequest) -> Mentions<(i8, &Text)> {
    Mentions::of(request.resources.iter().map(key))
}

fn key(resource: &DescribeConfigsResource) -> (i8, &Text) {
    (resource.resource_type, &resource.resource_name)
}

/// One setting as it will be told.
struct Told {
    entry: DescribeConfigsResourceResult,
    about: &'static str,
}

impl Told {
    fn of_topic(
        setting: &Setting,
        value: Option<Text>,
        synonyms: Vec<DescribeConfigsSynonym>,
    ) -> Told {
        let entry = DescribeConfigsResourceResult {
            name: setting.name.into(),
            value,
            config_type: setting.kind as i8,
            ..sourced(synonyms, OF_KAFKA)
        };
        let about = setting.about;
        Told { entry, about }
    }

    fn of_broker(
        setting: BrokerSetting,
        value: Option<Text>,
        synonyms: Vec<DescribeConfigsSynonym>,
    ) -> Told {
        let entry = DescribeConfigsResourceResult {
            name: setting.name.into(),
            value,
            read_only: setting.change == Change::AtStart,
            config_type: setting.kind as i8,
            ..sourced(synonyms, OF_FILE)
        };
        let about = setting.about;
        Told { entry, about }
    }
}

/// The source that counts, and the others. Version 0 says only whether the value is a default: for a topic what it
/// has not set itself, for a broker what its file does not say.
fn sourced(
    synonyms: Vec<DescribeConfigsSynonym>,
    default_from: i8,
) -> DescribeConfigsResourceResult {
    let source = synonyms.first().map_or(OF_KAFKA, |first| first.source);
    DescribeConfigsResourceResult {
        config_source: source,
        is_default: match default_from {
            OF_FILE => source == OF_KAFKA,
            _ => source != OF_TOPIC,
        },
        is_sensitive: false,
        synonyms,
        ..DescribeConfigsResourceResult::default()
    }
}

fn synonym(name: &str, value: Option<Text>, source: i8) -> DescribeConfigsSynonym {
    let name = name.into();
    DescribeConfigsSynonym {
        name,
        value,
        source,
    }
}

/// The answer about one resource: the settings that were asked for, or why they are not told.
fn result(
    resource: &DescribeConfigsResource,
    configs: Result<Vec<Told>, Refusal>,
    request: &DescribeConfigsRequest,
) -> DescribeConfigsResult {
    let mut result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        ..DescribeConfigsResult::default()
    };
    let all = match configs {
        Ok(all) => all,
        Err((error, why)) => {
            result.error_code = error.code();
            result.error_message = Some(why.into());
            return result;
        }
    };
    let keys = resource.configuration_keys.as_ref();
    let keys = keys.filter(|keys| !keys.is_empty());
    let wanted = all.into_iter().filter(|told| {
        let name = &told.entry.name;
        keys.is_none_or(|keys| keys.contains(name))
    });
    result.configs = wanted
        .map(|told| {
            let mut entry = told.entry;
            entry.documentation = request.include_documentation.then(|| told.about.into());
            if !request.include_synonyms {
                entry.synonyms = Vec::new();
            }
            entry
        })
        .collect();
    result
}
