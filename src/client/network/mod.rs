//! `Network`: a client's connections to the brokers, and its metadata.
//!
//! One connection to each broker the client has business with, opened when it is first needed, each a
//! [`Channel`]. A lost connection is opened again after a back-off that doubles with every failure. An
//! answer that does not come in time costs its connection: only so is it certain that it will not come
//! later and be taken for another. Requests that were in flight come back as lost, and nobody can say
//! whether the broker did what they asked.
//!
//! The client knows a few addresses to begin with, `bootstrap.servers`. They are brokers without an id:
//! here −1, −2 and so on, as in Kafka. The first answer about metadata replaces them; a client so ends
//! up with one connection more than it needs, until that is idle for too long.
//!
//! The network asks for metadata by itself, whenever it should be asked for, from the broker that has
//! least to do (`whom`). Left out: TLS, SASL, throttling, DNS.

mod whom;

use crate::sorted::SortedMap;

use super::backoff::Backoff;
use super::config::NetworkConfig;
use super::metadata::Metadata;
use crate::channel::{Answer, Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{Address, BrokerId, ConnectionId, ProcessId, Text};
use crate::process::{Deadline, Input, Outbox, Payload};
use crate::protocol::api::MetadataRequest;
use crate::protocol::{ApiKey, Chunks, ErrorCode, Request};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// The highest id of a broker to which there can be a second connection.
const MOST_SECOND: i32 = i32::MAX / 2;

/// The broker behind the name of a connection.
fn behind(name: BrokerId) -> BrokerId {
    match name.0 < -MOST_SECOND {
        true => BrokerId(name.0 - i32::MIN),
        false => name,
    }
}

/// What a request in flight is for.
#[derive(Clone, Debug)]
enum Purpose<T> {
    /// The network's own question.
    Metadata,
    /// Something the client asked.
    Call(T),
}

/// What became of the client's requests.
#[derive(Clone, Debug)]
pub enum Event<T> {
    /// A broker answered.
    Answered {
        from: BrokerId,
        call: T,
        answer: Answer<()>,
    },
    /// The connection to a broker is gone, and with it the answers to these, oldest first.
    Lost {
        to: BrokerId,
        calls: Vec<T>,
        /// REQUEST_TIMED_OUT when an answer did not come in time, else NETWORK_EXCEPTION.
        error: ErrorCode,
    },
}

/// A broker as somebody to talk to.
#[derive(Clone, Debug)]
struct Peer<T> {
    channel: Channel<Purpose<T>>,
    /// Connections lost or refused since one was last ready.
    failures: u32,
    /// No new connection before this.
    retry_at: Instant,
    /// When something was last sent or received.
    used_at: Instant,
}

/// Whether a broker can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// A connection is being opened.
    Soon,
    /// Not before this instant.
    NotBefore(Instant),
    /// Nobody knows where the broker listens.
    Unknown,
}

/// A client's connections and metadata; `T` is what the client wants with a request.
#[derive(Clone, Debug)]
pub struct Network<T> {
    id: ProcessId,
    client_id: Text,
    bootstrap: Vec<Address>,
    config: NetworkConfig,
    metadata: Metadata,
    peers: SortedMap<BrokerId, Peer<T>>,
    /// Where brokers listen to which there is a second connection, by the name of that.
    second: SortedMap<BrokerId, Address>,
    /// How many connections were opened so far: their serial numbers are never used again.
    opened: u32,
    /// The earliest end of a back-off that somebody waits for.
    waited_for: Option<Instant>,
}

impl<T: Clone> Network<T> {
    pub fn new(
        id: ProcessId,
        client_id: Text,
        bootstrap: Vec<Address>,
        config: NetworkConfig,
    ) -> Network<T> {
        Network {
            id,
            client_id,
            bootstrap,
            config,
            metadata: Metadata::default(),
            peers: SortedMap::new(),
            second: SortedMap::new(),
            opened: 0,
            waited_for: None,
        }
    }

