//! What a broker does at a given time.

use std::sync::Arc;

use super::Broker;
use super::purgatory::Ticket;
use crate::fact::CloseReason;
use crate::group::Token;
use crate::model::ConnectionId;
use crate::process::Outbox;
use crate::time::{Duration, Moment};

/// What a broker does at a given time, apart from what its channels wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Looks for followers that have fallen behind.
    IsrCheck,
    /// Writes the high watermarks down.
    HighWatermarkCheckpoint,
    /// Writes down where logs begin.
    LogStartCheckpoint,
    /// Looks for logs to compact.
    Cleaner,
    /// Looks for old segments.
    Retention,
    /// Looks for producers that have been silent for long.
    SilentProducers,
    /// A request has waited as long as it may.
    Parked(Ticket),
    /// What the coordinator wants written has waited as long as it may.
    GroupWrite(Token),
    /// A piece of a partition of the offsets topic has been read.
    LoadGroups(i32),
    /// A connection may have been silent for too long.
    Idle(ConnectionId),
}

impl Broker {
    pub(super) fn arm(&mut self, timer: Timer, at: Moment, after: Duration) {
        self.timers.set(timer, at.now + after);
    }

    pub(super) fn isr_check_interval(&self) -> Duration {
        // At least a microsecond, or the check would follow itself at one instant for ever.
        self.config
            .replica_lag_time_max
            .divided_by(2)
            .max(Duration::TICK)
    }

    pub(super) fn woken(&mut self, at: Moment, out: &mut Outbox) {
        while let Some(timer) = self.timers.pop_due(at.now) {
            self.fire(at, timer, out);
        }
        self.isr_changes.check_overdue(at.now, out);
        self.send_isr_changes(at, out);
        self.topic_wishes.check_overdue(at.now, out);
        self.producer_ids.check_overdue(at.now, out);
        self.send_producer_id_wish(at, out);
        self.fetchers_overdue(at, out);
        self.run_fetchers(at, out);
        self.zookeeper_woken(at, out);
        self.check_stopping(at, out);
        self.wake_groups(at, out);
        if let Some(controller) = &mut self.controller {
            controller.woken(at.now, out);
        }
    }

    fn fire(&mut self, at: Moment, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::IsrCheck => {
                self.shrink_isrs(at, out);
                self.arm(timer, at, self.isr_check_interval());
            }
            Timer::HighWatermarkCheckpoint => {
                self.checkpoint_high_watermarks();
                let interval = self.config.high_watermark_checkpoint_interval;
                self.arm(timer, at, interval);
            }
            Timer::Cleaner => self.clean_logs(at, out),
            Timer::LogStartCheckpoint => self.checkpoint_log_starts(),
            Timer::Retention => {
                self.expire_logs(at, out);
                let interval = self.config.log_retention_check_interval;
                self.arm(timer, at, interval);
            }
            Timer::SilentProducers => {
                self.forget_silent_producers(at);
                let interval = self.config.producer_id_expiration_check_interval;
                self.arm(timer, at, interval);
            }
            Timer::Parked(ticket) => self.finish(at, ticket, out),
            Timer::GroupWrite(token) => self.group_write_is_late(at, token, out),
            Timer::LoadGroups(partition) => self.read_on_in_groups(at, partition, out),
            Timer::Idle(connection) => self.check_idle(at, connection, out),
        }
    }

    pub(super) fn checkpoint_high_watermarks(&mut self) {
        for slot in self.replicas.slots() {
            let replica = self.replicas.get(slot);
            let (name, offset) = (replica.name(), replica.high_watermark());
            if self.disk.high_watermarks.get(name) != Some(&offset) {
                let written = Arc::make_mut(&mut self.disk.high_watermarks);
                written.insert(name.clone(), offset);
            }
        }
    }

    /// A log begins within a segment, where nothing but the checkpoint says so: it is written down when its time
    /// comes, as it does every `log.flush.start.offset.checkpoint.interval.ms`, first after
    /// `log.initial.task.delay.ms`.
    pub(super) fn log_start_moved(&mut self, at: Moment) {
        if self.timers.get(&Timer::LogStartCheckpoint).is_some() {
            return;
        }
        let interval = self
            .config
            .log_start_checkpoint_interval
            .max(Duration::TICK);
        let first = self.booted_at + self.config.log_initial_task_delay;
        let since = at.now.since(first).as_micros();
        let rounds = match at.now < first {
            true => 0,
            false => since / interval.as_micros() + 1,
        };
        let next = first + Duration::from_micros(interval.as_micros() * rounds);
        self.timers.set(Timer::LogStartCheckpoint, next);
    }

    pub(super) fn checkpoint_log_starts(&mut self) {
        let opened = self.replicas.iter();
        let opened = opened.map(|(name, slot)| (name, self.replicas.get(slot).log()));
        // What the controller has not had this broker open yet begins where it begins all the same.
        let all = opened.chain(self.disk.logs());
        let within = all.filter(|(_, log)| log.begins_within_a_segment());
        let starts = within.map(|(name, log)| (name.clone(), log.start()));
        let starts: crate::sorted::SortedMap<_, _> = starts.collect();
        if *self.disk.log_starts != starts {
            self.disk.log_starts = Arc::new(starts);
        }
    }

    fn expire_logs(&mut self, at: Moment, out: &mut Outbox) {
        for slot in self.replicas.slots() {
            // Where a topic compacts, retention is the cleaner's business.
            let compacts = self.replicas.get(slot).config().cleanup_policy.compacts();
            if !compacts && self.replicas.get(slot).has_expired(at) {
                self.replicas.get_mut(slot).expire(at, out);
                self.stir(slot);
            }
        }
    }

    fn forget_silent_producers(&mut self, at: Moment) {
        let expiration = self.config.producer_id_expiration;
        for slot in self.replicas.slots() {
            let producers = self.replicas.get(slot).log().producers();
            if producers.has_expired(at.wall, expiration) {
                let replica = self.replicas.get_mut(slot);
                replica.forget_silent_producers(at, expiration);
            }
        }
    }

    /// Closes a connection that has been silent for `connections.max.idle.ms`; else looks again when
    /// that could be so.
    fn check_idle(&mut self, at: Moment, connection: ConnectionId, out: &mut Outbox) {
        let Some(open) = self.connections.get(connection) else {
            return;
        };
        let idle = self.config.connections_max_idle;
        // Who waits for an answer is not idle.
        let until = match open.busy() {
            Some(_) => at.now + idle,
            None => open.last_active() + idle,
        };
        if until <= at.now {
            let why = CloseReason::Idle.to_string();
            self.reject(connection, &why, out);
        } else {
            self.timers.set(Timer::Idle(connection), until);
        }
    }
}
