//! Where the cluster's state is kept: ZooKeeper's servers and the few znodes worth showing, or the plan
//! that stands in for them.

use crate::model::ProcessId;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect, Route};
use crate::stage::kit;
use crate::stage::layout::Manner;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::{Shape, Span};
use crate::stage::snapshot::{Coordination, Server, ServerState, Word, Znode, ZooKeeper};

/// The card on top of the brokers.
pub(super) fn card(pen: &mut Pen) {
    let Some(area) = pen.layout.coordination else {
        return;
    };
    let snapshot = pen.snapshot;
    if snapshot.washed(&Thing::Coordination) {
        pen.put(
            &Thing::Coordination,
            "wash",
            kit::wash(area.grown(4.0), 12.0),
        );
    }
    match &snapshot.coordination {
        Coordination::Absent => {}
        Coordination::StandIn { title, line } => stand_in(pen, area, title, line),
        Coordination::ZooKeeper(zookeeper) => match pen.layout.manner {
            Manner::Focus | Manner::FocusLow => full(pen, area, zookeeper),
            Manner::Dense => bar(pen, area, zookeeper, 2),
            Manner::Strips => bar(pen, area, zookeeper, 1),
            _ => line(pen, area, zookeeper),
        },
    }
}

fn ground(area: Rect, class: &'static str) -> Shape {
    Shape::rect(area.x, area.y, area.w, area.h, 10.0, class)
}

fn stand_in(pen: &mut Pen, area: Rect, title: &str, line: &str) {
    let mid = area.y + area.h.min(44.0) / 2.0 + 4.0;
    let parts = vec![
        ground(area, "card up"),
        Shape::text(area.x + 16.0, mid, title.to_owned(), "h2"),
        Shape::text(area.right() - 16.0, mid, line.to_owned(), "m end"),
    ];
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
    pen.target(Thing::Coordination, area);
}

fn class(zookeeper: &ZooKeeper) -> &'static str {
    if zookeeper.quorum {
        "card up"
    } else {
        "card down"
    }
}

/// One line: title, servers, and the state in words.
fn line(pen: &mut Pen, area: Rect, zookeeper: &ZooKeeper) {
    let mid = area.y + area.h / 2.0;
    let mut parts = vec![
        ground(area, class(zookeeper)),
        Shape::text(area.x + 16.0, mid + 5.0, "ZooKeeper", "h2"),
    ];
    let mut marks = Vec::new();
    for (at, server) in zookeeper.servers.iter().enumerate() {
        let at = Point::new(area.x + 116.0 + 28.0 * at as f64, mid);
        parts.extend(server_mark(server, at, 12.0));
        marks.push((server.id, at, 12.0));
    }
    parts.extend(cut_joins(zookeeper, &marks));
    let end = area.right() - 16.0;
    parts.push(match zookeeper.quorum {
        true => Shape::spans(end, mid + 5.0, in_line(&zookeeper.line), "m end"),
        false => Shape::text(end, mid + 5.0, "quorum lost, no elections", "s red b end"),
    });
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
    card_targets(pen, area, marks);
}

