//! Playing: the playhead moves with the reader's time, at one of the two paces.

use super::pace::{Pace, Speed, even_gap};
use super::timeline::{FOLD, seen, travelling};
use super::{Session, shown_at};
use crate::time::{Duration, Instant};
use crate::world::{Journal, Place, Steps};

/// A gap between two visible events that is being played at even pace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub from: Instant,
    pub to: Place,
    /// Milliseconds at speed 1: how long the gap takes, and how much of that is over.
    pub takes: f64,
    pub done: f64,
}

/// How a stretch of playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// All the time that had passed was played.
    InTime,
    /// The work was more than the budget allows; time runs late.
    Late,
    /// The place to stop at was reached.
    Stopped,
}

/// Steps that looking for the next visible event may take before it is given up for this frame.
const SCOUT: u32 = 20_000;
/// Milliseconds from one fact to the next where nothing travels.
const STILL: f64 = 700.0;

pub(super) enum Found {
    At(Place),
    /// Nothing will ever happen without a command.
    Nothing,
    /// Not within the work that one frame may do.
    NotYet,
}

impl Session {
    /// Plays `real` milliseconds of the reader's time. `more` says whether there is time to go on working.
    pub fn play(
        &mut self,
        real: f64,
        speed: Speed,
        pace: Pace,
        more: &mut dyn FnMut() -> bool,
    ) -> Played {
        let mut left = real * speed.factor();
        loop {
            if self.stopped() {
                return Played::Stopped;
            }
            let gap = match self.gap {
                Some(gap) => gap,
                None => match self.gap_or_steady(pace) {
                    Ok(gap) => gap,
                    Err(Found::Nothing) => return self.play_steady(left, more),
                    Err(_) => return Played::Late,
                },
            };
            if gap.done + left < gap.takes {
                let done = gap.done + left;
                self.gap = Some(Gap { done, ..gap });
                return self.show_gap(gap, done);
            }
            left -= gap.takes - gap.done;
            self.gap = None;
            if !self.run(gap.to, more) {
                return Played::Late;
            }
            if !more() {
                return Played::Late;
            }
        }
    }

    /// Plays without showing anything between two events: for readers who asked for less motion.
    pub fn play_still(
        &mut self,
        real: f64,
        speed: Speed,
        more: &mut dyn FnMut() -> bool,
    ) -> Played {
        if self.stopped() {
            return Played::Stopped;
        }
        let gap = match self.gap {
            Some(gap) => gap,
            None => match self.next_gap(Pace::Even) {
                Ok(gap) => Gap {
                    takes: gap.takes.max(STILL),
                    ..gap
                },
                Err(Found::Nothing) => return Played::Stopped,
                Err(_) => return Played::Late,
            },
        };
        let done = gap.done + real * speed.factor();
        self.gap = Some(Gap { done, ..gap });
        if done >= gap.takes {
            self.gap = None;
            self.run(gap.to, more);
        }
        Played::InTime
    }

    fn play_steady(&mut self, millis: f64, more: &mut dyn FnMut() -> bool) -> Played {
        let micros = millis * 1_000.0 + self.owed;
        let whole = micros.floor().max(0.0);
        self.owed = micros - whole;
        let target = Place::after(self.now() + Duration::from_micros(whole as u64));
        let to = self.stop.map_or(target, |stop| stop.min(target));
        match self.run(to, more) {
            false => Played::Late,
            true if self.stop == Some(to) => Played::Stopped,
            true => Played::InTime,
        }
    }

    /// The gap to play next. Steady pace has one only where an idle stretch is folded.
    fn gap_or_steady(&mut self, pace: Pace) -> Result<Gap, Found> {
        match pace == Pace::Steady && !self.idle() {
            true => Err(Found::Nothing),
            false => self.next_gap(pace),
        }
    }

    /// True when nothing visible is near and nothing travels: the stretch may be folded.
    fn idle(&mut self) -> bool {
        let here = self.place();
        let last = self
            .timeline
            .latest(here)
            .map_or(Instant::ZERO, |stop| stop.place.at);
        if self.now().since(last) < Duration::from_millis(400) || travelling(self.world()).is_some()
        {
            return false;
        }
        match self.find_next() {
            Found::At(place) => place.at.since(self.now()) > FOLD,
            _ => false,
        }
    }

    fn next_gap(&mut self, pace: Pace) -> Result<Gap, Found> {
        let to = match self.find_next() {
            Found::At(to) => to,
            other => return Err(other),
        };
        let to = self.stop.map_or(to, |stop| stop.min(to));
        let from = self.now();
        let span = shown_at(to).since(from);
        let takes = match (pace, self.timeline.latest(self.place())) {
            (Pace::Steady, _) => 1_200.0,
            // What is left of the stretch between two stops takes its share of the whole.
            (Pace::Even, Some(stop)) => {
                let whole = shown_at(to).since(stop.place.at);
                let share = span.as_micros() as f64 / whole.as_micros().max(1) as f64;
                even_gap(whole, stop.flight) * if whole.is_zero() { 1.0 } else { share }
            }
            (Pace::Even, None) => even_gap(span, travelling(self.world())),
        };
        let gap = Gap {
            from,
            to,
            takes,
            done: 0.0,
        };
        self.gap = Some(gap);
        Ok(gap)
    }

    fn show_gap(&mut self, gap: Gap, done: f64) -> Played {
        let span = shown_at(gap.to).since(gap.from).as_micros() as f64;
        let at = gap.from + Duration::from_micros((span * done / gap.takes) as u64);
        // The event itself belongs to the end of the gap.
        let last = Instant::from_micros(gap.to.at.as_micros().saturating_sub(1));
        let to = Place::after(at.min(last));
        if to > self.place() {
            self.history.seek_place(to, Steps::UNLIMITED);
            self.observe();
        }
        Played::InTime
    }

    /// Where the next visible event will be. Looks ahead on a copy when the timeline does not know yet.
    pub(super) fn find_next(&mut self) -> Found {
        let here = self.place();
        if let Some(stop) = self.timeline.next_after(here) {
            return Found::At(stop.place);
        }
        if let Some(due) = self
            .history
            .commands()
            .iter()
            .find(|stamped| stamped.place > here)
        {
            return Found::At(due.place);
        }
        let mut scout = self.world().clone();
        let mut journal = Journal::default();
        let mut looked = 0;
        for _ in 0..SCOUT {
            if scout.step(&mut journal).is_none() {
                return Found::Nothing;
            }
            if journal.since(looked).any(|entry| seen(entry, &scout)) {
                return Found::At(scout.place());
            }
            looked = journal.len();
        }
        Found::NotYet
    }
}
