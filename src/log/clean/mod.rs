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
//!
//! Here is what a cleaning does; [`dirt`] says what there is to clean and when that is due, [`digest`] is what is
//! remembered of a key.

mod digest;
mod dirt;
#[cfg(test)]
mod tests;

pub use dirt::Dirt;

use std::collections::BTreeMap;
use std::sync::Arc;

use digest::{Digest, digest};

use super::Log;
use super::chunk::StoredBatch;
use super::config::LogConfig;
use super::planted::Bug;
use super::producers::Producers;
use super::segment::Segment;
use crate::model::{Offset, ProducerId};
use crate::protocol::records::{Batch, BatchBuilder, BatchHeader, Record};
use crate::time::Timestamp;

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

/// The last offset of each key in the dirty part.
///
/// There may be millions of them, in any order: it takes a tree, and of each key no more than a digest.
struct Latest {
    offsets: BTreeMap<Digest, Offset>,
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
        let behind = self.segments.first();
        for group in groups(&old, dirt.until, config) {
            let next = old.get(group.end).or(behind);
            let next = next.map_or(&self.producers, |next| next.producers());
            let (segment, gone) = self.clean_group(&old[group], next, &latest, wall, config);
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
        self.recount();
        self.cleaned_until = Some(latest.until);
        cleaned
    }

    /// Walks over the dirty part (`Cleaner.buildOffsetMap`).
    ///
    /// Unlike Kafka, which stops in the middle of a batch when there is no room for another key: before the
    /// batch, unless it is the first, so that every pass gets on.
    fn latest_offsets(&self, dirt: &Dirt, room: usize) -> Latest {
        let mut latest = Latest {
            offsets: BTreeMap::new(),
            until: dirt.first_dirty,
        };
        for stored in self.batches(dirt.first_dirty, dirt.until) {
            let batch = stored.batch();
            if !batch.header.is_control() {
                for record in batch.records().filter_map(Result::ok) {
                    let Some(key) = record.key.filter(|_| record.offset >= dirt.first_dirty) else {
                        continue;
                    };
                    let key = digest(&key);
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

    /// Writes a few segments again, as one, behind which this is known of producers; how many records went.
    fn clean_group(
        &self,
        group: &[Arc<Segment>],
        next: &Producers,
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
        segment.keeps_beyond(next);
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
            let known = latest.offsets.get(&digest(key));
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
        // Unlike Kafka, which compacts no more where a time is below zero: a batch stays in which one is so far from
        // the others that none could be told by the distance.
        let base = until.unwrap_or(kept[0].timestamp);
        if kept
            .iter()
            .any(|record| record.timestamp.checked_sub(base).is_none())
        {
            return Fate::Stays;
        }
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
