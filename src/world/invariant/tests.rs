//! Each law can fail: it is shown a world in which something was planted, or news that must not be.
//!
//! That the laws hold is shown elsewhere, by every script and every shaken run.

use std::sync::Arc;

use super::answers::WhoAsksIsAnswered;
use super::bounded::InstantsEnd;
use super::matching::LogsAgree;
use super::quorum::QuorumsOverlap;
use super::*;
use crate::broker::{Broker, Partition, RequestId};
use crate::fact::{CloseReason, Fact, Role};
use crate::log::Log;
use crate::model::{ConnectionId, LeaderEpoch, PartitionEpoch};
use crate::process::{Input, Payload};
use crate::protocol::api::fetch::{FetchableTopicResponse, PartitionData};
use crate::protocol::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic, ListOffsetsTopicResponse,
};
use crate::protocol::api::{FetchResponse, ListOffsetsRequest, ListOffsetsResponse};
use crate::protocol::{ApiKey, encode_request, encode_response};
use crate::script;
use crate::time::Duration;
use crate::world::{Journal, Parcel, Program};

/// Three records on three replicas, all of them committed everywhere.
pub(super) fn world() -> World {
    world_with("a")
}

fn world_with(word: &str) -> World {
    let text = format!(
        "world brokers=3 seed=1 latency=1ms replica.lag.time.max.ms=2000\n\
         topic orders partitions=1 replicas=1,2,3\n\
         producer p1 acks=all\n\
         consumer c1\n\
         run 1s\n\
         produce p1 orders-0 \"{word}\"\nrun 100ms\n\
         produce p1 orders-0 \"{word}\"\nrun 100ms\n\
         produce p1 orders-0 \"{word}\"\nrun 2s\n"
    );
    played(&text)
}

/// The same, but broker 3 has heard nothing since the first record, and counts no more.
fn world_without_broker_3() -> World {
    played(
        "world brokers=3 seed=1 latency=1ms replica.lag.time.max.ms=2000\n\
         topic orders partitions=1 replicas=1,2,3\n\
         producer p1 acks=1\n\
         run 1s\n\
         produce p1 orders-0 \"a\"\nrun 100ms\nhold b3\n\
         produce p1 orders-0 \"a\"\nproduce p1 orders-0 \"a\"\nrun 5s\n",
    )
}

fn played(text: &str) -> World {
    let script = script::parse(text).expect("the script reads");
    let history = script.play().expect("the script plays");
    assert!(history.violation().is_none());
    history.world().clone()
}

pub(super) fn orders() -> TopicPartition {
    TopicPartition::new("orders", 0)
}

fn broker_mut(world: &mut World, id: u16) -> &mut Broker {
    let host = world.hosts.get_mut(&ProcessId::Broker(id));
    match &mut Arc::make_mut(host.expect("the broker is there")).program {
        Program::Broker(broker) => broker,
        _ => panic!("{id} is a broker"),
    }
}

pub(super) fn log_of(world: &World, id: i32) -> Log {
    let broker = world.broker_by_id(BrokerId(id)).expect("a broker");
    broker
        .partition(&orders())
        .expect("a replica")
        .log()
        .clone()
}

pub(super) fn plant(world: &mut World, id: u16, change: impl FnOnce(&mut Partition)) {
    broker_mut(world, id).plant(&orders(), change);
}

/// News from a broker, at the instant at which the world stands.
fn news(world: &World, by: u16, fact: Fact) -> Entry {
    let by = Some(ProcessId::Broker(by));
    entry(world.now(), by, fact)
}

fn entry(at: Instant, by: Option<ProcessId>, fact: Fact) -> Entry {
    Entry {
        number: 1,
        at,
        by,
        fact,
    }
}

fn committed(to: i64) -> Fact {
    Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Leader,
        from: Offset(0),
        to: Offset(to),
    }
}

pub(super) fn appended(role: Role, base: i64, next: i64, epoch: i32) -> Fact {
    Fact::RecordsAppended {
        partition: orders(),
        role,
        base_offset: Offset(base),
        next_offset: Offset(next),
        epoch: LeaderEpoch(epoch),
        bytes: 1,
    }
}

fn cut(from: i64, to: i64) -> Fact {
    Fact::LogTruncated {
        partition: orders(),
        from: Offset(from),
        to: Offset(to),
    }
}

