//! Producer ids, and batches that are numbered.

use super::*;
use crate::protocol::api::AllocateProducerIdsRequest;
use crate::protocol::api::InitProducerIdRequest;
use crate::protocol::records::Batch;

/// Error and id.
fn init(bench: &mut Bench, broker: i32) -> (i16, i64) {
    let connection = bench.open(broker);
    let request = InitProducerIdRequest::default();
    let response = bench.call(connection, &request, 5);
    (response.error_code, response.producer_id)
}

/// A batch of one record of producer 7.
fn batch(epoch: i16, sequence: i32) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.set_producer(7, epoch, sequence);
    builder.append(EPOCH + i64::from(sequence), None, Some(b"v"), &[]);
    builder.build_batch()
}

/// Error, base offset and time.
fn produce(bench: &mut Bench, acks: i16, batch: &Batch) -> (i16, i64, i64) {
    let connection = bench.open(1);
    let request = produce_request(acks, 0, Some(batch.to_chunks()));
    bench.ask(connection, &request, 9);
    bench.run_ms(20);
    let answer = bench.produced(connection).expect("an answer");
    (
        answer.error_code,
        answer.base_offset,
        answer.log_append_time_ms,
    )
}

#[test]
fn the_first_who_asks_for_an_id_is_told_to_come_again() {
    let mut bench = Bench::new(&[], &[]);
    assert_eq!(init(&mut bench, 2), (14, -1));
    bench.run_ms(20);
    assert_eq!(init(&mut bench, 2), (0, 0));
    assert_eq!(init(&mut bench, 2), (0, 1));
    // Another broker has other ids; the controller's broker asks itself.
    assert_eq!(init(&mut bench, 1), (14, -1));
    bench.run_ms(20);
    assert_eq!(init(&mut bench, 1), (0, 1_000));
    assert_eq!(init(&mut bench, 2), (0, 2));
}

#[test]
fn a_broker_keeps_asking_for_ids_while_the_controller_is_out_of_reach() {
    let mut bench = Bench::new(&[("request.timeout.ms", "1000")], &[]);
    bench.hold(b(2), b(1));
    assert_eq!(init(&mut bench, 2), (14, -1));
    bench.run_ms(5_000);
    assert_eq!(init(&mut bench, 2), (14, -1));
    bench.release(b(2), b(1));
    bench.run_ms(5_000);
    assert_eq!(init(&mut bench, 2).0, 0);
}

#[test]
fn only_the_present_life_of_a_known_broker_gets_ids() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open_as(b(9), 1);
    let first_of = |bench: &mut Bench, id: i32, broker_epoch: i64| {
        let request = AllocateProducerIdsRequest {
            broker_id: id,
            broker_epoch,
        };
        bench.ask(connection, &request, 0);
        bench.run_ms(30);
        let response = bench.answer::<AllocateProducerIdsRequest>(connection, 0);
        let response = response.expect("an answer");
        match response.error_code {
            0 => Ok((response.producer_id_start, response.producer_id_len)),
            error => Err(error),
        }
    };
    let (two, three) = (bench.broker(2).epoch().0, bench.broker(3).epoch().0);
    assert_eq!(first_of(&mut bench, 3, three - 1), Err(77));
    assert_eq!(first_of(&mut bench, 3, three + 1), Err(77));
    assert_eq!(first_of(&mut bench, 9, three), Err(102));
    assert_eq!(first_of(&mut bench, 3, three), Ok((0, 1_000)));
    assert_eq!(first_of(&mut bench, 2, two), Ok((1_000, 1_000)));
}

#[test]
fn a_batch_that_comes_twice_is_written_once() {
    let mut bench = Bench::new(&[], &[]);
    assert_eq!(produce(&mut bench, -1, &batch(0, 0)), (0, 0, -1));
    assert_eq!(produce(&mut bench, -1, &batch(0, 1)), (0, 1, -1));
    // As in Kafka the answer tells the time of the batch.
    assert_eq!(produce(&mut bench, -1, &batch(0, 0)), (0, 0, EPOCH));
    assert_eq!(produce(&mut bench, -1, &batch(0, 1)), (0, 1, EPOCH + 1));
    assert_eq!(bench.replica(1).log_end(), Offset(2));
    let dropped = |fact: &Fact| matches!(fact, Fact::DuplicateDropped { .. });
    assert!(bench.noted(1, dropped));
}

#[test]
fn a_duplicate_waits_for_the_isr_like_the_first_one() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(1), b(2));
    let (first, second) = (bench.open(1), bench.open(1));
    let request = produce_request(-1, 0, Some(batch(0, 0).to_chunks()));
    bench.ask(first, &request, 9);
    bench.run_ms(10);
    bench.ask(second, &request, 9);
    bench.run_ms(100);
    assert_eq!(bench.produced(second), None);
    bench.release(b(1), b(2));
    bench.run_ms(100);
    for connection in [first, second] {
        let answer = bench.produced(connection).expect("an answer");
        assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    }
    assert_eq!(bench.replica(1).log_end(), Offset(1));
}

#[test]
fn what_is_out_of_order_or_of_an_old_epoch_is_refused_and_not_written() {
    let mut bench = Bench::new(&[], &[]);
    for (epoch, sequence, expected) in [
        (0, 0, 0),
        (0, 2, 45),
        (0, 1, 0),
        (1, 2, 45),
        (1, 0, 0),
        (0, 2, 47),
        (0, 1, 47),
        (1, -1, 87),
        (1, 1, 0),
    ] {
        let (error, offset, _) = produce(&mut bench, 1, &batch(epoch, sequence));
        assert_eq!(error, expected, "e{epoch} #{sequence}");
        assert_eq!(offset == -1, error != 0);
    }
    assert_eq!(bench.replica(1).log_end(), Offset(4));
}

#[test]
fn followers_know_what_their_leader_knows() {
    let mut bench = Bench::new(&[], &[]);
    for sequence in 0..7 {
        produce(&mut bench, -1, &batch(0, sequence));
    }
    bench.run_ms(600);
    let known = |id: i32| bench.replica(id).log().producers();
    assert_eq!(known(1).iter().len(), 1);
    assert_eq!(known(1), known(2));
    assert_eq!(known(1), known(3));
}

#[test]
fn a_producer_that_is_silent_for_long_is_forgotten_by_all() {
    let settings = [
        ("producer.id.expiration.ms", "2000"),
        ("producer.id.expiration.check.interval.ms", "1000"),
    ];
    let mut bench = Bench::new(&settings, &[]);
    produce(&mut bench, -1, &batch(0, 0));
    assert_eq!(produce(&mut bench, -1, &batch(0, 5)).0, 45);
    bench.run_ms(3_100);
    for id in 1..=3 {
        assert_eq!(bench.replica(id).log().producers().iter().len(), 0);
    }
    assert_eq!(produce(&mut bench, -1, &batch(0, 5)).0, 0);
}
