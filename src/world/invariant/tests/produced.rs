//! R17, I7, to producers, can fail.

use super::super::produced::ProducersAreAnsweredRightly;
use super::*;
use crate::protocol::api::produce::{PartitionProduceResponse, TopicProduceResponse};
use crate::protocol::api::{ProduceRequest, ProduceResponse};
use crate::protocol::{ErrorCode, encode_request, encode_response};

/// A topic of which two replicas must be in sync, and a record that has its acknowledgement.
const MIN_ISR: &str = "world brokers=3 seed=1 latency=1ms\n\
     topic orders partitions=1 replicas=1,2,3 min.insync.replicas=2\n\
     producer p1 acks=all\nrun 1s\nproduce p1 orders-0 \"a\"\nrun 1s\n";

/// The same world, where broker 1 is alone in sync.
fn thinned(whole: &World) -> World {
    let mut thin = whole.clone();
    plant(&mut thin, 1, |replica| replica.plant_isr(ids(&[1])));
    thin
}

#[test]
fn i7_an_error_that_comes_with_an_offset_is_found() {
    let mut world = world();
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    let table = [
        (2, ErrorCode::NotLeaderOrFollower, -1, true),
        (3, ErrorCode::NotEnoughReplicas, 2, false),
        (4, ErrorCode::NotEnoughReplicasAfterAppend, 2, true),
        (5, ErrorCode::None, -1, false),
    ];
    for (id, error, base_offset, sane) in table {
        let fact = produced(&mut world, id, error, base_offset);
        match sane {
            true => holds(&mut law, &world, 1, fact),
            false => breaks(&mut law, &world, 1, fact, "I7"),
        }
    }
}

#[test]
fn r17_an_acknowledgement_before_the_high_watermark_is_found() {
    let mut world = world();
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    let fact = produced(&mut world, 1, ErrorCode::None, 2);
    holds(&mut law, &world, 1, fact);
    let log = log_of(&world, 1);
    plant(&mut world, 1, |replica| replica.plant_log(log, Offset(2)));
    let fact = produced(&mut world, 2, ErrorCode::None, 2);
    breaks(&mut law, &world, 1, fact, "R17");
}

#[test]
fn r17_an_acknowledgement_of_what_was_appended_under_min_isr_is_found() {
    let whole = played(MIN_ISR);
    let mut world = thinned(&whole);
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    let fact = produced(&mut world, 1, ErrorCode::None, 0);
    breaks(&mut law, &world, 1, fact, "R17");
    // Others have joined since, which does not help.
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 1, 0));
    let mut world = whole;
    let fact = produced(&mut world, 1, ErrorCode::None, 0);
    breaks(&mut law, &world, 1, fact, "R17");
}

#[test]
fn r17_what_went_with_the_power_of_its_machine_is_not_held_against_what_came_in_its_place() {
    let whole = played(MIN_ISR);
    let mut thin = thinned(&whole);
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    holds(&mut law, &thin, 1, appended(Role::Leader, 0, 1, 0));
    holds(&mut law, &thin, 1, committed(1));
    // Broker 1 leads on in its epoch, and gives the place again, this time with enough in sync.
    let mut world = whole;
    let fact = produced(&mut world, 1, ErrorCode::None, 0);
    breaks(&mut law.clone(), &world, 1, fact.clone(), "R17");
    let mut unexplained = law.clone();
    holds(&mut unexplained, &world, 1, appended(Role::Leader, 0, 1, 0));
    breaks(&mut unexplained, &world, 1, fact.clone(), "R17");
    law.common.losses.plant_torn(orders());
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 1, 0));
    holds(&mut law, &world, 1, fact);
    // Once more alone.
    holds(&mut law, &thin, 1, appended(Role::Leader, 0, 1, 0));
    let fact = produced(&mut thin, 1, ErrorCode::None, 0);
    breaks(&mut law, &thin, 1, fact, "R17");
}

#[test]
fn r17_of_several_partitions_each_is_judged_when_its_wait_ends() {
    let whole = played(MIN_ISR);
    let thin = thinned(&whole);
    for (then, is_wrong) in [(&whole, false), (&thin, true)] {
        let mut law = Shown::<ProducersAreAnsweredRightly>::default();
        holds(&mut law, then, 1, committed(1));
        let mut world = whole.clone();
        let fact = told(&mut world, ProcessId::Producer(1), 1, &[0, 7], 0);
        match is_wrong {
            true => breaks(&mut law, &world, 1, fact, "R17"),
            false => holds(&mut law, &world, 1, fact),
        }
    }
}

