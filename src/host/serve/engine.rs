//! The thread of the world: wall time goes in, and what comes in from sockets is commands.
//!
//! The world's clock follows the wall's: an instant is so long after the beginning as the program runs. What
//! came over sockets enters in the order in which it is taken from one queue, each piece a command at the
//! instant at which the world stands, and that order is what a record fixes. Then the world does everything
//! that is due, what it sent is handed to the tasks that write, and the thread sleeps until the world has
//! something to do or something comes in.
//!
//! There is no `History` here: no checkpoints, no laws that are checked after each step, and of the journal
//! only what it keeps by itself. A record, replayed, has them all.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration as WallDuration, Instant as WallInstant};

use bytes::Bytes;
use kafka_playground::model::ProcessId;
use kafka_playground::rng::Seed;
use kafka_playground::sorted::SortedMap;
use kafka_playground::time::Instant;
use kafka_playground::world::{ClientPlan, Command, Host, Journal, Plan, Refused, Steps, World};
use tokio::sync::{Semaphore, watch};

use super::lines;
use super::peer::{Outward, Peer};
use super::record::Record;
use super::stopping::Ended;

/// The world is not let run for longer than this without looking at sockets.
const STEPS: Steps = Steps(2_000);
/// A sleep shorter than this takes longer than it is worth.
const SHORTEST_SLEEP: WallDuration = WallDuration::from_micros(50);
/// Even a world in which nothing happens is looked at so often.
const LONGEST_SLEEP: WallDuration = WallDuration::from_millis(500);
/// What comes from outside.
pub enum Event {
    /// A client connected to a broker.
    Opened {
        connection: u64,
        broker: ProcessId,
        outward: Outward,
        credit: Arc<Semaphore>,
    },
    /// A client said something, for which the one who reads is owed so much.
    Bytes {
        connection: u64,
        bytes: Bytes,
        owed: usize,
    },
    /// The client has closed its side.
    Ended { connection: u64 },
    /// The connection is gone.
    Broken { connection: u64 },
    /// Enough was sent that more may be asked.
    Drained,
    /// A line of standard input.
    Line(String),
    /// Stop everything in order.
    Stop,
}

/// Who listens for a broker, and whether it shall.
pub struct Gate {
    pub broker: ProcessId,
    pub open: watch::Sender<bool>,
}

/// The world and everybody who is connected to it.
pub struct Engine {
    pub(super) world: World,
    pub(super) journal: Journal,
    began: WallInstant,
    events: Receiver<Event>,
    pub(super) gates: Vec<Gate>,
    pub(super) peers: BTreeMap<u64, Peer>,
    connections: BTreeMap<ProcessId, u64>,
    /// Connections that have something to hand over.
    waiting: BTreeSet<u64>,
    /// Sockets of the world that nobody holds.
    free: Vec<ProcessId>,
    sockets: u16,
    pub(super) record: Option<Record>,
    pub(super) stopping: Option<Instant>,
}

impl Engine {
    /// A world at its beginning, which begins now.
    ///
    /// # Errors
    /// When the plan cannot be.
    pub fn new(
        plan: &Plan,
        seed: Seed,
        gates: Vec<Gate>,
        events: Receiver<Event>,
        record: Option<Record>,
    ) -> Result<Engine, Refused> {
        let mut journal = Journal::default();
        let world = World::new(plan, seed, &mut journal)?;
        Ok(Engine {
            world,
            journal,
            began: WallInstant::now(),
            events,
            gates,
            peers: BTreeMap::new(),
            connections: BTreeMap::new(),
            waiting: BTreeSet::new(),
            free: Vec::new(),
            sockets: 0,
            record,
            stopping: None,
        })
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) -> Ended {
        loop {
            let now = self.wall();
            self.world.run_until(now, STEPS, &mut self.journal);
            self.flush();
            self.hand_over();
            self.watch_brokers();
            if self.is_done() {
                break;
            }
            if let Some(event) = self.next_event() {
                self.take(event);
                while let Ok(event) = self.events.try_recv() {
                    self.take(event);
                }
            }
            if let Some(record) = &mut self.record {
                record.tick();
            }
        }
        self.end()
    }

    /// How long the world has been there by the wall's clock.
    fn wall(&self) -> Instant {
        let micros = self.began.elapsed().as_micros();
        // A world that is late goes on from where it is.
        Instant::from_micros(micros as u64).max(self.world.now())
    }

