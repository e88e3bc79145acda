//! Retention: old records leave, a whole segment at a time.
//!
//! Granularity is the segment, never the record: a record that is older than `retention.ms` stays
//! readable until the youngest record of its segment is too. Nothing above the high watermark goes.

use super::Log;
use super::config::LogConfig;
use super::epochs::EpochStart;
use super::segment::Segment;
use crate::model::{LeaderEpoch, Offset};
use crate::time::{Duration, Timestamp};

/// Why segments went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// `retention.ms`.
    Time,
    /// `retention.bytes`.
    Size,
    /// They lay below the log's start.
    BelowStart,
}

/// What one pass of retention did, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    pub why: Expiry,
    pub segments: usize,
    /// The log's start before and after.
    pub from: Offset,
    pub to: Offset,
}

impl Log {
    /// Drops what the topic's retention lets go (`UnifiedLog.deleteOldSegments`); what went, by reason.
    pub fn delete_old_segments(
        &mut self,
        high_watermark: Offset,
        wall: Timestamp,
        config: &LogConfig,
    ) -> Vec<Expired> {
        let mut expired = Vec::new();
        expired.extend(self.expire_below_start());
        if config.cleanup_policy.deletes() {
            if let Some(retention) = config.retention_bytes {
                let mut surplus = self.held.bytes.saturating_sub(retention);
                let too_much = |segment: &Segment| {
                    let fits = u64::from(segment.size()) <= surplus;
                    if fits {
                        surplus -= u64::from(segment.size());
                    }
                    fits
                };
                expired.extend(self.expire(Expiry::Size, high_watermark, wall, too_much));
            }
            if let Some(retention) = config.retention {
                let oldest = wall.0.saturating_sub_unsigned(retention.as_millis());
                let too_old = |segment: &Segment| segment.largest_timestamp().0 < oldest;
                expired.extend(self.expire(Expiry::Time, high_watermark, wall, too_old));
            }
        }
        expired
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`.
    pub fn forget_silent_producers(&mut self, wall: Timestamp, expiration: Duration) {
        let during = self.active().base_offset();
        let copied = self.producers.expire(wall, expiration, during);
        self.keep_copied(copied);
    }

    /// Raises the first readable offset, as a follower does to its leader's. Batches stay until
    /// retention comes by. Whether anything changed.
    pub fn raise_start(&mut self, start: Offset) -> bool {
        if start <= self.start || start > self.end {
            return false;
        }
        self.start = start;
        self.epochs.truncate_from_start(start);
        true
    }

    /// Whether the first segment holds records that are not readable any more, so that no file's name says
    /// where the log begins.
    pub fn begins_within_a_segment(&self) -> bool {
        self.segments[0].base_offset() < self.start
    }

    /// Where the log begins is known from its first segment and from what was written down, and from nothing
    /// else: the process that knew better is gone.
    pub fn forget_start(&mut self, written: Offset) {
        let known = self.segments[0].base_offset().max(written);
        if known < self.start {
            let earlier = self.batches(known, self.start).map(|batch| EpochStart {
                epoch: LeaderEpoch(batch.header().partition_leader_epoch),
                start: batch.base_offset().max(known),
            });
            let earlier: Vec<EpochStart> = earlier.collect();
            self.epochs.begin_earlier(earlier);
            self.start = known;
        }
    }

    /// Drops segments from the oldest on while `goes` says so and they are wholly below the high
    /// watermark. The active segment goes last, and an empty one is begun in its place.
    fn expire(
        &mut self,
        why: Expiry,
        high_watermark: Offset,
        wall: Timestamp,
        mut goes: impl FnMut(&Segment) -> bool,
    ) -> Option<Expired> {
        let mut count = 0;
        for (at, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1);
            let upper = next.map_or(self.end, |next| next.base_offset());
            let keep_empty = next.is_none() && segment.is_empty();
            if keep_empty || high_watermark < upper || !goes(segment) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return None;
        }
        if count == self.segments.len() {
            let end = self.end;
            self.roll(end, wall);
        }
        let from = self.start;
        self.drop_segments(count);
        let first = self.segments[0].base_offset();
        self.start = self.start.max(first);
        let start = self.start;
        self.epochs.truncate_from_start(start);
        Some(Expired {
            why,
            segments: count,
            from,
            to: start,
        })
    }

    fn expire_below_start(&mut self) -> Option<Expired> {
        let start = self.start;
        let next = self.segments.iter().skip(1);
        let count = next.take_while(|next| next.base_offset() <= start).count();
        if count == 0 {
            return None;
        }
        self.drop_segments(count);
        Some(Expired {
            why: Expiry::BelowStart,
            segments: count,
            from: start,
            to: start,
        })
    }

    fn drop_segments(&mut self, count: usize) {
        for segment in self.segments.drain(..count) {
            self.held.take(segment.bulk());
        }
    }
}
