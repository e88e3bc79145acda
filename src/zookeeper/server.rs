//! `Server`: one server of the ensemble.
//!
//! A server looks for a leader, or follows one, or is it. While it looks it serves nobody. A follower and
//! the leader serve clients alike: reads are answered here, from what this server has carried out, and may
//! be a little old; writes go to the leader, which puts them in order. A client's requests are answered in
//! its order, so after its own write a client reads what it wrote.
//!
//! How writes are safe, in the order in which a new leader comes to be (ZooKeeper's Zab):
//!
//! - *Election* (`election`): the servers choose the one with the newest history. Only advice.
//! - *Discovery* (`leading`, `following`): the elected asks for an epoch newer than any that a majority has
//!   promised, and a majority promises, on disk, to follow nobody older. Two majorities share a server, so
//!   whoever led before can commit nothing any more. If one of those who promise has a newer history than
//!   the elected, the elected gives way.
//! - *Synchronisation*: the followers take over the leader's whole history, on disk. Once a majority has it,
//!   it is committed, all of it, and the leader begins to serve.
//! - *Broadcast*: a write is a transaction with a number. The leader proposes it, a follower acknowledges it
//!   when it is on its disk, and it is committed when a majority has it. All carry out committed
//!   transactions in the order of their numbers.
//!
//! A follower's tie to its leader is one connection; when it breaks, both sides know that it is over, and
//! nothing that was said over it counts later. A leader without a majority of followers, and a follower
//! without a leader, look for a leader again and close their clients' connections.
//!
//! Unlike ZooKeeper: a follower always takes over a whole snapshot, never the difference. A leader that
//! meets a server which has promised a newer epoch gives way, so that nobody is locked out. A server that
//! has just been started lets newcomers wait for one tick while its first election goes on, so that a
//! cluster which is started all at once stands at once.
//!
//! Not modelled: observers, dynamic reconfiguration, the four-letter words.

use std::sync::Arc;

use super::client_connections::Clients;
use super::disk::Disk;
use super::election::{Election, Tell};
use super::following::Following;
use super::image::Image;
use super::leading::Leading;
use super::watches::Watches;
use super::{Tree, ZooKeeperConfig};
use crate::fact::Fact;
use crate::model::{Address, ConnectionId, ProcessId, Side, Text};
use crate::process::{Deadline, Input, Instruction, Outbox, Payload, Process};
use crate::protocol::zookeeper::Message;
use crate::protocol::zookeeper_peers::{Notification, PeerMessage, Stance, Vote};
use crate::sorted::SortedMap;
use crate::time::{Instant, Moment};

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: ProcessId,
    /// Every server of the ensemble, this one among them, and where it listens.
    pub servers: Vec<(ProcessId, Address)>,
    pub config: ZooKeeperConfig,
    /// What all servers of the ensemble begin with.
    pub tree: Tree,
}

#[derive(Clone, Debug)]
pub(super) enum Role {
    Looking,
    Following(Box<Following>),
    Leading(Box<Leading>),
}

/// The connection over which this server tells another its votes.
#[derive(Clone, Copy, Debug)]
enum Link {
    Opening(ConnectionId),
    Open(ConnectionId),
}

/// A server that has come to follow this one before it knew that it leads.
#[derive(Clone, Copy, Debug)]
struct Hopeful {
    server: u16,
    accepted_epoch: u32,
}

/// One server of the ensemble.
#[derive(Clone, Debug)]
pub struct Server {
    pub(super) id: u16,
    pub(super) servers: Arc<SortedMap<u16, Address>>,
    pub(super) config: ZooKeeperConfig,
    pub(super) disk: Disk,
    /// What was carried out: committed, and no more. Of use only while the server serves.
    pub(super) image: Image,
    pub(super) role: Role,
    pub(super) election: Election,
    links: SortedMap<u16, Link>,
    /// The connections that other servers have opened to this one.
    peers: SortedMap<ConnectionId, u16>,
    hopefuls: SortedMap<ConnectionId, Hopeful>,
    pub(super) clients: Clients,
    pub(super) watches: Watches,
    /// Until when newcomers may wait for the first election.
    pub(super) patience: Instant,
}

pub(super) fn number(id: ProcessId) -> Option<u16> {
    match id {
        ProcessId::ZooKeeper(number) => Some(number),
        _ => None,
    }
}

pub(super) fn say(connection: ConnectionId, message: PeerMessage, out: &mut Outbox) {
    out.send_zookeeper(connection, Message::Peer(Arc::new(message)));
}

impl Server {
    /// A server with a new disk.
    pub fn new(setup: Setup) -> Server {
        let disk = Disk::new(setup.tree.clone());
        Server::with_disk(setup, disk)
    }

