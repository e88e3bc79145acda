//! The clients of one server: their connections, what they asked and have no answer to.
//!
//! Laws: answers of a connection leave in the order of its requests; a read behind a write waits for it,
//! a write behind a read does not; the events of a transaction leave before its answer.
//!
//! Not modelled: limits on connections and on outstanding requests.

use std::collections::VecDeque;

use super::image::{Image, is_write};
use super::server::{Role, Server};
use super::watch_list;
use crate::model::{ConnectionId, ProcessId};
use crate::process::Outbox;
use crate::protocol::zookeeper::{Error, Message, Operation, Outcome, SessionId, Watches, Zxid};
use crate::protocol::zookeeper_peers::{Deed, Ending, PeerMessage, Transaction, Wish};
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};

/// How a client introduced itself.
#[derive(Clone, Debug)]
struct Hello {
    session: SessionId,
    timeout: Duration,
    seen: Zxid,
    watches: Watches,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Has said nothing yet.
    Silent,
    /// Waits until this server serves.
    Waiting(Hello),
    /// Its session is being opened.
    Opening(SessionId),
    /// It came back, and the leader is asked whether its session lives.
    Returning(Hello),
    Serving(SessionId),
}

#[derive(Clone, Debug)]
struct Asked {
    xid: i32,
    operation: Operation,
}

/// One client's connection.
#[derive(Clone, Debug)]
pub struct ClientConnection {
    /// The process at the other end.
    pub owner: ProcessId,
    stage: Stage,
    /// What has no answer, oldest first.
    asked: VecDeque<Asked>,
}

impl ClientConnection {
    /// The session that is served over this connection, once it is.
    pub fn session(&self) -> Option<SessionId> {
        match self.stage {
            Stage::Serving(session) => Some(session),
            _ => None,
        }
    }

    /// How many requests have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.asked.len()
    }

    fn concerns(&self, session: SessionId) -> bool {
        match &self.stage {
            Stage::Opening(id) | Stage::Serving(id) => *id == session,
            Stage::Returning(hello) => hello.session == session,
            Stage::Silent | Stage::Waiting(_) => false,
        }
    }
}

/// Every client's connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    open: SortedMap<ConnectionId, ClientConnection>,
    /// When this server heard each session's client last, since it began to follow or to lead. Only for whoever looks
    /// on: who decides goes by what the leader was told.
    heard: SortedMap<SessionId, Instant>,
}

/// Of so many sessions it is remembered when they were heard, those that were heard last.
const REMEMBERED: usize = 128;

impl Clients {
    pub(super) fn add(&mut self, connection: ConnectionId, owner: ProcessId) {
        let client = ClientConnection {
            owner,
            stage: Stage::Silent,
            asked: VecDeque::new(),
        };
        self.open.insert(connection, client);
    }

    /// Forgets a connection; false when it was no client's.
    pub(super) fn remove(&mut self, connection: ConnectionId) -> bool {
        self.open.remove(&connection).is_some()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (ConnectionId, &ClientConnection)> {
        self.open.iter().map(|(id, client)| (*id, client))
    }

    /// When the client of a session was heard last.
    pub(super) fn heard(&self, session: SessionId) -> Option<Instant> {
        self.heard.get(&session).copied()
    }

    fn hear(&mut self, now: Instant, session: SessionId) {
        self.heard.insert(session, now);
        if self.heard.len() > REMEMBERED {
            let heard = self.heard.iter();
            let longest_ago = heard
                .min_by_key(|(_, at)| **at)
                .map(|(session, _)| *session);
            if let Some(session) = longest_ago {
                self.heard.remove(&session);
            }
        }
    }

    pub(super) fn are_waiting(&self) -> bool {
        let mut clients = self.open.values();
        clients.any(|client| matches!(client.stage, Stage::Waiting(_)))
    }

    fn of_session(&self, session: SessionId) -> Vec<ConnectionId> {
        let clients = self.open.iter();
        clients
            .filter(|(_, client)| client.concerns(session))
            .map(|(id, _)| *id)
            .collect()
    }
}

fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

impl Server {
    /// Closes a client's connection from this end. Its session lives on.
    pub(super) fn drop_client(&mut self, connection: ConnectionId, out: &mut Outbox) {
        if self.clients.remove(connection) {
            self.watches.forget(connection);
            out.close(connection);
        }
    }

    /// Closes every client's connection: this server has nothing to serve them from. Those that wait for
    /// its first election may go on waiting.
    pub(super) fn turn_clients_away(&mut self, now: Instant, out: &mut Outbox) {
        let may_wait = now < self.patience;
        let stays = |client: &ClientConnection| {
            may_wait && matches!(client.stage, Stage::Waiting(_) | Stage::Silent)
        };
        let clients = self.clients.iter();
        let leaving: Vec<ConnectionId> = clients
            .filter(|(_, client)| !stays(client))
            .map(|(connection, _)| connection)
            .collect();
        for connection in leaving {
            self.drop_client(connection, out);
        }
        self.clients.heard.clear();
    }

