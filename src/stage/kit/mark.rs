//! Marks: poles and flags at offsets, group markers, crosses, badges, washes and rings.

use crate::stage::geometry::{Point, Rect, number};
use crate::stage::shape::{Name, Shape};

/// Which pole: the high watermark is solid, log start and log end are dotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoleKind {
    HighWatermark,
    LogEdge,
}

/// To which side of its pole a flag flies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagSide {
    Left,
    Right,
}

/// The shape that stands for a group, in order of creation; later groups carry their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupShape {
    Triangle,
    Diamond,
    Square,
    Numbered(u32),
}

impl GroupShape {
    /// The shape of the n-th group, counted from 0.
    pub fn of(index: usize) -> GroupShape {
        match index {
            0 => GroupShape::Triangle,
            1 => GroupShape::Diamond,
            2 => GroupShape::Square,
            more => GroupShape::Numbered(more as u32 + 1),
        }
    }
}

/// What a group's marker stands for: a committed offset is filled, a client's position is hollow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    Committed,
    Position,
}

/// A pole at an offset's left edge, around the origin of its own x.
pub fn pole(x: f64, top: f64, bottom: f64, kind: PoleKind) -> Shape {
    let class = match kind {
        PoleKind::HighWatermark => "hw",
        PoleKind::LogEdge => "leo",
    };
    Shape::group("", vec![Shape::line(0.0, top, 0.0, bottom, class)]).at(Point::new(x, 0.0))
}

/// A pole with a flag on top. The high watermark's flag is ink and flies to the left; those of log start
/// and log end are hollow and fly to the right.
pub fn flag(x: f64, top: f64, bottom: f64, label: &str, kind: PoleKind, side: FlagSide) -> Shape {
    flag_of(15.0, (x, top, bottom), label, kind, side)
}

/// The same, just high enough for its words.
pub fn low_flag(
    x: f64,
    top: f64,
    bottom: f64,
    label: &str,
    kind: PoleKind,
    side: FlagSide,
) -> Shape {
    flag_of(13.0, (x, top, bottom), label, kind, side)
}

fn flag_of(
    h: f64,
    (x, top, bottom): (f64, f64, f64),
    label: &str,
    kind: PoleKind,
    side: FlagSide,
) -> Shape {
    let w = label.chars().count() as f64 * 6.1 + 10.0;
    let left = match side {
        FlagSide::Right => -1.0,
        FlagSide::Left => 1.0 - w,
    };
    let (line, sheet, text) = match kind {
        PoleKind::HighWatermark => ("hw", "box ink", "mid b inv fs10-5"),
        PoleKind::LogEdge => ("leo", "box", "mid b fs10-5"),
    };
    let parts = vec![
        Shape::line(0.0, top, 0.0, bottom, line),
        Shape::rect(left, top - h, w, h, 3.0, sheet),
        Shape::text(left + w / 2.0, top - h / 2.0 + 3.5, label.to_owned(), text),
    ];
    Shape::group("", parts).at(Point::new(x, 0.0))
}

/// A group's marker: filled for the committed offset, hollow for the position.
pub fn group_marker(at: Point, shape: GroupShape, s: f64, kind: MarkerKind) -> Shape {
    let (class, text) = match kind {
        MarkerKind::Committed => ("tri", "mid b inv fs10"),
        MarkerKind::Position => ("tri open", "mid b fs10"),
    };
    let n = number(s);
    let body = match shape {
        GroupShape::Triangle => {
            let low = number(s * 0.8);
            Shape::path(format!("M0 -{n}L{n} {low}L-{n} {low}Z"), class)
        }
        GroupShape::Diamond => Shape::path(format!("M0 -{n}L{n} 0L0 {n}L-{n} 0Z"), class),
        GroupShape::Square => {
            let side = 2.0 * s - 1.0;
            Shape::rect(0.5 - s, 0.5 - s, side, side, 1.0, class)
        }
        GroupShape::Numbered(number) => {
            let parts = vec![
                Shape::circle(0.0, 0.0, s + 2.0, class),
                Shape::text(0.0, 3.5, number.to_string(), text),
            ];
            return Shape::group("", parts).at(at);
        }
    };
    body.at(at)
}

/// The cross of every fault.
pub fn cross(at: Point, r: f64) -> Shape {
    let n = number(r);
    Shape::path(format!("M-{n} -{n}L{n} {n}M{n} -{n}L-{n} {n}"), "xmark").at(at)
}

/// The dot of something that is up.
pub fn dot(at: Point, r: f64) -> Shape {
    Shape::circle(at.x, at.y, r, "tri")
}