    /// The same, for a client that opened `opened` connections in an earlier life.
    pub fn with_opened(mut self, opened: u32) -> Network<T> {
        self.opened = opened;
        self
    }

    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> u32 {
        self.opened
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    pub fn reconfigure(&mut self, config: NetworkConfig) {
        self.config = config;
    }

    /// Every broker with a connection, or on the way to one.
    pub fn connections(&self) -> impl Iterator<Item = (BrokerId, State, Option<&Address>)> {
        self.peers.iter().map(|(broker, peer)| {
            let channel = &peer.channel;
            (*broker, channel.state(), channel.address())
        })
    }

    // ---- inputs

    /// Takes what happened to a connection; what became of requests goes to `events`.
    pub fn handle(
        &mut self,
        now: Instant,
        input: Input,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        match input {
            Input::Opened { connection, .. } => {
                let timeout = self.config.request_timeout;
                if let Some((_, peer)) = self.peer_of(connection) {
                    peer.used_at = now;
                    peer.channel.opened(now, timeout, out);
                }
            }
            Input::Received {
                connection,
                payload: Payload::Kafka(bytes),
            } => {
                self.received(now, connection, bytes, rng, events, out);
            }
            Input::Closed { connection } => {
                if let Some((broker, peer)) = self.peer_of(connection) {
                    let lost = peer.channel.closed(out);
                    let error = ErrorCode::NetworkException;
                    self.lost(now, broker, lost, error, rng, events);
                }
            }
            // Only brokers talk to ZooKeeper.
            Input::Received {
                payload: Payload::ZooKeeper(_),
                ..
            }
            | Input::Booted
            | Input::Woken
            | Input::Told(_)
            | Input::Stopping => {}
        }
    }

    fn received(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        bytes: Chunks,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let Some((broker, peer)) = self.peer_of(connection) else {
            return;
        };
        peer.used_at = now;
        let Ok(arrived) = peer.channel.received(bytes) else {
            self.close(now, broker, CloseReason::Malformed, rng, events, out);
            return;
        };
        if arrived.became_ready {
            peer.failures = 0;
        }
        for answer in arrived.answers {
            let (purpose, answer) = answer.split();
            match purpose {
                Purpose::Call(call) => events.push(Event::Answered {
                    from: broker,
                    call,
                    answer,
                }),
                Purpose::Metadata => match answer.decode::<MetadataRequest>() {
                    Ok(response) => {
                        self.metadata.learn(now, &response, &self.config, rng, out);
                    }
                    Err(_) => {
                        self.metadata.failed(now, &self.config, rng);
                        self.close(now, broker, CloseReason::Malformed, rng, events, out);
                    }
                },
            }
        }
    }

    /// Gives up connections whose answers are overdue, and those that nobody has used for long.
    pub fn expire(
        &mut self,
        now: Instant,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let idle = self.config.connections_max_idle;
        let overdue = self.peers.iter().filter_map(|(broker, peer)| {
            if peer.channel.is_overdue(now) {
                return Some((*broker, CloseReason::RequestTimedOut));
            }
            let unused = peer.is_open() && peer.channel.in_flight().len() == 0;
            (unused && peer.used_at + idle <= now).then_some((*broker, CloseReason::Idle))
        });
        let overdue: Vec<_> = overdue.collect();
        for (broker, reason) in overdue {
            self.close(now, broker, reason, rng, events, out);
        }
    }

    /// Closes the connection to a broker from which nothing is expected any more, so that what was asked there
    /// is lost at once and not when its time is over.
    pub fn abandon(
        &mut self,
        now: Instant,
        broker: BrokerId,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let peer = self.peers.get(&broker);
        if peer.is_some_and(|peer| peer.channel.state() != State::Closed) {
            self.close(now, broker, CloseReason::Done, rng, events, out);
        }
    }

    /// Closes the connection to a broker whose bytes make no sense.
    pub fn close(
        &mut self,
        now: Instant,
        broker: BrokerId,
        reason: CloseReason,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
        out: &mut Outbox,
    ) {
        let Some(peer) = self.peers.get_mut(&broker) else {
            return;
        };
        let lost = peer.channel.close(reason, out);
        if reason == CloseReason::Idle {
            return;
        }
        let error = match reason {
            CloseReason::RequestTimedOut => ErrorCode::RequestTimedOut,
            _ => ErrorCode::NetworkException,
        };
        self.lost(now, broker, lost, error, rng, events);
    }

    fn lost(
        &mut self,
        now: Instant,
        broker: BrokerId,
        lost: Vec<Purpose<T>>,
        error: ErrorCode,
        rng: &mut Rng,
        events: &mut Vec<Event<T>>,
    ) {
        let backoff = Backoff {
            first: self.config.reconnect_backoff,
            most: self.config.reconnect_backoff_max,
        };
        if let Some(peer) = self.peers.get_mut(&broker) {
            peer.failures = peer.failures.saturating_add(1);
            peer.retry_at = now + backoff.after(peer.failures, rng);
        }
        let mut calls = Vec::new();
        for purpose in lost {
            match purpose {
                Purpose::Metadata => self.metadata.failed(now, &self.config, rng),
                Purpose::Call(call) => calls.push(call),
            }
        }
        self.metadata.request_update();
        let to = broker;
        events.push(Event::Lost { to, calls, error });
    }

    fn peer_of(&mut self, connection: ConnectionId) -> Option<(BrokerId, &mut Peer<T>)> {
        let mut peers = self.peers.iter_mut();
        let (broker, peer) =
            peers.find(|(_, peer)| peer.channel.connection() == Some(connection))?;
        Some((*broker, peer))
    }

    // ---- talking

    /// Whether a broker can be talked to; opens a connection if there is none and one may be opened.
    pub fn ensure(
        &mut self,
        now: Instant,
        broker: BrokerId,
        rng: &mut Rng,
        out: &mut Outbox,
    ) -> Readiness {
        let Some(address) = self.address(broker) else {
            return Readiness::Unknown;
        };
        let client_id = &self.client_id;
        let peer = self.peers.entry(broker).or_insert_with(|| Peer {
            channel: Channel::new(Some(client_id.clone()), Negotiation::Ask),
            failures: 0,
            retry_at: Instant::ZERO,
            used_at: now,
        });
        match peer.channel.state() {
            State::Ready => return Readiness::Ready,
            State::Connecting | State::Negotiating => return Readiness::Soon,
            State::Closed => {}
        }
        if peer.retry_at > now {
            let at = peer.retry_at;
            self.waited_for = Some(self.waited_for.map_or(at, |other| other.min(at)));
            return Readiness::NotBefore(at);
        }
        self.opened += 1;
        peer.used_at = now;
        let setup = Backoff {
            first: self.config.socket_connection_setup_timeout,
            most: self.config.socket_connection_setup_timeout_max,
        };
        let timeout = setup.after(peer.failures + 1, rng);
        (peer.channel).connect(now, self.id, self.opened, address, timeout, out);
        Readiness::Soon
    }

    /// The name of a second connection to a broker, for what would wait too long behind other things; `None`
    /// when no broker can have that id.
    ///
    /// Unlike Kafka, where it is the largest number less the broker's, and so might be another broker's, it is
    /// a number that no broker has, and no bootstrap server either.
    pub fn second(&mut self, broker: BrokerId, address: Address) -> Option<BrokerId> {
        if !(0..=MOST_SECOND).contains(&broker.0) {
            return None;
        }
        let name = BrokerId(i32::MIN + broker.0);
        self.second.insert(name, address);
        Some(name)
    }

    /// The newest version of an API that both sides serve.
    pub fn version(&self, broker: BrokerId, api: ApiKey) -> Option<i16> {
        self.peers.get(&broker)?.channel.version(api)
    }

    /// How many requests to a broker are not answered yet.
    pub fn in_flight(&self, broker: BrokerId) -> usize {
        let peer = self.peers.get(&broker);
        peer.map_or(0, |peer| peer.channel.in_flight().len())
    }

    /// Sends a request over a ready connection.
    ///
    /// # Panics
    /// When the connection is not ready.
    pub fn call<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        call: T,
        out: &mut Outbox,
    ) {
        let timeout = self.config.request_timeout;
        self.call_within(now, to, request, version, call, timeout, out);
    }

