//! The icons that stand on the stage itself; panels have their own.

use crate::stage::geometry::Point;
use crate::stage::shape::Shape;

/// The flag of a leader, in a box of 16.
pub const FLAG: &[(&str, &str)] = &[("M4 14V2.5", ""), ("M4.5 2.5h8l-2.2 2.9 2.2 2.9h-8z", "f")];

/// An icon with its top left corner at a point. A piece with class `f` is filled.
pub fn icon(at: Point, pieces: &'static [(&'static str, &'static str)], scale: f64) -> Shape {
    let parts = pieces
        .iter()
        .map(|(d, class)| Shape::path(*d, *class))
        .collect();
    Shape::group("icon", parts).at(at).scaled(scale)
}
