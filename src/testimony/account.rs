//! `Account`: operations of clients, one after the other, and what they amount to.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::finding::{Class, Finding};
use crate::model::{Offset, ProcessId, Text, TopicPartition};
use crate::sorted::SortedMap;

/// How a reader came by a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Somebody has assigned it: nothing but his word moves the reader.
    Hand,
    /// Its group has given it, and may take it away and give it again.
    Group,
}

/// What a producer promises of what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// It numbers its batches, so that none is written twice or out of order.
    pub numbered: bool,
    /// It waits for all replicas, so that nothing acknowledged is lost.
    pub by_all: bool,
}

/// What became of something that was sent. The last word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nobody knows.
    Unknown,
    /// It was certainly not written, by no attempt.
    Failed,
    Acknowledged(Offset),
}

/// Something that was sent.
#[derive(Clone, Debug)]
struct Sent {
    by: ProcessId,
    promise: Promise,
    fate: Fate,
    /// How much was sent before it.
    order: u64,
    /// Attempts of which nobody has heard.
    open: u32,
    /// One of its attempts may have been written, though nobody has said so.
    doubtful: bool,
}

/// What is known of one partition.
#[derive(Clone, Debug)]
struct Known<V> {
    sent: BTreeMap<V, Sent>,
    /// What stands at each offset by anybody's word, and whether it was read there.
    order: BTreeMap<Offset, Vec<(V, bool)>>,
    /// Where each value stands.
    places: BTreeMap<V, Vec<Offset>>,
    /// Where what each producer has sent stands, in the order in which it was first sent.
    acknowledged: SortedMap<ProcessId, BTreeMap<u64, Offset>>,
    /// How much was sent.
    count: u64,
    /// How far everything is read, and from where on, by who reads all in the end.
    read_to_end: Option<(Offset, Offset)>,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
struct Reader {
    way: Way,
    next: Offset,
}

/// What a group has done with a partition: how often its members were done with the records of a stretch.
#[derive(Clone, Debug, Default)]
struct Work {
    /// From these offsets on, up to the next, so often.
    times: BTreeMap<Offset, u32>,
    first: Option<Offset>,
    committed: Offset,
}

/// An account. `V` is a value.
#[derive(Clone, Debug)]
pub struct Account<V> {
    partitions: SortedMap<TopicPartition, Known<V>>,
    readers: SortedMap<(ProcessId, TopicPartition), Reader>,
    work: SortedMap<(Text, TopicPartition), Work>,
    /// What was found on the way.
    found: Vec<Finding>,
}

/// So many findings are kept.
const MOST_FOUND: usize = 1_000;

impl<V> Default for Account<V> {
    fn default() -> Account<V> {
        Account {
            partitions: SortedMap::new(),
            readers: SortedMap::new(),
            work: SortedMap::new(),
            found: Vec::new(),
        }
    }
}

impl<V> Default for Known<V> {
    fn default() -> Known<V> {
        Known {
            sent: BTreeMap::new(),
            order: BTreeMap::new(),
            places: BTreeMap::new(),
            acknowledged: SortedMap::new(),
            count: 0,
            read_to_end: None,
        }
    }
}

impl<V: Clone + Ord + Debug> Account<V> {
    fn find(&mut self, class: Class, partition: &TopicPartition, is_wrong: bool, what: String) {
        if self.found.len() < MOST_FOUND {
            self.found.push(Finding {
                class,
                partition: partition.clone(),
                is_wrong,
                what: what.into(),
            });
        }
    }

    // ---- writing

    /// A producer sends a value, once more perhaps.
    pub fn sent(&mut self, by: ProcessId, partition: &TopicPartition, value: V, promise: Promise) {
        let known = self.partitions.get_or_default(partition);
        known.count += 1;
        let sent = known.sent.entry(value).or_insert(Sent {
            by,
            promise,
            fate: Fate::Unknown,
            order: known.count,
            open: 0,
            doubtful: false,
        });
        sent.open += 1;
        // What came to nothing before may be written now.
        if sent.fate == Fate::Failed {
            sent.fate = Fate::Unknown;
        }
    }

    /// A value is what another is that was sent before, under another number.
    pub fn renumbered(&mut self, partition: &TopicPartition, before: &V, value: &V) {
        let known = self.partitions.get_or_default(partition);
        let order = known.sent.get(before).map(|sent| sent.order);
        if let (Some(order), Some(sent)) = (order, known.sent.get_mut(value)) {
            sent.order = sent.order.min(order);
        }
    }

