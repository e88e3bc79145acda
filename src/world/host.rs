//! A host: one machine with one process on it, what has come for the process, and the machine's clock.
//!
//! The machine outlives the process. It keeps the process's disk, and while the process stands still its
//! system goes on accepting connections and bytes, which wait. They also wait while the process is busy
//! with a slow disk, since a process here is one thread.
//!
//! Unlike Kafka, where ZooKeeper's client pings from a thread of its own: here whoever waits for a disk for longer than its
//! session may be silent loses it.

use bytes::Bytes;
use std::collections::VecDeque;

use crate::broker::{self, Broker};
use crate::client;
use crate::client::admin::Admin;
use crate::client::consumer::Consumer;
use crate::client::producer::Producer;
use crate::model::{ConnectionId, ProcessId, Text};
use crate::process::{Deadline, Effect, Input, Outbox, Payload, Process};
use crate::time::{Duration, Instant, Moment};
use crate::world::clock::Clock;
use crate::world::network::InFlight;
use crate::zookeeper::{self, Server};

/// The process that a host runs.
#[derive(Clone, Debug)]
pub enum Program {
    ZooKeeper(Box<Server>),
    Broker(Box<Broker>),
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Admin(Box<Admin>),
    Socket(Socket),
    /// None: it died or stopped, and this is what it left.
    Gone(Remains),
}

/// What a process leaves on its machine.
#[derive(Clone, Debug)]
pub enum Remains {
    ZooKeeper(Box<zookeeper::Disk>),
    Broker(Box<broker::Disk>),
    Client(client::Remains),
}

impl Default for Remains {
    fn default() -> Remains {
        Remains::Client(client::Remains::default())
    }
}

/// Whether a host's process runs, and since when not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Running,
    /// It stands still, as by SIGSTOP or in a long collection of garbage, and knows nothing of it.
    Frozen {
        since: Instant,
    },
    /// It was killed; its machine lives.
    Killed {
        at: Instant,
    },
    /// Its machine lost power.
    PowerLost {
        at: Instant,
    },
    /// It ended by itself, in order.
    Stopped {
        at: Instant,
    },
}

/// How a machine's disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskState {
    /// A write takes no time that matters.
    #[default]
    Fine,
    /// Each write takes so long.
    Slow(Duration),
    /// Nothing can be written. A broker with one log directory halts when that fails
    /// (`LogDirFailureHandler`).
    ///
    /// Not modelled: several log directories, of which one fails.
    Fails,
}

/// What waits for a process that stands still or is busy.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    Packet(InFlight),
    Input(Input),
}

/// A socket without behaviour: it holds one connection for somebody outside the world, whose bytes come
/// in as commands and who reads what has arrived.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    pub connection: Option<ConnectionId>,
    /// Whom the connection leads to.
    pub to: Option<ProcessId>,
    /// Where the program is whose bytes it carries, if that was said.
    pub from: Option<Text>,
    /// True from the moment at which the connection stands.
    pub open: bool,
    /// What arrived and was not taken yet.
    pub received: Vec<Bytes>,
    /// How many connections this socket has opened.
    pub serial: u32,
}

/// One host of the world.
#[derive(Clone, Debug)]
pub struct Host {
    pub id: ProcessId,
    pub program: Program,
    /// When the program wants to be called, as it said after its last input.
    pub wakeup: Option<Instant>,
    pub(super) life: Life,
    /// How many lives the process has had, this one included.
    pub(super) lives: u32,
    pub(super) clock: Clock,
    /// What has come and was not looked at, in the order of arrival.
    pub(super) inbox: VecDeque<Waiting>,
    /// How its disk is.
    pub(super) disk: DiskState,
    /// Until when the process waits for its disk.
    pub(super) busy_until: Instant,
    /// What it does to the world once the disk is done.
    pub(super) unsent: Vec<Effect>,
}

impl Host {
    pub(super) fn new(id: ProcessId, program: Program) -> Host {
        Host {
            id,
            program,
            wakeup: None,
            life: Life::Running,
            lives: 1,
            clock: Clock::default(),
            inbox: VecDeque::new(),
            disk: DiskState::Fine,
            busy_until: Instant::ZERO,
            unsent: Vec::new(),
        }
    }

    /// Whether its process runs.
    pub fn life(&self) -> Life {
        self.life
    }

    /// How many lives its process has had, this one included.
    pub fn lives(&self) -> u32 {
        self.lives
    }

    /// The clock on its wall.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// How its disk is.
    pub fn disk_state(&self) -> DiskState {
        self.disk
    }

    /// What has come for a process that stands still or is busy, in the order of arrival.
    pub fn arrived(&self) -> impl Iterator<Item = &InFlight> {
        self.inbox.iter().filter_map(|waiting| match waiting {
            Waiting::Packet(packet) => Some(packet),
            Waiting::Input(_) => None,
        })
    }

