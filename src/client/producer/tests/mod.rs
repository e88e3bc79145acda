//! Tests of the producer as a whole, against a cluster that does what each test says.

mod numbering;
mod numbers;

use super::*;
use crate::client::bench::{Asked, Bench, addresses};
use crate::model::TopicName;
use crate::protocol::api::produce::{
    LeaderIdAndEpoch, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use crate::protocol::records::read_batches;
use crate::protocol::{AnyRequest, AnyResponse, ErrorCode};
use crate::rng::Seed;
use crate::time::Duration;

/// A producer that does not number its batches.
fn bench(settings: &[(&str, &str)]) -> Bench<Producer> {
    let plain = [("enable.idempotence", "false")];
    let mut bench = bench_of(plain.iter().chain(settings));
    bench.boot();
    bench
}

/// A producer that is not started yet.
fn bench_of<'a>(settings: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Bench<Producer> {
    let mut config = ProducerConfig::default();
    config.set_all(settings.copied()).expect("legal settings");
    let id = ProcessId::Producer(1);
    let producer = Producer::new(Setup {
        id,
        client_id: "p1".into(),
        bootstrap: addresses(),
        config,
        rng: Rng::new(Seed(1), 1),
    });
    let mut bench = Bench::new(id, producer);
    bench.topic("orders", &[1, 2, 3]);
    bench
}

/// Partition, and the values of its records, of everything in a Produce request.
fn produced(asked: &Asked) -> Vec<(i32, Vec<String>)> {
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request, not {:?}", asked.request);
    };
    let data = request.topic_data.iter();
    let data = data.flat_map(|topic| &topic.partition_data);
    data.map(|data| {
        let batches = read_batches(data.records.as_ref().expect("records")).expect("batches");
        let records = batches.iter().flat_map(|batch| batch.records());
        let values = records.map(|record| {
            let value = record.expect("a record").value.expect("a value");
            String::from_utf8_lossy(&value).into_owned()
        });
        (data.index, values.collect())
    })
    .collect()
}

/// Answers everything in a Produce request alike.
fn answer(bench: &mut Bench<Producer>, asked: &Asked, error: ErrorCode, offset: i64) {
    let response = answer_of(asked, error, offset);
    bench.answer(asked, &AnyResponse::Produce(response));
}

fn answer_of(asked: &Asked, error: ErrorCode, offset: i64) -> ProduceResponse {
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request");
    };
    let topics = request.topic_data.iter().map(|topic| {
        let partitions = topic.partition_data.iter();
        let results = partitions.map(|data| PartitionProduceResponse {
            index: data.index,
            error_code: error.code(),
            base_offset: if error.is_none() { offset } else { -1 },
            ..PartitionProduceResponse::default()
        });
        TopicProduceResponse {
            name: topic.name.clone(),
            partition_responses: results.collect(),
        }
    });
    ProduceResponse {
        responses: topics.collect(),
        ..ProduceResponse::default()
    }
}