/// Two lines, or one when low: title, servers, the first znodes.
fn bar(pen: &mut Pen, area: Rect, zookeeper: &ZooKeeper, rows: usize) {
    let mid = area.y + area.h / 2.0;
    let first = if rows > 1 { area.y + 19.0 } else { mid + 4.0 };
    let mut parts = vec![
        ground(area, class(zookeeper)),
        Shape::text(area.x + 14.0, first, "ZooKeeper", "h2"),
    ];
    if rows > 1 {
        let leader = zookeeper.servers.iter().find(|server| server.leads);
        let text = leader.map_or("no leader".to_owned(), |s| format!("leader {}", s.id));
        parts.push(Shape::text(area.x + 14.0, area.y + 35.0, text, "s"));
    }
    let mut marks = Vec::new();
    for (at, server) in zookeeper.servers.iter().enumerate() {
        let at = Point::new(area.x + 112.0 + 30.0 * at as f64, mid);
        parts.extend(server_mark(server, at, 12.5));
        marks.push((server.id, at, 12.5));
    }
    parts.extend(cut_joins(zookeeper, &marks));
    let x = area.x + 206.0;
    let shown = match zookeeper.quorum {
        true => fitting(&zookeeper.znodes, x, area.right() - 14.0, rows),
        false => Vec::new(),
    };
    if !zookeeper.quorum {
        let text = "quorum lost, no elections";
        parts.push(Shape::text(x, mid + 4.0, text, "s red b"));
    } else if shown.is_empty() {
        let line = in_line(&zookeeper.line);
        parts.push(Shape::spans(x, mid + 4.0, line, "m"));
    }
    let mut rows_at = Vec::new();
    for (at, (znode, x)) in shown.into_iter().enumerate() {
        let y = first + if rows > 1 { 17.0 * at as f64 } else { 0.0 };
        let value = x + length(&znode.path) + 11.0;
        let spans = words(znode);
        let mut end = value + span_length(&spans);
        if znode.changed {
            let wash = Rect::new(x - 5.0, y - 12.0, end - x + 10.0, 16.0);
            parts.push(kit::wash(wash, 4.0));
        }
        parts.push(Shape::text(x, y, znode.path.to_string(), "m"));
        parts.push(Shape::spans(value, y, spans, "mi"));
        if let Some(remark) = znode.remark.as_ref().filter(|_| rows > 1) {
            parts.push(Shape::text(end + 14.0, y, remark.to_string(), "s red"));
            end += 14.0 + kit::text_width(remark, 11.0);
        }
        let row = Rect::new(x - 5.0, y - 12.0, end - x + 10.0, 16.0);
        rows_at.push((znode.path.clone(), row));
    }
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
    card_targets(pen, area, marks);
    for (path, row) in rows_at {
        pen.target(Thing::Znode(path), row);
    }
}

/// The first znodes, each with where it stands: below each other, or side by side in one row. Where only one has room
/// and it has not changed, none: the line in words says more.
fn fitting(znodes: &[Znode], left: f64, right: f64, rows: usize) -> Vec<(&Znode, f64)> {
    if rows > 1 {
        return znodes.iter().take(2).map(|znode| (znode, left)).collect();
    }
    let mut shown = Vec::new();
    let mut x = left;
    for znode in znodes.iter().take(2) {
        let end = x + length(&znode.path) + 11.0 + span_length(&words(znode));
        if end > right {
            break;
        }
        shown.push((znode, x));
        x = (x + 212.0).max(end + 24.0);
    }
    let all = shown.len() == znodes.len().min(2);
    match all || shown.iter().any(|(znode, _)| znode.changed) {
        true => shown,
        false => Vec::new(),
    }
}

/// The whole of it: servers joined by lines at the left, a row for each znode at the right.
fn full(pen: &mut Pen, area: Rect, zookeeper: &ZooKeeper) {
    let low = pen.layout.manner == Manner::FocusLow;
    let count = zookeeper.servers.len();
    let about = format!("{count} servers, quorum {}", count / 2 + 1);
    let mid = area.y + if low { 62.0 } else { 76.0 };
    let mut parts = vec![
        ground(area, class(zookeeper)),
        Shape::text(area.x + 14.0, area.y + 22.0, "ZooKeeper", "h2"),
        match zookeeper.quorum {
            true => Shape::text(area.x + 14.0, area.y + 38.0, about, "s"),
            false => Shape::text(area.x + 14.0, area.y + 38.0, "quorum lost", "s red b"),
        },
    ];
    let mut marks = Vec::new();
    let pitch = if low { 40.0 } else { 46.0 };
    for (at, server) in zookeeper.servers.iter().enumerate() {
        let x = area.x + 30.0 + pitch * at as f64;
        parts.extend(server_mark(server, Point::new(x, mid), 15.0));
        marks.push((server.id, Point::new(x, mid), 15.0));
        let before = at.checked_sub(1).map(|at| zookeeper.servers[at].id);
        if before.is_some_and(|before| !is_cut(zookeeper, before, server.id)) {
            let from = crate::stage::geometry::number(x - pitch + 16.0);
            let d = format!("M{from} {mid}h{}", pitch - 31.0);
            parts.push(Shape::path(d, "ln repl"));
        }
    }
    parts.extend(cut_joins(zookeeper, &marks));
    let x = area.x + if low { 150.0 } else { 172.0 };
    let (top, bottom) = (area.y + 12.0, area.bottom() - 12.0);
    parts.push(Shape::line(x - 14.0, top, x - 14.0, bottom, "rule"));
    pen.put(&Thing::Coordination, "card", Shape::group("", parts));
    card_targets(pen, area, marks);
    for (at, znode) in zookeeper.znodes.iter().take(3).enumerate() {
        let (first, step) = if low { (23.0, 23.0) } else { (30.0, 28.0) };
        let y = area.y + first + step * at as f64;
        let value = x + if low { 180.0 } else { 190.0 };
        let wash = Rect::new(x - 7.0, y - 15.5, area.right() - x - 3.0, 23.0);
        znode_row(pen, znode, x, value, y, wash);
    }
}

