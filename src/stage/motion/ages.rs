//! How long ago something was, in the reader's own time.
//!
//! What has just happened is still being shown, and for how long is a matter of the reader's time, not of the
//! cluster's. The age of a fact follows from the instant at which one stands and from the pace alone.

use crate::fact::Entry;
use crate::time::Instant;

/// The ages of all facts as seen from one instant.
#[derive(Clone, Debug, PartialEq)]
pub enum Ages {
    /// Everything is over: time stands right behind an event.
    Over,
    /// Time runs so many times as fast as the reader's.
    Steady { now: Instant, factor: f64 },
    /// Every event has its own stretch: facts with a number above the first came so many milliseconds ago.
    /// Newest first; what is older than the last is over.
    Even(Vec<(u64, f64)>),
}

impl Ages {
    /// The age of an entry in milliseconds of the reader's time.
    pub fn of(&self, entry: &Entry) -> f64 {
        match self {
            Ages::Over => f64::INFINITY,
            Ages::Steady { now, factor } => {
                now.since(entry.at).as_micros() as f64 / 1_000.0 / factor
            }
            Ages::Even(steps) => {
                let step = steps.iter().find(|(after, _)| entry.number > *after);
                step.map_or(f64::INFINITY, |(_, age)| *age)
            }
        }
    }
}
