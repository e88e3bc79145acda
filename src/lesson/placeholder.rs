//! Placeholders: the numbers and names in a lesson's prose that the world fills in.
//!
//! A lesson never types a number that the cluster decides. It writes `{leader orders-0}`, and what the
//! reader sees is what the world says where the step ends. The vocabulary is closed: an unknown word,
//! or one with too few or too many arguments, is an error when the lesson is read.
//!
//! | written | filled in |
//! | --- | --- |
//! | `{brokers}` `{topics}` | how many there are |
//! | `{controller}` | the id of the broker that is the controller |
//! | `{latency}` `{time}` | how long a packet takes; the time on the clock |
//! | `{broker-setting NAME}` | a setting of the brokers, as the plan gives it |
//! | `{partitions T}` `{replication T}` | how many partitions, how many copies of each |
//! | `{records T}` | how many records all partitions of the topic hold |
//! | `{leader P}` `{epoch P}` | the leader's broker id; its leader epoch |
//! | `{replicas P}` `{isr P}` `{in-sync P}` | the assignment; the replicas in sync; how many those are |
//! | `{hw P}` `{start P}` | the leader's high watermark and log start |
//! | `{leo P B}` `{hw P B}` | log end offset and high watermark of the replica on broker B |
//! | `{count P}` `{first P}` `{last P}` | records the leader holds; offsets of the first and the last |
//! | `{next P}` | the offset that the next record gets: the leader's log end |
//! | `{hash KEY}` `{masked KEY}` | murmur2 of the key, signed; the same without its sign bit |
//! | `{partition KEY T}` | where records of that key go: the masked hash modulo the partitions |
//! | `{remainder KEY N}` | the masked hash modulo any number |
//! | `{homes KEY T}` `{keyed KEY T}` | the partitions that hold records of the key; how many records |
//! | `{key R}` `{value R}` `{timestamp R}` | a record's key, value and timestamp, as text |
//! | `{headers R}` `{header R NAME}` | how many headers; the value of one |
//! | `{record-bytes R}` `{key-bytes R}` `{value-bytes R}` | how long they are |
//! | `{key-hex R}` | the key's bytes in hex |
//! | `{batch-bytes R}` `{batch-records R}` | size of the batch that holds the record; its record count |
//! | `{batch-header}` | how long the header of a batch is |
//! | `{name C}` `{setting C NAME}` `{acks C}` | a client's `client.id`, one of its settings, its `acks` |
//! | `{position C P}` `{consumed C P}` | where a consumer reads next; how many records it was given |
//! | `{offset C first}` `{offset C last}` | of the acknowledged records: the first and the last offset |
//! | `{acknowledged C}` `{batches C}` | records acknowledged; batches sent |
//! | `{queued C}` | records that a producer's application handed over within the step |
//! | `{chosen C}` `{spread C}` | the partitions it chose for them; how many those are |
//! | `{audit WORD}` | records acknowledged, readable or lost, over all producers |
//! | `{facts WHO LINE}` | how many facts of the step begin so |
//! | `{error NAME}` | the number of Kafka's error of that name |
//!
//! T is a topic, P a partition such as `orders-0`, B a broker such as `b1`, C a client such as `p1`, R a
//! record such as `orders-0@7`, KEY a key of letters and digits. After a bar comes how it is
//! shown: `{brokers|word}` is "three", `{brokers|Word}` is "Three"; `|start` takes the world where the
//! step begins; `|s` adds the ending of a plural noun, nothing for one and "s" otherwise;
//! `|and` writes a list as "2, 3 and 1".

use std::fmt;

