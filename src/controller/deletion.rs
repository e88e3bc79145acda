//! Topics that are to go (`TopicDeletionManager`).
//!
//! Whoever wants a topic gone writes `/admin/delete_topics/T`. The controller first tells every broker
//! that the topic is going (its leader is −2, so that it vanishes from all metadata), then has every
//! replica stopped, then deleted; when every broker has confirmed, the topic's znodes go, and last the wish
//! itself. A replica on a broker that is dead cannot be deleted: the deletion waits until it comes back.
//!
//! Laws: a topic's znodes go after its last replica; until then no topic of that name can be made.

use super::batch::Data;
use super::step::Step;
use super::work::Event;
use super::{Controller, Tenure, znodes};
use crate::fact::Fact;
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::StopReplicaResponse;
use crate::protocol::zookeeper::{ANY_VERSION, CreateMode, Operation};
use crate::sorted::SortedSet;

/// How far the deletion of one topic has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Deletion {
    /// Every broker has been told that the topic is going.
    told: bool,
    /// Replicas whose deletion was ordered in this tenure.
    ordered: SortedSet<(BrokerId, TopicPartition)>,
    /// Replicas that are gone.
    gone: SortedSet<(BrokerId, TopicPartition)>,
}

impl Controller {
    pub(super) fn is_deleting(&self, topic: &TopicName) -> bool {
        self.deletions.contains_key(topic)
    }

    /// The partitions of which a broker has a replica, without those of topics that are to go: these have no
    /// leader any more, whoever comes and goes.
    pub(super) fn lasting_partitions_on(&self, broker: BrokerId) -> Vec<TopicPartition> {
        let mut all = self.store.partitions_on(broker);
        all.retain(|name| !self.is_deleting(&name.topic));
        all
    }

    /// Whether replicas of a topic are told nothing more than to stop: it is to go, and no move of a partition
    /// has to end before. Who heard of a leader after it has deleted its replica would begin another.
    ///
    /// Unlike Kafka, where a broker that comes back follows once more before it is told to delete.
    pub(super) fn is_going(&self, topic: &TopicName) -> bool {
        self.is_deleting(topic) && !self.is_moving(topic)
    }

    /// Whether a partition of a topic is on its way to other brokers, which has to end before the topic goes.
    fn is_moving(&self, topic: &TopicName) -> bool {
        let topic = self.store.topic(topic);
        topic.is_some_and(|topic| topic.partitions.iter().any(|state| state.is_reassigning()))
    }

    /// Writes down that topics are to go.
    pub(super) fn write_deletions(topics: &[TopicName]) -> Vec<Operation> {
        let writes = topics.iter().map(|topic| Operation::Create {
            path: znodes::deletion_path(topic),
            data: bytes::Bytes::new(),
            mode: CreateMode::Persistent,
        });
        writes.collect()
    }

    /// The list of topics that are to go.
    pub(super) fn deletions_read(&mut self, names: Vec<TopicName>) {
        let (known, unknown): (Vec<TopicName>, Vec<TopicName>) = names
            .into_iter()
            .partition(|name| self.store.topic(name).is_some());
        for name in known {
            self.deletions.entry(name).or_default();
        }
        let mut steps = Vec::new();
        if !unknown.is_empty() {
            steps.push(Step::ForgetDeletions(unknown));
        }
        // A new controller knows what is to go before it tells anybody anything, and begins with it last.
        if self.tenure == Tenure::Holds {
            steps.push(Step::Delete);
        }
        self.next_all(steps);
    }

    pub(super) fn forget_deletions(&self, topics: &[TopicName]) -> Vec<Operation> {
        let deletes = topics.iter().map(|topic| Operation::Delete {
            path: znodes::deletion_path(topic),
            version: ANY_VERSION,
        });
        deletes.map(|one| self.guarded(vec![one])).collect()
    }

