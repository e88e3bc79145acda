//! What a leader demands of a producer's batch before it enters the log.
//!
//! The order is that of Kafka's `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`. Records are
//! walked over where they lie; nothing is taken out of them.

use std::ops::RangeInclusive;

use crate::protocol::records::{Batch, BatchHeader, Codec, HEADERS_LIMIT, INFLATION_LIMIT};
use crate::protocol::{ErrorCode, Reason};
use crate::time::{Duration, Timestamp};

use super::config::{LogConfig, TimestampType};

/// How far a batch may inflate, in multiples of the largest batch, as long as readers would follow: a bomb stops here.
const INFLATION: usize = 16;

/// So many records are listed for which a batch was refused.
const LISTED: usize = 100;
/// Why a compacted topic does not take a record.
const KEYLESS: &str = "a compacted topic needs a key in every record";

/// Why a batch was refused: the code that the producer gets and the sentence beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub error: ErrorCode,
    pub why: &'static str,
    /// The records because of which it was, if it was because of records: their places in the batch, and what is
    /// wrong with each.
    ///
    /// Unlike Kafka, which lists all of them: the first hundred, for a small batch may hold millions.
    pub records: Vec<(i32, &'static str)>,
}

impl Refused {
    pub fn new(error: ErrorCode, why: &'static str) -> Refused {
        Refused {
            error,
            why,
            records: Vec::new(),
        }
    }
}

fn refuse<T>(error: ErrorCode, why: &'static str) -> Result<T, Refused> {
    Err(Refused::new(error, why))
}

/// Checks a batch that a producer sent; on success it may be appended. The greatest timestamp of its records, which
/// the batch should bear, whatever its producer has written there; −1 when none has a time.
///
/// Unlike Kafka, which takes records that nobody here could read: those with a header whose name is no UTF-8,
/// with more headers than [`HEADERS_LIMIT`], or with a time that no 64 bits hold, and those that inflate beyond
/// [`INFLATION_LIMIT`].
///
/// # Errors
/// CORRUPT_MESSAGE (2), MESSAGE_TOO_LARGE (10), RECORD_LIST_TOO_LARGE (18), INVALID_TIMESTAMP (32),
/// UNSUPPORTED_COMPRESSION_TYPE (76), INVALID_RECORD (87).
pub fn check_produced(
    batch: &Batch,
    wall: Timestamp,
    config: &LogConfig,
) -> Result<Timestamp, Refused> {
    let header = &batch.header;
    if header.base_offset != 0 {
        return refuse(ErrorCode::InvalidRecord, "a producer's offsets begin at 0");
    }
    if batch.size() > config.max_message_bytes as usize {
        let why = "the batch is larger than max.message.bytes";
        return refuse(ErrorCode::MessageTooLarge, why);
    }
    if batch.verify_crc().is_err() {
        return refuse(ErrorCode::CorruptMessage, "the checksum does not match");
    }
    let Ok(codec) = header.codec() else {
        let why = "the batch names an unknown codec";
        return refuse(ErrorCode::UnsupportedCompressionType, why);
    };
    if header.records_count <= 0 {
        return refuse(ErrorCode::InvalidRecord, "the batch has no records");
    }
    if i64::from(header.records_count) != i64::from(header.last_offset_delta) + 1 {
        let why = "the number of records does not match the last offset";
        return refuse(ErrorCode::InvalidRecord, why);
    }
    if header.is_idempotent() && header.base_sequence < 0 {
        let why = "a producer id needs a sequence number";
        return refuse(ErrorCode::InvalidRecord, why);
    }
    if header.is_control() {
        let why = "only brokers write control batches";
        return refuse(ErrorCode::InvalidRecord, why);
    }
    if header.is_log_append_time() {
        let why = "producers do not stamp the time of appending";
        return refuse(ErrorCode::InvalidTimestamp, why);
    }
    let latest = check_records(batch, codec, wall, config)?;
    if batch.size() > config.segment_bytes as usize {
        let why = "the batch is larger than segment.bytes";
        return refuse(ErrorCode::RecordListTooLarge, why);
    }
    Ok(latest)
}

