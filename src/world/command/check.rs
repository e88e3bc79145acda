//! Why a command cannot be carried out, in a sentence that says what could be.

use super::Command;
use crate::model::ProcessId;
use crate::protocol::zookeeper::SessionId;
use crate::time::Duration;
use crate::world::clock::ClockSetting;
use crate::world::host::{DiskState, Host};
use crate::world::network::{End, Links};
use crate::world::plan::{ClientPlan, Refused};
use crate::world::{SOCKET_BUFFER, World};
use crate::zookeeper::Server;

/// The slowest disk.
const LONGEST_WRITE: Duration = Duration::from_secs(60);
/// A year, in microseconds.
const FARTHEST_CLOCK: u64 = 8_760 * 3_600 * 1_000_000;
/// A tenth of the time, in parts of a million.
const FASTEST_DRIFT: u32 = 100_000;

impl World {
    /// What is said of a host that is not there.
    pub(in crate::world) fn unknown(&self, id: ProcessId) -> Refused {
        let known: Vec<String> = self.hosts.keys().map(ToString::to_string).collect();
        Refused(format!(
            "{id} is not in this world; it has {}",
            known.join(" ")
        ))
    }

    /// Whether a command can be carried out here and now.
    ///
    /// # Errors
    /// A sentence that says what could be.
    pub fn can_perform(&self, command: &Command) -> Result<(), Refused> {
        let known = |id: ProcessId| match self.hosts.contains_key(&id) {
            true => Ok(()),
            false => Err(self.unknown(id)),
        };
        let end = |end: End| match end {
            End::Only(only) => known(only),
            End::Any | End::Brokers | End::Clients | End::ZooKeeper => Ok(()),
        };
        let ends = |links: &Links| end(links.from).and(end(links.to));
        match command {
            Command::Tell {
                client,
                instruction,
            } => {
                known(*client)?;
                if self.host(*client).and_then(Host::socket).is_none() {
                    self.check_running(*client)?;
                }
                self.can_tell(*client, instruction)
            }
            Command::AddClient(client) => {
                client.check()?;
                match self.hosts.contains_key(&client.id) {
                    true => Err(Refused(format!("{} is already there", client.id))),
                    false => Ok(()),
                }
            }
            Command::Hold { links, .. }
            | Command::Release { links, .. }
            | Command::Cut { links, .. }
            | Command::Heal { links, .. }
            | Command::Reset { links } => ends(links),
            Command::Kill { process, .. } => self.check_alive(*process),
            Command::Stop { process } | Command::Freeze { process } => self.check_running(*process),
            Command::Restart { process } => {
                self.check_gone(*process)?;
                match self.host(*process).map(Host::disk_state) {
                    Some(DiskState::Fails) => Err(Refused(format!(
                        "the disk of {process} fails; disk {process} fine mends it"
                    ))),
                    _ => Ok(()),
                }
            }
            Command::Expire { process } => {
                known(*process)?;
                let leads = self.zookeepers().any(Server::is_leader);
                match self.session_to_end(*process) {
                    Some(_) => Ok(()),
                    None if !leads => Err(Refused(
                        "no ZooKeeper server leads, so no session can end".to_owned(),
                    )),
                    None => Err(Refused(format!(
                        "{process} has no session with ZooKeeper; a registered broker has one"
                    ))),
                }
            }
            Command::Thaw { process } => self.check_frozen(*process),
            Command::Disk { broker, state } => {
                known(*broker)?;
                if broker.broker().is_none() {
                    return Err(Refused(format!(
                        "{broker} has no disk that counts; a broker such as b1 has"
                    )));
                }
                match state {
                    DiskState::Slow(takes) if *takes > LONGEST_WRITE => {
                        Err(Refused("a write takes at most 60s".to_owned()))
                    }
                    _ => Ok(()),
                }
            }
            Command::Clock { host, setting } => {
                known(*host)?;
                match setting {
                    ClockSetting::Ahead(micros) if micros.unsigned_abs() > FARTHEST_CLOCK => Err(
                        Refused("a clock is at most 8760h ahead or behind".to_owned()),
                    ),
                    ClockSetting::Drift(ppm) if ppm.unsigned_abs() > FASTEST_DRIFT => {
                        Err(Refused("a clock drifts by at most 100000ppm".to_owned()))
                    }
                    _ => Ok(()),
                }
            }
            Command::Latency { links, latency, .. } => {
                ends(links)?;
                match latency {
                    Some(span) if *span > Duration::from_secs(60) => {
                        Err(Refused("a packet takes at most 60s".to_owned()))
                    }
                    _ => Ok(()),
                }
            }
            Command::OpenSocket { socket, to, from } => {
                known(*socket)?;
                if let Some(from) = from.as_deref().filter(|from| !is_address(from)) {
                    return Err(Refused(format!(
                        "from={from} is not an address such as 10.0.0.7 or 0:0:0:0:0:0:0:1"
                    )));
                }
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

    /// The newest session of a process, and the server that can end it.
    pub(super) fn session_to_end(&self, process: ProcessId) -> Option<(ProcessId, SessionId)> {
        let leader = self.zookeepers().find(|server| server.is_leader())?;
        let sessions = leader.sessions().filter(|session| session.owner == process);
        let newest = sessions.max_by_key(|session| session.session)?;
        Some((leader.id(), newest.session))
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
            I::Pause { .. } | I::Resume { .. } => {
                if let Some(consumer) = self.host(client).and_then(Host::consumer) {
                    let accepted = consumer.accepts(instruction);
                    return accepted.map_err(|why| Refused(format!("{client}: {why}")));
                }
                false
            }
            I::Assign { .. } | I::Seek { .. } | I::Commit => {
                matches!(client, ProcessId::Consumer(_))
            }
            I::CreateTopic { .. } | I::Administer(_) => matches!(client, ProcessId::Admin(_)),
            I::ExpireSession(_) => matches!(client, ProcessId::ZooKeeper(_)),
            I::Configure { name, value } => {
                // Whether settings fit each other is for who has them to say.
                if let Some(consumer) = self.host(client).and_then(Host::consumer) {
                    let accepted = consumer.accepts(instruction);
                    return accepted.map_err(|why| Refused(format!("{client}: {why}")));
                }
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

/// Whether it could be one of IPv4 or of IPv6. What it means is nobody's business in the world.
fn is_address(word: &str) -> bool {
    let mut signs = word.chars();
    (1..=45).contains(&word.len())
        && signs.all(|sign| sign.is_ascii_hexdigit() || matches!(sign, '.' | ':'))
}
