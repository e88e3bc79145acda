//! Lines to actions.

use crate::sorted::SortedMap;

use bytes::Bytes;

use super::token::{Token, tokens};
use super::{Action, Line, Script, Shown};
use crate::controller::assignment;
use crate::fact::Fact;
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::process::{Instruction, Load, NewRecord, SeekTo};
use crate::rng::Seed;
use crate::time::{Duration, Instant, Timestamp};
use crate::world::{ClientPlan, Command, End, Links, Place, Plan, TopicPlan, Ways};

/// A line that could not be read or carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and what would have been accepted.
    pub sentence: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// A script longer than this is refused before it is read.
pub const MOST_BYTES: usize = 1 << 20;

/// Reads a whole script. Expected output between `---` and the next blank line is passed over.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str) -> Result<Script, Unreadable> {
    let at = |line, sentence: String| Unreadable { line, sentence };
    if text.len() > MOST_BYTES {
        return Err(at(1, "a script has at most 1 MiB".to_owned()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Describing {
        plan: Plan::default(),
        seed: Seed(1),
        worlds: 0,
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut expected = false;
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        if expected || raw.trim() == "---" {
            expected = !raw.trim().is_empty();
            continue;
        }
        let tokens = tokens(raw).map_err(|sentence| at(number, sentence))?;
        if tokens.is_empty() {
            continue;
        }
        let described = lines.is_empty()
            && reader
                .describe(tokens.clone())
                .map_err(|sentence| at(number, sentence))?;
        if !described {
            let action = action(tokens).map_err(|sentence| at(number, sentence))?;
            lines.push(Line { number, action });
        }
    }
    let Describing { plan, seed, .. } = reader;
    plan.check().map_err(|refused| at(1, refused.0))?;
    Ok(Script { plan, seed, lines })
}

/// Reads one line as something to do now.
///
/// # Errors
/// What is wrong and what would have been accepted.
pub fn parse_line(line: &str) -> Result<Action, String> {
    action(tokens(line)?)
}

struct Describing {
    plan: Plan,
    seed: Seed,
    worlds: usize,
}

/// The words of one line after its verb.
struct Words {
    verb: String,
    words: std::collections::VecDeque<String>,
    pairs: SortedMap<String, Vec<u8>>,
    quoted: Vec<Vec<u8>>,
}

impl Words {
    fn new(tokens: Vec<Token>) -> Result<Words, String> {
        let mut found = Words {
            verb: String::new(),
            words: Default::default(),
            pairs: SortedMap::new(),
            quoted: Vec::new(),
        };
        for token in tokens {
            match token {
                Token::Word(word) => found.words.push_back(word),
                Token::Quoted(bytes) => found.quoted.push(bytes),
                Token::Pair(name, value) => {
                    if found.pairs.insert(name.clone(), value).is_some() {
                        return Err(format!("{name} is given twice"));
                    }
                }
            }
        }
        found.verb = found
            .words
            .pop_front()
            .ok_or("a line begins with a word such as run")?;
        Ok(found)
    }

    fn word(&mut self, what: &str) -> Result<String, String> {
        let verb = &self.verb;
        self.words
            .pop_front()
            .ok_or_else(|| format!("{verb} needs {what}"))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(bytes) = self.pairs.remove(name) else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not text"))?;
        Ok(Some(text))
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| format!("{name}={text} is not a number that fits"))
    }

    fn span(&mut self, name: &str) -> Result<Option<Duration>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let span = Duration::parse(&text);
        span.map(Some)
            .ok_or_else(|| format!("{name}={text} is not a time such as 40ms or 1.5s"))
    }

    fn process(&mut self, what: &str) -> Result<ProcessId, String> {
        let word = self.word(what)?;
        ProcessId::parse(&word).ok_or_else(|| format!("{word} is not {what}"))
    }

    /// Everything left that is name=value.
    fn settings(&mut self) -> Result<SortedMap<Text, Text>, String> {
        let mut settings = SortedMap::new();
        for (name, value) in std::mem::take(&mut self.pairs) {
            let value = String::from_utf8(value).map_err(|_| format!("{name} is not text"))?;
            settings.insert(name.into(), value.into());
        }
        Ok(settings)
    }

    fn done(self) -> Result<(), String> {
        let verb = &self.verb;
        if let Some(word) = self.words.front() {
            return Err(format!("{verb} does not know what {word} is"));
        }
        if let Some(name) = self.pairs.keys().next() {
            return Err(format!("{verb} has no {name}="));
        }
        if !self.quoted.is_empty() {
            return Err(format!("{verb} takes no quoted text"));
        }
        Ok(())
    }
}

fn brokers(text: &str) -> Result<Vec<BrokerId>, String> {
    let id = |part: &str| part.trim().parse().map(BrokerId);
    let ids: Result<Vec<_>, _> = text.split(',').map(id).collect();
    ids.map_err(|_| format!("{text} is not a list of broker ids such as 1,2,3"))
}

