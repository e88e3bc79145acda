//! The clock on a host's wall, which may be wrong.
//!
//! It decides what records are stamped with and what retention takes for old. Timers, timeouts and
//! elections never look at it: they count the time that passes, as Kafka does.

use crate::time::Instant;

/// How far a clock is from right, and how fast it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Microseconds by which it was ahead when it was last set; negative when it was behind.
    pub ahead: i64,
    /// Microseconds that it gains in each second; negative when it loses them.
    pub drift_ppm: i32,
    /// When it was last set.
    pub set_at: Instant,
}

impl Clock {
    /// Microseconds by which it is ahead at `now`.
    pub fn ahead_at(self, now: Instant) -> i64 {
        let passed = i128::from(now.since(self.set_at).as_micros());
        let gained = passed * i128::from(self.drift_ppm) / 1_000_000;
        self.ahead + i64::try_from(gained).unwrap_or(i64::MAX / 4)
    }

    /// True when it shows the right time for ever.
    pub fn is_right(self) -> bool {
        self.ahead == 0 && self.drift_ppm == 0
    }
}

/// What a person does to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSetting {
    /// So many microseconds ahead of the right time; 0 is right.
    Ahead(i64),
    /// From now on it gains so many microseconds in each second.
    Drift(i32),
    /// It is right, and stays so.
    Right,
}

impl ClockSetting {
    /// The clock as it is after this.
    pub fn apply(self, clock: Clock, now: Instant) -> Clock {
        let (ahead, drift_ppm) = match self {
            ClockSetting::Ahead(ahead) => (ahead, clock.drift_ppm),
            ClockSetting::Drift(drift_ppm) => (clock.ahead_at(now), drift_ppm),
            ClockSetting::Right => (0, 0),
        };
        Clock {
            ahead,
            drift_ppm,
            set_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drifting_clock_keeps_what_it_has_gained_when_its_drift_ends() {
        let fast = ClockSetting::Drift(100).apply(Clock::default(), Instant::from_secs(10));
        assert_eq!(fast.ahead_at(Instant::from_secs(10)), 0);
        assert_eq!(fast.ahead_at(Instant::from_secs(20)), 1_000);
        let steady = ClockSetting::Drift(0).apply(fast, Instant::from_secs(20));
        assert_eq!(steady.ahead_at(Instant::from_secs(99)), 1_000);
        let slow = ClockSetting::Drift(-500).apply(Clock::default(), Instant::ZERO);
        assert_eq!(slow.ahead_at(Instant::from_secs(1)), -500);
        assert!(
            ClockSetting::Right
                .apply(slow, Instant::from_secs(1))
                .is_right()
        );
    }
}
