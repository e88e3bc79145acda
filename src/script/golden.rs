//! Transcripts: a script with what it showed written under each block.
//!
//! A block is some lines, then `---`, then what they showed, then a blank line. [`run_golden`] runs the
//! lines and writes the same text anew; a golden test is the comparison of the two.

use std::fmt::Write as _;

use super::parse::Unreadable;
use super::{Action, Shown, act, parse, table};
use crate::fact::Entry;
use crate::world::History;

/// The kinds of facts that `run` shows when it is not told which.
const USUAL: [&str; 26] = [
    "start",
    "life",
    "reject",
    "send",
    "append",
    "hw",
    "result",
    "retry",
    "refuse",
    "consume",
    "position",
    "fetch",
    "isr",
    "role",
    "state",
    "truncate",
    "segment",
    "park",
    "duplicate",
    "id",
    "controller",
    "group",
    "member",
    "assign",
    "commit",
    "process",
];

/// The kinds of facts that a command shows when it makes them true by itself.
const AT_ONCE: [&str; 3] = ["start", "life", "truncate"];

/// Runs a transcript and returns it with what it shows now.
///
/// # Errors
/// The first line that cannot be read or carried out.
pub fn run_golden(text: &str) -> Result<String, Unreadable> {
    let script = parse(text)?;
    let mut history = History::new(&script.plan, script.seed).map_err(|refused| Unreadable {
        line: 1,
        sentence: refused.0,
    })?;
    let mut actions = script.lines.into_iter().peekable();
    let (mut fresh, mut output, mut expected) = (String::new(), String::new(), false);
    for (index, raw) in text.lines().enumerate() {
        if expected {
            expected = !raw.trim().is_empty();
            if !expected {
                fresh.push('\n');
            }
            continue;
        }
        let _ = writeln!(fresh, "{raw}");
        if raw.trim() == "---" {
            fresh.push_str(&std::mem::take(&mut output));
            expected = true;
            continue;
        }
        if let Some(line) = actions.next_if(|line| line.number == index + 1) {
            let before = history.observed().journal.len();
            act(&mut history, &line)?;
            output.push_str(&shown(&history, &line.action, before));
        }
    }
    if let Some(violation) = history.violation() {
        let _ = writeln!(fresh, "VIOLATION {violation}");
    }
    Ok(fresh)
}

fn shown(history: &History, action: &Action, before: u64) -> String {
    let news = history.observed().journal.since(before);
    match action {
        Action::Show(what) => show(history, what),
        Action::Run { only, .. } if only.is_empty() => print(news, &USUAL),
        Action::Run { only, .. } => print(news, only),
        Action::At(_) | Action::Step(_) => print(news, &USUAL),
        Action::Command(_) => print(news, &AT_ONCE),
    }
}

fn print<'a>(news: impl Iterator<Item = &'a Entry>, kinds: &[&str]) -> String {
    let chosen = news.filter(|entry| kinds.contains(&entry.fact.kind()));
    chosen.map(|entry| format!("{entry}\n")).collect()
}

/// What `show` prints.
pub fn show(history: &History, what: &Shown) -> String {
    let world = history.world();
    match what {
        Shown::Replicas => table::replicas(world),
        Shown::Log(partition) => table::log(world, partition),
        Shown::Records(partition) => table::records(world, partition),
        Shown::Producers => table::producers(world),
        Shown::Metadata => table::metadata(world),
        Shown::Clients => table::clients(world),
        Shown::Groups => table::groups(world),
        Shown::Answers(socket) => table::answers(history, *socket),
        Shown::Audit => {
            let report = history.observed().audit.report(world);
            let gone = match report.expired {
                0 => String::new(),
                gone => format!(" deleted {gone}"),
            };
            format!(
                "acknowledged {} readable {}{gone} lost {} duplicated {}\n",
                report.acknowledged, report.readable, report.lost, report.duplicated
            )
        }
        Shown::Digest => format!("{}\n", history.observed().journal.digest()),
    }
}
