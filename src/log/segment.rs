//! One segment of a log: in Kafka a file of batches with its two indexes.
//!
//! Only the last segment of a log is written to; it is closed when it is full or old, and from then
//! on it can only go as a whole. The indexes are sparse, one entry per `index.interval.bytes`: a
//! lookup takes the entry below and scans from there.

use std::sync::Arc;

use super::Bulk;
use super::chunk::{Chunk, OffsetEntry, StoredBatch, TimeEntry};
use super::config::LogConfig;
use super::producers::Producers;
use crate::model::Offset;
use crate::protocol::Chunks;
use crate::protocol::records::Batch;
use crate::time::{Duration, Timestamp};

/// A place in a log as files have it; what Kafka calls `LogOffsetMetadata`.
///
/// Two places in one segment have a distance in bytes; places in different segments only an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: Offset,
    pub segment: Offset,
    pub position: u32,
}

/// One segment.
#[derive(Clone, Debug)]
pub struct Segment {
    base_offset: Offset,
    /// The wall clock of the host when the segment was begun.
    created: Timestamp,
    /// The wall clock of the host when the segment was last written to: its file's mtime.
    modified: Timestamp,
    /// Never empty; the last one is open.
    chunks: Vec<Arc<Chunk>>,
    size: u32,
    bytes_since_index_entry: u32,
    index_entries: u32,
    time_entries: u32,
    /// The greatest timestamp of the first batch.
    rolling_based_on: Timestamp,
    max_timestamp: Timestamp,
    /// The last offset of the batch with the greatest timestamp.
    max_timestamp_offset: Offset,
    last_time_entry: Timestamp,
    /// What was known of producers when the segment was begun: its `.snapshot` file.
    producers: Producers,
    /// The bytes of it that have changed, or were forgotten, while this segment was written to: they are kept here and
    /// counted nowhere else.
    copied: u64,
}

/// What a value has beside it that several own: who they are counted.
const OWNERS: usize = 2 * size_of::<usize>();

/// Where a batch stands in a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    chunk: usize,
    batch: usize,
}

/// Bytes of a segment.
pub(super) struct Slice {
    pub(super) records: Chunks,
    pub(super) place: Place,
    /// The first batch was longer than what was asked for, and is cut.
    pub(super) first_batch_is_cut: bool,
}

impl Segment {
    pub(super) fn new(base_offset: Offset, created: Timestamp, producers: Producers) -> Segment {
        Segment {
            base_offset,
            created,
            modified: created,
            chunks: vec![Arc::new(empty_chunk())],
            size: 0,
            bytes_since_index_entry: 0,
            index_entries: 0,
            time_entries: 0,
            rolling_based_on: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
            max_timestamp_offset: base_offset,
            last_time_entry: Timestamp::NONE,
            producers,
            copied: 0,
        }
    }

    /// The offset that names the segment: every batch in it starts there or after.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// What was known of producers when the segment was begun.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// The length of its file in bytes.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// So many bytes of what was known of producers when it was begun are known otherwise since.
    pub(super) fn copied(&mut self, bytes: u64) {
        self.copied += bytes;
    }

    /// All that it keeps of producers and that nobody else does, now that this is known of them behind it.
    pub(super) fn keeps_beyond(&mut self, known: &Producers) {
        self.copied = self.producers.beyond(known);
    }

    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The wall clock of the host when the segment was begun.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The wall clock of the host when the segment was last written to.
    pub fn modified(&self) -> Timestamp {
        self.modified
    }

    /// It was written to then: a cleaned segment is as old as what it was made of.
    pub(super) fn written_last(&mut self, at: Timestamp) {
        self.modified = at;
    }

    /// The greatest timestamp of its first batch; −1 when it has none.
    pub(super) fn first_timestamp(&self) -> Timestamp {
        self.rolling_based_on
    }

    pub(super) fn index_entries(&self) -> u32 {
        self.index_entries
    }

    pub(super) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// The batches in the chunk that is written to.
    pub(super) fn open_batches(&self) -> usize {
        self.chunks.last().map_or(0, |chunk| chunk.batches.len())
    }