#[test]
fn one_record_travels_to_its_leader_and_is_acknowledged() {
    let mut bench = bench(&[]);
    bench.produce("orders", None, Some("user-42"), "a");
    let asked = bench.next_asked();
    assert_eq!(asked.broker, BrokerId(2), "murmur2 says partition 1 of 3");
    assert_eq!(produced(&asked), [(1, vec!["a".to_owned()])]);
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request");
    };
    assert_eq!((request.acks, request.timeout_ms), (-1, 30_000));
    answer(&mut bench, &asked, ErrorCode::None, 5);
    assert_eq!(
        bench.lines(),
        [
            "0.000s p1 orders-0 learns leader 1 e0",
            "0.000s p1 orders-1 learns leader 2 e0",
            "0.000s p1 orders-2 learns leader 3 e0",
            "0.000s p1 orders-1 queues \"user-42\"",
            "0.000s p1 orders-1 sends 1",
            "0.000s p1 ⇒ orders-1@5",
        ]
    );
    assert_eq!(bench.client.memory(), 0);
}

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
fn a_failed_batch_goes_first_again_after_a_pause() {
    let mut bench = bench(&[("max.in.flight.requests.per.connection", "1")]);
    bench.produce("orders", Some(0), None, "a");
    let first = bench.next_asked();
    bench.produce("orders", Some(0), None, "b");
    bench.lines();
    answer(&mut bench, &first, ErrorCode::NotEnoughReplicas, 0);
    assert!(bench.asked.is_empty(), "neither may go during the pause");
    bench.pass_ms(79);
    assert!(bench.asked.is_empty());
    bench.pass_ms(42);
    let again = bench.next_asked();
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    answer(&mut bench, &again, ErrorCode::None, 0);
    assert_eq!(produced(&bench.next_asked()), [(0, vec!["b".to_owned()])]);
    let lines = bench.lines();
    assert!(lines[0].contains("orders-0 retries in"), "{lines:?}");
    assert!(
        lines[1].ends_with("orders-0 sends 1 again, attempt 2"),
        "{lines:?}"
    );
}

#[test]
fn with_several_in_flight_a_retry_can_be_overtaken() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    bench.produce("orders", Some(0), None, "b");
    let (first, second) = (bench.next_asked(), bench.next_asked());
    answer(&mut bench, &first, ErrorCode::NotEnoughReplicas, 0);
    answer(&mut bench, &second, ErrorCode::None, 0);
    bench.pass_ms(120);
    let again = bench.next_asked();
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    answer(&mut bench, &again, ErrorCode::None, 1);
    let acknowledged: Vec<_> = bench
        .lines()
        .into_iter()
        .filter(|line| line.contains('⇒'))
        .collect();
    assert!(
        acknowledged[0].ends_with("orders-0@0"),
        "b was written first"
    );
    assert!(acknowledged[1].ends_with("orders-0@1"));
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
fn not_leader_asks_for_metadata_and_a_new_leader_ends_the_pause() {
    let mut bench = bench(&[("retry.backoff.ms", "1000")]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    bench.pass_ms(1_300);
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (2, 1));
    answer(&mut bench, &asked, ErrorCode::NotLeaderOrFollower, 0);
    bench.pass_ms(1);
    let again = bench.next_asked();
    assert_eq!(again.broker, BrokerId(2));
    assert!(
        bench
            .lines()
            .iter()
            .any(|line| line.ends_with("orders-0 learns leader 2 e1"))
    );
}

#[test]
fn a_leader_that_the_answer_names_is_asked_at_once() {
    let mut bench = bench(&[("retry.backoff.ms", "1000")]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    // Brokers and their addresses are known; only who leads has changed.
    let mut response = answer_of(&asked, ErrorCode::NotLeaderOrFollower, -1);
    response.responses[0].partition_responses[0].current_leader = LeaderIdAndEpoch {
        leader_id: 2,
        leader_epoch: 1,
    };
    bench.answer(&asked, &AnyResponse::Produce(response));
    let again = bench.next_asked();
    assert_eq!(again.broker, BrokerId(2));
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
}

#[test]
fn an_older_epoch_is_not_believed() {
    let mut bench = bench(&[]);
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (2, 7));
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    assert_eq!(asked.broker, BrokerId(2));
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (1, 6));
    bench.pass_ms(200);
    answer(&mut bench, &asked, ErrorCode::NotLeaderOrFollower, 0);
    bench.pass_ms(150);
    assert_eq!(bench.next_asked().broker, BrokerId(2));
}

#[test]
fn what_cannot_pass_fails_at_once() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::InvalidRequiredAcks, 0);
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert_eq!(last, "0.000s p1 ⇒ orders-0 1 failed INVALID_REQUIRED_ACKS");
    assert_eq!(bench.client.memory(), 0);
}

