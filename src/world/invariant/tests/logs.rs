//! What reads whole logs can fail.

use super::super::judge_logs;
use super::*;
use crate::log::LogConfig;
use crate::time::Timestamp;

#[test]
fn a_log_that_is_not_in_order_is_found_in_the_end() {
    let world = world();
    assert_eq!(judge_logs(&world), Ok(()));
    let found = |at: usize, bytes: &[u8]| {
        let mut world = world.clone();
        let mut log = log_of(&world, 3);
        let broken = altered(&batch_at(&log, 2), at, bytes);
        log.truncate_to(Offset(2), Timestamp(0));
        log.append_as_leader(&broken, LeaderEpoch(0), Timestamp(0), &LogConfig::default());
        plant(&mut world, 3, |replica| replica.plant_log(log, Offset(3)));
        judge_logs(&world).map_err(|violation| violation.what)
    };
    is_about(found(17, &[1, 2, 3, 4]), "A4");
    is_about(found(57, &[0, 0, 0, 2]), "A4");
}

#[test]
fn epochs_that_are_remembered_otherwise_than_the_log_has_them_are_found_in_the_end() {
    let mut world = world();
    let mut log = log_of(&world, 3);
    let last = batch_at(&log, 2);
    log.truncate_to(Offset(2), Timestamp(0));
    log.begin_epoch(LeaderEpoch(5));
    log.append_as_leader(&last, LeaderEpoch(0), Timestamp(0), &LogConfig::default());
    plant(&mut world, 3, |replica| replica.plant_log(log, Offset(3)));
    let found = judge_logs(&world).map_err(|violation| violation.what);
    is_about(found, "A3");
}
