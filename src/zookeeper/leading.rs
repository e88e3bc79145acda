//! `Leading`: a server and its followers, as the leader sees it.
//!
//! A leader comes to be in three steps, each of which takes a majority: it is promised an epoch, its
//! history is taken over, and only then it serves. From then on every write of the ensemble passes through
//! it, and it alone says which sessions have run out.
//!
//! Laws: a transaction is committed when a majority of servers has it on disk, and never before those
//! before it; the transactions of an epoch are numbered without gaps; a new leader gives every session its
//! whole timeout anew.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ZooKeeperConfig;
use super::image::{Change, Image};
use super::server::{Role, Server, say};
use super::sessions::SessionTracker;
use crate::fact::Fact;
use crate::model::{ConnectionId, ProcessId};
use crate::process::Outbox;
use crate::protocol::zookeeper::SessionId;
use crate::protocol::zookeeper::Zxid;
use crate::protocol::zookeeper_peers::{Deed, Ending, PeerMessage, Transaction, Wish};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Waits for a majority's promise.
    Discovering,
    /// Waits until a majority has its history.
    Synchronising,
    Serving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LearnerStage {
    Greeted,
    /// Has promised the epoch, or had promised it to another.
    Promised,
    /// The history is on its way; proposals follow it.
    Synchronising,
    Synchronised,
}

/// A server that follows.
#[derive(Clone, Debug)]
pub(super) struct Learner {
    pub(super) server: u16,
    pub(super) accepted_epoch: u32,
    pub(super) stage: LearnerStage,
    /// The last transaction that it has on its disk.
    pub(super) acknowledged: Zxid,
    pub(super) heard: Instant,
    /// When the pings were sent that it has not answered, oldest first.
    pub(super) pings: VecDeque<Instant>,
    /// Up to when it has told of every client that it has heard: its answer to a ping names those from before the
    /// ping.
    pub(super) told_until: Option<Instant>,
}

/// What a leader knows of its followers.
#[derive(Clone, Debug)]
pub(super) struct Leading {
    pub(super) stage: Stage,
    pub(super) since: Instant,
    /// The epoch that it asks for, once a majority has come.
    pub(super) epoch: Option<u32>,
    pub(super) promised: SortedSet<u16>,
    pub(super) learners: SortedMap<ConnectionId, Learner>,
    /// What followers take over before it serves: everything on its disk.
    pub(super) history: Image,
    /// The part of it that it did not know to be committed.
    pub(super) inherited: Vec<Arc<Transaction>>,
    pub(super) sessions: SessionTracker,
    /// Transactions proposed in this epoch.
    pub(super) counter: u32,
    pub(super) ping_at: Instant,
    pub(super) count_at: Instant,
}

impl Learner {
    fn is_in_reach(&self, now: Instant, limit: Duration) -> bool {
        self.heard + limit > now
    }
}

impl Leading {
    pub(super) fn is_serving(&self) -> bool {
        self.stage == Stage::Serving
    }

    pub(super) fn followers(&self) -> impl Iterator<Item = u16> {
        let learners = self.learners.values();
        learners
            .filter(|learner| learner.stage == LearnerStage::Synchronised)
            .map(|learner| learner.server)
    }

    /// The learners that are told of proposals.
    fn listeners(&self) -> impl Iterator<Item = ConnectionId> {
        let learners = self.learners.iter();
        learners
            .filter(|(_, learner)| learner.stage >= LearnerStage::Synchronising)
            .map(|(connection, _)| *connection)
    }

    pub(super) fn deadlines(&self, config: &ZooKeeperConfig) -> Vec<(Instant, &'static str)> {
        if !self.is_serving() {
            let at = self.since + config.init_time();
            return vec![(at, "gives up leading without a majority")];
        }
        let mut deadlines = vec![
            (self.ping_at, "pings its followers"),
            (self.count_at, "counts its followers"),
        ];
        if let Some(at) = self.sessions.next_expiry() {
            deadlines.push((at, "ends a session that has run out"));
        }
        deadlines
    }
}

