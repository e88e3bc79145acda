//! Steady pace: so many times real time, from 1/64 to 64, each notch twice the one before.

use std::fmt;

/// How many speeds there are.
pub const NOTCHES: u8 = 13;

/// A speed by its notch: 0 is 1/64, 6 is real time, 12 is 64 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(u8);

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
}
