//! A partition's log as a tape: a rounded bed with a cell for each offset.
//!
//! The law of aligned offsets lives here: where an offset stands depends on the tape's left edge, its
//! first offset and its pitch, and these are the same on every broker. Lag between replicas then shows
//! as a ragged right edge.

use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::record::{RecordForm, flat_record, hole, record};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Cell, CellState, Role};

/// Which offsets are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    None,
    /// Every fifth, when there is no room for all.
    Fifth,
    All,
    /// The first and the last only: a log that is not being written.
    Ends,
}

/// The place of a log and of every offset in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tape {
    pub x: f64,
    /// The middle line.
    pub y: f64,
    /// From one offset to the next.
    pub pitch: f64,
    /// The side of a cell; its height only, when `flat`.
    pub size: f64,
    /// The offset in the first slot.
    pub from: i64,
    pub slots: u32,
    /// Thin row: colours without letters.
    pub flat: bool,
}

impl Tape {
    fn pad(&self) -> f64 {
        let apart = self.pitch - self.size;
        match self.flat {
            true => 2.0,
            // Where cells stand far apart rows are close, and beds must not touch.
            false if apart > 6.0 => 3.0,
            false => apart / 2.0 + 2.0,
        }
    }

    pub fn height(&self) -> f64 {
        self.size + 2.0 * self.pad()
    }

    pub fn width(&self) -> f64 {
        f64::from(self.slots) * self.pitch + 4.0
    }

    pub fn top(&self) -> f64 {
        self.y - self.height() / 2.0
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height() / 2.0
    }

    pub fn right(&self) -> f64 {
        self.x + self.width()
    }

    pub fn frame(&self) -> Rect {
        Rect::new(self.x, self.top(), self.width(), self.height())
    }

    /// The left edge of an offset's slot: where a pole for it stands.
    pub fn edge(&self, offset: i64) -> f64 {
        self.x + 2.0 + (offset - self.from) as f64 * self.pitch
    }

    /// The middle of an offset's slot.
    pub fn middle(&self, offset: i64) -> Point {
        Point::new(self.edge(offset) + self.pitch / 2.0, self.y)
    }

    pub fn shows(&self, offset: i64) -> bool {
        (self.from..self.from + i64::from(self.slots)).contains(&offset)
    }

    /// True where a pole may stand: at a shown slot's edge, or at the right end.
    pub fn has_edge(&self, offset: i64) -> bool {
        (self.from..=self.from + i64::from(self.slots)).contains(&offset)
    }

    /// The bed, hatched when nobody serves it.
    pub fn bed(&self, role: Role) -> Vec<Shape> {
        let frame = self.frame();
        let bed = |class: String| Shape::rect(frame.x, frame.y, frame.w, frame.h, 7.0, class);
        let mut beds = Vec::new();
        if role.is_offline() {
            let fault = role != Role::Stopped;
            beds.push(bed(if fault { "hatch f" } else { "hatch" }.to_owned()));
        }
        beds.push(bed(format!("bed {}", role.class())));
        beds
    }

    /// One record in its slot.
    pub fn cell(&self, cell: &Cell) -> Shape {
        let at = self.middle(cell.offset.0);
        match self.flat {
            true => flat_record(at, self.pitch - 4.0, self.size, &cell.key, cell.state),
            false => record(at, self.size, &cell.key, cell.state, RecordForm::Square),
        }
    }

    /// The ground under a segment that is closed, from its first offset to the next one's, as far as it is shown.
    pub fn segment(&self, from: i64, to: i64) -> Shape {
        let last = self.from + i64::from(self.slots);
        let (from, to) = (from.max(self.from), to.min(last));
        let h = self.size + 4.0;
        let (x, w) = (
            self.edge(from) + 0.75,
            self.edge(to) - self.edge(from) - 1.5,
        );
        Shape::rect(x, self.y - h / 2.0, w, h, 5.0, "tray")
    }

    /// The place of an offset whose record compaction took.
    pub fn hole(&self, offset: i64) -> Shape {
        hole(self.middle(offset), self.size)
    }

    /// The dashed place where the next record will stand.
    pub fn slot(&self, offset: i64) -> Shape {
        let side = self.size - 2.0;
        Shape::rect(
            -side / 2.0,
            -side / 2.0,
            side,
            side,
            self.size * 0.2,
            "slot",
        )
        .at(self.middle(offset))
    }

    /// An offset under its slot.
    pub fn number(&self, offset: i64, class: &'static str) -> Shape {
        Shape::text(
            self.middle(offset).x,
            self.bottom() + 12.0,
            offset.to_string(),
            class,
        )
    }

    /// The whole log as one shape, for specimens: cells, numbers and the next slot.
    pub fn draw(&self, role: Role, cells: &[Cell], numbers: Numbers) -> Shape {
        let mut parts = self.bed(role);
        for cell in cells.iter().filter(|cell| self.shows(cell.offset.0)) {
            parts.push(self.cell(cell));
        }
        let end = cells.last().map_or(self.from, |cell| cell.offset.0 + 1);
        if numbers == Numbers::All {
            parts.extend((self.from..end).map(|offset| self.number(offset, "o")));
        }
        if role.leads() && self.shows(end) {
            parts.push(self.slot(end));
            if numbers == Numbers::All {
                parts.push(self.number(end, "o"));
            }
        }
        Shape::group("", parts)
    }
}

impl Numbers {
    /// True when the offset's number is written under a log that shows `from` to `last`.
    pub fn shows(self, offset: i64, from: i64, last: i64) -> bool {
        match self {
            Numbers::None => false,
            Numbers::Fifth => offset % 5 == 0,
            Numbers::All => true,
            Numbers::Ends => offset == from || offset == last,
        }
    }
}

impl Cell {
    /// The same record in another state.
    pub fn in_state(mut self, state: CellState) -> Cell {
        self.state = state;
        self
    }
}
