//! Whole logs, read once when everything is over: what is kept by induction while a world runs.

use super::Violation;
use crate::log::{EpochStart, Log};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::world::World;

/// Reads every log of every broker that runs. A2 and A3 offsets and epochs only grow, and the epochs that a
/// replica remembers are those in its log. A4 every batch matches its checksum, counts its records right
/// and bears the epoch in which it was appended.
///
/// # Errors
/// The first log that is not in order.
pub fn judge_logs(world: &World) -> Result<(), Violation> {
    for broker in world.brokers() {
        for (partition, replica) in broker.partitions() {
            is_in_order(replica.log()).map_err(|what| Violation {
                name: "LogsAreInOrder",
                at: world.now(),
                what: described(broker.id(), partition, &what),
            })?;
        }
    }
    Ok(())
}

fn described(by: BrokerId, partition: &TopicPartition, what: &(&str, String)) -> String {
    format!("{}: {partition} on broker {by} {}", what.0, what.1)
}

/// The number of the law that a log breaks, and how.
fn is_in_order(log: &Log) -> Result<(), (&'static str, String)> {
    let mut found: Vec<EpochStart> = Vec::new();
    let mut end = Offset::ZERO;
    for stored in log.batches(log.start(), log.end()) {
        let (batch, base) = (stored.batch(), stored.base_offset());
        let header = batch.header;
        if base < end {
            return Err(("A2", format!("has {base} behind {end}")));
        }
        end = base + i64::from(header.last_offset_delta) + 1;
        if batch.verify_crc().is_err() {
            return Err(("A4", format!("does not match its checksum at {base}")));
        }
        if header.records_count != header.last_offset_delta + 1 || header.magic != 2 {
            return Err(("A4", format!("counts its records wrong at {base}")));
        }
        let epoch = LeaderEpoch(header.partition_leader_epoch);
        let last = found.last().map(|last| last.epoch);
        if last.is_some_and(|last| epoch < last) {
            return Err(("A3", format!("goes back to {epoch} at {base}")));
        }
        if last != Some(epoch) {
            let start = base.max(log.start());
            found.push(EpochStart { epoch, start });
        }
    }
    // A leader's epoch without a record yet is only in its memory.
    let known = log.epochs().entries().iter();
    let known: Vec<EpochStart> = known
        .filter(|entry| entry.start < log.end())
        .copied()
        .collect();
    match known == found {
        true => Ok(()),
        false => Err(("A3", format!("remembers {known:?} and has {found:?}"))),
    }
}
