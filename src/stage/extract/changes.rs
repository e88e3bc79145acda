//! What has just happened, read out of the journal: the only place where the picture asks how long ago
//! something was.

use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, TopicPartition};
use crate::stage::motion::{Ages, Beat};
use crate::stage::snapshot::{Change, What};
use crate::world::Journal;

/// Entries that are looked at; at any pace that shows changes the last ones are far fewer.
const MOST: usize = 2_000;

/// The changes that are still being shown, newest first. `stretch` is how much longer than at normal speed
/// every beat takes.
pub fn changes(journal: &Journal, ages: &Ages, stretch: f64) -> Vec<Change> {
    let longest = Beat::LONGEST as f64 * stretch;
    let mut changes: Vec<Change> = Vec::new();
    for entry in journal.newest().take(MOST) {
        let age = ages.of(entry);
        if age >= longest {
            break;
        }
        let Some((partition, what, beat)) = change(journal, entry) else {
            continue;
        };
        let part = age / (beat.millis() as f64 * stretch);
        let newer = |other: &Change| {
            other.partition == *partition
                && matches!((other.what, what),
                    (What::Committed { on: a, .. }, What::Committed { on: b, .. }) if a == b)
        };
        if part < 1.0 && !changes.iter().any(newer) {
            changes.push(Change {
                partition: partition.clone(),
                what,
                part: part.max(0.0),
            });
        }
    }
    changes
}

/// What the entries after number `after` changed, all of it over: for pictures on which nothing moves.
pub fn step(journal: &Journal, after: u64) -> Vec<Change> {
    let changed = journal.since(after).filter_map(|entry| {
        let (partition, what, _) = change(journal, entry)?;
        Some(Change {
            partition: partition.clone(),
            what,
            part: 1.0,
        })
    });
    changed.collect()
}

fn change<'a>(journal: &Journal, entry: &'a Entry) -> Option<(&'a TopicPartition, What, Beat)> {
    let on = entry.by.and_then(|by| by.broker());
    match &entry.fact {
        Fact::RecordsAppended {
            partition,
            base_offset: from,
            next_offset: to,
            ..
        } => {
            let (on, from, to) = (on?, *from, *to);
            Some((partition, What::Appended { on, from, to }, Beat::Append))
        }
        Fact::HighWatermarkMoved {
            partition,
            from,
            to,
            ..
        } if to > from => {
            let (on, from, to) = (on?, *from, *to);
            let what = What::Committed { on, from, to };
            Some((partition, what, Beat::HighWatermark))
        }
        Fact::LogTruncated {
            partition,
            from,
            to,
        } => {
            let (on, from, to) = (on?, *from, *to);
            Some((partition, What::Truncated { on, from, to }, Beat::Truncate))
        }
        Fact::LogStartMoved {
            partition,
            from,
            to,
            ..
        } => {
            let (on, from, to) = (on?, *from, *to);
            Some((partition, What::Deleted { on, from, to }, Beat::Delete))
        }
        Fact::LogCleaned {
            partition,
            until,
            removed,
            ..
        } => {
            let (on, until, removed) = (on?, *until, *removed);
            let what = What::Cleaned { on, until, removed };
            Some((partition, what, Beat::Clean))
        }
        Fact::PartitionStateDecided { partition, isr, .. } => {
            let on = left(journal, entry.number, partition, isr)?;
            Some((partition, What::LeftIsr { on }, Beat::IsrShrink))
        }
        _ => None,
    }
}

/// Who is no longer in an ISR that was just decided: the one that the leader had asked to drop.
fn left(journal: &Journal, before: u64, of: &TopicPartition, isr: &[BrokerId]) -> Option<BrokerId> {
    let earlier = journal
        .newest()
        .skip_while(|entry| entry.number >= before)
        .take(MOST);
    let asked = earlier.filter_map(|entry| match &entry.fact {
        Fact::IsrChangeAsked {
            partition,
            from,
            to,
        } if partition == of && to == isr => Some(from),
        _ => None,
    });
    let from = asked.take(1).next()?;
    from.iter().find(|broker| !isr.contains(broker)).copied()
}
