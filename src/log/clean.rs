//! Compaction: of every key the last record stays, and nothing else has to.
//!
//! A log that is compacted has two parts. Behind the *first dirty* offset it has never been cleaned; before it, every key
//! stands at most once, as of the last cleaning. A cleaning walks over the dirty part up to where it may and notes
//! the last offset of each key; then it writes every segment before that again, without the records whose
//! key has a later one, and several small segments as one.
//!
//! What a cleaning never touches: the active segment, what is not committed, and what is younger than
//! `min.compaction.lag.ms`. What it never changes: an offset. Batches keep their base and their last offset,
//! whatever is left in between, and so readers come over gaps, never over other records.
//!
//! A record without a value is a *tombstone*: it says that its key is gone. It stays when it is first cleaned, and its
//! batch is stamped with the time until which it must stay, `delete.retention.ms` later; so whoever
//! reads a log from its beginning within that time learns that the key is gone. The first cleaning
//! after it takes the tombstone (KIP-534).
//!
//! The last batch of a producer that is still known keeps its header when all of its records go: its sequence says
//! what the producer sends next. So does the last batch of all that are cleaned: it says where they end, for
//! whoever copies the log. Unlike Kafka 3.8, where it goes, and a follower may wait for ever for an end that no
//! batch has; later versions keep it.
//!
//! Laws: of every key the last record before the clean point is there, unless it is a tombstone whose time is over; offsets
//! stay what they were; nothing appears that was not there.
//!
//! Not modelled: how long a cleaning takes, and that it can be interrupted.

use std::sync::Arc;

use bytes::Bytes;

use super::Log;
use super::chunk::StoredBatch;
use super::config::LogConfig;
use super::planted::Bug;
use super::segment::Segment;
use crate::model::{Offset, ProducerId};
use crate::protocol::records::{Batch, BatchBuilder, BatchHeader, Record};
use crate::sorted::SortedMap;
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

/// What a cleaning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// Where the dirty part began before, and begins now.
    pub from: Offset,
    pub until: Offset,
    /// The bytes of everything before that, as they were and as they are.
    pub bytes_before: u64,
    pub bytes_after: u64,
    /// How many records are gone.
    pub removed: u64,
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

/// The last offset of each key in the dirty part.
struct Latest {
    offsets: SortedMap<Bytes, Offset>,
    /// Everything before this was looked at.
    until: Offset,
}

/// What becomes of one batch.
enum Fate {
    /// It stays as it is.
    Stays,
    /// This takes its place.
    Becomes(Batch),
    Goes,
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

    /// Cleans what is dirty, as far as `room` keys allow (`Cleaner.clean`).
    pub fn clean(
        &mut self,
        dirt: &Dirt,
        room: usize,
        wall: Timestamp,
        config: &LogConfig,
    ) -> Cleaned {
        let latest = self.latest_offsets(dirt, room);
        let count = self
            .segments
            .partition_point(|segment| segment.base_offset() < latest.until);
        let old: Vec<Arc<Segment>> = self.segments.drain(..count).collect();
        let bytes = |segments: &[Arc<Segment>]| -> u64 {
            segments.iter().map(|one| u64::from(one.size())).sum()
        };
        let mut removed = 0;
        let mut fresh = Vec::new();
        for group in groups(&old, dirt.until, config) {
            let (segment, gone) = self.clean_group(&old[group], &latest, wall, config);
            removed += gone;
            fresh.push(segment);
        }
        let cleaned = Cleaned {
            from: dirt.first_dirty,
            until: latest.until,
            bytes_before: bytes(&old),
            bytes_after: bytes(&fresh),
            removed,
        };
        self.segments.splice(..0, fresh);
        self.held = super::Bulk::default();
        for segment in &self.segments {
            self.held.add(segment.bulk());
        }
        self.cleaned_until = Some(latest.until);
        cleaned
    }

