//! Any bytes as record batches, with every codec.
//!
//! Batches are read, and judged as a leader judges what a producer sends. What it takes can be read by everybody, is
//! numbered as it says and has the time that the leader found; the log that takes it gives it back, so does a
//! follower's; it survives cleaning as far as it must; and whatever a batch claims, none of this takes more memory
//! than the limits allow. The first byte says how the batches are made, the second how the topic is set up.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_playground::log::validate::check_produced;
use kafka_playground::log::{CleanupPolicy, Log, LogConfig, TimestampType};
use kafka_playground::model::{LeaderEpoch, Offset};
use kafka_playground::protocol::Chunks;
use kafka_playground::protocol::records::{
    Batch, BatchBuilder, BatchHeader, Codec, HEADER_SIZE, Header, Record, describe,
    describe_records, read_batches, read_whole_batches,
};
use kafka_playground::time::{Duration, Timestamp};

use crate::memory::peak_of;

/// How batches are made of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// They are the bytes.
    AsTheyAre,
    /// Each is a length of two bytes, a header and a body. Its length, its checksum and its offset are made right, for
    /// nothing gets any further without, and nobody guesses a checksum.
    Right,
    /// Each is a codec and then records, of which a producer makes the batch.
    ByAProducer,
}

impl Made {
    pub const ALL: [Made; 3] = [Made::AsTheyAre, Made::Right, Made::ByAProducer];
}

const WALL: Timestamp = Timestamp(1_700_000_000_000);
/// How far readers let a batch inflate here, and what they may take for that.
const LIMIT: usize = 1 << 20;
const ALLOWANCE: usize = 24 << 20;

/// Looks at bytes.
///
/// # Panics
/// When something does not hold.
pub fn look(data: &[u8]) {
    let Some(([made, topic], rest)) = data.split_first_chunk() else {
        return;
    };
    let config = config(*topic);
    let batches = match Made::ALL[usize::from(*made) % Made::ALL.len()] {
        Made::AsTheyAre => as_they_are(rest),
        Made::Right => right(rest),
        Made::ByAProducer => by_a_producer(rest),
    };
    for batch in &batches {
        is_described(batch);
        is_read_in_little_memory(batch);
    }
    is_kept(&batches, &config);
}

fn config(bits: u8) -> LogConfig {
    let has = |bit: u8| bits & 1 << bit != 0;
    LogConfig {
        cleanup_policy: match (has(0), has(1)) {
            (false, false) => CleanupPolicy::Delete,
            (true, false) => CleanupPolicy::CompactAndDelete,
            (_, true) => CleanupPolicy::Compact,
        },
        message_timestamp_type: match has(2) {
            true => TimestampType::LogAppendTime,
            false => TimestampType::CreateTime,
        },
        // How much a batch may inflate hangs on this.
        max_message_bytes: if has(3) { 300 } else { 60_000 },
        segment_bytes: if has(4) { 200 } else { 1 << 30 },
        message_timestamp_after_max: match has(5) {
            true => Duration::from_secs(3_600),
            false => Duration::MAX,
        },
        delete_retention: match has(6) {
            true => Duration::ZERO,
            false => Duration::from_secs(60),
        },
        ..LogConfig::default()
    }
}

fn as_they_are(bytes: &[u8]) -> Vec<Batch> {
    let chunks = Chunks::from(bytes.to_vec());
    let fetched = read_whole_batches(&chunks);
    let produced = read_batches(&chunks);
    if let Ok(produced) = &produced {
        assert_eq!(Ok(produced), fetched.as_ref());
        let mut written = Chunks::new();
        produced
            .iter()
            .for_each(|batch| batch.write_to(&mut written));
        assert_eq!(written, chunks);
    }
    describe(&chunks, 0);
    fetched.unwrap_or_default()
}

fn right(mut bytes: &[u8]) -> Vec<Batch> {
    let mut batches = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)) + HEADER_SIZE;
        let (one, rest) = rest.split_at(length.min(rest.len()));
        bytes = rest;
        let Some((head, body)) = one.split_first_chunk::<HEADER_SIZE>() else {
            break;
        };
        let header = BatchHeader {
            base_offset: 0,
            ..BatchHeader::parse(head)
        };
        let batch = Batch::new(header, Bytes::copy_from_slice(body));
        assert_eq!(batch.verify_crc(), Ok(()));
        assert_eq!(read_batches(&batch.to_chunks()), Ok(vec![batch.clone()]));
        batches.push(batch);
    }
    batches
}

