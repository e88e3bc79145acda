//! Coordinators that are silent, gone or somebody else, and members and brokers that talk nonsense.

use super::*;
use crate::protocol::api::OffsetForLeaderEpochResponse;
use crate::protocol::api::offset_for_leader_epoch::{EpochEndOffset, OffsetForLeaderTopicResult};
use crate::time::Duration;

/// The broker that hears a heartbeat next other than one that has heard some.
fn heartbeat_elsewhere(bench: &mut Bench<Consumer>, than: i32) -> i32 {
    loop {
        let question = asked(bench, "Heartbeat");
        if question.broker.0 != than {
            return question.broker.0;
        }
    }
}

#[test]
fn a_coordinator_that_is_silent_is_looked_for_anew() {
    let mut bench = stable(&[("session.timeout.ms", "6s")]);
    asked(&mut bench, "Heartbeat");
    bench.coordinator = 3;
    assert_eq!(heartbeat_elsewhere(&mut bench, 2), 3);
    // The new coordinator counts six seconds from when it took over, and that may be long ago.
    assert!(bench.now < Instant::ZERO + Duration::from_secs(7));
    assert!(member(&bench).is_stable(), "it lives, and is a member");
}

#[test]
fn what_was_asked_of_a_coordinator_that_is_given_up_is_asked_of_the_next() {
    let mut bench = bench(&[("session.timeout.ms", "6s")]);
    join(&mut bench, 1);
    sync(&mut bench, &[0]);
    let old = pick(&mut bench, "OffsetFetch");
    assert_eq!(old.broker.0, 2);
    bench.coordinator = 3;
    let new = pick(&mut bench, "OffsetFetch");
    assert_eq!(new.broker.0, 3);
    assert!(
        bench.now < Instant::ZERO + Duration::from_secs(7),
        "{}",
        bench.now
    );
}

#[test]
fn a_broker_that_does_not_say_who_coordinates_is_not_waited_for() {
    let mut bench = stable(&[("session.timeout.ms", "6s")]);
    bench.coordinator = 3;
    bench.silent = 1;
    assert_eq!(heartbeat_elsewhere(&mut bench, 2), 3);
    assert_eq!(bench.silent, 0, "one was asked in vain");
    assert!(bench.now < Instant::ZERO + Duration::from_secs(7));
}

#[test]
fn a_member_that_is_told_that_it_asks_the_wrong_broker_asks_another_at_once() {
    let mut bench = stable(&[]);
    stop_fetching(&mut bench);
    bench.coordinator = 3;
    answer_heartbeat(&mut bench, ErrorCode::NotCoordinator);
    let refused_at = bench.now;
    assert_eq!(bench.client.coordinator().map(|known| known.0), Some(3));
    let question = pick(&mut bench, "Heartbeat");
    assert_eq!(question.broker.0, 3);
    assert!(bench.now <= refused_at + Duration::from_millis(200));
}

#[test]
fn a_coordinator_that_cannot_be_is_not_believed() {
    let nonsense = [
        Some((ErrorCode::None, -5, 2)),
        Some((ErrorCode::None, i32::MIN, 2)),
        // The name of the connection to this one would be that of broker 1, as Kafka builds it.
        Some((ErrorCode::None, i32::MAX - 1, 3)),
        Some((ErrorCode::None, 2, 70_000)),
        None,
    ];
    for odd in nonsense {
        let mut bench = bench_with(&[], |bench| bench.odd_coordinators.push_back(odd));
        let (question, _) = join_request(&mut bench);
        assert_eq!(question.broker.0, 2, "{odd:?}");
        bench.asked.push_front(question);
        settle(&mut bench, 1, &[0], 5);
        assert_eq!(pick(&mut bench, "Fetch").broker.0, 1, "{odd:?}");
    }
}

#[test]
fn a_coordinator_that_is_not_found_is_asked_for_less_and_less_often() {
    let never = Some((ErrorCode::CoordinatorNotAvailable, -1, -1));
    let mut bench = bench_with(&[], |bench| bench.odd_coordinators = [never; 100].into());
    bench.pass_ms(10_000);
    let asked = 100 - bench.odd_coordinators.len();
    assert!((10..=16).contains(&asked), "{asked} times in ten seconds");
}

#[test]
fn a_refusal_to_say_who_coordinates_is_heard_by_the_application_once() {
    let never = Some((ErrorCode::GroupAuthorizationFailed, -1, -1));
    let mut bench = by_hand(&[]);
    bench.coordinator = 3;
    bench.disconnect(2);
    bench.odd_coordinators = [never; 100].into();
    // It has not been told yet where its group is.
    bench.pass_ms(10_000);
    let lines = bench.lines();
    let told = lines.iter().filter(|line| line.contains("reading failed"));
    let told: Vec<&String> = told.collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(told[0].ends_with("GROUP_AUTHORIZATION_FAILED"));
    assert!(bench.odd_coordinators.len() > 90, "nobody asks for ever");
}

#[test]
fn who_has_given_up_tries_again_with_another_subscription() {
    let mut bench = bench(&[]);
    refuse_join(&mut bench, ErrorCode::InconsistentGroupProtocol);
    assert!(member(&bench).failure.is_some());
    bench.configure("subscribe", "orders");
    assert!(is_asked(&bench, "JoinGroup"));
}