fn led(epoch: i32) -> Fact {
    Fact::BecameLeader {
        partition: orders(),
        epoch: LeaderEpoch(epoch),
        start_offset: Offset(0),
        isr: vec![BrokerId(1)],
    }
}

fn isr_changed() -> Fact {
    Fact::IsrChanged {
        partition: orders(),
        from: Vec::new(),
        to: Vec::new(),
        partition_epoch: PartitionEpoch(1),
    }
}

#[track_caller]
pub(super) fn holds(law: &mut impl Invariant, world: &World, by: u16, fact: Fact) {
    let result = law.check(world, &news(world, by, fact));
    assert_eq!(result, Ok(()));
}

#[track_caller]
pub(super) fn breaks(law: &mut impl Invariant, world: &World, by: u16, fact: Fact, number: &str) {
    let what = law.check(world, &news(world, by, fact));
    let what = what.expect_err("the law does not hold");
    assert!(what.starts_with(&format!("{number}: ")), "{what}");
}

#[test]
fn r4_two_replicas_that_expose_different_records_are_found() {
    let mut world = world();
    let moved = || Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(3),
    };
    holds(&mut LogsAgree::default(), &world, 2, moved());
    let other = log_of(&world_with("b"), 2);
    plant(&mut world, 2, |replica| replica.plant_log(other, Offset(3)));
    breaks(&mut LogsAgree::default(), &world, 2, moved(), "R4");
}

#[test]
fn r4_a_record_exposed_without_being_there_is_found() {
    let mut world = world();
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(2), crate::time::Timestamp(0));
    plant(&mut world, 2, |replica| replica.plant_log(short, Offset(2)));
    let moved = Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(3),
    };
    breaks(&mut LogsAgree::default(), &world, 2, moved, "R4");
}

#[test]
fn r5_a_follower_that_copies_another_epoch_or_too_much_is_found() {
    let mut world = world();
    let fact = || appended(Role::Follower, 2, 3, 0);
    holds(&mut LogsAgree::default(), &world, 2, fact());
    let batch = log_of(&world, 1)
        .batches(Offset(0), Offset(1))
        .next()
        .map(|b| b.batch());
    let batch = batch.expect("a batch");
    let config = crate::log::LogConfig::default();
    let wall = crate::time::Timestamp(0);
    let mut other_epoch = log_of(&world, 2);
    other_epoch.truncate_to(Offset(2), wall);
    let mut longer = log_of(&world, 2);
    other_epoch.append_as_leader(&batch, LeaderEpoch(4), wall, &config);
    longer.append_as_leader(&batch, LeaderEpoch(0), wall, &config);
    for log in [other_epoch, longer] {
        plant(&mut world, 2, |replica| replica.plant_log(log, Offset(2)));
        breaks(&mut LogsAgree::default(), &world, 2, fact(), "R5");
    }
}

#[test]
fn r16_a_cut_below_what_is_committed_is_found_on_a_member_of_the_isr() {
    let world = world();
    let mut law = LogsAgree::default();
    holds(&mut law, &world, 1, committed(3));
    breaks(&mut law, &world, 2, cut(3, 2), "R16");
}

#[test]
fn r16_a_cut_of_what_the_leader_has_too_is_found() {
    let world = world_without_broker_3();
    let law = |appends: &[(i64, i64, i32)]| {
        let mut law = LogsAgree::default();
        for (base, next, epoch) in appends {
            holds(
                &mut law,
                &world,
                1,
                appended(Role::Leader, *base, *next, *epoch),
            );
            holds(
                &mut law,
                &world,
                3,
                appended(Role::Leader, *base, *next, *epoch),
            );
        }
        law
    };
    // The leader's log is epoch 0 from @0 to @3.
    breaks(&mut law(&[(0, 9, 0)]), &world, 3, cut(9, 2), "R16");
    holds(&mut law(&[(0, 9, 0)]), &world, 3, cut(9, 3));
    breaks(
        &mut law(&[(0, 2, 0), (2, 9, 1)]),
        &world,
        3,
        cut(9, 1),
        "R16",
    );
    holds(&mut law(&[(0, 2, 0), (2, 9, 1)]), &world, 3, cut(9, 2));
}

