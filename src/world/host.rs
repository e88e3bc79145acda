//! A host: one process, its wake-up time and its clock.

use bytes::Bytes;

use crate::broker::Broker;
use crate::client::admin::Admin;
use crate::client::consumer::Consumer;
use crate::client::producer::Producer;
use crate::model::{ConnectionId, ProcessId};
use crate::process::{Deadline, Input, Outbox, Payload, Process};
use crate::time::{Instant, Moment};

/// The process that a host runs.
#[derive(Clone, Debug)]
pub enum Program {
    Broker(Box<Broker>),
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Admin(Box<Admin>),
    Socket(Socket),
}

/// A socket without behaviour: it holds one connection for somebody outside the world, whose bytes come
/// in as commands and who reads what has arrived.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    pub connection: Option<ConnectionId>,
    /// Whom the connection leads to.
    pub to: Option<ProcessId>,
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
}

impl Host {
    pub fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match &mut self.program {
            Program::Broker(program) => program.handle(at, input, out),
            Program::Producer(program) => program.handle(at, input, out),
            Program::Consumer(program) => program.handle(at, input, out),
            Program::Admin(program) => program.handle(at, input, out),
            Program::Socket(program) => program.handle(input),
        }
        self.wakeup = match &self.program {
            Program::Broker(program) => program.next_wakeup(),
            Program::Producer(program) => program.next_wakeup(),
            Program::Consumer(program) => program.next_wakeup(),
            Program::Admin(program) => program.next_wakeup(),
            Program::Socket(_) => None,
        };
    }

    /// What the program waits for and why.
    pub fn deadlines(&self) -> Vec<Deadline> {
        match &self.program {
            Program::Broker(program) => program.deadlines(),
            Program::Producer(program) => program.deadlines(),
            Program::Consumer(program) => program.deadlines(),
            Program::Admin(program) => program.deadlines(),
            Program::Socket(_) => Vec::new(),
        }
    }

    pub fn broker(&self) -> Option<&Broker> {
        match &self.program {
            Program::Broker(broker) => Some(broker),
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

impl Socket {
    fn handle(&mut self, input: Input) {
        match input {
            Input::Opened { connection, .. } if Some(connection) == self.connection => {
                self.open = true;
            }
            Input::Received {
                connection,
                payload: Payload::Kafka(bytes),
            } if Some(connection) == self.connection => self.received.push(bytes.to_bytes()),
            Input::Closed { connection } if Some(connection) == self.connection => {
                self.connection = None;
                self.open = false;
            }
            _ => {}
        }
    }
}