    /// Walks over the dirty part (`Cleaner.buildOffsetMap`).
    ///
    /// Unlike Kafka, which stops in the middle of a batch when there is no room for another key: before the
    /// batch, unless it is the first, so that every pass gets on.
    fn latest_offsets(&self, dirt: &Dirt, room: usize) -> Latest {
        let mut latest = Latest {
            offsets: SortedMap::new(),
            until: dirt.first_dirty,
        };
        for stored in self.batches(dirt.first_dirty, dirt.until) {
            let batch = stored.batch();
            if !batch.header.is_control() {
                for record in batch.records().filter_map(Result::ok) {
                    let Some(key) = record.key.filter(|_| record.offset >= dirt.first_dirty) else {
                        continue;
                    };
                    let is_full = latest.offsets.len() >= room && latest.until > dirt.first_dirty;
                    if is_full && !latest.offsets.contains_key(&key) {
                        return latest;
                    }
                    latest.offsets.insert(key, record.offset);
                }
            }
            latest.until = stored.next_offset();
        }
        latest.until = dirt.until.max(latest.until);
        latest
    }

    /// Writes a few segments again, as one; how many records went.
    fn clean_group(
        &self,
        group: &[Arc<Segment>],
        latest: &Latest,
        wall: Timestamp,
        config: &LogConfig,
    ) -> (Arc<Segment>, u64) {
        let mut removed = 0;
        let mut is_changed = group.len() > 1;
        let first = &group[0];
        let producers = first.producers().clone();
        let mut segment = Segment::new(first.base_offset(), first.created(), producers);
        for old in group {
            for stored in old.batches_from(Offset::ZERO) {
                let before = stored.header().records_count;
                let fate = self.judge(stored, latest, wall, config);
                let (kept, after) = match fate {
                    Fate::Stays => (Some(stored.batch()), before),
                    Fate::Becomes(batch) => {
                        let after = batch.header.records_count;
                        is_changed = true;
                        (Some(batch), after)
                    }
                    Fate::Goes => {
                        is_changed = true;
                        (None, 0)
                    }
                };
                removed += u64::from((before - after).unsigned_abs());
                if let Some(batch) = kept {
                    segment.append(&batch, old.modified(), config);
                }
            }
        }
        let last = group.last().expect("a group has segments");
        if !is_changed {
            return (last.clone(), 0);
        }
        segment.written_last(last.modified());
        segment.close();
        (Arc::new(segment), removed)
    }

    /// What becomes of a batch (`MemoryRecords.filterTo`).
    fn judge(
        &self,
        stored: &StoredBatch,
        latest: &Latest,
        wall: Timestamp,
        config: &LogConfig,
    ) -> Fate {
        let batch = stored.batch();
        let header = batch.header;
        // Unlike Kafka, where markers of transactions go too: there are none here.
        if header.is_control() {
            return Fate::Stays;
        }
        let horizon = header.delete_horizon();
        let records: Result<Vec<Record>, _> = batch.records().collect();
        let Ok(records) = records else {
            return Fate::Stays;
        };
        let planted = config.planted;
        let tombstones_stay =
            horizon.is_none_or(|horizon| wall.0 < horizon) && !planted.has(Bug::TombstonesGoAtOnce);
        let stays = |record: &Record| {
            if record.offset >= latest.until {
                return true;
            }
            let Some(key) = &record.key else {
                return false;
            };
            let known = latest.offsets.get(key);
            let is_latest = known.is_none_or(|known| match planted.has(Bug::CleanTheLast) {
                true => record.offset > *known,
                false => record.offset >= *known,
            });
            is_latest && (record.value.is_some() || tombstones_stay)
        };
        let count = records.len();
        let kept: Vec<Record> = records.into_iter().filter(stays).collect();
        if kept.is_empty() {
            let is_end = stored.next_offset() == latest.until;
            return match is_end || self.is_last_of_its_producer(stored, &header) {
                true if count == 0 => Fate::Stays,
                true => Fate::Becomes(Batch::emptied(&header)),
                false => Fate::Goes,
            };
        }
        let is_stamped = horizon.is_some() || kept.iter().all(|record| record.value.is_some());
        if kept.len() == count && is_stamped {
            return Fate::Stays;
        }
        let until = i64::try_from(config.delete_retention.as_millis()).unwrap_or(i64::MAX);
        let until = match is_stamped {
            true => horizon,
            false => Some(wall.0.saturating_add(until)),
        };
        let Ok(mut builder) = BatchBuilder::in_place_of(&header, until) else {
            return Fate::Stays;
        };
        for record in &kept {
            let delta = i32::try_from(record.offset - batch.base_offset()).unwrap_or(i32::MAX);
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            builder.append_at(delta, record.timestamp, key, value, &record.headers);
        }
        builder.set_last_offset_delta(header.last_offset_delta);
        Fate::Becomes(builder.build_batch())
    }

