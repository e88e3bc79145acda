//! `Batch`: a header that can be restamped before a body that is shared.

use super::header::{BatchHeader, CHECKED_FROM, Codec, Flags, HEADER_SIZE, LENGTH_OVERHEAD, MAGIC};
use super::record::{INFLATION_LIMIT, Records};
use crate::model::{LeaderEpoch, Offset};
use crate::protocol::chunks::Chunks;
use crate::protocol::malformed::{Malformed, Reason};
use crate::protocol::reader::Reader;
use bytes::{Bytes, BytesMut};

/// A record batch as it travels and as it is stored.
///
/// Cloning shares the bytes. `header` is `head` read; the methods that change one change both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub header: BatchHeader,
    /// The header's 61 bytes.
    pub head: Bytes,
    /// The records, compressed or not.
    pub body: Bytes,
}

/// All batches in `bytes`, which must end with a whole one: for what producers send.
///
/// Looks only at lengths and magic; checksums and contents are for the caller to verify.
pub fn read_batches(bytes: &Chunks) -> Result<Vec<Batch>, Malformed> {
    let (batches, left) = split(bytes)?;
    match left {
        None => Ok(batches),
        Some(at) => Err(Malformed::new(Reason::Truncated, at)),
    }
}

/// The whole batches in `bytes`; a part of one at the end is ignored: for what was fetched, which a
/// broker cuts wherever its limit falls.
pub fn read_whole_batches(bytes: &Chunks) -> Result<Vec<Batch>, Malformed> {
    split(bytes).map(|(batches, _)| batches)
}

/// The shortest record of the older formats, which is how far the length can be trusted before the
/// magic is known.
const SMALLEST_OLD_RECORD: usize = 14;

/// The whole batches, and where a partial one begins, if there is one.
fn split(bytes: &Chunks) -> Result<(Vec<Batch>, Option<usize>), Malformed> {
    let mut batches = Vec::new();
    let mut reader = Reader::new(bytes);
    while reader.remaining() > 0 {
        let start = reader.position();
        let wrong = |reason| Malformed::new(reason, start);
        let available = reader.remaining();
        let head = reader.shared_bytes(available.min(HEADER_SIZE))?;
        if let Some(length) = head.get(8..LENGTH_OVERHEAD) {
            let length: [u8; 4] = length.try_into().expect("four bytes");
            let length = usize::try_from(i32::from_be_bytes(length));
            let magic = head.get(16).map(|magic| magic.cast_signed());
            match (length, magic) {
                (Ok(SMALLEST_OLD_RECORD..), None | Some(MAGIC)) => {}
                (Ok(SMALLEST_OLD_RECORD..), Some(0 | 1)) => return Err(wrong(Reason::OldMagic)),
                (Ok(SMALLEST_OLD_RECORD..), Some(_)) => return Err(wrong(Reason::UnknownMagic)),
                _ => return Err(wrong(Reason::InvalidBatch)),
            }
        }
        let Ok(parsed) = <&[u8; HEADER_SIZE]>::try_from(&head[..]) else {
            return Ok((batches, Some(start)));
        };
        let header = BatchHeader::parse(parsed);
        let length = LENGTH_OVERHEAD + usize::try_from(header.batch_length).unwrap_or(0);
        let Some(body) = length.checked_sub(HEADER_SIZE) else {
            return Err(wrong(Reason::InvalidBatch));
        };
        if body > reader.remaining() {
            return Ok((batches, Some(start)));
        }
        let body = reader.shared_bytes(body)?;
        batches.push(Batch { header, head, body });
    }
    Ok((batches, None))
}

impl Batch {
    /// A batch of a header and the records behind it; the header's length and checksum are made to
    /// fit.
    pub fn new(header: BatchHeader, body: Bytes) -> Batch {
        let length = HEADER_SIZE - LENGTH_OVERHEAD + body.len();
        let mut header = BatchHeader {
            batch_length: i32::try_from(length).expect("a batch is shorter than 2 GiB"),
            magic: MAGIC,
            ..header
        };
        header.crc = checksum(&header.to_bytes(), &body);
        Batch {
            header,
            head: Bytes::copy_from_slice(&header.to_bytes()),
            body,
        }
    }

    /// The header of a batch whose records are all gone, which says where its producer is in its sequence.
    pub fn emptied(header: &BatchHeader) -> Batch {
        let flags = Flags {
            codec: Codec::None,
            log_append_time: header.is_log_append_time(),
            transactional: header.is_transactional(),
            control: header.is_control(),
            delete_horizon: false,
        };
        let emptied = BatchHeader {
            base_timestamp: -1,
            records_count: 0,
            ..*header
        };
        Batch::new(emptied.with_flags(flags), Bytes::new())
    }

