//! AlterPartitionReassignments and ListPartitionReassignments: partitions move to other brokers (KIP-455).

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::controller::{MoveWish, Question};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use crate::protocol::api::list_partition_reassignments::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use crate::protocol::api::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_alter_partition_reassignments(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &AlterPartitionReassignmentsRequest,
        out: &mut Outbox,
    ) {
        let wishes = request.topics.iter().flat_map(|topic| {
            let name = TopicName(topic.name.clone());
            topic.partitions.iter().map(move |partition| MoveWish {
                partition: TopicPartition {
                    topic: name.clone(),
                    partition: partition.partition_index,
                },
                target: partition
                    .replicas
                    .as_ref()
                    .map(|ids| ids.iter().map(|id| BrokerId(*id)).collect()),
            })
        });
        let question = Question::Reassign(wishes.collect());
        self.ask_controller(at, Pending::Reassign(asked.clone()), question, out);
    }

    /// The moves have begun, or not.
    pub(in crate::broker) fn reassigned(
        &mut self,
        at: Moment,
        asked: &Asked,
        results: Result<Vec<(TopicPartition, ErrorCode)>, ErrorCode>,
        out: &mut Outbox,
    ) {
        let mut response = AlterPartitionReassignmentsResponse::default();
        match results {
            Err(error) => response.error_code = error.code(),
            Ok(results) => {
                for (name, error) in results {
                    let partition = ReassignablePartitionResponse {
                        partition_index: name.partition,
                        error_code: error.code(),
                        ..ReassignablePartitionResponse::default()
                    };
                    match response.responses.last_mut() {
                        Some(topic) if topic.name == name.topic.0 => {
                            topic.partitions.push(partition);
                        }
                        _ => response.responses.push(ReassignableTopicResponse {
                            name: name.topic.0,
                            partitions: vec![partition],
                        }),
                    }
                }
            }
        }
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_list_partition_reassignments(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ListPartitionReassignmentsRequest,
        out: &mut Outbox,
    ) {
        let mut response = ListPartitionReassignmentsResponse::default();
        let Some(controller) = &self.controller else {
            response.error_code = ErrorCode::NotController.code();
            return self.answer(at, asked.id, &response, out);
        };
        let wanted = |name: &TopicPartition| match &request.topics {
            None => true,
            Some(topics) => topics.iter().any(|topic| {
                topic.name == name.topic.0 && topic.partition_indexes.contains(&name.partition)
            }),
        };
        let numbers = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect();
        for (name, state) in controller.store().partitions() {
            if !state.is_reassigning() || !wanted(&name) {
                continue;
            }
            let partition = OngoingPartitionReassignment {
                partition_index: name.partition,
                replicas: numbers(&state.replicas),
                adding_replicas: numbers(&state.adding),
                removing_replicas: numbers(&state.removing),
            };
            match response.topics.last_mut() {
                Some(topic) if topic.name == name.topic.0 => topic.partitions.push(partition),
                _ => response.topics.push(OngoingTopicReassignment {
                    name: name.topic.0,
                    partitions: vec![partition],
                }),
            }
        }
        self.answer(at, asked.id, &response, out);
    }
}
