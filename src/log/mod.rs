//! One replica's log: what Kafka keeps in a directory `topic-partition`.
//!
//! A log is a row of batches with increasing offsets. Batches are appended at its end, by the leader
//! with offsets and an epoch of its own, by a follower as they are; they are read from any offset on,
//! always whole; and they leave in one of three ways: from the front a segment at a time, because they
//! are old; from the end, because the leader's log went another way; or from anywhere, because their keys
//! have newer values, where a topic wants that.
//!
//! Which records are committed is not the log's business: the high watermark belongs to the partition.
//!
//! In reading order:
//!
//! - [`setting`], [`bounds`], [`config`]: a topic's settings, as a list and as values;
//! - [`epochs`]: where each leader's epoch begins;
//! - [`chunk`], [`segment`]: how batches are kept and found;
//! - [`validate`]: what a leader demands of a producer's batch;
//! - [`producers`]: what is known of producers that number their batches;
//! - [`append`], [`read`], [`retention`], [`clean`]: what is done with a log;
//! - [`flush`]: what of it is safe from a loss of power;
//! - [`planted`]: bugs that the swarm is to find.
//!
//! Laws: `start ≤ end`; offsets strictly increase; epochs never decrease with the offset and agree with
//! the epoch cache; a stored batch is never changed, though cleaning may put another in its place. Cloning a log
//! is cheap, and so is the first append after it, however long the log is.
//!
//! Left out: files; the index of aborted transactions.

mod append;
pub mod bounds;
mod chunk;
mod clean;
pub mod config;
pub mod epochs;
mod flush;
pub mod planted;
pub mod producers;
mod read;
mod retention;
mod segment;
pub mod setting;
#[cfg(test)]
mod tests;
pub mod validate;

pub use append::Appended;
pub use chunk::{OffsetEntry, StoredBatch, TimeEntry};
pub use clean::{Cleaned, Dirt};
pub use config::{CleanupPolicy, LogConfig, TimestampType};
pub use epochs::{EpochEnd, EpochStart, Epochs};
pub use producers::Producers;
pub use read::{Back, Found, OutOfRange, ReadRecords};
pub use retention::{Expired, Expiry};
pub use segment::{AtLeastOne, Place, Segment};

use std::sync::Arc;

use crate::model::Offset;
use crate::time::Timestamp;

/// So many bytes in so many batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bulk {
    pub bytes: u64,
    pub batches: u64,
    /// The bytes of memory of the segments that they lie in, and of what they are found by.
    pub structure: u64,
    /// The bytes of memory that segments keep of what was known of producers before these batches, or before some were
    /// forgotten.
    pub copied: u64,
}

impl Bulk {
    fn add(&mut self, more: Bulk) {
        self.bytes += more.bytes;
        self.batches += more.batches;
        self.structure += more.structure;
        self.copied += more.copied;
    }

    fn take(&mut self, less: Bulk) {
        self.bytes -= less.bytes;
        self.batches -= less.batches;
        self.structure -= less.structure;
        self.copied -= less.copied;
    }

    /// What there is more of than in another.
    fn beyond(self, other: Bulk) -> Bulk {
        Bulk {
            bytes: self.bytes.saturating_sub(other.bytes),
            batches: self.batches.saturating_sub(other.batches),
            structure: self.structure.saturating_sub(other.structure),
            copied: self.copied.saturating_sub(other.copied),
        }
    }
}

/// One replica's log.
#[derive(Clone, Debug)]
pub struct Log {
    /// Oldest first, never empty; the last one is active.
    segments: Vec<Arc<Segment>>,
    /// No record below this is readable, though its batch may still be there.
    start: Offset,
    /// The offset that the next record gets.
    end: Offset,
    epochs: Epochs,
    /// What lies before it has been flushed to the disk (`recovery-point-offset-checkpoint`).
    recovery_point: Offset,
    producers: Producers,
    /// What lies before it has been cleaned (`cleaner-offset-checkpoint`); `None` when nothing ever was.
    cleaned_until: Option<Offset>,
    /// Sets this log's jitter apart from that of others.
    seed: u64,
    held: Bulk,
    appended: Bulk,
    /// How many producers ever became known.
    met: u64,
}

impl Log {
    /// An empty log whose first record will have the offset `start`.
    pub fn new(start: Offset, wall: Timestamp) -> Log {
        let segment = Segment::new(start, wall, Producers::default());
        let held = segment.bulk();
        Log {
            segments: vec![Arc::new(segment)],
            start,
            end: start,
            epochs: Epochs::default(),
            recovery_point: start,
            producers: Producers::default(),
            cleaned_until: None,
            seed: 0,
            held,
            appended: held,
            met: 0,
        }
    }

    /// The same log, with a jitter of its own.
    pub fn with_seed(self, seed: u64) -> Log {
        Log { seed, ..self }
    }

    /// The first readable offset (`logStartOffset`).
    pub fn start(&self) -> Offset {
        self.start
    }

    /// The offset after the last record (`logEndOffset`, LEO): what the next record gets.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// Where each epoch begins.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// The producers that number their batches.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// The bytes of all batches in the log, which followers may share with their leader.
    pub fn bytes(&self) -> u64 {
        self.held.bytes
    }

    /// What is in the log now.
    pub fn held(&self) -> Bulk {
        self.held
    }

    /// What was ever appended, whatever has become of it. Never less than [`Log::held`], and the
    /// difference is what retention and truncation took away.
    pub fn appended(&self) -> Bulk {
        self.appended
    }

    /// So much was appended.
    fn gain(&mut self, more: Bulk) {
        self.held.add(more);
        self.appended.add(more);
    }

    /// Adds up what is in the log now that some of it was cut off or written anew. What there is more of than before
    /// was appended: a time that lies far from the others takes more bytes, and an index may have another entry.
    fn recount(&mut self) {
        let before = std::mem::take(&mut self.held);
        for segment in &self.segments {
            self.held.add(segment.bulk());
        }
        self.appended.add(self.held.beyond(before));
    }

    /// How many producers are known now, and how many ever became known.
    pub fn known_producers(&self) -> (u64, u64) {
        let known = self.producers.len() as u64;
        (known, self.met.max(known))
    }

    /// An estimate of the bytes that the first append to a copy of this log copies: handles, no records.
    pub fn copied_by_append(&self) -> u64 {
        let pointers = self.segments.len() + self.active().chunks();
        let open = self.active().open_batches();
        let bytes = size_of::<Segment>() + open * size_of::<StoredBatch>();
        (bytes + pointers * size_of::<usize>() + self.producers.weight_of_change()) as u64
    }

    /// The segments, oldest first; the last one is active.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &Segment> {
        self.segments.iter().map(Arc::as_ref)
    }

    fn active(&self) -> &Segment {
        self.segments.last().expect("a log has an active segment")
    }

    fn active_mut(&mut self) -> &mut Segment {
        Arc::make_mut(
            self.segments
                .last_mut()
                .expect("a log has an active segment"),
        )
    }

    /// Which segment would hold `offset`: the last one that begins at or before it.
    fn segment_of(&self, offset: Offset) -> Option<usize> {
        self.segments
            .partition_point(|segment| segment.base_offset() <= offset)
            .checked_sub(1)
    }
}
