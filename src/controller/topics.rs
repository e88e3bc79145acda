//! Topics and partitions that are new (`processTopicChange`, `onNewPartitionCreation`).
//!
//! Somebody writes a topic's settings and then its assignment; the watch on `/brokers/topics` tells the
//! controller, which reads the assignment and gives each partition its first leader: the first live
//! replica of the assignment, with every live replica in sync. That state is a new znode of its own.

use super::batch::Novelty;
use super::create_topics::already_exists;
use super::creation::Creation;
use super::partition_state::PartitionState;
use super::question::{Reply, Token};
use super::reading::written_version;
use super::step::Step;
use super::{Controller, znodes};
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::zookeeper::{Answer, CreateMode, Error, Operation, Outcome};
use crate::sorted::SortedSet;

impl Controller {
    /// The list of topics: those that are new are read, those that are gone are forgotten.
    pub(super) fn topic_names_read(&mut self, names: &[Text]) {
        let there: SortedSet<TopicName> = names.iter().cloned().map(TopicName).collect();
        let known = self.store.topics().keys();
        let gone: Vec<TopicName> = known
            .filter(|name| !there.contains(name))
            .cloned()
            .collect();
        for name in gone {
            self.store.remove_topic(&name);
        }
        let new = there.iter();
        let new: Vec<TopicName> = new
            .filter(|name| self.store.topic(name).is_none())
            .cloned()
            .collect();
        if !new.is_empty() {
            self.next(Step::ReadTopics(new));
        }
    }

    /// Takes over what topics' znodes say; the partitions that are new.
    pub(super) fn assign_topics(
        &mut self,
        topics: &[TopicName],
        outcomes: &[Outcome],
    ) -> Vec<TopicPartition> {
        let (assignments, configs) = outcomes.split_at(topics.len().min(outcomes.len()));
        let mut new = Vec::new();
        for (topic, outcome) in topics.iter().zip(assignments) {
            self.creating.remove(topic);
            if let Ok(Answer::Data { data, .. }) = outcome
                && let Some(assignment) = znodes::read_topic(data)
            {
                new.extend(self.store.assign(topic, &assignment));
            }
        }
        for (topic, outcome) in topics.iter().zip(configs) {
            if let Ok(Answer::Data { data, .. }) = outcome
                && let Some(configs) = znodes::read_configs(data)
            {
                self.store.set_configs(topic, configs);
            }
        }
        new
    }

    pub(super) fn topics_read(&mut self, topics: &[TopicName], outcomes: &[Outcome]) {
        let new = self.assign_topics(topics, outcomes);
        if !new.is_empty() {
            self.next_all(vec![Step::Create(new), Step::Flush]);
        }
    }

    /// Chooses first leaders. A partition none of whose replicas is alive stays new.
    pub(super) fn create(&mut self, names: &[TopicPartition]) {
        let created = names.iter().filter_map(|name| {
            let state = self.store.partition(name)?;
            let live = state.replicas.iter().copied();
            let live: Vec<BrokerId> = live.filter(|id| self.store.is_online(*id, name)).collect();
            let first = PartitionState {
                leader: *live.first()?,
                leader_epoch: LeaderEpoch(0),
                isr: live,
                partition_epoch: PartitionEpoch(0),
                ..PartitionState::default()
            };
            Some((name.clone(), first))
        });
        let created: Vec<_> = created.collect();
        if !created.is_empty() {
            self.next(Step::WriteCreated(created));
        }
    }

    /// The znodes above the states, then the states themselves.
    pub(super) fn write_created(
        &self,
        created: &[(TopicPartition, PartitionState)],
    ) -> Vec<Operation> {
        let create = |path: Text, data| {
            let create = Operation::Create {
                path,
                data,
                mode: CreateMode::Persistent,
            };
            self.guarded(vec![create])
        };
        let topics: SortedSet<&TopicName> = created.iter().map(|(name, _)| &name.topic).collect();
        let above = topics
            .iter()
            .map(|topic| create(znodes::partitions_path(topic), bytes::Bytes::new()));
        let partitions = created
            .iter()
            .map(|(name, _)| create(znodes::partition_path(name), bytes::Bytes::new()));
        let states = created.iter().map(|(name, state)| {
            let data = znodes::write_state(state, self.epoch.0);
            create(znodes::state_path(name), data)
        });
        above.chain(partitions).chain(states).collect()
    }

    pub(super) fn created(
        &mut self,
        created: Vec<(TopicPartition, PartitionState)>,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        // The states come last; whether the znodes above them were there already does not matter.
        let states = outcomes.len() - created.len().min(outcomes.len());
        let mut unclear = Vec::new();
        for ((name, state), outcome) in created.into_iter().zip(&outcomes[states..]) {
            match written_version(outcome) {
                Some(version) => {
                    let isr = state.isr.clone();
                    self.take_written(&name, state, version, out);
                    for broker in isr {
                        self.batch.lead(broker, &name, Novelty::New);
                    }
                }
                // Written already: by another controller, or by this one before its connection broke.
                None => unclear.push(name),
            }
        }
        if !unclear.is_empty() {
            self.next_all(vec![
                Step::ReadStates(unclear.clone()),
                Step::TellReplicas(unclear),
            ]);
        }
    }

    /// The writes of new topics are done, each of them or not.
    pub(super) fn topics_written(
        &mut self,
        token: Token,
        mut creation: Creation,
        outcomes: &[Outcome],
    ) {
        let failed = creation.outcomes(outcomes).filter_map(|(name, outcome)| {
            let error = outcome.as_ref().err()?.error;
            Some((name.clone(), error))
        });
        let failed: Vec<(TopicName, Error)> = failed.collect();
        let refused = failed.into_iter().map(|(name, error)| {
            self.creating.remove(&name);
            let refusal = match error {
                Error::NodeExists => already_exists(&name),
                _ => {
                    let why = "ZooKeeper did not take it.".to_owned();
                    (ErrorCode::UnknownServerError, why)
                }
            };
            (name, refusal)
        });
        creation.refuse(refused.collect());
        let reply = Reply::TopicsCreated(creation.results);
        self.replies.push((token, reply));
    }
}
