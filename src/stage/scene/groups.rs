//! Groups: a frame around the members, what their coordinator says of them, and the strip of a narrow stage.

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect};
use crate::stage::kit::{self, FLAG, GroupShape, MarkerKind, WIDE_FRAME, text_width};
use crate::stage::layout::Manner;
use crate::stage::scene::clients;
use crate::stage::scene::pen::Pen;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{ClientState, Consumer, Group, GroupState};

/// From a frame's top to its lines.
const NAME: f64 = 22.0;
const STATE: f64 = 37.0;
const MORE: f64 = 52.0;
/// From a frame's edge to its marker and its words.
const MARKER: f64 = 16.0;
const WORDS: f64 = 28.0;
/// What a group's sign takes before its name.
const SIGN: f64 = 14.0;
/// From the words of a strip to its end.
const MARGIN: f64 = 6.0;

/// Every group with a frame.
pub(super) fn frames(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for (index, group) in snapshot.groups.iter().enumerate() {
        frame(pen, index, group);
    }
}

fn frame(pen: &mut Pen, index: usize, group: &Group) {
    let thing = Thing::Group(group.name.clone());
    let Some(area) = pen.layout.groups.get(&group.name).copied() else {
        return;
    };
    let mut parts = vec![Shape::rect(area.x, area.y, area.w, area.h, 12.0, "frame")];
    if pen.snapshot.washed(&thing) {
        let head = if group.is_shared() { 55.0 } else { 40.0 };
        let head = Rect::new(area.x + 4.0, area.y + 4.0, area.w - 8.0, head);
        parts.push(kit::wash(head, 8.0));
    }
    let (state, class) = state_line(&group.state);
    if area.w >= WIDE_FRAME {
        let marker = Point::new(area.x + MARKER, area.y + 18.0);
        let shape = GroupShape::of(index);
        parts.push(kit::group_marker(marker, shape, 5.0, MarkerKind::Committed));
        let x = area.x + WORDS;
        let room = area.right() - 8.0 - x;
        let name = kit::fitting(&group.name, 12.0, room);
        parts.push(Shape::text(x, area.y + NAME, name, "h2 fs12"));
        let state = match group.is_shared() && text_width(&state, 11.0) > room {
            true => kit::fitting(&short(&group.state), 11.0, room),
            false => state,
        };
        parts.push(Shape::text(x, area.y + STATE, state, class));
        if group.is_shared() || group.is_rebalancing() {
            let y = area.y + if group.is_shared() { MORE } else { 51.0 };
            parts.extend(more(group, x, y, area.right() - 10.0));
        }
    } else {
        let x = area.mid().x;
        let name = kit::broken(&group.name, area.w - 10.0);
        let shared = group.is_shared();
        let first = if name.len() > 1 || shared { NAME } else { 26.0 };
        for (at, line) in name.iter().enumerate() {
            let y = area.y + first + 15.0 * at as f64;
            // The first line has the group's sign before it.
            let sign = if at == 0 { SIGN } else { 0.0 };
            let line = kit::fitting(line, 12.0, area.w - 6.0 - sign);
            if at == 0 {
                let left = x - (text_width(&line, 12.0) + sign) / 2.0;
                let marker = Point::new(left + 5.0, y - 4.0);
                let shape = GroupShape::of(index);
                parts.push(kit::group_marker(marker, shape, 5.0, MarkerKind::Committed));
            }
            parts.push(Shape::text(x + sign / 2.0, y, line, "mid b fs12"));
        }
        let quiet = matches!(
            group.state,
            GroupState::Stable { .. } | GroupState::Assigned
        );
        let y = area.y + first + 15.0 * name.len() as f64 - 1.0;
        if shared {
            let state = kit::fitting(&short(&group.state), 11.0, area.w - 8.0);
            parts.push(Shape::text(x, y, state, format!("{class} mid")));
            let more = kit::fitting(&doing_in(group, area.w - 8.0), 11.0, area.w - 8.0);
            parts.push(Shape::text(x, y + 14.0, more, "s mid"));
        } else if !quiet {
            parts.push(Shape::text(x, y + 1.0, state, format!("{class} mid")));
        }
    }
    pen.put(&thing, "frame", Shape::group("", parts));
    pen.target(thing, area);
}