#[test]
fn r7_a_leader_that_does_not_wait_for_a_candidate_is_found() {
    let mut world = world();
    let ids = |ids: &[i32]| -> Vec<BrokerId> { ids.iter().map(|id| BrokerId(*id)).collect() };
    holds(&mut QuorumsOverlap::default(), &world, 1, isr_changed());
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1, 2])));
    breaks(
        &mut QuorumsOverlap::default(),
        &world,
        1,
        isr_changed(),
        "R7",
    );
    // One who waits for more than he must has asked for it.
    let mut world = world_without_broker_3();
    holds(&mut QuorumsOverlap::default(), &world, 1, isr_changed());
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1, 2, 3])));
    breaks(
        &mut QuorumsOverlap::default(),
        &world,
        1,
        isr_changed(),
        "R7",
    );
}

#[test]
fn r8_a_candidate_without_a_committed_record_is_found() {
    let mut world = world();
    holds(&mut QuorumsOverlap::default(), &world, 1, committed(3));
    let mut short = log_of(&world, 3);
    short.truncate_to(Offset(2), crate::time::Timestamp(0));
    plant(&mut world, 3, |replica| replica.plant_log(short, Offset(2)));
    breaks(
        &mut QuorumsOverlap::default(),
        &world,
        1,
        committed(3),
        "R8",
    );
}

#[test]
fn r9_a_new_leader_without_what_was_committed_is_found() {
    let mut world = world();
    let mut law = QuorumsOverlap::default();
    holds(&mut law, &world, 1, committed(3));
    holds(&mut law.clone(), &world, 2, led(1));
    let (config, wall) = (crate::log::LogConfig::default(), crate::time::Timestamp(0));
    let batch = log_of(&world, 1)
        .batches(Offset(0), Offset(1))
        .next()
        .map(|b| b.batch());
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(2), wall);
    let mut other_epoch = short.clone();
    other_epoch.append_as_leader(&batch.expect("a batch"), LeaderEpoch(1), wall, &config);
    for log in [short, other_epoch] {
        plant(&mut world, 2, |replica| replica.plant_log(log, Offset(2)));
        breaks(&mut law.clone(), &world, 2, led(1), "R9");
    }
}

/// The consumer's connection number 9 to broker 1, as the broker holds it.
fn to_consumer() -> ConnectionId {
    ConnectionId::client(ProcessId::Consumer(1), 9).other_end()
}

/// Puts a frame on the wire towards one end of the consumer's connection.
fn send(world: &mut World, from: ConnectionId, frame: crate::protocol::Chunks) {
    let (now, client) = (world.now(), to_consumer().other_end());
    if !world.network.is_open(client) {
        world.network.open(now, client, Some(ProcessId::Broker(1)));
    }
    world
        .network
        .send(now, from, Parcel::Bytes(Payload::Kafka(frame)));
}

fn answered(api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    Fact::ResponseSent {
        connection: to_consumer(),
        api,
        version,
        correlation_id,
    }
}

fn sent(api: ApiKey, version: i16, correlation_id: i32) -> Fact {
    Fact::RequestSent {
        connection: to_consumer().other_end(),
        api,
        version,
        correlation_id,
    }
}

fn connected() -> Fact {
    Fact::Connected {
        connection: to_consumer().other_end(),
        to: "b1:9092".into(),
    }
}

#[test]
fn r11_a_fetch_answer_that_takes_back_a_high_watermark_is_found() {
    let mut world = world();
    let mut law = WhoAsksIsAnswered::default();
    for (id, high_watermark) in [(1, 2), (2, 3), (3, 3)] {
        let response = fetch_response(high_watermark);
        let frame = encode_response(ApiKey::Fetch, 12, id, &response);
        send(&mut world, to_consumer(), frame);
        holds(&mut law, &world, 1, answered(ApiKey::Fetch, 12, id));
    }
    let frame = encode_response(ApiKey::Fetch, 12, 4, &fetch_response(2));
    send(&mut world, to_consumer(), frame);
    breaks(&mut law, &world, 1, answered(ApiKey::Fetch, 12, 4), "R11");
}

fn fetch_response(high_watermark: i64) -> FetchResponse {
    FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            partitions: vec![PartitionData {
                high_watermark,
                records: Some(crate::protocol::Chunks::new()),
                ..PartitionData::default()
            }],
            ..FetchableTopicResponse::default()
        }],
        ..FetchResponse::default()
    }
}

