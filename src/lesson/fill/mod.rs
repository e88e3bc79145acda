//! Filling in: what each placeholder is in a world.
//!
//! A step has two worlds, the one it begins in and the one it ends in. A placeholder looks at the end
//! unless it says `|start`; counts of facts are those noted in between. Whatever a placeholder asks for
//! must be there: a partition without a leader or a record that does not exist is an error, never an
//! empty word.
//!
//! `between` holds the questions that placeholders ask of a world.

mod between;

use std::fmt;

use crate::broker::Partition;
use crate::client::producer::murmur2::{murmur2, partition_of_key};
use crate::fact::{Entry, Fact};
use crate::lesson::placeholder::{Audited, How, Pattern, Placeholder, What, When, in_words};
use crate::model::BrokerId;
use crate::protocol::records::{HEADER_SIZE, INFLATION_LIMIT, describe_records};
use crate::time::Duration;
use crate::world::{History, Observed, World};

use between::Between;

/// A world, and what was observed on the way to it.
#[derive(Clone, Debug)]
pub struct View {
    pub world: World,
    pub observed: Observed,
}

impl View {
    /// Where a history stands.
    pub fn of(history: &History) -> View {
        View {
            world: history.world().clone(),
            observed: history.observed().clone(),
        }
    }
}

/// A value that the world does not have, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled(pub String);

impl fmt::Display for Unfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the world says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// How many: printed with separators.
    Count(u64),
    /// An id, an offset, a hash: printed without.
    Number(i64),
    Text(String),
}

/// Counts have separators, offsets have none, and neither has a minus sign that is a hyphen.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => f.write_str(&separated(*count)),
            Value::Number(number) if *number < 0 => write!(f, "−{}", number.unsigned_abs()),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

