//! Commands: what people do to a world.
//!
//! Each is a line of a script and a button of the page. A command takes no time: it is carried out at
//! the instant at which the world stands, between two steps, and is remembered together with that place.
//! One that cannot be carried out is refused with a sentence ([`check`]), and nothing has changed.

mod check;

use std::sync::Arc;

use super::clock::ClockSetting;
use super::host::{self, DiskState, Program};
use super::network::{Links, Parcel, Ways};
use super::plan::{ClientPlan, Refused};
use super::{Journal, World};
use crate::fact::{Crash, Fact};
use crate::model::{ConnectionId, ProcessId, Text};
use crate::process::{Input, Instruction, Payload};
use crate::protocol::Chunks;
use crate::time::{Duration, Instant};

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Tells a client to do something.
    Tell {
        client: ProcessId,
        instruction: Instruction,
    },
    /// Starts a client that was not in the plan.
    AddClient(ClientPlan),
    /// Packets on these links stop where they are and wait; nothing is lost, nobody is told.
    Hold { links: Links, ways: Ways },
    /// Packets on these links go on.
    Release { links: Links, ways: Ways },
    /// Packets sent over these links from now on take this long; `None` gives the plan's latency back.
    Latency {
        links: Links,
        ways: Ways,
        latency: Option<Duration>,
    },
    /// Packets on these links are lost from now on, and so are those that are under way there; wishes for
    /// a connection too.
    Cut { links: Links, ways: Ways },
    /// What was cut works again; TCP sends what was lost once more.
    Heal { links: Links, ways: Ways },
    /// Every connection over these links, whoever opened it, is over, with what is under way on it.
    Reset { links: Links },
    /// A process dies, or its machine does.
    Kill { process: ProcessId, crash: Crash },
    /// A process is asked to end in order.
    Stop { process: ProcessId },
    /// A process that is gone starts again, with what its disk holds.
    Restart { process: ProcessId },
    /// A process stands still.
    Freeze { process: ProcessId },
    /// A process that stands still goes on.
    Thaw { process: ProcessId },
    /// A process's session with ZooKeeper is over, as if it had run out.
    Expire { process: ProcessId },
    /// A broker's disk is like this from now on.
    Disk { broker: ProcessId, state: DiskState },
    /// A host's clock is set.
    Clock {
        host: ProcessId,
        setting: ClockSetting,
    },
    /// A socket host connects to a broker, for a program that is at this address.
    OpenSocket {
        socket: ProcessId,
        to: Text,
        from: Option<Text>,
    },
    /// A socket host writes bytes, whatever they are.
    WriteSocket {
        socket: ProcessId,
        bytes: bytes::Bytes,
    },
    /// A socket host closes its connection.
    CloseSocket { socket: ProcessId },
}

/// A place between two steps of a world: after all steps before `at`, and `steps` more at `at` itself.
///
/// Counting the steps of the last instant makes the place exact even when a person acts after stepping
/// through an instant one event at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub at: Instant,
    pub steps: u32,
}

impl Place {
    /// After everything that happens at `at`.
    pub fn after(at: Instant) -> Place {
        Place {
            at,
            steps: u32::MAX,
        }
    }
}

/// A command and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    pub place: Place,
    pub command: Command,
}

impl World {
    /// Carries out a command at the instant at which the world stands.
    ///
    /// # Errors
    /// When it cannot be carried out here and now; nothing has changed.
    pub fn perform(&mut self, command: &Command, journal: &mut Journal) -> Result<(), Refused> {
        self.can_perform(command)?;
        let line: Text = crate::script::note_command(command).into();
        let now = self.place.at;
        journal.note(now, None, Fact::Commanded { line });
        match command {
            Command::Tell {
                client,
                instruction,
            } => {
                self.give(*client, Input::Told(instruction.clone()), journal);
            }
            Command::AddClient(client) => {
                self.add_client(client, journal)?;
                Arc::make_mut(&mut self.plan).clients.push(client.clone());
            }
            Command::Hold { links, ways } => self.network.hold(now, *links, *ways),
            Command::Release { links, ways } => {
                self.network.release(now, *links, *ways);
            }
            Command::Latency {
                links,
                ways,
                latency,
            } => {
                self.network.set_latency(*links, *ways, *latency);
            }
            Command::Cut { links, ways } => self.network.cut(now, *links, *ways),
            Command::Heal { links, ways } => {
                self.network.heal(now, *links, *ways);
            }
            Command::Reset { links } => {
                self.network.reset(now, *links);
            }
            Command::Kill { process, crash } => self.kill(*process, *crash, journal),
            Command::Stop { process } => self.give_in_turn(*process, Input::Stopping, journal),
            Command::Restart { process } => self.restart(*process, journal)?,
            Command::Expire { process } => {
                if let Some((leader, session)) = self.session_to_end(*process) {
                    let instruction = Instruction::ExpireSession(session);
                    self.give_in_turn(leader, Input::Told(instruction), journal);
                }
            }
            Command::Freeze { process } => self.freeze(*process, journal),
            Command::Thaw { process } => self.thaw(*process, journal),
            Command::Disk { broker, state } => self.host_mut(*broker).disk = *state,
            Command::Clock { host, setting } => {
                let host = self.host_mut(*host);
                host.clock = setting.apply(host.clock, now);
            }
            Command::OpenSocket { socket, to, from } => {
                let broker = ProcessId::parse(to).and_then(ProcessId::broker);
                let address = broker.map(|id| self.plan.address(id));
                let listener = address.and_then(|address| self.addresses.get(&address).copied());
                if let Some(host) = self.socket_mut(*socket) {
                    host.serial += 1;
                    let connection = ConnectionId::client(*socket, host.serial);
                    host.connection = Some(connection);
                    host.to = ProcessId::parse(to);
                    host.from.clone_from(from);
                    host.received.clear();
                    self.network.open(now, connection, listener);
                }
            }
            Command::WriteSocket { socket, bytes } => {
                let connection = self.socket_mut(*socket).and_then(|host| host.connection);
                if let Some(connection) = connection {
                    let payload = Payload::Kafka(Chunks::from(bytes.clone()));
                    self.network.send(now, connection, Parcel::Bytes(payload));
                }
            }
            Command::CloseSocket { socket } => {
                let host = self.socket_mut(*socket);
                if let Some(connection) = host.and_then(|host| host.connection.take()) {
                    self.network.close(now, connection);
                }
            }
        }
        Ok(())
    }

    fn socket_mut(&mut self, id: ProcessId) -> Option<&mut host::Socket> {
        match &mut Arc::make_mut(self.hosts.get_mut(&id)?).program {
            Program::Socket(socket) => Some(socket),
            _ => None,
        }
    }
}
