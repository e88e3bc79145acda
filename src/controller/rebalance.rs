//! Preferred leaders (`checkAndTriggerAutoLeaderRebalance`).
//!
//! The first replica of an assignment is the preferred leader: assignments are made so that preferred
//! leaders are spread evenly. After a crash they are not the leaders any more, and being in sync again
//! does not change that. So every five minutes the controller looks: a broker that does not lead more
//! than a tenth of what it should gets those partitions back for which it is alive and in sync.

use super::Controller;
use super::step::Step;
use super::strategy::Strategy;
use super::work::Event;
use crate::model::{BrokerId, TopicPartition};
use crate::sorted::SortedMap;
use crate::time::Instant;

impl Controller {
    pub(super) fn check_rebalance(&mut self, now: Instant) {
        let Some(interval) = self.rules.rebalance_interval else {
            return;
        };
        if self.rebalance_at.is_some_and(|at| at <= now) {
            self.rebalance_at = Some(now + interval);
            self.push_event(Event::Rebalance);
        }
    }

    pub(super) fn rebalance(&mut self) {
        let mut preferred: SortedMap<BrokerId, Vec<(TopicPartition, bool)>> = SortedMap::new();
        for (name, state) in self.store.partitions() {
            let stays = state.is_born() && !self.is_deleting(&name.topic);
            let Some(first) = state.replicas.first().filter(|_| stays) else {
                continue;
            };
            let strays = state.leader != *first;
            let partitions = preferred.entry(*first).or_default();
            partitions.push((name, strays));
        }
        let percentage = self.rules.imbalance_percentage as usize;
        let mut back = Vec::new();
        for (broker, partitions) in preferred.iter() {
            let strays = partitions.iter().filter(|(_, strays)| *strays);
            if !self.store.is_alive(*broker)
                || strays.clone().count() * 100 <= partitions.len() * percentage
            {
                continue;
            }
            let fit = strays.filter(|(name, _)| {
                let state = self.store.partition(name);
                state.is_some_and(|state| state.isr.contains(broker) && !state.is_reassigning())
            });
            back.extend(fit.map(|(name, _)| name.clone()));
        }
        if !back.is_empty() {
            self.next_all(vec![Step::Elect(back, Strategy::Preferred), Step::Flush]);
        }
    }
}