    /// A server that starts again with what its last life left on the disk.
    ///
    /// # Panics
    /// When the server is not one of its ensemble.
    pub fn with_disk(setup: Setup, disk: Disk) -> Server {
        let servers = setup.servers.into_iter();
        let servers: SortedMap<u16, Address> = servers
            .filter_map(|(id, address)| Some((number(id)?, address)))
            .collect();
        let id = number(setup.id).filter(|id| servers.contains_key(id));
        let id = id.expect("a server is one of its ensemble");
        Server {
            id,
            election: Election::new(id, servers.len()),
            servers: Arc::new(servers),
            config: setup.config,
            image: disk.committed_image(),
            disk,
            role: Role::Looking,
            links: SortedMap::new(),
            peers: SortedMap::new(),
            hopefuls: SortedMap::new(),
            clients: Clients::default(),
            watches: Watches::default(),
            patience: Instant::ZERO,
        }
    }

    pub(super) fn process(&self) -> ProcessId {
        ProcessId::ZooKeeper(self.id)
    }

    /// A number for a connection that this server opens.
    pub(super) fn next_connection(&mut self) -> ConnectionId {
        self.disk.connections += 1;
        ConnectionId::client(self.process(), self.disk.connections)
    }

    pub(super) fn stance(&self) -> Stance {
        match self.role {
            Role::Looking => Stance::Looking,
            Role::Following(_) => Stance::Following,
            Role::Leading(_) => Stance::Leading,
        }
    }

    // ---- looking for a leader

    /// Ends what the server was, and looks for a leader.
    pub(super) fn look(&mut self, now: Instant, out: &mut Outbox) {
        match std::mem::replace(&mut self.role, Role::Looking) {
            Role::Looking => {}
            Role::Following(following) => out.close(following.connection),
            Role::Leading(leading) => {
                for connection in leading.learners.keys() {
                    self.hang_up(*connection, out);
                }
            }
        }
        self.turn_clients_away(now, out);
        out.note(Fact::ZooKeeperLooksForLeader);
        let own = Vote {
            standing: self.disk.standing(),
            leader: self.id,
        };
        self.election.begin(now, own);
        self.tell_everybody(out);
        self.conclude(now, out);
    }

    /// Takes up the role that the election gives, once it is over.
    fn conclude(&mut self, now: Instant, out: &mut Outbox) {
        if !matches!(self.role, Role::Looking) {
            return;
        }
        let Some(vote) = self.election.verdict(now) else {
            return;
        };
        self.election.settle(vote);
        let hopefuls = std::mem::take(&mut self.hopefuls);
        if vote.leader != self.id {
            for connection in hopefuls.keys() {
                self.hang_up(*connection, out);
            }
            self.follow(now, vote.leader, out);
            return;
        }
        self.lead(now, out);
        for (connection, hopeful) in hopefuls {
            self.greet(now, connection, hopeful.server, hopeful.accepted_epoch, out);
        }
    }

    fn tell_everybody(&mut self, out: &mut Outbox) {
        let servers = self.servers.clone();
        let me = self.id;
        for server in servers.keys().filter(|server| **server != me) {
            self.tell(*server, out);
        }
    }

    /// Tells another server this one's vote, as soon as there is a connection.
    fn tell(&mut self, server: u16, out: &mut Outbox) {
        match self.links.get(&server) {
            Some(Link::Open(connection)) => {
                let vote = self.election.notification(self.stance());
                say(*connection, PeerMessage::Notification(vote), out);
            }
            Some(Link::Opening(_)) => {}
            None => {
                let connection = self.next_connection();
                self.links.insert(server, Link::Opening(connection));
                out.connect(connection, self.servers[&server].clone());
            }
        }
    }

    fn hear_vote(&mut self, now: Instant, from: u16, heard: Notification, out: &mut Outbox) {
        if !self.servers.contains_key(&heard.vote.leader) {
            return;
        }
        if !matches!(self.role, Role::Looking) {
            if heard.stance == Stance::Looking {
                self.tell(from, out);
            }
            return;
        }
        match self.election.hear(from, heard) {
            Tell::Nobody => {}
            Tell::Sender => self.tell(from, out),
            Tell::Everybody => self.tell_everybody(out),
        }
        self.conclude(now, out);
    }

    // ---- connections

    /// Closes a connection that another server has opened.
    pub(super) fn hang_up(&mut self, connection: ConnectionId, out: &mut Outbox) {
        self.peers.remove(&connection);
        out.close(connection);
    }

