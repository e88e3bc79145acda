//! Where clients come in: a listener for each broker, as long as it lives.
//!
//! A connection becomes two tasks, one that reads and one that writes. Neither knows what the bytes mean.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_playground::model::ProcessId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::either::{Either, either};
use super::engine::Event;
use super::inward::{Inward, MOST_UNASKED};
use super::outward::Outward;

/// What is read where a request begins is at most so much at once; the rest goes straight to its own place.
const LANDING: usize = 16 * 1024;
/// When a port cannot be had back, or there is nothing left to accept with, it is tried again after this.
const AGAIN: Duration = Duration::from_millis(100);

/// What all gates share.
pub struct Shared {
    pub events: Sender<Event>,
    pub most_of_one_host: u32,
    next_connection: AtomicU64,
    /// Where a request begins it lands here, so that a silent connection costs no buffer.
    pub landing: Mutex<Vec<u8>>,
}

impl Shared {
    pub fn new(events: Sender<Event>, most_of_one_host: u32) -> Shared {
        Shared {
            events,
            most_of_one_host,
            next_connection: AtomicU64::new(1),
            landing: Mutex::new(vec![0; LANDING]),
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
pub struct Seat {
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
        let credit = Arc::new(Semaphore::new(MOST_UNASKED));
        let (outward, writer) = Outward::new(connection, to, self.shared.clone());
        let event = Event::Opened {
            connection,
            broker: self.broker,
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
