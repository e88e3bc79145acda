//! `Known`: what is known of one partition, and what it amounts to when all is known.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::account::Promise;
use super::finding::Class;
use crate::model::{Offset, ProcessId, TopicPartition};
use crate::sorted::SortedMap;
use crate::time::Instant;

/// What became of something that was sent. The last word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nobody knows.
    Unknown,
    /// It was certainly not written, by no attempt.
    Failed,
    Acknowledged(Offset),
}

/// Something that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) by: ProcessId,
    pub(super) promise: Promise,
    pub(super) fate: Fate,
    /// How much was sent before it.
    pub(super) order: u64,
    /// Attempts of which nobody has heard.
    pub(super) open: u32,
    /// One of its attempts may have been written, though nobody has said so.
    pub(super) doubtful: bool,
    /// The first, by order, of what was under way to who led before when it was sent.
    pub(super) overtakes: Option<u64>,
}

/// Where something stands that was acknowledged, what was promised of it, and from which order on it may stand before
/// what was sent before it.
pub(super) type Placed = (Offset, Promise, Option<u64>);

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(super) struct Known<V> {
    pub(super) sent: BTreeMap<V, Sent>,
    /// What stands at each offset by anybody's word, and whether it was read there.
    pub(super) order: BTreeMap<Offset, Vec<(V, bool)>>,
    /// Where each value stands.
    pub(super) places: BTreeMap<V, Vec<Offset>>,
    /// Where what each producer has sent stands, in the order in which it was first sent, and what was promised of
    /// that.
    pub(super) acknowledged: SortedMap<ProcessId, BTreeMap<u64, Placed>>,
    /// When each offset was first acknowledged.
    pub(super) since: BTreeMap<Offset, Instant>,
    /// Some of it was compacted: what is left of a value is not known again, and what was there may be gone.
    pub(super) is_compacted: bool,
    /// How much was sent.
    pub(super) count: u64,
    /// How far everything is read, and from where on, by who reads all in the end.
    pub(super) read_to_end: Option<(Offset, Offset)>,
}

impl<V> Default for Known<V> {
    fn default() -> Known<V> {
        Known {
            sent: BTreeMap::new(),
            order: BTreeMap::new(),
            places: BTreeMap::new(),
            acknowledged: SortedMap::new(),
            since: BTreeMap::new(),
            is_compacted: false,
            count: 0,
            read_to_end: None,
        }
    }
}

impl<V: Clone + Ord + Debug> Known<V> {
    /// What is found when all is known.
    pub(super) fn judge(
        &self,
        partition: &TopicPartition,
        find: &mut dyn FnMut(Class, bool, String),
    ) {
        let by_all = |value: &V| self.sent.get(value).is_some_and(|sent| sent.promise.by_all);
        for (at, values) in self.order.iter().filter(|(_, values)| values.len() > 1) {
            // Where a leader was that nobody followed, an offset is given again, and who has waited for no
            // follower was told of it twice.
            let stand = values
                .iter()
                .filter(|(value, read)| match self.is_compacted {
                    true => by_all(value),
                    false => *read || by_all(value),
                });
            let is_wrong = stand.count() > 1;
            if is_wrong || !self.is_compacted {
                let what = format!("{at} holds {:?} and {:?}", values[0].0, values[1].0);
                find(Class::InconsistentOffsets, is_wrong, what);
            }
        }
        for (value, sent) in &self.sent {
            let read = self.places.contains_key(value);
            match sent.fate {
                Fate::Failed if read => {
                    let what = format!("{value:?} of {} failed and is read", sent.by);
                    find(Class::AbortedRead, true, what);
                }
                Fate::Acknowledged(at) => {
                    let Some((first, end)) = self.read_to_end.filter(|_| !self.is_compacted) else {
                        continue;
                    };
                    // The acknowledgement says that it is there; somebody has to have read it.
                    let stands = self.order.get(&at).into_iter().flatten();
                    let mut stands = stands.filter(|(other, read)| *read && other == value);
                    let there = stands.next().is_some();
                    if there || at < first {
                        continue;
                    }
                    let (class, where_) = match at < end {
                        true => (Class::LostWrite, "and cannot be read"),
                        false => (Class::Unseen, "beyond everything that can be read"),
                    };
                    let what = format!("{} was told of {at} of {partition}, {where_}", sent.by);
                    find(class, sent.promise.by_all, what);
                }
                Fate::Failed | Fate::Unknown => {}
            }
        }
    }
}
