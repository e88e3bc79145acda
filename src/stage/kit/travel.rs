//! What travels. Filled and round carries records, a hollow ring is an answer, a diamond is control.
//!
//! Every traveller is drawn around the origin; the painter moves it.

use crate::stage::geometry::{Point, Size, number};
use crate::stage::kit::record::{RecordForm, record, size_class};
use crate::stage::shape::{Name, Shape};
use crate::stage::snapshot::{CellState, ControlName, KeyMark};

/// More records than this in one capsule are counted, not drawn; small capsules have room for one.
fn most(size: f64) -> usize {
    if size < 17.0 { 1 } else { 5 }
}

/// The capsule's extent for so many records of this size.
pub fn capsule_size(keys: usize, size: f64) -> Size {
    let shown = keys.clamp(1, most(size)) as f64;
    let more = if keys > most(size) { 22.0 } else { 0.0 };
    Size::new(shown * (size + 1.0) + 5.0 + more, size + 6.0)
}

/// A request with its records: one to five dots, then "+n". No records: an empty capsule.
pub fn capsule(keys: &[KeyMark], size: f64) -> Shape {
    let Size { w, h } = capsule_size(keys.len(), size);
    let mut parts = vec![Shape::rect(-w / 2.0, -h / 2.0, w, h, h / 2.0, "pill")];
    for (at, key) in keys.iter().take(most(size)).enumerate() {
        let x = 3.0 - w / 2.0 + size / 2.0 + at as f64 * (size + 1.0);
        parts.push(record(
            Point::new(x, 0.0),
            size,
            key,
            CellState::Committed,
            RecordForm::Dot,
        ));
    }
    if keys.len() > most(size) {
        let text = format!("+{}", keys.len() - most(size));
        parts.push(Shape::text(w / 2.0 - 14.0, 3.5, text, "mid b fs10"));
    }
    Shape::group("", parts)
}

/// An answer: a hollow ring, usually with the base offset in it.
pub fn answer(label: &str, r: f64) -> Shape {
    ring_with(label, r, "ring", "mid b fs10")
}

/// An answer that is an error: red, with its numeric code.
pub fn error_answer(code: i16, r: f64) -> Shape {
    ring_with(&code.to_string(), r, "ring bad", "mid b red fs10")
}

fn ring_with(label: &str, r: f64, class: &'static str, text: &'static str) -> Shape {
    let mut parts = vec![Shape::circle(0.0, 0.0, r, class)];
    if !label.is_empty() {
        parts.push(Shape::text(0.0, 3.5, label.to_owned(), text));
    }
    Shape::group("", parts)
}

/// A control message. `class` is empty, `inv` on ink, or `open`.
pub fn diamond(at: Point, r: f64, class: &'static str) -> Shape {
    let n = number(r);
    let class: Name = match class {
        "" => "dia".into(),
        other => format!("dia {other}").into(),
    };
    Shape::path(format!("M0 -{n}L{n} 0L0 {n}L-{n} 0Z"), class).at(at)
}

/// The extent of a pill, at least so wide, and how its name is set: a long one is small, and has the room that
/// it needs.
fn pill_form(name: &ControlName, least: f64) -> (Size, f64) {
    let letters = name.name.chars().count();
    let px = if least < 104.0 || letters > 12 {
        10.5
    } else {
        12.0
    };
    let w = match letters {
        0..=12 => least,
        _ => least.max(24.0 + letters as f64 * px * 0.6),
    };
    (Size::new(w, 42.0), px)
}

/// The extent of a control message with its name.
pub fn control_pill_size(name: &ControlName, least: f64) -> Size {
    pill_form(name, least).0
}

/// A control message with its name, when it is the subject of the step.
pub fn control_pill(name: &ControlName, least: f64) -> Shape {
    let (Size { w, h }, px) = pill_form(name, least);
    let class = format!("mid b {}", size_class(px));
    let mut parts = vec![Shape::rect(-w / 2.0, -h / 2.0, w, h, 9.0, "pill")];
    parts.push(diamond(Point::new(13.0 - w / 2.0, -7.0), 4.5, ""));
    parts.push(Shape::text(7.0, -3.0, name.name.to_string(), class));
    parts.push(Shape::text(0.0, 13.0, name.detail.to_string(), "m mid"));
    Shape::group("", parts)
}