fn separated(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span as prose writes it: `40 ms`, `10 s`.
fn spelled(span: Duration) -> String {
    let text = span.to_string();
    let unit = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

/// A setting as prose writes it: a span with a space before its unit, anything else as it is.
fn setting(name: &str, value: &str) -> Value {
    match Duration::parse(value) {
        Some(span) if name.ends_with(".ms") => Value::Text(spelled(span)),
        _ => match value.parse() {
            Ok(count) => Value::Count(count),
            Err(_) => Value::Text(value.to_owned()),
        },
    }
}

fn count(number: usize) -> Value {
    Value::Count(number as u64)
}

fn ids(ids: &[BrokerId]) -> Value {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Value::Text(ids.join(", "))
}

impl Placeholder {
    /// What it is, in a step between two worlds.
    ///
    /// # Errors
    /// When the world has no such thing.
    pub fn fill(&self, start: &View, end: &View) -> Result<Value, Unfilled> {
        let step = match self.when {
            When::Start => Between { start, end: start },
            When::End => Between { start, end },
        };
        let value = step
            .value(&self.what)
            .and_then(|value| shown(value, self.how))
            .map_err(|why| Unfilled(format!("{self}: {why}")))?;
        Ok(value)
    }
}

fn shown(value: Value, how: How) -> Result<Value, String> {
    let number = match &value {
        Value::Count(number) => i64::try_from(*number).ok(),
        Value::Number(number) => Some(*number),
        Value::Text(_) => None,
    };
    let word = || {
        let word = number.and_then(in_words);
        word.ok_or_else(|| format!("{value} is not a number that prose writes as a word"))
    };
    Ok(match how {
        How::AsIs => value,
        How::Word => Value::Text(word()?.to_owned()),
        How::Capital => {
            let word = word()?;
            Value::Text(word[..1].to_uppercase() + &word[1..])
        }
        How::And => {
            let list = value.to_string();
            Value::Text(match list.rsplit_once(", ") {
                Some((before, last)) => format!("{before} and {last}"),
                None => list,
            })
        }
        How::Plural => Value::Text(if number == Some(1) { "" } else { "s" }.to_owned()),
    })
}

impl<'a> Between<'a> {
    fn value(&self, what: &What) -> Result<Value, String> {
        Ok(match what {
            What::Brokers => count(self.world().brokers().count()),
            What::Topics => count(self.controller()?.store().topics().len()),
            What::Controller => {
                let id = self.controller()?.host();
                Value::Number(i64::from(id.0))
            }
            What::Latency => Value::Text(spelled(self.world().plan().latency)),
            What::Time => {
                let millis = self.world().now().as_millis();
                let (minutes, seconds) = (millis / 60_000, millis / 1_000 % 60);
                Value::Text(format!("{minutes:02}:{seconds:02}.{:03}", millis % 1_000))
            }
            What::BrokerSetting(name) => {
                let value = self.world().plan().broker_settings.get(name);
                setting(name, value.ok_or("the plan does not give this setting")?)
            }
            What::Partitions(topic) => count(self.partitions(topic)?.len()),
            What::Replication(topic) => count(self.partitions(topic)?[0].replicas.len()),
            What::Records(topic) => {
                let held = self
                    .every(topic)?
                    .map(|name| Ok(held(self.leading(&name)?)));
                Value::Count(held.sum::<Result<u64, String>>()?)
            }
            What::Leader(name) => Value::Number(i64::from(self.state(name)?.leader.0)),
            What::Epoch(name) => Value::Number(i64::from(self.state(name)?.leader_epoch.0)),
            What::Replicas(name) => ids(&self.state(name)?.replicas),
            What::Isr(name) => ids(&self.state(name)?.isr),
            What::InSync(name) => count(self.state(name)?.isr.len()),
            What::HighWatermark(name, None) => {
                Value::Number(self.leading(name)?.high_watermark().0)
            }
            What::HighWatermark(name, Some(broker)) => {
                Value::Number(self.replica(name, *broker)?.high_watermark().0)
            }
            What::LogEnd(name, broker) => Value::Number(self.replica(name, *broker)?.log_end().0),
            What::LogStart(name) | What::First(name) => {
                Value::Number(self.leading(name)?.log_start().0)
            }
            What::Count(name) => Value::Count(held(self.leading(name)?)),
            What::Last(name) => Value::Number(self.leading(name)?.log_end().0 - 1),
            What::Next(name) => Value::Number(self.leading(name)?.log_end().0),
            What::Hash(key) => Value::Number(i64::from(murmur2(key.as_bytes()))),
            What::Masked(key) => Value::Number(i64::from(murmur2(key.as_bytes()) & i32::MAX)),
            What::PartitionOf(key, topic) => {
                let partitions = u32::try_from(self.partitions(topic)?.len()).unwrap_or(u32::MAX);
                Value::Number(i64::from(partition_of_key(key.as_bytes(), partitions)))
            }
            What::Remainder(key, by) => {
                Value::Number(i64::from(partition_of_key(key.as_bytes(), *by)))
            }
            What::Homes(key, topic) => {
                let mut homes = Vec::new();
                for name in self.every(topic)? {
                    if self.keyed(key, &name)? > 0 {
                        homes.push(name.partition.to_string());
                    }
                }
                match homes.is_empty() {
                    true => return Err(format!("{topic} holds no record of {key}")),
                    false => Value::Text(homes.join(", ")),
                }
            }
            What::Keyed(key, topic) => {
                let keyed = self.every(topic)?.map(|name| self.keyed(key, &name));
                Value::Count(keyed.sum::<Result<u64, String>>()?)
            }
            What::Key(id) => Value::Text(text(self.record(id)?.1.key.as_deref())),
            What::Value(id) => Value::Text(text(self.record(id)?.1.value.as_deref())),
            What::Timestamp(id) => Value::Number(self.record(id)?.1.timestamp),
            What::Headers(id) => count(self.record(id)?.1.headers.len()),
            What::Header(id, name) => {
                let headers = self.record(id)?.1.headers;
                let header = headers.iter().find(|header| header.key == *name);
                Value::Text(text(header.ok_or("no such header")?.value.as_deref()))
            }
            What::RecordBytes(id) => {
                let (batch, record) = self.record(id)?;
                let fields =
                    describe_records(&batch, INFLATION_LIMIT).map_err(|why| why.to_string())?;
                let index = usize::try_from(record.offset.0 - batch.base_offset().0).unwrap_or(0);
                let field = fields.children.get(index).ok_or("no such record")?;
                count(field.end - field.start)
            }
            What::KeyBytes(id) => count(self.record(id)?.1.key.map_or(0, |key| key.len())),
            What::ValueBytes(id) => count(self.record(id)?.1.value.map_or(0, |value| value.len())),
            What::KeyHex(id) => {
                let key = self.record(id)?.1.key.ok_or("the key is null")?;
                let bytes: Vec<String> = key.iter().map(|byte| format!("{byte:02x}")).collect();
                Value::Text(bytes.join(" "))
            }
            What::BatchBytes(id) => count(self.record(id)?.0.size()),
            What::BatchRecords(id) => count(self.record(id)?.0.records().count()),
            What::BatchHeader => count(HEADER_SIZE),
            What::Name(id) => {
                let mut clients = self.world().plan().clients.iter();
                let client = clients.find(|client| client.id == *id);
                Value::Text(
                    client
                        .ok_or_else(|| format!("the plan has no {id}"))?
                        .name
                        .to_string(),
                )
            }
            What::Setting(id, name) => {
                let host = self.world().host(*id);
                let value = match host.map(|host| (host.producer(), host.consumer())) {
                    Some((Some(producer), _)) => producer.config().get(name),
                    Some((_, Some(consumer))) => consumer.config().get(name),
                    _ => return Err(format!("{id} is neither a producer nor a consumer")),
                };
                setting(
                    name,
                    &value.ok_or_else(|| format!("{id} has no setting {name}"))?,
                )
            }
            What::Position(id, name) => {
                let consumer = self.world().host(*id).and_then(|host| host.consumer());
                let consumer = consumer.ok_or_else(|| format!("{id} is not a consumer"))?;
                let position = consumer.partition(name).and_then(|view| view.position);
                Value::Number(
                    position
                        .ok_or_else(|| format!("{id} does not read {name}"))?
                        .0,
                )
            }
            What::Consumed(id, name) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::RecordsConsumed {
                    partition, records, ..
                } if partition == name => *records,
                _ => 0,
            })),
            What::FirstAcknowledged(id) => Value::Number(self.acknowledged(*id, When::Start)?),
            What::LastAcknowledged(id) => Value::Number(self.acknowledged(*id, When::End)?),
            What::Acknowledged(id) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::RecordsAcknowledged { records, .. } => *records,
                _ => 0,
            })),
            What::Batches(id) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::BatchSent { attempt: 1, .. } => 1,
                _ => 0,
            })),
            What::Queued(id) => Value::Count(
                self.choices(*id)
                    .map(|(_, records)| u64::from(records))
                    .sum(),
            ),
            What::Chosen(id) => {
                let chosen: Vec<String> =
                    self.chosen(*id).iter().map(ToString::to_string).collect();
                Value::Text(chosen.join(", "))
            }
            What::Spread(id) => count(self.chosen(*id).len()),
            What::Audit(which) => {
                let report = self.end.observed.audit.report(self.world());
                Value::Count(match which {
                    Audited::Acknowledged => report.acknowledged,
                    Audited::Readable => report.readable,
                    Audited::Lost => report.lost,
                })
            }
            What::Facts(pattern) => count(self.news().filter(|entry| pattern.means(entry)).count()),
            What::Error(error) => Value::Number(i64::from(error.code())),
        })
    }
}

