//! `Measures`: what is measured of a history and is no verdict.

use crate::time::Duration;

/// How often an offset is counted at most.
const MOST: usize = 4;

/// How late reads were, and how often work was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// When a reader was returned something, for how long the next that it had not read was acknowledged, at the worst
    /// (`worst-realtime-lag`).
    worst_lag: Duration,
    /// With how many offsets the members of groups were done once, twice, three times and more often
    /// (`consume-counts`).
    done: [u64; MOST],
}

impl Measures {
    /// A reader has not read what was acknowledged so long ago.
    pub(super) fn is_behind(&mut self, lag: Duration) {
        self.worst_lag = self.worst_lag.max(lag);
    }

    /// Members are done with so many offsets so often.
    pub(super) fn is_done(&mut self, times: u32, offsets: u64) {
        if let Some(at) = (times as usize).checked_sub(1) {
            self.done[at.min(MOST - 1)] += offsets;
        }
    }

    /// Adds what was measured of another history.
    pub fn merge(&mut self, other: &Measures) {
        self.is_behind(other.worst_lag);
        for (done, more) in self.done.iter_mut().zip(other.done) {
            *done += more;
        }
    }

    /// Each with its name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        let [once, twice, thrice, more] = self.done;
        [
            ("worst realtime lag", self.worst_lag.to_string()),
            ("offsets done once", once.to_string()),
            ("offsets done twice", twice.to_string()),
            ("offsets done three times", thrice.to_string()),
            ("offsets done more often", more.to_string()),
        ]
        .into_iter()
    }
}
