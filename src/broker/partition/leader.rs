//! What a leader does: append, watch its followers, move the high watermark, ask for another ISR.

use super::high_watermark::Standing;
use super::{Around, Decision, Duty, FollowerState, Isr, Lead, Partition};
use crate::broker::metadata::Image;
use crate::fact::{Fact, LogStartReason, Role};
use crate::log::Appended;
use crate::log::planted::Bug;
use crate::log::validate::{Refused, check_produced};
use crate::model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch, ProducerId};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::records::Batch;
use crate::time::Timestamp;

/// Where a producer's batch is in the log: since now or, if it was sent twice, since it first came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub base_offset: Offset,
    pub next_offset: Offset,
    /// What the producer is told of its time: the leader's in a topic that has it so, else −1. Of a batch
    /// that came before, always its greatest timestamp, as in Kafka.
    pub append_time: Timestamp,
}

/// An ISR that the controller is asked for, with the epochs that fence the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsrProposal {
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<(BrokerId, BrokerEpoch)>,
}

impl Partition {
    /// Takes the lead in a new epoch (`Partition.makeLeader`).
    ///
    /// A broker that did not lead before knows nothing of what followers have, so the high watermark stands still
    /// until every member of the ISR has fetched from it once. One that led already goes on with what it knows
    /// of them, and the high watermark may move at once: where the ISR is smaller now, nobody waits for who left.
    pub fn become_leader(&mut self, decision: Decision, around: Around<'_>, out: &mut Outbox) {
        assert!(
            decision.leader_epoch > self.leader_epoch,
            "leader epochs only grow"
        );
        let now = around.at.now;
        let others = decision.replicas.iter().filter(|id| **id != self.local);
        let (led, epoch_start) = (self.is_leader(), self.log.end());
        let followers = others.map(|id| {
            let in_sync = decision.isr.contains(id).then_some(now);
            let known = self.followers().iter().find(|state| state.broker() == *id);
            let known = known.cloned();
            match led {
                true => known
                    .unwrap_or_else(|| FollowerState::new(*id, None))
                    .in_the_next_epoch(in_sync, epoch_start),
                false => FollowerState::new(*id, in_sync),
            }
        });
        self.duty = Duty::Lead(Lead {
            epoch_start,
            followers: followers.collect(),
        });
        if self.config.planted.has(Bug::ForgetProducers) {
            let never = crate::time::Duration::ZERO;
            self.log.forget_silent_producers(Timestamp(i64::MAX), never);
        }
        self.log.begin_epoch(decision.leader_epoch);
        self.take(decision);
        out.note(Fact::BecameLeader {
            partition: self.name.clone(),
            epoch: self.leader_epoch,
            start_offset: self.log.end(),
            isr: self.isr.committed().to_vec(),
        });
        self.advance_high_watermark(around, out);
    }

    pub(in crate::broker) fn take(&mut self, decision: Decision) {
        self.leader = decision.leader;
        self.leader_epoch = decision.leader_epoch;
        self.partition_epoch = decision.partition_epoch;
        self.replicas = decision.replicas;
        self.isr = Isr::new(decision.isr);
    }

