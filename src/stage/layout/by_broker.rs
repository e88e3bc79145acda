//! The lens by broker: for replication, failover and the ISR.
//!
//! Cards are stacked in the middle, one for each broker, with a row for each replica it was assigned. The
//! manners are tried from the roomiest down until the stack fits; the last one pans.

use crate::model::{BrokerId, TopicPartition};
use crate::stage::density::Density;
use crate::stage::geometry::{Rect, Size};
use crate::stage::kit::{Numbers, Tape, text_width};
use crate::stage::layout::lanes::{self, Run};
use crate::stage::layout::{Ask, Client, Columns, Layout, Manner, Row, RowForm, Voice};
use crate::stage::snapshot::{Aim, Consumer, Coordination, Partition, Snapshot};

/// By so much a dense row may be higher than it must: then its flag has room.
const MOST_MORE: f64 = 16.0;

/// Measures of one manner.
struct Measures {
    /// Above the card of the cluster's state.
    top: f64,
    coordination: f64,
    /// Between it and the first broker.
    below_coordination: f64,
    header: f64,
    bottom: f64,
    gap: f64,
    /// From the card's left edge to a row's label, and to its log.
    label: f64,
    /// Free at the right end of a row: the lanes of replication.
    lanes: f64,
}

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
        self.producers();
        let readers_bottom = self.readers();
        let mut bottom = bottom.max(readers_bottom);
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

    /// One row whose upper edge is at `y`, and where the next one begins.
    fn row(&self, partition: &Partition, broker: BrokerId, y: f64, first: bool) -> (Row, f64) {
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

    /// From the top of the first card to the bottom of the last.
    fn span(&self) -> (f64, f64) {
        let top = self.layout.cards.values().map(|card| card.y);
        let bottom = self.layout.cards.values().map(Rect::bottom);
        let top = top.min_by(f64::total_cmp).unwrap_or(self.measures.top);
        (top, bottom.max_by(f64::total_cmp).unwrap_or(top + 100.0))
    }

    /// Producers stand evenly along the cards; each has a lane of its own in the gutter.
    fn producers(&mut self) {
        let columns = self.layout.columns;
        let (top, bottom) = self.span();
        let n = self.snapshot.producers.len() as f64;
        let share = (bottom - top) / n.max(1.0);
        let tall = if self.is_focus() { 100.0 } else { 92.0 };
        let edge = columns.producers_x + columns.producers_w;
        let middle = (edge + columns.cards_x) / 2.0;
        let between = (16.0f64).min((columns.cards_x - edge - 16.0) / n.max(1.0));
        for (index, producer) in self.snapshot.producers.iter().enumerate() {
            let at = index as f64;
            let mut mid = top + share * (at + 0.5);
            if let Some(home) = self.only_home(&producer.writes) {
                mid = home;
            }
            let h: f64 = match producer.acks.is_none() && producer.note.is_empty() {
                true => 88.0,
                false => tall,
            };
            let h = h.min(share - 8.0).max(56.0);
            let area = Rect::new(columns.producers_x, mid - h / 2.0, columns.producers_w, h);
            let lane = middle + (at - (n - 1.0) / 2.0) * between;
            self.layout
                .producers
                .insert(producer.id, Client { area, lane });
        }
        // Whoever has errands stands below all who write.
        for (nth, operator) in self.snapshot.operators.iter().rev().enumerate() {
            let y = bottom - 62.0 - 70.0 * nth as f64;
            let area = Rect::new(columns.producers_x, y, columns.producers_w, 56.0);
            let lane = middle + 8.0;
            let client = Client { area, lane };
            self.layout.producers.insert(operator.id, client);
        }
    }

    /// The subject's home row, for a producer alone beside it.
    fn only_home(&self, writes: &[Aim]) -> Option<f64> {
        let subject = self.snapshot.subject.as_ref()?;
        let mut aims = writes.iter();
        let alone = self.snapshot.producers.len() == 1 && aims.any(|aim| aim.partition == *subject);
        alone.then(|| self.home_y(subject)).flatten()
    }

    /// The middle of the row on the partition's home broker.
    fn home_y(&self, partition: &TopicPartition) -> Option<f64> {
        let home = self.snapshot.partition(partition)?.home()?;
        Some(self.layout.row(partition, home)?.tape.y)
    }

    /// Places groups and their members; returns where the lowest one ends.
    fn readers(&mut self) -> f64 {
        let columns = self.layout.columns;
        let (top, bottom) = self.span();
        let names: Vec<_> = self
            .snapshot
            .groups
            .iter()
            .map(|group| &group.name)
            .collect();
        let loose: Vec<&Consumer> = self
            .snapshot
            .consumers
            .iter()
            .filter(|consumer| !consumer.group.as_ref().is_some_and(|g| names.contains(&g)))
            .collect();
        let mut end = top;
        if names.len() == 1 && loose.is_empty() {
            let name = names[0].clone();
            let members: Vec<&Consumer> = self.snapshot.consumers.iter().collect();
            let frame = Rect::new(columns.readers_x, top, columns.readers_w, bottom - top);
            let low = self.members(&members, top + 48.0, frame.bottom() - 10.0, 10.0);
            let frame = Rect {
                h: frame.h.max(low + 10.0 - top),
                ..frame
            };
            end = frame.bottom();
            self.layout.groups.insert(name, frame);
        } else {
            let tight = self.layout.manner == Manner::Strips;
            let (between, apart, head) = if tight {
                (4.0, 10.0, 47.0)
            } else {
                (10.0, 18.0, 51.0)
            };
            for name in names {
                let members: Vec<&Consumer> = self
                    .snapshot
                    .consumers
                    .iter()
                    .filter(|consumer| consumer.group.as_ref() == Some(name))
                    .collect();
                let y = if end > top { end + apart } else { top };
                let boxes = members.iter().map(|c| self.reader_height(c) + between);
                let h: f64 = boxes.sum();
                self.members(&members, y + head, y + head + h, 10.0);
                let frame = Rect::new(columns.readers_x, y, columns.readers_w, head + 6.0 + h);
                end = frame.bottom();
                self.layout.groups.insert(name.clone(), frame);
            }
            if !loose.is_empty() {
                let from = if end > top { end + apart } else { top };
                end = end.max(self.members(&loose, from, bottom, 0.0));
            }
        }
        self.reader_lanes();
        end
    }

    /// Places boxes beside the rows they read; returns where the last one ends.
    fn members(&mut self, members: &[&Consumer], top: f64, bottom: f64, inset: f64) -> f64 {
        let columns = self.layout.columns;
        let boxes: Vec<(f64, f64)> = members
            .iter()
            .map(|consumer| {
                let homes: Vec<f64> = consumer
                    .reads
                    .iter()
                    .filter_map(|reading| self.home_y(&reading.partition))
                    .collect();
                let wanted = match homes.is_empty() {
                    true => bottom,
                    false => homes.iter().sum::<f64>() / homes.len() as f64,
                };
                (wanted, self.reader_height(consumer))
            })
            .collect();
        let tight = self.layout.manner == Manner::Strips;
        let middles = lanes::spread(&boxes, if tight { 4.0 } else { 10.0 }, top, bottom);
        let mut end = top;
        for ((consumer, mid), (_, h)) in members.iter().zip(middles).zip(&boxes) {
            let area = Rect::new(
                columns.readers_x + inset,
                mid - h / 2.0,
                columns.readers_w - 2.0 * inset,
                *h,
            );
            end = end.max(area.bottom());
            let lane = columns.cards_right() + 16.0;
            self.layout
                .consumers
                .insert(consumer.id, Client { area, lane });
        }
        end
    }

    fn reader_height(&self, consumer: &Consumer) -> f64 {
        let more = consumer.reads.len().saturating_sub(1) as f64;
        match self.layout.manner {
            manner if manner.is_rows() => 54.0,
            Manner::Focus | Manner::FocusLow => 68.0,
            _ => 58.0 + 16.0 * more,
        }
    }

    /// Gives every reader a lane, by the rows of its home brokers.
    fn reader_lanes(&mut self) {
        let columns = self.layout.columns;
        let lanes = ((columns.gap() - 24.0) / 16.0).floor().clamp(1.0, 6.0) as usize;
        let ids: Vec<_> = self.snapshot.consumers.iter().map(|c| c.id).collect();
        let runs: Vec<Vec<Run>> = self
            .snapshot
            .consumers
            .iter()
            .map(|consumer| {
                let area = self.layout.consumers[&consumer.id].area;
                let rows = consumer.reads.iter();
                let rows = rows.filter_map(|reading| self.home_y(&reading.partition));
                let alone = consumer.reads.len() == 1;
                rows.map(|from| {
                    let inside = from >= area.y + 10.0 && from <= area.bottom() - 10.0;
                    let to = if alone && inside { from } else { area.mid().y };
                    Run { from, to }
                })
                .collect()
            })
            .collect();
        for (id, lane) in ids.into_iter().zip(lanes::assign(&runs, lanes)) {
            let x = columns.cards_right() + 16.0 + 16.0 * lane as f64;
            if let Some(client) = self.layout.consumers.get_mut(&id) {
                client.lane = x;
            }
        }
    }
}

