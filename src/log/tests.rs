//! What a log promises, tried on logs with small segments.

use super::*;
use crate::model::LeaderEpoch;
use crate::protocol::ErrorCode;
use crate::protocol::records::{Batch, BatchBuilder, Codec, read_whole_batches};

const EPOCH: LeaderEpoch = LeaderEpoch(0);

/// A batch of records with these timestamps, as a producer sends it.
fn batch(timestamps: &[i64]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    for timestamp in timestamps {
        builder.append(*timestamp, Some(b"key"), Some(&[b'v'; 20]), &[]);
    }
    builder.build_batch()
}

fn small_segments() -> LogConfig {
    LogConfig {
        segment_bytes: 1_000,
        index_interval_bytes: 200,
        ..LogConfig::default()
    }
}

fn log_of(batches: usize, config: &LogConfig) -> Log {
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    for at in 0..batches {
        let at = at as i64 * 10;
        log.append_as_leader(&batch(&[at, at + 1, at + 2]), EPOCH, Timestamp(at), config);
    }
    log
}

fn offsets(read: &ReadRecords) -> Vec<i64> {
    let batches = read_whole_batches(&read.records).expect("stored batches");
    batches.iter().map(|batch| batch.base_offset().0).collect()
}

#[test]
fn a_leader_gives_consecutive_offsets_and_its_epoch() {
    let config = LogConfig::default();
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    for (epoch, expected) in [(0, 0), (0, 2), (3, 4)] {
        let appended =
            log.append_as_leader(&batch(&[1, 2]), LeaderEpoch(epoch), Timestamp(5), &config);
        assert_eq!(appended.base_offset, Offset(expected));
        assert_eq!(appended.append_time, Timestamp::NONE);
    }
    assert_eq!(log.end(), Offset(6));
    let stored: Vec<_> = log.batches(Offset(0), Offset(6)).collect();
    assert_eq!(stored.len(), 3);
    for stored in &stored {
        assert!(
            stored.batch().verify_crc().is_ok(),
            "stamping spares the checksum"
        );
    }
    let epochs: Vec<_> = log.epochs().entries().iter().collect();
    assert_eq!(epochs.len(), 2);
    assert_eq!(
        (epochs[1].epoch, epochs[1].start),
        (LeaderEpoch(3), Offset(4))
    );
}

#[test]
fn a_topic_may_take_the_time_from_its_leader() {
    let config = LogConfig {
        message_timestamp_type: TimestampType::LogAppendTime,
        ..LogConfig::default()
    };
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    let appended = log.append_as_leader(&batch(&[1, 2]), EPOCH, Timestamp(77), &config);
    assert_eq!(appended.append_time, Timestamp(77));
    let stored = log
        .batches(Offset(0), Offset(9))
        .next()
        .expect("a batch")
        .batch();
    assert!(stored.verify_crc().is_ok());
    let times: Vec<_> = stored
        .records()
        .map(|record| record.expect("a record").timestamp)
        .collect();
    assert_eq!(times, [77, 77]);
}

#[test]
fn a_follower_stores_the_bytes_of_its_leader() {
    let config = small_segments();
    let leader = log_of(10, &config);
    let mut follower = Log::new(Offset::ZERO, Timestamp(0));
    while follower.end() < leader.end() {
        let read = leader
            .read(follower.end(), leader.end(), 250, AtLeastOne::Batch)
            .expect("in range");
        for batch in read_whole_batches(&read.records).expect("stored batches") {
            assert!(
                follower
                    .append_as_follower(&batch, Timestamp(9), &config)
                    .is_some()
            );
        }
    }
    let bytes = |log: &Log| -> Vec<Chunked> {
        log.batches(Offset(0), log.end())
            .map(StoredBatch::bytes)
            .collect()
    };
    assert_eq!(bytes(&leader), bytes(&follower));
    assert_eq!(leader.epochs(), follower.epochs());
    let stale = leader
        .batches(Offset(0), Offset(1))
        .next()
        .expect("a batch")
        .batch();
    assert_eq!(
        follower.append_as_follower(&stale, Timestamp(9), &config),
        None
    );
}

type Chunked = crate::protocol::Chunks;

