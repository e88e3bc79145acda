//! How crowded each log is drawn: its level follows its rate, and changes neither at once nor to and fro.

use crate::model::TopicPartition;
use crate::session::{Session, Showing};
use crate::sorted::SortedMap;
use crate::stage::density::{Density, LETTER_CELL};
use crate::stage::extract::{self, Rate};
use crate::stage::snapshot::Snapshot;
use crate::time::Duration;
use crate::ui::player::now;

/// The level of every partition that is written.
#[derive(Default)]
pub struct Levels {
    rates: SortedMap<TopicPartition, Rate>,
    levels: SortedMap<TopicPartition, Level>,
}

struct Level {
    density: Density,
    /// Since when, in milliseconds of the browser's time.
    since: f64,
}

impl Levels {
    /// Takes the rates as they are while time runs.
    pub fn follow(&mut self, session: &Session, showing: &Showing) {
        self.rates = extract::rates(session.journal(), &showing.ages(session));
    }

    /// Gives every partition its rates and its level.
    pub fn apply(&mut self, session: &Session, snapshot: &mut Snapshot, chosen: Option<Density>) {
        let written = extract::written(session.journal(), session.now());
        let count = snapshot.partitions().count();
        let now = now();
        let partitions = snapshot
            .topics
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        for partition in partitions {
            let rate = self.rates.get(&partition.id).copied().unwrap_or_default();
            let level = self.levels.entry(partition.id.clone()).or_insert(Level {
                density: Density::default(),
                since: now - 1_000.0,
            });
            let age = Duration::from_millis((now - level.since) as u64);
            let next = level.density.after(age, rate.steady, LETTER_CELL, count);
            if next != level.density {
                *level = Level {
                    density: next,
                    since: now,
                };
            }
            partition.rate = rate.mean;
            partition.written = written.get(&partition.id).copied().unwrap_or_default();
            partition.density = chosen.unwrap_or(level.density);
        }
    }
}
