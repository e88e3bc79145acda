//! Virtual time: points and spans, in whole microseconds.
//!
//! There is no clock. An [`Instant`] is counted from the beginning of the world and only the world
//! advances it; timers, timeouts and latencies are all spans of the same microseconds. A [`Timestamp`]
//! is something else: epoch milliseconds as they stand in records, what a host *believes* the time is.
//!
//! Left out: floating point. A rate is a [`Duration`] between two things.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A point in virtual time, in microseconds since the world began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A span of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

/// Epoch milliseconds, as Kafka writes them into records; −1 means "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// When something is handled: timers use `now`; record timestamps and retention use `wall`.
///
/// `wall` is the host's own idea of the date: the plan's epoch, plus virtual time, plus the host's
/// clock skew. Elections and timeouts never look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub now: Instant,
    pub wall: Timestamp,
}

/// The earliest of several instants that may not be.
pub fn earliest<const N: usize>(all: [Option<Instant>; N]) -> Option<Instant> {
    let mut first = None;
    for at in all {
        match (first, at) {
            (Some(known), Some(at)) if known <= at => {}
            (_, Some(at)) => first = Some(at),
            (_, None) => {}
        }
    }
    first
}

impl Instant {
    /// The beginning of the world.
    pub const ZERO: Instant = Instant(0);
    /// Later than every instant a world reaches.
    pub const MAX: Instant = Instant(u64::MAX);

    pub const fn from_micros(micros: u64) -> Instant {
        Instant(micros)
    }

    pub const fn from_millis(millis: u64) -> Instant {
        Instant(millis * 1_000)
    }

    pub const fn from_secs(secs: u64) -> Instant {
        Instant(secs * 1_000_000)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The span from `earlier` to `self`; zero when `earlier` is in fact later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The instant `span` before this one; the beginning of the world at the earliest.
    pub const fn before(self, span: Duration) -> Instant {
        Instant(self.0.saturating_sub(span.0))
    }

    /// Reads what [`fmt::Display`] prints: `1.204s`, and any span that [`Duration::parse`] reads.
    pub fn parse(text: &str) -> Option<Instant> {
        Duration::parse(text).map(|span| Instant(span.0))
    }
}

impl Duration {
    pub const ZERO: Duration = Duration(0);
    /// The least that any delivery costs, so that no chain of events stands still in time.
    pub const TICK: Duration = Duration(1);
    pub const MAX: Duration = Duration(u64::MAX);

    pub const fn from_micros(micros: u64) -> Duration {
        Duration(micros)
    }

    pub const fn from_millis(millis: u64) -> Duration {
        Duration(millis.saturating_mul(1_000))
    }

    pub const fn from_secs(secs: u64) -> Duration {
        Duration(secs.saturating_mul(1_000_000))
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Milliseconds as Kafka's requests carry them, clamped to what an `i32` holds.
    pub const fn as_millis_i32(self) -> i32 {
        let millis = self.0 / 1_000;
        if millis > i32::MAX as u64 {
            i32::MAX
        } else {
            millis as i32
        }
    }

    /// A span from milliseconds on the wire; negative ones are zero.
    pub const fn from_millis_i32(millis: i32) -> Duration {
        if millis < 0 {
            Duration(0)
        } else {
            Duration(millis as u64 * 1_000)
        }
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn times(self, factor: u64) -> Duration {
        Duration(self.0.saturating_mul(factor))
    }

    pub const fn divided_by(self, divisor: u64) -> Duration {
        Duration(self.0 / divisor)
    }

    /// Reads `250us`, `40ms`, `1.5s`, `2m`, `1h`; a bare number is milliseconds, as in Kafka's
    /// properties. `None` for anything else, negative spans included.
    pub fn parse(text: &str) -> Option<Duration> {
        let split = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let scale: u64 = match unit {
            "us" | "µs" => 1,
            "" | "ms" => 1_000,
            "s" => 1_000_000,
            "m" | "min" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.len() > 9 {
            return None;
        }
        let mut micros = whole.parse::<u64>().ok()?.checked_mul(scale)?;
        if !fraction.is_empty() {
            let ten = 10u64.pow(fraction.len() as u32);
            let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale);
            micros = micros.checked_add((part / u128::from(ten)) as u64)?;
        }
        Some(Duration(micros))
    }
}

impl Timestamp {
    /// No timestamp.
    pub const NONE: Timestamp = Timestamp(-1);
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, span: Duration) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Duration;
    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

/// `1.204s`; microseconds are shown only when they are not zero: `1.204001s`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros.is_multiple_of(1_000) {
            write!(f, "{secs}.{:03}s", micros / 1_000)
        } else {
            write!(f, "{secs}.{micros:06}s")
        }
    }
}

/// The shortest exact form: `250us`, `40ms`, `1500ms`, `30s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(f, "0ms"),
            n if n.is_multiple_of(1_000_000) => write!(f, "{}s", n / 1_000_000),
            n if n.is_multiple_of(1_000) => write!(f, "{}ms", n / 1_000),
            n => write!(f, "{n}us"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_span_reads_back() {
        for micros in [
            0,
            1,
            250,
            999,
            1_000,
            40_000,
            1_500_000,
            30_000_000,
            3_600_000_001,
        ] {
            let span = Duration::from_micros(micros);
            assert_eq!(Duration::parse(&span.to_string()), Some(span));
            let instant = Instant::from_micros(micros);
            assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
        }
    }

    #[test]
    fn spans_with_a_fraction_are_exact() {
        assert_eq!(Duration::parse("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(Duration::parse("0.3ms"), Some(Duration::from_micros(300)));
        assert_eq!(Duration::parse("500"), Some(Duration::from_millis(500)));
    }

    #[test]
    fn nonsense_is_not_a_span() {
        for text in [
            "",
            "s",
            "-1s",
            "1x",
            "1.2.3s",
            ".5s",
            "1e9s",
            "99999999999999999999s",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
