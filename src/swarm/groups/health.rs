//! How groups have to be in the end.
//!
//! Every group is stable or empty. Whoever lives and has not been turned away is one of its members and has its
//! part of the present generation; nobody else is counted. Every partition of a topic that is subscribed to is
//! read by exactly one of them, up to the high watermark; and where members commit by the clock, that is what the
//! group remembers.
//!
//! What cannot be is excused: a group whose partition of the offsets topic has nobody left who could lead it, or
//! too few replicas to write anything, or of which brokers do not agree which it is, as that topic has grown; and
//! partitions of which the same is true; and a member that has been told of no broker but of such as stay dead, of which
//! nothing is asked: its group may count it as long as it speaks with its coordinator, and may have lost it; and a commit
//! that is longer than a segment; and partitions that nobody was given before a static leader came back, which lets
//! the parts be (KIP-814): such as were added to a topic, or are of one to which it has subscribed meanwhile. Nobody is
//! given them until a topic changes once more.

use crate::broker::{Broker, OFFSETS_TOPIC, Partition};
use crate::client::consumer::{Consumer, Doing};
use crate::controller::PartitionState;
use crate::group::{Group, State};
use crate::model::{ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::consumer_protocol::Assignment;
use crate::sorted::{SortedMap, SortedSet};
use crate::swarm::clients;
use crate::swarm::recovery::Core;
use crate::world::World;
use crate::world::invariant::Losses;

/// Who lives and wants to be a member, with what it is to its group.
type Living<'a> = Vec<(ProcessId, &'a Consumer)>;

