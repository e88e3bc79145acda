//! The lens by broker, in drawing order: lines of producers, cards, rows, lines of readers, boxes, captions.

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, FLAG, RecordForm};
use crate::stage::layout::{Manner, Row};
use crate::stage::scene::card::{self, Button, Header, HostText};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::{
    broker_links, clients, coordination, groups, links, remarks, row, sessions, storage,
};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{
    CellState, KeyMark, LegendItem, Partition, Replica, Role, Snapshot, Topic,
};

pub(super) fn draw(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    links::produce_lines(pen);
    sessions::lines(pen);
    coordination::card(pen);
    for broker in &snapshot.brokers {
        let Some(area) = pen.layout.cards.get(&broker.id).copied() else {
            continue;
        };
        let thin = pen.layout.manner == Manner::Strips;
        let header = Header {
            mid: if thin || matches!(pen.layout.manner, Manner::RowsSmall | Manner::FocusLow) {
                16.0
            } else {
                18.0
            },
            dot: 19.0,
            host: if pen.layout.hosts {
                HostText::Shown
            } else {
                HostText::Hidden
            },
            button: Button::Shown,
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
        }
        for partition in snapshot.partitions() {
            let place = pen.layout.row(&partition.id, broker.id);
            if let Some((replica, place)) = partition.replica(broker.id).zip(place) {
                remarks::fate(pen, partition, replica, place);
            }
        }
        clients::selected(pen, &Thing::broker(broker.id), area, 10.0);
    }
    sessions::rings(pen);
    coordination::written(pen);
    links::consume_lines(pen);
    broker_links::replica_lines(pen);
    links::control_lines(pen);
    groups::frames(pen);
    for producer in snapshot.producers.iter().chain(&snapshot.operators) {
        clients::producer(pen, producer);
    }
    for consumer in &snapshot.consumers {
        clients::consumer(pen, consumer);
    }
    notes(pen);
    captions(pen);
    legend(pen);
}

/// What stands before a log: which partition it is of, and what the replica is to it.
fn label(pen: &mut Pen, partition: &Partition, replica: &Replica, place: &Row) {
    let thing = Thing::Replica(partition.id.clone(), replica.broker);
    let x = pen.layout.columns.cards_x;
    let shape = match pen.layout.manner {
        manner if manner.is_rows() => stacked(partition, replica, x + 18.0, place.tape.y - 2.0),
        Manner::Focus | Manner::FocusLow => {
            match pen.snapshot.subject.as_ref() == Some(&partition.id) {
                true => stacked(partition, replica, x + 18.0, place.tape.y - 4.0),
                false => beside(pen.snapshot, partition, replica, x + 18.0, place),
            }
        }
        _ => inline(partition, replica, x, place.tape.y),
    };
    pen.put(&thing, "label", shape);
    let sign = match pen.layout.manner {
        manner if manner.is_rows() => Point::new(x + 40.0, place.tape.y - 6.0),
        Manner::Focus | Manner::FocusLow
            if pen.snapshot.subject.as_ref() == Some(&partition.id) =>
        {
            Point::new(x + 40.0, place.tape.y - 8.0)
        }
        Manner::Focus | Manner::FocusLow => return,
        _ => Point::new(place.tape.x - 17.0, place.tape.y),
    };
    storage::policy_sign(pen, partition, replica, sign);
}

/// "P0" with the role under it.
pub(super) fn stacked(partition: &Partition, replica: &Replica, x: f64, y: f64) -> Shape {
    let name = format!("P{}", partition.id.partition);
    let mut parts = vec![Shape::text(x, y, name, "h2")];
    if replica.role == Role::NewLeader {
        parts.push(Shape::rect(x - 5.0, y + 4.0, 68.0, 16.0, 4.0, "box ink"));
        parts.push(Shape::text(
            x + 29.0,
            y + 16.0,
            "new leader",
            "mid b inv fs11",
        ));
    } else {
        let (text, class) = role_word(replica.role);
        parts.push(Shape::text(x, y + 15.0, text, class));
    }
    Shape::group("", parts)
}

