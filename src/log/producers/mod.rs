//! What one replica knows of the producers that number their batches: Kafka's `ProducerStateManager`.
//!
//! A producer that asked for an id stamps every batch with it and with the number of its first record,
//! its *sequence*, counted from 0 for each partition. With that a leader can tell a batch that was sent
//! twice from a new one, and notices when one in between is missing. The last five batches of each
//! producer are remembered, because so many may be under way at once.
//!
//! The state follows from the log and from nothing else: a follower learns it from the batches it copies,
//! so that a producer may go on with any leader; a log that was cut forgets what it lost. Only what
//! retention takes from the front of the log, or a cleaner from anywhere, is remembered longer, until
//! `producer.id.expiration.ms` have passed since the producer's last record: each segment keeps what was known
//! when it was begun, so that a cut log need not go by what is left in it.
//!
//! Laws: within one epoch sequences grow with the offset and without gaps, from the largest 32-bit integer
//! on to 0; epochs never go back; a batch is in the log once.
//!
//! As in Kafka it is the time in a batch by which its producer is silent: of a time to come it stays known until then
//! and that much longer. How many are known is not bounded either; what they weigh counts as the log does
//! ([`Log::known_producers`]).
//!
//! Unlike Kafka, whose snapshot files remember the last batch of each producer only, a restart and a cut
//! leave up to five. Not modelled: transactions.

#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use tree::{Change, Tree};

use super::Log;
use super::planted::{Bug, Planted};
use super::validate::Refused;
use crate::model::{Offset, ProducerEpoch, ProducerId};
use crate::protocol::ErrorCode;
use crate::protocol::records::BatchHeader;
use crate::time::{Duration, Timestamp};

/// How many batches of each producer are remembered (`NUM_BATCHES_TO_RETAIN`).
pub const REMEMBERED: usize = 5;

/// One batch of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The sequences of its first and its last record.
    pub base_sequence: i32,
    pub last_sequence: i32,
    pub base_offset: Offset,
    /// The offset of its last record.
    pub last_offset: Offset,
    /// The greatest timestamp in it.
    pub timestamp: Timestamp,
}

/// One producer as a replica knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    epoch: ProducerEpoch,
    /// Its last batches in this epoch, the newest last; never empty.
    batches: Vec<Remembered>,
}

/// Every producer that a replica knows. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Producers {
    by_id: Tree,
}

impl PartialEq for Producers {
    fn eq(&self, other: &Producers) -> bool {
        self.by_id.list() == other.by_id.list()
    }
}

impl Eq for Producers {}

/// The sequence behind another one: the numbers begin again at 0 after 2³¹ − 1.
pub fn sequence_after(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

impl Remembered {
    fn new(header: &BatchHeader) -> Remembered {
        Remembered {
            base_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: Offset(header.base_offset),
            last_offset: Offset(header.base_offset + i64::from(header.last_offset_delta)),
            timestamp: Timestamp(header.max_timestamp),
        }
    }

    /// Whether this is the same batch, though some of it may have been compacted away, and with it its time.
    pub fn is_same_batch(&self, other: &Remembered) -> bool {
        let apart_from_time = |one: &Remembered| Remembered {
            timestamp: Timestamp::NONE,
            ..*one
        };
        apart_from_time(self) == apart_from_time(other)
    }

    /// The offset behind its last record.
    pub fn next_offset(&self) -> Offset {
        self.last_offset + 1
    }
}

impl Producer {
    /// How often the producer has begun anew with its id.
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// Its last batches in this epoch, the newest last.
    pub fn batches(&self) -> &[Remembered] {
        &self.batches
    }

    fn last(&self) -> &Remembered {
        self.batches.last().expect("a known producer has a batch")
    }

    /// The sequence of its last record.
    pub fn last_sequence(&self) -> i32 {
        self.last().last_sequence
    }

    fn take(&mut self, epoch: ProducerEpoch, batch: Remembered) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
        if self.batches.len() == REMEMBERED {
            self.batches.remove(0);
        }
        // Most send only once or twice to a partition, and room for more would stay empty.
        self.batches.reserve_exact(1);
        self.batches.push(batch);
    }

    /// What it takes in memory.
    fn weight(&self) -> u64 {
        let alone = 2 * size_of::<usize>() + size_of::<Producer>();
        (alone + size_of_val(&self.batches[..])) as u64
    }

    fn is_expired(&self, wall: Timestamp, expiration: Duration) -> bool {
        let silent = wall.0.saturating_sub(self.last().timestamp.0);
        u64::try_from(silent).is_ok_and(|silent| silent >= expiration.as_millis())
    }
}

impl Producers {
    /// What there is to know from the batches of a log alone.
    pub fn of_log(log: &Log) -> Producers {
        let mut producers = Producers::default();
        producers.learn(log, Offset::ZERO, |_| true);
        producers
    }