    /// Goes on with every deletion as far as it can.
    pub(super) fn go_on_deleting(&mut self) {
        let topics: Vec<TopicName> = self.deletions.keys().cloned().collect();
        let mut steps = Vec::new();
        for topic in topics {
            if self.is_moving(&topic) {
                continue;
            }
            let partitions = self.store.partitions_of(&topic);
            let replicas: Vec<(BrokerId, TopicPartition)> = (partitions.iter())
                .flat_map(|name| {
                    let state = self.store.partition(name).expect("it was listed");
                    let replicas = state.replicas.iter();
                    replicas.map(|id| (*id, name.clone()))
                })
                .collect();
            let deletion = self.deletions.get_mut(&topic).expect("it was listed");
            if replicas
                .iter()
                .all(|replica| deletion.gone.contains(replica))
            {
                steps.push(Step::DeleteZnodes(topic));
                continue;
            }
            if !std::mem::replace(&mut deletion.told, true) {
                for name in &partitions {
                    self.batch.metadata.insert(name.clone());
                }
                steps.push(Step::Flush);
            }
            let mut ordered = Vec::new();
            for replica in replicas {
                let there = self.store.is_reachable(replica.0, &replica.1);
                let deletion = self.deletions.get_mut(&topic).expect("it was listed");
                if there
                    && !deletion.gone.contains(&replica)
                    && deletion.ordered.insert(replica.clone())
                {
                    ordered.push(replica);
                }
            }
            if !ordered.is_empty() {
                steps.push(Step::StopReplicas(ordered.clone(), Data::Kept));
                steps.push(Step::Flush);
                steps.push(Step::StopReplicas(ordered, Data::Deleted));
                steps.push(Step::Flush);
            }
        }
        self.next_all(steps);
    }

    pub(super) fn stop_replicas(&mut self, replicas: &[(BrokerId, TopicPartition)], data: Data) {
        for (broker, name) in replicas {
            self.batch.stop(*broker, name, data);
        }
    }

    /// A broker has deleted replicas.
    pub(super) fn replicas_deleted(&mut self, broker: BrokerId, said: &StopReplicaResponse) {
        if said.error_code != ErrorCode::None.code() {
            return;
        }
        let mut news = false;
        for result in &said.partition_errors {
            let topic = TopicName(result.topic_name.clone());
            let name = TopicPartition {
                topic: topic.clone(),
                partition: result.partition_index,
            };
            if let Some(deletion) = self.deletions.get_mut(&topic)
                && result.error_code == ErrorCode::None.code()
                && deletion.gone.insert((broker, name))
            {
                news = true;
            }
        }
        if news {
            self.next(Step::Delete);
        }
    }

    /// A broker is gone: what was ordered of it has to be ordered anew when it returns.
    pub(super) fn deletions_lose(&mut self, broker: BrokerId) {
        for deletion in self.deletions.values_mut() {
            deletion.ordered.retain(|(other, _)| *other != broker);
        }
    }

    /// The znodes of a topic, children first, its settings, and the wish.
    pub(super) fn delete_znodes(&self, topic: &TopicName) -> Vec<Operation> {
        let delete = |path| Operation::Delete {
            path,
            version: ANY_VERSION,
        };
        let partitions = self.store.partitions_of(topic).into_iter();
        let mut operations: Vec<Operation> = partitions
            .flat_map(|name| {
                [
                    delete(znodes::state_path(&name)),
                    delete(znodes::partition_path(&name)),
                ]
            })
            .collect();
        operations.push(delete(znodes::partitions_path(topic)));
        operations.push(delete(znodes::topic_path(topic)));
        operations.push(delete(znodes::config_path(topic)));
        operations.push(delete(znodes::deletion_path(topic)));
        let guarded = operations.into_iter();
        guarded.map(|one| self.guarded(vec![one])).collect()
    }

    pub(super) fn znodes_deleted(&mut self, topic: &TopicName, out: &mut Outbox) {
        self.deletions.remove(topic);
        self.store.remove_topic(topic);
        out.note(Fact::TopicDeleted {
            topic: topic.clone(),
        });
        // A topic of the same name may be there already.
        self.push_event(Event::TopicsChanged);
    }
}
