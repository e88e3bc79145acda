//! Tests of a producer that numbers its batches.

use super::*;

/// An idempotent producer whose first questions for an id are refused.
fn bench_refused(settings: &[(&str, &str)], refusals: &[ErrorCode]) -> Bench<Producer> {
    let mut bench = bench_of(settings.iter());
    bench.id_refusals.extend(refusals);
    bench.boot();
    bench
}

/// An idempotent producer with the id 7.
fn bench_numbering(settings: &[(&str, &str)]) -> Bench<Producer> {
    let mut bench = bench_refused(settings, &[]);
    bench.lines();
    bench
}

/// The values, the epoch and the first sequence of the one batch in a Produce request.
fn numbered(asked: &Asked) -> (String, i16, i32) {
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request, not {:?}", asked.request);
    };
    let records = request.topic_data[0].partition_data[0].records.as_ref();
    let batches = read_batches(records.expect("records")).expect("batches");
    let [batch] = batches.as_slice() else {
        panic!("one batch");
    };
    assert_eq!(batch.verify_crc(), Ok(()));
    assert_eq!(batch.header.producer_id, 7);
    let values = batch.records().map(|record| {
        let value = record.expect("a record").value.expect("a value");
        String::from_utf8_lossy(&value).into_owned()
    });
    let values: Vec<String> = values.collect();
    let header = batch.header;
    (values.concat(), header.producer_epoch, header.base_sequence)
}

fn is(value: &str, epoch: i16, sequence: i32) -> (String, i16, i32) {
    (value.to_owned(), epoch, sequence)
}

#[test]
fn an_id_is_asked_for_before_anything_is_sent_and_again_while_there_is_none() {
    let busy = ErrorCode::CoordinatorLoadInProgress;
    let mut bench = bench_refused(&[], &[busy, busy]);
    bench.produce("orders", Some(0), None, "a");
    bench.produce("orders", Some(0), None, "b");
    bench.pass_ms(199);
    assert!(bench.asked.is_empty(), "nothing goes without an id");
    bench.pass_ms(1);
    assert_eq!(numbered(&bench.next_asked()), is("ab", 0, 0));
    let lines = bench.lines();
    let taken = "0.200s p1 is producer 7 epoch 0".to_owned();
    assert!(lines.contains(&taken), "{lines:?}");
}

#[test]
fn without_an_id_records_fail_in_time_and_at_once_if_nobody_will_give_one() {
    let settings = [("delivery.timeout.ms", "3s"), ("request.timeout.ms", "1s")];
    let mut bench = bench_refused(&settings, &[ErrorCode::CoordinatorLoadInProgress; 35]);
    bench
        .id_refusals
        .push_back(ErrorCode::ClusterAuthorizationFailed);
    bench.produce("orders", Some(0), None, "a");
    bench.pass_ms(3_000);
    assert_eq!(bench.client.tally().failed, 1, "delivery.timeout.ms");
    bench.produce("orders", Some(0), None, "b");
    assert_eq!(bench.client.tally().failed, 1);
    bench.pass_ms(600);
    assert_eq!(bench.client.tally().failed, 2);
    bench.produce("orders", Some(0), None, "c");
    assert_eq!(bench.client.tally().failed, 3);
    assert_eq!(bench.client.memory(), 0);
}

#[test]
fn sequences_count_the_records_of_each_partition() {
    let mut bench = bench_numbering(&[("linger.ms", "5")]);
    for (partition, value) in [(0, "a"), (0, "b"), (1, "c")] {
        bench.produce("orders", Some(partition), None, value);
    }
    bench.pass_ms(5);
    assert_eq!(numbered(&bench.next_asked()), is("ab", 0, 0));
    assert_eq!(numbered(&bench.next_asked()), is("c", 0, 0));
    bench.produce("orders", Some(0), None, "d");
    bench.pass_ms(5);
    assert_eq!(numbered(&bench.next_asked()), is("d", 0, 2));
}

#[test]
fn a_retry_is_the_same_batch_and_later_ones_wait_behind_it() {
    let mut bench = bench_numbering(&[]);
    for value in ["a", "b", "c"] {
        bench.produce("orders", Some(0), None, value);
    }
    let (first, second, third) = (bench.next_asked(), bench.next_asked(), bench.next_asked());
    answer(&mut bench, &first, ErrorCode::NotEnoughReplicas, 0);
    answer(&mut bench, &second, ErrorCode::OutOfOrderSequenceNumber, 0);
    bench.produce("orders", Some(0), None, "d");
    answer(&mut bench, &third, ErrorCode::OutOfOrderSequenceNumber, 0);
    bench.pass_ms(200);
    let again = bench.next_asked();
    assert_eq!(numbered(&again), is("a", 0, 0));
    assert!(bench.asked.is_empty(), "one at a time until it is written");
    answer(&mut bench, &again, ErrorCode::None, 0);
    for (value, sequence) in [("b", 1), ("c", 2), ("d", 3)] {
        let asked = bench.next_asked();
        assert_eq!(numbered(&asked), is(value, 0, sequence));
        answer(&mut bench, &asked, ErrorCode::None, i64::from(sequence));
    }
    assert_eq!(bench.client.tally().acknowledged, 4);
}