use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;

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
    Latency,
    Time,
    BrokerSetting(Text),
    Partitions(TopicName),
    Replication(TopicName),
    Records(TopicName),
    Leader(TopicPartition),
    Epoch(TopicPartition),
    Replicas(TopicPartition),
    Isr(TopicPartition),
    InSync(TopicPartition),
    /// Of the replica on this broker; of the leader's when none is named.
    HighWatermark(TopicPartition, Option<BrokerId>),
    LogEnd(TopicPartition, BrokerId),
    LogStart(TopicPartition),
    Count(TopicPartition),
    First(TopicPartition),
    Last(TopicPartition),
    Next(TopicPartition),
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
    BatchBytes(RecordId),
    BatchRecords(RecordId),
    BatchHeader,
    Name(ProcessId),
    Setting(ProcessId, Text),
    Position(ProcessId, TopicPartition),
    Consumed(ProcessId, TopicPartition),
    FirstAcknowledged(ProcessId),
    LastAcknowledged(ProcessId),
    Acknowledged(ProcessId),
    Batches(ProcessId),
    Queued(ProcessId),
    Chosen(ProcessId),
    Spread(ProcessId),
    Audit(Audited),
    Facts(Pattern),
    Error(ErrorCode),
}

/// What the audit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    Acknowledged,
    Readable,
    Lost,
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

/// The arguments of a placeholder, taken one after the other.
struct Arguments<'a> {
    of: &'a str,
    rest: &'a str,
}

