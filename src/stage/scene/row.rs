//! One replica's row: its bed, its records, and the marks at its offsets.

use crate::model::Offset;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{
    self, FlagSide, GroupShape, MarkerKind, Numbers, PoleKind, Tape, text_width,
};
use crate::stage::layout::{Manner, Row, RowForm, Voice, window_start};
use crate::stage::scene::changing;
use crate::stage::scene::pen::Pen;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Cell, CellState, KeyMark, Partition, Replica, Role};

/// Rows that are so much higher than their logs have room for a flag, or for a small number.
const FLAG_ROOM: f64 = 17.0;
const FOOT_ROOM: f64 = 9.0;

/// What is drawn beside the cells themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pole {
    None,
    Plain,
    /// The number small at its foot, where rows leave no room for a flag.
    Foot,
    Flag,
}

/// The log of a row with its first offset in place.
pub(super) fn tape_of(partition: &Partition, row: &Row) -> Tape {
    row.tape_from(window_start(
        partition.end(),
        row.tape.slots,
        partition.rate,
    ))
}

/// The row of one replica, except for its label.
pub(super) fn replica(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let tape = tape_of(partition, row);
    under(pen, partition, replica, row);
    match row.form {
        RowForm::Cells | RowForm::Flat => {
            pen.put(&thing, "bed", Shape::group("", tape.bed(replica.role)));
            changing::bed(pen, partition, replica, &tape);
            cells(pen, partition, replica, &tape);
            behind(pen, &thing, replica, &tape);
        }
        RowForm::Heat if !partition.activity.is_empty() => {
            pen.put(&thing, "heat", kit::heat(tape.frame(), &partition.activity));
        }
        RowForm::Stream if !partition.activity.is_empty() => {
            let stream = kit::stream(tape.frame(), &partition.activity, replica.role);
            pen.put(&thing, "stream", stream);
        }
        RowForm::Strip | RowForm::Stream | RowForm::Heat => {
            let shown: Vec<(usize, &KeyMark)> = replica
                .cells
                .iter()
                .filter(|cell| tape.shows(cell.offset.0) && cell.offset >= replica.log_start)
                .map(|cell| ((cell.offset.0 - tape.from) as usize, &cell.key))
                .collect();
            let frame = tape.frame();
            let area = Rect::new(frame.x + 2.0, frame.y, frame.w - 4.0, frame.h);
            let strip = kit::strip(area, &shown, tape.slots as usize, replica.role);
            pen.put(&thing, "strip", strip);
        }
    }
    marks(pen, partition, replica, row, &tape);
    pen.target(thing, row.area);
    if matches!(row.form, RowForm::Cells) {
        let shown = replica
            .cells
            .iter()
            .filter(|cell| tape.shows(cell.offset.0));
        for cell in shown {
            let at = tape.middle(cell.offset.0);
            let area = Rect::around(at, tape.pitch, tape.height());
            let copy = Thing::Copy(partition.id.clone(), cell.offset, replica.broker);
            pen.target(copy, area);
        }
    }
}

/// The wash and the ground of a selected row.
fn under(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let whole = Thing::Partition(partition.id.clone());
    if pen.layout.manner == Manner::Topic {
        // The whole partition is one row there; its ground lies under its title too.
        return;
    }
    if pen.snapshot.washed(&thing) || (replica.role.leads() && pen.snapshot.washed(&whole)) {
        let area = row.area;
        pen.put(&thing, "wash", kit::wash(area, 8.0));
    } else if pen.is_chosen(partition) && pen.snapshot.subject.is_none() {
        let Rect { x, y, w, h } = row.area;
        pen.put(&thing, "ground", Shape::rect(x, y, w, h, 6.0, "selrow"));
    }
}

fn cells(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    for offset in tape.from..replica.log_start.0.min(tape.from + i64::from(tape.slots)) {
        let gone = Cell {
            offset: Offset(offset),
            key: KeyMark::none(),
            state: CellState::Gone,
        };
        let copy = Thing::Copy(partition.id.clone(), gone.offset, replica.broker);
        pen.put(&copy, "gone", tape.cell(&gone));
    }
    let shown = replica
        .cells
        .iter()
        .filter(|cell| tape.shows(cell.offset.0) && cell.offset >= replica.log_start);
    for cell in shown {
        let copy = Thing::Copy(partition.id.clone(), cell.offset, replica.broker);
        let changed = changing::cell(pen, partition, replica, tape, cell);
        let mut shape = match (changed, replica.role.is_offline(), cell.state) {
            (Some(changed), ..) => changed,
            (None, true, CellState::Committed) => {
                tape.cell(&cell.clone().in_state(CellState::Ghost))
            }
            _ => tape.cell(cell),
        };
        let record = Thing::Record(partition.id.clone(), cell.offset);
        let leads = replica.role.leads();
        if pen.snapshot.washed(&copy) || (leads && pen.snapshot.washed(&record)) {
            let (w, h) = (tape.pitch + 3.0, tape.height() + 6.0);
            let area = Rect::around(tape.middle(cell.offset.0), w, h);
            pen.put(&copy, "wash", kit::wash(area, 6.0));
        }
        if let Role::Truncating(to) = replica.role
            && cell.offset >= to
        {
            shape = Shape::group("fading", vec![shape]);
        }
        pen.put(&copy, "cell", shape);
    }
    let end = replica.log_end.0;
    if has_slot(pen, replica) && tape.shows(end) {
        pen.put(&thing, "slot", tape.slot(end));
    }
    numbers(pen, partition, replica, tape);
}

