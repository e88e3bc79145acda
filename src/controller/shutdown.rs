//! Brokers that want to stop (`KafkaController.doControlledShutdown`).
//!
//! A broker that is told to stop asks the controller first. What it leads gets another leader, what it
//! follows it stops following and leaves the ISR of; so nobody has to wait until its session runs out.
//! The answer names the partitions that it still leads, because nobody else may; it may ask again.

use super::Controller;
use super::batch::Data;
use super::question::{Reply, Token};
use super::step::Step;
use super::strategy::Strategy;
use crate::model::{BrokerEpoch, BrokerId, TopicPartition};
use crate::protocol::ErrorCode;

impl Controller {
    pub(super) fn shut_down(&mut self, token: Token, broker: BrokerId, epoch: BrokerEpoch) {
        let refusal = match self.store.broker_epoch(broker) {
            None => Some(ErrorCode::BrokerNotAvailable),
            // −1 is from a broker too old to know its epoch.
            Some(known) if epoch.0 != -1 && epoch < known => Some(ErrorCode::StaleBrokerEpoch),
            Some(_) => None,
        };
        if let Some(error) = refusal {
            return self.replies.push((token, Reply::ShutDown(Err(error))));
        }
        self.store.begin_shutdown(broker);
        let mut led = Vec::new();
        let mut followed = Vec::new();
        for name in self.lasting_partitions_on(broker) {
            let Some(state) = self.store.partition(&name) else {
                continue;
            };
            // A partition with one replica has nobody who could take over.
            if state.replicas.len() < 2 || !state.is_born() {
                continue;
            }
            match state.leader == broker {
                true => led.push(name),
                false => followed.push(name),
            }
        }
        for name in &followed {
            self.batch.stop(broker, name, Data::Kept);
        }
        self.next_all(vec![
            Step::Elect(led, Strategy::ControlledShutdown),
            Step::Flush,
            Step::Leave(broker, followed),
            Step::Flush,
            Step::ShutDown(token, broker),
        ]);
    }

    /// Everything is done that could be done.
    pub(super) fn let_go(&mut self, token: Token, broker: BrokerId) {
        let led: Vec<TopicPartition> = (self.store.partitions())
            .filter(|(_, state)| state.leader == broker && state.replicas.len() > 1)
            .map(|(name, _)| name)
            .filter(|name| !self.is_deleting(&name.topic))
            .collect();
        self.replies.push((token, Reply::ShutDown(Ok(led))));
    }
}
