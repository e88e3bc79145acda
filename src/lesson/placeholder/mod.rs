//! Placeholders: the numbers and names in a lesson's prose that the world fills in.
//!
//! A lesson never types a number that the cluster decides. It writes `{leader orders-0}`, and what the
//! reader sees is what the world says where the step ends. The vocabulary is closed: an unknown word,
//! or one with too few or too many arguments, is an error when the lesson is read.
//!
//! | written | filled in |
//! | --- | --- |
//! | `{brokers}` `{topics}` | how many there are |
//! | `{controller}` `{controller-epoch}` | the broker that `/controller` names; the epoch it holds office in |
//! | `{registered}` | the brokers under `/brokers/ids` |
//! | `{zookeeper servers}` `{zookeeper quorum}` | how many servers there are; how many of them are a majority |
//! | `{zookeeper leader}` | which of the servers leads the ensemble |
//! | `{session B}` `{broker-epoch B}` | the ZooKeeper session of a registered broker; its broker epoch |
//! | `{znode PATH}` | what stands in a znode |
//! | `{latency}` `{time}` | how long a packet takes; the time on the clock |
//! | `{broker-setting NAME}` | a setting of the brokers, as the plan gives it |
//! | `{partitions T}` `{replication T}` | how many partitions, how many copies of each |
//! | `{records T}` | how many records all partitions of the topic hold |
//! | `{topic-setting T NAME}` | a setting of the topic, as the leader of its first partition goes by it |
//! | `{leader P}` `{epoch P}` | the leader's broker id; its leader epoch |
//! | `{epoch-start P}` | where its log ended when that epoch began |
//! | `{replicas P}` `{isr P}` `{in-sync P}` | the assignment; the replicas in sync; how many those are |
//! | `{hw P}` `{start P}` | the leader's high watermark and log start |
//! | `{leo P B}` `{hw P B}` | log end offset, on disk when B is down, and high watermark of B's replica |
//! | `{knows B P}` `{learned C P}` | who leads the partition as a broker knows it, as a client last learned |
//! | `{count P}` `{first P}` `{last P}` | records the leader holds; offsets of the first and the last |
//! | `{next P}` | the offset that the next record gets: the leader's log end |
//! | `{stored P}` `{segments P}` | records that are there, however many offsets there are; segments of the leader's log |
//! | `{cleaned P}` | up to which offset the leader's log was compacted |
//! | `{hash KEY}` `{masked KEY}` | murmur2 of the key, signed; the same without its sign bit |
//! | `{partition KEY T}` | where records of that key go: the masked hash modulo the partitions |
//! | `{remainder KEY N}` | the masked hash modulo any number |
//! | `{homes KEY T}` `{keyed KEY T}` | the partitions that hold records of the key; how many records |
//! | `{key R}` `{value R}` `{timestamp R}` | a record's key, value and timestamp, as text |
//! | `{headers R}` `{header R NAME}` | how many headers; the value of one |
//! | `{record-bytes R}` `{key-bytes R}` `{value-bytes R}` | how long they are |
//! | `{key-hex R}` | the key's bytes in hex |
//! | `{record-epoch R}` `{sequence R}` | the leader epoch and the sequence number that a record was stored with |
//! | `{batch-bytes R}` `{batch-records R}` | size of the batch that holds the record; its record count |
//! | `{batch-header}` | how long the header of a batch is |
//! | `{name C}` `{setting C NAME}` `{acks C}` | a client's `client.id`, one of its settings, its `acks` |
//! | `{position C P}` `{consumed C P}` | where a consumer reads next; how many records it was given |
//! | `{assigned C}` `{shares C}` | the partitions that a consumer has now; how many those are |
//! | `{again C P}` `{done C P}` | records that a consumer was handed more than once; that it is done with |
//! | `{twice C P}` `{missed C P}` | that it was done with more than once; never, but with a later one |
//! | `{coordinator G}` | the broker that coordinates a group |
//! | `{generation G}` `{members G}` `{group-state G}` | its generation, how many members, Kafka's name of its state |
//! | `{committed G P}` `{lag G P}` | the offset that a group has committed; how far that is behind the high watermark |
//! | `{offset C first}` `{offset C last}` | of the acknowledged records: the first and the last offset |
//! | `{acknowledged C}` `{batches C}` | records acknowledged; batches sent |
//! | `{retried C}` `{failed C}` | batches that a producer sent again; records that it gave up |
//! | `{producer-id C}` | the id that a producer stamps its batches with |
//! | `{queued C}` | records that a producer's application handed over within the step |
//! | `{chosen C}` `{spread C}` | the partitions it chose for them; how many those are |
//! | `{audit WORD}` | records acknowledged, readable, lost or duplicated, over all producers |
//! | `{facts WHO LINE}` | how many facts of the step begin so |
//! | `{error NAME}` | the number of Kafka's error of that name |
//!
//! T is a topic, P a partition such as `orders-0`, B a broker such as `b1`, C a client such as `p1`, R a
//! record such as `orders-0@7`, G a group by its name, KEY a key of letters and digits. After a bar comes how it is
//! shown: `{brokers|word}` is "three", `{brokers|Word}` is "Three"; `|start` takes the world where the
//! step begins; `|s` adds the ending of a plural noun, nothing for one and "s" otherwise;
//! `|and` writes a list as "2, 3 and 1".
//!
//! `vocabulary` is the words, `arguments` what follows them.

