//! Nothing runs in a circle.

use super::{Invariant, View};
use crate::fact::Entry;
use crate::time::Instant;
use crate::world::STEPS_PER_INSTANT;

/// More facts than this at one instant mean that somebody talks to itself. A world of a thousand
/// partitions that all change hands at once stays far below it.
const FACTS_PER_INSTANT: u64 = 200_000;

/// P1 a step ends, and so does an instant: there is a bound on what one instant can hold.
///
/// That no step panics is for the tests to show, by running; that none takes memory without bound is
/// shown for the decoder by the tests of the wire. Here stands what can be seen from outside: how many
/// facts and steps fall on one instant.
#[derive(Clone, Debug, Default)]
pub struct InstantsEnd {
    at: Instant,
    facts: u64,
}

impl Invariant for InstantsEnd {
    fn name(&self) -> &'static str {
        "InstantsEnd"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let world = view.world;
        if entry.at != self.at {
            self.at = entry.at;
            self.facts = 0;
        }
        self.facts += 1;
        if self.facts > FACTS_PER_INSTANT {
            let facts = self.facts;
            return Err(format!("P1: {facts} facts at one instant"));
        }
        // Said while it can still be said: at twice as many the world itself gives up.
        if world.place().steps > STEPS_PER_INSTANT / 2 {
            let steps = world.place().steps;
            return Err(format!("P1: {steps} steps at one instant"));
        }
        Ok(())
    }
}
