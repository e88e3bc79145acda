//! `Client`: a process's end of its session with the ensemble.
//!
//! What `org.apache.zookeeper.ClientCnxn` does, and around it Kafka's `ZooKeeperClient` and
//! `KafkaZkClient`: it finds a server that answers, opens a session, keeps it alive with pings while
//! nothing else is said, leaves a silent server for the next with the same session, and begins a new
//! session when the old one has expired. Only a server can say that a session has expired: a client that
//! is cut off knows no more than that nobody answers.
//!
//! Laws: requests are sent and answered in the order in which they were made. Every request is answered
//! once: with its outcome, or with [`Error::SessionExpired`]. A request that was open when the connection
//! broke is sent again, in its place, on the next connection (`retryRequestsUntilConnected`); its first
//! attempt may have been carried out, so a create that worked may answer `NodeExists` and a conditional
//! write `BadVersion`. Whoever asks must be ready for that.
//!
//! Unlike Kafka, where a thread blocks while its request is repeated: requests made later wait behind it.
//!
//! Not modelled: read-only mode, authentication, chroot, the password of a session.

use std::collections::VecDeque;

use super::route::Route;
use super::watch_list::WatchList;
use crate::fact::{CloseReason, Fact};
use crate::model::{Address, ConnectionId, ProcessId, Text};
use crate::process::{Outbox, Serials};
use crate::protocol::zookeeper::{Error, Message, Operation, Outcome, SessionId, WatchEvent, Zxid};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// The longest that a client says nothing.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

/// What came of handling an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened<T> {
    /// A new session began. Coming back to the session one had is not reported.
    Opened { session: SessionId },
    /// The request with this tag has its outcome.
    Answered { tag: T, outcome: Outcome },
    /// A watch went off.
    Fired(WatchEvent),
    /// The connection to the server is lost. The session may live on; nobody here can know.
    Disconnected,
    /// The session is over and its ephemerals are gone. A new one is being opened.
    Expired,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Looks for a server that takes it.
    Connecting,
    /// A server has confirmed the session.
    Connected,
    /// Ended by its owner.
    Closed,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Not started yet.
    Idle,
    /// Pauses before it tries the next server.
    Pausing {
        until: Instant,
    },
    /// Waits for the connection to stand.
    Opening {
        connection: ConnectionId,
        due: Instant,
    },
    /// Waits for the answer to `Connect`.
    Greeting {
        connection: ConnectionId,
        due: Instant,
    },
    Connected {
        connection: ConnectionId,
    },
    Closed,
}

/// A request that has no answer yet.
#[derive(Clone, Debug)]
struct Asked<T> {
    operation: Operation,
    tag: T,
    /// The number under which it was sent over the present connection.
    xid: i32,
}

/// A process's end of its session with the ensemble. `T` tells its owner what a request was for.
#[derive(Clone, Debug)]
pub struct Client<T> {
    owner: ProcessId,
    route: Route,
    /// As the owner asked for it.
    wanted_timeout: Duration,
    /// As the server granted it.
    timeout: Duration,
    phase: Phase,
    session: Option<SessionId>,
    /// The newest transaction that an answer spoke of.
    seen: Zxid,
    /// Unanswered requests, oldest first, of which the first `sent` went over the present connection.
    open: VecDeque<Asked<T>>,
    sent: usize,
    next_xid: i32,
    watches: WatchList,
    last_sent: Instant,
    last_heard: Instant,
}

impl<T: Clone> Client<T> {
    /// A client that knows where servers listen, in an order of its own.
    ///
    /// # Panics
    /// When there are no servers.
    pub fn new(owner: ProcessId, servers: Vec<Address>, timeout: Duration, rng: Rng) -> Client<T> {
        Client {
            owner,
            route: Route::new(servers, rng),
            wanted_timeout: timeout,
            timeout,
            phase: Phase::Idle,
            session: None,
            seen: Zxid::ZERO,
            open: VecDeque::new(),
            sent: 0,
            next_xid: 1,
            watches: WatchList::default(),
            last_sent: Instant::ZERO,
            last_heard: Instant::ZERO,
        }
    }

    /// Begins to connect.
    ///
    /// # Panics
    /// When it was started before.
    pub fn start(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        assert!(
            matches!(self.phase, Phase::Idle),
            "a client is started once"
        );
        self.route.begin_round();
        self.connect(now, serials, out);
    }

    /// Asks for something. Sent at once over a standing session, else as soon as there is one.
    pub fn request(&mut self, now: Instant, operation: Operation, tag: T, out: &mut Outbox) {
        if self.state() == State::Closed {
            return;
        }
        self.open.push_back(Asked {
            operation,
            tag,
            xid: 0,
        });
        self.send_open(now, out);
    }

