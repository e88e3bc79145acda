//! ZooKeeper's requests, answers and events, as types.
//!
//! Unlike ZooKeeper, whose clients and servers exchange jute records as bytes: byte-exactness is promised
//! for Kafka's protocol only. What the messages mean, their order and their errors are ZooKeeper's.
//!
//! A client's messages and a server's answers are here; what servers say to each other belongs to the
//! ensemble ([`super::zookeeper_peers`]) and travels as [`Message::Peer`].

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::zookeeper_peers::PeerMessage;
use crate::model::Text;

/// A session's identity: chosen by the server that opened it, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl SessionId {
    /// No session: of a client that wants a new one, or an answer that the old one has expired.
    pub const NONE: SessionId = SessionId(0);
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A transaction's number: the epoch of the leader that proposed it above, a counter below.
///
/// Grows with every write of the whole ensemble. A broker's epoch is the zxid that created its znode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zxid(pub u64);

impl Zxid {
    pub const ZERO: Zxid = Zxid(0);

    pub fn new(epoch: u32, counter: u32) -> Zxid {
        Zxid((u64::from(epoch) << 32) | u64::from(counter))
    }

    pub fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub fn counter(self) -> u32 {
        self.0 as u32
    }
}

/// What is known of a znode besides its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stat {
    /// The transaction that created it.
    pub created: Zxid,
    /// The transaction that last changed its data.
    pub modified: Zxid,
    /// How often its data changed: 0 after creation.
    pub version: i32,
    /// How often its list of children changed, by creations and by deletions.
    pub children_version: i32,
    /// The session that it lives as long as, for an ephemeral one.
    pub owner: Option<SessionId>,
    pub children: u32,
}

/// How a znode comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateMode {
    Persistent,
    /// Goes when its session ends. Has no children.
    Ephemeral,
    /// Ten digits are put behind the name, counted by the parent.
    PersistentSequential,
    EphemeralSequential,
}

/// The version in a conditional write that matches every version.
pub const ANY_VERSION: i32 = -1;

/// What a client asks of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    // ---- writes
    Create {
        path: Text,
        data: Bytes,
        mode: CreateMode,
    },
    Delete {
        path: Text,
        version: i32,
    },
    SetData {
        path: Text,
        data: Bytes,
        version: i32,
    },
    /// Only within [`Operation::Multi`]: fails the whole when the version is another.
    Check {
        path: Text,
        version: i32,
    },
    /// All of it or nothing.
    Multi(Vec<Operation>),
    // ---- reads, each of which may leave a one-shot watch
    /// A watch of this kind also sees the znode's creation.
    Exists {
        path: Text,
        watch: Watch,
    },
    GetData {
        path: Text,
        watch: Watch,
    },
    GetChildren {
        path: Text,
        watch: Watch,
    },
}

/// Whether a read leaves a watch behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Watch {
    Leave,
    None,
}

/// What comes of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The path as created: with its number when it is sequential.
    Created {
        path: Text,
        stat: Stat,
    },
    Deleted,
    Set {
        stat: Stat,
    },
    Checked,
    /// One answer for each part.
    Multi(Vec<Answer>),
    /// `None` when there is no such znode, which is no error here.
    Exists(Option<Stat>),
    Data {
        data: Bytes,
        stat: Stat,
    },
    /// Names of the children, sorted, without the parent's path.
    Children {
        names: Vec<Text>,
        stat: Stat,
    },
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    NoNode,
    NodeExists,
    BadVersion,
    NotEmpty,
    NoChildrenForEphemerals,
    BadArguments,
    /// The session is over; said by the client's own end for everything that was open.
    SessionExpired,
    /// The connection broke after the request was sent: nobody knows whether it was carried out. Only
    /// the client's own end says so, and only of requests that it does not repeat by itself.
    ConnectionLoss,
}

/// Why one part of a [`Operation::Multi`] made the whole fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    pub error: Error,
    /// Which part of a multi failed; 0 for everything else.
    pub part: usize,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, part: 0 }
    }
}

/// What an operation comes to.
pub type Outcome = Result<Answer, Failure>;

/// A watch went off. It is gone with that; a read leaves the next one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchEvent {
    pub kind: WatchKind,
    pub path: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchKind {
    NodeCreated,
    NodeDeleted,
    NodeDataChanged,
    NodeChildrenChanged,
}

/// The watches that a client has left, which it tells a server that it comes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watches {
    /// Left by `GetData`, or by `Exists` of a znode that is there.
    pub data: Vec<Text>,
    /// Left by `Exists` of a znode that is not there.
    pub exist: Vec<Text>,
    pub children: Vec<Text>,
}

/// One message on a connection to a ZooKeeper server.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    // ---- from a client
    /// The first message: opens a session, or comes back to one.
    Connect {
        session: SessionId,
        timeout_ms: u32,
        /// The newest transaction that the client has seen; a server that has not seen it refuses.
        seen: Zxid,
        /// Watches to leave again. What changed since `seen` fires at once.
        watches: Watches,
    },
    Request {
        /// Counts the client's requests; the answer carries it.
        xid: i32,
        operation: Operation,
    },
    Ping,
    /// Ends the session now: its ephemerals go at once.
    CloseSession,

    // ---- from a server
    /// Answers `Connect`. [`SessionId::NONE`] says that the session has expired.
    Connected {
        session: SessionId,
        /// As the server clamped it, to between 2 and 20 ticks.
        timeout_ms: u32,
    },
    Response {
        xid: i32,
        zxid: Zxid,
        outcome: Outcome,
    },
    Pong,
    Event(WatchEvent),

    // ---- among servers
    Peer(Arc<PeerMessage>),
}
