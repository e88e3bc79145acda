//! What is said in a row beside its records: what it lacks, and what has become of those that only it has.

use crate::stage::Thing;
use crate::stage::geometry::Point;
use crate::stage::kit::{self, Numbers, Tape, text_width};
use crate::stage::layout::{Manner, Row, RowForm};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::row::{Standing, break_of, tape_for};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Cell, CellState, Partition, Replica, Role};

/// Rows with so much room under their logs have a line there.
const FOOT_ROOM: f64 = 9.0;

/// What a row says of itself in the room behind its records.
struct Said {
    from: f64,
    text: String,
    warn: bool,
}

/// What a row that lacks records, or does not know that it leads no more, says about it.
fn said(partition: &Partition, replica: &Replica, tape: &Tape, standing: Standing) -> Option<Said> {
    let end = replica.log_end;
    let newest = partition
        .leading()
        .map_or(partition.end(), |leading| leading.log_end);
    let lacks = (newest - end).max(0);
    let kept = standing == Standing::Kept;
    let apart = standing != Standing::Aligned;
    let (text, warn) = match replica.role {
        Role::Behind(0) if apart => (format!("ends at {}, out of ISR", end.0), true),
        Role::Behind(by) if kept => (format!("ends at {}, {by} behind, out of ISR", end.0), true),
        Role::Behind(0) => ("out of ISR".to_owned(), true),
        Role::Behind(by) => (format!("behind {by}, out of ISR"), true),
        Role::CatchingUp { has, of } => (format!("{has} of {of}"), true),
        Role::Truncating(to) => (format!("cut back to {}", to.0), true),
        Role::Deposed { elected } if apart => {
            let unheard = Role::unheard(elected);
            (format!("ends at {}, has not heard {unheard}", end.0), true)
        }
        Role::Deposed { elected } => (format!("has not heard {}", Role::unheard(elected)), true),
        Role::Waits => ("waits for orders".to_owned(), false),
        _ if apart && lacks == 0 => (format!("ends at {}", end.0), false),
        _ if kept => (format!("ends at {}, {lacks} behind", end.0), false),
        _ => return None,
    };
    let from = match kept {
        true => tape.edge(end.0) + 18.0,
        false => tape.edge(end.0).max(tape.x + 2.0) + tape.pitch / 2.0,
    };
    // Over records it could not be read, and the row's label says most of it.
    let fits = from + text_width(&text, 11.0) + 6.0 <= tape.right();
    fits.then_some(Said { from, text, warn })
}

/// Draws what a row says in the room where the records that it lacks would stand.
pub(super) fn behind(
    pen: &mut Pen,
    partition: &Partition,
    replica: &Replica,
    tape: &Tape,
    standing: Standing,
) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let broken = break_of(tape, standing, replica.log_end, 6.0);
    if let Some(x) = broken {
        let at = Point::new(x, tape.y);
        pen.put(&thing, "break", kit::break_mark(at, tape.height()));
    }
    if let Some(Said { from, text, warn }) = said(partition, replica, tape, standing) {
        let drop = if tape.flat { 3.5 } else { 4.0 };
        let class = if warn { "s wrn b" } else { "s2 b" };
        let shape = Shape::text(from, tape.y + drop, text, class);
        pen.put(&thing, "behind", shape);
    }
}

/// What has become of a record that the leader has not: in full, in short, and how it is set.
pub(super) fn fate_of(state: CellState) -> Option<([&'static str; 2], &'static str)> {
    let never = "never acknowledged";
    match state {
        CellState::Stranded => Some((["only copy, never acknowledged", never], "s2 b")),
        CellState::Promised => Some((["only copy, acknowledged", "acknowledged"], "s2 b")),
        CellState::Doomed => Some((["the leader lacks it, never acknowledged", never], "s2 b")),
        CellState::Lost => Some((["acknowledged, then lost", "then lost"], "s red b")),
        _ => None,
    }
}

/// The fate of the newest records that the leader has not, in the row of numbers beside theirs; where there
/// is no such row, in the log. Drawn when all rows of the broker are.
pub(super) fn fate(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row) {
    let (tape, standing) = tape_for(partition, replica, row);
    let cells = replica.cells.iter();
    let shown = cells.filter(|cell| tape.shows(cell.offset.0));
    let shown: Vec<&Cell> = shown.collect();
    let newest = shown
        .iter()
        .rev()
        .find(|cell| fate_of(cell.state).is_some());
    let Some((last, (words, class))) = newest.and_then(|cell| Some((cell, fate_of(cell.state)?)))
    else {
        return;
    };
    if !matches!(row.form, RowForm::Cells | RowForm::Flat) {
        return;
    }
    let run = shown.iter().rev();
    let run = run.skip_while(|cell| cell.offset > last.offset);
    let run = run.take_while(|cell| cell.state == last.state);
    let first = run.last().map_or(last.offset, |cell| cell.offset);
    let before = tape.middle(first.0).x - 14.0;
    let after = tape.middle(last.offset.0).x + 14.0;
    // The first number of the row keeps its place.
    let free = match pen.layout.numbers {
        Numbers::None => tape.x,
        _ => tape.middle(tape.from).x + 8.0,
    };
    let under = match pen.layout.manner {
        Manner::Dense | Manner::Strips => row.area.bottom() - tape.bottom() >= FOOT_ROOM,
        Manner::RowsSmall => false,
        _ => !tape.flat,
    };
    let low = tape.bottom()
        + if pen.layout.manner.is_rows() {
            9.5
        } else {
            11.5
        };
    let said = said(partition, replica, &tape, standing);
    let said = said.map_or(after, |said| said.from + text_width(&said.text, 11.0) + 8.0);
    let said = said.max(after);
    let place = |words: &'static str| {
        let w = text_width(words, 11.0);
        if under && before - w >= free {
            Some((words, before, low, Side::Before))
        } else if under && after + w <= pen.layout.columns.cards_right() {
            Some((words, after, low, Side::After))
        } else if !under && said + w <= tape.right() - 8.0 {
            Some((words, tape.right() - 8.0, tape.y + 4.0, Side::Before))
        } else {
            None
        }
    };
    let Some((words, x, y, side)) = words.into_iter().find_map(place) else {
        return;
    };
    let class = match side {
        Side::Before => format!("{class} end halo"),
        Side::After => format!("{class} halo"),
    };
    let copy = Thing::Copy(partition.id.clone(), last.offset, replica.broker);
    pen.put(&copy, "fate", Shape::text(x, y, words, class));
}

/// On which side of a place words stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}
