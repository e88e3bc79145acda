//! Tests of the consumer as a whole, against a cluster that does what each test says.

mod hearing;
mod pausing;
mod reading;

use super::*;
use crate::client::bench::{Asked, Bench, addresses, topic_id};
use crate::process::{Instruction, SeekTo};
use crate::protocol::api::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use crate::protocol::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use crate::protocol::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use crate::protocol::records::{BatchBuilder, Codec};
use crate::protocol::{AnyRequest, AnyResponse, Chunks, ErrorCode};
use crate::rng::Seed;

fn bench(settings: &[(&str, &str)], leaders: &[i32]) -> Bench<Consumer> {
    let mut config = ConsumerConfig::default();
    config
        .set_all(settings.iter().copied())
        .expect("legal settings");
    let id = ProcessId::Consumer(1);
    let consumer = Consumer::new(Setup {
        id,
        client_id: "c1".into(),
        bootstrap: addresses(),
        config,
        rng: Rng::new(Seed(1), 1),
        commits_fetched: false,
    });
    let mut bench = Bench::new(id, consumer);
    bench.topic("orders", leaders);
    bench.boot();
    let partitions = (0..leaders.len() as i32).map(orders).collect();
    bench.tell(Instruction::Assign { partitions });
    bench.lines();
    bench
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

/// A consumer that reads `orders-0` from offset 0 on, its first Fetch waiting.
fn reading(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let mut bench = bench(settings, &[1]);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 0);
    bench.lines();
    bench
}

fn answer_end(bench: &mut Bench<Consumer>, asked: &Asked, error: ErrorCode, offset: i64) {
    let AnyRequest::ListOffsets(request) = &asked.request else {
        panic!("a ListOffsets request, not {:?}", asked.request);
    };
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let found = partitions.map(|partition| ListOffsetsPartitionResponse {
            partition_index: partition.partition_index,
            error_code: error.code(),
            offset,
            ..ListOffsetsPartitionResponse::default()
        });
        ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: found.collect(),
        }
    });
    let response = ListOffsetsResponse {
        topics: topics.collect(),
        ..ListOffsetsResponse::default()
    };
    bench.answer(asked, &AnyResponse::ListOffsets(response));
}

/// Partition and offset of everything in a Fetch request.
fn fetched(asked: &Asked) -> Vec<(i32, i64)> {
    let AnyRequest::Fetch(request) = &asked.request else {
        panic!("a Fetch request, not {:?}", asked.request);
    };
    let topics = request.topics.iter();
    let partitions = topics.flat_map(|topic| &topic.partitions);
    let partitions = partitions.map(|asked| (asked.partition, asked.fetch_offset));
    partitions.collect()
}

/// A batch of so many records, written in `epoch`.
pub(in crate::client::consumer) fn batch(base: i64, count: usize, epoch: i32) -> Chunks {
    let mut builder = BatchBuilder::new(Codec::None);
    for number in 0..count {
        let value = format!("v{}", base + number as i64);
        builder.append(0, Some(b"k"), Some(value.as_bytes()), &[]);
    }
    let batch = builder.build_batch();
    batch.stamped(Offset(base), LeaderEpoch(epoch)).to_chunks()
}

/// A batch of one record that says that it is longer than all that is there, and of one that was compacted away.
pub(in crate::client::consumer) fn unreadable(base: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(0, None, None, &[]);
    builder.set_last_offset_delta(1);
    let batch = builder.build_batch();
    let batch = batch.stamped(Offset(base), LeaderEpoch(0));
    let mut bytes = batch.to_chunks().to_vec();
    bytes[61] = 100;
    bytes
}

pub(in crate::client::consumer) fn answer_fetch(
    bench: &mut Bench<Consumer>,
    asked: &Asked,
    data: Vec<PartitionData>,
) {
    let response = FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            topic_id: topic_id("orders"),
            partitions: data,
        }],
        ..FetchResponse::default()
    };
    bench.answer(asked, &AnyResponse::Fetch(response));
}

pub(in crate::client::consumer) fn data(
    partition: i32,
    high_watermark: i64,
    records: Chunks,
) -> PartitionData {
    PartitionData {
        partition_index: partition,
        high_watermark,
        records: Some(records),
        ..PartitionData::default()
    }
}

fn failed(partition: i32, error: ErrorCode) -> PartitionData {
    PartitionData {
        partition_index: partition,
        error_code: error.code(),
        high_watermark: -1,
        records: Some(Chunks::new()),
        ..PartitionData::default()
    }
}
