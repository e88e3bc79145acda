//! Tests of a member against a coordinator that says what each test wants.
//!
//! Here is what goes as it should; [`rounds`] has what makes a group divide once more, [`trouble`] coordinators
//! that are silent, gone or talk nonsense, [`commits`] what becomes of offsets.

mod commits;
mod rounds;
mod trouble;

use super::*;
use crate::client::bench::{Asked, Bench, addresses};
use crate::client::consumer::{Consumer, Setup};
use crate::model::{Offset, ProcessId};
use crate::process::{Input, Instruction};
use crate::protocol::api::join_group::{JoinGroupResponse, JoinGroupResponseMember};
use crate::protocol::api::offset_commit::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::protocol::api::offset_fetch::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use crate::protocol::api::{
    HeartbeatResponse, JoinGroupRequest, LeaveGroupResponse, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchResponse, SyncGroupRequest, SyncGroupResponse,
};
use crate::protocol::consumer_protocol::{Subscription as Said, TopicPartitions};
use crate::protocol::{AnyRequest, AnyResponse};
use crate::rng::{Rng, Seed};

/// A member of "billing" that subscribes to the two partitions of "orders", and was told that broker 2
/// coordinates the group.
fn bench(settings: &[(&str, &str)]) -> Bench<Consumer> {
    bench_with(settings, |_| {})
}

/// The same, in a cluster that is prepared before the member begins.
fn bench_with(
    settings: &[(&str, &str)],
    prepare: impl FnOnce(&mut Bench<Consumer>),
) -> Bench<Consumer> {
    let mut config = ConsumerConfig::default();
    let own = [("group.id", "billing"), ("subscribe", "orders")];
    let settings = own.iter().chain(settings).copied();
    config.set_all(settings).expect("legal settings");
    let id = ProcessId::Consumer(1);
    let consumer = Consumer::new(Setup {
        id,
        client_id: "c1".into(),
        bootstrap: addresses(),
        config,
        rng: Rng::new(Seed(1), 1),
    });
    let mut bench = Bench::new(id, consumer);
    bench.topic("orders", &[1, 3]);
    prepare(&mut bench);
    bench.boot();
    bench.lines();
    bench
}

/// A consumer of the group's that has chosen `orders-0` itself.
fn by_hand(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let own = [("subscribe", ""), ("enable.auto.commit", "false")];
    let settings: Vec<_> = own.iter().chain(settings).copied().collect();
    let mut bench = bench(&settings);
    let partitions = vec![TopicPartition::new("orders", 0)];
    bench.tell(Instruction::Assign { partitions });
    bench
}

/// A request that waits or will, those before it left alone.
fn pick(bench: &mut Bench<Consumer>, what: &str) -> Asked {
    for _ in 0..100 {
        let mut waiting = bench.asked.iter();
        let at = waiting.position(|asked| asked.request.api().name() == what);
        if let Some(asked) = at.and_then(|at| bench.asked.remove(at)) {
            return asked;
        }
        bench.pass_ms(100);
    }
    panic!("{what} is not asked");
}

fn is_asked(bench: &Bench<Consumer>, what: &str) -> bool {
    let mut waiting = bench.asked.iter();
    waiting.any(|asked| asked.request.api().name() == what)
}

fn asked(bench: &mut Bench<Consumer>, what: &str) -> Asked {
    for _ in 0..100 {
        while let Some(asked) = bench.asked.pop_front() {
            if asked.request.api().name() == what {
                return asked;
            }
        }
        bench.pass_ms(100);
    }
    panic!("{what} is not asked");
}

fn join_request(bench: &mut Bench<Consumer>) -> (Asked, JoinGroupRequest) {
    let question = asked(bench, "JoinGroup");
    match &question.request {
        AnyRequest::JoinGroup(request) => (question.clone(), request.clone()),
        other => panic!("a JoinGroup, not {other:?}"),
    }
}

