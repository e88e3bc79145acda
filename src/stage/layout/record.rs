//! The lens on one record: its tile at the left, a row for each field at the right, with the bytes that say it.

use crate::stage::geometry::{Point, Rect, Size};
use crate::stage::layout::{Ask, Columns, FieldRow, Layout, Manner};
use crate::stage::snapshot::Snapshot;

/// The width of one byte's cell.
pub const BYTE: f64 = 22.0;
/// The height of one line of bytes.
pub const LINE: f64 = 20.0;
/// No field shows more lines of bytes than this.
const LINES: usize = 4;

pub(super) fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    let narrow = ask.size.w < 600.0;
    let x = if narrow { 16.0 } else { 148.0 };
    let columns = Columns {
        cards_x: x,
        cards_w: ask.size.w - x - 16.0,
        ..Columns::default()
    };
    let mut layout = Layout::bare(ask, Manner::Record, columns);
    let fields = snapshot
        .anatomy
        .as_ref()
        .map_or(&[][..], |anatomy| &anatomy.fields);
    let mut y = if narrow { 64.0 } else { 46.0 };
    for field in fields {
        let words = if narrow { 0.0 } else { 300.0 };
        let per_line = (((columns.cards_w - words - 8.0) / BYTE).floor() as usize).max(4);
        let lines = field.bytes.len().div_ceil(per_line).clamp(1, LINES);
        let shown = field.bytes.len().min(lines * per_line);
        let beside = narrow && field.bytes.len() <= 3;
        let head = if narrow && !beside { 20.0 } else { 0.0 };
        let h = head + lines as f64 * LINE + if narrow { 6.0 } else { 10.0 };
        let area = Rect::new(x - 6.0, y, columns.cards_w + 12.0, h - 2.0);
        layout.fields.push(FieldRow {
            area,
            y: y + 18.0,
            bytes: match beside {
                true => Point::new(x + columns.cards_w - 3.0 * BYTE, y + 3.0),
                false => Point::new(x + words, y + head + 4.0),
            },
            per_line,
            shown,
        });
        y += h;
    }
    layout.content = Size::new(ask.size.w, ask.size.h.max(y + 8.0));
    layout
}
