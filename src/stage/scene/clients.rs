//! Producers and consumers: boxes beside the cards.

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, GroupShape, MarkerKind, RecordForm, text_width};
use crate::stage::layout::Manner;
use crate::stage::scene::groups;
use crate::stage::scene::pen::Pen;
use crate::stage::shape::{Shape, Span};
use crate::stage::snapshot::{CellState, ClientState, Consumer, KeyMark, Producer, Reading};

/// A lag above this is said in amber.
pub(super) const MUCH_LAG: i64 = 9;

pub(super) fn producer(pen: &mut Pen, producer: &Producer) {
    let thing = Thing::Process(producer.id);
    let Some(area) = pen.area_of(producer.id) else {
        return;
    };
    let topic = pen.layout.manner == Manner::Topic;
    let pad = match producer.acks.is_none() && producer.note.is_empty() {
        _ if topic => 22.0,
        true => 24.0,
        false => 20.0,
    };
    let (x, name) = name_of(area);
    let mut parts = vec![client_box(
        area,
        class_of(pen, &thing, producer.state),
        10.0,
    )];
    parts.push(Shape::text(
        x,
        area.y + pad,
        producer.name.to_string(),
        name,
    ));
    let kind = if producer.kind.contains('.') {
        "m"
    } else {
        "s"
    };
    let (second, kind) = match &producer.retry {
        Some(retry) => (&retry.words, "s2"),
        None => (&producer.kind, kind),
    };
    parts.push(Shape::text(
        x,
        area.y + pad + 16.0,
        second.to_string(),
        kind,
    ));
    if let Some(acks) = &producer.acks {
        let drop = if topic { 38.0 } else { 31.0 };
        parts.push(Shape::text(x, area.y + pad + drop, acks.to_string(), "m"));
    }
    parts.extend(held(pen, producer, area));
    pen.put(&thing, "box", Shape::group("", parts));
    selected(pen, &thing, area, 10.0);
    pen.target(thing, area);
}

/// The records a producer holds, and what is said beside them.
fn held(pen: &Pen, producer: &Producer, area: Rect) -> Vec<Shape> {
    let with_note = !producer.note.is_empty() || producer.retry.is_some();
    let (size, pitch) = match pen.layout.manner {
        Manner::Focus | Manner::FocusLow if with_note => (25.0, 26.0),
        Manner::Topic => (22.0, 24.0),
        Manner::Rows | Manner::RowsMid => (20.0, 24.0),
        _ => (17.0, 20.0),
    };
    let y = area.bottom()
        - if pen.layout.manner == Manner::Topic {
            15.0
        } else {
            23.0
        };
    let x = area.x + 12.0 + size / 2.0;
    let room = match with_note {
        true => 1,
        false => (((area.w - 24.0) / pitch).floor() as usize).max(1),
    };
    let mut parts = Vec::new();
    for (at, key) in producer.held.iter().take(room).enumerate() {
        parts.push(dot(Point::new(x + at as f64 * pitch, y), size, key));
    }
    let shown = producer.held.len().min(room);
    let more = producer.holds.saturating_sub(shown);
    let after = x + shown as f64 * pitch - pitch / 2.0 + 4.0;
    let mut text_x = match producer.held.is_empty() {
        true => area.x + 12.0,
        false => x + size / 2.0 + 5.5,
    };
    if more > 0 && producer.retry.is_none() {
        let words = format!("+{more}");
        let at = if with_note { text_x - 2.0 } else { after };
        let behind = at + text_width(&words, 11.0) + 5.0;
        let widest = producer.note.iter().map(|line| text_width(line, 11.0));
        let widest = widest.fold(0.0, f64::max);
        // Beside the note where there is room for both, else under the record.
        if behind + widest <= area.right() - 4.0 || pen.layout.manner == Manner::Topic {
            text_x = behind;
            parts.push(Shape::text(at, y + 4.0, words, "s2"));
        } else {
            let under = y + size / 2.0 + 9.0;
            parts.push(Shape::text(x, under, words, "s2 mid fs10"));
        }
    }
    parts.extend(lines(
        &producer.note,
        text_x,
        y + 4.0,
        note_class(producer.state),
    ));
    if let Some(retry) = &producer.retry {
        let ring = Point::new(text_x + 4.0, y);
        parts.push(Shape::circle(ring.x, ring.y, 5.0, "ring bad"));
        let room = area.right() - 6.0 - ring.x - 8.0;
        let error = cut_short(&retry.error, room);
        let first = y + 3.5 - 5.5 * (error.len() - 1) as f64;
        for (at, line) in error.into_iter().enumerate() {
            let y = first + 11.0 * at as f64;
            parts.push(Shape::text(ring.x + 8.0, y, line, "m red fs10"));
        }
    }
    parts
}

