//! Topics and the copies of their partitions.

use crate::broker::{Broker as BrokerProcess, Partition as PartitionProcess};
use crate::controller::PartitionState;
use crate::log::StoredBatch;
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::protocol::Chunks;
use crate::sorted::sort_by_key;
use crate::stage::density::Density;
use crate::stage::extract::memory::{Copy, Memory};
use crate::stage::snapshot::{Cell, CellState, Partition, Replica, Role, Topic};
use crate::world::World;

/// How many of the newest records of each copy are read.
const CELLS: i64 = 48;

/// Every partition's state as the controller has it.
pub(super) fn states(world: &World) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
    let controller = world.brokers().find_map(BrokerProcess::controller);
    controller
        .into_iter()
        .flat_map(|controller| controller.store().partitions())
}

pub(super) fn topics(world: &World, memory: &mut Memory) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for (id, state) in states(world) {
        let partition = partition(world, memory, id, state);
        match topics
            .last_mut()
            .filter(|topic| topic.name == partition.id.topic)
        {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(Topic {
                name: partition.id.topic.clone(),
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

fn partition(
    world: &World,
    memory: &mut Memory,
    id: TopicPartition,
    state: &PartitionState,
) -> Partition {
    let leader = Some(state.leader).filter(|leader| *leader != BrokerId::NONE);
    let end = leader
        .and_then(|leader| world.broker_by_id(leader)?.partition(&id))
        .map_or(Offset::ZERO, |replica| replica.log_end());
    let replicas = state.replicas.iter().map(|broker| {
        let role = match leader {
            Some(leader) if leader == *broker => Role::Leader,
            _ if state.isr.contains(broker) => Role::Follower,
            _ => {
                let has = world
                    .broker_by_id(*broker)
                    .and_then(|broker| broker.partition(&id));
                Role::Behind(end - has.map_or(Offset::ZERO, |replica| replica.log_end()))
            }
        };
        replica(world, memory, &id, *broker, role)
    });
    let replicas = replicas.collect();
    Partition {
        id,
        leader,
        isr: state.isr.clone(),
        replicas,
        rate: 0.0,
        density: Density::Letters,
        activity: Vec::new(),
    }
}

fn replica(
    world: &World,
    memory: &mut Memory,
    id: &TopicPartition,
    broker: BrokerId,
    role: Role,
) -> Replica {
    let Some(held) = world
        .broker_by_id(broker)
        .and_then(|broker| broker.partition(id))
    else {
        let (log_start, log_end) = (Offset::ZERO, Offset::ZERO);
        return Replica {
            broker,
            role,
            log_start,
            log_end,
            high_watermark: None,
            cells: Vec::new(),
        };
    };
    let (start, end, high_watermark) = (held.log_start(), held.log_end(), held.high_watermark());
    Replica {
        broker,
        role,
        log_start: start,
        log_end: end,
        high_watermark: Some(high_watermark),
        cells: cells(memory, id, broker, held),
    }
}

/// The newest records of a copy; read again only when the copy is another.
fn cells(
    memory: &mut Memory,
    id: &TopicPartition,
    broker: BrokerId,
    held: &PartitionProcess,
) -> Vec<Cell> {
    let (start, end, high_watermark) = (held.log_start(), held.log_end(), held.high_watermark());
    let newest = held.log().batches(Offset(end.0 - 1), end).next();
    let last = newest.map_or_else(Chunks::new, StoredBatch::bytes);
    let name = (id.clone(), broker);
    let same = |copy: &&Copy| {
        (copy.edition, copy.start, copy.end) == (memory.edition, start, end)
            && copy.high_watermark == high_watermark
            && copy.last == last
    };
    if let Some(copy) = memory.copies.get(&name).filter(same) {
        return copy.cells.clone();
    }
    let from = start.max(Offset(end.0 - CELLS));
    let mut cells = Vec::new();
    for batch in held.log().batches(from, end) {
        for record in batch
            .batch()
            .records()
            .map_while(Result::ok)
            .filter(|record| record.offset >= from)
        {
            let state = match (record.offset < high_watermark, &record.value) {
                (false, _) => CellState::Open,
                (true, None) => CellState::Tombstone,
                (true, Some(_)) => CellState::Committed,
            };
            let key = memory.mark(&id.topic, record.key.as_deref());
            cells.push(Cell {
                offset: record.offset,
                key,
                state,
            });
        }
    }
    let copy = Copy {
        edition: memory.edition,
        start,
        end,
        high_watermark,
        last,
        cells: cells.clone(),
    };
    memory.copies.insert(name, copy);
    cells
}