    /// Appends a producer's batch, unless it is in the log already.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER (6); NOT_ENOUGH_REPLICAS (19) for `acks=all` when the ISR is too small;
    /// what [`check_produced`] and then what [`Producers::check`] refuses. Nothing is written then.
    ///
    /// [`Producers::check`]: crate::log::Producers::check
    pub fn append(
        &mut self,
        batch: &Batch,
        acks: i16,
        around: Around<'_>,
        out: &mut Outbox,
    ) -> Result<Written, Refused> {
        self.check_leads()
            .map_err(|error| Refused::new(error, "this broker does not lead the partition"))?;
        if acks == -1 && self.isr.committed().len() < self.min_isr() {
            let why = "the ISR is smaller than min.insync.replicas";
            return Err(Refused::new(ErrorCode::NotEnoughReplicas, why));
        }
        let latest = check_produced(batch, around.at.wall, &self.config)?;
        let before = match self.config.planted.has(Bug::WriteTwice) {
            true => None,
            false => self
                .log
                .producers()
                .check(&batch.header, self.config.planted)?,
        };
        if let Some(before) = before {
            out.note(Fact::DuplicateDropped {
                partition: self.name.clone(),
                producer_id: ProducerId(batch.header.producer_id),
                base_sequence: before.base_sequence,
                base_offset: before.base_offset,
                next_offset: before.next_offset(),
            });
            // It may be that the high watermark waited for a replica which then did not join the ISR.
            self.advance_high_watermark(around, out);
            return Ok(Written {
                base_offset: before.base_offset,
                next_offset: before.next_offset(),
                append_time: before.timestamp,
            });
        }
        let (epoch, wall) = (self.leader_epoch, around.at.wall);
        let batch = &batch.with_max_timestamp(latest.0);
        let appended = self.log.append_as_leader(batch, epoch, wall, &self.config);
        self.note_appended(&appended, epoch, Role::Leader, out);
        self.advance_high_watermark(around, out);
        Ok(Written {
            base_offset: appended.base_offset,
            next_offset: appended.next_offset,
            append_time: appended.append_time,
        })
    }

    pub(in crate::broker) fn note_appended(
        &self,
        appended: &Appended,
        epoch: LeaderEpoch,
        role: Role,
        out: &mut Outbox,
    ) {
        out.wrote();
        if let Some(base_offset) = appended.rolled {
            let partition = self.name.clone();
            out.note(Fact::SegmentRolled {
                partition,
                base_offset,
            });
        }
        out.note(Fact::RecordsAppended {
            partition: self.name.clone(),
            role,
            base_offset: appended.base_offset,
            next_offset: appended.next_offset,
            epoch,
            bytes: appended.bytes,
        });
    }

    /// Moves the high watermark as far as the followers let it. It never goes back here.
    pub(in crate::broker) fn advance_high_watermark(
        &mut self,
        around: Around<'_>,
        out: &mut Outbox,
    ) {
        let Duty::Lead(lead) = &self.duty else {
            return;
        };
        let planted = self.config.planted;
        let committed = self.isr.committed();
        let mut followers = &lead.followers[..];
        let counted: Vec<FollowerState>;
        if planted.has(Bug::CommitByCommittedIsr) {
            let all = followers.iter().cloned();
            counted = all.filter(|f| committed.contains(&f.broker())).collect();
            followers = &counted;
        }
        let standing = Standing {
            now: around.at.now,
            log_end: self.log.end(),
            followers,
            maximal_isr: self.isr.maximal(),
            committed_isr: committed.len(),
            min_isr: match planted.has(Bug::MinIsrBeforeOnly) {
                true => 0,
                false => self.min_isr(),
            },
            lag: around.lag,
        };
        let candidate = standing.candidate(|id| around.cluster.is_alive(id));
        if let Some(candidate) = candidate.filter(|offset| *offset > self.high_watermark) {
            self.set_high_watermark(candidate, out);
        }
    }

    /// A follower's fetch was read: what it asked for says how far it is. Returns the ISR to ask the
    /// controller for, if the follower has earned its place.
    ///
    /// The order matters: a follower that joins counts for the high watermark at once.
    pub(super) fn follower_fetched(
        &mut self,
        fetch: FollowerFetch,
        around: Around<'_>,
        out: &mut Outbox,
    ) -> Option<IsrProposal> {
        let Duty::Lead(lead) = &mut self.duty else {
            return None;
        };
        let epoch_start = lead.epoch_start;
        let mut followers = lead.followers.iter_mut();
        let follower = followers.find(|follower| follower.broker() == fetch.follower)?;
        let before = follower.log_end();
        follower.fetched(
            around.at.now,
            fetch.fetch_offset,
            fetch.log_start,
            fetch.leader_log_end,
            fetch.broker_epoch,
        );
        let moved = before != follower.log_end();
        let proposal =
            self.maybe_expand(fetch.follower, fetch.fetch_offset, epoch_start, around, out);
        if moved {
            self.advance_high_watermark(around, out);
        }
        proposal
    }