/// The third line of a head: how far a rebalance has come, or who coordinates.
fn more(group: &Group, x: f64, y: f64, end: f64) -> Vec<Shape> {
    let GroupState::Rebalancing { done, of, .. } = &group.state else {
        let words = kit::fitting(&doing_in(group, end - x), 11.0, end - x);
        return vec![Shape::text(x, y, words, "s")];
    };
    let words = doing(group);
    let from = x + text_width(&words, 11.0) + 8.0;
    let mut parts = vec![Shape::text(x, y, words, "s2")];
    let room = end - from;
    if room >= 20.0 && *of > 0 {
        let part = f64::from(*done) / f64::from(*of);
        parts.push(Shape::rect(from, y - 8.0, room, 8.0, 4.0, "box soft"));
        if *done > 0 {
            let w = (room * part).max(8.0);
            parts.push(Shape::rect(from, y - 8.0, w, 8.0, 4.0, "box ink"));
        }
    }
    parts
}

/// "JoinGroup 2 of 3", or "by broker 2".
fn doing(group: &Group) -> String {
    match (&group.state, group.coordinator) {
        (
            GroupState::Rebalancing {
                phase, done, of, ..
            },
            _,
        ) => format!("{phase} {done} of {of}"),
        (_, Some(broker)) => format!("coordinator: broker {broker}"),
        (_, None) => String::new(),
    }
}

/// The same in fewer letters where there is no room for all.
fn doing_in(group: &Group, room: f64) -> String {
    let words = doing(group);
    match text_width(&words, 11.0) * 0.94 > room {
        true => words.replace("coordinator: ", "coord. "),
        false => words,
    }
}

fn state_line(state: &GroupState) -> (String, &'static str) {
    match state {
        GroupState::Assigned => ("assigned by hand".to_owned(), "s"),
        GroupState::Stable { generation } => (format!("stable, generation {generation}"), "s"),
        GroupState::Rebalancing { generation, .. } => {
            (format!("rebalancing, generation {generation}"), "s wrn b")
        }
        GroupState::Empty => ("empty, offsets are kept".to_owned(), "s"),
        GroupState::Dead => ("dead".to_owned(), "s red"),
        GroupState::Unknown(words) => (words.to_string(), "s wrn b"),
    }
}

/// The same in fewer letters.
fn short(state: &GroupState) -> String {
    match state {
        GroupState::Stable { generation } => format!("stable, gen. {generation}"),
        GroupState::Rebalancing { generation, .. } => format!("rebalancing, gen. {generation}"),
        GroupState::Empty => "empty".to_owned(),
        other => state_line(other).0,
    }
}

/// The box of a member: its name, what of it is not as usual, its partitions, and how far it lags.
pub(super) fn member(pen: &Pen, consumer: &Consumer, area: Rect) -> Vec<Shape> {
    let x = area.x + 12.0;
    let end = area.right() - 10.0;
    let mut y = area.y + 35.0;
    let (mut parts, next) = name(consumer, x, [area.y + 19.0, y], end);
    let several = topics(pen, consumer) > 1;
    let lines = partitions(consumer, several);
    let room = ((area.h - 40.0) / 15.0).floor() as usize + 1;
    if let (true, [line]) = (
        room < 2 && consumer.state != ClientState::Active && !consumer.note.is_empty(),
        lines.as_slice(),
    ) {
        // One line for both; where that is too long, of one that is gone its partition and the end, else what it does.
        let note = consumer.note.join(" ");
        let both = format!("{line}, {note}");
        let fits = text_width(&both, 11.0) * 0.94 <= next - x;
        let words = match (fits, consumer.state, consumer.note.last()) {
            (true, ..) => both,
            (false, ClientState::Gone, Some(last)) => format!("{line}, {last}"),
            _ => note,
        };
        let line = kit::fitting(&words, 11.0, next - x);
        parts.push(Shape::text(x, y, line, clients::note_class(consumer.state)));
        return parts;
    }
    for (at, line) in lines.into_iter().enumerate() {
        if y > area.bottom() - 5.0 {
            break;
        }
        let line = kit::fitting(&line, 11.0, if at == 0 { next } else { end } - x);
        parts.push(Shape::text(x, y, line, "s2"));
        y += 15.0;
    }
    if y > area.bottom() - 5.0 && !consumer.reads.is_empty() {
        return parts;
    }
    let y = y + if consumer.reads.is_empty() { 0.0 } else { 2.0 };
    parts.extend(doing_line(consumer, x, y, end));
    parts
}

