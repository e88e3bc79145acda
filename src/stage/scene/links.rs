//! The lines: from producers to leaders, from leaders to readers, between replicas, and for control.
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
use crate::stage::snapshot::{LinkState, Load, Partition};

/// Lines from producers to the rows of the leaders they write to. Drawn under the cards.
pub(super) fn produce_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for (index, producer) in snapshot.producers.iter().enumerate() {
        let thing = Thing::Process(producer.id);
        let mut cuts: Vec<Point> = Vec::new();
        let mut lines = Vec::new();
        for aim in &producer.writes {
            let Some(broker) = aim.broker else { continue };
            let Some(row) = routes::row_of(pen, &aim.partition, broker) else {
                continue;
            };
            let Some(mut route) = routes::produce(pen.layout, producer.id, row.tape.y) else {
                continue;
            };
            let class = class_to_broker(pen, producer.id, broker);
            if class == "cut" {
                back_off(&mut route, 3.0);
                cuts.push(mid_of(&route));
            }
            lines.push((route, weighted(pen, &aim.partition, class), broker));
        }
        if index > 0 {
            for (nth, (route, ..)) in lines.iter().enumerate() {
                pen.put_nth(&thing, "casing", nth, kit::casing(route));
            }
        }
        for (nth, (route, class, broker)) in lines.iter().enumerate() {
            pen.put_nth(&thing, "line", nth, kit::line(route, class));
            pen.line(producer.id, ProcessId::from(*broker), route);
            tag_if_slow(pen, producer.id, ProcessId::from(*broker), mid_of(route));
        }
        for (nth, at) in cuts.into_iter().enumerate() {
            pen.put_nth(&thing, "cross", nth, kit::cross(at, 6.0));
        }
    }
}

/// Lines from leaders to readers. Drawn over the cards, for they begin at a row inside.
pub(super) fn consume_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for consumer in &snapshot.consumers {
        let thing = Thing::Process(consumer.id);
        let lines: Vec<(Route, BrokerId, &TopicPartition)> = consumer
            .reads
            .iter()
            .filter_map(|reading| {
                let broker = reading.broker?;
                let row = routes::row_of(pen, &reading.partition, broker)?;
                let port = routes::port(pen, consumer, &reading.partition);
                let route = routes::consume(pen.layout, consumer.id, row, port)?;
                Some((route, broker, &reading.partition))
            })
            .collect();
        for (nth, (route, ..)) in lines.iter().enumerate() {
            if let Some(outside) = outside(pen, route) {
                pen.put_nth(&thing, "casing", nth, kit::casing(&outside));
            }
        }
        for (nth, (route, broker, partition)) in lines.iter().enumerate() {
            let class = class_to_broker(pen, consumer.id, *broker);
            let class = weighted(pen, partition, class);
            pen.put_nth(&thing, "line", nth, kit::line(route, class));
            pen.line(consumer.id, ProcessId::from(*broker), route);
            if class == "cut" {
                pen.put_nth(&thing, "cross", nth, kit::cross(mid_of(route), 6.0));
            }
            tag_if_slow(pen, consumer.id, ProcessId::from(*broker), mid_of(route));
        }
    }
}

/// Lines between replicas: of the partition the reader looks at, and wherever a copy is on its way.
pub(super) fn replica_lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for (lane, partition) in snapshot.partitions().enumerate() {
        let copies: Vec<BrokerId> = snapshot
            .travellers
            .iter()
            .filter(|t| t.partition.as_ref() == Some(&partition.id))
            .filter(|t| matches!(t.load, Load::ReplicaCopy { .. }))
            .filter_map(|t| t.to.broker())
            .collect();
        let chosen = pen.is_chosen(partition) && snapshot.subject.is_none();
        if chosen || !copies.is_empty() {
            let wanted = |broker: BrokerId| chosen || copies.contains(&broker);
            replica_lines_of(pen, partition, lane, &wanted);
        }
    }
    for link in &snapshot.links {
        if let (Some(a), Some(b)) = (link.a.broker(), link.b.broker()) {
            broker_link(pen, a, b);
        }
    }
}