fn check_records(
    batch: &Batch,
    codec: Codec,
    wall: Timestamp,
    config: &LogConfig,
) -> Result<Timestamp, Refused> {
    let inflated;
    let body = match codec {
        Codec::None => &batch.body,
        _ => {
            let limit = INFLATION.saturating_mul(config.max_message_bytes as usize);
            let limit = limit.min(INFLATION_LIMIT);
            inflated = batch.inflated(limit).map_err(|malformed| {
                let error = match malformed.reason {
                    Reason::InflatesTooFar => ErrorCode::MessageTooLarge,
                    _ => ErrorCode::CorruptMessage,
                };
                Refused::new(error, "the batch cannot be decompressed")
            })?;
            &inflated
        }
    };
    let mut walk = Walk { left: body };
    let (mut earliest, mut latest) = (i64::MAX, i64::MIN);
    let mut lacks_key = false;
    let none = Timestamp::NONE.0.checked_sub(batch.header.base_timestamp);
    for ordinal in 0..batch.header.records_count {
        let Some(seen) = walk.record() else {
            return refuse(ErrorCode::InvalidRecord, "a record does not fit its batch");
        };
        // Unlike Kafka, which renumbers such records in compressed batches and overlooks them in others.
        if seen.offset_delta != i64::from(ordinal) {
            let why = "the records are not numbered from 0 without gaps";
            return refuse(ErrorCode::InvalidRecord, why);
        }
        lacks_key |= seen.key == Key::Null;
        // It has no time, so there is nothing to hold against the clock.
        if none == Some(seen.timestamp_delta) {
            continue;
        }
        earliest = earliest.min(seen.timestamp_delta);
        latest = latest.max(seen.timestamp_delta);
    }
    if !walk.left.is_empty() {
        let why = "there are bytes behind the last record";
        return refuse(ErrorCode::InvalidRecord, why);
    }
    let demands = Demands::of(config, wall);
    let mut greatest = Timestamp::NONE;
    let mut are_fine = !(demands.keys && lacks_key);
    if earliest <= latest {
        let base = batch.header.base_timestamp;
        let times = [earliest, latest].map(|delta| base.checked_add(delta));
        let [Some(earliest), Some(latest)] = times else {
            return refuse(ErrorCode::InvalidRecord, "a timestamp is out of range");
        };
        // What is between two times that are fine is fine.
        are_fine &= demands.times.contains(&earliest) && demands.times.contains(&latest);
        greatest = greatest.max(Timestamp(latest));
    }
    match are_fine {
        true => Ok(greatest),
        false => Err(demands.refusal(&batch.header, body)),
    }
}

/// What is demanded of every record.
struct Demands {
    keys: bool,
    times: RangeInclusive<i64>,
}

impl Demands {
    fn of(config: &LogConfig, wall: Timestamp) -> Demands {
        // The older setting counts where the newer ones do not say.
        let allowed = |newer: Duration| {
            let older = config.message_timestamp_difference_max;
            match (newer, older) {
                (Duration::MAX, Duration::MAX) => i64::MAX,
                (Duration::MAX, span) | (span, _) => {
                    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
                }
            }
        };
        let (before, after) = (
            allowed(config.message_timestamp_before_max),
            allowed(config.message_timestamp_after_max),
        );
        let first = match before {
            i64::MAX => i64::MIN,
            before => wall.0.saturating_sub(before),
        };
        Demands {
            keys: config.cleanup_policy.compacts(),
            times: match config.message_timestamp_type {
                TimestampType::CreateTime => first..=wall.0.saturating_add(after),
                TimestampType::LogAppendTime => i64::MIN..=i64::MAX,
            },
        }
    }

    /// Which records do not meet them (`LogValidator.processRecordErrors`).
    fn refusal(&self, header: &BatchHeader, body: &[u8]) -> Refused {
        let mut refused = Refused::new(ErrorCode::InvalidRecord, KEYLESS);
        let mut walk = Walk { left: body };
        for ordinal in 0..header.records_count {
            let Some(seen) = walk.record() else {
                break;
            };
            let time = header.base_timestamp.saturating_add(seen.timestamp_delta);
            let why = if self.keys && seen.key == Key::Null {
                KEYLESS
            } else if !self.times.contains(&time) && time != Timestamp::NONE.0 {
                // Whatever else is wrong.
                refused.error = ErrorCode::InvalidTimestamp;
                refused.why = "a timestamp is too far from the broker's clock";
                refused.why
            } else {
                continue;
            };
            if refused.records.len() < LISTED {
                refused.records.push((ordinal, why));
            }
        }
        refused
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Null,
    Present,
}

struct Seen {
    timestamp_delta: i64,
    offset_delta: i64,
    key: Key,
}

/// Steps over records without taking anything out of them.
struct Walk<'a> {
    left: &'a [u8],
}

impl Walk<'_> {
    fn record(&mut self) -> Option<Seen> {
        let length = usize::try_from(self.varint()?).ok()?;
        let end = self.left.len().checked_sub(length)?;
        self.skip(1)?; // attributes: none are defined
        let timestamp_delta = self.varint()?;
        let offset_delta = self.varint()?;
        let key = match self.nullable()? {
            None => Key::Null,
            Some(()) => Key::Present,
        };
        self.nullable()?;
        let headers = usize::try_from(self.varint()?).ok()?;
        if headers > HEADERS_LIMIT {
            return None;
        }
        for _ in 0..headers {
            let name = usize::try_from(self.varint()?).ok()?;
            std::str::from_utf8(self.left.get(..name)?).ok()?;
            self.skip(name)?;
            self.nullable()?;
        }
        (self.left.len() == end).then_some(Seen {
            timestamp_delta,
            offset_delta,
            key,
        })
    }

    /// A zig-zag integer of at most ten bytes.
    fn varint(&mut self) -> Option<i64> {
        if let [byte @ 0..0x80, rest @ ..] = self.left {
            self.left = rest;
            return Some(i64::from(byte >> 1) ^ -i64::from(byte & 1));
        }
        let mut value: u64 = 0;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.left.split_first()?;
            self.left = rest;
            if shift == 63 && *byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        None
    }

    /// Bytes with their length before them; `Some(None)` is null.
    fn nullable(&mut self) -> Option<Option<()>> {
        match self.varint()? {
            -1 => Some(None),
            length => self.skip(usize::try_from(length).ok()?).map(Some),
        }
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.left = self.left.get(count..)?;
        Some(())
    }
}
