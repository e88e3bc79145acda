//! What all logs weigh together, and what that means for whoever produces.
//!
//! Retention bounds a partition, and nothing bounds how many partitions there are, how many keys a compacted one keeps,
//! or what lies above a high watermark that does not move. So there is one bound for all of it: as soon as the logs weigh
//! so much, what is produced waits before the world until something has gone.
//!
//! Unlike Kafka, whose log directory fails when its disk is full. Not held back: what producers of the plan produce, who
//! are in the world already, and commits of groups, which are small.

use std::time::{Duration, Instant};

use kafka_playground::world::World;

use super::bounds::mebibytes;
use super::speech::complain;

/// The logs are weighed so often, which takes a look at every replica.
const WEIGHED: Duration = Duration::from_millis(50);
/// That they are too heavy is not said again for so long.
const SAID: Duration = Duration::from_secs(60);

/// What the logs may weigh, and whether they do.
pub struct Scales {
    /// In bytes of memory: batches once, and for each replica what it needs to find them and what it knows of the
    /// producers that number theirs.
    most: u64,
    weighed: Instant,
    said: Option<Instant>,
    heavy: bool,
}

impl Scales {
    pub fn new(most: u64) -> Scales {
        Scales {
            most,
            weighed: Instant::now(),
            said: None,
            heavy: false,
        }
    }

    /// Whether the logs weigh all that they may.
    pub fn are_full(&self) -> bool {
        self.heavy
    }

    /// Weighs the logs, unless that was done a moment ago.
    pub fn weigh(&mut self, world: &World) {
        if self.weighed.elapsed() < WEIGHED {
            return;
        }
        self.weighed = Instant::now();
        self.heavy = world.log_stretch().weight() >= self.most;
        if self.heavy && self.said.is_none_or(|said| said.elapsed() >= SAID) {
            self.said = Some(self.weighed);
            complain(&format!(
                "The logs weigh {}, which is all that --memory lets them: what is produced waits until retention, \
                 DeleteRecords or the deletion of topics has made room.",
                mebibytes(self.most)
            ));
        }
    }
}
