//! Even pace: networks take milliseconds and sessions take eighteen seconds, and one clock cannot show both.
//!
//! Each gap between two instants at which something visible happens is given a time of the reader's: its own
//! length, but at least `LO` (`LO_TRAVELLING` while something is under way) and at most `HI`. A gap longer than
//! `HI` is *folded*: it is told with its true length and passes in `HI`. The clock on the page always shows true
//! simulated time and is allowed to jump. Here are the limits; a session lays its own events out by them.

/// The least stage time of a gap, in microseconds.
pub const LO: f64 = 160_000.0;
/// The least while something travels.
pub const LO_TRAVELLING: f64 = 420_000.0;
/// The most; longer gaps are folded.
pub const HI: f64 = 1_200_000.0;
