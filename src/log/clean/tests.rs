//! What a cleaning takes and leaves, tried on logs with a segment for about every two records.

use bytes::Bytes;

use super::*;
use crate::model::LeaderEpoch;
use crate::protocol::records::Codec;
use crate::time::Duration;

const WALL: Timestamp = Timestamp(1_700_000_000_000);
const DAY: i64 = 86_400_000;

fn config(settings: &[(&str, &str)]) -> LogConfig {
    let mut config = LogConfig::default();
    config.set("cleanup.policy", "compact").expect("a setting");
    // A segment for about every two batches of one record.
    config.set("segment.bytes", "150").expect("a setting");
    for (name, value) in settings {
        config.set(name, value).expect("a setting");
    }
    config
}

fn batch(records: &[(&str, Option<&str>)]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    for (key, value) in records {
        builder.append(WALL.0, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    builder.build_batch()
}

/// A log of single records; `k` alone is a tombstone.
fn log_of(words: &str, config: &LogConfig) -> Log {
    let mut log = Log::new(Offset(0), WALL);
    for word in words.split_whitespace() {
        append(&mut log, word, config);
    }
    log
}

fn append(log: &mut Log, word: &str, config: &LogConfig) {
    let record = match word.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    };
    log.append_as_leader(&batch(&[record]), LeaderEpoch(0), WALL, config);
}

fn clean(log: &mut Log, later: i64, config: &LogConfig) -> Cleaned {
    let wall = Timestamp(WALL.0 + later);
    let dirt = log.dirt(log.end(), wall, config);
    log.clean(&dirt, 1_000, wall, config)
}

/// What is left, as `offset:key=value`.
fn left(log: &Log) -> Vec<String> {
    let batches = log.batches(Offset(0), log.end());
    let records = batches.flat_map(|stored| stored.batch().records());
    records
        .map(|record| {
            let record = record.expect("a record");
            let text = |bytes: Option<Bytes>| {
                bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            };
            let key = text(record.key).unwrap_or_default();
            match text(record.value) {
                Some(value) => format!("{}:{key}={value}", record.offset.0),
                None => format!("{}:{key}", record.offset.0),
            }
        })
        .collect()
}

#[test]
fn the_last_record_of_every_key_stays_where_it_was_and_the_active_segment_as_it_is() {
    let config = config(&[]);
    let mut log = log_of("a=1 b=1 a=2 c=1 a=3 b=2 a=4", &config);
    let active = log.active().base_offset();
    assert_eq!(active, Offset(6));
    let cleaned = clean(&mut log, 0, &config);
    assert_eq!((cleaned.from, cleaned.until), (Offset(0), Offset(6)));
    assert_eq!(cleaned.removed, 3);
    assert_eq!(left(&log), ["3:c=1", "4:a=3", "5:b=2", "6:a=4"]);
    assert_eq!((log.start(), log.end()), (Offset(0), Offset(7)));
    assert_eq!(log.first_dirty(), Offset(6));
    let held = log.held();
    assert_eq!(
        held.bytes,
        log.segments().map(|s| u64::from(s.size())).sum::<u64>()
    );
    assert_eq!(held.batches, 4);
    // Reading from a gap finds what comes next.
    let read = log
        .read(
            Offset(1),
            log.end(),
            1 << 20,
            super::super::AtLeastOne::Batch,
        )
        .expect("within the log");
    assert!(!read.records.is_empty());
    let next = log.batches(Offset(1), log.end()).next().expect("a batch");
    assert_eq!(next.base_offset(), Offset(3));
    // What is clean is not cleaned again.
    let dirt = log.dirt(log.end(), WALL, &config);
    assert_eq!((dirt.dirty_bytes, dirt.is_due(&config)), (0, false));
}

#[test]
fn small_segments_become_one_and_no_larger_than_they_may() {
    let small = config(&[]);
    let mut log = log_of(
        "a=1 b=1 a=2 b=2 a=3 b=3 a=4 b=4 a=5 c=1 d=1 e=1 f=1",
        &small,
    );
    let bases = |log: &Log| -> Vec<i64> { log.segments().map(|one| one.base_offset().0).collect() };
    clean(&mut log, 0, &small);
    let full = [0, 2, 4, 6, 8, 10, 12];
    assert_eq!(bases(&log), full, "each was full, as it was");
    clean(&mut log, 0, &small);
    assert_eq!(bases(&log), [0, 8, 10, 12], "two batches fill one");
    clean(&mut log, 0, &config(&[("segment.bytes", "100000")]));
    assert_eq!(log.segments().len(), 2, "one of them is active");
}

#[test]
fn a_tombstone_stays_for_its_time_after_it_was_first_cleaned() {
    let config = config(&[]);
    let mut log = log_of("a=1 b=1 a b=2 c=1 c=2", &config);
    clean(&mut log, 0, &config);
    let tombstone = |log: &Log| {
        let mut batches = log.batches(Offset(2), Offset(3));
        batches
            .find(|batch| batch.base_offset() == Offset(2))
            .cloned()
    };
    let header = tombstone(&log).expect("it stays").header();
    assert_eq!(header.delete_horizon(), Some(WALL.0 + DAY));
    assert_eq!(
        tombstone(&log).expect("it stays").batch().verify_crc(),
        Ok(())
    );
    let record = tombstone(&log).expect("it stays").batch().records().next();
    assert_eq!(record.expect("a record").expect("valid").timestamp, WALL.0);
    for (later, stays) in [(DAY - 1, true), (DAY, false)] {
        append(&mut log, "x=1", &config);
        append(&mut log, "x=2", &config);
        append(&mut log, "x=3", &config);
        clean(&mut log, later, &config);
        assert_eq!(tombstone(&log).is_some(), stays, "{later} later");
    }
    assert!(
        !left(&log).iter().any(|record| record.contains(":a")),
        "{:?}",
        left(&log)
    );
}

#[test]
fn a_batch_keeps_its_ends_and_what_is_left_of_it() {
    let config = config(&[("segment.bytes", "200")]);
    let mut log = Log::new(Offset(0), WALL);
    let first = batch(&[
        ("a", Some("1")),
        ("b", Some("1")),
        ("a", Some("2")),
        ("c", Some("1")),
    ]);
    log.append_as_leader(&first, LeaderEpoch(3), WALL, &config);
    let second = batch(&[("c", Some("2")), ("d", Some("1"))]);
    log.append_as_leader(&second, LeaderEpoch(4), WALL, &config);
    append(&mut log, "z=1", &config);
    append(&mut log, "z=2", &config);
    clean(&mut log, 0, &config);
    let stored = log.batches(Offset(0), Offset(4)).next().expect("a batch");
    assert_eq!(
        (stored.base_offset(), stored.last_offset()),
        (Offset(0), Offset(3))
    );
    assert_eq!(
        (stored.header().records_count, stored.epoch()),
        (2, LeaderEpoch(3))
    );
    assert_eq!(stored.batch().verify_crc(), Ok(()));
    assert_eq!(left(&log)[..2], ["1:b=1", "2:a=2"]);
}

#[test]
fn what_cleaning_has_emptied_does_not_keep_retention_from_what_comes_after() {
    let settings = [
        ("cleanup.policy", "compact,delete"),
        ("retention.bytes", "150"),
    ];
    let config = config(&settings);
    let mut log = log_of("a=1 a=2 a=3 a=4 b=1 c=1 d=1 e=1 f=1", &config);
    clean(&mut log, 0, &config);
    let first = log.segments().next().expect("a segment");
    assert!(first.is_empty() && first.base_offset() == Offset(0));
    let end = log.end();
    let expired = log.delete_old_segments(end, WALL, &config);
    assert_eq!(expired.len(), 1, "{expired:?}");
    assert_eq!(log.start(), Offset(6), "{:?}", left(&log));
}

#[test]
fn the_header_of_a_producers_last_batch_outlives_its_records() {
    let config = config(&[]);
    let mut log = Log::new(Offset(0), WALL);
    for sequence in 0..3 {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_producer(7, 0, sequence);
        builder.append(WALL.0, Some(b"a"), Some(b"mine"), &[]);
        log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), WALL, &config);
    }
    for word in ["a=1", "a=2", "a=3", "a=4"] {
        append(&mut log, word, &config);
    }
    clean(&mut log, 0, &config);
    let first = log.batches(Offset(0), log.end()).next().expect("a batch");
    assert_eq!((first.base_offset(), first.size()), (Offset(2), 61));
    assert_eq!(
        (first.header().records_count, first.header().base_sequence),
        (0, 2)
    );
    assert_eq!(first.batch().verify_crc(), Ok(()));
    assert_eq!(super::super::Producers::of_log(&log).iter().count(), 1);
    // Of a producer that is forgotten nothing has to stay.
    log.forget_silent_producers(Timestamp(WALL.0 + 2 * DAY), Duration::from_millis(1));
    append(&mut log, "a=5", &config);
    append(&mut log, "a=6", &config);
    append(&mut log, "a=7", &config);
    clean(&mut log, 0, &config);
    let first = log.batches(Offset(0), log.end()).next().expect("a batch");
    assert!(first.base_offset() > Offset(2));
}

