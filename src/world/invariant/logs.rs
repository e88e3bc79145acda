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
            is_in_order(replica.log(), compacted(world, partition)).map_err(|what| Violation {
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

/// How far a partition is compacted on any broker that runs or has left its disk.
fn compacted(world: &World, partition: &TopicPartition) -> Offset {
    let running = world
        .brokers()
        .filter_map(|broker| Some(broker.partition(partition)?.log()));
    let disks = world.hosts().filter_map(|host| host.disk()?.log(partition));
    let points = running.chain(disks).filter_map(Log::cleaned_until);
    points.max().unwrap_or_default()
}

/// The number of the law that a log breaks, and how. Before the point up to which a partition is compacted, batches
/// may have fewer records than offsets, and epochs no batch.
fn is_in_order(log: &Log, compacted: Offset) -> Result<(), (&'static str, String)> {
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
        let fewer =
            base < compacted && (0..=header.last_offset_delta).contains(&header.records_count);
        if header.records_count != header.last_offset_delta + 1 && !fewer || header.magic != 2 {
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
    // An epoch that has no batch any more is remembered all the same, and one that has lost its first begins earlier.
    let explained = |found: &EpochStart| {
        let mut same = known.iter().filter(|known| known.epoch == found.epoch);
        same.any(|known| {
            known.start == found.start || known.start < found.start && found.start <= compacted
        })
    };
    let unexplained = known.iter().find(|known| {
        !found.iter().any(|found| found.epoch == known.epoch) && known.start >= compacted
    });
    let agree = match compacted > log.start() {
        true => found.iter().all(explained) && unexplained.is_none(),
        false => known == found,
    };
    match agree {
        true => Ok(()),
        false => Err(("A3", format!("remembers {known:?} and has {found:?}"))),
    }
}
