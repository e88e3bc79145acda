//! CreatePartitions: topics get more partitions. What is written stays where it is, and keys may go
//! elsewhere from now on.

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::broker::delayed_admin::{AdminAnswer, DelayedAdmin, Until};
use crate::controller::Question;
use crate::model::TopicPartition;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::create_partitions::{CreatePartitionsTopic, CreatePartitionsTopicResult};
use crate::protocol::api::{CreatePartitionsRequest, CreatePartitionsResponse};
use crate::sorted::Mentions;
use crate::time::{Duration, Moment};

impl Broker {
    pub(super) fn handle_create_partitions(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: CreatePartitionsRequest,
        out: &mut Outbox,
    ) {
        let pending = Pending::CreatePartitions {
            asked: asked.clone(),
            topics: request.topics.clone(),
            timeout: Duration::from_millis_i32(request.timeout_ms),
        };
        let question = Question::CreatePartitions(request);
        self.ask_controller(at, pending, question, out);
    }

    /// The partitions are written; the answer waits until each topic has leaders for all of its own.
    pub(in crate::broker) fn partitions_made(
        &mut self,
        at: Moment,
        asked: &Asked,
        timeout: Duration,
        results: Vec<(CreatePartitionsTopicResult, Vec<TopicPartition>)>,
        out: &mut Outbox,
    ) {
        let waits = results.iter().enumerate();
        let waits = waits.filter(|(_, (result, new))| result.error_code == 0 && !new.is_empty());
        let waiting = waits
            .map(|(place, (_, new))| ((place, 0), Until::Led(new.clone())))
            .collect();
        let answer = AdminAnswer::CreatePartitions(CreatePartitionsResponse {
            results: results.into_iter().map(|(result, _)| result).collect(),
            ..CreatePartitionsResponse::default()
        });
        let delayed = DelayedAdmin { answer, waiting };
        self.answer_when_known(at, asked.id, timeout, delayed, out);
    }

    /// What is answered when the controller is elsewhere: each topic once.
    pub(in crate::broker) fn refuse_partitions(
        topics: &[CreatePartitionsTopic],
    ) -> Vec<(CreatePartitionsTopicResult, Vec<TopicPartition>)> {
        let mentions = Mentions::of(topics.iter().map(|topic| &topic.name));
        let each = mentions.firsts().map(|place| &topics[place]);
        let refused = each.map(|topic| CreatePartitionsTopicResult {
            name: topic.name.clone(),
            error_code: ErrorCode::NotController.code(),
            ..CreatePartitionsTopicResult::default()
        });
        refused.map(|result| (result, Vec::new())).collect()
    }
}
