//! `Numbering`: how an idempotent producer numbers its batches, so that each is written once and in order.
//!
//! The part of Kafka's `TransactionManager` that has nothing to do with transactions. Before its first
//! batch the producer asks any broker for an id. A batch is numbered when it leaves the accumulator: with
//! the id, an epoch and its partition's next sequence. From then on it is sent again exactly as it is,
//! until it is acknowledged or given up; brokers write it once, however often it comes.
//!
//! Several batches of a partition may be under way. If one fails, those behind it are refused as out of
//! order; they are put back in their order, and from then on one goes at a time, each when the one
//! before it is acknowledged.
//!
//! When a batch that was sent is given up, nobody knows whether its numbers are used. No new batch of the
//! partition is numbered until all that are under way have been heard of. If there is a gap then, the
//! producer takes a newer epoch, by itself, and begins at 0.
//!
//! Unlike Kafka, which forgets that a batch was sent when it is given up on its first attempt; its next
//! batches then fail until they too are given up.

use crate::model::{ProducerEpoch, ProducerId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Instant;

/// What a producer is to brokers: its id, and how often it began anew with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
}

/// The number of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub identity: Identity,
    /// The sequence of its first record.
    pub base_sequence: i32,
}

/// Sequences run from 0 to 2³¹ − 1 and then begin again.
pub fn sequence_plus(sequence: i32, records: u32) -> i32 {
    let sum = i64::from(sequence) + i64::from(records);
    let wrapped = sum.rem_euclid(i64::from(i32::MAX) + 1);
    i32::try_from(wrapped).expect("a sequence wraps below 2^31")
}

/// Whether `one` comes before `other`, which is never far from it.
pub(super) fn comes_before(one: i32, other: i32) -> bool {
    let ahead = (i64::from(other) - i64::from(one)).rem_euclid(i64::from(i32::MAX) + 1);
    0 < ahead && ahead < i64::from(i32::MAX / 2)
}

impl Stamp {
    /// The sequence of the last record of a batch with so many.
    fn last_sequence(self, records: u32) -> i32 {
        sequence_plus(self.base_sequence, records - 1)
    }

    /// Whether this batch was numbered before the other one of its partition.
    pub fn is_before(self, other: Stamp) -> bool {
        match self.identity == other.identity {
            true => comes_before(self.base_sequence, other.base_sequence),
            false => self.identity < other.identity,
        }
    }

    /// The number of a batch that follows this one, which has so many records.
    pub fn after(self, records: u32) -> Stamp {
        Stamp {
            base_sequence: sequence_plus(self.base_sequence, records),
            ..self
        }
    }
}

/// Whether a broker is asked for an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asking {
    #[default]
    Idle,
    /// Not before this.
    Later(Instant),
    UnderWay,
}

/// The numbers of a producer.
#[derive(Clone, Debug, Default)]
pub struct Numbering {
    identity: Option<Identity>,
    asking: Asking,
    /// Why no broker will ever give an id.
    refused: Option<ErrorCode>,
    rows: SortedMap<TopicPartition, Row>,
    /// The partitions whose batches are numbered anew, in a newer epoch.
    anew: SortedSet<TopicPartition>,
}

/// The numbers of one partition.
#[derive(Clone, Debug, Default)]
struct Row {
    /// Under which the next batch is numbered; an older one than the producer's until all batches of the
    /// older one have been heard of.
    identity: Option<Identity>,
    next_sequence: i32,
    /// The sequence of the last record that was acknowledged in this epoch.
    acknowledged: Option<i32>,
    /// The batches that were numbered and are neither acknowledged nor given up, in their order.
    under_way: Vec<Stamp>,
    /// A batch that was sent has been given up: the sequence behind it.
    unresolved: Option<i32>,
}

impl Row {
    /// Whether this sequence follows what was acknowledged last.
    fn is_next(&self, sequence: i32) -> bool {
        let expected = self.acknowledged.map_or(0, |last| sequence_plus(last, 1));
        sequence == expected
    }

    fn remove(&mut self, stamp: Stamp) {
        self.under_way.retain(|other| *other != stamp);
    }
}

impl Numbering {
    // ---- the id

    /// The producer's id and epoch, once it has them.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Why no broker will ever give an id, if so.
    pub fn refused(&self) -> Option<ErrorCode> {
        self.refused
    }

    /// Whether a broker should be asked for an id now.
    pub fn wants_id(&self, now: Instant) -> bool {
        let due = match self.asking {
            Asking::Idle => true,
            Asking::Later(at) => at <= now,
            Asking::UnderWay => false,
        };
        self.identity.is_none() && self.refused.is_none() && due
    }

    /// When a broker should be asked again.
    pub fn next_wakeup(&self, now: Instant) -> Option<Instant> {
        match self.asking {
            Asking::Later(at) if at > now => Some(at),
            _ => None,
        }
    }

    pub fn asked(&mut self) {
        self.asking = Asking::UnderWay;
    }

    /// There was no answer, or one that says to ask again.
    pub fn ask_again(&mut self, at: Instant) {
        self.asking = Asking::Later(at);
    }

    /// No broker will ever give an id.
    pub fn refuse(&mut self, error: ErrorCode) {
        self.asking = Asking::Idle;
        self.refused = Some(error);
    }

    /// A broker gave an id.
    pub fn take_id(&mut self, identity: Identity) {
        self.asking = Asking::Idle;
        self.identity = Some(identity);
    }

    // ---- numbers

    fn row(&mut self, partition: &TopicPartition) -> &mut Row {
        if !self.rows.contains_key(partition) {
            self.rows.insert(partition.clone(), Row::default());
        }
        self.rows.get_mut(partition).expect("just put in")
    }

