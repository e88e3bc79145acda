//! The application: polls, works on what it got, commits if that is its way, and polls again.
//!
//! In Kafka this is whatever a person has written around `poll()`. Here it is a loop with three settings that
//! Kafka has not: how long it works (`poll.interval.ms`), when it commits by itself (`application.commits`), and
//! whether it does so before partitions are taken from it (`application.on.revoked`).

use super::buffer::{self, Buffer};
use super::committing::Consumed;
use super::membership::{self, Keeps};
use super::subscription::{Position, State};
use super::{Call, Consumer, Returned, committed, fetcher, offsets};
use crate::client::config::{CommitsWhen, OnRevoked};
use crate::fact::Fact;
use crate::model::{LeaderEpoch, Offset, TopicPartition};
use crate::process::Outbox;
use crate::protocol::{ErrorCode, Malformed};
use crate::time::{Duration, Instant, Moment};

/// How long `close()` waits for its last commit and for the answer to its LeaveGroup.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the application is doing.
#[derive(Clone, Debug, Default)]
pub(super) enum Application {
    /// It waits in `poll()`.
    #[default]
    Polling,
    /// It works on what the last `poll()` returned.
    Working { since: Instant, until: Instant },
    /// It waits in `commitSync()`.
    Committing { since: Instant, then: Then },
}

/// What it does once it has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Poll,
    Work,
}

/// Records of one partition that `poll()` has returned.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    partition: TopicPartition,
    base: Offset,
    next: Offset,
    records: u32,
    /// Behind its first record, which is its only one where the application takes one by one.
    behind: Position,
}

impl Taken {
    /// The application is done with it.
    fn processed(&self) -> Fact {
        Fact::RecordsProcessed {
            partition: self.partition.clone(),
            base_offset: self.base,
            next_offset: self.next,
            records: self.records,
        }
    }
}

/// Takes up to `most` records out of a buffer, as many at a time as `step` says, and moves the position behind them.
///
/// # Errors
/// When the first record cannot be read. What can be read before one that cannot is returned, and the next call fails.
fn take(
    buffer: &mut Buffer,
    position: &mut Position,
    most: u32,
    step: u32,
) -> Result<Vec<buffer::Taken>, Malformed> {
    let (mut all, mut left) = (Vec::new(), most);
    loop {
        let taken = match buffer.take(position.offset, step) {
            Ok(taken) => taken,
            Err(error) if all.is_empty() => return Err(error),
            Err(_) => return Ok(all),
        };
        position.offset = taken.next_offset;
        position.epoch = taken.epoch.or(position.epoch);
        left -= taken.records;
        let is_over = taken.records < step || left == 0 || buffer.is_empty();
        all.push(taken);
        if is_over {
            return Ok(all);
        }
    }
}

/// How far `close()` has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Closing {
    /// The application comes to it when it is done with its work.
    Asked,
    Committing {
        until: Instant,
    },
    Leaving {
        until: Instant,
    },
}

impl Application {
    /// When it last polled, while it is not in `poll()`.
    pub(super) fn working_since(&self) -> Option<Instant> {
        match self {
            Application::Polling => None,
            Application::Working { since, .. } | Application::Committing { since, .. } => {
                Some(*since)
            }
        }
    }

    /// Until when it works.
    pub(super) fn works_until(&self) -> Option<Instant> {
        match self {
            Application::Working { until, .. } => Some(*until),
            _ => None,
        }
    }
}

impl Consumer {
    /// Lets the application do what it can do now.
    pub(super) fn work(&mut self, at: Moment, out: &mut Outbox) {
        loop {
            match self.application {
                Application::Working { until, .. } if until > at.now => return,
                Application::Working { since, .. } => self.finish_work(at, since, out),
                Application::Committing { .. } if self.commits.is_awaited() => return,
                Application::Committing {
                    then: Then::Poll, ..
                } => {
                    self.application = Application::Polling;
                }
                Application::Committing {
                    then: Then::Work,
                    since,
                } => {
                    self.begin_work(at, since, out);
                }
                Application::Polling if self.closing.is_some() => return self.close(at, out),
                Application::Polling => {
                    if !self.poll(at, out) {
                        return;
                    }
                }
            }
        }
    }

