//! One replica's log is in order, and its bytes are what a producer sent.

use super::{Invariant, PerReplica, View, broker};
use crate::broker::FetchView;
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::world::World;

/// One batch in this many has its checksum computed again.
const SAMPLE: u64 = 64;

#[derive(Clone, Copy, Debug)]
struct Replica {
    end: Offset,
    epoch: LeaderEpoch,
}

/// A1 log start ≤ high watermark ≤ log end. A2 offsets only grow. A3 epochs never go back, and a follower
/// copies nothing of an epoch that it has not been told of.
/// What was compacted may have fewer records, and differ by what is gone ([`super::cleaned`]).
/// A4 a stored batch has a valid checksum, as many records as offsets, and the epoch of who appended it. A5 a follower's bytes are its
/// leader's. A7 only a leader appends as one, and it copies from nobody; a follower copies from its leader,
/// once.
#[derive(Clone, Debug, Default)]
pub struct LogsAreInOrder {
    replicas: PerReplica<Replica>,
    appended: u64,
}

impl Invariant for LogsAreInOrder {
    fn name(&self) -> &'static str {
        "LogsAreInOrder"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let world = view.world;
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role,
                base_offset,
                next_offset,
                epoch,
                ..
            } => {
                self.appended += 1;
                self.order(by, partition, *base_offset, *next_offset, *epoch)?;
                bounds(world, by, partition)?;
                if self.appended.is_multiple_of(SAMPLE) {
                    checksums(view, by, partition, *base_offset, *next_offset)?;
                    if *role == Role::Leader {
                        bears_its_epoch(world, by, partition, *base_offset, *epoch)?;
                    }
                }
                match role {
                    Role::Leader => leads(world, by, partition, *epoch),
                    Role::Follower => {
                        of_a_known_epoch(world, by, partition, *epoch)?;
                        copies_from_its_leader(world, by, partition)?;
                        same_bytes(view, by, partition, *base_offset, *next_offset)
                    }
                }
            }
            Fact::LogTruncated { partition, to, .. } => {
                if let Some(known) = self.replicas.get_mut(by, partition) {
                    known.end = *to;
                    // What epoch the log now ends in is for the next append to say.
                    known.epoch = LeaderEpoch::NONE;
                }
                bounds(world, by, partition)
            }
            Fact::LogTailLost { partition, to, .. } => {
                if let Some(known) = self.replicas.get_mut(by, partition) {
                    known.end = *to;
                    known.epoch = LeaderEpoch::NONE;
                }
                Ok(())
            }
            Fact::BecameLeader { partition, .. } | Fact::BecameFollower { partition, .. } => {
                copies_from_its_leader(world, by, partition)
            }
            Fact::FetchFailed { partition, .. } => {
                copies_from_nobody_else(world, by, Some(partition))
            }
            Fact::MetadataCacheUpdated { .. } => copies_from_nobody_else(world, by, None),
            Fact::LogStartMoved { partition, .. } | Fact::HighWatermarkMoved { partition, .. } => {
                bounds(world, by, partition)
            }
            _ => Ok(()),
        }
    }
}

impl LogsAreInOrder {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.replicas.forget(by, partition);
    }

    fn order(
        &mut self,
        by: BrokerId,
        partition: &TopicPartition,
        base: Offset,
        next: Offset,
        epoch: LeaderEpoch,
    ) -> Result<(), String> {
        let fresh = Replica { end: next, epoch };
        let Some(known) = self.replicas.insert(by, partition, fresh) else {
            return Ok(());
        };
        if base < known.end || next <= base {
            let end = known.end;
            return Err(format!(
                "A2: broker {by} appends {base}..{next} to {partition}, which ends at {end}"
            ));
        }
        if epoch < known.epoch {
            let old = known.epoch;
            return Err(format!(
                "A3: broker {by} appends {epoch} behind {old} to {partition}"
            ));
        }
        Ok(())
    }
}

fn bounds(world: &World, by: BrokerId, partition: &TopicPartition) -> Result<(), String> {
    let Some(replica) = world.broker_by_id(by).and_then(|b| b.partition(partition)) else {
        return Ok(());
    };
    let (start, hw, end) = (
        replica.log_start(),
        replica.high_watermark(),
        replica.log_end(),
    );
    if start <= hw && hw <= end {
        return Ok(());
    }
    Err(format!(
        "A1: on broker {by} {partition} has start {start}, high watermark {hw}, end {end}"
    ))
}

