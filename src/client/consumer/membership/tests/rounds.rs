//! What a member hears from its heartbeats, why its group divides once more, and what it does with what it is given.

use super::*;
use crate::time::Duration;

#[test]
fn a_leader_divides_anew_when_a_topic_grows() {
    let settings = [
        ("metadata.max.age.ms", "1s"),
        ("enable.auto.commit", "false"),
    ];
    let mut bench = bench(&settings);
    lead(&mut bench, 1, &[]);
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
    stop_fetching(&mut bench);
    bench.pass_ms(2_500);
    assert!(!is_asked(&bench, "JoinGroup"), "all is as it was");
    let third = TopicPartition::new("orders", 2);
    bench.leaders.insert(third, (1, 0));
    bench.pass_ms(1_500);
    assert!(is_asked(&bench, "JoinGroup"));
    // Who does not lead leaves that to the leader.
    let mut bench = super::bench(&settings);
    settle(&mut bench, 1, &[0, 1], 5);
    stop_fetching(&mut bench);
    let third = TopicPartition::new("orders", 2);
    bench.leaders.insert(third, (1, 0));
    bench.pass_ms(2_500);
    assert!(!is_asked(&bench, "JoinGroup"));
}

#[test]
fn a_leader_that_came_back_leaves_everything_as_it_is() {
    let mut bench = bench(&[("group.instance.id", "first")]);
    let (question, request) = join_request(&mut bench);
    let response = JoinGroupResponse {
        skip_assignment: true,
        ..led(&request, 3, &[])
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
    let (question, request) = sync_request(&mut bench);
    assert!(request.assignments.is_empty());
    bench.asked.push_front(question);
    sync(&mut bench, &[1]);
    let lines = bench.lines().join("\n");
    assert!(lines.ends_with("billing gives orders-1"), "{lines}");
}

#[test]
fn what_only_others_want_is_asked_for_as_long_as_one_leads() {
    let mut bench = bench(&[("enable.auto.commit", "false")]);
    bench.topic("payments", &[1]);
    let other = Said {
        topics: vec!["payments".into()],
        ..Said::default()
    };
    lead(&mut bench, 1, &[("other", other.write(1))]);
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
    stop_fetching(&mut bench);
    let payments = TopicName::new("payments");
    let knows = |bench: &mut Bench<Consumer>| {
        bench.configure("metadata.max.age.ms", "1s");
        bench.pass_ms(2_000);
        bench.client.metadata().topic(&payments).is_some()
    };
    assert!(knows(&mut bench));
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    settle(&mut bench, 2, &[0], 5);
    assert!(!knows(&mut bench), "another leads");
}

#[test]
fn a_part_of_what_is_not_subscribed_to_is_not_taken() {
    let mut bench = bench(&[]);
    join(&mut bench, 1);
    answer_sync(&mut bench, part("another", &[0]));
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

#[test]
fn what_a_member_hears_from_its_heartbeats() {
    use ErrorCode::*;
    let mut bench = stable(&[]);
    answer_heartbeat(&mut bench, None);
    assert!(bench.lines().is_empty());
    bench.coordinator = 1;
    answer_heartbeat(&mut bench, NotCoordinator);
    let question = asked(&mut bench, "Heartbeat");
    assert_eq!(question.broker.0, 1, "it is still a member");
    for (error, id, gone) in [
        (RebalanceInProgress, "me", "takes back orders-0"),
        (IllegalGeneration, "me", "has given away orders-0"),
        (UnknownMemberId, "", "has given away orders-0"),
    ] {
        let mut bench = stable(&[]);
        answer_heartbeat(&mut bench, error);
        if error == RebalanceInProgress {
            assert_eq!(answer_commit(&mut bench, None), 5, "it commits first");
        }
        let (_, request) = join_request(&mut bench);
        assert_eq!(&*request.member_id, id, "{error:?}");
        let lines = bench.lines().join("\n");
        assert!(lines.contains(gone), "{error:?}: {lines}");
    }
    let mut bench = stable(&[("group.instance.id", "first")]);
    answer_heartbeat(&mut bench, FencedInstanceId);
    assert_eq!(
        member(&bench).failure,
        Some(FencedInstanceId),
        "another bears its name"
    );
    bench.asked.clear();
    bench.pass_ms(10_000);
    assert!(bench.asked.is_empty(), "it asks for nothing any more");
}

#[test]
fn a_cooperative_member_keeps_what_it_keeps_and_joins_again_for_what_it_gives_up() {
    let settings = [("partition.assignment.strategy", "cooperative-sticky")];
    let mut bench = bench(&settings);
    settle(&mut bench, 1, &[0, 1], 5);
    bench.lines();
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    answer_commit(&mut bench, ErrorCode::None);
    let (question, request) = join_request(&mut bench);
    let said = Said::read(&request.protocols[0].metadata).expect("a subscription");
    assert_eq!(said.owned_partitions[0].partitions, [0, 1]);
    assert_eq!(said.generation_id, 1);
    let position = |bench: &Bench<Consumer>, number| {
        let view = bench
            .client
            .partition(&TopicPartition::new("orders", number));
        view.and_then(|view| view.position)
    };
    assert_eq!(position(&bench, 1), Some(Offset(5)), "it goes on reading");
    bench.asked.push_front(question);
    join(&mut bench, 2);
    sync(&mut bench, &[0]);
    assert_eq!(position(&bench, 0), Some(Offset(5)), "without asking again");
    assert_eq!(position(&bench, 1), None);
    let lines = bench.lines().join("\n");
    assert!(lines.contains("takes back orders-1"), "{lines}");
    answer_commit(&mut bench, ErrorCode::None);
    let (_, request) = join_request(&mut bench);
    let said = Said::read(&request.protocols[0].metadata).expect("a subscription");
    assert_eq!(
        said.owned_partitions[0].partitions,
        [0],
        "others may have it now"
    );
}