/// The word for a role, and how it is set.
pub(super) fn role_word(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Leader => ("leader", "s2 b"),
        Role::NewLeader => ("new leader", "s2 b"),
        Role::Follower => ("follower", "s2"),
        Role::Deposed { .. } => ("old leader", "s wrn b"),
        Role::Behind(_) => ("out of ISR", "s wrn b"),
        Role::CatchingUp { .. } => ("catching up", "s2"),
        Role::Truncating(_) => ("truncating", "s2"),
        Role::Waits => ("waits", "s2"),
        Role::Offline => ("offline", "s red"),
        Role::Stopped => ("stopped", "s2"),
        Role::WasLeader => ("was leader", "s red"),
    }
}

/// "P1 follower" on one line before a strip.
fn beside(
    snapshot: &Snapshot,
    partition: &Partition,
    replica: &Replica,
    x: f64,
    place: &Row,
) -> Shape {
    let subject = snapshot.subject.as_ref().map(|subject| &subject.topic);
    let y = place.area.bottom() - 3.0;
    if subject != Some(&partition.id.topic) {
        let name = format!("{} {}", partition.id.topic, partition.id.partition);
        // A long name is small where the log begins close by.
        let close = x + kit::text_width(&name, 11.0) + 6.0 > place.tape.x;
        return Shape::text(x, y, name, if close { "s fs10" } else { "s" });
    }
    let dim = if replica.role.is_offline() {
        "b fs11-5 quiet"
    } else {
        "b fs11-5"
    };
    let (word, _) = role_word(replica.role);
    let word = if replica.role == Role::WasLeader {
        "offline"
    } else {
        word
    };
    let parts = vec![
        Shape::text(x, y, format!("P{}", partition.id.partition), dim),
        Shape::text(x + 22.0, y, word, "s"),
    ];
    Shape::group("", parts)
}

/// "driver-locations 0" in one line, a flag before it when the replica leads.
fn inline(partition: &Partition, replica: &Replica, x: f64, y: f64) -> Shape {
    let leads = replica.role.leads();
    let class = if leads { "b fs11-5" } else { "fs11-5 soft" };
    let name = format!("{} ", partition.id.topic);
    let spans = clients::with_bold(name, partition.id.partition.to_string());
    let mut parts = Vec::new();
    if leads {
        parts.push(kit::icon(Point::new(x + 9.0, y - 7.0), FLAG, 0.85));
    }
    parts.push(Shape::spans(x + 25.0, y + 4.0, spans, class));
    Shape::group("", parts)
}

/// Remarks tied to things.
fn notes(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for note in &snapshot.notes {
        let text = note.text.to_string();
        let shape = match &note.thing {
            Thing::Copy(id, offset, broker) => {
                let Some(place) = pen.layout.row(id, *broker) else {
                    continue;
                };
                let Some(partition) = snapshot.partition(id) else {
                    continue;
                };
                let Some(replica) = partition.replica(*broker) else {
                    continue;
                };
                let (tape, _) = row::tape_for(partition, replica, place);
                let at = tape.middle(offset.0);
                let (x, y) = (at.x - 14.0, tape.bottom() + 11.5);
                Shape::text(x, y, text, "s2 b end")
            }
            thing => {
                let Some(area) = pen.targets.iter().find(|t| t.thing == *thing) else {
                    continue;
                };
                let Rect { x, y, h, .. } = area.area;
                Shape::text(x + 12.0, y + h + 13.0, text, "s2 b halo")
            }
        };
        pen.put(&note.thing, "note", shape);
    }
}

