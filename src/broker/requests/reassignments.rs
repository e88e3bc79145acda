//! AlterPartitionReassignments and ListPartitionReassignments: partitions move to other brokers (KIP-455).

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::controller::{MoveWish, Ongoing, Question, last_or_new};
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
use crate::sorted::{Mentions, last_words};
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
        // Of two wishes for one partition the last counts, as in Kafka, where they are a map.
        let wishes: Vec<MoveWish> = wishes.collect();
        let mentions = Mentions::of(wishes.iter().map(|wish| &wish.partition));
        let question = Question::Reassign(last_words(&wishes, &mentions));
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
                    let topic = last_or_new(
                        &mut response.responses,
                        |topic| topic.name == name.topic.0,
                        || ReassignableTopicResponse {
                            name: name.topic.0.clone(),
                            partitions: Vec::new(),
                        },
                    );
                    topic.partitions.push(partition);
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
        let named = request.topics.as_ref().map(|topics| {
            let names = topics.iter().flat_map(|topic| {
                let name = TopicName(topic.name.clone());
                let partitions = topic.partition_indexes.iter();
                partitions.map(move |partition| TopicPartition {
                    topic: name.clone(),
                    partition: *partition,
                })
            });
            names.collect()
        });
        let pending = Pending::ListMoves(asked.clone());
        self.ask_controller(at, pending, Question::ListMoves(named), out);
    }

    /// The moves that are under way, or that the controller is elsewhere.
    pub(in crate::broker) fn moves_listed(
        &mut self,
        at: Moment,
        asked: &Asked,
        moves: Result<Vec<Ongoing>, ErrorCode>,
        out: &mut Outbox,
    ) {
        let mut response = ListPartitionReassignmentsResponse::default();
        let numbers = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect();
        match moves {
            Err(error) => response.error_code = error.code(),
            Ok(moves) => {
                for one in moves {
                    let name = one.partition.topic.0;
                    let topic = last_or_new(
                        &mut response.topics,
                        |topic| topic.name == name,
                        || OngoingTopicReassignment {
                            name: name.clone(),
                            partitions: Vec::new(),
                        },
                    );
                    topic.partitions.push(OngoingPartitionReassignment {
                        partition_index: one.partition.partition,
                        replicas: numbers(&one.replicas),
                        adding_replicas: numbers(&one.adding),
                        removing_replicas: numbers(&one.removing),
                    });
                }
            }
        }
        self.answer(at, asked.id, &response, out);
    }
}
