//! Batches and records as a tree of named fields with byte ranges.

use super::batch::{Batch, read_whole_batches};
use super::header::{BatchHeader, Codec, HEADER_SIZE};
use super::record::Records;
use super::varint::Cursor;
use crate::protocol::chunks::Chunks;
use crate::protocol::malformed::Malformed;
use crate::protocol::trace::Field;
use bytes::Bytes;

/// Describes the batches in `bytes`, which begin at `start` in their frame.
///
/// What is no batch, or only a part of one, becomes one field without meaning. Compressed records
/// are one field too: their bytes have no ranges in the frame; see [`describe_records`].
pub fn describe(bytes: &Chunks, start: usize) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.slice(at, bytes.len());
        let size = first_batch_size(&rest);
        let field = match read_whole_batches(&bytes.slice(at, at + size)).as_deref() {
            Ok([batch]) => describe_batch(batch, start + at),
            Ok(_) => leaf(
                "partial_batch",
                "bytes",
                format!("{rest:?}"),
                start + at,
                rest.len(),
            ),
            Err(error) => leaf(
                "no_batch",
                "bytes",
                error.to_string(),
                start + at,
                rest.len(),
            ),
        };
        at = field.end - start;
        fields.push(field);
    }
    fields
}

/// How many bytes the first batch claims, but no more than there are.
fn first_batch_size(bytes: &Chunks) -> usize {
    let head = bytes.slice(0, bytes.len().min(12)).to_bytes();
    let length: Option<[u8; 4]> = head.get(8..12).and_then(|length| length.try_into().ok());
    let length = length.and_then(|length| usize::try_from(i32::from_be_bytes(length)).ok());
    match length {
        Some(length) => bytes.len().min(length + 12),
        None => bytes.len(),
    }
}

/// Describes the records of a batch, decompressed if need be. Ranges count from the beginning of the
/// body without compression, which may have at most `limit` bytes.
pub fn describe_records(batch: &Batch, limit: usize) -> Result<Field, Malformed> {
    let body = batch.inflated(limit)?;
    Ok(records(&batch.header, &body, 0))
}

fn describe_batch(batch: &Batch, start: usize) -> Field {
    let mut children = describe_header(&batch.header, start);
    let at = start + HEADER_SIZE;
    if !batch.body.is_empty() {
        children.push(match batch.header.codec() {
            Ok(Codec::None) => records(&batch.header, &batch.body, at),
            codec => {
                let codec = codec.map_or("unknown codec", Codec::name);
                let value = format!("{} bytes compressed with {codec}", batch.body.len());
                leaf("records", "compressed records", value, at, batch.body.len())
            }
        });
    }
    let (first, last) = (batch.base_offset(), batch.last_offset());
    let checksum = match batch.verify_crc() {
        Ok(()) => "",
        Err(_) => ", wrong CRC",
    };
    Field {
        name: "batch".to_string(),
        kind: "record batch",
        value: format!("{first} to {last}{checksum}"),
        start,
        end: start + batch.size(),
        children,
    }
}

fn describe_header(header: &BatchHeader, start: usize) -> Vec<Field> {
    let attributes = format!("{} {}", header.attributes, header.attribute_words());
    let fields = [
        ("base_offset", "int64", 8, header.base_offset.to_string()),
        ("batch_length", "int32", 4, header.batch_length.to_string()),
        (
            "partition_leader_epoch",
            "int32",
            4,
            header.partition_leader_epoch.to_string(),
        ),
        ("magic", "int8", 1, header.magic.to_string()),
        ("crc", "uint32", 4, format!("{:08x}", header.crc)),
        ("attributes", "int16", 2, attributes),
        (
            "last_offset_delta",
            "int32",
            4,
            header.last_offset_delta.to_string(),
        ),
        (
            "base_timestamp",
            "int64",
            8,
            header.base_timestamp.to_string(),
        ),
        (
            "max_timestamp",
            "int64",
            8,
            header.max_timestamp.to_string(),
        ),
        ("producer_id", "int64", 8, header.producer_id.to_string()),
        (
            "producer_epoch",
            "int16",
            2,
            header.producer_epoch.to_string(),
        ),
        (
            "base_sequence",
            "int32",
            4,
            header.base_sequence.to_string(),
        ),
        (
            "records_count",
            "int32",
            4,
            header.records_count.to_string(),
        ),
    ];
    let mut at = start;
    let place = |(name, kind, size, value)| {
        let field = leaf(name, kind, value, at, size);
        at = field.end;
        field
    };
    fields.into_iter().map(place).collect()
}

