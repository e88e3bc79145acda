//! How a server that was elected comes to lead: discovery and synchronisation.
//!
//! Each of the two waits for a majority. Only the promise of a majority makes the epoch this server's own,
//! and only when a majority has its history does it serve.
//!
//! Laws: an epoch has at most one leader, since a majority promises it and every server promises it once;
//! the history of a new leader holds everything that was ever committed, since a majority has each of
//! those and the newest history of a majority is taken.

use std::collections::VecDeque;

use super::image::Image;
use super::image::timeout_of;
use super::leading::{Leading, Learner, LearnerStage, Stage};
use super::server::{Role, Server, say};
use super::sessions::SessionTracker;
use crate::fact::Fact;
use crate::model::ConnectionId;
use crate::process::Outbox;
use crate::protocol::zookeeper::{SessionId, Zxid};
use crate::protocol::zookeeper_peers::{PeerMessage, Standing, Transaction};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};

impl Server {
    pub(super) fn lead(&mut self, now: Instant, out: &mut Outbox) {
        self.role = Role::Leading(Box::new(Leading {
            stage: Stage::Discovering,
            since: now,
            epoch: None,
            promised: SortedSet::new(),
            learners: SortedMap::new(),
            history: Image::default(),
            inherited: Vec::new(),
            sessions: SessionTracker::new(self.config.tick_time),
            counter: 0,
            ping_at: now,
            count_at: now,
        }));
        self.ask_for_epoch(now, out);
    }

    /// A server comes to follow this one.
    pub(super) fn greet(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        server: u16,
        accepted_epoch: u32,
        out: &mut Outbox,
    ) {
        let Some(leading) = self.leading() else {
            return self.hang_up(connection, out);
        };
        let known = leading.learners.iter();
        let known: Vec<ConnectionId> = known
            .filter(|(_, learner)| learner.server == server)
            .map(|(connection, _)| *connection)
            .collect();
        known.iter().for_each(|old| {
            leading.learners.remove(old);
        });
        let learner = Learner {
            server,
            accepted_epoch,
            stage: LearnerStage::Greeted,
            acknowledged: Zxid::ZERO,
            heard: now,
            pings: VecDeque::new(),
            told_until: None,
        };
        leading.learners.insert(connection, learner);
        let epoch = leading.epoch;
        for old in known.into_iter().filter(|old| *old != connection) {
            self.hang_up(old, out);
        }
        match epoch {
            Some(epoch) if epoch < accepted_epoch => self.look(now, out),
            Some(epoch) => say(connection, PeerMessage::LeaderInfo { epoch }, out),
            None => self.ask_for_epoch(now, out),
        }
    }

    /// Asks for an epoch that is newer than any that a majority has promised, once a majority is there.
    fn ask_for_epoch(&mut self, now: Instant, out: &mut Outbox) {
        let own = self.disk.accepted_epoch;
        let servers = self.election.clone();
        let Some(leading) = self.leading() else {
            return;
        };
        if !servers.is_majority(1 + leading.learners.len()) {
            return;
        }
        let accepted = leading.learners.values();
        let accepted = accepted.map(|learner| learner.accepted_epoch);
        let epoch = accepted.fold(own, u32::max) + 1;
        leading.epoch = Some(epoch);
        for connection in leading.learners.keys() {
            say(*connection, PeerMessage::LeaderInfo { epoch }, out);
        }
        self.disk.accept_epoch(epoch);
        self.count_promises(now, out);
    }

    pub(super) fn hear_promise(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        standing: Option<Standing>,
        out: &mut Outbox,
    ) {
        let own = self.disk.standing();
        let Some(leading) = self.leading() else {
            return;
        };
        let Some(learner) = leading.learners.get_mut(&connection) else {
            return;
        };
        learner.stage = LearnerStage::Promised;
        let server = learner.server;
        if leading.stage != Stage::Discovering {
            self.synchronise(connection, out);
            return;
        }
        match standing {
            // Its history is newer: this server would lose what may be committed.
            Some(standing) if standing > own => return self.look(now, out),
            Some(_) => drop(leading.promised.insert(server)),
            None => {}
        }
        self.count_promises(now, out);
    }