    fn opened(&mut self, connection: ConnectionId, from: ProcessId, out: &mut Outbox) {
        if connection.side == Side::Server {
            match number(from).filter(|server| self.servers.contains_key(server)) {
                Some(server) => drop(self.peers.insert(connection, server)),
                None => self.clients.add(connection, from),
            }
            return;
        }
        if self.is_tie(connection) {
            self.tie_opened(out);
            return;
        }
        let mut links = self.links.iter_mut();
        let link = links.find(|(_, link)| matches!(link, Link::Opening(id) if *id == connection));
        if let Some((server, link)) = link {
            let server = *server;
            *link = Link::Open(connection);
            self.tell(server, out);
        }
    }

    fn closed(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        self.peers.remove(&connection);
        self.hopefuls.remove(&connection);
        self.links.retain(
            |_, link| !matches!(link, Link::Opening(id) | Link::Open(id) if *id == connection),
        );
        if self.clients.remove(connection) {
            self.watches.forget(connection);
        }
        if self.is_tie(connection) {
            self.look(now, out);
        } else if let Role::Leading(leading) = &mut self.role {
            leading.learners.remove(&connection);
        }
    }

    fn hear_peer(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: PeerMessage,
        out: &mut Outbox,
    ) {
        if self.is_tie(connection) {
            self.hear_leader(now, message, out);
            return;
        }
        let Some(server) = self.peers.get(&connection).copied() else {
            return;
        };
        match (message, &self.role) {
            (PeerMessage::Notification(heard), _) => self.hear_vote(now, server, heard, out),
            (PeerMessage::FollowerInfo { accepted_epoch }, Role::Looking) => {
                let hopeful = Hopeful {
                    server,
                    accepted_epoch,
                };
                self.hopefuls.insert(connection, hopeful);
            }
            (PeerMessage::FollowerInfo { accepted_epoch }, Role::Leading(_)) => {
                self.greet(now, connection, server, accepted_epoch, out);
            }
            (message, Role::Leading(_)) => self.hear_learner(now, connection, message, out),
            (_, Role::Looking | Role::Following(_)) => self.hang_up(connection, out),
        }
    }

    fn woken(&mut self, now: Instant, out: &mut Outbox) {
        if self.patience <= now && !self.is_serving() {
            self.turn_clients_away(now, out);
        }
        match self.role {
            Role::Looking => {
                if self.election.says_again(now) {
                    self.tell_everybody(out);
                }
                self.conclude(now, out);
            }
            Role::Following(_) => self.follow_on(now, out),
            Role::Leading(_) => self.lead_on(now, out),
        }
    }

    /// True while clients are served.
    pub fn is_serving(&self) -> bool {
        match &self.role {
            Role::Looking => false,
            Role::Following(following) => following.is_serving(),
            Role::Leading(leading) => leading.is_serving(),
        }
    }

    fn timers(&self) -> impl Iterator<Item = (Instant, &'static str)> {
        let looking = matches!(self.role, Role::Looking)
            .then(|| (self.election.next_wakeup(), "says its vote again"));
        let waiting = (self.clients.are_waiting() && !self.is_serving())
            .then_some((self.patience, "turns waiting clients away"));
        let role = match &self.role {
            Role::Looking => Vec::new(),
            Role::Following(following) => vec![following.deadline(&self.config)],
            Role::Leading(leading) => leading.deadlines(&self.config),
        };
        looking.into_iter().chain(waiting).chain(role)
    }
}

impl Process for Server {
    type Disk = Disk;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        let now = at.now;
        match input {
            Input::Booted => {
                out.note(Fact::Started);
                self.patience = now + self.config.tick_time;
                self.look(now, out);
            }
            Input::Woken => self.woken(now, out),
            Input::Opened {
                connection, from, ..
            } => self.opened(connection, from, out),
            Input::Received {
                connection,
                payload,
            } => match payload {
                Payload::ZooKeeper(Message::Peer(message)) => {
                    let message = Arc::unwrap_or_clone(message);
                    self.hear_peer(now, connection, message, out);
                }
                Payload::ZooKeeper(message) => self.hear_client(now, connection, message, out),
                Payload::Kafka(_) => self.drop_client(connection, out),
            },
            Input::Closed { connection } => self.closed(now, connection, out),
            // What is acknowledged is on the disk: there is nothing to be put in order.
            Input::Stopping => out.exit(),
            Input::Told(Instruction::ExpireSession(session)) => self.expire(session, out),
            Input::Told(_) => {}
        }
    }

    fn next_wakeup(&self) -> Option<Instant> {
        self.timers().map(|(at, _)| at).min()
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let deadline = |(at, why): (Instant, &str)| Deadline {
            at,
            why: Text::from(why),
        };
        self.timers().map(deadline).collect()
    }

    fn crash(self) -> Disk {
        self.disk
    }
}
