//! What there is to clean in a log, and whether a cleaning is due.
//!
//! Due is a log of which a greater part is dirty than `min.cleanable.dirty.ratio`, or that holds something older
//! than `max.compaction.lag.ms`.

use std::sync::Arc;

use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::planted::Bug;
use crate::log::segment::Segment;
use crate::model::Offset;
use crate::time::{Duration, Timestamp};

/// What there is to clean in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirt {
    /// Where the part begins that was never cleaned.
    pub first_dirty: Offset,
    /// Where the part begins that cannot be cleaned yet: the beginning of a segment.
    pub until: Offset,
    pub clean_bytes: u64,
    pub dirty_bytes: u64,
    /// `max.compaction.lag.ms` is over for something.
    pub overdue: bool,
}

impl Dirt {
    /// Whether a cleaning is due (`LogCleanerManager.grabFilthiestCompactedLog`).
    pub fn is_due(&self, config: &LogConfig) -> bool {
        let whole = self.clean_bytes + self.dirty_bytes;
        let ratio = config.min_cleanable_dirty_ratio;
        self.overdue && self.dirty_bytes > 0
            || whole > 0 && ratio.is_exceeded_by(self.dirty_bytes, whole)
    }

    /// Whether a greater part of this log is dirty than of another.
    pub fn is_filthier_than(&self, other: &Dirt) -> bool {
        let share = |one: &Dirt, other: &Dirt| {
            let whole = other.clean_bytes + other.dirty_bytes;
            u128::from(one.dirty_bytes) * u128::from(whole)
        };
        share(self, other) > share(other, self)
    }
}

impl Log {
    /// Where the part begins that was never cleaned (`cleaner-offset-checkpoint`).
    pub fn first_dirty(&self) -> Offset {
        let known = self.cleaned_until;
        let known = known.filter(|known| (self.start..=self.end).contains(known));
        known.unwrap_or(self.start)
    }

    /// Up to where the log has been cleaned, if it ever was.
    pub fn cleaned_until(&self) -> Option<Offset> {
        self.cleaned_until
    }

    /// What there is to clean (`LogCleanerManager.cleanableOffsets`).
    pub fn dirt(&self, high_watermark: Offset, wall: Timestamp, config: &LogConfig) -> Dirt {
        let first_dirty = self.first_dirty();
        let active = self.active().base_offset();
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let idle = || {
            let idle = self
                .segments
                .iter()
                .filter(|one| one.base_offset() < active);
            let from = self.segment_of(first_dirty).unwrap_or(0);
            idle.skip(from)
        };
        let mut limit = match config.planted.has(Bug::CleanUncommitted) {
            true => active,
            false => high_watermark.min(active),
        };
        if !config.min_compaction_lag.is_zero() {
            let youngest = wall.0.saturating_sub(millis(config.min_compaction_lag));
            let mut young = idle().filter(|one| one.largest_timestamp().0 > youngest);
            limit = young
                .next()
                .map_or(limit, |one| limit.min(one.base_offset()));
        }
        let limit = limit.max(first_dirty);
        // Whole segments: the one in which the limit lies is not cleaned.
        let within = self.segment_of(limit).unwrap_or(0);
        let until = self.segments[within].base_offset().min(active);
        let bytes = |segments: &mut dyn Iterator<Item = &Arc<Segment>>| {
            segments.map(|one| u64::from(one.size())).sum()
        };
        let before = |offset: Offset| {
            self.segments
                .iter()
                .take_while(move |one| one.base_offset() < offset)
        };
        let oldest = wall.0.saturating_sub(millis(config.max_compaction_lag));
        let mut first_times = idle().map(|one| one.first_timestamp());
        Dirt {
            first_dirty,
            until,
            clean_bytes: bytes(&mut before(first_dirty)),
            dirty_bytes: bytes(&mut idle().take_while(|one| one.base_offset() < until)),
            overdue: config.max_compaction_lag != Duration::MAX
                && first_times.any(|first| first.0 > 0 && first.0 < oldest),
        }
    }
}
