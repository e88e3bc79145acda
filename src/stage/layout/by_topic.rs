//! The lens by topic: one row for each partition, its leader's log only, with room for every offset mark.
//!
//! For keys, groups and offsets. Producers stand left, readers right, both beside the middle of the rows; members
//! of a group that shares partitions stand in its frame, and on a narrow stage in a strip under the rows.
//! When there are more partitions than fit with their marks, the rows go without the readers' line, then
//! without numbers and flags; at last the stage pans.

use crate::stage::density::Density;
use crate::stage::geometry::{Rect, Size};
use crate::stage::kit::{Numbers, Tape};
use crate::stage::layout::{Ask, Client, Columns, Layout, Manner, Row, RowForm, groups, lanes};
use crate::stage::snapshot::{Consumer, Group, Snapshot};

/// From the top to the middle of the first log, and from there to the lowest mark.
const ABOVE: f64 = 92.0;
const BELOW: f64 = 58.0;
/// The same where readers have no line of their own.
const SNUG_ABOVE: f64 = 66.0;
const SNUG_BELOW: f64 = 36.0;
/// Rows that are further apart have room for numbers, flags and words; or for numbers and flags.
const ROOMY: f64 = 116.0;
const SNUG: f64 = 90.0;
/// Right of the logs where members stand under them: there their lines run down.
const NARROW_LANE: f64 = 28.0;
/// From a frame's edge to the boxes in it, between two of them, and between two frames.
const INSET: f64 = 9.0;
const BETWEEN: f64 = 8.0;
const APART: f64 = 14.0;
/// The tallest box of a member.
const TALLEST: f64 = 84.0;

pub(super) fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    let narrow = ask.size.w < 600.0;
    let columns = columns(snapshot, ask, narrow);
    let mut layout = Layout::bare(ask, Manner::Topic, columns);
    // What stands under the rows on a narrow stage takes its room from them.
    let strips = match narrow {
        true => groups::strips(snapshot, &mut layout, 0.0, 0.0),
        false => 0.0,
    };
    let room = match strips > 0.0 {
        true => ask.size.h - strips - 14.0,
        false => ask.size.h,
    };
    let bottom = rows(snapshot, ask, room, &mut layout);
    clients(snapshot, &mut layout, bottom);
    let mut lowest = bottom;
    if strips > 0.0 {
        let lane = layout.columns.cards_right() + NARROW_LANE / 2.0;
        let beside = layout.producers.values().map(|client| client.area.bottom());
        let from = beside.fold(bottom, f64::max) + 8.0;
        lowest = groups::strips(snapshot, &mut layout, from, lane);
    }
    let clients = layout.consumers.values().chain(layout.producers.values());
    let frames = layout.groups.values().map(Rect::bottom);
    let lowest = clients
        .map(|client| client.area.bottom())
        .chain(frames)
        .fold(lowest, f64::max);
    layout.content = Size::new(ask.size.w, ask.size.h.max(lowest + 8.0));
    layout
}

fn columns(snapshot: &Snapshot, ask: &Ask, narrow: bool) -> Columns {
    let w = ask.size.w;
    let (margin, producers, gutter, gap, readers) = match narrow {
        true => (8.0, 66.0, 26.0, 30.0, 58.0),
        false => (12.0, 104.0, 60.0, 91.0, 90.0),
    };
    let left = match snapshot.producers.is_empty() {
        true => margin + 8.0,
        false => margin + producers + gutter,
    };
    let framed = |consumer: &Consumer| groups::is_framed(snapshot, consumer);
    let shared = snapshot.groups.iter().any(Group::is_shared);
    let loose = snapshot.consumers.iter().any(|consumer| !framed(consumer));
    let (gap, readers) = match (narrow, shared) {
        (false, true) if w >= 900.0 => (78.0, 178.0),
        (false, true) => (70.0, 152.0),
        _ => (gap, readers),
    };
    let nobody = match narrow {
        true => !loose,
        false => !loose && !shared,
    };
    let right = match (nobody, shared) {
        (true, false) => margin + 8.0,
        (true, true) => NARROW_LANE,
        (false, _) => gap + readers + margin,
    };
    let room = (w - left - right - 4.0).max(120.0);
    let pitch = pitch(narrow);
    let cards_w = (room / pitch).floor() * pitch + 4.0;
    let readers_x = if nobody { w } else { w - margin - readers };
    Columns {
        producers_x: margin,
        producers_w: producers,
        cards_x: left,
        cards_w,
        readers_x,
        readers_w: readers,
    }
}