#[test]
fn a_read_returns_whole_batches_from_the_one_that_holds_the_offset() {
    let log = log_of(5, &LogConfig::default());
    let size = batch(&[0, 1, 2]).size() as u32;
    let read = |from: i64, until: i64, limit: u32, least: AtLeastOne| {
        log.read(Offset(from), Offset(until), limit, least)
            .map(|read| (offsets(&read), read.records.len() as u32))
    };
    use AtLeastOne::{Batch, Nothing};
    let table = [
        // from, until, limit, at least, batches, bytes
        (0, 15, u32::MAX, Nothing, vec![0, 3, 6, 9, 12], 5 * size),
        (4, 15, u32::MAX, Nothing, vec![3, 6, 9, 12], 4 * size),
        (4, 9, u32::MAX, Nothing, vec![3, 6], 2 * size),
        (4, 15, 2 * size + 5, Nothing, vec![3, 6], 2 * size + 5),
        (4, 15, 5, Batch, vec![3], size),
        (4, 15, 0, Batch, vec![3], size),
        (4, 15, 0, Nothing, vec![], 0),
        (15, 15, u32::MAX, Batch, vec![], 0),
        (12, 9, u32::MAX, Batch, vec![], 0),
    ];
    for (from, until, limit, least, batches, bytes) in table {
        let found = read(from, until, limit, least);
        assert_eq!(found, Ok((batches, bytes)), "{from}..{until} limit {limit}");
    }
    assert_eq!(read(16, 15, 9, Batch), Err(OutOfRange));
    assert_eq!(read(-1, 15, 9, Batch), Err(OutOfRange));
    let cut = log
        .read(Offset(0), Offset(15), 5, Nothing)
        .expect("in range");
    assert!(cut.first_batch_is_cut);
}

#[test]
fn a_read_stays_in_one_segment_but_skips_what_is_exhausted() {
    let log = log_of(20, &small_segments());
    assert!(log.segments().len() > 2);
    let second = log
        .segments()
        .nth(1)
        .expect("a second segment")
        .base_offset();
    let read = log
        .read(Offset(0), log.end(), u32::MAX, AtLeastOne::Batch)
        .expect("in range");
    let last = offsets(&read).last().copied();
    assert_eq!(last, Some(second.0 - 3));
    let read = log
        .read(second, log.end(), u32::MAX, AtLeastOne::Batch)
        .expect("in range");
    assert_eq!(offsets(&read)[0], second.0);
    assert_eq!(
        read.place,
        Place {
            offset: second,
            segment: second,
            position: 0
        }
    );
}

#[test]
fn every_offset_is_found_in_a_long_log() {
    let log = log_of(
        3_000,
        &LogConfig {
            segment_bytes: 200_000,
            ..LogConfig::default()
        },
    );
    assert!(log.segments().len() > 1);
    for offset in 0..log.end().0 {
        let found = log
            .batches(Offset(offset), log.end())
            .next()
            .expect("a batch");
        assert_eq!(found.base_offset().0, offset / 3 * 3);
    }
    let index: Vec<_> = log
        .segments()
        .next()
        .expect("a segment")
        .offset_index()
        .copied()
        .collect();
    assert!(index.len() > 10);
    for pair in index.windows(2) {
        assert!(pair[1].position - pair[0].position >= 4_096);
    }
    for entry in &index {
        let batch = log
            .batches(entry.offset, log.end())
            .next()
            .expect("a batch");
        assert_eq!(
            (batch.position(), batch.last_offset()),
            (entry.position, entry.offset)
        );
    }
}

#[test]
fn a_segment_rolls_when_full_or_old() {
    let size = batch(&[0]).size() as u32;
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    let config = LogConfig {
        segment_bytes: 2 * size,
        segment: crate::time::Duration::from_millis(100),
        ..LogConfig::default()
    };
    let mut append = |at: i64| {
        log.append_as_leader(&batch(&[at]), EPOCH, Timestamp(at), &config)
            .rolled
    };
    assert_eq!(append(1_000), None);
    assert_eq!(append(1_000), None, "exactly full");
    assert_eq!(append(1_000), Some(Offset(2)), "by size");
    assert_eq!(
        append(1_101),
        Some(Offset(3)),
        "by the time of the first batch"
    );
    assert_eq!(append(1_201), None, "exactly segment.ms");
    assert_eq!(
        append(i64::MAX),
        Some(Offset(5)),
        "a clock that is very wrong"
    );
}

#[test]
fn a_record_is_found_by_its_time() {
    let config = small_segments();
    let mut log = log_of(20, &config);
    // A record out of order of time does not hide what came before it.
    log.append_as_leader(&batch(&[1_000, 5]), EPOCH, Timestamp(0), &config);
    log.append_as_leader(&batch(&[300]), EPOCH, Timestamp(0), &config);
    let find = |at: i64| {
        log.find_by_timestamp(Timestamp(at))
            .map(|found| (found.offset.0, found.timestamp.0))
    };
    let table = [
        (0, Some((0, 0))),
        (1, Some((1, 1))),
        (3, Some((3, 10))),
        (101, Some((31, 101))),
        (192, Some((59, 192))),
        (193, Some((60, 1_000))),
        (1_000, Some((60, 1_000))),
        (1_001, None),
    ];
    for (at, expected) in table {
        assert_eq!(find(at), expected, "at {at}");
    }
    assert_eq!(
        log.find_max_timestamp().map(|found| found.offset),
        Some(Offset(60))
    );
    assert_eq!(
        Log::new(Offset::ZERO, Timestamp(0)).find_max_timestamp(),
        None
    );
}

