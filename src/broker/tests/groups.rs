//! Groups as their members meet them over the wire: the coordinator is found, its topic is made, what is
//! committed is copied before it is answered, and another broker goes on where this one stopped.

use super::*;
use crate::protocol::ErrorCode;
use crate::protocol::api::create_topics::CreatableReplicaAssignment;
use crate::protocol::api::metadata::MetadataRequestTopic;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::api::{
    DeleteTopicsRequest, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, ListGroupsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use crate::protocol::api::{
    join_group::JoinGroupRequestProtocol,
    offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
};

/// One partition keeps all groups, and nobody waits for more members.
const SETTINGS: [(&str, &str); 3] = [
    ("offsets.topic.num.partitions", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("replica.lag.time.max.ms", "2000"),
];

fn keeper() -> TopicPartition {
    TopicPartition::new(super::super::OFFSETS_TOPIC, 0)
}

fn find(bench: &mut Bench, asked: i32) -> (i32, i16) {
    let connection = bench.open(asked);
    let request = FindCoordinatorRequest {
        key: "my-group".into(),
        ..FindCoordinatorRequest::default()
    };
    let found = bench.call(connection, &request, 3);
    (found.node_id, found.error_code)
}

/// The broker that coordinates, once there is one.
fn coordinator(bench: &mut Bench) -> i32 {
    for _ in 0..100 {
        let (node, error) = find(bench, 2);
        if error == 0 {
            // Until the followers have found its leader, and it has read what is there.
            bench.run_ms(2_500);
            return node;
        }
        assert_eq!(error, ErrorCode::CoordinatorNotAvailable.code());
        bench.run_ms(20);
    }
    panic!("no coordinator");
}

fn commit_request(offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: "my-group".into(),
        topics: vec![OffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: offset,
                ..OffsetCommitRequestPartition::default()
            }],
        }],
        ..OffsetCommitRequest::default()
    }
}

fn commit_answer(bench: &mut Bench, connection: ConnectionId) -> Option<i16> {
    let answer = bench.answer::<OffsetCommitRequest>(connection, 8)?;
    Some(answer.topics[0].partitions[0].error_code)
}

/// What the group has committed of the topic's first partition, and the error of the whole.
fn committed(bench: &mut Bench, at: i32) -> (i64, i16) {
    let connection = bench.open(at);
    let request = OffsetFetchRequest {
        group_id: "my-group".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: TOPIC.into(),
            partition_indexes: vec![0],
        }]),
        ..OffsetFetchRequest::default()
    };
    let answer = bench.call(connection, &request, 7);
    let topic = answer.topics.first();
    let offset = topic.map_or(-2, |topic| topic.partitions[0].committed_offset);
    (offset, answer.error_code)
}

/// The same for who would rather come again than hear of what is about to change: the partition's error.
fn stable_offset(bench: &mut Bench, at: i32) -> (i64, i16) {
    let connection = bench.open(at);
    let request = OffsetFetchRequest {
        require_stable: true,
        groups: vec![OffsetFetchRequestGroup {
            group_id: "my-group".into(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: TOPIC.into(),
                partition_indexes: vec![0],
            }]),
            ..OffsetFetchRequestGroup::default()
        }],
        ..OffsetFetchRequest::default()
    };
    let several = bench.call(connection, &request, 8);
    let one = OffsetFetchRequest {
        group_id: "my-group".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: TOPIC.into(),
            partition_indexes: vec![0],
        }]),
        require_stable: true,
        ..OffsetFetchRequest::default()
    };
    let one = bench.call(connection, &one, 7);
    let told = &several.groups[0].topics[0].partitions[0];
    let older = &one.topics[0].partitions[0];
    assert_eq!(
        (told.committed_offset, told.error_code),
        (older.committed_offset, older.error_code)
    );
    (told.committed_offset, told.error_code)
}

fn join(bench: &mut Bench, at: i32, member: &str) -> (ConnectionId, Option<JoinGroupResponse>) {
    let connection = bench.open(at);
    let request = JoinGroupRequest {
        group_id: "my-group".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            ..JoinGroupRequestProtocol::default()
        }],
        ..JoinGroupRequest::default()
    };
    bench.ask(connection, &request, 9);
    bench.run_ms(10);
    (connection, bench.answer::<JoinGroupRequest>(connection, 9))
}

