//! Batches that cannot be appended, and records that are not there.

use super::{NOBODYS, hex};
use crate::model::TopicPartition;
use crate::protocol::Chunks;
use crate::protocol::api::fetch::{FetchPartition, FetchTopic};
use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use crate::protocol::api::produce::{PartitionProduceData, TopicProduceData};
use crate::protocol::api::{FetchRequest, ListOffsetsRequest, ProduceRequest};
use crate::protocol::records::{BatchBuilder, Codec};
use crate::swarm::Draw;

/// Batches that cannot be appended.
pub(super) fn batches(partition: &TopicPartition, draw: &mut Draw) -> Vec<String> {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.append(0, None, Some(b"w"), &[]);
    let strange = TopicPartition::new(partition.topic.as_str(), 900);
    let internal = TopicPartition::new("__consumer_offsets", 0);
    let (mut to, mut acks, mut newest) = (partition, 1, 11);
    let records = match draw.between(0, 11) {
        0 => damaged(batch),
        1 => {
            acks = draw.pick(&[2, -2]);
            Chunks::from(batch.build())
        }
        2 => {
            batch.set_last_offset_delta(draw.pick(&[-1, 4, i32::MAX]));
            Chunks::from(batch.build())
        }
        3 => {
            batch.set_control();
            Chunks::from(batch.build())
        }
        4 => {
            batch.set_transactional();
            Chunks::from(batch.build())
        }
        5 => {
            batch.set_producer(7, draw.pick(&[0, -1]), draw.pick(&[-1, 5]));
            Chunks::from(batch.build())
        }
        6 => {
            to = &strange;
            Chunks::from(batch.build())
        }
        7 => {
            to = &internal;
            Chunks::from(batch.build())
        }
        // A clock that only brokers read.
        8 => batch.build_batch().with_log_append_time(5).to_chunks(),
        9 => {
            newest = 6;
            in_zstd(batch)
        }
        10 => return of_an_older_producer(partition, draw),
        _ => {
            let value = vec![b'w'; draw.pick(&[500, 40_000])];
            batch.append(0, None, Some(&value), &[]);
            Chunks::from(batch.build())
        }
    };
    vec![produce(to, records, acks, draw.between(3, newest))]
}

/// A batch of a producer, and then one of its former life.
fn of_an_older_producer(partition: &TopicPartition, draw: &mut Draw) -> Vec<String> {
    let producer = draw.between(1 << 42, 1 << 43) as i64;
    let lives = [3, 2];
    let says = lives.map(|epoch| {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.set_producer(producer, epoch, 0);
        batch.append(0, None, Some(b"w"), &[]);
        produce(partition, Chunks::from(batch.build()), 1, 9)
    });
    says.into()
}

/// Reading what is not there, in sessions that are not there.
pub(super) fn reads(partition: &TopicPartition, draw: &mut Draw) -> String {
    match draw.between(0, 6) {
        0 => fetch(partition, draw.pick(&[-5, 1 << 40]), (0, -1), -1, draw),
        1 => fetch(partition, 0, (draw.pick(&[7, 99_999]), 3), -1, draw),
        2 => fetch(partition, 0, (0, -1), draw.pick(&[0, 1_000]), draw),
        3 => {
            // By an id, as it is done since version 13.
            let request = FetchRequest {
                max_wait_ms: 10,
                topics: vec![FetchTopic {
                    topic_id: NOBODYS,
                    partitions: vec![FetchPartition {
                        partition: partition.partition,
                        partition_max_bytes: 1_000,
                        ..FetchPartition::default()
                    }],
                    ..FetchTopic::default()
                }],
                ..FetchRequest::default()
            };
            hex(&request, draw.between(13, 16))
        }
        4 => list(partition, draw.pick(&[-3, -4, -9]), -1, draw),
        5 => list(partition, -1, draw.pick(&[0, 1_000]), draw),
        _ => list(&TopicPartition::new("nowhere", 0), -1, -1, draw),
    }
}

/// A batch with one bit turned in its records.
fn damaged(batch: BatchBuilder) -> Chunks {
    let mut bytes = batch.build().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    Chunks::from(bytes::Bytes::from(bytes))
}

/// A batch that says that it is compressed with zstd.
fn in_zstd(batch: BatchBuilder) -> Chunks {
    /// Where the low byte of a batch's attributes stands, and zstd's number in it.
    const ATTRIBUTES: usize = 22;
    const ZSTD: u8 = 4;
    let mut bytes = batch.build().to_vec();
    bytes[ATTRIBUTES] |= ZSTD;
    Chunks::from(bytes::Bytes::from(bytes))
}

/// One batch for one partition.
pub(in crate::swarm) fn produce(
    partition: &TopicPartition,
    records: Chunks,
    acks: i16,
    version: u64,
) -> String {
    let request = ProduceRequest {
        acks,
        timeout_ms: 1_000,
        topic_data: vec![TopicProduceData {
            name: partition.topic.0.clone(),
            partition_data: vec![PartitionProduceData {
                index: partition.partition,
                records: Some(records),
            }],
        }],
        ..ProduceRequest::default()
    };
    hex(&request, version)
}

fn fetch(
    partition: &TopicPartition,
    offset: i64,
    session: (i32, i32),
    epoch: i32,
    draw: &mut Draw,
) -> String {
    let (session_id, session_epoch) = session;
    let request = FetchRequest {
        max_wait_ms: 10,
        session_id,
        session_epoch,
        topics: vec![FetchTopic {
            topic: partition.topic.0.clone(),
            partitions: vec![FetchPartition {
                partition: partition.partition,
                current_leader_epoch: epoch,
                fetch_offset: offset,
                partition_max_bytes: 1_000,
                ..FetchPartition::default()
            }],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    };
    hex(&request, draw.between(4, 12))
}

fn list(partition: &TopicPartition, timestamp: i64, epoch: i32, draw: &mut Draw) -> String {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: partition.topic.0.clone(),
            partitions: vec![ListOffsetsPartition {
                partition_index: partition.partition,
                timestamp,
                current_leader_epoch: epoch,
                ..ListOffsetsPartition::default()
            }],
        }],
        ..ListOffsetsRequest::default()
    };
    hex(&request, draw.between(0, 8))
}