impl Pattern {
    /// Whether this is such a fact.
    pub fn means(&self, entry: &Entry) -> bool {
        self.matches(entry.by, &entry.fact.to_string())
    }
}

fn held(replica: &Partition) -> u64 {
    let held = replica.log_end() - replica.log_start();
    u64::try_from(held).unwrap_or(0)
}

/// Bytes as prose shows them.
fn text(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "null".to_owned(),
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators_and_ids_have_none() {
        for (value, text) in [
            (Value::Count(7), "7"),
            (Value::Count(1_203), "1,203"),
            (Value::Count(1_000_000), "1,000,000"),
            (Value::Number(1_203), "1203"),
            (Value::Number(-826_647_927), "−826647927"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn spans_are_written_as_prose_writes_them() {
        for (name, value, text) in [
            ("linger.ms", "100ms", "100 ms"),
            ("linger.ms", "100", "100 ms"),
            ("replica.lag.time.max.ms", "10000", "10 s"),
            ("batch.size", "16384", "16,384"),
            ("acks", "all", "all"),
        ] {
            assert_eq!(setting(name, value).to_string(), text);
        }
    }

    #[test]
    fn numbers_become_words_where_prose_has_words() {
        assert_eq!(
            shown(Value::Count(3), How::Word),
            Ok(Value::Text("three".into()))
        );
        assert_eq!(
            shown(Value::Count(3), How::Capital),
            Ok(Value::Text("Three".into()))
        );
        assert_eq!(
            shown(Value::Count(1), How::Plural),
            Ok(Value::Text(String::new()))
        );
        let list = |text: &str| Value::Text(text.to_owned());
        assert_eq!(shown(list("2, 3, 1"), How::And), Ok(list("2, 3 and 1")));
        assert_eq!(shown(list("2"), How::And), Ok(list("2")));
        assert!(shown(Value::Count(13), How::Word).is_err());
        assert!(shown(Value::Text("2, 3".into()), How::Word).is_err());
    }
}