#[test]
fn the_topic_is_made_when_somebody_asks_for_a_coordinator_and_not_before() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    bench.run_ms(1_000);
    assert!(bench.broker(1).metadata().topic(&keeper().topic).is_none());
    let home = coordinator(&mut bench);
    let image = bench.broker(1).metadata().partition(&keeper());
    let image = image.expect("it was made");
    assert_eq!((image.leader.0, image.replicas.len()), (home, 3));
    let connection = bench.open(1);
    let request = FindCoordinatorRequest {
        key: "my-transaction".into(),
        key_type: 7,
        ..FindCoordinatorRequest::default()
    };
    let found = bench.call(connection, &request, 3);
    assert_eq!(found.error_code, ErrorCode::InvalidRequest.code());
}

#[test]
fn a_commit_is_answered_when_every_in_sync_replica_has_it() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let home = coordinator(&mut bench);
    assert_eq!(committed(&mut bench, home), (-1, 0), "nothing yet");
    let other = home % 3 + 1;
    let wrong = ErrorCode::NotCoordinator.code();
    assert_eq!(committed(&mut bench, other).1, wrong);
    bench.hold(b(other), b(home));
    let connection = bench.open(home);
    bench.ask(connection, &commit_request(42), 8);
    bench.run_ms(500);
    assert_eq!(commit_answer(&mut bench, connection), None);
    assert_eq!(
        committed(&mut bench, home),
        (-1, 0),
        "not before it is safe"
    );
    let stable = stable_offset(&mut bench, home);
    assert_eq!(stable, (-1, ErrorCode::UnstableOffsetCommit.code()));
    bench.release(b(other), b(home));
    bench.run_ms(600);
    assert_eq!(commit_answer(&mut bench, connection), Some(0));
    assert_eq!(committed(&mut bench, home), (42, 0));
    assert_eq!(stable_offset(&mut bench, home), (42, 0));
}

#[test]
fn a_commit_that_is_not_copied_in_time_has_timed_out() {
    let settings: Vec<_> = SETTINGS[..2]
        .iter()
        .copied()
        .chain([("offsets.commit.timeout.ms", "300")])
        .collect();
    let mut bench = Bench::new(&settings, &[]);
    let home = coordinator(&mut bench);
    bench.hold(b(home % 3 + 1), b(home));
    let connection = bench.open(home);
    bench.ask(connection, &commit_request(42), 8);
    bench.run_ms(310);
    let late = ErrorCode::RequestTimedOut.code();
    assert_eq!(commit_answer(&mut bench, connection), Some(late));
}

#[test]
fn the_next_leader_of_the_partition_reads_it_and_goes_on() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let home = coordinator(&mut bench);
    let (_, answer) = join(&mut bench, home, "");
    let id = answer.expect("an id").member_id;
    let (_, answer) = join(&mut bench, home, &id);
    assert_eq!(answer.expect("a generation").generation_id, 1);
    let connection = bench.open(home);
    let mut request = commit_request(42);
    request.group_id = "another".into();
    bench.ask(connection, &request, 8);
    bench.ask(connection, &commit_request(7), 8);
    bench.run_ms(1_500);
    assert_eq!(commit_answer(&mut bench, connection), Some(0));
    let refused = ErrorCode::UnknownMemberId.code();
    assert_eq!(commit_answer(&mut bench, connection), Some(refused));
    let connection = bench.open(home);
    bench.give(b(home), Input::Stopping);
    bench.run_ms(200);
    let next = (1..=3).find(|id| {
        let replica = bench.broker(*id).partition(&keeper());
        *id != home && replica.is_some_and(super::super::Partition::is_leader)
    });
    let next = next.expect("somebody leads it now");
    let heartbeat = HeartbeatRequest {
        group_id: "my-group".into(),
        generation_id: 1,
        member_id: id,
        ..HeartbeatRequest::default()
    };
    assert!(
        bench.is_closed(connection) || {
            let answer = bench.call(connection, &heartbeat, 4);
            answer.error_code == ErrorCode::NotCoordinator.code()
        }
    );
    let connection = bench.open(next);
    let listed = bench.call(connection, &ListGroupsRequest::default(), 4);
    let names: Vec<&str> = listed.groups.iter().map(|group| &*group.group_id).collect();
    assert_eq!(
        names,
        ["another"],
        "what was never stable was never written down"
    );
}

