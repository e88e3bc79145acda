//! The ways along which lines are drawn and travellers run.
//!
//! A route is worked out from the layout and from who leads now, so when leadership moves the lines of its
//! clients move with it and their boxes stay.

use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::stage::geometry::{Rect, Route};
use crate::stage::layout::{Client, Layout, Manner, Row};
use crate::stage::scene::pen::Pen;
use crate::stage::snapshot::{Consumer, Load, Traveller};

/// The width of a control message with its name, and how far from the cards it keeps.
pub(super) const PILL: f64 = 104.0;
const CLEAR: f64 = 12.0;

/// The way along which a control message with its name is carried; the line under it begins at the card.
pub(super) fn of_named(pen: &Pen, traveller: &Traveller) -> Option<Route> {
    named(pen.layout, traveller.from.broker()?, traveller.to.broker()?)
}

/// The row at which a line for a partition on a broker ends: by topic, the only row it has.
pub(super) fn row_of<'a>(
    pen: &Pen<'a>,
    partition: &TopicPartition,
    broker: BrokerId,
) -> Option<&'a Row> {
    let row = pen.layout.row(partition, broker);
    row.or_else(|| {
        let home = pen.snapshot.partition(partition)?.home()?;
        pen.layout.row(partition, home)
    })
}

/// From a producer's box to the row of a partition's leader.
pub(super) fn produce(layout: &Layout, producer: ProcessId, y: f64) -> Option<Route> {
    let client = layout.producers.get(&producer)?;
    let from = client.area.mid().y;
    let y = level(from, y);
    if layout.manner == Manner::Phone {
        let x = client.area.x + 12.0;
        let points = [(x, from), (client.lane, from - 12.0), (client.lane, y)];
        return Some(Route::through(points));
    }
    Some(Route::through([
        (client.area.right(), from),
        (client.lane, from),
        (client.lane, y),
        (entry(layout), y),
    ]))
}

/// Where lines from the left meet the logs or the cards.
fn entry(layout: &Layout) -> f64 {
    layout.columns.cards_x
}

/// From the row of a partition's leader to the box of a reader; `port` is where in the box it ends.
pub(super) fn consume(layout: &Layout, consumer: ProcessId, row: &Row, port: f64) -> Option<Route> {
    let client = layout.consumers.get(&consumer)?;
    let y = row.tape.y;
    if is_below(client) {
        return Some(down(client, row.tape.right(), y));
    }
    if layout.manner == Manner::Phone {
        let end = client.area.mid().y;
        let points = [(row.tape.right(), y), (client.lane, y), (client.lane, end)];
        return Some(Route::through(points));
    }
    let inside = y >= client.area.y + 10.0 && y <= client.area.bottom() - 10.0;
    let to = if inside && port == 0.0 {
        y
    } else {
        client.area.mid().y + port
    };
    Some(
        Route::through([
            (row.tape.right(), y),
            (client.lane, y),
            (client.lane, to),
            (client.area.x, to),
        ])
        .with_radius(9.0),
    )
}

/// True for a box that stands under the logs, left of its lane, as in the strip of a group.
pub(super) fn is_below(client: &Client) -> bool {
    client.area.h > 30.0 && client.area.x + client.area.w / 2.0 < client.lane
}

/// Along the lane beside the logs and down into a box under them.
fn down(client: &Client, x: f64, y: f64) -> Route {
    let (top, mid) = (client.area.y - 4.0, client.area.mid().x);
    let points = [
        (x, y),
        (client.lane, y),
        (client.lane, top),
        (mid, top),
        (mid, client.area.y),
    ];
    Route::through(points).with_radius(7.0)
}

/// Where in its box the line of each of a reader's partitions ends, measured from the box's middle. By
/// topic all lines join into one trunk.
pub(super) fn port(pen: &Pen, consumer: &Consumer, partition: &TopicPartition) -> f64 {
    if pen.layout.manner == Manner::Topic {
        return 0.0;
    }
    let n = consumer.reads.len() as f64;
    // From top to bottom as the rows from which they come, so that no two cross in front of the box.
    let height = |partition: &TopicPartition| {
        let reading = consumer.reads.iter().find(|r| r.partition == *partition);
        let row = reading.and_then(|reading| row_of(pen, partition, reading.broker?));
        row.map_or(f64::MAX, |row| row.tape.y)
    };
    let mine = height(partition);
    let before = consumer
        .reads
        .iter()
        .take_while(|r| r.partition != *partition)
        .count();
    let at = consumer.reads.iter().enumerate();
    let at = at.filter(|(nth, reading)| {
        let other = height(&reading.partition);
        other < mine || other == mine && *nth < before
    });
    let at = at.count() as f64;
    let between = 24.0f64.min(44.0 / n.max(1.0));
    (at - (n - 1.0) / 2.0) * between
}

/// A line that misses its row by a hair goes straight.
fn level(from: f64, y: f64) -> f64 {
    if (from - y).abs() < 3.0 { from } else { y }
}

