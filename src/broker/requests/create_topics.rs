//! CreateTopics, and the topics that come to be because somebody asked for their metadata.
//!
//! Only the broker that hosts the controller creates topics; any other says so (41), and the client asks
//! again elsewhere.

use super::Asked;
use crate::broker::Broker;
use crate::broker::purgatory::{DelayedTopics, Parked, Wait};
use crate::controller::{Defaults, Intent, Making};
use crate::log::config::NAMES;
use crate::model::{Text, TopicName, TopicPartition};
use crate::process::{Outbox, Serials};
use crate::protocol::ErrorCode;
use crate::protocol::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult,
};
use crate::protocol::api::{CreateTopicsRequest, CreateTopicsResponse};
use crate::time::{Duration, Moment};

/// Where a setting's value comes from, as Kafka numbers it.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;

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
        let mut response = CreateTopicsResponse {
            topics: self.create_topics(at, &request.topics, intent, out),
            ..CreateTopicsResponse::default()
        };
        let created = |(place, result): (usize, &CreatableTopicResult)| {
            let fine = result.error_code == ErrorCode::None.code();
            let topic = TopicName(result.name.clone());
            let partitions = (0..result.num_partitions).map(|partition| TopicPartition {
                topic: topic.clone(),
                partition,
            });
            fine.then(|| (place, partitions.collect::<Vec<_>>()))
        };
        let waiting: Vec<_> = (response.topics.iter().enumerate())
            .filter_map(created)
            .collect();
        let timeout = Duration::from_millis_i32(request.timeout_ms);
        if intent == Intent::ValidateOnly || waiting.is_empty() {
            return self.answer(at, asked.id, &response, out);
        }
        if timeout.is_zero() {
            // The topics are made all the same.
            time_out(&mut response, &waiting);
            return self.answer(at, asked.id, &response, out);
        }
        let parked = Parked {
            request: asked.id,
            since: at.now,
            until: at.now + timeout,
            wait: Wait::Topics(DelayedTopics { response, waiting }),
        };
        self.park(parked, out);
    }

    /// Creates topics, if this broker hosts the controller.
    fn create_topics(
        &mut self,
        at: Moment,
        topics: &[CreatableTopic],
        intent: Intent,
        out: &mut Outbox,
    ) -> Vec<CreatableTopicResult> {
        let Some(controller) = &mut self.controller else {
            let refused = |topic: &CreatableTopic| CreatableTopicResult {
                name: topic.name.clone(),
                error_code: ErrorCode::NotController.code(),
                ..CreatableTopicResult::default()
            };
            return topics.iter().map(refused).collect();
        };
        let config = self.config.clone();
        let check_configs = |configs: &[(Text, Text)]| config.topic(configs).map(drop);
        let making = Making {
            now: at.now,
            intent,
            defaults: Defaults {
                partitions: i32::try_from(config.num_partitions).unwrap_or(i32::MAX),
                replication_factor: i32::try_from(config.default_replication_factor)
                    .unwrap_or(i32::MAX),
            },
            check_configs: &check_configs,
            rng: &mut self.rng,
            serials: Serials(&mut self.connection_serial),
        };
        let mut results = controller.create_topics(topics, making, out);
        for result in &mut results {
            let asked = topics.iter().find(|topic| topic.name == result.name);
            if let Some(asked) = asked.filter(|_| result.error_code == ErrorCode::None.code()) {
                result.configs = Some(describe(&config.log, asked));
            }
        }
        results
    }

    /// A client asked for the metadata of a topic that does not exist, and would like to have it.
    ///
    /// The controller makes it at once and answers LEADER_NOT_AVAILABLE (5). Other brokers ask the
    /// controller behind the client's back and answer UNKNOWN_TOPIC_OR_PARTITION (3). Either way the
    /// client has to ask again.
    pub(super) fn auto_create(
        &mut self,
        at: Moment,
        topic: &TopicName,
        out: &mut Outbox,
    ) -> ErrorCode {
        if TopicName::check(topic.as_str()).is_err() {
            return ErrorCode::InvalidTopicException;
        }
        let wanted = CreatableTopic {
            name: topic.0.clone(),
            num_partitions: -1,
            replication_factor: -1,
            ..CreatableTopic::default()
        };
        if self.controller.is_none() {
            self.ask_for_topic(at, wanted, out);
            return ErrorCode::UnknownTopicOrPartition;
        }
        let results = self.create_topics(at, &[wanted], Intent::Create, out);
        let error = results.first().map_or(0, |result| result.error_code);
        match ErrorCode::from_i16(error) {
            ErrorCode::None | ErrorCode::TopicAlreadyExists => ErrorCode::LeaderNotAvailable,
            error => error,
        }
    }

    /// Answers a creation that waited: with success where the topic has its leaders, else with a timeout.
    pub(in crate::broker) fn finish_topics(
        &mut self,
        at: Moment,
        parked: &Parked,
        mut topics: DelayedTopics,
        out: &mut Outbox,
    ) {
        time_out(&mut topics.response, &topics.waiting);
        self.answer(at, parked.request, &topics.response, out);
    }
}

fn time_out(response: &mut CreateTopicsResponse, waiting: &[(usize, Vec<TopicPartition>)]) {
    for (place, _) in waiting {
        response.topics[*place].error_code = ErrorCode::RequestTimedOut.code();
    }
}

/// The settings that a new topic has.
fn describe(
    defaults: &crate::log::LogConfig,
    asked: &CreatableTopic,
) -> Vec<CreatableTopicConfigs> {
    let own: Vec<(Text, Text)> = (asked.configs.iter())
        .filter_map(|config| Some((config.name.clone(), config.value.clone()?)))
        .collect();
    let merged = defaults.with(&own);
    let described = NAMES.iter().map(|name| CreatableTopicConfigs {
        name: (*name).into(),
        value: merged.get(name).map(Into::into),
        read_only: false,
        config_source: match own.iter().any(|(own, _)| &**own == *name) {
            true => FROM_TOPIC,
            false => FROM_DEFAULT,
        },
        is_sensitive: false,
    });
    described.collect()
}