/// The half-filled dot of something that starts or drains.
pub fn half_dot(at: Point) -> Shape {
    let parts = vec![
        Shape::circle(0.0, 0.0, 5.0, "tri open"),
        Shape::path("M0 -5a5 5 0 010 10z", "tri"),
    ];
    Shape::group("", parts).at(at)
}

/// The two bars of something that stands still.
pub fn bars(at: Point, r: f64) -> Shape {
    let (w, h) = ((r * 0.62).round().max(2.0), 2.0 * r);
    let bar = |x: f64| Shape::rect(x, -r, w, h, 1.0, "tri");
    Shape::group("", vec![bar(-r), bar(r - w)]).at(at)
}

/// The hollow dot of something that was stopped in order.
pub fn hollow_dot(at: Point) -> Shape {
    Shape::circle(at.x, at.y, 4.5, "tri open")
}

/// Whether a badge is worn by right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeKind {
    Now,
    /// Whoever wears it does not know yet that it is another's: hollow.
    Former,
}

/// A badge with a diamond: "Controller".
pub fn badge(at: Point, label: &'static str, w: f64, kind: BadgeKind) -> Shape {
    let (sheet, diamond, text) = match kind {
        BadgeKind::Now => ("box ink", "inv", "b inv fs11-5"),
        BadgeKind::Former => ("box dash", "open", "b soft fs11-5"),
    };
    let parts = vec![
        Shape::rect(0.0, 0.0, w, 20.0, 5.0, sheet),
        crate::stage::kit::diamond(Point::new(13.0, 10.0), 4.5, diamond),
        Shape::text(23.0, 14.0, label, text),
    ];
    Shape::group("", parts).at(at)
}

/// A small labelled box around its middle; `class` and `text` say in which manner.
pub fn chip(
    mid: Point,
    w: f64,
    label: impl Into<Name>,
    class: &'static str,
    text: &'static str,
) -> Shape {
    let parts = vec![
        Shape::rect(-w / 2.0, -10.0, w, 20.0, 5.0, class),
        Shape::text(0.0, 4.0, label, text),
    ];
    Shape::group("", parts).at(mid)
}

/// Two strokes across a tape: what lies between them is not shown.
pub fn break_mark(at: Point, h: f64) -> Shape {
    let half = number(h / 2.0);
    let stroke = |x: f64| format!("M{} {half}L{} -{half}", number(x - 2.5), number(x + 2.5));
    let d = format!("{}{}", stroke(-2.5), stroke(2.5));
    Shape::path(d, "break").at(at)
}

/// Look here.
pub fn wash(area: Rect, r: f64) -> Shape {
    Shape::rect(area.x, area.y, area.w, area.h, r, "wash")
}

/// The ring of a selection around a box, kept off it by a gap in the stage's colour.
pub fn ring(area: Rect, r: f64) -> Shape {
    let parts = vec![
        Shape::rect(area.x, area.y, area.w, area.h, r, "sel2"),
        Shape::rect(area.x, area.y, area.w, area.h, r, "sel"),
    ];
    Shape::group("", parts)
}

/// A group's frame that is at least so wide has its marker and its words at the left; in a narrower one they stand
/// in the middle.
pub const WIDE_FRAME: f64 = 150.0;

/// A name on as many lines as it needs, broken before a separator.
pub fn broken(name: &str, room: f64) -> Vec<String> {
    if text_width(name, 12.0) <= room {
        return vec![name.to_owned()];
    }
    let at = name
        .char_indices()
        .filter(|(at, c)| *at > 0 && matches!(c, '-' | '_' | '.'))
        .map(|(at, _)| at)
        .rfind(|at| text_width(&name[..*at], 12.0) <= room);
    match at {
        Some(at) => vec![name[..at].to_owned(), name[at..].to_owned()],
        None => vec![name.to_owned()],
    }
}

/// As much of a text as there is room for; what is cut off is shown to be.
pub fn fitting(text: &str, px: f64, room: f64) -> String {
    // Real fonts are a little narrower than is reckoned.
    let fits = |text: &str| text_width(text, px) * 0.94 <= room;
    if fits(text) {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    while short.pop().is_some() {
        let cut = format!("{}…", short.trim_end_matches(['-', '.', ' ', ',']));
        if fits(&cut) {
            return cut;
        }
    }
    "…".to_owned()
}

/// About how wide a text is: enough to place what stands beside it, on any system font.
pub fn text_width(text: &str, px: f64) -> f64 {
    text.chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | '.' | ',' | '\'' | ' ' | '|' | 'I' => 0.32,
            'm' | 'w' | 'M' | 'W' => 0.86,
            'A'..='Z' => 0.68,
            _ => 0.57,
        })
        .sum::<f64>()
        * px
}
