//! How far groups have got in a log: committed offset, position, and the lag between what is committed and what
//! can be read, on a line of its own under the numbers.
//!
//! A committed offset is a filled marker in the shape of its group, a position a hollow one. The bracket goes
//! from the committed offset to the high watermark; where nothing is committed yet, from the position.

use crate::model::Offset;
use crate::stage::Thing;
use crate::stage::geometry::Point;
use crate::stage::kit::{self, GroupShape, MarkerKind, Tape, text_width};
use crate::stage::scene::pen::Pen;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Partition, Snapshot};

/// From the lower edge of a log to the first line of marks, and from there to the next.
const FIRST: f64 = 25.0;
const NEXT: f64 = 15.0;
/// Lines that have room under a log, and under one that stands alone.
const LINES: usize = 2;
const LINES_ALONE: usize = 5;

/// How far one reader, or a group of which nobody reads, has got in a partition.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub shape: GroupShape,
    pub committed: Option<Offset>,
    pub position: Option<Offset>,
    /// Said of groups only.
    lag: Option<i64>,
}

/// Every reader of a partition, and every group that remembers something of it.
pub(super) fn of(snapshot: &Snapshot, partition: &Partition) -> Vec<Mark> {
    let mut marks = Vec::new();
    for consumer in &snapshot.consumers {
        let mut groups = snapshot.groups.iter();
        let group = groups.position(|group| Some(&group.name) == consumer.group.as_ref());
        for reading in &consumer.reads {
            if reading.partition == partition.id {
                let shared = group.is_some_and(|group| snapshot.groups[group].is_shared());
                marks.push(Mark {
                    shape: GroupShape::of(group.unwrap_or(snapshot.groups.len())),
                    committed: reading.committed,
                    position: reading.position,
                    lag: reading.lag.filter(|_| shared),
                });
            }
        }
    }
    for (index, group) in snapshot.groups.iter().enumerate() {
        let mut kept = group.kept.iter();
        if let Some(kept) = kept.find(|kept| kept.partition == partition.id) {
            marks.push(Mark {
                shape: GroupShape::of(index),
                committed: Some(kept.committed),
                position: None,
                lag: kept.lag,
            });
        }
    }
    marks
}

/// The marks of all readers of a partition.
pub(super) fn marks(pen: &mut Pen, partition: &Partition, tape: &Tape) {
    let readers = of(pen.snapshot, partition);
    let end = partition
        .leading()
        .and_then(|replica| replica.high_watermark);
    let thing = Thing::Partition(partition.id.clone());
    // Who stands where all stand, under one sign, is said once for all.
    let place = |mark: &Mark| (mark.shape, mark.committed, mark.position);
    let one = readers.first().map(place);
    let together = readers.len() > 1
        && readers
            .iter()
            .all(|mark| Some(place(mark)) == one && mark.lag.is_none());
    let many = if together { readers.len() } else { 1 };
    let readers: Vec<Mark> = match together {
        true => readers.into_iter().take(1).collect(),
        false => readers,
    };
    let alone = readers.len() == 1;
    let bracketed = readers.iter().any(|mark| mark.lag.is_some());
    let (lines, roomy) = match pen.layout.rows.len() {
        1 => (LINES_ALONE, true),
        _ => (LINES, false),
    };
    let (first, next) = match (roomy && bracketed, alone) {
        (true, false) => (FIRST + 3.0, NEXT + 7.0),
        _ => (FIRST, NEXT),
    };
    let mut line = 0;
    for (nth, mark) in readers.into_iter().enumerate() {
        let y = tape.bottom() + first + next * line as f64;
        let parts = match (mark.lag, end) {
            (Some(lag), Some(end)) if line < lines => {
                line += 1;
                let words = match (alone, roomy) {
                    (true, _) => Words::All,
                    (false, true) => Words::Committed,
                    (false, false) => Words::Lag,
                };
                bracket(&mark, lag, end, tape, y, words)
            }
            // Beside brackets, who has no line of its own stands at the edge of the log.
            _ if bracketed => plain(&mark, tape, tape.bottom(), None),
            _ => plain(&mark, tape, y, alone.then_some(many)),
        };
        pen.put_nth(&thing, "reading", nth, Shape::group("", parts));
    }
}

fn within(tape: &Tape, offset: Option<Offset>) -> Option<i64> {
    let offset = offset.map(|offset| offset.0);
    offset.filter(|offset| tape.has_edge(*offset))
}

/// How much is said beside a bracket: the lag always.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Lag,
    Committed,
    /// The position too, on a line of its own.
    All,
}

