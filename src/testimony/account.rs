//! `Account`: operations of clients, one after the other, and what they amount to.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::finding::{Class, Finding, MOST_FOUND};
use super::groups::Groups;
use super::known::{Fate, Known, Sent};
use super::measures::Measures;
use crate::model::{Offset, ProcessId, TopicPartition};
use crate::sorted::SortedMap;
use crate::time::Instant;

/// From the place in order of one batch to that of the next: the parts of one that was divided stand between.
const APART: u64 = 1 << 32;

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
    /// It sends nothing before what it sent last is settled.
    pub in_flight_one: bool,
}

impl Promise {
    /// Whether what it is told of stands in the order in which it was sent. What only the leader has may be lost with
    /// it, and what comes then stands where that stood.
    fn is_in_order(self) -> bool {
        self.numbered || (self.in_flight_one && self.by_all)
    }

    /// What both promise.
    fn and(self, other: Promise) -> Promise {
        Promise {
            numbered: self.numbered && other.numbered,
            by_all: self.by_all && other.by_all,
            in_flight_one: self.in_flight_one && other.in_flight_one,
        }
    }
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
struct Reader {
    way: Way,
    next: Offset,
}

/// An account. `V` is a value.
#[derive(Clone, Debug)]
pub struct Account<V> {
    partitions: SortedMap<TopicPartition, Known<V>>,
    readers: SortedMap<(ProcessId, TopicPartition), Reader>,
    /// What stood in topics that are gone and was settled.
    past: SortedMap<TopicPartition, BTreeSet<V>>,
    /// What groups were told and did.
    pub groups: Groups,
    measures: Measures,
    now: Instant,
    /// What was found on the way.
    found: Vec<Finding>,
}

impl<V> Default for Account<V> {
    fn default() -> Account<V> {
        Account {
            partitions: SortedMap::new(),
            readers: SortedMap::new(),
            past: SortedMap::new(),
            groups: Groups::default(),
            measures: Measures::default(),
            now: Instant::ZERO,
            found: Vec::new(),
        }
    }
}

impl<V: Clone + Ord + Debug> Account<V> {
    fn find(&mut self, class: Class, partition: &TopicPartition, is_wrong: bool, what: String) {
        if self.found.len() < MOST_FOUND {
            self.found.push(finding(class, partition, is_wrong, what));
        }
    }

    /// What comes from now on happens then.
    pub fn at(&mut self, now: Instant) {
        self.now = now;
    }

    // ---- writing

    /// A producer sends a value, once more perhaps.
    pub fn sent(&mut self, by: ProcessId, partition: &TopicPartition, value: V, promise: Promise) {
        if let Some(past) = self.past.get_mut(partition) {
            past.remove(&value);
        }
        let known = self.partitions.get_or_default(partition);
        known.count += 1;
        let sent = known.sent.entry(value).or_insert(Sent {
            by,
            promise,
            fate: Fate::Unknown,
            order: known.count * APART,
            open: 0,
            doubtful: false,
            overtakes: None,
        });
        sent.open += 1;
        if sent.by != by {
            // What two have sent that is alike cannot be told apart: only what both were promised is promised, also of
            // what one of them was told of already.
            sent.promise = sent.promise.and(promise);
        }
        // What came to nothing before may be written now.
        if sent.fate == Fate::Failed {
            sent.fate = Fate::Unknown;
        }
    }

    /// When a value was sent, others were under way to who led before. Who leads now may have nothing by this producer,
    /// and then takes any number for the first: it may come to stand before those.
    pub fn overtakes(&mut self, partition: &TopicPartition, value: &V, others: &[V]) {
        let known = self.partitions.get_or_default(partition);
        let orders = others.iter().filter_map(|other| known.sent.get(other));
        let least = orders.map(|sent| sent.order).min();
        if let Some(sent) = known.sent.get_mut(value) {
            sent.overtakes = sent.overtakes.or(least);
        }
    }

