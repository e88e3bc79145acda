//! What is known of producers, by the batches they send.

use super::*;
use crate::log::LogConfig;
use crate::model::LeaderEpoch;
use crate::protocol::records::{Batch, BatchBuilder, Codec};

const WALL: Timestamp = Timestamp(1_700_000_000_000);

/// A batch of producer 7.
fn batch(epoch: i16, base_sequence: i32, records: i32) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.set_producer(7, epoch, base_sequence);
    for _ in 0..records {
        builder.append(WALL.0, None, Some(b"v"), &[]);
    }
    builder.build_batch()
}

fn append(log: &mut Log, batch: &Batch) {
    log.append_as_leader(batch, LeaderEpoch(0), WALL, &LogConfig::default());
}

fn log_of(batches: &[Batch]) -> Log {
    let mut log = Log::new(Offset(0), WALL);
    for batch in batches {
        append(&mut log, batch);
    }
    log
}

/// Where it is already, or why it is refused; −1 for one that may be appended.
fn checked(log: &Log, epoch: i16, base_sequence: i32, records: i32) -> Result<i64, ErrorCode> {
    let header = batch(epoch, base_sequence, records).header;
    let found = log.producers().check(&header, Planted::default());
    let found = found.map_err(|refused| refused.error)?;
    Ok(found.map_or(-1, |found| found.base_offset.0))
}

const GAP: Result<i64, ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);
const FENCED: Result<i64, ErrorCode> = Err(ErrorCode::InvalidProducerEpoch);

#[test]
fn the_next_batch_is_new_an_old_one_is_known_and_a_gap_is_refused() {
    let log = log_of(&[batch(0, 0, 3), batch(0, 3, 2)]);
    for (epoch, sequence, records, expected) in [
        (0, 5, 1, Ok(-1)),
        (0, 0, 3, Ok(0)),
        (0, 3, 2, Ok(3)),
        (0, 6, 1, GAP),
        // The same beginning with another end is another batch, and out of order.
        (0, 3, 1, GAP),
        (0, 0, 5, GAP),
        (1, 0, 1, Ok(-1)),
        (1, 5, 1, GAP),
    ] {
        let found = checked(&log, epoch, sequence, records);
        assert_eq!(found, expected, "e{epoch} #{sequence} of {records}");
    }
}

#[test]
fn a_producer_of_whom_nothing_is_known_may_begin_anywhere() {
    let log = log_of(&[]);
    assert_eq!(checked(&log, 3, 40, 1), Ok(-1));
}

#[test]
fn a_newer_epoch_ends_the_older_one() {
    let log = log_of(&[batch(1, 0, 1), batch(2, 0, 1)]);
    assert_eq!(checked(&log, 1, 1, 1), FENCED);
    assert_eq!(
        checked(&log, 1, 0, 1),
        FENCED,
        "of the old epoch nothing is remembered"
    );
    assert_eq!(checked(&log, 2, 0, 1), Ok(1));
}

#[test]
fn five_batches_are_remembered_and_the_sixth_oldest_is_out_of_order() {
    let batches: Vec<Batch> = (0..6).map(|sequence| batch(0, sequence, 1)).collect();
    let log = log_of(&batches);
    assert_eq!(checked(&log, 0, 0, 1), GAP);
    for sequence in 1..6 {
        assert_eq!(checked(&log, 0, sequence, 1), Ok(i64::from(sequence)));
    }
}

#[test]
fn sequences_begin_again_at_0() {
    let max = i32::MAX;
    // Of three records, the first has the largest sequence and the last one 1.
    let log = log_of(&[batch(0, max - 1, 1), batch(0, max, 3)]);
    assert_eq!(
        log.producers()
            .get(ProducerId(7))
            .map(Producer::last_sequence),
        Some(1)
    );
    assert_eq!(checked(&log, 0, 2, 1), Ok(-1));
    assert_eq!(checked(&log, 0, max, 3), Ok(1));
    let log = log_of(&[batch(0, max, 1)]);
    assert_eq!(checked(&log, 0, 0, 1), Ok(-1));
    assert_eq!(checked(&log, 0, 1, 1), GAP);
}