    /// The same, for a request that may take another time than `request.timeout.ms`.
    ///
    /// # Panics
    /// When the connection is not ready.
    #[expect(clippy::too_many_arguments, reason = "one more than `call` has")]
    pub fn call_within<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        call: T,
        timeout: Duration,
        out: &mut Outbox,
    ) {
        let peer = self.ready_peer(to);
        peer.used_at = now;
        (peer.channel).send(now, request, version, Purpose::Call(call), timeout, out);
    }

    /// Sends a request to which there is no answer.
    ///
    /// # Panics
    /// When the connection is not ready.
    pub fn call_unanswered<R: Request>(
        &mut self,
        now: Instant,
        to: BrokerId,
        request: &R,
        version: i16,
        out: &mut Outbox,
    ) {
        let peer = self.ready_peer(to);
        peer.used_at = now;
        peer.channel.send_unanswered(request, version, out);
    }

    fn ready_peer(&mut self, broker: BrokerId) -> &mut Peer<T> {
        let peer = self.peers.get_mut(&broker);
        peer.filter(|peer| peer.channel.is_ready())
            .expect("requests go over a ready connection")
    }

    /// What the client wants with each request in flight, and where it went.
    pub fn calls(&self) -> impl Iterator<Item = (BrokerId, &T)> {
        self.peers.iter().flat_map(|(broker, peer)| {
            let tags = peer.channel.in_flight().filter_map(|asked| asked.tag());
            tags.filter_map(|purpose| match purpose {
                Purpose::Call(call) => Some((*broker, call)),
                Purpose::Metadata => None,
            })
        })
    }

    /// The same, to change it.
    pub fn calls_mut(&mut self) -> impl Iterator<Item = (BrokerId, &mut T)> {
        self.peers.iter_mut().flat_map(|(broker, peer)| {
            peer.channel.tags_mut().filter_map(|purpose| match purpose {
                Purpose::Call(call) => Some((*broker, call)),
                Purpose::Metadata => None,
            })
        })
    }

    // ---- time

    /// Forgets which back-offs were waited for: whoever still waits asks again.
    pub fn begin_turn(&mut self) {
        self.waited_for = None;
    }

    /// When something falls due here, as of the end of a turn at `now`.
    pub fn next_wakeup(&self, now: Instant) -> Option<Instant> {
        let mut earliest = self.waited_for;
        let mut consider = |at: Option<Instant>| {
            if let Some(at) = at {
                earliest = Some(earliest.map_or(at, |other| other.min(at)));
            }
        };
        // A refresh that is due but could not be sent waits for a connection, not for time.
        let refresh = self.metadata.next_request(&self.config);
        consider(refresh.filter(|at| *at > now));
        for peer in self.peers.values() {
            consider(peer.channel.next_timeout());
            if peer.is_open() && peer.channel.in_flight().len() == 0 {
                consider(Some(peer.used_at + self.config.connections_max_idle));
            }
        }
        earliest
    }

    /// What is waited for here, for people.
    pub fn deadlines(&self, deadlines: &mut Vec<Deadline>) {
        if let Some(at) = self.metadata.next_request(&self.config) {
            let why = "asks for metadata".into();
            deadlines.push(Deadline { at, why });
        }
        for (name, peer) in &self.peers {
            let broker = behind(*name);
            let waits = match peer.channel.state() {
                State::Closed => {
                    let pause = peer.failures > 0 && peer.retry_at > Instant::ZERO;
                    let at = Some(peer.retry_at).filter(|_| pause);
                    at.map(|at| (at, format!("may connect to broker {broker} again")))
                }
                State::Connecting => (peer.channel.next_timeout())
                    .map(|at| (at, format!("gives up connecting to broker {broker}"))),
                State::Negotiating | State::Ready => (peer.channel.next_timeout())
                    .map(|at| (at, format!("gives up waiting for broker {broker}"))),
            };
            deadlines.extend(waits.map(|(at, why)| Deadline {
                at,
                why: why.into(),
            }));
        }
    }
}

impl<T: Clone> Peer<T> {
    fn is_open(&self) -> bool {
        matches!(self.channel.state(), State::Ready)
    }
}

/// The earlier of two instants that may not be.
pub fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
