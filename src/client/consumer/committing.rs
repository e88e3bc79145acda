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
//! it.

use super::membership::{Coordinator, Membership, Stage};
use super::subscription::{Position, Question};
use super::{Call, Turn};
use crate::channel::Answer;
use crate::fact::{CloseReason, Fact};
use crate::model::{BrokerId, Offset, TopicPartition};
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
    offsets: Consumed,
    /// The generation that it speaks for.
    generation: i32,
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
    offsets: Consumed,
    question: Question,
    until: Instant,
}

/// What becomes of offsets that are to be remembered.
#[derive(Clone, Debug, Default)]
pub struct Commits {
    /// When the timer is over.
    automatic_at: Instant,
    awaited: Option<Awaited>,
    committed: u64,
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

    /// Commits if it is time to, as every `poll()` does.
    pub fn poll(
        &mut self,
        offsets: impl FnOnce() -> Consumed,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.at.now;
        if !turn.config.enable_auto_commit || self.automatic_at > now {
            return;
        }
        self.restart(turn);
        let offsets = offsets();
        if may_commit(membership, turn).is_ok() && !self.is_awaited() {
            self.send(Kind::Automatic, offsets, coordinator, membership, turn);
        }
    }

    /// `commitAsync()`: sends it, if it can be sent now.
    pub fn commit_loosely(
        &mut self,
        offsets: Consumed,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
        if let Err(error) = may_commit(membership, turn) {
            return self.failed(error, turn);
        }
        if !self.send(Kind::Loose, offsets, coordinator, membership, turn) {
            self.failed(ErrorCode::CoordinatorNotAvailable, turn);
        }
    }

    /// `commitSync()`: begins to commit, until then at most.
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
        self.awaited = Some(Awaited {
            offsets,
            question: Question::Due(Instant::ZERO),
            until,
        });
    }

    /// Does what can be done now for the commit that is awaited.
    pub fn drive(
        &mut self,
        coordinator: &mut Coordinator,
        membership: &Membership,
        turn: &mut Turn<'_>,
    ) {
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
        let offsets = awaited.offsets.clone();
        if self.send(Kind::Awaited, offsets, coordinator, membership, turn)
            && let Some(awaited) = &mut self.awaited
        {
            awaited.question = Question::UnderWay;
        }
    }

    fn failed(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        turn.out.note(Fact::CommitFailed {
            group: turn.config.group_id.clone(),
            error,
        });
    }

    /// False when it cannot be sent now.
    fn send(
        &mut self,
        kind: Kind,
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
        let request = OffsetCommitRequest {
            group_id: turn.config.group_id.clone(),
            generation_id_or_member_epoch: membership.generation.number,
            member_id: membership.generation.member.clone(),
            group_instance_id: turn.config.instance(),
            topics,
            ..OffsetCommitRequest::default()
        };
        let call = Call::Commit(Commit {
            kind,
            offsets,
            generation: membership.generation.number,
        });
        self.call(peer, &request, version, call, turn);
        true
    }

    fn call(
        &self,
        peer: BrokerId,
        request: &OffsetCommitRequest,
        version: i16,
        call: Call,
        turn: &mut Turn<'_>,
    ) {
        (turn.network).call(turn.at.now, peer, request, version, call, turn.out);
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
        let current = membership.generation.number == commit.generation;
        match error {
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::RequestTimedOut => coordinator.lost(turn),
            ErrorCode::RebalanceInProgress if current => membership.rejoin(),
            ErrorCode::IllegalGeneration if current => membership.generation_is_over(),
            ErrorCode::UnknownMemberId if current => membership.is_unknown(),
            ErrorCode::FencedInstanceId => membership.give_up_for(error, turn),
            _ => {}
        }
        match commit.kind {
            Kind::Awaited if error.is_retriable() => self.again(turn),
            Kind::Awaited => {
                self.awaited = None;
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
        if commit.kind == Kind::Awaited {
            self.awaited = None;
        }
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

    fn again(&mut self, turn: &Turn<'_>) {
        if let Some(awaited) = &mut self.awaited {
            awaited.question = Question::Due(turn.at.now + turn.config.retry_backoff);
        }
    }

    /// The answer to a commit is lost.
    pub fn lost(&mut self, commit: &Commit, turn: &mut Turn<'_>) {
        match commit.kind {
            Kind::Awaited => self.again(turn),
            Kind::Automatic => self.automatic_at = turn.at.now + turn.config.retry_backoff,
            Kind::Loose => self.failed(ErrorCode::NetworkException, turn),
        }
    }

    /// When there is something to do: the timer counts only while somebody polls.
    pub fn next_wakeup(&self, polls: bool, automatic: bool) -> Option<Instant> {
        if let Some(awaited) = &self.awaited {
            return Some(match awaited.question {
                Question::Due(at) => at.min(awaited.until),
                Question::UnderWay => awaited.until,
            });
        }
        (polls && automatic).then_some(self.automatic_at)
    }
}

/// Whether this consumer may speak for its group: it has its part, or it has chosen its partitions itself.
fn may_commit(membership: &Membership, turn: &Turn<'_>) -> Result<(), ErrorCode> {
    match membership.stage {
        _ if turn.config.subscribe.0.is_empty() => Ok(()),
        Stage::Stable => Ok(()),
        Stage::Unjoined => Err(ErrorCode::UnknownMemberId),
        Stage::Joining | Stage::Leading(_) | Stage::Syncing => Err(ErrorCode::RebalanceInProgress),
    }
}