    /// When the process has something to do; never while it does not run.
    pub(super) fn next_at(&self) -> Option<Instant> {
        match self.life {
            Life::Running if self.unsent.is_empty() && self.inbox.is_empty() => {
                self.wakeup.map(|at| at.max(self.busy_until))
            }
            Life::Running => Some(self.busy_until),
            _ => None,
        }
    }

    /// True when what arrives now has to wait.
    pub(super) fn is_occupied(&self, now: Instant) -> bool {
        let backlog = !self.unsent.is_empty() || !self.inbox.is_empty();
        self.life != Life::Running || self.busy_until > now || backlog
    }

    /// True when the process may not have come to do at `now` what was due before: it stands still, has
    /// more to look at first, or waited for its disk.
    pub fn is_behind(&self, due: Instant, now: Instant) -> bool {
        self.is_occupied(now) || self.busy_until > due
    }

    pub fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match &mut self.program {
            Program::ZooKeeper(program) => program.handle(at, input, out),
            Program::Broker(program) => program.handle(at, input, out),
            Program::Producer(program) => program.handle(at, input, out),
            Program::Consumer(program) => program.handle(at, input, out),
            Program::Admin(program) => program.handle(at, input, out),
            Program::Socket(program) => program.handle(input),
            Program::Gone(_) => {}
        }
        self.wakeup = match &self.program {
            Program::ZooKeeper(program) => program.next_wakeup(),
            Program::Broker(program) => program.next_wakeup(),
            Program::Producer(program) => program.next_wakeup(),
            Program::Consumer(program) => program.next_wakeup(),
            Program::Admin(program) => program.next_wakeup(),
            Program::Socket(_) | Program::Gone(_) => None,
        };
    }

    /// What the program waits for and why.
    pub fn deadlines(&self) -> Vec<Deadline> {
        match &self.program {
            Program::ZooKeeper(program) => program.deadlines(),
            Program::Broker(program) => program.deadlines(),
            Program::Producer(program) => program.deadlines(),
            Program::Consumer(program) => program.deadlines(),
            Program::Admin(program) => program.deadlines(),
            Program::Socket(_) | Program::Gone(_) => Vec::new(),
        }
    }

    pub fn zookeeper(&self) -> Option<&Server> {
        match &self.program {
            Program::ZooKeeper(server) => Some(server),
            _ => None,
        }
    }

    pub fn broker(&self) -> Option<&Broker> {
        match &self.program {
            Program::Broker(broker) => Some(broker),
            _ => None,
        }
    }

    /// The disk of a broker that does not run.
    pub fn disk(&self) -> Option<&broker::Disk> {
        match &self.program {
            Program::Gone(Remains::Broker(disk)) => Some(disk),
            _ => None,
        }
    }

    pub fn producer(&self) -> Option<&Producer> {
        match &self.program {
            Program::Producer(producer) => Some(producer),
            _ => None,
        }
    }

    pub fn consumer(&self) -> Option<&Consumer> {
        match &self.program {
            Program::Consumer(consumer) => Some(consumer),
            _ => None,
        }
    }

    pub fn socket(&self) -> Option<&Socket> {
        match &self.program {
            Program::Socket(socket) => Some(socket),
            _ => None,
        }
    }
}

impl Life {
    /// True when there is a process, even if it stands still.
    pub fn is_alive(self) -> bool {
        matches!(self, Life::Running | Life::Frozen { .. })
    }
}

impl Program {
    /// The process is gone; what it leaves on its machine.
    pub(super) fn end(self) -> Program {
        Program::Gone(match self {
            Program::ZooKeeper(server) => Remains::ZooKeeper(Box::new(server.crash())),
            Program::Broker(broker) => Remains::Broker(Box::new(broker.crash())),
            Program::Producer(producer) => Remains::Client(producer.crash()),
            Program::Consumer(consumer) => Remains::Client(consumer.crash()),
            Program::Admin(admin) => Remains::Client(admin.crash()),
            Program::Socket(_) => unreachable!("a socket has no process"),
            Program::Gone(remains) => remains,
        })
    }
}

impl Socket {
    fn handle(&mut self, input: Input) {
        match input {
            Input::Opened { connection, .. } if Some(connection) == self.connection => {
                self.open = true;
            }
            Input::Received {
                connection,
                payload: Payload::Kafka(bytes),
            } if Some(connection) == self.connection => {
                self.received.extend(bytes.pieces().cloned());
            }
            Input::Closed { connection } if Some(connection) == self.connection => {
                self.connection = None;
                self.open = false;
            }
            _ => {}
        }
    }
}
