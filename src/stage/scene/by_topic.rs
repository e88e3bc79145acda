//! The lens by topic, in drawing order: trunks, then for each partition its title, log, flag and marks.

use crate::sorted::sort_by_key;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect, Route};
use crate::stage::kit::{self, Numbers, Tape, text_width};
use crate::stage::layout::{Row, RowForm, Voice};
use crate::stage::scene::pen::Pen;
use crate::stage::scene::{clients, groups, links, reading, remarks, row, storage};
use crate::stage::shape::Shape;
use crate::stage::snapshot::{CellState, Partition};

pub(super) fn draw(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    links::produce_lines(pen);
    links::consume_lines(pen);
    for topic in &snapshot.topics {
        if snapshot.topics.len() > 1 {
            heading(pen, topic);
        }
        for partition in &topic.partitions {
            let Some(place) = partition
                .home()
                .and_then(|home| pen.layout.row(&partition.id, home))
            else {
                continue;
            };
            log(pen, partition, place);
        }
    }
    for producer in &snapshot.producers {
        clients::producer(pen, producer);
    }
    let strips = pen.layout.ask.size.w < 600.0;
    match strips {
        true => groups::strips(pen),
        false => groups::frames(pen),
    }
    for consumer in &snapshot.consumers {
        if !strips || !clients::is_member(pen, consumer) {
            clients::consumer(pen, consumer);
        }
    }
}

/// The topic's name over its first partition, when there are several topics.
fn heading(pen: &mut Pen, topic: &crate::stage::snapshot::Topic) {
    let Some(first) = topic.partitions.first() else {
        return;
    };
    let Some(place) = first
        .home()
        .and_then(|home| pen.layout.row(&first.id, home))
    else {
        return;
    };
    let thing = Thing::Topic(topic.name.clone());
    let (x, y) = (place.tape.x, title_y(pen, place) - 22.0);
    let text = Shape::text(x, y, topic.name.to_string(), "h");
    let w = text_width(&topic.name.0, 14.0);
    if pen.snapshot.washed(&thing) {
        pen.put(
            &thing,
            "wash",
            kit::wash(Rect::new(x - 8.0, y - 17.0, w + 24.0, 24.0), 6.0),
        );
    }
    pen.put(&thing, "heading", text);
    let mut end = x + w;
    if let Some((chip, right)) = storage::policy_chip(topic, x + w + 6.0, y - 5.0) {
        pen.put(&thing, "policy", chip);
        end = right;
    }
    pen.target(thing, Rect::new(x, y - 14.0, end - x, 20.0));
}

fn log(pen: &mut Pen, partition: &Partition, place: &Row) {
    let thing = Thing::Partition(partition.id.clone());
    let leading = partition.leading().or_else(|| partition.replicas.first());
    let Some(replica) = leading else { return };
    if pen.snapshot.washed(&thing) {
        pen.put(&thing, "wash", kit::wash(place.area, 8.0));
    } else if pen.snapshot.selection.as_ref() == Some(&thing) {
        let Rect { x, y, w, h } = place.area;
        pen.put(&thing, "ground", Shape::rect(x, y, w, h, 8.0, "selrow"));
    }
    pen.target(thing.clone(), place.area);
    pen.put(&thing, "title", title(pen, partition, place));
    row::replica(pen, partition, replica, place);
    remarks::fate(pen, partition, replica, place);
    let tape = row::tape_of(partition, place);
    let roomy = pen.layout.reading_line && pen.layout.ask.voice == Voice::Full;
    if place.form == RowForm::Cells && roomy {
        reading::marks(pen, partition, &tape);
    }
    copies(pen, partition, &tape);
    notes(pen, partition, &tape, place);
}

/// The base line of a partition's title: above its flag, or right above its log when tight.
fn title_y(pen: &Pen, place: &Row) -> f64 {
    match pen.layout.numbers {
        Numbers::None => place.tape.top() - 7.0,
        _ => place.tape.y - 44.0,
    }
}

