//! Choosing: the random numbers of a run and what is made of them.

use crate::rng::{Rng, Seed};
use crate::time::Duration;

/// The hand that draws.
#[derive(Clone, Debug)]
pub(super) struct Draw(Rng);

impl Draw {
    pub(super) fn new(seed: u64, stream: u64) -> Draw {
        Draw(Rng::new(Seed(seed), stream))
    }

    /// One of several, of which there must be one.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *self.0.pick(of).expect("there is something to pick from")
    }

    /// True in `of` of `among` cases.
    pub(super) fn chance(&mut self, of: u64, among: u64) -> bool {
        self.0.chance(of, among)
    }

    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.between(low, high)
    }

    pub(super) fn span(&mut self, low_millis: u64, high_millis: u64) -> Duration {
        Duration::from_millis(self.0.between(low_millis, high_millis))
    }

    pub(super) fn bytes(&mut self, count: u64) -> String {
        let bytes = (0..count).map(|_| format!("{:02x}", self.0.below(256)));
        bytes.collect()
    }
}
