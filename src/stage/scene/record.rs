//! One record, taken apart: every field with its value and the bytes that say it.
//!
//! Bytes that hold the record together are grey, the key's bytes have the key's full colour, value, headers
//! and timestamp a tint of it: all of it is this record.

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect, Route};
use crate::stage::kit::{self, RecordForm};
use crate::stage::layout::FieldRow;
use crate::stage::scene::pen::Pen;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Anatomy, Field, FieldKind, KeyMark};

/// The side of the record's tile.
const TILE: f64 = 30.0;

pub(super) fn draw(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    let Some(anatomy) = &snapshot.anatomy else {
        return;
    };
    let fields = pen.layout.fields.clone();
    tile(pen, anatomy, &fields);
    for (index, (field, place)) in anatomy.fields.iter().zip(&fields).enumerate() {
        let thing = Thing::Field(index as u16);
        if snapshot.washed(&thing) || snapshot.selection.as_ref() == Some(&thing) {
            pen.put(&thing, "wash", kit::wash(place.area, 6.0));
        }
        pen.put(&thing, "words", words(pen, field, place));
        pen.put(&thing, "bytes", bytes(field, &anatomy.mark, place));
        pen.target(thing, place.area);
    }
}

/// The record itself, and a line from it to each of its fields.
fn tile(pen: &mut Pen, anatomy: &Anatomy, fields: &[FieldRow]) {
    let thing = Thing::Record(anatomy.partition.clone(), anatomy.offset);
    let washed = pen.snapshot.washed(&thing);
    let narrow = pen.layout.columns.cards_x < 100.0;
    let title = format!("Record {}", anatomy.offset.0);
    let place = format!(
        "{} {}",
        anatomy.partition.topic, anatomy.partition.partition
    );
    let own = anatomy
        .fields
        .iter()
        .filter(|field| field.kind != FieldKind::Batch);
    let total: usize = own.map(|field| field.bytes.len()).sum();
    let size = format!("{total} bytes");
    let square = RecordForm::Square;
    if narrow {
        let parts = vec![
            kit::record(
                Point::new(31.0, 30.0),
                TILE,
                &anatomy.mark,
                anatomy.state,
                square,
            ),
            Shape::text(56.0, 27.0, title, "h"),
            Shape::text(56.0, 43.0, format!("{place}, {size}"), "s2"),
        ];
        pen.put(&thing, "tile", Shape::group("", parts));
        pen.target(thing, Rect::new(14.0, 12.0, 200.0, 36.0));
        return;
    }
    let ys: Vec<f64> = fields.iter().map(|field| field.y - 4.0).collect();
    let (first, last) = (ys.first().copied(), ys.last().copied());
    let mid = (first.unwrap_or(100.0) + last.unwrap_or(100.0)) / 2.0;
    let at = Point::new(60.0, mid);
    for (index, y) in ys.iter().enumerate() {
        let x = pen.layout.columns.cards_x - 10.0;
        let route = Route::through([(at.x, mid), (112.0, mid), (112.0, *y), (x, *y)]);
        pen.put_nth(
            &thing,
            "part",
            index,
            kit::line(&route.with_radius(8.0), "repl"),
        );
    }
    if washed {
        let area = Rect::around(at, TILE + 14.0, TILE + 14.0);
        pen.put(&thing, "wash", kit::wash(area, 8.0));
    }
    let parts = vec![
        kit::record(at, TILE, &anatomy.mark, anatomy.state, square),
        Shape::text(at.x, mid - 28.0, title, "h2 mid halo"),
        Shape::text(at.x, mid + 34.0, place, "s2 mid halo"),
        Shape::text(at.x, mid + 49.0, size, "s mid halo"),
    ];
    pen.put(&thing, "tile", Shape::group("", parts));
    pen.target(thing, Rect::around(at, 88.0, 88.0));
}

fn words(pen: &Pen, field: &Field, place: &FieldRow) -> Shape {
    let x = pen.layout.columns.cards_x;
    let strong = matches!(field.kind, FieldKind::Key | FieldKind::Payload);
    let class = if strong { "b" } else { "s2" };
    let narrow = x < 100.0;
    let value = Point::new(if narrow { x + 130.0 } else { x + 118.0 }, place.y - 2.0);
    let room = if narrow {
        pen.layout.columns.cards_w - 130.0
    } else {
        172.0
    };
    let most = (room / 6.62).floor().max(4.0) as usize;
    let mut text: String = field.value.chars().take(most).collect();
    if field.value.chars().count() > most {
        text.pop();
        text.push('…');
    }
    let parts = vec![
        Shape::text(x, place.y - 2.0, field.name.to_string(), class),
        Shape::text(value.x, value.y, text, "mi"),
    ];
    Shape::group("", parts)
}

fn bytes(field: &Field, mark: &KeyMark, place: &FieldRow) -> Shape {
    use crate::stage::layout::{BYTE, LINE};
    let (cell, text) = match field.kind {
        FieldKind::Batch | FieldKind::Frame => ("byte frame-byte", "m mid"),
        FieldKind::Key => ("rec", "rec-t m mid"),
        FieldKind::Payload => ("byte payload-byte", "mi mid"),
        FieldKind::Timestamp => ("byte time-byte", "mi mid"),
    };
    let mut parts = Vec::new();
    for (index, byte) in field.bytes.iter().take(place.shown).enumerate() {
        let (line, column) = (index / place.per_line, index % place.per_line);
        let x = place.bytes.x + column as f64 * BYTE;
        let y = place.bytes.y + line as f64 * LINE;
        parts.push(Shape::rect(x, y, BYTE - 2.0, LINE - 2.0, 3.0, cell));
        let hex = format!("{byte:02x}");
        parts.push(Shape::text(x + BYTE / 2.0 - 1.0, y + 13.0, hex, text));
    }
    let hidden = field.bytes.len() - place.shown;
    if hidden > 0 {
        let lines = place.shown.div_ceil(place.per_line) as f64;
        let y = place.bytes.y + lines * LINE - 6.0;
        let x = place.bytes.x + place.per_line as f64 * BYTE - 4.0;
        parts.push(Shape::text(x, y, format!("{hidden} more"), "s end halo"));
    }
    Shape::group(kit::hue_class(mark), parts)
}
