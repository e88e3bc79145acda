//! A6, I1 to I4, I6 can fail.

use super::super::sequences::NumberedOnce;
use super::*;
use crate::log::LogConfig;
use crate::model::ProducerId;
use crate::protocol::ErrorCode;
use crate::time::Timestamp;

#[test]
fn i3_a_batch_that_is_in_a_log_twice_is_found() {
    let mut world = world();
    let mut law = Shown::<NumberedOnce>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 3, 0));
    let mut twice = log_of(&world, 1);
    let batch = twice
        .batches(Offset(2), Offset(3))
        .next()
        .map(|b| b.batch());
    let (batch, config) = (batch.expect("a batch"), LogConfig::default());
    twice.append_as_leader(&batch, LeaderEpoch(0), Timestamp(0), &config);
    plant(&mut world, 1, |replica| replica.plant_log(twice, Offset(3)));
    let fact = appended(Role::Leader, 3, 4, 0);
    breaks(&mut law, &world, 1, fact, "I3");
}

#[test]
fn i3_a_gap_is_found() {
    let world = world();
    let mut law = Shown::<NumberedOnce>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 1, 2, 0));
    holds(&mut law, &world, 1, appended(Role::Leader, 2, 3, 0));
    let mut law = Shown::<NumberedOnce>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 1, 0));
    breaks(&mut law, &world, 1, appended(Role::Leader, 2, 3, 0), "I3");
}

#[test]
fn i2_a_duplicate_that_is_not_where_it_is_said_to_be_is_found() {
    let world = world();
    let stored = log_of(&world, 1);
    let stored = stored
        .batches(Offset(1), Offset(2))
        .next()
        .map(|b| b.batch());
    let producer = ProducerId(stored.expect("a batch").header.producer_id);
    let dropped = |offset: i64, sequence| Fact::DuplicateDropped {
        partition: orders(),
        producer_id: producer,
        base_sequence: sequence,
        base_offset: Offset(offset),
        next_offset: Offset(offset + 1),
    };
    let law = Shown::<NumberedOnce>::default();
    holds(&mut law.clone(), &world, 1, dropped(1, 1));
    breaks(&mut law.clone(), &world, 1, dropped(2, 1), "I2");
    breaks(&mut law.clone(), &world, 1, dropped(1, 0), "I2");
    breaks(&mut law.clone(), &world, 2, dropped(1, 1), "I2");
}

#[test]
fn i6_an_answer_that_says_nothing_is_found() {
    let refused = |error| Fact::ProduceRefused {
        partition: orders(),
        error,
        numbers: None,
    };
    let (world, mut law) = (world(), Shown::<NumberedOnce>::default());
    holds(&mut law, &world, 1, refused(ErrorCode::NotEnoughReplicas));
    let fact = refused(ErrorCode::UnknownServerError);
    breaks(&mut law, &world, 1, fact, "I6");
}

#[test]
fn a6_a_producer_id_that_is_given_twice_is_found() {
    let block = |broker, first| Fact::ProducerIdsAllocated {
        broker: BrokerId(broker),
        first: ProducerId(first),
        count: 1_000,
    };
    let id = |id| Fact::ProducerIdGiven {
        producer_id: ProducerId(id),
    };
    let (world, mut law) = (world(), Shown::<NumberedOnce>::default());
    holds(&mut law, &world, 1, block(2, 0));
    holds(&mut law, &world, 1, block(3, 1_000));
    for first in [0, 999, 1_500] {
        breaks(&mut law.clone(), &world, 1, block(1, first), "A6");
    }
    holds(&mut law, &world, 2, id(0));
    holds(&mut law, &world, 3, id(1_000));
    holds(&mut law, &world, 2, id(7));
    for (by, again) in [(2, 0), (2, 7), (2, 1_001), (3, 1_000), (1, 8)] {
        breaks(&mut law.clone(), &world, by, id(again), "A6");
    }
}

#[test]
fn i4_a_producer_that_goes_back_to_an_older_epoch_is_found() {
    let mut world = world();
    let mut law = Shown::<NumberedOnce>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 2, 0));
    let mut log = log_of(&world, 1);
    let last = batch_at(&log, 2);
    // The producer's epoch stands before the sequence, which begins with it.
    let newer = altered(&last, 51, &[0, 1, 0, 0, 0, 0]);
    let config = LogConfig::default();
    log.truncate_to(Offset(2), Timestamp(0));
    log.append_as_leader(&newer, LeaderEpoch(0), Timestamp(0), &config);
    log.append_as_leader(&last, LeaderEpoch(0), Timestamp(0), &config);
    plant(&mut world, 1, |replica| replica.plant_log(log, Offset(4)));
    holds(&mut law, &world, 1, appended(Role::Leader, 2, 3, 0));
    breaks(&mut law, &world, 1, appended(Role::Leader, 3, 4, 0), "I4");
}

#[test]
fn i1_a_new_epoch_that_does_not_begin_with_the_first_sequence_is_found() {
    let mut world = world();
    let mut law = Shown::<NumberedOnce>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 2, 0));
    let mut log = log_of(&world, 1);
    let newer = altered(&batch_at(&log, 2), 51, &[0, 1, 0, 0, 0, 5]);
    log.truncate_to(Offset(2), Timestamp(0));
    log.append_as_leader(&newer, LeaderEpoch(0), Timestamp(0), &LogConfig::default());
    plant(&mut world, 1, |replica| replica.plant_log(log, Offset(3)));
    breaks(&mut law, &world, 1, appended(Role::Leader, 2, 3, 0), "I3");
}
