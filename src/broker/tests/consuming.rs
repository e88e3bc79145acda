//! Consuming: what is visible, long polls, limits, any replica.

use super::*;

/// The version that tests fetch with, where it does not matter.
const FETCH: i16 = 12;

#[test]
fn a_consumer_sees_only_what_is_below_the_high_watermark() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "b");
    bench.run_ms(100);
    assert_eq!(bench.replica(1).log_end(), Offset(2));
    let table = [
        // offset, error, offsets
        (0, 0, vec![0]),
        (1, 0, vec![]),
        (2, 0, vec![]),
        (3, 1, vec![]),
        (-1, 1, vec![]),
        (-5, 1, vec![]),
    ];
    for (offset, error, offsets) in table {
        let fetched = bench.fetch_now(1, FETCH, offset);
        assert_eq!(
            (fetched.error, fetched.offsets),
            (error, offsets),
            "from {offset}"
        );
    }
}

#[test]
fn every_version_of_fetch_reads_the_same() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    for version in 4..=16 {
        let fetched = bench.fetch_now(1, version, 0);
        assert_eq!(
            (fetched.error, fetched.high_watermark),
            (0, 1),
            "version {version}"
        );
        assert_eq!(fetched.offsets, [0], "version {version}");
    }
}

#[test]
fn a_long_poll_ends_when_something_is_committed() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(connection, &fetch_request(0, 5_000), FETCH);
    bench.run_ms(100);
    assert_eq!(
        bench.broker(1).parked().count(),
        3,
        "two followers and the consumer"
    );
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "a");
    bench.run_ms(100);
    assert!(
        bench.answer::<FetchRequest>(connection, FETCH).is_none(),
        "appended, not committed"
    );
    bench.release(b(3), b(1));
    bench.run_ms(5);
    let response = bench
        .answer::<FetchRequest>(connection, FETCH)
        .expect("an answer");
    let fetched = Fetched::of(&response.responses[0].partitions[0]);
    assert_eq!((fetched.offsets, fetched.high_watermark), (vec![0], 1));
}

#[test]
fn a_long_poll_ends_with_nothing_when_its_time_is_up() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(connection, &fetch_request(0, 300), FETCH);
    bench.run_ms(299);
    assert!(bench.answer::<FetchRequest>(connection, FETCH).is_none());
    bench.run_ms(5);
    let response = bench
        .answer::<FetchRequest>(connection, FETCH)
        .expect("an answer");
    let data = &response.responses[0].partitions[0];
    assert!(Fetched::of(data).offsets.is_empty());
    assert!(data.records.is_some(), "empty, not null");
    assert_eq!(data.aborted_transactions, None);
}

#[test]
fn a_long_poll_waits_for_min_bytes() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let size = records(&["a"]).len() as i32;
    let mut request = fetch_request(0, 5_000);
    request.min_bytes = 2 * size;
    bench.ask(connection, &request, FETCH);
    bench.produce_now(1, -1, "a");
    assert!(
        bench.answer::<FetchRequest>(connection, FETCH).is_none(),
        "one byte short"
    );
    bench.produce_now(1, -1, "b");
    let response = bench
        .answer::<FetchRequest>(connection, FETCH)
        .expect("an answer");
    assert_eq!(
        Fetched::of(&response.responses[0].partitions[0]).offsets,
        [0, 1]
    );
}

#[test]
fn who_is_above_the_high_watermark_does_not_wait() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "a");
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let response = bench.call(connection, &fetch_request(1, 5_000), FETCH);
    assert_eq!(Fetched::of(&response.responses[0].partitions[0]).error, 0);
}

#[test]
fn an_error_in_one_partition_ends_the_wait_for_all() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let mut request = fetch_request(0, 5_000);
    let mut unknown = request.topics[0].partitions[0].clone();
    unknown.partition = 9;
    request.topics[0].partitions.push(unknown);
    let response = bench.call(connection, &request, FETCH);
    let codes: Vec<i16> = response.responses[0]
        .partitions
        .iter()
        .map(|data| data.error_code)
        .collect();
    assert_eq!(codes, [0, 3]);
}