mod arguments;
mod vocabulary;

use std::fmt;

use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;

use arguments::Arguments;
use vocabulary::what;

/// Something that the world fills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    pub what: What,
    pub when: When,
    pub how: How,
    /// As it was written, without the braces.
    pub written: Text,
}

/// At which end of its step a placeholder looks at the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Start,
    End,
}

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    AsIs,
    /// A number as a word: three.
    Word,
    /// The same at the beginning of a sentence: Three.
    Capital,
    /// Nothing for one, "s" for any other number.
    Plural,
    /// A list with "and" before its last: 2, 3 and 1.
    And,
}

/// One record of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordId {
    pub partition: TopicPartition,
    pub offset: Offset,
}

/// What is asked of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Brokers,
    Topics,
    Controller,
    ControllerEpoch,
    Registered,
    Ensemble(Ensemble),
    Session(BrokerId),
    BrokerEpoch(BrokerId),
    Znode(Text),
    Latency,
    Time,
    BrokerSetting(Text),
    Partitions(TopicName),
    Replication(TopicName),
    Records(TopicName),
    TopicSetting(TopicName, Text),
    Leader(TopicPartition),
    Epoch(TopicPartition),
    EpochStart(TopicPartition),
    Replicas(TopicPartition),
    Isr(TopicPartition),
    InSync(TopicPartition),
    /// Of the replica on this broker; of the leader's when none is named.
    HighWatermark(TopicPartition, Option<BrokerId>),
    LogEnd(TopicPartition, BrokerId),
    Knows(BrokerId, TopicPartition),
    Learned(ProcessId, TopicPartition),
    LogStart(TopicPartition),
    Count(TopicPartition),
    First(TopicPartition),
    Last(TopicPartition),
    Next(TopicPartition),
    Stored(TopicPartition),
    Segments(TopicPartition),
    Cleaned(TopicPartition),
    Hash(Text),
    Masked(Text),
    PartitionOf(Text, TopicName),
    Remainder(Text, u32),
    Homes(Text, TopicName),
    Keyed(Text, TopicName),
    Key(RecordId),
    Value(RecordId),
    Timestamp(RecordId),
    Headers(RecordId),
    Header(RecordId, Text),
    RecordBytes(RecordId),
    KeyBytes(RecordId),
    ValueBytes(RecordId),
    KeyHex(RecordId),
    RecordEpoch(RecordId),
    Sequence(RecordId),
    BatchBytes(RecordId),
    BatchRecords(RecordId),
    BatchHeader,
    Name(ProcessId),
    Setting(ProcessId, Text),
    Position(ProcessId, TopicPartition),
    Consumed(ProcessId, TopicPartition),
    Assigned(ProcessId),
    Shares(ProcessId),
    Again(ProcessId, TopicPartition),
    Done(ProcessId, TopicPartition),
    Twice(ProcessId, TopicPartition),
    Missed(ProcessId, TopicPartition),
    Coordinator(Text),
    Generation(Text),
    Members(Text),
    GroupState(Text),
    Committed(Text, TopicPartition),
    Lag(Text, TopicPartition),
    FirstAcknowledged(ProcessId),
    LastAcknowledged(ProcessId),
    Acknowledged(ProcessId),
    Batches(ProcessId),
    Retried(ProcessId),
    Failed(ProcessId),
    ProducerId(ProcessId),
    Queued(ProcessId),
    Chosen(ProcessId),
    Spread(ProcessId),
    Audit(Audited),
    Facts(Pattern),
    Error(ErrorCode),
}

/// What is asked about the ZooKeeper ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensemble {
    Servers,
    /// How many servers are a majority.
    Quorum,
    Leader,
}

/// What the audit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    Acknowledged,
    Readable,
    Lost,
    Duplicated,
}

/// Facts that begin alike: who noted them, and the beginning of their line in a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub by: ProcessId,
    pub line: Text,
}

