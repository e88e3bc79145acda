//! The lens by broker: for replication, failover and the ISR.
//!
//! Cards are stacked in the middle, one for each broker, with a row for each replica it was assigned. The
//! manners are tried from the roomiest down until the stack fits; the last one pans.
//!
//! - `measures`: how high and how far apart everything is;
//! - `rows`: the replicas on a card;
//! - `clients`: who stands beside the cards.

mod clients;
mod measures;
mod rows;

use crate::model::BrokerId;
use crate::stage::geometry::{Rect, Size};
use crate::stage::kit::Numbers;
use crate::stage::layout::{Ask, Columns, Layout, Manner, Voice};
use crate::stage::snapshot::{Coordination, Partition, Snapshot};

use measures::{Measures, measures};

/// By so much a dense row may be higher than it must: then its flag has room.
const MOST_MORE: f64 = 16.0;

/// Tries the manners in order and takes the first that fits.
pub(super) fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    let manners: &[Manner] = match (&snapshot.subject, snapshot.topics.len()) {
        (Some(_), _) if snapshot.even => &[
            Manner::Rows,
            Manner::RowsMid,
            Manner::RowsSmall,
            Manner::Dense,
            Manner::Strips,
        ],
        (Some(_), _) => &[Manner::Focus, Manner::FocusLow],
        // Nothing is there yet, and it is known what will be.
        (None, 0) if !snapshot.rooms.is_empty() => &[Manner::Focus, Manner::FocusLow],
        (None, 0 | 1) => &[
            Manner::Rows,
            Manner::RowsMid,
            Manner::RowsSmall,
            Manner::Dense,
            Manner::Strips,
        ],
        (None, _) => &[Manner::Dense, Manner::Strips],
    };
    let mut last = None;
    for manner in manners {
        let mut layout = in_manner(snapshot, ask, *manner);
        let rows = layout.rows.len().max(1) as f64;
        let spare = ask.size.h - 8.0 - layout.lowest;
        let more = (spare / rows).floor().min(MOST_MORE);
        if *manner == Manner::Dense && more >= 1.0 {
            let mut roomy = Builder::new(snapshot, ask, *manner);
            roomy.more = more;
            layout = roomy.build();
        }
        if layout.overflow() == 0.0 {
            return layout;
        }
        last = Some(layout);
    }
    let tight = last.expect("there is at least one manner");
    match tight.manner {
        Manner::Strips => collapsed(snapshot, ask).unwrap_or(tight),
        _ => tight,
    }
}

/// The tightest manner again, all topics but the selected one as heat.
fn collapsed(snapshot: &Snapshot, ask: &Ask) -> Option<Layout> {
    if snapshot.topics.len() < 2 {
        return None;
    }
    let mut layout = Builder::new(snapshot, ask, Manner::Strips);
    layout.heat_others = true;
    Some(layout.build())
}

fn in_manner(snapshot: &Snapshot, ask: &Ask, manner: Manner) -> Layout {
    Builder::new(snapshot, ask, manner).build()
}

struct Builder<'a> {
    snapshot: &'a Snapshot,
    measures: Measures,
    layout: Layout,
    heat_others: bool,
    /// Added to the height of a dense row.
    more: f64,
}

