//! What brokers answer to LeaderAndIsr: whether each replica is now what it was told to be.
//!
//! Most errors change nothing. A broker that has a newer order already (11), or one that was meant by its
//! former life (77), has been told better or will be; the controller takes note and goes on
//! (`processLeaderAndIsrResponseReceived`). The exception is KAFKA_STORAGE_ERROR (56): that replica's
//! directory has failed, and the replica is as good as dead while its broker is alive. It leaves the ISR in a new
//! leader epoch, so that its leader stops waiting for it, and everybody is told that it is offline.
//!
//! Not modelled: the failed replica of a leader, which takes an election. No log fails here, so that only a
//! test can say 56.

use super::Controller;
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::LeaderAndIsrResponse;

impl Controller {
    /// A broker has answered.
    pub(super) fn leaders_answered(
        &mut self,
        broker: BrokerId,
        said: &LeaderAndIsrResponse,
        out: &mut Outbox,
    ) {
        if said.error_code != ErrorCode::None.code() {
            return;
        }
        let mut fallen = Vec::new();
        for (name, error) in self.results(said) {
            match error {
                ErrorCode::KafkaStorageError if self.store.set_offline(broker, &name) => {
                    fallen.push(name);
                }
                ErrorCode::None => self.store.set_online(broker, &name),
                _ => {}
            }
        }
        if fallen.is_empty() {
            return;
        }
        let left: Vec<TopicPartition> = (fallen.iter())
            .filter(|name| self.store.leave_isr(broker, name))
            .cloned()
            .collect();
        self.note_decided(&left, out);
        self.send_leaders(&left);
        self.send_metadata(&fallen);
    }

    fn results(&self, said: &LeaderAndIsrResponse) -> Vec<(TopicPartition, ErrorCode)> {
        let named = said.partition_errors.iter().map(|result| {
            let topic = Some(TopicName(result.topic_name.clone()));
            (topic, result)
        });
        let by_id = said.topics.iter().flat_map(|topic| {
            let name = self.store.name_of(topic.topic_id).cloned();
            let results = topic.partition_errors.iter();
            results.map(move |result| (name.clone(), result))
        });
        let results = named.chain(by_id).filter_map(|(topic, result)| {
            let partition = result.partition_index;
            let error = ErrorCode::from_i16(result.error_code);
            Some((
                TopicPartition {
                    topic: topic?,
                    partition,
                },
                error,
            ))
        });
        results.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::{Order, Setup, TopicSetup};
    use crate::fact::Fact;
    use crate::model::{Address, BrokerEpoch, ControllerEpoch, TopicId};
    use crate::process::Effect;
    use crate::protocol::api::leader_and_isr::{
        LeaderAndIsrPartitionError, LeaderAndIsrTopicError,
    };
    use crate::time::Duration;

    const ORDERS: TopicId = TopicId([7; 16]);

    fn controller() -> Controller {
        let address = |id: u16| Address {
            host: format!("broker-{id}").into(),
            port: 9092,
        };
        let brokers = (1..=3u16).map(|id| (BrokerId(i32::from(id)), BrokerEpoch(1), address(id)));
        let topic = TopicSetup {
            name: TopicName::new("orders"),
            id: ORDERS,
            replicas: vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]],
            configs: Vec::new(),
        };
        let setup = Setup {
            epoch: ControllerEpoch(1),
            brokers: brokers.collect(),
            topics: vec![topic],
        };
        Controller::new(BrokerId(1), &setup, Duration::from_secs(30))
    }

    fn says(error: ErrorCode) -> LeaderAndIsrResponse {
        LeaderAndIsrResponse {
            topics: vec![LeaderAndIsrTopicError {
                topic_id: ORDERS,
                partition_errors: vec![LeaderAndIsrPartitionError {
                    error_code: error.code(),
                    ..LeaderAndIsrPartitionError::default()
                }],
            }],
            ..LeaderAndIsrResponse::default()
        }
    }

    fn name() -> TopicPartition {
        TopicPartition::new("orders", 0)
    }

    fn isr(controller: &Controller) -> Vec<i32> {
        let state = controller.partition(&name()).expect("the partition");
        state.isr.iter().map(|id| id.0).collect()
    }

    #[test]
    fn a_replica_whose_directory_failed_leaves_the_isr_in_a_new_epoch() {
        let mut controller = controller();
        let mut out = Outbox::default();
        controller.leaders_answered(BrokerId(3), &says(ErrorCode::KafkaStorageError), &mut out);
        assert_eq!(isr(&controller), [1, 2]);
        let state = controller.partition(&name()).expect("the partition");
        assert_eq!((state.leader_epoch.0, state.partition_epoch.0), (1, 1));
        let decided =
            |effect: &Effect| matches!(effect, Effect::Note(Fact::PartitionStateDecided { .. }));
        assert_eq!(
            out.effects()
                .iter()
                .filter(|effect| decided(effect))
                .count(),
            1
        );
        for (broker, queue) in controller.queues() {
            let mut leaders = 0;
            for order in queue.waiting() {
                match order {
                    Order::Leaders(_) => leaders += 1,
                    Order::Metadata(update) => {
                        let told = &update.topic_states[0].partition_states[0];
                        assert_eq!(told.offline_replicas, [3], "broker {broker} is told");
                    }
                    Order::Configs(_) => {}
                }
            }
            assert_eq!(leaders, 1, "every replica of it learns the new epoch");
        }
        // Saying it again is no news; saying that it works makes it one that may be told again.
        let mut silent = Outbox::default();
        controller.leaders_answered(
            BrokerId(3),
            &says(ErrorCode::KafkaStorageError),
            &mut silent,
        );
        assert!(silent.effects().is_empty());
        controller.leaders_answered(BrokerId(3), &says(ErrorCode::None), &mut silent);
        assert!(controller.store().is_online(BrokerId(3), &name()));
    }

    #[test]
    fn other_errors_change_nothing() {
        for error in [
            ErrorCode::StaleControllerEpoch,
            ErrorCode::UnknownTopicOrPartition,
            ErrorCode::InconsistentTopicId,
        ] {
            let mut controller = controller();
            let mut out = Outbox::default();
            controller.leaders_answered(BrokerId(3), &says(error), &mut out);
            let mut whole = says(ErrorCode::KafkaStorageError);
            whole.error_code = ErrorCode::StaleBrokerEpoch.code();
            controller.leaders_answered(BrokerId(3), &whole, &mut out);
            assert_eq!(isr(&controller), [1, 2, 3], "{error}");
            assert!(
                out.effects().is_empty()
                    && controller.queues().all(|(_, q)| q.waiting().len() == 0)
            );
        }
    }
}
