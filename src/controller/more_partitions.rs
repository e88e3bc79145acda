//! CreatePartitions: a topic gets more partitions (`ZkAdminManager.createPartitions`).

use super::assignment::{self, Start};
use super::create_topics::{Refusal, check_count};
use super::question::{Reply, Token};
use super::step::Step;
use super::{Controller, MAX_PARTITIONS_OF_ALL, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::CreatePartitionsRequest;
use crate::protocol::api::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use crate::protocol::zookeeper::{ANY_VERSION, Operation};
use crate::sorted::{Mentions, SortedSet};

impl Controller {
    pub(super) fn create_partitions(&mut self, token: Token, request: &CreatePartitionsRequest) {
        let mut results = Vec::new();
        let mut steps = Vec::new();
        let mentions = Mentions::of(request.topics.iter().map(|topic| &topic.name));
        let mut left = MAX_PARTITIONS_OF_ALL.saturating_sub(self.count_partitions());
        for topic in mentions.firsts().map(|place| &request.topics[place]) {
            let mut result = CreatePartitionsTopicResult {
                name: topic.name.clone(),
                ..CreatePartitionsTopicResult::default()
            };
            let grown = match mentions.is_repeated(&topic.name) {
                false => self.judge_growth(topic, left),
                true => {
                    let why = "Duplicate topic in request.".to_owned();
                    Err((ErrorCode::InvalidRequest, why))
                }
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
            let why = "The topic is queued for deletion.".to_owned();
            return Err((ErrorCode::InvalidTopicException, why));
        }
        let topic = self.store.topic(&name).ok_or_else(|| {
            let why = format!("The topic '{name}' does not exist.");
            (ErrorCode::UnknownTopicOrPartition, why)
        })?;
        if topic.partitions.iter().any(|state| state.is_reassigning()) {
            let why = format!("A partition reassignment is in progress for the topic '{name}'.");
            return Err((ErrorCode::ReassignmentInProgress, why));
        }
        let (before, wanted) = (topic.partitions.len(), asked.count);
        let count = usize::try_from(wanted).unwrap_or(0);
        let new = match count.checked_sub(before) {
            Some(0) => {
                let why = format!("Topic already has {before} partitions.");
                return Err((ErrorCode::InvalidPartitions, why));
            }
            Some(new) => new,
            None => {
                let why = format!(
                    "Topic currently has {before} partitions, which is higher than the requested {wanted}."
                );
                return Err((ErrorCode::InvalidPartitions, why));
            }
        };
        check_count(count, new, left)?;
        let first = topic.partitions.first();
        let factor = first.map_or(1, |state| state.replicas.len());
        let known = self.store.brokers().keys().copied();
        let live: Vec<BrokerId> = known.filter(|id| self.store.is_alive(*id)).collect();
        if let Some(lists) = &asked.assignments {
            return listed_growth(
                lists,
                Growth {
                    before,
                    new,
                    factor,
                },
                &live,
            );
        }
        assignment::check(
            live.len(),
            wanted,
            i32::try_from(factor).unwrap_or(i32::MAX),
        )?;
        let head = first.and_then(|state| state.replicas.first().copied());
        let head = head.unwrap_or(BrokerId(0));
        let start = live.iter().position(|id| *id >= head).unwrap_or(0);
        let start = Start {
            first: start,
            shift: start,
        };
        Ok(assignment::assign(&live, new, factor, start, before))
    }
}

/// How a topic grows.
struct Growth {
    /// How many partitions it has, and how many it gets.
    before: usize,
    new: usize,
    /// How many replicas its first one has.
    factor: usize,
}

/// Replicas that the request lists itself, in the order of Kafka's checks.
fn listed_growth(
    lists: &[CreatePartitionsAssignment],
    growth: Growth,
    live: &[BrokerId],
) -> Result<Vec<Vec<BrokerId>>, Refusal> {
    let Growth {
        before,
        new,
        factor,
    } = growth;
    let refuse = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
    let ids = lists.iter().flat_map(|list| &list.broker_ids);
    let unknown = ids.filter(|id| !live.contains(&BrokerId(**id)));
    let unknown: SortedSet<i32> = unknown.copied().collect();
    if !unknown.is_empty() {
        let unknown = told(unknown.iter());
        return refuse(format!(
            "Unknown broker(s) in replica assignment: {unknown}."
        ));
    }
    if lists.len() != new {
        let given = lists.len();
        return refuse(format!(
            "Increasing the number of partitions by {new} but {given} assignments provided."
        ));
    }
    for (number, list) in (before..).zip(lists) {
        if list.broker_ids.is_empty() {
            return refuse(format!(
                "Cannot have replication factor of 0 for partition id {number}."
            ));
        }
        if !Mentions::of(list.broker_ids.iter()).are_distinct() {
            let ids = told(list.broker_ids.iter());
            return refuse(format!(
                "Duplicate brokers not allowed in replica assignment: {ids} for partition id {number}."
            ));
        }
    }
    let factors = (before..).zip(lists.iter().map(|list| list.broker_ids.len()));
    let bad: Vec<(usize, usize)> = factors.filter(|(_, other)| *other != factor).collect();
    if !bad.is_empty() {
        let partitions = told(bad.iter().map(|(number, _)| number));
        let factors = told(bad.iter().map(|(_, other)| other));
        return refuse(format!(
            "Inconsistent replication factor between partitions, partition 0 has {factor} while \
             partitions [{partitions}] have replication factors [{factors}], respectively."
        ));
    }
    let replicas = lists.iter().map(|list| {
        let ids = list.broker_ids.iter();
        ids.map(|id| BrokerId(*id)).collect()
    });
    Ok(replicas.collect())
}

/// Numbers as they stand in a sentence.
fn told(numbers: impl Iterator<Item = impl ToString>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    numbers.join(", ")
}
