//! From one coordinator to the next, with nothing but the log.

use super::*;
use crate::protocol::offsets_topic::{GroupMetadataValue, MemberMetadata};

#[test]
fn a_group_is_kept_where_java_would_keep_it() {
    for (group, partition) in [
        ("test-group", 12),
        ("group", 47),
        ("my-group", 12),
        ("group-1", 49),
        ("demo", 1),
        ("console-consumer", 40),
        ("order-service", 26),
        ("a", 47),
        ("g1", 42),
        ("consumer-group-1", 20),
        ("payments", 13),
        ("my-app", 0),
        ("polygenelubricants", 0),
    ] {
        assert_eq!(partition_of(group, 50), partition, "{group}");
    }
}

#[test]
fn the_next_coordinator_knows_what_this_one_knew() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    bench.move_on();
    assert_eq!(bench.state(), State::Stable);
    assert_eq!(bench.offset(), Some(42));
    for id in &ids {
        assert_eq!(
            bench.beat(id, 1),
            ErrorCode::None,
            "nobody has to join again"
        );
    }
    let group = bench.coordinator.group("my-group").expect("it is there");
    let second = group.member(&ids[1]).expect("it is a member");
    assert_eq!(&second.assignment[..], b"part");
    bench.pass(5_000);
    bench.beat(&ids[0], 1);
    bench.pass(5_000);
    assert_eq!(
        bench.state(),
        State::PreparingRebalance,
        "its members are watched here too"
    );
}

#[test]
fn while_groups_are_read_and_where_they_are_not_everybody_is_told_so() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let join = bench.join(&ids[0]);
    bench.coordinator.unload(bench.at(), HOME);
    bench.serve();
    let answer = bench.joined(join);
    assert_eq!(answer.error_code, ErrorCode::NotCoordinator.code());
    assert_eq!(answer.member_id, ids[0], "it keeps its id");
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::NotCoordinator);
    bench.coordinator.begin_loading(HOME);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::None);
    let sync = bench.sync(&ids[0], 1, &[]);
    assert_eq!(bench.synced(sync), Err(ErrorCode::RebalanceInProgress));
    let commit = bench.commit(&ids[0], 1, 4);
    assert_eq!(
        bench.committed(commit),
        ErrorCode::CoordinatorLoadInProgress
    );
    let list = bench.coordinator.list(&[], &[]);
    assert_eq!(list.error_code, ErrorCode::CoordinatorLoadInProgress.code());
}

#[test]
fn a_group_that_no_coordinator_wrote_goes_on_too() {
    let member = MemberMetadata {
        member_id: "somebody".into(),
        rebalance_timeout: 60_000,
        session_timeout: 10_000,
        subscription: subscribed_to("orders"),
        ..MemberMetadata::default()
    };
    let value = GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: i32::MAX,
        protocol: Some("range".into()),
        leader: None,
        current_state_timestamp: 0,
        members: vec![member.clone(), member],
    };
    let mut bench = Bench::new();
    bench
        .log
        .push(record::group_record(&"my-group".into(), Some(&value)));
    bench.move_on();
    let join = bench.join("somebody");
    let answer = bench.joined(join);
    assert_eq!(&*answer.leader, "somebody", "there was no leader");
    assert_eq!(answer.members.len(), 1, "it stood there twice");
    assert_eq!(answer.generation_id, i32::MIN, "as Java counts");
}

#[test]
fn before_it_is_known_how_many_partitions_there_are_everybody_is_told_to_wait() {
    let mut bench = Bench::new();
    let config = *bench.coordinator.config();
    bench.coordinator = Coordinator::new(config, Rng::new(Seed(3), 0));
    let commit = bench.commit("", -1, 4);
    assert_eq!(bench.committed(commit), ErrorCode::NotCoordinator);
    bench.coordinator.begin_loading(7);
    let commit = bench.commit("", -1, 4);
    let loading = ErrorCode::CoordinatorLoadInProgress;
    assert_eq!(bench.committed(commit), loading, "7 may be its partition");
    bench.coordinator.set_partitions(50);
    let commit = bench.commit("", -1, 4);
    assert_eq!(bench.committed(commit), ErrorCode::NotCoordinator);
}