fn measures(snapshot: &Snapshot, manner: Manner) -> Measures {
    let of = |top, coordination, below, header, bottom, gap, label, lanes| Measures {
        top,
        coordination,
        below_coordination: below,
        header,
        bottom,
        gap,
        label,
        lanes,
    };
    let names = names_width(snapshot);
    match manner {
        Manner::Focus => of(18.0, 108.0, 26.0, 34.0, 6.0, 14.0, 96.0, 16.0),
        Manner::FocusLow => of(8.0, 84.0, 20.0, 30.0, 2.0, 8.0, 96.0, 16.0),
        Manner::RowsMid => of(12.0, 36.0, 12.0, 32.0, 8.0, 10.0, 82.0, 14.0),
        Manner::RowsSmall => of(8.0, 34.0, 10.0, 30.0, 6.0, 9.0, 78.0, 10.0),
        Manner::Dense => of(12.0, 44.0, 18.0, 34.0, 5.0, 13.0, names, 34.0),
        Manner::Strips => of(12.0, 34.0, 10.0, 30.0, 5.0, 8.0, names, 34.0),
        _ => of(14.0, 38.0, 22.0, 34.0, 10.0, 18.0, 92.0, 14.0),
    }
}

/// How far a row's log stands from the card's edge so that the longest partition name fits before it.
fn names_width(snapshot: &Snapshot) -> f64 {
    let widest = snapshot
        .partitions()
        .map(|partition| {
            let name = format!("{} {}", partition.id.topic, partition.id.partition);
            text_width(&name, 11.5)
        })
        .fold(0.0, f64::max);
    (25.0 + widest).floor().clamp(92.0, 170.0)
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
