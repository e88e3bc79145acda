//! A client's end of one conversation with one server.
//!
//! A [`Channel`] numbers requests, remembers what is in flight and in which order, puts answers
//! together from bytes that arrive cut anywhere, and knows when an answer is overdue. Producers,
//! consumers, follower fetchers and the controller all speak through one.
//!
//! Laws: answers come in request order, so the oldest request in flight is the one answered; an answer
//! with another correlation id is malformed. A request that is not answered within its timeout costs
//! the connection, as in Kafka's `NetworkClient`. Closing fails everything in flight, and nobody can say
//! whether the server did what was asked.
//!
//! Left out: reconnecting. Whoever owns the channel decides when to try again.

use crate::sorted::SortedMap;
use std::collections::VecDeque;

use crate::fact::{CloseReason, Fact};
use crate::model::{Address, ConnectionId, ProcessId, Text};
use crate::process::Outbox;
use crate::protocol::api::ApiVersionsRequest;
use crate::protocol::{self, ApiKey, Chunks, FrameBuffer, Malformed, Reason, Request};
use crate::time::{Duration, Instant};

/// Answers are accepted up to this many bytes; Kafka's clients set no limit, but a page must.
pub const RESPONSE_LIMIT: usize = 104_857_600;

/// Whether the client asks a server for its versions before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negotiation {
    /// As Kafka's clients do.
    Ask,
    /// As brokers among themselves do: the newest version that both are known to serve.
    Known,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    Connecting,
    /// Connected, waiting for the answer to ApiVersions.
    Negotiating,
    Ready,
}

/// A request that has not been answered yet.
#[derive(Clone, Debug)]
pub struct InFlight<T> {
    pub api: ApiKey,
    pub version: i16,
    pub correlation_id: i32,
    pub sent_at: Instant,
    pub due_at: Instant,
    /// `None` for the channel's own ApiVersions request.
    tag: Option<T>,
}

impl<T> InFlight<T> {
    /// What the owner of the channel wanted with this request.
    pub fn tag(&self) -> Option<&T> {
        self.tag.as_ref()
    }
}

/// One answer, matched to the request that asked for it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    pub tag: T,
    pub api: ApiKey,
    pub version: i16,
    pub sent_at: Instant,
    frame: Chunks,
}

/// The number that stands first in every answer.
fn correlation_id(frame: &Chunks) -> Option<i32> {
    let first = frame.slice(0, frame.len().min(4)).to_bytes();
    first.as_ref().try_into().ok().map(i32::from_be_bytes)
}

impl<T> Answer<T> {
    /// Splits off the tag, for owners whose tags are of several kinds.
    pub fn split(self) -> (T, Answer<()>) {
        let answer = Answer {
            tag: (),
            api: self.api,
            version: self.version,
            sent_at: self.sent_at,
            frame: self.frame,
        };
        (self.tag, answer)
    }

    /// Decodes the answer as the response of `R`.
    ///
    /// # Errors
    /// When the bytes are no such response; the connection should be closed.
    pub fn decode<R: Request>(&self) -> Result<R::Response, Malformed> {
        assert!(R::API == self.api, "an answer is decoded as what was asked");
        protocol::decode_response::<R>(&self.frame, self.version).map(|(_, response)| response)
    }
}

/// What the bytes that arrived amount to.
#[derive(Clone, Debug)]
pub struct Arrived<T> {
    pub answers: Vec<Answer<T>>,
    /// The channel became ready: ApiVersions was answered.
    pub became_ready: bool,
}

/// A client's end of a connection, or of the wish for one.
#[derive(Clone, Debug)]
pub struct Channel<T> {
    client_id: Option<Text>,
    negotiation: Negotiation,
    state: State,
    connection: Option<ConnectionId>,
    address: Option<Address>,
    next_correlation_id: i32,
    in_flight: VecDeque<InFlight<T>>,
    buffer: FrameBuffer,
    /// What the server said it serves, by api key.
    served: SortedMap<i16, (i16, i16)>,
    connect_due: Instant,
}

