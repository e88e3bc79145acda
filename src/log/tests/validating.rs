//! What a leader refuses of a producer's batches, and what it corrects.

use super::*;
use crate::protocol::ErrorCode;
use crate::protocol::records::{BatchHeader, INFLATION_LIMIT};
use crate::time::Duration;

#[test]
fn what_producers_may_not_send_is_refused() {
    let good = batch(&[100, 101]);
    let config = LogConfig::default();
    let with = |change: &dyn Fn(&mut BatchHeader)| {
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
        message_timestamp_before_max: Duration::from_millis(10),
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
    let said = |batch: &Batch, change: &dyn Fn(&mut BatchHeader)| {
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
fn what_is_taken_inflates_no_further_than_readers_follow() {
    let config = LogConfig {
        max_message_bytes: i32::MAX as u32,
        ..LogConfig::default()
    };
    for (length, expected) in [
        (INFLATION_LIMIT - 100, None),
        (INFLATION_LIMIT, Some(ErrorCode::MessageTooLarge)),
    ] {
        let mut builder = BatchBuilder::new(Codec::Snappy);
        builder.append(0, None, Some(&vec![b'x'; length]), &[]);
        let batch = builder.build_batch();
        let refused = validate::check_produced(&batch, Timestamp(1_000), &config).err();
        assert_eq!(refused.map(|refused| refused.error), expected, "{length}");
        assert_eq!(
            batch.records().all(|record| record.is_ok()),
            expected.is_none()
        );
    }
}

#[test]
fn the_records_are_named_because_of_which_a_batch_is_refused() {
    let config = |policy| LogConfig {
        cleanup_policy: policy,
        message_timestamp_before_max: Duration::from_millis(10),
        ..LogConfig::default()
    };
    let check = |records: &[(i64, Option<&str>)], policy| {
        let mut builder = BatchBuilder::new(Codec::Gzip);
        for (time, key) in records {
            builder.append(*time, key.map(str::as_bytes), Some(b"v"), &[]);
        }
        let refused =
            validate::check_produced(&builder.build_batch(), Timestamp(1_000), &config(policy));
        let refused = refused.expect_err("it is refused");
        let records = refused.records.iter().map(|(at, _)| *at);
        (refused.error, records.collect::<Vec<i32>>())
    };
    let (key, none) = (Some("k"), None);
    let (compact, delete) = (CleanupPolicy::Compact, CleanupPolicy::Delete);
    let keyless = check(&[(1_000, key), (1_000, none), (-1, none)], compact);
    assert_eq!(keyless, (ErrorCode::InvalidRecord, vec![1, 2]));
    // A time that is wrong counts for more than a key that is missing; a record is listed once.
    let both = check(&[(1_000, none), (900, none), (900, key)], compact);
    assert_eq!(both, (ErrorCode::InvalidTimestamp, vec![0, 1, 2]));
    // A time between none and one that is fine.
    let old = check(&[(-1, key), (900, none), (1_000, none)], delete);
    assert_eq!(old, (ErrorCode::InvalidTimestamp, vec![1]));
    let (error, listed) = check(&vec![(1_000, none); 5_000], compact);
    assert_eq!((error, listed.len()), (ErrorCode::InvalidRecord, 100));
}
