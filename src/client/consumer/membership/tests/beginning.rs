//! How a member comes in, gets its part, and what it does when it may not.

use super::*;

#[test]
fn a_newcomer_joins_with_the_id_it_is_given_and_reads_where_its_group_has_got_to() {
    let mut bench = bench(&[]);
    let (question, request) = join_request(&mut bench);
    assert_eq!((question.broker.0, &*request.member_id), (2, ""));
    assert_eq!(request.session_timeout_ms, 45_000);
    assert_eq!(request.rebalance_timeout_ms, 300_000);
    let names: Vec<&str> = request.protocols.iter().map(|known| &*known.name).collect();
    assert_eq!(names, ["range", "cooperative-sticky"]);
    let said = Said::read(&request.protocols[0].metadata).expect("a subscription");
    assert_eq!(said.topics, ["orders".into()]);
    bench.asked.push_front(question);
    refuse_join(&mut bench, ErrorCode::MemberIdRequired);
    let (question, request) = join_request(&mut bench);
    assert_eq!(&*request.member_id, "given");
    bench.asked.push_front(question);
    join(&mut bench, 4);
    let (question, request) = sync_request(&mut bench);
    assert_eq!((request.generation_id, &*request.member_id), (4, "me"));
    assert!(request.assignments.is_empty(), "another leads");
    bench.asked.push_front(question);
    sync(&mut bench, &[1]);
    restore(&mut bench, 7);
    assert_eq!(
        bench.lines(),
        [
            "0.000s c1 joins billing generation 4 as me, range",
            "0.000s c1 billing gives orders-1",
            "0.000s c1 orders-1 position @7, committed",
        ]
    );
    let fetch = asked(&mut bench, "Fetch");
    assert_eq!(fetch.broker.0, 3);
}

#[test]
fn the_leader_divides_for_all_even_what_only_others_want() {
    let mut bench = bench(&[]);
    bench.topic("payments", &[1]);
    let other = Said {
        topics: vec!["orders".into(), "payments".into()],
        ..Said::default()
    };
    lead(&mut bench, 1, &[("other", other.write(1))]);
    let (_, request) = sync_request(&mut bench);
    let parts = request.assignments.iter().map(|part| {
        let given = Assignment::read(&part.assignment).expect("an assignment");
        let given = leading::partitions(&given.assigned_partitions);
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        format!("{}: {}", part.member_id, given.join(" "))
    });
    let parts: Vec<String> = parts.collect();
    assert_eq!(parts, ["me: orders-0", "other: orders-1 payments-0"]);
}

#[test]
fn what_a_member_does_when_it_may_not_join() {
    use ErrorCode::*;
    for (error, id) in [
        (CoordinatorLoadInProgress, "given"),
        (RebalanceInProgress, "given"),
        (UnknownMemberId, ""),
    ] {
        let mut bench = bench(&[]);
        refuse_join(&mut bench, MemberIdRequired);
        refuse_join(&mut bench, error);
        let (_, request) = join_request(&mut bench);
        assert_eq!(&*request.member_id, id, "{error:?}");
    }
    for error in [NotCoordinator, CoordinatorNotAvailable] {
        let mut bench = bench(&[]);
        bench.coordinator = 3;
        refuse_join(&mut bench, error);
        let (question, _) = join_request(&mut bench);
        assert_eq!(question.broker.0, 3, "{error:?}");
    }
    for error in [
        InconsistentGroupProtocol,
        InvalidSessionTimeout,
        GroupMaxSizeReached,
        FencedInstanceId,
    ] {
        let mut bench = bench(&[]);
        refuse_join(&mut bench, error);
        bench.pass_ms(10_000);
        assert!(bench.asked.is_empty(), "{error:?} is final");
        assert_eq!(member(&bench).failure, Some(error));
    }
}

#[test]
fn what_a_member_does_when_it_gets_no_part() {
    use ErrorCode::*;
    for (error, id) in [
        (RebalanceInProgress, "me"),
        (IllegalGeneration, "me"),
        (UnknownMemberId, ""),
    ] {
        let mut bench = bench(&[]);
        join(&mut bench, 1);
        refuse_sync(&mut bench, error);
        let (_, request) = join_request(&mut bench);
        assert_eq!(&*request.member_id, id, "{error:?}");
    }
    // Kafka's client has no idea what that would mean.
    let mut bench = self::bench(&[]);
    join(&mut bench, 1);
    refuse_sync(&mut bench, RequestTimedOut);
    assert_eq!(member(&bench).failure, Some(RequestTimedOut));
    let mut bench = self::bench(&[]);
    join(&mut bench, 1);
    bench.coordinator = 1;
    refuse_sync(&mut bench, NotCoordinator);
    let (question, _) = join_request(&mut bench);
    assert_eq!(question.broker.0, 1);
}
