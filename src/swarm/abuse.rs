//! What a stranger's socket sends: bytes that mean nothing, requests for what cannot be (`wishes`), and a producer
//! whose sequence numbers begin anew at zero. What it says may come in pieces.

use super::Draw;
use super::strike::Strike;
use super::wishes::{self, produce};
use crate::model::TopicPartition;
use crate::protocol::Chunks;
use crate::protocol::records::{BatchBuilder, Codec};
use crate::time::Duration;

/// So many sockets at most.
const SOCKETS: u64 = 40;

/// A conversation of a socket with a broker: it connects, says one thing after the other, and goes.
pub(super) fn conversation(
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
        // A frame may come in two pieces, cut anywhere.
        let cut = match draw.chance(1, 4) {
            true => 2 * draw.between(0, bytes.len() as u64 / 2) as usize,
            false => 0,
        };
        let (first, rest) = bytes.split_at(cut);
        if !first.is_empty() {
            begin.push(format!("bytes {name} {first}"));
            begin.push("run 5ms".to_owned());
        }
        if !rest.is_empty() {
            begin.push(format!("bytes {name} {rest}"));
        }
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
        says.push(produce(partition, Chunks::from(batch.build()), 1, 9));
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

/// Requests that are well formed and ask for what cannot be.
pub(super) fn wishes(broker: &str, partition: &TopicPartition, draw: &mut Draw) -> Strike {
    let says = wishes::wishes(partition, draw);
    let lasts = draw.span(1, 1_000);
    conversation(broker, says.into_iter(), lasts, draw)
}