/// As many words of an error's name as there is room for, and two at the least: "NOT_LEADER" of
/// "NOT_LEADER_OR_FOLLOWER", "NOT_ENOUGH" of "NOT_ENOUGH_REPLICAS". Where these are too many for a line they stand in
/// two, "UNKNOWN_" and "TOPIC"; and where one word is, dots follow what there is room for.
fn cut_short(name: &str, room: f64) -> Vec<String> {
    let most = (room / 6.05).max(2.0) as usize;
    let short = fitting(name, most, 2);
    if short.len() <= most {
        return vec![short.to_owned()];
    }
    let dotted = |word: &str| word.chars().take(most - 1).chain(['…']).collect();
    match name.split_once('_') {
        Some((first, rest)) if first.len() < most && fitting(rest, most, 1).len() <= most => {
            vec![format!("{first}_"), fitting(rest, most, 1).to_owned()]
        }
        _ => vec![dotted(short)],
    }
}

/// The first words of a name that take no more letters, but so many words at the least.
fn fitting(name: &str, most: usize, words: usize) -> &str {
    let mut short = name;
    while short.len() > most {
        match short.rsplit_once('_') {
            Some((shorter, _)) if shorter.matches('_').count() + 1 >= words => short = shorter,
            _ => break,
        }
    }
    short.trim_end_matches("_OR")
}

/// One or two short lines around a middle.
fn lines(
    note: &[crate::model::Text],
    x: f64,
    y: f64,
    class: &'static str,
) -> impl Iterator<Item = Shape> {
    let up = if note.len() > 1 { 7.0 } else { 0.0 };
    note.iter()
        .take(2)
        .enumerate()
        .map(move |(at, line)| Shape::text(x, y - up + 13.0 * at as f64, line.to_string(), class))
        .collect::<Vec<_>>()
        .into_iter()
}

pub(super) fn consumer(pen: &mut Pen, consumer: &Consumer) {
    let thing = Thing::Process(consumer.id);
    let Some(area) = pen.area_of(consumer.id) else {
        return;
    };
    let mut parts = vec![client_box(area, class_of(pen, &thing, consumer.state), 8.0)];
    parts.extend(match pen.layout.manner {
        _ if is_member(pen, consumer) => groups::member(pen, consumer, area),
        Manner::Topic => topic_reader(consumer, area),
        manner if manner.is_rows() || manner.is_focus() => beside_row(pen, consumer, area),
        _ => dense_reader(consumer, area),
    });
    pen.put(&thing, "box", Shape::group("", parts));
    selected(pen, &thing, area, 8.0);
    pen.target(thing, area);
}

/// True for a consumer that stands in the frame of a group that shares its partitions.
pub(super) fn is_member(pen: &Pen, consumer: &Consumer) -> bool {
    let mut groups = pen.snapshot.groups.iter().filter(|group| group.is_shared());
    groups.any(|group| Some(&group.name) == consumer.group.as_ref())
}

