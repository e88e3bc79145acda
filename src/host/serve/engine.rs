//! The thread of the world: wall time goes in, and what comes in from sockets is commands.
//!
//! The world's clock follows the wall's: an instant is so long after the beginning as the program runs. What
//! came over sockets enters in the order in which it is taken from one queue, each piece a command at the
//! instant at which the world stands, and that order is what a record fixes. Then the world does everything
//! that is due, what it sent is written to the sockets, and the thread sleeps until the world has
//! something to do or something comes in.
//!
//! There is no `History` here: no checkpoints, no laws that are checked after each step, and of the journal
//! only what it keeps by itself. A record, replayed, has them all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration as WallDuration, Instant as WallInstant};

use kafka_playground::broker::Broker;
use kafka_playground::model::{ProcessId, Text};
use kafka_playground::rng::Seed;
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::{Command, Host, Journal, Plan, Refused, Steps, World};
use tokio::sync::{Semaphore, watch};

use super::entrance::Doors;
use super::inward::Piece;
use super::lines;
use super::outward::Outward;
use super::peer::Peer;
use super::record::Record;
use super::scales::Scales;
use super::stopping::{Ended, Fallen};

/// The world is not let run for longer than this without looking at sockets.
const STEPS: Steps = Steps(2_000);
/// The world may be so far ahead of the wall: no sleep is as short, and what follows from one request takes less.
const AHEAD: Duration = Duration::from_micros(50);
/// A sleep that is shorter takes as long.
const SHORTEST_SLEEP: WallDuration = WallDuration::from_micros(50);
/// Even a world in which nothing happens is looked at so often.
const LONGEST_SLEEP: WallDuration = WallDuration::from_millis(500);

/// What comes from outside.
pub enum Event {
    /// A client connected to a broker.
    Opened {
        connection: u64,
        broker: ProcessId,
        /// The address that it came from.
        from: Text,
        outward: Outward,
        credit: Arc<Semaphore>,
    },
    /// A client said something.
    Said { connection: u64, piece: Piece },
    /// The client has closed its side.
    Ended { connection: u64 },
    /// The connection is gone.
    Broken { connection: u64 },
    /// Enough was sent that more may be asked.
    Drained,
    /// A line of standard input, and who takes its answer; a line that says nothing has none.
    Line(String, Sender<Option<String>>),
    /// Stop everything in order.
    Stop,
    /// Stop at once.
    Halt,
}

/// Who listens for a broker, and whom they shall let in.
pub struct Gate {
    broker: ProcessId,
    doors: watch::Sender<Doors>,
}

impl Gate {
    pub fn new(broker: ProcessId, doors: watch::Sender<Doors>) -> Gate {
        Gate { broker, doors }
    }

    pub fn broker(&self) -> ProcessId {
        self.broker
    }
}