/// From a leader's row to a follower's, along the lane inside the cards' right edge.
pub(super) fn replicate(layout: &Layout, lane: usize, from: &Row, to: &Row) -> Route {
    let x = replica_lane(layout, lane, from);
    Route::through([
        (from.tape.right(), from.tape.y),
        (x, from.tape.y),
        (x, to.tape.y),
        (to.tape.right(), to.tape.y),
    ])
    .with_radius(8.0)
}

/// The x of a partition's replication lane.
pub(super) fn replica_lane(layout: &Layout, lane: usize, row: &Row) -> f64 {
    let right = layout.columns.cards_right();
    let room = right - row.tape.right();
    let base = (room * 0.42).min(14.0);
    right - base - (lane % 4) as f64 * (room - base - 4.0).max(0.0) / 4.0
}

/// From one broker's header to another's, along the outermost lane.
pub(super) fn control(layout: &Layout, from: BrokerId, to: BrokerId) -> Option<Route> {
    let (a, b) = (layout.cards.get(&from)?, layout.cards.get(&to)?);
    if layout.manner == Manner::Phone {
        let lane = a.right() + 16.0;
        let points = [
            (a.right(), a.y + 14.0),
            (lane, a.y + 14.0),
            (lane, b.y + 14.0),
            (b.right() + 3.0, b.y + 14.0),
        ];
        return Some(Route::through(points).with_radius(9.0));
    }
    let lane = layout.columns.control_lane();
    Some(
        Route::through([
            (a.right(), a.y + 18.0),
            (lane, a.y + 18.0),
            (lane, b.y + 18.0),
            (b.right() + 3.0, b.y + 18.0),
        ])
        .with_radius(14.0),
    )
}

/// How many brokers stand between two.
pub(super) fn between(layout: &Layout, a: BrokerId, b: BrokerId) -> usize {
    let (Some(a), Some(b)) = (layout.cards.get(&a), layout.cards.get(&b)) else {
        return 0;
    };
    let (top, bottom) = (a.y.min(b.y), a.y.max(b.y));
    let cards = layout.cards.values();
    cards.filter(|card| card.y > top && card.y < bottom).count()
}

/// The way of a control message with its name on it: beside the cards all the way, and one that has further
/// to go begins further on, so that two that are sent at once stand apart.
fn named(layout: &Layout, from: BrokerId, to: BrokerId) -> Option<Route> {
    let (a, b) = (layout.cards.get(&from)?, layout.cards.get(&to)?);
    let columns = &layout.columns;
    let most = layout.ask.size.w - PILL / 2.0 - 2.0;
    let lane = columns
        .control_lane()
        .max(columns.cards_right() + CLEAR + PILL / 2.0);
    let lane = lane.min(most);
    let (ya, yb) = (a.y + 18.0, b.y + 18.0);
    let ahead = (46.0 * between(layout, from, to) as f64).min((yb - ya).abs() / 2.0);
    let start = ya + ahead.copysign(yb - ya);
    Some(Route::through([(lane, start), (lane, yb)]))
}

/// The link of two brokers outside the cards' right edge: neighbours inside, those further apart outside.
pub(super) fn link(layout: &Layout, a: BrokerId, b: BrokerId) -> Option<Route> {
    let (a_card, b_card) = (layout.cards.get(&a)?, layout.cards.get(&b)?);
    let (upper, lower) = match a_card.y < b_card.y {
        true => (a_card, b_card),
        false => (b_card, a_card),
    };
    let step = between(layout, a, b) as f64;
    let x = upper.right() + 6.0 + 5.0 * step;
    let (from, to) = (
        upper.bottom() - 10.0 - 8.0 * step,
        lower.y + 10.0 + 8.0 * step,
    );
    let points = [
        (upper.right(), from),
        (x, from),
        (x, to),
        (lower.right(), to),
    ];
    Some(Route::through(points).with_radius(4.0))
}

/// From where the cluster's state is kept to a broker: along the one lane left of the cards.
pub(super) fn session(layout: &Layout, broker: BrokerId) -> Option<Route> {
    let (kept, card) = (layout.coordination?, layout.cards.get(&broker)?);
    let header = card.y
        + if layout.manner == Manner::Phone {
            16.0
        } else {
            18.0
        };
    let (x, y) = (card.x - 6.0, kept.mid().y);
    let points = [(kept.x, y), (x, y), (x, header), (card.x, header)];
    Some(Route::through(points).with_radius(4.0))
}

/// From where the cluster's state is kept to a broker: straight down to the first card, else along the
/// outermost lane.
pub(super) fn coordinate(layout: &Layout, broker: BrokerId) -> Option<Route> {
    let (kept, card) = (layout.coordination?, layout.cards.get(&broker)?);
    let first = layout
        .cards
        .values()
        .map(|card| card.y)
        .fold(f64::MAX, f64::min);
    if card.y <= first {
        let x = kept.x + 60.0;
        return Some(Route::through([(x, kept.bottom()), (x, card.y)]));
    }
    let lane = layout.columns.control_lane();
    let y = kept.mid().y;
    Some(
        Route::through([
            (kept.right(), y),
            (lane, y),
            (lane, card.y + 18.0),
            (card.right() + 3.0, card.y + 18.0),
        ])
        .with_radius(14.0),
    )
}

