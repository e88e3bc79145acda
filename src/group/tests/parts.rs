//! How members get their parts.

use super::*;

#[test]
fn parts_that_cannot_be_written_are_not_handed_out() {
    for (error, told) in [
        (
            ErrorCode::NotEnoughReplicas,
            ErrorCode::CoordinatorNotAvailable,
        ),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
        (ErrorCode::RequestTimedOut, ErrorCode::RebalanceInProgress),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
    ] {
        let mut bench = Bench::new();
        let one = bench.new_id();
        let join = bench.join(&one);
        bench.pass(3_000);
        bench.joined(join);
        bench.refusal = Some(error);
        let sync = bench.sync(&one, 1, &[(&one, "all")]);
        assert_eq!(bench.synced(sync), Err(told));
        assert_eq!(bench.state(), State::PreparingRebalance);
    }
}

#[test]
fn who_does_not_ask_for_its_part_in_time_is_taken_out() {
    let mut bench = Bench::new();
    let ids = [bench.new_id(), bench.new_id()];
    let joins = [bench.join(&ids[0]), bench.join(&ids[1])];
    bench.pass(6_000);
    let _ = joins.map(|join| bench.joined(join));
    let sync = bench.sync(&ids[1], 1, &[]);
    for _ in 0..60 {
        bench.beat(&ids[0], 1);
        bench.pass(1_000);
    }
    assert_eq!(bench.synced(sync), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::UnknownMemberId);
}
