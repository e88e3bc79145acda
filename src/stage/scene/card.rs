//! Broker cards: the frame, the dot that says the state, name, host and badges.

use crate::model::ProcessId;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, BadgeKind, GroupShape, MarkerKind};
use crate::stage::scene::pen::Pen;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Broker, BrokerState};

/// Measures of a card's header.
pub(super) struct Header {
    /// The middle line, from the card's top.
    pub mid: f64,
    /// The x of the dot from the card's left edge.
    pub dot: f64,
    pub host: HostText,
    pub button: Button,
}

/// Whether a card has the button that ends its process, or starts it again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Button {
    Shown,
    Hidden,
}

/// Whether the host is written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HostText {
    Shown,
    Hidden,
}

pub(super) fn card(pen: &mut Pen, broker: &Broker, area: Rect, header: &Header) {
    let thing = Thing::broker(broker.id);
    let class = match broker.state {
        BrokerState::Crashed { .. } => "card down",
        BrokerState::Stopped { .. } => "card off",
        _ => "card up",
    };
    let frame = Shape::rect(area.x, area.y, area.w, area.h, 10.0, class);
    pen.put(&thing, "card", frame);
    if matches!(broker.state, BrokerState::CutOff { .. }) {
        let out = area.grown(4.0);
        let frame = Shape::rect(out.x, out.y, out.w, out.h, 12.0, "frame cut");
        pen.put(&thing, "cut off", frame);
    }
    if pen.snapshot.washed(&thing) {
        let strip = Rect::new(
            area.x + 5.0,
            area.y + header.mid - 13.0,
            area.w - 10.0,
            26.0,
        );
        pen.put(&thing, "wash", kit::wash(strip, 7.0));
    }
    let (parts, button) = header_parts(pen, broker, area, header);
    pen.put(&thing, "header", Shape::group("", parts));
    pen.target(thing, area);
    if let Some(button) = button {
        let process = ProcessId::from(broker.id);
        pen.target(Thing::Switch(process), button);
    }
}

/// The header of a card while it is drawn: from the left comes what the broker is, from the right what is the
/// matter with it.
struct Line {
    mid: f64,
    x: f64,
    end: f64,
    parts: Vec<Shape>,
}

/// The room between two things in a header.
const APART: f64 = 8.0;

impl Line {
    /// A labelled box behind what stands there already.
    fn chip(&mut self, label: &str, class: &'static str, text: &'static str) {
        let w = (kit::text_width(label, 11.5) * 1.04 + 16.0).round();
        let mid = Point::new(self.x + w / 2.0, self.mid);
        let chip = kit::chip(mid, w, label.to_owned(), class, text);
        self.parts.push(chip);
        self.x += w + APART;
    }

    /// Words before what stands at the right already, if there is room.
    fn note(&mut self, words: &str, class: &'static str) {
        let w = kit::text_width(words, 11.0);
        if self.end - w < self.x {
            return;
        }
        let at = self.end.round();
        let words = Shape::text(at, self.mid + 4.0, words.to_owned(), class);
        self.parts.push(words);
        self.end -= w + 12.0;
    }

    /// A labelled box at the right.
    fn end_chip(&mut self, label: &str, class: &'static str, text: &'static str) {
        let w = (kit::text_width(label, 11.5) * 1.06 + 34.0).round();
        let mid = Point::new(self.end - w / 2.0, self.mid);
        let chip = kit::chip(mid, w, label.to_owned(), class, text);
        self.parts.push(chip);
        self.end -= w + 10.0;
    }
}

/// Cards narrower than this have room for one remark.
const NARROW: f64 = 400.0;