fn checksums(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    from: Offset,
    until: Offset,
) -> Result<(), String> {
    let replica = view.world.broker_by_id(by);
    let Some(replica) = replica.and_then(|b| b.partition(partition)) else {
        return Ok(());
    };
    let cleaned = view.cleaned.until(partition);
    for stored in replica.log().batches(from, until) {
        let batch = stored.batch();
        if batch.verify_crc().is_err() {
            return Err(format!(
                "A4: {partition}{from} on broker {by} does not match its checksum"
            ));
        }
        let header = batch.header;
        // Of what was compacted there may be less.
        let fewer = stored.base_offset() < cleaned
            && (0..=header.last_offset_delta).contains(&header.records_count);
        if header.records_count != header.last_offset_delta + 1 && !fewer || header.magic != 2 {
            return Err(format!(
                "A4: {partition}{from} on broker {by} counts its records wrong"
            ));
        }
    }
    Ok(())
}

/// A3: a follower that copies what it has not been told of follows somebody in another epoch than it thinks.
fn of_a_known_epoch(
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
    epoch: LeaderEpoch,
) -> Result<(), String> {
    let follower = world.broker_by_id(by).and_then(|b| b.partition(partition));
    match follower.map(|follower| follower.leader_epoch()) {
        Some(told) if told < epoch => Err(format!(
            "A3: broker {by} follows in {told} and copies {epoch} of {partition}"
        )),
        _ => Ok(()),
    }
}

/// A4, of a batch that a leader has appended.
fn bears_its_epoch(
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
    at: Offset,
    epoch: LeaderEpoch,
) -> Result<(), String> {
    let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
    let stored = replica.and_then(|replica| replica.log().batches(at, at + 1).next());
    let stamped = stored.map(|stored| LeaderEpoch(stored.header().partition_leader_epoch));
    match stamped {
        Some(stamped) if stamped != epoch => Err(format!(
            "A4: {partition}{at} on broker {by} was appended in {epoch} and says {stamped}"
        )),
        _ => Ok(()),
    }
}

fn leads(
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
    epoch: LeaderEpoch,
) -> Result<(), String> {
    let replica = world.broker_by_id(by).and_then(|b| b.partition(partition));
    match replica {
        Some(replica) if replica.is_leader() && replica.leader_epoch() >= epoch => Ok(()),
        Some(_) => Err(format!(
            "A7: broker {by} appends to {partition} as a leader, which it is not"
        )),
        None => Err(format!(
            "A7: broker {by} appends to {partition}, which it does not hold"
        )),
    }
}

/// A7, of a replica that has just taken a role, or copied something.
fn copies_from_its_leader(
    world: &World,
    by: BrokerId,
    partition: &TopicPartition,
) -> Result<(), String> {
    let Some(broker) = world.broker_by_id(by) else {
        return Ok(());
    };
    let Some(replica) = broker.partition(partition) else {
        return Ok(());
    };
    let sources = broker
        .fetches()
        .filter(|fetch| fetch.partition == partition);
    let sources: Vec<BrokerId> = sources.map(|fetch| fetch.source).collect();
    let right = match replica.is_leader() {
        true => sources.is_empty(),
        false => sources == [replica.leader()],
    };
    match right {
        true => Ok(()),
        false => Err(format!(
            "A7: broker {by}, a {} of {partition}, copies it from {sources:?}",
            replica.role()
        )),
    }
}

/// A7, of a replica that has not just taken its role: it may copy from nobody, where its leader is away or does not know
/// its epoch, but never from somebody else.
fn copies_from_nobody_else(
    world: &World,
    by: BrokerId,
    partition: Option<&TopicPartition>,
) -> Result<(), String> {
    let Some(broker) = world.broker_by_id(by) else {
        return Ok(());
    };
    let wrong = |fetch: &FetchView<'_>| {
        let replica = broker.partition(fetch.partition);
        replica.is_some_and(|replica| replica.is_leader() || replica.leader() != fetch.source)
    };
    let mut fetches = broker.fetches();
    let wrong = fetches.find(|fetch| {
        partition.is_none_or(|partition| partition == fetch.partition) && wrong(fetch)
    });
    match wrong {
        Some(fetch) => copies_from_its_leader(world, by, fetch.partition),
        None => Ok(()),
    }
}

fn same_bytes(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    from: Offset,
    until: Offset,
) -> Result<(), String> {
    let world = view.world;
    let follower = world.broker_by_id(by).and_then(|b| b.partition(partition));
    let Some(follower) = follower else {
        return Ok(());
    };
    let Some(leader) = world.broker_by_id(follower.leader()) else {
        return Ok(());
    };
    let Some(leader) = leader.partition(partition).filter(|p| p.is_leader()) else {
        return Ok(());
    };
    if leader.log_start() > from || leader.leader_epoch() != follower.leader_epoch() {
        return Ok(());
    }
    let logs = (follower.log(), leader.log());
    match view.cleaned.first_difference(partition, logs, from, until) {
        None => Ok(()),
        Some(at) => Err(format!(
            "A5: {partition}{at} on broker {by} differs from its leader's"
        )),
    }
}
