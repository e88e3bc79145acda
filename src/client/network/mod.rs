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
//! least to do ([`whom`]). [`calling`] is what goes out, [`closing`] how connections end, [`waiting`] what is
//! waited for; here is how they begin and what comes in. Left out: TLS, SASL, throttling, DNS.

mod calling;
mod closing;
mod waiting;
mod whom;

use crate::sorted::SortedMap;

use super::backoff::Backoff;
use super::config::NetworkConfig;
use super::metadata::Metadata;
use crate::channel::{Answer, Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{Address, BrokerId, ConnectionId, ProcessId, Text};
use crate::process::{Input, Outbox, Payload};
use crate::protocol::api::MetadataRequest;
use crate::protocol::{Chunks, ErrorCode};
use crate::rng::Rng;
use crate::time::Instant;

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

    fn peer_of(&mut self, connection: ConnectionId) -> Option<(BrokerId, &mut Peer<T>)> {
        let mut peers = self.peers.iter_mut();
        let (broker, peer) =
            peers.find(|(_, peer)| peer.channel.connection() == Some(connection))?;
        Some((*broker, peer))
    }

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
}

impl<T: Clone> Peer<T> {
    fn is_open(&self) -> bool {
        matches!(self.channel.state(), State::Ready)
    }
}