    /// How much is in it. Counts its chunks, so it is for when a segment goes.
    pub(super) fn bulk(&self) -> Bulk {
        let batches = self.chunks.iter().map(|chunk| chunk.batches.len() as u64);
        Bulk {
            bytes: u64::from(self.size),
            batches: batches.sum(),
            structure: self.structure(),
            copied: self.copied,
        }
    }

    /// The bytes of memory that it takes beside its batches: its chunks and itself, each with a pointer to it, and the
    /// entries of its indexes.
    pub(super) fn structure(&self) -> u64 {
        let shared = OWNERS + size_of::<usize>();
        let chunks = self.chunks.len() * (shared + size_of::<Chunk>());
        let offsets = self.index_entries as usize * size_of::<OffsetEntry>();
        let times = self.time_entries as usize * size_of::<TimeEntry>();
        (shared + size_of::<Segment>() + chunks + offsets + times) as u64
    }

    /// What retention by time compares with the clock: the greatest timestamp of its records, or
    /// when the file was last written if no record has one.
    pub fn largest_timestamp(&self) -> Timestamp {
        match self.max_timestamp {
            Timestamp::NONE => self.modified,
            timestamp => timestamp,
        }
    }

    /// Its batches from `from` on.
    pub fn batches_from(&self, from: Offset) -> impl Iterator<Item = &StoredBatch> {
        let spot = self.find(from);
        let (chunk, batch) = spot.map_or((self.chunks.len(), 0), |spot| (spot.chunk, spot.batch));
        let mut skip = batch;
        self.chunks[chunk..].iter().flat_map(move |chunk| {
            let from = std::mem::take(&mut skip);
            chunk.batches[from..].iter()
        })
    }

    /// The entries of the offset index.
    pub fn offset_index(&self) -> impl Iterator<Item = &OffsetEntry> {
        self.chunks.iter().flat_map(|chunk| &chunk.offset_index)
    }

    /// The entries of the time index.
    pub fn time_index(&self) -> impl Iterator<Item = &TimeEntry> {
        self.chunks.iter().flat_map(|chunk| &chunk.time_index)
    }

    /// Whether a batch must go into a new segment (Kafka's `LogSegment.shouldRoll`).
    pub(super) fn should_roll(
        &self,
        batch: &Batch,
        last_offset: Offset,
        wall: Timestamp,
        seed: u64,
        config: &LogConfig,
    ) -> bool {
        let incoming = batch.size() as u64;
        let full = u64::from(self.size) + incoming > u64::from(config.segment_bytes);
        let old = self.is_old(batch.header.max_timestamp, wall, seed, config);
        // An entry of the offset index has 8 bytes, one of the time index 12, of which one is kept free.
        let index_full = self.index_entries >= config.segment_index_bytes / 8
            || self.index_entries >= (config.segment_index_bytes / 12).saturating_sub(1);
        let too_far = last_offset - self.base_offset > i64::from(i32::MAX);
        full && self.size > 0 || old || index_full && self.size > 0 || too_far
    }

    pub(super) fn append(&mut self, batch: &Batch, wall: Timestamp, config: &LogConfig) {
        let stored = StoredBatch::new(batch, self.size);
        let (last_offset, size) = (stored.last_offset(), stored.size());
        if self.size == 0 {
            self.rolling_based_on = stored.max_timestamp();
        }
        if stored.max_timestamp() > self.max_timestamp {
            self.max_timestamp = stored.max_timestamp();
            self.max_timestamp_offset = last_offset;
        }
        if self.chunks.last().is_some_and(|chunk| chunk.is_full()) {
            let last = self.chunks.last_mut().expect("a segment has chunks");
            Arc::make_mut(last).seal();
            self.chunks.push(Arc::new(empty_chunk()));
        }
        let time_entry = self.next_time_entry();
        let chunk = Arc::make_mut(self.chunks.last_mut().expect("a segment has chunks"));
        if self.bytes_since_index_entry > config.index_interval_bytes {
            chunk.offset_index.push(OffsetEntry {
                offset: last_offset,
                position: self.size,
                ordinal: chunk.batches.len() as u32,
            });
            if let Some(entry) = time_entry {
                chunk.time_index.push(entry);
                self.time_entries += 1;
                self.last_time_entry = entry.timestamp;
            }
            self.index_entries += 1;
            self.bytes_since_index_entry = 0;
        }
        self.bytes_since_index_entry += size;
        self.size += size;
        chunk.batches.push(stored);
        chunk.size += size;
        chunk.max_timestamp_so_far = self.max_timestamp;
        self.modified = wall;
    }

