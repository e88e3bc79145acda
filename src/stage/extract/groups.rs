//! Groups: what their coordinators say of them, and how their members fare.
//!
//! What a group is, who belongs to it and how far it has got is the coordinator's word; what a member does
//! is its own. Where the two differ for a while, as with a member that was taken out and has not heard of it,
//! both can be seen.

use crate::broker::OFFSETS_TOPIC;
use crate::client::consumer::Consumer as ConsumerProcess;
use crate::client::consumer::membership::Stage;
use crate::group::{self, Coordinator, State, Timer};
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::consumer_protocol::Assignment;
use crate::stage::extract::memory::Memory;
use crate::stage::snapshot::{ClientState, Consumer, Group, GroupState, Kept};
use crate::time::{Duration, Instant};
use crate::world::{Host, Life, World};

/// A group as its coordinator has it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub broker: BrokerId,
    pub coordinator: &'a Coordinator,
    /// `None` while the coordinator does not know it.
    pub group: Option<&'a group::Group>,
}

/// True for a topic in which the cluster keeps what is its own: pictures leave it out.
pub fn is_internal(topic: &TopicName) -> bool {
    topic.as_str() == OFFSETS_TOPIC
}

/// Who coordinates a group, and as what it is known there; `None` while nobody does.
pub(super) fn known<'a>(world: &'a World, name: &str) -> Option<Known<'a>> {
    let mut brokers = world.brokers().map(|broker| broker.coordinator());
    let partition = brokers
        .find(|coordinator| coordinator.knows_partitions())?
        .partition_of(name);
    let kept = TopicPartition::new(OFFSETS_TOPIC, partition);
    let leader = world.cluster().partition(&kept)?.leader;
    let coordinator = world.broker_by_id(leader)?.coordinator();
    let known = Known {
        broker: leader,
        coordinator,
        group: coordinator.group(name),
    };
    coordinator.coordinates(partition).then_some(known)
}

/// Who coordinates a group; `None` while nobody does.
pub fn coordinator_of<'a>(world: &'a World, name: &str) -> Option<(BrokerId, &'a Coordinator)> {
    known(world, name).map(|known| (known.broker, known.coordinator))
}

/// Every group that somebody belongs to, in the order in which clients were made, then those that are left.
pub(super) fn all(world: &World, consumers: &[Consumer]) -> Vec<Group> {
    let mut names: Vec<Text> = Vec::new();
    let belong = consumers
        .iter()
        .filter_map(|consumer| consumer.group.clone());
    let left = world.brokers().flat_map(|broker| {
        let groups = broker.coordinator().groups();
        groups.map(|group| group.id.clone()).collect::<Vec<_>>()
    });
    for name in belong.chain(left) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| group(world, consumers, name))
        .collect()
}

fn group(world: &World, consumers: &[Consumer], name: Text) -> Group {
    let mut topics: Vec<TopicName> = Vec::new();
    for host in world.hosts() {
        let (group, subscribed) = belongs(world, host);
        if group.as_ref() == Some(&name) {
            let new = subscribed
                .into_iter()
                .filter(|topic| !topics.contains(topic));
            topics.extend(new.collect::<Vec<_>>());
        }
    }
    let known = known(world, &name);
    let offsets = known
        .and_then(|known| known.group)
        .map(group::Group::offsets);
    let kept = offsets.into_iter().flat_map(group::offsets::Offsets::iter);
    let is_read = |partition: &TopicPartition| {
        let members = consumers.iter().filter(|c| c.group.as_ref() == Some(&name));
        let mut reads = members.flat_map(|consumer| &consumer.reads);
        reads.any(|reading| reading.partition == *partition)
    };
    let kept = kept.filter(|(partition, _)| !is_read(partition));
    let kept = kept.map(|(partition, committed)| Kept {
        partition: partition.clone(),
        committed: committed.offset,
        lag: lag(world, partition, committed.offset),
    });
    Group {
        state: state(known, topics.is_empty()),
        kept: kept.collect(),
        coordinator: known.map(|known| known.broker),
        topics,
        name,
    }
}

fn state(known: Option<Known<'_>>, by_hand: bool) -> GroupState {
    let Some(known) = known else {
        return GroupState::Unknown("no coordinator".into());
    };
    let Some(group) = known.group else {
        let loads = known.coordinator.is_loading();
        return match (by_hand, loads) {
            (true, _) => GroupState::Assigned,
            (false, true) => GroupState::Unknown("offsets being read".into()),
            (false, false) => GroupState::Unknown("not formed yet".into()),
        };
    };
    let members = group.members();
    let count = |is: fn(&group::Member) -> bool| members.iter().filter(|m| is(m)).count() as u32;
    let of = members.len() as u32;
    match group.state() {
        State::Empty if by_hand => GroupState::Assigned,
        State::Empty => GroupState::Empty,
        State::PreparingRebalance => GroupState::Rebalancing {
            generation: group.generation().wrapping_add(1),
            phase: "JoinGroup".into(),
            done: count(group::Member::is_joining),
            of,
        },
        State::CompletingRebalance => GroupState::Rebalancing {
            generation: group.generation(),
            phase: "SyncGroup".into(),
            done: count(group::Member::is_syncing),
            of,
        },
        State::Stable => GroupState::Stable {
            generation: group.generation(),
        },
        State::Dead => GroupState::Dead,
    }
}

