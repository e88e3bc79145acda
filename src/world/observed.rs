//! Everything that looks on: the journal and every fold over its facts.
//!
//! What observes is saved with each checkpoint and restored with it, so rewinding rewinds the audit and
//! the invariants too, and running forward again finds them as they were.

use crate::world::World;
use crate::world::audit::Audit;
use crate::world::invariant::{Checker, Violation};
use crate::world::journal::Journal;
use crate::world::ribbon::Ribbon;

/// What looks on.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub journal: Journal,
    pub ribbon: Ribbon,
    pub audit: Audit,
    pub checker: Checker,
    /// How many journal entries the folds have seen.
    seen: u64,
}

impl Observed {
    /// Shows the folds what is new since the last call. Costs time in proportion to the news.
    ///
    /// # Errors
    /// The first invariant that no longer holds. Every fold has seen the news all the same.
    pub fn look(&mut self, world: &World) -> Result<(), Violation> {
        if self.seen == self.journal.len() {
            return Ok(());
        }
        let seen = std::mem::replace(&mut self.seen, self.journal.len());
        self.ribbon.add(self.journal.since(seen));
        self.audit.add(world, self.journal.since(seen));
        self.checker.check(world, self.journal.since(seen))
    }
}
