//! `Membership`: the consumer as a member of its group.
//!
//! A consumer that subscribes to topics does not choose its partitions: it joins a group and is given some.
//! It finds the group's [`coordinator`], joins, and waits until all others have joined as well
//! ([`joining`]). One of them, the leader, divides the partitions ([`leading`]) and hands the parts in; then
//! everybody fetches his, and reads. From then on a heartbeat says every `heartbeat.interval.ms` that it
//! lives ([`heartbeat`]), and the answer to one says that somebody has come or gone and all must join again.
//!
//! There are two ways to do that. The *eager* one: everybody gives up everything, and gets what he gets. The
//! *cooperative* one: everybody goes on reading what he has; who learns that he is to have less gives that
//! up and joins once more, and only then does another get it.
//!
//! What the application does and what goes on without it are apart, as in Kafka, where heartbeats have a
//! thread of their own. Heartbeats, and leaving when the application has not polled for
//! `max.poll.interval.ms`, need no `poll()`. Joining does: a member whose application is slow lets the others
//! wait.
//!
//! Before a member gives up what it reads, it commits, and so may its application ([`parting`]).
//!
//! What holds: a member reads no partition between giving it up and being given it again; what a generation
//! gave is not read in the next unless that gave it too.
//!
//! Unlike Kafka, where an exception comes out of `poll()` and the next `poll()` may try again, a member that is
//! refused for good, or is told what it cannot read, gives up until somebody changes a setting.
//!
//! Not modelled: the reason that a JoinGroup gives, a LeaveGroup to a coordinator that is just being connected
//! to, subscription by pattern, racks; what else a `ConsumerRebalanceListener` may do than commit, and that it is told
//! when a consumer unsubscribes.

pub mod coordinator;
pub mod heartbeat;
pub mod joining;
pub mod leading;
pub mod parting;
#[cfg(test)]
mod tests;

pub use coordinator::{Coordinator, Found};

use super::assignor::Assignor;
use super::committing::Commits;
use super::subscription::{Start, Subscription};
use super::{Call, Turn};
use crate::client::config::ConsumerConfig;
use crate::fact::Fact;
use crate::model::{Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::join_group::JoinGroupResponse;
use crate::protocol::consumer_protocol::Assignment;
use crate::sorted::{Mentions, SortedMap};
use crate::time::Instant;

pub use parting::{Keeps, give_up};

use heartbeat::Heart;
use leading::Led;
use parting::{Prepares, prepare, revoke};

/// A member's place in its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// −1 of nobody.
    pub number: i32,
    /// Empty of nobody.
    pub member: Text,
    /// What the group has agreed on.
    pub assignor: Option<Assignor>,
}

impl Default for Generation {
    fn default() -> Self {
        Generation {
            number: -1,
            member: Text::default(),
            assignor: None,
        }
    }
}

/// How far a member has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It is none.
    #[default]
    Unjoined,
    /// It waits for the answer to its JoinGroup, and with it for all others.
    Joining,
    /// It leads, and waits until it knows the topics that it has to divide.
    Leading(Led),
    /// It waits for its part.
    Syncing,
    /// It has its part.
    Stable,
}

/// The consumer as a member of its group.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    pub stage: Stage,
    pub generation: Generation,
    /// Whether it must join, or join again.
    rejoins: bool,
    /// What must be done before it joins was done.
    prepared: bool,
    /// What it waits for before it gives its partitions up.
    prepares: Option<Prepares>,
    /// No JoinGroup before this.
    not_before: Instant,
    /// What it was answered to its JoinGroup, until the application polls.
    unheard: Option<JoinGroupResponse>,
    /// The part that it was given and has not taken yet.
    given: Option<Assignment>,
    /// The topics that its last JoinGroup asked for.
    joined_topics: Vec<Text>,
    /// How many partitions each topic had when it divided them, if it leads.
    divided: Vec<(Text, Option<i32>)>,
    /// It leads, and has not divided anything in this generation: it is a static leader that came back. What has been
    /// added to its topics before, nobody is given until they change once more.
    pub let_be: bool,
    /// What assignors remember, each what it has given last: the part, and its generation.
    remembered: SortedMap<Assignor, (Vec<TopicPartition>, i32)>,
    pub heart: Heart,
    /// Why it has given up. Only somebody who changes something can help.
    pub failure: Option<ErrorCode>,
}