#[test]
fn the_last_batch_that_is_cleaned_says_where_it_ended() {
    let two = config(&[]);
    let mut leader = log_of("b=1 b=2 c=1 a x=1 x=2", &two);
    clean(&mut leader, 0, &two);
    // A copy of what was cleaned, in segments of one batch.
    let one = config(&[("segment.bytes", "80")]);
    let mut copy = Log::new(Offset(0), WALL);
    for stored in leader.batches(Offset(0), leader.end()) {
        let appended = copy.append_as_follower(&stored.batch(), WALL, &one);
        assert!(appended.is_some());
    }
    let wall = Timestamp(WALL.0 + DAY);
    let at_3 = |log: &Log| {
        let mut batches = log.batches(Offset(3), Offset(4));
        batches.next().map(|batch| batch.header().records_count)
    };
    // The tombstone's time is over, but it is the last that is cleaned; in the next round it is not.
    for (committed, left) in [(4, Some(0)), (6, None)] {
        let dirt = copy.dirt(Offset(committed), wall, &one);
        copy.clean(&dirt, 1_000, wall, &one);
        assert_eq!(at_3(&copy), left, "committed @{committed}");
    }
}

#[test]
fn what_is_not_committed_or_too_young_is_left_alone() {
    let config = config(&[("min.compaction.lag.ms", "1000")]);
    let log = log_of("a=1 a=2 a=3 a=4 a=5", &config);
    let dirt = |hw, later| log.dirt(Offset(hw), Timestamp(WALL.0 + later), &config);
    assert_eq!(dirt(5, 999).until, Offset(0), "too young");
    assert_eq!(dirt(5, 1_000).until, Offset(4));
    assert_eq!(dirt(3, 1_000).until, Offset(2), "whole segments only");
    assert_eq!(dirt(0, 1_000).dirty_bytes, 0);
}

