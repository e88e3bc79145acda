//! How batches leave a log: from its end, and from its front.

use super::*;
use crate::time::Duration;

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
fn without_a_policy_only_what_lies_below_the_start_goes() {
    let mut config = LogConfig {
        retention: Some(Duration::ZERO),
        retention_bytes: Some(0),
        ..small_segments()
    };
    config.set("cleanup.policy", "").expect("a policy");
    let mut log = log_of(10, &config);
    let end = log.end();
    let late = Timestamp(99_999);
    assert_eq!(log.delete_old_segments(end, late, &config), []);
    assert!(log.raise_start(end));
    let expired = log.delete_old_segments(end, late, &config);
    assert!(!expired.is_empty());
    assert!(expired.iter().all(|one| one.why == Expiry::BelowStart));
    assert_eq!((log.start(), log.end()), (end, end));
}

#[test]
fn a_wholly_expired_log_begins_at_its_end() {
    let config = LogConfig {
        retention: Some(Duration::from_millis(1_000)),
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
            structure: log.segments().map(Segment::structure).sum(),
            copied: 0,
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
    assert_eq!(log.held(), count(&log));
    assert_eq!(log.held().batches, 0);
    let stays = (log.appended().bytes, log.appended().batches);
    assert_eq!(stays, (appended.bytes, appended.batches));
}

#[test]
fn what_segments_take_is_counted_as_they_grow_and_as_they_are_cut() {
    let config = LogConfig {
        segment_bytes: 200_000,
        index_interval_bytes: 300,
        ..small_segments()
    };
    let mut log = log_of(4_000, &config);
    let is_counted = |log: &Log| {
        let alone = Segment::new(Offset(0), Timestamp(0), Producers::default());
        let chunk = size_of::<chunk::Chunk>() + 3 * size_of::<usize>();
        let counts = |segment: &Segment| {
            let entries = segment.offset_index().count() * size_of::<OffsetEntry>()
                + segment.time_index().count() * size_of::<TimeEntry>();
            alone.structure() + ((segment.chunks() - 1) * chunk + entries) as u64
        };
        let counted: u64 = log.segments().map(counts).sum();
        assert_eq!(log.held().structure, counted, "at {}", log.end());
        assert!(log.appended().structure >= counted);
    };
    is_counted(&log);
    let first = log.segments().next().expect("a segment");
    assert!(log.segments().len() > 1 && first.chunks() > 1);
    assert!(first.offset_index().count() > 100 && first.time_index().count() > 100);
    for cut in [11_000, 3_001, 2_002, 2] {
        log.truncate_to(Offset(cut), Timestamp(0));
        is_counted(&log);
    }
    log.append_as_leader(&batch(&[7]), EPOCH, Timestamp(0), &config);
    is_counted(&log);
}
