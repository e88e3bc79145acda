//! The server's end of every connection: bytes in, one request at a time, answers in order.
//!
//! A broker works on one request of a connection at a time. While that request waits in purgatory the
//! connection is muted, and whatever comes behind it waits in the buffer; so answers leave in the order
//! of the requests without anybody sorting them.
//!
//! A client beyond `max.connections` is not let in until another leaves: its connection stands, as the
//! operating system accepts it, but nothing that it sends is read.
//!
//! Unlike Kafka, which stops reading from a muted connection, so that bytes wait in two sockets and then
//! in the sender: here they wait in the broker's buffer. A sender that does not bound itself is bounded
//! by the world, which lets no socket write while a megabyte of it lies unread.
//!
//! Not modelled: listeners. Connections of brokers count as if they came over a listener of their own,
//! which Kafka protects from the clients' crowd.

use crate::sorted::SortedMap;
use std::collections::VecDeque;

use crate::model::{ConnectionId, ProcessId, Text};
use crate::protocol::{ApiKey, Chunks, FrameBuffer, Malformed};
use crate::time::Instant;

/// Which request an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    pub connection: ConnectionId,
    pub api: ApiKey,
    pub version: i16,
    pub correlation_id: i32,
}

/// One connection that somebody opened to this broker.
#[derive(Clone, Debug)]
pub struct Connection {
    from: ProcessId,
    /// The address of a program outside of the world, if it is known.
    host: Option<Text>,
    buffer: FrameBuffer,
    busy: Option<RequestId>,
    last_active: Instant,
    /// Whether it is let in.
    admitted: bool,
    /// An answer that goes out behind the next one. Only a planted bug keeps any back.
    kept_back: Option<(RequestId, Chunks)>,
}

/// What becomes of a connection that somebody opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    /// There are too many; it is let in when another leaves.
    Waits,
    /// The host that opened it has too many of them already.
    TooManyOfOneHost,
    /// A broker comes in, and this client's connection must go.
    InPlaceOf(ConnectionId),
}

impl Connection {
    /// Who opened it.
    pub fn from(&self) -> ProcessId {
        self.from
    }

    /// The address of who opened it, as Kafka writes one. In the world names are addresses; a program outside of it is
    /// on this machine unless somebody says where it is.
    pub fn host(&self) -> Text {
        match (&self.host, self.from) {
            (Some(host), _) => format!("/{host}").into(),
            (None, ProcessId::Socket(_)) => "/127.0.0.1".into(),
            (None, from) => format!("/{from}").into(),
        }
    }

    /// The request that is being worked on; nothing behind it is read.
    pub fn busy(&self) -> Option<RequestId> {
        self.busy
    }

    /// How many bytes wait behind the request in work.
    pub fn buffered(&self) -> usize {
        self.buffer.buffered()
    }

    /// False while there are too many others.
    pub fn is_admitted(&self) -> bool {
        self.admitted
    }

    /// When the last bytes came or went.
    pub fn last_active(&self) -> Instant {
        self.last_active
    }
}

/// Every connection of a broker.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    open: SortedMap<ConnectionId, Connection>,
    /// Connections that were unmuted and may have a whole request in their buffer.
    ready: VecDeque<ConnectionId>,
    /// Connections that are not let in yet, in the order in which they came.
    waiting: VecDeque<ConnectionId>,
}

impl Connections {
    /// Somebody has opened a connection, to a broker that lets `most` stand and `most_of_one` of one
    /// host; where a program outside of the world is that has.
    pub(super) fn opened(
        &mut self,
        id: ConnectionId,
        (from, host): (ProcessId, Option<Text>),
        now: Instant,
        (most, most_of_one): (u32, u32),
    ) -> Admission {
        let of_one = self.open.values().filter(|open| open.from == from).count();
        let admission = if of_one >= most_of_one as usize {
            Admission::TooManyOfOneHost
        } else if self.admitted() < most as usize {
            Admission::Admitted
        } else if from.broker().is_none() {
            self.waiting.push_back(id);
            Admission::Waits
        } else {
            // Where only brokers are left, they stand above the limit.
            let oldest = self.longest_silent_client();
            oldest.map_or(Admission::Admitted, Admission::InPlaceOf)
        };
        let connection = Connection {
            from,
            host,
            buffer: FrameBuffer::default(),
            busy: None,
            last_active: now,
            admitted: admission != Admission::Waits,
            kept_back: None,
        };
        self.open.insert(id, connection);
        admission
    }