fn pitch(narrow: bool) -> f64 {
    if narrow { 24.0 } else { 29.0 }
}

/// Places a row for each partition; returns where the last one ends.
fn rows(snapshot: &Snapshot, ask: &Ask, height: f64, layout: &mut Layout) -> f64 {
    let narrow = ask.size.w < 600.0;
    let columns = layout.columns;
    let pitch = pitch(narrow);
    let size = if narrow { 21.0 } else { 25.0 };
    let count = snapshot.partitions().count();
    let topics = snapshot.topics.len();
    let head = if topics > 1 { 30.0 } else { 0.0 };
    let gaps = count.max(2) as f64 - 1.0;
    let room = height - ABOVE - BELOW - 8.0 - head * topics as f64;
    let roomy = room / gaps >= ROOMY;
    let snug_room = height - SNUG_ABOVE - SNUG_BELOW - head * 0.8 * topics as f64;
    // A log that stands alone needs room above and below, and none to the next.
    let snug = snug_room / gaps >= SNUG || count == 1 && snug_room >= 0.0;
    let (above, below, head, step) = match (roomy, snug) {
        (true, _) => (ABOVE, BELOW, head, (room / gaps).min(152.0)),
        (false, true) => {
            let step = (snug_room / gaps).min(ROOMY);
            (SNUG_ABOVE, SNUG_BELOW, head * 0.8, step)
        }
        (false, false) => {
            let head = head * 0.8;
            let room = height - 56.0 - 30.0 - head * topics as f64;
            (48.0, 24.0, head, (room / gaps).clamp(62.0, SNUG))
        }
    };
    layout.reading_line = roomy;
    layout.numbers = match roomy || snug {
        true => Numbers::All,
        false => Numbers::None,
    };
    let mut y = above;
    if count == 1 && topics == 1 {
        y = (height / 2.0 - 10.0).max(y);
    }
    let mut bottom = y;
    for topic in &snapshot.topics {
        y += head;
        for partition in &topic.partitions {
            let Some(home) = partition.home() else {
                continue;
            };
            let form = match ask.density_of(snapshot, partition) {
                Density::Letters => RowForm::Cells,
                Density::Strip => RowForm::Strip,
                Density::Stream => RowForm::Stream,
                Density::Heat => RowForm::Heat,
            };
            let tape = Tape {
                x: columns.cards_x,
                y,
                pitch,
                size,
                from: 0,
                slots: ((columns.cards_w - 4.0) / pitch).floor().max(3.0) as u32,
                flat: form != RowForm::Cells,
            };
            let shared = snapshot.groups.iter().any(Group::is_shared);
            let (up, down) = match (roomy, snug) {
                // With room for the words under a position.
                (true, _) if shared => (60.0, 62.0),
                (true, _) => (60.0, 50.0),
                (false, true) => (57.0, 32.0),
                (false, false) => (38.0, 20.0),
            };
            let down = match count {
                // Each group has a line of its own under a log that stands alone.
                1 => down + 22.0 * snapshot.groups.len().clamp(1, 5).saturating_sub(1) as f64,
                _ => f64::min(down, step - up - 2.0),
            };
            // Where groups stand under the logs, nothing of a log reaches into them.
            let down = match narrow {
                true => down.min(below - 2.0),
                false => down,
            };
            let area = Rect::new(tape.x - 8.0, y - up, tape.width() + 16.0, up + down);
            layout
                .rows
                .insert((partition.id.clone(), home), Row { area, form, tape });
            bottom = y + below;
            y += step;
        }
    }
    bottom
}

