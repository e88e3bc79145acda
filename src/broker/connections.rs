//! The server's end of every connection: bytes in, one request at a time, answers in order.
//!
//! A broker works on one request of a connection at a time. While that request waits in purgatory the
//! connection is muted, and whatever comes behind it waits in the buffer; so answers leave in the order
//! of the requests without anybody sorting them.
//!
//! Not modelled: back-pressure. Kafka stops reading from a muted connection, and the bytes wait in the
//! sender's socket; here they wait in the broker's buffer.

use crate::sorted::SortedMap;
use std::collections::VecDeque;

use crate::model::{ConnectionId, ProcessId};
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
    buffer: FrameBuffer,
    busy: Option<RequestId>,
    last_active: Instant,
}

impl Connection {
    /// Who opened it.
    pub fn from(&self) -> ProcessId {
        self.from
    }

    /// The request that is being worked on; nothing behind it is read.
    pub fn busy(&self) -> Option<RequestId> {
        self.busy
    }

    /// How many bytes wait behind the request in work.
    pub fn buffered(&self) -> usize {
        self.buffer.buffered()
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
}

impl Connections {
    pub(super) fn opened(&mut self, id: ConnectionId, from: ProcessId, now: Instant) {
        let connection = Connection {
            from,
            buffer: FrameBuffer::default(),
            busy: None,
            last_active: now,
        };
        self.open.insert(id, connection);
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.open.get(&id)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (ConnectionId, &Connection)> {
        self.open.iter().map(|(id, connection)| (*id, connection))
    }

    /// Forgets a connection and whatever waits in its buffer. Whether it was open.
    pub(super) fn remove(&mut self, id: ConnectionId) -> bool {
        self.open.remove(&id).is_some()
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
            Some(connection) if connection.busy.is_none() => connection.buffer.next(limit),
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

    /// A connection that may have something to work on.
    pub(super) fn next_ready(&mut self) -> Option<ConnectionId> {
        self.ready.pop_front()
    }
}
