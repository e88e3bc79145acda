//! The application: polls, works on what it got, commits if that is its way, and polls again.
//!
//! In Kafka this is whatever a person has written around `poll()`. Here it is a loop with two settings that
//! Kafka has not: how long it works (`poll.interval.ms`), and when it commits by itself
//! (`application.commits`).

use super::membership::{self, Keeps};
use super::subscription::State;
use super::{Call, Consumer, Returned, committed, fetcher, offsets};
use crate::client::config::CommitsWhen;
use crate::fact::Fact;
use crate::model::{Offset, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
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
    /// before. Otherwise being done is news of its own.
    pub fn is_done_at_once(&self) -> bool {
        let commits_first = self.config.application_commits == CommitsWhen::First;
        !self.config.has_group() || (self.config.poll_interval.is_zero() && !commits_first)
    }

    fn begin_work(&mut self, at: Moment, since: Instant, out: &mut Outbox) {
        if self.config.poll_interval.is_zero() {
            return self.finish_work(at, since, out);
        }
        let until = at.now + self.config.poll_interval;
        self.application = Application::Working { since, until };
    }

    fn finish_work(&mut self, at: Moment, since: Instant, out: &mut Outbox) {
        for taken in self.taken.drain(..) {
            out.note(Fact::RecordsProcessed {
                partition: taken.partition,
                base_offset: taken.base,
                next_offset: taken.next,
                records: taken.records,
            });
        }
        self.application = Application::Polling;
        match self.config.application_commits {
            CommitsWhen::Never | CommitsWhen::First => {}
            CommitsWhen::Async => {
                let (parts, mut turn) = self.parts(at, out);
                let offsets = parts.subscription.consumed();
                let (coordinator, membership) = (parts.coordinator, parts.membership);
                let commits = parts.commits;
                commits.commit_loosely(offsets, coordinator, membership, &mut turn);
            }
            CommitsWhen::Sync | CommitsWhen::Each => {
                self.commit_and_wait(at, since, Then::Poll, out);
            }
        }
    }

    fn commit_and_wait(&mut self, at: Moment, since: Instant, then: Then, out: &mut Outbox) {
        let until = at.now + self.config.default_api_timeout;
        self.begin_commit(at, until, out);
        self.application = Application::Committing { since, then };
    }

    /// `commitSync()` of everything that was returned.
    pub(super) fn begin_commit(&mut self, at: Moment, until: Instant, out: &mut Outbox) {
        let (parts, mut turn) = self.parts(at, out);
        let offsets = parts.subscription.consumed();
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
        let most = match self.config.application_commits {
            // It takes what was returned one by one, and commits after each.
            CommitsWhen::Each => 1,
            _ => self.config.max_poll_records,
        };
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
            let taken = buffer.take(position.offset, left);
            let Ok(taken) = taken else {
                let error = ErrorCode::CorruptMessage;
                self.subscription.fail(&partition, error, out);
                continue;
            };
            position.offset = taken.next_offset;
            position.epoch = taken.epoch.or(position.epoch);
            if buffer.is_empty() {
                self.subscription.emptied();
            }
            left -= taken.records;
            if taken.records > 0 {
                self.consumed += u64::from(taken.records);
                if let Some(batch) = taken.last {
                    self.remember(Returned {
                        partition: partition.clone(),
                        batch,
                        from: taken.base_offset,
                        to: taken.next_offset,
                    });
                }
                if !self.is_done_at_once() {
                    self.taken.push(Taken {
                        partition: partition.clone(),
                        base: taken.base_offset,
                        next: taken.next_offset,
                        records: taken.records,
                    });
                }
                out.note(Fact::RecordsConsumed {
                    partition,
                    base_offset: taken.base_offset,
                    next_offset: taken.next_offset,
                    records: taken.records,
                });
            }
        }
        left < most
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
            if self.config.enable_auto_commit {
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