/// Boxes left and right, spread along the rows.
fn clients(snapshot: &Snapshot, layout: &mut Layout, bottom: f64) {
    let columns = layout.columns;
    let narrow = layout.ask.size.w < 600.0;
    let (top, bottom) = (20.0, bottom.min(layout.ask.size.h - 12.0).max(140.0));
    let middle = |layout: &Layout, partitions: &mut dyn Iterator<Item = &_>| {
        let ys: Vec<f64> = partitions
            .filter_map(|id| {
                let home = snapshot.partition(id)?.home()?;
                Some(layout.row(id, home)?.tape.y)
            })
            .collect();
        match ys.is_empty() {
            true => bottom,
            false => ys.iter().sum::<f64>() / ys.len() as f64,
        }
    };
    let h = |count: usize| {
        let most = if narrow { 92.0 } else { 104.0 };
        ((bottom - top) / count.max(1) as f64 - 12.0).clamp(64.0, most)
    };
    let tall = h(snapshot.producers.len());
    let wanted: Vec<(f64, f64)> = snapshot
        .producers
        .iter()
        .map(|producer| {
            let mut aims = producer.writes.iter().map(|aim| &aim.partition);
            (middle(layout, &mut aims), tall)
        })
        .collect();
    let n = wanted.len() as f64;
    let middles = lanes::spread(&wanted, 12.0, top, bottom);
    let edge = columns.producers_x + columns.producers_w;
    for (at, (producer, mid)) in snapshot.producers.iter().zip(middles).enumerate() {
        let area = Rect::new(
            columns.producers_x,
            mid - tall / 2.0,
            columns.producers_w,
            tall,
        );
        let between = f64::min(12.0, (columns.cards_x - edge - 12.0) / n);
        let lane = (edge + columns.cards_x) / 2.0 + (at as f64 - (n - 1.0) / 2.0) * between - 2.0;
        layout.producers.insert(producer.id, Client { area, lane });
    }
    let from = match narrow {
        true => top,
        false => frames(snapshot, layout, (top, bottom)),
    };
    let framed = |consumer: &&Consumer| groups::is_framed(snapshot, consumer);
    let loose: Vec<&Consumer> = snapshot.consumers.iter().filter(|c| !framed(c)).collect();
    let n = loose.len() as f64;
    let most = if narrow { 92.0 } else { 104.0 };
    let tall = ((bottom - from) / n.max(1.0) - 12.0).clamp(64.0, most);
    let wanted: Vec<(f64, f64)> = loose
        .iter()
        .map(|consumer| {
            let mut reads = consumer.reads.iter().map(|reading| &reading.partition);
            (middle(layout, &mut reads), tall)
        })
        .collect();
    let middles = lanes::spread(&wanted, 12.0, from, bottom);
    let all = snapshot.consumers.len() as f64;
    let gap = columns.readers_x - columns.cards_right();
    for (consumer, mid) in loose.iter().zip(middles) {
        let area = Rect::new(columns.readers_x, mid - tall / 2.0, columns.readers_w, tall);
        let lane = 0.0;
        layout.consumers.insert(consumer.id, Client { area, lane });
    }
    for (at, consumer) in snapshot.consumers.iter().enumerate() {
        let between = f64::min(14.0, (gap - 20.0) / all);
        let first = columns.cards_right() + f64::min(28.0, gap / 2.0);
        let Some(client) = layout.consumers.get_mut(&consumer.id) else {
            continue;
        };
        if !narrow || !groups::is_framed(snapshot, consumer) {
            client.lane = first + at as f64 * between;
        }
    }
}

/// The frames of groups that share partitions, one under the other; returns where others may stand.
fn frames(snapshot: &Snapshot, layout: &mut Layout, (top, bottom): (f64, f64)) -> f64 {
    let columns = layout.columns;
    let shared: Vec<&Group> = snapshot.groups.iter().filter(|g| g.is_shared()).collect();
    if shared.is_empty() {
        return top;
    }
    let members = |group: &Group| groups::members(snapshot, group);
    let count: usize = shared.iter().map(|group| members(group).len()).sum();
    let loose = snapshot.consumers.len() - count;
    let heads: f64 = shared
        .iter()
        .map(|group| groups::head(group, columns.readers_w) + 10.0 + APART)
        .sum();
    let wanted = top + heads + count as f64 * (TALLEST + BETWEEN);
    let bottom = bottom.max(wanted.min(layout.ask.size.h - 16.0));
    let room = bottom - top - heads - loose as f64 * 76.0;
    let tall = (room / count.max(1) as f64 - BETWEEN).clamp(44.0, TALLEST);
    let all = heads - APART + count as f64 * (tall + BETWEEN);
    let mut y = match loose {
        0 => ((top + bottom - all) / 2.0).max(top),
        _ => top,
    };
    for group in shared {
        let from = y;
        y += groups::head(group, columns.readers_w);
        for member in members(group) {
            let (x, w) = (columns.readers_x + INSET, columns.readers_w - 2.0 * INSET);
            let area = Rect::new(x, y, w, tall);
            layout
                .consumers
                .insert(member.id, Client { area, lane: 0.0 });
            y += tall + BETWEEN;
        }
        y += 10.0;
        let frame = Rect::new(columns.readers_x, from, columns.readers_w, y - from);
        layout.groups.insert(group.name.clone(), frame);
        y += APART;
    }
    y
}
