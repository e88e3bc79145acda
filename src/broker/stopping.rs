//! Stopping in order (`KafkaServer.controlledShutdown`).
//!
//! A broker that is told to stop asks the controller to let it go: others take over what it leads, and it
//! leaves every ISR, before it is away. While it waits it goes on serving. An attempt that fails, or that
//! leaves partitions with it, is repeated after a pause; when the attempts are used up it stops all the
//! same. At last it flushes its logs, writes its high watermarks down, and ends its session, so that
//! nobody has to wait until that runs out.

use super::{Broker, Owner};
use crate::channel::{Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{BrokerId, ConnectionId, ProcessId};
use crate::process::Outbox;
use crate::protocol::api::ControlledShutdownRequest;
use crate::protocol::{ApiKey, Chunks, ErrorCode};
use crate::time::{Instant, Moment, earliest};

/// A broker's wish to stop.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    attempts_left: u32,
    channel: Channel<()>,
    retry_at: Option<Instant>,
}

impl Stopping {
    fn new(id: BrokerId, attempts_left: u32) -> Stopping {
        let name = format!("broker-{id}-controlled-shutdown");
        Stopping {
            attempts_left,
            channel: Channel::new(Some(name.into()), Negotiation::Known),
            retry_at: None,
        }
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection()
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        earliest([self.retry_at, self.channel.next_timeout()])
    }
}

impl Broker {
    /// Whether it has been told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// The broker is told to stop (SIGTERM).
    pub(super) fn begin_stopping(&mut self, at: Moment, out: &mut Outbox) {
        if self.stopping.is_some() {
            return;
        }
        let attempts = match self.config.controlled_shutdown && self.serving {
            true => self.config.controlled_shutdown_max_retries,
            false => 0,
        };
        self.stopping = Some(Stopping::new(self.id, attempts));
        self.attempt_to_stop(at, out);
    }

    fn attempt_to_stop(&mut self, at: Moment, out: &mut Outbox) {
        let address = self.candidacy.active();
        let address = address
            .and_then(|id| self.metadata.brokers().get(&id))
            .cloned();
        let timeout = self.config.controller_socket_timeout;
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if stopping.attempts_left == 0 {
            return self.stop(at, out);
        }
        stopping.attempts_left -= 1;
        stopping.retry_at = None;
        stopping.channel.close(CloseReason::Done, out);
        let Some(address) = address else {
            return self.attempt_failed(at, out);
        };
        let serial = self.own_connection(Owner::Stopping);
        let opener = ProcessId::from(self.id);
        if let Some(stopping) = &mut self.stopping {
            let channel = &mut stopping.channel;
            channel.connect(at.now, opener, serial, address, timeout, out);
        }
    }

    /// After the last attempt it stops all the same.
    fn attempt_failed(&mut self, at: Moment, out: &mut Outbox) {
        let pause = self.config.controlled_shutdown_retry_backoff;
        match &mut self.stopping {
            Some(stopping) if stopping.attempts_left > 0 => {
                stopping.retry_at = Some(at.now + pause);
            }
            Some(_) => self.stop(at, out),
            None => {}
        }
    }

    pub(super) fn stopping_opened(&mut self, at: Moment, out: &mut Outbox) {
        let timeout = self.config.controller_socket_timeout;
        let request = ControlledShutdownRequest {
            broker_id: self.id.0,
            broker_epoch: self.epoch.0,
        };
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        let channel = &mut stopping.channel;
        channel.opened(at.now, timeout, out);
        if channel.state() == State::Ready {
            let version = ApiKey::ControlledShutdown.newest();
            channel.send(at.now, &request, version, (), timeout, out);
        }
    }

    pub(super) fn stopping_answered(&mut self, at: Moment, bytes: Chunks, out: &mut Outbox) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        let Ok(arrived) = stopping.channel.received(bytes) else {
            stopping.channel.close(CloseReason::Malformed, out);
            return self.attempt_failed(at, out);
        };
        let answers = arrived.answers.iter();
        let decoded = answers.map(|answer| answer.decode::<ControlledShutdownRequest>());
        let let_go = decoded.flatten().map(|response| {
            response.error_code == ErrorCode::None.code()
                && response.remaining_partitions.is_empty()
        });
        match let_go.last() {
            Some(true) => self.stop(at, out),
            Some(false) => self.attempt_failed(at, out),
            None => {}
        }
    }

    pub(super) fn stopping_closed(&mut self, at: Moment, out: &mut Outbox) {
        if let Some(stopping) = &mut self.stopping {
            stopping.channel.closed(out);
            self.attempt_failed(at, out);
        }
    }

    pub(super) fn check_stopping(&mut self, at: Moment, out: &mut Outbox) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if stopping.channel.is_overdue(at.now) {
            stopping.channel.close(CloseReason::RequestTimedOut, out);
            self.attempt_failed(at, out);
        } else if stopping.retry_at.is_some_and(|retry| retry <= at.now) {
            self.attempt_to_stop(at, out);
        }
    }

    /// Everything is flushed, every high watermark written down, the session ended.
    fn stop(&mut self, at: Moment, out: &mut Outbox) {
        for slot in self.replicas.slots() {
            let log = self.replicas.get(slot).log();
            if log.recovery_point() < log.end() {
                self.replicas.get_mut(slot).flush(out);
            }
        }
        self.checkpoint_high_watermarks();
        self.checkpoint_log_starts();
        self.disk.clean = true;
        if let Some(controller) = &mut self.controller {
            controller.resign(out);
        }
        self.zookeeper.close(at.now, out);
        out.exit();
    }
}
