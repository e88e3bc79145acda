//! A stretch of a segment, about 64 KiB: the grain at which logs are shared between copies of the world.
//!
//! A sealed chunk never changes, so every checkpoint refers to it. Only the last chunk of the last
//! segment grows, and the first append after a checkpoint copies its handles (not its bytes).

use bytes::Bytes;

use crate::model::{LeaderEpoch, Offset};
use crate::protocol::Chunks;
use crate::protocol::records::{Batch, BatchHeader, HEADER_SIZE};
use crate::time::Timestamp;

/// A chunk that holds at least this many bytes is sealed.
pub(super) const CHUNK_BYTES: u32 = 64 * 1024;

/// Batches smaller than this are stored in one piece.
///
/// A batch arrives as a slice of what its producer sent; behind a fresh head it would keep alive the
/// head that it arrived with too, which for a small batch doubles it.
const SMALL: usize = 1024;

/// A record batch as the log keeps it: what is needed to find it, and its bytes by reference.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    base_offset: Offset,
    last_offset_delta: i32,
    epoch: LeaderEpoch,
    max_timestamp: Timestamp,
    /// Where it begins in its segment's file.
    position: u32,
    /// The whole batch, or its 61-byte head when the body is a slice of its own.
    head: Bytes,
    body: Bytes,
}

/// An entry of the offset index: the last offset of a batch, and where that batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    pub offset: Offset,
    pub position: u32,
    /// Which batch of its chunk it is. A file has no need of it: there one reads from the position.
    pub(super) ordinal: u32,
}

/// An entry of the time index: no record up to `offset` has a timestamp above `timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    pub timestamp: Timestamp,
    pub offset: Offset,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) batches: Vec<StoredBatch>,
    pub(super) size: u32,
    pub(super) offset_index: Vec<OffsetEntry>,
    pub(super) time_index: Vec<TimeEntry>,
    /// The greatest timestamp of the segment up to the end of this chunk.
    pub(super) max_timestamp_so_far: Timestamp,
}

impl StoredBatch {
    pub(super) fn new(batch: &Batch, position: u32) -> StoredBatch {
        let (head, body) = if batch.body.len() < SMALL && !in_one_piece(&batch.head, &batch.body) {
            let whole: Bytes = [&batch.head[..], &batch.body[..]].concat().into();
            (whole, Bytes::new())
        } else {
            (batch.head.clone(), batch.body.clone())
        };
        StoredBatch {
            base_offset: batch.base_offset(),
            last_offset_delta: batch.header.last_offset_delta,
            epoch: batch.leader_epoch(),
            max_timestamp: Timestamp(batch.header.max_timestamp),
            position,
            head,
            body,
        }
    }

    /// The offset of its first record, or of the first it had before compaction.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// The offset of its last record, or of the last it had before compaction.
    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// The offset after its last.
    pub fn next_offset(&self) -> Offset {
        self.last_offset() + 1
    }

    /// The epoch of the leader that appended it.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    pub fn max_timestamp(&self) -> Timestamp {
        self.max_timestamp
    }

    /// Where it begins in its segment's file.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Its length in bytes, header included.
    pub fn size(&self) -> u32 {
        (self.head.len() + self.body.len()) as u32
    }

    /// Its bytes, shared with the log.
    pub fn bytes(&self) -> Chunks {
        let mut bytes = Chunks::new();
        self.append_to(&mut bytes);
        bytes
    }

    /// Whether two replicas store the same batch: equal bytes at the same offset. Usually they share
    /// them, and then no byte is looked at.
    pub fn is_copy_of(&self, other: &StoredBatch) -> bool {
        let shared = |mine: &Bytes, theirs: &Bytes| {
            mine.as_ptr() == theirs.as_ptr() && mine.len() == theirs.len()
        };
        self.base_offset == other.base_offset
            && self.last_offset_delta == other.last_offset_delta
            && (shared(&self.head, &other.head) && shared(&self.body, &other.body)
                || self.head == other.head && self.body == other.body
                || self.bytes() == other.bytes())
    }

    /// The checksum that its header holds, without reading the rest.
    pub fn checksum(&self) -> u32 {
        let crc = self.head[17..21].try_into();
        u32::from_be_bytes(crc.expect("a stored batch has a whole header"))
    }

    /// Its header alone.
    pub fn header(&self) -> BatchHeader {
        let head: &[u8; HEADER_SIZE] = self.head[..HEADER_SIZE]
            .try_into()
            .expect("a stored batch has a whole header");
        BatchHeader::parse(head)
    }

    /// The batch, decoded as far as its header.
    pub fn batch(&self) -> Batch {
        let whole = self.body.is_empty();
        Batch {
            header: self.header(),
            head: self.head.slice(..HEADER_SIZE),
            body: if whole {
                self.head.slice(HEADER_SIZE..)
            } else {
                self.body.clone()
            },
        }
    }

    pub(super) fn append_to(&self, bytes: &mut Chunks) {
        bytes.push(self.head.clone());
        bytes.push(self.body.clone());
    }
}

/// Whether two slices lie one behind the other in memory, as they do when a follower takes a whole
/// batch out of its leader's answer.
fn in_one_piece(head: &Bytes, body: &Bytes) -> bool {
    head.as_ptr_range().end == body.as_ptr()
}

impl Chunk {
    /// Nothing more will come: room for it is given back.
    pub(super) fn seal(&mut self) {
        self.batches.shrink_to_fit();
        self.offset_index.shrink_to_fit();
        self.time_index.shrink_to_fit();
    }

    pub(super) fn is_full(&self) -> bool {
        self.size >= CHUNK_BYTES
    }

    /// The first batch that ends at or after `offset`, by the offset index and a scan from there.
    pub(super) fn find(&self, offset: Offset) -> Option<usize> {
        let after = self
            .offset_index
            .partition_point(|entry| entry.offset <= offset);
        let from = match after.checked_sub(1) {
            Some(floor) => self.offset_index[floor].ordinal as usize,
            None => 0,
        };
        let rest = &self.batches[from..];
        let found = rest
            .iter()
            .position(|batch| batch.last_offset() >= offset)?;
        Some(from + found)
    }

    pub(super) fn last_offset(&self) -> Option<Offset> {
        self.batches.last().map(StoredBatch::last_offset)
    }

    pub(super) fn end_position(&self) -> u32 {
        self.batches.first().map_or(0, StoredBatch::position) + self.size
    }
}
