//! Well-formed requests with bad content: an error code, and nothing else changes.
//!
//! The tests are named by the rows of the project's list of bad input; rows that have a place of their own
//! are W36 and W37 (`control`), W42 (`metadata`), W44 (`crowds`).

use super::*;
use crate::protocol::api::OffsetForLeaderEpochRequest;

#[test]
fn epochs_are_looked_up_by_the_leader_alone() {
    use crate::protocol::api::offset_for_leader_epoch::{
        OffsetForLeaderPartition, OffsetForLeaderTopic,
    };
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    let table = [
        // broker, current epoch, asked, error, epoch, end
        (1, -1, 0, 0, 0, 1),
        (1, 0, 0, 0, 0, 1),
        (1, 0, 5, 0, -1, -1),
        (1, 3, 0, 75, -1, -1),
        (2, 0, 0, 6, -1, -1),
    ];
    for (broker, current, asked, error, epoch, end) in table {
        let connection = bench.open(broker);
        let request = OffsetForLeaderEpochRequest {
            topics: vec![OffsetForLeaderTopic {
                topic: TOPIC.into(),
                partitions: vec![OffsetForLeaderPartition {
                    partition: 0,
                    current_leader_epoch: current,
                    leader_epoch: asked,
                }],
            }],
            ..OffsetForLeaderEpochRequest::default()
        };
        let response = bench.call(connection, &request, 4);
        let found = &response.topics[0].partitions[0];
        assert_eq!(
            (found.error_code, found.leader_epoch, found.end_offset),
            (error, epoch, end)
        );
    }
}

#[test]
fn w32_names_that_no_topic_has_are_refused() {
    use crate::protocol::api::MetadataRequest;
    use crate::protocol::api::metadata::MetadataRequestTopic;
    let mut bench = Bench::new(&[], &[]);
    let long = "x".repeat(250);
    for name in ["", ".", "..", &long, "a/b", "\u{0}", "größe", "a b"] {
        let connection = bench.open(1);
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: Some(name.into()),
                ..MetadataRequestTopic::default()
            }]),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let response = bench.call(connection, &request, 9);
        assert_eq!(response.topics[0].error_code, 17, "{name:?}");
        let mut produce = produce_request(1, 0, Some(records(&["a"])));
        produce.topic_data[0].name = name.into();
        let response: crate::protocol::api::ProduceResponse =
            bench.call(connection, &produce, PRODUCE);
        // Kafka looks for the partition before it looks at the name.
        assert_eq!(
            response.responses[0].partition_responses[0].error_code, 3,
            "{name:?}"
        );
    }
    bench.run_ms(100);
    assert_eq!(
        bench.broker(1).metadata().topics().len(),
        1,
        "nothing was created"
    );
}

#[test]
fn w34_a_fetch_asks_for_what_it_likes_and_gets_what_there_is() {
    let mut bench = Bench::new(&[], &[]);
    for value in ["a", "b", "c"] {
        bench.produce_now(1, -1, value);
    }
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let table = [
        // offset, max bytes, bytes of the partition, error, records
        (-5, 1 << 20, 1 << 20, 1, 0),
        (4, 1 << 20, 1 << 20, 1, 0),
        (i64::MAX, 1 << 20, 1 << 20, 1, 0),
        (0, 1 << 20, 1 << 20, 0, 3),
        // The first batch comes however little is asked for.
        (0, 0, 0, 0, 1),
        (0, -1, -1, 0, 1),
        (0, 1, i32::MAX, 0, 1),
    ];
    for (offset, max_bytes, of_partition, error, count) in table {
        let mut request = fetch_request(offset, 0);
        request.max_bytes = max_bytes;
        request.topics[0].partitions[0].partition_max_bytes = of_partition;
        let response = bench.call(connection, &request, 12);
        let found = Fetched::of(&response.responses[0].partitions[0]);
        assert_eq!(
            (found.error, found.offsets.len()),
            (error, count),
            "from {offset}"
        );
    }
    // More bytes than may ever come are not waited for longer than the fetch says.
    let mut greedy = fetch_request(0, 100);
    greedy.min_bytes = i32::MAX;
    bench.ask(connection, &greedy, 12);
    bench.run_ms(95);
    assert!(bench.answer::<FetchRequest>(connection, 12).is_none());
    bench.run_ms(10);
    assert!(bench.answer::<FetchRequest>(connection, 12).is_some());
    // The longest wait is a wait like any other: something new ends it.
    bench.ask(connection, &fetch_request(3, i32::MAX), 12);
    bench.run_ms(100);
    bench.produce_now(1, -1, "d");
    assert!(bench.answer::<FetchRequest>(connection, 12).is_some());
}

#[test]
fn w34_a_hundred_thousand_partitions_are_answered_one_by_one() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let mut request = fetch_request(0, 1_000);
    let wanted = request.topics[0].partitions[0].clone();
    request.topics[0].partitions = vec![wanted; 100_000];
    for (index, partition) in request.topics[0].partitions.iter_mut().enumerate().skip(1) {
        partition.partition = index as i32;
    }
    let response = bench.call(connection, &request, 12);
    let answers = &response.responses[0].partitions;
    assert_eq!(answers.len(), 100_000);
    assert_eq!(Fetched::of(&answers[0]).offsets, [0]);
    assert!(answers[1..].iter().all(|answer| answer.error_code == 3));
}
