//! How much of each record is drawn, by how many there are.
//!
//! Letters up to twelve records a second of the reader's time; a strip of colours where a cell is too
//! small for a letter; a stream of shares up to four hundred a second; grey heat above. The step up is
//! taken at the limit and the step down only 20 % below it, so a rate that sits on a limit does not
//! flicker. Faults, elections and selected records are drawn in letters at every level.

use crate::time::Duration;

/// The four levels, from the most detail to the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    #[default]
    Letters,
    Strip,
    Stream,
    Heat,
}

/// What a reader can choose: the level that follows from the rate, or one of the four.
pub const CHOICES: [Option<Density>; 5] = [
    None,
    Some(Density::Letters),
    Some(Density::Strip),
    Some(Density::Stream),
    Some(Density::Heat),
];

/// What a choice is called.
pub fn name(choice: Option<Density>) -> &'static str {
    match choice {
        None => "Auto",
        Some(Density::Letters) => "Letters",
        Some(Density::Strip) => "Strip",
        Some(Density::Stream) => "Stream",
        Some(Density::Heat) => "Heat",
    }
}

/// Above this rate letters become a stream.
pub const STREAM_FROM: f64 = 12.0;
/// Above this rate a stream becomes heat.
pub const HEAT_FROM: f64 = 400.0;
/// More partitions than this on one stage are drawn as heat.
pub const HEAT_PARTITIONS: usize = 24;
/// Cells smaller than this have no room for a letter.
pub const LETTER_CELL: f64 = 13.0;
/// A level is kept at least so long.
pub const DWELL: Duration = Duration::from_millis(600);

impl Density {
    /// The level that follows from the one before, the drawn rate, the size of a cell and the number of
    /// partitions on the stage.
    pub fn next(self, rate: f64, cell: f64, partitions: usize) -> Density {
        if partitions > HEAT_PARTITIONS || rate > limit(HEAT_FROM, self >= Density::Heat) {
            return Density::Heat;
        }
        if rate > limit(STREAM_FROM, self >= Density::Stream) {
            return Density::Stream;
        }
        if cell < LETTER_CELL {
            return Density::Strip;
        }
        Density::Letters
    }

    /// As [`Density::next`], but a level younger than [`DWELL`] stays.
    pub fn after(self, age: Duration, rate: f64, cell: f64, partitions: usize) -> Density {
        match age < DWELL {
            true => self,
            false => self.next(rate, cell, partitions),
        }
    }
}

/// The limit to stay above: lower for who is above it already.
fn limit(limit: f64, above: bool) -> f64 {
    if above { limit * 0.8 } else { limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_rate_and_size() {
        use Density::{Heat, Letters, Stream, Strip};
        let cases = [
            (Letters, 4.0, 25.0, 3, Letters),
            (Letters, 12.0, 25.0, 3, Letters),
            (Letters, 12.1, 25.0, 3, Stream),
            (Stream, 10.0, 25.0, 3, Stream),
            (Stream, 9.5, 25.0, 3, Letters),
            (Letters, 1.0, 11.0, 3, Strip),
            (Stream, 401.0, 25.0, 3, Heat),
            (Heat, 330.0, 25.0, 3, Heat),
            (Heat, 319.0, 25.0, 3, Stream),
            (Letters, 1.0, 25.0, 25, Heat),
        ];
        for (before, rate, cell, partitions, after) in cases {
            assert_eq!(
                before.next(rate, cell, partitions),
                after,
                "{before:?} at {rate}"
            );
        }
    }

    #[test]
    fn a_young_level_stays() {
        let young = Duration::from_millis(599);
        assert_eq!(
            Density::Letters.after(young, 900.0, 25.0, 1),
            Density::Letters
        );
        assert_eq!(Density::Letters.after(DWELL, 900.0, 25.0, 1), Density::Heat);
    }
}
