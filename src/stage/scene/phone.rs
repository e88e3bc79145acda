//! The lens by broker in 390 pixels, in drawing order.

use crate::controller::znodes::state_path;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, GroupShape, MarkerKind, RecordForm};
use crate::stage::layout::{Row, RowForm};
use crate::stage::scene::card::{self, Button, Header, HostText};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::{clients, coordination, groups, links, remarks, row, sessions, storage};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{
    CellState, ClientState, Consumer, Coordination, Load, Partition, Replica, Role, Word, Znode,
    ZooKeeper,
};

pub(super) fn draw(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    sessions::lines(pen);
    state(pen);
    for broker in &snapshot.brokers {
        let Some(area) = pen.layout.cards.get(&broker.id).copied() else {
            continue;
        };
        let header = Header {
            mid: 14.0,
            dot: 15.0,
            host: HostText::Hidden,
            button: Button::Hidden,
        };
        card::card(pen, broker, area, &header);
        for partition in snapshot.partitions() {
            let Some(replica) = partition.replica(broker.id) else {
                continue;
            };
            let Some(place) = pen.layout.row(&partition.id, broker.id) else {
                continue;
            };
            row::replica(pen, partition, replica, place);
            label(pen, partition, replica, place);
            remarks::fate(pen, partition, replica, place);
        }
        clients::selected(pen, &Thing::broker(broker.id), area, 10.0);
    }
    sessions::rings(pen);
    links::control_lines(pen);
    control_name(pen);
    client_line(pen);
}

/// Where the cluster's state is kept, in one line.
fn state(pen: &mut Pen) {
    let Some(area) = pen.layout.coordination else {
        return;
    };
    let snapshot = pen.snapshot;
    if snapshot.coordination != Coordination::Absent {
        pen.target(Thing::Coordination, area);
    }
    match &snapshot.coordination {
        Coordination::Absent => {}
        Coordination::StandIn { title, line } => line_card(pen, area, title, line),
        Coordination::ZooKeeper(zookeeper) => {
            let washed = |znode: &&Znode| snapshot.washed(&Thing::Znode(znode.path.clone()));
            let znode = zookeeper
                .znodes
                .iter()
                .find(washed)
                .or(zookeeper.znodes.last());
            match znode.filter(|znode| area.y > 20.0 && concerns(pen, znode)) {
                Some(znode) => znode_line(pen, area, zookeeper, znode),
                None => small_card(pen, area, zookeeper),
            }
        }
    }
}

/// A partition's state is told where that partition is seen.
fn concerns(pen: &Pen, znode: &Znode) -> bool {
    let mut seen = pen.layout.rows.keys();
    !znode.path.starts_with("/brokers/topics/")
        || seen.any(|(partition, _)| *state_path(partition) == *znode.path)
}

/// Its servers, and the whole state in one line.
fn small_card(pen: &mut Pen, area: Rect, zookeeper: &ZooKeeper) {
    let mid = area.mid().y;
    let class = if zookeeper.quorum {
        "card up"
    } else {
        "card down"
    };
    let mut parts = vec![
        Shape::rect(area.x, area.y, area.w, area.h, 8.0, class),
        Shape::text(area.x + 10.0, mid + 4.0, "ZooKeeper", "h2 fs12"),
    ];
    let mut marks = Vec::new();
    for (at, server) in zookeeper.servers.iter().enumerate() {
        let at = Point::new(area.x + 90.0 + 25.0 * at as f64, mid);
        parts.extend(coordination::server_mark(server, at, 11.0));
        marks.push((server.id, at));
    }
    let end = area.right() - 10.0;
    let after = marks.last().map_or(area.x, |(_, at)| at.x + 11.0 + 6.0);
    // Where not all of it has room, numbers stand for brokers.
    let letters = |word: &Word| word.text().chars().count() + 1;
    let letters: usize = zookeeper.line.iter().map(letters).sum();
    let wide = letters as f64 * 6.02 > end - after;
    let line = &zookeeper.line[usize::from(wide)..];
    parts.push(match zookeeper.quorum {
        true => Shape::spans(end, mid + 4.0, coordination::in_line(line), "m end fs10"),
        false => Shape::text(end, mid + 4.0, "quorum lost", "s red b end"),
    });
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
    for (server, at) in marks {
        pen.target(Thing::Process(server), Rect::around(at, 22.0, 22.0));
    }
}

