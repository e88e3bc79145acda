//! The frame around every view: top bar, stage, narrator, transport, and what lies over them.
//!
//! `topbar` the wordmark and the views · `stage` where the painter paints, with `stagebar` over it · `narrator` the
//! time and one sentence · `transport` play, speed and clock, with `ribbon`, the run along a line · `inspector` what
//! is selected, with `acts` and `stored`, what can be done to it · `overlay` what lies over the page.

pub mod acts;
pub mod inspector;
pub mod narrator;
pub mod overlay;
pub mod ribbon;
pub mod stage;
pub mod stagebar;
pub mod stored;
pub mod topbar;
pub mod transport;
