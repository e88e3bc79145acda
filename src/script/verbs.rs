//! Lines that do something: a verb, who does it, and how.

use bytes::Bytes;

use super::description::{brokers, client};
use super::faults;
use super::parse::partition;
use super::words::Words;
use crate::model::{Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::process::{Configured, Election, Errand, Instruction, Load, NewRecord, SeekTo};
use crate::time::Timestamp;
use crate::world::Command;

/// Those that most people look for come first: where there is little room the rest is cut off.
const VERBS: &str = "kill, restart, cut, heal, produce, load, stop-load, run, set, create-topic, \
    stop, freeze, thaw, isolate, hold, release, latency, reset, expire, disk, clock, \
    producer, consumer, admin, assign, seek, commit, pause, resume, delete-topic, add-partitions, move, elect, \
    alter, describe, delete-records, socket, connect, bytes, close, show, at, step";

pub(super) fn command(words: &mut Words) -> Result<Command, String> {
    if let Some(fault) = faults::command(words)? {
        return Ok(fault);
    }
    let verb = words.verb.clone();
    Ok(match verb.as_str() {
        "produce" => produce(words)?,
        "load" => load(words)?,
        "stop-load" => tell(
            words.process("a producer such as p1")?,
            Instruction::StopLoad,
        ),
        "set" => {
            let id = words.process("a client such as p1")?;
            let settings = words.settings()?;
            let mut settings = settings.into_iter();
            let one = settings
                .next()
                .ok_or("set needs one setting such as acks=all")?;
            if settings.next().is_some() {
                return Err("set changes one setting a line".to_owned());
            }
            tell(
                id,
                Instruction::Configure {
                    name: one.0,
                    value: one.1,
                },
            )
        }
        "assign" => {
            let id = words.process("a consumer such as c1")?;
            let partitions = partitions(words)?;
            tell(id, Instruction::Assign { partitions })
        }
        "seek" => {
            let id = words.process("a consumer such as c1")?;
            let partition = partition(&words.word("a partition such as orders-0")?)?;
            let to = words.word("beginning, end or an offset such as @12")?;
            let to = match (to.as_str(), to.strip_prefix('@').map(str::parse::<i64>)) {
                ("beginning", _) => SeekTo::Beginning,
                ("end", _) => SeekTo::End,
                (_, Some(Ok(offset))) if offset >= 0 => SeekTo::Offset(Offset(offset)),
                _ => {
                    return Err(format!(
                        "{to} is not beginning, end or an offset such as @12"
                    ));
                }
            };
            tell(id, Instruction::Seek { partition, to })
        }
        "commit" => tell(reader(words, "produce")?, Instruction::Commit),
        "pause" | "resume" => {
            let pauses = verb == "pause";
            let id = reader(words, if pauses { "freeze" } else { "thaw" })?;
            let partitions = partitions(words)?;
            tell(
                id,
                match pauses {
                    true => Instruction::Pause { partitions },
                    false => Instruction::Resume { partitions },
                },
            )
        }
        "create-topic" => {
            let id = words.process("an admin client such as a1")?;
            let topic = TopicName::new(&words.word("a topic name")?);
            let partitions = words.number("partitions")?.unwrap_or(-1);
            let replication_factor = words.number("replication")?.unwrap_or(-1);
            let configs = words.settings()?.into_iter().collect();
            tell(
                id,
                Instruction::CreateTopic {
                    topic,
                    partitions,
                    replication_factor,
                    configs,
                },
            )
        }
        "delete-topic" | "add-partitions" | "move" | "elect" | "alter" | "describe"
        | "delete-records" => errand(words)?,
        "producer" | "consumer" | "admin" | "socket" => Command::AddClient(client(words)?),
        "connect" => {
            let socket = words.process("a socket such as s1")?;
            Command::OpenSocket {
                socket,
                to: words.word("a broker such as b1")?.into(),
                from: words.text("from")?.map(Text::from),
            }
        }
        "bytes" => {
            let socket = words.process("a socket such as s1")?;
            let digits: String = words.words.drain(..).collect();
            Command::WriteSocket {
                socket,
                bytes: hex(&digits)?,
            }
        }
        "close" => Command::CloseSocket {
            socket: words.process("a socket such as s1")?,
        },
        _ => return Err(unknown(&verb)),
    })
}

/// What is said of a word that is no command: the one that was probably meant, or all that there are.
fn unknown(verb: &str) -> String {
    let near = VERBS
        .split(", ")
        .map(|known| (distance(verb, known), known))
        .filter(|(far, known)| *far <= 1 + known.len() / 5)
        .min_by_key(|(far, _)| *far);
    match near.map(|(_, known)| known) {
        Some(near) => format!("{verb} is no command; the nearest is {near}"),
        None => format!("{} is none of {VERBS}", shortened(verb)),
    }
}

/// The beginning of a word that nobody means.
fn shortened(verb: &str) -> String {
    const SHOWN: usize = 24;
    match verb.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &verb[..at]),
        None => verb.to_owned(),
    }
}