    fn maybe_expand(
        &mut self,
        follower: BrokerId,
        log_end: Offset,
        epoch_start: Offset,
        around: Around<'_>,
        out: &mut Outbox,
    ) -> Option<IsrProposal> {
        let may_join = self.isr.pending().is_none()
            && !self.isr.committed().contains(&follower)
            && around.cluster.is_alive(follower);
        let unfenced = self.config.planted.has(Bug::JoinBeforeEpochStart);
        let in_sync = log_end >= self.high_watermark && (log_end >= epoch_start || unfenced);
        if !may_join || !in_sync {
            return None;
        }
        self.isr.expand(follower);
        Some(self.propose(out))
    }

    /// Looks for followers that have been behind for too long. Returns the ISR to ask for without them.
    pub(in crate::broker) fn maybe_shrink(
        &mut self,
        around: Around<'_>,
        out: &mut Outbox,
    ) -> Option<IsrProposal> {
        let leaving = self.out_of_sync(around);
        if leaving.is_empty() {
            return None;
        }
        self.isr.shrink(&leaving);
        Some(self.propose(out))
    }

    /// The members of the ISR that are behind and have been for longer than `replica.lag.time.max.ms`;
    /// nobody while a change is pending.
    pub(in crate::broker) fn out_of_sync(&self, around: Around<'_>) -> Vec<BrokerId> {
        if self.isr.pending().is_some() {
            return Vec::new();
        }
        let log_end = self.log.end();
        let followers = self.followers().iter();
        followers
            .filter(|follower| self.isr.committed().contains(&follower.broker()))
            .filter(|follower| !follower.is_caught_up(log_end, around.at.now, around.lag))
            .map(FollowerState::broker)
            .collect()
    }

    /// The pending ISR as a question to the controller.
    fn propose(&self, out: &mut Outbox) -> IsrProposal {
        let pending = self.isr.pending().expect("a change is pending");
        out.note(Fact::IsrChangeAsked {
            partition: self.name.clone(),
            from: self.isr.committed().to_vec(),
            to: pending.proposed().to_vec(),
        });
        let epoch_of = |id: &BrokerId| {
            let mut followers = self.followers().iter();
            let follower = followers.find(|follower| follower.broker() == *id);
            (
                *id,
                follower.map_or(BrokerEpoch(-1), FollowerState::broker_epoch),
            )
        };
        IsrProposal {
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            isr: pending.proposed().iter().map(epoch_of).collect(),
        }
    }

    /// Whether an answer to a question of this epoch still matters.
    fn awaits(&self, leader_epoch: LeaderEpoch) -> bool {
        self.is_leader() && self.leader_epoch == leader_epoch && self.isr.pending().is_some()
    }

    /// The controller agreed: this is the state now.
    pub(in crate::broker) fn isr_changed(
        &mut self,
        leader_epoch: LeaderEpoch,
        partition_epoch: PartitionEpoch,
        isr: Vec<BrokerId>,
        around: Around<'_>,
        out: &mut Outbox,
    ) {
        if !self.awaits(leader_epoch) || partition_epoch < self.partition_epoch {
            return;
        }
        let from = self.isr.committed().to_vec();
        assert!(isr.contains(&self.local), "the leader is in its ISR");
        self.partition_epoch = partition_epoch;
        self.isr = Isr::new(isr.clone());
        if from != isr {
            out.note(Fact::IsrChanged {
                partition: self.name.clone(),
                from,
                to: isr,
                partition_epoch,
            });
        }
        // The ISR may have shrunk to those who have everything.
        self.advance_high_watermark(around, out);
    }