/// The number of a partition among all, which decides its replication lane.
pub(super) fn lane_number(pen: &Pen, partition: &TopicPartition) -> usize {
    let mut all = pen.snapshot.partitions();
    all.position(|p| p.id == *partition).unwrap_or(0)
}

/// The way of a traveller, when both of its ends are on the stage.
pub(super) fn of_traveller(pen: &Pen, traveller: &Traveller) -> Option<Route> {
    use ProcessId::{Admin, Broker, Consumer, Producer, Socket, ZooKeeper};
    match (traveller.from, traveller.to) {
        (Producer(_) | Admin(_) | Socket(_), Broker(_)) => {
            client(pen, traveller, traveller.from, traveller.to)
        }
        (Broker(_), Producer(_) | Admin(_) | Socket(_)) => {
            client(pen, traveller, traveller.to, traveller.from).map(Route::reversed)
        }
        (Broker(_), Consumer(_)) => reader(pen, traveller, traveller.to, traveller.from),
        (Consumer(_), Broker(_)) => {
            reader(pen, traveller, traveller.from, traveller.to).map(Route::reversed)
        }
        (Broker(_), Broker(_)) => between_brokers(pen, traveller),
        (ZooKeeper(_), Broker(_)) => session(pen.layout, traveller.to.broker()?),
        (Broker(_), ZooKeeper(_)) => {
            session(pen.layout, traveller.from.broker()?).map(Route::reversed)
        }
        _ => None,
    }
}

fn row_at<'a>(pen: &Pen<'a>, traveller: &Traveller, broker: ProcessId) -> Option<&'a Row> {
    row_of(pen, traveller.partition.as_ref()?, broker.broker()?)
}

/// The height at which a line without a partition meets a broker.
fn header_y(pen: &Pen, broker: ProcessId) -> Option<f64> {
    let card: &Rect = pen.layout.cards.get(&broker.broker()?)?;
    Some(card.y + 18.0)
}

fn client(pen: &Pen, traveller: &Traveller, client: ProcessId, broker: ProcessId) -> Option<Route> {
    let y = match (row_at(pen, traveller, broker), &traveller.partition) {
        (Some(row), _) => row.tape.y,
        (None, Some(_)) => return None,
        (None, None) => header_y(pen, broker)?,
    };
    produce(pen.layout, client, y)
}

fn reader(pen: &Pen, traveller: &Traveller, reader: ProcessId, broker: ProcessId) -> Option<Route> {
    let consumer = pen.snapshot.consumers.iter().find(|c| c.id == reader)?;
    if let Some(row) = row_at(pen, traveller, broker) {
        let port = port(pen, consumer, traveller.partition.as_ref()?);
        return consume(pen.layout, reader, row, port);
    }
    if traveller.partition.is_some() {
        return None;
    }
    let place = pen.layout.consumers.get(&reader)?;
    if pen.layout.cards.is_empty() {
        return to_head(pen, consumer, place);
    }
    let y = header_y(pen, broker)?;
    if is_below(place) {
        return Some(down(place, pen.layout.columns.cards_right(), y));
    }
    Some(Route::through([
        (pen.layout.columns.cards_right(), y),
        (place.lane, y),
        (place.lane, place.area.mid().y),
        (place.area.x, place.area.mid().y),
    ]))
}

/// By topic there are no brokers: what a member and its coordinator say runs along the frame, between the box
/// and the line that says who coordinates.
fn to_head(pen: &Pen, consumer: &Consumer, place: &Client) -> Option<Route> {
    let frame = pen.layout.groups.get(consumer.group.as_ref()?)?;
    if is_below(place) {
        let (x, y) = (place.area.mid().x, frame.y + 10.0);
        return Some(Route::through([(x, y), (x, place.area.y)]));
    }
    let (from, to) = (frame.y + 48.0, place.area.y + 12.0);
    Some(Route::through([
        (frame.x + 22.0, from),
        (frame.x, from),
        (frame.x, to),
        (place.area.x, to),
    ]))
}

fn between_brokers(pen: &Pen, traveller: &Traveller) -> Option<Route> {
    let (from, to) = (traveller.from.broker()?, traveller.to.broker()?);
    let rows = traveller.partition.as_ref().and_then(|partition| {
        let from = pen.layout.row(partition, from)?;
        let to = pen.layout.row(partition, to)?;
        Some((partition, from, to))
    });
    match (&traveller.load, rows) {
        (Load::Control { .. }, _) | (_, None) => control(pen.layout, from, to),
        (_, Some((partition, a, b))) => {
            Some(replicate(pen.layout, lane_number(pen, partition), a, b))
        }
    }
}