#[test]
fn limits_are_kept_but_the_first_batch_always_comes() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1], &[1]]);
    let connection = bench.open(1);
    for partition in [0, 1] {
        for value in ["a", "b", "c"] {
            let request = produce_request(1, partition, Some(records(&[value])));
            bench.call(connection, &request, PRODUCE);
        }
    }
    let size = records(&["a"]).len() as i32;
    let table = [
        // limit of each partition, limit of all, offsets of the two partitions
        (1 << 20, 1 << 20, [vec![0, 1, 2], vec![0, 1, 2]]),
        (2 * size, 1 << 20, [vec![0, 1], vec![0, 1]]),
        (2 * size + 5, 1 << 20, [vec![0, 1], vec![0, 1]]),
        (1, 1 << 20, [vec![0], vec![]]),
        (0, 0, [vec![0], vec![]]),
        (-7, -7, [vec![0], vec![]]),
        (1 << 20, size, [vec![0], vec![]]),
        (1 << 20, 4 * size, [vec![0, 1, 2], vec![0]]),
    ];
    for (each, all, expected) in table {
        let mut request = fetch_request(0, 0);
        request.max_bytes = all;
        request.topics[0].partitions[0].partition_max_bytes = each;
        let mut second = request.topics[0].partitions[0].clone();
        second.partition = 1;
        request.topics[0].partitions.push(second);
        let response = bench.call(connection, &request, FETCH);
        let found = response.responses[0]
            .partitions
            .iter()
            .map(|data| Fetched::of(data).offsets);
        assert_eq!(found.collect::<Vec<_>>(), expected, "{each} of {all}");
    }
}

#[test]
fn followers_serve_consumers_of_version_11_up_to_their_own_high_watermark() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    let old = bench.fetch_now(2, 10, 0);
    assert_eq!(old.error, 6);
    let fetched = bench.fetch_now(2, 11, 0);
    assert_eq!(
        (fetched.error, fetched.offsets),
        (0, vec![]),
        "broker 2 does not know yet"
    );
    let connection = bench.open_as(ProcessId::Consumer(1), 2);
    bench.ask(connection, &fetch_request(0, 5_000), 11);
    bench.run_ms(600);
    let response = bench
        .answer::<FetchRequest>(connection, 11)
        .expect("its own fetch wakes it");
    assert_eq!(
        Fetched::of(&response.responses[0].partitions[0]).offsets,
        [0]
    );
}

#[test]
fn a_wrong_epoch_is_refused() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    for (epoch, error) in [(-1, 0), (0, 0), (1, 75), (7, 75)] {
        let mut request = fetch_request(0, 0);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let response = bench.call(connection, &request, FETCH);
        assert_eq!(
            response.responses[0].partitions[0].error_code, error,
            "epoch {epoch}"
        );
    }
}

#[test]
fn topics_go_by_id_from_version_13_on() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let mut request = fetch_request(0, 0);
    request.topics[0].topic_id = TopicId([9; 16]);
    let response = bench.call(connection, &request, 13);
    assert_eq!(response.responses[0].partitions[0].error_code, 100);
    assert_eq!(response.responses[0].topic_id, TopicId([9; 16]));
    let response = bench.call(connection, &request, 12);
    assert_eq!(
        response.responses[0].partitions[0].error_code, 0,
        "the name counts"
    );
}