impl<T: Clone> Channel<T> {
    pub fn new(client_id: Option<Text>, negotiation: Negotiation) -> Channel<T> {
        Channel {
            client_id,
            negotiation,
            state: State::Closed,
            connection: None,
            address: None,
            next_correlation_id: 0,
            in_flight: VecDeque::new(),
            buffer: FrameBuffer::default(),
            served: SortedMap::new(),
            connect_due: Instant::MAX,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    pub fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// What waits for an answer, oldest first.
    pub fn in_flight(&self) -> impl ExactSizeIterator<Item = &InFlight<T>> {
        self.in_flight.iter()
    }

    /// What the owner wanted with each request in flight, oldest first, to change it.
    pub fn tags_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.in_flight
            .iter_mut()
            .filter_map(|asked| asked.tag.as_mut())
    }

    /// Asks for a connection, to stand within `timeout` (`socket.connection.setup.timeout.ms`).
    ///
    /// # Panics
    /// When the channel is not closed.
    pub fn connect(
        &mut self,
        now: Instant,
        opener: ProcessId,
        serial: u32,
        to: Address,
        timeout: Duration,
        out: &mut Outbox,
    ) {
        assert!(
            self.state == State::Closed,
            "one channel is one connection at a time"
        );
        let connection = ConnectionId::client(opener, serial);
        self.state = State::Connecting;
        self.connection = Some(connection);
        self.address = Some(to.clone());
        self.connect_due = now + timeout;
        out.connect(connection, to);
    }

    /// The connection stands. True when the channel is ready at once, without asking for versions.
    pub fn opened(&mut self, now: Instant, timeout: Duration, out: &mut Outbox) -> bool {
        assert!(
            self.state == State::Connecting,
            "only a connection asked for can open"
        );
        self.connect_due = Instant::MAX;
        if let (Some(connection), Some(address)) = (self.connection, &self.address) {
            out.note(Fact::Connected {
                connection,
                to: address.to_string().into(),
            });
        }
        match self.negotiation {
            Negotiation::Known => {
                self.state = State::Ready;
                true
            }
            Negotiation::Ask => {
                self.state = State::Negotiating;
                let request = ApiVersionsRequest {
                    client_software_name: "kafka-playground".into(),
                    client_software_version: env!("CARGO_PKG_VERSION").into(),
                };
                let version = *ApiKey::ApiVersions.versions().end();
                self.put(now, &request, version, None, timeout, out);
                false
            }
        }
    }

    /// The version to use for an API: the newest that both sides serve. `None` when there is none.
    pub fn version(&self, api: ApiKey) -> Option<i16> {
        let ours = api.versions();
        match self.negotiation {
            Negotiation::Known => Some(*ours.end()),
            Negotiation::Ask => {
                let (low, high) = *self.served.get(&(api as i16))?;
                let version = high.min(*ours.end());
                (version >= low && version >= *ours.start()).then_some(version)
            }
        }
    }

    /// Sends a request in the given version and expects an answer within `timeout`.
    ///
    /// # Panics
    /// When the channel is not ready.
    pub fn send<R: Request>(
        &mut self,
        now: Instant,
        request: &R,
        version: i16,
        tag: T,
        timeout: Duration,
        out: &mut Outbox,
    ) -> i32 {
        assert!(self.is_ready(), "requests go over a ready channel");
        self.put(now, request, version, Some(tag), timeout, out)
    }

    /// Sends a request to which there is no answer: a Produce with acks=0.
    pub fn send_unanswered<R: Request>(&mut self, request: &R, version: i16, out: &mut Outbox) {
        assert!(self.is_ready(), "requests go over a ready channel");
        self.write(request, version, out);
    }

    fn put<R: Request>(
        &mut self,
        now: Instant,
        request: &R,
        version: i16,
        tag: Option<T>,
        timeout: Duration,
        out: &mut Outbox,
    ) -> i32 {
        let correlation_id = self.write(request, version, out);
        let due_at = now + timeout;
        self.in_flight.push_back(InFlight {
            api: R::API,
            version,
            correlation_id,
            sent_at: now,
            due_at,
            tag,
        });
        correlation_id
    }

    fn write<R: Request>(&mut self, request: &R, version: i16, out: &mut Outbox) -> i32 {
        let connection = self.connection.expect("an open channel has a connection");
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = self.next_correlation_id.wrapping_add(1) & i32::MAX;
        let client_id = self.client_id.as_deref();
        let frame = protocol::encode_request(request, version, correlation_id, client_id);
        out.note(Fact::RequestSent {
            connection,
            api: R::API,
            version,
            correlation_id,
        });
        out.send(connection, frame);
        correlation_id
    }

    /// Takes bytes that arrived and returns the answers they complete, in order.
    ///
    /// # Errors
    /// When the bytes are no answer to what was asked. The owner closes the channel.
    pub fn received(&mut self, bytes: Chunks) -> Result<Arrived<T>, Malformed> {
        self.buffer.push(bytes);
        let mut arrived = Arrived {
            answers: Vec::new(),
            became_ready: false,
        };
        while let Some(frame) = self.buffer.next(RESPONSE_LIMIT)? {
            let asked = self.in_flight.pop_front();
            let asked = asked
                .filter(|asked| correlation_id(&frame) == Some(asked.correlation_id))
                .ok_or(Malformed {
                    reason: Reason::OtherCorrelation,
                    field: "correlation_id",
                    at: 0,
                })?;
            match asked.tag {
                Some(tag) => arrived.answers.push(Answer {
                    tag,
                    api: asked.api,
                    version: asked.version,
                    sent_at: asked.sent_at,
                    frame,
                }),
                None => {
                    self.learn_versions(&frame, asked.version)?;
                    arrived.became_ready = true;
                }
            }
        }
        Ok(arrived)
    }

    fn learn_versions(&mut self, frame: &Chunks, version: i16) -> Result<(), Malformed> {
        // A server that does not know the asked version answers in version 0.
        let (_, response) = protocol::decode_response::<ApiVersionsRequest>(frame, version)
            .or_else(|_| protocol::decode_response::<ApiVersionsRequest>(frame, 0))?;
        let ranges = response.api_keys.iter();
        self.served = ranges
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect();
        self.state = State::Ready;
        Ok(())
    }

    /// The earliest instant at which something is overdue: the connection itself or an answer.
    pub fn next_timeout(&self) -> Option<Instant> {
        let answers = self.in_flight.iter().map(|asked| asked.due_at).min();
        match self.state {
            State::Closed => None,
            State::Connecting => Some(self.connect_due),
            State::Negotiating | State::Ready => answers,
        }
    }

    /// True when the connection or an answer is overdue. The owner closes the channel.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.next_timeout().is_some_and(|at| at <= now)
    }

    /// Closes from this end and returns what was in flight, oldest first.
    pub fn close(&mut self, reason: CloseReason, out: &mut Outbox) -> Vec<T> {
        if let Some(connection) = self.connection {
            out.close(connection);
        }
        self.forget(reason, out)
    }

    /// The connection was closed by the other end, or never stood; what was in flight, oldest first.
    pub fn closed(&mut self, out: &mut Outbox) -> Vec<T> {
        let reason = match self.state {
            State::Connecting => CloseReason::Refused,
            _ => CloseReason::Remote,
        };
        self.forget(reason, out)
    }

    fn forget(&mut self, reason: CloseReason, out: &mut Outbox) -> Vec<T> {
        if let (Some(connection), Some(address)) = (self.connection, &self.address) {
            out.note(Fact::Disconnected {
                connection,
                to: address.to_string().into(),
                reason,
            });
        }
        self.state = State::Closed;
        self.connection = None;
        self.buffer = FrameBuffer::default();
        self.served.clear();
        self.connect_due = Instant::MAX;
        self.in_flight
            .drain(..)
            .filter_map(|asked| asked.tag)
            .collect()
    }
}