#[test]
fn truncation_forgets_everything_from_an_offset_on() {
    let config = small_segments();
    for keep in 0..=20 {
        let mut log = log_of(20, &config);
        log.begin_epoch(LeaderEpoch(1));
        let end = Offset(keep * 3);
        assert_eq!(log.truncate_to(end, Timestamp(0)), end);
        assert_eq!((log.start(), log.end()), (Offset(0), end));
        let reference = log_of(keep as usize, &config);
        assert_eq!(log.bytes(), reference.bytes());
        // What is appended next is found again, and the totals agree.
        log.append_as_leader(&batch(&[7]), LeaderEpoch(2), Timestamp(0), &config);
        assert_eq!(log.end(), end + 1);
        let read = log
            .read(end, log.end(), 9_999, AtLeastOne::Batch)
            .expect("in range");
        assert_eq!(offsets(&read), [end.0]);
        let latest = log.epochs().latest().expect("an epoch");
        assert_eq!((latest.epoch, latest.start), (LeaderEpoch(2), end));
        let found = log.find_max_timestamp().expect("a record").timestamp;
        assert_eq!(found, Timestamp(7.max((keep - 1) * 10 + 2)));
    }
    let mut log = log_of(5, &config);
    assert_eq!(
        log.truncate_to(Offset(7), Timestamp(0)),
        Offset(6),
        "no half batches"
    );
}

#[test]
fn retention_by_size_leaves_at_least_the_limit() {
    let config = LogConfig {
        retention: None,
        retention_bytes: Some(2_000),
        ..small_segments()
    };
    let mut log = log_of(40, &config);
    let before = log.bytes();
    let kept_back = log.delete_old_segments(Offset(1), Timestamp(0), &config);
    assert_eq!(kept_back, [], "nothing above the high watermark goes");
    let end = log.end();
    let expired = log.delete_old_segments(end, Timestamp(0), &config);
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].why, Expiry::Size);
    assert!(log.bytes() >= 2_000 && log.bytes() < before);
    let first = log.segments().next().expect("a segment");
    assert!(log.bytes() - u64::from(first.size()) < 2_000);
    assert_eq!(log.start(), first.base_offset());
    assert_eq!(log.epochs().entries()[0].start, log.start());
    assert_eq!(
        log.read(Offset(0), end, 9, AtLeastOne::Batch).err(),
        Some(OutOfRange)
    );
}

#[test]
fn a_wholly_expired_log_begins_at_its_end() {
    let config = LogConfig {
        retention: Some(crate::time::Duration::from_millis(1_000)),
        ..small_segments()
    };
    let mut log = log_of(10, &config);
    let end = log.end();
    assert_eq!(log.delete_old_segments(end, Timestamp(500), &config), []);
    let expired = log.delete_old_segments(end, Timestamp(9_999), &config);
    assert_eq!(expired[0].why, Expiry::Time);
    assert_eq!((log.start(), log.end(), log.bytes()), (end, end, 0));
    let again = log.delete_old_segments(end, Timestamp(99_999), &config);
    assert_eq!(again, [], "an empty segment stays");
    log.append_as_leader(&batch(&[1]), EPOCH, Timestamp(0), &config);
    assert_eq!(log.batches(end, log.end()).count(), 1);
}

#[test]
fn a_clone_does_not_see_later_appends() {
    let config = small_segments();
    let mut log = log_of(10, &config);
    let before = log.clone();
    log.append_as_leader(&batch(&[1]), EPOCH, Timestamp(0), &config);
    log.truncate_to(Offset(3), Timestamp(0));
    assert_eq!(before.end(), Offset(30));
    assert_eq!(before.batches(Offset(0), Offset(30)).count(), 10);
}