    /// One `poll()`. False while there is nothing to return.
    fn poll(&mut self, at: Moment, out: &mut Outbox) -> bool {
        self.observe();
        if self.config.has_group() {
            let (parts, mut turn) = self.parts(at, out);
            let super::Parts {
                subscription,
                membership,
                coordinator,
                commits,
            } = parts;
            membership::poll(membership, coordinator, commits, subscription, &mut turn);
            let consumed = || subscription.consumed();
            commits.poll(consumed, coordinator, membership, &mut turn);
            committed::ask(subscription, coordinator, &mut turn);
        }
        let returned = self.deliver(out);
        // The next fetch is on its way before the application sees the records.
        self.ask(at, out);
        if !returned {
            return false;
        }
        if self.config.application_commits == CommitsWhen::First {
            self.commit_and_wait(at, at.now, Then::Work, out);
        } else {
            self.begin_work(at, at.now, out);
        }
        true
    }

    /// Whether it is done with what `poll()` returns as that is returned: it takes no time to work, and does nothing
    /// before, or between two records. Otherwise being done is news of its own.
    pub fn is_done_at_once(&self) -> bool {
        let commits = self.config.application_commits;
        let commits_between = matches!(commits, CommitsWhen::First | CommitsWhen::Each);
        !self.config.has_group() || (self.config.poll_interval.is_zero() && !commits_between)
    }

    fn begin_work(&mut self, at: Moment, since: Instant, out: &mut Outbox) {
        if self.config.poll_interval.is_zero() {
            return self.finish_work(at, since, out);
        }
        let until = at.now + self.config.poll_interval;
        self.application = Application::Working { since, until };
    }

    fn finish_work(&mut self, at: Moment, since: Instant, out: &mut Outbox) {
        if self.config.application_commits == CommitsWhen::Each
            && let Some(taken) = self.taken.pop_front()
        {
            return self.finish_one(at, since, taken, out);
        }
        for taken in self.taken.drain(..) {
            out.note(taken.processed());
        }
        self.application = Application::Polling;
        match self.config.application_commits {
            // What was returned one by one is committed one by one.
            CommitsWhen::Never | CommitsWhen::First | CommitsWhen::Each => {}
            CommitsWhen::Async => {
                let (parts, mut turn) = self.parts(at, out);
                let offsets = parts.subscription.consumed();
                let (coordinator, membership) = (parts.coordinator, parts.membership);
                let commits = parts.commits;
                commits.commit_loosely(offsets, coordinator, membership, &mut turn);
            }
            CommitsWhen::Sync => self.commit_and_wait(at, since, Then::Poll, out),
        }
    }

    /// It is done with one of the records that were returned: it commits the offset behind it, and goes on to the
    /// next, or polls again after the last.
    fn finish_one(&mut self, at: Moment, since: Instant, taken: Taken, out: &mut Outbox) {
        out.note(taken.processed());
        let until = at.now + self.config.default_api_timeout;
        let offsets = vec![(taken.partition, taken.behind)];
        self.commit_sync(at, offsets, until, out);
        let then = match self.taken.is_empty() {
            true => Then::Poll,
            false => Then::Work,
        };
        self.application = Application::Committing { since, then };
    }

    fn commit_and_wait(&mut self, at: Moment, since: Instant, then: Then, out: &mut Outbox) {
        let until = at.now + self.config.default_api_timeout;
        self.begin_commit(at, until, out);
        self.application = Application::Committing { since, then };
    }

    /// `commitSync()` of everything that was returned.
    pub(super) fn begin_commit(&mut self, at: Moment, until: Instant, out: &mut Outbox) {
        let offsets = self.subscription.consumed();
        self.commit_sync(at, offsets, until, out);
    }

    /// `commitSync(offsets)`.
    fn commit_sync(&mut self, at: Moment, offsets: Consumed, until: Instant, out: &mut Outbox) {
        let (parts, mut turn) = self.parts(at, out);
        let (coordinator, membership) = (parts.coordinator, &*parts.membership);
        parts
            .commits
            .await_commit(offsets, until, membership, &mut turn);
        parts.commits.drive(coordinator, membership, &mut turn);
    }

    fn ask(&mut self, at: Moment, out: &mut Outbox) {
        let may_read = self.membership.may_read(&self.config);
        let (parts, mut turn) = self.parts(at, out);
        offsets::ask(parts.subscription, &mut turn);
        if may_read {
            fetcher::ask(parts.subscription, &mut turn);
        }
    }