impl Describing {
    /// True when the line described the world, false when it is something to do.
    fn describe(&mut self, tokens: Vec<Token>) -> Result<bool, String> {
        let mut words = Words::new(tokens)?;
        match words.verb.as_str() {
            "world" => self.world(&mut words)?,
            "topic" => self.topic(&mut words)?,
            "producer" | "consumer" | "admin" | "socket" => {
                let client = client(&mut words)?;
                self.plan.clients.push(client);
            }
            _ => return Ok(false),
        }
        words.done()?;
        Ok(true)
    }

    fn world(&mut self, words: &mut Words) -> Result<(), String> {
        self.worlds += 1;
        if self.worlds > 1 || !self.plan.topics.is_empty() || !self.plan.clients.is_empty() {
            return Err("world comes once, before everything else".to_owned());
        }
        if let Some(text) = words.text("brokers")? {
            self.plan.brokers = match (text.contains(','), text.parse::<i32>()) {
                (false, Ok(count)) if (1..=99).contains(&count) => {
                    (1..=count).map(BrokerId).collect()
                }
                (true, _) => brokers(&text)?,
                _ => {
                    return Err(format!(
                        "brokers={text} is not a count such as 3 or a list such as 1,2,3"
                    ));
                }
            };
            self.plan.controller = self
                .plan
                .brokers
                .iter()
                .min()
                .copied()
                .unwrap_or(BrokerId::NONE);
        }
        if let Some(id) = words.number("controller")? {
            self.plan.controller = BrokerId(id);
        }
        if let Some(seed) = words.number("seed")? {
            self.seed = Seed(seed);
        }
        if let Some(epoch) = words.number("epoch")? {
            self.plan.epoch = Timestamp(epoch);
        }
        self.plan.latency = words.span("latency")?.unwrap_or(self.plan.latency);
        self.plan.jitter = words.span("jitter")?.unwrap_or(self.plan.jitter);
        self.plan.broker_settings = words.settings()?;
        Ok(())
    }

    fn topic(&mut self, words: &mut Words) -> Result<(), String> {
        let name = words.word("a name")?;
        let partitions: Option<usize> = words.number("partitions")?;
        let factor: Option<usize> = words.number("replication")?;
        let listed = words.text("replicas")?;
        let replicas = match (listed, factor) {
            (Some(_), Some(_)) => return Err("give replicas= or replication=, not both".to_owned()),
            (Some(text), None) => {
                let lists: Result<Vec<_>, _> = text.split('/').map(brokers).collect();
                let lists = lists?;
                match (lists.len(), partitions) {
                    (1, Some(count)) if count <= 1_000 => vec![lists[0].clone(); count],
                    (count, Some(asked)) if count != asked => {
                        return Err(format!(
                            "replicas= lists {count} partitions, partitions= says {asked}"
                        ));
                    }
                    _ => lists,
                }
            }
            (None, factor) => {
                let count = partitions.unwrap_or(1);
                let factor = factor.unwrap_or(self.plan.brokers.len().min(3));
                if count == 0 || count > 1_000 {
                    return Err(format!("partitions={count} is not from 1 to 1000"));
                }
                if factor == 0 || factor > self.plan.brokers.len() {
                    let most = self.plan.brokers.len();
                    return Err(format!(
                        "replication={factor} is not from 1 to {most}, the brokers there are"
                    ));
                }
                assignment::assign(
                    &self.plan.brokers,
                    count,
                    factor,
                    assignment::Start { first: 0, shift: 0 },
                    0,
                )
            }
        };
        let configs = words.settings()?;
        self.plan.topics.push(TopicPlan {
            name: TopicName::new(&name),
            replicas,
            configs,
        });
        Ok(())
    }
}

fn client(words: &mut Words) -> Result<ClientPlan, String> {
    let verb = words.verb.clone();
    let id = words.process("an id such as p1, c1, a1 or s1")?;
    let fits = match id {
        ProcessId::Producer(_) => verb == "producer",
        ProcessId::Consumer(_) => verb == "consumer",
        ProcessId::Admin(_) => verb == "admin",
        ProcessId::Socket(_) => verb == "socket",
        ProcessId::Broker(_) | ProcessId::ZooKeeper(_) => false,
    };
    if !fits {
        let letter = &verb[..1];
        return Err(format!(
            "{id} is not a {verb}; a {verb} is {letter}1, {letter}2 and so on"
        ));
    }
    let name = words.text("name")?.unwrap_or_else(|| id.to_string());
    Ok(ClientPlan {
        id,
        name: name.into(),
        settings: words.settings()?,
    })
}

const VERBS: &str = "run, at, step, produce, load, stop-load, set, assign, seek, pause, resume, \
    create-topic, hold, release, latency, producer, consumer, admin, socket, connect, bytes, close, show";

fn action(tokens: Vec<Token>) -> Result<Action, String> {
    let mut words = Words::new(tokens)?;
    let action = match words.verb.as_str() {
        "run" => run(&mut words)?,
        "at" => Action::At(place(&words.word("a time such as 1.204s")?)?),
        "step" => Action::Step(match words.words.pop_front() {
            None => 1,
            Some(count) => count
                .parse()
                .map_err(|_| format!("step {count} is not a count"))?,
        }),
        "show" => Action::Show(shown(&mut words)?),
        "world" | "topic" => {
            return Err(format!(
                "{} comes before everything that is done",
                words.verb
            ));
        }
        _ => Action::Command(command(&mut words)?),
    };
    words.done()?;
    Ok(action)
}