/// A reader in a roomy picture: name, partitions, then what it does or where it stands.
fn beside_row(pen: &Pen, consumer: &Consumer, area: Rect) -> Vec<Shape> {
    let focus = pen.layout.manner.is_focus();
    let mid = area.mid().y;
    let x = area.x + if focus { 12.0 } else { 14.0 };
    let (mut up, mut down) = if focus { (15.0, 9.0) } else { (6.0, 12.0) };
    let partitions: Vec<String> = consumer
        .reads
        .iter()
        .map(|reading| format!("P{}", reading.partition.partition))
        .collect();
    let partitions = partitions.join(" ");
    let beside = text_width(&consumer.name, 12.0) + 8.0 + partitions.len() as f64 * 6.62;
    let fits = x + beside <= area.right() - 12.0;
    if !fits {
        // A line of their own, between the name and what is done.
        (up, down) = if focus { (17.0, 16.0) } else { (12.0, 19.0) };
    }
    let mut parts = vec![Shape::text(x, mid - up, consumer.name.to_string(), "b")];
    parts.push(match fits {
        true => Shape::text(area.right() - 12.0, mid - up, partitions, "m end"),
        false => Shape::text(x, mid - up + 16.0, partitions, "m"),
    });
    let class = note_class(consumer.state);
    if let Some(key) = &consumer.handling {
        parts.push(dot(Point::new(x + 8.0, mid + down - 4.0), 15.0, key));
        let note = consumer.note.first().map_or("handling", |note| note);
        parts.push(Shape::text(x + 20.0, mid + down, note.to_owned(), class));
    } else if !focus && !consumer.note.is_empty() {
        parts.push(Shape::text(x, mid + down, consumer.note.join(" "), class));
    } else if !consumer.note.is_empty() {
        let lines = if fits { 2 } else { 1 };
        let note: Vec<String> = match fits || consumer.note.len() < 2 {
            true => consumer.note.iter().map(ToString::to_string).collect(),
            false => vec![consumer.note.join(" ")],
        };
        for (at, line) in note.into_iter().take(lines).enumerate() {
            let y = if fits {
                mid + 5.0 + 15.0 * at as f64
            } else {
                mid + down
            };
            parts.push(Shape::text(x, y, line, class));
        }
    } else if let Some(offset) = place(consumer.reads.first()) {
        let (offset, kind) = offset;
        let shape = group_shape(pen, consumer);
        let at = Point::new(x + 6.0, mid + down - 4.0);
        parts.push(kit::group_marker(at, shape, 5.0, kind));
        parts.push(Shape::text(x + 16.0, mid + down, offset.to_string(), "mi"));
    }
    parts
}

/// The committed offset, or the position where nothing is committed.
fn place(reading: Option<&Reading>) -> Option<(i64, MarkerKind)> {
    let reading = reading?;
    let committed = reading.committed.map(|o| (o.0, MarkerKind::Committed));
    committed.or(reading.position.map(|o| (o.0, MarkerKind::Position)))
}

/// A reader in a dense picture: name and lag, then its partitions by name.
fn dense_reader(consumer: &Consumer, area: Rect) -> Vec<Shape> {
    let x = area.x + 12.0;
    let mut parts = vec![Shape::text(
        x,
        area.y + 20.0,
        consumer.name.to_string(),
        "b",
    )];
    if let Some(lag) = lag(consumer) {
        let class = if lag > MUCH_LAG {
            "mi end wrn b"
        } else {
            "mi end"
        };
        parts.push(Shape::text(
            area.right() - 12.0,
            area.y + 20.0,
            format!("lag {lag}"),
            class,
        ));
    }
    for (at, reading) in consumer.reads.iter().enumerate() {
        let name = match area.w < 130.0 {
            true => format!("P{}", reading.partition.partition),
            false => format!(
                "{} {}",
                reading.partition.topic, reading.partition.partition
            ),
        };
        parts.push(Shape::text(x, area.y + 37.0 + 16.0 * at as f64, name, "s2"));
    }
    if consumer.reads.is_empty() || consumer.state != ClientState::Active {
        let y = area.y + 37.0 + 16.0 * consumer.reads.len() as f64;
        let class = note_class(consumer.state);
        parts.push(Shape::text(x, y - 2.0, consumer.note.join(" "), class));
    }
    parts
}

/// A reader in the lens by topic: one box for all partitions.
fn topic_reader(consumer: &Consumer, area: Rect) -> Vec<Shape> {
    let (x, name) = name_of(area);
    let mut y = area.y + 22.0;
    let mut parts = vec![Shape::text(x, y, consumer.name.to_string(), name)];
    if let Some(kind) = &consumer.kind {
        y += 16.0;
        let class = if kind.contains('.') { "m" } else { "s" };
        parts.push(Shape::text(x, y, kind.to_string(), class));
    }
    // A low box has no line for the lag; a narrow one then does without what is done.
    let low_box = area.h < 84.0;
    let beside = low_box && area.w >= 120.0;
    let mut told = false;
    if let Some(lag) = lag(consumer) {
        let much = lag > MUCH_LAG;
        let lag = format!("lag {lag}");
        if beside {
            let class = if much { "mi end wrn b" } else { "mi end" };
            parts.push(Shape::text(area.right() - 10.0, area.y + 22.0, lag, class));
        } else {
            y += 22.0;
            let class = if much { "mi wrn b" } else { "mi" };
            parts.push(Shape::text(x, y, lag, class));
            told = low_box;
        }
    }
    let note = Some(consumer.note.join(" ")).filter(|note| !note.is_empty() && !told);
    let low = area.bottom() - 20.0;
    if let Some(key) = consumer.handling.as_ref().filter(|_| !told) {
        parts.push(dot(Point::new(area.x + 23.0, low), 22.0, key));
        let note = note.unwrap_or_else(|| "handling".to_owned());
        parts.push(Shape::text(area.x + 40.0, low + 4.0, note, "s2"));
    } else if let Some(note) = note {
        let class = note_class(consumer.state);
        let words = match (text_width(&note, 11.0) > area.w - 10.0, &*consumer.note) {
            (false, _) => vec![note.as_str().into()],
            (true, [one]) => one.split(' ').map(Into::into).collect(),
            (true, lines) => lines.to_vec(),
        };
        parts.extend(lines(&words, x, low + 4.0, class));
    }
    parts
}

