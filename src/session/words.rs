//! How instants, spans and facts are said.

use std::rc::Rc;

use super::Session;
use super::timeline::weight;
use crate::fact::{CloseReason, Entry, Fact};
use crate::stage::extract;
use crate::time::{Duration, Instant};

/// What the narrator says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub at: Instant,
    pub sentence: Rc<str>,
    pub fault: bool,
}

/// The weightiest thing among the entries after `after` that weighs at least so much; among equals the newest.
pub fn weightiest(session: &Session, after: u64, least: u8) -> Option<Said> {
    let entries = session.journal().since(after);
    let best = entries
        .filter(|entry| weight(&entry.fact) >= least)
        .max_by_key(|entry| weight(&entry.fact))?;
    Some(said(session, best))
}

fn said(session: &Session, entry: &Entry) -> Said {
    let fault = match &entry.fact {
        Fact::SendFailed { .. }
        | Fact::ProduceRefused { .. }
        | Fact::ReadingFailed { .. }
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

/// An entry as a sentence that calls clients by their own names.
pub fn sentence(session: &Session, entry: &Entry) -> String {
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
