//! The life of stored data in a row: which segments are closed, where the log begins, what is deleted, where
//! compaction left nothing, and the cleaner on its way.
//!
//! Retention and the cleaner take records in two ways. Whole segments leave at the front: their cells fade, and
//! behind them stay the dotted places of what was there and the flag of the log's start. The cleaner takes single
//! records from anywhere: each leaves a short stroke, since its offset is nobody else's.

use crate::model::Offset;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, COMPACT, FlagSide, Numbers, PoleKind, Tape, text_width};
use crate::stage::layout::Manner;
use crate::stage::motion::Beat;
use crate::stage::scene::changing;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::row::Pole;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Cell, CellState, KeyMark, Motion, Partition, Replica, Topic, What};

/// How far a record that is deleted slides to the left.
const AWAY: f64 = 24.0;
/// What a flag needs beside its words, and each letter of them.
const FLAG: (f64, f64) = (10.0, 6.1);

/// The ground under segments that are closed. What has none is written to.
pub(super) fn segments(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    if tape.flat || replica.role.is_offline() {
        return;
    }
    let last = tape.from + i64::from(tape.slots);
    let closed = replica.segments.windows(2);
    let closed = closed.map(|pair| (pair[0].0, pair[1].0));
    let shown = closed.filter(|(from, next)| *next > tape.from && *from < last && next > from);
    let trays: Vec<Shape> = shown.map(|(from, to)| tape.segment(from, to)).collect();
    if !trays.is_empty() {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        pen.put(&thing, "segments", Shape::group("", trays));
    }
}

/// The places of offsets that have no record: deleted ones dotted, compacted ones a stroke.
pub(super) fn empty_places(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let last = tape.from + i64::from(tape.slots);
    for offset in tape.from..replica.log_start.0.min(last) {
        let gone = Cell {
            offset: Offset(offset),
            key: KeyMark::none(),
            state: CellState::Gone,
        };
        let copy = Thing::Copy(partition.id.clone(), gone.offset, replica.broker);
        pen.put(&copy, "gone", tape.cell(&gone));
    }
    if tape.flat {
        // A gap says it where there is no room for a stroke.
        return;
    }
    for offset in tape.from..replica.log_end.0.min(last) {
        if replica.is_hole(Offset(offset)) {
            let copy = Thing::Copy(partition.id.clone(), Offset(offset), replica.broker);
            pen.put(&copy, "hole", tape.hole(offset));
        }
    }
}

/// The offsets of a row that have a place and no record.
pub(super) fn is_empty_place(replica: &Replica, offset: i64) -> bool {
    offset < replica.log_start.0 || replica.is_hole(Offset(offset))
}

/// Records that are being deleted, and the cleaner on its way along the log.
pub(super) fn at_work(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    if pen.snapshot.motion == Motion::Still {
        return;
    }
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let changes: Vec<(What, f64)> = changing::of(pen, partition, replica).collect();
    for (nth, (what, part)) in changes.into_iter().enumerate() {
        match what {
            What::Deleted { from, to, .. } if part < 1.0 => {
                let shape = leaving(tape, from, to, Beat::Delete.at(part));
                pen.put_nth(&thing, "deleted", nth, shape);
            }
            What::Cleaned { until, .. } if part < 1.0 && !tape.flat => {
                let shape = cleaner(pen, tape, replica, until, Beat::Clean.at(part));
                pen.put_nth(&thing, "cleaner", nth, shape);
            }
            _ => {}
        }
    }
}

/// Whatever was in these places slides away and fades.
fn leaving(tape: &Tape, from: Offset, to: Offset, part: f64) -> Shape {
    const FADES: [&str; 5] = ["fade0", "fade1", "fade2", "fade3", "fade4"];
    let last = tape.from + i64::from(tape.slots);
    let offsets = from.0.max(tape.from)..to.0.min(last);
    let cells = offsets.map(|offset| {
        let cell = Cell {
            offset: Offset(offset),
            key: KeyMark::none(),
            state: CellState::Committed,
        };
        let at = tape.middle(offset);
        let x = (at.x - AWAY * part).max(tape.x + tape.pitch / 2.0);
        tape.cell(&cell).at(Point::new(x, at.y))
    });
    let class = FADES[(part * 4.0).round() as usize % FADES.len()];
    Shape::group(class, cells.collect())
}

/// A pole that goes from the first record that is shown to where the log is clean.
fn cleaner(pen: &Pen, tape: &Tape, replica: &Replica, until: Offset, part: f64) -> Shape {
    let last = tape.from + i64::from(tape.slots);
    let edge = |offset: i64| tape.edge(offset.clamp(tape.from, last));
    let (from, to) = (edge(replica.log_start.0), edge(until.0));
    let x = from + (to - from) * part;
    let (top, bottom) = (tape.top(), tape.bottom() + 3.0);
    let kind = PoleKind::HighWatermark;
    let named = pen.layout.manner == Manner::Topic && pen.layout.numbers != Numbers::None;
    match named {
        true => kit::flag(x, top - 5.0, bottom, "cleaner", kind, FlagSide::Right),
        false => kit::pole(x, top - 3.0, bottom, kind),
    }
}