/// The world and everybody who is connected to it.
pub struct Engine {
    pub(super) world: World,
    pub(super) journal: Journal,
    began: WallInstant,
    events: Receiver<Event>,
    pub(super) gates: Vec<Gate>,
    pub(super) peers: BTreeMap<u64, Peer>,
    pub(super) connections: BTreeMap<ProcessId, u64>,
    /// Connections that have something to hand over.
    pub(super) waiting: BTreeSet<u64>,
    /// Whether something was handed over in the last round.
    pub(super) handed: bool,
    /// Sockets of the world that nobody holds.
    pub(super) free: Vec<ProcessId>,
    pub(super) sockets: u16,
    pub(super) record: Option<Record>,
    pub(super) scales: Scales,
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
        scales: Scales,
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
            handed: false,
            free: Vec::new(),
            sockets: 0,
            record,
            scales,
            stopping: None,
        })
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// When the world falls over. Its record then leads to the step in which it did.
    pub fn run(mut self) -> Result<Ended, Fallen> {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            self.run_on();
            self.end()
        }));
        ended.map_err(|_| self.fallen())
    }

    fn run_on(&mut self) {
        loop {
            let first = match self.handed {
                // What was asked last may be answered by now, and more be there to ask.
                true => self.events.try_recv().ok(),
                false => self.next_event(),
            };
            self.let_pass();
            if let Some(event) = first {
                self.take(event);
                while let Ok(event) = self.events.try_recv() {
                    self.take(event);
                }
            }
            self.weigh();
            self.hand_over();
            if self.handed {
                self.let_pass();
            }
            self.flush();
            self.watch_brokers();
            if self.is_done() {
                return;
            }
        }
    }

    /// How long the world has been there by the wall's clock.
    fn wall(&self) -> Instant {
        Instant::from_micros(self.began.elapsed().as_micros() as u64)
    }

    /// The world does what is due by now, and what will be in a moment. One that is late goes on from where it is.
    fn let_pass(&mut self) {
        let until = (self.wall() + AHEAD).max(self.world.now());
        self.world.run_until(until, STEPS, &mut self.journal);
    }

    /// Waits until something comes in or the world has something to do.
    fn next_event(&self) -> Option<Event> {
        let due = self.world.next_at().unwrap_or(Instant::MAX);
        let micros = due.since(self.wall() + AHEAD).as_micros();
        if micros == 0 {
            return self.events.try_recv().ok();
        }
        // Who is held back goes on as soon as there is known to be room.
        let longest = self.scales.awaited_in().unwrap_or(LONGEST_SLEEP);
        let longest = longest.clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
        let wait = WallDuration::from_micros(micros).clamp(SHORTEST_SLEEP, longest);
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
                from,
                outward,
                credit,
            } => {
                self.opened(connection, (broker, from), outward, credit);
            }
            Event::Said { connection, piece } => {
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.said(piece);
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
            Event::Line(line, asks) => {
                let answer = self.obey(&line);
                let _ = asks.send(answer);
            }
            Event::Stop => self.stop(),
            Event::Halt => self.stopping = Some(self.world.now()),
        }
    }

    /// Carries out a command, which stands in the record before anything comes of it.
    pub(super) fn perform(&mut self, command: &Command) -> Result<(), Refused> {
        if let Some(record) = &mut self.record {
            record.intend(self.world.place(), command);
        }
        let performed = self.world.perform(command, &mut self.journal);
        if let Some(record) = &mut self.record {
            match performed {
                Ok(()) => record.keep(),
                Err(_) => record.forget(),
            }
        }
        performed
    }

    /// What the world cannot refuse, because of how it stands.
    pub(super) fn must(&mut self, command: &Command) {
        if let Err(Refused(sentence)) = self.perform(command) {
            panic!("a socket may do this: {sentence}");
        }
    }

    /// Nobody listens for a broker that is dead, and one that lives lets in as many as its settings say now.
    fn watch_brokers(&mut self) {
        for gate in &self.gates {
            let host = self.world.host(gate.broker);
            let alive = host.is_some_and(|host| host.life().is_alive());
            let config = host.and_then(Host::broker).map(Broker::config);
            let mut wanted = *gate.doors.borrow();
            wanted.are_open = alive && self.stopping.is_none();
            if let Some(config) = config {
                wanted.most = config.max_connections;
                wanted.most_of_one_host = config.max_connections_per_ip;
            }
            gate.doors.send_if_modified(|doors| {
                let differ = *doors != wanted;
                *doors = wanted;
                differ
            });
        }
    }

    fn obey(&mut self, line: &str) -> Option<String> {
        Some(match lines::read(line) {
            Ok(None) => return None,
            Ok(Some(lines::Said::Digest)) => format!("digest {}", self.journal.digest()),
            Ok(Some(lines::Said::Command(command))) => match self.perform(&command) {
                Ok(()) => format!("ok {}", self.world.now()),
                Err(Refused(sentence)) => format!("no: {sentence}"),
            },
            Err(sentence) => format!("no: {sentence}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_playground::script;
    use std::sync::mpsc::channel;

    /// Runs a cluster that is told these things, and what its record says then.
    fn recorded(name: &str, events: Vec<Event>) -> (Result<Ended, Fallen>, String) {
        let file = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let plan = Plan::default();
        let record = Record::begin(&file, &plan, Seed(1)).expect("a file can be written");
        let (tell, told) = channel();
        for event in events {
            tell.send(event).expect("it is there");
        }
        let scales = Scales::new(u64::MAX);
        let engine = Engine::new(&plan, Seed(1), Vec::new(), told, Some(record), scales);
        let ended = engine.expect("a plan").run();
        let text = std::fs::read_to_string(&file).expect("a record");
        std::fs::remove_file(&file).expect("it can go");
        (ended, text)
    }

    fn line(line: &str) -> Event {
        Event::Line(line.to_owned(), channel().0)
    }

    #[test]
    fn a_record_leads_to_where_the_world_fell_over() {
        // A client of a broker that is not there is nobody's mistake but ours.
        let (outward, credit) = super::super::peers::tests::nobody();
        let opened = Event::Opened {
            connection: 1,
            broker: ProcessId::Broker(9),
            from: "127.0.0.1".into(),
            outward,
            credit,
        };
        let (ended, text) = recorded("fallen", vec![line("freeze b1"), opened]);
        let fallen = ended.err().expect("it falls over");
        let lines: Vec<&str> = text.lines().collect();
        let [.., freeze, socket, last] = lines.as_slice() else {
            panic!("{text}");
        };
        assert_eq!((*freeze, *socket), ("freeze b1", "socket s1"));
        assert_eq!(*last, format!("at {}+{}", fallen.at.at, fallen.at.steps));
        script::parse(&text)
            .expect("a script")
            .play()
            .expect("it replays up to there");
    }

    #[test]
    fn a_world_that_stops_at_once_has_written_everything() {
        let (ended, text) = recorded("halted", vec![line("freeze b1"), Event::Halt]);
        assert_eq!(ended.map(|ended| ended.killed).ok(), Some(0));
        assert!(
            text.contains("freeze b1") && text.contains("# digest "),
            "{text}"
        );
    }
}
