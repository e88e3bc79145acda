//! A connection as the thread of the world sees it: what came in and was not handed over, and the way out.
//!
//! Requests are handed over one at a time: the next when the one before is answered and little of the answers
//! lies unsent. So what a client asks without reading the answers waits in its own socket, as it does with
//! Kafka, which stops reading from a connection while it works on a request of it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use kafka_playground::model::ProcessId;
use kafka_playground::protocol::{AnyRequest, ApiKey, Chunks};
use tokio::sync::Semaphore;

use super::inward::Piece;
use super::outward::Outward;

/// So long may a request be that says little.
pub const SHORT: usize = 16 * 1024;

/// One connection.
pub struct Peer {
    pub socket: ProcessId,
    outward: Outward,
    /// How much may still be read before what lies here was handed over.
    credit: Arc<Semaphore>,
    pending: VecDeque<Piece>,
    /// Whether the client has closed its side; what it said before that still counts.
    ended: bool,
    /// How much of a request was handed over that adds to a log or a group.
    adding: usize,
}

impl Peer {
    pub fn new(socket: ProcessId, outward: Outward, credit: Arc<Semaphore>) -> Peer {
        Peer {
            socket,
            outward,
            credit,
            pending: VecDeque::new(),
            ended: false,
            adding: 0,
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

    /// Whether the next request is one that adds to a log or a group. One of which too little is there to tell may be.
    pub fn adds(&self) -> bool {
        let bytes = self.pending.iter().flat_map(|piece| &*piece.bytes);
        let mut api = bytes.skip(4).copied();
        let (Some(high), Some(low)) = (api.next(), api.next()) else {
            return true;
        };
        const ADDING: [ApiKey; 4] = [
            ApiKey::Produce,
            ApiKey::JoinGroup,
            ApiKey::SyncGroup,
            ApiKey::OffsetCommit,
        ];
        let code = i16::from_be_bytes([high, low]);
        ADDING.iter().any(|api| api.code() == code)
    }

    /// How long the next request says it is.
    pub fn promised(&self) -> u64 {
        let bytes = self.pending.iter().flat_map(|piece| &*piece.bytes);
        let size = bytes
            .take(4)
            .fold(0_u32, |size, byte| size << 8 | u32::from(*byte));
        u64::from(size)
    }

    /// The next request, if it is short and all there.
    pub fn short_request(&self) -> Option<AnyRequest> {
        let piece = self.pending.front().filter(|piece| piece.begins)?;
        let whole = piece.bytes.len() as u64 == self.promised() + 4;
        if !whole || piece.bytes.len() > SHORT {
            return None;
        }
        let frame = Chunks::from(piece.bytes.slice(4..));
        AnyRequest::decode(&frame).ok().map(|(_, request)| request)
    }

    /// How much of its request is on the way to a log or a group, if that is not answered.
    pub fn adding(&self) -> usize {
        self.adding
    }

    pub fn is_full(&self) -> bool {
        self.outward.is_full()
    }

    /// The next of what the client said: a request, or a part of one. How much of it adds to a log or a group.
    pub fn take(&mut self) -> Option<(Bytes, usize)> {
        let adds = match self.is_between_requests() {
            true => {
                self.adding = 0;
                self.adds()
            }
            false => self.adding > 0,
        };
        let piece = self.pending.pop_front()?;
        self.credit.add_permits(piece.owed);
        let adding = if adds { piece.bytes.len() } else { 0 };
        self.adding += adding;
        Some((piece.bytes, adding))
    }

    pub fn send(&self, pieces: Vec<Bytes>) {
        self.outward.send(pieces);
    }

    pub fn close(&self) {
        self.outward.close();
    }
}
