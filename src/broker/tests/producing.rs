//! Producing: acks, the ISR, timeouts, refusals.

use super::*;
use crate::protocol::api::produce::ProduceResponse;

#[test]
fn acks_all_waits_until_every_in_sync_replica_has_the_record() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    // To the leader, to the parked fetches of the followers, back with the next fetch, to the producer.
    bench.run_ms(2);
    assert_eq!(bench.produced(connection), None);
    assert_eq!(bench.replica(1).log_end(), Offset(1));
    assert_eq!(bench.replica(1).high_watermark(), Offset(0));
    bench.run_ms(2);
    let answer = bench
        .produced(connection)
        .expect("an answer after two round trips");
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    assert_eq!(
        (answer.log_append_time_ms, answer.log_start_offset),
        (-1, 0)
    );
    for id in 1..=3 {
        assert_eq!(bench.replica(id).log_end(), Offset(1), "broker {id}");
    }
    // Followers learn of the high watermark one fetch later: half a second, when nothing else comes.
    assert_eq!(bench.replica(2).high_watermark(), Offset(0));
    bench.run_ms(600);
    assert_eq!(bench.replica(2).high_watermark(), Offset(1));
}

#[test]
fn followers_share_the_bytes_of_their_leader() {
    let mut bench = Bench::new(&[], &[]);
    assert_eq!(bench.produce_now(1, -1, &"x".repeat(3_000)), (0, 0));
    let piece = |id: i32| {
        let stored = bench.replica(id).log().batches(Offset(0), Offset(1)).next();
        let pieces = stored.expect("a batch").bytes();
        let largest = pieces.pieces().max_by_key(|piece| piece.len());
        largest.expect("bytes").as_ptr()
    };
    assert_eq!(piece(1), piece(2));
    assert_eq!(piece(1), piece(3));
}

#[test]
fn acks_one_is_answered_before_anybody_has_a_copy() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    bench.produce(connection, 1, "a");
    bench.run_ms(2);
    let answer = bench
        .produced(connection)
        .expect("an answer after one round trip");
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    assert_eq!(bench.replica(1).high_watermark(), Offset(0));
}

#[test]
fn acks_zero_has_no_answer_and_failing_costs_the_connection() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    bench.produce(connection, 0, "a");
    bench.produce(connection, 0, "b");
    bench.produce(connection, 1, "c");
    bench.run_ms(50);
    assert_eq!(
        bench.produced(connection).map(|answer| answer.base_offset),
        Some(2)
    );
    assert_eq!(bench.produced(connection), None);
    let other = bench.open(2);
    bench.produce(other, 0, "d");
    bench.run_ms(50);
    assert!(bench.is_closed(other), "broker 2 does not lead");
    assert!(!bench.is_closed(connection));
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all_and_nothing_else() {
    let settings = [("replica.lag.time.max.ms", "1000")];
    let mut bench = Bench::new(&settings, &[("min.insync.replicas", "3")]);
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "lets broker 3 fall behind");
    bench.run_ms(3_000);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
    let before = bench.replica(1).log_end();
    assert_eq!(bench.produce_now(1, -1, "refused"), (19, -1));
    assert_eq!(bench.replica(1).log_end(), before, "nothing is written");
    assert_eq!(bench.produce_now(1, 1, "taken"), (0, before.0));
    // Since 3.7 nothing becomes visible meanwhile.
    assert_eq!(bench.replica(1).high_watermark(), Offset(0));
    bench.release(b(3), b(1));
    bench.run_ms(3_000);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2, 3]));
    assert_eq!(bench.replica(1).high_watermark(), Offset(2));
    assert_eq!(bench.produce_now(1, -1, "works again").0, 0);
}

#[test]
fn min_isr_is_never_more_than_there_are_replicas() {
    let mut bench = Bench::with_replicas(&[], &[("min.insync.replicas", "2")], &[&[1]]);
    assert_eq!(bench.produce_now(1, -1, "a"), (0, 0));
}

