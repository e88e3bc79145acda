//! CreateTopics, and the topics that come to be because somebody asked for their metadata.
//!
//! Only the broker that hosts the controller creates topics; any other says so (41), and the client asks
//! again elsewhere.

use super::Asked;
use super::room::Room;
use crate::broker::connections::RequestId;
use crate::broker::controlling::Pending;
use crate::broker::delayed_admin::{AdminAnswer, DelayedAdmin, Until};
use crate::broker::{Broker, OFFSETS_TOPIC};
use crate::controller::{Creation, Defaults, Intent, Making, Origin, Question};
use crate::model::{BrokerId, Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult,
};
use crate::protocol::api::{CreateTopicsRequest, CreateTopicsResponse};
use crate::time::{Duration, Moment};

/// The first version whose answer tells the settings of new topics.
const CONFIGS_FROM: i16 = 5;

impl Broker {
    pub(super) fn handle_create_topics(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: CreateTopicsRequest,
        out: &mut Outbox,
    ) {
        let intent = match request.validate_only {
            true => Intent::ValidateOnly,
            false => Intent::Create,
        };
        let creation = match self.judge_topics(&request.topics, intent, Origin::Request) {
            Some(creation) if !creation.is_empty() => creation,
            planned => {
                let refused = |topic: &CreatableTopic| CreatableTopicResult {
                    name: topic.name.clone(),
                    error_code: ErrorCode::NotController.code(),
                    ..CreatableTopicResult::default()
                };
                let mut results = match planned {
                    Some(creation) => creation.results().to_vec(),
                    None => request.topics.iter().map(refused).collect(),
                };
                if !self.describe_created(asked.id, &request.topics, &mut results) {
                    return self.refuse_length(asked.id, out);
                }
                let response = CreateTopicsResponse {
                    topics: results,
                    ..CreateTopicsResponse::default()
                };
                return self.answer(at, asked.id, &response, out);
            }
        };
        let pending = Pending::CreateTopics {
            asked: asked.clone(),
            topics: request.topics,
            timeout: Duration::from_millis_i32(request.timeout_ms),
        };
        self.ask_controller(at, pending, Question::CreateTopics(creation), out);
    }

    /// Holds topics against every rule; `None` when the controller is elsewhere.
    fn judge_topics(
        &mut self,
        topics: &[CreatableTopic],
        intent: Intent,
        origin: Origin,
    ) -> Option<Creation> {
        let controller = self.controller.as_mut()?;
        let config = self.config.clone();
        let check_configs = |configs: &[(Text, Text)]| config.topic(configs).map(drop);
        let metadata = &self.metadata;
        let live: Vec<BrokerId> = metadata.brokers().keys().copied().collect();
        let making = Making {
            intent,
            origin,
            live: &live,
            is_known: &|name| metadata.topic(name).is_some(),
            defaults: Defaults {
                partitions: i32::try_from(config.num_partitions).unwrap_or(i32::MAX),
                replication_factor: i32::try_from(config.default_replication_factor)
                    .unwrap_or(i32::MAX),
            },
            check_configs: &check_configs,
            rng: &mut self.rng,
        };
        Some(controller.plan_topics(topics, making))
    }

    /// Adds to each topic that can be, or is, what its settings are. False when that is more than can be said.
    fn describe_created(
        &self,
        request: RequestId,
        topics: &[CreatableTopic],
        results: &mut [CreatableTopicResult],
    ) -> bool {
        let mut room = Room::of(request);
        for (topic, result) in topics.iter().zip(results) {
            if result.error_code == 0 && request.version >= CONFIGS_FROM {
                result.configs = Some(self.describe_new(topic));
            }
            if !room.take(result) {
                return false;
            }
        }
        true
    }

    /// The settings that a new topic has, as DescribeConfigs tells them.
    fn describe_new(&self, asked: &CreatableTopic) -> Vec<CreatableTopicConfigs> {
        let own: Vec<(Text, Text)> = (asked.configs.iter())
            .filter_map(|config| Some((config.name.clone(), config.value.clone()?)))
            .collect();
        let told = self.topic_settings(&own).into_iter();
        told.map(|told| CreatableTopicConfigs {
            name: told.name,
            value: told.value,
            read_only: told.read_only,
            config_source: told.config_source,
            is_sensitive: told.is_sensitive,
        })
        .collect()
    }

    /// A client asked for the metadata of topics that do not exist, and would like to have them; what it is told of
    /// each. Each is named once.
    ///
    /// The controller makes them at once and answers LEADER_NOT_AVAILABLE (5). Other brokers ask the
    /// controller behind the client's back and answer UNKNOWN_TOPIC_OR_PARTITION (3). Either way the
    /// client has to ask again.
    pub(super) fn auto_create<'a>(
        &mut self,
        at: Moment,
        topics: impl Iterator<Item = &'a TopicName>,
        out: &mut Outbox,
    ) -> Vec<ErrorCode> {
        let wanted = topics.map(|topic| match topic.as_str() {
            OFFSETS_TOPIC => self.offsets_topic(),
            _ => CreatableTopic {
                name: topic.0.clone(),
                num_partitions: -1,
                replication_factor: -1,
                ..CreatableTopic::default()
            },
        });
        let wanted = wanted.collect();
        self.wish_for_topics(at, wanted, out)
    }

    /// Has topics made, here if this broker hosts the controller, else behind the client's back.
    pub(in crate::broker) fn wish_for_topics(
        &mut self,
        at: Moment,
        wanted: Vec<CreatableTopic>,
        out: &mut Outbox,
    ) -> Vec<ErrorCode> {
        let elsewhere = vec![ErrorCode::UnknownTopicOrPartition; wanted.len()];
        if self.controller.is_none() {
            self.ask_for_topics(at, wanted, out);
            return elsewhere;
        }
        let Some(creation) = self.judge_topics(&wanted, Intent::Create, Origin::Broker) else {
            return elsewhere;
        };
        let results = creation.results().iter();
        let errors = results.map(|result| match ErrorCode::from_i16(result.error_code) {
            ErrorCode::None | ErrorCode::TopicAlreadyExists => ErrorCode::LeaderNotAvailable,
            error => error,
        });
        let errors = errors.collect();
        if !creation.is_empty() {
            let question = Question::CreateTopics(creation);
            self.ask_controller(at, Pending::AutoCreate, question, out);
        }
        errors
    }

    /// The topics are written; the answer waits until they have leaders that this broker knows of.
    pub(in crate::broker) fn topics_made(
        &mut self,
        at: Moment,
        asked: &Asked,
        topics: &[CreatableTopic],
        timeout: Duration,
        mut results: Vec<CreatableTopicResult>,
        out: &mut Outbox,
    ) {
        if !self.describe_created(asked.id, topics, &mut results) {
            return self.refuse_length(asked.id, out);
        }
        let created = |(place, result): (usize, &CreatableTopicResult)| {
            let fine = result.error_code == ErrorCode::None.code();
            let topic = TopicName(result.name.clone());
            let partitions = (0..result.num_partitions).map(|partition| TopicPartition {
                topic: topic.clone(),
                partition,
            });
            fine.then(|| ((place, 0), Until::Led(partitions.collect())))
        };
        let waiting = (results.iter().enumerate()).filter_map(created).collect();
        let answer = AdminAnswer::CreateTopics(CreateTopicsResponse {
            topics: results,
            ..CreateTopicsResponse::default()
        });
        let delayed = DelayedAdmin { answer, waiting };
        self.answer_when_known(at, asked.id, timeout, delayed, out);
    }
}