/// The name with a flag if it leads, and the lag at the end of the line, or where the name has no room beside it at the
/// end of the next; where that ends.
fn name(consumer: &Consumer, x: f64, y: [f64; 2], end: f64) -> (Vec<Shape>, f64) {
    let lag = clients::lag(consumer).map(|lag| (format!("lag {lag}"), lag));
    let lag_w = lag
        .as_ref()
        .map_or(0.0, |(words, _)| words.len() as f64 * 6.62 + 8.0);
    let flag_w = if consumer.leads { 16.0 } else { 0.0 };
    let is_long = text_width(&consumer.name, 12.0) + flag_w + lag_w > end - x;
    let (room, line, next) = match is_long {
        true => (end - x - flag_w, y[1], end - lag_w),
        false => (end - x - flag_w - lag_w, y[0], end),
    };
    let name = kit::fitting(&consumer.name, 12.0, room);
    let after = x + text_width(&name, 12.0) + 4.0;
    let mut parts = vec![Shape::text(x, y[0], name, "b")];
    if consumer.leads {
        parts.push(kit::icon(Point::new(after, y[0] - 10.5), FLAG, 0.75));
    }
    if let Some((words, lag)) = lag {
        let class = if lag > clients::MUCH_LAG {
            "mi end wrn b"
        } else {
            "mi end"
        };
        parts.push(Shape::text(end, line, words, class));
    }
    (parts, next)
}

/// What a member does, with the record in its hands.
fn doing_line(consumer: &Consumer, x: f64, y: f64, end: f64) -> Vec<Shape> {
    let class = clients::note_class(consumer.state);
    let note = note(consumer, end - x);
    match &consumer.handling {
        Some(key) if consumer.state == ClientState::Active => {
            let words = kit::fitting(&note, 11.0, end - x - 20.0);
            vec![
                clients::dot(Point::new(x + 7.0, y - 4.0), 15.0, key),
                Shape::text(x + 20.0, y, words, class),
            ]
        }
        _ => vec![Shape::text(x, y, kit::fitting(&note, 11.0, end - x), class)],
    }
}

/// What a member does; where there is no room for all of it, the end says most, or of one that has ended the beginning.
fn note(consumer: &Consumer, room: f64) -> String {
    let words = consumer.note.join(" ");
    let most = match consumer.state {
        // That it has ended, and not when.
        ClientState::Ended => consumer.note.first(),
        _ => consumer.note.last(),
    };
    match most {
        Some(most) if text_width(&words, 11.0) * 0.94 > room => most.to_string(),
        _ => words,
    }
}

/// How many topics the group of a member reads.
fn topics(pen: &Pen, consumer: &Consumer) -> usize {
    let mut groups = pen.snapshot.groups.iter();
    let group = groups.find(|group| Some(&group.name) == consumer.group.as_ref());
    group.map_or(0, |group| group.topics.len())
}

