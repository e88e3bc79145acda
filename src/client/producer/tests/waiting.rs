//! `send()` waits for a topic and for memory, and for some things not at all.

use super::*;

#[test]
fn send_waits_for_a_topic_up_to_max_block() {
    let mut bench = bench(&[("max.block.ms", "2s")]);
    bench.produce("missing", None, None, "a");
    bench.pass_ms(1_000);
    assert_eq!(bench.client.blocked().count(), 1);
    bench.topic("missing", &[3]);
    bench.pass_ms(900);
    assert_eq!(bench.next_asked().broker, BrokerId(3));
    bench.produce("never", None, None, "b");
    bench.pass_ms(2_000);
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert!(
        last.ends_with("never--1 1 failed REQUEST_TIMED_OUT"),
        "{last}"
    );
}

#[test]
fn send_waits_for_memory_and_goes_on_when_it_is_given_back() {
    let mut bench = bench(&[("buffer.memory", "32768"), ("max.block.ms", "5s")]);
    for value in ["a", "b", "c"] {
        bench.produce("orders", Some(0), None, value);
    }
    assert_eq!(bench.asked.len(), 2);
    assert_eq!(bench.client.blocked().count(), 1);
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::None, 0);
    assert_eq!(bench.client.blocked().count(), 0);
    assert_eq!(bench.asked.len(), 2);
    bench.produce("orders", Some(0), None, "d");
    bench.pass_ms(5_000);
    assert_eq!(bench.client.tally().failed, 1);
}

#[test]
fn a_record_larger_than_a_request_is_refused_at_once() {
    let mut bench = bench(&[("max.request.size", "100")]);
    bench.produce("orders", Some(0), None, &"x".repeat(100));
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert!(
        last.ends_with("orders-0 1 failed MESSAGE_TOO_LARGE"),
        "{last}"
    );
}
