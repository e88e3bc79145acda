//! How fast time is shown: the words for the thirteen speeds, and the two paces.
//!
//! *Steady* maps real time to virtual time by one factor. *Even* gives every gap between two visible events
//! a comfortable stretch of the reader's own time: a flight takes the same time whatever the link, and an
//! idle stretch is folded. Either is multiplied by the speed.

use crate::stage::motion::{HI, LO, LO_TRAVELLING, NOTCHES};
use crate::time::Duration;

pub use crate::stage::motion::Speed;

/// As a speed stands beside the slider: `1/4×`.
pub fn short(speed: Speed) -> String {
    format!("{speed}×")
}

/// As a speed is read aloud.
pub fn spoken(speed: Speed) -> &'static str {
    const NAMES: [&str; NOTCHES as usize] = [
        "one sixty-fourth",
        "one thirty-second",
        "one sixteenth",
        "one eighth",
        "one quarter",
        "one half",
        "normal",
        "twice",
        "4 times",
        "8 times",
        "16 times",
        "32 times",
        "64 times",
    ];
    NAMES[usize::from(speed.as_notch())]
}

/// How virtual time is laid out over the reader's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Even,
    Steady,
}

impl Pace {
    pub fn other(self) -> Pace {
        match self {
            Pace::Even => Pace::Steady,
            Pace::Steady => Pace::Even,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Pace::Even => "Even",
            Pace::Steady => "Steady",
        }
    }
}

/// Milliseconds of the reader's time between two things that happen at one instant, so that they are seen one
/// after the other.
const APART: f64 = 80.0;

/// The limits are those of [`crate::stage::motion`]; but of a flight that is cut into gaps by other events
/// each gets its share, so that a flight takes the same time however much happens meanwhile.
///
/// How many milliseconds of the reader's time a gap takes at even pace and speed 1. `flight` is the
/// shortest flight among what travels, if anything does.
pub fn even_gap(gap: Duration, flight: Option<Duration>) -> f64 {
    let millis = gap.as_micros() as f64 / 1_000.0;
    if gap.is_zero() {
        return APART;
    }
    match flight.filter(|flight| !flight.is_zero()) {
        Some(flight) => {
            let share = gap.as_micros() as f64 / flight.as_micros() as f64;
            (LO_TRAVELLING / 1_000.0 * share).clamp(APART, HI / 1_000.0)
        }
        None => millis.clamp(LO / 1_000.0, HI / 1_000.0),
    }
}