#[test]
fn w45_offsets_are_listed_by_the_leader_alone() {
    use crate::protocol::api::ListOffsetsRequest;
    use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "not committed");
    let table = [
        // broker, version, timestamp, error, offset, timestamp found
        (1, 4, -1, 0, 1, -1),
        (1, 4, -2, 0, 0, -1),
        (1, 7, -3, 0, 0, EPOCH),
        (1, 6, -3, 35, -1, -1),
        (1, 8, -4, 0, 0, -1),
        (1, 8, -100, 35, -1, -1),
        (1, 4, EPOCH - 5, 0, 0, EPOCH),
        (1, 4, EPOCH, 0, 0, EPOCH),
        (1, 4, EPOCH + 1, 0, -1, -1),
        (1, 4, i64::MAX, 0, -1, -1),
        (2, 4, -1, 6, -1, -1),
    ];
    for (broker, version, timestamp, error, offset, found) in table {
        let connection = bench.open_as(ProcessId::Consumer(1), broker);
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: TOPIC.into(),
                partitions: vec![ListOffsetsPartition {
                    timestamp,
                    ..ListOffsetsPartition::default()
                }],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = bench.call(connection, &request, version);
        let answer = &response.topics[0].partitions[0];
        let seen = (answer.error_code, answer.offset, answer.timestamp);
        assert_eq!(
            seen,
            (error, offset, found),
            "{timestamp} from {broker} v{version}"
        );
    }
}

#[test]
fn w45_version_0_lists_where_segments_begin_and_before_them_the_end() {
    use crate::protocol::api::ListOffsetsRequest;
    use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
    let size = records(&["a"]).len();
    // Two batches are a segment.
    let segment = (2 * size).to_string();
    let mut bench = Bench::new(&[], &[("segment.bytes", &segment)]);
    for value in ["a", "b", "c", "d", "e"] {
        bench.produce_now(1, -1, value);
    }
    let last_committed = bench.moment().wall.0;
    bench.hold(b(3), b(1));
    for value in ["f", "g"] {
        bench.produce_now(1, 1, value);
    }
    bench.run_ms(100);
    let bounds = (
        bench.replica(1).high_watermark(),
        bench.replica(1).log_end(),
    );
    assert_eq!(bounds, (Offset(5), Offset(7)));
    type Row<'a> = (i32, &'a str, i32, i64, i32, i16, &'a [i64]);
    let table: [Row; 14] = [
        // broker, topic, partition, timestamp, at most, error, offsets
        // Segments begin at 0, 2, 4 and 6, and the end is 7: of all that lies above it a client learns the high
        // watermark.
        (1, TOPIC, 0, -1, 10, 0, &[5, 4, 2, 0]),
        (1, TOPIC, 0, -1, 2, 0, &[5]),
        (1, TOPIC, 0, -1, 1, 0, &[5]),
        (1, TOPIC, 0, -1, 0, 0, &[]),
        (1, TOPIC, 0, -2, 10, 0, &[0]),
        (1, TOPIC, 0, i64::MAX, 10, 0, &[5, 4, 2, 0]),
        // The segment of 4 was written to once more since.
        (1, TOPIC, 0, last_committed, 10, 0, &[2, 0]),
        (1, TOPIC, 0, EPOCH, 10, 0, &[]),
        (1, TOPIC, 0, -3, 10, 0, &[]),
        (1, TOPIC, 0, -4, 10, 0, &[0]),
        (1, TOPIC, 0, -1, -1, -1, &[]),
        (1, TOPIC, 9, -1, 10, 3, &[]),
        (1, "nothing", 0, -1, 10, 3, &[]),
        (2, TOPIC, 0, -1, 10, 6, &[]),
    ];
    for (broker, topic, partition_index, timestamp, max_num_offsets, error, offsets) in table {
        let connection = bench.open_as(ProcessId::Consumer(1), broker);
        let wanted = ListOffsetsPartition {
            partition_index,
            timestamp,
            max_num_offsets,
            ..ListOffsetsPartition::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: topic.into(),
                // Whoever names a partition twice is told twice.
                partitions: vec![wanted.clone(), wanted],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = bench.call(connection, &request, 0);
        let place = format!("{timestamp} of {topic}-{partition_index} from {broker}");
        assert_eq!(response.topics[0].partitions.len(), 2, "{place}");
        for told in &response.topics[0].partitions {
            let told = (
                told.partition_index,
                told.error_code,
                &told.old_style_offsets[..],
            );
            assert_eq!(told, (partition_index, error, offsets), "{place}");
        }
    }
}

#[test]
fn epochs_are_looked_up_by_the_leader_alone() {
    use crate::protocol::api::OffsetForLeaderEpochRequest;
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