#[test]
fn an_isr_that_shrinks_below_min_isr_keeps_a_record_waiting_until_its_timeout() {
    let settings = [("replica.lag.time.max.ms", "1000")];
    let mut bench = Bench::new(&settings, &[("min.insync.replicas", "2")]);
    // Both followers stop; the record is appended, and then the ISR is only the leader.
    bench.hold(b(2), b(1));
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    bench.run_ms(1_900);
    assert_eq!(bench.replica(1).isr(), ids(&[1]));
    // Below min ISR the high watermark stands still, so the wait goes on until the timeout.
    assert_eq!(bench.produced(connection), None);
    bench.run_ms(500);
    let answer = bench.produced(connection).expect("the timeout");
    assert_eq!(answer.error_code, 7);
    assert_eq!(bench.replica(1).log_end(), Offset(1), "the record stays");
}

/// In Kafka the ISR can shrink between the follower's fetch that commits a record and the thread that
/// answers the producer. Here one input does both, so that state has to be planted.
#[test]
fn a_committed_record_with_too_few_replicas_is_told_after_the_append() {
    let settings = [("replica.lag.time.max.ms", "60000")];
    let mut bench = Bench::new(&settings, &[("min.insync.replicas", "2")]);
    bench.hold(b(2), b(1));
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    bench.run_ms(100);
    assert_eq!(bench.produced(connection), None);
    let log = bench.replica(1).log().clone();
    let name = TopicPartition::new(TOPIC, 0);
    let broker = bench.brokers.get_mut(&b(1)).expect("broker 1");
    broker.plant(&name, |replica| {
        replica.plant_log(log, Offset(1));
        replica.plant_isr(ids(&[1]));
    });
    // Whatever happens to the partition has the waiting request looked at again.
    let (code, _) = bench.produce_now(1, 1, "b");
    assert_eq!(code, 0);
    let answer = bench
        .produced(connection)
        .expect("an answer before its timeout");
    assert_eq!((answer.error_code, answer.base_offset), (20, 0));
    assert_eq!(
        bench.replica(1).log_end(),
        Offset(2),
        "the record stays where it is"
    );
}

#[test]
fn a_timeout_leaves_the_record_in_the_log_where_it_may_still_be_committed() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    bench.run_ms(1_990);
    assert_eq!(bench.produced(connection), None);
    bench.run_ms(20);
    let answer = bench.produced(connection).expect("the timeout");
    assert_eq!((answer.error_code, answer.base_offset), (7, 0));
    assert_eq!(bench.replica(1).high_watermark(), Offset(0));
    bench.release(b(3), b(1));
    bench.run_ms(100);
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
}

#[test]
fn requests_of_one_connection_are_answered_in_order_one_at_a_time() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    bench.produce(connection, 1, "b");
    bench.run_ms(500);
    assert_eq!(bench.produced(connection), None);
    assert_eq!(
        bench.replica(1).log_end(),
        Offset(1),
        "the second is not even read"
    );
    bench.release(b(3), b(1));
    bench.run_ms(50);
    let first = bench.produced(connection).expect("the first answer");
    let second = bench.produced(connection).expect("the second answer");
    assert_eq!((first.base_offset, second.base_offset), (0, 1));
}

#[test]
fn an_old_leader_names_the_new_one_from_version_10_on() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(2);
    let request = produce_request(1, 0, Some(records(&["a"])));
    let response: ProduceResponse = bench.call(connection, &request, 10);
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!(answer.error_code, 6);
    assert_eq!(
        (
            answer.current_leader.leader_id,
            answer.current_leader.leader_epoch
        ),
        (1, 0)
    );
    let endpoint = &response.node_endpoints[0];
    assert_eq!(
        (endpoint.node_id, &*endpoint.host, endpoint.port),
        (1, "broker-1", 9092)
    );
}

#[test]
fn partitions_of_one_request_fail_alone() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1, 2, 3], &[2, 3, 1]]);
    let connection = bench.open(1);
    let mut request = produce_request(-1, 0, Some(records(&["a"])));
    request.topic_data[0]
        .partition_data
        .push(PartitionProduceData {
            index: 1,
            records: Some(records(&["b"])),
        });
    bench.ask(connection, &request, PRODUCE);
    bench.run_ms(50);
    let response = bench
        .answer::<ProduceRequest>(connection, PRODUCE)
        .expect("an answer");
    let codes: Vec<i16> = response.responses[0]
        .partition_responses
        .iter()
        .map(|a| a.error_code)
        .collect();
    assert_eq!(codes, [0, 6]);
}

