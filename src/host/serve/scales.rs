//! What all logs and groups weigh together, those that ZooKeeper keeps included, and what that means for whoever adds
//! to them.
//!
//! Retention bounds a partition, and nothing bounds how many partitions there are, how many keys a compacted one keeps,
//! what lies above a high watermark that does not move, or how many groups there are and what their members know. So
//! there is one bound for all of it: what would add to it waits before the world until something has gone. That is
//! Produce, JoinGroup, SyncGroup and OffsetCommit; who only reads, sends heartbeats, leaves or deletes goes on.
//!
//! The last sixteenth is left to members that are in a group already and have little to say: theirs is replaced more
//! than it grows, and a group that works goes on working while the logs are full of something else.
//!
//! They are weighed twenty times in a second, and whenever a mebibyte was taken that may have come to lie in them.
//! What had been begun when they were full is finished: one request of each connection, which counts as the
//! connection's.
//!
//! Unlike Kafka, whose log directory fails when its disk is full. Not held back: what producers of the plan produce,
//! who are in the world already.

use std::time::{Duration, Instant};

use kafka_playground::world::World;

use super::bounds::{MEBIBYTE, mebibytes};
use super::speech::complain;

/// Logs and groups are weighed so often, which takes a look at every replica and every member.
const WEIGHED: Duration = Duration::from_millis(50);
/// It may take this part of all time, when there is much to look at.
const PART: u32 = 10;
/// They are weighed before more than this is taken in, however short the time is.
const GRAIN: u64 = MEBIBYTE;
/// What is left to members: one part in so many.
pub const RESERVE: u64 = 16;
/// That they are too heavy is not said again for so long.
const SAID: Duration = Duration::from_secs(60);

/// Who asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Anybody.
    Anybody,
    /// Somebody who is in a group and says little.
    Member,
}

/// What logs and groups may weigh, and what they do.
pub struct Scales {
    /// In bytes of memory: batches once, and for each replica what it needs to find them and what it knows of the
    /// producers that number theirs; what coordinators know; what every server of ZooKeeper keeps for the oldest clients.
    most: u64,
    /// What they weighed the last time, with what was on its way to them.
    weight: u64,
    /// What may have come to lie in them since.
    taken: u64,
    weighed: Instant,
    /// How long that took.
    took: Duration,
    said: Option<Instant>,
}

impl Scales {
    pub fn new(most: u64) -> Scales {
        Scales {
            most,
            weight: 0,
            taken: 0,
            weighed: Instant::now(),
            took: Duration::ZERO,
            said: None,
        }
    }

    /// Whether a request of so many bytes would still fit. One that is longer than all that may be could wait for ever:
    /// it goes on while less than half is used.
    pub fn have_room(&self, asks: Asks, length: u64) -> bool {
        let most = match asks {
            Asks::Anybody => self.most - self.most / RESERVE,
            Asks::Member => self.most,
        };
        let weight = self.weight.saturating_add(self.taken);
        let fits = weight.saturating_add(length) <= most || weight < self.most / 2;
        fits && self.taken < GRAIN
    }

    /// So many bytes went on that may come to lie in logs or groups.
    pub fn take(&mut self, bytes: u64) {
        self.taken += bytes;
    }

    /// A request of so many bytes has to wait. That is said if it is not for the moment only.
    pub fn hold_back(&mut self, length: u64) {
        let full = self.weight.saturating_add(length) > self.most - self.most / RESERVE;
        if full && self.said.is_none_or(|said| said.elapsed() >= SAID) {
            self.said = Some(Instant::now());
            complain(&format!(
                "The logs and groups weigh {}, and --memory lets them weigh {}: what is produced or committed and who \
                 joins a group waits, if it does not fit, until retention, DeleteRecords or the deletion of topics or \
                 groups has made room. The last sixteenth is left to members that are in a group already.",
                mebibytes(self.weight),
                mebibytes(self.most),
            ));
        }
    }

    /// Weighs the logs and groups, unless that was done a moment ago. `under_way` is what has not come to lie in them
    /// yet.
    pub fn weigh(&mut self, world: &World, under_way: impl FnOnce() -> u64) {
        let now = Instant::now();
        let due = WEIGHED.max(self.took.saturating_mul(PART));
        if self.taken < GRAIN && now.duration_since(self.weighed) < due {
            return;
        }
        let kept = world.log_stretch().weight() + world.group_weight() + world.consumers_weight();
        self.weight = kept + under_way();
        self.taken = 0;
        self.weighed = Instant::now();
        self.took = self.weighed - now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_playground::rng::Seed;
    use kafka_playground::world::{Journal, Plan};

    #[test]
    fn no_more_is_taken_than_a_mebibyte_before_it_was_weighed() {
        let world = World::new(&Plan::default(), Seed(1), &mut Journal::default());
        let world = world.expect("a plan");
        let mut scales = Scales::new(16 * MEBIBYTE);
        for part in 0..4 {
            assert!(scales.have_room(Asks::Anybody, 1_000), "{part}");
            scales.take(MEBIBYTE / 4);
        }
        assert!(!scales.have_room(Asks::Anybody, 1_000));
        // However short the time was.
        scales.weigh(&world, || 2 * MEBIBYTE);
        assert!(scales.have_room(Asks::Anybody, 1_000));
    }

    #[test]
    fn the_last_sixteenth_is_left_to_members() {
        let world = World::new(&Plan::default(), Seed(1), &mut Journal::default());
        let world = world.expect("a plan");
        let weighing = |weight: u64| {
            let mut scales = Scales::new(16 * MEBIBYTE);
            scales.take(GRAIN);
            scales.weigh(&world, || weight);
            scales
        };
        let room = |weight, length| {
            let scales = weighing(weight);
            [Asks::Anybody, Asks::Member].map(|asks| scales.have_room(asks, length))
        };
        assert_eq!(room(14 * MEBIBYTE, 1_000), [true, true]);
        assert_eq!(room(14 * MEBIBYTE, 3 * MEBIBYTE / 2), [false, true]);
        assert_eq!(room(15 * MEBIBYTE, 1_000), [false, true]);
        assert_eq!(room(16 * MEBIBYTE, 1_000), [false, false]);
        // What would never fit goes on where there is much room.
        assert_eq!(room(0, 100 * MEBIBYTE), [true, true]);
        assert_eq!(room(9 * MEBIBYTE, 100 * MEBIBYTE), [false, false]);
    }
}