impl Server {
    pub(super) fn leading(&mut self) -> Option<&mut Leading> {
        match &mut self.role {
            Role::Leading(leading) => Some(leading),
            _ => None,
        }
    }

    pub(super) fn hear_learner(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: PeerMessage,
        out: &mut Outbox,
    ) {
        let Some(leading) = self.leading() else {
            return;
        };
        let (has_epoch, is_serving) = (leading.epoch.is_some(), leading.is_serving());
        let Some(learner) = leading.learners.get_mut(&connection) else {
            return self.hang_up(connection, out);
        };
        learner.heard = now;
        let server = learner.server;
        match (learner.stage, message) {
            (LearnerStage::Greeted, PeerMessage::AckEpoch { standing }) if has_epoch => {
                self.hear_promise(now, connection, standing, out);
            }
            (LearnerStage::Synchronising, PeerMessage::AckNewLeader) => {
                learner.stage = LearnerStage::Synchronised;
                match is_serving {
                    true => say(connection, PeerMessage::UpToDate, out),
                    false => self.count_synchronised(now, out),
                }
            }
            (LearnerStage::Synchronised, PeerMessage::Ack { zxid }) => {
                learner.acknowledged = learner.acknowledged.max(zxid);
                self.commit(out);
            }
            (LearnerStage::Synchronised, PeerMessage::Forward(wish)) if wish.origin == server => {
                self.take_wish(now, wish, out);
            }
            (LearnerStage::Synchronised, PeerMessage::Revalidate { session }) => {
                let timeout = leading.sessions.revalidate(now, session, server);
                let answer = PeerMessage::Revalidated {
                    session,
                    timeout_ms: timeout.map(|timeout| timeout.as_millis() as u32),
                };
                say(connection, answer, out);
            }
            (_, PeerMessage::Pong { touched }) => {
                learner.told_until = learner.pings.pop_front();
                for session in touched {
                    leading.sessions.touch(now, session, server);
                }
            }
            _ => {
                leading.learners.remove(&connection);
                self.hang_up(connection, out);
            }
        }
    }

    /// Takes a client's write, unless its session is over or has moved to another server.
    pub(super) fn take_wish(&mut self, now: Instant, wish: Wish, out: &mut Outbox) {
        let Some(leading) = self.leading() else {
            return;
        };
        let (session, origin) = (wish.session, wish.origin);
        match &wish.deed {
            Deed::OpenSession { timeout_ms, .. } => {
                let timeout = Duration::from_millis(u64::from(*timeout_ms));
                leading.sessions.track(now, session, timeout, Some(origin));
            }
            _ if !leading.sessions.is_at(session, origin) => return,
            Deed::EndSession(_) => leading.sessions.forget(session),
            Deed::Write(_) => {}
        }
        self.propose(wish, out);
    }

    fn propose(&mut self, wish: Wish, out: &mut Outbox) {
        let epoch = self.disk.current_epoch;
        let Some(leading) = self.leading() else {
            return;
        };
        assert!(
            leading.is_serving(),
            "a leader proposes nothing before a majority has its history"
        );
        leading.counter += 1;
        let zxid = Zxid::new(epoch, leading.counter);
        let transaction = Transaction { zxid, wish };
        for connection in leading.listeners() {
            say(connection, PeerMessage::Proposal(transaction.clone()), out);
        }
        self.disk.append(Arc::new(transaction));
        self.commit(out);
    }

    /// Commits what a majority has on disk, in order.
    fn commit(&mut self, out: &mut Outbox) {
        while let Role::Leading(leading) = &self.role
            && leading.is_serving()
        {
            let Some(next) = self.disk.after(self.image.zxid()).next() else {
                return;
            };
            let (zxid, next) = (next.zxid, next.clone());
            let learners = leading.learners.values();
            let have = learners.filter(|learner| {
                learner.stage == LearnerStage::Synchronised && learner.acknowledged >= zxid
            });
            if !self.election.is_majority(1 + have.count()) {
                return;
            }
            for connection in leading.listeners() {
                say(connection, PeerMessage::Commit { zxid }, out);
            }
            self.carry_out(&next, out);
        }
    }

