//! `Following`: a server and its leader, as the follower sees it.
//!
//! One connection to the leader from the first word to the last. What the follower promises and what it
//! acknowledges is on its disk before it says so.
//!
//! Laws: a follower takes orders only from the leader of the epoch that it has promised last; it carries
//! out a transaction only when the leader says that it is committed; it serves clients only from a history
//! that is committed.

use super::ZooKeeperConfig;
use super::image::Image;
use super::server::{Role, Server, say};
use crate::fact::Fact;
use crate::model::{ConnectionId, ProcessId};
use crate::process::Outbox;
use crate::protocol::zookeeper::{SessionId, Zxid};
use crate::protocol::zookeeper_peers::{PeerMessage, Snapshot, Transaction};
use crate::sorted::SortedSet;
use crate::time::{Duration, Instant};

#[derive(Clone, Debug)]
enum Stage {
    /// Connects, and learns the leader's epoch.
    Discovering,
    /// Has taken over the leader's history, of which nobody has said yet that it is committed.
    Synchronised(Image),
    /// Serves clients.
    Serving,
}

/// What a follower knows of its leader.
#[derive(Clone, Debug)]
pub(super) struct Following {
    pub(super) leader: u16,
    pub(super) connection: ConnectionId,
    stage: Stage,
    /// When the leader was last heard.
    heard: Instant,
    /// The last transaction that the leader said was committed.
    committed: Zxid,
    /// Sessions whose clients were heard since the leader last asked.
    pub(super) touched: SortedSet<SessionId>,
}

impl Following {
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.stage, Stage::Serving)
    }

    /// When the follower gives its leader up, unless it hears of it.
    pub(super) fn deadline(&self, config: &ZooKeeperConfig) -> (Instant, &'static str) {
        match self.stage {
            Stage::Serving => (
                self.heard + config.sync_time(),
                "gives up a leader that is silent",
            ),
            _ => (
                self.heard + config.init_time(),
                "gives up joining its leader",
            ),
        }
    }
}

impl Server {
    /// True for the connection to this follower's leader.
    pub(super) fn is_tie(&self, connection: ConnectionId) -> bool {
        matches!(&self.role, Role::Following(following) if following.connection == connection)
    }

    pub(super) fn follow(&mut self, now: Instant, leader: u16, out: &mut Outbox) {
        let connection = self.next_connection();
        self.role = Role::Following(Box::new(Following {
            leader,
            connection,
            stage: Stage::Discovering,
            heard: now,
            committed: Zxid::ZERO,
            touched: SortedSet::new(),
        }));
        out.connect(connection, self.servers[&leader].clone());
    }

    pub(super) fn tie_opened(&mut self, out: &mut Outbox) {
        let accepted_epoch = self.disk.accepted_epoch;
        self.say_to_leader(PeerMessage::FollowerInfo { accepted_epoch }, out);
    }

    pub(super) fn say_to_leader(&self, message: PeerMessage, out: &mut Outbox) {
        if let Role::Following(following) = &self.role {
            say(following.connection, message, out);
        }
    }

    /// Gives the leader up when it has been silent for too long.
    pub(super) fn follow_on(&mut self, now: Instant, out: &mut Outbox) {
        if let Role::Following(following) = &self.role
            && following.deadline(&self.config).0 <= now
        {
            self.look(now, out);
        }
    }

    pub(super) fn hear_leader(&mut self, now: Instant, message: PeerMessage, out: &mut Outbox) {
        let Role::Following(following) = &mut self.role else {
            return;
        };
        following.heard = now;
        match (&following.stage, message) {
            (Stage::Discovering, PeerMessage::LeaderInfo { epoch }) => {
                self.promise(now, epoch, out);
            }
            (Stage::Discovering, PeerMessage::NewLeader { epoch, snapshot }) => {
                self.take_over(now, epoch, &snapshot, out);
            }
            (Stage::Synchronised(_), PeerMessage::UpToDate) => self.begin_to_serve(now, out),
            (Stage::Synchronised(_) | Stage::Serving, PeerMessage::Proposal(transaction)) => {
                self.accept(now, transaction, out);
            }
            (Stage::Synchronised(_) | Stage::Serving, PeerMessage::Commit { zxid }) => {
                following.committed = zxid;
                self.carry_out_committed(out);
            }
            (_, PeerMessage::Ping) => {
                let touched = std::mem::take(&mut following.touched);
                let touched = touched.into_iter().collect();
                self.say_to_leader(PeerMessage::Pong { touched }, out);
            }
            (
                Stage::Serving,
                PeerMessage::Revalidated {
                    session,
                    timeout_ms,
                },
            ) => {
                let timeout = timeout_ms.map(|millis| Duration::from_millis(u64::from(millis)));
                self.revalidated(session, timeout, out);
            }
            // Nothing that a leader of this follower says.
            _ => self.look(now, out),
        }
    }

    /// Promises to follow nobody older than the leader of this epoch.
    fn promise(&mut self, now: Instant, epoch: u32, out: &mut Outbox) {
        if epoch < self.disk.accepted_epoch {
            self.look(now, out);
            return;
        }
        let is_new = epoch > self.disk.accepted_epoch;
        if is_new {
            self.disk.accept_epoch(epoch);
        }
        let standing = is_new.then(|| self.disk.standing());
        self.say_to_leader(PeerMessage::AckEpoch { standing }, out);
    }

    /// Takes over the leader's history in place of its own.
    fn take_over(&mut self, now: Instant, epoch: u32, snapshot: &Snapshot, out: &mut Outbox) {
        let image = Image::from_snapshot(snapshot);
        let Some(image) = image.filter(|_| epoch == self.disk.accepted_epoch) else {
            self.look(now, out);
            return;
        };
        self.disk.take_over(epoch, image.clone());
        if let Role::Following(following) = &mut self.role {
            following.stage = Stage::Synchronised(image);
        }
        self.say_to_leader(PeerMessage::AckNewLeader, out);
    }

    /// The history is committed: clients may see it.
    fn begin_to_serve(&mut self, now: Instant, out: &mut Outbox) {
        let Role::Following(following) = &mut self.role else {
            return;
        };
        let stage = std::mem::replace(&mut following.stage, Stage::Serving);
        if let Stage::Synchronised(image) = stage {
            self.image = image;
        }
        let leader = ProcessId::ZooKeeper(following.leader);
        let epoch = self.disk.current_epoch;
        self.election.set_epoch(epoch);
        self.disk.note_committed(&self.image);
        self.carry_out_committed(out);
        out.note(Fact::ZooKeeperFollows { leader, epoch });
        self.admit_waiting(now, out);
    }

    /// Writes a proposal to the disk and says so.
    fn accept(&mut self, now: Instant, transaction: Transaction, out: &mut Outbox) {
        let zxid = transaction.zxid;
        if zxid <= self.disk.last() {
            self.look(now, out);
            return;
        }
        self.disk.append(transaction.into());
        self.say_to_leader(PeerMessage::Ack { zxid }, out);
    }

    fn carry_out_committed(&mut self, out: &mut Outbox) {
        while let Role::Following(following) = &self.role
            && following.is_serving()
        {
            let committed = following.committed;
            let next = self.disk.after(self.image.zxid()).next().cloned();
            let Some(transaction) = next.filter(|next| next.zxid <= committed) else {
                return;
            };
            self.carry_out(&transaction, out);
        }
    }
}
