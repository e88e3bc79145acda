//! A record: a square where it is stored, a circle where it travels.

use crate::stage::geometry::{Point, number};
use crate::stage::shape::{Form, Name, Shape};
use crate::stage::snapshot::{CellState, KeyMark};

/// Stored or travelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordForm {
    Square,
    Dot,
}

/// Below this size a record shows its colour only.
const LETTER_FROM: f64 = 13.0;

/// A record around the origin of its own group, so that moving it changes one attribute.
pub fn record(at: Point, size: f64, mark: &KeyMark, state: CellState, form: RecordForm) -> Shape {
    let half = size / 2.0;
    let class: Name = match state_class(state) {
        "" => "rec".into(),
        other => format!("rec {other}").into(),
    };
    let inset = match state {
        CellState::Open | CellState::Lost => 1.0,
        CellState::Stranded | CellState::Promised | CellState::Doomed => 1.0,
        _ => 0.5,
    };
    let body = match form {
        RecordForm::Dot => Shape::circle(0.0, 0.0, half - inset / 2.0, class),
        RecordForm::Square => {
            let side = size - 2.0 * inset;
            Shape::rect(
                inset - half,
                inset - half,
                side,
                side,
                (size * 0.2).max(2.0),
                class,
            )
        }
    };
    let mut parts = vec![body];
    if state != CellState::Gone && size >= LETTER_FROM {
        let px = letter_size(size);
        let class = format!("rec-t {} {}", state_class(state), size_class(px));
        parts.push(Shape::text(0.0, px * 0.36, mark.tag.to_string(), class));
    }
    if mark.tombstone || state == CellState::Tombstone {
        let reach = number((half - 4.0).max(half * 0.6));
        let class: Name = match state_class(state) {
            "" | "tomb" => "x-tomb".into(),
            other => format!("x-tomb {other}").into(),
        };
        parts.push(Shape::path(
            format!("M-{reach} {reach}L{reach} -{reach}"),
            class,
        ));
    }
    if state == CellState::Duplicate {
        let d = format!(
            "M{} {}h{}a3 3 0 003 -3v-{}",
            number(4.0 - half),
            number(half + 2.0),
            number(size - 5.0),
            number(size - 5.0)
        );
        parts.push(Shape::path(d, "x-dup"));
    }
    Shape::group(hue_class(mark), parts).at(at)
}

/// A record that has just been stored: a circle that becomes a square, `part` of the way.
pub fn settling_record(at: Point, size: f64, mark: &KeyMark, state: CellState, part: f64) -> Shape {
    let mut shape = record(at, size, mark, state, RecordForm::Square);
    if let Form::Group { children } = &mut shape.form
        && let Some(body) = children.first_mut()
        && let Form::Rect { x, y, w, h, r } = &mut body.form
    {
        let side = size * (0.8 + 0.2 * part) - 2.0;
        (*x, *y, *w, *h) = (-side / 2.0, -side / 2.0, side, side);
        *r = side / 2.0 + ((size * 0.2).max(2.0) - side / 2.0) * part;
    }
    shape
}

/// A record that has just been committed: its square is filled from the left, `part` of the way.
pub fn filling_record(at: Point, size: f64, mark: &KeyMark, part: f64) -> Shape {
    let state = match part > 0.5 {
        true => CellState::Committed,
        false => CellState::Open,
    };
    let mut shape = record(at, size, mark, CellState::Open, RecordForm::Square);
    let letter = record(at, size, mark, state, RecordForm::Square);
    if let (Form::Group { children }, Form::Group { children: other }) =
        (&mut shape.form, letter.form)
    {
        let side = size - 1.0;
        let fill = Shape::rect(
            -side / 2.0,
            -side / 2.0,
            (side * part).max(1.0),
            side,
            (size * 0.2).min(side * part / 2.0),
            "rec",
        );
        children.truncate(1);
        children.push(fill);
        children.extend(other.into_iter().skip(1));
    }
    shape
}

/// The place of an offset whose record compaction took: there is nothing, and it is nobody else's.
pub fn hole(at: Point, size: f64) -> Shape {
    let reach = number((size * 0.14).max(2.5));
    Shape::path(format!("M-{reach} 0H{reach}"), "hole").at(at)
}

/// A record without its letter: a cell of a follower's thin row.
pub(super) fn flat_record(at: Point, w: f64, h: f64, mark: &KeyMark, state: CellState) -> Shape {
    let class = format!("rec {} {} flat", hue_class(mark), state_class(state));
    Shape::rect(-w / 2.0, -h / 2.0, w, h, 2.5, class).at(at)
}

/// A letter fills 56 % of its record and is never under 10 px.
fn letter_size(size: f64) -> f64 {
    (size * 0.56).round().max(10.0)
}

/// The class that sets a size of text; the style sheet knows the sizes 10 to 17 and the halves 10.5, 11.5.
pub(super) fn size_class(px: f64) -> Name {
    let class = match (px * 2.0) as u32 {
        ..=20 => "fs10",
        21 => "fs10-5",
        22 => "fs11",
        23 => "fs11-5",
        24 | 25 => "fs12",
        26 | 27 => "fs13",
        28 | 29 => "fs14",
        30 | 31 => "fs15",
        32 | 33 => "fs16",
        _ => "fs17",
    };
    class.into()
}

/// The class that carries the hue.
pub fn hue_class(mark: &KeyMark) -> Name {
    const HUES: [&str; 10] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9"];
    match mark.hue {
        Some(hue) => HUES[usize::from(hue % 10)].into(),
        None => "kn".into(),
    }
}

pub(super) fn state_class(state: CellState) -> &'static str {
    match state {
        CellState::Committed => "",
        CellState::Open => "open",
        CellState::Ghost => "ghost",
        CellState::Stranded | CellState::Promised | CellState::Doomed => "stranded",
        CellState::Lost => "lost",
        CellState::Gone => "gone",
        CellState::Tombstone => "tomb",
        CellState::Duplicate => "dup",
    }
}
