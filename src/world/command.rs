//! Commands: what people do to a world.
//!
//! Each is a line of a script and a button of the page. A command takes no time: it is carried out at
//! the instant at which the world stands, between two steps, and is remembered together with that place.
//! One that cannot be carried out is refused with a sentence, and nothing has changed.

use std::sync::Arc;

use super::host::{self, Host, Program};
use super::network::Parcel;
use super::plan::{ClientPlan, Plan, Refused};
use super::{Journal, SOCKET_BUFFER, World};
use crate::fact::Fact;
use crate::model::{ConnectionId, ProcessId, Text};
use crate::process::{Input, Instruction, Payload};
use crate::protocol::Chunks;
use crate::time::{Duration, Instant};

/// One end of a link in a command: one host, or every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    Any,
    Only(ProcessId),
}

impl End {
    pub fn covers(self, process: ProcessId) -> bool {
        match self {
            End::Any => true,
            End::Only(only) => only == process,
        }
    }
}

/// Links by their ends, one way. A host's link to itself is never meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Links {
    pub from: End,
    pub to: End,
}

impl Links {
    pub fn cover(self, from: ProcessId, to: ProcessId) -> bool {
        from != to && self.from.covers(from) && self.to.covers(to)
    }
}

/// Whether a command about links means one direction or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ways {
    One,
    Both,
}

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
    /// A socket host connects to a broker.
    OpenSocket { socket: ProcessId, to: Text },
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
        let line: Text = crate::script::print_command(command).into();
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
            Command::OpenSocket { socket, to } => {
                let broker = ProcessId::parse(to).and_then(ProcessId::broker);
                let address = broker.map(Plan::address);
                let listener = address.and_then(|address| self.addresses.get(&address).copied());
                if let Some(host) = self.socket_mut(*socket) {
                    host.serial += 1;
                    let connection = ConnectionId::client(*socket, host.serial);
                    host.connection = Some(connection);
                    host.to = ProcessId::parse(to);
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

    fn can_perform(&self, command: &Command) -> Result<(), Refused> {
        let known = |id: ProcessId| match self.hosts.contains_key(&id) {
            true => Ok(()),
            false => {
                let known: Vec<String> = self.hosts.keys().map(ToString::to_string).collect();
                Err(Refused(format!(
                    "{id} is not in this world; it has {}",
                    known.join(" ")
                )))
            }
        };
        let ends = |links: &Links| match (links.from, links.to) {
            (End::Only(from), End::Only(to)) => known(from).and(known(to)),
            (End::Only(only), End::Any) | (End::Any, End::Only(only)) => known(only),
            (End::Any, End::Any) => Ok(()),
        };
        match command {
            Command::Tell {
                client,
                instruction,
            } => {
                known(*client)?;
                self.can_tell(*client, instruction)
            }
            Command::AddClient(client) => {
                client.check()?;
                match self.hosts.contains_key(&client.id) {
                    true => Err(Refused(format!("{} is already there", client.id))),
                    false => Ok(()),
                }
            }
            Command::Hold { links, .. } | Command::Release { links, .. } => ends(links),
            Command::Latency { links, latency, .. } => {
                ends(links)?;
                match latency {
                    Some(span) if *span > crate::time::Duration::from_secs(60) => {
                        Err(Refused("a packet takes at most 60s".to_owned()))
                    }
                    _ => Ok(()),
                }
            }
            Command::OpenSocket { socket, to } => {
                known(*socket)?;
                let broker = ProcessId::parse(to).filter(|id| id.broker().is_some());
                known(broker.ok_or_else(|| Refused(format!("{to} is not a broker such as b1")))?)?;
                match self.host(*socket).and_then(Host::socket) {
                    Some(socket) if socket.connection.is_none() => Ok(()),
                    Some(_) => Err(Refused(format!(
                        "{socket} has a connection; close it first"
                    ))),
                    None => Err(Refused(format!("{socket} is not a socket such as s1"))),
                }
            }
            Command::WriteSocket { socket, .. } | Command::CloseSocket { socket } => {
                known(*socket)?;
                let writes = matches!(command, Command::WriteSocket { .. });
                match self.host(*socket).and_then(Host::socket) {
                    Some(_) if writes && self.unread(*socket) >= SOCKET_BUFFER => {
                        let unread = self.unread(*socket);
                        Err(Refused(format!(
                            "{unread} bytes of {socket} are still unread; let time pass"
                        )))
                    }
                    Some(socket) if socket.connection.is_some() => Ok(()),
                    Some(_) => Err(Refused(format!(
                        "{socket} has no connection; connect it first"
                    ))),
                    None => Err(Refused(format!("{socket} is not a socket such as s1"))),
                }
            }
        }
    }

    fn can_tell(
        &self,
        client: ProcessId,
        instruction: &crate::process::Instruction,
    ) -> Result<(), Refused> {
        use crate::process::Instruction as I;
        let fits = match instruction {
            I::Produce { .. } | I::StartLoad(_) | I::StopLoad => {
                matches!(client, ProcessId::Producer(_))
            }
            I::Assign { .. } | I::Seek { .. } | I::PauseReading | I::ResumeReading => {
                matches!(client, ProcessId::Consumer(_))
            }
            I::CreateTopic { .. } => matches!(client, ProcessId::Admin(_)),
            I::Configure { name, value } => {
                let settings = [(name.clone(), value.clone())].into();
                let changed = ClientPlan {
                    id: client,
                    name: "".into(),
                    settings,
                };
                return changed.check();
            }
        };
        if fits {
            Ok(())
        } else {
            Err(Refused(format!("{client} is not a client that does this")))
        }
    }
}