#[test]
fn batches_without_a_producer_are_not_looked_at() {
    let log = log_of(&[batch(0, 0, 1)]);
    let mut builder = BatchBuilder::new(Codec::None);
    builder.set_producer(-1, 0, 0);
    builder.append(WALL.0, None, None, &[]);
    let header = builder.build_batch().header;
    let checked = log.producers().check(&header, Planted::default());
    assert_eq!(checked, Ok(None));
}

#[test]
fn a_cut_log_forgets_what_it_lost_and_remembers_what_is_left() {
    let batches: Vec<Batch> = (0..8).map(|sequence| batch(0, sequence, 1)).collect();
    let mut log = log_of(&batches);
    log.truncate_to(Offset(6), WALL);
    assert_eq!(*log.producers(), Producers::of_log(&log));
    assert_eq!(checked(&log, 0, 6, 1), Ok(-1));
    assert_eq!(checked(&log, 0, 1, 1), Ok(1), "five are known again");
    assert_eq!(checked(&log, 0, 0, 1), GAP);
    log.start_again_at(Offset(0), WALL);
    assert_eq!(*log.producers(), Producers::default());
}

#[test]
fn a_cut_log_remembers_what_was_cleaned_away() {
    let mut config = LogConfig::default();
    for (name, value) in [("cleanup.policy", "compact"), ("segment.bytes", "70")] {
        config.set(name, value).expect("a setting");
    }
    let keyed = |sequence: Option<i32>, key: &str| {
        let mut builder = BatchBuilder::new(Codec::None);
        if let Some(sequence) = sequence {
            builder.set_producer(7, 0, sequence);
        }
        builder.append(WALL.0, Some(key.as_bytes()), Some(b"v"), &[]);
        builder.build_batch()
    };
    let mut log = Log::new(Offset(0), WALL);
    for (sequence, key) in [(Some(0), "a"), (Some(1), "b"), (None, "b"), (Some(2), "b")] {
        log.append_as_leader(&keyed(sequence, key), LeaderEpoch(0), WALL, &config);
    }
    let dirt = log.dirt(Offset(3), WALL, &config);
    log.clean(&dirt, 100, WALL, &config);
    let left = log.batches(Offset(0), log.end());
    let left: Vec<i64> = left.map(|batch| batch.base_offset().0).collect();
    assert_eq!(left, [0, 2, 3], "#1 is gone");
    log.truncate_to(Offset(3), WALL);
    for (sequence, expected) in [(2, Ok(-1)), (1, Ok(1)), (0, Ok(0)), (3, GAP)] {
        assert_eq!(checked(&log, 0, sequence, 1), expected, "#{sequence}");
    }
}

#[test]
fn a_follower_learns_from_the_batches_it_copies() {
    let leader = log_of(&[batch(0, 0, 2), batch(0, 2, 1), batch(1, 0, 1)]);
    let mut follower = Log::new(Offset(0), WALL);
    for stored in leader.batches(Offset(0), leader.end()) {
        let config = LogConfig::default();
        follower
            .append_as_follower(&stored.batch(), WALL, &config)
            .expect("it continues");
    }
    assert_eq!(follower.producers(), leader.producers());
}

#[test]
fn silence_makes_a_producer_forgotten_and_retention_does_not() {
    let mut config = LogConfig::default();
    config.set("segment.bytes", "70").expect("a setting");
    config.set("retention.bytes", "0").expect("a setting");
    let mut log = Log::new(Offset(0), WALL);
    for sequence in 0..4 {
        log.append_as_leader(&batch(0, sequence, 1), LeaderEpoch(0), WALL, &config);
    }
    log.delete_old_segments(log.end(), WALL, &config);
    assert_eq!(log.start(), log.end(), "every record is gone");
    assert_eq!(checked(&log, 0, 4, 1), Ok(-1));
    assert_eq!(checked(&log, 0, 9, 1), GAP);
    let day = Duration::from_secs(86_400);
    log.forget_silent_producers(Timestamp(WALL.0 + 86_399_999), day);
    assert_eq!(checked(&log, 0, 9, 1), GAP);
    log.forget_silent_producers(Timestamp(WALL.0 + 86_400_000), day);
    assert_eq!(checked(&log, 0, 9, 1), Ok(-1));
}