fn line_card(pen: &mut Pen, area: Rect, title: &str, line: &str) {
    let y = area.mid().y + 4.0;
    let parts = vec![
        Shape::rect(area.x, area.y, area.w, area.h, 8.0, "card up"),
        Shape::text(area.x + 12.0, y, title.to_owned(), "h2"),
        Shape::text(area.right() - 12.0, y, line.to_owned(), "m end"),
    ];
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
}

/// The one znode that matters: its path over it, its value inside, the controller's line under it.
fn znode_line(pen: &mut Pen, area: Rect, zookeeper: &ZooKeeper, znode: &Znode) {
    let path = znode
        .path
        .strip_prefix("/brokers/topics")
        .unwrap_or(&znode.path);
    let thing = Thing::Znode(znode.path.clone());
    let ground = match pen.snapshot.washed(&thing) || znode.changed {
        true => kit::wash(area, 6.0),
        false => Shape::rect(area.x, area.y, area.w, area.h, 6.0, "card up"),
    };
    let parts = vec![
        Shape::text(area.x + 2.0, area.y - 9.0, "ZooKeeper", "h2 fs12"),
        Shape::text(area.x + 70.0, area.y - 9.0, path.to_owned(), "m fs10-5"),
        ground,
        Shape::spans(
            area.x + 10.0,
            area.y + 17.0,
            coordination::words(znode),
            "mi fs12",
        ),
    ];
    pen.put(&thing, "row", Shape::group("", parts));
    if zookeeper.written.is_some() {
        let (x, top) = (area.x + 30.0, area.bottom());
        let bottom = pen
            .layout
            .cards
            .values()
            .map(|card| card.y)
            .fold(f64::MAX, f64::min);
        let route = crate::stage::geometry::Route::through([(x, top), (x, bottom)]);
        let mid = Point::new(x, (top + bottom) / 2.0);
        let parts = vec![
            kit::line(&route, "ctl"),
            kit::diamond(mid, 6.0, ""),
            Shape::text(x + 14.0, mid.y + 4.0, "written by the controller", "s2"),
        ];
        pen.put(&Thing::Coordination, "written", Shape::group("", parts));
    }
}

fn label(pen: &mut Pen, partition: &Partition, replica: &Replica, place: &Row) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let x = pen.layout.columns.cards_x + 12.0;
    let y = place.tape.y;
    let name = format!("P{}", partition.id.partition);
    // Rows that stand close have no room for a pill.
    let close = pen.layout.rows.len() > pen.layout.cards.len();
    let under = if close { 11.5 } else { 14.0 };
    let parts = match (place.form, replica.role) {
        (RowForm::Cells, Role::NewLeader) if !close => vec![
            Shape::text(x, y - 1.0, name, "h2"),
            Shape::rect(x - 4.0, y + 4.0, 57.0, 15.0, 4.0, "box ink"),
            Shape::text(x + 24.5, y + 15.0, "new leader", "mid inv b fs10-5"),
        ],
        (RowForm::Cells, role) => {
            let word = match role {
                Role::Leader => ("leader", "s2 b fs10-5"),
                Role::NewLeader => ("leads", "s2 b fs10-5"),
                Role::Offline => ("offline", "s2 red fs10-5"),
                Role::Stopped => ("stopped", "s2 fs10-5"),
                Role::Waits => ("waits", "s2 fs10-5"),
                Role::WasLeader => ("was leader", "s2 red fs10"),
                Role::Deposed { .. } => ("old leader", "s2 wrn fs10-5"),
                Role::Behind(_) => ("out of ISR", "s2 wrn fs10-5"),
                Role::CatchingUp { .. } => ("catching up", "s2 fs10-5"),
                Role::Truncating(_) => ("truncating", "s2 fs10-5"),
                _ => ("follower", "s2 fs10-5"),
            };
            vec![
                Shape::text(x, y - 1.0, name, "h2"),
                Shape::text(x, y + under, word.0, word.1),
            ]
        }
        _ => vec![Shape::text(x, y + 4.0, name, "b fs11-5")],
    };
    pen.put(&thing, "label", Shape::group("", parts));
    if place.form == RowForm::Cells {
        storage::policy_sign(pen, partition, replica, Point::new(x + 20.0, y - 5.0));
    }
}

