//! Reading: by offset, by position and by time. Batches are always returned whole.
//!
//! A time finds a record, by the times that records have; or, as the oldest clients ask, a segment, by the time at which
//! its file was last written.

use super::Log;
use super::chunk::StoredBatch;
use super::segment::{AtLeastOne, Place};
use crate::model::{LeaderEpoch, Offset};
use crate::protocol::Chunks;
use crate::time::Timestamp;

/// An offset before the log's start or after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

/// What a read found.
#[derive(Clone, Debug)]
pub struct ReadRecords {
    /// Stored batches by reference, from the one that holds the wanted offset. The last one may be
    /// cut short by the limit, as Kafka cuts it.
    pub records: Chunks,
    /// Where the wanted offset lies.
    pub place: Place,
    /// Not even the first batch fits the limit.
    pub first_batch_is_cut: bool,
}

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub offset: Offset,
    pub timestamp: Timestamp,
    pub epoch: LeaderEpoch,
}

/// From where on [`Log::boundaries`] goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    FromEnd,
    /// From the first segment: it alone.
    FromStart,
    /// From the last that was written to at this time or before.
    From(Timestamp),
}

impl Log {
    /// Where segments begin, the last before the others, and before them the end of the log, which is always as of now;
    /// at most so many (`UnifiedLog.legacyFetchOffsetsBefore`).
    ///
    /// What lies in the first segment before the log's start does not count. An active segment that is empty begins at
    /// the end, which is not said twice.
    pub fn boundaries(&self, back: Back, most: usize, wall: Timestamp) -> Vec<Offset> {
        let end = (!self.active().is_empty()).then_some((self.end, wall));
        let segments = self.segments.iter().rev();
        let segments =
            segments.map(|segment| (segment.base_offset().max(self.start), segment.modified()));
        let all = end.into_iter().chain(segments);
        let count = self.segments.len() + end.iter().len();
        let skipped = match back {
            Back::FromEnd => 0,
            Back::FromStart => count - 1,
            Back::From(time) => all.clone().take_while(|(_, at)| *at > time).count(),
        };
        let found = all.skip(skipped).take(most);
        found.map(|(offset, _)| offset).collect()
    }

    /// Reads from `from` up to, and not including, `until`, at most `limit` bytes, and never beyond
    /// the segment in which it begins (`LocalLog.read`).
    ///
    /// # Errors
    /// When `from` is below the start or above the end of the log. That it is above `until` is no
    /// error: there is just nothing to read yet.
    pub fn read(
        &self,
        from: Offset,
        until: Offset,
        limit: u32,
        at_least_one: AtLeastOne,
    ) -> Result<ReadRecords, OutOfRange> {
        if from < self.start || from > self.end {
            return Err(OutOfRange);
        }
        let nothing = |place| {
            Ok(ReadRecords {
                records: Chunks::new(),
                place,
                first_batch_is_cut: false,
            })
        };
        if from >= until {
            return nothing(self.place(from));
        }
        let until = self.place(until);
        let first = self.segment_of(from).unwrap_or(0);
        for segment in &self.segments[first..] {
            let end = match segment.base_offset() {
                base if base < until.segment => Some(segment.size()),
                base if base == until.segment => Some(until.position),
                _ => None,
            };
            if let Some(slice) = segment.read(from, end, limit, at_least_one) {
                return Ok(ReadRecords {
                    records: slice.records,
                    place: slice.place,
                    first_batch_is_cut: slice.first_batch_is_cut,
                });
            }
        }
        nothing(self.place(self.end))
    }

    /// Where `offset` lies; for an offset in a gap or at the end, where the next batch begins or will.
    pub fn place(&self, offset: Offset) -> Place {
        let at = self.segment_of(offset).unwrap_or(0);
        self.segments[at].place(offset)
    }

    /// The batches that hold offsets from `from` up to, and not including, `until`.
    pub fn batches(&self, from: Offset, until: Offset) -> impl Iterator<Item = &StoredBatch> {
        let first = self.segment_of(from).unwrap_or(0);
        self.segments[first..]
            .iter()
            .flat_map(move |segment| segment.batches_from(from))
            .take_while(move |batch| batch.base_offset() < until)
    }

    /// The first record, in order of offsets, whose timestamp is at least `timestamp`.
    ///
    /// Opens the batches in question: no header says which record has which time.
    pub fn find_by_timestamp(&self, timestamp: Timestamp) -> Option<Found> {
        let segments = self.segments.iter();
        let mut candidates = segments
            .filter(|segment| segment.max_timestamp().0 >= timestamp)
            .flat_map(|segment| segment.find_by_timestamp(timestamp, self.start));
        candidates.find_map(|stored| self.find_in(stored, |at| at >= timestamp))
    }

    /// The first record that has the greatest timestamp of the log.
    pub fn find_max_timestamp(&self) -> Option<Found> {
        let (greatest, segment) = self
            .segments
            .iter()
            .rev()
            .map(|segment| (segment.max_timestamp().0, segment))
            // Of equals the last one wins, which in this order is the oldest.
            .max_by_key(|(timestamp, _)| *timestamp)?;
        let mut candidates = segment.find_by_timestamp(greatest, self.start);
        candidates.find_map(|stored| self.find_in(stored, |at| at == greatest))
    }

    fn find_in(&self, stored: &StoredBatch, wanted: impl Fn(Timestamp) -> bool) -> Option<Found> {
        let mut records = stored.batch().records().filter_map(Result::ok);
        let record = records
            .find(|record| record.offset >= self.start && wanted(Timestamp(record.timestamp)))?;
        Some(Found {
            offset: record.offset,
            timestamp: Timestamp(record.timestamp),
            epoch: stored.epoch(),
        })
    }
}