#[test]
fn retries_count_the_times_after_the_first() {
    let mut bench = bench(&[("retries", "1")]);
    bench.produce("orders", Some(0), None, "a");
    for _ in 0..2 {
        let asked = bench.next_asked();
        answer(&mut bench, &asked, ErrorCode::NotEnoughReplicas, 0);
        bench.pass_ms(500);
    }
    assert!(bench.asked.is_empty());
    assert_eq!(bench.client.tally().failed, 1);
}

#[test]
fn delivery_timeout_fails_a_batch_in_the_queue() {
    let settings = [("delivery.timeout.ms", "3s"), ("request.timeout.ms", "1s")];
    let mut bench = bench(&settings);
    bench.down = vec![1];
    bench.produce("orders", Some(0), None, "a");
    bench.pass_ms(2_999);
    assert_eq!(bench.client.tally().failed, 0);
    bench.pass_ms(1);
    assert_eq!(bench.client.tally().failed, 1);
    let lines = bench.lines();
    assert!(
        lines
            .iter()
            .any(|line| line == "3.000s p1 ⇒ orders-0 1 failed REQUEST_TIMED_OUT")
    );
    assert_eq!(bench.client.memory(), 0);
}

#[test]
fn a_request_without_an_answer_costs_the_connection_and_is_sent_again() {
    let settings = [("delivery.timeout.ms", "3s"), ("request.timeout.ms", "1s")];
    let mut bench = bench(&settings);
    bench.produce("orders", Some(0), None, "a");
    let first = bench.next_asked();
    bench.pass_ms(1_300);
    let again = bench.next_asked();
    assert_ne!(again.connection, first.connection);
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    bench.pass_ms(1_700);
    assert_eq!(
        bench.client.tally().failed,
        1,
        "three seconds are over, wherever it is"
    );
    assert_eq!(bench.client.memory(), 0);
    bench.pass_ms(60_000);
    assert_eq!(bench.client.tally().failed, 1);
}

#[test]
fn a_lost_connection_is_opened_again_after_a_growing_pause() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    bench.next_asked();
    bench.disconnect(1);
    bench.pass_ms(130);
    assert_eq!(produced(&bench.next_asked()), [(0, vec!["a".to_owned()])]);
    let lines = bench.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("after NETWORK_EXCEPTION")),
        "{lines:?}"
    );
}