    /// What one `poll()` returns. False when there is nothing to return.
    fn deliver(&mut self, out: &mut Outbox) -> bool {
        if !self.membership.may_read(&self.config) {
            return false;
        }
        let most = self.config.max_poll_records;
        let mut left = most;
        while left > 0 {
            let Some(partition) = self.subscription.next_filled().cloned() else {
                break;
            };
            let assigned = self.subscription.get_mut(&partition);
            let assigned = assigned.expect("what is filled is assigned");
            let (State::Reading { position }, Some(buffer)) =
                (&mut assigned.state, &mut assigned.buffer)
            else {
                // Its position is being validated: what was fetched is fetched again afterwards.
                self.subscription.emptied();
                continue;
            };
            let step = match self.config.application_commits {
                // It works through what was returned one by one.
                CommitsWhen::Each => 1,
                _ => left,
            };
            let Ok(taken) = take(buffer, position, left, step) else {
                if left < most {
                    // As in Kafka, what was taken is returned first, and the next `poll()` fails.
                    break;
                }
                let error = ErrorCode::CorruptMessage;
                self.subscription.fail(&partition, error, out);
                continue;
            };
            let leader_epoch = position.leader_epoch;
            if buffer.is_empty() {
                self.subscription.emptied();
            }
            left -= self.hand_over(&partition, leader_epoch, taken, out);
        }
        left < most
    }

    /// Hands the application records of one partition; how many.
    fn hand_over(
        &mut self,
        partition: &TopicPartition,
        leader_epoch: LeaderEpoch,
        taken: Vec<buffer::Taken>,
        out: &mut Outbox,
    ) -> u32 {
        let records: u32 = taken.iter().map(|taken| taken.records).sum();
        let ends = taken.first().zip(taken.last());
        let Some((first, last)) = ends.filter(|_| records > 0) else {
            return 0;
        };
        let (base_offset, next_offset) = (first.base_offset, last.next_offset);
        self.consumed += u64::from(records);
        if !self.is_done_at_once() {
            let parts = taken.iter().filter(|taken| taken.records > 0);
            self.taken.extend(parts.map(|taken| Taken {
                partition: partition.clone(),
                base: taken.base_offset,
                next: taken.next_offset,
                records: taken.records,
                behind: Position {
                    offset: taken.base_offset + 1,
                    epoch: taken.epoch,
                    leader_epoch,
                },
            }));
        }
        if let Some(batch) = taken.into_iter().rev().find_map(|taken| taken.last) {
            self.remember(Returned {
                partition: partition.clone(),
                batch,
                from: base_offset,
                to: next_offset,
            });
        }
        out.note(Fact::RecordsConsumed {
            partition: partition.clone(),
            base_offset,
            next_offset,
            records,
        });
        records
    }

    // ---- close()

    /// Goes on with `close()`: commits, gives its partitions up, leaves the group, and ends.
    fn close(&mut self, at: Moment, out: &mut Outbox) {
        let Some(closing) = self.closing else {
            return;
        };
        let until = match closing {
            Closing::Asked => at.now + CLOSE_TIMEOUT,
            Closing::Committing { until } | Closing::Leaving { until } => until,
        };
        if !self.config.has_group() {
            return out.exit();
        }
        if let Closing::Asked = closing {
            // With its part it gives up what it would have committed later.
            let revokes = self.config.application_on_revoked == OnRevoked::Commit;
            if self.config.enable_auto_commit || (revokes && self.membership.is_stable()) {
                self.begin_commit(at, until, out);
            }
            self.closing = Some(Closing::Committing { until });
        }
        let over = until <= at.now;
        if self.commits.needs_coordinator() && !over {
            return;
        }
        if let Some(Closing::Committing { until }) = self.closing {
            self.unsubscribe(at, "it is closed", out);
            self.closing = Some(Closing::Leaving { until });
        }
        // What was sent is given the time to be answered.
        let mut calls = self.network.calls();
        if over || !calls.any(|(_, call)| matches!(call, Call::Leave | Call::Commit(_))) {
            out.exit();
        }
    }

    /// Gives all partitions up and leaves the group.
    pub(super) fn unsubscribe(&mut self, at: Moment, why: &str, out: &mut Outbox) {
        let (parts, mut turn) = self.parts(at, out);
        membership::give_up(
            parts.membership,
            parts.subscription,
            Keeps::Nothing,
            &mut turn,
        );
        membership::leave(parts.membership, parts.coordinator, why, &mut turn);
    }
}