/// Commits so often that it takes long to read, and has the coordinator stop; who leads the partition then, a few
/// milliseconds after it was told so.
fn begin_to_read_much(bench: &mut Bench, commits: i64) -> i32 {
    let home = coordinator(bench);
    let connection = bench.open(home);
    for offset in 1..=commits {
        bench.ask(connection, &commit_request(offset), 8);
    }
    bench.run_ms(5_000);
    assert_eq!(committed(bench, home), (commits, 0));
    bench.give(b(home), Input::Stopping);
    for _ in 0..100 {
        bench.run_ms(5);
        let leads = |id: &i32| {
            let replica = bench.broker(*id).partition(&keeper());
            *id != home && replica.is_some_and(super::super::Partition::is_leader)
        };
        if let Some(next) = (1..=3).find(leads) {
            return next;
        }
    }
    panic!("nobody leads it");
}

#[test]
fn while_a_partition_is_read_nothing_is_said_of_its_groups() {
    let small = [SETTINGS[0], SETTINGS[1], ("offsets.load.buffer.size", "1")];
    let mut bench = Bench::new(&small, &[]);
    let next = begin_to_read_much(&mut bench, 200);
    let loading = ErrorCode::CoordinatorLoadInProgress.code();
    assert_eq!(committed(&mut bench, next), (-2, loading));
    let connection = bench.open(next);
    bench.ask(connection, &commit_request(7), 8);
    bench.run_ms(5);
    assert_eq!(commit_answer(&mut bench, connection), Some(loading));
    let (_, joined) = join(&mut bench, next, "");
    assert_eq!(joined.expect("an answer").error_code, loading);
    let heartbeat = HeartbeatRequest {
        group_id: "my-group".into(),
        ..HeartbeatRequest::default()
    };
    let connection = bench.open(next);
    let answer = bench.call(connection, &heartbeat, 4);
    assert_eq!(answer.error_code, 0, "it may well be a member");
    let listed = bench.call(connection, &ListGroupsRequest::default(), 4);
    assert_eq!(listed.error_code, loading);
    // Two hundred commits are as many pieces, of a millisecond each.
    bench.run_ms(100);
    assert_eq!(committed(&mut bench, next).1, loading);
    bench.run_ms(100);
    assert_eq!(committed(&mut bench, next), (200, 0));
}

#[test]
fn what_fits_into_one_piece_is_read_at_once() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let next = begin_to_read_much(&mut bench, 200);
    bench.run_ms(3);
    assert_eq!(committed(&mut bench, next), (200, 0));
}

#[test]
fn what_was_read_of_a_topic_that_is_deleted_is_forgotten() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let home = coordinator(&mut bench);
    let connection = bench.open(home);
    bench.ask(connection, &commit_request(42), 8);
    bench.run_ms(1_500);
    assert_eq!(commit_answer(&mut bench, connection), Some(0));
    assert_eq!(bench.broker(home).coordinator().groups().count(), 1);
    let connection = bench.open(1);
    let request = DeleteTopicsRequest {
        topic_names: vec![TOPIC.into()],
        timeout_ms: 1_000,
        ..DeleteTopicsRequest::default()
    };
    bench.ask(connection, &request, 1);
    bench.run_ms(500);
    let groups = bench.broker(home).coordinator().groups().count();
    assert_eq!(groups, 0, "a group that kept nothing else is gone");
}

