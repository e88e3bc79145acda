//! `Commits`: the consumer remembers in its group how far it has read.
//!
//! What is committed of a partition is its position: the offset of the next record. Whoever is given the
//! partition next begins there; so the moment at which a consumer commits decides what becomes of records on
//! which it was working when it crashed. Committed afterwards, they are read again; committed before, they
//! are passed over.
//!
//! - By itself (`enable.auto.commit`): a `poll()` that finds `auto.commit.interval.ms` over commits what the
//!   polls before it have returned, and so does whatever ends the reading: a rebalance, `close()`.
//! - By hand (`commits`, what the application does): and then it waits for the answer, or does not.
//!
//! A commit that waits is sent again until it succeeds, cannot succeed, or `default.api.timeout.ms` is over.
//! One that does not wait is sent once, for by the time of a second attempt a later one may have overtaken
//! it; while no coordinator is known it waits for one to be found, behind those before it.
//!
//! What holds: what is sent is never older than what was sent before, unless the application says itself which offset
//! it means, as it does that commits record by record.

use std::collections::VecDeque;

use super::membership::{Coordinator, Generation, KeepsId, Membership, Stage};
use super::subscription::{Position, Question};
use super::{Call, Turn};
use crate::channel::Answer;
use crate::fact::{CloseReason, Fact};
use crate::model::{Offset, TopicPartition};
use crate::process::Deadline;
use crate::protocol::api::OffsetCommitRequest;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Instant;

/// Partitions, and how far they were read.
pub type Consumed = Vec<(TopicPartition, Position)>;

/// An OffsetCommit in flight.
#[derive(Clone, Debug)]
pub struct Commit {
    kind: Kind,
    serial: u64,
    offsets: Consumed,
    /// Whom it speaks for.
    generation: Generation,
}

/// Who wants to know what becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Somebody waits for it.
    Awaited,
    /// The timer; it comes again anyhow.
    Automatic,
    /// Nobody.
    Loose,
}

/// A commit that somebody waits for.
#[derive(Clone, Debug)]
struct Awaited {
    serial: u64,
    offsets: Consumed,
    question: Question,
    until: Instant,
    /// How often it came to nothing.
    failures: u32,
}

/// What becomes of offsets that are to be remembered.
#[derive(Clone, Debug, Default)]
pub struct Commits {
    /// When the timer is over.
    automatic_at: Instant,
    awaited: Option<Awaited>,
    /// Those that nobody waits for and that go when the coordinator is found, oldest first.
    chained: VecDeque<Consumed>,
    /// How many there were that somebody waited for.
    begun: u64,
    committed: u64,
    /// Why the last of them came to nothing, if it did.
    failure: Option<ErrorCode>,
}

impl Commits {
    /// The timer begins anew.
    pub fn restart(&mut self, turn: &Turn<'_>) {
        self.automatic_at = turn.at.now + turn.config.auto_commit_interval;
    }

    /// Whether somebody waits for a commit.
    pub fn is_awaited(&self) -> bool {
        self.awaited.is_some()
    }

    /// How many offsets were committed.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Why the last commit came to nothing, if it did.
    pub fn failure(&self) -> Option<ErrorCode> {
        self.failure
    }

    /// Whether something is to be said to the coordinator.
    pub fn needs_coordinator(&self) -> bool {
        self.is_awaited() || !self.chained.is_empty()
    }

    /// Commits if it is time to, as every `poll()` does. Without a coordinator the time stays due.
    pub fn poll(
        &mut self,
        offsets: impl FnOnce() -> Consumed,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        let due = turn.config.enable_auto_commit && self.automatic_at <= turn.at.now;
        if !due || self.is_awaited() || coordinator.ready(turn).is_none() {
            return;
        }
        self.restart(turn);
        if may_commit(membership, turn).is_ok() {
            self.send(Kind::Automatic, 0, offsets(), coordinator, membership, turn);
        }
    }

    /// `commitAsync()`: sends it, or has it wait until the coordinator is found.
    pub fn commit_loosely(
        &mut self,
        offsets: Consumed,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        if !offsets.is_empty() {
            self.chained.push_back(offsets);
            self.send_chained(coordinator, membership, turn);
        }
    }

    fn send_chained(
        &mut self,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        while !self.chained.is_empty() && coordinator.ready(turn).is_some() {
            let offsets = self.chained.pop_front().expect("it is not empty");
            if let Err(error) = may_commit(membership, turn) {
                self.failed(error, turn);
            } else if !self.send(Kind::Loose, 0, offsets, coordinator, membership, turn) {
                self.failed(ErrorCode::UnsupportedVersion, turn);
            }
        }
    }