    /// The connection stands: the client says who it is.
    pub fn opened(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        let due = match self.phase {
            Phase::Opening {
                connection: asked,
                due,
            } if asked == connection => due,
            _ => return,
        };
        self.phase = Phase::Greeting { connection, due };
        let to = self.server_name();
        out.note(Fact::Connected { connection, to });
        let connect = Message::Connect {
            session: self.session.unwrap_or(SessionId::NONE),
            timeout_ms: self.wanted_timeout.as_millis() as u32,
            seen: self.seen,
            watches: self.watches.all(),
        };
        out.send_zookeeper(connection, connect);
        self.last_sent = now;
    }

    /// A server said something.
    pub fn received(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: Message,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        if !self.owns(connection) {
            return Vec::new();
        }
        self.last_heard = now;
        match (&self.phase, message) {
            (
                Phase::Greeting { .. },
                Message::Connected {
                    session: SessionId::NONE,
                    ..
                },
            ) => self.expired(now, connection, serials, out),
            (
                Phase::Greeting { .. },
                Message::Connected {
                    session,
                    timeout_ms,
                },
            ) => self.confirmed(now, connection, session, timeout_ms, out),
            (Phase::Connected { .. }, Message::Response { xid, zxid, outcome }) => {
                self.answered(now, xid, zxid, outcome, out)
            }
            (Phase::Connected { .. }, Message::Event(event)) => {
                // An event that no watch asks for is nobody's.
                match self.watches.fire(&event) {
                    true => vec![Happened::Fired(event)],
                    false => Vec::new(),
                }
            }
            (Phase::Connected { .. }, Message::Pong) => Vec::new(),
            _ => self.leave(now, CloseReason::Malformed, out),
        }
    }

    /// The connection is gone, or could not be opened.
    pub fn closed(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        _serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        if !self.owns(connection) {
            return Vec::new();
        }
        let reason = match self.phase {
            Phase::Opening { .. } => CloseReason::Refused,
            _ => CloseReason::Remote,
        };
        self.lost(now, connection, reason, out)
    }

    /// A deadline has come.
    pub fn woken(
        &mut self,
        now: Instant,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        match self.phase {
            Phase::Pausing { until } if until <= now => self.connect(now, serials, out),
            Phase::Opening { due, .. } | Phase::Greeting { due, .. } if due <= now => {
                return self.leave(now, CloseReason::RequestTimedOut, out);
            }
            Phase::Connected { .. } if self.silent_at() <= now => {
                return self.leave(now, CloseReason::RequestTimedOut, out);
            }
            Phase::Connected { connection } if self.ping_at() <= now => {
                out.send_zookeeper(connection, Message::Ping);
                self.last_sent = now;
            }
            _ => {}
        }
        Vec::new()
    }

    /// Ends the session, whose ephemerals go at once when a server hears of it.
    pub fn close(&mut self, _now: Instant, out: &mut Outbox) {
        if let Phase::Connected { connection } = self.phase {
            out.send_zookeeper(connection, Message::CloseSession);
        }
        if let Some(connection) = self.connection() {
            out.close(connection);
            self.note_disconnected(connection, CloseReason::Done, out);
        }
        self.phase = Phase::Closed;
        self.session = None;
        self.open.clear();
        self.sent = 0;
        self.watches = WatchList::default();
    }

    // ---- what can be seen