    /// Waits until something comes in or the world has something to do.
    fn next_event(&self) -> Option<Event> {
        let due = self.world.next_at().unwrap_or(Instant::MAX);
        let micros = due.since(self.wall()).as_micros();
        let wait = WallDuration::from_micros(micros).min(LONGEST_SLEEP);
        if wait < SHORTEST_SLEEP {
            return self.events.try_recv().ok();
        }
        match self.events.recv_timeout(wait) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            // Whoever sends has fallen over; so does this.
            Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Opened {
                connection,
                broker,
                outward,
                credit,
            } => {
                self.opened(connection, broker, outward, credit);
            }
            Event::Bytes {
                connection,
                bytes,
                owed,
            } => {
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.came(bytes, owed);
                    self.waiting.insert(connection);
                }
            }
            Event::Ended { connection } => {
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.has_ended();
                    self.waiting.insert(connection);
                }
            }
            Event::Broken { connection } => self.leave(connection),
            Event::Drained => {}
            Event::Line(line) => self.obey(&line),
            Event::Stop => self.stop(),
        }
    }

    pub(super) fn perform(&mut self, command: &Command) -> Result<(), Refused> {
        let place = self.world.place();
        self.world.perform(command, &mut self.journal)?;
        if let Some(record) = &mut self.record {
            record.add(place, command);
        }
        Ok(())
    }

    /// What the world cannot refuse, because of how it stands.
    fn must(&mut self, command: &Command) {
        if let Err(Refused(sentence)) = self.perform(command) {
            panic!("a socket may do this: {sentence}");
        }
    }

    // ---- sockets

    fn opened(
        &mut self,
        connection: u64,
        broker: ProcessId,
        outward: Outward,
        credit: Arc<Semaphore>,
    ) {
        let socket = match self.free.pop() {
            Some(socket) => socket,
            None if self.sockets == u16::MAX => {
                let nobody = Peer::new(broker, outward, credit);
                return nobody.close();
            }
            None => {
                self.sockets += 1;
                let id = ProcessId::Socket(self.sockets);
                let name = id.to_string().into();
                let settings = SortedMap::new();
                self.must(&Command::AddClient(ClientPlan { id, name, settings }));
                id
            }
        };
        let to = broker.to_string().into();
        self.must(&Command::OpenSocket { socket, to });
        self.peers
            .insert(connection, Peer::new(socket, outward, credit));
        self.connections.insert(socket, connection);
    }

    /// Hands over what came in, as far as its time has come.
    fn hand_over(&mut self) {
        for connection in std::mem::take(&mut self.waiting) {
            if !self.hand_over_from(connection) {
                self.waiting.insert(connection);
            }
        }
    }

    /// Whether nothing is left to hand over.
    fn hand_over_from(&mut self, connection: u64) -> bool {
        while let Some(peer) = self.peers.get_mut(&connection) {
            if peer.is_over() {
                self.leave(connection);
                return true;
            }
            if !peer.has_pending() {
                return true;
            }
            let socket = peer.socket;
            if peer.is_between_requests() && (peer.is_full() || !self.world.is_settled(socket)) {
                return false;
            }
            let Some(bytes) = peer.take() else {
                return true;
            };
            let held = self.world.host(socket).and_then(Host::socket);
            if held.is_none_or(|socket| socket.connection.is_none()) {
                // The broker has closed it, which is about to be seen.
                return true;
            }
            match self.perform(&Command::WriteSocket { socket, bytes }) {
                Ok(()) => {}
                Err(Refused(sentence)) => panic!("what is read can be written: {sentence}"),
            }
        }
        true
    }

    /// The client is gone.
    fn leave(&mut self, connection: u64) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        let socket = peer.socket;
        let held = self.world.host(socket).and_then(Host::socket);
        if held.is_some_and(|socket| socket.connection.is_some()) {
            self.must(&Command::CloseSocket { socket });
        }
        self.part(connection);
    }

    /// Sends what the world has sent, and closes what it has closed.
    fn flush(&mut self) {
        for socket in self.world.take_stirred() {
            let pieces = self.world.take_received(socket);
            let Some(connection) = self.connections.get(&socket).copied() else {
                continue;
            };
            if let Some(peer) = self.peers.get(&connection) {
                peer.send(pieces);
            }
            let held = self.world.host(socket).and_then(Host::socket);
            if held.is_none_or(|socket| socket.connection.is_none()) {
                self.part(connection);
            }
        }
    }

    /// A connection is no more, on either side.
    fn part(&mut self, connection: u64) {
        if let Some(peer) = self.peers.remove(&connection) {
            peer.close();
            self.connections.remove(&peer.socket);
            self.waiting.remove(&connection);
            self.free.push(peer.socket);
        }
    }

    // ---- brokers

    /// Nobody listens for a broker that is dead.
    fn watch_brokers(&mut self) {
        for gate in &self.gates {
            let alive = self
                .world
                .host(gate.broker)
                .is_some_and(|host| host.life().is_alive());
            let alive = alive && self.stopping.is_none();
            gate.open
                .send_if_modified(|open| std::mem::replace(open, alive) != alive);
        }
    }

    fn obey(&mut self, line: &str) {
        let answer = match lines::read(line) {
            Ok(None) => return,
            Ok(Some(lines::Said::Digest)) => format!("digest {}", self.journal.digest()),
            Ok(Some(lines::Said::Command(command))) => match self.perform(&command) {
                Ok(()) => format!("ok {}", self.world.now()),
                Err(Refused(sentence)) => format!("no: {sentence}"),
            },
            Err(sentence) => format!("no: {sentence}"),
        };
        println!("{answer}");
        let _ = std::io::stdout().flush();
    }
}