/// From what is committed to what can be read, with the number between them.
fn bracket(mark: &Mark, lag: i64, end: Offset, tape: &Tape, y: f64, said: Words) -> Vec<Shape> {
    let worded = said != Words::Lag;
    let Some(from) = mark.committed.or(mark.position) else {
        return Vec::new();
    };
    let (kind, word) = match mark.committed {
        Some(_) => (MarkerKind::Committed, "committed"),
        None => (MarkerKind::Position, "position"),
    };
    let words = format!("{word} {}", from.0);
    let start = within(tape, Some(from)).map(|offset| tape.edge(offset));
    let stop = within(tape, Some(end)).map(|offset| tape.edge(offset));
    let mut parts = Vec::new();
    let left = start.unwrap_or(tape.x);
    let behind = end > from;
    if let Some(stop) = stop.filter(|_| behind) {
        parts.push(Shape::line(left, y + 1.0, stop, y + 1.0, "lagbar"));
        parts.push(Shape::line(stop, y - 4.0, stop, y + 6.0, "lagbar"));
    }
    // Clear of the position, if that is where everything has been read.
    let at_end = mark.committed.is_some() && mark.position == Some(end);
    let after = match stop {
        Some(stop) if behind && at_end => stop + 10.0,
        Some(stop) if behind => stop + 6.0,
        _ => left + 9.0,
    };
    let number = format!("lag {lag}");
    let mut next = after + text_width(&number, 11.0);
    if next < tape.right() + 14.0 {
        let class = if lag > 0 { "s2 b" } else { "s2" };
        parts.push(Shape::text(after, y + 5.0, number, class));
    } else {
        next = after;
    }
    match start {
        // It lies before what is shown.
        None => parts.push(Shape::text(
            tape.x + 4.0,
            y + 5.0,
            format!("‹ {words}"),
            "s2 halo",
        )),
        Some(x) => {
            parts.push(kit::group_marker(Point::new(x, y), mark.shape, 5.5, kind));
            let fits = text_width(&words, 11.0) < x - 9.0 - tape.x;
            if worded && fits {
                parts.push(Shape::text(x - 9.0, y + 5.0, words, "s2 end"));
            } else if worded && !behind && next + text_width(&words, 11.0) < tape.right() {
                parts.push(Shape::text(next + 8.0, y + 5.0, words, "s2"));
            }
        }
    }
    let position = mark.position.filter(|_| mark.committed.is_some());
    let position = within(tape, position.filter(|position| *position != from));
    if let Some(offset) = position {
        let at = Point::new(tape.edge(offset), y);
        parts.push(kit::group_marker(at, mark.shape, 5.5, MarkerKind::Position));
        if said == Words::All {
            let text = format!("position {offset}");
            parts.push(Shape::text(at.x, y + 18.0, text, "s2 mid"));
        }
    }
    parts
}

/// The marks alone, of who reads for no group; in words too, of so many readers who stand there.
fn plain(mark: &Mark, tape: &Tape, y: f64, worded: Option<usize>) -> Vec<Shape> {
    let all = match worded {
        Some(2) => ", both",
        Some(3..) => ", all",
        _ => "",
    };
    let worded = worded.is_some();
    let mut parts = Vec::new();
    let committed = within(tape, mark.committed);
    let position = within(tape, mark.position);
    let marker = |x: f64, kind| kit::group_marker(Point::new(x, y), mark.shape, 5.5, kind);
    if let Some(offset) = committed {
        let x = tape.edge(offset);
        parts.push(marker(x, MarkerKind::Committed));
        if worded {
            let (text, room) = (format!("committed {offset}{all}"), x - 9.0 - tape.x);
            parts.push(match text_width(&text, 11.0) < room {
                true => Shape::text(x - 9.0, y + 5.0, text, "s2 end"),
                false => Shape::text(x + 9.0, y + 5.0, text, "s2"),
            });
        }
    }
    let Some(offset) = position.filter(|_| position != committed) else {
        return parts;
    };
    let x = tape.edge(offset);
    parts.push(marker(x, MarkerKind::Position));
    if worded {
        let text = format!("position {offset}{all}");
        let room = tape.right() + 12.0 - x - 9.0;
        parts.push(match text_width(&text, 11.0) < room {
            true => Shape::text(x + 9.0, y + 5.0, text, "s2"),
            false => Shape::text(x, y + 20.0, text, "s2 mid"),
        });
    }
    if let Some(from) = committed
        .map(|offset| tape.edge(offset))
        .filter(|from| x - from > 14.0)
    {
        parts.push(Shape::line(from + 6.0, y + 1.0, x - 6.0, y + 1.0, "lagbar"));
    }
    parts
}
