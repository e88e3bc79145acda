//! Sockets of the operating system: a listener for each broker, two tasks for each connection.
//!
//! One task reads, as long as few of the pieces that it read lie unasked; one writes what the world has sent.
//! Neither knows what the bytes mean.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use kafka_playground::model::ProcessId;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::engine::Event;
use super::peer::{MOST_UNSENT, Outgoing, Outward};

/// The longest piece that is read at once.
const PIECE: usize = 256 * 1024;
/// So much of one connection may lie unasked, and one piece more.
const MOST_UNASKED: usize = 1024 * 1024;
/// The least that a piece counts for, since the shortest takes memory too.
const LEAST: usize = 256;
/// A client that does not read what is left for it is waited for so long.
const LINGER: Duration = Duration::from_secs(5);
/// When a port cannot be had back, or there is nothing left to accept with, it is tried again after this.
const AGAIN: Duration = Duration::from_millis(100);
/// So many pieces are written with one call.
const SLICES: usize = 32;

/// What all gates share.
pub struct Shared {
    pub events: Sender<Event>,
    pub most_of_one_host: u32,
    next_connection: AtomicU64,
    /// What is read lands here first, so that a silent connection costs no buffer.
    landing: Mutex<Vec<u8>>,
}

impl Shared {
    pub fn new(events: Sender<Event>, most_of_one_host: u32) -> Shared {
        Shared {
            events,
            most_of_one_host,
            next_connection: AtomicU64::new(1),
            landing: Mutex::new(vec![0; PIECE]),
        }
    }
}

/// Where clients of one broker come in.
pub struct Entrance {
    pub broker: ProcessId,
    pub address: SocketAddr,
    /// At most so many at once; more wait to be accepted.
    pub room: Arc<Semaphore>,
    pub shared: Arc<Shared>,
    hosts: Arc<Mutex<BTreeMap<IpAddr, u32>>>,
}

/// A place in the room, given back when its connection is gone.
struct Seat {
    _room: OwnedSemaphorePermit,
    host: IpAddr,
    hosts: Arc<Mutex<BTreeMap<IpAddr, u32>>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = hosts.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

impl Entrance {
    pub fn new(
        broker: ProcessId,
        address: SocketAddr,
        most: usize,
        shared: Arc<Shared>,
    ) -> Entrance {
        let room = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let hosts = Arc::default();
        Entrance {
            broker,
            address,
            room,
            shared,
            hosts,
        }
    }

    /// Accepts connections while the gate is open, and listens anew when it opens again.
    pub async fn attend(self, first: std::net::TcpListener, mut open: watch::Receiver<bool>) {
        let mut listener = listen(first).ok();
        loop {
            if !*open.borrow_and_update() {
                listener = None;
                if open.changed().await.is_err() {
                    return;
                }
                continue;
            }
            if listener.is_none() {
                let bound = std::net::TcpListener::bind(self.address).and_then(listen);
                listener = bound.ok();
            }
            let Some(standing) = &listener else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            match either(self.accept(standing), open.changed()).await {
                Either::First(()) | Either::Second(Ok(())) => {}
                Either::Second(Err(_)) => return,
            }
        }
    }

    /// Accepts one connection, once there is room for it.
    async fn accept(&self, listener: &TcpListener) {
        let Ok(room) = self.room.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, from)) => self.came(stream, from.ip(), room),
            Err(error) if is_passing(error.kind()) => {}
            // Out of file descriptors: others must go first.
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }

    fn came(&self, stream: TcpStream, host: IpAddr, room: OwnedSemaphorePermit) {
        let hosts = self.hosts.clone();
        let mut counts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(host).or_insert(0);
        if *count >= self.shared.most_of_one_host {
            return;
        }
        *count += 1;
        let seat = Seat {
            _room: room,
            host,
            hosts: self.hosts.clone(),
        };
        drop(counts);
        // An answer is not held back to be sent with the next.
        let _ = stream.set_nodelay(true);
        let (from, to) = stream.into_split();
        let connection = self.shared.next_connection.fetch_add(1, Ordering::Relaxed);
        let (outgoing, sent) = mpsc::unbounded_channel();
        let unsent = Arc::new(AtomicUsize::new(0));
        let credit = Arc::new(Semaphore::new(MOST_UNASKED));
        let outward = Outward {
            to: outgoing,
            unsent: unsent.clone(),
        };
        let event = Event::Opened {
            connection,
            broker: self.broker,
            outward,
            credit: credit.clone(),
        };
        if self.shared.events.send(event).is_err() {
            return;
        }
        let shared = self.shared.clone();
        let reading = tokio::spawn(read(connection, from, credit, shared.clone()));
        let progress = Progress { unsent, shared };
        let writer = Writer {
            connection,
            to,
            sent,
            progress,
            waiting: VecDeque::new(),
        };
        tokio::spawn(writer.run(reading, seat));
    }
}