/// Segments that hold fewer bytes than this may be too short for a commit.
const SHORT: u32 = 1 << 16;

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
    let mut by_group: SortedMap<Text, Wanted<'_>> = SortedMap::new();
    for host in world.hosts().filter(|host| host.life().is_alive()) {
        let Some(consumer) = host.consumer().filter(|consumer| is_member(consumer)) else {
            continue;
        };
        let is_stranded = clients::is_stranded(world, consumer.metadata());
        let gave_up = consumer.membership().is_none_or(|it| it.failure.is_some());
        let wanted = by_group.entry(consumer.config().group_id.clone());
        let wanted = wanted.or_default();
        match is_stranded {
            _ if gave_up => {}
            true => wanted.stranded.push((host.id, consumer)),
            false => wanted.living.push((host.id, consumer)),
        }
    }
    let mut all = Vec::new();
    if by_group.is_empty() {
        return all;
    }
    let topic = TopicName::new(OFFSETS_TOPIC);
    if world.cluster().topic(&topic).is_none() {
        if core.can_make_offsets_topic(world) && by_group.values().any(|it| !it.living.is_empty()) {
            all.push("there is no offsets topic".to_owned());
        }
        return all;
    }
    let judge = Judge {
        world,
        losses,
        core,
    };
    for (name, wanted) in &by_group {
        all.extend(judge.complaint_about(name, wanted));
    }
    // Whoever else has come by.
    for broker in world.plan().brokers.iter() {
        let groups = world.broker_by_id(*broker).into_iter();
        let groups = groups.flat_map(|broker| broker.coordinator().groups());
        for group in groups.filter(|group| !by_group.contains_key(&group.id)) {
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
        let mut home = super::home_of(self.world, group)?;
        // Who began before the topic grew looks for groups where they were.
        let brokers = self.world.brokers();
        let mut places = brokers.map(|one| one.coordinator().partition_of(group));
        home.partition = places.next().unwrap_or(home.partition);
        if places.any(|place| place != home.partition) {
            return None;
        }
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
            .or_else(|| self.all_is_owned(group, living, &stranded))
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

    /// Whether every partition is read by one member. What a stranded one was given since it last heard of its group
    /// nobody can know.
    fn all_is_owned(
        &self,
        group: &Group,
        living: &Living<'_>,
        stranded: &Living<'_>,
    ) -> Option<String> {
        let mut owners: SortedMap<TopicPartition, ProcessId> = SortedMap::new();
        let name = &group.id;
        let mut topics = SortedSet::new();
        for (_, consumer) in living {
            topics.extend(consumer.config().subscribe.0.iter().cloned());
        }
        let is_current = |consumer: &Consumer| {
            let membership = consumer.membership();
            membership.is_some_and(|it| it.generation.number == group.generation())
        };
        let (heard, behind): (Living<'_>, Living<'_>) = stranded
            .iter()
            .copied()
            .partition(|(_, consumer)| is_current(consumer));
        for (id, consumer) in living.iter().chain(&heard) {
            for view in consumer.partitions() {
                if let Some(other) = owners.insert(view.partition.clone(), *id) {
                    let twice = &view.partition;
                    return Some(format!(
                        "{other} and {id} of group {name} both read {twice}"
                    ));
                }
            }
        }
        if !behind.is_empty() {
            return None;
        }
        let lets_be = |consumer: &Consumer| consumer.membership().is_some_and(|it| it.let_be);
        let lets_be = living.iter().chain(&heard).any(|(_, one)| lets_be(one));
        let given = |partition: &TopicPartition| {
            let parts = group.members().iter();
            let mut parts = parts.filter_map(|member| Assignment::read(&member.assignment).ok());
            parts.any(|part| part.partitions().any(|given| given == *partition))
        };
        let all = self.world.cluster().partitions();
        let mut to_be_read = all.filter(|(partition, state)| {
            topics.contains(&partition.topic.0)
                && state.is_born()
                && !self.core.excuses(self.world, partition, state)
                && (!lets_be || given(partition))
        });
        let missing = to_be_read.find(|(partition, _)| !owners.contains_key(partition))?;
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
            let Some(leader) = self.leader_of(name) else {
                continue;
            };
            if clients::asks_in_vain(view.doing, leader) {
                continue;
            }
            let (committed, end) = (leader.high_watermark(), leader.log_end());
            let at = view.position.filter(|_| view.doing == Doing::Reading);
            // Somebody may have sought a place that is there and not committed.
            let Some(at) = at.filter(|at| (committed..=end).contains(at)) else {
                let (doing, at) = (view.doing, view.position);
                return Some(format!("{id} is {doing:?} {name} at {at:?} of {committed}"));
            };
            let remembered = group.offsets().get(name).map(|known| known.offset);
            let by_the_clock = consumer.config().enable_auto_commit;
            // What is longer than a segment of the topic that keeps groups is never taken.
            let home = self.keeper(&group.id).map(|(home, _)| home);
            let home = home.and_then(|home| broker.partition(&home));
            let is_short = home.is_some_and(|home| home.config().segment_bytes < SHORT);
            let failure = consumer.commit_failure();
            let is_too_long = is_short && failure == Some(ErrorCode::InvalidCommitOffsetSize);
            if by_the_clock && !is_too_long && remembered != Some(at) {
                let (group, keeper) = (&group.id, broker.id());
                return Some(format!(
                    "broker {keeper} remembers {remembered:?} of {name} for group {group}, which has read up to {at}"
                ));
            }
        }
        None
    }

    /// The replica that leads a partition; `None` when nothing can be asked of it.
    fn leader_of(&self, name: &TopicPartition) -> Option<&'a Partition> {
        let state = self.world.cluster().partition(name)?;
        let broken = self.losses.is_torn(name) || self.losses.is_lost(name);
        if broken || self.core.excuses(self.world, name, state) {
            return None;
        }
        let leader = self.world.broker_by_id(state.leader)?.partition(name)?;
        leader.is_leader().then_some(leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::bench::{is_said, played};

    /// What is not well after two members have shared two partitions and these lines have been carried out.
    fn left(lines: &str) -> Vec<String> {
        let text = format!(
            "world brokers=2 seed=1 latency=1ms group.initial.rebalance.delay.ms=0 offsets.topic.num.partitions=1 offsets.topic.replication.factor=2 \
             zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000 auto.leader.rebalance.enable=false\n\
             topic orders partitions=2 replicas=1,2\nproducer p1 acks=all\nadmin a1\n\
             consumer c1 group.id=billing subscribe=orders auto.offset.reset=earliest auto.commit.interval.ms=1s\n\
             consumer c2 group.id=billing subscribe=orders auto.offset.reset=earliest auto.commit.interval.ms=1s\n\
             run 5s\nproduce p1 orders-0 \"a\"\nproduce p1 orders-1 \"b\"\nrun 5s\n{lines}"
        );
        let history = played(&text);
        let losses = history.observed().checker.losses();
        complaints(history.world(), losses, &Core::default())
    }

    #[test]
    fn a_group_that_has_read_and_committed_everything_is_no_reason_to_complain() {
        assert_eq!(left(""), Vec::<String>::new());
        assert_eq!(left("stop c1\nstop c2\nrun 5s\n"), Vec::<String>::new());
    }

    #[test]
    fn who_is_counted_and_gone_or_here_and_not_counted_is_found() {
        is_said(
            &left("kill c2\n"),
            "is counted in group billing, and is gone",
        );
        let apart = "isolate c2 from brokers\nrun 50s\n";
        is_said(&left(apart), "c2 has no part of group billing");
    }

    #[test]
    fn what_nobody_reads_or_remembers_is_found() {
        is_said(&left("pause c1\n"), "c1 is Paused orders-");
        let slow = "set c1 auto.commit.interval.ms=1h\nset c2 auto.commit.interval.ms=1h\n\
                    run 2s\nproduce p1 orders-0 \"c\"\nrun 5s\n";
        is_said(&left(slow), "for group billing, which has read up to @2");
    }
}
