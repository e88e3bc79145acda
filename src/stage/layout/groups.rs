//! Groups that share partitions among their members: how high their heads are, where their members stand, and
//! the strip that they become on a narrow stage.
//!
//! Where a member stands follows from who the members are and which topics they read, never from who has
//! which partition just now: boxes stay while partitions change hands.

use crate::model::TopicPartition;
use crate::stage::geometry::Rect;
use crate::stage::kit;
use crate::stage::layout::{Client, Layout};
use crate::stage::snapshot::{Consumer, Group, Snapshot};

/// The height of a strip's head and of the boxes under it, and what is between.
const STRIP_HEAD: f64 = 22.0;
const STRIP_BOX: f64 = 34.0;
const BETWEEN: f64 = 6.0;
/// Members in one line of a strip.
const IN_LINE: usize = 4;

/// How high the head of a group's frame is: its name, its state, and who coordinates it.
pub(super) fn head(group: &Group, width: f64) -> f64 {
    match width >= kit::WIDE_FRAME {
        true => 62.0,
        false => 45.0 + 15.0 * kit::broken(&group.name, width - 10.0).len() as f64,
    }
}

/// The members of a group in the order in which they were made.
pub(super) fn members<'a>(snapshot: &'a Snapshot, group: &Group) -> Vec<&'a Consumer> {
    let all = snapshot.consumers.iter();
    all.filter(|consumer| consumer.group.as_ref() == Some(&group.name))
        .collect()
}

/// The partitions beside which the n-th of so many members stands: its share of each topic, were they divided by
/// ranges.
pub(super) fn beside(
    snapshot: &Snapshot,
    group: &Group,
    nth: usize,
    members: usize,
) -> Vec<TopicPartition> {
    let topics = snapshot
        .topics
        .iter()
        .filter(|topic| group.topics.contains(&topic.name));
    let shares = topics.flat_map(|topic| {
        let (each, more) = (
            topic.partitions.len() / members.max(1),
            topic.partitions.len() % members.max(1),
        );
        let first = nth * each + nth.min(more);
        let count = each + usize::from(nth < more);
        let share = topic.partitions.iter().skip(first).take(count);
        share.map(|partition| partition.id.clone())
    });
    shares.collect()
}

/// Places the groups under what stands on a narrow stage; returns where the last one ends.
pub(super) fn strips(snapshot: &Snapshot, layout: &mut Layout, from: f64, lane: f64) -> f64 {
    let (x, w) = (12.0, layout.ask.size.w - 24.0);
    let mut y = from;
    for group in snapshot.groups.iter().filter(|group| group.is_shared()) {
        let members = members(snapshot, group);
        let per_line = members.len().clamp(1, IN_LINE);
        let each = (w - BETWEEN * (per_line as f64 - 1.0)) / per_line as f64;
        let lines = members.len().div_ceil(per_line) as f64;
        for (nth, member) in members.iter().enumerate() {
            let column = (nth % per_line) as f64;
            let line = (nth / per_line) as f64;
            let area = Rect::new(
                x + column * (each + BETWEEN),
                y + STRIP_HEAD + line * (STRIP_BOX + BETWEEN),
                each,
                STRIP_BOX,
            );
            layout.consumers.insert(member.id, Client { area, lane });
        }
        let h = STRIP_HEAD + lines * (STRIP_BOX + BETWEEN);
        let area = Rect::new(x, y, w, h - BETWEEN);
        layout.groups.insert(group.name.clone(), area);
        y += h;
    }
    match y > from {
        true => y - BETWEEN,
        false => y,
    }
}

/// True for a consumer that stands in the frame of such a group.
pub(super) fn is_framed(snapshot: &Snapshot, consumer: &Consumer) -> bool {
    let mut groups = snapshot.groups.iter().filter(|group| group.is_shared());
    groups.any(|group| Some(&group.name) == consumer.group.as_ref())
}
