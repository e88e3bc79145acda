//! What a world weighs in memory, and what its checkpoints keep that it has let go.
//!
//! The bytes of a batch are stored once, however many replicas and checkpoints refer to them; what each
//! replica adds is the handle by which it finds the batch. Whatever is appended to a partition therefore
//! lies along one line, and a world at one instant holds a [`Stretch`] of that line: retention moves its
//! beginning, appending moves its end. What several worlds of one history hold together is the union of
//! their stretches, which takes no walk through any log.

use crate::log::{Bulk, StoredBatch};
use crate::world::World;

/// What the first owner of a batch adds to its bytes: the count of the slices that share it.
const OWNER: u64 = 4 * size_of::<usize>() as u64;
/// What each replica adds to a batch.
const HANDLE: u64 = size_of::<StoredBatch>() as u64;

/// From where to where of all that was ever appended, in bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    pub from: u64,
    pub to: u64,
}

impl Stretch {
    /// What it comes to.
    pub fn weight(self) -> u64 {
        self.to - self.from
    }

    /// What lies in it beyond the end of an earlier one.
    ///
    /// Stretches add up several partitions, of which one may have moved on while another stood still;
    /// then this is more than what is really new, never less.
    pub fn beyond(self, earlier: Stretch) -> u64 {
        self.to.saturating_sub(self.from.max(earlier.to))
    }
}

impl World {
    /// What the logs hold of all that was ever appended to them, each partition counted once, by its
    /// leader. Costs a look at every replica, none at its log.
    pub fn log_stretch(&self) -> Stretch {
        let mut stretch = Stretch::default();
        for broker in self.brokers() {
            for (_, replica) in broker
                .partitions()
                .filter(|(_, replica)| replica.is_leader())
            {
                let per_batch = OWNER + HANDLE * replica.replicas().len() as u64;
                let weight = |bulk: Bulk| bulk.bytes + bulk.batches * per_batch;
                let (held, appended) = (replica.log().held(), replica.log().appended());
                stretch.from += weight(appended) - weight(held);
                stretch.to += weight(appended);
            }
        }
        stretch
    }
}