impl<'a> Arguments<'a> {
    fn word(&mut self, what: &str) -> Result<&'a str, String> {
        let trimmed = self.rest.trim_start();
        let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let (word, rest) = trimmed.split_at(end);
        self.rest = rest;
        match word {
            "" => Err(format!("{{{}}} needs {what}", self.of)),
            word => Ok(word),
        }
    }

    fn is_empty(&self) -> bool {
        self.rest.trim().is_empty()
    }

    fn text(&mut self, what: &str) -> Result<Text, String> {
        self.word(what).map(Text::from)
    }

    fn topic(&mut self) -> Result<TopicName, String> {
        let word = self.word("a topic")?;
        TopicName::check(word).map_err(|rule| format!("{{{}}}: {rule}", self.of))?;
        Ok(TopicName::new(word))
    }

    fn partition(&mut self) -> Result<TopicPartition, String> {
        let word = self.word("a partition such as orders-0")?;
        let wrong = || {
            format!(
                "{{{}}}: {word} is not a partition such as orders-0",
                self.of
            )
        };
        TopicPartition::parse(word).ok_or_else(wrong)
    }

    fn broker(&mut self) -> Result<BrokerId, String> {
        let word = self.word("a broker such as b1")?;
        let wrong = || format!("{{{}}}: {word} is not a broker such as b1", self.of);
        ProcessId::parse(word)
            .and_then(ProcessId::broker)
            .ok_or_else(wrong)
    }

    fn client(&mut self) -> Result<ProcessId, String> {
        let word = self.word("a client such as p1")?;
        let client = ProcessId::parse(word).filter(|id| id.broker().is_none());
        client.ok_or_else(|| format!("{{{}}}: {word} is not a client such as p1", self.of))
    }

    fn record(&mut self) -> Result<RecordId, String> {
        let word = self.word("a record such as orders-0@7")?;
        let parsed = word.split_once('@').and_then(|(partition, offset)| {
            let partition = TopicPartition::parse(partition)?;
            let offset = offset
                .parse()
                .ok()
                .filter(|offset| *offset >= 0)
                .map(Offset)?;
            Some(RecordId { partition, offset })
        });
        parsed.ok_or_else(|| format!("{{{}}}: {word} is not a record such as orders-0@7", self.of))
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

/// Every name of the vocabulary, as an error lists it.
const NAMES: &str = "brokers topics controller latency time broker-setting partitions replication \
    records leader epoch replicas isr in-sync hw leo start count first last next hash \
    masked partition remainder homes keyed key value timestamp headers header record-bytes key-bytes \
    value-bytes key-hex batch-bytes batch-records batch-header name setting acks position consumed \
    offset acknowledged batches queued chosen spread audit facts error";

fn what(name: &str, of: &mut Arguments) -> Result<What, String> {
    Ok(match name {
        "brokers" => What::Brokers,
        "topics" => What::Topics,
        "controller" => What::Controller,
        "latency" => What::Latency,
        "time" => What::Time,
        "broker-setting" => What::BrokerSetting(of.text("the name of a setting")?),
        "partitions" => What::Partitions(of.topic()?),
        "replication" => What::Replication(of.topic()?),
        "records" => What::Records(of.topic()?),
        "leader" => What::Leader(of.partition()?),
        "epoch" => What::Epoch(of.partition()?),
        "replicas" => What::Replicas(of.partition()?),
        "isr" => What::Isr(of.partition()?),
        "in-sync" => What::InSync(of.partition()?),
        "hw" => {
            let partition = of.partition()?;
            let broker = if of.is_empty() {
                None
            } else {
                Some(of.broker()?)
            };
            What::HighWatermark(partition, broker)
        }
        "leo" => What::LogEnd(of.partition()?, of.broker()?),
        "start" => What::LogStart(of.partition()?),
        "count" => What::Count(of.partition()?),
        "first" => What::First(of.partition()?),
        "last" => What::Last(of.partition()?),
        "next" => What::Next(of.partition()?),
        "hash" => What::Hash(of.text("a key")?),
        "masked" => What::Masked(of.text("a key")?),
        "partition" => What::PartitionOf(of.text("a key")?, of.topic()?),
        "remainder" => {
            let key = of.text("a key")?;
            let by = of.word("a number of partitions")?;
            let by = by.parse().ok().filter(|by| *by > 0);
            What::Remainder(key, by.ok_or("a remainder is by a number from 1")?)
        }
        "homes" => What::Homes(of.text("a key")?, of.topic()?),
        "keyed" => What::Keyed(of.text("a key")?, of.topic()?),
        "key" => What::Key(of.record()?),
        "value" => What::Value(of.record()?),
        "timestamp" => What::Timestamp(of.record()?),
        "headers" => What::Headers(of.record()?),
        "header" => What::Header(of.record()?, of.text("the name of a header")?),
        "record-bytes" => What::RecordBytes(of.record()?),
        "key-bytes" => What::KeyBytes(of.record()?),
        "value-bytes" => What::ValueBytes(of.record()?),
        "key-hex" => What::KeyHex(of.record()?),
        "batch-bytes" => What::BatchBytes(of.record()?),
        "batch-records" => What::BatchRecords(of.record()?),
        "batch-header" => What::BatchHeader,
        "name" => What::Name(of.client()?),
        "setting" => What::Setting(of.client()?, of.text("the name of a setting")?),
        "acks" => What::Setting(of.client()?, "acks".into()),
        "position" => What::Position(of.client()?, of.partition()?),
        "consumed" => What::Consumed(of.client()?, of.partition()?),
        "offset" => {
            let client = of.client()?;
            match of.word("first or last")? {
                "first" => What::FirstAcknowledged(client),
                "last" => What::LastAcknowledged(client),
                other => return Err(format!("{{{}}}: {other} is neither first nor last", of.of)),
            }
        }
        "acknowledged" => What::Acknowledged(of.client()?),
        "batches" => What::Batches(of.client()?),
        "queued" => What::Queued(of.client()?),
        "chosen" => What::Chosen(of.client()?),
        "spread" => What::Spread(of.client()?),
        "audit" => What::Audit(match of.word("acknowledged, readable or lost")? {
            "acknowledged" => Audited::Acknowledged,
            "readable" => Audited::Readable,
            "lost" => Audited::Lost,
            other => return Err(format!("{other} is none of acknowledged, readable, lost")),
        }),
        "facts" => {
            let pattern = Pattern::parse(of.rest)?;
            of.rest = "";
            What::Facts(pattern)
        }
        "error" => {
            let name = of.word("the name of an error")?;
            let known = ErrorCode::ALL.iter().find(|error| error.name() == name);
            What::Error(*known.ok_or_else(|| format!("Kafka has no error named {name}"))?)
        }
        _ => return Err(format!("{{{name}}} is none of {NAMES}")),
    })
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
            "header driver-locations-0@3 device",
            "facts b1 driver-locations-0 leader appends",
            "error INVALID_RECORD",
            "partitions driver-locations|Word",
            "count driver-locations-0|start",
        ] {
            let read = Placeholder::parse(written).expect(written);
            assert_eq!(read.to_string(), format!("{{{written}}}"));
        }
    }

    #[test]
    fn every_name_of_the_vocabulary_is_known() {
        for name in NAMES.split_whitespace() {
            let refused = Placeholder::parse(name).err().unwrap_or_default();
            assert!(!refused.contains("none of"), "{name}");
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
