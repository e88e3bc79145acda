//! Appending: the only way into a log, and cutting its end, the way back.

use std::sync::Arc;

use super::config::{LogConfig, TimestampType};
use super::segment::Segment;
use super::{Bulk, Log, StoredBatch};
use crate::model::{LeaderEpoch, Offset};
use crate::protocol::records::Batch;
use crate::time::Timestamp;

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the first record.
    pub base_offset: Offset,
    /// The offset after the last record: the end of the log now.
    pub next_offset: Offset,
    pub bytes: u32,
    /// The base offset of the segment that was begun for it, if one was.
    pub rolled: Option<Offset>,
    /// The time that all records got, in a topic whose timestamps are the leader's; else −1.
    pub append_time: Timestamp,
}

impl Log {
    /// A leader's epoch begins at the end of the log (`maybeAssignEpochStartOffset`).
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        let end = self.end;
        self.epochs.assign(epoch, end);
    }

    /// Appends a producer's batch as its leader: gives it the next offsets, the leader's epoch and,
    /// if the topic says so, the leader's time.
    pub fn append_as_leader(
        &mut self,
        batch: &Batch,
        epoch: LeaderEpoch,
        wall: Timestamp,
        config: &LogConfig,
    ) -> Appended {
        let stamped = match config.message_timestamp_type {
            TimestampType::CreateTime => batch.stamped(self.end, epoch),
            TimestampType::LogAppendTime => {
                batch.with_log_append_time(wall.0).stamped(self.end, epoch)
            }
        };
        let append_time = match config.message_timestamp_type {
            TimestampType::CreateTime => Timestamp::NONE,
            TimestampType::LogAppendTime => wall,
        };
        let rolled = self.append(&stamped, wall, config);
        Appended {
            base_offset: stamped.base_offset(),
            next_offset: self.end,
            bytes: stamped.size() as u32,
            rolled,
            append_time,
        }
    }

    /// Appends a leader's batch as its follower: byte for byte.
    ///
    /// `None` when it begins before the end of the log, which no leader sends to who asks for its end.
    pub fn append_as_follower(
        &mut self,
        batch: &Batch,
        wall: Timestamp,
        config: &LogConfig,
    ) -> Option<Appended> {
        if batch.base_offset() < self.end || batch.header.last_offset_delta < 0 {
            return None;
        }
        let latest = self.epochs.latest().map(|latest| latest.epoch);
        if latest.is_some_and(|latest| batch.leader_epoch() < latest) {
            return None;
        }
        let rolled = self.append(batch, wall, config);
        Some(Appended {
            base_offset: batch.base_offset(),
            next_offset: self.end,
            bytes: batch.size() as u32,
            rolled,
            append_time: Timestamp::NONE,
        })
    }

    fn append(&mut self, batch: &Batch, wall: Timestamp, config: &LogConfig) -> Option<Offset> {
        assert!(
            batch.base_offset() >= self.end,
            "offsets in a log strictly increase"
        );
        let last_offset = batch.last_offset();
        let roll = self
            .active()
            .should_roll(batch, last_offset, wall, self.seed, config);
        let rolled = roll.then(|| self.roll(batch.base_offset(), wall));
        if batch.leader_epoch() >= LeaderEpoch(0) {
            self.epochs
                .assign(batch.leader_epoch(), batch.base_offset());
        }
        let (known, during) = (self.producers.len(), self.active().base_offset());
        let copied = self.producers.appended(&batch.header, during);
        self.met += (self.producers.len() - known) as u64;
        let before = self.active().structure();
        self.active_mut().append(batch, wall, config);
        self.active_mut().copied(copied);
        self.gain(Bulk {
            bytes: batch.size() as u64,
            batches: 1,
            structure: self.active().structure() - before,
            copied,
        });
        self.end = last_offset + 1;
        self.flush_if_due(config);
        rolled
    }

    /// Closes the active segment and begins a new one.
    pub(super) fn roll(&mut self, base_offset: Offset, wall: Timestamp) -> Offset {
        if self.active().is_empty() && self.active().base_offset() == base_offset {
            return base_offset;
        }
        let before = self.active().structure();
        self.active_mut().close();
        self.recovery_point = base_offset;
        let fresh = Segment::new(base_offset, wall, self.producers.clone());
        self.gain(Bulk {
            structure: self.active().structure() - before + fresh.structure(),
            ..Bulk::default()
        });
        self.segments.push(Arc::new(fresh));
        base_offset
    }

    /// Cuts off everything at and after `offset`; the end of the log then.
    ///
    /// `Unlike Kafka,` a cut through the middle of a batch moves the end of the log back to where that
    /// batch began. Leaders only ever name offsets between batches.
    ///
    /// A cut at the end cuts no record, but it takes away an epoch that began there: that of a leader
    /// who lost the lead before anybody gave it anything to write. Left in place, it would set this log
    /// apart from the next leader's for ever.
    pub fn truncate_to(&mut self, offset: Offset, wall: Timestamp) -> Offset {
        if offset >= self.end {
            let end = self.end;
            self.epochs.truncate_from_end(end);
            return end;
        }
        if offset <= self.start {
            self.start_again_at(offset, wall);
            return self.end;
        }
        let keep = self.segment_of(offset).map_or(1, |at| at + 1);
        self.segments.truncate(keep);
        // Where cleaning has left a gap, the log ends in it: no batch ends there, and none has to.
        let split = self.active().split_by(offset);
        let left = split.map_or(offset, StoredBatch::base_offset);
        self.active_mut().truncate(offset);
        self.end = left.max(self.start);
        self.cleaned_until = self.cleaned_until.map(|until| until.min(self.end));
        self.recovery_point = self.recovery_point.min(self.end);
        let end = self.end;
        self.epochs.truncate_from_end(end);
        let mut producers = std::mem::take(&mut self.producers);
        if producers.reach_beyond(end) {
            producers.truncated(self);
        }
        // It keeps what segments kept that are gone.
        self.active_mut().keeps_beyond(&producers);
        self.producers = producers;
        self.recount();
        end
    }

    /// So many bytes of producers that are known otherwise now, or no more, are kept by the active segment as they were
    /// when it was begun.
    pub(super) fn keep_copied(&mut self, copied: u64) {
        if copied > 0 {
            self.active_mut().copied(copied);
            self.gain(Bulk {
                copied,
                ..Bulk::default()
            });
        }
    }

    /// Throws everything away; the next record gets the offset `start` (`truncateFullyAndStartAt`).
    pub fn start_again_at(&mut self, start: Offset, wall: Timestamp) {
        let (appended, met, seed) = (self.appended, self.met, self.seed);
        *self = Log {
            appended,
            met,
            seed,
            ..Log::new(start, wall)
        };
        let held = self.held;
        self.appended.add(held);
    }
}