fn refuse_join(bench: &mut Bench<Consumer>, error: ErrorCode) {
    let (question, _) = join_request(bench);
    let response = JoinGroupResponse {
        error_code: error.code(),
        member_id: "given".into(),
        ..JoinGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
}

/// The next generation, which another leads.
fn join(bench: &mut Bench<Consumer>, generation: i32) {
    let (question, _) = join_request(bench);
    let response = JoinGroupResponse {
        generation_id: generation,
        protocol_type: Some("consumer".into()),
        protocol_name: Some(match &question.request {
            AnyRequest::JoinGroup(request) => request.protocols[0].name.clone(),
            _ => unreachable!("it is a JoinGroup"),
        }),
        leader: "another".into(),
        member_id: "me".into(),
        ..JoinGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
}

fn sync_request(bench: &mut Bench<Consumer>) -> (Asked, SyncGroupRequest) {
    let question = asked(bench, "SyncGroup");
    match &question.request {
        AnyRequest::SyncGroup(request) => (question.clone(), request.clone()),
        other => panic!("a SyncGroup, not {other:?}"),
    }
}

fn sync(bench: &mut Bench<Consumer>, partitions: &[i32]) {
    let (question, _) = sync_request(bench);
    let given = Assignment {
        assigned_partitions: vec![TopicPartitions {
            topic: "orders".into(),
            partitions: partitions.to_vec(),
        }],
        user_data: None,
    };
    let response = SyncGroupResponse {
        assignment: given.write(3),
        ..SyncGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::SyncGroup(response));
}

fn refuse_sync(bench: &mut Bench<Consumer>, error: ErrorCode) {
    let (question, _) = sync_request(bench);
    let response = SyncGroupResponse {
        error_code: error.code(),
        ..SyncGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::SyncGroup(response));
}

fn answer_heartbeat(bench: &mut Bench<Consumer>, error: ErrorCode) {
    let question = asked(bench, "Heartbeat");
    let response = HeartbeatResponse {
        error_code: error.code(),
        ..HeartbeatResponse::default()
    };
    bench.answer(&question, &AnyResponse::Heartbeat(response));
}

/// What the group has committed of all that it is asked about; −1 is nothing.
fn restore(bench: &mut Bench<Consumer>, offset: i64) {
    tell_committed(bench, offset, -1, ErrorCode::None, ErrorCode::None);
}

/// The same, with an epoch, an error of each partition and one of the group.
fn tell_committed(
    bench: &mut Bench<Consumer>,
    offset: i64,
    epoch: i32,
    of_each: ErrorCode,
    of_group: ErrorCode,
) {
    let question = pick(bench, "OffsetFetch");
    let AnyRequest::OffsetFetch(request) = &question.request else {
        unreachable!("it is an OffsetFetch");
    };
    let topics = request.groups[0].topics.clone().unwrap_or_default();
    let topics = topics.into_iter().map(|topic| OffsetFetchResponseTopics {
        name: topic.name,
        partitions: topic
            .partition_indexes
            .into_iter()
            .map(|index| OffsetFetchResponsePartitions {
                partition_index: index,
                committed_offset: offset,
                committed_leader_epoch: epoch,
                error_code: of_each.code(),
                ..OffsetFetchResponsePartitions::default()
            })
            .collect(),
    });
    let response = OffsetFetchResponse {
        groups: vec![OffsetFetchResponseGroup {
            group_id: "billing".into(),
            topics: topics.collect(),
            error_code: of_group.code(),
        }],
        ..OffsetFetchResponse::default()
    };
    bench.answer(&question, &AnyResponse::OffsetFetch(response));
}

fn commit_request(bench: &mut Bench<Consumer>) -> (Asked, OffsetCommitRequest) {
    let question = asked(bench, "OffsetCommit");
    match &question.request {
        AnyRequest::OffsetCommit(request) => (question.clone(), request.clone()),
        other => panic!("an OffsetCommit, not {other:?}"),
    }
}

fn answer_commit(bench: &mut Bench<Consumer>, error: ErrorCode) -> i64 {
    let (question, request) = commit_request(bench);
    let topics = request
        .topics
        .iter()
        .map(|topic| OffsetCommitResponseTopic {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| OffsetCommitResponsePartition {
                    partition_index: asked.partition_index,
                    error_code: error.code(),
                })
                .collect(),
        });
    let response = OffsetCommitResponse {
        topics: topics.collect(),
        ..OffsetCommitResponse::default()
    };
    bench.answer(&question, &AnyResponse::OffsetCommit(response));
    request.topics[0].partitions[0].committed_offset
}

/// A stable member that reads `orders-0` from offset 5 on.
fn stable(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let mut bench = bench(settings);
    join(&mut bench, 1);
    sync(&mut bench, &[0]);
    restore(&mut bench, 5);
    bench.lines();
    bench
}

fn member(bench: &Bench<Consumer>) -> &Membership {
    bench.client.membership().expect("it has a group")
}

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
    let (question, request) = join_request(&mut bench);
    let other = Said {
        topics: vec!["orders".into(), "payments".into()],
        ..Said::default()
    };
    let member = |id: &str, metadata: &bytes::Bytes| JoinGroupResponseMember {
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
            member("me", &request.protocols[0].metadata),
            member("other", &other.write(1)),
        ],
        ..JoinGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::JoinGroup(response));
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
fn a_commit_that_is_waited_for_is_sent_again_while_that_may_help() {
    use ErrorCode::*;
    let settings = [("enable.auto.commit", "false")];
    for error in [CoordinatorLoadInProgress, UnknownTopicOrPartition] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        answer_commit(&mut bench, error);
        assert_eq!(answer_commit(&mut bench, None), 5, "{error:?}");
        let lines = bench.lines().join("\n");
        assert!(lines.ends_with("billing commits orders-0@5"), "{lines}");
    }
    for error in [NotCoordinator, RequestTimedOut] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        bench.coordinator = 3;
        answer_commit(&mut bench, error);
        let (question, _) = commit_request(&mut bench);
        assert_eq!(question.broker.0, 3, "{error:?}");
    }
    for (error, rejoins) in [
        (OffsetMetadataTooLarge, false),
        (RebalanceInProgress, true),
        (IllegalGeneration, true),
        (UnknownMemberId, true),
    ] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        answer_commit(&mut bench, error);
        let lines = bench.lines().join("\n");
        assert!(
            lines.contains(&format!("commit failed: {}", error.name())),
            "{lines}"
        );
        let joins = bench
            .asked
            .iter()
            .any(|asked| asked.request.api().name() == "JoinGroup");
        assert_eq!(joins, rejoins, "{error:?}");
    }
}

