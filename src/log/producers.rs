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
//! Unlike Kafka, whose snapshot files remember the last batch of each producer only, a restart and a cut
//! leave up to five. Not modelled: transactions.

use std::sync::Arc;

use super::Log;
use super::planted::{Bug, Planted};
use super::validate::Refused;
use crate::model::{Offset, ProducerEpoch, ProducerId};
use crate::protocol::ErrorCode;
use crate::protocol::records::BatchHeader;
use crate::sorted::SortedMap;
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    by_id: Arc<SortedMap<ProducerId, Producer>>,
}

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
        self.batches.push(batch);
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
        self.by_id.get(&id)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &Producer)> {
        self.by_id.iter().map(|(id, producer)| (*id, producer))
    }

    /// An estimate of the bytes that the first change of a copy copies.
    pub(super) fn weight(&self) -> usize {
        let each = size_of::<(ProducerId, Producer)>() + REMEMBERED * size_of::<Remembered>();
        self.by_id.len() * each
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
            return Err(Refused {
                error: ErrorCode::InvalidProducerEpoch,
                why: "the producer has begun a newer epoch",
            });
        }
        let expected = match epoch == known.epoch {
            true if planted.has(Bug::SequencesOverflow) => known.last_sequence().wrapping_add(1),
            true => sequence_after(known.last_sequence()),
            false => 0,
        };
        if header.base_sequence != expected {
            return Err(Refused {
                error: ErrorCode::OutOfOrderSequenceNumber,
                why: "the batch does not follow the producer's last one",
            });
        }
        Ok(None)
    }

    /// A batch was appended, whoever checked it.
    pub(super) fn appended(&mut self, header: &BatchHeader) {
        if !header.is_idempotent() {
            return;
        }
        let (id, epoch) = (
            ProducerId(header.producer_id),
            ProducerEpoch(header.producer_epoch),
        );
        let batch = Remembered::new(header);
        let fresh = || Producer {
            epoch,
            batches: Vec::with_capacity(REMEMBERED),
        };
        Arc::make_mut(&mut self.by_id)
            .entry(id)
            .or_insert_with(fresh)
            .take(epoch, batch);
    }

    /// Whether a cut at `offset` takes away anything that is known.
    pub(super) fn reach_beyond(&self, offset: Offset) -> bool {
        let mut all = self.by_id.values();
        all.any(|producer| producer.last().last_offset >= offset)
    }

    /// The log was cut: of producers that lost a batch there is known what was known when its last segment was
    /// begun, and what has come since (`ProducerStateManager.truncateAndReload`).
    pub(super) fn truncated(&mut self, log: &Log) {
        let end = log.end();
        let lost: Vec<ProducerId> = (self.iter())
            .filter(|(_, producer)| producer.last().last_offset >= end)
            .map(|(id, _)| id)
            .collect();
        let last = log.segments().last().expect("a log has segments");
        let by_id = Arc::make_mut(&mut self.by_id);
        for id in &lost {
            match last.producers().get(*id) {
                Some(known) => by_id.insert(*id, known.clone()),
                None => by_id.remove(id),
            };
        }
        self.learn(log, last.base_offset(), |id| lost.contains(&id));
    }

    fn learn(&mut self, log: &Log, from: Offset, of: impl Fn(ProducerId) -> bool) {
        for stored in log.batches(from, log.end()) {
            let header = stored.header();
            if header.is_idempotent() && of(ProducerId(header.producer_id)) {
                self.appended(&header);
            }
        }
    }

    /// Whether any producer has been silent for `producer.id.expiration.ms`.
    pub fn has_expired(&self, wall: Timestamp, expiration: Duration) -> bool {
        let mut all = self.by_id.values();
        all.any(|producer| producer.is_expired(wall, expiration))
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`.
    pub(super) fn expire(&mut self, wall: Timestamp, expiration: Duration) {
        if self.has_expired(wall, expiration) {
            Arc::make_mut(&mut self.by_id)
                .retain(|_, producer| !producer.is_expired(wall, expiration));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogConfig;
    use crate::model::LeaderEpoch;
    use crate::protocol::records::{Batch, BatchBuilder, Codec};

    const WALL: Timestamp = Timestamp(1_700_000_000_000);

    /// A batch of producer 7.
    fn batch(epoch: i16, base_sequence: i32, records: i32) -> Batch {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_producer(7, epoch, base_sequence);
        for _ in 0..records {
            builder.append(WALL.0, None, Some(b"v"), &[]);
        }
        builder.build_batch()
    }

    fn append(log: &mut Log, batch: &Batch) {
        log.append_as_leader(batch, LeaderEpoch(0), WALL, &LogConfig::default());
    }

    fn log_of(batches: &[Batch]) -> Log {
        let mut log = Log::new(Offset(0), WALL);
        for batch in batches {
            append(&mut log, batch);
        }
        log
    }

    /// Where it is already, or why it is refused; −1 for one that may be appended.
    fn checked(log: &Log, epoch: i16, base_sequence: i32, records: i32) -> Result<i64, ErrorCode> {
        let header = batch(epoch, base_sequence, records).header;
        let found = log.producers().check(&header, Planted::default());
        let found = found.map_err(|refused| refused.error)?;
        Ok(found.map_or(-1, |found| found.base_offset.0))
    }

    const GAP: Result<i64, ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);
    const FENCED: Result<i64, ErrorCode> = Err(ErrorCode::InvalidProducerEpoch);

    #[test]
    fn the_next_batch_is_new_an_old_one_is_known_and_a_gap_is_refused() {
        let log = log_of(&[batch(0, 0, 3), batch(0, 3, 2)]);
        for (epoch, sequence, records, expected) in [
            (0, 5, 1, Ok(-1)),
            (0, 0, 3, Ok(0)),
            (0, 3, 2, Ok(3)),
            (0, 6, 1, GAP),
            // The same beginning with another end is another batch, and out of order.
            (0, 3, 1, GAP),
            (0, 0, 5, GAP),
            (1, 0, 1, Ok(-1)),
            (1, 5, 1, GAP),
        ] {
            let found = checked(&log, epoch, sequence, records);
            assert_eq!(found, expected, "e{epoch} #{sequence} of {records}");
        }
    }

    #[test]
    fn a_producer_of_whom_nothing_is_known_may_begin_anywhere() {
        let log = log_of(&[]);
        assert_eq!(checked(&log, 3, 40, 1), Ok(-1));
    }

    #[test]
    fn a_newer_epoch_ends_the_older_one() {
        let log = log_of(&[batch(1, 0, 1), batch(2, 0, 1)]);
        assert_eq!(checked(&log, 1, 1, 1), FENCED);
        assert_eq!(
            checked(&log, 1, 0, 1),
            FENCED,
            "of the old epoch nothing is remembered"
        );
        assert_eq!(checked(&log, 2, 0, 1), Ok(1));
    }

    #[test]
    fn five_batches_are_remembered_and_the_sixth_oldest_is_out_of_order() {
        let batches: Vec<Batch> = (0..6).map(|sequence| batch(0, sequence, 1)).collect();
        let log = log_of(&batches);
        assert_eq!(checked(&log, 0, 0, 1), GAP);
        for sequence in 1..6 {
            assert_eq!(checked(&log, 0, sequence, 1), Ok(i64::from(sequence)));
        }
    }

    #[test]
    fn sequences_begin_again_at_0() {
        let max = i32::MAX;
        // Of three records, the first has the largest sequence and the last one 1.
        let log = log_of(&[batch(0, max - 1, 1), batch(0, max, 3)]);
        assert_eq!(
            log.producers()
                .get(ProducerId(7))
                .map(Producer::last_sequence),
            Some(1)
        );
        assert_eq!(checked(&log, 0, 2, 1), Ok(-1));
        assert_eq!(checked(&log, 0, max, 3), Ok(1));
        let log = log_of(&[batch(0, max, 1)]);
        assert_eq!(checked(&log, 0, 0, 1), Ok(-1));
        assert_eq!(checked(&log, 0, 1, 1), GAP);
    }

    #[test]
    fn batches_without_a_producer_are_not_looked_at() {
        let log = log_of(&[batch(0, 0, 1)]);
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_producer(-1, 0, 0);
        builder.append(WALL.0, None, None, &[]);
        let header = builder.build_batch().header;
        let checked = log.producers().check(&header, Planted::default());
        assert_eq!(checked, Ok(None));
    }

    #[test]
    fn a_cut_log_forgets_what_it_lost_and_remembers_what_is_left() {
        let batches: Vec<Batch> = (0..8).map(|sequence| batch(0, sequence, 1)).collect();
        let mut log = log_of(&batches);
        log.truncate_to(Offset(6), WALL);
        assert_eq!(*log.producers(), Producers::of_log(&log));
        assert_eq!(checked(&log, 0, 6, 1), Ok(-1));
        assert_eq!(checked(&log, 0, 1, 1), Ok(1), "five are known again");
        assert_eq!(checked(&log, 0, 0, 1), GAP);
        log.start_again_at(Offset(0), WALL);
        assert_eq!(*log.producers(), Producers::default());
    }

    #[test]
    fn a_cut_log_remembers_what_was_cleaned_away() {
        let mut config = LogConfig::default();
        for (name, value) in [("cleanup.policy", "compact"), ("segment.bytes", "70")] {
            config.set(name, value).expect("a setting");
        }
        let keyed = |sequence: Option<i32>, key: &str| {
            let mut builder = BatchBuilder::new(Codec::None);
            if let Some(sequence) = sequence {
                builder.set_producer(7, 0, sequence);
            }
            builder.append(WALL.0, Some(key.as_bytes()), Some(b"v"), &[]);
            builder.build_batch()
        };
        let mut log = Log::new(Offset(0), WALL);
        for (sequence, key) in [(Some(0), "a"), (Some(1), "b"), (None, "b"), (Some(2), "b")] {
            log.append_as_leader(&keyed(sequence, key), LeaderEpoch(0), WALL, &config);
        }
        let dirt = log.dirt(Offset(3), WALL, &config);
        log.clean(&dirt, 100, WALL, &config);
        let left = log.batches(Offset(0), log.end());
        let left: Vec<i64> = left.map(|batch| batch.base_offset().0).collect();
        assert_eq!(left, [0, 2, 3], "#1 is gone");
        log.truncate_to(Offset(3), WALL);
        for (sequence, expected) in [(2, Ok(-1)), (1, Ok(1)), (0, Ok(0)), (3, GAP)] {
            assert_eq!(checked(&log, 0, sequence, 1), expected, "#{sequence}");
        }
    }

    #[test]
    fn a_follower_learns_from_the_batches_it_copies() {
        let leader = log_of(&[batch(0, 0, 2), batch(0, 2, 1), batch(1, 0, 1)]);
        let mut follower = Log::new(Offset(0), WALL);
        for stored in leader.batches(Offset(0), leader.end()) {
            let config = LogConfig::default();
            follower
                .append_as_follower(&stored.batch(), WALL, &config)
                .expect("it continues");
        }
        assert_eq!(follower.producers(), leader.producers());
    }

    #[test]
    fn silence_makes_a_producer_forgotten_and_retention_does_not() {
        let mut config = LogConfig::default();
        config.set("segment.bytes", "70").expect("a setting");
        config.set("retention.bytes", "0").expect("a setting");
        let mut log = Log::new(Offset(0), WALL);
        for sequence in 0..4 {
            log.append_as_leader(&batch(0, sequence, 1), LeaderEpoch(0), WALL, &config);
        }
        log.delete_old_segments(log.end(), WALL, &config);
        assert_eq!(log.start(), log.end(), "every record is gone");
        assert_eq!(checked(&log, 0, 4, 1), Ok(-1));
        assert_eq!(checked(&log, 0, 9, 1), GAP);
        let day = Duration::from_secs(86_400);
        log.forget_silent_producers(Timestamp(WALL.0 + 86_399_999), day);
        assert_eq!(checked(&log, 0, 9, 1), GAP);
        log.forget_silent_producers(Timestamp(WALL.0 + 86_400_000), day);
        assert_eq!(checked(&log, 0, 9, 1), Ok(-1));
    }
}