#[test]
fn r11_an_end_that_is_listed_lower_than_before_is_found() {
    let mut world = world();
    let mut law = WhoAsksIsAnswered::default();
    holds(&mut law, &world, 1, connected());
    // Asking for the start gives less than the end, and is no news about it.
    for (id, timestamp, offset) in [(1, -1, 3), (2, -2, 0), (3, -1, 2)] {
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: "orders".into(),
                partitions: vec![ListOffsetsPartition {
                    timestamp,
                    ..ListOffsetsPartition::default()
                }],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = ListOffsetsResponse {
            topics: vec![ListOffsetsTopicResponse {
                name: "orders".into(),
                partitions: vec![ListOffsetsPartitionResponse {
                    offset,
                    ..ListOffsetsPartitionResponse::default()
                }],
            }],
            ..ListOffsetsResponse::default()
        };
        let frame = encode_request(&request, 7, id, Some("c1"));
        send(&mut world, to_consumer().other_end(), frame);
        holds(&mut law, &world, 1, sent(ApiKey::ListOffsets, 7, id));
        let frame = encode_response(ApiKey::ListOffsets, 7, id, &response);
        send(&mut world, to_consumer(), frame);
        let fact = answered(ApiKey::ListOffsets, 7, id);
        match id {
            3 => breaks(&mut law, &world, 1, fact, "R11"),
            _ => holds(&mut law, &world, 1, fact),
        }
    }
}

#[test]
fn p3_an_answer_that_comes_twice_or_to_nothing_is_found() {
    let world = world();
    let mut law = WhoAsksIsAnswered::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::Metadata, 9, 5));
    holds(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5));
    breaks(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5), "P3");
}

#[test]
fn p3_a_request_that_waits_longer_than_its_sender_allows_is_found() {
    let mut world = world();
    let came = Input::Opened {
        connection: to_consumer(),
        from: ProcessId::Consumer(1),
    };
    world.give(ProcessId::Broker(1), came, &mut Journal::default());
    let parked = || Fact::RequestParked {
        connection: to_consumer(),
        api: ApiKey::Fetch,
        correlation_id: 5,
    };
    let mut law = WhoAsksIsAnswered::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::Fetch, 12, 5));
    holds(&mut law, &world, 1, parked());
    // fetch.max.wait.ms is 500 unless said otherwise.
    let later = |millis| {
        entry(
            world.now() + Duration::from_millis(millis),
            None,
            Fact::Started,
        )
    };
    assert_eq!(law.clone().check(&world, &later(500)), Ok(()));
    let what = law
        .clone()
        .check(&world, &later(501))
        .expect_err("it waits");
    assert!(what.starts_with("P3: #5"), "{what}");
    let mut frozen = world.clone();
    frozen.freeze(ProcessId::Broker(1), &mut Journal::default());
    let excused = law.clone().check(&frozen, &later(501));
    assert_eq!(excused, Ok(()), "who stands still may be late");
    holds(&mut law, &world, 1, answered(ApiKey::Fetch, 12, 5));
    assert_eq!(law.check(&world, &later(501)), Ok(()), "it was answered");
}

#[test]
fn p3_a_request_that_a_broker_swallows_is_found() {
    let mut world = world();
    let mut law = WhoAsksIsAnswered::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::ApiVersions, 3, 5));
    let gave_up = || Fact::Disconnected {
        connection: to_consumer().other_end(),
        to: "b1:9092".into(),
        reason: CloseReason::RequestTimedOut,
    };
    holds(&mut law.clone(), &world, 1, gave_up());
    broker_mut(&mut world, 1).plant_busy(RequestId {
        connection: to_consumer(),
        api: ApiKey::ApiVersions,
        version: 3,
        correlation_id: 5,
    });
    breaks(&mut law, &world, 1, gave_up(), "P3");
}

#[test]
fn p1_an_instant_without_end_is_found() {
    let world = world();
    let mut law = InstantsEnd::default();
    for _ in 0..200_000 {
        holds(&mut law, &world, 1, Fact::Started);
    }
    let mut fresh = law.clone();
    breaks(&mut law, &world, 1, Fact::Started, "P1");
    let later = entry(world.now() + Duration::TICK, None, Fact::Started);
    assert_eq!(fresh.check(&world, &later), Ok(()), "time has passed");
}
