//! R17, I1, I7, to producers, can fail.

use super::super::produced::ProducersAreAnsweredRightly;
use super::*;
use crate::protocol::api::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use crate::protocol::api::{ProduceRequest, ProduceResponse};
use crate::protocol::{ErrorCode, encode_request, encode_response};

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
    let mut world = played(
        "world brokers=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3 min.insync.replicas=2\n\
         producer p1 acks=all\nrun 1s\nproduce p1 orders-0 \"a\"\nrun 1s\n",
    );
    let whole = world.clone();
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1])));
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

#[test]
fn i1_a_batch_that_is_refused_though_it_follows_is_found() {
    let mut world = world();
    let mut law = Shown::<ProducersAreAnsweredRightly>::default();
    let refused = |error| Fact::ProduceRefused {
        partition: orders(),
        error,
        numbers: None,
    };
    let asks = produce(&mut world, 9, 2);
    holds(&mut law, &world, 1, asks);
    // It is there already, which is no reason.
    for error in [
        ErrorCode::OutOfOrderSequenceNumber,
        ErrorCode::InvalidProducerEpoch,
    ] {
        breaks(&mut law.clone(), &world, 1, refused(error), "I1");
    }
    let mut short = log_of(&world, 1);
    short.truncate_to(Offset(1), crate::time::Timestamp(0));
    plant(&mut world, 1, |replica| replica.plant_log(short, Offset(1)));
    let gap = refused(ErrorCode::OutOfOrderSequenceNumber);
    holds(&mut law, &world, 1, gap);
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

/// The producer sends the batch that stands at an offset of broker 1's log.
fn produce(world: &mut World, id: i32, at: i64) -> Fact {
    let records = batch_at(&log_of(world, 1), at).to_chunks();
    let request = ProduceRequest {
        acks: -1,
        topic_data: vec![TopicProduceData {
            name: "orders".into(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(records),
            }],
        }],
        ..ProduceRequest::default()
    };
    let connection = to_client(ProcessId::Producer(1)).other_end();
    let frame = encode_request(&request, 9, id, Some("p1"));
    send(world, connection, frame);
    sent_over(connection, ApiKey::Produce, 9, id)
}
