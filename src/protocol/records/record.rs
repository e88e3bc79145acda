//! Records, and the walk over those of a batch.

use super::header::BatchHeader;
use super::varint::{Cursor, put_varint, varint_size};
use crate::model::{Offset, Text};
use crate::protocol::malformed::{Malformed, Reason};
use bytes::Bytes;

/// How far the records of one batch may inflate unless the reader says otherwise.
pub const INFLATION_LIMIT: usize = 16 << 20;

/// One record of a partition, with the offset and the time it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: Offset,
    /// Milliseconds since 1970; −1 for none.
    pub timestamp: i64,
    /// What decides the partition and what compaction keeps the newest of.
    pub key: Option<Bytes>,
    /// The content; null deletes the key in a compacted topic.
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
}

/// A named value beside a record. Names may repeat, and order counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub key: Text,
    pub value: Option<Bytes>,
}

/// The records of a batch in order, each read when it is asked for.
///
/// Keys and values share the batch's memory, or that of its decompressed body. The first error is
/// the last item. Errors are also: fewer or more records than the batch says.
#[derive(Clone, Debug)]
pub struct Records {
    cursor: Cursor,
    header: BatchHeader,
    next: Next,
}

/// What the walk comes to next.
#[derive(Clone, Debug)]
enum Next {
    /// So many records.
    Records(u32),
    Error(Malformed),
    End,
}

impl Records {
    /// Walks over a body that is not compressed any more.
    pub(super) fn new(header: BatchHeader, body: Result<Bytes, Malformed>) -> Records {
        let (bytes, next) = match (body, u32::try_from(header.records_count)) {
            (Err(error), _) => (Bytes::new(), Next::Error(error)),
            (Ok(bytes), Ok(count)) => (bytes, Next::Records(count)),
            (Ok(bytes), Err(_)) => (bytes, Next::Error(Malformed::new(Reason::InvalidBatch, 0))),
        };
        Records {
            cursor: Cursor { bytes, at: 0 },
            header,
            next,
        }
    }
}

impl Records {
    /// How much of the body has been read.
    pub(super) fn position(&self) -> usize {
        self.cursor.at
    }
}

impl Iterator for Records {
    type Item = Result<Record, Malformed>;

    fn next(&mut self) -> Option<Result<Record, Malformed>> {
        let item = match std::mem::replace(&mut self.next, Next::End) {
            Next::Records(0) if self.cursor.remaining() == 0 => None,
            Next::Records(0) => Some(Err(self.cursor.error(Reason::TrailingBytes))),
            Next::Records(count) => {
                self.next = Next::Records(count - 1);
                Some(read(&mut self.cursor, &self.header))
            }
            Next::Error(error) => Some(Err(error)),
            Next::End => None,
        };
        if let Some(Err(_)) = item {
            self.next = Next::End;
        }
        item
    }
}

/// The shortest header: the length of an empty key and that of a null value.
const SMALLEST_HEADER: usize = 2;

/// More headers than this in one record are refused. Kafka has no such limit, but a few compressed
/// bytes can inflate to millions of empty headers, each of which takes memory here.
pub const HEADERS_LIMIT: usize = 1 << 16;

fn read(cursor: &mut Cursor, batch: &BatchHeader) -> Result<Record, Malformed> {
    let length = cursor.length()?;
    let end = cursor.at + length;
    let _attributes = cursor.byte()?;
    let timestamp_delta = cursor.varlong()?;
    let offset_delta = cursor.varint()?;
    let invalid = cursor.error(Reason::InvalidRecord);
    let timestamp = if batch.is_log_append_time() {
        batch.max_timestamp
    } else {
        batch
            .base_timestamp
            .checked_add(timestamp_delta)
            .ok_or(invalid)?
    };
    let offset = batch
        .base_offset
        .checked_add(i64::from(offset_delta))
        .ok_or(invalid)?;
    let key = cursor.nullable_bytes()?;
    let value = cursor.nullable_bytes()?;
    let count = cursor.varint()?;
    let count = usize::try_from(count).map_err(|_| cursor.error(Reason::NegativeLength))?;
    if count > cursor.remaining() / SMALLEST_HEADER {
        return Err(cursor.error(Reason::ImpossibleCount));
    }
    if count > HEADERS_LIMIT {
        return Err(cursor.error(Reason::Amplified));
    }
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        headers.push(read_header(cursor)?);
    }
    if cursor.at != end {
        return Err(cursor.error(Reason::InvalidRecord));
    }
    Ok(Record {
        offset: Offset(offset),
        timestamp,
        key,
        value,
        headers,
    })
}

fn read_header(cursor: &mut Cursor) -> Result<Header, Malformed> {
    let length = cursor.length()?;
    let key = &cursor.bytes[cursor.at..cursor.at + length];
    let key: Text = match std::str::from_utf8(key) {
        Ok(key) => key.into(),
        Err(_) => return Err(cursor.error(Reason::NotUtf8)),
    };
    cursor.at += length;
    let value = cursor.nullable_bytes()?;
    Ok(Header { key, value })
}

/// What a record holds besides its place in a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: &'a [Header],
}

impl Content<'_> {
    /// The length of the record without its own length.
    pub(super) fn length(&self) -> usize {
        let headers: usize = self.headers.iter().map(Header::size).sum();
        1 + varint_size(self.timestamp_delta)
            + varint_size(i64::from(self.offset_delta))
            + size(self.key)
            + size(self.value)
            + varint_size(length(self.headers.len()))
            + headers
    }

    pub(super) fn write(&self, target: &mut Vec<u8>) {
        put_varint(target, length(self.length()));
        target.push(0);
        put_varint(target, self.timestamp_delta);
        put_varint(target, i64::from(self.offset_delta));
        put_nullable(target, self.key);
        put_nullable(target, self.value);
        put_varint(target, length(self.headers.len()));
        for header in self.headers {
            put_nullable(target, Some(header.key.as_bytes()));
            put_nullable(target, header.value.as_deref());
        }
    }
}

impl Header {
    fn size(&self) -> usize {
        size(Some(self.key.as_bytes())) + size(self.value.as_deref())
    }
}

fn size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint_size(length(bytes.len())) + bytes.len())
}

fn put_nullable(target: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(target, -1),
        Some(bytes) => {
            put_varint(target, length(bytes.len()));
            target.extend_from_slice(bytes);
        }
    }
}

/// A length as the wire says it.
pub(super) fn length(length: usize) -> i64 {
    i64::try_from(length).expect("a length in memory fits 63 bits")
}