#[test]
fn topics_of_kafkas_own_are_not_written_to_by_clients() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let mut request = produce_request(1, 0, Some(records(&["a"])));
    request.topic_data[0].name = "__consumer_offsets".into();
    let response: ProduceResponse = bench.call(connection, &request, PRODUCE);
    // Nobody has created it, which is looked at first.
    assert_eq!(response.responses[0].partition_responses[0].error_code, 3);
}

#[test]
fn a_partition_that_is_named_twice_is_written_once_and_its_last_entry_counts() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let one = |values: &[&str]| {
        produce_request(1, 0, Some(records(values)))
            .topic_data
            .remove(0)
    };
    let mut request = produce_request(1, 0, Some(records(&["first"])));
    let again = one(&["second", "second"]).partition_data;
    request.topic_data[0].partition_data.extend(again);
    let unknown = PartitionProduceData {
        index: 9,
        records: Some(records(&["nowhere"])),
    };
    request.topic_data[0].partition_data.push(unknown);
    request.topic_data.push(one(&["a", "b", "c"]));
    let response = bench.call(connection, &request, PRODUCE);
    let [topic] = response.responses.as_slice() else {
        panic!("a topic is answered once: {response:?}");
    };
    let answers = topic.partition_responses.iter();
    let answers: Vec<(i32, i16, i64)> = answers
        .map(|one| (one.index, one.error_code, one.base_offset))
        .collect();
    assert_eq!(answers, [(0, 0, 0), (9, 3, -1)]);
    assert_eq!(bench.replica(1).log_end(), Offset(3), "a, b and c");
}

#[test]
fn a_producer_is_told_which_of_its_records_are_refused() {
    let mut bench = Bench::new(&[], &[("cleanup.policy", "compact")]);
    let mut builder = BatchBuilder::new(Codec::None);
    for key in [Some(&b"k"[..]), None, Some(b"k"), None] {
        builder.append(EPOCH, key, Some(b"v"), &[]);
    }
    let request = produce_request(1, 0, Some(Chunks::from(builder.build())));
    let connection = bench.open(1);
    let response = bench.call(connection, &request, PRODUCE);
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!((answer.error_code, answer.base_offset), (87, -1));
    let errors = answer.record_errors.iter();
    let errors: Vec<_> = errors
        .map(|one| (one.batch_index, one.batch_index_error_message.as_deref()))
        .collect();
    let why = Some("a compacted topic needs a key in every record");
    assert_eq!(errors, [(1, why), (3, why)]);
    let refused = bench.call(connection, &produce_request(1, 0, None), PRODUCE);
    let answer = &refused.responses[0].partition_responses[0];
    assert_eq!((answer.error_code, answer.record_errors.len()), (87, 0));
}

/// A checker of the order of answers must have something to find.
#[cfg(feature = "planted")]
#[test]
fn with_the_bug_planted_an_answer_goes_out_behind_the_next_one() {
    for (settings, order) in [(&[][..], [9, 8]), (&[("planted", "M24")], [8, 9])] {
        let mut bench = Bench::new(settings, &[]);
        bench.hold(b(3), b(1));
        let connection = bench.open(1);
        let request = produce_request(-1, 0, Some(records(&["a"])));
        // The first waits for broker 3, and the second behind it.
        bench.ask(connection, &request, 9);
        bench.ask(connection, &request, 8);
        bench.run_ms(10);
        bench.release(b(3), b(1));
        bench.run_ms(1_500);
        let answered = bench.facts.iter().filter_map(|(_, _, fact)| match fact {
            Fact::ResponseSent {
                connection: end,
                correlation_id,
                ..
            } if *end == connection.other_end() => Some(*correlation_id),
            _ => None,
        });
        assert_eq!(answered.collect::<Vec<_>>(), order, "{settings:?}");
    }
}
