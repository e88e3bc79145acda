//! What ZooKeeper's servers say to each other: to elect a leader, to agree with it, to write.
//!
//! Unlike ZooKeeper, which sends these as bytes on two ports, one for elections and one for the leader.
//! The rules that make them safe are told where they are kept, in `zookeeper::server`.

use bytes::Bytes;

use super::zookeeper::{Operation, SessionId, Stat, Zxid};
use crate::model::{ProcessId, Text};

/// How complete a server's history is: the last leader that it agreed with, and the last transaction on
/// its disk. Servers compare their standings in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    pub epoch: u32,
    pub last: Zxid,
}

/// Whom a server wants as leader: the one with the best standing, and of equals the one with the
/// highest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    pub standing: Standing,
    pub leader: u16,
}

/// What a server does while it says whom it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stance {
    Looking,
    Following,
    Leading,
}

/// A vote as it is told to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notification {
    /// Counts the elections that the sender took part in; votes of one round belong together.
    pub round: u32,
    pub vote: Vote,
    pub stance: Stance,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Its client said so.
    Asked,
    /// Nothing was heard of its client for too long.
    RanOut,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    OpenSession { owner: ProcessId, timeout_ms: u32 },
    EndSession(Ending),
    Write(Operation),
}

/// One write of a client, on its way to the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub session: SessionId,
    /// The server that has the client, and answers it.
    pub origin: u16,
    /// The client's number of its request; 0 for what is no request.
    pub xid: i32,
    pub deed: Deed,
}

/// A write that has its place in the order of all writes.
///
/// Unlike ZooKeeper, whose leader works out what a request changes and sends the change: every server
/// carries out the request itself, on equal trees, to equal effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub zxid: Zxid,
    pub wish: Wish,
}

/// One znode in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Znode {
    pub path: Text,
    pub data: Bytes,
    pub stat: Stat,
    /// The transaction that last changed its list of children.
    pub children_changed: Zxid,
}

/// One session in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    /// The process whose session it is.
    pub owner: ProcessId,
    pub timeout_ms: u32,
}

/// The whole state after one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub zxid: Zxid,
    /// Parents before their children.
    pub znodes: Vec<Znode>,
    pub sessions: Vec<Session>,
}

/// What servers say to each other.
#[derive(Clone, Debug, PartialEq)]
pub enum PeerMessage {
    // ---- election
    Notification(Notification),

    // ---- discovery: a majority promises to follow nobody older
    /// A follower comes: the newest epoch that it has promised to anybody.
    FollowerInfo {
        accepted_epoch: u32,
    },
    /// The leader's own epoch, newer than any that a majority has promised.
    LeaderInfo {
        epoch: u32,
    },
    /// The promise. `None` from a follower that had promised this very epoch to somebody else: that
    /// promise does not count twice.
    AckEpoch {
        standing: Option<Standing>,
    },

    // ---- synchronisation: a majority has the leader's history
    NewLeader {
        epoch: u32,
        snapshot: Snapshot,
    },
    AckNewLeader,
    /// The follower serves clients from now on.
    UpToDate,

    // ---- broadcast
    Proposal(Transaction),
    /// The transaction is on the follower's disk.
    Ack {
        zxid: Zxid,
    },
    /// A majority has it.
    Commit {
        zxid: Zxid,
    },

    // ---- following
    Ping,
    /// Answers `Ping`: the sessions whose clients were heard since.
    Pong {
        touched: Vec<SessionId>,
    },
    /// A client's write, from the follower that has the client.
    Forward(Wish),
    /// A client has come back to this follower.
    Revalidate {
        session: SessionId,
    },
    /// Its session's timeout; `None` when the session is over.
    Revalidated {
        session: SessionId,
        timeout_ms: Option<u32>,
    },
}