#[test]
fn a_log_is_due_when_it_is_dirty_enough_or_has_waited_long_enough() {
    let often = config(&[("min.cleanable.dirty.ratio", "0.6")]);
    let mut log = log_of("a=1 b=1 c=1 d=1 e=1 f=1 g=1", &often);
    assert!(log.dirt(log.end(), WALL, &often).is_due(&often));
    clean(&mut log, 0, &often);
    for word in ["a=2", "b=2"] {
        append(&mut log, word, &often);
    }
    let dirt = log.dirt(log.end(), WALL, &often);
    assert!(dirt.dirty_bytes > 0 && !dirt.is_due(&often), "{dirt:?}");
    let soon = config(&[
        ("min.cleanable.dirty.ratio", "1"),
        ("max.compaction.lag.ms", "60000"),
    ]);
    for (later, due) in [(60_000, false), (60_001, true)] {
        let dirt = log.dirt(log.end(), Timestamp(WALL.0 + later), &soon);
        assert_eq!(dirt.is_due(&soon), due, "{later}");
    }
}

#[test]
fn a_time_that_is_too_far_from_the_others_stays_what_it_was() {
    let config = config(&[]);
    let mut log = Log::new(Offset(0), WALL);
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(i64::MIN, Some(b"a"), Some(b"1"), &[]);
    builder.append(i64::MIN + 5, Some(b"b"), None, &[]);
    let batch = builder.build_batch();
    log.append_as_leader(&batch, LeaderEpoch(0), WALL, &config);
    for word in ["a=2", "c=1", "c=2"] {
        append(&mut log, word, &config);
    }
    clean(&mut log, 0, &config);
    let first = log.batches(Offset(0), Offset(1)).next().expect("a batch");
    let times = first.batch().records();
    let times: Vec<i64> = times
        .map(|record| record.expect("a record").timestamp)
        .collect();
    assert_eq!(times, [i64::MIN, i64::MIN + 5]);
}

