//! `BatchBuilder`: how a producer makes a batch, record by record.

use super::batch::Batch;
use super::compression::compress;
use super::header::{BatchHeader, Codec, Flags, HEADER_SIZE};
use super::record::{Content, Header};
use super::varint::varint_size;
use crate::model::Offset;
use crate::protocol::malformed::Malformed;
use bytes::{Bytes, BytesMut};

/// A batch that is still open.
///
/// A new batch has base offset 0, no leader epoch and no producer: what a plain producer sends.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    body: Vec<u8>,
    header: BatchHeader,
    flags: Flags,
    /// What timestamps are counted from, if not from the first record's.
    base_timestamp: Option<i64>,
}

impl BatchBuilder {
    /// An empty batch that will be compressed with `codec`.
    pub fn new(codec: Codec) -> BatchBuilder {
        BatchBuilder {
            body: Vec::new(),
            header: BatchHeader {
                base_offset: 0,
                batch_length: 0,
                partition_leader_epoch: -1,
                magic: 2,
                crc: 0,
                attributes: 0,
                last_offset_delta: -1,
                base_timestamp: -1,
                max_timestamp: -1,
                producer_id: -1,
                producer_epoch: -1,
                base_sequence: -1,
                records_count: 0,
            },
            flags: Flags {
                codec,
                log_append_time: false,
                transactional: false,
                control: false,
                delete_horizon: false,
            },
            base_timestamp: None,
        }
    }

    /// A batch that takes the place of another one in its log, with fewer records: what a cleaner writes. Whose
    /// it is, where it begins and how it is compressed stays; it may say until when its tombstones stay.
    ///
    /// # Errors
    /// When the other one names no codec.
    pub fn in_place_of(
        header: &BatchHeader,
        delete_horizon: Option<i64>,
    ) -> Result<BatchBuilder, Malformed> {
        let mut builder = BatchBuilder::new(header.codec()?);
        builder.header = BatchHeader {
            last_offset_delta: -1,
            base_timestamp: delete_horizon.unwrap_or(-1),
            max_timestamp: match header.is_log_append_time() {
                true => header.max_timestamp,
                false => -1,
            },
            records_count: 0,
            ..*header
        };
        builder.flags = Flags {
            log_append_time: header.is_log_append_time(),
            transactional: header.is_transactional(),
            control: header.is_control(),
            delete_horizon: delete_horizon.is_some(),
            ..builder.flags
        };
        builder.base_timestamp = delete_horizon;
        Ok(builder)
    }

    /// Names the producer, so that brokers can tell duplicates.
    pub fn set_producer(&mut self, id: i64, epoch: i16, base_sequence: i32) {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
    }

    /// Makes the batch part of its producer's transaction.
    pub fn set_transactional(&mut self) {
        self.flags.transactional = true;
    }

    /// Makes the batch a marker of Kafka's own.
    pub fn set_control(&mut self) {
        self.flags.control = true;
    }

    /// Gives the batch its place in a log, for those who write batches of their own or again.
    pub fn set_place(&mut self, base_offset: Offset, leader_epoch: i32) {
        self.header.base_offset = base_offset.0;
        self.header.partition_leader_epoch = leader_epoch;
    }

    /// Adds a record behind the last one. The time is in milliseconds since 1970.
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) {
        let offset_delta = self.header.last_offset_delta + 1;
        self.append_at(offset_delta, timestamp, key, value, headers);
    }

    /// Adds a record at a given distance from the base offset, leaving a gap behind the last one.
    ///
    /// # Panics
    /// If the distance is not above the last record's.
    pub fn append_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) {
        assert!(
            offset_delta > self.header.last_offset_delta,
            "offsets grow within a batch"
        );
        let content = self.content(offset_delta, timestamp, key, value, headers);
        if self.is_empty() {
            self.header.base_timestamp = self.base_timestamp.unwrap_or(timestamp);
        }
        self.header.last_offset_delta = offset_delta;
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        self.header.records_count += 1;
        content.write(&mut self.body);
    }

    /// Lets the batch end at a later offset than its last record: the record there is gone.
    pub fn set_last_offset_delta(&mut self, delta: i32) {
        self.header.last_offset_delta = self.header.last_offset_delta.max(delta);
    }

    /// How many bytes the batch takes so far, if compression gains nothing.
    pub fn size(&self) -> usize {
        HEADER_SIZE + self.body.len()
    }

    /// How many bytes the batch would take with one more record, if compression gains nothing.
    pub fn size_with(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) -> usize {
        let offset_delta = self.header.last_offset_delta + 1;
        let length = self
            .content(offset_delta, timestamp, key, value, headers)
            .length();
        self.size() + varint_size(super::record::length(length)) + length
    }

    /// How many records it has.
    pub fn count(&self) -> i32 {
        self.header.records_count
    }

    pub fn is_empty(&self) -> bool {
        self.header.records_count == 0
    }

    /// The batch.
    pub fn build_batch(self) -> Batch {
        let body = compress(self.flags.codec, self.body);
        Batch::new(self.header.with_flags(self.flags), body)
    }

    /// The batch as one piece of bytes.
    pub fn build(self) -> Bytes {
        let batch = self.build_batch();
        let mut bytes = BytesMut::with_capacity(batch.size());
        bytes.extend_from_slice(&batch.head);
        bytes.extend_from_slice(&batch.body);
        bytes.freeze()
    }

    fn content<'a>(
        &self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [Header],
    ) -> Content<'a> {
        let base = if self.is_empty() {
            self.base_timestamp.unwrap_or(timestamp)
        } else {
            self.header.base_timestamp
        };
        Content {
            timestamp_delta: timestamp.saturating_sub(base),
            offset_delta,
            key,
            value,
            headers,
        }
    }
}
