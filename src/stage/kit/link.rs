//! Transit lines: one stroke for each plane, corners rounded, faults in red dashes.

use crate::stage::geometry::{Point, Route};
use crate::stage::shape::Shape;

/// A line. `class` is one of `data`, alone or with its weight, `idle`, `repl`, `ctl`, `sess`, `faint`, `slow`, `cut`, `was`.
pub fn line(route: &Route, class: &'static str) -> Shape {
    let class = match class {
        "data" => "ln data",
        "data w2" => "ln data w2",
        "data w4" => "ln data w4",
        "data w5" => "ln data w5",
        "idle" => "ln idle",
        "repl" => "ln repl",
        "ctl" => "ln ctl",
        "sess" => "ln sess",
        "faint" => "ln faint",
        "slow" => "ln slow",
        "cut" => "ln cut",
        "was" => "ln was",
        other => unreachable!("{other} is no kind of line"),
    };
    Shape::path(route.path(), class)
}

/// What keeps a line apart from the lines it crosses: a wider stroke in the stage's colour under it.
pub fn casing(route: &Route) -> Shape {
    Shape::path(route.path(), "casing")
}

/// What lies over the line that is selected.
pub fn chosen(route: &Route) -> Shape {
    Shape::path(route.path(), "chosen")
}

/// An arrow head on a line, pointing from one place toward another: only this way is cut.
pub fn arrow(at: Point, from: Point, to: Point) -> Shape {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let d = match (dx.abs() > dy.abs(), dx > 0.0, dy > 0.0) {
        (true, true, _) => "M5 0l-9 -5v10z",
        (true, false, _) => "M-5 0l9 -5v10z",
        (false, _, true) => "M0 5l-5 -9h10z",
        (false, _, false) => "M0 -5l-5 9h10z",
    };
    Shape::path(d, "arrow").at(at)
}

/// The arrow head at the end of a control line that comes from the right.
pub fn arrow_head(at: Point) -> Shape {
    Shape::path("M0 0l8 -5v10z", "tri").at(at)
}
