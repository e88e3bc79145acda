//! Producers to the left of the cards, and readers to their right.

use super::Builder;
use crate::model::TopicPartition;
use crate::stage::geometry::Rect;
use crate::stage::layout::lanes::{self, Run};
use crate::stage::layout::{Client, Manner, groups};
use crate::stage::snapshot::{Aim, Consumer, Group};

impl Builder<'_> {
    /// Producers stand evenly along the cards, or one below the other where these are too low; each has a lane of its own
    /// in the gutter. Returns where the lowest one ends.
    pub(super) fn producers(&mut self) -> f64 {
        let columns = self.layout.columns;
        let (top, bottom) = self.span();
        let n = self.snapshot.producers.len() as f64;
        let share = (bottom - top) / n.max(1.0);
        let tall = if self.is_focus() { 100.0 } else { 92.0 };
        let edge = columns.producers_x + columns.producers_w;
        let middle = (edge + columns.cards_x) / 2.0;
        let between = (16.0f64).min((columns.cards_x - edge - 16.0) / n.max(1.0));
        let mut end = f64::NEG_INFINITY;
        for (index, producer) in self.snapshot.producers.iter().enumerate() {
            let at = index as f64;
            let mut mid = top + share * (at + 0.5);
            if let Some(home) = self.only_home(&producer.writes) {
                mid = home;
            }
            let h: f64 = match producer.acks.is_none() && producer.note.is_empty() {
                true => 88.0,
                false => tall,
            };
            let h = h.min(share - 8.0).max(56.0);
            let y = (mid - h / 2.0).max(end + 8.0);
            let area = Rect::new(columns.producers_x, y, columns.producers_w, h);
            end = area.bottom();
            let lane = middle + (at - (n - 1.0) / 2.0) * between;
            self.layout
                .producers
                .insert(producer.id, Client { area, lane });
        }
        // Whoever has errands stands below all who write.
        let operators = self.snapshot.operators.iter();
        for (nth, operator) in (0..operators.len()).rev().zip(operators) {
            let y = (bottom - 62.0 - 70.0 * nth as f64).max(end + 14.0);
            let area = Rect::new(columns.producers_x, y, columns.producers_w, 56.0);
            end = area.bottom();
            let lane = middle + 8.0;
            let client = Client { area, lane };
            self.layout.producers.insert(operator.id, client);
        }
        end
    }

    /// The subject's home row, for a producer alone beside it.
    fn only_home(&self, writes: &[Aim]) -> Option<f64> {
        let subject = self.snapshot.subject.as_ref()?;
        let mut aims = writes.iter();
        let alone = self.snapshot.producers.len() == 1 && aims.any(|aim| aim.partition == *subject);
        alone.then(|| self.home_y(subject)).flatten()
    }

    /// The middle of the row on the partition's home broker.
    fn home_y(&self, partition: &TopicPartition) -> Option<f64> {
        let home = self.snapshot.partition(partition)?.home()?;
        Some(self.layout.row(partition, home)?.tape.y)
    }

    /// Places groups and their members; returns where the lowest one ends.
    pub(super) fn readers(&mut self) -> f64 {
        let columns = self.layout.columns;
        let (top, bottom) = self.span();
        let snapshot = self.snapshot;
        let tight = self.layout.manner == Manner::Strips;
        let groups = &snapshot.groups;
        let in_group = |consumer: &&Consumer| {
            let mut groups = groups.iter();
            groups.any(|group| consumer.group.as_ref() == Some(&group.name))
        };
        let loose: Vec<&Consumer> = snapshot.consumers.iter().filter(|c| !in_group(c)).collect();
        let mut end = top;
        if let ([group], []) = (groups.as_slice(), loose.as_slice()) {
            let members: Vec<&Consumer> = snapshot.consumers.iter().collect();
            let frame = Rect::new(columns.readers_x, top, columns.readers_w, bottom - top);
            let head = match group.is_shared() {
                true => groups::head(group, frame.w),
                false => 48.0,
            };
            let (from, to) = (top + head, frame.bottom() - 10.0);
            let low = self.members(&members, Some(group), from, to, 10.0);
            let frame = Rect {
                h: frame.h.max(low + 10.0 - top),
                ..frame
            };
            end = frame.bottom();
            self.layout.groups.insert(group.name.clone(), frame);
        } else {
            let (between, apart, plain) = if tight {
                (4.0, 10.0, 47.0)
            } else {
                (10.0, 18.0, 51.0)
            };
            for group in groups {
                let members = groups::members(snapshot, group);
                let head = match group.is_shared() {
                    true => groups::head(group, columns.readers_w),
                    false => plain,
                };
                let y = if end > top { end + apart } else { top };
                let boxes = members.iter().map(|c| self.reader_height(c) + between);
                let h: f64 = boxes.sum();
                self.members(&members, Some(group), y + head, y + head + h, 10.0);
                let frame = Rect::new(columns.readers_x, y, columns.readers_w, head + 6.0 + h);
                end = frame.bottom();
                self.layout.groups.insert(group.name.clone(), frame);
            }
            if !loose.is_empty() {
                let from = if end > top { end + apart } else { top };
                end = end.max(self.members(&loose, None, from, bottom, 0.0));
            }
        }
        self.reader_lanes();
        end
    }

    /// Places boxes beside the rows they read; returns where the last one ends.
    fn members(
        &mut self,
        members: &[&Consumer],
        group: Option<&Group>,
        top: f64,
        bottom: f64,
        inset: f64,
    ) -> f64 {
        let columns = self.layout.columns;
        let shared = group.filter(|group| group.is_shared());
        let boxes: Vec<(f64, f64)> = members
            .iter()
            .enumerate()
            .map(|(nth, consumer)| {
                let beside: Vec<TopicPartition> = match shared {
                    Some(group) => groups::beside(self.snapshot, group, nth, members.len()),
                    None => consumer.reads.iter().map(|r| r.partition.clone()).collect(),
                };
                let homes = beside.iter().filter_map(|partition| self.home_y(partition));
                let homes: Vec<f64> = homes.collect();
                let wanted = match homes.is_empty() {
                    true => bottom,
                    false => homes.iter().sum::<f64>() / homes.len() as f64,
                };
                (wanted, self.reader_height(consumer))
            })
            .collect();
        let tight = self.layout.manner == Manner::Strips;
        let middles = lanes::spread(&boxes, if tight { 4.0 } else { 10.0 }, top, bottom);
        let mut end = top;
        for ((consumer, mid), (_, h)) in members.iter().zip(middles).zip(&boxes) {
            let area = Rect::new(
                columns.readers_x + inset,
                mid - h / 2.0,
                columns.readers_w - 2.0 * inset,
                *h,
            );
            end = end.max(area.bottom());
            let lane = columns.cards_right() + 16.0;
            self.layout
                .consumers
                .insert(consumer.id, Client { area, lane });
        }
        end
    }

    fn reader_height(&self, consumer: &Consumer) -> f64 {
        let mut groups = self.snapshot.groups.iter();
        let group = groups.find(|g| g.is_shared() && Some(&g.name) == consumer.group.as_ref());
        // A line for each topic, or for each partition that was assigned by hand.
        let lines = group.map_or(consumer.reads.len(), |group| group.topics.len());
        let more = lines.saturating_sub(1) as f64;
        match self.layout.manner {
            manner if manner.is_rows() => 54.0,
            Manner::Focus | Manner::FocusLow => 68.0,
            _ => 58.0 + 16.0 * more,
        }
    }

    /// Gives every reader a lane, by the rows of its home brokers.
    fn reader_lanes(&mut self) {
        let columns = self.layout.columns;
        let lanes = ((columns.gap() - 24.0) / 16.0).floor().clamp(1.0, 6.0) as usize;
        let ids: Vec<_> = self.snapshot.consumers.iter().map(|c| c.id).collect();
        let runs: Vec<Vec<Run>> = self
            .snapshot
            .consumers
            .iter()
            .map(|consumer| {
                let area = self.layout.consumers[&consumer.id].area;
                let rows = consumer.reads.iter();
                let rows = rows.filter_map(|reading| self.home_y(&reading.partition));
                let alone = consumer.reads.len() == 1;
                rows.map(|from| {
                    let inside = from >= area.y + 10.0 && from <= area.bottom() - 10.0;
                    let to = if alone && inside { from } else { area.mid().y };
                    Run { from, to }
                })
                .collect()
            })
            .collect();
        for (id, lane) in ids.into_iter().zip(lanes::assign(&runs, lanes)) {
            let x = columns.cards_right() + 16.0 + 16.0 * lane as f64;
            if let Some(client) = self.layout.consumers.get_mut(&id) {
                client.lane = x;
            }
        }
    }
}
