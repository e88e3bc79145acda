//! A1 to A5, A7 can fail.

use super::super::structure::LogsAreInOrder;
use super::*;
use crate::log::LogConfig;
use crate::protocol::ErrorCode;
use crate::time::Timestamp;

fn watermark() -> Fact {
    Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(3),
    }
}

fn followed() -> Fact {
    Fact::BecameFollower {
        partition: orders(),
        epoch: LeaderEpoch(0),
        leader: BrokerId(1),
    }
}

#[test]
fn a1_a_high_watermark_behind_the_end_is_found() {
    let mut world = world();
    let mut law = Shown::<LogsAreInOrder>::default();
    holds(&mut law, &world, 2, watermark());
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(2), Timestamp(0));
    plant(&mut world, 2, |replica| replica.plant_log(short, Offset(3)));
    breaks(&mut law, &world, 2, watermark(), "A1");
}

#[test]
fn a2_an_offset_that_is_given_twice_is_found() {
    let world = world();
    let mut law = Shown::<LogsAreInOrder>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 2, 0));
    breaks(&mut law, &world, 1, appended(Role::Leader, 1, 3, 0), "A2");
}

#[test]
fn a3_an_epoch_behind_a_newer_one_is_found() {
    let world = world();
    let mut law = Shown::<LogsAreInOrder>::default();
    holds(&mut law, &world, 2, appended(Role::Follower, 0, 1, 0));
    breaks(
        &mut law,
        &world,
        2,
        appended(Role::Follower, 1, 2, -1),
        "A3",
    );
}

#[test]
fn a3_an_epoch_of_which_a_follower_was_not_told_is_found() {
    let world = world();
    let mut law = Shown::<LogsAreInOrder>::default();
    breaks(&mut law, &world, 2, appended(Role::Follower, 0, 1, 4), "A3");
}

#[test]
fn a4_a_stored_batch_that_does_not_match_its_checksum_is_found() {
    let mut world = world();
    let mut log = log_of(&world, 1);
    // The checksum stands behind the length, the epoch and the magic.
    let broken = altered(&batch_at(&log, 2), 17, &[1, 2, 3, 4]);
    log.truncate_to(Offset(2), Timestamp(0));
    log.append_as_leader(&broken, LeaderEpoch(0), Timestamp(0), &LogConfig::default());
    plant(&mut world, 1, |replica| replica.plant_log(log, Offset(3)));
    // One append in so many is read again.
    let mut law = Shown::<LogsAreInOrder>::default();
    let found = (0..64).find_map(|_| {
        law.law.forget(BrokerId(1), &orders());
        let entry = news(&world, 1, appended(Role::Leader, 2, 3, 0));
        let what = law.check(&world, &entry).err()?;
        what.starts_with("A4").then_some(what)
    });
    assert!(found.is_some());
}

#[test]
fn a5_a_follower_with_other_bytes_than_its_leader_is_found() {
    let mut world = world();
    let fact = || appended(Role::Follower, 2, 3, 0);
    holds(&mut Shown::<LogsAreInOrder>::default(), &world, 2, fact());
    let other = log_of(&world_with("b"), 2);
    plant(&mut world, 2, |replica| replica.plant_log(other, Offset(3)));
    let law = &mut Shown::<LogsAreInOrder>::default();
    breaks(law, &world, 2, fact(), "A5");
}

#[test]
fn a7_a_follower_that_appends_as_a_leader_is_found() {
    let world = world();
    let law = &mut Shown::<LogsAreInOrder>::default();
    breaks(law, &world, 2, appended(Role::Leader, 2, 3, 0), "A7");
}

#[test]
fn a7_is_kept_while_a_follower_follows_too() {
    let mut world = world();
    let failed = || Fact::FetchFailed {
        partition: orders(),
        leader: BrokerId(1),
        error: ErrorCode::NotLeaderOrFollower,
    };
    let updated = || Fact::MetadataCacheUpdated {
        topics: 1,
        brokers: 3,
    };
    let all = || [appended(Role::Follower, 2, 3, 0), failed(), updated()];
    for fact in all() {
        holds(&mut Shown::<LogsAreInOrder>::default(), &world, 2, fact);
    }
    plant(&mut world, 2, |replica| replica.plant_leader(BrokerId(3)));
    for fact in all() {
        let law = &mut Shown::<LogsAreInOrder>::default();
        breaks(law, &world, 2, fact, "A7");
    }
}

#[test]
fn a7_a_follower_that_copies_from_somebody_else_is_found() {
    let mut world = world();
    let law = &mut Shown::<LogsAreInOrder>::default();
    holds(law, &world, 2, followed());
    holds(law, &world, 1, led(0));
    plant(&mut world, 2, |replica| replica.plant_leader(BrokerId(3)));
    breaks(law, &world, 2, followed(), "A7");
}
