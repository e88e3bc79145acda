//! What the reader looks at, and how time is shown while doing so: everything about a picture that is not the
//! world.

use crate::model::TopicPartition;
use crate::stage::density::Density;
use crate::stage::layout::Voice;
use crate::stage::snapshot::Motion;
use crate::stage::{Lens, Thing};
use crate::ui::player::{Pace, Speed};

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub lens: Lens,
    pub voice: Voice,
    pub subject: Option<TopicPartition>,
    pub selection: Option<Thing>,
    pub focus: Option<Thing>,
    pub washes: Vec<Thing>,
    pub density: Option<Density>,
    /// What the record lens takes apart.
    pub record: Option<Thing>,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            lens: Lens::ByBroker,
            voice: Voice::Calm,
            subject: None,
            selection: None,
            focus: None,
            washes: Vec::new(),
            density: None,
            record: None,
        }
    }
}

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
}
