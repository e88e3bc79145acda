//! Motion as a function of time: easings, and the two paces.

mod easing;

pub use easing::{Easing, travel};
