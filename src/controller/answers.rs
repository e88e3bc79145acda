//! What brokers answer to LeaderAndIsr: whether each replica is now what it was told to be.
//!
//! Most errors change nothing. A broker that has a newer order already (11), or one that was meant by its
//! former life (77), has been told better or will be; the controller takes note and goes on
//! (`processLeaderAndIsrResponseReceived`). The exception is KAFKA_STORAGE_ERROR (56): that replica's
//! directory has failed, and the replica is as good as dead while its broker is alive. It leaves the ISR in a new
//! leader epoch, so that its leader stops waiting for it, and everybody is told that it is offline.
//!
//! A partition that it led gets another leader first.
//!
//! Not modelled: brokers with several log directories, one of which fails. A broker whose only disk fails halts,
//! so no broker here ever answers with that error; whoever plays a broker may.

use super::Controller;
use super::step::Step;
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::LeaderAndIsrResponse;

impl Controller {
    /// A broker has answered.
    pub(super) fn leaders_answered(&mut self, broker: BrokerId, said: &LeaderAndIsrResponse) {
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
        for name in &fallen {
            self.batch.metadata.insert(name.clone());
        }
        self.next_all(vec![
            Step::ElectVacant,
            Step::Flush,
            Step::Leave(broker, fallen),
            Step::Flush,
        ]);
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