/// The lag of all partitions together; `None` while nothing is known.
pub(super) fn lag(consumer: &Consumer) -> Option<i64> {
    let known: Vec<i64> = consumer
        .reads
        .iter()
        .filter_map(|reading| reading.lag)
        .collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

fn group_shape(pen: &Pen, consumer: &Consumer) -> GroupShape {
    let mut groups = pen.snapshot.groups.iter();
    let index = groups.position(|group| Some(&group.name) == consumer.group.as_ref());
    GroupShape::of(index.unwrap_or(pen.snapshot.groups.len()))
}

/// Where a client's name begins and how it is set: smaller in the narrow boxes of a phone.
fn name_of(area: Rect) -> (f64, &'static str) {
    match area.w < 80.0 {
        true => (area.x + 5.0, "b fs11"),
        false => (area.x + 12.0, "h2"),
    }
}

/// The edge of a client's box says how it fares; a wash says look here.
pub(super) fn class_of(pen: &Pen, thing: &Thing, state: ClientState) -> &'static str {
    match (state, pen.snapshot.washed(thing)) {
        (ClientState::Failed | ClientState::Gone, _) => "box fault",
        (ClientState::Ended, _) => "box dash",
        (ClientState::Active, true) => "box mark",
        (ClientState::Waiting, true) => "box mark dash",
        (ClientState::Active, false) => "box",
        (ClientState::Waiting, false) => "box dash",
    }
}

fn client_box(area: Rect, class: &'static str, r: f64) -> Shape {
    Shape::rect(area.x, area.y, area.w, area.h, r, class)
}

pub(super) fn note_class(state: ClientState) -> &'static str {
    match state {
        ClientState::Failed | ClientState::Gone => "s red",
        _ => "s2",
    }
}

pub(super) fn dot(at: Point, size: f64, key: &KeyMark) -> Shape {
    kit::record(at, size, key, CellState::Committed, RecordForm::Dot)
}

/// The rings of selection and keyboard focus around a box.
pub(super) fn selected(pen: &mut Pen, thing: &Thing, area: Rect, r: f64) {
    if pen.snapshot.selection.as_ref() == Some(thing) {
        pen.put(thing, "ring", kit::ring(area.grown(3.0), r + 3.0));
    }
    if pen.snapshot.focus.as_ref() == Some(thing) {
        let out = area.grown(6.0);
        let ring = Shape::rect(out.x, out.y, out.w, out.h, r + 6.0, "foc");
        pen.put(&Thing::Stage, "focus", ring);
    }
}

/// A label with one word in bold: "driver-locations **0**".
pub(super) fn with_bold(plain: String, bold: String) -> Vec<Span> {
    vec![Span::plain(plain), Span::styled(bold, "bold")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_error_is_never_cut_to_a_word_that_says_nothing() {
        let cut = |letters: usize| cut_short("NOT_LEADER_OR_FOLLOWER", letters as f64 * 6.05 + 1.0);
        let all = [22, 21, 13, 10, 9, 6, 4].map(cut);
        let said: [&[&str]; 7] = [
            &["NOT_LEADER_OR_FOLLOWER"],
            &["NOT_LEADER"],
            &["NOT_LEADER"],
            &["NOT_LEADER"],
            &["NOT_", "LEADER"],
            &["NOT_", "LEADER"],
            &["NOT…"],
        ];
        assert_eq!(all, said);
        assert_eq!(cut_short("KAFKA_STORAGE_ERROR", 100.0), ["KAFKA_STORAGE"]);
        let unknown = "UNKNOWN_TOPIC_OR_PARTITION";
        assert_eq!(cut_short(unknown, 62.0), ["UNKNOWN_", "TOPIC"]);
        assert_eq!(
            cut_short("NETWORK_EXCEPTION", 62.0),
            ["NETWORK_", "EXCEPTION"]
        );
        assert_eq!(cut_short("NONE", 0.0), ["N…"]);
    }
}