    /// When to call `woken`.
    pub fn next_wakeup(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle | Phase::Closed => None,
            Phase::Pausing { until } => Some(until),
            Phase::Opening { due, .. } | Phase::Greeting { due, .. } => Some(due),
            Phase::Connected { .. } => Some(self.silent_at().min(self.ping_at())),
        }
    }

    /// The connection that stands or is being opened.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self.phase {
            Phase::Opening { connection, .. }
            | Phase::Greeting { connection, .. }
            | Phase::Connected { connection } => Some(connection),
            Phase::Idle | Phase::Pausing { .. } | Phase::Closed => None,
        }
    }

    pub fn owns(&self, connection: ConnectionId) -> bool {
        self.connection() == Some(connection)
    }

    /// The session as far as this end knows: it may have expired while no server was in reach.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Connected { .. } => State::Connected,
            Phase::Closed => State::Closed,
            _ => State::Connecting,
        }
    }

    /// When the ensemble would give the session up if it heard nothing more. An estimate: servers count
    /// from when they heard, in whole ticks, so the session lives a little longer than this.
    pub fn session_runs_out(&self) -> Option<Instant> {
        self.session?;
        Some(self.last_heard + self.timeout)
    }

    /// The session's timeout as the server granted it; before that as it was asked for.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    // ---- the way to a server

    fn connect(&mut self, now: Instant, serials: &mut Serials<'_>, out: &mut Outbox) {
        let connection = ConnectionId::client(self.owner, serials.take());
        let share = self.timeout.divided_by(self.route.len());
        self.phase = Phase::Opening {
            connection,
            due: now + share,
        };
        out.connect(connection, self.route.address().clone());
    }

    fn server_name(&self) -> Text {
        super::short_name(self.route.address())
    }

    fn note_disconnected(&self, connection: ConnectionId, reason: CloseReason, out: &mut Outbox) {
        let to = self.server_name();
        out.note(Fact::Disconnected {
            connection,
            to,
            reason,
        });
    }

    /// Closes the connection from this end, to try another server.
    fn leave(&mut self, now: Instant, reason: CloseReason, out: &mut Outbox) -> Vec<Happened<T>> {
        let Some(connection) = self.connection() else {
            return Vec::new();
        };
        out.close(connection);
        self.lost(now, connection, reason, out)
    }

    fn lost(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        reason: CloseReason,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        let was_connected = self.state() == State::Connected;
        self.note_disconnected(connection, reason, out);
        let pause = self.route.go_on();
        self.phase = Phase::Pausing { until: now + pause };
        self.sent = 0;
        match was_connected {
            true => vec![Happened::Disconnected],
            false => Vec::new(),
        }
    }

    // ---- the session

    /// A server took the client: in a new session, or in the one it had.
    fn confirmed(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        session: SessionId,
        timeout_ms: u32,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        self.phase = Phase::Connected { connection };
        self.route.arrived();
        self.timeout = Duration::from_millis(u64::from(timeout_ms));
        let is_new = self.session != Some(session);
        let mut happened = Vec::new();
        if is_new {
            self.session = Some(session);
            let timeout = self.timeout;
            out.note(Fact::SessionOpened { session, timeout });
            happened.push(Happened::Opened { session });
        }
        self.send_open(now, out);
        happened
    }

    fn expired(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        serials: &mut Serials<'_>,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        let Some(session) = self.session.take() else {
            // Nobody asked about a session: the server is mistaken.
            return self.leave(now, CloseReason::Malformed, out);
        };
        out.note(Fact::SessionExpired { session });
        out.close(connection);
        self.note_disconnected(connection, CloseReason::Done, out);
        let over = |asked: Asked<T>| Happened::Answered {
            tag: asked.tag,
            outcome: Err(Error::SessionExpired.into()),
        };
        let mut happened: Vec<_> = self.open.drain(..).map(over).collect();
        happened.push(Happened::Expired);
        self.sent = 0;
        self.watches = WatchList::default();
        self.seen = Zxid::ZERO;
        self.timeout = self.wanted_timeout;
        self.route.begin_round();
        self.connect(now, serials, out);
        happened
    }

    // ---- requests

    /// Sends what was not sent over this connection yet.
    fn send_open(&mut self, now: Instant, out: &mut Outbox) {
        let Phase::Connected { connection } = self.phase else {
            return;
        };
        for asked in self.open.iter_mut().skip(self.sent) {
            asked.xid = self.next_xid;
            self.next_xid = self.next_xid.checked_add(1).unwrap_or(1);
            let request = Message::Request {
                xid: asked.xid,
                operation: asked.operation.clone(),
            };
            out.send_zookeeper(connection, request);
            self.last_sent = now;
        }
        self.sent = self.open.len();
    }

    fn answered(
        &mut self,
        now: Instant,
        xid: i32,
        zxid: Zxid,
        outcome: Outcome,
        out: &mut Outbox,
    ) -> Vec<Happened<T>> {
        let is_expected = self.open.front().is_some_and(|asked| asked.xid == xid);
        if self.sent == 0 || !is_expected {
            return self.leave(now, CloseReason::Malformed, out);
        }
        let asked = self.open.pop_front().expect("the oldest is the expected");
        self.sent -= 1;
        self.seen = self.seen.max(zxid);
        self.watches.answered(&asked.operation, &outcome);
        vec![Happened::Answered {
            tag: asked.tag,
            outcome,
        }]
    }

    // ---- deadlines

    fn read_timeout(&self) -> Duration {
        self.timeout.times(2).divided_by(3)
    }

    /// When the server has been silent for too long.
    fn silent_at(&self) -> Instant {
        self.last_heard + self.read_timeout()
    }

    /// When the client has said nothing for so long that it pings.
    fn ping_at(&self) -> Instant {
        self.last_sent + self.read_timeout().divided_by(2).min(LONGEST_IDLE)
    }
}
