//! Commands: what people do to a world.
//!
//! Each is a line of a script and a button of the page. A command takes no time: it is carried out at
//! the instant at which the world stands, between two steps, and is remembered together with that place.

use crate::model::{ProcessId, Text};
use crate::process::Instruction;
use crate::time::{Duration, Instant};
use crate::world::plan::ClientPlan;

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
