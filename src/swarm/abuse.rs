//! What a stranger's socket sends: bytes that mean nothing, requests for what cannot be, and a producer whose
//! sequence numbers begin anew at zero.

use std::fmt::Write as _;

use super::Draw;
use super::strike::Strike;
use crate::model::TopicPartition;
use crate::protocol::api::fetch::{FetchPartition, FetchTopic};
use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use crate::protocol::api::produce::{PartitionProduceData, TopicProduceData};
use crate::protocol::api::{FetchRequest, ListOffsetsRequest, ProduceRequest};
use crate::protocol::records::{BatchBuilder, Codec};
use crate::protocol::{Chunks, Request, encode_request};
use crate::time::Duration;

/// So many sockets at most.
const SOCKETS: u64 = 40;

/// A conversation of a socket with a broker: it connects, says one thing after the other, and goes.
fn conversation(
    broker: &str,
    says: impl Iterator<Item = String>,
    lasts: Duration,
    draw: &mut Draw,
) -> Strike {
    let name = format!("s{}", draw.between(1, SOCKETS));
    let mut begin = vec![
        format!("socket {name}"),
        format!("connect {name} {broker}"),
        // The wish for a connection has to arrive.
        "run 50ms".to_owned(),
    ];
    for bytes in says {
        begin.push(format!("bytes {name} {bytes}"));
        begin.push("run 20ms".to_owned());
    }
    Strike {
        begin,
        end: vec![format!("close {name}")],
        lasts,
    }
}

/// A frame that is none, or one that claims more than it holds.
pub(super) fn nonsense(broker: &str, draw: &mut Draw) -> Strike {
    let count = draw.between(1, 60);
    let bytes = match draw.between(0, 3) {
        0 => draw.bytes(count),
        1 => format!("{:08x}{}", count, draw.bytes(count)),
        2 => format!(
            "{:08x}{}",
            draw.between(0, u64::from(u32::MAX)),
            draw.bytes(count)
        ),
        _ => {
            // A header that is one, before a body that is none.
            let (api, version) = (draw.between(0, 68), draw.between(0, 17));
            let body = draw.bytes(count);
            let length = count + 10;
            format!("{length:08x}{api:04x}{version:04x}00000001ffff{body}")
        }
    };
    let lasts = draw.span(1, 3_000);
    conversation(broker, std::iter::once(bytes), lasts, draw)
}

/// Batches of an idempotent producer that is about to run out of numbers: from the greatest on it counts
/// from zero again.
pub(super) fn numbers(broker: &str, partition: &TopicPartition, draw: &mut Draw) -> Strike {
    let producer = draw.between(1 << 40, 1 << 41) as i64;
    let mut sequence = i32::MAX - draw.between(0, 4) as i32;
    let mut says = Vec::new();
    for _ in 0..4 {
        let records = draw.between(1, 3) as i32;
        let mut batch = BatchBuilder::new(Codec::None);
        batch.set_producer(producer, 0, sequence);
        for _ in 0..records {
            batch.append(0, None, Some(b"n"), &[]);
        }
        says.push(produce(partition, Chunks::from(batch.build()), 1));
        sequence = match sequence.checked_add(records) {
            Some(next) => next,
            None => records - (i32::MAX - sequence) - 1,
        };
        if draw.chance(1, 3) {
            // It did not hear the answer.
            let again = says.last().cloned();
            says.extend(again);
        }
    }
    conversation(broker, says.into_iter(), Duration::ZERO, draw)
}

/// A request that is well formed and asks for what cannot be.
pub(super) fn wishes(broker: &str, partition: &TopicPartition, draw: &mut Draw) -> Strike {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.append(0, None, Some(b"w"), &[]);
    let wish = match draw.between(0, 13) {
        0 => produce(partition, damaged(batch), 1),
        1 => produce(partition, Chunks::from(batch.build()), draw.pick(&[2, -2])),
        2 => {
            batch.set_last_offset_delta(draw.pick(&[-1, 4, i32::MAX]));
            produce(partition, Chunks::from(batch.build()), 1)
        }
        3 => {
            batch.set_control();
            produce(partition, Chunks::from(batch.build()), 1)
        }
        4 => {
            batch.set_transactional();
            produce(partition, Chunks::from(batch.build()), 1)
        }
        5 => {
            batch.set_producer(7, draw.pick(&[0, -1]), draw.pick(&[-1, 5]));
            produce(partition, Chunks::from(batch.build()), 1)
        }
        6 => {
            let strange = TopicPartition::new(partition.topic.as_str(), 900);
            produce(&strange, Chunks::from(batch.build()), 1)
        }
        7 => fetch(partition, draw.pick(&[-5, 1 << 40]), (0, -1), -1),
        8 => fetch(partition, 0, (draw.pick(&[7, 99_999]), 3), -1),
        9 => fetch(partition, 0, (0, -1), draw.pick(&[0, 1_000])),
        10 => list(partition, draw.pick(&[-3, -4, -9]), -1),
        11 => list(partition, -1, draw.pick(&[0, 1_000])),
        12 => list(&TopicPartition::new("nowhere", 0), -1, -1),
        _ => {
            let internal = TopicPartition::new("__consumer_offsets", 0);
            produce(&internal, Chunks::from(batch.build()), 1)
        }
    };
    let lasts = draw.span(1, 1_000);
    conversation(broker, std::iter::once(wish), lasts, draw)
}

/// A batch with one bit turned in its records.
fn damaged(batch: BatchBuilder) -> Chunks {
    let mut bytes = batch.build().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    Chunks::from(bytes::Bytes::from(bytes))
}

fn produce(partition: &TopicPartition, records: Chunks, acks: i16) -> String {
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
    hex(&request, 9)
}

fn fetch(partition: &TopicPartition, offset: i64, session: (i32, i32), epoch: i32) -> String {
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
    hex(&request, 11)
}

fn list(partition: &TopicPartition, timestamp: i64, epoch: i32) -> String {
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
    hex(&request, 6)
}

fn hex<R: Request>(request: &R, version: i16) -> String {
    let frame = encode_request(request, version, 1, Some("stranger")).to_bytes();
    frame.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
