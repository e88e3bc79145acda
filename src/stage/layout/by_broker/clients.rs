//! Producers to the left of the cards, and readers to their right.

use super::Builder;
use crate::model::TopicPartition;
use crate::stage::geometry::Rect;
use crate::stage::layout::lanes::{self, Run};
use crate::stage::layout::{Client, Manner};
use crate::stage::snapshot::{Aim, Consumer};

impl Builder<'_> {
    /// Producers stand evenly along the cards; each has a lane of its own in the gutter.
    pub(super) fn producers(&mut self) {
        let columns = self.layout.columns;
        let (top, bottom) = self.span();
        let n = self.snapshot.producers.len() as f64;
        let share = (bottom - top) / n.max(1.0);
        let tall = if self.is_focus() { 100.0 } else { 92.0 };
        let edge = columns.producers_x + columns.producers_w;
        let middle = (edge + columns.cards_x) / 2.0;
        let between = (16.0f64).min((columns.cards_x - edge - 16.0) / n.max(1.0));
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
            let area = Rect::new(columns.producers_x, mid - h / 2.0, columns.producers_w, h);
            let lane = middle + (at - (n - 1.0) / 2.0) * between;
            self.layout
                .producers
                .insert(producer.id, Client { area, lane });
        }
        // Whoever has errands stands below all who write.
        for (nth, operator) in self.snapshot.operators.iter().rev().enumerate() {
            let y = bottom - 62.0 - 70.0 * nth as f64;
            let area = Rect::new(columns.producers_x, y, columns.producers_w, 56.0);
            let lane = middle + 8.0;
            let client = Client { area, lane };
            self.layout.producers.insert(operator.id, client);
        }
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
        let names: Vec<_> = self
            .snapshot
            .groups
            .iter()
            .map(|group| &group.name)
            .collect();
        let loose: Vec<&Consumer> = self
            .snapshot
            .consumers
            .iter()
            .filter(|consumer| !consumer.group.as_ref().is_some_and(|g| names.contains(&g)))
            .collect();
        let mut end = top;
        if names.len() == 1 && loose.is_empty() {
            let name = names[0].clone();
            let members: Vec<&Consumer> = self.snapshot.consumers.iter().collect();
            let frame = Rect::new(columns.readers_x, top, columns.readers_w, bottom - top);
            let low = self.members(&members, top + 48.0, frame.bottom() - 10.0, 10.0);
            let frame = Rect {
                h: frame.h.max(low + 10.0 - top),
                ..frame
            };
            end = frame.bottom();
            self.layout.groups.insert(name, frame);
        } else {
            let tight = self.layout.manner == Manner::Strips;
            let (between, apart, head) = if tight {
                (4.0, 10.0, 47.0)
            } else {
                (10.0, 18.0, 51.0)
            };
            for name in names {
                let members: Vec<&Consumer> = self
                    .snapshot
                    .consumers
                    .iter()
                    .filter(|consumer| consumer.group.as_ref() == Some(name))
                    .collect();
                let y = if end > top { end + apart } else { top };
                let boxes = members.iter().map(|c| self.reader_height(c) + between);
                let h: f64 = boxes.sum();
                self.members(&members, y + head, y + head + h, 10.0);
                let frame = Rect::new(columns.readers_x, y, columns.readers_w, head + 6.0 + h);
                end = frame.bottom();
                self.layout.groups.insert(name.clone(), frame);
            }
            if !loose.is_empty() {
                let from = if end > top { end + apart } else { top };
                end = end.max(self.members(&loose, from, bottom, 0.0));
            }
        }
        self.reader_lanes();
        end
    }

    /// Places boxes beside the rows they read; returns where the last one ends.
    fn members(&mut self, members: &[&Consumer], top: f64, bottom: f64, inset: f64) -> f64 {
        let columns = self.layout.columns;
        let boxes: Vec<(f64, f64)> = members
            .iter()
            .map(|consumer| {
                let homes: Vec<f64> = consumer
                    .reads
                    .iter()
                    .filter_map(|reading| self.home_y(&reading.partition))
                    .collect();
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
        let more = consumer.reads.len().saturating_sub(1) as f64;
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