/// The group of a host's consumer, and the topics that it subscribes to; also of one that does not run.
pub(super) fn belongs(world: &World, host: &Host) -> (Option<Text>, Vec<TopicName>) {
    let ProcessId::Consumer(_) = host.id else {
        return (None, Vec::new());
    };
    let planned;
    let config = match host.consumer() {
        Some(process) => process.config(),
        None => {
            let mut clients = world.plan().clients.iter();
            let plan = clients.find(|plan| plan.id == host.id);
            let Some(config) = plan.and_then(|plan| plan.consumer_config().ok()) else {
                return (None, Vec::new());
            };
            planned = config;
            &planned
        }
    };
    let topics = config.subscribe.0.iter().cloned().map(TopicName);
    let group = config.has_group().then(|| config.group_id.clone());
    (group, topics.collect())
}

/// How far a group that has committed this much is behind what can be read.
pub(super) fn lag(world: &World, partition: &TopicPartition, committed: Offset) -> Option<i64> {
    let leader = world.cluster().partition(partition)?.leader;
    let replica = world.broker_by_id(leader)?.partition(partition)?;
    Some((replica.high_watermark() - committed).max(0))
}

/// A member as its coordinator has it, and when it will be taken out if it stays silent.
pub(super) struct Place<'a> {
    pub known: Known<'a>,
    pub member: Option<&'a group::Member>,
    left: Option<Duration>,
}

/// The place of a member with this id in its group.
pub(super) fn place<'a>(world: &'a World, group: &str, member: &str) -> Option<Place<'a>> {
    let known = known(world, group)?;
    let mut members = known.group?.members().iter();
    let found = members.find(|known| *known.id == *member);
    let deadline = known
        .coordinator
        .deadlines()
        .find_map(|(at, timer)| match timer {
            Timer::Session {
                group: of,
                member: id,
            } if **of == *group && **id == *member => Some(at),
            _ => None,
        });
    Some(Place {
        known,
        member: found,
        left: deadline
            .filter(|_| found.is_some())
            .map(|at| at.since(world.now())),
    })
}

impl Place<'_> {
    /// Whether its group has committed an offset of a partition, and which.
    pub fn committed(&self, partition: &TopicPartition) -> Option<Offset> {
        let offsets = self.known.group?.offsets();
        offsets.get(partition).map(|committed| committed.offset)
    }

    /// "out in 12 s", when it has been silent for longer than two heartbeats, or cannot be heard any more.
    fn runs_out(&self, heartbeat: Duration, dead: bool) -> Option<Text> {
        let (left, member) = (self.left?, self.member?);
        let silent = member.session_timeout - left;
        let over = dead || silent > heartbeat + heartbeat;
        over.then(|| format!("out in {} s", left.as_millis().div_ceil(1_000)).into())
    }

    pub fn leads(&self) -> bool {
        let leader = self.known.group.and_then(group::Group::leader);
        leader.is_some() && leader == self.member.map(|member| &member.id)
    }
}

/// How a member of a group that shares its partitions fares, when that says more than that it reads.
pub(super) fn standing(
    process: &ConsumerProcess,
    place: Option<&Place<'_>>,
    life: Life,
    now: Instant,
) -> Option<(ClientState, Vec<Text>)> {
    let membership = process.membership()?;
    let config = process.config();
    let waits = |first: &str, second: &str| {
        let words = [first, second]
            .into_iter()
            .filter(|words| !words.is_empty());
        Some((ClientState::Waiting, words.map(Into::into).collect()))
    };
    if let Some(error) = membership.failure {
        let word = match error {
            ErrorCode::FencedInstanceId => "fenced",
            _ => "gave up",
        };
        return Some((ClientState::Failed, vec![word.into()]));
    }
    let frozen = matches!(life, Life::Frozen { .. });
    let silent = place.and_then(|place| place.runs_out(config.heartbeat_interval, frozen));
    if let Some(words) = silent {
        let why = if frozen { "frozen," } else { "silent," };
        return Some((ClientState::Failed, vec![why.into(), words]));
    }
    let believes = membership.is_stable();
    if believes && place.is_some_and(|place| place.member.is_none()) {
        return Some((ClientState::Failed, vec!["taken out".into()]));
    }
    if let Life::Frozen { since } = life {
        let passed = now.since(since).as_millis() / 1_000;
        return waits(&format!("frozen {passed} s"), "");
    }
    match membership.stage {
        Stage::Unjoined if process.coordinator().is_none() => waits("no coordinator yet", ""),
        Stage::Unjoined => waits("has to join", ""),
        Stage::Joining => waits("joins,", "waits for all"),
        Stage::Leading(_) => waits("divides", "partitions"),
        Stage::Syncing => waits("waits for", "its part"),
        Stage::Stable if membership.is_joining() => waits("joins again", ""),
        Stage::Stable if process.partitions().next().is_none() => waits("idle,", "no partition"),
        Stage::Stable => None,
    }
}

/// What is still kept for a consumer that does not run: its id in its last life, if the group has it still.
pub(super) fn left_behind<'a>(
    world: &'a World,
    memory: &Memory,
    host: &Host,
    group: &str,
) -> Option<(Place<'a>, Vec<TopicPartition>)> {
    let id = memory.past.member_of(host.id)?;
    let place = place(world, group, &id)?;
    let member = place.member?;
    let part = Assignment::read(&member.assignment).ok();
    let part = part.map_or(Vec::new(), |part| part.partitions().collect());
    Some((place, part))
}

/// What is said of a member that does not run and is one still.
pub(super) fn last_words(place: &Place<'_>) -> Option<Text> {
    place.runs_out(Duration::ZERO, true)
}
