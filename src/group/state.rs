//! `Group`: members, the generation they are in, and the state between two generations.
//!
//! A generation is one division of the work: who is a member, which assignor all agree on, who got what.
//! Whenever a member comes, goes or wants something else, the group prepares a new one
//! (`PreparingRebalance`): everybody must join again. When all have, they are told the generation's number
//! and the leader gets the list (`CompletingRebalance`); when it has handed in what it assigned, the group is
//! `Stable`. A group without members is `Empty`, and may still have offsets; one that is `Dead` is about to
//! be forgotten.
//!
//! Laws: the generation grows by one; a group with members has a leader among them; all members know
//! the protocol of the generation. What happens when is the business of the coordinator.

use bytes::Bytes;

use super::Asker;
use super::member::{Member, Protocol};
use super::members::Members;
use super::offsets::Offsets;
use super::record;
use crate::model::{Text, TopicName};
use crate::protocol::consumer_protocol::Subscription;
use crate::protocol::offsets_topic::{GroupMetadataValue, MemberMetadata};
use crate::sorted::{Mentions, SortedMap, SortedSet};
use crate::time::{Duration, Timestamp};

/// What a group of consumers calls its protocol.
pub const CONSUMER: &str = "consumer";

/// Where a group stands between two generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

impl State {
    pub const ALL: [State; 5] = [
        State::Empty,
        State::PreparingRebalance,
        State::CompletingRebalance,
        State::Stable,
        State::Dead,
    ];

    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
            State::Dead => "Dead",
        }
    }
}

/// For what a group that prepares a generation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// For every member it has, or the longest of their rebalance timeouts (`DelayedJoin`).
    ForMembers,
    /// An empty group, for more members than the first, whoever has come by then (`InitialDelayedJoin`).
    ForMore {
        /// How long it has been waiting this time.
        delay: Duration,
        /// How much longer it may wait in all.
        remaining: Duration,
    },
}

/// One group (`GroupMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: Text,
    pub(super) state: State,
    /// When it came into this state; `None` of one that was written down by who did not write that.
    pub(super) since: Option<Timestamp>,
    pub(super) generation: i32,
    /// "consumer", for groups of consumers; `None` of a group that only keeps offsets.
    pub(super) protocol_type: Option<Text>,
    /// The assignor of this generation.
    pub(super) protocol: Option<Text>,
    /// The member that assigns.
    pub(super) leader: Option<Text>,
    pub(super) members: Members,
    /// The member ids of static members.
    pub(super) instances: SortedMap<Text, Text>,
    /// Ids that were given away and have not joined yet.
    pub(super) pending: SortedSet<Text>,
    /// Members that have not asked for their part of this generation yet.
    pub(super) unsynced: SortedSet<Text>,
    /// A member came while the first generation was being prepared.
    pub(super) grew: bool,
    /// For what a group that prepares a generation waits.
    pub(super) waits: Waits,
    /// The topics that the members of this generation wanted when it began; `None` when that cannot be known.
    pub(super) subscribed: Option<SortedSet<TopicName>>,
    pub(super) offsets: Offsets,
}

