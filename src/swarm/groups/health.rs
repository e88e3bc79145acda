//! How groups have to be in the end.
//!
//! Every group is stable or empty. Whoever lives and has not been turned away is one of its members and has its
//! part of the present generation; nobody else is counted. Every partition of a topic that is subscribed to is
//! read by exactly one of them, up to the high watermark; and where members commit by the clock, that is what the
//! group remembers.
//!
//! What cannot be is excused: a group whose partition of the offsets topic has nobody left who could lead it, or
//! too few replicas to write anything, and partitions of which the same is true; and a member that has been told of no
//! broker but of such as stay dead, of which nothing is asked: its group may count it as long as it speaks with its
//! coordinator, and may have lost it.

use crate::broker::{Broker, OFFSETS_TOPIC};
use crate::client::consumer::{Consumer, Doing};
use crate::controller::PartitionState;
use crate::group::{Group, State};
use crate::model::{Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::swarm::clients;
use crate::swarm::recovery::Core;
use crate::world::World;
use crate::world::invariant::Losses;

/// Who lives and wants to be a member, with what it is to its group.
type Living<'a> = Vec<(ProcessId, &'a Consumer)>;

/// Who lives and wants to be members of a group.
#[derive(Default)]
struct Wanted<'a> {
    living: Living<'a>,
    /// Those that know only brokers that stay dead.
    stranded: Living<'a>,
}

fn is_member(consumer: &Consumer) -> bool {
    consumer.config().has_group() && !consumer.config().subscribe.0.is_empty()
}

/// What is not well with groups, a sentence each.
pub fn complaints(world: &World, losses: &Losses, core: &Core) -> Vec<String> {
    let mut wanted: SortedMap<Text, Wanted<'_>> = SortedMap::new();
    for host in world.hosts().filter(|host| host.life().is_alive()) {
        let Some(consumer) = host.consumer().filter(|consumer| is_member(consumer)) else {
            continue;
        };
        let is_stranded = clients::is_stranded(world, consumer.metadata());
        let gave_up = consumer.membership().is_none_or(|it| it.failure.is_some());
        let wanted = wanted.entry(consumer.config().group_id.clone());
        let wanted = wanted.or_default();
        match is_stranded {
            _ if gave_up => {}
            true => wanted.stranded.push((host.id, consumer)),
            false => wanted.living.push((host.id, consumer)),
        }
    }
    let mut all = Vec::new();
    if wanted.is_empty() {
        return all;
    }
    let topic = TopicName::new(OFFSETS_TOPIC);
    if world.cluster().topic(&topic).is_none() {
        if core.can_make_offsets_topic(world) && wanted.values().any(|it| !it.living.is_empty()) {
            all.push("there is no offsets topic".to_owned());
        }
        return all;
    }
    let judge = Judge {
        world,
        losses,
        core,
    };
    for (name, wanted) in &wanted {
        all.extend(judge.complaint_about(name, wanted));
    }
    // Whoever else has come by.
    for broker in world.plan().brokers.iter() {
        let groups = world.broker_by_id(*broker).into_iter();
        let groups = groups.flat_map(|broker| broker.coordinator().groups());
        for group in groups.filter(|group| !wanted.contains_key(&group.id)) {
            let rests = matches!(group.state(), State::Stable | State::Empty);
            if !rests && judge.keeper(&group.id).is_some() {
                all.push(format!("group {} is {}", group.id, group.state().name()));
            }
        }
    }
    all
}

/// Whether whatever keeps a group can do so: nothing is in the way of its coming to rest.
pub fn is_kept(world: &World, losses: &Losses, core: &Core, name: &str) -> bool {
    let judge = Judge {
        world,
        losses,
        core,
    };
    judge.keeper(name).is_some_and(|(home, state)| {
        let leader = world.broker_by_id(state.leader);
        let replica = leader.and_then(|broker| broker.partition(&home));
        replica.is_none_or(|replica| state.isr.len() >= replica.min_isr())
    })
}

struct Judge<'a> {
    world: &'a World,
    losses: &'a Losses,
    core: &'a Core,
}

impl<'a> Judge<'a> {
    /// The partition of a broker's that keeps a group, if anything can be asked of it.
    fn keeper(&self, group: &str) -> Option<(TopicPartition, &'a PartitionState)> {
        let home = super::home_of(self.world, group)?;
        let state = self.world.cluster().partition(&home)?;
        let excused = self.core.excuses(self.world, &home, state) || self.losses.is_torn(&home);
        (!excused).then_some((home, state))
    }