fn listen(listener: std::net::TcpListener) -> std::io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A connection that was gone before it was accepted, or a call that a signal came between.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}

async fn read(connection: u64, from: OwnedReadHalf, credit: Arc<Semaphore>, shared: Arc<Shared>) {
    let ending = loop {
        if credit.acquire().await.is_err() {
            return;
        }
        match read_piece(&from, &shared).await {
            Ok(bytes) if bytes.is_empty() => break Event::Ended { connection },
            Ok(bytes) => {
                let owed = credit.forget_permits(bytes.len().max(LEAST));
                let piece = Event::Bytes {
                    connection,
                    bytes,
                    owed,
                };
                if shared.events.send(piece).is_err() {
                    return;
                }
            }
            Err(_) => break Event::Broken { connection },
        }
    };
    let _ = shared.events.send(ending);
}

async fn read_piece(from: &OwnedReadHalf, shared: &Shared) -> std::io::Result<Bytes> {
    loop {
        from.readable().await?;
        let mut landing = shared
            .landing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match from.try_read(&mut landing) {
            Ok(count) => return Ok(Bytes::copy_from_slice(&landing[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes what the world has sent.
struct Writer {
    connection: u64,
    to: OwnedWriteHalf,
    sent: mpsc::UnboundedReceiver<Outgoing>,
    waiting: VecDeque<Bytes>,
    progress: Progress,
}

/// How much is unsent, and who wants to know.
struct Progress {
    unsent: Arc<AtomicUsize>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Writes until the connection is to be closed, and closes it.
    async fn run(mut self, reading: JoinHandle<()>, seat: Seat) {
        let ended = match self.write().await {
            // A client that reads no more is not waited for without end.
            Ok(()) => match tokio::time::timeout(LINGER, self.write_rest()).await {
                Ok(ended) => ended,
                Err(_) => Ok(()),
            },
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => {
                let _ = self.to.shutdown().await;
            }
            Err(_) => {
                let connection = self.connection;
                let _ = self
                    .progress
                    .shared
                    .events
                    .send(Event::Broken { connection });
            }
        }
        reading.abort();
        drop(seat);
    }

    /// Writes until nothing more comes behind what waits.
    async fn write(&mut self) -> std::io::Result<()> {
        loop {
            let outgoing = match self.waiting.is_empty() {
                true => Either::First(self.sent.recv().await),
                false => {
                    let writing = write_some(&mut self.to, &mut self.waiting, &self.progress);
                    either(self.sent.recv(), writing).await
                }
            };
            match outgoing {
                Either::First(Some(Outgoing::Bytes(bytes))) => self.waiting.push_back(bytes),
                Either::First(Some(Outgoing::Close) | None) => return Ok(()),
                Either::Second(written) => written?,
            }
        }
    }

    async fn write_rest(&mut self) -> std::io::Result<()> {
        while !self.waiting.is_empty() {
            write_some(&mut self.to, &mut self.waiting, &self.progress).await?;
        }
        Ok(())
    }
}

/// Writes as much of what waits as the system takes at once.
async fn write_some(
    to: &mut OwnedWriteHalf,
    waiting: &mut VecDeque<Bytes>,
    progress: &Progress,
) -> std::io::Result<()> {
    let pieces = waiting.iter().take(SLICES);
    let slices: Vec<IoSlice<'_>> = pieces.map(|piece| IoSlice::new(piece)).collect();
    let written = to.write_vectored(&slices).await?;
    if written == 0 {
        return Err(ErrorKind::WriteZero.into());
    }
    let mut left = written;
    while let Some(piece) = waiting.front_mut() {
        if left < piece.len() {
            piece.advance(left);
            break;
        }
        left -= piece.len();
        waiting.pop_front();
    }
    let before = progress.unsent.fetch_sub(written, Ordering::Relaxed);
    if before >= MOST_UNSENT && before - written < MOST_UNSENT {
        let _ = progress.shared.events.send(Event::Drained);
    }
    Ok(())
}

/// Which of two came first.
pub enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits for whichever comes first, and lets go of the other.
pub async fn either<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(done) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(done));
        }
        match second.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Either::Second(done)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
