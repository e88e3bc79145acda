//! A connection as the thread of the world sees it: what came in and was not handed over, and the way out.
//!
//! Requests are handed over one at a time: the next when the one before is answered and little of the answers
//! lies unsent. So what a client asks without reading the answers waits in its own socket, as it does with
//! Kafka, which stops reading from a connection while it works on a request of it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use kafka_playground::model::ProcessId;
use tokio::sync::Semaphore;

use super::inward::Piece;
use super::outward::Outward;

/// One connection.
pub struct Peer {
    pub socket: ProcessId,
    outward: Outward,
    /// How much may still be read before what lies here was handed over.
    credit: Arc<Semaphore>,
    pending: VecDeque<Piece>,
    /// Whether the client has closed its side; what it said before that still counts.
    ended: bool,
}

impl Peer {
    pub fn new(socket: ProcessId, outward: Outward, credit: Arc<Semaphore>) -> Peer {
        Peer {
            socket,
            outward,
            credit,
            pending: VecDeque::new(),
            ended: false,
        }
    }

    pub fn said(&mut self, piece: Piece) {
        self.pending.push_back(piece);
    }

    pub fn has_ended(&mut self) {
        self.ended = true;
    }

    /// Whether the client has said all that it will, and all was handed over.
    pub fn is_over(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether what comes next begins a request, so that the one before must be done with.
    pub fn is_between_requests(&self) -> bool {
        self.pending.front().is_some_and(|piece| piece.begins)
    }

    /// Whether the next request is one that adds to a log. One of which too little is there to tell may be.
    pub fn produces(&self) -> bool {
        let bytes = self.pending.iter().flat_map(|piece| &*piece.bytes);
        let mut api = bytes.skip(4);
        matches!((api.next(), api.next()), (Some(0), Some(0)) | (_, None))
    }

    pub fn is_full(&self) -> bool {
        self.outward.is_full()
    }

    /// The next of what the client said: a request, or a part of one.
    pub fn take(&mut self) -> Option<Bytes> {
        let piece = self.pending.pop_front()?;
        self.credit.add_permits(piece.owed);
        Some(piece.bytes)
    }

    pub fn send(&self, pieces: Vec<Bytes>) {
        self.outward.send(pieces);
    }

    pub fn close(&self) {
        self.outward.close();
    }
}
