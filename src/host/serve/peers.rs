//! Connections as sockets of the world: who holds one, what goes in through it, what comes out.

use std::sync::Arc;

use kafka_playground::broker::Broker;
use kafka_playground::group::Group;
use kafka_playground::model::{ProcessId, Text};
use kafka_playground::protocol::AnyRequest;
use kafka_playground::sorted::SortedMap;
use kafka_playground::world::{ClientPlan, Command, Host, SOCKET_BUFFER};
use tokio::sync::Semaphore;

use super::engine::Engine;
use super::outward::Outward;
use super::peer::Peer;
use super::scales::Asks;

impl Engine {
    pub(super) fn opened(
        &mut self,
        connection: u64,
        (broker, from): (ProcessId, Text),
        outward: Outward,
        credit: Arc<Semaphore>,
    ) {
        let socket = match self.free.pop() {
            Some(socket) => socket,
            None if self.sockets == u16::MAX => {
                let nobody = Peer::new(broker, outward, credit);
                return nobody.close();
            }
            None => {
                self.sockets += 1;
                let id = ProcessId::Socket(self.sockets);
                let name = id.to_string().into();
                let settings = SortedMap::new();
                self.must(&Command::AddClient(ClientPlan { id, name, settings }));
                id
            }
        };
        let to = broker.to_string().into();
        let from = Some(from);
        self.must(&Command::OpenSocket { socket, to, from });
        self.peers
            .insert(connection, Peer::new(socket, outward, credit));
        self.connections.insert(socket, connection);
    }

    /// Hands over what came in, as far as its time has come.
    pub(super) fn hand_over(&mut self) {
        self.handed = false;
        for connection in std::mem::take(&mut self.waiting) {
            if !self.hand_over_from(connection) {
                self.waiting.insert(connection);
            }
        }
    }

    /// Weighs the logs and groups, and with them what is on the way there.
    pub(super) fn weigh(&mut self) {
        let (world, peers) = (&self.world, &self.peers);
        self.scales.weigh(world, || {
            let unsettled = world.unsettled();
            let adding = peers.values().filter(|peer| peer.adding() > 0);
            let adding = adding.filter(|peer| unsettled.contains(&peer.socket));
            adding.map(|peer| peer.adding() as u64).sum()
        });
    }

    /// Whether there is room for what somebody asks next.
    fn have_room(&self, peer: &Peer) -> bool {
        let fits = |asks| self.scales.have_room(asks, self.length_of(peer));
        !peer.adds()
            || fits(Asks::Anybody)
            || (fits(Asks::Member) && peer.short_request().is_some_and(|it| self.is_a_member(&it)))
    }

    /// How long a request is. What no broker would read is nothing: its connection is closed.
    fn length_of(&self, peer: &Peer) -> u64 {
        let longest = |broker: &Broker| u64::from(broker.config().socket_request_max_bytes);
        let longest = self.world.brokers().map(longest).max();
        let length = Some(peer.promised());
        length.filter(|_| length <= longest).unwrap_or(0)
    }

    /// Whether who asks this is in a group already.
    fn is_a_member(&self, request: &AnyRequest) -> bool {
        let (group, member) = match request {
            AnyRequest::JoinGroup(asked) => (&asked.group_id, &asked.member_id),
            AnyRequest::SyncGroup(asked) => (&asked.group_id, &asked.member_id),
            AnyRequest::OffsetCommit(asked) => (&asked.group_id, &asked.member_id),
            _ => return false,
        };
        let known = |group: &Group| group.member(member).is_some();
        let here = |broker: &Broker| broker.coordinator().group(group).is_some_and(known);
        self.world.brokers().any(here)
    }

    /// Whether nothing is left to hand over.
    fn hand_over_from(&mut self, connection: u64) -> bool {
        while let Some(peer) = self.peers.get(&connection) {
            if peer.is_over() {
                // As in Kafka, which looks for the end of a client when it is done with what that has asked.
                let socket = peer.socket;
                if !self.is_done_with(socket) {
                    return false;
                }
                self.leave(connection);
                return true;
            }
            if !peer.has_pending() {
                return true;
            }
            let socket = peer.socket;
            let waits = match peer.is_between_requests() {
                true => peer.is_full() || !self.world.is_settled(socket),
                // The rest of a request goes on when what went before it was looked at.
                false => self.world.unread(socket) >= SOCKET_BUFFER,
            };
            if waits {
                return false;
            }
            if peer.is_between_requests() && !self.have_room(peer) {
                let length = self.length_of(peer);
                self.scales.hold_back(length);
                return false;
            }
            let peer = self.peers.get_mut(&connection);
            let Some((bytes, adding)) = peer.and_then(Peer::take) else {
                return true;
            };
            self.scales.take(adding as u64);
            self.handed = true;
            let held = self.world.host(socket).and_then(Host::socket);
            if held.is_none_or(|socket| socket.connection.is_none()) {
                // The broker has closed it, which is about to be seen.
                return true;
            }
            self.must(&Command::WriteSocket { socket, bytes });
        }
        true
    }

    /// Whether all that came through a socket is answered, and the answers were sent on.
    fn is_done_with(&self, socket: ProcessId) -> bool {
        let held = self.world.host(socket).and_then(Host::socket);
        let Some(held) = held.filter(|held| held.connection.is_some()) else {
            return true;
        };
        let mut under_way = self.world.in_flight();
        self.world.is_settled(socket)
            && held.received.is_empty()
            && under_way.all(|packet| Some(packet.connection) != held.connection)
    }

    /// The client is gone.
    pub(super) fn leave(&mut self, connection: u64) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        let socket = peer.socket;
        let held = self.world.host(socket).and_then(Host::socket);
        if held.is_some_and(|socket| socket.connection.is_some()) {
            self.must(&Command::CloseSocket { socket });
        }
        self.part(connection);
    }

    /// Sends what the world has sent, and closes what it has closed.
    pub(super) fn flush(&mut self) {
        for socket in self.world.take_stirred() {
            let pieces = self.world.take_received(socket);
            let Some(connection) = self.connections.get(&socket).copied() else {
                continue;
            };
            if let Some(peer) = self.peers.get(&connection) {
                peer.send(pieces);
                // Who has closed its side and has its answer may go at once.
                self.handed |= peer.is_over();
            }
            let held = self.world.host(socket).and_then(Host::socket);
            if held.is_none_or(|socket| socket.connection.is_none()) {
                self.part(connection);
            }
        }
    }

    /// A connection is no more, on either side.
    fn part(&mut self, connection: u64) {
        if let Some(peer) = self.peers.remove(&connection) {
            peer.close();
            self.connections.remove(&peer.socket);
            self.waiting.remove(&connection);
            self.free.push(peer.socket);
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::host::serve::entrance::Shared;

    /// The way to a client that is gone.
    pub fn nobody() -> (Outward, Arc<Semaphore>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (events, _) = std::sync::mpsc::channel();
        let shared = Arc::new(Shared::new(events));
        let (_, to) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let stream = tokio::net::TcpStream::connect(address).await;
            stream.expect("it listens").into_split()
        });
        (Outward::new(1, to, shared).0, Arc::new(Semaphore::new(0)))
    }
}