impl Membership {
    /// Whether the offsets of this member are its group's.
    pub fn is_stable(&self) -> bool {
        self.stage == Stage::Stable
    }

    /// Whether it is about to be given other partitions.
    pub fn is_joining(&self) -> bool {
        self.rejoins || self.given.is_some() || !self.is_stable()
    }

    /// Whether it has given up its place in one generation and has none in the next yet.
    pub fn is_rebalancing(&self) -> bool {
        match self.stage {
            Stage::Stable => false,
            Stage::Unjoined => self.prepared,
            Stage::Joining | Stage::Leading(_) | Stage::Syncing => true,
        }
    }

    /// Everybody has to join again, or this member must.
    pub fn rejoin(&mut self) {
        self.rejoins = true;
    }

    /// Whether records may be returned: not while all partitions are about to be given up, for what is read
    /// now would be read again by another.
    pub fn may_read(&self, config: &ConsumerConfig) -> bool {
        match self.prepares {
            None => true,
            Some(Prepares::Automatic { .. }) => is_cooperative(config),
            Some(Prepares::Revocation { .. }) => false,
        }
    }

    /// It is no member any more.
    ///
    /// A generation that is over leaves a member its id; one that the coordinator does not know begins as
    /// somebody new.
    pub fn reset(&mut self, keeps_id: KeepsId) {
        let member = match keeps_id {
            KeepsId::Yes => self.generation.member.clone(),
            KeepsId::No => Text::default(),
        };
        self.generation = Generation {
            member,
            ..Generation::default()
        };
        self.stage = Stage::Unjoined;
        self.unheard = None;
        self.given = None;
        self.rejoins = true;
        // What it had is lost, and it has to say so before it joins again.
        self.prepared = false;
        self.prepares = None;
        self.heart.stop();
    }

    /// Nothing that this member could do would help: it gives up for good.
    pub fn fail(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        self.reset(KeepsId::No);
        self.failure = Some(error);
        turn.out.note(Fact::MembershipFailed {
            group: turn.config.group_id.clone(),
            error,
        });
    }

    /// There is a coordinator.
    pub fn coordinator_found(&mut self, turn: &Turn<'_>) {
        self.heart.heard(turn);
    }

    /// Somebody has changed something: it tries again.
    pub fn try_again(&mut self) {
        self.failure = None;
    }

    /// When it may ask again to be a member, if it is none.
    pub fn next_join(&self) -> Option<Instant> {
        let waits = self.stage == Stage::Unjoined && self.not_before > Instant::ZERO;
        waits.then_some(self.not_before)
    }

    /// When there is something to do that nothing else brings about.
    pub fn next_wakeup(&self, now: Instant) -> Option<Instant> {
        let waits = [Some(self.not_before), self.prepares.map(Prepares::until)];
        waits.into_iter().flatten().filter(|at| *at > now).min()
    }
}

/// Whether a member that has to join again keeps its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepsId {
    Yes,
    No,
}

/// Whether all assignors of a member let it keep what it has while it joins. If one does not, none does, for
/// the group may agree on that one.
pub fn is_cooperative(config: &ConsumerConfig) -> bool {
    let mut assignors = config.partition_assignment_strategy.0.iter();
    assignors.all(|assignor| assignor.is_cooperative())
}

/// What `poll()` does for the membership: joins if need be, and takes the part that was given.
pub fn poll(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    commits: &mut Commits,
    subscription: &mut Subscription,
    turn: &mut Turn<'_>,
) {
    if turn.config.subscribe.0.is_empty() {
        return;
    }
    if let Some(response) = membership.unheard.take() {
        joining::joined(membership, coordinator, response, turn);
    }
    if membership.failure.is_some() {
        // Others have its partitions, or will.
        return give_up(membership, subscription, Keeps::WhatItMay, turn);
    }
    if let Some(given) = membership.given.take() {
        take(membership, given, coordinator, commits, subscription, turn);
    }
    if membership.given.is_some() {
        // Its application is not through with what it must give up.
        return;
    }
    look_for_reasons(membership, turn);
    if coordinator.ready(turn).is_none() {
        return;
    }
    if matches!(membership.stage, Stage::Leading(_)) {
        return joining::lead(membership, coordinator, turn);
    }
    let waits = matches!(membership.stage, Stage::Joining | Stage::Syncing);
    if waits || (membership.is_stable() && !membership.rejoins) {
        return;
    }
    if !membership.prepared && !prepare(membership, coordinator, commits, subscription, turn) {
        return;
    }
    membership.prepared = true;
    if membership.not_before <= turn.at.now {
        joining::ask(membership, coordinator, subscription, turn);
    }
}

