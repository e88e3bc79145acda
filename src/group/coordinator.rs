//! `Coordinator`: the groups of one broker.
//!
//! A broker coordinates a group while it leads the partition that keeps it. When it comes to lead one, it
//! reads what is there; until that is done its groups are *loading*, and whoever asks is told to ask again.
//! When it leads it no more, whoever waits is sent away and the groups are forgotten here.

use bytes::Bytes;

use super::config::GroupConfig;
use super::desk::{Desk, Timer, Writing};
use super::record::{self, Said};
use super::state::Group;
use super::{Effect, Token, heartbeat, join, rebalance, sync};
use crate::fact::Fact;
use crate::model::{Offset, Text};
use crate::protocol::ErrorCode;
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::{Instant, Moment};

/// The groups of one broker.
#[derive(Clone, Debug)]
pub struct Coordinator {
    pub(super) shards: SortedMap<i32, Shard>,
    pub(super) desk: Desk,
}

/// The groups that one partition of `__consumer_offsets` keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Shard {
    /// What is there has not been read to its end yet.
    loading: bool,
    pub(super) groups: SortedMap<Text, Group>,
}

/// Whether an API accepts the empty name for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Members need a name.
    Named,
    /// Offsets have always been kept under the empty name too.
    Any,
}

impl Coordinator {
    /// A coordinator of nothing yet.
    pub fn new(config: GroupConfig, rng: Rng) -> Coordinator {
        Coordinator {
            shards: SortedMap::new(),
            desk: Desk::new(config, rng),
        }
    }

    /// How many partitions there are in fact, which may be another number than this broker would have made.
    /// It is heard once: were it to change, groups would be looked for where they are not.
    pub fn set_partitions(&mut self, count: i32) {
        self.desk.partitions.get_or_insert(count);
    }

    /// Whether it has been heard how many there are. Until then nobody knows where a group is kept.
    pub fn knows_partitions(&self) -> bool {
        self.desk.partitions.is_some()
    }

    /// The partition that keeps a group.
    pub fn partition_of(&self, group: &str) -> i32 {
        self.desk.partition_of(group)
    }

    /// Whether the groups of a partition are coordinated here, or about to be.
    pub fn coordinates(&self, partition: i32) -> bool {
        self.shards.contains_key(&partition)
    }

    pub fn config(&self) -> &GroupConfig {
        &self.desk.config
    }

