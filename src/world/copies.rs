//! Second copies of a batch, found without walking the log.
//!
//! Two copies of one batch carry the same times, since a batch is not made anew when it is sent again; few
//! others do. So the newest stretch of a log is kept by time, and only batches of one time are held against
//! each other, byte for byte.
//!
//! Laws: what is compared are the records, not the header: a producer that got a new epoch numbers what it
//! sends again anew, and its records are read twice all the same. What is kept is a hint: the log is asked
//! whether a batch still stands where it was.

use std::sync::Arc;

use crate::log::{Log, StoredBatch};
use crate::model::Offset;
use crate::sorted::SortedMap;
use crate::time::Timestamp;

/// So many batches back the first copy is looked for, and up to twice as many.
const LOOKED_BACK: usize = 20_000;

/// Where the newest batches of a log stand, by the time of their newest record.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    spots: Arc<SortedMap<(Timestamp, Offset), ()>>,
}

impl Copies {
    /// What stands in a log before an offset.
    pub fn of(log: &Log, before: Offset) -> Copies {
        let earlier = Offset(before.0 - LOOKED_BACK as i64).max(log.start());
        let spots = log.batches(earlier, before).map(|batch| (spot(batch), ()));
        Copies {
            spots: Arc::new(spots.collect()),
        }
    }

    /// Whether the log has the records of this batch once more before it. From now on it is known too.
    pub fn has_before(&mut self, log: &Log, batch: &StoredBatch) -> bool {
        let (made, at) = spot(batch);
        let same = |at: Offset| {
            let other = log.batches(at, Offset(at.0 + 1)).next();
            other.is_some_and(|other| {
                other.base_offset() == at && other.batch().body == batch.batch().body
            })
        };
        let earlier = (made, Offset(i64::MIN))..(made, at);
        let found = self.spots.range(earlier).any(|((_, at), ())| same(*at));
        let spots = Arc::make_mut(&mut self.spots);
        spots.insert((made, at), ());
        if spots.len() >= 2 * LOOKED_BACK {
            let mut left = LOOKED_BACK;
            spots.retain(|_, ()| {
                let old = left > 0;
                left = left.saturating_sub(1);
                !old
            });
        }
        found
    }

    /// How many batches are known.
    pub fn len(&self) -> usize {
        self.spots.len()
    }
}

fn spot(batch: &StoredBatch) -> (Timestamp, Offset) {
    (batch.max_timestamp(), batch.base_offset())
}
