//! The lines between brokers: along which records are copied, and where a link is not in order.

use crate::model::{BrokerId, ProcessId};
use crate::sorted::sort_by_key;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect, Route};
use crate::stage::kit;
use crate::stage::scene::links::mid_of_lane;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{LinkState, Load, Partition};

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
    idle_links(pen);
    let faults = snapshot.links.iter();
    let mut faults: Vec<(BrokerId, BrokerId)> = faults
        .filter_map(|link| Some((link.a.broker()?, link.b.broker()?)))
        .collect();
    // Neighbours have one place for their label, others find theirs after them.
    sort_by_key(&mut faults, |(a, b)| routes::between(pen.layout, *a, *b));
    for (a, b) in faults {
        broker_link(pen, a, b);
    }
}

/// Every link between two brokers, so that it can be pointed at where nothing runs along it.
fn idle_links(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    if !snapshot.acts {
        return;
    }
    let up: Vec<BrokerId> = snapshot.brokers.iter().map(|broker| broker.id).collect();
    let up: Vec<BrokerId> = up.into_iter().filter(|id| !pen.is_down(*id)).collect();
    for (at, a) in up.iter().enumerate() {
        for b in &up[at + 1..] {
            let ends = (ProcessId::from(*a), ProcessId::from(*b));
            let Some(route) = routes::link(pen.layout, *a, *b) else {
                continue;
            };
            if pen.fault(ends.0, ends.1).is_some() {
                continue;
            }
            let class = pen.line_class(ends.0, ends.1, "faint");
            pen.put(
                &Thing::link(ends.0, ends.1),
                "idle",
                kit::line(&route, class),
            );
            pen.line(ends.0, ends.1, &route);
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
    let (Some(ca), Some(cb), Some(outside)) = (ca, cb, routes::link(pen.layout, a, b)) else {
        return;
    };
    let (upper, lower) = if ca.y < cb.y { (ca, cb) } else { (cb, ca) };
    let route = match chosen {
        Some((x, from, to, end)) => {
            let away = if to > from { 8.0 } else { -8.0 };
            let path = [(x, from + away), (x, to - away), (x - 8.0, to), (end, to)];
            Route::through(path).with_radius(8.0)
        }
        None => outside,
    };
    let x = if chosen.is_some() {
        route.points[0].x
    } else {
        route.points[1].x
    };
    let thing = Thing::link(fault.a, fault.b);
    let class = pen.line_class(fault.a, fault.b, "repl");
    pen.put(&thing, "line", kit::line(&route, class));
    pen.line(fault.a, fault.b, &route);
    let w = (kit::text_width(&fault.label, 11.5) * 1.04 + 16.0).round();
    // In the gutter above the lower card, or where another label stands there, below the upper one.
    let (low, high) = (lower.y - 6.5, upper.bottom() + 6.5);
    let place = |y: f64| {
        let mid = Point::new(x, y);
        (
            mid,
            Rect::new(mid.x - 14.0 - w, mid.y - 10.0, w + 24.0, 20.0),
        )
    };
    let places = [place(low), place(high), place((low + high) / 2.0)];
    let links = pen.targets.iter();
    let links = links.filter(|target| matches!(target.thing, Thing::Link(..)));
    let taken: Vec<Rect> = links.map(|target| target.area).collect();
    let free = |shown: &Rect| !taken.iter().any(|area| area.overlaps(shown));
    let found = places.iter().find(|(_, shown)| free(shown));
    let (mid, shown) = *found.unwrap_or(&places[0]);
    if fault.state == LinkState::Slow {
        let label = fault.label.to_string();
        pen.put(&thing, "tag", kit::chip(mid, w, label, "box", "mid fs10-5"));
    } else {
        let mut parts = vec![
            Shape::circle(mid.x, mid.y, 9.0, "ring bad"),
            kit::cross(mid, 4.0),
        ];
        if let Some(from) = fault.from {
            let to_upper = pen.layout.cards.get(&from.broker().unwrap_or(a)) == Some(lower);
            let (up, down) = (mid.moved(0.0, -1.0), mid.moved(0.0, 1.0));
            let tail = mid.moved(0.0, if mid.y == low { -18.0 } else { 18.0 });
            parts.push(match to_upper {
                true => kit::arrow(tail, down, up),
                false => kit::arrow(tail, up, down),
            });
        }
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
