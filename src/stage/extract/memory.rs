//! What is remembered from picture to picture: which keys there are, what was asked, what was decoded.
//!
//! Laws: a memory never changes what is seen. Keys are known from the fact that noted them first, so going
//! back before it forgets them again; what was decoded is kept with the very bytes it was decoded from.

use crate::fact::Fact;
use crate::model::{BrokerId, ConnectionId, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::{ApiKey, Chunks};
use crate::sorted::{SortedMap, SortedSet};
use crate::stage::extract::past::Past;
use crate::stage::extract::wire::Loads;
use crate::stage::keys::Keys;
use crate::stage::snapshot::{Hue, KeyMark};
use crate::world::History;

/// How many questions are remembered; answers come long before so many more were asked.
const ASKED: usize = 20_000;

/// What is remembered from picture to picture.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    keys: SortedMap<TopicName, Keys>,
    /// In which order keys were learned: after how many entries of the journal, and of which topic.
    learned: Vec<(u64, TopicName)>,
    /// Keys that were learned and forgotten by going back, as they stand in the journal: it may not reach back to them
    /// when time has come to them again.
    ahead: Vec<(u64, TopicName, String)>,
    /// Grows with every key that is learned or forgotten: marks made before may be others now.
    pub(super) edition: u64,
    /// What was asked on a connection under a correlation id.
    asked: SortedMap<(ProcessId, u32, i32), (ApiKey, i16)>,
    /// What was said of leadership and of ZooKeeper.
    pub(super) past: Past,
    /// How much of the journal has been looked at.
    seen: u64,
    now: u64,
    /// Travellers that stand still, on links that are held.
    pub(super) held: SortedSet<u64>,
    /// The newest records of each copy, as they were last read.
    pub(super) copies: SortedMap<(TopicPartition, BrokerId), Copy>,
    /// What each packet under way carries.
    pub(super) packets: SortedMap<u64, Packet>,
    /// The hue of every record of a partition from an offset on.
    pub(super) hues: SortedMap<TopicPartition, (Offset, Vec<Hue>)>,
}

/// The newest records of one copy as they lie there, and what they were read from.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub edition: u64,
    pub start: Offset,
    pub end: Offset,
    /// The last batch: two logs of one run that end with the same batch are the same, if they are as long: one may have
    /// been compacted.
    pub last: Chunks,
    pub bytes: u64,
    /// How many segments there are: cleaning may join some and remove nothing.
    pub all_segments: usize,
    pub records: Vec<(Offset, KeyMark)>,
    /// Where the segments of those records begin.
    pub segments: Vec<Offset>,
}

/// What a packet carries, and the bytes that say so.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub edition: u64,
    pub connection: ConnectionId,
    pub bytes: Chunks,
    pub loads: Loads,
}

impl Memory {
    /// True for a traveller of the last picture that stands still.
    pub fn is_held(&self, traveller: u64) -> bool {
        self.held.contains(&traveller)
    }

    /// The instant of the last picture, in microseconds.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The mark of a key in a topic.
    pub fn mark(&mut self, topic: &TopicName, key: Option<&[u8]>) -> KeyMark {
        let Some(key) = key else {
            return KeyMark::none();
        };
        let key = String::from_utf8_lossy(key);
        if let Some(keys) = self.keys.get(topic)
            && keys.knows(&key)
        {
            return keys.mark(&key);
        }
        let keys = self.keys.entry(topic.clone()).or_default();
        keys.learn(&key);
        let mark = keys.mark(&key);
        self.learned.push((self.seen, topic.clone()));
        self.edition += 1;
        mark
    }

    /// What was asked under a correlation id.
    pub(super) fn asked(&self, connection: ConnectionId, id: i32) -> Option<(ApiKey, i16)> {
        let name = (connection.opener, connection.serial, id);
        self.asked.get(&name).copied()
    }

    /// Takes in what the journal says beyond what was seen.
    pub(super) fn look(&mut self, history: &History) {
        let journal = &history.observed().journal;
        self.now = history.now().as_micros();
        if journal.len() < self.seen {
            self.go_back(journal.len());
        }
        let from = std::mem::replace(&mut self.seen, journal.len());
        self.learn_again(journal.len());
        for entry in journal.since(from) {
            self.past.learn(entry);
            match &entry.fact {
                Fact::RecordQueued {
                    partition,
                    key: Some(key),
                } => {
                    let known = self.learned.len();
                    self.mark(&partition.topic, Some(key));
                    if let Some(new) = self.learned.get_mut(known) {
                        new.0 = entry.number;
                    }
                }
                Fact::RequestSent {
                    connection,
                    api,
                    version,
                    correlation_id,
                } => {
                    if self.asked.len() >= ASKED {
                        self.asked.clear();
                    }
                    let name = (connection.opener, connection.serial, *correlation_id);
                    self.asked.insert(name, (*api, *version));
                }
                _ => {}
            }
        }
    }

    /// Learns the keys again that have come by now, in the order in which they came.
    fn learn_again(&mut self, now: u64) {
        let passed = self.ahead.partition_point(|(entry, ..)| *entry <= now);
        for (entry, topic, key) in self.ahead.drain(..passed).collect::<Vec<_>>() {
            let known = self.learned.len();
            self.mark(&topic, Some(key.as_bytes()));
            if let Some(new) = self.learned.get_mut(known) {
                new.0 = entry;
            }
        }
    }

    /// Forgets the keys that were learned after so many entries: they come again when time does.
    fn go_back(&mut self, to: u64) {
        self.seen = to;
        self.past.go_back(to);
        let keep = self.learned.partition_point(|(entry, _)| *entry <= to);
        let gone = self.learned.split_off(keep);
        let mut ahead = Vec::new();
        for (entry, topic) in gone.into_iter().rev() {
            self.edition += 1;
            let key = self.keys.get_mut(&topic).and_then(Keys::forget_last);
            ahead.extend(key.map(|key| (entry, topic, key)));
        }
        ahead.reverse();
        ahead.append(&mut self.ahead);
        self.ahead = ahead;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_over_a_rewind() {
        let topic = TopicName::new("orders");
        let mut memory = Memory::default();
        let marks = ["goran", "karim", "farah"].map(|key| {
            memory.seen += 10;
            memory.mark(&topic, Some(key.as_bytes()))
        });
        memory.go_back(15);
        memory.go_back(5);
        // Time has gone on at once, and the last key is seen first.
        memory.learn_again(100);
        let again =
            ["farah", "karim", "goran"].map(|key| memory.mark(&topic, Some(key.as_bytes())));
        assert_eq!(again.into_iter().rev().collect::<Vec<_>>(), marks);
        // A key that has not come again by now is not known yet.
        memory.go_back(5);
        memory.learn_again(15);
        let table = &memory.keys[&topic];
        assert!(table.knows("goran") && !table.knows("karim"));
    }
}