#[test]
fn many_producers_in_any_order_are_known_each_and_in_order() {
    const MANY: i64 = 5_000;
    let id = |n: i64| n * 2_741 % MANY;
    let mut log = Log::new(Offset(0), WALL);
    let mut config = LogConfig::default();
    config.set("segment.bytes", "700").expect("a setting");
    for n in 0..2 * MANY {
        let sequence = i32::from(n >= MANY);
        let one = batch(0, sequence, 1).with_producer(id(n), 0, sequence);
        log.append_as_leader(&one, LeaderEpoch(0), WALL, &config);
    }
    let ids = log.producers().iter().map(|(id, _)| id.0);
    assert!(ids.eq(0..MANY));
    for n in 0..MANY {
        let known = log.producers().get(ProducerId(id(n))).expect("it is known");
        let at: Vec<i64> = known
            .batches()
            .iter()
            .map(|one| one.base_offset.0)
            .collect();
        assert_eq!(at, [n, MANY + n]);
    }
    assert_eq!(log.producers().get(ProducerId(MANY)), None);
    // Each segment keeps what was known when it was begun, whatever has come since.
    for segment in log.segments() {
        let base = segment.base_offset().0;
        assert_eq!(segment.producers().len() as i64, base.min(MANY));
        let last = segment.producers().get(ProducerId(id(base - 1)));
        let last = last.map(|known| known.last().last_offset);
        assert_eq!(last, (base > 0).then(|| Offset(base - 1)));
        assert!(base >= 2 * MANY || !segment.producers().reach_beyond(Offset(base)));
    }
    let end = Offset(MANY + MANY / 2);
    log.truncate_to(end, WALL);
    assert_eq!(*log.producers(), Producers::of_log(&log));
}

#[test]
fn producers_that_are_forgotten_leave_the_others_in_their_places() {
    let at = |time: i64, id: i64, offset: i64| {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_producer(id, 0, 0);
        builder.append(time, None, Some(b"v"), &[]);
        let batch = builder.build_batch();
        batch.stamped(Offset(offset), LeaderEpoch(0)).header
    };
    const MANY: i64 = 5_000;
    let mut producers = Producers::default();
    let id = |n: i64| (n * 7_919) % MANY;
    for n in 0..MANY {
        producers.appended(&at(id(n), id(n), n), Offset(n / 1_000 * 1_000));
    }
    let kept = producers.clone();
    let mut expected: Vec<i64> = (0..MANY).collect();
    // From below, then nearly all of what is left, and then many come again.
    for silent in [MANY / 3, MANY - 40] {
        let (wall, expiration) = (Timestamp(silent - 1), Duration::ZERO);
        assert!(producers.expire(wall, expiration, Offset(MANY)) > 0);
        expected.retain(|id| *id >= silent);
        let ids: Vec<i64> = producers.iter().map(|(id, _)| id.0).collect();
        assert_eq!(ids, expected);
        assert_eq!(producers.len(), expected.len());
    }
    for n in (0..MANY).rev() {
        producers.appended(&at(n, n, MANY + n), Offset(MANY));
    }
    assert_eq!(producers.len(), MANY as usize);
    for n in 0..MANY {
        assert!(producers.get(ProducerId(n)).is_some(), "{n}");
        assert_eq!(
            kept.get(ProducerId(id(n))).map(|it| it.last().base_offset),
            Some(Offset(n))
        );
    }
    // Of each ten, one stays: nodes that hold few are put together.
    for n in 0..MANY {
        let time = if n % 10 == 0 { 2 * MANY } else { 0 };
        let mut again = at(time, n, 2 * MANY + n);
        again.base_sequence = 1;
        producers.appended(&again, Offset(2 * MANY));
    }
    producers.expire(Timestamp(MANY), Duration::ZERO, Offset(3 * MANY));
    let ids: Vec<i64> = producers.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, (0..MANY).step_by(10).collect::<Vec<i64>>());
    assert!(
        ids.iter()
            .all(|id| producers.get(ProducerId(*id)).is_some())
    );
    assert!(producers.expire(Timestamp(i64::MAX), Duration::ZERO, Offset(3 * MANY)) > 0);
    assert!(producers.is_empty() && producers.iter().next().is_none());
}