/// The place of the next record is shown where it will be written next.
fn has_slot(pen: &Pen, replica: &Replica) -> bool {
    let every = matches!(
        pen.layout.manner,
        Manner::Focus | Manner::FocusLow | Manner::Phone
    );
    match replica.role {
        Role::Leader | Role::NewLeader => true,
        Role::Behind(_) | Role::CatchingUp { .. } | Role::Truncating(_) => false,
        Role::Follower | Role::Offline | Role::WasLeader => every,
    }
}

fn numbers(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let numbers = match (pen.layout.numbers, replica.role.is_offline()) {
        (Numbers::All, true) => Numbers::Ends,
        (numbers, _) => numbers,
    };
    if numbers == Numbers::None {
        return;
    }
    let end = replica.log_end.0;
    let first = tape.from;
    let last = end - 1;
    let handled: Vec<i64> = readings(pen, partition)
        .filter_map(|(_, reading)| reading.position)
        .map(|position| position.0 - 1)
        .collect();
    let stranded = |offset: i64| {
        let states = [CellState::Stranded, CellState::Lost];
        replica
            .cells
            .iter()
            .any(|cell| cell.offset.0 == offset && states.contains(&cell.state))
    };
    let slot = has_slot(pen, replica) && numbers == Numbers::All && tape.shows(end);
    let upto = if slot { end } else { last };
    for offset in first..=upto.min(tape.from + i64::from(tape.slots) - 1) {
        if !numbers.shows(offset, first, last) && !stranded(offset) {
            continue;
        }
        let bold = replica.role.leads() && handled.contains(&offset);
        let class = if bold { "o on" } else { "o" };
        let copy = Thing::Copy(partition.id.clone(), Offset(offset), replica.broker);
        pen.put(&copy, "number", tape.number(offset, class));
    }
}

/// What a row that lacks records says about it, in the room where they would stand.
fn behind(pen: &mut Pen, thing: &Thing, replica: &Replica, tape: &Tape) {
    let text = match replica.role {
        Role::Behind(by) => format!("behind {by}, out of ISR"),
        Role::CatchingUp { has, of } => format!("{has} of {of}"),
        Role::Truncating(to) => format!("cut back to {}", to.0),
        _ => return,
    };
    let drop = if tape.flat { 3.5 } else { 4.0 };
    let from = tape.edge(replica.log_end.0).max(tape.x + 2.0) + tape.pitch / 2.0;
    let fits = from + text_width(&text, 11.0) + 6.0 <= tape.right();
    let shape = match fits {
        true => Shape::text(from, tape.y + drop, text, "s wrn b"),
        false => Shape::text(tape.right() - 8.0, tape.y + drop, text, "s wrn b end halo"),
    };
    pen.put(thing, "behind", shape);
}

/// Poles, flags, positions and rings.
fn marks(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row, tape: &Tape) {
    if row.form == RowForm::Cells && replica.role.leads() && pen.layout.ask.voice == Voice::Full {
        positions(pen, partition, tape);
    }
    let offset = replica.high_watermark.map(|offset| offset.0);
    if let Some(offset) = offset.filter(|offset| tape.has_edge(*offset)) {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        let (top, bottom) = (tape.top(), tape.bottom());
        let x = changing::pole(pen, partition, replica, tape, offset);
        match pole_of(pen, replica, row) {
            Pole::None => {}
            Pole::Plain => {
                let pole = kit::pole(x, top - 3.0, bottom + 3.0, PoleKind::HighWatermark);
                pen.put(&thing, "hw", pole);
            }
            Pole::Foot => {
                let (kind, label) = (PoleKind::HighWatermark, format!("HW {offset}"));
                let pole = kit::pole(x, top - 3.0, bottom + 3.0, kind);
                let label = match x - tape.x < 40.0 {
                    true => Shape::text(x + 8.0, bottom + 8.5, label, "o on start"),
                    false => Shape::text(x - 8.0, bottom + 8.5, label, "o on end"),
                };
                pen.put(&thing, "hw", Shape::group("", vec![pole, label]));
            }
            Pole::Flag => {
                let label = format!("HW {offset}");
                let kind = PoleKind::HighWatermark;
                // Close to the log, so that it keeps clear of what stands above.
                let lift = if pen.layout.manner == Manner::Topic {
                    5.0
                } else {
                    1.0
                };
                let side = if x - tape.x < 40.0 {
                    FlagSide::Right
                } else {
                    FlagSide::Left
                };
                let flag = kit::flag(x, top - lift, bottom + 3.0, &label, kind, side);
                pen.put(&thing, "hw", flag);
            }
        }
    }
    changing::rings(pen, partition, replica, tape);
    rings(pen, partition, replica, tape);
}