/// Bytes that are taken from the front one after the other, and nothing but zeros behind their end.
struct Bits<'a>(&'a [u8]);

impl<'a> Bits<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn some(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte());
        if length == 0 {
            return None;
        }
        let (some, rest) = self.0.split_at((length - 1).min(self.0.len()));
        self.0 = rest;
        Some(some)
    }

    fn time(&mut self) -> i64 {
        match self.byte() {
            0xff => i64::MAX,
            0xfe => i64::MIN,
            0xfd => -1,
            0xfc => 0,
            other => WALL.0 + (i64::from(other) - 100) * 60_000,
        }
    }

    fn record(&mut self, offset: usize) -> Record {
        let timestamp = self.time();
        let key = self.some().map(Bytes::copy_from_slice);
        let value = self.some().map(Bytes::copy_from_slice);
        let headers = (0..self.byte() % 4).map(|_| Header {
            key: String::from_utf8_lossy(self.some().unwrap_or_default()).into(),
            value: self.some().map(Bytes::copy_from_slice),
        });
        Record {
            offset: Offset(offset as i64),
            timestamp,
            key,
            value,
            headers: headers.collect(),
        }
    }
}

/// A producer makes batches, and what it wrote is read.
fn by_a_producer(bytes: &[u8]) -> Vec<Batch> {
    let mut bits = Bits(bytes);
    let mut batches = Vec::new();
    while !bits.0.is_empty() {
        let first = bits.byte();
        let codec = Codec::ALL[usize::from(first) % Codec::ALL.len()];
        let mut builder = BatchBuilder::new(codec);
        if first >= 128 {
            builder.set_producer(i64::from(first & 3), 0, i32::from(bits.byte()) - 1);
        }
        let mut records: Vec<Record> = Vec::new();
        let most = bits.byte() % 8;
        for _ in 0..most {
            if bits.0.is_empty() {
                break;
            }
            let record = bits.record(records.len());
            // A producer tells times by their distance from its first.
            let first = records.first().unwrap_or(&record);
            if record.timestamp.checked_sub(first.timestamp).is_none() {
                continue;
            }
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            builder.append(record.timestamp, key, value, &record.headers);
            records.push(record);
        }
        let batch = builder.build_batch();
        assert_eq!(batch.verify_crc(), Ok(()));
        let read: Result<Vec<Record>, _> = batch.records().collect();
        assert_eq!(read.as_ref(), Ok(&records), "what was written is read");
        batches.push(batch);
    }
    batches
}

fn is_described(batch: &Batch) {
    for field in describe(&batch.to_chunks(), 3) {
        crate::tiles::is_tiled(&field);
    }
    if let Ok(field) = describe_records(batch, LIMIT) {
        crate::tiles::is_tiled(&field);
    }
}

fn is_read_in_little_memory(batch: &Batch) {
    let (_, peak) = peak_of(|| batch.records_within(LIMIT).count());
    assert!(peak < ALLOWANCE, "{peak} bytes");
    let Ok(codec) = batch.header.codec() else {
        return;
    };
    let records: Result<Vec<Record>, _> = batch.records_within(LIMIT).collect();
    let Ok(records) = records else {
        return;
    };
    // Written once more, it is read to the same, though a codec may have been told to say it in other bytes.
    if batch.header.is_log_append_time() || records.is_empty() {
        return;
    }
    let mut builder = BatchBuilder::new(codec);
    let mut last = -1;
    for record in &records {
        let delta = record.offset.0 - batch.header.base_offset;
        let distance = record.timestamp.checked_sub(records[0].timestamp);
        // In a log they grow; in what a stranger sends they need not.
        let (Ok(delta), Some(_)) = (i32::try_from(delta), distance) else {
            return;
        };
        if delta <= last {
            return;
        }
        last = delta;
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.append_at(delta, record.timestamp, key, value, &record.headers);
    }
    builder.set_place(batch.base_offset(), batch.header.partition_leader_epoch);
    let again: Result<Vec<Record>, _> = builder.build_batch().records().collect();
    assert_eq!(again, Ok(records));
}