/// Where nothing moves, words say what the last step did to the log.
pub(super) fn said(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let changes: Vec<What> = changing::of(pen, partition, replica)
        .map(|(what, _)| what)
        .collect();
    let words = changes.iter().find_map(|what| match what {
        What::Deleted { to, .. } => Some(format!("deleted up to {}", to.0)),
        What::Cleaned { until, removed, .. } => {
            Some(format!("compacted up to {}, {removed} gone", until.0))
        }
        _ => None,
    });
    if let Some(words) = words {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        let at = Point::new(tape.right() - 8.0, tape.y + 4.0);
        pen.put(
            &thing,
            "stored",
            Shape::text(at.x, at.y, words, "s2 b end halo"),
        );
    }
}

/// The pole where the log begins, with a flag where there is room beside that of the high watermark.
pub(super) fn log_start(
    pen: &mut Pen,
    partition: &Partition,
    replica: &Replica,
    tape: &Tape,
    pole: Pole,
    other: Option<(f64, FlagSide, f64)>,
) {
    let start = replica.log_start.0;
    let shown = start > 0 && tape.has_edge(start) && !tape.flat;
    if !shown || pole == Pole::None {
        return;
    }
    let moved = changing::of(pen, partition, replica).find_map(|(what, part)| match what {
        What::Deleted { from, to, .. } if to == replica.log_start => {
            let from = tape.edge(from.0).max(tape.x + 2.0);
            Some(from + (tape.edge(to.0) - from) * Beat::Delete.at(part))
        }
        _ => None,
    });
    let x = moved.unwrap_or(tape.edge(start));
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let (top, bottom) = (tape.top(), tape.bottom() + 3.0);
    let lift = match pole {
        Pole::Flag if pen.layout.manner == Manner::Topic => 5.0,
        Pole::Flag => 1.0,
        _ => 0.0,
    };
    let taken = other.map(|(x, side, w)| flown(x, side, w));
    let free = |(from, to): (f64, f64)| {
        let apart = taken.is_none_or(|(left, right)| to <= left + 2.0 || from >= right - 2.0);
        apart && from >= tape.x - 6.0 && to <= tape.right() + 6.0
    };
    let words = [format!("log start {start}"), format!("start {start}")];
    let sides = [FlagSide::Right, FlagSide::Left];
    let mut ways = words
        .iter()
        .flat_map(|words| sides.iter().map(move |side| (words, *side)));
    let way = ways.find(|(words, side)| free(flown(x, *side, flag_width(words))));
    let kind = PoleKind::LogEdge;
    let shape = match (pole, way) {
        (Pole::Flag, Some((words, side))) => kit::flag(x, top - lift, bottom, words, kind, side),
        (Pole::LowFlag, Some((words, side))) => kit::low_flag(x, top, bottom, words, kind, side),
        _ => kit::pole(x, top - 3.0, bottom, kind),
    };
    pen.put(&thing, "log start", shape);
}

/// How wide a flag with these words is.
pub(super) fn flag_width(words: &str) -> f64 {
    words.chars().count() as f64 * FLAG.1 + FLAG.0
}

/// From where to where a flag flies.
fn flown(x: f64, side: FlagSide, w: f64) -> (f64, f64) {
    match side {
        FlagSide::Right => (x - 1.0, x + w - 1.0),
        FlagSide::Left => (x + 1.0 - w, x + 1.0),
    }
}

/// The policy of a topic that is not as usual, as a chip that begins at a place; and where it ends.
pub(super) fn policy_chip(topic: &Topic, x: f64, mid: f64) -> Option<(Shape, f64)> {
    let words = topic.policy_words()?;
    let w = (text_width(words, 11.0) * 1.04 + 32.0).round();
    let area = Rect::new(x, mid - 9.0, w, 18.0);
    let parts = vec![
        Shape::rect(area.x, area.y, area.w, area.h, 5.0, "box"),
        kit::icon(Point::new(x + 6.0, mid - 6.0), COMPACT, 0.75),
        Shape::text(x + 23.0, mid + 4.0, words, "b fs11"),
    ];
    Some((Shape::group("", parts), area.right()))
}

/// The sign of a compacted topic alone, for rows without room for words.
pub(super) fn policy_sign(pen: &mut Pen, partition: &Partition, replica: &Replica, at: Point) {
    let topic = pen.snapshot.topic_of(&partition.id);
    if topic.is_some_and(|topic| topic.policy.compacts()) {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        let at = Point::new(at.x, at.y - 6.0);
        pen.put(&thing, "compact", kit::icon(at, COMPACT, 0.75));
    }
}