/// In figures: which topic this is, at the left, and the audit at the right, beside ZooKeeper.
fn captions(pen: &mut Pen) {
    let told = pen.layout.manner.is_rows() && pen.snapshot.subject.is_some();
    if !pen.layout.manner.is_focus() && !told {
        return;
    }
    let columns = pen.layout.columns;
    let low = pen.layout.manner == Manner::FocusLow;
    let y = pen.layout.coordination.map_or(12.0, |card| card.y);
    let topic = pen.snapshot.subject.as_ref().and_then(|subject| {
        let mut topics = pen.snapshot.topics.iter();
        topics.find(|topic| topic.name == subject.topic)
    });
    if let Some(topic) = topic.filter(|_| columns.cards_x > columns.producers_x + 60.0) {
        let x = columns.producers_x;
        let class = if low { "h2 fs12" } else { "h2" };
        let (partitions, copies) = counted(topic);
        let mut parts = vec![
            Shape::text(x, y + 20.0, topic.name.to_string(), class),
            Shape::text(x, y + 37.0, partitions, "s2"),
            Shape::text(x, y + 52.0, copies, "s2"),
        ];
        if pen.layout.manner.is_focus() {
            parts.extend(storage::policy_chip(topic, x, y + 69.0).map(|(chip, _)| chip));
        }
        let thing = Thing::Topic(topic.name.clone());
        pen.put(&thing, "caption", Shape::group("", parts));
        pen.target(thing, Rect::new(x, y + 4.0, columns.producers_w, 54.0));
    }
    if let Some(audit) = pen.snapshot.audit {
        let (x, end) = (columns.readers_x, columns.readers_x + columns.readers_w);
        let mut parts = vec![Shape::text(x, y + 20.0, "Audit", "h2")];
        // What is neither readable nor lost has a line of its own, so that the numbers add up.
        let not_yet = audit.waiting + audit.pending;
        let why = match audit.waiting {
            0 => "not copied",
            _ => "no leader",
        };
        let counts = [
            ("acked", audit.acknowledged),
            ("readable", audit.readable),
            (why, not_yet),
            ("deleted", audit.expired),
            ("lost", audit.lost),
            ("duplicated", audit.duplicated),
        ];
        let counts = counts.into_iter();
        let may_be_none = |word: &str| word != why && word != "deleted";
        let counts = counts.filter(|(word, count)| may_be_none(word) || *count > 0);
        for (at, (word, count)) in counts.enumerate() {
            let y = y + 39.0 + 17.0 * at as f64;
            let class = match (word, count) {
                ("lost", 1..) => "mi end b red",
                _ => "mi end b",
            };
            parts.push(Shape::text(x, y, word, "s2"));
            parts.push(Shape::text(end, y, with_commas(count), class));
        }
        pen.put(&Thing::Stage, "audit", Shape::group("", parts));
    }
}

fn counted(topic: &Topic) -> (String, String) {
    let partitions = topic.partitions.len();
    let copies = topic.partitions.first().map_or(0, |p| p.replicas.len());
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let copies = match copies {
        1 => "1 copy each".to_owned(),
        n => format!("{n} copies each"),
    };
    (format!("{partitions} partition{},", s(partitions)), copies)
}

/// Counts are written with separators, offsets never.
fn with_commas(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The marks of this figure, explained under it.
pub(super) fn legend(pen: &mut Pen) {
    let Some(y) = pen.layout.legend else { return };
    let mut x = pen.layout.columns.cards_x;
    let key = KeyMark::new(0, "C");
    let items = pen.snapshot.legend.iter().enumerate();
    for (at, item) in items {
        let cell = |state| {
            kit::record(
                Point::new(x + 8.0, y),
                15.0,
                &key,
                state,
                RecordForm::Square,
            )
        };
        let (mark, text, w) = match item {
            LegendItem::Committed => (cell(CellState::Committed), "committed", 96.0),
            LegendItem::Open => (cell(CellState::Open), "not yet committed", 134.0),
            LegendItem::Ghost => (cell(CellState::Ghost), "on the dead broker’s disk", 162.0),
            LegendItem::Control => (
                kit::diamond(Point::new(x + 8.0, y), 5.5, ""),
                "control message",
                122.0,
            ),
        };
        let parts = vec![mark, Shape::text(x + 22.0, y + 4.0, text, "s")];
        pen.put_nth(&Thing::Stage, "legend", at, Shape::group("", parts));
        x += w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1203, "1,203"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(with_commas(count), text);
        }
    }
}
