//! Static members, which come back under their names.

use super::*;

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_its_double_is_fenced() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 9);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    assert!(old.starts_with("first-"), "{old}");
    bench.sync(&old, 1, &[(&old, "all")]);
    let join = bench.join_as("", Some("first"), &["range"], 9);
    let answer = bench.joined(join);
    assert_eq!(answer.generation_id, 1, "nobody else notices");
    assert!(answer.skip_assignment);
    assert_ne!(answer.member_id, old);
    assert_eq!(answer.leader, answer.member_id);
    let sync = bench.sync(&answer.member_id, 1, &[]);
    assert_eq!(bench.synced(sync), Ok("all".to_owned()));
    let double = bench.join_as(&old, Some("first"), &["range"], 9);
    assert_eq!(
        bench.joined(double).error_code,
        ErrorCode::FencedInstanceId.code()
    );
    bench.move_on();
    assert_eq!(
        bench.beat(&answer.member_id, 1),
        ErrorCode::None,
        "the new id was written down"
    );
    assert_eq!(bench.leave("", Some("first")), ErrorCode::None);
}

#[test]
fn an_older_static_leader_is_told_that_it_does_not_lead() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 5);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    bench.sync(&old, 1, &[(&old, "all")]);
    let join = bench.join_as("", Some("first"), &["range"], 5);
    let answer = bench.joined(join);
    assert_eq!(answer.leader, old, "so that it takes the part it has");
    assert!(answer.members.is_empty() && !answer.skip_assignment);
}

#[test]
fn static_members_that_wait_for_nobody_still_let_time_pass() {
    let mut bench = Bench::new();
    let lasting = JoinAsked {
        rebalance_timeout: Duration::ZERO,
        ..bench.joining("", Some("first"), &["range"], 9)
    };
    let lasting = bench.join_with(lasting);
    let other = bench.new_id();
    let leaving = bench.join(&other);
    bench.pass(3_000);
    let (first, _) = (bench.joined(lasting).member_id, bench.joined(leaving));
    bench.sync(&first, 1, &[(&first, "all")]);
    bench.sync(&other, 1, &[]);
    assert_eq!(bench.state(), State::Stable);
    assert_eq!(bench.leave(&other, None), ErrorCode::None);
    assert_eq!(bench.state(), State::PreparingRebalance);
    bench.pass(11_000);
    assert_eq!(bench.state(), State::Empty, "its session has ended");
}

#[test]
fn who_comes_back_as_its_part_is_forgone_is_told_so() {
    let mut bench = Bench::new();
    let leads = bench.new_id();
    let joins = [
        bench.join(&leads),
        bench.join_as("", Some("first"), &["range"], 9),
    ];
    bench.pass(6_000);
    let [_, old] = joins.map(|join| bench.joined(join).member_id);
    bench.sync(&leads, 1, &[(&leads, "all")]);
    assert_eq!(bench.state(), State::Stable);
    for _ in 0..59 {
        bench.beat(&leads, 1);
        bench.beat(&old, 1);
        bench.pass(1_000);
    }
    bench.holds = true;
    let back = bench.join_as("", Some("first"), &["range"], 9);
    assert!(bench.waits(back), "its new id is being written down");
    bench.pass(1_000);
    assert_eq!(
        bench.joined(back).error_code,
        ErrorCode::UnknownMemberId.code(),
        "it never asked for its part"
    );
    assert_eq!(bench.state(), State::PreparingRebalance);
    bench.write_held();
}

#[test]
fn who_comes_back_has_as_long_a_session_as_before_until_it_is_heard_of_again() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 9);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    bench.sync(&old, 1, &[(&old, "all")]);
    let longer = JoinAsked {
        session_timeout: Duration::from_secs(20),
        ..bench.joining("", Some("first"), &["range"], 9)
    };
    let back = bench.join_with(longer);
    assert_eq!(bench.joined(back).error_code, 0);
    bench.pass(10_000);
    assert_eq!(bench.state(), State::Empty);
}

#[test]
fn who_comes_back_and_cannot_be_written_down_is_told_what_the_group_is() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 9);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    bench.sync(&old, 1, &[(&old, "all")]);
    bench.refusal = Some(ErrorCode::NotEnoughReplicas);
    let back = bench.join_as("", Some("first"), &["range"], 9);
    let answer = bench.joined(back);
    let refused = ErrorCode::CoordinatorNotAvailable.code();
    assert_eq!((answer.error_code, answer.generation_id), (refused, 1));
    assert_eq!(answer.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(answer.protocol_name.as_deref(), Some("range"));
    assert_eq!(answer.leader, old);
    assert_eq!(
        bench.beat(&old, 1),
        ErrorCode::None,
        "as if it had not come"
    );
}