#[test]
fn what_producers_may_not_send_is_refused() {
    let good = batch(&[100, 101]);
    let config = LogConfig::default();
    let with = |change: &dyn Fn(&mut crate::protocol::records::BatchHeader)| {
        let mut header = good.header;
        change(&mut header);
        Batch::new(header, good.body.clone())
    };
    let mut corrupt = good.clone();
    corrupt.body = corrupt.body.iter().map(|byte| byte ^ 1).collect();
    let keyless = {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.append(1, None, Some(b"v"), &[]);
        builder.build_batch()
    };
    let compacted = LogConfig {
        cleanup_policy: CleanupPolicy::Compact,
        ..config.clone()
    };
    let tiny = LogConfig {
        max_message_bytes: 60,
        ..config.clone()
    };
    let short = LogConfig {
        segment_bytes: 60,
        ..config.clone()
    };
    let strict = LogConfig {
        message_timestamp_before_max: crate::time::Duration::from_millis(10),
        ..config.clone()
    };
    let table = [
        (good.clone(), &config, None),
        (
            with(&|h| h.base_offset = 5),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (corrupt, &config, Some(ErrorCode::CorruptMessage)),
        (good.clone(), &tiny, Some(ErrorCode::MessageTooLarge)),
        (good.clone(), &short, Some(ErrorCode::RecordListTooLarge)),
        (
            with(&|h| h.records_count = 0),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| h.records_count = -1),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| h.records_count = i32::MAX),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| {
                h.records_count = 3;
                h.last_offset_delta = 2
            }),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| {
                h.records_count = 1;
                h.last_offset_delta = 0
            }),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| h.attributes |= 1 << 5),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (
            with(&|h| h.attributes |= 1 << 3),
            &config,
            Some(ErrorCode::InvalidTimestamp),
        ),
        (
            with(&|h| h.attributes |= 7),
            &config,
            Some(ErrorCode::UnsupportedCompressionType),
        ),
        (
            with(&|h| h.attributes |= 1),
            &config,
            Some(ErrorCode::CorruptMessage),
        ),
        (
            with(&|h| h.producer_id = 7),
            &config,
            Some(ErrorCode::InvalidRecord),
        ),
        (keyless.clone(), &config, None),
        (keyless, &compacted, Some(ErrorCode::InvalidRecord)),
        (good.clone(), &compacted, None),
        (good.clone(), &strict, Some(ErrorCode::InvalidTimestamp)),
    ];
    for (at, (batch, config, expected)) in table.into_iter().enumerate() {
        let refused = validate::check_produced(&batch, Timestamp(1_000), config).err();
        assert_eq!(refused.map(|refused| refused.error), expected, "row {at}");
    }
}

#[test]
fn a_batch_bears_the_greatest_time_of_its_records_whatever_its_producer_says() {
    let config = LogConfig::default();
    let said = |batch: &Batch, change: &dyn Fn(&mut crate::protocol::records::BatchHeader)| {
        let mut header = batch.header;
        change(&mut header);
        Batch::new(header, batch.body.clone())
    };
    let good = batch(&[3, 9, 5]);
    for time in [9, i64::MIN, i64::MAX, -1] {
        let told = said(&good, &|header| header.max_timestamp = time);
        let latest = validate::check_produced(&told, Timestamp(1_000), &config);
        assert_eq!(latest, Ok(Timestamp(9)), "{time}");
        let corrected = told.with_max_timestamp(9);
        assert_eq!(corrected.header.max_timestamp, 9);
        assert_eq!(corrected.verify_crc(), Ok(()));
        assert_eq!(corrected, good);
    }
    let none = batch(&[-1, -1]);
    let latest = validate::check_produced(&none, Timestamp(1_000), &config);
    assert_eq!(latest, Ok(Timestamp::NONE));
    let beyond = said(&good, &|header| header.base_timestamp = i64::MAX - 3);
    let refused = validate::check_produced(&beyond, Timestamp(1_000), &config);
    assert_eq!(refused.map_err(|r| r.error), Err(ErrorCode::InvalidRecord));
}

#[test]
fn what_a_log_holds_is_what_was_appended_less_what_went() {
    let config = LogConfig {
        retention_bytes: Some(1_500),
        ..small_segments()
    };
    let mut log = log_of(30, &config);
    let count = |log: &Log| {
        let batches: Vec<_> = log.batches(log.start(), log.end()).collect();
        Bulk {
            bytes: batches.iter().map(|batch| u64::from(batch.size())).sum(),
            batches: batches.len() as u64,
        }
    };
    let appended = log.appended();
    assert_eq!(log.held(), appended, "nothing has gone yet");
    assert_eq!(appended.batches, 30);
    log.truncate_to(Offset(61), Timestamp(0));
    assert_eq!(log.held(), count(&log));
    assert_eq!(log.held().batches, 20);
    let end = log.end();
    log.delete_old_segments(end, Timestamp(0), &config);
    assert!(
        log.start() > Offset(0),
        "retention took the oldest segments"
    );
    assert_eq!(log.held(), count(&log));
    log.start_again_at(Offset(7), Timestamp(0));
    assert_eq!(log.held(), Bulk::default());
    assert_eq!(log.appended(), appended, "what was appended stays so");
}