fn znode_row(pen: &mut Pen, znode: &Znode, x: f64, value: f64, y: f64, row: Rect) {
    let thing = Thing::Znode(znode.path.clone());
    if pen.snapshot.washed(&thing) || znode.changed {
        pen.put(&thing, "wash", kit::wash(row, 5.0));
    }
    let path = shortened(&znode.path, value - x - 6.0);
    let mut parts = vec![
        Shape::text(x, y, path, "m"),
        Shape::spans(value, y, words(znode), "mi"),
    ];
    if let Some(remark) = &znode.remark {
        let at = value + span_length(&words(znode)) + 20.0;
        parts.push(Shape::text(at, y, remark.to_string(), "s red"));
    }
    pen.put(&thing, "row", Shape::group("", parts));
    pen.target(thing, row);
}

/// The end of a path that does not fit, after "…".
fn shortened(path: &str, room: f64) -> String {
    let fits = |text: &str| text.chars().count() as f64 * 6.62 <= room;
    if fits(path) {
        return path.to_owned();
    }
    path.char_indices()
        .filter(|(_, c)| *c == '/')
        .map(|(at, _)| format!("…{}", &path[at..]))
        .find(|text| fits(text))
        .unwrap_or_else(|| path.to_owned())
}

/// The width of text in the small monospaced letters.
fn length(text: &str) -> f64 {
    text.chars().count() as f64 * 6.62
}

fn span_length(spans: &[Span]) -> f64 {
    spans.iter().map(|span| length(&span.text)).sum()
}

/// The whole card, and on it each server.
fn card_targets(pen: &mut Pen, area: Rect, marks: Vec<(ProcessId, Point, f64)>) {
    pen.target(Thing::Coordination, area);
    for (server, at, r) in marks {
        let area = Rect::around(at, 2.0 * r, 2.0 * r);
        pen.target(Thing::Process(server), area);
    }
}

/// The words of a value, old ones struck through; what belongs together stands close.
pub(super) fn words(znode: &Znode) -> Vec<Span> {
    let close = |before: &Word, word: &Word| {
        matches!(
            (before, word),
            (Word::Plain(_), Word::Was(_)) | (Word::Was(_), Word::New(_))
        )
    };
    spaced(&znode.value, close)
}

/// The words of a line, as in a sentence.
pub(super) fn in_line(line: &[Word]) -> Vec<Span> {
    spaced(line, |_, _| true)
}

fn spaced(words: &[Word], close: impl Fn(&Word, &Word) -> bool) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            let close = close(&words[at - 1], word);
            spans.push(Span::plain(if close { "\u{a0}" } else { "\u{a0}\u{a0}" }));
        }
        spans.push(match word {
            Word::Plain(text) => Span::plain(text.to_string()),
            Word::Was(text) => Span::styled(text.to_string(), "was"),
            Word::Lost(text) => Span::styled(text.to_string(), "strike red"),
            Word::New(text) => Span::styled(text.to_string(), "bold"),
        });
    }
    spans
}

fn is_cut(zookeeper: &ZooKeeper, a: ProcessId, b: ProcessId) -> bool {
    let mut cuts = zookeeper.cuts.iter();
    cuts.any(|(x, y)| (*x, *y) == (a, b) || (*x, *y) == (b, a))
}

