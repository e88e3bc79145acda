//! Motion as a function of time.
//!
//! Nothing here runs: a frame asks where the reader stands and gets an instant of the world. A traveller's
//! place follows from that instant, so pausing, scrubbing and playing backwards need no code.
//!
//! - `easing`: how progress in time becomes progress in place; the durations of the storyboard
//! - `even`: the limits of even pace: every gap between events takes a comfortable time, long ones are folded
//! - `ages`: how long ago something was, in the reader's time
//! - `steady`: the pace of real time: a speed, in 13 notches
//!
//! Left out: the frame itself, which the browser drives.

mod ages;
mod easing;
mod even;
mod steady;

pub use ages::Ages;
pub use easing::{Beat, Easing, travel};
pub use even::{HI, LO, LO_TRAVELLING};
pub use steady::{NOTCHES, Speed};