    fn complaint_about(&self, name: &Text, wanted: &Wanted<'_>) -> Option<String> {
        let living = &wanted.living;
        let (home, state) = self.keeper(name)?;
        let leader = self.world.broker_by_id(state.leader);
        let Some((broker, replica)) =
            leader.and_then(|broker| Some((broker, broker.partition(&home)?)))
        else {
            return Some(format!("nobody coordinates group {name}"));
        };
        if state.isr.len() < replica.min_isr() {
            return None;
        }
        if broker.coordinator().committed(name).is_err() {
            return Some(format!("group {name} is being read"));
        }
        let Some(group) = broker.coordinator().group(name) else {
            return (!living.is_empty()).then(|| format!("nobody has joined group {name}"));
        };
        let stranded = wanted.stranded.iter().copied();
        let stranded: Living<'_> = stranded
            .filter(|(_, consumer)| {
                let membership = consumer.membership();
                membership.is_some_and(|it| group.member(&it.generation.member).is_some())
            })
            .collect();
        self.in_order(group, living, &stranded)
            .or_else(|| self.all_is_owned(name, living, &stranded))
            .or_else(|| self.all_is_read(broker, group, living))
    }

    /// Whether the members are those who live, and perhaps some that are stranded.
    fn in_order(
        &self,
        group: &Group,
        living: &Living<'_>,
        stranded: &Living<'_>,
    ) -> Option<String> {
        let name = &group.id;
        match group.state() {
            State::Stable => {}
            State::Empty if living.is_empty() => return None,
            other => return Some(format!("group {name} is {}", other.name())),
        }
        let mut ids = SortedSet::new();
        for (id, consumer) in living {
            let membership = consumer.membership()?;
            let generation = &membership.generation;
            let is_in = group.member(&generation.member).is_some();
            if !is_in || membership.is_joining() || generation.number != group.generation() {
                return Some(format!("{id} has no part of group {name}"));
            }
            ids.insert(generation.member.clone());
        }
        let stranded = stranded.iter();
        let stranded = stranded.filter_map(|(_, consumer)| consumer.membership());
        ids.extend(stranded.map(|membership| membership.generation.member.clone()));
        let gone = group
            .members()
            .iter()
            .find(|member| !ids.contains(&member.id))?;
        Some(format!(
            "{} is counted in group {name}, and is gone",
            gone.id
        ))
    }

    /// Whether every partition is read by one member.
    fn all_is_owned(
        &self,
        name: &Text,
        living: &Living<'_>,
        stranded: &Living<'_>,
    ) -> Option<String> {
        let mut owners: SortedMap<TopicPartition, ProcessId> = SortedMap::new();
        let mut topics = SortedSet::new();
        for (id, consumer) in living {
            topics.extend(consumer.config().subscribe.0.iter().cloned());
            for view in consumer.partitions() {
                if let Some(other) = owners.insert(view.partition.clone(), *id) {
                    let twice = &view.partition;
                    return Some(format!(
                        "{other} and {id} of group {name} both read {twice}"
                    ));
                }
            }
        }
        for (id, consumer) in stranded {
            for view in consumer.partitions() {
                owners.insert(view.partition.clone(), *id);
            }
        }
        let all = self.world.cluster().partitions();
        let mut wanted = all.filter(|(partition, state)| {
            topics.contains(&partition.topic.0)
                && state.is_born()
                && !self.core.excuses(self.world, partition, state)
        });
        let missing = wanted.find(|(partition, _)| !owners.contains_key(partition))?;
        Some(format!("nobody of group {name} reads {}", missing.0))
    }

    /// Whether nothing is left to read, or to remember.
    fn all_is_read(&self, broker: &Broker, group: &Group, living: &Living<'_>) -> Option<String> {
        let views = living.iter().flat_map(|(id, consumer)| {
            let views = consumer.partitions();
            views.map(move |view| (*id, *consumer, view))
        });
        for (id, consumer, view) in views {
            let name = view.partition;
            let Some((committed, end)) = self.ends_of(name) else {
                continue;
            };
            let at = view.position.filter(|_| view.doing == Doing::Reading);
            // Somebody may have sought a place that is there and not committed.
            let Some(at) = at.filter(|at| (committed..=end).contains(at)) else {
                let (doing, at) = (view.doing, view.position);
                return Some(format!("{id} is {doing:?} {name} at {at:?} of {committed}"));
            };
            let remembered = group.offsets().get(name).map(|known| known.offset);
            let by_the_clock = consumer.config().enable_auto_commit;
            if by_the_clock && remembered != Some(at) {
                let (group, keeper) = (&group.id, broker.id());
                return Some(format!(
                    "broker {keeper} remembers {remembered:?} of {name} for group {group}, which has read up to {at}"
                ));
            }
        }
        None
    }

    /// How far a partition can be read, and how far it is written; `None` when nothing can be asked of it.
    fn ends_of(&self, name: &TopicPartition) -> Option<(Offset, Offset)> {
        let state = self.world.cluster().partition(name)?;
        let broken = self.losses.is_torn(name) || self.losses.is_lost(name);
        if broken || self.core.excuses(self.world, name, state) {
            return None;
        }
        let leader = self.world.broker_by_id(state.leader)?.partition(name)?;
        leader
            .is_leader()
            .then(|| (leader.high_watermark(), leader.log_end()))
    }
}
