//! How long ago things were, in the reader's time.

use super::pace::{Pace, Speed, even_gap};
use super::{Session, shown_at};
use crate::stage::motion::Ages;

/// Milliseconds of the reader's time after which nobody asks how old something is.
const OLDEST: f64 = 3_000.0;

impl Session {
    /// How long ago every fact was, in the reader's time, as it is shown at a pace and a speed. Behind an event
    /// at which time stands still everything is over.
    pub fn ages(&self, pace: Pace, speed: Speed, playing: bool) -> Ages {
        let here = self.place();
        let stops = &self.timeline.stops()[..self.timeline.count(here)];
        let Some(last) = stops.last() else {
            return Ages::Over;
        };
        if !playing && last.place == here {
            return Ages::Over;
        }
        let factor = speed.factor();
        if pace == Pace::Steady {
            let now = here.at;
            return Ages::Steady { now, factor };
        }
        let next = self.timeline.next_after(here).map(|stop| stop.place);
        let next = next.or(self.gap.map(|gap| gap.to));
        let passed = here.at.since(last.place.at);
        let mut age = match next.map(|next| shown_at(next).since(last.place.at)) {
            Some(whole) if !whole.is_zero() => {
                let share = passed.as_micros() as f64 / whole.as_micros() as f64;
                even_gap(whole, last.flight) * share.min(1.0)
            }
            _ => passed.as_micros() as f64 / 1_000.0,
        } / factor;
        let mut ages = Vec::new();
        for (stop, before) in stops
            .iter()
            .zip(stops.iter().skip(1))
            .rev()
            .map(|(a, b)| (b, a))
        {
            ages.push((before.entries, age));
            age += even_gap(stop.place.at.since(before.place.at), before.flight) / factor;
            if age > OLDEST {
                return Ages::Even(ages);
            }
        }
        ages.push((0, age));
        Ages::Even(ages)
    }

    /// How long the journal was before the last event.
    pub fn step_began(&self) -> u64 {
        let count = self.timeline.count(self.place());
        let before = count.checked_sub(2);
        before.map_or(0, |index| self.timeline.stops()[index].entries)
    }
}
