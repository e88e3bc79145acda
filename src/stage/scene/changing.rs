//! What has just happened to a row: records that settle, fill, or go, a pole that slides, an outline that
//! dissolves. Each is a function of how much of its beat is over.

use crate::model::Offset;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, Tape};
use crate::stage::motion::Beat;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::storage;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Cell, CellState, KeyMark, Motion, Partition, Replica, What};

/// How far a record that is cut off slides.
const AWAY: f64 = 24.0;

/// The changes of one copy that are still being shown.
pub(super) fn of<'a>(
    pen: &Pen<'a>,
    partition: &'a Partition,
    replica: &'a Replica,
) -> impl Iterator<Item = (What, f64)> + use<'a> {
    let here = replica.broker;
    let changes = pen.snapshot.changes.iter();
    changes
        .filter(move |change| {
            let (What::Appended { on, .. }
            | What::Committed { on, .. }
            | What::LeftIsr { on }
            | What::Deleted { on, .. }
            | What::Cleaned { on, .. }
            | What::Truncated { on, .. }) = change.what;
            on == here && change.partition == partition.id
        })
        .map(|change| (change.what, change.part))
}

/// A record as it looks while a change of its copy is being shown.
pub(super) fn cell(
    pen: &Pen,
    partition: &Partition,
    replica: &Replica,
    tape: &Tape,
    cell: &Cell,
) -> Option<Shape> {
    if tape.flat || pen.snapshot.motion == Motion::Still {
        return None;
    }
    let at = tape.middle(cell.offset.0);
    for (what, part) in of(pen, partition, replica) {
        match what {
            What::Appended { from, to, .. } if (from..to).contains(&cell.offset) => {
                let part = Beat::Append.at(part);
                return Some(kit::settling_record(
                    at, tape.size, &cell.key, cell.state, part,
                ));
            }
            What::Committed { from, to, .. }
                if (from..to).contains(&cell.offset)
                    && matches!(cell.state, CellState::Committed | CellState::Tombstone) =>
            {
                let pole = sliding(tape, from, to, part);
                let part = ((pole - tape.edge(cell.offset.0)) / tape.pitch).clamp(0.0, 1.0);
                return match part {
                    0.0 => Some(tape.cell(&cell.clone().in_state(CellState::Open))),
                    1.0 => None,
                    part => Some(kit::filling_record(at, tape.size, &cell.key, part)),
                };
            }
            _ => {}
        }
    }
    None
}

/// Where the pole of the high watermark stands: at its offset, or still on the way there.
pub(super) fn pole(
    pen: &Pen,
    partition: &Partition,
    replica: &Replica,
    tape: &Tape,
    offset: i64,
) -> f64 {
    let moved = of(pen, partition, replica).find_map(|(what, part)| match what {
        What::Committed { from, to, .. } if to.0 == offset => Some(sliding(tape, from, to, part)),
        _ => None,
    });
    moved.unwrap_or(tape.edge(offset))
}

fn sliding(tape: &Tape, from: Offset, to: Offset, part: f64) -> f64 {
    let from = tape.edge(from.0).max(tape.x + 2.0);
    from + (tape.edge(to.0) - from) * Beat::HighWatermark.at(part)
}

/// What a change leaves on a bed: the outline of who counted until now, and records on their way out.
pub(super) fn bed(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let changes: Vec<(What, f64)> = of(pen, partition, replica).collect();
    for (what, part) in changes {
        match what {
            What::LeftIsr { .. } if part < 1.0 => {
                let Rect { x, y, w, h } = tape.frame();
                let end = x + 7.0 + (w - 14.0) * (1.0 - Beat::IsrShrink.at(part));
                let edge = |y: f64| Shape::line(x + 7.0, y, end, y, "edge");
                let parts = vec![edge(y), edge(y + h)];
                pen.put(&thing, "edge", Shape::group("", parts));
            }
            What::Truncated { from, to, .. } if part < 1.0 => {
                let part = Beat::Truncate.at(part);
                let gone =
                    (to.0.min(from.0)..to.0.max(from.0)).filter(|offset| tape.shows(*offset));
                let cell = |offset: i64| {
                    let cell = Cell {
                        offset: Offset(offset),
                        key: KeyMark::none(),
                        state: CellState::Open,
                    };
                    let at = tape.middle(offset);
                    tape.cell(&cell).at(Point::new(at.x + AWAY * part, at.y))
                };
                const FADES: [&str; 5] = ["fade0", "fade1", "fade2", "fade3", "fade4"];
                let cells: Vec<Shape> = gone.map(cell).collect();
                let class = FADES[(part * 4.0).round() as usize % FADES.len()];
                pen.put(&thing, "cut", Shape::group(class, cells));
            }
            _ => {}
        }
    }
}

/// Where nothing moves, a ring marks what the last step changed.
pub(super) fn rings(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    if tape.flat || pen.snapshot.motion != Motion::Still {
        return;
    }
    let changes: Vec<(What, f64)> = of(pen, partition, replica).collect();
    let ringed = |offset: Offset| {
        changes.iter().any(|(what, _)| match what {
            What::Appended { from, to, .. } => (*from..*to).contains(&offset),
            What::Committed { from, to, .. } => {
                replica.role.leads() && (*from..*to).contains(&offset)
            }
            _ => false,
        })
    };
    let cells = replica
        .cells
        .iter()
        .filter(|cell| tape.shows(cell.offset.0) && ringed(cell.offset));
    for cell in cells {
        let copy = Thing::Copy(partition.id.clone(), cell.offset, replica.broker);
        let area = Rect::around(tape.middle(cell.offset.0), tape.size + 5.0, tape.size + 5.0);
        pen.put(&copy, "changed", kit::ring(area, 6.0));
    }
    let cut = changes.iter().find_map(|(what, _)| match what {
        What::Truncated { to, from, .. } => Some(to.0.min(from.0)),
        _ => None,
    });
    if let Some(to) = cut {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        let text = format!("cut back to {to}");
        let shape = Shape::text(tape.right() - 8.0, tape.y + 4.0, text, "s wrn b end halo");
        pen.put(&thing, "cut", shape);
    }
    storage::said(pen, partition, replica, tape);
}