/// How many letters have to be changed, added, left out or swapped with the next to make one word of the other; words
/// whose lengths differ much are as far apart as that.
fn distance(one: &str, other: &str) -> usize {
    if one.len().abs_diff(other.len()) > 3 {
        return one.len().abs_diff(other.len());
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let (mut above, mut before) = (row.clone(), None);
    for (i, letter) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, found) in other.iter().enumerate() {
            let changed = row[j] + usize::from(letter != *found);
            let mut least = changed.min(next[j] + 1).min(row[j + 1] + 1);
            if j > 0 && before == Some(*found) && letter == other[j - 1] {
                least = least.min(above[j - 1] + 1);
            }
            next.push(least);
        }
        (above, row) = (row, next);
        before = Some(letter);
    }
    row[other.len()]
}

/// What an admin client sees to: a topic or a partition, and what shall become of it.
fn errand(words: &mut Words) -> Result<Command, String> {
    let verb = words.verb.clone();
    let id = words.process("an admin client such as a1")?;
    let errand = match verb.as_str() {
        "delete-topic" | "add-partitions" => {
            let topic = TopicName::new(&words.word("a topic name")?);
            match verb.as_str() {
                "delete-topic" => Errand::DeleteTopic { topic },
                _ => {
                    let count = words.word("how many partitions there shall be in all")?;
                    let count = count.parse();
                    let count = count.map_err(|_| "partitions are counted, as in 6".to_owned())?;
                    Errand::AddPartitions { topic, count }
                }
            }
        }
        "alter" => {
            let of = configured(words)?;
            let set = words.settings()?.into_iter();
            let mut configs: Vec<(Text, Option<Text>)> =
                set.map(|(name, value)| (name, Some(value))).collect();
            // A setting without a value gets its default back.
            configs.extend(words.words.drain(..).map(|name| (name.into(), None)));
            if configs.is_empty() {
                return Err("alter needs a setting such as retention.ms=1000".to_owned());
            }
            Errand::Alter { of, configs }
        }
        "describe" => {
            let of = configured(words)?;
            let names: Vec<Text> = words.words.drain(..).map(Text::from).collect();
            if names.is_empty() {
                return Err("describe needs a setting such as retention.ms".to_owned());
            }
            Errand::Describe { of, names }
        }
        "delete-records" => {
            let partition = partition(&words.word("a partition such as orders-0")?)?;
            let before = words.word("an offset such as @12, or end")?;
            let before = match (before.as_str(), before.strip_prefix('@').map(str::parse)) {
                ("end", _) => None,
                (_, Some(Ok(offset @ 0..))) => Some(Offset(offset)),
                _ => return Err(format!("{before} is neither an offset such as @12 nor end")),
            };
            Errand::DeleteRecords { partition, before }
        }
        "move" => {
            let partition = partition(&words.word("a partition such as orders-0")?)?;
            let to = words.word("brokers such as 2,3,1, or cancel")?;
            let replicas = match to.as_str() {
                "cancel" => None,
                ids => Some(brokers(ids)?),
            };
            Errand::Move {
                partition,
                replicas,
            }
        }
        _ => {
            let partition = partition(&words.word("a partition such as orders-0")?)?;
            let election = match words.word("preferred or unclean")?.as_str() {
                "preferred" => Election::Preferred,
                "unclean" => Election::Unclean,
                other => return Err(format!("{other} is neither preferred nor unclean")),
            };
            Errand::Elect {
                partition,
                election,
            }
        }
    };
    Ok(tell(id, Instruction::Administer(errand)))
}

/// A topic, a broker such as b1, or brokers: what has settings.
fn configured(words: &mut Words) -> Result<Configured, String> {
    Ok(match words.text("topic")? {
        Some(topic) => Configured::Topic(TopicName::new(&topic)),
        None => Configured::parse(&words.word("a topic, a broker such as b1, or brokers")?),
    })
}

fn tell(client: ProcessId, instruction: Instruction) -> Command {
    Command::Tell {
        client,
        instruction,
    }
}

fn hex(digits: &str) -> Result<Bytes, String> {
    let wrong = || "bytes takes pairs of hex digits such as 00 12 ff".to_owned();
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let pairs = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
    pairs
        .collect::<Result<Vec<u8>, _>>()
        .map(Bytes::from)
        .map_err(|_| wrong())
}

