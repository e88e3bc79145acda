//! One record taken apart: every field with the bytes that say it.

use crate::model::{Offset, TopicPartition};
use crate::protocol::records::{Batch, BatchHeader, INFLATION_LIMIT, describe_records};
use crate::protocol::trace::Field as Described;
use crate::stage::Thing;
use crate::stage::extract::{Memory, states};
use crate::stage::snapshot::{Anatomy, CellState, Field, FieldKind};
use crate::world::World;

/// The record that the first of the things names that names one which is there; without any, the newest of
/// the first partition that has any.
pub(super) fn of(world: &World, memory: &mut Memory, things: &[Thing]) -> Option<Anatomy> {
    let mut named = things.iter().filter_map(|thing| match thing {
        Thing::Record(partition, offset) | Thing::Copy(partition, offset, _) => {
            Some((partition.clone(), *offset))
        }
        Thing::Partition(partition) | Thing::Replica(partition, _) => {
            newest(world, partition).map(|offset| (partition.clone(), offset))
        }
        _ => None,
    });
    let found = named.find_map(|(partition, offset)| record(world, memory, partition, offset));
    found.or_else(|| {
        let mut held = states(world).map(|(id, _)| id);
        let (partition, offset) =
            held.find_map(|id| newest(world, &id).map(|offset| (id, offset)))?;
        record(world, memory, partition, offset)
    })
}

fn newest(world: &World, partition: &TopicPartition) -> Option<Offset> {
    let replica = leading(world, partition)?;
    (replica.log_end() > replica.log_start()).then(|| Offset(replica.log_end().0 - 1))
}

fn leading<'a>(
    world: &'a World,
    partition: &TopicPartition,
) -> Option<&'a crate::broker::Partition> {
    let (_, state) = states(world).find(|(id, _)| id == partition)?;
    world.broker_by_id(state.leader)?.partition(partition)
}

fn record(
    world: &World,
    memory: &mut Memory,
    partition: TopicPartition,
    offset: Offset,
) -> Option<Anatomy> {
    let replica = leading(world, &partition)?;
    let stored = replica.log().batches(offset, offset + 1).next()?;
    let batch: Batch = stored.batch();
    let index = batch
        .records()
        .map_while(Result::ok)
        .position(|record| record.offset == offset)?;
    let found = batch.records().map_while(Result::ok).nth(index)?;
    let described = describe_records(&batch, INFLATION_LIMIT).ok()?;
    let body = batch.inflated(INFLATION_LIMIT).ok()?;
    let mut fields = batch_fields(&batch.header);
    flatten(described.children.get(index)?, &body, "", &mut fields);
    let state = match (offset < replica.high_watermark(), &found.value) {
        (false, _) => CellState::Open,
        (true, None) => CellState::Tombstone,
        (true, Some(_)) => CellState::Committed,
    };
    let mark = memory.mark(&partition.topic, found.key.as_deref());
    let mark = match found.value {
        Some(_) => mark,
        None => mark.of_tombstone(),
    };
    Some(Anatomy {
        partition,
        offset,
        mark,
        state,
        fields,
    })
}

/// What the header of its batch says for a record, where the bytes stand in the header's 61.
fn batch_fields(header: &BatchHeader) -> Vec<Field> {
    let bytes = header.to_bytes();
    let field = |name: &str, value: String, range: std::ops::Range<usize>| Field {
        name: name.into(),
        value: value.into(),
        bytes: bytes[range].to_vec(),
        kind: FieldKind::Batch,
    };
    vec![
        field("batch offset", header.base_offset.to_string(), 0..8),
        field(
            "leader epoch",
            header.partition_leader_epoch.to_string(),
            12..16,
        ),
        field("CRC-32C", format!("{:08x}", header.crc), 17..21),
        field("batch records", header.records_count.to_string(), 57..61),
    ]
}

/// The leaves of a description, in the order of their bytes.
fn flatten(described: &Described, body: &[u8], within: &str, fields: &mut Vec<Field>) {
    let name = match described.name.starts_with('[') {
        true => within.to_owned(),
        false => described.name.replace('_', " "),
    };
    if !described.children.is_empty() {
        described
            .children
            .iter()
            .for_each(|child| flatten(child, body, &name, fields));
        return;
    }
    let in_header = within.starts_with("header");
    let kind = match described.name.as_str() {
        "key" if !in_header => FieldKind::Key,
        "value" | "key" => FieldKind::Payload,
        "timestamp_delta" => FieldKind::Timestamp,
        _ => FieldKind::Frame,
    };
    let shown = if in_header {
        format!("header {name}")
    } else {
        name
    };
    let bytes = body
        .get(described.start..described.end)
        .unwrap_or_default()
        .to_vec();
    fields.push(Field {
        name: shown.into(),
        value: described.value.as_str().into(),
        bytes,
        kind,
    });
}