/// "P0, P1", or with several topics a line for each: "orders 0, 1".
pub(super) fn partitions(consumer: &Consumer, several: bool) -> Vec<String> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for reading in &consumer.reads {
        let (topic, index) = (
            reading.partition.topic.as_str(),
            reading.partition.partition,
        );
        match lines.iter_mut().find(|(of, _)| *of == topic) {
            Some((_, list)) => {
                *list += &match several {
                    true => format!(", {index}"),
                    false => format!(", P{index}"),
                };
            }
            None => lines.push((
                topic,
                match several {
                    true => format!("{topic} {index}"),
                    false => format!("P{index}"),
                },
            )),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// A narrow stage: for each group a line that says what it is, and a small box for each member under it.
pub(super) fn strips(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for (index, group) in snapshot.groups.iter().enumerate() {
        let Some(area) = pen.layout.groups.get(&group.name).copied() else {
            continue;
        };
        let thing = Thing::Group(group.name.clone());
        let head = Rect::new(area.x, area.y, area.w, 22.0);
        let mut parts = Vec::new();
        if pen.snapshot.washed(&thing) {
            parts.push(kit::wash(head, 5.0));
        }
        let y = area.y + 14.0;
        let shape = GroupShape::of(index);
        let marker = Point::new(area.x + 6.0, y - 4.0);
        parts.push(kit::group_marker(marker, shape, 5.0, MarkerKind::Committed));
        let (_, class) = state_line(&group.state);
        // Clear of the lane in which lines come down.
        let end = area.right().min(lane_of(pen, group) - 8.0) - MARGIN;
        let from = area.x + 16.0;
        let name_w = text_width(&group.name, 12.0);
        let fits = |state: &String| from + name_w + text_width(state, 11.0) * 0.97 + 8.0 <= end;
        let said = strip_words(group);
        let state = said.iter().find(|state| fits(state));
        let state = state.or(said.last()).cloned().unwrap_or_default();
        let state_w = text_width(&state, 11.0) * 0.97;
        let name = kit::fitting(&group.name, 12.0, end - from - state_w - 8.0);
        parts.push(Shape::text(area.x + 16.0, y, name, "b fs12"));
        parts.push(Shape::text(end, y, state, format!("{class} end")));
        pen.put(&thing, "strip", Shape::group("", parts));
        pen.target(thing, area);
        let members = snapshot.consumers.iter();
        let members = members.filter(|c| c.group.as_ref() == Some(&group.name));
        for member in members {
            small(pen, member, topics(pen, member) > 1);
        }
    }
}

/// What a strip says of its group: all, then as much as may be where there is less room.
fn strip_words(group: &Group) -> Vec<String> {
    let (state, doing) = (short(&group.state), doing(group));
    let doing = doing.replace("coordinator: broker ", "coord. b");
    let brief = state.replace("stable, ", "").replace("rebalancing, ", "");
    match doing.is_empty() {
        true => vec![state, brief],
        false => vec![format!("{state}, {doing}"), doing, state, brief],
    }
}

/// Where the lines of a group's members come down beside the logs; far right where none is drawn.
fn lane_of(pen: &Pen, group: &Group) -> f64 {
    let mut members = pen.snapshot.consumers.iter();
    let member = members.find(|c| c.group.as_ref() == Some(&group.name));
    let client = member.and_then(|member| pen.layout.consumers.get(&member.id));
    match (pen.layout.manner, client) {
        (Manner::Topic, Some(client)) => client.lane,
        _ => f64::MAX,
    }
}

fn small(pen: &mut Pen, consumer: &Consumer, several: bool) {
    let thing = Thing::Process(consumer.id);
    let Some(area) = pen.area_of(consumer.id) else {
        return;
    };
    let (x, end) = (area.x + 7.0, area.right() - 6.0);
    let mut parts = vec![Shape::rect(
        area.x,
        area.y,
        area.w,
        area.h,
        7.0,
        clients::class_of(pen, &thing, consumer.state),
    )];
    let (named, end) = name(consumer, x, [14.0, 28.0].map(|down| area.y + down), end);
    parts.extend(named);
    let words = match (consumer.state, consumer.reads.is_empty()) {
        (ClientState::Active, false) => partitions(consumer, several).join(" "),
        _ => note(consumer, end - x),
    };
    let words = kit::fitting(&words, 11.0, end - x);
    let class = clients::note_class(consumer.state);
    parts.push(Shape::text(x, area.y + 28.0, words, class));
    pen.put(&thing, "box", Shape::group("", parts));
    clients::selected(pen, &thing, area, 7.0);
    pen.target(thing, area);
}
