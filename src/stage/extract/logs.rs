//! Topics and the copies of their partitions.

use crate::broker::{Broker, Partition as PartitionProcess};
use crate::controller::PartitionState;
use crate::log::{CleanupPolicy, Log, LogConfig, Segment, StoredBatch};
use crate::model::{BrokerId, LeaderEpoch, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::Chunks;
use crate::sorted::sort_by_key;
use crate::stage::density::Density;
use crate::stage::extract::groups::is_internal;
use crate::stage::extract::memory::{Copy, Memory};
use crate::stage::snapshot::{Cell, CellState, KeyMark, Partition, Replica, Role, Topic};
use crate::world::audit::Audit;
use crate::world::{Host, Life, World};

/// How many of the newest records of each copy are read.
const CELLS: i64 = 48;

/// Every partition's state as the controller has it, those in which the cluster keeps what is its own left out.
pub(super) fn states(world: &World) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
    let known = world.cluster().partitions();
    known.filter(|(id, state)| state.is_born() && !is_internal(&id.topic))
}

pub(super) fn topics(world: &World, memory: &mut Memory, audit: &Audit) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for (id, state) in states(world) {
        let partition = partition(world, memory, audit, id, state);
        match topics
            .last_mut()
            .filter(|topic| topic.name == partition.id.topic)
        {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(Topic {
                name: partition.id.topic.clone(),
                policy: policy(world, &partition),
                partitions: vec![partition],
            }),
        }
    }
    // The plan's order is the order in which a person named them.
    let planned = |topic: &Topic| {
        world
            .plan()
            .topics
            .iter()
            .position(|plan| plan.name == topic.name)
    };
    sort_by_key(&mut topics, |topic| planned(topic).unwrap_or(usize::MAX));
    topics
}

/// What becomes of a topic's old records, as its first partition goes by it; of a topic that nobody serves, as
/// the controller knows it.
fn policy(world: &World, partition: &Partition) -> CleanupPolicy {
    let brokers = partition.leader.into_iter();
    let brokers = brokers.chain(partition.replicas.iter().map(|replica| replica.broker));
    let mut held = brokers.filter_map(|id| world.broker_by_id(id)?.partition(&partition.id));
    let known = |topic: &TopicName| {
        let configs = &world.cluster().topic(topic)?.configs;
        Some(LogConfig::default().with(configs).cleanup_policy)
    };
    match held.next() {
        Some(held) => held.config().cleanup_policy,
        None => known(&partition.id.topic).unwrap_or(CleanupPolicy::Delete),
    }
}

fn partition(
    world: &World,
    memory: &mut Memory,
    audit: &Audit,
    id: TopicPartition,
    state: &PartitionState,
) -> Partition {
    // A leader that is dead leads nobody, and neither does one that is back and has not been told, whatever the
    // controller knows.
    let running = world.broker_by_id(state.leader);
    let leading = running.filter(|broker| !is_dormant(broker, &id));
    let leader = leading.map(|_| state.leader);
    let end = leading.and_then(|broker| broker.partition(&id));
    let end = end.map_or(Offset::ZERO, PartitionProcess::log_end);
    let replicas = state.replicas.iter().map(|broker| {
        let role = role(world, memory, &id, state, *broker, end);
        replica(world, memory, audit, &id, *broker, role)
    });
    let replicas = replicas.collect();
    Partition {
        id,
        leader,
        isr: state.isr.clone(),
        replicas,
        rate: 0.0,
        written: 0.0,
        density: Density::Letters,
        activity: Vec::new(),
    }
}

/// True for a log that a broker found when it began, and of which nobody has told it yet what to do with it.
fn is_dormant(broker: &Broker, id: &TopicPartition) -> bool {
    broker.partition(id).is_none() && broker.unopened(id).is_some()
}

/// What a broker's replica is to its partition. `end` is where the leader's log ends.
fn role(
    world: &World,
    memory: &Memory,
    id: &TopicPartition,
    state: &PartitionState,
    broker: BrokerId,
    end: Offset,
) -> Role {
    let (past, now) = (&memory.past, world.now());
    let Some(running) = world.broker_by_id(broker) else {
        let host = world.host(ProcessId::from(broker));
        if host.is_some_and(|host| matches!(host.life(), Life::Stopped { .. })) {
            return Role::Stopped;
        }
        // Until somebody else is elected, and after that as long as it is down.
        let led = state.leader == broker || past.led_until_death(id, broker);
        return match led {
            true => Role::WasLeader,
            false => Role::Offline,
        };
    };
    if is_dormant(running, id) {
        return Role::Waits;
    }
    if state.leader == broker {
        return match past.is_new_leader(broker, id, now) {
            true => Role::NewLeader,
            false => Role::Leader,
        };
    }
    if running
        .partition(id)
        .is_some_and(PartitionProcess::is_leader)
    {
        return Role::Deposed {
            elected: state.leader,
        };
    }
    if let Some(to) = past.truncated(broker, id, now) {
        return Role::Truncating(to);
    }
    if state.isr.contains(&broker) {
        return Role::Follower;
    }
    let replica = running.partition(id);
    let has = replica.map_or(Offset::ZERO, |replica| replica.log_end());
    let to = ProcessId::from(broker);
    let network = world.network();
    let leads = world.broker_by_id(state.leader);
    let reached = leads
        .and(state.leader.process())
        .is_some_and(|from| !network.is_stopped(from, to) && !network.is_stopped(to, from));
    let runs = world.host(to).map(Host::life) == Some(Life::Running);
    // Who has not heard of the epoch is refused, and asks no more until it has.
    let knows = replica.is_some_and(|replica| replica.leader_epoch() == state.leader_epoch);
    match reached && runs && knows && end > has {
        true => Role::CatchingUp {
            has: has.0,
            of: end.0,
        },
        // One that has more than the leader that there is or none is there, lacks nothing.
        false => Role::Behind((end - has).max(0)),
    }
}