impl<'a> Builder<'a> {
    fn new(snapshot: &'a Snapshot, ask: &Ask, manner: Manner) -> Builder<'a> {
        let columns = Columns::of(snapshot, manner, ask.size.w);
        let mut layout = Layout::bare(ask, manner, columns);
        layout.hosts = match manner {
            manner if manner.is_rows() => ask.voice == Voice::Full && columns.cards_w > 420.0,
            _ => columns.cards_w > 330.0,
        };
        layout.numbers = match manner {
            Manner::Focus | Manner::FocusLow => Numbers::All,
            _ => Numbers::None,
        };
        let mut measures = measures(snapshot, manner);
        if manner.is_rows() && ask.voice == Voice::Full {
            // There is room for a flag above each log, so the header gives a little to what is said under the last.
            measures.header -= 3.0;
            measures.bottom += 3.0;
        }
        Builder {
            snapshot,
            measures,
            layout,
            heat_others: false,
            more: 0.0,
        }
    }

    fn build(mut self) -> Layout {
        let bottom = self.stack();
        let clients_bottom = self.producers().max(self.readers());
        let mut bottom = bottom.max(clients_bottom);
        if !self.snapshot.legend.is_empty() {
            let below = if self.layout.manner == Manner::FocusLow {
                20.0
            } else {
                26.0
            };
            self.layout.legend = Some(bottom + below);
            bottom += below + 4.0;
        }
        self.layout.lowest = bottom;
        let height = self.layout.ask.size.h.max(bottom + 8.0);
        self.layout.content = Size::new(self.layout.ask.size.w, height);
        self.layout
    }

    /// Places the cards with their rows; returns where the last one ends.
    fn stack(&mut self) -> f64 {
        let m = &self.measures;
        let columns = self.layout.columns;
        let mut y = m.top;
        if self.snapshot.coordination != Coordination::Absent {
            let card = Rect::new(columns.cards_x, y, columns.cards_w, m.coordination);
            self.layout.coordination = Some(card);
            y = card.bottom() + m.below_coordination;
        }
        let mut bottom = y;
        for broker in &self.snapshot.brokers {
            let mut end = y + self.measures.header;
            let mut room_for_strips = true;
            let (subject, others): (Vec<_>, Vec<_>) = self
                .hosted(broker.id)
                .partition(|partition| self.snapshot.subject.as_ref() == Some(&partition.id));
            let rows = match self.is_focus() {
                true => subject.into_iter().chain(others).collect(),
                false => self.hosted(broker.id).collect::<Vec<_>>(),
            };
            for partition in rows {
                let (row, next) = self.row(partition, broker.id, end, room_for_strips);
                room_for_strips = false;
                self.layout
                    .rows
                    .insert((partition.id.clone(), broker.id), row);
                end = next;
            }
            end += self.room(broker.id, room_for_strips);
            let card = Rect::new(
                columns.cards_x,
                y,
                columns.cards_w,
                end + self.measures.bottom - y,
            );
            self.layout.cards.insert(broker.id, card);
            bottom = card.bottom();
            y = bottom + self.measures.gap;
        }
        bottom
    }

    /// The height kept free on a broker for partitions that are still to be created.
    fn room(&self, broker: BrokerId, mut first: bool) -> f64 {
        let rooms = self.snapshot.rooms.iter();
        let rooms = rooms.filter(|(_, holders)| self.is_focus() && holders.contains(&broker));
        let none = self.snapshot.topics.is_empty();
        let low = self.layout.manner == Manner::FocusLow;
        let mut height = 0.0;
        for (nth, (partition, _)) in rooms.enumerate() {
            let subject = match &self.snapshot.subject {
                Some(subject) => subject == partition,
                None => none && nth == 0,
            };
            height += match (subject, low) {
                (true, false) => 82.0,
                (true, true) => 60.0,
                (false, false) => 23.0,
                (false, true) => 15.0,
            };
            if std::mem::take(&mut first) && !subject {
                height += 4.0;
            }
        }
        height
    }

    fn hosted(&self, broker: BrokerId) -> impl Iterator<Item = &'a Partition> + use<'a> {
        self.snapshot
            .partitions()
            .filter(move |partition| partition.replica(broker).is_some())
    }

    fn is_focus(&self) -> bool {
        self.layout.manner.is_focus()
    }

    /// From the top of the first card to the bottom of the last.
    fn span(&self) -> (f64, f64) {
        let top = self.layout.cards.values().map(|card| card.y);
        let bottom = self.layout.cards.values().map(Rect::bottom);
        let top = top.min_by(f64::total_cmp).unwrap_or(self.measures.top);
        (top, bottom.max_by(f64::total_cmp).unwrap_or(top + 100.0))
    }
}
