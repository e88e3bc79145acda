//! Whoever numbers its batches as it should is not refused.

use super::{Invariant, PerReplica, View, broker};
use crate::fact::{Entry, Fact, Numbers};
use crate::log::Producers;
use crate::log::producers::{Producer, Remembered, sequence_after};
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::protocol::ErrorCode;
use crate::world::World;

/// I1 the batch that follows a producer's last one is not out of order, and after the greatest sequence
/// follows 0; nobody is refused for an old epoch but whoever has begun a newer one, and they for nothing else. I2 one
/// of the last five is not refused either: it is known again and answered with its place.
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
                error:
                    error @ (ErrorCode::OutOfOrderSequenceNumber | ErrorCode::InvalidProducerEpoch),
                numbers: Some(numbers),
            } => self.refused(view.world, by, partition, (*error, *numbers)),
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
        (error, numbers): (ErrorCode, Numbers),
    ) -> Result<(), String> {
        let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
        let seen = self.ends.get_mut(by, partition).copied();
        let Some(replica) = replica.filter(|replica| seen == Some(replica.log_end())) else {
            return Ok(());
        };
        let told = Producers::of_log(replica.log());
        let told = told.get(numbers.producer_id);
        // Nothing is told: the producer is new, or its records are gone.
        let Some(told) = told else {
            return Ok(());
        };
        // A log that was compacted and then cut may tell of older batches only than were written.
        let newest = |producer: &Producer| producer.batches().last().map(|last| last.base_offset);
        let log = replica.log();
        let known = log.producers().get(numbers.producer_id);
        if log.cleaned_until().is_some() && known.is_some_and(|known| newest(known) > newest(told))
        {
            return Ok(());
        }
        let (base, last) = (numbers.base_sequence, numbers.last_sequence);
        let (id, epoch) = (numbers.producer_id, numbers.epoch);
        if (epoch < told.epoch()) != (error == ErrorCode::InvalidProducerEpoch) {
            return Err(format!(
                "I1: broker {by} refuses producer {id} in {epoch} with {error}, which is in {} in {partition}",
                told.epoch()
            ));
        }
        let is_same = epoch == told.epoch();
        let follows = match is_same {
            true => base == sequence_after(told.last_sequence()),
            false => epoch > told.epoch() && base == 0,
        };
        if follows {
            return Err(format!(
                "I1: broker {by} refuses #{base} of producer {id}, which follows #{} in {partition}",
                told.last_sequence()
            ));
        }
        // What compaction leaves may be older than what a leader remembers.
        let cleaned = replica.log().cleaned_until().unwrap_or_default();
        let mut batches = told
            .batches()
            .iter()
            .filter(|batch| batch.base_offset >= cleaned);
        let ends = |batch: &&Remembered| (batch.base_sequence, batch.last_sequence) == (base, last);
        match batches.find(ends).filter(|_| is_same) {
            Some(batch) => Err(format!(
                "I2: broker {by} refuses #{base} of producer {id}, which stands at {partition}{}",
                batch.base_offset
            )),
            None => Ok(()),
        }
    }
}