/// "Partition 0", and who leads it and who is in sync.
fn title(pen: &Pen, partition: &Partition, place: &Row) -> Shape {
    let (x, y) = (place.tape.x, title_y(pen, place));
    let name = format!("Partition {}", partition.id.partition);
    let about = match partition.leader {
        None => "no leader".to_owned(),
        Some(leader) if partition.replicas.len() < 2 => format!("on broker {leader}"),
        Some(leader) if place.tape.width() < 260.0 => format!("leader broker {leader}"),
        Some(leader) => {
            let isr: Vec<String> = partition.isr.iter().map(|id| id.0.to_string()).collect();
            format!("leader broker {leader}, in sync {}", isr.join(", "))
        }
    };
    let about = match partition
        .leading()
        .and_then(|replica| replica.high_watermark)
    {
        Some(offset) if pen.layout.numbers == Numbers::None && pen.is_chosen(partition) => {
            let about = about.trim_start_matches("leader ");
            format!("{about}, HW {}", offset.0)
        }
        _ => about,
    };
    // The flag says it where the beginning is on the picture.
    let start = partition.start().0;
    let away = start > 0 && start < row::tape_of(partition, place).from;
    let about = match away && place.tape.width() >= 260.0 {
        true => format!("{about}, log start {start}"),
        false => about,
    };
    let class = if partition.leader.is_none() {
        "s red b"
    } else {
        "s"
    };
    let beside = x + 78.0;
    let mut parts = vec![Shape::text(x, y, name, "h2")];
    if place.tape.width() > 300.0 || pen.snapshot.brokers.len() > 1 {
        parts.push(Shape::text(beside, y, about.clone(), class));
    }
    // Where there are several topics the heading says it.
    let alone = pen.snapshot.topics.len() == 1;
    if let Some(topic) = pen.snapshot.topics.first().filter(|_| alone) {
        let x = beside + text_width(&about, 11.0) + 12.0;
        parts.extend(storage::policy_chip(topic, x, y - 4.0).map(|(chip, _)| chip));
    }
    Shape::group("", parts)
}

/// A call-out for the oldest record above the high watermark: which brokers have a copy of it yet.
fn copies(pen: &mut Pen, partition: &Partition, tape: &Tape) {
    let Some(leading) = partition.leading().filter(|_| partition.replicas.len() > 1) else {
        return;
    };
    let Some(open) = leading
        .cells
        .iter()
        .find(|cell| cell.state == CellState::Open)
    else {
        return;
    };
    let thing = Thing::Record(partition.id.clone(), open.offset);
    let wanted = pen.snapshot.selection.as_ref() == Some(&thing) || pen.snapshot.washed(&thing);
    if !wanted || !tape.shows(open.offset.0) {
        return;
    }
    let at = tape.middle(open.offset.0);
    let (x, y) = (tape.right() + 10.0, tape.y);
    let w = 16.0 + 34.0 * partition.replicas.len() as f64;
    let left = (x).min(pen.layout.content.w - w - 8.0);
    let route = Route::through([(at.x, tape.top()), (at.x, y - 52.0), (left, y - 52.0)]);
    let mut parts = vec![
        kit::line(&route.with_radius(8.0), "repl"),
        Shape::rect(left, y - 72.0, w, 40.0, 8.0, "box"),
        Shape::text(
            left + 10.0,
            y - 56.0,
            format!("copies of {}", open.offset.0),
            "s2",
        ),
    ];
    let mut brokers: Vec<_> = partition.replicas.iter().collect();
    sort_by_key(&mut brokers, |replica| replica.broker);
    for (nth, replica) in brokers.iter().enumerate() {
        let cx = left + 17.0 + 34.0 * nth as f64;
        let has = replica.log_end > open.offset;
        let state = if has {
            CellState::Committed
        } else {
            CellState::Ghost
        };
        let form = kit::RecordForm::Square;
        parts.push(kit::record(
            Point::new(cx, y - 43.0),
            14.0,
            &open.key,
            state,
            form,
        ));
        parts.push(Shape::text(
            cx + 11.0,
            y - 39.0,
            replica.broker.to_string(),
            "s",
        ));
    }
    pen.put(&thing, "copies", Shape::group("", parts));
}

/// Remarks under records and partitions.
fn notes(pen: &mut Pen, partition: &Partition, tape: &Tape, place: &Row) {
    let snapshot = pen.snapshot;
    for note in &snapshot.notes {
        let shape = match &note.thing {
            Thing::Record(id, offset) if *id == partition.id && tape.shows(offset.0) => {
                let at = tape.middle(offset.0);
                let y = tape.bottom()
                    + if pen.layout.numbers == Numbers::None {
                        13.0
                    } else {
                        32.0
                    };
                let class = if at.x > tape.frame().mid().x {
                    "s2 b end"
                } else {
                    "s2 b"
                };
                let x = if at.x > tape.frame().mid().x {
                    at.x + 10.0
                } else {
                    at.x - 10.0
                };
                Shape::text(x, y, note.text.to_string(), class)
            }
            Thing::Partition(id) if *id == partition.id => Shape::text(
                tape.right(),
                title_y(pen, place),
                note.text.to_string(),
                "s2 b end halo",
            ),
            _ => continue,
        };
        pen.put(&note.thing, "note", shape);
    }
}
