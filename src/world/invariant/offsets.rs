//! What a group has committed is what its members find.

use std::collections::VecDeque;

use super::coordinators::home_of;
use super::{Invariant, View, broker};
use crate::broker::{Broker, OFFSETS_TOPIC};
use crate::client::consumer::committed::COMMITTED;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ApiKey;
use crate::sorted::SortedMap;
use crate::time::Instant;

/// How many commits of a partition are remembered. A member that asks is answered before there are so many
/// more.
const REMEMBERED: usize = 256;

/// Commits of one partition, the oldest first.
type Commits = VecDeque<(Instant, Option<Offset>)>;

/// K6 whoever asks how far his group has read is told what was committed last before he asked, or something
/// that was committed since; never that there is nothing, and never less.
///
/// A commit that was answered with an error may have been written all the same: what the next coordinator finds
/// and nobody has been told of counts from then on.
///
/// A coordinator that was replaced and does not know it may still tell what it knew, as Kafka's may: only the
/// present one is held to it. What is gone with the partition that kept it is excused. And when
/// `__consumer_offsets` has got more partitions, a broker that starts looks for a group in another of them than
/// the others, as Kafka's does, and finds what was written in that one.
#[derive(Clone, Debug, Default)]
pub struct CommitsAreKept {
    /// What was committed and when, and in which partition of `__consumer_offsets` it stands; `None` that it was
    /// forgotten.
    commits: SortedMap<(Text, TopicPartition, i32), Commits>,
    /// When each consumer last asked.
    asked: SortedMap<ProcessId, Instant>,
}

impl Invariant for CommitsAreKept {
    fn name(&self) -> &'static str {
        "CommitsAreKept"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::OffsetCommitted {
                group,
                partition,
                offset,
            } => {
                if let Some(home) = broker(entry).and_then(|by| home_of(view, by, group)) {
                    self.remember(group, partition, home, entry.at, Some(*offset));
                }
                Ok(())
            }
            Fact::OffsetForgotten { group, partition } => {
                if let Some(home) = broker(entry).and_then(|by| home_of(view, by, group)) {
                    self.remember(group, partition, home, entry.at, None);
                }
                Ok(())
            }
            Fact::GroupsLoaded { partition, .. } => {
                if let Some(by) = broker(entry) {
                    self.found(view, by, entry.at, *partition);
                }
                Ok(())
            }
            Fact::RequestSent { api, .. } => {
                if let Some(by) = entry.by.filter(|_| *api == ApiKey::OffsetFetch) {
                    self.asked.insert(by, entry.at);
                }
                Ok(())
            }
            Fact::PositionSet { partition, to, why } => {
                let told = match &**why {
                    COMMITTED => Some(*to),
                    why if why.starts_with("nothing committed") => None,
                    _ => return Ok(()),
                };
                self.told(view, entry, partition, told)
            }
            _ => Ok(()),
        }
    }
}

impl CommitsAreKept {
    fn remember(
        &mut self,
        group: &Text,
        partition: &TopicPartition,
        home: i32,
        at: Instant,
        offset: Option<Offset>,
    ) {
        let key = (group.clone(), partition.clone(), home);
        let commits = self.commits.entry(key).or_default();
        if commits.len() == REMEMBERED {
            commits.pop_front();
        }
        commits.push_back((at, offset));
    }

    /// A coordinator has read what stands in a partition.
    fn found(&mut self, view: View<'_>, by: BrokerId, at: Instant, partition: i32) {
        let coordinator = view.world.broker_by_id(by).map(Broker::coordinator);
        let groups = coordinator.map(|coordinator| coordinator.groups_in(partition));
        for group in groups.into_iter().flatten() {
            for (name, committed) in group.offsets().iter() {
                let key = (group.id.clone(), name.clone(), partition);
                let known = self.commits.get(&key);
                let mut known = known.into_iter().flatten();
                if known.all(|(_, offset)| *offset != Some(committed.offset)) {
                    self.remember(&group.id, name, partition, at, Some(committed.offset));
                }
            }
        }
    }

    fn told(
        &self,
        view: View<'_>,
        entry: &Entry,
        partition: &TopicPartition,
        told: Option<Offset>,
    ) -> Result<(), String> {
        let consumer = entry.by.and_then(|by| view.world.host(by)?.consumer());
        let asked = entry.by.and_then(|by| self.asked.get(&by));
        let (Some(consumer), Some(asked)) = (consumer, asked) else {
            return Ok(());
        };
        let group = &consumer.config().group_id;
        let Some(coordinator) = consumer.coordinator() else {
            return Ok(());
        };
        let Some(home) = home_of(view, coordinator, group) else {
            return Ok(());
        };
        let key = (group.clone(), partition.clone(), home);
        let Some(commits) = self.commits.get(&key) else {
            return match told {
                None => Ok(()),
                Some(told) => Err(format!(
                    "K6: group {group} has committed {told} of {partition}, which nobody did"
                )),
            };
        };
        let home = &TopicPartition {
            topic: TopicName::new(OFFSETS_TOPIC),
            partition: home,
        };
        let Some(state) = view.world.cluster().partition(home) else {
            return Ok(());
        };
        let excused = view.losses.is_lost(home) || view.losses.is_torn(home);
        if excused || state.leader != coordinator {
            return Ok(());
        }
        let before = commits.iter().rev().find(|(at, _)| at < asked);
        let before = before.map(|(_, offset)| *offset);
        let since = commits.iter().filter(|(at, _)| at >= asked);
        let mut allowed = since.map(|(_, offset)| *offset);
        // What was committed so long ago that it is forgotten here is not held against anybody.
        let unknown = before.is_none() && commits.len() == REMEMBERED;
        let begins = before.is_none() && told.is_none();
        if unknown || begins || before == Some(told) || allowed.any(|offset| offset == told) {
            return Ok(());
        }
        let shown = |offset: Option<Offset>| match offset {
            Some(offset) => offset.to_string(),
            None => "nothing".to_owned(),
        };
        Err(format!(
            "K6: group {group} is told {} of {partition}, but has committed {}",
            shown(told),
            shown(before.flatten())
        ))
    }
}