/// What joins servers that do not reach each other: red dashes in an arc under them, with a cross.
fn cut_joins(zookeeper: &ZooKeeper, marks: &[(ProcessId, Point, f64)]) -> Vec<Shape> {
    let mark = |id: ProcessId| marks.iter().find(|(server, ..)| *server == id);
    let mut parts = Vec::new();
    for (a, b) in &zookeeper.cuts {
        let (Some((_, from, r)), Some((_, to, _))) = (mark(*a), mark(*b)) else {
            continue;
        };
        // What joins neighbours runs under them, what passes one by over it.
        let near = (to.x - from.x).abs() <= 4.0 * r;
        let side = if near { 1.0 } else { -1.0 };
        let y = from.y + side * r * 0.7;
        let arc = Route::through([
            (from.x + 4.0, y),
            (from.x + 4.0, y + side * 5.0),
            (to.x - 4.0, y + side * 5.0),
            (to.x - 4.0, y),
        ]);
        let mid = Point::new((from.x + to.x) / 2.0, y + side * 5.0);
        parts.push(kit::line(&arc.with_radius(5.0), "cut"));
        parts.push(kit::cross(mid, 3.0));
    }
    parts
}

/// A server's circle: the leader filled, one that is down red with a cross.
pub(super) fn server_mark(server: &Server, at: Point, r: f64) -> Vec<Shape> {
    match server.state {
        ServerState::Up => {}
        ServerState::Frozen => {
            let (number, bars) = (at.moved(0.0, 0.5), at.moved(0.0, r * 0.55));
            let id = server.id.to_string();
            return vec![
                Shape::circle(at.x, at.y, r, "box dash"),
                Shape::text(number.x, number.y, id, "mid b soft fs10"),
                kit::bars(bars, 2.5),
            ];
        }
        ServerState::Down => {
            return vec![
                Shape::circle(at.x, at.y, r, "box fault"),
                kit::cross(at, r / 3.0),
            ];
        }
    }
    let (circle, text) = match (server.leads, r > 14.0) {
        (true, true) => ("box ink", "mid b inv fs11"),
        (true, false) => ("box ink", "mid b inv fs10"),
        (false, true) => ("box", "mid b fs11"),
        (false, false) => ("box", "mid b fs10"),
    };
    vec![
        Shape::circle(at.x, at.y, r, circle),
        Shape::text(at.x, at.y + 3.5, server.id.to_string(), text),
    ]
}

/// The dotted line from ZooKeeper to the controller, with what was written.
pub(super) fn written(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    let Coordination::ZooKeeper(zookeeper) = &snapshot.coordination else {
        return;
    };
    let Some(text) = &zookeeper.written else {
        return;
    };
    let Some(controller) = snapshot.brokers.iter().find(|broker| broker.controller) else {
        return;
    };
    let Some(route) = routes::coordinate(pen.layout, controller.id) else {
        return;
    };
    let straight = route.points.len() == 2;
    let at = match straight {
        true => route.at(0.5),
        false => route.points[1].toward(route.points[2], 0.5),
    };
    let mut parts = vec![kit::line(&route, "ctl"), kit::diamond(at, 6.0, "")];
    // Between the card and the first broker there is room for words, along the lane there is none.
    let text = text.to_string();
    parts.push(match pen.layout.coordination.filter(|_| !straight) {
        Some(card) => Shape::text(
            card.right() - 8.0,
            card.bottom() + 14.0,
            text,
            "s2 end halo",
        ),
        None => Shape::text(at.x + 14.0, at.y + 4.0, text, "s2"),
    });
    pen.put(&Thing::Coordination, "written", Shape::group("", parts));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn znode(path: &str, value: &str, changed: bool) -> Znode {
        Znode {
            path: path.into(),
            value: vec![Word::Plain(value.into())],
            remark: None,
            changed,
        }
    }

    #[test]
    fn no_znode_stands_beyond_the_card() {
        let long = znode("/controller", "broker 1, epoch 1", false);
        let ids = znode("/brokers/ids", "1 2 3", false);
        let both = [long.clone(), ids.clone()];
        let places = |znodes: &[Znode], room: f64, rows: usize| {
            let found = fitting(znodes, 0.0, room, rows);
            found.iter().map(|(_, x)| *x).collect::<Vec<f64>>()
        };
        assert_eq!(places(&both, 400.0, 1).len(), 2);
        // One would be half of it, unless it is the one that matters.
        assert!(places(&both, 280.0, 1).is_empty());
        let changed = [znode("/controller", "broker 1", true), ids];
        assert_eq!(places(&changed, 280.0, 1), [0.0]);
        assert_eq!(places(&both, 280.0, 2), [0.0, 0.0]);
        assert_eq!(places(&[long], 280.0, 1), [0.0]);
    }
}
