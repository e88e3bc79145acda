//! How batches come into a log, as a leader and as a follower.

use super::*;
use crate::protocol::Chunks;
use crate::time::Duration;

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
    let bytes = |log: &Log| -> Vec<Chunks> {
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

#[test]
fn a_segment_rolls_when_full_or_old() {
    let size = batch(&[0]).size() as u32;
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    let config = LogConfig {
        segment_bytes: 2 * size,
        segment: Duration::from_millis(100),
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
fn a_clone_does_not_see_later_appends() {
    let config = small_segments();
    let mut log = log_of(10, &config);
    let before = log.clone();
    log.append_as_leader(&batch(&[1]), EPOCH, Timestamp(0), &config);
    log.truncate_to(Offset(3), Timestamp(0));
    assert_eq!(before.end(), Offset(30));
    assert_eq!(before.batches(Offset(0), Offset(30)).count(), 10);
}
