//! The rows of a broker's card: one for each replica it was assigned.

use super::Builder;
use crate::model::{BrokerId, TopicPartition};
use crate::stage::density::Density;
use crate::stage::geometry::Rect;
use crate::stage::kit::Tape;
use crate::stage::layout::{Manner, Row, RowForm, Voice};
use crate::stage::snapshot::Partition;

impl Builder<'_> {
    /// One row whose upper edge is at `y`, and where the next one begins.
    pub(super) fn row(
        &self,
        partition: &Partition,
        broker: BrokerId,
        y: f64,
        first: bool,
    ) -> (Row, f64) {
        let columns = self.layout.columns;
        let x = columns.cards_x + self.measures.label;
        let room = columns.cards_w - self.measures.label - self.measures.lanes - 4.0;
        let leads = partition.leader.or(partition.home()) == Some(broker);
        let in_full = |area: Rect, mid: f64, pitch: f64, size: f64, form: RowForm| {
            let slots = (room / pitch).floor().max(3.0);
            let tape = Tape {
                x,
                y: mid,
                pitch,
                size,
                from: 0,
                slots: slots as u32,
                flat: form == RowForm::Flat,
            };
            Row { area, form, tape }
        };
        let wide = |area: Rect, mid: f64, h: f64, form: RowForm| {
            // As wide as the large rows of this manner, so that all beds end together.
            let large = if self.layout.manner == Manner::Focus {
                29.0
            } else {
                27.0
            };
            let width = (room / large).floor() * large;
            let slots = (width / 10.5).floor().max(3.0);
            let tape = Tape {
                x,
                y: mid,
                pitch: width / slots,
                size: h - 4.0,
                from: 0,
                slots: slots as u32,
                flat: true,
            };
            Row { area, form, tape }
        };
        let area = |h: f64| Rect::new(columns.cards_x + 5.0, y, columns.cards_w - 10.0, h);
        // The log stands at the foot of its row, under its flag; the label reaches a little further down.
        let lower = |h: f64| Rect::new(columns.cards_x + 5.0, y + 3.0, columns.cards_w - 10.0, h);
        let density = self.layout.ask.density_of(self.snapshot, partition);
        let large = large_form(density);
        let full = self.layout.ask.voice == Voice::Full;
        match self.layout.manner {
            // Where poles have flags there is room for one above each log.
            Manner::Rows if full => (in_full(lower(44.0), y + 28.5, 27.0, 24.0, large), y + 44.0),
            Manner::RowsMid if full => {
                (in_full(lower(40.0), y + 26.5, 23.0, 20.0, large), y + 40.0)
            }
            Manner::RowsSmall if full => {
                (in_full(lower(34.0), y + 22.0, 20.0, 17.0, large), y + 34.0)
            }
            Manner::Rows => (in_full(area(44.0), y + 18.0, 30.0, 25.0, large), y + 44.0),
            Manner::RowsMid => (in_full(area(40.0), y + 16.0, 26.0, 22.0, large), y + 40.0),
            Manner::RowsSmall => (in_full(area(34.0), y + 13.5, 21.0, 18.0, large), y + 34.0),
            Manner::Focus | Manner::FocusLow => {
                let low = self.layout.manner == Manner::FocusLow;
                let (pitch, size, mid, h, step, strip) = match low {
                    false => (29.0, 25.0, 30.0, 66.0, 23.0, 15.0),
                    true => (27.0, 23.0, 27.0, 58.0, 15.0, 11.0),
                };
                if self.snapshot.subject.as_ref() == Some(&partition.id) {
                    let area = Rect::new(columns.cards_x + 8.0, y, columns.cards_w - 16.0, h);
                    let below = if low { 60.0 } else { 82.0 };
                    return (in_full(area, y + mid, pitch, size, large), y + below);
                }
                let y = if first { y + 4.0 } else { y };
                let area = Rect::new(columns.cards_x + 5.0, y, columns.cards_w - 10.0, strip);
                (
                    wide(area, y + strip / 2.0, strip, small_form(density)),
                    y + step,
                )
            }
            Manner::Strips if self.heat_others && !self.is_chosen(&partition.id) => {
                (wide(area(14.0), y + 7.0, 12.0, RowForm::Heat), y + 14.0)
            }
            Manner::Strips => {
                let pitch = if room >= 12.0 * 27.0 { 27.0 } else { 20.0 };
                let (h, size, form) = match leads {
                    true => (29.0, if pitch == 27.0 { 19.0 } else { 17.0 }, large),
                    false => (17.0, 9.0, flat_form(density)),
                };
                (
                    in_full(area(h), y + h / 2.0 - 1.5, pitch, size, form),
                    y + h,
                )
            }
            _ => {
                let pitch = if room >= 14.0 * 27.0 { 27.0 } else { 20.0 };
                let size = if pitch == 27.0 { 19.0 } else { 17.0 };
                let (h, mid) = (27.0 + self.more, 12.0 + self.more);
                (in_full(area(h), y + mid, pitch, size, large), y + h)
            }
        }
    }

    /// The topic that keeps its letters when the others collapse: the selected one, or the first.
    fn is_chosen(&self, partition: &TopicPartition) -> bool {
        use crate::stage::Thing;
        let selected = match &self.snapshot.selection {
            Some(Thing::Partition(p) | Thing::Replica(p, _) | Thing::Record(p, _)) => {
                Some(&p.topic)
            }
            Some(Thing::Copy(p, _, _)) => Some(&p.topic),
            Some(Thing::Topic(topic)) => Some(topic),
            _ => None,
        };
        let chosen = selected.or(self.snapshot.topics.first().map(|topic| &topic.name));
        chosen == Some(&partition.topic)
    }
}

/// What a large row shows at a density.
fn large_form(density: Density) -> RowForm {
    match density {
        Density::Letters => RowForm::Cells,
        Density::Strip => RowForm::Flat,
        Density::Stream => RowForm::Stream,
        Density::Heat => RowForm::Heat,
    }
}

/// What a follower's row of the aligned window shows.
fn flat_form(density: Density) -> RowForm {
    match density {
        Density::Letters | Density::Strip => RowForm::Flat,
        Density::Stream => RowForm::Stream,
        Density::Heat => RowForm::Heat,
    }
}

/// What a strip over a longer window shows.
fn small_form(density: Density) -> RowForm {
    match density {
        Density::Letters | Density::Strip => RowForm::Strip,
        Density::Stream => RowForm::Stream,
        Density::Heat => RowForm::Heat,
    }
}
