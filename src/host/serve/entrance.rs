//! Where clients come in: a listener for each broker, as long as it lives.
//!
//! A connection becomes two tasks, one that reads and one that writes. Neither knows what the bytes mean. How many may
//! come in is asked anew for each: settings of a broker change while it runs.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kafka_playground::model::{ProcessId, Text};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};

use super::addresses::why_not;
use super::either::{Either, either};
use super::engine::Event;
use super::inward::{Inward, MOST_UNASKED};
use super::outward::Outward;
use super::speech::complain;

/// What is read where a request begins is at most so much at once; the rest goes straight to its own place.
const LANDING: usize = 16 * 1024;
/// When a port cannot be had back, or there is nothing left to accept with, it is tried again after this.
const AGAIN: Duration = Duration::from_millis(100);

/// What all gates share.
pub struct Shared {
    pub events: Sender<Event>,
    next_connection: AtomicU64,
    /// Where a request begins it lands here, so that a silent connection costs no buffer.
    pub landing: Mutex<Vec<u8>>,
    /// Whether it was said that the system lets nobody in.
    complained: AtomicBool,
}

impl Shared {
    pub fn new(events: Sender<Event>) -> Shared {
        Shared {
            events,
            next_connection: AtomicU64::new(1),
            landing: Mutex::new(vec![0; LANDING]),
            complained: AtomicBool::new(false),
        }
    }
}

/// Whom a broker lets in, as its settings are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doors {
    /// Nobody listens for a broker that is dead.
    pub are_open: bool,
    /// `max.connections`: more wait to be accepted.
    pub most: u32,
    /// `max.connections.per.ip`: more are turned away.
    pub most_of_one_host: u32,
}

/// Where clients of one broker come in.
pub struct Entrance {
    pub broker: ProcessId,
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
    seats: Arc<Seats>,
}

/// Who is inside.
#[derive(Default)]
struct Seats {
    taken: Mutex<BTreeMap<IpAddr, u32>>,
    freed: Notify,
}

impl Seats {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> u32 {
        self.taken().values().sum()
    }

    /// A seat for one more of a host that may have so many.
    fn take(self: &Arc<Seats>, host: IpAddr, most_of_one_host: u32) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.get(&host).copied().unwrap_or(0) >= most_of_one_host {
            return None;
        }
        *taken.entry(host).or_insert(0) += 1;
        let all = self.clone();
        Some(Seat { host, all })
    }
}

/// A place inside, given back when its connection is gone.
pub struct Seat {
    host: IpAddr,
    all: Arc<Seats>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.all.taken();
        if let Some(count) = taken.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.host);
            }
        }
        self.all.freed.notify_one();
    }
}

impl Entrance {
    pub fn new(broker: ProcessId, address: SocketAddr, shared: Arc<Shared>) -> Entrance {
        Entrance {
            broker,
            address,
            shared,
            seats: Arc::default(),
        }
    }

    /// Accepts connections while the doors are open, and listens anew when they open again.
    pub async fn attend(self, first: std::net::TcpListener, mut doors: watch::Receiver<Doors>) {
        let mut listener = listen(first).ok();
        let mut complained = false;
        loop {
            let now = *doors.borrow_and_update();
            if !now.are_open {
                (listener, complained) = (None, false);
                if doors.changed().await.is_err() {
                    return;
                }
                continue;
            }
            if listener.is_none() {
                match std::net::TcpListener::bind(self.address).and_then(listen) {
                    Ok(bound) => listener = Some(bound),
                    Err(error) if !complained => {
                        complained = true;
                        self.cannot_listen(&error);
                    }
                    Err(_) => {}
                }
            }
            let changed = match &listener {
                None => either(tokio::time::sleep(AGAIN), doors.changed()).await,
                // Whoever is too many waits where the operating system has accepted it.
                Some(_) if self.seats.count() >= now.most => {
                    either(self.seats.freed.notified(), doors.changed()).await
                }
                Some(standing) => either(self.accept(standing, now), doors.changed()).await,
            };
            if let Either::Second(Err(_)) = changed {
                return;
            }
        }
    }

    /// Another program may have taken the port while the broker was dead.
    fn cannot_listen(&self, error: &std::io::Error) {
        let broker = self.broker;
        let why = why_not(self.address, error);
        complain(&format!(
            "{broker} runs, and nobody can connect to it: {why}. It listens as soon as that can be."
        ));
    }

    /// Accepts one connection.
    async fn accept(&self, listener: &TcpListener, doors: Doors) {
        match listener.accept().await {
            Ok((stream, from)) => self.came(stream, from.ip(), doors),
            Err(error) if is_passing(error.kind()) => {}
            // Out of file descriptors: others must go first.
            Err(error) => {
                if !self.shared.complained.swap(true, Ordering::Relaxed) {
                    complain(&format!(
                        "The system lets no more connections in: {error}. Whoever comes waits until others have left. \
                         `ulimit -Hn` says how many files and sockets it allows."
                    ));
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    fn came(&self, stream: TcpStream, host: IpAddr, doors: Doors) {
        let Some(seat) = self.seats.take(host, doors.most_of_one_host) else {
            return;
        };
        // An answer is not held back to be sent with the next.
        let _ = stream.set_nodelay(true);
        keep_alive(&stream);
        let (from, to) = stream.into_split();
        let connection = self.shared.next_connection.fetch_add(1, Ordering::Relaxed);
        let credit = Arc::new(Semaphore::new(MOST_UNASKED));
        let (outward, writer) = Outward::new(connection, to, self.shared.clone());
        let event = Event::Opened {
            connection,
            broker: self.broker,
            from: written(host),
            outward,
            credit: credit.clone(),
        };
        if self.shared.events.send(event).is_err() {
            return;
        }
        let inward = Inward::new(connection, from, credit, self.shared.clone());
        let reading = tokio::spawn(inward.run());
        tokio::spawn(writer.run(reading, seat));
    }
}

/// An address as Java writes it: one of IPv6 with all its parts, and one of IPv4 as such, whichever way it came.
fn written(host: IpAddr) -> Text {
    match host.to_canonical() {
        IpAddr::V4(host) => host.to_string().into(),
        IpAddr::V6(host) => {
            let parts = host.segments().map(|part| format!("{part:x}"));
            parts.join(":").into()
        }
    }
}

/// Has the system look from time to time whether the other end is still there, as Kafka does: a client whose machine has
/// vanished is found out in the end. The copy is another name for the same socket.
fn keep_alive(stream: &TcpStream) {
    if let Ok(copy) = stream.as_fd().try_clone_to_owned() {
        let _ = TcpSocket::from_std_stream(copy.into()).set_keepalive(true);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_java_writes_them() {
        for (host, expected) in [
            ("127.0.0.2", "127.0.0.2"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("fe80::a1", "fe80:0:0:0:0:0:0:a1"),
            ("::ffff:10.0.0.7", "10.0.0.7"),
        ] {
            let host = host.parse().expect("an address");
            assert_eq!(&*written(host), expected);
        }
    }
}
