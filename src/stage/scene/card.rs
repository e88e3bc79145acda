//! Broker cards: the frame, the dot that says the state, name, host and badges.

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit;
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
}

/// Whether the host is written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HostText {
    Shown,
    Hidden,
}

pub(super) fn card(pen: &mut Pen, broker: &Broker, area: Rect, header: &Header) {
    let thing = Thing::broker(broker.id);
    let class = if broker.is_down() {
        "card down"
    } else {
        "card up"
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
    let parts = header_parts(broker, area, header);
    pen.put(&thing, "header", Shape::group("", parts));
    pen.target(thing, area);
}

fn header_parts(broker: &Broker, area: Rect, header: &Header) -> Vec<Shape> {
    let mid = area.y + header.mid;
    let dot = Point::new(area.x + header.dot, mid);
    let mark = match broker.state {
        BrokerState::Up | BrokerState::CutOff { .. } => kit::dot(dot, 5.0),
        BrokerState::Starting | BrokerState::Draining | BrokerState::Frozen { .. } => {
            kit::half_dot(dot)
        }
        BrokerState::Crashed { .. } => kit::cross(dot, 4.5),
    };
    let title = format!("Broker {}", broker.id);
    let mut x = dot.x + 14.0;
    let title_end = x + 52.0 + 7.6 * (title.len() as f64 - 7.0);
    let class = if broker.is_down() { "h red" } else { "h" };
    let mut parts = vec![mark, Shape::text(x, mid + 4.5, title, class)];
    x = title_end + 8.0;
    if header.host == HostText::Shown {
        parts.push(Shape::text(
            x,
            mid + 4.0,
            broker.host.to_string(),
            "m quiet",
        ));
        x += broker.host.chars().count() as f64 * 6.62 + 20.0;
    }
    if broker.controller {
        parts.push(kit::badge(Point::new(x, mid - 10.0), "Controller", 92.0));
    }
    let end = area.right() - 10.0;
    match &broker.state {
        BrokerState::Up => {}
        BrokerState::Starting => parts.push(Shape::text(end, mid + 4.0, "starting", "s end")),
        BrokerState::Draining => parts.push(Shape::text(end, mid + 4.0, "draining", "s end")),
        BrokerState::CutOff { note } | BrokerState::Frozen { note } => {
            // Clear of the lanes of replication, along which copies are held.
            parts.push(Shape::text(
                end - 14.0,
                mid + 4.0,
                note.to_string(),
                "s end red",
            ));
        }
        BrokerState::Crashed { note } if area.w < 400.0 => {
            // Where there is room for one of them, what will happen says more than what has.
            let note = broker.session.as_ref().unwrap_or(note);
            parts.push(Shape::text(x, mid + 4.5, note.to_string(), "s red"));
        }
        BrokerState::Crashed { note } => {
            let w = (kit::text_width(note, 11.5) * 1.06 + 34.0).round();
            let mid = Point::new(end - w / 2.0, mid);
            parts.push(kit::chip(
                mid,
                w,
                note.to_string(),
                "box fault",
                "mid b red fs11-5",
            ));
        }
    }
    if let Some(session) = broker.session.as_ref().filter(|_| area.w >= 400.0) {
        let taken = match &broker.state {
            BrokerState::Up => 0.0,
            BrokerState::Starting | BrokerState::Draining => 60.0,
            BrokerState::CutOff { note } | BrokerState::Frozen { note } => {
                kit::text_width(note, 11.0) + 26.0
            }
            BrokerState::Crashed { note } => kit::text_width(note, 11.5) * 1.06 + 44.0,
        };
        let at = (end - taken).round();
        parts.push(Shape::text(at, mid + 4.0, session.to_string(), "s2 end"));
    }
    parts
}
