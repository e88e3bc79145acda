//! The text format of plans and commands.
//!
//! One line, one thing: a line describes the world, starts a client, lets time pass, or does something.
//! A save file, a share link, a bug report, a lesson and a golden test are all this text.
//!
//! ```text
//! # A follower that stops fetching is dropped from the ISR.
//! world brokers=3 seed=1 latency=1ms replica.lag.time.max.ms=2000
//! topic orders partitions=1 replicas=1,2,3
//! producer p1 acks=all
//! run 1s
//! hold b1→b3
//! produce p1 orders-0 "a"
//! run 4s only=isr,hw,result
//! ```
//!
//! Laws: printing what was parsed and parsing it again gives the same plan, seed and commands; a line
//! that cannot be read is refused with its number and what would have been accepted, and nothing of the
//! script takes effect.
//!
//! Contents: `token` words, quotes and key=value pairs · `words` the words of a line · `parse` lines to
//! actions, of which `description` reads those about the world and `verbs` those that do something,
//! `faults` among them those that make trouble · `print`
//! the way back · [`link`] a script in an address · `golden` transcripts: running a script and printing what it shows · `table` the tables it prints.

mod description;
mod faults;
mod golden;
pub mod link;
mod parse;
mod print;
mod table;
mod token;
mod verbs;
mod words;

use crate::rng::Seed;
use crate::time::Duration;
use crate::world::{Command, History, Place, Plan, Refused, Steps};

pub use golden::{run_golden, show};
pub use parse::{MOST_BYTES, Unreadable, parse, parse_line, parse_long};
pub use print::{note_command, print, print_command, print_plan};

/// What a script asks to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Every replica of the world, a line each.
    Replicas,
    /// Every batch of the logs of one partition.
    Log(crate::model::TopicPartition),
    /// What a consumer that begins at the beginning reads of one partition.
    Records(crate::model::TopicPartition),
    /// What every replica knows of producers that number their batches.
    Producers,
    /// What brokers believe of the cluster.
    Metadata,
    /// Clients and their positions.
    Clients,
    /// Every group where it is coordinated.
    Groups,
    /// What a socket was answered, field by field.
    Answers(crate::model::ProcessId),
    /// Acknowledged, readable, lost, duplicated.
    Audit,
    /// The journal's digest.
    Digest,
}

/// One line of a script, after the description of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Command(Command),
    /// Lets time pass; the kinds of facts to show, none meaning the usual ones.
    Run {
        span: Duration,
        only: Vec<&'static str>,
    },
    /// Goes to an exact place.
    At(Place),
    /// Takes single steps.
    Step(u32),
    Show(Shown),
}

/// One action with the number of its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    pub action: Action,
}

/// A script, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub plan: Plan,
    pub seed: Seed,
    pub lines: Vec<Line>,
}

impl Script {
    /// Runs the whole script and returns the history that it makes.
    ///
    /// # Errors
    /// The first line that could not be carried out.
    pub fn play(&self) -> Result<History, Unreadable> {
        let mut history = History::new(&self.plan, self.seed)
            .map_err(|Refused(sentence)| Unreadable { line: 1, sentence })?;
        for line in &self.lines {
            act(&mut history, line)?;
        }
        Ok(history)
    }
}

/// Carries out one line on a history.
///
/// # Errors
/// When the world refuses it.
pub fn act(history: &mut History, line: &Line) -> Result<(), Unreadable> {
    let refused = |Refused(sentence)| Unreadable {
        line: line.number,
        sentence,
    };
    match &line.action {
        Action::Command(command) => history.perform(command.clone()).map_err(refused)?,
        Action::Run { span, .. } => {
            let to = history.now() + *span;
            history.seek(to, Steps::UNLIMITED);
        }
        Action::At(place) => {
            if *place < history.world().place() && place.at < history.now() {
                let sentence = format!(
                    "{} is already past; time here is {}",
                    place.at,
                    history.now()
                );
                return Err(Unreadable {
                    line: line.number,
                    sentence,
                });
            }
            history.seek_place(*place, Steps::UNLIMITED);
        }
        Action::Step(count) => {
            for _ in 0..*count {
                history.step();
            }
        }
        Action::Show(_) => {}
    }
    Ok(())
}
