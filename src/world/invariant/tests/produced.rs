//! R17, I7, to producers, can fail.

use super::super::produced::ProducersAreAnsweredRightly;
use super::*;
use crate::protocol::api::ProduceResponse;
use crate::protocol::api::produce::{PartitionProduceResponse, TopicProduceResponse};
use crate::protocol::{ErrorCode, encode_response};

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