impl Group {
    pub(super) fn new(id: Text, wall: Timestamp) -> Group {
        Group {
            id,
            state: State::Empty,
            since: Some(wall),
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Members::default(),
            instances: SortedMap::new(),
            pending: SortedSet::new(),
            unsynced: SortedSet::new(),
            grew: false,
            waits: Waits::ForMembers,
            subscribed: None,
            offsets: Offsets::default(),
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn generation(&self) -> i32 {
        self.generation
    }

    pub fn protocol_type(&self) -> Option<&Text> {
        self.protocol_type.as_ref()
    }

    /// The assignor of this generation.
    pub fn protocol(&self) -> Option<&Text> {
        self.protocol.as_ref()
    }

    pub fn leader(&self) -> Option<&Text> {
        self.leader.as_ref()
    }

    /// The members in the order in which they came.
    pub fn members(&self) -> &Members {
        &self.members
    }

    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// Gives a member another part than the leader did.
    #[cfg(test)]
    pub(crate) fn plant_assignment(&mut self, nth: usize, assignment: Bytes) {
        let mut members = self.members.iter_mut();
        members.nth(nth).expect("there are so many").assignment = assignment;
    }

    /// Has it remember something that was never written.
    #[cfg(test)]
    pub(crate) fn plant_commit(
        &mut self,
        partition: crate::model::TopicPartition,
        written_at: crate::model::Offset,
        offset: crate::model::Offset,
    ) {
        let committed = super::Committed {
            offset,
            leader_epoch: crate::model::LeaderEpoch::NONE,
            metadata: Text::default(),
            at: Timestamp(0),
            expires: None,
        };
        self.offsets.take(partition, written_at, committed);
    }

    /// Everybody's id, in the order in which they came.
    pub(super) fn member_ids(&self) -> Vec<Text> {
        self.members
            .iter()
            .map(|member| member.id.clone())
            .collect()
    }

    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    pub(super) fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.get_mut(id)
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    pub(super) fn go(&mut self, state: State, wall: Timestamp) {
        self.state = state;
        self.since = Some(wall);
    }

    /// Whether a new generation may be prepared from here.
    pub(super) fn can_rebalance(&self) -> bool {
        matches!(
            self.state,
            State::Stable | State::CompletingRebalance | State::Empty
        )
    }

    /// How long the others wait for a member to join again.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.longest_timeout()
    }

    /// Whether nobody is waited for.
    pub(super) fn all_have_joined(&self) -> bool {
        self.pending.is_empty() && self.members.joining() == self.members.len()
    }

    /// Whether who speaks these may be a member beside those that are.
    pub(super) fn supports(&self, protocol_type: &Text, protocols: &[Protocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        // Of none, all agree on any.
        let agrees = |name: &Text| self.members.is_empty() || self.members.all_know(name);
        self.protocol_type.as_ref() == Some(protocol_type)
            && protocols.iter().any(|(name, _)| agrees(name))
    }

    /// The assignors that every member knows, in the order of the first.
    fn common_protocols(&self) -> Vec<Text> {
        let Some(first) = self.members.first() else {
            return Vec::new();
        };
        let names = first.protocols.iter().map(|(name, _)| name);
        let known = |name: &&Text| self.members.all_know(name);
        names.filter(known).cloned().collect()
    }

    /// The assignor with the most votes, each member voting for the first in its list that all know; of
    /// equal ones the first in the first member's list (`GroupMetadata.selectProtocol`).
    pub(super) fn elect_protocol(&self) -> Option<Text> {
        let candidates = self.common_protocols();
        let known = Mentions::of(&candidates);
        let votes: Vec<&Text> = self
            .members
            .iter()
            .filter_map(|member| member.vote(&known))
            .collect();
        let votes = Mentions::of(votes);
        let count = |name: &Text| votes.places(name).len();
        let most = candidates.iter().map(count).max()?;
        candidates.iter().find(|name| count(name) == most).cloned()
    }

    /// The topics that its members want (`computeSubscribedTopics`).
    fn subscriptions(&self) -> Option<SortedSet<TopicName>> {
        if self.protocol_type.as_deref() != Some(CONSUMER) {
            return None;
        }
        let mut all = Vec::new();
        for member in &self.members {
            let said = member.metadata(self.protocol.as_ref()?);
            all.extend(Subscription::topics(&said).ok()?.into_iter().map(TopicName));
        }
        let mut topics = SortedSet::new();
        topics.gather(all);
        Some(topics)
    }

    pub(super) fn add(&mut self, member: Member, protocol_type: &Text) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.clone());
        }
        if let Some(instance) = &member.instance_id {
            self.instances.insert(instance.clone(), member.id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.pending.remove(&member.id);
        self.members.push(member);
    }

    /// Takes a member out; what it was, if it was one. The next in line becomes the leader.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        self.pending.remove(id);
        self.unsynced.remove(id);
        let member = self.members.remove(id)?;
        if let Some(instance) = &member.instance_id
            && self.instances.get(instance) == Some(&member.id)
        {
            self.instances.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
        Some(member)
    }

    /// A static member comes back with another id. Gives back what waited for the old one, both of which are
    /// fenced now.
    pub(super) fn replace(&mut self, old: &str, new: &Text) -> (Option<Asker>, Option<Asker>) {
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if self.unsynced.remove(old) {
            self.unsynced.insert(new.clone());
        }
        let Some(member) = self.members.rename(old, new) else {
            return (None, None);
        };
        let syncing = member.syncing.take();
        if let Some(instance) = member.instance_id.clone() {
            self.instances.insert(instance, new.clone());
        }
        (self.members.set_joining(new, None), syncing)
    }

    /// Makes somebody leader who has joined, if the leader has not. False when nobody has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let Some(leader) = &self.leader else {
            return false;
        };
        if self.member(leader).is_some_and(Member::is_joining) {
            return true;
        }
        if self.members.joining() == 0 {
            return false;
        }
        let joined = self.members.iter().find(|member| member.is_joining());
        let Some(id) = joined.map(|member| member.id.clone()) else {
            return false;
        };
        self.leader = Some(id);
        true
    }

    /// Begins the next generation (`initNextGeneration`).
    pub(super) fn next_generation(&mut self, wall: Timestamp) {
        // Java's integers begin again from the other end.
        self.generation = self.generation.wrapping_add(1);
        self.unsynced.clear();
        self.protocol = self.elect_protocol();
        self.subscribed = self.subscriptions();
        self.go(
            match self.members.is_empty() {
                true => State::Empty,
                false => State::CompletingRebalance,
            },
            wall,
        );
    }

    /// How it is written down, with these parts for its members.
    pub(super) fn written(&self, parts: &dyn Fn(&Member) -> Bytes) -> GroupMetadataValue {
        let members = self.members.iter().map(|member| MemberMetadata {
            assignment: parts(member),
            ..record::written(member, self.protocol.as_ref())
        });
        GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.since.unwrap_or(Timestamp::NONE).0,
            members: members.collect(),
        }
    }

    /// As it was written down: nobody waits for anything. Whoever may write to the topic may have written what no
    /// coordinator would.
    pub(super) fn restored(id: Text, value: GroupMetadataValue, wall: Timestamp) -> Group {
        let mut group = Group::new(id, wall);
        let protocol_type = Some(value.protocol_type).filter(|name| !name.is_empty());
        for member in value.members {
            let member = record::restored(member, value.protocol.as_ref());
            if group.member(&member.id).is_none() {
                group.add(member, &Text::default());
            }
        }
        group.protocol_type = protocol_type;
        group.generation = value.generation;
        group.protocol = value.protocol;
        group.subscribed = group.subscriptions();
        // Without a leader it would never begin another generation: the first member stays it.
        if let Some(leader) = value.leader.filter(|id| group.member(id).is_some()) {
            group.leader = Some(leader);
        }
        if !group.members.is_empty() {
            group.state = State::Stable;
        }
        group.since = Some(Timestamp(value.current_state_timestamp))
            .filter(|since| *since != Timestamp::NONE);
        group
    }
}