fn replica(
    world: &World,
    memory: &mut Memory,
    audit: &Audit,
    id: &TopicPartition,
    broker: BrokerId,
    role: Role,
) -> Replica {
    let Some(held) = world
        .broker_by_id(broker)
        .and_then(|broker| broker.partition(id))
    else {
        return on_disk(world, memory, audit, id, broker, role);
    };
    let log = held.log();
    let elected = elected_log(world, id, broker, held);
    // What lies behind its end, or is another record there, the leader lacks.
    let last = Offset(log.end().0 - 1);
    let departs = elected.filter(|elected| last >= log.start() && !has_same(elected, log, last));
    let has_lost = !role.leads() && audit.has_lost(id);
    let state = |offset: Offset, value: Value| {
        let epoch = || log.epochs().epoch_of(offset).unwrap_or(LeaderEpoch::NONE);
        let lacks = departs.is_some_and(|elected| !has_same(elected, log, offset));
        match value {
            _ if has_lost && audit.is_lost(id, offset, epoch(), lacks) => CellState::Lost,
            _ if lacks => CellState::Doomed,
            _ if offset >= held.high_watermark() => CellState::Open,
            Value::Null => CellState::Tombstone,
            Value::There => CellState::Committed,
        }
    };
    let (cells, segments) = cells(memory, id, broker, log, state);
    Replica {
        broker,
        role,
        log_start: held.log_start(),
        log_end: held.log_end(),
        high_watermark: Some(held.high_watermark()),
        cells,
        known_from: known_from(log),
        parts_at: departs.map(|elected| parts_at(elected, log)),
        segments,
    }
}

/// Where a log parts from another, from which it departs somewhere.
fn parts_at(other: &Log, log: &Log) -> Offset {
    let (mut same, mut parted) = (log.start().0, log.end().0);
    while same < parted {
        let middle = same + (parted - same) / 2;
        match has_same(other, log, Offset(middle)) {
            true => same = middle + 1,
            false => parted = middle,
        }
    }
    Offset(same)
}

/// The log by which a copy will go: that of whoever was elected, once it leads, also when it has died since.
fn elected_log<'a>(
    world: &'a World,
    id: &TopicPartition,
    broker: BrokerId,
    held: &PartitionProcess,
) -> Option<&'a Log> {
    let state = world.cluster().partition(id)?;
    if state.leader == broker {
        return None;
    }
    if let Some(leading) = world
        .broker_by_id(state.leader)
        .and_then(|b| b.partition(id))
    {
        let leads = leading.is_leader() && leading.leader_epoch() >= held.leader_epoch();
        return leads.then_some(leading.log());
    }
    let log = world.host(state.leader.process()?)?.disk()?.log(id)?;
    let newest = log.epochs().entries().last()?;
    (newest.epoch >= state.leader_epoch).then_some(log)
}

/// Whether a log has a record of another one, or had it until it was deleted. Two records at one offset are the
/// same when one leader gave it to them, in one epoch.
fn has_same(log: &Log, of: &Log, offset: Offset) -> bool {
    let epoch = of.epochs().epoch_of(offset);
    let there = offset < log.end();
    offset < log.start() || there && log.epochs().epoch_of(offset) == epoch
}

/// The log of a replica that nobody has open: its broker does not run, or was not told to open it yet.
pub(super) fn unused<'a>(
    world: &'a World,
    id: &TopicPartition,
    broker: BrokerId,
) -> Option<&'a Log> {
    let host = world.host(ProcessId::from(broker));
    let disk = host.and_then(Host::disk).and_then(|disk| disk.log(id));
    disk.or_else(|| world.broker_by_id(broker)?.unopened(id))
}

