//! What is stored in the inspector: a topic's settings and who says so, one copy's log with its segments, and
//! the places of offsets whose records are gone.

use std::borrow::Cow;

use super::{Inspected, Row};
use crate::broker::Partition;
use crate::log::{CleanupPolicy, Segment};
use crate::model::{BrokerId, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::records::Record;
use crate::session::stored::{CHANGEABLE, settings};
use crate::session::words::{clock, lasting, span};
use crate::time::{Duration, Instant, Timestamp};
use crate::world::World;

/// Segments that are listed one by one.
const LISTED: usize = 12;

/// A topic: its partitions, and its settings with who says so.
pub(super) fn topic(world: &World, topic: &TopicName) -> Option<Inspected> {
    let state = world.cluster().topic(topic)?;
    let first = state.partitions.first()?;
    let mut rows: Vec<Row> = vec![
        ("partitions".into(), state.partitions.len().to_string()),
        ("copies of each".into(), first.replicas.len().to_string()),
    ];
    // Those that a form changes are told there.
    let changed_by_hand = |name: &str| CHANGEABLE.iter().any(|one| one.name == name);
    let told = settings(world, topic).into_iter();
    let told = told.filter(|told| !changed_by_hand(told.name));
    rows.extend(told.map(|told| {
        let words = format!("{}\n{}", told.value, told.source.words());
        (Cow::from(told.name), words)
    }));
    Some(Inspected {
        crumbs: vec!["topic".to_owned()],
        title: topic.to_string(),
        rows,
    })
}

/// The log of one copy: of the broker that is meant, else the leader's.
pub(super) fn log(world: &World, name: &TopicPartition, on: Option<BrokerId>) -> Vec<Row> {
    let leader = world.cluster().partition(name).map(|state| state.leader);
    let Some(broker) = on.or(leader).and_then(|id| world.broker_by_id(id)) else {
        return Vec::new();
    };
    let Some(held) = broker.partition(name) else {
        return Vec::new();
    };
    let whose = match held.is_leader() {
        true => format!("broker {}, the leader", broker.id()),
        false => format!("broker {}, a follower", broker.id()),
    };
    let wall = world.wall_of(ProcessId::from(broker.id()), world.now());
    let mut rows: Vec<Row> = vec![
        ("this log is on".into(), whose),
        ("log start".into(), held.log_start().0.to_string()),
        ("high watermark".into(), held.high_watermark().0.to_string()),
        (
            "last stable offset".into(),
            format!("{}: no transactions", held.high_watermark().0),
        ),
        ("log end".into(), held.log_end().0.to_string()),
    ];
    rows.extend(policy(held, wall));
    rows.extend(segments(world, held));
    rows
}

/// What becomes of old records, and what comes next.
fn policy(held: &Partition, wall: Timestamp) -> Vec<Row> {
    let (log, config) = (held.log(), held.config());
    let words = match config.cleanup_policy {
        CleanupPolicy::Delete => "delete: whole segments go, the oldest first",
        CleanupPolicy::Compact => "compact: of every key the last record stays",
        CleanupPolicy::CompactAndDelete => {
            "compact,delete: of every key the last record, while it is young"
        }
        CleanupPolicy::Neither => "empty: everything stays",
    };
    let mut rows: Vec<Row> = vec![("cleanup.policy".into(), words.to_owned())];
    if config.cleanup_policy.deletes() {
        let time = match config.retention {
            Some(retention) => format!(
                "a segment whose newest record is older than {}",
                lasting(retention)
            ),
            None => "nothing for its age".to_owned(),
        };
        let size = match config.retention_bytes {
            Some(bytes) => format!("{time};\nwhat is over {bytes} bytes"),
            None => time,
        };
        rows.push(("deletes".into(), size));
        rows.extend(next_to_go(held, wall));
    }
    if config.cleanup_policy.compacts() {
        let dirt = log.dirt(held.high_watermark(), wall, config);
        let whole = (dirt.clean_bytes + dirt.dirty_bytes).max(1);
        let cleaned = log.cleaned_until();
        let cleaned = cleaned.map_or("never cleaned".to_owned(), |until| {
            format!("offset {}", until.0)
        });
        rows.push(("cleaner checkpoint".into(), cleaned));
        rows.push((
            "dirty".into(),
            format!(
                "{} of {whole} bytes, {} %; cleaned above {} of 1",
                dirt.dirty_bytes,
                dirt.dirty_bytes * 100 / whole,
                config.min_cleanable_dirty_ratio
            ),
        ));
        rows.push((
            "tombstones stay".into(),
            format!(
                "{} after they were first cleaned",
                lasting(config.delete_retention)
            ),
        ));
    }
    rows
}

/// The oldest segment, and how long it stays for its age.
fn next_to_go(held: &Partition, wall: Timestamp) -> Option<Row> {
    let retention = held.config().retention?;
    let oldest = held
        .log()
        .segments()
        .next()
        .filter(|oldest| !oldest.is_empty())?;
    let age = u64::try_from(wall.0 - oldest.largest_timestamp().0).unwrap_or(0);
    let age = Duration::from_millis(age);
    let base = oldest.base_offset().0;
    let words = match age > retention {
        true => format!(
            "segment {base} at the next look: its newest record is {} old",
            span(age)
        ),
        false => format!("segment {base}, whose newest record is {} old", span(age)),
    };
    Some(("next to go".into(), words))
}

fn segments(world: &World, held: &Partition) -> Vec<Row> {
    let all: Vec<&Segment> = held.log().segments().collect();
    let mut rows: Vec<Row> = vec![("segments".into(), all.len().to_string())];
    let hidden = all.len().saturating_sub(LISTED);
    if hidden > 0 {
        rows.push(("older ones".into(), format!("{hidden} not listed")));
    }
    for (at, segment) in all.iter().enumerate().skip(hidden) {
        let next = all.get(at + 1).map(|next| next.base_offset());
        let end = next.unwrap_or(held.log_end());
        let base = segment.base_offset();
        let what = match end.0 - base.0 {
            _ if segment.is_empty() => "empty".to_owned(),
            1 => format!("offset {}", base.0),
            _ => format!("offsets {} to {}", base.0, end.0 - 1),
        };
        let state = match next {
            None => "active: it is written to",
            Some(_) => "closed",
        };
        let newest = segment.largest_timestamp();
        let times = match segment.is_empty() {
            true => format!("begun {}", moment(world, segment.created())),
            false => format!("newest record {}", moment(world, newest)),
        };
        let words = format!("{what}, {} bytes, {state}\n{times}", segment.size());
        rows.push((format!("segment {}", base.0).into(), words));
    }
    rows
}

/// A wall clock's time on the clock of the page, where it falls into the world.
fn moment(world: &World, wall: Timestamp) -> String {
    match u64::try_from(wall.0 - world.plan().epoch.0) {
        Ok(millis) => clock(Instant::from_millis(millis)),
        Err(_) => wall.0.to_string(),
    }
}

/// The page of an offset that has no record: deleted, compacted away, or not written yet.
pub(super) fn absent(world: &World, name: &TopicPartition, offset: Offset) -> Option<Inspected> {
    let state = world.cluster().partition(name)?;
    let ids = std::iter::once(&state.leader).chain(&state.replicas);
    let held = ids
        .filter_map(|id| world.broker_by_id(*id)?.partition(name))
        .next()?;
    let (start, end) = (held.log_start(), held.log_end());
    if offset >= end {
        return None;
    }
    let why = match offset < start {
        true => format!("deleted: the log begins at offset {}", start.0),
        false => {
            "compacted away: its key has a newer record, or its tombstone's time is over".to_owned()
        }
    };
    let place = match held.log().segments().next() {
        Some(first) if offset < start && first.base_offset() <= offset => {
            "its segment is still on the disk, and goes when all of it is deleted"
        }
        _ if offset < start => "its segment is gone too",
        _ => "the offset stays its own: no other record ever gets it",
    };
    Some(Inspected {
        crumbs: vec![
            name.topic.to_string(),
            format!("partition {}", name.partition),
        ],
        title: format!("Offset {}", offset.0),
        rows: vec![("record".into(), why), ("offset".into(), place.to_owned())],
    })
}

/// What a record without a value means, and how long it stays.
pub(super) fn tombstone(
    world: &World,
    held: &Partition,
    record: &Record,
    horizon: Option<i64>,
) -> Option<(&'static str, String)> {
    if record.value.is_some() {
        return None;
    }
    if record.key.is_none() {
        return Some(("meaning", "no key and no value: it says nothing".to_owned()));
    }
    let config = held.config();
    let words = match (config.cleanup_policy.compacts(), horizon) {
        (false, _) => "a tombstone: its key is gone. This topic is not compacted, so older records of the key stay".to_owned(),
        (true, Some(horizon)) => format!(
            "a tombstone: its key is gone. Cleaned once already; the first cleaning after {} takes it",
            moment(world, Timestamp(horizon))
        ),
        (true, None) => format!(
            "a tombstone: its key is gone. It stays {} after it is first cleaned",
            lasting(config.delete_retention)
        ),
    };
    Some(("meaning", words))
}
