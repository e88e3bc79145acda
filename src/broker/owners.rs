//! Whose a connection is: of those that others opened the peer's, of its own whoever of the broker's parts opened it.

use super::Broker;
use super::clock::Timer;
use super::connections::Admission;
use super::replication::Fetcher;
use super::stopping::Stopping;
use crate::model::{BrokerId, ConnectionId, ProcessId, Side, Text};
use crate::process::{Outbox, Payload, Serials};
use crate::protocol::Chunks;
use crate::time::Moment;

/// Who uses a connection that this broker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Fetcher(BrokerId),
    IsrChanges,
    TopicWishes,
    Stopping,
    ProducerIds,
    Controller,
    ZooKeeper,
}

impl Broker {
    pub(super) fn opened(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        from: (ProcessId, Option<Text>),
        out: &mut Outbox,
    ) {
        if connection.side == Side::Server {
            return self.somebody_came(at, connection, from, out);
        }
        match self.owner(connection) {
            Some(Owner::Fetcher(source)) => self.fetcher_opened(at, source, out),
            Some(Owner::IsrChanges) => {
                self.isr_changes.line.opened(at.now, out);
                self.send_isr_changes(at, out);
            }
            Some(Owner::TopicWishes) => {
                self.topic_wishes.line.opened(at.now, out);
                self.send_topic_wishes(at, out);
            }
            Some(Owner::ProducerIds) => {
                self.producer_ids.line.opened(at.now, out);
                self.send_producer_id_wish(at, out);
            }
            Some(Owner::Stopping) => self.stopping_opened(at, out),
            Some(Owner::Controller) => {
                if let Some(controller) = &mut self.controller {
                    controller.opened(at.now, connection, out);
                }
            }
            Some(Owner::ZooKeeper) => self.zookeeper.opened(at.now, connection, out),
            None => {}
        }
    }

    fn somebody_came(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        (from, host): (ProcessId, Option<Text>),
        out: &mut Outbox,
    ) {
        let limits = (
            self.config.max_connections,
            self.config.max_connections_per_ip,
        );
        let admission = self
            .connections
            .opened(connection, (from, host), at.now, limits);
        match admission {
            Admission::Admitted => {}
            Admission::Waits => return,
            Admission::TooManyOfOneHost => {
                return self.reject(connection, &format!("too many connections of {from}"), out);
            }
            Admission::InPlaceOf(client) => {
                self.reject(client, "it makes room for another broker", out);
            }
        }
        let idle = self.config.connections_max_idle;
        self.arm(Timer::Idle(connection), at, idle);
    }

    /// Lets in who waits, as far as there is room.
    pub(super) fn admit(&mut self, at: Moment) {
        let most = self.config.max_connections;
        while let Some(connection) = self.connections.admit(at.now, most) {
            let idle = self.config.connections_max_idle;
            self.arm(Timer::Idle(connection), at, idle);
        }
    }

    pub(super) fn received(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        payload: Payload,
        out: &mut Outbox,
    ) {
        match payload {
            Payload::Kafka(bytes) if connection.side == Side::Server => {
                self.connections.received(connection, bytes, at.now);
            }
            Payload::Kafka(bytes) => self.answered(at, connection, bytes, out),
            Payload::ZooKeeper(message) => self.zookeeper_received(at, connection, message, out),
        }
    }

    fn answered(&mut self, at: Moment, connection: ConnectionId, bytes: Chunks, out: &mut Outbox) {
        match self.owner(connection) {
            Some(Owner::Fetcher(source)) => self.fetcher_received(at, source, bytes, out),
            Some(Owner::IsrChanges) => self.isr_answered(at, bytes, out),
            Some(Owner::TopicWishes) => self.topic_wishes_answered(at, bytes, out),
            Some(Owner::ProducerIds) => self.producer_ids_answered(at, bytes, out),
            Some(Owner::Stopping) => self.stopping_answered(at, bytes, out),
            Some(Owner::Controller) => {
                if let Some(controller) = &mut self.controller {
                    controller.received(at.now, connection, bytes, out);
                }
            }
            Some(Owner::ZooKeeper) | None => {}
        }
    }

    pub(super) fn closed(&mut self, at: Moment, connection: ConnectionId, out: &mut Outbox) {
        if connection.side == Side::Server {
            self.connections.remove(connection);
            self.timers.cancel(&Timer::Idle(connection));
            self.groups.closed(connection);
            self.unask_old_offsets(connection);
            return;
        }
        let owner = self.owner(connection);
        self.owners.remove(&connection);
        match owner {
            Some(Owner::Fetcher(source)) => self.fetcher_closed(at, source, out),
            Some(Owner::IsrChanges) => self.isr_changes.closed(at.now, out),
            Some(Owner::TopicWishes) => self.topic_wishes.closed(out),
            Some(Owner::ProducerIds) => self.producer_ids.closed(at.now, out),
            Some(Owner::Stopping) => self.stopping_closed(at, out),
            Some(Owner::Controller) => {
                if let Some(controller) = &mut self.controller {
                    controller.closed(at.now, connection, out);
                }
            }
            Some(Owner::ZooKeeper) => {
                let mut serials = Serials(&mut self.connection_serial);
                let zookeeper = &mut self.zookeeper;
                let happened = zookeeper.closed(at.now, connection, &mut serials, out);
                self.zookeeper_happened(at, happened, out);
            }
            None => {}
        }
    }

    /// Who uses a connection; nobody when its owner has already turned to another.
    fn owner(&self, connection: ConnectionId) -> Option<Owner> {
        let controller = self.controller.as_ref();
        if controller.is_some_and(|controller| controller.owns(connection)) {
            return Some(Owner::Controller);
        }
        if self.zookeeper.owns(connection) {
            return Some(Owner::ZooKeeper);
        }
        let owner = self.owners.get(&connection).copied()?;
        let current = match owner {
            Owner::Fetcher(source) => self.fetchers.get(&source).and_then(Fetcher::connection),
            Owner::IsrChanges => self.isr_changes.line.connection(),
            Owner::TopicWishes => self.topic_wishes.line.connection(),
            Owner::ProducerIds => self.producer_ids.line.connection(),
            Owner::Stopping => self.stopping.as_ref().and_then(Stopping::connection),
            Owner::Controller | Owner::ZooKeeper => None,
        };
        (current == Some(connection)).then_some(owner)
    }

    /// A number for a new connection, and whose it will be.
    pub(super) fn own_connection(&mut self, owner: Owner) -> u32 {
        let serial = Serials(&mut self.connection_serial).take();
        let connection = ConnectionId::client(ProcessId::from(self.id), serial);
        // What this owner had before is closed by now, and nothing more comes from it.
        self.owners.retain(|_, other| *other != owner);
        self.owners.insert(connection, owner);
        serial
    }

    /// The controller may be known now, or somewhere else.
    pub(super) fn send_to_controller(&mut self, at: Moment, out: &mut Outbox) {
        self.send_isr_changes(at, out);
        self.send_topic_wishes(at, out);
        self.send_producer_id_wish(at, out);
        self.run_fetchers(at, out);
    }
}
