//! Lines to actions.

use super::description::Describing;
use super::token::{Token, tokens};
use super::verbs::command;
use super::words::Words;
use super::{Action, Line, Script, Shown};
use crate::fact::Fact;
use crate::model::{ProcessId, TopicPartition};
use crate::rng::Seed;
use crate::time::{Duration, Instant};
use crate::world::{Place, Plan, Refused};

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

/// A hundred years: no script leads further, so that no clock of its world comes to the end of its numbers.
const LATEST: Instant = Instant::from_secs(876_000 * 3_600);

/// Reads a whole script. Expected output between `---` and the next blank line is passed over.
///
/// # Errors
/// The first line that cannot be read, or a sentence when there is too much of it.
pub fn parse(text: &str) -> Result<Script, Unreadable> {
    if text.len() > MOST_BYTES {
        let sentence = "a script has at most 1 MiB".to_owned();
        return Err(Unreadable { line: 1, sentence });
    }
    parse_long(text)
}

/// Reads a whole script, however long it is: for those who know where it comes from.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse_long(text: &str) -> Result<Script, Unreadable> {
    let at = |line, sentence: String| Unreadable { line, sentence };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Describing {
        plan: Plan::default(),
        seed: Seed(1),
        worlds: 0,
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut described: Vec<Described> = Vec::new();
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
        let describes = lines.is_empty()
            && reader
                .describe(tokens.clone())
                .map_err(|sentence| at(number, sentence))?;
        if describes {
            let Plan {
                topics, clients, ..
            } = &reader.plan;
            described.push(Described {
                number,
                topics: topics.len(),
                clients: clients.len(),
            });
        } else {
            let action = action(tokens).map_err(|sentence| at(number, sentence))?;
            lines.push(Line { number, action });
        }
    }
    let Describing { plan, seed, .. } = reader;
    check(&plan, &described)?;
    Ok(Script { plan, seed, lines })
}

/// How much of the plan there is after a line that describes it.
struct Described {
    number: usize,
    topics: usize,
    clients: usize,
}

/// Finds the first line with which the plan is one that cannot be. What follows does not mend it.
fn check(plan: &Plan, described: &[Described]) -> Result<(), Unreadable> {
    let until = |line: &Described| {
        let mut plan = plan.clone();
        plan.topics.truncate(line.topics);
        plan.clients.truncate(line.clients);
        plan.check()
    };
    let Err(whole) = plan.check() else {
        return Ok(());
    };
    let good = described.partition_point(|line| until(line).is_ok());
    let first = described.get(good);
    let found = first.and_then(|line| Some((line.number, until(line).err()?)));
    let (line, Refused(sentence)) = found.unwrap_or((1, whole));
    Err(Unreadable { line, sentence })
}

/// Reads one line as something to do now.
///
/// # Errors
/// What is wrong and what would have been accepted.
pub fn parse_line(line: &str) -> Result<Action, String> {
    action(tokens(line)?)
}

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
        (Some(at), Some(steps)) if at <= LATEST => Ok(Place { at, steps }),
        _ => Err(format!(
            "{text} is not a place such as 1.204s or 1.204s+2, up to 876000h"
        )),
    }
}

fn shown(words: &mut Words) -> Result<Shown, String> {
    let what = words.word(
        "replicas, log, records, producers, metadata, clients, groups, answers, audit or digest",
    )?;
    Ok(match what.as_str() {
        "replicas" => Shown::Replicas,
        "log" => Shown::Log(partition(&words.word("a partition such as orders-0")?)?),
        "records" => Shown::Records(partition(&words.word("a partition such as orders-0")?)?),
        "producers" => Shown::Producers,
        "metadata" => Shown::Metadata,
        "clients" => Shown::Clients,
        "groups" => Shown::Groups,
        "answers" => match words.process("a socket such as s1")? {
            socket @ ProcessId::Socket(_) => Shown::Answers(socket),
            other => return Err(format!("{other} is not a socket such as s1")),
        },
        "audit" => Shown::Audit,
        "digest" => Shown::Digest,
        _ => {
            return Err(format!(
                "{what} is none of replicas, log, records, producers, metadata, clients, groups, answers, \
                 audit, digest"
            ));
        }
    })
}

pub(super) fn partition(text: &str) -> Result<TopicPartition, String> {
    TopicPartition::parse(text).ok_or_else(|| format!("{text} is not a partition such as orders-0"))
}
