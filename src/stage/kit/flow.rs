//! What is left of records when there are too many to letter: strip, stream and heat.
//!
//! The meaning of hue never changes between them: a colour is always a key. Heat has no hue at all.

use crate::stage::geometry::Rect;
use crate::stage::kit::record::{hue_class, state_class};
use crate::stage::shape::{Name, Shape};
use crate::stage::snapshot::{Bucket, CellState, KeyMark, Role};

/// A strip of colour cells without letters, on the bed of its role. Each cell names its slot, so a copy
/// that lacks records shows where they would stand, and one that has what the leader lacks shows which.
pub fn strip(
    area: Rect,
    cells: &[(usize, &KeyMark, CellState)],
    slots: usize,
    role: Role,
) -> Shape {
    let bed = format!("bed {}", role.class());
    let mut parts = vec![Shape::rect(
        area.x - 2.0,
        area.y,
        area.w + 4.0,
        area.h,
        4.0,
        bed,
    )];
    let pitch = area.w / slots.max(1) as f64;
    for (slot, key, state) in cells {
        let fate = match state_class(*state) {
            fate @ ("stranded" | "lost") => format!(" {fate}"),
            _ => String::new(),
        };
        let class = format!("rec{fate} {}", hue_class(key));
        let x = area.x + *slot as f64 * pitch + 0.5;
        let (y, h) = (area.y + 2.0, area.h - 4.0);
        parts.push(Shape::rect(x, y, pitch - 1.0, h, 1.5, class));
    }
    Shape::group(
        if role.is_offline() {
            "strip offline"
        } else {
            "strip"
        },
        parts,
    )
}

/// The share of each key in each stretch of time, stacked; the newest stands at the right.
pub fn stream(area: Rect, buckets: &[Bucket], role: Role) -> Shape {
    const STEP: f64 = 4.0;
    let bed = format!("bed {}", role.class());
    let mut parts = vec![Shape::rect(area.x, area.y, area.w, area.h, 6.0, bed)];
    let room = ((area.w - 4.0) / STEP).floor().max(0.0) as usize;
    let shown = &buckets[buckets.len().saturating_sub(room)..];
    let inner = area.h - 4.0;
    for (at, bucket) in shown.iter().enumerate() {
        let total: u32 = bucket.counts.iter().map(|(_, count)| count).sum();
        let mut y = area.y + 2.0;
        for (hue, count) in bucket.counts.iter().filter(|(_, count)| *count > 0) {
            let h = f64::from(*count) / f64::from(total) * inner;
            let x = area.x + 2.0 + at as f64 * STEP;
            let mark = match *hue {
                0..10 => KeyMark::new(*hue, ""),
                _ => KeyMark::none(),
            };
            let class = format!("rec {}", hue_class(&mark));
            parts.push(Shape::rect(x, y, STEP - 0.6, h, 0.0, class));
            y += h;
        }
    }
    Shape::group("strip", parts)
}

/// One grey row: how many records in each stretch of time.
pub fn heat(area: Rect, buckets: &[Bucket]) -> Shape {
    const STEP: f64 = 4.0;
    let room = (area.w / STEP).floor().max(0.0) as usize;
    let shown = &buckets[buckets.len().saturating_sub(room)..];
    let counts: Vec<u32> = shown
        .iter()
        .map(|bucket| bucket.counts.iter().map(|(_, count)| count).sum())
        .collect();
    let parts = counts
        .iter()
        .enumerate()
        .map(|(at, count)| {
            let x = area.x + at as f64 * STEP;
            Shape::rect(
                x,
                area.y,
                STEP - 0.6,
                area.h,
                0.0,
                heat_class(heat_level(*count)),
            )
        })
        .collect();
    Shape::group("", parts)
}

/// Six levels, each about three times the one before, so that one glance covers 0 to hundreds.
fn heat_level(count: u32) -> u8 {
    match count {
        0 => 0,
        1..=2 => 1,
        3..=8 => 2,
        9..=26 => 3,
        27..=80 => 4,
        _ => 5,
    }
}

fn heat_class(level: u8) -> Name {
    const LEVELS: [&str; 6] = ["heat0", "heat1", "heat2", "heat3", "heat4", "heat5"];
    LEVELS[usize::from(level.min(5))].into()
}