    /// The segment is closed: the time index gets its last entry.
    pub(super) fn close(&mut self) {
        let entry = self.next_time_entry();
        let chunk = Arc::make_mut(self.chunks.last_mut().expect("a segment has chunks"));
        chunk.time_index.extend(entry);
        chunk.seal();
        self.time_entries += u32::from(entry.is_some());
        self.last_time_entry = self.max_timestamp;
    }

    fn next_time_entry(&self) -> Option<TimeEntry> {
        (self.max_timestamp > self.last_time_entry).then_some(TimeEntry {
            timestamp: self.max_timestamp,
            offset: self.max_timestamp_offset,
        })
    }

    /// The first batch that ends at or after `offset`.
    pub(super) fn find(&self, offset: Offset) -> Option<Spot> {
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.last_offset().is_some_and(|last| last < offset));
        let batch = self.chunks.get(chunk)?.find(offset)?;
        Some(Spot { chunk, batch })
    }

    pub(super) fn batch_at(&self, spot: Spot) -> &StoredBatch {
        &self.chunks[spot.chunk].batches[spot.batch]
    }

    /// Where `offset` lies: the beginning of the batch that holds it, or the end of the file.
    pub(super) fn place(&self, offset: Offset) -> Place {
        let position = match self.find(offset) {
            Some(spot) => self.batch_at(spot).position(),
            None => self.size,
        };
        Place {
            offset,
            segment: self.base_offset,
            position,
        }
    }

    /// Reads at most `limit` bytes from the batch that holds `from`, up to the file position `end`,
    /// as Kafka's `LogSegment.read`; `None` when nothing at or after `from` is here.
    pub(super) fn read(
        &self,
        from: Offset,
        end: Option<u32>,
        limit: u32,
        at_least_one: AtLeastOne,
    ) -> Option<Slice> {
        let spot = self.find(from)?;
        let first = self.batch_at(spot);
        let limit = match at_least_one {
            AtLeastOne::Batch => limit.max(first.size()),
            AtLeastOne::Nothing => limit,
        };
        let mut slice = Slice {
            records: Chunks::new(),
            place: Place {
                offset: from,
                segment: self.base_offset,
                position: first.position(),
            },
            first_batch_is_cut: limit < first.size(),
        };
        let Some(end) = end else {
            return Some(slice);
        };
        let wanted = limit.min(end.saturating_sub(first.position()));
        self.slice(spot, wanted, &mut slice.records);
        Some(slice)
    }

    /// Adds `wanted` bytes from a batch on; the last batch may be cut.
    fn slice(&self, from: Spot, wanted: u32, records: &mut Chunks) {
        let mut left = wanted;
        let mut skip = from.batch;
        for chunk in &self.chunks[from.chunk..] {
            for batch in &chunk.batches[std::mem::take(&mut skip)..] {
                if left == 0 {
                    return;
                }
                if batch.size() > left {
                    records.append(&batch.bytes().slice(0, left as usize));
                    return;
                }
                batch.append_to(records);
                left -= batch.size();
            }
        }
    }

    /// The first batch at or after `from` that has a record with a timestamp of at least `timestamp`.
    pub(super) fn find_by_timestamp(
        &self,
        timestamp: Timestamp,
        from: Offset,
    ) -> impl Iterator<Item = &StoredBatch> {
        // The greatest timestamp so far never falls from chunk to chunk, so this is a binary search.
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.max_timestamp_so_far < timestamp);
        let start = self.chunks.get(chunk).map_or(0, |chunk| {
            let after = chunk
                .time_index
                .partition_point(|entry| entry.timestamp < timestamp);
            let floor = after.checked_sub(1).map(|floor| chunk.time_index[floor]);
            floor
                .and_then(|entry| chunk.find(entry.offset))
                .unwrap_or(0)
        });
        let mut skip = start;
        self.chunks[chunk..]
            .iter()
            .flat_map(move |chunk| chunk.batches[std::mem::take(&mut skip)..].iter())
            .filter(move |batch| batch.max_timestamp() >= timestamp && batch.last_offset() >= from)
    }

    /// The greatest timestamp and the last offset of the first batch that has it.
    pub(super) fn max_timestamp(&self) -> (Timestamp, Offset) {
        (self.max_timestamp, self.max_timestamp_offset)
    }

    /// Cuts off every batch that ends at or after `offset`.
    pub(super) fn truncate(&mut self, offset: Offset) {
        if let Some(spot) = self.find(offset) {
            self.chunks.truncate(spot.chunk + 1);
            let chunk = Arc::make_mut(self.chunks.last_mut().expect("a segment has chunks"));
            chunk.batches.truncate(spot.batch);
            let left = chunk.batches.len() as u32;
            chunk.offset_index.retain(|entry| entry.ordinal < left);
            let last = chunk.batches.last().map(StoredBatch::last_offset);
            chunk
                .time_index
                .retain(|entry| last.is_some_and(|last| entry.offset <= last));
            chunk.size = chunk.batches.iter().map(StoredBatch::size).sum();
            if chunk.batches.is_empty() && self.chunks.len() > 1 {
                self.chunks.pop();
            }
            self.recount();
        }
    }

    /// The batch that holds `offset` and begins before it.
    pub(super) fn split_by(&self, offset: Offset) -> Option<&StoredBatch> {
        let found = self.find(offset).map(|spot| self.batch_at(spot));
        found.filter(|batch| batch.base_offset() < offset)
    }

    /// Derives the totals from the chunks that are left.
    fn recount(&mut self) {
        let last = self.chunks.last().expect("a segment has chunks");
        self.size = match self.chunks.len() {
            1 => last.size,
            _ => last.end_position(),
        };
        self.index_entries = self.offset_index().count() as u32;
        self.time_entries = self.time_index().count() as u32;
        let last_entry = self.offset_index().last().map_or(0, |entry| entry.position);
        self.bytes_since_index_entry = self.size - last_entry;
        self.last_time_entry = self
            .time_index()
            .last()
            .map_or(Timestamp::NONE, |entry| entry.timestamp);
        let mut greatest = (Timestamp::NONE, self.base_offset);
        for batch in self.chunks.iter().flat_map(|chunk| &chunk.batches) {
            if batch.max_timestamp() > greatest.0 {
                greatest = (batch.max_timestamp(), batch.last_offset());
            }
        }
        (self.max_timestamp, self.max_timestamp_offset) = greatest;
        let open = Arc::make_mut(self.chunks.last_mut().expect("a segment has chunks"));
        open.max_timestamp_so_far = greatest.0;
        if self.size == 0 {
            self.rolling_based_on = Timestamp::NONE;
        }
    }

    /// Whether its first batch, or for an empty one its beginning, is so long ago that the next batch begins another
    /// segment; each segment a little earlier than it must be, so that not all of a cluster begin at once.
    ///
    /// Unlike Kafka, where the little is drawn at random: here it follows from where and when the segment began,
    /// and from whose log it is.
    fn is_old(&self, newest: i64, wall: Timestamp, seed: u64, config: &LogConfig) -> bool {
        let waited = match self.rolling_based_on {
            Timestamp(first) if first >= 0 => newest.saturating_sub(first),
            _ => wall.0.saturating_sub(self.created.0),
        };
        let waited = u64::try_from(waited).unwrap_or(0).min(u64::MAX / 1_000);
        let waited = Duration::from_millis(waited);
        // What must be compacted soon must leave the active segment soon.
        let span = match config.cleanup_policy.compacts() {
            true => config.segment.min(config.max_compaction_lag),
            false => config.segment,
        };
        let most = config.segment_jitter.min(span).as_millis();
        let drawn = match most {
            0 => 0,
            most => {
                mixed(
                    seed ^ mixed(self.base_offset.0.cast_unsigned())
                        ^ mixed(self.created.0.cast_unsigned()),
                ) % most
            }
        };
        let limit = span.as_micros() - Duration::from_millis(drawn).as_micros();
        self.size > 0 && waited > Duration::from_micros(limit)
    }
}

/// A number that looks as if it were drawn (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Whether a read returns its first batch even when that is longer than the limit, so that a reader
/// with a small limit still makes progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtLeastOne {
    Batch,
    Nothing,
}

fn empty_chunk() -> Chunk {
    Chunk {
        max_timestamp_so_far: Timestamp::NONE,
        ..Chunk::default()
    }
}
