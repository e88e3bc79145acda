//! What components may know of the simulation: plain values, published at most ten times a second.
//!
//! Whatever is here can be compared, so a component renders again only when what it selected has changed.

use std::rc::Rc;

use crate::session::ribbon::Ribbon;
use crate::session::words::Said;
use crate::session::{Pace, Speed};
use crate::time::Instant;

/// The simulation as components see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub playing: bool,
    pub pace: Pace,
    pub speed: Speed,
    /// Time runs late: what it really runs at, in tenths.
    pub late: Option<u32>,
    pub at: Instant,
    pub event: usize,
    pub events: usize,
    pub at_edge: bool,
    pub newest: Instant,
    /// The lesson's step at the playhead, if it has steps.
    pub chapter: Option<usize>,
    pub said: Said,
    pub ribbon: Rc<Ribbon>,
    pub can_undo: bool,
    /// How many of the oldest branches were dropped.
    pub branches_dropped: u32,
    /// Logs hold more than the page allows, in megabytes: time stands still until something is given up.
    pub full: Option<u64>,
    /// The law that no longer holds, if one does not.
    pub violation: Option<Rc<str>>,
}