    /// The controller refused. After INELIGIBLE_REPLICA (107) the committed ISR stands and the change
    /// may be asked for again; after other errors the leader is probably no leader any more, and the
    /// change stays pending until the next `LeaderAndIsr`.
    pub(in crate::broker) fn isr_refused(
        &mut self,
        leader_epoch: LeaderEpoch,
        error: ErrorCode,
        out: &mut Outbox,
    ) {
        if !self.awaits(leader_epoch) {
            return;
        }
        out.note(Fact::IsrChangeRefused {
            partition: self.name.clone(),
            error,
        });
        if matches!(
            error,
            ErrorCode::IneligibleReplica | ErrorCode::OperationNotAttempted
        ) {
            self.isr.give_up();
        }
    }

    /// The question that is still open, to be asked again.
    pub(in crate::broker) fn open_proposal(&self) -> Option<IsrProposal> {
        self.isr.pending()?;
        let mut silent = Outbox::default();
        Some(self.propose(&mut silent))
    }

    /// What to tell a producer that waits until the log is safe up to `required`
    /// (`checkEnoughReplicasReachOffset`); `None` while it is not.
    pub(in crate::broker) fn acknowledges(&self, required: Offset) -> Option<ErrorCode> {
        if !self.is_leader() {
            return Some(ErrorCode::NotLeaderOrFollower);
        }
        let early = self.config.planted.has(Bug::AcknowledgeEarly);
        if self.high_watermark < required && !early {
            return None;
        }
        let unseen = self.config.planted.has(Bug::MinIsrBeforeOnly);
        if self.isr.maximal().len() < self.min_isr() && !unseen {
            return Some(ErrorCode::NotEnoughReplicasAfterAppend);
        }
        Some(ErrorCode::None)
    }

    /// Has the log begin at an offset from now on, or, for −1, at the high watermark; the offset that was
    /// meant (`deleteRecordsOnLeader`). A log that begins later already stays as it is.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER (6); POLICY_VIOLATION (44) where records are only compacted; OFFSET_OUT_OF_RANGE
    /// (1) for what is not committed.
    pub fn delete_records(&mut self, before: i64, out: &mut Outbox) -> Result<Offset, ErrorCode> {
        self.check_leads()?;
        if !self.config.cleanup_policy.deletes() {
            return Err(ErrorCode::PolicyViolation);
        }
        let to = match before {
            -1 => self.high_watermark,
            _ => Offset(before),
        };
        if to < Offset::ZERO || to > self.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let from = self.log.start();
        if self.log.raise_start(to) {
            out.wrote();
            out.note(Fact::LogStartMoved {
                partition: self.name.clone(),
                from,
                to,
                reason: LogStartReason::Deleted,
            });
        }
        Ok(to)
    }

    /// Where the log of the replica begins that begins first, of those that are alive; −1 while one of them has
    /// not said. Only a leader knows.
    pub fn low_watermark(&self, cluster: &Image) -> Option<Offset> {
        let Duty::Lead(lead) = &self.duty else {
            return None;
        };
        let live = lead.followers.iter();
        let live = live.filter(|follower| cluster.is_alive(follower.broker()));
        let starts = live.map(|follower| follower.log_start().unwrap_or(Offset(-1)));
        Some(starts.fold(self.log.start(), Offset::min))
    }

    /// Where this leader's epoch began.
    pub fn epoch_start(&self) -> Option<Offset> {
        match &self.duty {
            Duty::Lead(lead) => Some(lead.epoch_start),
            Duty::Follow { .. } => None,
        }
    }
}

/// What a follower's fetch says about the follower.
#[derive(Clone, Copy, Debug)]
pub(super) struct FollowerFetch {
    pub(super) follower: BrokerId,
    pub(super) broker_epoch: BrokerEpoch,
    pub(super) fetch_offset: Offset,
    pub(super) log_start: Offset,
    /// The end of the leader's log before the read, so that what is appended meanwhile does not keep
    /// the follower out of sync.
    pub(super) leader_log_end: Offset,
}