    /// How many bytes it takes, on the wire as in the log.
    pub fn size(&self) -> usize {
        HEADER_SIZE + self.body.len()
    }

    pub fn base_offset(&self) -> Offset {
        Offset(self.header.base_offset)
    }

    /// The offset of the last record, which may be gone.
    pub fn last_offset(&self) -> Offset {
        let delta = i64::from(self.header.last_offset_delta);
        Offset(self.header.base_offset.saturating_add(delta))
    }

    /// The offset behind the last record: where the next batch begins.
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }

    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.header.partition_leader_epoch)
    }

    /// That the bytes are those the producer sent. Covers everything from the attributes on; not the
    /// base offset, the length, the leader epoch and the magic.
    pub fn verify_crc(&self) -> Result<(), Malformed> {
        if checksum(&self.head, &self.body) == self.header.crc {
            return Ok(());
        }
        Err(Malformed::new(Reason::ChecksumMismatch, CHECKED_FROM))
    }

    /// The batch as a leader appends it: with its place in the log and the leader's epoch.
    ///
    /// A fresh head before the same body. Neither field is under the checksum, so that stays true.
    pub fn stamped(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Batch {
        self.with_header(BatchHeader {
            base_offset: base_offset.0,
            partition_leader_epoch: leader_epoch.0,
            ..self.header
        })
    }

    /// The batch with the broker's time for all its records, in milliseconds since 1970. This is
    /// under the checksum, which is made anew.
    pub fn with_log_append_time(&self, time: i64) -> Batch {
        let mut header = self.header.with_append_time(time);
        header.crc = checksum(&header.to_bytes(), &self.body);
        self.with_header(header)
    }

    /// The batch with this time as the greatest of its records, in milliseconds since 1970. The checksum is made
    /// anew, unless it says so already.
    pub fn with_max_timestamp(&self, time: i64) -> Batch {
        if self.header.max_timestamp == time {
            return self.clone();
        }
        let mut header = BatchHeader {
            max_timestamp: time,
            ..self.header
        };
        header.crc = checksum(&header.to_bytes(), &self.body);
        self.with_header(header)
    }

    /// The batch as of another producer, or with another number of the same one. The checksum is made
    /// anew.
    pub fn with_producer(&self, id: i64, epoch: i16, base_sequence: i32) -> Batch {
        let mut header = BatchHeader {
            producer_id: id,
            producer_epoch: epoch,
            base_sequence,
            ..self.header
        };
        header.crc = checksum(&header.to_bytes(), &self.body);
        self.with_header(header)
    }

    /// The records, decompressed if need be, as long as they do not inflate beyond 16 MiB.
    pub fn records(&self) -> Records {
        self.records_within(INFLATION_LIMIT)
    }

    /// The records, as long as they do not inflate beyond `limit` bytes.
    pub fn records_within(&self, limit: usize) -> Records {
        Records::new(self.header, self.inflated(limit))
    }

    /// The body without compression, as long as that is at most `limit` bytes.
    pub fn inflated(&self, limit: usize) -> Result<Bytes, Malformed> {
        super::compression::decompress(self.header.codec()?, &self.body, limit)
    }

    /// The same batch in memory of its own: keeping it keeps nothing else.
    pub fn detached(&self) -> Batch {
        let mut bytes = BytesMut::with_capacity(self.size());
        bytes.extend_from_slice(&self.head);
        bytes.extend_from_slice(&self.body);
        let mut bytes = bytes.freeze();
        let head = bytes.split_to(HEADER_SIZE);
        Batch {
            header: self.header,
            head,
            body: bytes,
        }
    }

    /// Adds the batch to `chunks` without copying it.
    pub fn write_to(&self, chunks: &mut Chunks) {
        chunks.push(self.head.clone());
        chunks.push(self.body.clone());
    }

    /// The batch's bytes, shared.
    pub fn to_chunks(&self) -> Chunks {
        let mut chunks = Chunks::new();
        self.write_to(&mut chunks);
        chunks
    }

    fn with_header(&self, header: BatchHeader) -> Batch {
        Batch {
            header,
            head: Bytes::copy_from_slice(&header.to_bytes()),
            body: self.body.clone(),
        }
    }
}