#[test]
fn whoever_hangs_up_is_answered_no_more() {
    let mut bench = Bench::new(&[SETTINGS[0]], &[]);
    let home = coordinator(&mut bench);
    let (_, answer) = join(&mut bench, home, "");
    let id = answer.expect("an id").member_id;
    let (connection, answer) = join(&mut bench, home, &id);
    assert_eq!(answer, None, "more members may come");
    assert!(bench.broker(home).groups.waits_for_answers());
    bench.carry(connection.opener, Effect::Close { connection });
    bench.run_ms(5);
    assert!(!bench.broker(home).groups.waits_for_answers());
    bench.run_ms(4_000);
    let group = bench.broker(home).coordinator().group("my-group");
    let group = group.expect("a group");
    assert_eq!(
        group.generation(),
        1,
        "but it is a member until its session ends"
    );
}

#[test]
fn whoever_first_asks_for_its_metadata_has_the_topic_made_as_it_must_be() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let connection = bench.open(1);
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(keeper().topic.0),
            ..MetadataRequestTopic::default()
        }]),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    bench.call(connection, &request, 9);
    bench.run_ms(500);
    let image = bench.broker(1).metadata().partition(&keeper());
    let leader = image.expect("it was made").leader.0;
    let replica = bench.broker(leader).partition(&keeper());
    let config = replica.expect("its leader has it").config();
    assert_eq!(config.get("cleanup.policy").as_deref(), Some("compact"));
    assert_eq!(image_replicas(&bench), 3);
}

fn image_replicas(bench: &Bench) -> usize {
    let image = bench.broker(1).metadata().partition(&keeper());
    image.map_or(0, |image| image.replicas.len())
}

#[test]
fn partitions_that_were_never_led_count_too() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    bench.give(b(3), Input::Stopping);
    bench.run_ms(500);
    let mut request = super::metadata::create(&keeper().topic.0, -1, -1);
    let assigned = [1, 2, 3].iter().zip(0..);
    let assigned = assigned.map(|(broker, partition_index)| CreatableReplicaAssignment {
        partition_index,
        broker_ids: vec![*broker],
    });
    request.topics[0].assignments = assigned.collect();
    let connection = bench.open(1);
    bench.ask(connection, &request, 7);
    bench.run_ms(500);
    let keepers = bench.broker(1).metadata().topic(&keeper().topic);
    assert_eq!(keepers.map(|topic| topic.partitions.len()), Some(2));
    let mut names = (0..).map(|number| format!("group-{number}"));
    let name = names.find(|name| crate::group::partition_of(name, 3) == 2);
    let name = name.expect("some name falls there");
    for id in [1, 2] {
        let coordinator = bench.broker(id).coordinator();
        assert_eq!(coordinator.partition_of(&name), 2);
    }
}

#[test]
fn from_version_5_on_who_asks_for_its_part_says_of_which_protocol() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let home = coordinator(&mut bench);
    let connection = bench.open(home);
    let request = SyncGroupRequest::default();
    for (version, error) in [
        (4, ErrorCode::InvalidGroupId),
        (5, ErrorCode::InconsistentGroupProtocol),
    ] {
        let answer = bench.call(connection, &request, version);
        assert_eq!(answer.error_code, error.code());
    }
}

#[test]
fn what_is_said_of_a_coordinator_beside_its_code_is_what_kafka_says() {
    let mut bench = Bench::new(&SETTINGS, &[]);
    let connection = bench.open(2);
    let mut request = FindCoordinatorRequest {
        key: "my-group".into(),
        coordinator_keys: vec!["my-group".into()],
        ..FindCoordinatorRequest::default()
    };
    let older = bench.call(connection, &request, 3).error_message;
    assert_eq!(older.as_deref(), Some("The coordinator is not available."));
    let newer = &bench.call(connection, &request, 4).coordinators[0];
    assert_eq!(newer.error_message.as_deref(), Some(""));
    coordinator(&mut bench);
    let older = bench.call(connection, &request, 3).error_message;
    assert_eq!(older.as_deref(), Some("NONE"));
    let newer = &bench.call(connection, &request, 4).coordinators[0];
    assert_eq!(newer.error_message.as_deref(), Some(""));
    request.key_type = 7;
    let newer = &bench.call(connection, &request, 4).coordinators[0];
    let why = newer.error_message.as_deref().unwrap_or_default();
    assert!(why.starts_with("This most likely occurs"), "{why}");
}