    /// Notes what a committed transaction did, for whoever watches the cluster.
    pub(super) fn note_changes(
        &self,
        transaction: &Transaction,
        owner: Option<ProcessId>,
        changes: &[Change],
        out: &mut Outbox,
    ) {
        let session = transaction.wish.session;
        if let (Deed::EndSession(Ending::RanOut), Some(owner)) = (&transaction.wish.deed, owner) {
            out.note(Fact::SessionRanOut { session, owner });
        }
        for change in changes {
            out.note(match change.clone() {
                Change::Created { path, owner } => Fact::ZnodeCreated {
                    path,
                    owner: owner.and_then(|session| self.image.owner(session)),
                },
                Change::Written { path, version } => Fact::ZnodeChanged { path, version },
                Change::Deleted { path } => Fact::ZnodeDeleted { path },
            });
        }
    }

    /// Does what is due: pings, counts, ends sessions.
    pub(super) fn lead_on(&mut self, now: Instant, out: &mut Outbox) {
        let config = self.config.clone();
        let me = self.id;
        let Some(leading) = self.leading() else {
            return;
        };
        if !leading.is_serving() {
            if leading.since + config.init_time() <= now {
                self.look(now, out);
            }
            return;
        }
        if leading.count_at <= now {
            leading.count_at = now + config.tick_time;
            self.drop_silent(now, out);
        }
        let Some(leading) = self.leading() else {
            return;
        };
        if leading.ping_at <= now {
            leading.ping_at = now + config.tick_time.divided_by(2);
            for connection in leading.listeners().collect::<Vec<_>>() {
                let learner = leading.learners.get_mut(&connection);
                learner.into_iter().for_each(|it| it.pings.push_back(now));
                say(connection, PeerMessage::Ping, out);
            }
        }
        while let Some(leading) = self.leading()
            && let Some(session) = pop_expired(leading, now, me)
        {
            self.end_session(session, me, out);
        }
    }

    /// A person wants a session to be over, as if it had run out. Only a leader that serves can.
    pub(super) fn expire(&mut self, session: SessionId, out: &mut Outbox) {
        let me = self.id;
        let Some(leading) = self.leading().filter(|leading| leading.is_serving()) else {
            return;
        };
        leading.sessions.forget(session);
        self.end_session(session, me, out);
    }

    fn end_session(&mut self, session: SessionId, me: u16, out: &mut Outbox) {
        let wish = Wish {
            session,
            origin: me,
            xid: 0,
            deed: Deed::EndSession(Ending::RanOut),
        };
        self.propose(wish, out);
    }

    /// Parts from followers that have been silent for too long; without a majority it leads no more.
    fn drop_silent(&mut self, now: Instant, out: &mut Outbox) {
        let (sync, init) = (self.config.sync_time(), self.config.init_time());
        let Some(leading) = self.leading() else {
            return;
        };
        let limit = |learner: &Learner| match learner.stage {
            LearnerStage::Synchronised => sync,
            _ => init,
        };
        let learners = leading.learners.iter();
        let silent: Vec<ConnectionId> = learners
            .filter(|(_, learner)| !learner.is_in_reach(now, limit(learner)))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in &silent {
            leading.learners.remove(connection);
        }
        let followers = leading.followers().count();
        for connection in silent {
            self.hang_up(connection, out);
        }
        if !self.election.is_majority(1 + followers) {
            self.look(now, out);
        }
    }
}

/// Takes out a session that has run out, and notes up to when this leader knows whom its server has heard.
fn pop_expired(leading: &mut Leading, now: Instant, me: u16) -> Option<SessionId> {
    let learners = &leading.learners;
    leading.sessions.pop_expired(now, |server| {
        if server == me {
            return Some(now);
        }
        let mut learners = learners.values();
        learners
            .find(|learner| learner.server == server)?
            .told_until
    })
}
