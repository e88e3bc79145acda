//! One replica's row: its bed, its records, and the marks at its offsets.

use crate::model::Offset;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, FlagSide, GroupShape, MarkerKind, Numbers, PoleKind, Tape};
use crate::stage::layout::{Manner, Row, RowForm, Voice, window_start};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::{changing, reading, remarks, storage};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{CellState, KeyMark, Partition, Replica, Role};

/// Logs with so much room above them can have a flag.
const FLAG_ROOM: f64 = 12.5;
/// A row so close to its card's edge has only the header above it.
const HEADER: f64 = 36.0;
/// So many records are kept of a log that ends before the window begins.
const KEPT: i64 = 4;
/// From one mark to the next where several stand at one offset.
const BESIDE: f64 = 8.0;
/// What stands in the header of a card takes so much of it from the left.
const TITLE: f64 = 296.0;
/// And what is the matter with its broker so much from the right.
const NOTE: f64 = 190.0;

/// What is drawn beside the cells themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pole {
    None,
    Plain,
    Flag,
    /// Where there is just room for one between two logs.
    LowFlag,
}

/// Whether a log stands where the others do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Aligned,
    /// All it has lies before the window: its last records stand at the left edge, behind them a break.
    Kept,
    /// It runs on beyond the window, which is where the leader writes: its last records stand behind a break.
    Beyond,
}

/// The log of a row with its first offset in place.
pub(super) fn tape_of(partition: &Partition, row: &Row) -> Tape {
    let from = |end| window_start(end, row.tape.slots, partition.rate);
    let all = from(partition.end());
    // Where what the dead still have lies too far ahead, the window is where records are written.
    let written = partition.leading().map(|leading| leading.log_end);
    let behind = written.filter(|end| end.0 < all);
    row.tape_from(behind.map_or(all, from))
}

/// The log of one replica, and how it stands.
pub(super) fn tape_for(partition: &Partition, replica: &Replica, row: &Row) -> (Tape, Standing) {
    let tape = tape_of(partition, row);
    let (start, end) = (replica.log_start.0, replica.log_end.0);
    if end > tape.from + i64::from(tape.slots) && !replica.role.leads() {
        // The first place is the break's.
        let most = (i64::from(tape.slots) / 2).max(1);
        let behind = Tape {
            from: end - most,
            x: tape.x + tape.pitch,
            slots: tape.slots.saturating_sub(1),
            ..tape
        };
        return (behind, Standing::Beyond);
    }
    if end > tape.from || end <= start || replica.role.leads() {
        return (tape, Standing::Aligned);
    }
    let most = KEPT.min(i64::from(tape.slots) / 3).max(1);
    let from = start.max(end - most);
    (Tape { from, ..tape }, Standing::Kept)
}

/// Where a log that does not stand where the others do is broken: so far behind its end, or before its beginning.
pub(super) fn break_of(tape: &Tape, standing: Standing, end: Offset, behind: f64) -> Option<f64> {
    match standing {
        Standing::Aligned => None,
        Standing::Kept => Some(tape.edge(end.0) + behind),
        Standing::Beyond => Some(tape.x - tape.pitch / 2.0),
    }
}