    pub(super) fn hear_client(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        let session = self.clients.open.get(&connection);
        if let Some(session) = session.and_then(ClientConnection::session) {
            self.clients.hear(now, session);
        }
        let Some(client) = self.clients.open.get_mut(&connection) else {
            return;
        };
        match (&client.stage, message) {
            (
                Stage::Silent,
                Message::Connect {
                    session,
                    timeout_ms,
                    seen,
                    watches,
                },
            ) => {
                let hello = Hello {
                    session,
                    timeout: Duration::from_millis(u64::from(timeout_ms)),
                    seen,
                    watches,
                };
                if self.is_serving() {
                    self.admit(now, connection, hello, out);
                } else if now < self.patience {
                    self.set_stage(connection, Stage::Waiting(hello));
                } else {
                    self.drop_client(connection, out);
                }
            }
            (Stage::Serving(session), Message::Request { xid, operation }) => {
                let session = *session;
                let deed = is_write(&operation).then(|| Deed::Write(operation.clone()));
                client.asked.push_back(Asked { xid, operation });
                self.touch(now, session);
                match deed {
                    Some(deed) => self.submit(now, session, xid, deed, out),
                    None => self.answer_reads(connection, out),
                }
            }
            (Stage::Serving(session), Message::Ping) => {
                let session = *session;
                self.touch(now, session);
                out.send_zookeeper(connection, Message::Pong);
            }
            (Stage::Serving(session), Message::CloseSession) => {
                let session = *session;
                self.submit(now, session, 0, Deed::EndSession(Ending::Asked), out);
            }
            _ => self.drop_client(connection, out),
        }
    }

    fn set_stage(&mut self, connection: ConnectionId, stage: Stage) {
        if let Some(client) = self.clients.open.get_mut(&connection) {
            client.stage = stage;
        }
    }

    // ---- sessions

    /// This server serves now: takes in those who wait.
    pub(super) fn admit_waiting(&mut self, now: Instant, out: &mut Outbox) {
        let clients = self.clients.open.iter();
        let waiting: Vec<(ConnectionId, Hello)> = clients
            .filter_map(|(connection, client)| match &client.stage {
                Stage::Waiting(hello) => Some((*connection, hello.clone())),
                _ => None,
            })
            .collect();
        for (connection, hello) in waiting {
            self.admit(now, connection, hello, out);
        }
    }

    fn admit(&mut self, now: Instant, connection: ConnectionId, hello: Hello, out: &mut Outbox) {
        if hello.seen > self.image.zxid() {
            // It has seen what this server has not: here it would go back in time.
            self.drop_client(connection, out);
            return;
        }
        let session = hello.session;
        if session == SessionId::NONE {
            self.open_session(now, connection, hello.timeout, out);
            return;
        }
        for old in self.clients.of_session(session) {
            self.drop_client(old, out);
        }
        self.set_stage(connection, Stage::Returning(hello));
        match &mut self.role {
            Role::Leading(leading) => {
                let timeout = leading.sessions.revalidate(now, session, self.id);
                self.revalidated(session, timeout, out);
            }
            _ => self.say_to_leader(PeerMessage::Revalidate { session }, out),
        }
    }

    fn open_session(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        asked: Duration,
        out: &mut Outbox,
    ) {
        let Some(client) = self.clients.open.get_mut(&connection) else {
            return;
        };
        let owner = client.owner;
        self.disk.sessions += 1;
        let session = SessionId((u64::from(self.id) << 32) | u64::from(self.disk.sessions));
        client.stage = Stage::Opening(session);
        let timeout_ms = millis(self.config.session_timeout(asked));
        let deed = Deed::OpenSession { owner, timeout_ms };
        self.submit(now, session, 0, deed, out);
    }

    /// The leader has said whether the session of a client that came back lives.
    pub(super) fn revalidated(
        &mut self,
        session: SessionId,
        timeout: Option<Duration>,
        out: &mut Outbox,
    ) {
        let clients = self.clients.open.iter();
        let returning = clients
            .filter_map(|(connection, client)| match &client.stage {
                Stage::Returning(hello) if hello.session == session => {
                    Some((*connection, hello.clone()))
                }
                _ => None,
            })
            .next();
        let Some((connection, hello)) = returning else {
            return;
        };
        let Some(timeout) = timeout else {
            let expired = Message::Connected {
                session: SessionId::NONE,
                timeout_ms: 0,
            };
            out.send_zookeeper(connection, expired);
            self.drop_client(connection, out);
            return;
        };
        self.set_stage(connection, Stage::Serving(session));
        let timeout_ms = millis(timeout);
        out.send_zookeeper(
            connection,
            Message::Connected {
                session,
                timeout_ms,
            },
        );
        let tree = self.image.tree();
        let missed = self
            .watches
            .leave_again(&hello.watches, hello.seen, tree, connection);
        for event in missed {
            out.send_zookeeper(connection, Message::Event(event));
        }
    }