    /// A value is what another is that was sent before, under another number, or the part of it that begins so many
    /// records after its beginning. What was acknowledged is not sent under another number.
    pub fn renumbered(&mut self, partition: &TopicPartition, before: &V, value: &V, after: u32) {
        let known = self.partitions.get_or_default(partition);
        let sent = known.sent.get(before);
        let sent = sent.filter(|sent| !matches!(sent.fate, Fate::Acknowledged(_)));
        let order = sent.map(|sent| sent.order);
        if let (Some(order), Some(sent)) = (order, known.sent.get_mut(value)) {
            sent.order = sent.order.min(order + u64::from(after));
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
        let (by, promise, order) = (sent.by, sent.promise, sent.order);
        let overtakes = sent.overtakes;
        known.since.entry(at).or_insert(self.now);
        // What was written twice stands in two places, whatever the order.
        let again = known
            .places
            .get(value)
            .is_some_and(|places| *places != [at]);
        let all = known.acknowledged.entry(by).or_default();
        all.insert(order, (at, promise, overtakes));
        let before = all.range(..order).next_back();
        let before = before.filter(|(_, (before, ..))| *before > at);
        let after = all.range(order + 1..).next();
        let after = after.filter(|(_, (after, ..))| *after < at);
        if let Some((place, (_, other, its_overtakes))) = before.or(after) {
            let both = promise.is_in_order() && other.is_in_order() && !again;
            let (earlier, least) = match before {
                Some(_) => (*place, overtakes),
                None => (order, *its_overtakes),
            };
            let may = least.is_some_and(|least| least <= earlier);
            let what = format!("{by} sent what stands at {at} in another order");
            let is_wrong = (promise.numbered || both) && !may;
            self.find(Class::NonmonotonicSend, partition, is_wrong, what);
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
            let past = self.past.get(partition);
            if past.is_some_and(|past| past.contains(value)) {
                let what =
                    format!("{by} reads {value:?} at {offset}, which stood in the one before");
                self.find(Class::OldTopicRead, partition, true, what);
            }
        }
        let known = self.partitions.get(partition);
        let unread = known.and_then(|known| known.since.range(next..).next());
        if let Some((_, since)) = unread {
            self.measures.is_behind(self.now.since(*since));
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
        // What was compacted is missed by nobody.
        let known = known.filter(|known| !known.is_compacted);
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
        if again && !known.is_compacted {
            let what = format!("what stands at {first} stands at {at} too");
            self.find(Class::Duplicate, partition, numbered, what);
        }
    }

    /// In the end somebody has read everything that there is between two offsets.
    pub fn read_to_end(&mut self, partition: &TopicPartition, first: Offset, end: Offset) {
        let known = self.partitions.get_or_default(partition);
        known.read_to_end = Some((first, end));
    }

    /// Some of a partition is compacted from now on.
    pub fn compacted(&mut self, partition: &TopicPartition) {
        self.partitions.get_or_default(partition).is_compacted = true;
        self.groups.doubt(partition);
    }

    /// A topic is gone, and whatever bears its name from now on is another. What is under way may come to stand there.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.readers.retain(|(_, known), _| known != partition);
        self.groups.forget(partition);
        let Some(known) = self.partitions.remove(partition) else {
            return;
        };
        known.judge(partition, &mut |class, is_wrong, what| {
            self.found.push(finding(class, partition, is_wrong, what));
        });
        self.found.truncate(MOST_FOUND);
        for found in self.found.iter_mut().chain(&mut self.groups.found) {
            found.is_of_the_past |= found.partition == *partition;
        }
        let past = self.past.entry(partition.clone()).or_default();
        let mut next = Known {
            count: known.count,
            ..Known::default()
        };
        for (value, sent) in known.sent {
            match sent.fate {
                Fate::Acknowledged(_) if sent.open == 0 => {
                    past.insert(value);
                }
                Fate::Acknowledged(_) => {}
                Fate::Failed | Fate::Unknown => {
                    next.sent.insert(value, sent);
                }
            }
        }
        self.partitions.insert(partition.clone(), next);
    }

    /// What was measured.
    pub fn measures(&self) -> Measures {
        let mut measures = self.measures.clone();
        for (times, offsets) in self.groups.times() {
            measures.is_done(times, offsets);
        }
        measures
    }

    /// Everything that is found.
    pub fn findings(&self) -> Vec<Finding> {
        let mut all = self.found.clone();
        for (partition, known) in &self.partitions {
            known.judge(partition, &mut |class, is_wrong, what| {
                all.push(finding(class, partition, is_wrong, what));
            });
        }
        all.extend(self.groups.found.iter().cloned());
        all.extend(self.groups.passed_over());
        all
    }
}

fn finding(class: Class, partition: &TopicPartition, is_wrong: bool, what: String) -> Finding {
    Finding {
        class,
        partition: partition.clone(),
        group: None,
        is_wrong,
        is_of_the_past: false,
        what: what.into(),
    }
}
