//! Bytes and requests that no honest client sends: the connection goes, nothing else changes.

use super::*;
use crate::protocol::api::{ApiVersionsRequest, MetadataRequest, OffsetForLeaderEpochRequest};

fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as i32).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn unreadable_bytes_cost_their_connection_and_nothing_else() {
    let table: [(&str, Vec<u8>); 14] = [
        (
            "a web browser",
            b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n".to_vec(),
        ),
        ("TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]),
        ("a size of 0", vec![0, 0, 0, 0]),
        ("a size of -1", vec![0xff; 4]),
        ("the largest size", vec![0x7f, 0xff, 0xff, 0xff]),
        (
            "an unknown API",
            frame(&[3, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
        ),
        ("API -1", frame(&[0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff])),
        ("Produce 99", frame(&[0, 0, 0, 99, 0, 0, 0, 1, 0xff, 0xff])),
        ("Produce 2", frame(&[0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff])),
        (
            "a client id of -2",
            frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xfe]),
        ),
        (
            "a client id that is no text",
            frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0, 1, 0xff]),
        ),
        ("half a header", frame(&[0, 18, 0])),
        (
            "bytes behind the end",
            frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 7]),
        ),
        (
            "two thousand million topics",
            frame(&[0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
        ),
    ];
    let mut bench = Bench::new(&[], &[]);
    let bystander = bench.open(1);
    for (what, bytes) in table {
        let connection = bench.open(1);
        let before = format!("{:?}", bench.broker(1).metadata());
        bench.send_bytes(connection, Chunks::from(bytes));
        bench.run_ms(3);
        assert!(bench.is_closed(connection), "{what}");
        assert_eq!(
            format!("{:?}", bench.broker(1).metadata()),
            before,
            "{what}"
        );
        let open = bench.broker(1).connections();
        assert!(
            open.into_iter().all(|(id, _)| id != connection.other_end()),
            "{what}"
        );
    }
    assert!(!bench.is_closed(bystander));
    bench.call(bystander, &ApiVersionsRequest::default(), 3);
}

#[test]
fn how_the_stream_is_cut_makes_no_difference() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let mut bytes = Vec::new();
    for _ in 0..2 {
        let request = MetadataRequest::default();
        bytes.extend(encode_request(&request, 9, 9, Some("test")).to_vec());
    }
    for byte in bytes {
        bench.send_bytes(connection, Chunks::from(vec![byte]));
    }
    bench.run_ms(3);
    let first = bench
        .answer::<MetadataRequest>(connection, 9)
        .expect("the first");
    let second = bench
        .answer::<MetadataRequest>(connection, 9)
        .expect("the second");
    assert_eq!(first, second);
}

#[test]
fn a_request_larger_than_allowed_is_not_waited_for() {
    let mut bench = Bench::new(&[("socket.request.max.bytes", "1000")], &[]);
    let connection = bench.open(1);
    bench.send_bytes(connection, Chunks::from(1_001i32.to_be_bytes().to_vec()));
    bench.run_ms(3);
    assert!(bench.is_closed(connection));
}

#[test]
fn a_silent_connection_is_closed_in_the_end() {
    let mut bench = Bench::new(&[("connections.max.idle.ms", "5000")], &[]);
    let silent = bench.open(1);
    bench.send_bytes(silent, Chunks::from(vec![0, 0, 0, 100, 0, 3, 0]));
    let busy = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(busy, &fetch_request(0, 60_000), 12);
    bench.run_ms(4_000);
    assert!(!bench.is_closed(silent));
    bench.run_ms(2_000);
    assert!(bench.is_closed(silent));
    bench.run_ms(10_000);
    assert!(
        !bench.is_closed(busy),
        "who waits for an answer is not idle"
    );
    assert_eq!(
        bench.produce_now(1, -1, "a"),
        (0, 0),
        "followers are never idle"
    );
}

#[test]
fn an_answer_to_somebody_who_is_gone_is_dropped() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    bench.run_ms(10);
    let close = Effect::Close { connection };
    bench.carry(connection.opener, close);
    bench.run_ms(10);
    assert_eq!(
        bench
            .broker(1)
            .parked()
            .filter(|p| p.request.connection == connection.other_end())
            .count(),
        1
    );
    bench.run_ms(3_000);
    assert_eq!(
        bench
            .broker(1)
            .parked()
            .filter(|p| p.request.connection == connection.other_end())
            .count(),
        0
    );
    assert_eq!(bench.replica(1).log_end(), Offset(1));
}

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
