//! The way to a client: what is short the thread of the world writes itself; what is long, and what the system does
//! not take at once, is left to a task.
//!
//! One of the two writes at a time: the thread only while nothing is left to the task.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::either::{Either, either};
use super::engine::Event;
use super::entrance::{Seat, Shared};

/// With more than this unsent, nothing further is asked on behalf of a client.
const MOST_UNSENT: usize = 1024 * 1024;
/// What is longer is left to the task: it takes longer to write than to hand over.
const SHORT: usize = 64 * 1024;
/// A client that takes nothing of what is left for it is waited for so long. The system says only now and then that
/// there is room again, when much of what it holds itself has gone.
const LINGER: Duration = Duration::from_secs(30);
/// So many pieces are written with one call, which is as many as systems take.
const SLICES: usize = 1024;

/// What goes to the task that writes to a socket.
enum Outgoing {
    Pieces(VecDeque<Bytes>),
    /// Nothing more comes; the connection is to be closed behind what was sent.
    Close,
}

/// The way to a client, as the thread of the world has it.
pub struct Outward {
    socket: Arc<OwnedWriteHalf>,
    to: mpsc::UnboundedSender<Outgoing>,
    /// How many bytes were left to the task and are not written yet.
    unsent: Arc<AtomicUsize>,
}

impl Outward {
    /// The way, and the task that goes with it.
    pub fn new(connection: u64, socket: OwnedWriteHalf, shared: Arc<Shared>) -> (Outward, Writer) {
        let socket = Arc::new(socket);
        let (to, sent) = mpsc::unbounded_channel();
        let unsent = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            connection,
            socket: socket.clone(),
            sent,
            unsent: unsent.clone(),
            shared,
            waiting: VecDeque::new(),
        };
        let outward = Outward { socket, to, unsent };
        (outward, writer)
    }

    pub fn send(&self, pieces: Vec<Bytes>) {
        let mut pieces = VecDeque::from(pieces);
        let is_short = pieces.iter().map(Bytes::len).sum::<usize>() <= SHORT;
        // What was left to the task goes first.
        if is_short && self.unsent.load(Ordering::Acquire) == 0 {
            // A socket that is broken is the task's to find out.
            while !pieces.is_empty() && write_once(&self.socket, &mut pieces).is_ok() {}
        }
        if !pieces.is_empty() {
            let count = pieces.iter().map(Bytes::len).sum();
            self.unsent.fetch_add(count, Ordering::Relaxed);
            // A task that is gone has said so.
            let _ = self.to.send(Outgoing::Pieces(pieces));
        }
    }

    pub fn close(&self) {
        let _ = self.to.send(Outgoing::Close);
    }

    pub fn is_full(&self) -> bool {
        self.unsent.load(Ordering::Relaxed) >= MOST_UNSENT
    }
}

/// Writes as much as the system takes at once. How much that was.
fn write_once(socket: &OwnedWriteHalf, pieces: &mut VecDeque<Bytes>) -> std::io::Result<usize> {
    // An empty piece would look like a socket that takes nothing.
    while pieces.front().is_some_and(Bytes::is_empty) {
        pieces.pop_front();
    }
    let some = pieces.iter().take(SLICES);
    let slices: Vec<IoSlice<'_>> = some.map(|piece| IoSlice::new(piece)).collect();
    if slices.is_empty() {
        return Ok(0);
    }
    let written = socket.try_write_vectored(&slices)?;
    if written == 0 {
        return Err(ErrorKind::WriteZero.into());
    }
    let mut left = written;
    while let Some(piece) = pieces.front_mut() {
        if left < piece.len() {
            piece.advance(left);
            break;
        }
        left -= piece.len();
        pieces.pop_front();
    }
    Ok(written)
}

/// The task that writes what the system did not take at once, and closes the connection in the end.
pub struct Writer {
    connection: u64,
    socket: Arc<OwnedWriteHalf>,
    sent: mpsc::UnboundedReceiver<Outgoing>,
    unsent: Arc<AtomicUsize>,
    shared: Arc<Shared>,
    waiting: VecDeque<Bytes>,
}

impl Writer {
    /// Writes until the connection is to be closed, and closes it.
    pub async fn run(mut self, reading: JoinHandle<()>, seat: Seat) {
        let ended = match self.write().await {
            Ok(()) => self.write_rest().await,
            Err(error) => Err(error),
        };
        if ended.is_err() {
            let connection = self.connection;
            let _ = self.shared.events.send(Event::Broken { connection });
        }
        reading.abort();
        drop(seat);
    }

    /// Writes until nothing more comes behind what waits.
    async fn write(&mut self) -> std::io::Result<()> {
        loop {
            let outgoing = match self.waiting.is_empty() {
                true => self.sent.recv().await,
                false => match either(self.sent.recv(), self.socket.writable()).await {
                    Either::First(outgoing) => outgoing,
                    Either::Second(writable) => {
                        writable?;
                        self.write_some()?;
                        continue;
                    }
                },
            };
            match outgoing {
                Some(Outgoing::Pieces(pieces)) => self.waiting.extend(pieces),
                Some(Outgoing::Close) | None => return Ok(()),
            }
        }
    }

    /// Writes what is left, as long as the client takes some of it from time to time: the world closes a connection
    /// that it takes for idle, however slowly an answer is read.
    async fn write_rest(&mut self) -> std::io::Result<()> {
        while !self.waiting.is_empty() {
            match tokio::time::timeout(LINGER, self.socket.writable()).await {
                Ok(writable) => writable?,
                Err(_) => return Ok(()),
            }
            self.write_some()?;
        }
        Ok(())
    }

    fn write_some(&mut self) -> std::io::Result<()> {
        let written = match write_once(&self.socket, &mut self.waiting) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let before = self.unsent.fetch_sub(written, Ordering::Release);
        if before >= MOST_UNSENT && before - written < MOST_UNSENT {
            let _ = self.shared.events.send(Event::Drained);
        }
        Ok(())
    }
}
