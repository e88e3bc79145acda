//! R11, R14, I7, to consumers, can fail.

use super::super::told::NobodyIsToldLess;
use super::*;
use crate::protocol::api::fetch::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use crate::protocol::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic, ListOffsetsTopicResponse,
};
use crate::protocol::api::{FetchResponse, ListOffsetsRequest, ListOffsetsResponse};
use crate::protocol::{ErrorCode, encode_request, encode_response};

#[test]
fn r11_a_fetch_answer_that_takes_back_a_high_watermark_is_found() {
    let mut world = world();
    let mut law = Shown::<NobodyIsToldLess>::default();
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
                last_stable_offset: high_watermark,
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
    let mut law = Shown::<NobodyIsToldLess>::default();
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
fn offsets_that_version_0_lists_wrongly_are_found() {
    let world = world();
    let committed = broker_high_watermark(&world);
    assert_eq!(committed, 3);
    for (error_code, offsets, law) in [
        (0, vec![3, 2, 0], None),
        (0, vec![], None),
        (6, vec![], None),
        (0, vec![4, 0], Some("R14")),
        (0, vec![0, 3], Some("R14")),
        (6, vec![0], Some("I7")),
        // Committed up to three, as all were told.
        (0, vec![2, 0], Some("R11")),
    ] {
        let mut world = world.clone();
        let mut shown = Shown::<NobodyIsToldLess>::default();
        holds(&mut shown, &world, 1, connected());
        for id in [1, 2] {
            let request = ListOffsetsRequest {
                replica_id: -1,
                topics: vec![ListOffsetsTopic {
                    name: "orders".into(),
                    partitions: vec![ListOffsetsPartition {
                        timestamp: -1,
                        ..ListOffsetsPartition::default()
                    }],
                }],
                ..ListOffsetsRequest::default()
            };
            let (error_code, old_style_offsets) = match id {
                1 => (0, vec![3]),
                _ => (error_code, offsets.clone()),
            };
            let response = ListOffsetsResponse {
                topics: vec![ListOffsetsTopicResponse {
                    name: "orders".into(),
                    partitions: vec![ListOffsetsPartitionResponse {
                        error_code,
                        old_style_offsets,
                        ..ListOffsetsPartitionResponse::default()
                    }],
                }],
                ..ListOffsetsResponse::default()
            };
            let frame = encode_request(&request, 0, id, Some("c1"));
            send(&mut world, to_consumer().other_end(), frame);
            holds(&mut shown, &world, 1, sent(ApiKey::ListOffsets, 0, id));
            let frame = encode_response(ApiKey::ListOffsets, 0, id, &response);
            send(&mut world, to_consumer(), frame);
            let fact = answered(ApiKey::ListOffsets, 0, id);
            match law.filter(|_| id == 2) {
                Some(law) => breaks(&mut shown, &world, 1, fact, law),
                None => holds(&mut shown, &world, 1, fact),
            }
        }
    }
}

/// What the leader of the one partition may tell.
fn broker_high_watermark(world: &World) -> i64 {
    let leader = world.broker_by_id(crate::model::BrokerId(1));
    let leader = leader.and_then(|leader| leader.partition(&orders()));
    leader.expect("it leads").high_watermark().0
}

#[test]
fn r14_an_answer_that_holds_what_is_not_committed_is_found() {
    let mut world = world();
    let mut law = Shown::<NobodyIsToldLess>::default();
    let records = batch_at(&log_of(&world, 1), 2).to_chunks();
    for (id, high_watermark) in [(1, 3), (2, 2)] {
        let mut response = fetch_response(high_watermark);
        response.responses[0].partitions[0].records = Some(records.clone());
        let frame = encode_response(ApiKey::Fetch, 12, id, &response);
        send(&mut world, to_consumer(), frame);
        let fact = answered(ApiKey::Fetch, 12, id);
        match high_watermark {
            3 => holds(&mut law, &world, 1, fact),
            _ => breaks(&mut law, &world, 1, fact, "R14"),
        }
    }
}

#[test]
fn a1_a_last_stable_offset_that_is_not_the_high_watermark_is_found() {
    let mut world = world();
    let mut law = Shown::<NobodyIsToldLess>::default();
    for (id, version, stable, aborted, good) in [
        (1, 12, 3, None, true),
        (2, 12, 3, Some(0), true),
        (3, 12, -1, None, false),
        (4, 4, 2, None, false),
        (5, 12, 4, None, false),
        (6, 12, 3, Some(1), false),
        // It is not told there.
        (7, 3, -1, None, true),
    ] {
        let mut response = fetch_response(3);
        let data = &mut response.responses[0].partitions[0];
        data.last_stable_offset = stable;
        data.aborted_transactions = aborted.map(|count| vec![AbortedTransaction::default(); count]);
        let frame = encode_response(ApiKey::Fetch, version, id, &response);
        send(&mut world, to_consumer(), frame);
        let fact = answered(ApiKey::Fetch, version, id);
        match good {
            true => holds(&mut law, &world, 1, fact),
            false => breaks(&mut law, &world, 1, fact, "A1"),
        }
    }
}

#[test]
fn i7_an_error_that_comes_with_a_high_watermark_is_found() {
    let mut world = world();
    let mut law = Shown::<NobodyIsToldLess>::default();
    let mut response = fetch_response(3);
    response.responses[0].partitions[0].error_code = ErrorCode::NotLeaderOrFollower.code();
    let frame = encode_response(ApiKey::Fetch, 12, 1, &response);
    send(&mut world, to_consumer(), frame);
    breaks(&mut law, &world, 1, answered(ApiKey::Fetch, 12, 1), "I7");
}