/// The records in `body`, which begins at `start`; what does not read as records is one field.
fn records(header: &BatchHeader, body: &Bytes, start: usize) -> Field {
    let mut children = Vec::new();
    let mut walk = Records::new(*header, Ok(body.clone()));
    let mut at = 0;
    let mut wrong = None;
    while let Some(record) = walk.next() {
        match record {
            Ok(record) => {
                let end = walk.position();
                let mut fields = Tree::new(body, at, start);
                fields.record();
                children.push(Field {
                    name: format!("[{}]", children.len()),
                    kind: "record",
                    value: record.offset.to_string(),
                    start: start + at,
                    end: start + end,
                    children: fields.fields,
                });
                at = end;
            }
            Err(error) => wrong = Some(error.to_string()),
        }
    }
    if at < body.len() {
        let value = wrong.unwrap_or_default();
        children.push(leaf(
            "no_record",
            "bytes",
            value,
            start + at,
            body.len() - at,
        ));
    }
    Field {
        name: "records".to_string(),
        kind: "records",
        value: format!("{} records", header.records_count),
        start,
        end: start + body.len(),
        children,
    }
}

/// The fields of a record that is known to be valid, one behind the other.
struct Tree {
    cursor: Cursor,
    start: usize,
    fields: Vec<Field>,
}

impl Tree {
    fn new(body: &Bytes, at: usize, start: usize) -> Tree {
        Tree {
            cursor: Cursor {
                bytes: body.clone(),
                at,
            },
            start,
            fields: Vec::new(),
        }
    }

    fn record(&mut self) {
        self.varint("length");
        let attributes = self.cursor.byte().unwrap_or_default();
        self.add("attributes", "int8", attributes.to_string(), 1);
        self.varint("timestamp_delta");
        self.varint("offset_delta");
        self.bytes("key_length", "key");
        self.bytes("value_length", "value");
        for index in 0..self.varint("headers_count") {
            let start = self.start + self.cursor.at;
            let outer = std::mem::take(&mut self.fields);
            self.bytes("key_length", "key");
            self.bytes("value_length", "value");
            let children = std::mem::replace(&mut self.fields, outer);
            self.fields.push(Field {
                name: format!("header [{index}]"),
                kind: "record header",
                value: String::new(),
                start,
                end: self.start + self.cursor.at,
                children,
            });
        }
    }

    fn varint(&mut self, name: &str) -> i64 {
        let before = self.cursor.at;
        let value = self
            .cursor
            .varlong()
            .expect("the record has been read before");
        self.add(name, "varint", value.to_string(), self.cursor.at - before);
        value
    }

    fn bytes(&mut self, length_name: &str, name: &str) {
        if let Ok(length @ 1..) = usize::try_from(self.varint(length_name)) {
            let bytes = self
                .cursor
                .bytes
                .slice(self.cursor.at..self.cursor.at + length);
            self.cursor.at += length;
            let value = match std::str::from_utf8(&bytes) {
                Ok(text) => format!("{text:?}"),
                Err(_) => format!("{:?}", Chunks::from(bytes)),
            };
            self.add(name, "bytes", value, length);
        }
    }

    /// Adds a field that ends at the cursor.
    fn add(&mut self, name: &str, kind: &'static str, value: String, size: usize) {
        let start = self.start + self.cursor.at - size;
        self.fields.push(leaf(name, kind, value, start, size));
    }
}

fn leaf(name: &str, kind: &'static str, value: String, start: usize, size: usize) -> Field {
    Field {
        name: name.to_string(),
        kind,
        value,
        start,
        end: start + size,
        children: Vec::new(),
    }
}
