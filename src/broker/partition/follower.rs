//! What a follower does: copy its leader's log, and cut its own where the two part.

use super::{Around, Decision, Duty, Partition};
use crate::fact::{Fact, LogStartReason, Role};
use crate::log::planted::Bug;
use crate::log::{Appended, EpochEnd};
use crate::model::{LeaderEpoch, Offset};
use crate::process::Outbox;
use crate::protocol::records::Batch;
use crate::time::Moment;

/// What copying an answer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The log goes on at its new end.
    Continued,
    /// The batches did not continue the log; nothing after the misfit was taken.
    Misfit,
}

impl Partition {
    /// Follows a leader in a new epoch (`Partition.makeFollower`).
    ///
    /// With an empty epoch cache there is no epoch by which the leader could say where the logs part,
    /// so the log is cut to what is known to be committed.
    pub fn become_follower(&mut self, decision: Decision, around: Around<'_>, out: &mut Outbox) {
        assert!(
            decision.leader_epoch > self.leader_epoch,
            "leader epochs only grow"
        );
        self.duty = Duty::Follow { compared: false };
        self.take(decision);
        out.note(Fact::BecameFollower {
            partition: self.name.clone(),
            epoch: self.leader_epoch,
            leader: self.leader,
        });
        let blind = self.log.epochs().latest().is_none();
        let blind = blind || self.config.planted.has(Bug::TruncateToHighWatermark);
        if blind && self.log.end() > self.high_watermark {
            let to = self.high_watermark;
            self.truncate(to, around.at, out);
        }
    }

    /// The epoch of the last record, for the leader to compare; −1 when there is none.
    pub fn last_fetched_epoch(&self) -> LeaderEpoch {
        let compared = matches!(self.duty, Duty::Follow { compared: true });
        if compared && self.config.planted.has(Bug::TruncateToForeignEpoch) {
            return LeaderEpoch::NONE;
        }
        let latest = self.log.epochs().latest();
        latest.map_or(LeaderEpoch::NONE, |latest| latest.epoch)
    }

    /// Appends what the leader sent, byte for byte, and takes over its high watermark and log start.
    ///
    /// The high watermark is the leader's at the time of its answer, cut to what is here; it may go
    /// back, when a fresh leader does not know yet what its predecessor had committed.
    pub(crate) fn copy(
        &mut self,
        batches: &[Batch],
        high_watermark: Offset,
        log_start: Offset,
        at: Moment,
        out: &mut Outbox,
    ) -> Copied {
        let mut copied = Copied::Continued;
        let mut all: Option<Appended> = None;
        let mut epoch = self.leader_epoch;
        for batch in batches {
            let Some(one) = self.log.append_as_follower(batch, at.wall, &self.config) else {
                copied = Copied::Misfit;
                break;
            };
            epoch = batch.leader_epoch();
            all = Some(match all {
                None => one,
                Some(before) => Appended {
                    next_offset: one.next_offset,
                    bytes: before.bytes + one.bytes,
                    rolled: one.rolled.or(before.rolled),
                    ..before
                },
            });
        }
        if let Some(all) = all {
            self.note_appended(&all, epoch, Role::Follower, out);
        }
        let to = high_watermark.clamp(self.log.start(), self.log.end());
        self.set_high_watermark(to, out);
        self.raise_start(log_start, out);
        copied
    }

    fn raise_start(&mut self, log_start: Offset, out: &mut Outbox) {
        let from = self.log.start();
        // Never above the high watermark: what is not committed is not deleted either.
        if log_start <= self.high_watermark && self.log.raise_start(log_start) {
            out.note(Fact::LogStartMoved {
                partition: self.name.clone(),
                from,
                to: log_start,
                reason: LogStartReason::Leader,
            });
        }
    }

    /// The leader's log ends the follower's last epoch elsewhere: cuts the log to where the two agree
    /// for sure (KIP-101, KIP-279). When they still do not agree, the next fetch says so again.
    pub(crate) fn truncate_to_epoch_end(&mut self, leader: EpochEnd, at: Moment, out: &mut Outbox) {
        self.duty = Duty::Follow { compared: true };
        let own = self.end_of_epoch(leader.epoch);
        let to = match own {
            // The leader's epoch is known here too: the shorter one of the two is common.
            Some(own) if own.epoch == leader.epoch => own.end.min(leader.end),
            _ if self.config.planted.has(Bug::TruncateToForeignEpoch) => leader.end,
            // Unknown here: what went before it is common at most.
            Some(own) => own.end,
            None => leader.end,
        };
        self.truncate(to.min(self.log.end()), at, out);
    }

    /// Cuts off everything at and after `to`, and any epoch that begins there; the high watermark
    /// follows.
    pub(crate) fn truncate(&mut self, to: Offset, at: Moment, out: &mut Outbox) {
        let from = self.log.end();
        let to = self.log.truncate_to(to, at.wall);
        if to < from {
            self.after_cut(from, to, out);
        }
    }

    /// Throws the log away and begins again where the leader's log begins.
    pub(crate) fn start_again_at(&mut self, start: Offset, at: Moment, out: &mut Outbox) {
        let from = self.log.end();
        self.log.start_again_at(start, at.wall);
        self.after_cut(from, start, out);
    }

    fn after_cut(&mut self, from: Offset, to: Offset, out: &mut Outbox) {
        out.wrote();
        out.note(Fact::LogTruncated {
            partition: self.name.clone(),
            from,
            to,
        });
        let high_watermark = self.high_watermark.clamp(self.log.start(), self.log.end());
        self.set_high_watermark(high_watermark, out);
    }
}
