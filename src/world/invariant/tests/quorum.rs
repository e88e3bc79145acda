//! R7, R8, R9 can fail.

use super::super::quorum::QuorumsOverlap;
use super::*;

#[test]
fn r7_a_leader_that_does_not_wait_for_a_candidate_is_found() {
    let mut world = world();
    holds(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        isr_changed(),
    );
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1, 2])));
    breaks(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        isr_changed(),
        "R7",
    );
    // One who waits for more than he must has asked for it.
    let mut world = world_without_broker_3();
    holds(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        isr_changed(),
    );
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1, 2, 3])));
    breaks(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        isr_changed(),
        "R7",
    );
}

#[test]
fn r8_a_candidate_without_a_committed_record_is_found() {
    let mut world = world();
    holds(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        committed(3),
    );
    let mut short = log_of(&world, 3);
    short.truncate_to(Offset(2), crate::time::Timestamp(0));
    plant(&mut world, 3, |replica| replica.plant_log(short, Offset(2)));
    breaks(
        &mut Shown::<QuorumsOverlap>::default(),
        &world,
        1,
        committed(3),
        "R8",
    );
}

#[test]
fn r9_a_new_leader_without_what_was_committed_is_found() {
    let mut world = world();
    let mut law = Shown::<QuorumsOverlap>::default();
    holds(&mut law, &world, 1, committed(3));
    holds(&mut law.clone(), &world, 2, led(1));
    let (config, wall) = (crate::log::LogConfig::default(), crate::time::Timestamp(0));
    let batch = log_of(&world, 1)
        .batches(Offset(0), Offset(1))
        .next()
        .map(|b| b.batch());
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(2), wall);
    let mut other_epoch = short.clone();
    other_epoch.append_as_leader(&batch.expect("a batch"), LeaderEpoch(1), wall, &config);
    for log in [short, other_epoch] {
        plant(&mut world, 2, |replica| replica.plant_log(log, Offset(2)));
        breaks(&mut law.clone(), &world, 2, led(1), "R9");
    }
}