fn pole_of(pen: &Pen, replica: &Replica, row: &Row) -> Pole {
    if replica.role.is_offline() || matches!(replica.role, Role::Behind(_)) {
        return Pole::None;
    }
    let leads = replica.role.leads();
    match (pen.layout.manner, row.form) {
        (Manner::Focus | Manner::FocusLow, RowForm::Cells) => Pole::Flag,
        (Manner::Phone, RowForm::Cells) if pen.layout.numbers != Numbers::None => Pole::Flag,
        (Manner::Topic, RowForm::Cells) if pen.layout.numbers != Numbers::None => Pole::Flag,
        (_, RowForm::Strip | RowForm::Stream | RowForm::Heat) => Pole::None,
        _ if pen.layout.ask.voice == Voice::Calm => Pole::None,
        // A flag would cover the title, which says the number itself there.
        (Manner::Topic, RowForm::Cells) => Pole::Plain,
        (manner, _) if manner.is_rows() && !leads => Pole::None,
        (_, RowForm::Cells) if leads => match row.area.h - row.tape.height() {
            FLAG_ROOM.. => Pole::Flag,
            FOOT_ROOM.. => Pole::Foot,
            _ => Pole::Plain,
        },
        _ => Pole::Plain,
    }
}

/// Every reader of a partition with its group's shape.
fn readings<'a>(
    pen: &Pen<'a>,
    partition: &'a Partition,
) -> impl Iterator<Item = (GroupShape, &'a crate::stage::snapshot::Reading)> {
    let snapshot = pen.snapshot;
    snapshot.consumers.iter().flat_map(move |consumer| {
        let group = snapshot
            .groups
            .iter()
            .position(|group| Some(&group.name) == consumer.group.as_ref());
        let shape = GroupShape::of(group.unwrap_or(0));
        let reads = consumer.reads.iter();
        reads
            .filter(|reading| reading.partition == partition.id)
            .map(move |reading| (shape, reading))
    })
}

/// Committed offsets and positions at the lower edge of a log.
fn positions(pen: &mut Pen, partition: &Partition, tape: &Tape) {
    if matches!(
        pen.layout.manner,
        Manner::Focus | Manner::FocusLow | Manner::Phone
    ) || pen.layout.reading_line
    {
        return;
    }
    let whole = Thing::Partition(partition.id.clone());
    let mut drawn = Vec::new();
    for (shape, reading) in readings(pen, partition) {
        for (offset, kind) in [
            (reading.position, MarkerKind::Position),
            (reading.committed, MarkerKind::Committed),
        ] {
            if let Some(offset) = offset.filter(|offset| tape.has_edge(offset.0)) {
                let at = Point::new(tape.edge(offset.0), tape.bottom());
                drawn.push(kit::group_marker(at, shape, 4.8, kind));
            }
        }
    }
    for (index, shape) in drawn.into_iter().enumerate() {
        pen.put_nth(&whole, "position", index, shape);
    }
}

/// The ring of a selected or focused record, and dashed rings around its other copies.
fn rings(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape) {
    let here = |offset: &Offset| tape.shows(offset.0) && *offset < replica.log_end;
    match &pen.snapshot.selection {
        Some(Thing::Record(p, offset)) if *p == partition.id && here(offset) => {
            ring(pen, partition, replica, tape, *offset, replica.role.leads());
        }
        Some(Thing::Copy(p, offset, broker)) if *p == partition.id && here(offset) => {
            ring(
                pen,
                partition,
                replica,
                tape,
                *offset,
                *broker == replica.broker,
            );
        }
        _ => {}
    }
    if let Some(Thing::Copy(p, offset, broker)) = &pen.snapshot.focus
        && *p == partition.id
        && *broker == replica.broker
        && tape.shows(offset.0)
    {
        let side = tape.size + 9.0;
        let area = Rect::around(tape.middle(offset.0), side, side);
        let focus = Shape::rect(area.x, area.y, area.w, area.h, 8.0, "foc");
        pen.put(&Thing::Stage, "focus", focus);
    }
}

fn ring(
    pen: &mut Pen,
    partition: &Partition,
    replica: &Replica,
    tape: &Tape,
    offset: Offset,
    own: bool,
) {
    let copy = Thing::Copy(partition.id.clone(), offset, replica.broker);
    let at = tape.middle(offset.0);
    let shape = match own {
        true => kit::ring(Rect::around(at, tape.size + 5.0, tape.size + 5.0), 6.0),
        false if tape.flat => return,
        false => {
            let area = Rect::around(at, tape.size + 3.0, tape.size + 3.0);
            Shape::rect(area.x, area.y, area.w, area.h, 5.0, "sel copy")
        }
    };
    pen.put(&copy, "ring", shape);
}