fn run(words: &mut Words) -> Result<Action, String> {
    let text = words.word("a time such as 1s")?;
    let span = Duration::parse(&text).filter(|span| *span <= Duration::from_secs(86_400));
    let span = span
        .ok_or_else(|| format!("run {text} is not a time such as 40ms, 1.5s or 10m, up to 24h"))?;
    let mut only = Vec::new();
    if let Some(kinds) = words.text("only")? {
        for kind in kinds.split(',') {
            let known = Fact::KINDS.iter().find(|known| **known == kind);
            only.push(
                *known
                    .ok_or_else(|| format!("only={kind} is none of {}", Fact::KINDS.join(" ")))?,
            );
        }
    }
    Ok(Action::Run { span, only })
}

fn place(text: &str) -> Result<Place, String> {
    let (at, steps) = match text.split_once('+') {
        None => (text, Some(u32::MAX)),
        Some((at, steps)) => (at, steps.parse().ok()),
    };
    match (Instant::parse(at), steps) {
        (Some(at), Some(steps)) => Ok(Place { at, steps }),
        _ => Err(format!("{text} is not a place such as 1.204s or 1.204s+2")),
    }
}

fn shown(words: &mut Words) -> Result<Shown, String> {
    let what = words.word("replicas, log, metadata, clients, audit or digest")?;
    Ok(match what.as_str() {
        "replicas" => Shown::Replicas,
        "log" => Shown::Log(partition(&words.word("a partition such as orders-0")?)?),
        "metadata" => Shown::Metadata,
        "clients" => Shown::Clients,
        "audit" => Shown::Audit,
        "digest" => Shown::Digest,
        _ => {
            return Err(format!(
                "{what} is none of replicas, log, metadata, clients, audit, digest"
            ));
        }
    })
}

fn partition(text: &str) -> Result<TopicPartition, String> {
    TopicPartition::parse(text).ok_or_else(|| format!("{text} is not a partition such as orders-0"))
}

fn command(words: &mut Words) -> Result<Command, String> {
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
            let partitions: Result<Vec<_>, _> =
                words.words.drain(..).map(|word| partition(&word)).collect();
            tell(
                id,
                Instruction::Assign {
                    partitions: partitions?,
                },
            )
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
        "pause" => tell(
            words.process("a consumer such as c1")?,
            Instruction::PauseReading,
        ),
        "resume" => tell(
            words.process("a consumer such as c1")?,
            Instruction::ResumeReading,
        ),
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
        "producer" | "consumer" | "admin" | "socket" => Command::AddClient(client(words)?),
        "hold" => {
            let (links, ways) = links(&words.word("a link such as b1→b3, or a host")?)?;
            Command::Hold { links, ways }
        }
        "release" => {
            let (links, ways) = links(&words.word("a link such as b1→b3, a host, or all")?)?;
            Command::Release { links, ways }
        }
        "latency" => {
            let (links, ways) = links(&words.word("a link such as b1→b3, a host, or all")?)?;
            let text = words.word("a time such as 400ms, or default")?;
            let latency = match text.as_str() {
                "default" => None,
                text => Some(
                    Duration::parse(text)
                        .ok_or_else(|| format!("{text} is not a time such as 400ms"))?,
                ),
            };
            Command::Latency {
                links,
                ways,
                latency,
            }
        }
        "connect" => {
            let socket = words.process("a socket such as s1")?;
            Command::OpenSocket {
                socket,
                to: words.word("a broker such as b1")?.into(),
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
        _ => return Err(format!("{verb} is none of {VERBS}")),
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

fn links(text: &str) -> Result<(Links, Ways), String> {
    let end = |text: &str| match text {
        "all" | "*" => Ok(End::Any),
        text => {
            let id = ProcessId::parse(text).map(End::Only);
            id.ok_or_else(|| format!("{text} is not a host such as b1, p1 or c1"))
        }
    };
    for arrow in ["↔", "<->", "→", "->"] {
        if let Some((from, to)) = text.split_once(arrow) {
            let ways = if matches!(arrow, "↔" | "<->") {
                Ways::Both
            } else {
                Ways::One
            };
            return Ok((
                Links {
                    from: end(from)?,
                    to: end(to)?,
                },
                ways,
            ));
        }
    }
    Ok((
        Links {
            from: end(text)?,
            to: End::Any,
        },
        Ways::Both,
    ))
}

/// `orders` or `orders-0`: with a partition when what follows the last hyphen is a number.
fn target(text: &str) -> Result<(TopicName, Option<i32>), String> {
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
        limit: words.number("limit")?,
    };
    if load.burst == 0 || load.burst > 100_000 {
        return Err("burst= is from 1 to 100000".to_owned());
    }
    if load.value_size > 1_000_000 {
        return Err("size= is at most 1000000".to_owned());
    }
    Ok(tell(id, Instruction::StartLoad(load)))
}