/// A consumer whose reading is meant. `other` is the word for stopping and starting any process.
fn reader(words: &mut Words, other: &str) -> Result<ProcessId, String> {
    let id = words.process("a consumer such as c1")?;
    match id {
        ProcessId::Consumer(_) => Ok(id),
        _ => Err(format!(
            "{id} is not a consumer such as c1; for a process as a whole say {other} {id}"
        )),
    }
}

/// All partitions that a line still names.
fn partitions(words: &mut Words) -> Result<Vec<TopicPartition>, String> {
    words.words.drain(..).map(|word| partition(&word)).collect()
}

/// `orders` or `orders-0`: with a partition when what follows the last hyphen is a number.
pub(super) fn target(text: &str) -> Result<(TopicName, Option<i32>), String> {
    if let Some(found) = TopicPartition::parse(text) {
        return Ok((found.topic, Some(found.partition)));
    }
    TopicName::check(text).map_err(|rule| format!("{text}: {rule}"))?;
    Ok((TopicName::new(text), None))
}

fn produce(words: &mut Words) -> Result<Command, String> {
    let id = words.process("a producer such as p1")?;
    let (topic, partition) = match words.text("topic")? {
        // A topic whose own name ends in a number is written out.
        Some(topic) => (TopicName::new(&topic), words.number("partition")?),
        None => target(&words.word("a topic or partition such as orders-0")?)?,
    };
    let mut record = NewRecord {
        key: words.pairs.remove("key").map(Bytes::from),
        ..NewRecord::default()
    };
    record.timestamp = words.number("timestamp")?.map(Timestamp);
    let names: Vec<String> = words.pairs.keys().cloned().collect();
    for name in names {
        let header = name.strip_prefix("header.").ok_or_else(|| {
            format!(
                "produce has no {name}=; it takes key=, timestamp=, header.NAME= and a quoted value"
            )
        })?;
        let value = words.pairs.remove(&name).map(Bytes::from);
        record.headers.push((header.into(), value));
    }
    if words.words.front().is_some_and(|word| word == "null") {
        words.words.pop_front();
    } else {
        let value = words
            .quoted
            .pop()
            .ok_or("produce needs a quoted value, or null")?;
        record.value = Some(Bytes::from(value));
    }
    Ok(tell(
        id,
        Instruction::Produce {
            topic,
            partition,
            record,
        },
    ))
}

fn load(words: &mut Words) -> Result<Command, String> {
    let id = words.process("a producer such as p1")?;
    let topic = words.word("a topic")?;
    TopicName::check(&topic).map_err(|rule| format!("{topic}: {rule}"))?;
    let keys = words.text("keys")?.unwrap_or_default();
    let interval = words
        .span("every")?
        .ok_or("load needs every=, such as every=250ms")?;
    if interval.is_zero() {
        return Err("every= is longer than nothing".to_owned());
    }
    let load = Load {
        topic: TopicName::new(&topic),
        burst: words.number("burst")?.unwrap_or(1),
        interval,
        keys: keys
            .split(',')
            .filter(|key| !key.is_empty())
            .map(Text::from)
            .collect(),
        value_size: words.number("size")?.unwrap_or(32),
        tombstones: words.number("tombstones")?,
        limit: words.number("limit")?,
    };
    if load.tombstones == Some(0) {
        return Err(
            "tombstones= is from 1 on: of so many records the last has no value".to_owned(),
        );
    }
    if load.burst == 0 || load.burst > 100_000 {
        return Err("burst= is from 1 to 100000".to_owned());
    }
    if load.value_size > 1_000_000 {
        return Err("size= is at most 1000000".to_owned());
    }
    Ok(tell(id, Instruction::StartLoad(load)))
}

#[cfg(test)]
mod tests {
    use super::super::parse_line;

    #[test]
    fn a_word_that_is_no_command_is_answered_with_one_that_is() {
        let said = |line: &str| parse_line(line).unwrap_err();
        assert_eq!(said("kil b2"), "kil is no command; the nearest is kill");
        assert_eq!(said("hodl b2"), "hodl is no command; the nearest is hold");
        // The nearest, not the first that is near.
        assert_eq!(
            said("resat b2"),
            "resat is no command; the nearest is reset"
        );
        assert_eq!(
            said("creat-topics a1 orders"),
            "creat-topics is no command; the nearest is create-topic"
        );
        let far = said("explode b2");
        assert!(far.starts_with("explode is none of kill, restart"), "{far}");
        let long = said(&"ж".repeat(4_000));
        assert!(long.starts_with("жжжж") && long.len() < 600, "{long}");
    }
}
