//! A connection to wherever the controller is: Kafka's `NodeToControllerChannelManager`.
//!
//! Whoever asks the controller for something keeps what it wants until it has it. The line carries one
//! question at a time, is opened when there is one, and is closed when the controller has moved.

use super::{Broker, Owner};
use crate::channel::{Arrived, Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{Address, BrokerId, ConnectionId, ProcessId};
use crate::process::Outbox;
use crate::protocol::{Chunks, Request};
use crate::time::{Duration, Instant, Moment};

/// A broker's line to the controller; `T` is what it wants with a request.
#[derive(Clone, Debug)]
pub(super) struct ControllerLine<T> {
    channel: Channel<T>,
    /// How long it may take to connect, and to be answered.
    timeout: Duration,
}

/// Whether the line was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    No,
    GivenUp,
}

impl<T: Clone> ControllerLine<T> {
    /// A line for one purpose, whose name the controller's broker sees.
    pub(super) fn new(id: BrokerId, purpose: &str, timeout: Duration) -> ControllerLine<T> {
        let name = format!("broker-{id}-{purpose}");
        ControllerLine {
            channel: Channel::new(Some(name.into()), Negotiation::Known),
            timeout,
        }
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection()
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.channel.next_timeout()
    }

    pub(super) fn opened(&mut self, now: Instant, out: &mut Outbox) {
        self.channel.opened(now, self.timeout, out);
    }

    pub(super) fn closed(&mut self, out: &mut Outbox) {
        self.channel.closed(out);
    }

    /// Gives the line up if an answer is overdue.
    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) -> Overdue {
        if !self.channel.is_overdue(now) {
            return Overdue::No;
        }
        self.channel.close(CloseReason::RequestTimedOut, out);
        Overdue::GivenUp
    }

    /// Asks the newest version. The line must be free.
    pub(super) fn ask<R: Request>(&mut self, now: Instant, request: &R, tag: T, out: &mut Outbox) {
        let version = R::API.newest();
        self.channel
            .send(now, request, version, tag, self.timeout, out);
    }

    /// Takes what arrived; `None` when it cannot be read, and the line is closed.
    pub(super) fn received(&mut self, bytes: Chunks, out: &mut Outbox) -> Option<Arrived<T>> {
        let arrived = self.channel.received(bytes);
        if arrived.is_err() {
            self.channel.close(CloseReason::Malformed, out);
        }
        arrived.ok()
    }
}

impl Broker {
    /// Where the controller listens, as far as this broker knows.
    fn controller_address(&self) -> Option<Address> {
        let controller = self.metadata.controller()?;
        self.metadata.brokers().get(&controller).cloned()
    }

    /// Whether a question can be asked now on the line of `owner`. If it is not open, or not to where the
    /// controller is now, it is opened, and `owner` hears when it stands.
    pub(super) fn line_is_free<T: Clone>(
        &mut self,
        at: Moment,
        owner: Owner,
        line: fn(&mut Broker) -> &mut ControllerLine<T>,
        out: &mut Outbox,
    ) -> bool {
        let Some(address) = self.controller_address() else {
            // Not known, or not alive: the next UpdateMetadata will say.
            return false;
        };
        let channel = &mut line(self).channel;
        if channel.in_flight().len() > 0 {
            return false;
        }
        if channel.state() == State::Ready && channel.address() != Some(&address) {
            // The controller has moved.
            channel.close(CloseReason::Done, out);
        }
        match channel.state() {
            State::Ready => true,
            State::Connecting | State::Negotiating => false,
            State::Closed => {
                let serial = self.own_connection(owner);
                let opener = ProcessId::from(self.id);
                let ControllerLine { channel, timeout } = line(self);
                channel.connect(at.now, opener, serial, address, *timeout, out);
                false
            }
        }
    }
}