    /// An attempt came to nothing, for certain.
    pub fn refused(&mut self, partition: &TopicPartition, value: &V) {
        self.heard(partition, value, false);
    }

    /// An attempt was answered with an error after which it may or may not be written.
    pub fn doubted(&mut self, partition: &TopicPartition, value: &V) {
        self.heard(partition, value, true);
    }

    fn heard(&mut self, partition: &TopicPartition, value: &V, doubtful: bool) {
        let known = self.partitions.get_or_default(partition);
        if let Some(sent) = known.sent.get_mut(value) {
            sent.open = sent.open.saturating_sub(1);
            sent.doubtful |= doubtful;
            if sent.open == 0 && !sent.doubtful && sent.fate == Fate::Unknown {
                sent.fate = Fate::Failed;
            }
        }
    }

    /// A producer is told that a value stands at an offset.
    pub fn acknowledged(&mut self, partition: &TopicPartition, value: &V, at: Offset) {
        let known = self.partitions.get_or_default(partition);
        let Some(sent) = known.sent.get_mut(value) else {
            return;
        };
        sent.fate = Fate::Acknowledged(at);
        sent.open = sent.open.saturating_sub(1);
        let (by, numbered, order) = (sent.by, sent.promise.numbered, sent.order);
        let all = known.acknowledged.entry(by).or_default();
        all.insert(order, at);
        let before = all.range(..order).next_back().map(|(_, at)| *at);
        let after = all.range(order + 1..).next().map(|(_, at)| *at);
        if before > Some(at) || after.is_some_and(|after| after < at) {
            let what = format!("{by} sent what stands at {at} in another order");
            self.find(Class::NonmonotonicSend, partition, numbered, what);
        }
        self.stands(partition, at, value, false);
    }

    // ---- reading

    /// A reader stands at an offset, by a word that is not its own: a seek, a reset, an assignment.
    pub fn placed(&mut self, by: ProcessId, partition: &TopicPartition, next: Offset, way: Way) {
        let key = (by, partition.clone());
        // Where a group places its member, it may have been before: that is what one wants to know.
        if way == Way::Hand || !self.readers.contains_key(&key) {
            self.readers.insert(key, Reader { way, next });
        }
    }

    /// A reader is no more.
    pub fn gone(&mut self, by: ProcessId) {
        self.readers.retain(|(reader, _), _| *reader != by);
    }

    /// One `poll()` has returned the values of a partition, each with its offset and how many offsets it takes. The
    /// first and the last of them may have been returned in part.
    pub fn polled(
        &mut self,
        by: ProcessId,
        partition: &TopicPartition,
        (from, next): (Offset, Offset),
        values: &[(Offset, i64, V)],
    ) {
        for (offset, _, value) in values {
            self.stands(partition, *offset, value, true);
        }
        let mut at: Option<Offset> = None;
        for (offset, count, _) in values {
            if let Some(expected) = at
                && *offset != expected
            {
                let class = match *offset < expected {
                    true => Class::NonmonotonicPollWithin,
                    false => Class::PollSkipWithin,
                };
                let skipped = self.is_known_between(partition, expected, *offset);
                if class == Class::NonmonotonicPollWithin || skipped {
                    let what = format!("{by} is returned {offset} after what ends at {expected}");
                    self.find(class, partition, true, what);
                }
            }
            at = Some(*offset + *count);
        }
        let reader = self.readers.get(&(by, partition.clone())).copied();
        let way = reader.map_or(Way::Group, |reader| reader.way);
        if let Some(reader) = reader.filter(|reader| reader.next != from) {
            let wrong = way == Way::Hand;
            let what = format!("{by} reads {from} after what ends at {}", reader.next);
            if from < reader.next {
                self.find(Class::NonmonotonicPoll, partition, wrong, what);
            } else if self.is_known_between(partition, reader.next, from) {
                self.find(Class::PollSkip, partition, wrong, what);
            }
        }
        let key = (by, partition.clone());
        self.readers.insert(key, Reader { way, next });
    }

    /// Whether anything was ever read between two offsets.
    fn is_known_between(&self, partition: &TopicPartition, from: Offset, to: Offset) -> bool {
        let known = self.partitions.get(partition).filter(|_| from < to);
        known.is_some_and(|known| {
            let mut between = known.order.range(from..to).flat_map(|(_, values)| values);
            between.any(|(_, read)| *read)
        })
    }

