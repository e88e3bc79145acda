//! Record batches: what producers send, brokers store and consumers read.
//!
//! A batch is built once, by a producer, and then only moved: into the leader's log, from there to
//! followers and consumers, onto disk and back, always the same bytes. The leader changes only the
//! few bytes before the checksum's reach: the base offset and its epoch. So a stored batch is a fresh
//! 61-byte [`Batch::head`] before a shared [`Batch::body`], and whoever keeps batches shares memory
//! with whoever sent them.
//!
//! | bytes | field | in the CRC |
//! | --- | --- | --- |
//! | 0–7 | base offset, stamped by the leader | no |
//! | 8–11 | length of all that follows | no |
//! | 12–15 | leader epoch, stamped by the leader | no |
//! | 16 | magic, 2 | no |
//! | 17–20 | CRC-32C of everything behind it | no |
//! | 21–22 | attributes: codec, kind of timestamps, transactional, control | yes |
//! | 23–26 | last offset delta | yes |
//! | 27–42 | base and greatest timestamp | yes |
//! | 43–56 | producer id, producer epoch, base sequence | yes |
//! | 57–60 | number of records | yes |
//! | 61– | the records, compressed as one block | yes |
//!
//! Memory: a batch read from a frame keeps the whole frame's memory while it lives. Nobody can see
//! from a slice how large its backing is, so the rule that kept bytes pin at most twice their size is
//! the keeper's: who stores a batch smaller than half the frame it came in stores [`Batch::detached`].
//!
//! In reading order: `header` the 61 bytes · `batch` a header before a body · `record` the records and the walk over
//! them, of `varint`s · `builder` how a producer makes a batch · `compression`, with `gzip` · `describe` the fields,
//! for the wire inspector.
//!
//! Left out: message formats 0 and 1, whose batches are refused by their magic.

mod batch;
mod builder;
mod compression;
mod describe;
mod gzip;
mod header;
mod record;
mod varint;

pub use batch::{Batch, read_batches, read_whole_batches};
pub use builder::BatchBuilder;
pub use describe::{describe, describe_records};
pub use header::{BatchHeader, Codec, HEADER_SIZE};
pub use record::{HEADERS_LIMIT, Header, INFLATION_LIMIT, Record, Records};