#[test]
fn batches_of_a_lost_connection_go_to_the_next_leader_in_their_order() {
    let mut bench = bench_numbering(&[]);
    for value in ["a", "b", "c"] {
        bench.produce("orders", Some(0), None, value);
    }
    assert_eq!(bench.asked.len(), 3);
    let moved = (TopicPartition::new("orders", 0), (2, 1));
    bench.leaders.insert(moved.0, moved.1);
    bench.disconnect(1);
    bench.pass_ms(500);
    for (value, sequence) in [("a", 0), ("b", 1), ("c", 2)] {
        assert_eq!(bench.asked.len(), 1, "one at a time");
        let asked = bench.next_asked();
        assert_eq!(asked.broker, BrokerId(2));
        assert_eq!(numbered(&asked), is(value, 0, sequence));
        answer(&mut bench, &asked, ErrorCode::None, i64::from(sequence));
        bench.pass_ms(500);
    }
    assert_eq!(bench.client.tally().acknowledged, 3);
}

#[test]
fn a_gap_makes_the_producer_begin_anew() {
    let mut bench = bench_numbering(&[]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::None, 0);
    bench.produce("orders", Some(0), None, "b");
    bench.produce("orders", Some(0), None, "c");
    let (second, third) = (bench.next_asked(), bench.next_asked());
    // The broker has lost the first, and does not take what should follow it.
    answer(&mut bench, &second, ErrorCode::OutOfOrderSequenceNumber, 0);
    answer(&mut bench, &third, ErrorCode::OutOfOrderSequenceNumber, 0);
    bench.pass_ms(200);
    let again = bench.next_asked();
    assert_eq!(numbered(&again), is("b", 1, 0));
    answer(&mut bench, &again, ErrorCode::None, 1);
    let again = bench.next_asked();
    assert_eq!(numbered(&again), is("c", 1, 1));
    answer(&mut bench, &again, ErrorCode::None, 2);
    bench.produce("orders", Some(0), None, "d");
    assert_eq!(numbered(&bench.next_asked()), is("d", 1, 2));
    let lines = bench.lines();
    let anew = lines
        .iter()
        .filter(|line| line.ends_with("is producer 7 epoch 1"));
    assert_eq!(anew.count(), 1, "{lines:?}");
}

#[test]
fn what_was_given_up_after_it_was_sent_ends_the_epoch() {
    let settings = [("delivery.timeout.ms", "1s"), ("request.timeout.ms", "1s")];
    let mut bench = bench_numbering(&settings);
    bench.produce("orders", Some(0), None, "a");
    bench.next_asked();
    bench.pass_ms(500);
    bench.produce("orders", Some(0), None, "b");
    bench.next_asked();
    bench.pass_ms(600);
    bench.produce("orders", Some(0), None, "c");
    assert_eq!(bench.client.tally().failed, 1);
    bench.pass_ms(900);
    let asked: Vec<_> = bench.asked.iter().map(numbered).collect();
    assert_eq!(asked.last(), Some(&is("c", 1, 0)), "{asked:?}");
}

#[test]
fn a_batch_that_is_refused_for_good_leaves_no_gap() {
    let mut bench = bench_numbering(&[]);
    bench.produce("orders", Some(0), None, "bad");
    bench.produce("orders", Some(0), None, "good");
    let (first, second) = (bench.next_asked(), bench.next_asked());
    answer(&mut bench, &first, ErrorCode::InvalidRecord, 0);
    answer(&mut bench, &second, ErrorCode::OutOfOrderSequenceNumber, 0);
    bench.pass_ms(200);
    let again = bench.next_asked();
    assert_eq!(numbered(&again), is("good", 1, 0));
    answer(&mut bench, &again, ErrorCode::None, 0);
    let tally = bench.client.tally();
    assert_eq!((tally.acknowledged, tally.failed), (1, 1));
}

#[test]
fn a_duplicate_is_a_success() {
    let mut bench = bench_numbering(&[]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::DuplicateSequenceNumber, 0);
    assert_eq!(bench.client.tally().acknowledged, 1);
}