/// The name of a control message stands beside its line, for the lane has no room for a pill.
fn control_name(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for traveller in &snapshot.travellers {
        let Load::Control { name: Some(name) } = &traveller.load else {
            continue;
        };
        let Some(route) = super::routes::of_traveller(pen, traveller) else {
            continue;
        };
        let micros = snapshot.at.as_micros() as f64;
        let (from, to) = (
            traveller.sent_at.as_micros() as f64,
            traveller.arrives_at.as_micros(),
        );
        let part = ((micros - from) / (to as f64 - from).max(1.0)).clamp(0.0, 1.0);
        let at = route.at(crate::stage::motion::travel(part));
        let text = format!("{} {}", name.name, name.detail.trim_start_matches("epoch "));
        let w = (kit::text_width(&text, 11.5) + 26.0).round();
        let mid = Point::new(at.x - 24.0 - w / 2.0, at.y - 25.0);
        let parts = vec![
            Shape::line(mid.x + w / 2.0, mid.y, at.x - 6.0, at.y - 4.0, "ln repl"),
            Shape::rect(mid.x - w / 2.0, mid.y - 11.0, w, 22.0, 11.0, "pill"),
            Shape::text(mid.x, mid.y + 4.0, text, "mid b fs11-5"),
        ];
        pen.put(
            &Thing::Traveller(traveller.id),
            "name",
            Shape::group("", parts),
        );
    }
}

/// Producers at the left, readers at the right, one line for all.
fn client_line(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    if let Some(producer) = snapshot.producers.first() {
        let thing = Thing::Process(producer.id);
        let Some(area) = pen.area_of(producer.id) else {
            return;
        };
        let (mut x, y) = (area.x + 12.0, area.mid().y);
        let mut parts = Vec::new();
        for key in producer.held.iter().take(3) {
            let (state, form) = (CellState::Committed, RecordForm::Dot);
            parts.push(kit::record(Point::new(x, y), 20.0, key, state, form));
            x += 22.0;
        }
        let doing = match (producer.note.is_empty(), snapshot.producers.len()) {
            (false, _) => format!("{} {}", producer.name, producer.note.join(" ")),
            (true, 1) if producer.holds > 0 => format!("{} sends", producer.name),
            (true, 1) => match &producer.acks {
                Some(acks) => format!("{}, {acks}", producer.name),
                None => producer.name.to_string(),
            },
            (true, n) => format!("{n} producers send"),
        };
        let doing = match &producer.retry {
            Some(retry) => format!("{}: {}", producer.name, retry.words),
            None => doing,
        };
        let x = if producer.held.is_empty() {
            area.x
        } else {
            x - 6.0
        };
        parts.push(Shape::text(x, y + 4.0, doing, "s2"));
        pen.put(&thing, "box", Shape::group("", parts));
        pen.target(thing, area);
    }
    groups::strips(pen);
    let loose: Vec<&Consumer> = snapshot
        .consumers
        .iter()
        .filter(|consumer| !clients::is_member(pen, consumer))
        .collect();
    let mut waiting = loose.iter();
    let waiting = waiting.find(|consumer| consumer.state != ClientState::Active);
    let Some(first) = loose.first() else {
        return;
    };
    let Some(area) = pen.area_of(first.id) else {
        return;
    };
    let (x, y) = (area.right(), area.mid().y);
    let words = match waiting {
        Some(consumer) if consumer.reads.is_empty() => format!("{} idles", consumer.name),
        Some(consumer) => format!("{} waits", consumer.name),
        None => {
            let names: Vec<&str> = loose.iter().map(|c| &*c.name).collect();
            match names.as_slice() {
                [one] => format!("{one} reads"),
                some => format!("{} read", some.join(", ")),
            }
        }
    };
    let kind = if waiting.is_some() {
        MarkerKind::Position
    } else {
        MarkerKind::Committed
    };
    let left = x - kit::text_width(&words, 11.0) - 16.0;
    let parts = vec![
        kit::group_marker(Point::new(left, y), GroupShape::Triangle, 5.0, kind),
        Shape::text(x, y + 4.0, words, "s2 end"),
    ];
    let thing = Thing::Process(waiting.unwrap_or(first).id);
    pen.put(&thing, "box", Shape::group("", parts));
    pen.target(thing, area);
}
