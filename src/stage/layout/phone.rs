//! The lens by broker in 390 pixels: the state in one line, the clients in one line, cards between.
//!
//! With a subject each card shows that partition only. Without one a card shows the partitions that its
//! broker leads in letters and the others as strips, and the reader scrolls where that is too high; when it is
//! very much too high, only the chosen partition.

use crate::model::{BrokerId, TopicPartition};
use crate::stage::Thing;
use crate::stage::geometry::{Rect, Size};
use crate::stage::kit::{Numbers, Tape};
use crate::stage::layout::{Ask, Client, Columns, Layout, Manner, Row, RowForm, groups};
use crate::stage::snapshot::{Coordination, Partition, Snapshot};

/// The clients' left edge, the cards', and what is free right of these: lanes run beside the cards, so that
/// nothing on its way hides an edge or a label.
const EDGE: f64 = 12.0;
const X: f64 = 24.0;
const RIGHT: f64 = 28.0;

/// So many times as high as the stage everything may be: what is left out cannot be scrolled to.
const MOST: f64 = 2.0;

pub(super) fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    if let Some(subject) = &snapshot.subject {
        return focused(snapshot, ask, subject);
    }
    let whole = stacked(snapshot, ask);
    if whole.content.h <= MOST * ask.size.h {
        return whole;
    }
    match chosen(snapshot) {
        Some(partition) => focused(snapshot, ask, &partition),
        None => whole,
    }
}

/// The partition that stays when there is room for one.
fn chosen(snapshot: &Snapshot) -> Option<TopicPartition> {
    let selected = match &snapshot.selection {
        Some(
            Thing::Partition(p) | Thing::Replica(p, _) | Thing::Record(p, _) | Thing::Copy(p, _, _),
        ) => Some(p.clone()),
        _ => None,
    };
    selected.or_else(|| snapshot.partitions().next().map(|p| p.id.clone()))
}

fn columns(cards_w: f64) -> Columns {
    Columns {
        producers_x: X,
        producers_w: 20.0,
        cards_x: X,
        cards_w,
        readers_x: X + cards_w,
        readers_w: 0.0,
    }
}

/// Measures of the cards with one partition each.
struct Focused {
    /// Where ZooKeeper's line and the first card stand.
    kept: f64,
    first: f64,
    card: f64,
    /// From the card's top to the middle of its log.
    log: f64,
    gap: f64,
}

const ROOMY: Focused = Focused {
    kept: 28.0,
    first: 84.0,
    card: 91.0,
    log: 57.0,
    gap: 10.0,
};

const TIGHT: Focused = Focused {
    kept: 24.0,
    first: 68.0,
    card: 85.0,
    log: 55.0,
    gap: 7.0,
};

/// One partition on every broker, as roomy as the stage allows.
fn focused(snapshot: &Snapshot, ask: &Ask, subject: &TopicPartition) -> Layout {
    let roomy = focused_in(snapshot, ask, subject, &ROOMY);
    match roomy.overflow() == 0.0 {
        true => roomy,
        false => focused_in(snapshot, ask, subject, &TIGHT),
    }
}

fn focused_in(snapshot: &Snapshot, ask: &Ask, subject: &TopicPartition, m: &Focused) -> Layout {
    let cards_w = ask.size.w - X - 34.0;
    let mut layout = Layout::bare(ask, Manner::Phone, columns(cards_w));
    layout.numbers = Numbers::Fifth;
    layout.hosts = false;
    let kept = snapshot.coordination != Coordination::Absent;
    let mut y = if kept { m.first } else { 12.0 };
    if kept {
        layout.coordination = Some(Rect::new(X, m.kept, cards_w, 26.0));
    }
    for broker in &snapshot.brokers {
        let hosts = snapshot
            .partition(subject)
            .is_some_and(|p| p.replica(broker.id).is_some());
        let h = if hosts { m.card } else { 34.0 };
        layout.cards.insert(broker.id, Rect::new(X, y, cards_w, h));
        if hosts {
            let area = Rect::new(
                X + 5.0,
                y + m.log - 27.0,
                cards_w - 10.0,
                m.card - m.log + 24.0,
            );
            let row = lettered(area, y + m.log, X + 74.0, cards_w - 84.0, 24.0, 21.0);
            layout.rows.insert((subject.clone(), broker.id), row);
        }
        y += h + m.gap;
    }
    finish(snapshot, layout, y - m.gap)
}

fn lettered(area: Rect, y: f64, x: f64, room: f64, pitch: f64, size: f64) -> Row {
    let tape = Tape {
        x,
        y,
        pitch,
        size,
        from: 0,
        slots: (room / pitch).floor().max(3.0) as u32,
        flat: false,
    };
    Row {
        area,
        form: RowForm::Cells,
        tape,
    }
}

/// Every replica: leaders in letters, followers as strips.
fn stacked(snapshot: &Snapshot, ask: &Ask) -> Layout {
    let cards_w = ask.size.w - X - RIGHT;
    let mut layout = Layout::bare(ask, Manner::Phone, columns(cards_w));
    layout.hosts = false;
    let kept = snapshot.coordination != Coordination::Absent;
    let mut y = if kept { 44.0 } else { 12.0 };
    if kept {
        layout.coordination = Some(Rect::new(X, 8.0, cards_w, 28.0));
    }
    for broker in &snapshot.brokers {
        let mut end = y + 28.0;
        for partition in hosted(snapshot, broker.id) {
            let leads = partition.leader.or(partition.home()) == Some(broker.id);
            let h = if leads { 30.0 } else { 18.0 };
            let area = Rect::new(X + 4.0, end, cards_w - 8.0, h);
            let mut row = lettered(area, end + h / 2.0, X + 62.0, cards_w - 70.0, 21.0, 18.0);
            if !leads {
                row.form = RowForm::Strip;
                row.tape.size = 9.0;
                row.tape.flat = true;
            }
            layout.rows.insert((partition.id.clone(), broker.id), row);
            end += h;
        }
        let card = Rect::new(X, y, cards_w, end + 6.0 - y);
        layout.cards.insert(broker.id, card);
        y = card.bottom() + 8.0;
    }
    finish(snapshot, layout, y - 8.0)
}

fn hosted(snapshot: &Snapshot, broker: BrokerId) -> impl Iterator<Item = &Partition> {
    let partitions = snapshot.partitions();
    partitions.filter(move |partition| partition.replica(broker).is_some())
}

/// The line of clients under the cards.
fn finish(snapshot: &Snapshot, mut layout: Layout, bottom: f64) -> Layout {
    let y = bottom + 19.0;
    let w = layout.ask.size.w;
    for producer in &snapshot.producers {
        let area = Rect::new(EDGE + 2.0, y - 12.0, w * 0.55 - EDGE, 24.0);
        let lane = X / 2.0;
        layout.producers.insert(producer.id, Client { area, lane });
    }
    let lane = layout.columns.cards_right() + RIGHT / 2.0;
    let loose = snapshot.consumers.iter();
    let loose = loose.filter(|consumer| !groups::is_framed(snapshot, consumer));
    let mut clients = !snapshot.producers.is_empty();
    for consumer in loose {
        let area = Rect::new(w * 0.57, y - 12.0, w * 0.43 - EDGE, 24.0);
        layout.consumers.insert(consumer.id, Client { area, lane });
        clients = true;
    }
    let lowest = if clients { y + 11.0 } else { bottom };
    let lowest = groups::strips(snapshot, &mut layout, lowest + 2.0, lane).max(lowest);
    layout.content = Size::new(w, layout.ask.size.h.max(lowest));
    layout
}
