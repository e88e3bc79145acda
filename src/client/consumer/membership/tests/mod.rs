//! Tests of a member against a coordinator that says what each test wants.
//!
//! [`beginning`] has how a member comes in, [`rounds`] what makes its group divide once more, [`trouble`]
//! coordinators that are silent, gone or talk nonsense, [`commits`] what becomes of offsets.

mod beginning;
mod commits;
mod revoking;
mod rounds;
mod trouble;

use super::*;
use bytes::Bytes;

use crate::client::bench::{Asked, Bench, addresses};
use crate::client::consumer::tests::{answer_fetch, batch, data, unreadable};
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
use crate::protocol::{AnyRequest, AnyResponse, Chunks};
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
        commits_fetched: false,
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

/// The next generation, which this member leads; the others in it say this of themselves.
fn lead(bench: &mut Bench<Consumer>, generation: i32, others: &[(&str, Bytes)]) {
    let (question, request) = join_request(bench);
    let response = led(&request, generation, others);
    bench.answer(&question, &AnyResponse::JoinGroup(response));
}

/// What the coordinator answers to whom it lets lead.
fn led(request: &JoinGroupRequest, generation: i32, others: &[(&str, Bytes)]) -> JoinGroupResponse {
    let own = ("me", request.protocols[0].metadata.clone());
    let all = [own].into_iter().chain(others.iter().cloned());
    let members = all.map(|(id, metadata)| JoinGroupResponseMember {
        member_id: id.into(),
        group_instance_id: None,
        metadata,
    });
    JoinGroupResponse {
        generation_id: generation,
        protocol_name: Some("range".into()),
        leader: "me".into(),
        member_id: "me".into(),
        members: members.collect(),
        ..JoinGroupResponse::default()
    }
}

fn sync_request(bench: &mut Bench<Consumer>) -> (Asked, SyncGroupRequest) {
    let question = asked(bench, "SyncGroup");
    match &question.request {
        AnyRequest::SyncGroup(request) => (question.clone(), request.clone()),
        other => panic!("a SyncGroup, not {other:?}"),
    }
}

/// The member gets these partitions of "orders".
fn sync(bench: &mut Bench<Consumer>, partitions: &[i32]) {
    answer_sync(bench, part("orders", partitions));
}

/// The member gets a part, or what should be one.
fn answer_sync(bench: &mut Bench<Consumer>, assignment: Bytes) {
    let (question, _) = sync_request(bench);
    let response = SyncGroupResponse {
        assignment,
        ..SyncGroupResponse::default()
    };
    bench.answer(&question, &AnyResponse::SyncGroup(response));
}

/// A part: partitions of one topic.
fn part(topic: &str, partitions: &[i32]) -> Bytes {
    let given = Assignment {
        assigned_partitions: vec![TopicPartitions {
            topic: topic.into(),
            partitions: partitions.to_vec(),
        }],
        user_data: None,
    };
    given.write(3)
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

/// The next generation, which another leads, gives the member these partitions, to be read from an offset on.
fn settle(bench: &mut Bench<Consumer>, generation: i32, partitions: &[i32], offset: i64) {
    join(bench, generation);
    sync(bench, partitions);
    restore(bench, offset);
}

/// A stable member that reads `orders-0` from offset 5 on.
fn stable(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let mut bench = bench(settings);
    settle(&mut bench, 1, &[0], 5);
    bench.lines();
    bench
}

fn member(bench: &Bench<Consumer>) -> &Membership {
    bench.client.membership().expect("it has a group")
}

/// Two records come, and the application works on them.
fn give_records(bench: &mut Bench<Consumer>, from: i64) {
    let fetch = pick(bench, "Fetch");
    answer_fetch(bench, &fetch, vec![data(0, from + 2, batch(from, 2, 0))]);
}

/// No Fetch is left that would hold up other questions to its broker.
fn stop_fetching(bench: &mut Bench<Consumer>) {
    let partitions = Vec::new();
    bench.tell(Instruction::Pause { partitions });
    let fetch = pick(bench, "Fetch");
    answer_fetch(bench, &fetch, vec![data(0, 0, Chunks::new())]);
}
