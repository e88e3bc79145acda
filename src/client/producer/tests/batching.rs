//! Which records share a batch, and which batches a request.

use super::*;

#[test]
fn records_without_linger_still_share_a_batch_while_the_leader_cannot_be_asked() {
    let mut bench = bench(&[("max.in.flight.requests.per.connection", "1")]);
    for value in ["a", "b", "c"] {
        bench.produce("orders", Some(0), None, value);
    }
    let first = bench.next_asked();
    assert_eq!(produced(&first), [(0, vec!["a".to_owned()])]);
    assert!(bench.asked.is_empty());
    answer(&mut bench, &first, ErrorCode::None, 0);
    let second = bench.next_asked();
    let both = vec!["b".to_owned(), "c".to_owned()];
    assert_eq!(produced(&second), [(0, both)]);
}

#[test]
fn a_batch_waits_for_linger_unless_it_is_full() {
    let mut bench = bench(&[("linger.ms", "50"), ("batch.size", "200")]);
    bench.produce("orders", Some(0), None, "early");
    bench.pass_ms(49);
    assert!(bench.asked.is_empty());
    bench.pass_ms(1);
    assert_eq!(
        produced(&bench.next_asked()),
        [(0, vec!["early".to_owned()])]
    );
    let large = "x".repeat(120);
    bench.produce("orders", Some(0), None, &large);
    assert!(bench.asked.is_empty());
    bench.produce("orders", Some(0), None, &large);
    let full = bench.next_asked();
    assert_eq!(produced(&full), [(0, vec![large])], "the first is full now");
}

#[test]
fn a_request_takes_a_batch_of_every_partition_of_its_broker() {
    let mut bench = bench(&[("linger.ms", "50")]);
    bench.topic("both", &[1, 1]);
    bench.produce("both", Some(0), None, "a");
    bench.pass_ms(30);
    bench.produce("both", Some(1), None, "b");
    bench.pass_ms(20);
    let sent = produced(&bench.next_asked());
    assert_eq!(sent, [(0, vec!["a".to_owned()]), (1, vec!["b".to_owned()])]);
}

#[test]
fn no_more_than_max_in_flight_requests_wait_on_a_connection() {
    let mut bench = bench(&[("max.in.flight.requests.per.connection", "2")]);
    for value in ["a", "b", "c", "d"] {
        bench.produce("orders", Some(0), None, value);
    }
    assert_eq!(bench.asked.len(), 2);
    let first = bench.next_asked();
    answer(&mut bench, &first, ErrorCode::None, 0);
    assert_eq!(bench.asked.len(), 2);
    let (_, third) = (bench.next_asked(), bench.next_asked());
    let rest = vec!["c".to_owned(), "d".to_owned()];
    assert_eq!(produced(&third), [(0, rest)]);
}

#[test]
fn full_batches_go_one_behind_the_other_without_waiting_for_anything() {
    for acks in ["0", "1"] {
        let mut bench = bench(&[("acks", acks), ("batch.size", "200"), ("linger.ms", "1000")]);
        bench.tell(load(41, Duration::from_secs(3_600), &["k"], Some(41)));
        let asked = std::mem::take(&mut bench.asked);
        let batches: Vec<_> = asked.iter().flat_map(produced).collect();
        let mut records = batches.iter().map(|(_, values)| values.len());
        let full = records.next().expect("a batch");
        assert!(records.all(|count| count == full), "{acks}: {batches:?}");
        match acks {
            "0" => assert_eq!(batches.len(), 40 / full, "only the last one is not full"),
            _ => assert_eq!(batches.len(), 5, "so many requests may be under way"),
        }
    }
}

#[test]
fn a_batch_that_is_too_large_is_cut_and_keeps_its_order() {
    let mut bench = bench(&[("linger.ms", "10")]);
    for value in ["a", "b", "c", "d"] {
        bench.produce("orders", Some(0), None, value);
    }
    bench.pass_ms(10);
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::MessageTooLarge, 0);
    let mut seen = Vec::new();
    while let Some(asked) = bench.asked.pop_front() {
        for (_, values) in produced(&asked) {
            assert!(values.len() < 4);
            seen.extend(values);
        }
        answer(&mut bench, &asked, ErrorCode::None, seen.len() as i64);
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
    assert_eq!(bench.client.memory(), 0);
    bench.produce("orders", Some(0), None, "e");
    bench.pass_ms(10);
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::MessageTooLarge, 0);
    assert_eq!(bench.client.tally().failed, 1, "one record cannot be cut");
}

#[test]
fn every_way_of_compression_reads_back() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let mut bench = bench(&[("compression.type", codec)]);
        bench.produce("orders", Some(0), None, &"x".repeat(500));
        let asked = bench.next_asked();
        assert_eq!(produced(&asked), [(0, vec!["x".repeat(500)])], "{codec}");
        answer(&mut bench, &asked, ErrorCode::None, 0);
        assert_eq!(bench.client.tally().acknowledged, 1);
    }
}