    /// Whether this is the batch by which a producer's sequence is known.
    fn is_last_of_its_producer(&self, stored: &StoredBatch, header: &BatchHeader) -> bool {
        let known = self.producers.get(ProducerId(header.producer_id));
        let last = known.and_then(|known| known.batches().last());
        header.is_idempotent() && last.is_some_and(|last| last.last_offset == stored.last_offset())
    }
}

/// Which segments become one: as many as fit `segment.bytes` and one index (`groupSegmentsBySize`).
fn groups(
    segments: &[Arc<Segment>],
    until: Offset,
    config: &LogConfig,
) -> Vec<std::ops::Range<usize>> {
    let end_of = |at: usize| {
        segments
            .get(at + 1)
            .map_or(until, |next| next.base_offset())
    };
    let mut groups = Vec::new();
    let mut at = 0;
    while at < segments.len() {
        let first = at;
        let (mut bytes, mut entries) = (0, 0);
        while let Some(next) = segments.get(at) {
            bytes += u64::from(next.size());
            entries += u64::from(next.index_entries());
            let fits = bytes <= u64::from(config.segment_bytes)
                && entries * 12 <= u64::from(config.segment_index_bytes)
                && end_of(at) - segments[first].base_offset() <= i64::from(i32::MAX);
            if at > first && !fits {
                break;
            }
            at += 1;
        }
        groups.push(first..at);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LeaderEpoch;
    use crate::protocol::records::Codec;

    const WALL: Timestamp = Timestamp(1_700_000_000_000);
    const DAY: i64 = 86_400_000;

    fn config(settings: &[(&str, &str)]) -> LogConfig {
        let mut config = LogConfig::default();
        config.set("cleanup.policy", "compact").expect("a setting");
        // A segment for about every two batches of one record.
        config.set("segment.bytes", "150").expect("a setting");
        for (name, value) in settings {
            config.set(name, value).expect("a setting");
        }
        config
    }

    fn batch(records: &[(&str, Option<&str>)]) -> Batch {
        let mut builder = BatchBuilder::new(Codec::None);
        for (key, value) in records {
            builder.append(WALL.0, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
        }
        builder.build_batch()
    }

    /// A log of single records; `k` alone is a tombstone.
    fn log_of(words: &str, config: &LogConfig) -> Log {
        let mut log = Log::new(Offset(0), WALL);
        for word in words.split_whitespace() {
            append(&mut log, word, config);
        }
        log
    }

    fn append(log: &mut Log, word: &str, config: &LogConfig) {
        let record = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word, None),
        };
        log.append_as_leader(&batch(&[record]), LeaderEpoch(0), WALL, config);
    }

    fn clean(log: &mut Log, later: i64, config: &LogConfig) -> Cleaned {
        let wall = Timestamp(WALL.0 + later);
        let dirt = log.dirt(log.end(), wall, config);
        log.clean(&dirt, 1_000, wall, config)
    }

    /// What is left, as `offset:key=value`.
    fn left(log: &Log) -> Vec<String> {
        let batches = log.batches(Offset(0), log.end());
        let records = batches.flat_map(|stored| stored.batch().records());
        records
            .map(|record| {
                let record = record.expect("a record");
                let text = |bytes: Option<Bytes>| {
                    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                };
                let key = text(record.key).unwrap_or_default();
                match text(record.value) {
                    Some(value) => format!("{}:{key}={value}", record.offset.0),
                    None => format!("{}:{key}", record.offset.0),
                }
            })
            .collect()
    }

    #[test]
    fn the_last_record_of_every_key_stays_where_it_was_and_the_active_segment_as_it_is() {
        let config = config(&[]);
        let mut log = log_of("a=1 b=1 a=2 c=1 a=3 b=2 a=4", &config);
        let active = log.active().base_offset();
        assert_eq!(active, Offset(6));
        let cleaned = clean(&mut log, 0, &config);
        assert_eq!((cleaned.from, cleaned.until), (Offset(0), Offset(6)));
        assert_eq!(cleaned.removed, 3);
        assert_eq!(left(&log), ["3:c=1", "4:a=3", "5:b=2", "6:a=4"]);
        assert_eq!((log.start(), log.end()), (Offset(0), Offset(7)));
        assert_eq!(log.first_dirty(), Offset(6));
        let held = log.held();
        assert_eq!(
            held.bytes,
            log.segments().map(|s| u64::from(s.size())).sum::<u64>()
        );
        assert_eq!(held.batches, 4);
        // Reading from a gap finds what comes next.
        let read = log
            .read(
                Offset(1),
                log.end(),
                1 << 20,
                super::super::AtLeastOne::Batch,
            )
            .expect("within the log");
        assert!(!read.records.is_empty());
        let next = log.batches(Offset(1), log.end()).next().expect("a batch");
        assert_eq!(next.base_offset(), Offset(3));
        // What is clean is not cleaned again.
        let dirt = log.dirt(log.end(), WALL, &config);
        assert_eq!((dirt.dirty_bytes, dirt.is_due(&config)), (0, false));
    }

    #[test]
    fn small_segments_become_one_and_no_larger_than_they_may() {
        let small = config(&[]);
        let mut log = log_of(
            "a=1 b=1 a=2 b=2 a=3 b=3 a=4 b=4 a=5 c=1 d=1 e=1 f=1",
            &small,
        );
        let bases =
            |log: &Log| -> Vec<i64> { log.segments().map(|one| one.base_offset().0).collect() };
        clean(&mut log, 0, &small);
        let full = [0, 2, 4, 6, 8, 10, 12];
        assert_eq!(bases(&log), full, "each was full, as it was");
        clean(&mut log, 0, &small);
        assert_eq!(bases(&log), [0, 8, 10, 12], "two batches fill one");
        clean(&mut log, 0, &config(&[("segment.bytes", "100000")]));
        assert_eq!(log.segments().len(), 2, "one of them is active");
    }

    #[test]
    fn a_tombstone_stays_for_its_time_after_it_was_first_cleaned() {
        let config = config(&[]);
        let mut log = log_of("a=1 b=1 a b=2 c=1 c=2", &config);
        clean(&mut log, 0, &config);
        let tombstone = |log: &Log| {
            let mut batches = log.batches(Offset(2), Offset(3));
            batches
                .find(|batch| batch.base_offset() == Offset(2))
                .cloned()
        };
        let header = tombstone(&log).expect("it stays").header();
        assert_eq!(header.delete_horizon(), Some(WALL.0 + DAY));
        assert_eq!(
            tombstone(&log).expect("it stays").batch().verify_crc(),
            Ok(())
        );
        let record = tombstone(&log).expect("it stays").batch().records().next();
        assert_eq!(record.expect("a record").expect("valid").timestamp, WALL.0);
        for (later, stays) in [(DAY - 1, true), (DAY, false)] {
            append(&mut log, "x=1", &config);
            append(&mut log, "x=2", &config);
            append(&mut log, "x=3", &config);
            clean(&mut log, later, &config);
            assert_eq!(tombstone(&log).is_some(), stays, "{later} later");
        }
        assert!(
            !left(&log).iter().any(|record| record.contains(":a")),
            "{:?}",
            left(&log)
        );
    }

    #[test]
    fn a_batch_keeps_its_ends_and_what_is_left_of_it() {
        let config = config(&[("segment.bytes", "200")]);
        let mut log = Log::new(Offset(0), WALL);
        let first = batch(&[
            ("a", Some("1")),
            ("b", Some("1")),
            ("a", Some("2")),
            ("c", Some("1")),
        ]);
        log.append_as_leader(&first, LeaderEpoch(3), WALL, &config);
        let second = batch(&[("c", Some("2")), ("d", Some("1"))]);
        log.append_as_leader(&second, LeaderEpoch(4), WALL, &config);
        append(&mut log, "z=1", &config);
        append(&mut log, "z=2", &config);
        clean(&mut log, 0, &config);
        let stored = log.batches(Offset(0), Offset(4)).next().expect("a batch");
        assert_eq!(
            (stored.base_offset(), stored.last_offset()),
            (Offset(0), Offset(3))
        );
        assert_eq!(
            (stored.header().records_count, stored.epoch()),
            (2, LeaderEpoch(3))
        );
        assert_eq!(stored.batch().verify_crc(), Ok(()));
        assert_eq!(left(&log)[..2], ["1:b=1", "2:a=2"]);
    }

    #[test]
    fn what_cleaning_has_emptied_does_not_keep_retention_from_what_comes_after() {
        let settings = [
            ("cleanup.policy", "compact,delete"),
            ("retention.bytes", "150"),
        ];
        let config = config(&settings);
        let mut log = log_of("a=1 a=2 a=3 a=4 b=1 c=1 d=1 e=1 f=1", &config);
        clean(&mut log, 0, &config);
        let first = log.segments().next().expect("a segment");
        assert!(first.is_empty() && first.base_offset() == Offset(0));
        let end = log.end();
        let expired = log.delete_old_segments(end, WALL, &config);
        assert_eq!(expired.len(), 1, "{expired:?}");
        assert_eq!(log.start(), Offset(6), "{:?}", left(&log));
    }

    #[test]
    fn the_header_of_a_producers_last_batch_outlives_its_records() {
        let config = config(&[]);
        let mut log = Log::new(Offset(0), WALL);
        for sequence in 0..3 {
            let mut builder = BatchBuilder::new(Codec::None);
            builder.set_producer(7, 0, sequence);
            builder.append(WALL.0, Some(b"a"), Some(b"mine"), &[]);
            log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), WALL, &config);
        }
        for word in ["a=1", "a=2", "a=3", "a=4"] {
            append(&mut log, word, &config);
        }
        clean(&mut log, 0, &config);
        let first = log.batches(Offset(0), log.end()).next().expect("a batch");
        assert_eq!((first.base_offset(), first.size()), (Offset(2), 61));
        assert_eq!(
            (first.header().records_count, first.header().base_sequence),
            (0, 2)
        );
        assert_eq!(first.batch().verify_crc(), Ok(()));
        assert_eq!(super::super::Producers::of_log(&log).iter().count(), 1);
        // Of a producer that is forgotten nothing has to stay.
        log.forget_silent_producers(Timestamp(WALL.0 + 2 * DAY), Duration::from_millis(1));
        append(&mut log, "a=5", &config);
        append(&mut log, "a=6", &config);
        append(&mut log, "a=7", &config);
        clean(&mut log, 0, &config);
        let first = log.batches(Offset(0), log.end()).next().expect("a batch");
        assert!(first.base_offset() > Offset(2));
    }

    #[test]
    fn the_last_batch_that_is_cleaned_says_where_it_ended() {
        let two = config(&[]);
        let mut leader = log_of("b=1 b=2 c=1 a x=1 x=2", &two);
        clean(&mut leader, 0, &two);
        // A copy of what was cleaned, in segments of one batch.
        let one = config(&[("segment.bytes", "80")]);
        let mut copy = Log::new(Offset(0), WALL);
        for stored in leader.batches(Offset(0), leader.end()) {
            let appended = copy.append_as_follower(&stored.batch(), WALL, &one);
            assert!(appended.is_some());
        }
        let wall = Timestamp(WALL.0 + DAY);
        let at_3 = |log: &Log| {
            let mut batches = log.batches(Offset(3), Offset(4));
            batches.next().map(|batch| batch.header().records_count)
        };
        // The tombstone's time is over, but it is the last that is cleaned; in the next round it is not.
        for (committed, left) in [(4, Some(0)), (6, None)] {
            let dirt = copy.dirt(Offset(committed), wall, &one);
            copy.clean(&dirt, 1_000, wall, &one);
            assert_eq!(at_3(&copy), left, "committed @{committed}");
        }
    }

    #[test]
    fn what_is_not_committed_or_too_young_is_left_alone() {
        let config = config(&[("min.compaction.lag.ms", "1000")]);
        let log = log_of("a=1 a=2 a=3 a=4 a=5", &config);
        let dirt = |hw, later| log.dirt(Offset(hw), Timestamp(WALL.0 + later), &config);
        assert_eq!(dirt(5, 999).until, Offset(0), "too young");
        assert_eq!(dirt(5, 1_000).until, Offset(4));
        assert_eq!(dirt(3, 1_000).until, Offset(2), "whole segments only");
        assert_eq!(dirt(0, 1_000).dirty_bytes, 0);
    }

    #[test]
    fn a_log_is_due_when_it_is_dirty_enough_or_has_waited_long_enough() {
        let often = config(&[("min.cleanable.dirty.ratio", "0.6")]);
        let mut log = log_of("a=1 b=1 c=1 d=1 e=1 f=1 g=1", &often);
        assert!(log.dirt(log.end(), WALL, &often).is_due(&often));
        clean(&mut log, 0, &often);
        for word in ["a=2", "b=2"] {
            append(&mut log, word, &often);
        }
        let dirt = log.dirt(log.end(), WALL, &often);
        assert!(dirt.dirty_bytes > 0 && !dirt.is_due(&often), "{dirt:?}");
        let soon = config(&[
            ("min.cleanable.dirty.ratio", "1"),
            ("max.compaction.lag.ms", "60000"),
        ]);
        for (later, due) in [(60_000, false), (60_001, true)] {
            let dirt = log.dirt(log.end(), Timestamp(WALL.0 + later), &soon);
            assert_eq!(dirt.is_due(&soon), due, "{later}");
        }
    }

    #[test]
    fn as_many_keys_as_there_is_room_for_are_cleaned_at_a_time() {
        let config = config(&[]);
        let mut log = log_of("a=1 b=1 c=1 a=2 b=2 c=2 a=3 a=4", &config);
        let dirt = log.dirt(log.end(), WALL, &config);
        let cleaned = log.clone().clean(&dirt, 0, WALL, &config);
        assert_eq!(cleaned.until, Offset(1), "a batch at least");
        let cleaned = log.clean(&dirt, 2, WALL, &config);
        assert_eq!((cleaned.until, cleaned.removed), (Offset(2), 0));
        assert_eq!(log.first_dirty(), Offset(2));
        clean(&mut log, 0, &config);
        assert_eq!(left(&log), ["3:a=2", "4:b=2", "5:c=2", "6:a=3", "7:a=4"]);
    }

    #[test]
    fn a_cut_before_the_clean_point_makes_dirty_what_comes_after() {
        let config = config(&[]);
        let mut log = log_of("a=1 b=1 a=2 b=2 a=3 b=3 a=4", &config);
        clean(&mut log, 0, &config);
        assert_eq!(log.first_dirty(), Offset(6));
        log.truncate_to(Offset(2), WALL);
        assert_eq!((log.end(), log.first_dirty()), (Offset(2), Offset(2)));
        for word in ["a=5", "a=6", "a=7", "a=8"] {
            append(&mut log, word, &config);
        }
        clean(&mut log, 0, &config);
        assert!(left(&log).contains(&"5:a=8".to_owned()));
        log.start_again_at(Offset(40), WALL);
        assert_eq!(log.first_dirty(), Offset(40));
    }
}
