//! One record: what it says, where it lies, and what has become of it.
//!
//! Two records at one offset are the same when one leader gave it to them, in one epoch: a copy of another epoch is
//! another record.

use super::{Inspected, bytes, list, named, storage, timestamp};
use crate::broker::Partition;
use crate::log::Log;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::session::Session;
use crate::world::World;

/// A log of a partition, on whatever broker.
struct Held<'a> {
    broker: BrokerId,
    log: &'a Log,
    /// Who has it open; nobody on a broker that does not run, or that was not told yet what to do with it.
    replica: Option<&'a Partition>,
}

impl Held<'_> {
    /// The epoch of what lies at an offset.
    fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        let there = (self.log.start()..self.log.end()).contains(&offset);
        self.log.epochs().epoch_of(offset).filter(|_| there)
    }
}

/// Every log of a partition.
fn logs<'a>(world: &'a World, partition: &TopicPartition) -> Vec<Held<'a>> {
    let hosts = world.hosts();
    let brokers = hosts.filter_map(|host| Some((host, host.id.broker()?)));
    let logs = brokers.filter_map(|(host, broker)| {
        let replica = host.broker().and_then(|broker| broker.partition(partition));
        let closed = || {
            let left = host.disk().and_then(|disk| disk.log(partition));
            left.or_else(|| host.broker()?.unopened(partition))
        };
        let log = replica.map(Partition::log).or_else(closed)?;
        Some(Held {
            broker,
            log,
            replica,
        })
    });
    logs.collect()
}

/// Whether a broker still has the record of an epoch.
pub fn is_there(
    world: &World,
    partition: &TopicPartition,
    (offset, of): (Offset, LeaderEpoch),
    on: BrokerId,
) -> bool {
    let logs = logs(world, partition);
    let mut there = logs.iter().filter(|held| held.broker == on);
    there.any(|held| held.epoch_at(offset) == Some(of))
}

/// A record as a broker has it; where that one has none, or none is named, as the leader has it, or whoever has one.
pub(super) fn record(
    session: &Session,
    partition: &TopicPartition,
    offset: Offset,
    on: Option<BrokerId>,
) -> Option<Inspected> {
    let world = session.world();
    let logs = logs(world, partition);
    let state = world.cluster().partition(partition);
    let leads = |held: &&Held| {
        let elected = state.is_some_and(|state| state.leader == held.broker);
        elected && held.replica.is_some_and(Partition::is_leader)
    };
    let leading = logs.iter().find(leads);
    let mut having = logs.iter().filter(|held| held.epoch_at(offset).is_some());
    let wanted = having.clone().find(|held| Some(held.broker) == on);
    let held = wanted
        .or_else(|| having.clone().find(leads))
        .or_else(|| having.next())?;
    let epoch = held.epoch_at(offset)?;
    let stored = held.log.batches(offset, offset + 1).next()?;
    let batch = stored.batch();
    let record = batch
        .records()
        .map_while(Result::ok)
        .find(|record| record.offset == offset)?;
    let copies = logs
        .iter()
        .filter(|held| held.epoch_at(offset) == Some(epoch));
    let copies = copies.map(|held| match held.replica {
        Some(_) => format!("broker {}", held.broker),
        None => format!("broker {} (on its disk)", held.broker),
    });
    let audit = &session.history().observed().audit;
    let lacks = leading.is_some_and(|leading| leading.epoch_at(offset) != Some(epoch));
    let lost = audit.is_lost(partition, offset, epoch, lacks);
    let rows =
        vec![
            ("key", bytes(record.key.as_deref())),
            ("value", bytes(record.value.as_deref())),
            (
                "headers",
                match record.headers.is_empty() {
                    true => "none".to_owned(),
                    false => list(record.headers.iter().map(|header| {
                        format!("{}: {}", header.key, bytes(header.value.as_deref()))
                    })),
                },
            ),
            ("timestamp", timestamp(world, record.timestamp)),
            ("leader epoch", epoch.0.to_string()),
            ("committed", committed(held, leading, offset, lost)),
            ("copies", list(copies)),
        ];
    let mut rows = named(rows);
    let horizon = batch.header.delete_horizon();
    let meaning = held
        .replica
        .and_then(|replica| storage::tombstone(world, replica, &record, horizon));
    if let Some((name, meaning)) = meaning {
        rows.insert(2, (name.into(), meaning));
    }
    let first = batch.base_offset().0;
    let many = batch.last_offset().0 - first;
    let size = stored.size();
    let words = match many {
        0 => format!("this record alone, {size} bytes"),
        _ => format!("offsets {first} to {}, {size} bytes", first + many),
    };
    rows.push(("batch".into(), words));
    Some(Inspected {
        crumbs: vec![
            partition.topic.to_string(),
            format!("partition {}", partition.partition),
        ],
        title: match leading.is_some_and(|leading| leading.epoch_at(offset) == Some(epoch)) {
            true => format!("Record {}", offset.0),
            false => format!("Record {} on broker {}", offset.0, held.broker),
        },
        rows,
    })
}

/// Whether it is stored for good, or what has become of it.
fn committed(held: &Held, leading: Option<&Held>, offset: Offset, lost: bool) -> String {
    let epoch = held.epoch_at(offset);
    let Some(leading) = leading else {
        return match lost {
            true => "no: acknowledged, then lost".to_owned(),
            false => "nobody leads now who could say".to_owned(),
        };
    };
    let there = leading.epoch_at(offset);
    if there == epoch {
        let readable = leading.replica.map(Partition::high_watermark);
        return match readable.is_some_and(|readable| offset < readable) {
            true => "yes: below the high watermark".to_owned(),
            false => "not yet: not every in-sync copy has it".to_owned(),
        };
    }
    let fate = match lost {
        true => "no: acknowledged, then lost",
        false => "no: never acknowledged",
    };
    let broker = leading.broker;
    match there {
        Some(_) => format!(
            "{fate}; broker {broker}, which leads, has another record at {}",
            offset.0
        ),
        None if offset < leading.log.start() => {
            format!("deleted on broker {broker}, which leads")
        }
        None => format!(
            "{fate}; broker {broker}, which leads, has none at {}",
            offset.0
        ),
    }
}