#[test]
fn as_many_keys_as_there_is_room_for_are_cleaned_at_a_time() {
    let config = config(&[]);
    let mut log = log_of("a=1 b=1 c=1 a=2 b=2 c=2 a=3 a=4", &config);
    let dirt = log.dirt(log.end(), WALL, &config);
    let cleaned = log.clone().clean(&dirt, 0, WALL, &config);
    assert_eq!(cleaned.until, Offset(1), "a batch at least");
    let cleaned = log.clean(&dirt, 2, WALL, &config);
    assert_eq!((cleaned.until, cleaned.removed), (Offset(2), 0));
    assert_eq!(log.first_dirty(), Offset(2));
    clean(&mut log, 0, &config);
    assert_eq!(left(&log), ["3:a=2", "4:b=2", "5:c=2", "6:a=3", "7:a=4"]);
}

#[test]
fn a_cut_before_the_clean_point_makes_dirty_what_comes_after() {
    let config = config(&[]);
    let mut log = log_of("a=1 b=1 a=2 b=2 a=3 b=3 a=4", &config);
    clean(&mut log, 0, &config);
    assert_eq!(log.first_dirty(), Offset(6));
    log.truncate_to(Offset(2), WALL);
    assert_eq!((log.end(), log.first_dirty()), (Offset(2), Offset(2)));
    for word in ["a=5", "a=6", "a=7", "a=8"] {
        append(&mut log, word, &config);
    }
    clean(&mut log, 0, &config);
    assert!(left(&log).contains(&"5:a=8".to_owned()));
    log.start_again_at(Offset(40), WALL);
    assert_eq!(log.first_dirty(), Offset(40));
}

#[test]
fn what_segments_keep_of_producers_is_counted_after_a_cleaning_and_after_a_cut() {
    let small = config(&[]);
    let mut log = Log::new(Offset(0), WALL);
    let appends = |log: &mut Log, nth: i64| {
        let mut builder = BatchBuilder::new(Codec::None);
        let (producer, sequence) = (nth * 37 % 200, i32::from(nth >= 200));
        builder.set_producer(producer, 0, sequence);
        let key = format!("k{}", nth % 50);
        builder.append(WALL.0, Some(key.as_bytes()), Some(b"v"), &[]);
        log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), WALL, &small);
    };
    for nth in 0..400 {
        appends(&mut log, nth);
    }
    let kept = |log: &Log| -> u64 {
        let behind = log.segments().skip(1).map(Segment::producers);
        let behind = behind.chain([log.producers()]);
        let pairs = log.segments().zip(behind);
        let beyond = pairs.map(|(segment, next)| segment.producers().beyond(next));
        beyond.sum()
    };
    let before = log.held().copied;
    assert_eq!(before, kept(&log), "counted as it changed");
    clean(&mut log, 0, &config(&[("segment.bytes", "4000")]));
    let after = log.held().copied;
    assert_eq!(after, kept(&log));
    assert!(0 < after && after < before / 2, "{before} and then {after}");
    assert!(log.appended().copied >= after);
    log.truncate_to(Offset(250), WALL);
    assert_eq!(log.held().copied, kept(&log));
    // What is counted goes with the segment that keeps it, and no more.
    for nth in 250..400 {
        appends(&mut log, nth);
    }
    assert_eq!(log.held().copied, kept(&log));
    log.raise_start(log.end());
    log.delete_old_segments(log.end(), WALL, &small);
    assert_eq!(log.segments().len(), 1);
    assert_eq!(log.held().copied, kept(&log));
}

#[test]
fn a_stamp_makes_a_batch_longer_and_that_counts_as_appended() {
    let config = config(&[]);
    let mut log = log_of("a b c d e f g", &config);
    let before = log.held().bytes;
    clean(&mut log, 0, &config);
    let (held, appended) = (log.held(), log.appended());
    assert!(held.bytes > before, "{held:?}");
    assert!(appended.bytes >= held.bytes, "{appended:?} {held:?}");
}