    pub fn get(&self, id: ProducerId) -> Option<&Producer> {
        self.by_id.get(id).map(Arc::as_ref)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &Producer)> {
        let list = self.by_id.list().into_iter();
        list.map(|(id, producer)| (id, producer.as_ref()))
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of memory of it that another, which it has become since, does not share.
    pub(super) fn beyond(&self, later: &Producers) -> u64 {
        self.by_id.beyond(&later.by_id)
    }

    /// An estimate of the bytes that the first change of a copy copies.
    pub(super) fn weight_of_change(&self) -> usize {
        self.by_id.weight_of_change()
    }

    /// Looks at a producer's batch before it is appended, in Kafka's order
    /// (`UnifiedLog.analyzeAndValidateProducerState`). Whether it is in the log already, and where.
    ///
    /// A batch counts as the same if both its ends are: one with other ends is none, and out of order.
    ///
    /// # Errors
    /// INVALID_PRODUCER_EPOCH (47) when the producer has begun anew since; OUT_OF_ORDER_SEQUENCE_NUMBER
    /// (45) when a batch before it is missing, or it was written so long ago that it is forgotten.
    pub fn check(
        &self,
        header: &BatchHeader,
        planted: Planted,
    ) -> Result<Option<Remembered>, Refused> {
        if !header.is_idempotent() {
            return Ok(None);
        }
        // Nothing known: the producer is new, or its records are gone. Any sequence will do.
        let Some(known) = self.get(ProducerId(header.producer_id)) else {
            return Ok(None);
        };
        let epoch = ProducerEpoch(header.producer_epoch);
        if epoch == known.epoch {
            let ends = (header.base_sequence, header.last_sequence());
            let forgotten = match planted.has(Bug::RememberFour) {
                true => known.batches.len().saturating_sub(4),
                false => 0,
            };
            let mut batches = known.batches[forgotten..].iter();
            let same = batches.find(|batch| (batch.base_sequence, batch.last_sequence) == ends);
            if same.is_some() {
                return Ok(same.copied());
            }
        }
        if epoch < known.epoch {
            let why = "the producer has begun a newer epoch";
            return Err(Refused::new(ErrorCode::InvalidProducerEpoch, why));
        }
        let expected = match epoch == known.epoch {
            true if planted.has(Bug::SequencesOverflow) => known.last_sequence().wrapping_add(1),
            true => sequence_after(known.last_sequence()),
            false => 0,
        };
        if header.base_sequence != expected {
            let why = "the batch does not follow the producer's last one";
            return Err(Refused::new(ErrorCode::OutOfOrderSequenceNumber, why));
        }
        Ok(None)
    }

    /// A batch was appended, whoever checked it, while the segment that begins at `during` was written to; the bytes
    /// that were copied because older segments keep them as they were.
    pub(super) fn appended(&mut self, header: &BatchHeader, during: Offset) -> u64 {
        if !header.is_idempotent() {
            return 0;
        }
        let (id, epoch) = (
            ProducerId(header.producer_id),
            ProducerEpoch(header.producer_epoch),
        );
        let batch = Remembered::new(header);
        let mut change = Change { during, copied: 0 };
        match self.by_id.get_mut(id, &mut change) {
            Some(known) => known.take(epoch, batch),
            None => {
                let mut fresh = Producer {
                    epoch,
                    batches: Vec::new(),
                };
                fresh.take(epoch, batch);
                self.by_id.insert(id, Arc::new(fresh), &mut change);
            }
        }
        change.copied
    }

    /// Whether a cut at `offset` takes away anything that is known.
    pub(super) fn reach_beyond(&self, offset: Offset) -> bool {
        self.iter()
            .any(|(_, producer)| producer.last().last_offset >= offset)
    }

    /// The log was cut: of producers that lost a batch there is known what was known when its last segment was
    /// begun, and what has come since (`ProducerStateManager.truncateAndReload`).
    pub(super) fn truncated(&mut self, log: &Log) {
        let end = log.end();
        let last = log.segments().last().expect("a log has segments");
        let list = self.by_id.list().into_iter();
        let lost = list.filter(|(_, producer)| producer.last().last_offset >= end);
        let lost: Vec<ProducerId> = lost.map(|(id, _)| id).collect();
        let mut change = Change {
            during: last.base_offset(),
            copied: 0,
        };
        for id in &lost {
            if let Some(known) = last.producers().by_id.get(*id) {
                self.by_id.insert(*id, known.clone(), &mut change);
            }
        }
        self.by_id
            .retain(|producer| producer.last().last_offset < end, &mut change);
        self.learn(log, last.base_offset(), |id| {
            lost.binary_search(&id).is_ok()
        });
    }

    fn learn(&mut self, log: &Log, from: Offset, of: impl Fn(ProducerId) -> bool) {
        let during = log.active().base_offset();
        for stored in log.batches(from, log.end()) {
            let header = stored.header();
            if header.is_idempotent() && of(ProducerId(header.producer_id)) {
                self.appended(&header, during);
            }
        }
    }

    /// Whether any producer has been silent for `producer.id.expiration.ms`.
    pub fn has_expired(&self, wall: Timestamp, expiration: Duration) -> bool {
        self.iter()
            .any(|(_, producer)| producer.is_expired(wall, expiration))
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`; the bytes of them that segments keep.
    pub(super) fn expire(&mut self, wall: Timestamp, expiration: Duration, during: Offset) -> u64 {
        let mut change = Change { during, copied: 0 };
        if self.has_expired(wall, expiration) {
            let keep = |producer: &Producer| !producer.is_expired(wall, expiration);
            self.by_id.retain(keep, &mut change);
        }
        change.copied
    }
}
