//! Bytes that no honest client sends: the connection goes, nothing else changes.
//!
//! The tests are named by the rows of the project's list of bad input.

#[path = "../../../tests/wire/odd.rs"]
mod odd;

use super::*;
use crate::protocol::api::{ApiVersionsRequest, MetadataRequest};
use odd::request;

/// Bytes that cost their connection and nothing else: the broker knows what it knew, forgets whose it
/// was, and serves everybody else.
fn are_refused(table: odd::Rows) {
    let mut bench = Bench::new(&[], &[]);
    let bystander = bench.open(1);
    for (what, bytes) in table {
        let connection = bench.open(1);
        let before = format!("{:?}", bench.broker(1).metadata());
        bench.send_bytes(connection, Chunks::from(bytes));
        bench.run_ms(3);
        assert!(bench.is_closed(connection), "{what}");
        let after = format!("{:?}", bench.broker(1).metadata());
        assert_eq!(after, before, "{what}");
        let mut open = bench.broker(1).connections();
        assert!(open.all(|(id, _)| id != connection.other_end()), "{what}");
    }
    assert!(!bench.is_closed(bystander));
    bench.call(bystander, &ApiVersionsRequest::default(), 3);
}

/// Bytes that are a request like any other: the number of each answer.
fn are_answered(bytes: &[u8]) -> Vec<i32> {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    bench.send_bytes(connection, Chunks::from(bytes.to_vec()));
    bench.run_ms(5);
    assert!(!bench.is_closed(connection));
    let inbox = bench.inboxes.entry(connection).or_default();
    let mut numbers = Vec::new();
    while let Some(frame) = inbox.next(1_000_000).expect("brokers send frames") {
        let number = frame.slice(0, 4).to_vec();
        numbers.push(i32::from_be_bytes(number.try_into().expect("four bytes")));
    }
    numbers
}

/// Rows that are requests like any other, numbered 1.
fn are_like_any_other(table: odd::Rows) {
    for (what, bytes) in table {
        assert_eq!(are_answered(&bytes), [1], "{what}");
    }
}

#[test]
fn w1_a_web_browser_is_not_waited_for() {
    let greeting = b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n".to_vec();
    are_refused(vec![("a web browser", greeting)]);
}

#[test]
fn w2_w3_w4_sizes_that_cannot_be_are_refused() {
    are_refused(vec![
        ("a size of 0", vec![0, 0, 0, 0]),
        ("a size of -1", vec![0xff; 4]),
        ("the largest size", vec![0x7f, 0xff, 0xff, 0xff]),
    ]);
}

#[test]
fn w5_a_silent_connection_is_closed_in_the_end() {
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
fn w6_w7_how_the_stream_is_cut_makes_no_difference() {
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
fn w8_tls_is_not_spoken_here() {
    are_refused(vec![("TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc])]);
}

#[test]
fn w9_w10_what_nobody_serves_is_refused() {
    are_refused(vec![
        ("an unknown API", request(999, 0, &[])),
        ("API -1", request(-1, 0, &[])),
        ("Produce 99", request(0, 99, &[])),
        ("Produce 2", request(0, 2, &[])),
    ]);
}

#[test]
fn w43_who_wants_to_say_who_it_is_hears_that_nobody_asks() {
    use crate::protocol::api::SaslHandshakeRequest;
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    for version in [0, 1] {
        let request = SaslHandshakeRequest {
            mechanism: "PLAIN".into(),
        };
        let response = bench.call(connection, &request, version);
        assert_eq!((response.error_code, response.mechanisms), (34, Vec::new()));
    }
    assert!(!bench.is_closed(connection));
}

#[test]
fn w12_tagged_fields_are_skipped_when_they_are_whole() {
    are_like_any_other(odd::whole_tags());
    are_refused(odd::broken_tags());
}

#[test]
fn w13_a_client_id_is_text_of_any_length() {
    are_like_any_other(odd::client_ids());
    are_refused(odd::bad_client_ids());
}

#[test]
fn w14_w15_counts_that_cannot_be_are_refused() {
    are_refused(odd::promises());
}

#[test]
fn w17_bytes_behind_the_end_are_not_looked_at() {
    are_like_any_other(odd::behind_the_end());
}

#[test]
fn w18_correlation_ids_may_be_anything_and_come_back() {
    let (bytes, numbers) = odd::numbered();
    assert_eq!(are_answered(&bytes), numbers);
}

#[test]
fn w19_whoever_asks_ten_thousand_times_has_one_request_in_work() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(connection, &fetch_request(0, 400), 12);
    for _ in 0..10_000 {
        bench.ask(connection, &ApiVersionsRequest::default(), 0);
    }
    bench.run_ms(200);
    let parked = |bench: &Bench| {
        let parked = bench.broker(1).parked();
        let end = connection.other_end();
        parked
            .filter(|parked| parked.request.connection == end)
            .count()
    };
    assert_eq!(parked(&bench), 1);
    assert!(bench.answer::<ApiVersionsRequest>(connection, 0).is_none());
    bench.run_ms(300);
    assert!(bench.answer::<FetchRequest>(connection, 12).is_some());
    for _ in 0..10_000 {
        let answer = bench.answer::<ApiVersionsRequest>(connection, 0);
        assert!(answer.is_some(), "each in its turn");
    }
    assert_eq!(parked(&bench), 0);
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