/// The row of one replica, except for its label.
pub(super) fn replica(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let (tape, standing) = tape_for(partition, replica, row);
    // The bed stands where the others do, whatever is in it.
    let whole = tape_of(partition, row);
    under(pen, partition, replica, row);
    match row.form {
        RowForm::Cells | RowForm::Flat => {
            pen.put(&thing, "bed", Shape::group("", whole.bed(replica.role)));
            storage::segments(pen, partition, replica, &tape);
            changing::bed(pen, partition, replica, &tape);
            cells(pen, partition, replica, &tape, standing);
            storage::at_work(pen, partition, replica, &tape);
            remarks::behind(pen, partition, replica, &tape, standing);
        }
        RowForm::Heat if !partition.activity.is_empty() => {
            pen.put(
                &thing,
                "heat",
                kit::heat(whole.frame(), &partition.activity),
            );
        }
        RowForm::Stream if !partition.activity.is_empty() => {
            let stream = kit::stream(whole.frame(), &partition.activity, replica.role);
            pen.put(&thing, "stream", stream);
        }
        RowForm::Strip | RowForm::Stream | RowForm::Heat => {
            let before = (whole.slots - tape.slots) as usize;
            let shown: Vec<(usize, &KeyMark, CellState)> = replica
                .cells
                .iter()
                .filter(|cell| tape.shows(cell.offset.0) && cell.offset >= replica.log_start)
                .map(|cell| {
                    let slot = before + (cell.offset.0 - tape.from) as usize;
                    (slot, &cell.key, cell.state)
                })
                .collect();
            let frame = whole.frame();
            let area = Rect::new(frame.x + 2.0, frame.y, frame.w - 4.0, frame.h);
            let strip = kit::strip(area, &shown, whole.slots as usize, replica.role);
            pen.put(&thing, "strip", strip);
            let broken = break_of(&tape, standing, replica.log_end, 5.0);
            if let Some(x) = broken {
                let at = Point::new(x, tape.y);
                pen.put(&thing, "break", kit::break_mark(at, tape.height()));
            }
        }
    }
    marks(pen, partition, replica, row, &tape);
    pen.target(thing, row.area);
    if matches!(row.form, RowForm::Cells) {
        let last = replica.log_end.0.min(tape.from + i64::from(tape.slots));
        let mut cells = replica.cells.iter().peekable();
        for offset in tape.from..last {
            while cells.next_if(|cell| cell.offset.0 < offset).is_some() {}
            let there = cells.next_if(|cell| cell.offset.0 == offset).is_some();
            // What is not there any more can be pointed at too, to be told why.
            if there || storage::is_empty_place(replica, offset) {
                let area = Rect::around(tape.middle(offset), tape.pitch, tape.height());
                let copy = Thing::Copy(partition.id.clone(), Offset(offset), replica.broker);
                pen.target(copy, area);
            }
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

fn cells(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape, standing: Standing) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    storage::empty_places(pen, partition, replica, tape);
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
    let slot = has_slot(pen, replica) && standing == Standing::Aligned && tape.shows(end);
    if slot {
        pen.put(&thing, "slot", tape.slot(end));
    }
    numbers(pen, partition, replica, tape, slot);
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
        Role::Deposed { .. } => false,
        Role::Follower | Role::Offline | Role::Stopped | Role::WasLeader => every,
        Role::Waits => false,
    }
}

fn numbers(pen: &mut Pen, partition: &Partition, replica: &Replica, tape: &Tape, slot: bool) {
    let has_fate = replica
        .cells
        .iter()
        .any(|cell| remarks::fate_of(cell.state).is_some());
    let numbers = match (pen.layout.numbers, replica.role.is_offline()) {
        (Numbers::All, true) => Numbers::Ends,
        (Numbers::Fifth, true) if has_fate => Numbers::Ends,
        (numbers, _) => numbers,
    };
    if numbers == Numbers::None {
        return;
    }
    let end = replica.log_end.0;
    let first = tape.from;
    let last = end - 1;
    let readers = reading::of(pen.snapshot, partition);
    let positions = readers.iter().filter_map(|mark| mark.position);
    let handled: Vec<i64> = positions.map(|position| position.0 - 1).collect();
    let stranded = |offset: i64| {
        let mut cells = replica.cells.iter();
        cells.any(|cell| cell.offset.0 == offset && remarks::fate_of(cell.state).is_some())
    };
    let slot = slot && numbers == Numbers::All;
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

/// Poles, flags, positions and rings.
fn marks(pen: &mut Pen, partition: &Partition, replica: &Replica, row: &Row, tape: &Tape) {
    if row.form == RowForm::Cells && replica.role.leads() && pen.layout.ask.voice == Voice::Full {
        positions(pen, partition, tape);
    }
    let offset = replica.high_watermark.map(|offset| offset.0);
    let mut flown = None;
    if let Some(offset) = offset.filter(|offset| tape.has_edge(*offset)) {
        let thing = Thing::Replica(partition.id.clone(), replica.broker);
        let (top, bottom) = (tape.top(), tape.bottom());
        let x = changing::pole(pen, partition, replica, tape, offset);
        match pole_of(pen, replica, row, tape, x) {
            Pole::None => {}
            Pole::Plain => {
                let pole = kit::pole(x, top - 3.0, bottom + 3.0, PoleKind::HighWatermark);
                pen.put(&thing, "hw", pole);
            }
            pole @ (Pole::Flag | Pole::LowFlag) => {
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
                flown = Some((x, side, storage::flag_width(&label)));
                let flag = match pole {
                    Pole::LowFlag => kit::low_flag(x, top, bottom + 3.0, &label, kind, side),
                    _ => kit::flag(x, top - lift, bottom + 3.0, &label, kind, side),
                };
                pen.put(&thing, "hw", flag);
            }
        }
    }
    let pole = pole_of(pen, replica, row, tape, tape.x);
    storage::log_start(pen, partition, replica, tape, pole, flown);
    changing::rings(pen, partition, replica, tape);
    rings(pen, partition, replica, tape);
}

/// How the high watermark is marked that stands at `x`.
fn pole_of(pen: &Pen, replica: &Replica, row: &Row, tape: &Tape, x: f64) -> Pole {
    if replica.role.is_offline() || matches!(replica.role, Role::Behind(_) | Role::Waits) {
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
        (_, RowForm::Cells) if leads => {
            let room = tape.top() - row.area.y;
            let card = pen.layout.cards.get(&replica.broker);
            // Above the first log of a card is its header, at whose right end there may be room.
            let first = card.is_some_and(|card| {
                row.area.y - card.y < HEADER && header_is_free(pen, replica, card, x)
            });
            match (pen.layout.manner, room, first) {
                (Manner::Rows | Manner::RowsMid, ..) => Pole::LowFlag,
                (_, FLAG_ROOM.., _) => Pole::LowFlag,
                (_, _, true) => Pole::Flag,
                _ => Pole::Plain,
            }
        }
        _ => Pole::Plain,
    }
}

/// Whether a flag may fly over the header of a card at `x`: right of name, badge and button, and left of what is the
/// matter with the broker.
fn header_is_free(pen: &Pen, replica: &Replica, card: &Rect, x: f64) -> bool {
    let mut brokers = pen.snapshot.brokers.iter();
    let broker = brokers.find(|broker| broker.id == replica.broker);
    let cut = broker.is_some_and(|broker| broker.keeper.is_some_and(|keeper| keeper.cut));
    let said = cut || broker.is_some_and(|broker| !broker.chips.is_empty());
    let end = if said { NOTE } else { 0.0 };
    x - card.x > TITLE && x < card.right() - end
}

/// Committed offsets and positions at the lower edge of a log.
fn positions(pen: &mut Pen, partition: &Partition, tape: &Tape) {
    let reads_below = matches!(pen.layout.manner, Manner::Focus | Manner::FocusLow);
    if reads_below || pen.layout.reading_line {
        return;
    }
    let whole = Thing::Partition(partition.id.clone());
    let mut marks: Vec<(i64, GroupShape, MarkerKind)> = Vec::new();
    for mark in reading::of(pen.snapshot, partition) {
        let position = mark
            .position
            .filter(|position| mark.committed != Some(*position));
        for (offset, kind) in [
            (position, MarkerKind::Position),
            (mark.committed, MarkerKind::Committed),
        ] {
            let offset = offset.filter(|offset| tape.has_edge(offset.0));
            marks.extend(offset.map(|offset| (offset.0, mark.shape, kind)));
        }
    }
    for (index, (offset, shape, kind)) in marks.iter().enumerate() {
        // Who stands at one place stands side by side.
        let beside = |marks: &[(i64, GroupShape, MarkerKind)]| {
            marks.iter().filter(|(other, ..)| other == offset).count() as f64
        };
        let (before, all) = (beside(&marks[..index]), beside(&marks));
        let aside = (before - (all - 1.0) / 2.0) * BESIDE;
        let at = Point::new(tape.edge(*offset) + aside, tape.bottom());
        let drawn = kit::group_marker(at, *shape, 4.8, *kind);
        pen.put_nth(&whole, "position", index, drawn);
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
