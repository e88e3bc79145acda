//! Steady pace: so many times real time, from 1/64 to 64, each notch twice the one before.
//!
//! Idle time may be skipped: a gap of more than two seconds in which nothing travels passes at once. The
//! clock says so by jumping; nothing else is told apart from real waiting.

use std::fmt;

use crate::time::{Duration, Instant};

/// How many speeds there are.
pub const NOTCHES: u8 = 13;

/// Longer gaps without anything under way are idle.
const IDLE: Duration = Duration::from_secs(2);

/// A speed by its notch: 0 is 1/64, 6 is real time, 12 is 64 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(u8);

/// Whether idle time passes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipIdle {
    On,
    Off,
}

impl Speed {
    /// Real time.
    pub const ONE: Speed = Speed(6);

    /// The speed of a notch, the nearest when there is no such notch.
    pub fn notch(notch: u8) -> Speed {
        Speed(notch.min(NOTCHES - 1))
    }

    pub fn as_notch(self) -> u8 {
        self.0
    }

    pub fn faster(self) -> Speed {
        Speed::notch(self.0 + 1)
    }

    pub fn slower(self) -> Speed {
        Speed(self.0.saturating_sub(1))
    }

    /// Virtual time for each unit of real time.
    pub fn factor(self) -> f64 {
        match self.0 {
            below @ 0..=5 => 1.0 / f64::from(1u32 << (6 - below)),
            above => f64::from(1u32 << (above - 6)),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            below @ 0..=5 => write!(f, "1/{}", 1u32 << (6 - below)),
            above => write!(f, "{}", 1u32 << (above - 6)),
        }
    }
}

/// Where the reader stands after `elapsed` microseconds of real time.
///
/// `next` is the instant of the next visible event, and `travelling` says whether anything is under way
/// now. With idle time skipped a long wait for it is cut to its last two seconds.
pub fn advance(
    now: f64,
    elapsed: f64,
    speed: Speed,
    skip: SkipIdle,
    next: Option<Instant>,
    travelling: bool,
) -> f64 {
    let to = now + elapsed * speed.factor();
    let idle = IDLE.as_micros() as f64;
    match (skip, next) {
        (SkipIdle::On, Some(next)) if !travelling => {
            let next = next.as_micros() as f64;
            if next - now > idle {
                to.max(next - idle)
            } else {
                to
            }
        }
        _ => to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirteen_speeds_and_each_is_twice_the_one_before() {
        let speeds: Vec<Speed> = (0..NOTCHES).map(Speed::notch).collect();
        assert_eq!(speeds[0].to_string(), "1/64");
        assert_eq!(Speed::ONE.factor(), 1.0);
        assert_eq!(speeds[12].to_string(), "64");
        assert!(
            speeds
                .windows(2)
                .all(|pair| pair[1].factor() == 2.0 * pair[0].factor())
        );
        assert_eq!(speeds[12].faster(), speeds[12]);
        assert_eq!(speeds[0].slower(), speeds[0]);
    }

    #[test]
    fn idle_time_is_skipped_only_when_nothing_travels() {
        let next = Some(Instant::from_secs(30));
        let one = Speed::ONE;
        let on = |travelling| advance(0.0, 16_000.0, one, SkipIdle::On, next, travelling);
        assert_eq!(on(false), 28_000_000.0);
        assert_eq!(on(true), 16_000.0);
        assert_eq!(
            advance(0.0, 16_000.0, one, SkipIdle::Off, next, false),
            16_000.0
        );
        let soon = Some(Instant::from_secs(2));
        assert_eq!(
            advance(0.0, 16_000.0, one, SkipIdle::On, soon, false),
            16_000.0
        );
    }
}