    /// What is to be done now. To be asked for after every call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.desk.effects)
    }

    /// The groups that are coordinated here.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.shards.values().flat_map(|shard| shard.groups.values())
    }

    /// Those of them that a partition keeps.
    ///
    /// Unlike Kafka, which has all groups in one map: there a broker that leads both finds a group that stands in
    /// another partition than its name says by now.
    pub fn groups_in(&self, partition: i32) -> impl Iterator<Item = &Group> {
        let shard = self.shards.get(&partition).into_iter();
        shard.flat_map(|shard| shard.groups.values())
    }

    /// One of them.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.shards.get(&self.partition_of(id))?.groups.get(id)
    }

    /// What is waited for, and until when.
    pub fn deadlines(&self) -> impl Iterator<Item = (Instant, &Timer)> {
        self.desk.timers.iter()
    }

    pub fn next_wakeup(&self) -> Option<Instant> {
        self.desk.timers.next()
    }

    // ---- partitions come and go

    /// This broker leads a partition of `__consumer_offsets` from now on, and is about to read it.
    pub fn begin_loading(&mut self, partition: i32) {
        let loading = Shard {
            loading: true,
            groups: SortedMap::new(),
        };
        self.shards.insert(partition, loading);
    }

    /// Everything that stands in the partition, in the order of the log. It is known by now how many partitions
    /// there are. Records that cannot be read
    /// are left out.
    ///
    /// Unlike Kafka, which gives up the partition at the first of them.
    pub fn loaded(
        &mut self,
        at: Moment,
        partition: i32,
        records: impl Iterator<Item = (Offset, Bytes, Option<Bytes>)>,
    ) {
        assert!(
            self.knows_partitions(),
            "where groups are kept is known before any is"
        );
        self.desk.at = at;
        let Some(shard) = self.shards.get_mut(&partition) else {
            return;
        };
        let mut groups: SortedMap<Text, Group> = SortedMap::new();
        for (offset, key, value) in records {
            match record::read(&key, value.as_ref()) {
                Ok(Said::Offset {
                    group,
                    partition,
                    committed,
                }) => {
                    let group = groups
                        .entry(group.clone())
                        .or_insert_with(|| Group::new(group, at.wall));
                    match committed {
                        Some(committed) => {
                            group.offsets.take(partition, offset, committed);
                        }
                        None => group.offsets.forget(&partition),
                    }
                }
                Ok(Said::Group { group, value }) => {
                    let known = groups.remove(&group);
                    let offsets = known.map(|group| group.offsets).unwrap_or_default();
                    let mut restored = match value {
                        Some(value) => Group::restored(group.clone(), value, at.wall),
                        None => Group::new(group.clone(), at.wall),
                    };
                    restored.offsets = offsets;
                    groups.insert(group, restored);
                }
                Ok(Said::Unknown) | Err(_) => {}
            }
        }
        groups.retain(|_, group| {
            !group.members.is_empty() || group.generation > 0 || !group.offsets.is_empty()
        });
        for group in groups.values_mut() {
            for id in group.member_ids() {
                self.desk.heard(group, &id);
            }
            if group.members.len() > self.desk.config.group_max_size {
                rebalance::prepare(group, &mut self.desk);
            }
        }
        shard.loading = false;
        shard.groups = groups;
        self.desk.note(Fact::GroupsLoaded {
            partition,
            groups: shard.groups.len() as u32,
        });
    }

    /// This broker leads the partition no more.
    pub fn unload(&mut self, at: Moment, partition: i32) {
        self.desk.at = at;
        let Some(shard) = self.shards.remove(&partition) else {
            return;
        };
        for (_, mut group) in shard.groups {
            rebalance::send_away(&mut group, ErrorCode::NotCoordinator, &mut self.desk);
        }
    }

    // ---- what is checked first

    /// Whether this broker can speak for a group (`validateGroupStatus`).
    pub(super) fn check(&self, group: &str, names: Names) -> Result<i32, ErrorCode> {
        if group.is_empty() && names == Names::Named {
            return Err(ErrorCode::InvalidGroupId);
        }
        if !self.knows_partitions() && !self.shards.is_empty() {
            return Err(ErrorCode::CoordinatorLoadInProgress);
        }
        let partition = self.partition_of(group);
        match self.shards.get(&partition) {
            None => Err(ErrorCode::NotCoordinator),
            Some(shard) if shard.loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Some(_) => Ok(partition),
        }
    }

    /// Whether any of its partitions is being read.
    pub fn is_loading(&self) -> bool {
        let unknown = !self.knows_partitions() && !self.shards.is_empty();
        unknown || self.shards.values().any(|shard| shard.loading)
    }

    pub(super) fn find(&mut self, group: &str) -> Option<(&mut Group, &mut Desk)> {
        let partition = self.partition_of(group);
        let group = self.shards.get_mut(&partition)?.groups.get_mut(group)?;
        Some((group, &mut self.desk))
    }

    /// The group, which begins now if there is none.
    pub(super) fn found(&mut self, partition: i32, group: &Text) -> (&mut Group, &mut Desk) {
        let wall = self.desk.at.wall;
        let shard = self.shards.entry(partition).or_default();
        let entry = shard.groups.entry(group.clone());
        let group = entry.or_insert_with(|| Group::new(group.clone(), wall));
        (group, &mut self.desk)
    }

    // ---- time and the log

    /// Does what has fallen due.
    pub fn wake(&mut self, at: Moment) {
        self.desk.at = at;
        while let Some(timer) = self.desk.timers.pop_due(at.now) {
            match timer {
                Timer::Session { group, member } => {
                    if let Some((group, desk)) = self.find(&group) {
                        heartbeat::silent(group, &member, desk);
                    }
                }
                Timer::Join { group } => {
                    if let Some((group, desk)) = self.find(&group) {
                        rebalance::join_is_over(group, desk);
                    }
                }
                Timer::Sync { group } => {
                    if let Some((group, desk)) = self.find(&group) {
                        sync::is_over(group, desk);
                    }
                }
                Timer::Retention => self.forget_expired(),
            }
        }
    }

    /// Records were committed, beginning at an offset, or will not be.
    pub fn appended(&mut self, at: Moment, token: Token, result: Result<Offset, ErrorCode>) {
        self.desk.at = at;
        let Some(writing) = self.desk.writes.remove(&token) else {
            return;
        };
        match writing {
            Writing::Parts {
                group,
                generation,
                parts,
            } => {
                if let Some((group, desk)) = self.find(&group) {
                    sync::written(group, generation, &parts, result.err(), desk);
                }
            }
            Writing::Returned {
                group,
                old,
                new,
                answer,
            } => {
                if let Some((group, desk)) = self.find(&group) {
                    join::returned(group, old, &new, *answer, result.err(), desk);
                }
            }
            Writing::Offsets {
                group,
                offsets,
                asker,
                response,
            } => self.offsets_written(&group, token, offsets, asker, *response, result),
            Writing::Rest => {}
        }
    }

    /// Has it believe something else of a group.
    #[cfg(test)]
    pub(crate) fn plant(&mut self, name: &str, change: impl FnOnce(&mut Group)) {
        let (group, _) = self.find(name).expect("it is coordinated here");
        change(group);
    }
}
