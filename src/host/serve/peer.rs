//! A connection as the thread of the world sees it: what came in and was not handed over, and the way out.
//!
//! Requests are handed over one at a time: the next when the one before is answered and little of the answers
//! lies unsent. So what a client asks without reading the answers waits in its own socket, as it does with
//! Kafka, which stops reading from a connection while it works on a request of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use kafka_playground::model::ProcessId;
use tokio::sync::{Semaphore, mpsc};

/// With more than this unsent, nothing further is asked on behalf of a client.
pub const MOST_UNSENT: usize = 1024 * 1024;

/// What goes to the task that writes to a socket.
pub enum Outgoing {
    Bytes(Bytes),
    /// Nothing more comes; the connection is to be closed behind what was sent.
    Close,
}

/// The way to a client.
#[derive(Clone)]
pub struct Outward {
    pub to: mpsc::UnboundedSender<Outgoing>,
    /// How many bytes were given to the task and not written yet.
    pub unsent: Arc<AtomicUsize>,
}

impl Outward {
    fn send(&self, bytes: Bytes) {
        self.unsent.fetch_add(bytes.len(), Ordering::Relaxed);
        // A task that is gone has said so.
        let _ = self.to.send(Outgoing::Bytes(bytes));
    }

    fn is_full(&self) -> bool {
        self.unsent.load(Ordering::Relaxed) >= MOST_UNSENT
    }
}

/// One connection.
pub struct Peer {
    pub socket: ProcessId,
    outward: Outward,
    /// How much may still be read before what lies here was handed over.
    credit: Arc<Semaphore>,
    /// What came, piece by piece, and how much is owed for each.
    pending: VecDeque<(Bytes, usize)>,
    framing: Framing,
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
            framing: Framing::default(),
            ended: false,
        }
    }

    pub fn came(&mut self, bytes: Bytes, owed: usize) {
        self.pending.push_back((bytes, owed));
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
        self.framing.have == 0
    }

    pub fn is_full(&self) -> bool {
        self.outward.is_full()
    }

    /// The next bytes of the request that has begun or begins, as far as they are there.
    pub fn take(&mut self) -> Option<Bytes> {
        let (mut bytes, owed) = self.pending.pop_front()?;
        let part = bytes.split_to(self.framing.belongs(&bytes));
        match bytes.is_empty() {
            true => self.credit.add_permits(owed),
            false => self.pending.push_front((bytes, owed)),
        }
        Some(part)
    }

    pub fn send(&self, pieces: Vec<Bytes>) {
        for piece in pieces {
            self.outward.send(piece);
        }
    }

    pub fn close(&self) {
        let _ = self.outward.to.send(Outgoing::Close);
    }
}

/// Where in a frame a stream of bytes is.
#[derive(Default)]
struct Framing {
    /// How many bytes of the size have been seen, and the size so far.
    have: u8,
    size: u32,
    left: u32,
}

impl Framing {
    /// How many of these bytes belong to the frame that has begun or begins with them.
    fn belongs(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        while self.have < 4 && used < bytes.len() {
            self.size = (self.size << 8) | u32::from(bytes[used]);
            self.have += 1;
            used += 1;
            // Not a size that any broker accepts: it will close the connection.
            self.left = self.size.min(i32::MAX as u32);
        }
        if self.have < 4 {
            return used;
        }
        let part = (self.left as usize).min(bytes.len() - used);
        self.left -= part as u32;
        if self.left == 0 {
            *self = Framing::default();
        }
        used + part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_one_at_a_time_however_they_were_cut() {
        let stream = [0, 0, 0, 2, 7, 7, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0, 0, 0, 3, 9];
        for cut in 1..stream.len() {
            let (to, _) = mpsc::unbounded_channel();
            let outward = Outward {
                to,
                unsent: Arc::default(),
            };
            let mut peer = Peer::new(ProcessId::Socket(1), outward, Arc::new(Semaphore::new(0)));
            stream
                .chunks(cut)
                .for_each(|part| peer.came(Bytes::copy_from_slice(part), 1));
            let mut frames = vec![Vec::new()];
            while let Some(part) = peer.take() {
                frames
                    .last_mut()
                    .expect("there is one")
                    .extend_from_slice(&part);
                if peer.is_between_requests() {
                    frames.push(Vec::new());
                }
            }
            let expected: [&[u8]; 4] =
                [&stream[..6], &stream[6..11], &stream[11..15], &stream[15..]];
            assert_eq!(frames, expected, "cut into {cut}");
            assert!(!peer.is_between_requests() && !peer.is_over());
            assert_eq!(peer.credit.available_permits(), stream.len().div_ceil(cut));
        }
    }
}
