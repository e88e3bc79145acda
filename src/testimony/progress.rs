//! `Progress`: how far each member of a group was handed its partitions, and how far it is done with them.
//!
//! A member reads on from where it was placed; so what it is done with reaches from there to the end of what it was
//! done with last, whatever is missing in between. Some may be passed over without anybody being to blame: what lies
//! between where a member stood, or what its group has claimed, and the place at which it was put by a reset or a seek,
//! what it commits before it has worked on it because it is set to do so (X14) or somebody has told it to, and what a
//! stranger has committed for the group.

use super::groups::Groups;
use crate::client::config::CommitsWhen;
use crate::client::consumer::committed::COMMITTED;
use crate::fact::{Entry, Fact};
use crate::model::{Offset, ProcessId, Text, TopicPartition};
use crate::process::Instruction;
use crate::script::{self, Action};
use crate::sorted::SortedMap;
use crate::world::{Command, World};

/// Where a member is in a partition.
#[derive(Clone, Debug)]
struct Stands {
    group: Text,
    /// Where it was put, or the end of what it was handed since.
    handed: Offset,
    /// Where it was put, or the end of what it is done with since.
    done: Offset,
}

/// Where all members are.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    stands: SortedMap<(ProcessId, TopicPartition), Stands>,
}

impl Progress {
    /// Learns from a piece of news.
    pub(super) fn add(&mut self, world: &World, entry: &Entry, groups: &mut Groups) {
        if let Fact::Commanded { line } = &entry.fact {
            return self.commanded(line, groups);
        }
        let Some(by) = entry.by else {
            return;
        };
        match &entry.fact {
            Fact::PositionSet { partition, to, why } => {
                let consumer = world.host(by).and_then(|host| host.consumer());
                let Some(consumer) = consumer.filter(|consumer| consumer.config().has_group())
                else {
                    return;
                };
                let group = consumer.config().group_id.clone();
                match &**why == COMMITTED {
                    true => groups.resumes(&group, partition, *to),
                    false => {
                        let stood = self.stands_at(by, partition);
                        groups.may_pass_over(&group, partition, (stood, *to));
                    }
                }
                let (handed, done) = (*to, *to);
                let stands = Stands {
                    group,
                    handed,
                    done,
                };
                self.stands.insert((by, partition.clone()), stands);
            }
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                ..
            } => {
                if let Some(stands) = self.stands.get_mut(&(by, partition.clone())) {
                    stands.handed = *next_offset;
                    let consumer = world.host(by).and_then(|host| host.consumer());
                    if consumer.is_some_and(|consumer| consumer.is_done_at_once()) {
                        stands.finishes(partition, (*base_offset, *next_offset), groups);
                    }
                }
            }
            Fact::RecordsProcessed {
                partition,
                base_offset,
                next_offset,
                ..
            } => {
                if let Some(stands) = self.stands.get_mut(&(by, partition.clone())) {
                    stands.finishes(partition, (*base_offset, *next_offset), groups);
                }
            }
            Fact::Killed { .. } | Fact::Stopped => {
                self.stands.retain(|(other, _), _| *other != by);
            }
            _ => {}
        }
    }

    /// Somebody has a member commit what it was handed, whether or not it is done with it.
    fn commanded(&self, line: &str, groups: &mut Groups) {
        let command = script::parse_line(line).ok();
        let Some(Action::Command(Command::Tell {
            client,
            instruction: Instruction::Commit,
        })) = command
        else {
            return;
        };
        let own = self.stands.iter().filter(|((by, _), _)| *by == client);
        for ((_, partition), stands) in own {
            groups.may_pass_over(&stands.group, partition, (stands.done, stands.handed));
        }
    }

    /// A member commits. One that does so before its work may pass over what it commits.
    pub(super) fn commits(
        &self,
        world: &World,
        by: ProcessId,
        group: &Text,
        offsets: &[(TopicPartition, Offset)],
        groups: &mut Groups,
    ) {
        let consumer = world.host(by).and_then(|host| host.consumer());
        let when = consumer.map(|consumer| consumer.config().application_commits);
        for (partition, offset) in offsets {
            if when == Some(CommitsWhen::First) {
                let stood = self.stands_at(by, partition);
                groups.may_pass_over(group, partition, (stood, *offset));
            }
            groups.claims(group, partition, *offset);
        }
    }

    /// How far a member is done with a partition, or the beginning.
    fn stands_at(&self, by: ProcessId, partition: &TopicPartition) -> Offset {
        let stands = self.stands.get(&(by, partition.clone()));
        stands.map_or(Offset::ZERO, |stands| stands.done)
    }
}

impl Stands {
    fn finishes(
        &mut self,
        partition: &TopicPartition,
        (from, to): (Offset, Offset),
        groups: &mut Groups,
    ) {
        let from = self.done.min(from);
        groups.processed(&self.group, partition, from, to);
        self.done = to;
    }
}