fn checksum(head: &[u8], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&head[CHECKED_FROM..]), body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::records::{BatchBuilder, Codec, Header};

    fn hex(text: &str) -> Bytes {
        let digits = (0..text.len()).step_by(2);
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
        digits.map(byte).collect()
    }

    const V1: &str = "00000000000000000000003a0000000002e99b8dd80000000000000000018bcfe568000000\
                      018bcfe56800ffffffffffffffffffffffffffff0000000110000000026b027600";
    const V3: &str = "000000000000002a00000047000000070296234aa90000000000010000018bcfe568000000\
                      018bcfe568050000000000000fa000000000000a000000021c000000046b31047631020268\
                      02780c000a02010100";
    const V4: &str = "000000000000002c00000042000000070244b6e9a00030000000000000018bcfe568640000\
                      018bcfe568640000000000000fa00000ffffffff000000012000000008000000010c000000\
                      00000300";

    const NOON: i64 = 1_700_000_000_000;

    fn one(bytes: Bytes) -> Batch {
        let mut batches = read_batches(&Chunks::from(bytes)).expect("whole batches");
        assert_eq!(batches.len(), 1);
        batches.remove(0)
    }

    #[test]
    fn a_plain_batch_is_the_vector() {
        let mut builder = BatchBuilder::new(Codec::None);
        assert_eq!(builder.size_with(NOON, Some(b"k"), Some(b"v"), &[]), 70);
        builder.append(NOON, Some(b"k"), Some(b"v"), &[]);
        assert_eq!(builder.size(), 70);
        builder.set_place(Offset(0), 0);
        assert_eq!(builder.build(), hex(V1));
    }

    #[test]
    fn an_idempotent_batch_is_the_vector() {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_producer(4000, 0, 10);
        let header = Header {
            key: "h".into(),
            value: Some(Bytes::from_static(b"x")),
        };
        builder.append(NOON, Some(b"k1"), Some(b"v1"), &[header]);
        builder.append(NOON + 5, None, None, &[]);
        let batch = builder.build_batch().stamped(Offset(42), LeaderEpoch(7));
        assert_eq!(batch.to_chunks().to_bytes(), hex(V3));
        assert_eq!(batch.header.last_sequence(), 11);
        assert_eq!(batch.next_offset(), Offset(44));
        let records: Vec<_> = batch
            .records()
            .map(|record| record.expect("valid"))
            .collect();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].offset, Offset(42));
        assert_eq!(records[0].key.as_deref(), Some(&b"k1"[..]));
        assert_eq!(&*records[0].headers[0].key, "h");
        assert_eq!(records[1].offset, Offset(43));
        assert_eq!(records[1].timestamp, NOON + 5);
        assert_eq!(records[1].value, None);
    }

    #[test]
    fn a_commit_marker_is_the_vector() {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_transactional();
        builder.set_control();
        builder.set_producer(4000, 0, -1);
        builder.set_place(Offset(44), 7);
        let (key, value) = ([0, 0, 0, 1], [0, 0, 0, 0, 0, 3]);
        builder.append(NOON + 100, Some(&key), Some(&value), &[]);
        assert_eq!(builder.build(), hex(V4));
        assert!(one(hex(V4)).header.is_control());
    }

    #[test]
    fn a_stamp_shares_the_body_and_keeps_the_checksum() {
        let batch = one(hex(V1));
        let stamped = batch.stamped(Offset(99), LeaderEpoch(3));
        assert_eq!(stamped.verify_crc(), Ok(()));
        assert_eq!(stamped.body.as_ptr(), batch.body.as_ptr());
        assert_eq!(stamped.base_offset(), Offset(99));
        assert_eq!(one(stamped.to_chunks().to_bytes()), stamped);
        assert_eq!(
            read_batches(&stamped.to_chunks()),
            Ok(vec![stamped.clone()])
        );
        let read = read_batches(&stamped.to_chunks())
            .expect("whole batches")
            .remove(0);
        assert_eq!(read.body.as_ptr(), batch.body.as_ptr());
        assert_eq!(read.head.as_ptr(), stamped.head.as_ptr());
    }

    #[test]
    fn the_brokers_time_is_every_records_time() {
        let batch = one(hex(V3)).with_log_append_time(NOON + 1000);
        assert_eq!(batch.verify_crc(), Ok(()));
        assert!(batch.header.is_log_append_time());
        for record in batch.records() {
            assert_eq!(record.expect("valid").timestamp, NOON + 1000);
        }
    }

    #[test]
    fn only_readers_of_a_cut_answer_ignore_a_partial_batch() {
        let both = [hex(V1), hex(V3)].concat();
        for length in 0..both.len() {
            let bytes = Chunks::from(both[..length].to_vec());
            let whole = match length {
                0..70 => 0,
                _ => 1,
            };
            let read = read_whole_batches(&bytes).expect("what is there is valid");
            assert_eq!(read.len(), whole);
            assert_eq!(read_batches(&bytes).is_ok(), length == 0 || length == 70);
        }
        assert_eq!(
            read_batches(&Chunks::from(both)).map(|read| read.len()),
            Ok(2)
        );
    }

    #[test]
    fn a_detached_batch_is_equal_and_elsewhere() {
        let batch = one(hex(V3));
        let detached = batch.detached();
        assert_eq!(detached, batch);
        assert_ne!(detached.body.as_ptr(), batch.body.as_ptr());
    }
}
