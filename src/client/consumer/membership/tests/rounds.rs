//! Why a group divides its partitions once more, and what a member does with what it is given.

use super::*;
use crate::time::Duration;

/// A member that fetches nothing, so that no Fetch holds up what else is asked of its broker.
fn not_reading(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let mut bench = bench(settings);
    bench.tell(Instruction::PauseReading);
    bench
}

/// The next generation, which this member leads alone.
fn lead(bench: &mut Bench<Consumer>, generation: i32, skips: bool) {
    let (question, request) = join_request(bench);
    let response = JoinGroupResponse {
        generation_id: generation,
        protocol_name: Some("range".into()),
        leader: "me".into(),
        member_id: "me".into(),
        skip_assignment: skips,
        members: vec![JoinGroupResponseMember {
            member_id: "me".into(),
            group_instance_id: None,
            metadata: request.protocols[0].metadata.clone(),
        }],
        ..JoinGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
}

#[test]
fn a_leader_divides_anew_when_a_topic_grows() {
    let settings = [
        ("metadata.max.age.ms", "1s"),
        ("enable.auto.commit", "false"),
    ];
    let mut bench = not_reading(&settings);
    lead(&mut bench, 1, false);
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
    bench.pass_ms(2_500);
    assert!(!is_asked(&bench, "JoinGroup"), "all is as it was");
    let third = TopicPartition::new("orders", 2);
    bench.leaders.insert(third, (1, 0));
    bench.pass_ms(1_500);
    assert!(is_asked(&bench, "JoinGroup"));
    // Who does not lead leaves that to the leader.
    let mut bench = not_reading(&settings);
    join(&mut bench, 1);
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
    let third = TopicPartition::new("orders", 2);
    bench.leaders.insert(third, (1, 0));
    bench.pass_ms(2_500);
    assert!(!is_asked(&bench, "JoinGroup"));
}

#[test]
fn a_leader_that_came_back_leaves_everything_as_it_is() {
    let mut bench = bench(&[("group.instance.id", "first")]);
    lead(&mut bench, 3, true);
    let (question, request) = sync_request(&mut bench);
    assert!(request.assignments.is_empty());
    bench.asked.push_front(question);
    sync(&mut bench, &[1]);
    let lines = bench.lines().join("\n");
    assert!(lines.ends_with("billing gives orders-1"), "{lines}");
}

#[test]
fn what_only_others_want_is_asked_for_as_long_as_one_leads() {
    let mut bench = not_reading(&[("enable.auto.commit", "false")]);
    bench.topic("payments", &[1]);
    let (question, request) = join_request(&mut bench);
    let other = Said {
        topics: vec!["payments".into()],
        ..Said::default()
    };
    let member_of = |id: &str, metadata: &bytes::Bytes| JoinGroupResponseMember {
        member_id: id.into(),
        group_instance_id: None,
        metadata: metadata.clone(),
    };
    let response = JoinGroupResponse {
        generation_id: 1,
        protocol_name: Some("range".into()),
        leader: "me".into(),
        member_id: "me".into(),
        members: vec![
            member_of("me", &request.protocols[0].metadata),
            member_of("other", &other.write(1)),
        ],
        ..JoinGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
    let payments = TopicName::new("payments");
    let knows = |bench: &mut Bench<Consumer>| {
        bench.configure("metadata.max.age.ms", "1s");
        bench.pass_ms(2_000);
        bench.client.metadata().topic(&payments).is_some()
    };
    assert!(knows(&mut bench));
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    join(&mut bench, 2);
    sync(&mut bench, &[0]);
    restore(&mut bench, 5);
    assert!(!knows(&mut bench), "another leads");
}

#[test]
fn a_part_of_what_is_not_subscribed_to_is_not_taken() {
    let mut bench = bench(&[]);
    join(&mut bench, 1);
    let (question, _) = sync_request(&mut bench);
    let given = Assignment {
        assigned_partitions: vec![TopicPartitions {
            topic: "another".into(),
            partitions: vec![0],
        }],
        user_data: None,
    };
    let response = SyncGroupResponse {
        assignment: given.write(3),
        ..SyncGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::SyncGroup(response));
    assert_eq!(bench.client.partitions().count(), 0);
    assert!(is_asked(&bench, "JoinGroup"), "it says again what it wants");
}

#[test]
fn a_last_commit_is_waited_for_as_long_as_a_rebalance_may_take() {
    let mut bench = stable(&[("max.poll.interval.ms", "6s")]);
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    let since = bench.now;
    commit_request(&mut bench);
    join_request(&mut bench);
    let waited = bench.now.since(since);
    let most = Duration::from_millis(6_100);
    assert!(
        waited >= Duration::from_secs(6) && waited <= most,
        "{waited}"
    );
}
