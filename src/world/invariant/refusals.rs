//! Whoever numbers its batches as it should is not refused.

use super::{Invariant, PerReplica, View, broker};
use crate::fact::{Entry, Fact, Numbers};
use crate::log::Producers;
use crate::log::producers::sequence_after;
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::protocol::ErrorCode;
use crate::world::World;

/// I1 the batch that follows a producer's last one is not out of order, and after the greatest sequence
/// follows 0. I2 nor is one of the last five, which is known again and answered with its place.
///
/// What a leader should know is read from its log, as it stood when the batch was refused.
#[derive(Clone, Debug, Default)]
pub struct WellNumberedIsTaken {
    /// Where each replica's log ends, as the news tell it. When the world is further already, more has
    /// happened in one step than can be told apart.
    ends: PerReplica<Offset>,
}

impl Invariant for WellNumberedIsTaken {
    fn name(&self) -> &'static str {
        "WellNumberedIsTaken"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                next_offset: end,
                ..
            }
            | Fact::LogTruncated {
                partition, to: end, ..
            } => {
                self.ends.insert(by, partition, *end);
                Ok(())
            }
            Fact::ReplicaDeleted { partition } | Fact::LogTailLost { partition, .. } => {
                self.ends.forget(by, partition);
                Ok(())
            }
            Fact::ProduceRefused {
                partition,
                error: ErrorCode::OutOfOrderSequenceNumber,
                numbers: Some(numbers),
            } => self.refused(view.world, by, partition, *numbers),
            _ => Ok(()),
        }
    }
}

impl WellNumberedIsTaken {
    fn refused(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        numbers: Numbers,
    ) -> Result<(), String> {
        let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let seen = self.ends.get_mut(by, partition).copied();
        let Some(replica) = replica.filter(|replica| seen == Some(replica.log_end())) else {
            return Ok(());
        };
        let told = Producers::of_log(replica.log());
        let told = told.get(numbers.producer_id);
        let Some(told) = told.filter(|told| told.epoch() == numbers.epoch) else {
            return Ok(());
        };
        let (base, last) = (numbers.base_sequence, numbers.last_sequence);
        let id = numbers.producer_id;
        if base == sequence_after(told.last_sequence()) {
            return Err(format!(
                "I1: broker {by} refuses #{base} of producer {id}, which follows #{} in {partition}",
                told.last_sequence()
            ));
        }
        let mut batches = told.batches().iter();
        match batches.find(|batch| (batch.base_sequence, batch.last_sequence) == (base, last)) {
            Some(batch) => Err(format!(
                "I2: broker {by} refuses #{base} of producer {id}, which stands at {partition}{}",
                batch.base_offset
            )),
            None => Ok(()),
        }
    }
}