    fn count_promises(&mut self, now: Instant, out: &mut Outbox) {
        let is_majority = |leading: &Leading| {
            let promised = 1 + leading.promised.len();
            self.election.is_majority(promised)
        };
        let Role::Leading(leading) = &self.role else {
            return;
        };
        let Some(epoch) = leading.epoch.filter(|_| is_majority(leading)) else {
            return;
        };
        if leading.stage != Stage::Discovering {
            return;
        }
        if self.image.zxid() < self.disk.snapshot().zxid() {
            self.image = self.disk.snapshot().clone();
        }
        let history = self.disk.recover();
        let inherited = self.disk.after(self.image.zxid()).cloned().collect();
        self.disk.take_over(epoch, history.clone());
        let Some(leading) = self.leading() else {
            return;
        };
        leading.stage = Stage::Synchronising;
        leading.history = history;
        leading.inherited = inherited;
        let learners = leading.learners.iter();
        let promised: Vec<ConnectionId> = learners
            .filter(|(_, learner)| learner.stage == LearnerStage::Promised)
            .map(|(connection, _)| *connection)
            .collect();
        for connection in promised {
            self.synchronise(connection, out);
        }
        self.count_synchronised(now, out);
    }

    /// Sends the history, and the proposals after it.
    fn synchronise(&mut self, connection: ConnectionId, out: &mut Outbox) {
        let Role::Leading(leading) = &mut self.role else {
            return;
        };
        let Some(epoch) = leading.epoch else {
            return;
        };
        let image = match leading.stage {
            Stage::Serving => &self.image,
            _ => &leading.history,
        };
        if let Some(learner) = leading.learners.get_mut(&connection) {
            learner.stage = LearnerStage::Synchronising;
            learner.acknowledged = image.zxid();
        }
        let snapshot = image.to_snapshot();
        say(connection, PeerMessage::NewLeader { epoch, snapshot }, out);
        for proposed in self.disk.after(image.zxid()) {
            let proposal = PeerMessage::Proposal(Transaction::clone(proposed));
            say(connection, proposal, out);
        }
    }

    pub(super) fn count_synchronised(&mut self, now: Instant, out: &mut Outbox) {
        let Role::Leading(leading) = &self.role else {
            return;
        };
        let followers = leading.followers().count();
        let is_majority = self.election.is_majority(1 + followers);
        if leading.stage == Stage::Synchronising && is_majority {
            self.establish(now, out);
        }
    }

    /// A majority has this server's history, which is committed with that. It leads.
    fn establish(&mut self, now: Instant, out: &mut Outbox) {
        let half_tick = self.config.tick_time.divided_by(2);
        let tick = self.config.tick_time;
        let epoch = self.disk.current_epoch;
        self.election.set_epoch(epoch);
        out.note(Fact::ZooKeeperLeads { epoch });
        let Some(leading) = self.leading() else {
            return;
        };
        leading.stage = Stage::Serving;
        leading.ping_at = now + half_tick;
        leading.count_at = now + tick;
        let inherited = std::mem::take(&mut leading.inherited);
        let history = std::mem::take(&mut leading.history);
        for transaction in inherited {
            self.carry_out(&transaction, out);
        }
        self.image = history;
        self.disk.note_committed(&self.image);
        let sessions: Vec<(SessionId, Duration)> = self
            .image
            .sessions()
            .map(|session| (session.id, timeout_of(session)))
            .collect();
        let Some(leading) = self.leading() else {
            return;
        };
        for (session, timeout) in sessions {
            leading.sessions.track(now, session, timeout, None);
        }
        for (connection, learner) in &leading.learners {
            if learner.stage == LearnerStage::Synchronised {
                say(*connection, PeerMessage::UpToDate, out);
            }
        }
        self.admit_waiting(now, out);
    }
}
