//! `Backoff`: how long to pause after the n-th failure.
//!
//! The pause doubles with every failure up to a limit and is then moved by up to a fifth either way, so
//! that many clients that lost the same broker do not all come back in the same millisecond (KIP-580).

use crate::rng::Rng;
use crate::time::Duration;

/// A pause that grows with each failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// No pause is longer.
    pub most: Duration,
}

impl Backoff {
    /// The pause after `failures` failures since the last success; the first failure is 1.
    ///
    /// A whole number of milliseconds, unless the first pause is shorter than one.
    pub fn after(self, failures: u32, rng: &mut Rng) -> Duration {
        if self.first.is_zero() {
            return Duration::ZERO;
        }
        let doublings = failures.saturating_sub(1).min(32);
        let pause = self.first.times(1 << doublings).min(self.most);
        let moved = pause.times(rng.between(800, 1_200)).divided_by(1_000);
        let moved = moved.min(self.most);
        if moved < Duration::from_millis(1) {
            return moved;
        }
        Duration::from_millis(moved.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn a_pause_doubles_up_to_its_limit_give_or_take_a_fifth() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            most: Duration::from_millis(1_000),
        };
        let mut rng = Rng::new(Seed(1), 0);
        for (failures, low, high) in [
            (1, 80, 120),
            (2, 160, 240),
            (3, 320, 480),
            (4, 640, 960),
            (5, 800, 1_000),
            (400, 800, 1_000),
        ] {
            for _ in 0..100 {
                let pause = backoff.after(failures, &mut rng);
                assert!(pause >= Duration::from_millis(low), "{failures}: {pause}");
                assert!(pause <= Duration::from_millis(high), "{failures}: {pause}");
            }
        }
    }

    #[test]
    fn no_first_pause_is_no_pause() {
        let backoff = Backoff {
            first: Duration::ZERO,
            most: Duration::from_millis(1_000),
        };
        let mut rng = Rng::new(Seed(1), 0);
        assert_eq!(backoff.after(9, &mut rng), Duration::ZERO);
    }
}
