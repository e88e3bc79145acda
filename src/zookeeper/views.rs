//! Looking at a server from outside: for pictures, inspectors and invariants.
//!
//! Nothing here changes anything, and nothing that runs needs it.

use super::image::timeout_of;
use super::server::{Role, Server};
use super::sessions::Silence;
use super::{ClientConnection, Tree, ZooKeeperConfig};
use crate::model::{ConnectionId, ProcessId};
use crate::protocol::zookeeper::{SessionId, Zxid};
use crate::protocol::zookeeper_peers::Stance;
use crate::time::{Duration, Instant};

/// A session as one server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    pub session: SessionId,
    /// The process whose session it is.
    pub owner: ProcessId,
    pub timeout: Duration,
    /// When it runs out if nothing more is heard of its owner. Only the leader knows.
    pub runs_out: Option<Instant>,
}

impl Server {
    pub fn id(&self) -> ProcessId {
        self.process()
    }

    pub fn config(&self) -> &ZooKeeperConfig {
        &self.config
    }

    /// The servers of the ensemble, this one among them.
    pub fn members(&self) -> impl ExactSizeIterator<Item = ProcessId> {
        self.servers.keys().map(|id| ProcessId::ZooKeeper(*id))
    }

    /// What it is: it looks for a leader, follows, or leads.
    pub fn role(&self) -> Stance {
        self.stance()
    }

    /// True when it leads and a majority follows, as far as it knows.
    pub fn is_leader(&self) -> bool {
        self.role() == Stance::Leading && self.is_serving()
    }

    /// The leader that this server serves under, which may be itself.
    pub fn leader(&self) -> Option<ProcessId> {
        match &self.role {
            _ if !self.is_serving() => None,
            Role::Looking => None,
            Role::Following(following) => Some(ProcessId::ZooKeeper(following.leader)),
            Role::Leading(_) => Some(self.process()),
        }
    }

    /// The servers that follow this leader and have its history.
    pub fn followers(&self) -> Vec<ProcessId> {
        match &self.role {
            Role::Leading(leading) => leading.followers().map(ProcessId::ZooKeeper).collect(),
            _ => Vec::new(),
        }
    }

    /// The epoch of the leader whose history it has.
    pub fn epoch(&self) -> u32 {
        self.disk.current_epoch
    }

    /// The last transaction that it carried out.
    pub fn zxid(&self) -> Zxid {
        self.image.zxid()
    }

    /// The last transaction on its disk, which may not be committed.
    pub fn logged(&self) -> Zxid {
        self.disk.last()
    }

    /// The znodes as this server has them. While it does not serve, they may be old.
    pub fn tree(&self) -> &Tree {
        self.image.tree()
    }

    /// The sessions that are open.
    pub fn sessions(&self) -> impl Iterator<Item = SessionView> {
        self.image.sessions().map(|session| SessionView {
            session: session.id,
            owner: session.owner,
            timeout: timeout_of(session),
            runs_out: match &self.role {
                Role::Leading(leading) => leading.sessions.runs_out(session.id),
                _ => None,
            },
        })
    }

    /// Why this leader has ended a session that ran out.
    pub fn silence(&self, session: SessionId) -> Option<Silence> {
        match &self.role {
            Role::Leading(leading) => leading.sessions.silence(session),
            _ => None,
        }
    }

    /// When this server heard the client of a session last, since it began to follow its leader, or to lead.
    pub fn heard(&self, session: SessionId) -> Option<Instant> {
        self.clients.heard(session)
    }

    #[cfg(test)]
    pub(crate) fn plant_silence(&mut self, session: SessionId, silence: Silence) {
        if let Role::Leading(leading) = &mut self.role {
            leading.sessions.plant_silence(session, silence);
        }
    }

    /// The clients that are connected to this server.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = (ConnectionId, &ClientConnection)> {
        self.clients.iter()
    }

    /// How many watches its clients have left.
    pub fn watches(&self) -> usize {
        self.watches.len()
    }
}
