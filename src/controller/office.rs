//! What a new controller does first (`KafkaController.onControllerFailover`).
//!
//! It reads everything that ZooKeeper knows, what is to go included, and leaves watches as it goes; tells
//! every broker who is alive,
//! since nobody may be told to follow a leader that he has never heard of; then who leads what; and then
//! looks for what has happened while nobody held office: replicas on brokers that are gone, partitions
//! without a leader, topics without a state.

use super::reading::{children, get, read_topics, watch_children};
use super::registrations::read_registered;
use super::step::Step;
use super::{Controller, Tenure, batch::Novelty, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::zookeeper::{Answer, Operation, Outcome};
use crate::time::{Duration, Instant};

/// How long after taking office preferred leaders are looked after for the first time.
const FIRST_REBALANCE: Duration = Duration::from_secs(5);

impl Controller {
    pub(super) fn read_cluster(&self) -> Vec<Operation> {
        let watched = [znodes::BROKER_IDS, znodes::TOPICS];
        watched.iter().map(|path| watch_children(path)).collect()
    }

    pub(super) fn cluster_read(&mut self, outcomes: &[Outcome]) {
        let brokers = children(outcomes.first()).into_iter();
        let brokers = brokers.filter_map(|name| name.parse().ok().map(BrokerId));
        let topics = children(outcomes.get(1)).into_iter().map(TopicName);
        let (brokers, topics) = (brokers.collect(), topics.collect());
        self.next_all(vec![
            Step::ReadDetails { brokers, topics },
            Step::ReadDeletions,
            Step::Begin,
        ]);
    }

    pub(super) fn read_details(
        &self,
        brokers: &[BrokerId],
        topics: &[TopicName],
    ) -> Vec<Operation> {
        let brokers = brokers.iter().map(|id| get(znodes::broker_path(*id)));
        brokers.chain(read_topics(topics)).collect()
    }

    pub(super) fn details_read(
        &mut self,
        brokers: &[BrokerId],
        topics: &[TopicName],
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let (registered, topics_read) = outcomes.split_at(brokers.len().min(outcomes.len()));
        for broker in read_registered(brokers, registered) {
            self.add_broker(&broker, out);
        }
        let names = self.assign_topics(topics, topics_read);
        self.next(Step::ReadStates(names));
    }

    /// The states that were read are what is true now; a partition without one is new.
    pub(super) fn take_states(&mut self, names: &[TopicPartition], outcomes: &[Outcome]) {
        for (name, outcome) in names.iter().zip(outcomes) {
            if let Ok(Answer::Data { data, stat }) = outcome
                && let Some(state) = znodes::read_state(data, stat.version)
            {
                self.store.set_state(name, state);
            }
        }
    }

    /// Everything is read.
    pub(super) fn begin(&mut self, now: Instant) {
        self.tenure = Tenure::Holds;
        if self.rules.rebalance_interval.is_some() {
            self.rebalance_at = Some(now + FIRST_REBALANCE);
        }
        let names: Vec<TopicPartition> = self.store.partitions().map(|(name, _)| name).collect();
        self.tell_everybody(&[]);
        let mut missing: Vec<BrokerId> = Vec::new();
        for name in &names {
            if self.is_going(&name.topic) {
                continue;
            }
            let state = self.store.partition(name).expect("it was listed");
            let (born, replicas) = (state.is_born(), state.replicas.clone());
            for broker in replicas {
                let here = self.store.is_reachable(broker, name);
                if !here && !missing.contains(&broker) {
                    missing.push(broker);
                }
                if here && born {
                    self.batch.lead(broker, name, Novelty::Known);
                }
            }
        }
        missing.sort();
        let mut steps = vec![Step::Flush];
        for broker in missing {
            let names = self.lasting_partitions_on(broker);
            steps.extend([Step::Leave(broker, names), Step::Flush]);
        }
        steps.extend([Step::ElectVacant, Step::EndMoves, Step::Delete]);
        self.next_all(steps);
    }
}
