//! What must hold after every step, whatever the faults.
//!
//! An invariant is a fold over facts that looks only at what the news names, so that checking costs what
//! the news costs. It is `Clone` and part of what is saved with each checkpoint.

use crate::fact::Entry;
use crate::time::Instant;
use crate::world::World;

/// A law that does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub name: &'static str,
    pub at: Instant,
    /// What was seen, in a sentence.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.at, self.name, self.what)
    }
}

/// A law.
pub trait Invariant: Clone {
    fn name(&self) -> &'static str;

    /// Looks at what the news names.
    ///
    /// # Errors
    /// What was seen that must not be.
    fn check(&mut self, world: &World, news: &[Entry]) -> Result<(), String>;
}

/// Every law that is kept.
#[derive(Clone, Debug, Default)]
pub struct Checker {}

impl Checker {
    /// Shows every law the news.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn check(&mut self, _world: &World, _news: &[Entry]) -> Result<(), Violation> {
        Ok(())
    }
}