#[test]
fn offsets_are_committed_every_interval_and_when_it_is_closed() {
    let mut bench = stable(&[("auto.commit.interval.ms", "1s")]);
    let mut times = Vec::new();
    for _ in 0..2 {
        assert_eq!(answer_commit(&mut bench, ErrorCode::None), 5);
        times.push(bench.now.as_millis() / 1_000);
    }
    assert_eq!(times, [1, 2]);
    bench.lines();
    bench.give(Input::Stopping);
    answer_commit(&mut bench, ErrorCode::None);
    let leave = asked(&mut bench, "LeaveGroup");
    assert_eq!(
        bench
            .lines()
            .iter()
            .map(|line| line.split_once(" c1 ").expect("a line of c1").1)
            .collect::<Vec<_>>(),
        [
            "billing commits orders-0@5",
            "billing takes back orders-0",
            "leaves billing: it is closed",
        ]
    );
    bench.answer(
        &leave,
        &AnyResponse::LeaveGroup(LeaveGroupResponse::default()),
    );
}

#[test]
fn a_cooperative_member_keeps_what_it_keeps_and_joins_again_for_what_it_gives_up() {
    let settings = [("partition.assignment.strategy", "cooperative-sticky")];
    let mut bench = bench(&settings);
    join(&mut bench, 1);
    sync(&mut bench, &[0, 1]);
    restore(&mut bench, 5);
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