impl Pattern {
    /// Reads `b1 orders-0 hw`.
    ///
    /// # Errors
    /// What is wrong and what would have been accepted.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let wrong = || {
            format!(
                "{text:?} is not a process and the beginning of a fact's line, such as b1 orders-0 hw"
            )
        };
        let (who, line) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let by = ProcessId::parse(who).ok_or_else(wrong)?;
        match line.trim() {
            "" => Err(wrong()),
            line => Ok(Pattern {
                by,
                line: line.into(),
            }),
        }
    }

    /// Whether a fact that `by` noted, printed as `line`, is meant.
    pub fn matches(&self, by: Option<ProcessId>, line: &str) -> bool {
        by == Some(self.by) && line.starts_with(&*self.line)
    }
}

impl Placeholder {
    /// Reads what stands between the braces.
    ///
    /// # Errors
    /// What is wrong and what would have been accepted.
    pub fn parse(written: &str) -> Result<Placeholder, String> {
        let mut parts = written.split('|');
        let asked = parts.next().unwrap_or_default().trim();
        let (mut when, mut how) = (When::End, How::AsIs);
        for filter in parts {
            match filter.trim() {
                "start" => when = When::Start,
                "word" => how = How::Word,
                "Word" => how = How::Capital,
                "s" => how = How::Plural,
                "and" => how = How::And,
                other => {
                    return Err(format!(
                        "{{{written}}}: after the bar comes word, Word, s, and or start, not {other:?}"
                    ));
                }
            }
        }
        let (name, rest) = asked.split_once(' ').unwrap_or((asked, ""));
        let mut arguments = Arguments { of: asked, rest };
        let what = what(name, &mut arguments)?;
        if !arguments.is_empty() {
            let extra = arguments.rest.trim();
            return Err(format!("{{{asked}}}: {extra:?} is too much"));
        }
        Ok(Placeholder {
            what,
            when,
            how,
            written: written.into(),
        })
    }
}

/// As it was written.
impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.written)
    }
}

/// A whole number in letters, as far as prose writes numbers so.
pub fn in_words(number: i64) -> Option<&'static str> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    usize::try_from(number)
        .ok()
        .and_then(|number| WORDS.get(number).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_reads() {
        for written in [
            "brokers",
            "leader driver-locations-0",
            "hw driver-locations-0",
            "hw driver-locations-0 b2",
            "leo driver-locations-0 b1",
            "partition chen driver-locations",
            "hash chen",
            "offset p1 last",
            "position c1 driver-locations-0",
            "committed driver-location-group driver-locations-0",
            "generation driver-location-group|word",
            "assigned c2|and",
            "zookeeper quorum|word",
            "znode /brokers/topics/driver-locations/partitions/0/state",
            "knows b3 driver-locations-0",
            "learned p1 driver-locations-0|start",
            "header driver-locations-0@3 device",
            "facts b1 driver-locations-0 leader appends",
            "error INVALID_RECORD",
            "stored driver-locations-0",
            "segments driver-locations-0|word",
            "topic-setting driver-locations retention.ms",
            "partitions driver-locations|Word",
            "count driver-locations-0|start",
        ] {
            let read = Placeholder::parse(written).expect(written);
            assert_eq!(read.to_string(), format!("{{{written}}}"));
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_sentence() {
        for (written, sentence) in [
            ("leeder orders-0", "{leeder} is none of brokers"),
            ("leader", "{leader} needs a partition such as orders-0"),
            ("leader orders", "orders is not a partition"),
            ("leader orders-0 b1", "\"b1\" is too much"),
            ("leo orders-0 p1", "p1 is not a broker"),
            ("acks b1", "b1 is not a client"),
            ("zookeeper hosts", "hosts is none of servers, quorum"),
            ("znode controller", "controller is not a path"),
            ("offset p1 middle", "middle is neither first nor last"),
            ("key orders-0", "orders-0 is not a record"),
            ("error NO_SUCH", "Kafka has no error named NO_SUCH"),
            ("brokers|loud", "not \"loud\""),
            ("facts nobody", "is not a process"),
        ] {
            let refused = Placeholder::parse(written).expect_err(written);
            assert!(refused.contains(sentence), "{written}: {refused}");
        }
    }

    #[test]
    fn a_pattern_is_who_and_the_beginning_of_a_line() {
        let pattern = Pattern::parse("b1 orders-0 leader appends").expect("a pattern");
        assert!(pattern.matches(
            Some(ProcessId::Broker(1)),
            "orders-0 leader appends @7..@8 e0"
        ));
        assert!(!pattern.matches(
            Some(ProcessId::Broker(2)),
            "orders-0 leader appends @7..@8 e0"
        ));
        assert!(!pattern.matches(Some(ProcessId::Broker(1)), "orders-0 hw @7 → @8"));
        assert!(!pattern.matches(None, "orders-0 leader appends @7..@8 e0"));
    }
}