/// The parts of a header, and where its button stands.
fn header_parts(
    pen: &Pen,
    broker: &Broker,
    area: Rect,
    header: &Header,
) -> (Vec<Shape>, Option<Rect>) {
    let mid = area.y + header.mid;
    let dot = Point::new(area.x + header.dot, mid);
    let mark = match broker.state {
        BrokerState::Up | BrokerState::CutOff { .. } => kit::dot(dot, 5.0),
        BrokerState::Starting | BrokerState::Draining => kit::half_dot(dot),
        BrokerState::Frozen { .. } => kit::bars(dot, 4.5),
        BrokerState::Stopped { .. } => kit::hollow_dot(dot),
        BrokerState::Crashed { .. } => kit::cross(dot, 4.5),
    };
    let title = format!("Broker {}", broker.id);
    let x = dot.x + 14.0;
    let title_end = x + 52.0 + 7.6 * (title.len() as f64 - 7.0);
    let class = match broker.state {
        BrokerState::Crashed { .. } => "h red",
        BrokerState::Stopped { .. } => "h soft",
        _ => "h",
    };
    let mut line = Line {
        mid,
        x: title_end + APART,
        end: area.right() - 10.0,
        parts: vec![mark, Shape::text(x, mid + 4.5, title, class)],
    };
    // The shapes of the groups that it coordinates, if any; they need room more than its address does.
    let groups = pen.snapshot.groups.iter().enumerate();
    let coordinated: Vec<GroupShape> = groups
        .filter(|(_, group)| group.coordinator == Some(broker.id))
        .map(|(index, _)| GroupShape::of(index))
        .collect();
    let host_w = broker.host.chars().count() as f64 * 6.62 + 20.0;
    let others = [(broker.controller, 100.0), (pen.snapshot.acts, 66.0)];
    let others = others.iter().filter(|(there, _)| *there).map(|(_, w)| w);
    let needed = others.sum::<f64>()
        + match coordinated.is_empty() {
            true => 0.0,
            false => coordinator_width(&coordinated, Words::Shown) + APART,
        };
    let crowded = !coordinated.is_empty() && line.x + host_w + needed > line.end;
    let words = match line.x + needed > line.end {
        true => Words::Hidden,
        false => Words::Shown,
    };
    if header.host == HostText::Shown && !crowded {
        let host = broker.host.to_string();
        line.x += host_w;
        let x = title_end + APART;
        line.parts.push(Shape::text(x, mid + 4.0, host, "m quiet"));
    }
    badges(&mut line, broker);
    if !coordinated.is_empty() {
        coordinator(&mut line, &coordinated, words);
    }
    if area.w < NARROW
        && let BrokerState::Crashed { note } | BrokerState::Stopped { note } = &broker.state
    {
        // Where there is room for one of them, what will happen says more than what has.
        let note = broker.session.as_ref().unwrap_or(note);
        let class = if broker.is_stopped() { "s" } else { "s red" };
        line.parts
            .push(Shape::text(line.x, mid + 4.5, note.to_string(), class));
        line.x += kit::text_width(note, 11.0) + APART;
    }
    let button = (pen.snapshot.acts && header.button == Button::Shown).then(|| {
        let word = if broker.is_down() { "Restart" } else { "Kill" };
        let from = line.x;
        line.chip(word, "box button", "mid b fs11-5");
        Rect::new(from, mid - 12.0, line.x - APART - from, 24.0)
    });
    remarks(&mut line, broker, area);
    (line.parts, button)
}

/// Whether a badge says in words what it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Shown,
    Hidden,
}

fn coordinator_width(groups: &[GroupShape], words: Words) -> f64 {
    let marks = 14.0 * groups.len() as f64 + 10.0;
    match words {
        Words::Shown => marks + 70.0,
        Words::Hidden => marks,
    }
}

/// The badge of a broker that coordinates groups: their markers, and the word where there is room.
fn coordinator(line: &mut Line, groups: &[GroupShape], words: Words) {
    let w = coordinator_width(groups, words);
    let (x, mid) = (line.x, line.mid);
    let mut parts = vec![Shape::rect(x, mid - 10.0, w, 20.0, 5.0, "box")];
    for (nth, shape) in groups.iter().enumerate() {
        let at = Point::new(x + 12.0 + 14.0 * nth as f64, mid);
        parts.push(kit::group_marker(at, *shape, 4.5, MarkerKind::Committed));
    }
    if words == Words::Shown {
        let x = x + 8.0 + 14.0 * groups.len() as f64;
        parts.push(Shape::text(x, mid + 4.0, "Coordinator", "b fs11"));
    }
    line.parts.push(Shape::group("", parts));
    line.x += w + APART;
}

/// What a broker is besides, and what is the matter with its machine.
fn badges(line: &mut Line, broker: &Broker) {
    if broker.controller {
        let at = Point::new(line.x, line.mid - 10.0);
        line.parts
            .push(kit::badge(at, "Controller", 92.0, BadgeKind::Now));
        line.x += 92.0 + APART;
    }
    if broker.deposed {
        let at = Point::new(line.x, line.mid - 10.0);
        let badge = kit::badge(at, "was controller", 114.0, BadgeKind::Former);
        line.parts.push(badge);
        line.x += 114.0 + APART;
    }
    for chip in &broker.chips {
        line.chip(chip, "box warn", "mid b wrn fs11-5");
    }
}

/// What is the matter with a broker, from the right.
fn remarks(line: &mut Line, broker: &Broker, area: Rect) {
    match &broker.state {
        BrokerState::Up => {}
        BrokerState::Starting => line.note("starting", "s end"),
        BrokerState::Draining => line.note("draining", "s end"),
        BrokerState::CutOff { note } => {
            // Clear of the lanes of replication, along which copies are held.
            line.end -= 14.0;
            line.note(note, "s end red");
        }
        BrokerState::Frozen { note } => {
            line.end -= 14.0;
            line.note(note, "s2 b end");
        }
        BrokerState::Crashed { .. } | BrokerState::Stopped { .. } if area.w < NARROW => return,
        BrokerState::Crashed { note } => line.end_chip(note, "box fault", "mid b red fs11-5"),
        BrokerState::Stopped { note } => line.end_chip(note, "box", "mid b soft fs11-5"),
    }
    let framed = matches!(broker.state, BrokerState::CutOff { .. });
    if broker.keeper.is_some_and(|keeper| keeper.cut) && !framed {
        line.end -= 14.0;
        line.note("cut from ZooKeeper", "s b end red");
    }
    if let Some(session) = &broker.session {
        line.note(session, "s2 end");
    }
}