    /// The coordinator was looked for in vain: what waited for it is not sent any more.
    pub fn not_found(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        for _ in std::mem::take(&mut self.chained) {
            self.failed(error, turn);
        }
    }

    /// Nobody will ever coordinate the group.
    pub fn refuse(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        self.not_found(error, turn);
        if self.awaited.take().is_some() {
            self.failed(error, turn);
        }
    }

    /// `commitSync()`: begins to commit, until then at most. One that is awaited already comes to nothing by
    /// itself: this one says more.
    pub fn await_commit(
        &mut self,
        offsets: Consumed,
        until: Instant,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        if offsets.is_empty() {
            return;
        }
        if let Err(error) = may_commit(membership, turn) {
            return self.failed(error, turn);
        }
        self.begun += 1;
        self.awaited = Some(Awaited {
            serial: self.begun,
            offsets,
            question: Question::Due(Instant::ZERO),
            until,
            failures: 0,
        });
    }

    /// Does what can be done now for those that wait.
    pub fn drive(
        &mut self,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        self.send_chained(coordinator, membership, turn);
        let now = turn.at.now;
        let Some(awaited) = &self.awaited else {
            return;
        };
        if awaited.until <= now {
            self.awaited = None;
            return self.failed(ErrorCode::RequestTimedOut, turn);
        }
        if !awaited.question.is_due(now) {
            return;
        }
        if let Err(error) = may_commit(membership, turn) {
            self.awaited = None;
            return self.failed(error, turn);
        }
        let (serial, offsets) = (awaited.serial, awaited.offsets.clone());
        if self.send(
            Kind::Awaited,
            serial,
            offsets,
            coordinator,
            membership,
            turn,
        ) && let Some(awaited) = &mut self.awaited
        {
            awaited.question = Question::UnderWay;
        }
    }

    fn failed(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        self.failure = Some(error);
        turn.out.note(Fact::CommitFailed {
            group: turn.config.group_id.clone(),
            error,
        });
    }

    /// False when it cannot be sent now.
    fn send(
        &mut self,
        kind: Kind,
        serial: u64,
        offsets: Consumed,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) -> bool {
        if offsets.is_empty() {
            return true;
        }
        let Some(peer) = coordinator.ready(turn) else {
            return false;
        };
        let Some(version) = turn.network.version(peer, ApiKey::OffsetCommit) else {
            return false;
        };
        let mut topics: Vec<OffsetCommitRequestTopic> = Vec::new();
        for (partition, position) in &offsets {
            let wanted = OffsetCommitRequestPartition {
                partition_index: partition.partition,
                committed_offset: position.offset.0,
                committed_leader_epoch: position.epoch.map_or(-1, |epoch| epoch.0),
                ..OffsetCommitRequestPartition::default()
            };
            match topics.last_mut() {
                Some(topic) if topic.name == partition.topic.0 => topic.partitions.push(wanted),
                _ => topics.push(OffsetCommitRequestTopic {
                    name: partition.topic.0.clone(),
                    partitions: vec![wanted],
                }),
            }
        }
        // Who has chosen its partitions itself speaks for nobody, whatever its name.
        let (generation, instance) = match turn.config.subscribe.0.is_empty() {
            true => (Generation::default(), None),
            false => (membership.generation.clone(), turn.config.instance()),
        };
        let request = OffsetCommitRequest {
            group_id: turn.config.group_id.clone(),
            generation_id_or_member_epoch: generation.number,
            member_id: generation.member.clone(),
            group_instance_id: instance,
            topics,
            ..OffsetCommitRequest::default()
        };
        if kind != Kind::Awaited {
            self.catch_up(&offsets);
        }
        let call = Call::Commit(Commit {
            kind,
            serial,
            offsets,
            generation,
        });
        (turn.network).call(turn.at.now, peer, &request, version, call, turn.out);
        true
    }

    /// Should the commit that is awaited be sent once more, it says no less than what is sent meanwhile.
    fn catch_up(&mut self, sent: &Consumed) {
        let Some(awaited) = &mut self.awaited else {
            return;
        };
        for (partition, position) in &mut awaited.offsets {
            if let Some((_, newer)) = sent.iter().find(|(known, _)| known == partition) {
                *position = *newer;
            }
        }
    }

