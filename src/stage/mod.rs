//! The picture as a function.
//!
//! `scene(snapshot, layout)` gives shapes; painters paint them. Nothing here changes the world, remembers
//! the last picture or knows a browser, so every picture can be made, compared and tested natively, and the
//! same instant always looks the same, whichever way one came to it.
//!
//! In reading order:
//!
//! - `snapshot`: what is, as plain data, at one instant; `extract`: how it is taken out of the world
//! - `thing`: the names of what can be pointed at
//! - `keys`: which hue and tag a record's key gets
//! - `density`: how much of each record is drawn, by how many there are
//! - `geometry`, `shape`: points and routes; the few shapes of which every picture is made
//! - `kit`: the visual vocabulary, one function for each thing
//! - `layout`: where things stand, for each lens
//! - `scene`: from snapshot and layout to shapes, travellers, targets and words
//! - `motion`: easings, and how virtual time becomes stage time
//! - `svg`: a scene as text
//! - `diff`: from one structure to the next by the fewest changes
//!
//! Laws: square is stored, round is travelling, a diamond is control; ink is structure, colour is a key, red
//! is a fault and never alone, a yellow wash means look here. The x of an offset is the same on every broker.
//!
//! Left out: colours and sizes of text, which the style sheet decides by class; hover and drag, which belong
//! to the frame.

pub mod density;
pub mod diff;
pub mod extract;
pub mod geometry;
pub mod keys;
pub mod kit;
pub mod layout;
pub mod motion;
pub mod scene;
pub mod shape;
pub mod snapshot;
pub mod svg;
mod thing;

pub use layout::{Ask, Layout, Lens, layout};
pub use scene::{Scene, scene};
pub use snapshot::Snapshot;
pub use thing::Thing;
