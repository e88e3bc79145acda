//! CreatePartitions: a topic gets more partitions (`ZkAdminManager.createPartitions`).

use super::assignment::{self, Start};
use super::question::{Reply, Token};
use super::step::Step;
use super::{Controller, MAX_PARTITIONS, MAX_PARTITIONS_OF_ALL, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::CreatePartitionsRequest;
use crate::protocol::api::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use crate::protocol::zookeeper::{ANY_VERSION, Operation};
use crate::sorted::Mentions;

/// Why a topic cannot grow, with a sentence.
type Refusal = (ErrorCode, &'static str);

impl Controller {
    pub(super) fn create_partitions(&mut self, token: Token, request: &CreatePartitionsRequest) {
        let mut results = Vec::new();
        let mut steps = Vec::new();
        let mentions = Mentions::of(request.topics.iter().map(|topic| &topic.name));
        let mut left = MAX_PARTITIONS_OF_ALL.saturating_sub(self.count_partitions());
        for topic in &request.topics {
            let mut result = CreatePartitionsTopicResult {
                name: topic.name.clone(),
                ..CreatePartitionsTopicResult::default()
            };
            let grown = match mentions.is_repeated(&topic.name) {
                false => self.judge_growth(topic, left),
                true => Err((ErrorCode::InvalidRequest, "The topic is named twice.")),
            };
            let mut new = Vec::new();
            match grown {
                Err((error, why)) => {
                    result.error_code = error.code();
                    result.error_message = Some(why.into());
                }
                Ok(replicas) if !request.validate_only => {
                    let name = TopicName(topic.name.clone());
                    left = left.saturating_sub(replicas.len());
                    new = self.partition_names(&name, replicas.len());
                    // What it has by then is known before the next wish is judged.
                    steps.push(Step::WriteGrowth(name.clone(), replicas));
                    steps.push(Step::ReadTopics(vec![name]));
                }
                Ok(_) => {}
            }
            results.push((result, new));
        }
        steps.push(Step::Reply(token, Reply::PartitionsMade(results)));
        self.next_all(steps);
    }

    /// What a topic's znode shall hold when it has grown.
    pub(super) fn write_growth(&self, topic: &TopicName, new: &[Vec<BrokerId>]) -> Vec<Operation> {
        let mut assignment = self.store.assignment(topic).unwrap_or_default();
        let known = assignment.replicas.len() as i32;
        for (number, replicas) in (known..).zip(new) {
            assignment.replicas.insert(number, replicas.clone());
        }
        let write = Operation::SetData {
            path: znodes::topic_path(topic),
            data: znodes::write_topic(&assignment),
            version: ANY_VERSION,
        };
        vec![self.guarded(vec![write])]
    }

    /// The names that so many new partitions get.
    fn partition_names(&self, topic: &TopicName, new: usize) -> Vec<TopicPartition> {
        let known = self
            .store
            .topic(topic)
            .map_or(0, |topic| topic.partitions.len());
        let numbers = known..known + new;
        let named = numbers.map(|number| TopicPartition {
            topic: topic.clone(),
            partition: number as i32,
        });
        named.collect()
    }

    /// The replicas of the partitions that are new.
    fn judge_growth(
        &self,
        asked: &CreatePartitionsTopic,
        left: usize,
    ) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        let name = TopicName(asked.name.clone());
        if self.is_deleting(&name) {
            return Err((
                ErrorCode::InvalidTopicException,
                "The topic is being deleted.",
            ));
        }
        let unknown = (
            ErrorCode::UnknownTopicOrPartition,
            "There is no such topic.",
        );
        let topic = self.store.topic(&name).ok_or(unknown)?;
        if topic.partitions.iter().any(|state| state.is_reassigning()) {
            let why = "A partition of the topic is being moved.";
            return Err((ErrorCode::ReassignmentInProgress, why));
        }
        let before = topic.partitions.len();
        let count = usize::try_from(asked.count).unwrap_or(0);
        let new = match count.checked_sub(before) {
            None => return Err((ErrorCode::InvalidPartitions, "It has more already.")),
            Some(0) => return Err((ErrorCode::InvalidPartitions, "It has as many already.")),
            Some(new) if count > MAX_PARTITIONS || new > left => {
                return Err((
                    ErrorCode::PolicyViolation,
                    "So many partitions are not allowed.",
                ));
            }
            Some(new) => new,
        };
        let first = topic.partitions.first();
        let factor = first.map_or(1, |state| state.replicas.len());
        match &asked.assignments {
            Some(lists) => self.listed_growth(lists, new, factor),
            None => {
                let known = self.store.brokers().keys().copied();
                let live: Vec<BrokerId> = known.filter(|id| self.store.is_alive(*id)).collect();
                let head = first.and_then(|state| state.replicas.first().copied());
                let head = head.unwrap_or(BrokerId(0));
                let start = live.iter().position(|id| *id >= head).unwrap_or(0);
                if factor > live.len() {
                    let why = "There are fewer brokers than replicas.";
                    return Err((ErrorCode::InvalidReplicationFactor, why));
                }
                let start = Start {
                    first: start,
                    shift: start,
                };
                Ok(assignment::assign(&live, new, factor, start, before))
            }
        }
    }

    fn listed_growth(
        &self,
        lists: &[CreatePartitionsAssignment],
        new: usize,
        factor: usize,
    ) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        let refuse = |why| Err((ErrorCode::InvalidReplicaAssignment, why));
        if lists.len() != new {
            return refuse("There must be one list for each new partition.");
        }
        let mut replicas = Vec::new();
        for list in lists {
            let ids: Vec<BrokerId> = list.broker_ids.iter().map(|id| BrokerId(*id)).collect();
            let distinct = Mentions::of(ids.iter().copied());
            if ids.is_empty() || !distinct.are_distinct() {
                return refuse("A broker has one replica of a partition at most.");
            }
            if ids.len() != factor {
                return refuse("All partitions have the same number of replicas.");
            }
            if ids.iter().any(|id| !self.store.is_alive(*id)) {
                return refuse("The brokers must be alive.");
            }
            replicas.push(ids);
        }
        Ok(replicas)
    }
}