    /// Hears what became of a commit.
    ///
    /// # Errors
    /// The reason to close the connection, when the bytes make no sense.
    pub fn answered(
        &mut self,
        commit: Commit,
        answer: &Answer<()>,
        coordinator: &mut Coordinator,
        membership: &mut Membership,
        turn: &mut Turn<'_>,
    ) -> Result<(), CloseReason> {
        let response = answer.decode::<OffsetCommitRequest>();
        let response = response.map_err(|_| CloseReason::Malformed)?;
        let answers = response.topics.iter().flat_map(|topic| &topic.partitions);
        let errors = answers.map(|answer| ErrorCode::from_i16(answer.error_code));
        let error = errors.into_iter().find(|error| !error.is_none());
        let Some(error) = error else {
            self.succeeded(commit, turn);
            return Ok(());
        };
        let current = membership.generation == commit.generation;
        match error {
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::RequestTimedOut => coordinator.lost(turn),
            ErrorCode::RebalanceInProgress if current => membership.rejoin(),
            ErrorCode::IllegalGeneration if current => membership.reset(KeepsId::Yes),
            ErrorCode::UnknownMemberId if current => membership.reset(KeepsId::No),
            ErrorCode::FencedInstanceId if current => membership.fail(error, turn),
            _ => {}
        }
        match commit.kind {
            Kind::Awaited if error.is_retriable() => self.again(&commit, turn),
            Kind::Awaited => {
                self.end(&commit);
                self.failed(error, turn);
            }
            Kind::Automatic if error.is_retriable() => {
                self.automatic_at = turn.at.now + turn.config.retry_backoff;
            }
            Kind::Automatic | Kind::Loose => self.failed(error, turn),
        }
        Ok(())
    }

    fn succeeded(&mut self, commit: Commit, turn: &mut Turn<'_>) {
        self.end(&commit);
        self.failure = None;
        self.committed += commit.offsets.len() as u64;
        let offsets = commit.offsets.into_iter();
        let offsets: Vec<(TopicPartition, Offset)> = offsets
            .map(|(partition, position)| (partition, position.offset))
            .collect();
        turn.out.note(Fact::OffsetsCommitted {
            group: turn.config.group_id.clone(),
            offsets: offsets.into(),
        });
    }

    /// This commit is awaited no more, if it was.
    fn end(&mut self, commit: &Commit) {
        let serial = commit.serial;
        self.awaited.take_if(|awaited| awaited.serial == serial);
    }

    /// It is sent again after a pause that grows, if it is still awaited.
    fn again(&mut self, commit: &Commit, turn: &mut Turn<'_>) {
        let awaited = self.awaited.as_mut();
        if let Some(awaited) = awaited.filter(|awaited| awaited.serial == commit.serial) {
            awaited.failures = awaited.failures.saturating_add(1);
            let at = turn.at.now + turn.pause_after(awaited.failures);
            awaited.question = Question::Due(at);
        }
    }

    /// The answer to a commit is lost.
    pub fn lost(&mut self, commit: &Commit, turn: &mut Turn<'_>) {
        match commit.kind {
            Kind::Awaited => self.again(commit, turn),
            Kind::Automatic => self.automatic_at = turn.at.now + turn.config.retry_backoff,
            Kind::Loose => self.failed(ErrorCode::NetworkException, turn),
        }
    }

    /// When there is something to do: the timer counts only while somebody polls.
    pub fn next_wakeup(&self, now: Instant, polls: bool, automatic: bool) -> Option<Instant> {
        if let Some(awaited) = &self.awaited {
            return Some(match awaited.question {
                Question::Due(at) if at > now => at.min(awaited.until),
                // It waits for the coordinator, or for an answer.
                Question::Due(_) | Question::UnderWay => awaited.until,
            });
        }
        (polls && automatic).then_some(self.automatic_at)
    }

    /// What is waited for here, for people.
    pub fn deadlines(&self, automatic: bool, deadlines: &mut Vec<Deadline>) {
        let mut wait = |at: Instant, why: &str| {
            let why = why.into();
            deadlines.push(Deadline { at, why });
        };
        if let Some(awaited) = &self.awaited {
            wait(awaited.until, "gives up its commit");
            if let Question::Due(at) = awaited.question {
                wait(at, "commits again");
            }
        } else if automatic {
            wait(self.automatic_at, "commits what it has read");
        }
    }
}

/// Whether this consumer may speak for its group: it has its part, or it has chosen its partitions itself.
fn may_commit(membership: &Membership, turn: &Turn<'_>) -> Result<(), ErrorCode> {
    match membership.stage {
        _ if turn.config.subscribe.0.is_empty() => Ok(()),
        Stage::Stable => Ok(()),
        _ if membership.is_rebalancing() => Err(ErrorCode::RebalanceInProgress),
        _ => Err(ErrorCode::UnknownMemberId),
    }
}
