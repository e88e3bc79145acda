//! What ends, and who ends it.

use super::*;

#[test]
fn a_group_that_came_to_nothing_is_dropped() {
    let mut bench = Bench::new();
    let at = bench.at();
    bench.coordinator.start(at);
    bench.new_id();
    assert_eq!(bench.state(), State::Empty);
    bench.pass(1_300_000);
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn offsets_of_a_group_that_is_gone_end() {
    let mut bench = Bench::new();
    let at = bench.at();
    bench.coordinator.start(at);
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    let week = 7 * 24 * 3_600 * 1_000;
    bench.pass(week - 3_600_000);
    assert_eq!(bench.offset(), Some(42));
    bench.pass(2 * 3_600_000);
    assert_eq!(bench.offset(), None);
    assert_eq!(bench.state(), State::Dead);
    bench.move_on();
    assert!(
        bench.coordinator.group("my-group").is_none(),
        "that was written down"
    );
}

#[test]
fn groups_and_offsets_are_deleted_when_nobody_needs_them() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.delete_group(), ErrorCode::NonEmptyGroup);
    assert_eq!(bench.delete_offset(), ErrorCode::GroupSubscribedToTopic);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    assert_eq!(bench.delete_offset(), ErrorCode::None);
    assert_eq!(bench.offset(), None);
    assert_eq!(bench.delete_group(), ErrorCode::None);
    assert_eq!(bench.delete_group(), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.delete_offset(), ErrorCode::GroupIdNotFound);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn what_is_deleted_while_it_is_written_stays_deleted() {
    let mut bench = Bench::new();
    bench.holds = true;
    bench.commit("", -1, 7);
    assert_eq!(bench.delete_group(), ErrorCode::None);
    bench.write_held();
    assert_eq!(bench.state(), State::Dead);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead, "as the log says");
}

#[test]
fn what_is_forgotten_is_written_down_however_few_replicas_are_in_sync() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    bench.pass(1);
    bench.refusal = Some(ErrorCode::NotEnoughReplicas);
    assert_eq!(bench.delete_group(), ErrorCode::None);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead);
}
