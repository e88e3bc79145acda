//! Tests of the producer as a whole, against a cluster that does what each test says.
//!
//! Here is what holds whatever is sent. [`batching`] has what shares a batch and a request, [`retrying`] what comes
//! back and what is given up, [`waiting`] applications that have to wait, [`loads`] what sends by itself,
//! [`numbering`] a producer that numbers its batches, [`numbers`] the numbers alone.

mod batching;
mod loads;
mod numbering;
mod numbers;
mod retrying;
mod waiting;

use super::*;
use crate::client::bench::{Asked, Bench, addresses};
use crate::model::TopicName;
use crate::protocol::api::produce::{
    PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
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