#[test]
fn without_acks_a_record_counts_as_sent_when_it_is_on_its_way() {
    let mut bench = bench(&[("acks", "0")]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    assert_eq!(produced(&asked), [(0, vec!["a".to_owned()])]);
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert_eq!(last, "0.000s p1 ⇒ orders-0 sent 1, nobody answers");
    bench.pass_ms(60_000);
    assert_eq!(bench.client.tally().acknowledged, 1);
    assert_eq!(bench.client.in_flight().count(), 0);
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

fn load(burst: u32, interval: Duration, keys: &[&str], limit: Option<u64>) -> Instruction {
    Instruction::StartLoad(Load {
        topic: TopicName::new("orders"),
        burst,
        interval,
        keys: keys.iter().map(|key| Text::from(*key)).collect(),
        value_size: 8,
        tombstones: None,
        limit,
    })
}

/// Answers every request until nothing is asked any more; how many records there were.
fn serve(bench: &mut Bench<Producer>, offsets: &mut [i64; 3]) -> usize {
    let mut count = 0;
    while let Some(asked) = bench.asked.pop_front() {
        let sent = produced(&asked);
        let (partition, values) = &sent[0];
        let offset = offsets[*partition as usize];
        offsets[*partition as usize] += values.len() as i64;
        count += values.len();
        answer(bench, &asked, ErrorCode::None, offset);
    }
    count
}

#[test]
fn a_load_keeps_its_beat_and_its_limit() {
    let mut bench = bench(&[]);
    bench.tell(load(2, Duration::from_millis(100), &["k"], Some(7)));
    let mut offsets = [0; 3];
    let mut counts = Vec::new();
    for _ in 0..6 {
        counts.push(serve(&mut bench, &mut offsets));
        bench.pass_ms(100);
    }
    assert_eq!(counts, [2, 2, 2, 1, 0, 0]);
    assert!(bench.client.load().is_none());
    let lines = bench.lines();
    let queued: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("queues"))
        .collect();
    assert_eq!(queued.len(), 4, "one fact for each burst and partition");
}

#[test]
fn a_load_tells_the_number_of_each_record() {
    let mut bench = bench(&[]);
    bench.tell(load(1, Duration::from_millis(100), &[], None));
    let asked = bench.next_asked();
    assert_eq!(produced(&asked)[0].1, ["#0......"]);
    bench.tell(Instruction::StopLoad);
    bench.pass_ms(1_000);
    assert!(bench.asked.is_empty());
}

#[test]
fn of_so_many_records_of_a_load_the_last_is_a_tombstone() {
    let mut bench = bench(&[]);
    let Instruction::StartLoad(mut wanted) = load(7, Duration::from_secs(1), &["k"], Some(7))
    else {
        panic!("it is a load");
    };
    wanted.tombstones = Some(3);
    bench.tell(Instruction::StartLoad(wanted));
    let asked = bench.next_asked();
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request, not {:?}", asked.request);
    };
    let records = request.topic_data[0].partition_data[0].records.as_ref();
    let batches = read_batches(records.expect("records")).expect("batches");
    let values = batches.iter().flat_map(|batch| batch.records());
    let values = values.map(|record| record.expect("a record").value.is_some());
    let expected = [true, true, false, true, true, false, true];
    assert_eq!(values.collect::<Vec<_>>(), expected);
}

#[test]
fn a_load_without_keys_fills_one_partition_and_then_another() {
    let mut bench = bench(&[("batch.size", "1000")]);
    bench.tell(load(10, Duration::from_millis(1), &[], Some(1_000)));
    let mut offsets = [0; 3];
    let mut total = 0;
    for _ in 0..110 {
        total += serve(&mut bench, &mut offsets);
        bench.pass_ms(1);
    }
    assert_eq!(total, 1_000);
    assert!(offsets.iter().all(|count| *count > 50), "{offsets:?}");
}

#[test]
fn a_blocked_load_does_not_run_in_a_circle() {
    let mut bench = bench(&[("buffer.memory", "40000"), ("max.block.ms", "500")]);
    bench.down = vec![1, 2, 3];
    bench.disconnect(1);
    bench.disconnect(2);
    bench.disconnect(3);
    bench.tell(load(1_000, Duration::from_millis(1), &[], None));
    bench.pass_ms(10_000);
    assert!(bench.client.tally().failed >= 18);
    bench.down.clear();
    bench.pass_ms(2_000);
    assert!(!bench.asked.is_empty());
}

#[test]
fn settings_change_while_it_runs() {
    let mut bench = bench(&[]);
    bench.configure("linger.ms", "20");
    bench.produce("orders", Some(0), None, "a");
    assert!(bench.asked.is_empty());
    bench.configure("linger.ms", "0");
    assert_eq!(bench.asked.len(), 1);
    let refused = bench.client.accepts(&Instruction::Configure {
        name: "linger.ms".into(),
        value: "soon".into(),
    });
    let sentence = "linger.ms is not \"soon\" but a time such as 5ms";
    assert_eq!(refused, Err(sentence.to_owned()));
}

#[test]
fn equal_inputs_give_equal_facts() {
    let run = || {
        let mut bench = bench(&[]);
        bench.tell(load(
            5,
            Duration::from_millis(3),
            &["a", "b", "c"],
            Some(100),
        ));
        let mut offsets = [0; 3];
        for _ in 0..100 {
            serve(&mut bench, &mut offsets);
            bench.pass_ms(1);
        }
        bench.lines()
    };
    assert_eq!(run(), run());
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
