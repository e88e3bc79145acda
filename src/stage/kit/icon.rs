//! The icons that stand on the stage itself; panels have their own.

use crate::stage::geometry::Point;
use crate::stage::shape::Shape;

/// The flag of a leader, in a box of 16.
pub const FLAG: &[(&str, &str)] = &[("M4 14V2.5", ""), ("M4.5 2.5h8l-2.2 2.9 2.2 2.9h-8z", "f")];

/// Two arrows that press on a line: a compacted log, in a box of 16.
pub const COMPACT: &[(&str, &str)] = &[
    ("M3 8h10", ""),
    ("M8 1.5v4M5.8 3.6L8 5.8l2.2 -2.2", ""),
    ("M8 14.5v-4M5.8 12.4L8 10.2l2.2 2.2", ""),
];

/// An icon with its top left corner at a point. A piece with class `f` is filled.
pub fn icon(at: Point, pieces: &'static [(&'static str, &'static str)], scale: f64) -> Shape {
    let parts = pieces
        .iter()
        .map(|(d, class)| Shape::path(*d, *class))
        .collect();
    Shape::group("icon", parts).at(at).scaled(scale)
}