    fn admitted(&self) -> usize {
        self.open.len() - self.waiting.len()
    }

    fn longest_silent_client(&self) -> Option<ConnectionId> {
        let clients = self.open.iter();
        let clients = clients.filter(|(_, open)| open.admitted && open.from.broker().is_none());
        let oldest = clients.min_by_key(|(_, open)| open.last_active);
        oldest.map(|(id, _)| *id)
    }

    /// Lets in the first that waits, if there is room for it.
    pub(super) fn admit(&mut self, now: Instant, most: u32) -> Option<ConnectionId> {
        if self.waiting.is_empty() || self.admitted() >= most as usize {
            return None;
        }
        let id = self.waiting.pop_front()?;
        let connection = self.open.get_mut(&id).expect("who waits is open");
        connection.admitted = true;
        connection.last_active = now;
        self.ready.push_back(id);
        Some(id)
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.open.get(&id)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (ConnectionId, &Connection)> {
        self.open.iter().map(|(id, connection)| (*id, connection))
    }

    /// Forgets a connection and whatever waits in its buffer. Whether it was open.
    pub(super) fn remove(&mut self, id: ConnectionId) -> bool {
        let gone = self.open.remove(&id);
        if gone.as_ref().is_some_and(|gone| !gone.admitted) {
            self.waiting.retain(|waiting| *waiting != id);
        }
        gone.is_some()
    }

    pub(super) fn received(&mut self, id: ConnectionId, bytes: Chunks, now: Instant) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.buffer.push(bytes);
            connection.last_active = now;
            self.ready.push_back(id);
        }
    }

    /// The next whole request of a connection that is not busy.
    ///
    /// # Errors
    /// When the bytes are no frame: the connection must be closed.
    pub(super) fn next_frame(
        &mut self,
        id: ConnectionId,
        limit: usize,
    ) -> Result<Option<Chunks>, Malformed> {
        match self.open.get_mut(&id) {
            Some(connection) if connection.busy.is_none() && connection.admitted => {
                connection.buffer.next(limit)
            }
            _ => Ok(None),
        }
    }

    /// A request is being worked on from now on.
    pub(super) fn mute(&mut self, request: RequestId) {
        if let Some(connection) = self.open.get_mut(&request.connection) {
            connection.busy = Some(request);
        }
    }

    /// The request was answered, or needs no answer. Whether anybody still waits for it.
    pub(super) fn unmute(&mut self, request: RequestId, now: Instant) -> bool {
        match self.open.get_mut(&request.connection) {
            Some(connection) => {
                connection.busy = None;
                connection.last_active = now;
                if connection.buffer.buffered() > 0 {
                    self.ready.push_back(request.connection);
                }
                true
            }
            None => false,
        }
    }

    /// Whether another whole request waits, and no answer is kept back already.
    pub(super) fn asks_more(&self, id: ConnectionId) -> bool {
        let Some(connection) = self.open.get(&id) else {
            return false;
        };
        let next = connection.buffer.clone().next(usize::MAX);
        connection.kept_back.is_none() && matches!(next, Ok(Some(_)))
    }

    /// This answer goes out behind the next one.
    pub(super) fn keep_back(&mut self, answered: RequestId, answer: Chunks) {
        if let Some(connection) = self.open.get_mut(&answered.connection) {
            connection.kept_back = Some((answered, answer));
        }
    }

    pub(super) fn take_kept_back(&mut self, id: ConnectionId) -> Option<(RequestId, Chunks)> {
        self.open.get_mut(&id)?.kept_back.take()
    }

    /// A connection that may have something to work on.
    pub(super) fn next_ready(&mut self) -> Option<ConnectionId> {
        self.ready.pop_front()
    }
}
