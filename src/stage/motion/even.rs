//! Even pace: networks take milliseconds and sessions take eighteen seconds, and one clock cannot show both.
//!
//! Given the instants at which something visible happens, each gap between two of them is given a stage time:
//! its own length, but at least `LO` (`LO_TRAVELLING` while something is under way) and at most `HI`. A gap
//! longer than `HI` is *folded*: it is told with its true length and passes in `HI`. The clock on the page
//! always shows true simulated time and is allowed to jump.
//!
//! Laws: the mapping is continuous and never turns back; its inverse undoes it; it is a function of the
//! events alone. Times are microseconds, virtual ones as integers, stage ones as fractions.

use crate::time::Instant;

/// The least stage time of a gap, in microseconds.
pub const LO: f64 = 160_000.0;
/// The least while something travels.
pub const LO_TRAVELLING: f64 = 420_000.0;
/// The most; longer gaps are folded.
pub const HI: f64 = 1_200_000.0;

/// Something visible happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Instant,
    /// True when something is under way until then: from the event before to this one.
    pub travelling: bool,
}

/// A folded gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    pub from: Instant,
    pub to: Instant,
}

/// The mapping between virtual time and stage time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvenPace {
    /// Virtual and stage time of every event, both ascending, beginning at (0, 0).
    stops: Vec<(u64, f64)>,
}

impl EvenPace {
    /// The mapping for events in ascending order. Events at one instant are one.
    pub fn of(events: &[Event]) -> EvenPace {
        let mut pace = EvenPace {
            stops: vec![(0, 0.0)],
        };
        for event in events {
            pace.push(*event);
        }
        pace
    }

    /// Adds the next event: what came before keeps its stage time, so a live run may grow its own mapping.
    ///
    /// # Panics
    /// When the event is earlier than the last one.
    pub fn push(&mut self, event: Event) {
        if self.stops.is_empty() {
            self.stops.push((0, 0.0));
        }
        let (last, stage) = self.stops[self.stops.len() - 1];
        let at = event.at.as_micros();
        assert!(
            at >= last,
            "events come in the order in which they happened"
        );
        if at > last {
            self.stops
                .push((at, stage + share(at - last, event.travelling)));
        }
    }

    /// Forgets the events after an instant, when the future is made anew.
    pub fn cut(&mut self, after: Instant) {
        let keep = self
            .stops
            .partition_point(|(at, _)| *at <= after.as_micros());
        self.stops.truncate(keep.max(1));
    }

    /// The stage time of a virtual time, both in microseconds. Behind the last event both run alike.
    pub fn stage(&self, micros: f64) -> f64 {
        let next = self.stops.partition_point(|(at, _)| (*at as f64) <= micros);
        match (self.stops.get(next.wrapping_sub(1)), self.stops.get(next)) {
            (Some((from, stage)), Some((to, then))) => {
                let part = (micros - *from as f64) / (to - from) as f64;
                stage + (then - stage) * part
            }
            (Some((from, stage)), None) => stage + (micros - *from as f64),
            _ => micros.max(0.0),
        }
    }

    /// The virtual time of a stage time: the inverse of [`EvenPace::stage`].
    pub fn virtual_micros(&self, stage: f64) -> f64 {
        let next = self.stops.partition_point(|(_, then)| *then <= stage);
        match (self.stops.get(next.wrapping_sub(1)), self.stops.get(next)) {
            (Some((from, before)), Some((to, then))) => {
                let part = (stage - before) / (then - before);
                *from as f64 + (to - from) as f64 * part
            }
            (Some((from, before)), None) => *from as f64 + (stage - before),
            _ => stage.max(0.0),
        }
    }

    /// The folded gaps, in order: hatched on the ribbon with their true length.
    pub fn folds(&self) -> impl Iterator<Item = Fold> + '_ {
        self.stops
            .windows(2)
            .filter(|pair| (pair[1].0 - pair[0].0) as f64 > HI)
            .map(|pair| Fold {
                from: Instant::from_micros(pair[0].0),
                to: Instant::from_micros(pair[1].0),
            })
    }

    /// The stage time of the last event.
    pub fn end(&self) -> f64 {
        self.stops.last().map_or(0.0, |(_, stage)| *stage)
    }
}

/// The stage time of a gap.
fn share(gap: u64, travelling: bool) -> f64 {
    let least = if travelling { LO_TRAVELLING } else { LO };
    (gap as f64).clamp(least, HI)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(gaps: &[(u64, bool)]) -> Vec<Event> {
        let mut at = 0;
        gaps.iter()
            .map(|(gap, travelling)| {
                at += gap;
                Event {
                    at: Instant::from_micros(at),
                    travelling: *travelling,
                }
            })
            .collect()
    }

    #[test]
    fn gaps_are_clamped_and_long_ones_folded() {
        let pace = EvenPace::of(&events(&[
            (1_000, false),
            (40_000, true),
            (700_000, false),
            (18_000_000, false),
        ]));
        assert_eq!(pace.stage(1_000.0), 160_000.0);
        assert_eq!(pace.stage(41_000.0), 580_000.0);
        assert_eq!(pace.stage(741_000.0), 1_280_000.0);
        assert_eq!(pace.end(), 2_480_000.0);
        let folds: Vec<Fold> = pace.folds().collect();
        assert_eq!(folds.len(), 1);
        assert_eq!(folds[0].to.since(folds[0].from).as_millis(), 18_000);
    }

    #[test]
    fn the_mapping_never_turns_back_and_its_inverse_undoes_it() {
        let gaps: Vec<(u64, bool)> = (0..200u64)
            .map(|n| (n * n * 7_919 % 2_000_003, n % 3 == 0))
            .collect();
        let pace = EvenPace::of(&events(&gaps));
        let mut before = 0.0;
        for step in 0..3_000 {
            let micros = f64::from(step) * 77_777.7;
            let stage = pace.stage(micros);
            assert!(stage >= before, "stage time never turns back");
            before = stage;
            let back = pace.virtual_micros(stage);
            assert!((back - micros).abs() < 1.0, "{micros} came back as {back}");
        }
    }

    #[test]
    fn growing_and_cutting_keep_what_was() {
        let all = events(&[(10, false), (20, true), (5_000_000, false), (7, false)]);
        let whole = EvenPace::of(&all);
        let mut grown = EvenPace::default();
        for event in &all {
            grown.push(*event);
        }
        assert_eq!(whole, grown);
        grown.cut(all[1].at);
        assert_eq!(grown, EvenPace::of(&all[..2]));
        assert_eq!(grown.stage(30.0), whole.stage(30.0));
    }
}