#[test]
fn a_part_that_cannot_be_read_is_heard_by_the_application() {
    let mut bench = bench(&[]);
    join(&mut bench, 1);
    answer_sync(&mut bench, Bytes::from_static(&[0, 1, 0xff]));
    bench.pass_ms(10_000);
    assert!(!is_asked(&bench, "JoinGroup"), "it would get the same");
    let lines = bench.lines().join("\n");
    assert!(
        lines.contains("gives up billing: INCONSISTENT_GROUP_PROTOCOL"),
        "{lines}"
    );
}

#[test]
fn a_leader_that_cannot_read_what_a_member_says_says_so() {
    let mut bench = bench(&[]);
    let nonsense = Bytes::from_static(&[0, 0, 0]);
    lead(&mut bench, 1, &[("other", nonsense)]);
    bench.pass_ms(10_000);
    assert!(!is_asked(&bench, "JoinGroup") && !is_asked(&bench, "SyncGroup"));
    assert_eq!(
        member(&bench).failure,
        Some(ErrorCode::InconsistentGroupProtocol)
    );
}

#[test]
fn the_answer_to_a_join_waits_for_the_next_poll() {
    let settings = [
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("enable.auto.commit", "false"),
        ("poll.interval.ms", "2s"),
    ];
    let mut bench = bench(&settings);
    settle(&mut bench, 1, &[0], 0);
    let fetch = pick(&mut bench, "Fetch");
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    let (question, _) = join_request(&mut bench);
    // The application gets records and works on them for two seconds.
    answer_fetch(&mut bench, &fetch, vec![data(0, 1, batch(0, 1, 0))]);
    bench.asked.push_front(question);
    join(&mut bench, 2);
    bench.pass_ms(1_900);
    assert!(!is_asked(&bench, "SyncGroup"), "it is working");
    bench.pass_ms(100);
    assert!(is_asked(&bench, "SyncGroup"));
}

#[test]
fn a_member_that_does_not_poll_leaves_unless_it_is_expected_back() {
    for (instance, leaves) in [("", true), ("first", false)] {
        let settings = [
            ("group.instance.id", instance),
            ("max.poll.interval.ms", "8s"),
            ("poll.interval.ms", "20s"),
            ("enable.auto.commit", "false"),
        ];
        let mut bench = bench(&settings);
        settle(&mut bench, 1, &[0], 0);
        give_records(&mut bench, 0);
        bench.pass_ms(7_999);
        assert!(member(&bench).is_stable());
        bench.pass_ms(1);
        assert!(!member(&bench).is_stable());
        assert_eq!(is_asked(&bench, "LeaveGroup"), leaves, "{instance:?}");
    }
}

#[test]
fn what_the_group_remembers_is_validated_before_it_is_read() {
    let mut bench = bench_with(&[], |bench| {
        let first = TopicPartition::new("orders", 0);
        bench.leaders.insert(first, (1, 2));
    });
    join(&mut bench, 1);
    sync(&mut bench, &[0]);
    tell_committed(&mut bench, 9, 1, ErrorCode::None, ErrorCode::None);
    assert!(!is_asked(&bench, "Fetch"), "nobody knows yet what is at 9");
    let question = pick(&mut bench, "OffsetForLeaderEpoch");
    let AnyRequest::OffsetForLeaderEpoch(request) = &question.request else {
        unreachable!("it is an OffsetForLeaderEpoch");
    };
    let wanted = &request.topics[0].partitions[0];
    assert_eq!((wanted.current_leader_epoch, wanted.leader_epoch), (2, 1));
    let answer = OffsetForLeaderEpochResponse {
        topics: vec![OffsetForLeaderTopicResult {
            topic: "orders".into(),
            partitions: vec![EpochEndOffset {
                partition: 0,
                leader_epoch: 1,
                end_offset: 6,
                ..EpochEndOffset::default()
            }],
        }],
        ..OffsetForLeaderEpochResponse::default()
    };
    bench.answer(&question, &AnyResponse::OffsetForLeaderEpoch(answer));
    let lines = bench.lines().join("\n");
    assert!(
        lines.ends_with("orders-0 position @6, the log was cut, it had been @9"),
        "{lines}"
    );
    assert!(is_asked(&bench, "Fetch"));
}

#[test]
fn what_the_group_does_not_say_is_asked_again_or_heard_by_the_application() {
    use ErrorCode::*;
    for (of_each, of_group) in [
        (UnstableOffsetCommit, None),
        (None, CoordinatorLoadInProgress),
        (None, NotCoordinator),
    ] {
        let mut bench = bench(&[]);
        join(&mut bench, 1);
        sync(&mut bench, &[0, 1]);
        tell_committed(&mut bench, 5, -1, of_each, of_group);
        assert!(!is_asked(&bench, "Fetch"));
        restore(&mut bench, 7);
        let lines = bench.lines().join("\n");
        assert!(lines.contains("orders-1 position @7"), "{lines}");
        assert!(!lines.contains("@5"), "{lines}");
    }
    let mut bench = bench(&[]);
    join(&mut bench, 1);
    sync(&mut bench, &[0]);
    tell_committed(&mut bench, 5, -1, TopicAuthorizationFailed, None);
    bench.pass_ms(10_000);
    assert!(!is_asked(&bench, "OffsetFetch"));
    let lines = bench.lines().join("\n");
    assert!(
        lines.ends_with("orders-0 reading failed TOPIC_AUTHORIZATION_FAILED"),
        "{lines}"
    );
}
