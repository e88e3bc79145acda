//! How instants, spans and facts are said.

use std::rc::Rc;

use super::Session;
use super::timeline::weight;
use crate::fact::{CloseReason, Entry, Fact, clipped};
use crate::stage::extract;
use crate::time::{Duration, Instant};

/// What the narrator says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub at: Instant,
    pub sentence: Rc<str>,
    pub fault: bool,
}

/// What weighs more than anything else.
const TOLD: u8 = 10;

/// The weightiest thing among the entries after `after` that weighs at least so much; among equals the newest.
pub fn weightiest(session: &Session, after: u64, least: u8) -> Option<Said> {
    let entries = session.journal().since(after);
    let weight = |entry: &&Entry| told_weight(session, entry);
    let best = entries
        .filter(|entry| weight(entry) >= least)
        .max_by_key(weight)?;
    Some(said(session, best))
}

/// What a step of a lesson is about is told before anything else, and what its script does last.
fn told_weight(session: &Session, entry: &Entry) -> u8 {
    let told = session.chapters().iter();
    let mut told = told.filter(|_| !session.is_touched());
    if told.any(|chapter| chapter.event == Some(entry.number)) {
        return TOLD;
    }
    match entry.fact {
        Fact::Commanded { .. } if !session.is_own(entry.number) => 1,
        _ => weight(&entry.fact),
    }
}

fn said(session: &Session, entry: &Entry) -> Said {
    let fault = match &entry.fact {
        Fact::SendFailed { .. }
        | Fact::ProduceRefused { .. }
        | Fact::ReadingFailed { .. }
        | Fact::ErrandRefused { .. }
        | Fact::SendWillRetry { .. } => true,
        // Nobody did anything wrong on a connection that nobody used.
        Fact::RequestRejected { why, .. } => **why != *CloseReason::Idle.to_string(),
        _ => false,
    };
    Said {
        at: entry.at,
        sentence: sentence(session, entry).into(),
        fault,
    }
}

/// An entry as a sentence that calls clients by their own names, and says who gave a command.
pub fn sentence(session: &Session, entry: &Entry) -> String {
    if let Fact::Commanded { line } = &entry.fact {
        let line = clipped(line);
        return match session.is_own(entry.number) {
            true => format!("You: {line}"),
            false => format!("The script: {line}"),
        };
    }
    match entry.by {
        Some(by) if by.broker().is_none() => {
            entry.sentence_by(&extract::client_name(session.world(), by))
        }
        _ => entry.sentence(),
    }
}

/// An instant as the clock shows it: `00:04.020`.
pub fn clock(at: Instant) -> String {
    let millis = at.as_millis();
    format!(
        "{:02}:{:02}.{:03}",
        millis / 60_000,
        millis / 1_000 % 60,
        millis % 1_000
    )
}

/// A span in words: `18 s`, `2 min`.
pub fn span(span: Duration) -> String {
    match span.as_millis() {
        millis if millis < 1_000 => format!("{millis} ms"),
        millis if millis < 10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        millis if millis < 120_000 => format!("{} s", millis / 1_000),
        millis => format!("{} min", millis / 60_000),
    }
}

/// A span that may be long: `7 days`, `12 h`, or as [`span`] has it.
pub fn lasting(long: Duration) -> String {
    const HOUR: u64 = 3_600_000;
    match long.as_millis() {
        millis if millis >= 48 * HOUR && millis.is_multiple_of(24 * HOUR) => {
            format!("{} days", millis / (24 * HOUR))
        }
        millis if millis >= 2 * HOUR && millis.is_multiple_of(HOUR) => {
            format!("{} h", millis / HOUR)
        }
        _ => span(long),
    }
}

/// What is left of a span, as a countdown: begun seconds count, so that it ends with the last of them.
pub fn left(span: Duration) -> String {
    format!("{} s", span.as_millis().div_ceil(1_000))
}

/// A count as people write it: `1,204`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
