//! The lines of clients, from producers to leaders and from leaders to readers, and those for control.
//!
//! A line that is in order says nothing but where it leads. A slow one has long dashes and a tag, a cut one
//! red dashes, a ring with a cross, and a label that says which and for how long.

use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::stage::Thing;
use crate::stage::density::Density;
use crate::stage::geometry::{Point, Rect, Route};
use crate::stage::kit;
use crate::stage::layout::{Lens, Manner};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::{routes, travellers};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{LinkState, Load, Producer};

/// Lines from producers to the rows of the leaders they write to. Drawn under the cards.
pub(super) fn produce_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for (index, producer) in snapshot.producers.iter().enumerate() {
        let thing = Thing::Process(producer.id);
        let mut lines = Vec::new();
        for (partition, broker) in aims(pen, producer) {
            let Some(row) = routes::row_of(pen, partition, broker) else {
                continue;
            };
            let Some(mut route) = routes::produce(pen.layout, producer.id, row.tape.y) else {
                continue;
            };
            let class = class_to_broker(pen, producer.id, broker);
            if class == "cut" {
                back_off(&mut route, 3.0);
            }
            lines.push((route, weighted(pen, partition, class), broker));
        }
        if index > 0 {
            for (nth, (route, ..)) in lines.iter().enumerate() {
                pen.put_nth(&thing, "casing", nth, kit::casing(route));
            }
        }
        for (nth, (route, class, broker)) in lines.iter().enumerate() {
            let broker = ProcessId::from(*broker);
            pen.put_nth(&thing, "line", nth, kit::line(route, class));
            pen.line(producer.id, broker, route);
            tag_if_slow(pen, producer.id, broker, mid_of(route));
        }
        for (nth, (route, class, broker)) in lines.iter().enumerate() {
            if *class == "cut" {
                // At the card's edge, clear of the corners of those that still go on.
                let end = route.points.last().copied().unwrap_or_default();
                let straight = route
                    .points
                    .iter()
                    .all(|point| (point.y - end.y).abs() < 0.5);
                let at = if straight && lines.len() == 1 {
                    mid_of(route)
                } else {
                    end.moved(-5.0, 0.0)
                };
                crossed(pen, producer.id, ProcessId::from(*broker), nth, at);
            }
        }
    }
}

/// Where a producer's lines lead: to each partition, but one line is enough for all on a broker that is not reached.
fn aims<'a>(pen: &Pen, producer: &'a Producer) -> Vec<(&'a TopicPartition, BrokerId)> {
    let aims = producer.writes.iter();
    let aims = aims.filter_map(|aim| Some((&aim.partition, aim.broker?)));
    once_where_cut(pen, producer.id, aims.collect())
}

/// Of several lines of a client to one broker that is not reached only one: that of the subject, or the first.
fn once_where_cut<'a>(
    pen: &Pen,
    client: ProcessId,
    lines: Vec<(&'a TopicPartition, BrokerId)>,
) -> Vec<(&'a TopicPartition, BrokerId)> {
    let mut kept: Vec<(&TopicPartition, BrokerId)> = Vec::new();
    for line in lines {
        let same = kept.iter_mut().find(|(_, broker)| *broker == line.1);
        match same.filter(|_| class_to_broker(pen, client, line.1) == "cut") {
            Some(same) if pen.snapshot.subject.as_ref() == Some(line.0) => *same = line,
            Some(_) => {}
            None => kept.push(line),
        }
    }
    kept
}

/// A cross on a line of a client; an arrow before it where only one way is cut.
fn crossed(pen: &mut Pen, client: ProcessId, broker: ProcessId, nth: usize, at: Point) {
    let thing = Thing::Process(client);
    let mut parts = vec![kit::cross(at, 5.0)];
    let fault = pen.fault(client, broker).filter(|_| !is_down(pen, broker));
    if let Some(from) = fault.and_then(|fault| fault.from) {
        let producer = pen.layout.producers.contains_key(&client);
        let right = (from == client) == producer;
        let (away, to) = (14.0, if right { 1.0 } else { -1.0 });
        let tail = if producer {
            at.moved(-away, 0.0)
        } else {
            at.moved(away, 0.0)
        };
        parts.push(kit::arrow(tail, tail, tail.moved(to, 0.0)));
    }
    pen.put_nth(&thing, "cross", nth, Shape::group("", parts));
}

