//! Checkpoints: copies of the world to come back to, and what they cost.
//!
//! A copy shares with its successor whatever has not changed between the two, so a checkpoint costs what
//! only it still holds: hosts and open chunks as they were, record batches that retention has taken since,
//! and old entries of the journal. That is estimated from lengths, without walking anything, when the next
//! checkpoint is made.
//!
//! Laws: the newest checkpoint stays, and so does the first; a checkpoint between them goes only when
//! all together are heavier than the cap, and then the one whose absence costs the shortest replay.

use super::observed::Observed;
use super::weight::Stretch;
use super::{Place, World};

/// What checkpoints may hold together, by default.
pub const CAP: u64 = 64_000_000;

/// Entries that the journal of a checkpoint keeps for those who come back to it, once space is short.
const FEW_ENTRIES: u64 = 512;

/// One copy of everything.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) world: World,
    pub(super) observed: Observed,
    /// How many commands had been carried out.
    pub(super) performed: usize,
    /// What the world's logs held.
    logs: Stretch,
    /// What it holds that the next checkpoint does not, record batches and journal aside.
    own: u64,
}

impl Checkpoint {
    pub(super) fn new(world: &World, observed: &Observed, performed: usize) -> Checkpoint {
        Checkpoint {
            world: world.clone(),
            observed: observed.clone(),
            performed,
            logs: world.log_stretch(),
            own: 0,
        }
    }

    fn journal(&self) -> Stretch {
        let journal = &self.observed.journal;
        Stretch {
            from: journal.first_kept() - 1,
            to: journal.len(),
        }
    }
}

/// The checkpoints of one history, oldest first; never none.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    kept: Vec<Checkpoint>,
    cap: u64,
}

impl Checkpoints {
    pub(super) fn new(first: Checkpoint) -> Checkpoints {
        Checkpoints {
            kept: vec![first],
            cap: CAP,
        }
    }

    pub(super) fn set_cap(&mut self, cap: u64) {
        self.cap = cap;
        self.thin();
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn first(&self) -> &Checkpoint {
        &self.kept[0]
    }

    pub(super) fn last(&self) -> &Checkpoint {
        self.kept.last().expect("there is a checkpoint")
    }

    /// The last one at or before a place; where there is none, the first.
    pub(super) fn before(&self, place: Place) -> &Checkpoint {
        let earlier = |checkpoint: &Checkpoint| checkpoint.world.place() <= place;
        &self.kept[self.kept.partition_point(earlier).saturating_sub(1)]
    }

    /// Adds one behind all others, and lets go of what has become too much.
    pub(super) fn push(&mut self, checkpoint: Checkpoint) {
        if let Some(last) = self.kept.last_mut() {
            last.own = own(last, &checkpoint);
        }
        self.kept.push(checkpoint);
        self.thin();
    }

    /// Drops those behind a place, or behind a number of commands: they belong to another future.
    pub(super) fn drop_behind(&mut self, place: Place, performed: usize) {
        let ours = |checkpoint: &Checkpoint| {
            checkpoint.world.place() <= place && checkpoint.performed <= performed
        };
        self.kept.truncate(self.kept.partition_point(ours).max(1));
    }

    /// Drops all and begins again with this one.
    pub(super) fn begin_with(&mut self, first: Checkpoint) {
        self.kept = vec![first];
    }

    /// An estimate of the bytes that they hold and the newest of them does not.
    pub(super) fn weight(&self) -> u64 {
        let own: u64 = self.kept.iter().map(|checkpoint| checkpoint.own).sum();
        let newest = self.last();
        let logs = self.union(|checkpoint| checkpoint.logs) - newest.logs.weight();
        let entries = self.union(Checkpoint::journal) - newest.journal().weight();
        own + logs + entries * super::weight::ENTRY
    }

    /// The bytes of record batches that they and a world that goes on from one of them hold together.
    pub(super) fn retained_log_bytes(&self, world: &World) -> u64 {
        let base = self.before(world.place()).logs;
        self.union(|checkpoint| checkpoint.logs) + world.log_stretch().beyond(base)
    }

    /// What their stretches cover together. The newest covers its own; an older one adds what lies
    /// before all that are newer.
    fn union(&self, stretch: impl Fn(&Checkpoint) -> Stretch) -> u64 {
        let mut covered_from = u64::MAX;
        let mut sum = 0;
        for checkpoint in self.kept.iter().rev() {
            let here = stretch(checkpoint);
            sum += here.to.min(covered_from).saturating_sub(here.from);
            covered_from = covered_from.min(here.from);
        }
        sum
    }

    /// Old journals go first, since running from the checkpoint before makes their entries again; then
    /// checkpoints.
    fn thin(&mut self) {
        while self.weight() > self.cap {
            let between = 0..self.kept.len() - 1;
            let long = |index: &usize| self.kept[*index].journal().weight() > 2 * FEW_ENTRIES;
            if let Some(index) = between.clone().find(long) {
                self.kept[index]
                    .observed
                    .journal
                    .forget_all_but(FEW_ENTRIES);
                continue;
            }
            // The gap that its absence would leave; of equal ones the oldest.
            let gap = |index: &usize| {
                self.kept[index + 1].world.work() - self.kept[index - 1].world.work()
            };
            let Some(index) = between.skip(1).min_by_key(gap) else {
                return;
            };
            self.kept.remove(index);
            self.kept[index - 1].own = own(&self.kept[index - 1], &self.kept[index]);
        }
    }
}

/// What a checkpoint holds that the next one does not, record batches and journal aside.
fn own(one: &Checkpoint, next: &Checkpoint) -> u64 {
    one.world.beyond(&next.world) + one.observed.weight()
}
