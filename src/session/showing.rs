//! How time is shown: what may move on a picture, and for how long.

use super::{Pace, Session, Speed};
use crate::stage::extract::{self, Memory};
use crate::stage::motion::Ages;
use crate::stage::snapshot::{Motion, Snapshot};

/// How time is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Showing {
    pub playing: bool,
    pub pace: Pace,
    pub speed: Speed,
    /// Nothing may move.
    pub reduced: bool,
}

/// Above this speed changes are shown at once, and above the second single packets cannot be followed.
const NO_TWEENS: f64 = 4.0;
const NO_TRAVELLERS: f64 = 16.0;

impl Showing {
    /// What may move on the picture.
    pub fn motion(&self) -> Motion {
        match self.reduced {
            true => Motion::Still,
            false if self.speed.factor() > NO_TRAVELLERS => Motion::Fast,
            false => Motion::Full,
        }
    }

    /// True where changes take their time.
    pub fn tweens(&self) -> bool {
        !self.reduced && self.speed.factor() <= NO_TWEENS
    }

    /// How much longer than at normal speed a change takes: at even pace the speed stretches everything.
    pub fn stretch(&self) -> f64 {
        match self.pace {
            Pace::Even => 1.0 / self.speed.factor(),
            Pace::Steady => 1.0,
        }
    }

    /// The picture's data where a session stands, with what has just happened still being shown.
    pub fn snapshot(&self, session: &Session, memory: &mut Memory) -> Snapshot {
        let mut snapshot = extract::snapshot(session.history(), memory);
        snapshot.motion = self.motion();
        snapshot.changes = match (snapshot.motion, self.tweens()) {
            (Motion::Still, _) => extract::step(session.journal(), session.step_began()),
            (_, true) => extract::changes(session.journal(), &self.ages(session), self.stretch()),
            (_, false) => Vec::new(),
        };
        snapshot
    }

    /// How long ago everything was, as it is shown.
    pub fn ages(&self, session: &Session) -> Ages {
        session.ages(self.pace, self.speed, self.playing)
    }
}
