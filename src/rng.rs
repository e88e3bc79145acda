//! Seeded streams of integers, one for each process and one for the network.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, 2014): a counter and a mixing function, small
//! enough to be copied with every checkpoint. Streams are split by name, so a process that draws one
//! number more does not change what any other process draws.
//!
//! Left out: floats and distributions. Where a distribution matters it is an integer table.

/// What a whole run grows from, together with its plan and its commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// One stream of numbers. Equal seeds and equal stream numbers give equal streams, on every target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream numbered `stream` of a seed.
    pub fn new(seed: Seed, stream: u64) -> Rng {
        Rng {
            state: mix(seed.0.wrapping_add(GOLDEN)) ^ mix(stream.wrapping_mul(GOLDEN)),
        }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number from 0 up to, and not including, `bound`.
    ///
    /// # Panics
    /// When `bound` is zero: there is no such number.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a random number below zero was asked for");
        // Lemire's multiply-shift; its bias is under 2^-32 for the small bounds used here.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `numerator` of `denominator` cases.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// One of `items`; `None` when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            None
        } else {
            items.get(self.below(items.len() as u64) as usize)
        }
    }

    /// A version 4 UUID drawn from this stream.
    pub fn uuid(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next_u64().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next_u64().to_be_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_agrees_with_the_published_stream() {
        // The first outputs of the reference SplitMix64 for the state 1234567.
        let mut rng = Rng { state: 1_234_567 };
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let mut one = Rng::new(Seed(7), 1);
        let mut two = Rng::new(Seed(7), 2);
        assert_ne!(one.next_u64(), two.next_u64());
        assert_eq!(Rng::new(Seed(7), 1), Rng::new(Seed(7), 1));
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::new(Seed(1), 0);
        let mut seen = [false; 3];
        for _ in 0..200 {
            seen[rng.below(3) as usize] = true;
        }
        assert_eq!(seen, [true; 3]);
    }
}
