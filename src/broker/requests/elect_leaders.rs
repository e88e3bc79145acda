//! ElectLeaders: a person asks for an election, of preferred leaders or, where nobody in sync is left, of
//! whoever is alive.

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::broker::delayed_admin::{AdminAnswer, DelayedAdmin, Until};
use crate::controller::strategy::Strategy;
use crate::controller::{Elected, Question, last_or_new};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::elect_leaders::{PartitionResult, ReplicaElectionResult};
use crate::protocol::api::{ElectLeadersRequest, ElectLeadersResponse};
use crate::sorted::{Mentions, last_words};
use crate::time::{Duration, Moment};

impl Broker {
    pub(super) fn handle_elect_leaders(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ElectLeadersRequest,
        out: &mut Outbox,
    ) {
        let strategy = match request.election_type {
            0 => Strategy::Preferred,
            1 => Strategy::Unclean,
            _ => {
                let response = ElectLeadersResponse {
                    error_code: ErrorCode::InvalidRequest.code(),
                    ..ElectLeadersResponse::default()
                };
                return self.answer(at, asked.id, &response, out);
            }
        };
        let named = request.topic_partitions.as_ref().map(|topics| {
            let names = topics.iter().flat_map(|topic| {
                let name = TopicName(topic.topic.clone());
                topic
                    .partitions
                    .iter()
                    .map(move |partition| TopicPartition {
                        topic: name.clone(),
                        partition: *partition,
                    })
            });
            once(&names.collect::<Vec<_>>())
        });
        let pending = Pending::ElectLeaders {
            asked: asked.clone(),
            named: named.clone(),
            timeout: Duration::from_millis_i32(request.timeout_ms),
        };
        let question = Question::ElectLeaders { named, strategy };
        self.ask_controller(at, pending, question, out);
    }

    /// The elections are held; the answer waits until this broker knows the winners.
    pub(in crate::broker) fn leaders_elected(
        &mut self,
        at: Moment,
        asked: &Asked,
        timeout: Duration,
        results: Vec<(TopicPartition, Elected)>,
        out: &mut Outbox,
    ) {
        let mut response = ElectLeadersResponse::default();
        let mut waiting = Vec::new();
        for (name, elected) in results {
            let topics = &mut response.replica_election_results;
            let begin = || ReplicaElectionResult {
                topic: name.topic.0.clone(),
                partition_result: Vec::new(),
            };
            last_or_new(topics, |last| last.topic == name.topic.0, begin);
            let topic = topics.len() - 1;
            let partitions = &mut topics[topic].partition_result;
            let error = match elected {
                Ok(leader) => {
                    let place = (topic, partitions.len());
                    waiting.push((place, Until::LedBy(name.clone(), leader)));
                    ErrorCode::None
                }
                Err(error) => error,
            };
            partitions.push(PartitionResult {
                partition_id: name.partition,
                error_code: error.code(),
                ..PartitionResult::default()
            });
        }
        let answer = AdminAnswer::ElectLeaders(response);
        let delayed = DelayedAdmin { answer, waiting };
        self.answer_when_known(at, asked.id, timeout, delayed, out);
    }

    /// What is answered when the controller is elsewhere. Whoever names no partition means all that this broker
    /// knows of.
    pub(in crate::broker) fn refuse_elections(
        &self,
        named: Option<Vec<TopicPartition>>,
    ) -> Vec<(TopicPartition, Result<BrokerId, ErrorCode>)> {
        let known = || {
            let topics = self.metadata.topics();
            let names = topics.flat_map(|(topic, image)| {
                image.partitions.keys().map(|partition| TopicPartition {
                    topic: topic.clone(),
                    partition: *partition,
                })
            });
            names.collect()
        };
        let named = named.unwrap_or_else(known).into_iter();
        named
            .map(|name| (name, Err(ErrorCode::NotController)))
            .collect()
    }
}

/// Each partition once: to Kafka they are a set.
fn once(names: &[TopicPartition]) -> Vec<TopicPartition> {
    last_words(names, &Mentions::of(names))
}