fn is_down(pen: &Pen, broker: ProcessId) -> bool {
    broker.broker().is_some_and(|broker| pen.is_down(broker))
}

/// Lines from leaders to readers. Drawn over the cards, for they begin at a row inside.
pub(super) fn consume_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    // Lines that begin at the same log begin as one; a casing would cut those that are there already.
    let mut begun: Vec<&TopicPartition> = Vec::new();
    for consumer in &snapshot.consumers {
        let thing = Thing::Process(consumer.id);
        let mut groups = snapshot.groups.iter();
        let waits = groups
            .any(|group| Some(&group.name) == consumer.group.as_ref() && group.is_rebalancing());
        let reads = consumer.reads.iter();
        let reads = reads.filter_map(|reading| Some((&reading.partition, reading.broker?)));
        let reads = once_where_cut(pen, consumer.id, reads.collect());
        let lines: Vec<(Route, BrokerId, &TopicPartition)> = reads
            .into_iter()
            .filter_map(|(partition, broker)| {
                let row = routes::row_of(pen, partition, broker)?;
                let port = routes::port(pen, consumer, partition);
                let route = routes::consume(pen.layout, consumer.id, row, port)?;
                Some((route, broker, partition))
            })
            .collect();
        // Those that come down into boxes under the logs are one trunk.
        let client = pen.layout.consumers.get(&consumer.id);
        let trunk = client.is_some_and(routes::is_below);
        for (nth, (route, _, partition)) in lines.iter().enumerate().filter(|_| !trunk) {
            if begun.contains(partition) {
                continue;
            }
            if let Some(outside) = outside(pen, route) {
                pen.put_nth(&thing, "casing", nth, kit::casing(&outside));
            }
        }
        begun.extend(lines.iter().map(|(.., partition)| *partition));
        for (nth, (route, broker, partition)) in lines.iter().enumerate() {
            let class = class_to_broker(pen, consumer.id, *broker);
            let class = match (class, waits) {
                // Nobody knows who will read it when all have joined.
                ("data", true) => "was",
                _ => weighted(pen, partition, class),
            };
            let broker = ProcessId::from(*broker);
            pen.put_nth(&thing, "line", nth, kit::line(route, class));
            pen.line(consumer.id, broker, route);
            tag_if_slow(pen, consumer.id, broker, mid_of(route));
        }
        for (nth, (route, broker, _)) in lines.iter().enumerate() {
            if class_to_broker(pen, consumer.id, *broker) == "cut" {
                let at = before_lane(pen, route);
                crossed(pen, consumer.id, ProcessId::from(*broker), nth, at);
            }
        }
    }
}

/// On the way from a row to a reader's lane, outside the cards.
fn before_lane(pen: &Pen, route: &Route) -> Point {
    let right = pen.layout.columns.cards_right();
    match route.points.as_slice() {
        [a, b, c, ..] if (b.y - c.y).abs() > 0.5 && b.x > right => {
            Point::new((right.max(a.x) + b.x) / 2.0, a.y)
        }
        _ => mid_of(route),
    }
}

/// Control lines, drawn while a control message is on its way.
pub(super) fn control_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for traveller in &snapshot.travellers {
        let Load::Control { .. } = traveller.load else {
            continue;
        };
        let Some(route) = routes::of_traveller(pen, traveller) else {
            continue;
        };
        let thing = Thing::link(traveller.from, traveller.to);
        if pen
            .nodes
            .iter()
            .any(|n| n.key.thing == thing && n.key.part == "control")
        {
            continue;
        }
        let class = pen.line_class(traveller.from, traveller.to, "ctl");
        let mut parts = vec![kit::line(&route, class)];
        match route.points.last().filter(|_| route.points.len() > 2) {
            Some(_) if class == "cut" => parts.push(kit::cross(mid_of_lane(&route), 6.0)),
            Some(end) => parts.push(kit::arrow_head(end.moved(-1.0, 0.0))),
            None => {}
        }
        pen.put(&thing, "control", Shape::group("", parts));
        pen.line(traveller.from, traveller.to, &route);
    }
}

