//! What a member does before it gives partitions up, and which it gives up.
//!
//! Before it joins it commits by itself (`enable.auto.commit`). Before partitions are *revoked*, of which it gives them up
//! of its own accord, its application is told, as Kafka tells a `ConsumerRebalanceListener`, and may commit what it has
//! worked on (`application.on.revoked`). That is the last moment at which it can: when partitions are *lost*, others may
//! have them already, and a commit would be refused.
//!
//! Eagerly, everything is revoked before a member joins. Cooperatively, what is to be another's is revoked when a member
//! takes its part; until then it is read on.

use super::super::Turn;
use super::super::committing::Commits;
use super::super::subscription::{Start, Subscription};
use super::{Coordinator, Generation, Membership, is_cooperative, topics};
use crate::client::config::OnRevoked;
use crate::fact::Fact;
use crate::model::TopicPartition;
use crate::time::Instant;

/// A commit that a member waits for before it gives partitions up, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepares {
    /// What `enable.auto.commit` says.
    Automatic { until: Instant },
    /// What the application does in `onPartitionsRevoked`, in which it does not poll.
    Revocation { until: Instant },
}

impl Prepares {
    pub(super) fn until(self) -> Instant {
        match self {
            Prepares::Automatic { until } | Prepares::Revocation { until } => until,
        }
    }
}

/// Before a member joins it commits what it has read, and gives up what it may not keep (`onJoinPrepare`).
/// False while that is under way.
pub(super) fn prepare(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    commits: &mut Commits,
    subscription: &mut Subscription,
    turn: &mut Turn<'_>,
) -> bool {
    let now = turn.at.now;
    let commits_first = turn.config.enable_auto_commit && membership.is_stable();
    match membership.prepares {
        None if commits_first => {
            let until = now + turn.config.max_poll_interval;
            membership.prepares = Some(Prepares::Automatic { until });
            let offsets = subscription.consumed();
            commits.await_commit(offsets, until, membership, turn);
            commits.drive(coordinator, membership, turn);
        }
        Some(Prepares::Automatic { .. }) => commits.drive(coordinator, membership, turn),
        None | Some(Prepares::Revocation { .. }) => {}
    }
    if let Some(Prepares::Automatic { until }) = membership.prepares
        && until > now
        && commits.is_awaited()
    {
        return false;
    }
    let parting = Parting::of(membership, subscription, Keeps::WhatItMay, turn);
    let revokes = !parting.is_lost && !parting.gone.is_empty();
    if revokes && !revoke(membership, coordinator, commits, subscription, turn) {
        return false;
    }
    membership.prepares = None;
    give_up(membership, subscription, Keeps::WhatItMay, turn);
    // What others subscribe to is asked for only as long as this member leads.
    let own = topics(turn.config);
    turn.network.metadata_mut().want_only(own);
    true
}

/// Lets the application do before partitions are revoked what it does then (`onPartitionsRevoked`): it may commit
/// everything that was returned, for by now it has worked on it. False while it waits for that.
pub(super) fn revoke(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    commits: &mut Commits,
    subscription: &Subscription,
    turn: &mut Turn<'_>,
) -> bool {
    if turn.config.application_on_revoked == OnRevoked::Nothing || !membership.is_stable() {
        return true;
    }
    let now = turn.at.now;
    let until = match membership.prepares {
        Some(Prepares::Revocation { until }) => until,
        None | Some(Prepares::Automatic { .. }) => {
            let until = now + turn.config.default_api_timeout;
            membership.prepares = Some(Prepares::Revocation { until });
            commits.await_commit(subscription.consumed(), until, membership, turn);
            until
        }
    };
    commits.drive(coordinator, membership, turn);
    until <= now || !commits.is_awaited()
}

/// How much a member keeps of what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// It joins again: what its assignors let it keep meanwhile.
    WhatItMay,
    /// It leaves.
    Nothing,
}

/// What a member keeps of what it has, and what not.
struct Parting {
    kept: Vec<TopicPartition>,
    gone: Vec<TopicPartition>,
    /// Others may have it already: it is *lost*. If not, it is *revoked*.
    is_lost: bool,
}

impl Parting {
    fn of(
        membership: &Membership,
        subscription: &Subscription,
        keeps: Keeps,
        turn: &Turn<'_>,
    ) -> Parting {
        let nobody = Generation::default();
        let generation = &membership.generation;
        let leaves = keeps == Keeps::Nothing;
        let is_lost = generation.number == nobody.number
            || generation.member == nobody.member
            || (leaves && membership.is_rebalancing());
        let topics = &turn.config.subscribe.0;
        let keeps = !is_lost && !leaves && is_cooperative(turn.config);
        let kept = |owned: &TopicPartition| keeps && topics.contains(&owned.topic.0);
        let owned = subscription.iter().map(|(owned, _)| owned.clone());
        let (kept, gone) = owned.partition(kept);
        Parting {
            kept,
            gone,
            is_lost,
        }
    }
}

/// Gives up what a member does not keep.
pub fn give_up(
    membership: &Membership,
    subscription: &mut Subscription,
    keeps: Keeps,
    turn: &mut Turn<'_>,
) {
    let parting = Parting::of(membership, subscription, keeps, turn);
    if parting.gone.is_empty() {
        return;
    }
    subscription.assign(parting.kept, Start::Committed, turn.out);
    let group = turn.config.group_id.clone();
    let partitions = parting.gone.into();
    turn.out.note(match parting.is_lost {
        true => Fact::PartitionsLost { group, partitions },
        false => Fact::PartitionsRevoked { group, partitions },
    });
}