    /// Whether the first batch in a partition's queue may go (`shouldStopDrainBatchesForPartition`).
    pub fn may_go(&self, partition: &TopicPartition, stamp: Option<Stamp>) -> bool {
        if self.identity.is_none() {
            return false;
        }
        let Some(row) = self.rows.get(partition) else {
            return true;
        };
        match stamp {
            // One that is sent again waits until it is the oldest.
            Some(stamp) => row.under_way.first().is_none_or(|first| *first == stamp),
            None => {
                let older_epoch = row.identity != self.identity && !row.under_way.is_empty();
                !older_epoch && row.unresolved.is_none()
            }
        }
    }

    /// The number of a batch that leaves the accumulator for the first time.
    ///
    /// # Panics
    /// Without an id, in which case no batch may go.
    pub fn give(&mut self, partition: &TopicPartition, records: u32) -> Stamp {
        let identity = self.identity.expect("no batch goes without an id");
        let row = self.row(partition);
        if row.identity != Some(identity) {
            *row = Row {
                identity: Some(identity),
                unresolved: row.unresolved,
                ..Row::default()
            };
        }
        let stamp = Stamp {
            identity,
            base_sequence: row.next_sequence,
        };
        row.next_sequence = sequence_plus(row.next_sequence, records);
        row.under_way.push(stamp);
        stamp
    }

    /// A numbered batch was cut in parts that follow each other.
    pub fn split(&mut self, partition: &TopicPartition, whole: Stamp, parts: &[Stamp]) {
        let row = self.row(partition);
        let place = row.under_way.iter().position(|stamp| *stamp == whole);
        let place = place.unwrap_or(row.under_way.len());
        row.remove(whole);
        for (step, part) in parts.iter().enumerate() {
            let place = (place + step).min(row.under_way.len());
            row.under_way.insert(place, *part);
        }
    }

    // ---- what became of batches

    /// A batch is written, now or before.
    pub fn acknowledged(&mut self, partition: &TopicPartition, stamp: Stamp, records: u32) {
        let row = self.row(partition);
        row.remove(stamp);
        let last = stamp.last_sequence(records);
        let news = row
            .acknowledged
            .is_none_or(|known| comes_before(known, last));
        if row.identity == Some(stamp.identity) && news {
            row.acknowledged = Some(last);
        }
    }

    /// Whether a batch that came back with an error is sent again, and if need be in a newer epoch
    /// (`TransactionManager.canRetry`).
    pub fn may_retry(
        &mut self,
        partition: &TopicPartition,
        stamp: Stamp,
        renumbered: bool,
        error: ErrorCode,
    ) -> bool {
        let row = self.row(partition);
        match error {
            ErrorCode::OutOfOrderSequenceNumber => {
                let gap = match row.unresolved {
                    // The batch before it has not been heard of yet.
                    None if renumbered || !row.is_next(stamp.base_sequence) => false,
                    // It is the next one, and the broker does not think so.
                    None => true,
                    Some(next) => next == stamp.base_sequence,
                };
                if gap {
                    self.anew.insert(partition.clone());
                }
                true
            }
            ErrorCode::UnknownProducerId => {
                self.anew.insert(partition.clone());
                true
            }
            _ => error.is_retriable(),
        }
    }

    /// A batch was refused for good. Its numbers are not used, so that the next ones would leave a gap.
    pub fn refused_for_good(&mut self, partition: &TopicPartition, stamp: Stamp) {
        self.row(partition).remove(stamp);
        self.anew.insert(partition.clone());
    }

    /// A batch that was sent was given up. Nobody knows whether its numbers are used.
    pub fn given_up(&mut self, partition: &TopicPartition, stamp: Stamp, records: u32) {
        let row = self.row(partition);
        row.remove(stamp);
        let next = stamp.after(records).base_sequence;
        let later = row.unresolved.is_none_or(|known| comes_before(known, next));
        if later {
            row.unresolved = Some(next);
        }
    }

    /// Looks at partitions in which a batch was given up and all others have been heard of: whether what
    /// was given up is written after all (`maybeResolveSequences`).
    pub fn resolve(&mut self) {
        for (partition, row) in &mut self.rows {
            if row.unresolved.is_none() || !row.under_way.is_empty() {
                continue;
            }
            row.unresolved = None;
            if !row.is_next(row.next_sequence) {
                self.anew.insert(partition.clone());
            }
        }
    }

    /// Takes a newer epoch if some partition needs one. The partitions whose batches must be numbered anew
    /// (`bumpIdempotentProducerEpoch`).
    ///
    /// When there is no newer epoch, after 32,767 of them, the id is given up for another one.
    pub fn begin_anew(&mut self) -> Vec<TopicPartition> {
        let Some(identity) = self.identity.filter(|_| !self.anew.is_empty()) else {
            return Vec::new();
        };
        let Some(epoch) = identity.epoch.0.checked_add(1) else {
            self.identity = None;
            return Vec::new();
        };
        self.identity = Some(Identity {
            epoch: ProducerEpoch(epoch),
            ..identity
        });
        let anew = std::mem::take(&mut self.anew);
        anew.iter().cloned().collect()
    }

    /// A partition's row begins at 0 in the present epoch; `records` says how many each batch has that is
    /// under way, in their order. The batches' new numbers.
    pub fn restart(&mut self, partition: &TopicPartition, records: &[u32]) -> Vec<Stamp> {
        *self.row(partition) = Row::default();
        let counts = records.iter();
        counts.map(|count| self.give(partition, *count)).collect()
    }
}