/// A line that is in order is as heavy as what runs along it, once that is too much to be drawn.
fn weighted(pen: &Pen, partition: &TopicPartition, class: &'static str) -> &'static str {
    let Some(partition) = pen
        .snapshot
        .partition(partition)
        .filter(|_| class == "data")
    else {
        return class;
    };
    match (
        pen.layout.ask.density_of(pen.snapshot, partition),
        partition.rate as u32,
    ) {
        (Density::Heat, 1_600..) => "data w5",
        (Density::Heat, 800..) => "data w4",
        (Density::Heat, 0..100) => "data w2",
        _ => class,
    }
}

/// How many records a second run along a line on which they are no longer drawn one by one.
pub(super) fn rates(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    if pen.layout.manner == Manner::Phone || pen.layout.ask.lens == Lens::Record {
        return;
    }
    for partition in snapshot.partitions() {
        let density = pen.layout.ask.density_of(snapshot, partition);
        if partition.written < 1.0 || !travellers::streams(snapshot, density) {
            continue;
        }
        let Some(row) = pen.layout.row_of_leader(partition) else {
            continue;
        };
        let text = format!("{}/s", partition.written.round());
        let at = Point::new(row.tape.right() - 8.0, row.tape.y + 4.0);
        let chip = Shape::text(at.x, at.y, text, "s2 b end halo");
        pen.put(&Thing::Partition(partition.id.clone()), "rate", chip);
    }
}

/// A client's line to a broker that is down is cut as well.
fn class_to_broker(pen: &Pen, client: ProcessId, broker: BrokerId) -> &'static str {
    if pen.is_down(broker) {
        return "cut";
    }
    pen.line_class(client, ProcessId::from(broker), "data")
}

fn tag_if_slow(pen: &mut Pen, client: ProcessId, broker: ProcessId, at: Point) {
    let Some(fault) = pen.fault(client, broker) else {
        return;
    };
    if fault.state != LinkState::Slow {
        return;
    }
    let thing = Thing::link(client, broker);
    if pen.nodes.iter().any(|node| node.key.thing == thing) {
        return;
    }
    let w = fault.label.chars().count() as f64 * 6.0 + 12.0;
    let chip = kit::chip(at, w, fault.label.to_string(), "box", "mid fs10-5");
    pen.put(&thing, "tag", chip);
    pen.target(thing, Rect::around(at, w, 20.0));
}

/// The part of a line right of the cards, where others may cross it.
fn outside(pen: &Pen, route: &Route) -> Option<Route> {
    let right = pen.layout.columns.cards_right() + 1.0;
    let first = route.points.first()?;
    let rest = route.points[1..].iter().map(|point| (point.x, point.y));
    let from = (right.max(first.x), first.y);
    Some(Route::through(std::iter::once(from).chain(rest)).with_radius(route.radius))
}

/// Ends a route a little earlier.
fn back_off(route: &mut Route, by: f64) {
    if let Some(last) = route.points.last_mut() {
        last.x -= by;
    }
}

/// The middle of the lane of a line that leaves to the side, follows it and comes back.
pub(super) fn mid_of_lane(route: &Route) -> Point {
    match route.points.as_slice() {
        [_, a, b, ..] => a.toward(*b, 0.5),
        _ => mid_of(route),
    }
}

/// The middle of a line's last straight piece before its end, where a cross can be seen.
fn mid_of(route: &Route) -> Point {
    match route.points.as_slice() {
        [.., a, b] => a.toward(*b, 0.5),
        _ => Point::default(),
    }
}