/// A leader takes what it may take, a follower copies it, and what compaction leaves is the last of every key.
fn is_kept(batches: &[Batch], config: &LogConfig) {
    let mut log = Log::new(Offset(0), WALL);
    let mut follower = Log::new(Offset(0), WALL);
    log.begin_epoch(LeaderEpoch(1));
    let mut expected: Vec<Record> = Vec::new();
    for batch in batches {
        let (judged, peak) = peak_of(|| check_produced(batch, WALL, config));
        assert!(peak < ALLOWANCE, "{peak} bytes");
        let Ok(latest) = judged else {
            continue;
        };
        let records: Result<Vec<Record>, _> = batch.records().collect();
        let records = records.expect("what is taken can be read");
        let offsets = records.iter().map(|record| record.offset.0);
        assert!(offsets.eq(0..i64::from(batch.header.records_count)));
        let greatest = records.iter().map(|record| record.timestamp).max();
        assert_eq!(greatest.map(|time| time.max(-1)), Some(latest.0));
        match log.producers().check(&batch.header, config.planted) {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => continue,
        }
        let batch = batch.with_max_timestamp(latest.0);
        let appended = log.append_as_leader(&batch, LeaderEpoch(1), WALL, config);
        let base = appended.base_offset;
        assert_eq!(appended.next_offset, base + records.len() as i64);
        expected.extend(records.into_iter().map(|record| Record {
            offset: base + record.offset.0,
            timestamp: match config.message_timestamp_type {
                TimestampType::CreateTime => record.timestamp,
                TimestampType::LogAppendTime => WALL.0,
            },
            ..record
        }));
    }
    assert_eq!(log.end(), Offset(expected.len() as i64));
    assert_eq!(content(&log), expected, "what was appended is read");
    let stored: Vec<Batch> = log
        .batches(Offset(0), log.end())
        .map(|stored| stored.batch())
        .collect();
    for batch in &stored {
        assert_eq!(batch.verify_crc(), Ok(()));
        let sent = read_whole_batches(&batch.to_chunks()).expect("it is whole");
        let copied = follower.append_as_follower(&sent[0], WALL, config);
        assert!(copied.is_some(), "it follows the one before");
    }
    assert_eq!(content(&follower), expected);
    assert_eq!(follower.producers(), log.producers());
    for record in &expected {
        let found = log.find_by_timestamp(Timestamp(record.timestamp));
        assert!(found.is_some_and(|found| found.offset <= record.offset));
    }
    if config.cleanup_policy.compacts() {
        is_compacted(&mut log, &expected, config);
    }
    let middle = Offset(expected.len() as i64 / 2);
    let end = follower.truncate_to(middle, WALL);
    assert!(end <= middle);
    assert_eq!(content(&follower), expected[..end.0 as usize]);
}

/// Twice, so that what was cleaned is cleaned again.
fn is_compacted(log: &mut Log, expected: &[Record], config: &LogConfig) {
    for _ in 0..2 {
        let dirt = log.dirt(log.end(), WALL, config);
        let until = dirt.until;
        let cleaned = log.clean(&dirt, 3, WALL, config);
        let left = content(log);
        let mut last: BTreeMap<&[u8], &Record> = BTreeMap::new();
        for record in expected {
            last.insert(record.key.as_deref().expect("all have keys"), record);
        }
        for record in last.values() {
            // A tombstone may go once it was seen to be one.
            let may_go = record.value.is_none() && record.offset < cleaned.until;
            let stays = left.iter().any(|one| one == *record);
            assert!(stays || may_go, "{record:?} is gone, up to {until:?}");
        }
        assert!(left.iter().all(|one| expected.contains(one)));
        let stays = |record: &&Record| record.offset >= cleaned.until;
        assert!(expected.iter().filter(stays).all(|one| left.contains(one)));
        for stored in log.batches(Offset(0), log.end()) {
            assert_eq!(stored.batch().verify_crc(), Ok(()));
        }
    }
}

fn content(log: &Log) -> Vec<Record> {
    let batches = log.batches(log.start(), log.end());
    let records = batches.flat_map(|stored| stored.batch().records());
    let records: Result<Vec<Record>, _> = records.collect();
    records.expect("what is in a log can be read")
}