/// Another subscription, or other topics than those that were divided, are reasons to join again.
fn look_for_reasons(membership: &mut Membership, turn: &Turn<'_>) {
    if !membership.is_stable() {
        membership.rejoins |= membership.stage == Stage::Unjoined;
        return;
    }
    if membership.joined_topics != turn.config.subscribe.0 {
        membership.rejoins = true;
    }
    let metadata = turn.network.metadata();
    let mut divided = membership.divided.iter();
    if divided.any(|(topic, count)| leading::count(metadata, topic) != *count) {
        membership.rejoins = true;
    }
}

/// A member takes the part that it was given (`onJoinComplete`).
fn take(
    membership: &mut Membership,
    given: Assignment,
    coordinator: &mut Coordinator,
    commits: &mut Commits,
    subscription: &mut Subscription,
    turn: &mut Turn<'_>,
) {
    membership.prepared = false;
    let assigned = leading::partitions(&given.assigned_partitions);
    // What it does not subscribe to any more is not read; it joins again to say so.
    let wanted = |partition: &TopicPartition| turn.config.subscribe.0.contains(&partition.topic.0);
    if !assigned.iter().all(wanted) {
        membership.rejoins = true;
        membership.prepares = None;
        return;
    }
    let owned: Vec<TopicPartition> = subscription
        .iter()
        .map(|(owned, _)| owned.clone())
        .collect();
    let group = turn.config.group_id.clone();
    // Whoever leads the group may have named as many as a request has room for.
    let (had, has) = (Mentions::of(&owned), Mentions::of(&assigned));
    let revoked = owned.iter().filter(|one| !has.is_named(one));
    let revoked: Vec<_> = revoked.cloned().collect();
    let added = assigned.iter().filter(|one| !had.is_named(one));
    let added: Vec<_> = added.cloned().collect();
    if !revoked.is_empty() && !revoke(membership, coordinator, commits, subscription, turn) {
        membership.given = Some(given);
        return;
    }
    membership.prepares = None;
    if let Some(assignor) = membership.generation.assignor {
        let what = (assigned.clone(), membership.generation.number);
        membership.remembered.insert(assignor, what);
    }
    commits.restart(turn);
    subscription.assign(assigned, Start::Committed, turn.out);
    if !revoked.is_empty() {
        // Another is to have them, and gets them once everybody knows that they were given up.
        membership.rejoins = true;
        let partitions = revoked.into();
        let group = group.clone();
        turn.out.note(Fact::PartitionsRevoked { group, partitions });
    }
    let partitions = added.into();
    turn.out
        .note(Fact::PartitionsAssigned { group, partitions });
}

/// The topics that a consumer has to know about.
pub fn topics(config: &ConsumerConfig) -> impl Iterator<Item = TopicName> {
    config
        .subscribe
        .0
        .iter()
        .map(|topic| TopicName(topic.clone()))
}

/// Leaves the group, if it is a member that the group would miss (`maybeLeaveGroup`). A static member stays
/// one until its session ends: it is expected back.
pub fn leave(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    why: &str,
    turn: &mut Turn<'_>,
) {
    let config = turn.config;
    let is_member = membership.stage != Stage::Unjoined && !membership.generation.member.is_empty();
    if is_member
        && config.group_instance_id.is_empty()
        && let Some(peer) = coordinator.ready(turn)
        && joining::ask_to_leave(membership, peer, why, turn)
    {
        turn.out.note(Fact::GroupLeft {
            group: config.group_id.clone(),
            why: why.into(),
        });
    }
    membership.reset(KeepsId::No);
}

/// The connection to a coordinator is gone, and with it answers.
pub fn lost(membership: &mut Membership, call: &Call, turn: &mut Turn<'_>) {
    match call {
        Call::Join | Call::Sync(_) => {
            membership.stage = match membership.stage {
                Stage::Joining | Stage::Syncing => Stage::Unjoined,
                ref other => other.clone(),
            };
            membership.rejoins = true;
            membership.not_before = turn.at.now + turn.config.retry_backoff;
        }
        Call::Heartbeat(_) => membership.heart.failed(turn),
        _ => {}
    }
}