/// What lies on the disk of a broker that does not run.
fn on_disk(
    world: &World,
    memory: &mut Memory,
    audit: &Audit,
    id: &TopicPartition,
    broker: BrokerId,
    role: Role,
) -> Replica {
    let log = unused(world, id, broker);
    let (log_start, log_end) = log.map_or_else(Default::default, |log| (log.start(), log.end()));
    let counting = counting(world, id);
    let others = match counting.is_empty() {
        true => on_other_disks(world, id, broker),
        false => Vec::new(),
    };
    let epochs = log.map(Log::epochs);
    let state = |offset: Offset, _: Value| {
        let epoch = epochs.and_then(|epochs| epochs.epoch_of(offset));
        let same =
            |other: &&&PartitionProcess| log.is_some_and(|log| has_same(other.log(), log, offset));
        let is_copied = others.iter().any(|log| {
            let holds = (log.start()..log.end()).contains(&offset);
            holds && log.epochs().epoch_of(offset) == epoch
        });
        let epoch = epoch.unwrap_or(LeaderEpoch::NONE);
        match counting.iter().find(same) {
            Some(_) if role != Role::Waits => CellState::Ghost,
            Some(held) if offset < held.high_watermark() => CellState::Committed,
            Some(_) => CellState::Open,
            None if audit.is_lost(id, offset, epoch, true) => CellState::Lost,
            None if is_copied => CellState::Ghost,
            None if audit.is_promised(id, offset, epoch) => CellState::Promised,
            None => CellState::Stranded,
        }
    };
    let parts_at = match (log, counting.as_slice()) {
        (Some(log), [leading]) if leading.is_leader() => {
            Some(parts_at(leading.log(), log)).filter(|at| *at < log.end())
        }
        _ => None,
    };
    let (cells, segments) = log.map_or_else(Default::default, |log| {
        cells(memory, id, broker, log, state)
    });
    Replica {
        broker,
        role,
        log_start,
        log_end,
        high_watermark: None,
        cells,
        known_from: log.map_or(Offset::ZERO, known_from),
        parts_at,
        segments,
    }
}

/// The copies by which others are judged: the leader's, or while nobody leads those of all that run.
fn counting<'a>(world: &'a World, id: &TopicPartition) -> Vec<&'a PartitionProcess> {
    let leader = world.cluster().partition(id).map(|state| state.leader);
    let leading = leader.and_then(|leader| world.broker_by_id(leader)?.partition(id));
    match leading {
        Some(leading) => vec![leading],
        None => {
            let running = world.brokers();
            running.filter_map(|broker| broker.partition(id)).collect()
        }
    }
}

/// The logs of a partition that nobody has open on the disks of all brokers but this one.
fn on_other_disks<'a>(world: &'a World, id: &TopicPartition, but: BrokerId) -> Vec<&'a Log> {
    let others = world.hosts().filter(|host| host.id != ProcessId::from(but));
    let log = |host: &'a Host| {
        let left = host.disk().and_then(|disk| disk.log(id));
        left.or_else(|| host.broker()?.unopened(id))
    };
    others.filter_map(log).collect()
}

/// Whether a record has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    There,
    Null,
}

/// From where on the records of a log are read.
fn known_from(log: &Log) -> Offset {
    log.start().max(Offset(log.end().0 - CELLS))
}

/// Where the segments begin that hold what is read.
fn segments(log: &Log) -> Vec<Offset> {
    let from = log.place(known_from(log)).segment;
    let bases = log.segments().map(Segment::base_offset);
    bases.filter(|base| *base >= from).collect()
}

/// The newest records of a log, each with what has become of it, and where its segments begin. They are read again only
/// when the log is another.
fn cells(
    memory: &mut Memory,
    id: &TopicPartition,
    broker: BrokerId,
    log: &Log,
    state: impl Fn(Offset, Value) -> CellState,
) -> (Vec<Cell>, Vec<Offset>) {
    let (start, end) = (log.start(), log.end());
    let newest = log.batches(Offset(end.0 - 1), end).next();
    let last = newest.map_or_else(Chunks::new, StoredBatch::bytes);
    let name = (id.clone(), broker);
    let same = |copy: &Copy| {
        (copy.edition, copy.start, copy.end) == (memory.edition, start, end)
            && copy.bytes == log.bytes()
            && copy.all_segments == log.segments().len()
            && copy.last == last
    };
    if !memory.copies.get(&name).is_some_and(same) {
        let records = read(memory, id, log);
        let copy = Copy {
            edition: memory.edition,
            start,
            end,
            last,
            bytes: log.bytes(),
            all_segments: log.segments().len(),
            records,
            segments: segments(log),
        };
        memory.copies.insert(name.clone(), copy);
    }
    let copy = memory.copies.get(&name).expect("it is there by now");
    let records = copy.records.iter();
    let cells = records.map(|(offset, key)| {
        let value = match key.tombstone {
            false => Value::There,
            true => Value::Null,
        };
        Cell {
            offset: *offset,
            key: key.clone(),
            state: state(*offset, value),
        }
    });
    (cells.collect(), copy.segments.clone())
}

/// The newest records of a log, by offset and key.
fn read(memory: &mut Memory, id: &TopicPartition, log: &Log) -> Vec<(Offset, KeyMark)> {
    let (from, end) = (known_from(log), log.end());
    let mut found = Vec::new();
    for batch in log.batches(from, end) {
        let records = batch.batch().records().map_while(Result::ok);
        for record in records.filter(|record| record.offset >= from) {
            let key = memory.mark(&id.topic, record.key.as_deref());
            let key = match record.value {
                Some(_) => key,
                None => key.of_tombstone(),
            };
            found.push((record.offset, key));
        }
    }
    found
}