#[test]
fn r17_what_was_committed_in_a_later_epoch_is_known_by_the_epoch_of_its_records() {
    // It leads in another epoch since the record was appended, and nobody has written anything since then.
    let whole = played(&format!("{MIN_ISR}kill b3\nrun 30s\n"));
    let broker = whole.broker_by_id(BrokerId(1)).expect("a broker");
    let leader = broker.partition(&orders()).expect("a replica");
    assert!(leader.is_leader());
    assert!(leader.log().epochs().epoch_of(Offset(0)) < Some(leader.leader_epoch()));
    let thin = thinned(&whole);
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    holds(&mut law, &thin, 1, committed(1));
    let mut world = whole;
    let fact = told(&mut world, ProcessId::Producer(1), 1, &[0, 7], 0);
    breaks(&mut law, &world, 1, fact, "R17");
}

#[test]
fn r17_a_stranger_who_wants_the_whole_isr_is_told_as_truly() {
    for (acks, is_wrong) in [(-1, true), (1, false)] {
        let mut world = played(&format!("{MIN_ISR}socket s1\nconnect s1 b1\nrun 100ms\n"));
        let host = world.host(ProcessId::Socket(1));
        let over = host.and_then(|host| host.socket()?.connection);
        let over = over.expect("it is connected");
        let request = ProduceRequest {
            acks,
            timeout_ms: 1_000,
            ..ProduceRequest::default()
        };
        let frame = encode_request(&request, 9, 5, None);
        let hex: String = frame
            .to_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let mut law = Shown::<ProducersAreAnsweredRightly>::default();
        let line = format!("bytes s1 {hex}");
        let Ok(script::Action::Command(command)) = script::parse_line(&line) else {
            panic!("{line} is a command");
        };
        let done = world.perform(&command, &mut Journal::default());
        assert!(done.is_ok(), "{line}: {done:?}");
        let written = entry(world.now(), None, Fact::Commanded { line: line.into() });
        assert_eq!(law.check(&world, &written), Ok(()));
        plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1])));
        let fact = told_over(&mut world, over.other_end(), 5, &[0], 0);
        match is_wrong {
            true => breaks(&mut law, &world, 1, fact, "R17"),
            false => holds(&mut law, &world, 1, fact),
        }
    }
}

#[test]
fn r17_a_batch_that_is_refused_and_appended_is_found() {
    let world = world();
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    let refused = |error| Fact::ProduceRefused {
        partition: orders(),
        error,
        numbers: None,
    };
    holds(&mut law, &world, 1, refused(ErrorCode::NotEnoughReplicas));
    holds(&mut law, &world, 1, appended(Role::Leader, 3, 4, 0));
    let fact = refused(ErrorCode::NotEnoughReplicas);
    breaks(&mut law, &world, 1, fact, "R17");
}

/// Broker 1 answers somebody that something is written in these partitions.
fn told(world: &mut World, whom: ProcessId, id: i32, partitions: &[i32], base: i64) -> Fact {
    told_over(world, to_client(whom), id, partitions, base)
}

fn told_over(
    world: &mut World,
    connection: ConnectionId,
    id: i32,
    partitions: &[i32],
    base_offset: i64,
) -> Fact {
    let parts = partitions.iter().map(|index| PartitionProduceResponse {
        index: *index,
        base_offset,
        ..PartitionProduceResponse::default()
    });
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: "orders".into(),
            partition_responses: parts.collect(),
        }],
        ..ProduceResponse::default()
    };
    let frame = encode_response(ApiKey::Produce, 9, id, &response);
    match connection.opener {
        ProcessId::Socket(_) => {
            let now = world.now();
            let parcel = Parcel::Bytes(Payload::Kafka(frame));
            world.network.send(now, connection, parcel);
        }
        _ => send(world, connection, frame),
    }
    answered_over(connection, ApiKey::Produce, 9, id)
}

/// Broker 1 answers the producer.
fn produced(world: &mut World, id: i32, error: ErrorCode, base_offset: i64) -> Fact {
    let response = ProduceResponse {
        responses: vec![TopicProduceResponse {
            name: "orders".into(),
            partition_responses: vec![PartitionProduceResponse {
                error_code: error.code(),
                base_offset,
                ..PartitionProduceResponse::default()
            }],
        }],
        ..ProduceResponse::default()
    };
    let connection = to_client(ProcessId::Producer(1));
    let frame = encode_response(ApiKey::Produce, 9, id, &response);
    send(world, connection, frame);
    answered_over(connection, ApiKey::Produce, 9, id)
}
