//! The columns of the lens by broker: producers, brokers, readers, with gutters between them.

use crate::stage::layout::Manner;
use crate::stage::snapshot::Snapshot;

/// The x of every column. A column that has nobody in it takes no room.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Columns {
    pub producers_x: f64,
    pub producers_w: f64,
    pub cards_x: f64,
    pub cards_w: f64,
    pub readers_x: f64,
    pub readers_w: f64,
}

/// Widths of one manner, left to right: margin, producers, gutter, then gap, readers, margin.
struct Widths {
    left: f64,
    producers: f64,
    gutter: f64,
    gap: f64,
    readers: f64,
    right: f64,
}

impl Columns {
    pub(super) fn of(snapshot: &Snapshot, manner: Manner, w: f64) -> Columns {
        let widths = widths(manner, w);
        let nobody = snapshot.producers.is_empty() && snapshot.operators.is_empty();
        let no_producers = nobody && snapshot.topics.len() < 2;
        let cards_x = match no_producers {
            true => widths.left,
            false => widths.left + widths.producers + widths.gutter,
        };
        let no_readers = snapshot.consumers.is_empty() && snapshot.groups.is_empty();
        let behind = match no_readers && snapshot.audit.is_none() {
            true => widths.right + lanes_room(snapshot),
            false => widths.gap + widths.readers + widths.right,
        };
        let cards_w = (w - cards_x - behind).max(240.0);
        Columns {
            producers_x: widths.left,
            producers_w: widths.producers,
            cards_x,
            cards_w,
            readers_x: cards_x + cards_w + widths.gap,
            readers_w: widths.readers,
        }
    }

    /// The right edge of the cards.
    pub fn cards_right(&self) -> f64 {
        self.cards_x + self.cards_w
    }

    /// The free width between cards and readers.
    pub fn gap(&self) -> f64 {
        self.readers_x - self.cards_right()
    }

    /// The outermost lane, which control lines use.
    pub fn control_lane(&self) -> f64 {
        self.cards_right() + (self.gap() * 0.54).min(60.0)
    }
}

/// Control lines still need their lane when nobody reads.
fn lanes_room(snapshot: &Snapshot) -> f64 {
    let controlled = snapshot.brokers.iter().any(|broker| broker.controller);
    if controlled { 64.0 } else { 0.0 }
}

fn widths(manner: Manner, w: f64) -> Widths {
    let of = |left, producers, gutter, gap, readers, right| Widths {
        left,
        producers,
        gutter,
        gap,
        readers,
        right,
    };
    match manner {
        Manner::Rows if w >= 940.0 => of(24.0, 112.0, 54.0, 92.0, 138.0, 20.0),
        Manner::Focus if w >= 940.0 => of(20.0, 122.0, 36.0, 120.0, 116.0, 16.0),
        Manner::Focus | Manner::FocusLow if w >= 880.0 => of(16.0, 104.0, 30.0, 92.0, 104.0, 14.0),
        Manner::Strips if w >= 1000.0 => of(12.0, 100.0, 88.0, 92.0, 168.0, 24.0),
        Manner::RowsMid if w >= 780.0 => of(16.0, 104.0, 36.0, 68.0, 126.0, 12.0),
        Manner::RowsSmall => of(10.0, 94.0, 34.0, 38.0, 110.0, 6.0),
        Manner::Dense | Manner::Strips if w >= 800.0 => of(12.0, 100.0, 46.0, 64.0, 168.0, 12.0),
        _ => of(12.0, 100.0, 46.0, 64.0, 120.0, 12.0),
    }
}