    /// A client was heard.
    fn touch(&mut self, now: Instant, session: SessionId) {
        match &mut self.role {
            Role::Leading(leading) => leading.sessions.touch(now, session, self.id),
            Role::Following(following) => drop(following.touched.insert(session)),
            Role::Looking => {}
        }
    }

    // ---- requests

    /// Hands a write to the leader, which may be this server.
    fn submit(&mut self, now: Instant, session: SessionId, xid: i32, deed: Deed, out: &mut Outbox) {
        let wish = Wish {
            session,
            origin: self.id,
            xid,
            deed,
        };
        match self.role {
            Role::Leading(_) => self.take_wish(now, wish, out),
            _ => self.say_to_leader(PeerMessage::Forward(wish), out),
        }
    }

    /// Answers the reads that no write stands before.
    fn answer_reads(&mut self, connection: ConnectionId, out: &mut Outbox) {
        let image: &Image = &self.image;
        let Some(client) = self.clients.open.get_mut(&connection) else {
            return;
        };
        while let Some(asked) = client.asked.front()
            && !is_write(&asked.operation)
        {
            let outcome = image.read(&asked.operation);
            if let Some((kind, path)) = watch_list::left_by(&asked.operation, &outcome) {
                self.watches.leave(kind, path, connection);
            }
            let response = Message::Response {
                xid: asked.xid,
                zxid: image.zxid(),
                outcome,
            };
            out.send_zookeeper(connection, response);
            client.asked.pop_front();
        }
    }

    /// Carries out a committed transaction: changes the image, sets off watches, answers.
    pub(super) fn carry_out(&mut self, transaction: &Transaction, out: &mut Outbox) {
        let session = transaction.wish.session;
        let owner = self.image.owner(session);
        let done = self.image.apply(transaction);
        self.disk.note_committed(&self.image);
        if matches!(self.role, Role::Leading(_)) {
            self.note_changes(transaction, owner, &done.changes, out);
        }
        for change in &done.changes {
            for (connection, event) in self.watches.fire(change) {
                out.send_zookeeper(connection, Message::Event(event));
            }
        }
        match &transaction.wish.deed {
            Deed::EndSession(_) => {
                for connection in self.clients.of_session(session) {
                    self.drop_client(connection, out);
                }
            }
            _ if transaction.wish.origin != self.id => {}
            Deed::OpenSession { timeout_ms, .. } => self.opened_session(session, *timeout_ms, out),
            Deed::Write(_) => self.answer_write(transaction, done.outcome, out),
        }
    }

    fn opened_session(&mut self, session: SessionId, timeout_ms: u32, out: &mut Outbox) {
        for connection in self.clients.of_session(session) {
            self.set_stage(connection, Stage::Serving(session));
            let connected = Message::Connected {
                session,
                timeout_ms,
            };
            out.send_zookeeper(connection, connected);
        }
    }

    fn answer_write(&mut self, transaction: &Transaction, outcome: Outcome, out: &mut Outbox) {
        let xid = transaction.wish.xid;
        for connection in self.clients.of_session(transaction.wish.session) {
            let Some(client) = self.clients.open.get_mut(&connection) else {
                continue;
            };
            let is_next = client.asked.front().is_some_and(|asked| asked.xid == xid);
            if !is_next {
                // Asked over an earlier connection, which nobody listens to any more.
                continue;
            }
            client.asked.pop_front();
            if outcome == Err(Error::SessionExpired.into()) {
                self.drop_client(connection, out);
                continue;
            }
            let response = Message::Response {
                xid,
                zxid: transaction.zxid,
                outcome: outcome.clone(),
            };
            out.send_zookeeper(connection, response);
            self.answer_reads(connection, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_heard_longest_ago_is_forgotten_first() {
        let mut clients = Clients::default();
        let now = |second: u64| Instant::from_secs(second);
        let count = REMEMBERED as u64 + 8;
        for id in 1..=count {
            clients.hear(now(id), SessionId(id));
            // The first is heard all the time.
            clients.hear(now(id), SessionId(1));
        }
        assert_eq!(clients.heard(SessionId(1)), Some(now(count)));
        assert_eq!(clients.heard(SessionId(2)), None);
        assert_eq!(clients.heard(SessionId(count)), Some(now(count)));
        assert_eq!(clients.heard.len(), REMEMBERED);
    }
}
