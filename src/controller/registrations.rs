//! Brokers that come and go (`KafkaController.processBrokerChange`).
//!
//! The watch on `/brokers/ids` says that something has changed, not what: the list is read again and held
//! against what was known. A broker whose registration is younger than the known one has been away in
//! between, even if nobody saw it go, and is treated as gone and then come (KIP-380).

use super::batch::Novelty;
use super::queue::BrokerQueue;
use super::step::Step;
use super::store::LiveBroker;
use super::{Controller, znodes};
use crate::fact::Fact;
use crate::model::{BrokerEpoch, BrokerId, TopicPartition};
use crate::process::Outbox;
use crate::protocol::zookeeper::{Answer, Outcome};

/// A broker as its znode tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) id: BrokerId,
    pub(super) broker: LiveBroker,
}

/// The registrations that could be read; whoever went meanwhile is not among them.
pub(super) fn read_registered(brokers: &[BrokerId], outcomes: &[Outcome]) -> Vec<Registered> {
    let read = brokers.iter().zip(outcomes).filter_map(|(id, outcome)| {
        let Ok(Answer::Data { data, stat }) = outcome else {
            return None;
        };
        let address = znodes::read_broker(data)?;
        let epoch = BrokerEpoch(stat.created.0.cast_signed());
        let broker = LiveBroker { epoch, address };
        Some(Registered { id: *id, broker })
    });
    read.collect()
}

impl Controller {
    pub(super) fn registrations_read(
        &mut self,
        brokers: &[BrokerId],
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let read = read_registered(brokers, outcomes);
        let known = |id: BrokerId| self.store.broker_epoch(id);
        let came: Vec<Registered> = (read.iter())
            .filter(|found| known(found.id).is_none())
            .cloned()
            .collect();
        let bounced: Vec<Registered> = (read.iter())
            .filter(|found| known(found.id).is_some_and(|epoch| epoch < found.broker.epoch))
            .filter(|_| self.rules.notices_bounces)
            .cloned()
            .collect();
        let there = |id: &BrokerId| read.iter().any(|found| found.id == *id);
        let known = self.store.brokers().keys();
        let went: Vec<BrokerId> = known.filter(|id| !there(id)).copied().collect();
        for id in &went {
            out.note(Fact::BrokerWent { broker: *id });
        }
        let mut steps = Vec::new();
        if !came.is_empty() {
            steps.push(Step::BrokersCame(came));
        }
        if !bounced.is_empty() {
            let ids = bounced.iter().map(|found| found.id).collect();
            steps.extend([Step::BrokersWent(ids), Step::BrokersCame(bounced)]);
        }
        if !went.is_empty() {
            steps.push(Step::BrokersWent(went));
        }
        self.next_all(steps);
    }

    pub(super) fn add_broker(&mut self, found: &Registered, out: &mut Outbox) {
        let (id, broker) = (found.id, found.broker.clone());
        if let Some(mut old) = self.queues.remove(&id) {
            old.close(out);
        }
        let queue = BrokerQueue::new(self.host, id, broker.address.clone());
        self.queues.insert(id, queue);
        self.store.register(id, broker);
    }

    /// Brokers are there that were not (`onBrokerStartup`).
    pub(super) fn brokers_came(&mut self, came: &[Registered], out: &mut Outbox) {
        for found in came {
            out.note(Fact::BrokerCame { broker: found.id });
            self.add_broker(found, out);
        }
        let is_new = |id: &BrokerId| came.iter().any(|found| found.id == *id);
        let known = self.store.brokers().keys();
        let (new, old): (Vec<BrokerId>, Vec<BrokerId>) = known.copied().partition(is_new);
        let led: Vec<TopicPartition> = (self.store.partitions())
            .filter(|(_, state)| state.is_born())
            .map(|(name, _)| name)
            .collect();
        self.send_metadata_to(&old, &[]);
        self.send_metadata_to(&new, &led);
        for broker in new {
            for name in self.store.partitions_on(broker) {
                let born = self.store.partition(&name).is_some_and(|s| s.is_born());
                if born && !self.is_going(&name.topic) {
                    self.batch.lead(broker, &name, Novelty::Known);
                }
            }
        }
        self.next_all(vec![
            Step::Flush,
            Step::ElectVacant,
            Step::EndMoves,
            Step::Delete,
        ]);
    }

    /// Brokers are gone (`onBrokerFailure`): first somebody else takes over what they led, then they
    /// leave the ISRs of what they followed.
    pub(super) fn brokers_went(&mut self, went: &[BrokerId], out: &mut Outbox) {
        let mut replicas: Vec<(BrokerId, Vec<TopicPartition>)> = Vec::new();
        for id in went {
            self.store.unregister(*id);
            self.deletions_lose(*id);
            if let Some(mut queue) = self.queues.remove(id) {
                queue.close(out);
            }
            replicas.push((*id, self.lasting_partitions_on(*id)));
        }
        // Whoever hears of a new leader hears of the brokers too. A topic that is to go gets none.
        let gets_another = |(name, state): (TopicPartition, &super::PartitionState)| {
            went.contains(&state.leader) && !self.is_deleting(&name.topic)
        };
        if !self.store.partitions().any(gets_another) {
            self.batch.tell_brokers = true;
        }
        let mut steps = vec![Step::ElectVacant, Step::Flush];
        for (broker, names) in replicas {
            steps.extend([Step::Leave(broker, names), Step::Flush]);
        }
        self.next_all(steps);
    }
}
