//! The 61 bytes that describe a batch without opening it.

use crate::protocol::malformed::{Malformed, Reason};

/// The length of a batch's header.
pub const HEADER_SIZE: usize = 61;

/// Where the batch length's count begins: behind the base offset and the length itself.
pub(super) const LENGTH_OVERHEAD: usize = 12;

/// Where the checksum's reach begins.
pub(super) const CHECKED_FROM: usize = 21;

/// The only format of batches here.
pub(super) const MAGIC: i8 = 2;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// The header of a batch, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record, whether or not it is still there.
    pub base_offset: i64,
    /// The length of the batch without this field and the one before it.
    pub batch_length: i32,
    /// The epoch of the leader that appended the batch.
    pub partition_leader_epoch: i32,
    pub magic: i8,
    /// CRC-32C of everything behind it.
    pub crc: u32,
    pub attributes: i16,
    /// The last record's offset less the base offset, whether or not that record is still there.
    pub last_offset_delta: i32,
    /// What the records' timestamps are counted from: the first record's, when the batch was made.
    pub base_timestamp: i64,
    /// The greatest timestamp of a record; the time of appending, if timestamps are the broker's.
    pub max_timestamp: i64,
    /// Who wrote it, for detecting duplicates; −1 for nobody in particular.
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// The number of the first record in its producer's sequence; −1 for none.
    pub base_sequence: i32,
    pub records_count: i32,
}

impl Codec {
    pub const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    /// The number in the attributes.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The codec with this number.
    pub fn from_code(code: i16) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.code() == code)
    }

    /// Kafka's name, as in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

const CODEC: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

impl BatchHeader {
    /// Reads the fields as they are, without judging them.
    pub fn parse(head: &[u8; HEADER_SIZE]) -> BatchHeader {
        BatchHeader {
            base_offset: i64::from_be_bytes(part(head, 0)),
            batch_length: i32::from_be_bytes(part(head, 8)),
            partition_leader_epoch: i32::from_be_bytes(part(head, 12)),
            magic: i8::from_be_bytes(part(head, 16)),
            crc: u32::from_be_bytes(part(head, 17)),
            attributes: i16::from_be_bytes(part(head, 21)),
            last_offset_delta: i32::from_be_bytes(part(head, 23)),
            base_timestamp: i64::from_be_bytes(part(head, 27)),
            max_timestamp: i64::from_be_bytes(part(head, 35)),
            producer_id: i64::from_be_bytes(part(head, 43)),
            producer_epoch: i16::from_be_bytes(part(head, 51)),
            base_sequence: i32::from_be_bytes(part(head, 53)),
            records_count: i32::from_be_bytes(part(head, 57)),
        }
    }

    /// Writes the fields as they are.
    pub fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut head = [0; HEADER_SIZE];
        put(&mut head, 0, self.base_offset.to_be_bytes());
        put(&mut head, 8, self.batch_length.to_be_bytes());
        put(&mut head, 12, self.partition_leader_epoch.to_be_bytes());
        put(&mut head, 16, self.magic.to_be_bytes());
        put(&mut head, 17, self.crc.to_be_bytes());
        put(&mut head, 21, self.attributes.to_be_bytes());
        put(&mut head, 23, self.last_offset_delta.to_be_bytes());
        put(&mut head, 27, self.base_timestamp.to_be_bytes());
        put(&mut head, 35, self.max_timestamp.to_be_bytes());
        put(&mut head, 43, self.producer_id.to_be_bytes());
        put(&mut head, 51, self.producer_epoch.to_be_bytes());
        put(&mut head, 53, self.base_sequence.to_be_bytes());
        put(&mut head, 57, self.records_count.to_be_bytes());
        head
    }

    /// How the records are compressed. Three of the eight numbers mean nothing.
    pub fn codec(&self) -> Result<Codec, Malformed> {
        let unknown = Malformed::new(Reason::UnknownCodec, CHECKED_FROM);
        Codec::from_code(self.attributes & CODEC).ok_or(unknown)
    }

    /// Whether timestamps are the broker's: then every record has the batch's greatest timestamp.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// Whether the batch belongs to a transaction, so that it counts only once that is committed.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Until when the tombstones in the batch must stay, once it has been cleaned. Then the timestamps of its records
    /// are counted from this.
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// Whether the batch is a marker of Kafka's own, which applications never see.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether the base timestamp says instead when the cleaner may drop the batch's tombstones.
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON != 0
    }

    /// Whether duplicates of it can be told: it names its producer.
    pub fn is_idempotent(&self) -> bool {
        self.producer_id >= 0
    }

    /// The number of the last record in its producer's sequence, which runs from 0 to the largest
    /// 32-bit integer and begins again at 0; −1 if there is none.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        let wrapped = last.rem_euclid(i64::from(i32::MAX) + 1);
        i32::try_from(wrapped).expect("a sequence number wraps below 2^31")
    }

    /// The attributes as a list of words.
    pub fn attribute_words(&self) -> String {
        let codec = self.codec().map_or("unknown codec", Codec::name);
        let flags = [
            (self.is_log_append_time(), "log append time"),
            (self.is_transactional(), "transactional"),
            (self.is_control(), "control"),
            (self.has_delete_horizon(), "delete horizon"),
        ];
        let mut words = vec![codec];
        words.extend(flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word));
        words.join(", ")
    }

    pub(super) fn with_flags(self, flags: Flags) -> BatchHeader {
        let mut attributes = flags.codec.code();
        for (set, bit) in [
            (flags.log_append_time, LOG_APPEND_TIME),
            (flags.transactional, TRANSACTIONAL),
            (flags.control, CONTROL),
            (flags.delete_horizon, DELETE_HORIZON),
        ] {
            attributes |= if set { bit } else { 0 };
        }
        BatchHeader { attributes, ..self }
    }

    pub(super) fn with_append_time(self, time: i64) -> BatchHeader {
        BatchHeader {
            attributes: self.attributes | LOG_APPEND_TIME,
            max_timestamp: time,
            ..self
        }
    }
}

/// The attributes of a batch that is being built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags {
    pub(super) codec: Codec,
    pub(super) log_append_time: bool,
    pub(super) transactional: bool,
    pub(super) control: bool,
    pub(super) delete_horizon: bool,
}

fn part<const N: usize>(head: &[u8; HEADER_SIZE], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&head[at..at + N]);
    part
}

fn put<const N: usize>(head: &mut [u8; HEADER_SIZE], at: usize, part: [u8; N]) {
    head[at..at + N].copy_from_slice(&part);
}