    fn stands(&mut self, partition: &TopicPartition, at: Offset, value: &V, read: bool) {
        let known = self.partitions.get_or_default(partition);
        let values = known.order.entry(at).or_default();
        if let Some((_, was_read)) = values.iter_mut().find(|(other, _)| other == value) {
            *was_read |= read;
            return;
        }
        values.push((value.clone(), read));
        let places = known.places.entry(value.clone()).or_default();
        places.push(at);
        let first = places[0];
        let again = places.len() > 1;
        let numbered = known
            .sent
            .get(value)
            .is_some_and(|sent| sent.promise.numbered);
        if again {
            let what = format!("what stands at {first} stands at {at} too");
            self.find(Class::Duplicate, partition, numbered, what);
        }
    }

    /// In the end somebody has read everything that there is between two offsets.
    pub fn read_to_end(&mut self, partition: &TopicPartition, first: Offset, end: Offset) {
        let known = self.partitions.get_or_default(partition);
        known.read_to_end = Some((first, end));
    }

    /// A member is done with records.
    pub fn processed(
        &mut self,
        group: &Text,
        partition: &TopicPartition,
        from: Offset,
        to: Offset,
    ) {
        let key = (group.clone(), partition.clone());
        let work = self.work.entry(key).or_default();
        work.first = Some(work.first.map_or(from, |first| first.min(from)));
        for edge in [from, to] {
            let before = work.times.range(..=edge).next_back();
            let times = before.map_or(0, |(_, times)| *times);
            work.times.insert(edge, times);
        }
        let mut again = false;
        for (_, times) in work.times.range_mut(from..to) {
            again |= *times > 0;
            *times += 1;
        }
        if again {
            let what = format!("group {group} is done with some of {from} to {to} once more");
            self.find(Class::ProcessedTwice, partition, false, what);
        }
    }

    /// A group remembers how far it has read.
    pub fn committed(&mut self, group: &Text, partition: &TopicPartition, offset: Offset) {
        let key = (group.clone(), partition.clone());
        let work = self.work.entry(key).or_default();
        work.committed = work.committed.max(offset);
    }

    /// A topic is gone, and whatever bears its name from now on is another.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
        self.readers.retain(|(_, known), _| known != partition);
        self.work.retain(|(_, known), _| known != partition);
    }

    /// Everything that is found.
    pub fn findings(&self) -> Vec<Finding> {
        let mut all = self.found.clone();
        let mut find = |class, partition: &TopicPartition, is_wrong, what: String| {
            all.push(Finding {
                class,
                partition: partition.clone(),
                is_wrong,
                what: what.into(),
            });
        };
        for (partition, known) in &self.partitions {
            for (at, values) in known.order.iter().filter(|(_, values)| values.len() > 1) {
                // Where a leader was that nobody followed, an offset is given again, and who has waited for no
                // follower was told of it twice.
                let stand = values.iter().filter(|(value, read)| {
                    let sent = known.sent.get(value);
                    *read || sent.is_some_and(|sent| sent.promise.by_all)
                });
                let is_wrong = stand.count() > 1;
                let what = format!("{at} holds {:?} and {:?}", values[0].0, values[1].0);
                find(Class::InconsistentOffsets, partition, is_wrong, what);
            }
            for (value, sent) in &known.sent {
                let read = known.places.contains_key(value);
                match sent.fate {
                    Fate::Failed if read => {
                        let what = format!("{value:?} of {} failed and is read", sent.by);
                        find(Class::AbortedRead, partition, true, what);
                    }
                    Fate::Acknowledged(at) => {
                        let Some((first, end)) = known.read_to_end else {
                            continue;
                        };
                        // The acknowledgement says that it is there; somebody has to have read it.
                        let stands = known.order.get(&at).into_iter().flatten();
                        let mut stands = stands.filter(|(other, read)| *read && other == value);
                        let there = stands.next().is_some();
                        if there || at < first {
                            continue;
                        }
                        let (class, where_) = match at < end {
                            true => (Class::LostWrite, "and cannot be read"),
                            false => (Class::Unseen, "beyond everything that can be read"),
                        };
                        let what = format!("{} was told of {at}, {where_}", sent.by);
                        find(class, partition, sent.promise.by_all, what);
                    }
                    Fate::Failed | Fate::Unknown => {}
                }
            }
        }
        for ((group, partition), work) in &self.work {
            let Some(first) = work.first else {
                continue;
            };
            // Who commits less than it has begun with has left nothing out.
            let until = work.committed.max(first);
            let mut work_done = work.times.range(first..until);
            if let Some((from, _)) = work_done.find(|(_, times)| **times == 0) {
                let committed = work.committed;
                let what = format!(
                    "group {group} has committed {committed}, and nobody was done with {from}"
                );
                find(Class::NeverProcessed, partition, false, what);
            }
        }
        all
    }
}
