//! What brokers believe of the cluster.

use super::{Invariant, PerReplica, View, broker};
use crate::broker::Broker;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, TopicId, TopicName, TopicPartition};

/// What a broker believes of a partition: of which topic, in which version, in which epoch.
type Belief = (TopicId, PartitionEpoch, LeaderEpoch);

/// C6 what a broker believes of a partition has stood in ZooKeeper, all of it at one time, and epochs never
/// go back in its picture.
#[derive(Clone, Debug, Default)]
pub struct PicturesWereTrue {
    /// What each broker believed last.
    believed: PerReplica<Belief>,
}

impl Invariant for PicturesWereTrue {
    fn name(&self) -> &'static str {
        "PicturesWereTrue"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::MetadataCacheUpdated { .. } => match view.world.broker_by_id(by) {
                Some(broker) => self.believes(view, by, broker),
                None => Ok(()),
            },
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.believed.forget_broker(by);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl PicturesWereTrue {
    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.believed.forget_topic(topic);
    }

    fn believes(&mut self, view: View<'_>, by: BrokerId, broker: &Broker) -> Result<(), String> {
        for (topic, image) in broker.metadata().topics() {
            for (partition, state) in &image.partitions {
                let name = TopicPartition {
                    topic: topic.clone(),
                    partition: *partition,
                };
                let fresh = (image.id, state.partition_epoch, state.leader_epoch);
                let before = self.believed.insert(by, &name, fresh);
                if before == Some(fresh) {
                    continue;
                }
                if let Some((id, _, epoch)) = before
                    && id == image.id
                    && epoch > fresh.2
                {
                    return Err(format!(
                        "C6: broker {by} goes back from {epoch} to {} in its picture of {name}",
                        fresh.2
                    ));
                }
                // Whoever has not heard yet that a topic was made anew still believes in the old one.
                let known = view.world.cluster().topic(topic);
                let is_old = known.is_none_or(|known| known.id != image.id);
                if is_old || !view.states.is_covered(&name, fresh.1) {
                    continue;
                }
                let stood = view.states.at(&name, fresh.1);
                let same = stood.is_some_and(|stood| {
                    stood.leader == state.leader
                        && stood.leader_epoch == state.leader_epoch
                        && stood.isr == state.isr
                });
                if !same {
                    return Err(format!(
                        "C6: broker {by} believes of {name} that {} leads in {} with {:?} in sync, which never was",
                        state.leader, state.leader_epoch, state.isr
                    ));
                }
            }
        }
        Ok(())
    }
}