fn replica_lines_of(
    pen: &mut Pen,
    partition: &Partition,
    lane: usize,
    wanted: &dyn Fn(BrokerId) -> bool,
) {
    let Some(leader) = partition.leader else {
        return;
    };
    let Some(from) = pen.layout.row(&partition.id, leader) else {
        return;
    };
    let thing = Thing::Partition(partition.id.clone());
    for (nth, replica) in partition.replicas.iter().enumerate() {
        let follower = replica.broker;
        if follower == leader || pen.is_down(follower) || !wanted(follower) {
            continue;
        }
        let Some(to) = pen.layout.row(&partition.id, follower) else {
            continue;
        };
        let route = routes::replicate(pen.layout, lane, from, to);
        let (leader, follower) = (ProcessId::from(leader), ProcessId::from(follower));
        // What is wrong with this one link is drawn with its label, see `broker_link`.
        let labelled = pen.fault(leader, follower).is_some();
        let class = pen.line_class(leader, follower, "repl");
        if class == "cut" && labelled {
            continue;
        }
        pen.put_nth(&thing, "replicate", nth, kit::line(&route, class));
        pen.line(leader, follower, &route);
        if class == "cut" {
            let cross = kit::cross(mid_of_lane(&route), 5.0);
            pen.put_nth(&thing, "cross", nth, cross);
        }
    }
}

/// A link between two brokers that is not in order: along the lane of the partition the reader looks at,
/// or else outside the cards.
fn broker_link(pen: &mut Pen, a: BrokerId, b: BrokerId) {
    let Some(fault) = pen.fault(ProcessId::from(a), ProcessId::from(b)) else {
        return;
    };
    let snapshot = pen.snapshot;
    let chosen = snapshot
        .partitions()
        .enumerate()
        .find_map(|(lane, partition)| {
            let leader = partition.leader.filter(|l| *l == a || *l == b)?;
            let other = if leader == a { b } else { a };
            if !pen.is_chosen(partition) {
                return None;
            }
            let from = pen.layout.row(&partition.id, leader)?;
            let to = pen.layout.row(&partition.id, other)?;
            let x = routes::replica_lane(pen.layout, lane, from);
            let between = nearest_between(pen, partition, from.tape.y, to.tape.y);
            Some((
                x,
                between.unwrap_or(from.tape.y),
                to.tape.y,
                to.tape.right(),
            ))
        });
    let (ca, cb) = (pen.layout.cards.get(&a), pen.layout.cards.get(&b));
    let (Some(ca), Some(cb)) = (ca, cb) else {
        return;
    };
    let (upper, lower) = if ca.y < cb.y { (ca, cb) } else { (cb, ca) };
    let (x, points) = match chosen {
        Some((x, from, to, end)) => {
            let away = if to > from { 8.0 } else { -8.0 };
            let path = [(x, from + away), (x, to - away), (x - 8.0, to), (end, to)];
            (x, path.to_vec())
        }
        None => {
            let x = pen.layout.columns.cards_right() + 10.0;
            let (from, to) = (upper.mid().y, lower.mid().y);
            let right = pen.layout.columns.cards_right();
            (x, vec![(right, from), (x, from), (x, to), (right, to)])
        }
    };
    let thing = Thing::link(fault.a, fault.b);
    let class = pen.line_class(fault.a, fault.b, "repl");
    let route = Route::through(points).with_radius(8.0);
    pen.put(&thing, "line", kit::line(&route, class));
    pen.line(fault.a, fault.b, &route);
    let mid = Point::new(x, lower.y - 6.5);
    let w = (kit::text_width(&fault.label, 11.5) * 1.04 + 16.0).round();
    let shown = Rect::new(mid.x - 14.0 - w, mid.y - 10.0, w + 24.0, 20.0);
    if fault.state == LinkState::Slow {
        let label = fault.label.to_string();
        pen.put(&thing, "tag", kit::chip(mid, w, label, "box", "mid fs10-5"));
    } else {
        let ring = Shape::circle(mid.x, mid.y, 9.0, "ring bad");
        let parts = vec![ring, kit::cross(mid, 4.0)];
        pen.put(&thing, "ring", Shape::group("", parts));
        let at = Point::new(mid.x - 14.0 - w / 2.0, mid.y);
        let label = fault.label.to_string();
        pen.put(
            &thing,
            "label",
            kit::chip(at, w, label, "box fault", "mid b red fs11-5"),
        );
    }
    pen.target(thing, shown);
}

/// The row of another live replica between two rows, nearest to the second: the cut line leaves the
/// shared lane there.
fn nearest_between(pen: &Pen, partition: &Partition, from: f64, to: f64) -> Option<f64> {
    let (low, high) = (from.min(to), from.max(to));
    partition
        .replicas
        .iter()
        .filter(|replica| Some(replica.broker) != partition.leader)
        .filter_map(|replica| pen.layout.row(&partition.id, replica.broker))
        .map(|row| row.tape.y)
        .filter(|y| *y > low && *y < high)
        .min_by(|a, b| (a - to).abs().total_cmp(&(b - to).abs()))
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
        if partition.rate < 1.0 || !travellers::streams(snapshot, density) {
            continue;
        }
        let Some(row) = pen.layout.row_of_leader(partition) else {
            continue;
        };
        let text = format!("{}/s", partition.rate.round());
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
fn mid_of_lane(route: &Route) -> Point {
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
