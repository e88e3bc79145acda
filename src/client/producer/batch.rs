//! `ProducerBatch`: records on their way to one partition, from the first `append` to the answer.

use bytes::Bytes;

use super::numbering::Stamp;
use crate::client::config::{Compression, ProducerConfig};
use crate::model::{LeaderEpoch, TopicPartition};
use crate::protocol::records::{BatchBuilder, Codec, HEADER_SIZE, Header, read_batches};
use crate::protocol::{Chunks, ErrorCode};
use crate::time::Instant;

/// How many keys a batch remembers for those who draw it.
pub const KEYS_SHOWN: usize = 24;

/// The most that a record's own fields take beside key, value and headers: lengths and deltas.
const RECORD_OVERHEAD: usize = 21;

/// One record as the producer appends it.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    pub key: Option<&'a Bytes>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header],
    /// Milliseconds since 1970.
    pub timestamp: i64,
}

impl RecordRef<'_> {
    /// No batch of this one record is larger than this many bytes.
    pub fn size_bound(&self) -> usize {
        let headers = self.headers.iter().map(|header| {
            let value = header.value.as_ref().map_or(0, Bytes::len);
            2 * 5 + header.key.len() + value
        });
        let key = self.key.map_or(0, Bytes::len);
        let value = self.value.map_or(0, <[u8]>::len);
        HEADER_SIZE + RECORD_OVERHEAD + key + value + headers.sum::<usize>()
    }
}

/// Why and until when a batch is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    pub at: Instant,
    pub error: ErrorCode,
}

/// A batch of records for one partition.
#[derive(Clone, Debug)]
pub struct ProducerBatch {
    pub partition: TopicPartition,
    /// When its first record was handed over: the delivery timeout counts from here.
    pub created_at: Instant,
    /// How many records it has.
    pub records: u32,
    /// How many bytes of `buffer.memory` it takes.
    pub memory: u64,
    /// How many times it was sent.
    pub attempts: u32,
    /// Set while it waits to be sent again.
    pub retry: Option<Retry>,
    /// The leader epoch that was known when it was sent last. A newer one ends its pause, also one that the
    /// very answer named (KIP-951).
    pub sent_in: LeaderEpoch,
    /// Its number, once it has left the accumulator; `None` of a producer that does not number.
    pub stamp: Option<Stamp>,
    /// Its number is not the one with which it was sent first.
    pub renumbered: bool,
    /// The application was told that it failed; whatever is answered now is too late.
    pub given_up: bool,
    keys: Vec<Option<Bytes>>,
    limit: usize,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// Takes more records.
    Open(BatchBuilder),
    /// Takes no more; its bytes as every attempt sends them.
    Closed(Chunks),
}

impl ProducerBatch {
    /// An empty batch that is full at `limit` bytes.
    pub fn new(
        partition: TopicPartition,
        created_at: Instant,
        limit: usize,
        memory: u64,
        config: &ProducerConfig,
    ) -> ProducerBatch {
        ProducerBatch {
            partition,
            created_at,
            records: 0,
            memory,
            attempts: 0,
            retry: None,
            sent_in: LeaderEpoch::NONE,
            stamp: None,
            renumbered: false,
            given_up: false,
            keys: Vec::new(),
            limit,
            body: Body::Open(BatchBuilder::new(codec(config.compression))),
        }
    }

    /// Adds a record and says by how many bytes the batch grew; `None` when there is no room.
    ///
    /// The first record always has room: a batch of one may be larger than `batch.size`.
    pub fn append(&mut self, record: RecordRef<'_>) -> Option<u64> {
        let Body::Open(builder) = &mut self.body else {
            return None;
        };
        let key = record.key.map(Bytes::as_ref);
        let (time, value, headers) = (record.timestamp, record.value, record.headers);
        let before = builder.size();
        // The bound is cheap and nearly always enough to know.
        if self.records > 0
            && before + record.size_bound() > self.limit
            && builder.size_with(time, key, value, headers) > self.limit
        {
            return None;
        }
        builder.append(time, key, value, headers);
        let grown = match self.records {
            0 => builder.size(),
            _ => builder.size() - before,
        };
        self.records += 1;
        if self.keys.len() < KEYS_SHOWN {
            self.keys.push(record.key.cloned());
        }
        Some(grown as u64)
    }

    /// Whether it takes no more records.
    pub fn is_full(&self) -> bool {
        match &self.body {
            Body::Open(builder) => self.records > 0 && builder.size() >= self.limit,
            Body::Closed(_) => true,
        }
    }

    /// How many bytes it takes now; less once it is compressed.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Open(builder) => builder.size(),
            Body::Closed(bytes) => bytes.len(),
        }
    }

    /// Takes no more records from now on.
    pub fn close(&mut self) {
        if let Body::Open(builder) = &mut self.body {
            let builder = std::mem::replace(builder, BatchBuilder::new(Codec::None));
            self.body = Body::Closed(builder.build_batch().to_chunks());
        }
    }

    /// Numbers it, or numbers it anew.
    pub fn number(&mut self, stamp: Stamp) {
        self.renumbered = self.stamp.is_some();
        self.stamp = Some(stamp);
        let (id, epoch) = (stamp.identity.id.0, stamp.identity.epoch.0);
        match &mut self.body {
            Body::Open(builder) => builder.set_producer(id, epoch, stamp.base_sequence),
            Body::Closed(bytes) => {
                let batches = read_batches(bytes).expect("a batch of this producer's own");
                let [batch] = batches.as_slice() else {
                    panic!("a batch is one batch");
                };
                *bytes = batch
                    .with_producer(id, epoch, stamp.base_sequence)
                    .to_chunks();
            }
        }
    }

    /// Its bytes.
    ///
    /// # Panics
    /// While it is open.
    pub fn bytes(&self) -> &Chunks {
        match &self.body {
            Body::Closed(bytes) => bytes,
            Body::Open(_) => panic!("a batch is closed before it is sent"),
        }
    }

    /// The keys of its first records, up to [`KEYS_SHOWN`]; `None` for a record without a key.
    pub fn keys(&self) -> &[Option<Bytes>] {
        &self.keys
    }
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::None => Codec::None,
        Compression::Gzip => Codec::Gzip,
        Compression::Snappy => Codec::Snappy,
        Compression::Lz4 => Codec::Lz4,
        Compression::Zstd => Codec::Zstd,
    }
}
