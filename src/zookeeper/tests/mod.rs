//! An ensemble on a table, with clients at the other end of a few connections.
//!
//! The bench carries messages with one fixed latency, in order, can hold a link, and can kill a server and
//! start it again from its disk. It is no world: no journal, no plan. After every input it looks at every
//! server that serves, and what it sees must hold whatever the test is about: see [`Bench::look`].
//!
//! [`writing`] has reads and writes, [`watching`] what clients are told, [`sessions`] and [`elections`] what they are
//! named for, [`promises`] one server by itself, [`chance`] servers that die at random.

mod chance;
mod elections;
mod promises;
mod sessions;
mod watching;
mod writing;

use std::collections::BTreeMap;

use bytes::Bytes;

use super::client::{Client, Happened, State};
use super::image::Image;
use super::{Disk, Server, Setup, Tree, ZooKeeperConfig, address};
use crate::fact::Fact;
use crate::model::*;
use crate::process::{Effect, Input, Outbox, Payload, Process, Serials};
use crate::protocol::zookeeper::*;
use crate::rng::{Rng, Seed};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant, Moment, Timestamp};

pub const LATENCY: Duration = Duration::from_millis(1);
pub const TIMEOUT: Duration = Duration::from_secs(18);

/// A client and what it was told.
pub struct App {
    pub client: Client<u32>,
    serial: u32,
    next_tag: u32,
    pub happened: Vec<(Instant, Happened<u32>)>,
}

/// Something on its way to somebody.
struct Delivery {
    from: ProcessId,
    to: ProcessId,
    input: Input,
}

/// An ensemble, clients, and the wires between them.
pub struct Bench {
    pub now: Instant,
    pub servers: SortedMap<ProcessId, Server>,
    disks: SortedMap<ProcessId, Disk>,
    size: u16,
    pub apps: SortedMap<ProcessId, App>,
    queue: BTreeMap<(Instant, u64), Delivery>,
    sent: u64,
    held: SortedSet<(ProcessId, ProcessId)>,
    stuck: Vec<Delivery>,
    /// Who listens at the other end, by opener and number.
    listeners: SortedMap<(ProcessId, u32), ProcessId>,
    /// Ends that hear nothing more.
    closed: SortedSet<ConnectionId>,
    pub facts: Vec<(Instant, ProcessId, Fact)>,
    /// What servers have carried out, by the last transaction.
    images: SortedMap<Zxid, Image>,
    /// Who has led in which epoch.
    leaders: SortedMap<u32, ProcessId>,
}

pub fn zk(number: u16) -> ProcessId {
    ProcessId::ZooKeeper(number)
}

pub fn b(number: u16) -> ProcessId {
    ProcessId::Broker(number)
}

pub fn create(path: &str, mode: CreateMode) -> Operation {
    Operation::Create {
        path: path.into(),
        data: Bytes::new(),
        mode,
    }
}

pub fn set(path: &str, data: &str, version: i32) -> Operation {
    Operation::SetData {
        path: path.into(),
        data: Bytes::copy_from_slice(data.as_bytes()),
        version,
    }
}

pub fn get(path: &str, watch: Watch) -> Operation {
    Operation::GetData {
        path: path.into(),
        watch,
    }
}

/// The data that a read answered, as text.
pub fn text(outcome: &Outcome) -> String {
    match outcome {
        Ok(Answer::Data { data, .. }) => String::from_utf8_lossy(data).into_owned(),
        other => format!("{other:?}"),
    }
}

fn setup(size: u16, id: ProcessId) -> Setup {
    let mut tree = Tree::new();
    tree.plant("/counter", Bytes::from_static(b"0"));
    tree.plant("/ids", Bytes::new());
    Setup {
        id,
        servers: (1..=size).map(|n| (zk(n), address(n))).collect(),
        config: ZooKeeperConfig::default(),
        tree,
    }
}

impl Bench {
    /// An ensemble that is about to boot.
    pub fn cold(size: u16) -> Bench {
        Bench {
            now: Instant::ZERO,
            servers: SortedMap::new(),
            disks: (1..=size)
                .map(|n| (zk(n), Disk::new(setup(size, zk(n)).tree)))
                .collect(),
            size,
            apps: SortedMap::new(),
            queue: BTreeMap::new(),
            sent: 0,
            held: SortedSet::new(),
            stuck: Vec::new(),
            listeners: SortedMap::new(),
            closed: SortedSet::new(),
            facts: Vec::new(),
            images: SortedMap::new(),
            leaders: SortedMap::new(),
        }
    }

    /// An ensemble that serves.
    pub fn new(size: u16) -> Bench {
        let mut bench = Bench::cold(size);
        (1..=size).for_each(|n| bench.start(zk(n)));
        bench.run_ms(50);
        bench
    }

    // ---- servers

    pub fn start(&mut self, id: ProcessId) {
        let disk = self.disks.remove(&id).expect("a server that does not run");
        let server = Server::with_disk(setup(self.size, id), disk);
        self.servers.insert(id, server);
        self.give(id, Input::Booted);
    }

    pub fn kill(&mut self, id: ProcessId) {
        let server = self.servers.remove(&id).expect("a server that runs");
        self.disks.insert(id, server.crash());
        self.cut_all(id);
    }

    /// Every connection of a process that is no more ends.
    fn cut_all(&mut self, id: ProcessId) {
        let ends = self.listeners.iter();
        let ends: Vec<_> = ends.map(|((opener, n), to)| (*opener, *n, *to)).collect();
        for (opener, serial, listener) in ends {
            let connection = ConnectionId::client(opener, serial);
            if opener == id {
                self.close(id, connection);
            } else if listener == id {
                self.close(id, connection.other_end());
            }
        }
    }

    pub fn server(&self, n: u16) -> &Server {
        &self.servers[&zk(n)]
    }

    pub fn leader(&self) -> Option<ProcessId> {
        let leaders = self.servers.values().filter(|server| server.is_leader());
        leaders.max_by_key(|server| server.epoch()).map(Server::id)
    }

    // ---- clients

    /// A client that knows these servers only.
    pub fn client(&mut self, n: u16, servers: &[ProcessId]) -> ProcessId {
        let addresses = servers.iter().map(|id| match id {
            ProcessId::ZooKeeper(n) => address(*n),
            _ => unreachable!("clients go to servers"),
        });
        let rng = Rng::new(Seed(1), b(n).stream());
        let client = Client::new(b(n), addresses.collect(), TIMEOUT, rng);
        let app = App {
            client,
            serial: 0,
            next_tag: 1,
            happened: Vec::new(),
        };
        self.apps.insert(b(n), app);
        self.with(b(n), |client, now, serials, out| {
            client.start(now, serials, out);
            Vec::new()
        });
        b(n)
    }

    /// A client that is connected to the first of two servers that it knows.
    pub fn client_at(&mut self, at: ProcessId, other: ProcessId) -> ProcessId {
        for n in 1..=8 {
            let client = self.client(n, &[at, other]);
            self.run_ms(10);
            if self.servers[&at]
                .clients()
                .any(|(_, open)| open.owner == client)
            {
                return client;
            }
            self.close_client(client);
            self.run_ms(10);
        }
        panic!("one of eight clients tries either server first");
    }

    fn with(
        &mut self,
        id: ProcessId,
        act: impl FnOnce(&mut Client<u32>, Instant, &mut Serials<'_>, &mut Outbox) -> Vec<Happened<u32>>,
    ) {
        let mut out = Outbox::default();
        let app = self.apps.get_mut(&id).expect("a client");
        let mut serials = Serials(&mut app.serial);
        let happened = act(&mut app.client, self.now, &mut serials, &mut out);
        let now = self.now;
        app.happened
            .extend(happened.into_iter().map(|what| (now, what)));
        self.carry_all(id, &mut out);
    }

    pub fn ask(&mut self, id: ProcessId, operation: Operation) -> u32 {
        let app = self.apps.get_mut(&id).expect("a client");
        let tag = app.next_tag;
        app.next_tag += 1;
        self.with(id, |client, now, _, out| {
            client.request(now, operation, tag, out);
            Vec::new()
        });
        tag
    }

    /// Asks, and waits as long as a write takes.
    pub fn answer(&mut self, id: ProcessId, operation: Operation) -> Outcome {
        let tag = self.ask(id, operation);
        self.run_ms(10);
        self.outcome(id, tag).expect("an answer in time")
    }

    pub fn outcome(&self, id: ProcessId, tag: u32) -> Option<Outcome> {
        let mut happened = self.apps[&id].happened.iter();
        happened.find_map(|(_, what)| match what {
            Happened::Answered { tag: t, outcome } if *t == tag => Some(outcome.clone()),
            _ => None,
        })
    }

    /// Ends a client as if its process had been killed.
    pub fn kill_client(&mut self, id: ProcessId) {
        self.apps.remove(&id);
        self.cut_all(id);
    }

    pub fn close_client(&mut self, id: ProcessId) {
        self.with(id, |client, now, _, out| {
            client.close(now, out);
            Vec::new()
        });
    }

    pub fn session(&self, id: ProcessId) -> SessionId {
        self.apps[&id].client.session().expect("a session")
    }

    pub fn state(&self, id: ProcessId) -> State {
        self.apps[&id].client.state()
    }

    pub fn fired(&self, id: ProcessId) -> Vec<WatchEvent> {
        let happened = self.apps[&id].happened.iter();
        happened
            .filter_map(|(_, what)| match what {
                Happened::Fired(event) => Some(event.clone()),
                _ => None,
            })
            .collect()
    }

    pub fn noted(&self, matches: impl Fn(&Fact) -> bool) -> Vec<Instant> {
        let facts = self.facts.iter();
        facts
            .filter(|(_, _, fact)| matches(fact))
            .map(|(at, _, _)| *at)
            .collect()
    }

    // ---- the wires

    fn give(&mut self, to: ProcessId, input: Input) {
        if self.apps.contains_key(&to) {
            return self.give_client(to, input);
        }
        let at = Moment {
            now: self.now,
            wall: Timestamp(0),
        };
        let mut out = Outbox::default();
        let Some(server) = self.servers.get_mut(&to) else {
            if let Input::Opened { connection, .. } = input {
                self.close(to, connection);
            }
            return;
        };
        server.handle(at, input, &mut out);
        self.carry_all(to, &mut out);
        self.look(to);
    }

    fn give_client(&mut self, to: ProcessId, input: Input) {
        self.with(to, |client, now, serials, out| match input {
            Input::Woken => client.woken(now, serials, out),
            Input::Opened { connection, .. } => {
                client.opened(now, connection, out);
                Vec::new()
            }
            Input::Received {
                connection,
                payload: Payload::ZooKeeper(message),
            } => client.received(now, connection, message, serials, out),
            Input::Closed { connection } => client.closed(now, connection, serials, out),
            _ => Vec::new(),
        });
    }

    /// What must hold of every server that serves.
    fn look(&mut self, id: ProcessId) {
        let server = &self.servers[&id];
        if !server.is_serving() {
            return;
        }
        if server.is_leader() {
            let leads = *self.leaders.entry(server.epoch()).or_insert(id);
            assert_eq!(leads, id, "an epoch has one leader");
        }
        let image = &server.image;
        let known = self.images.entry(image.zxid());
        let known = known.or_insert_with(|| image.clone());
        assert!(
            known == image,
            "all servers carry out the same transactions in the same order"
        );
        for session in image.tree().owners() {
            let lives = image.session(session).is_some();
            assert!(lives, "an ephemeral znode goes with its session");
        }
    }

    fn carry_all(&mut self, from: ProcessId, out: &mut Outbox) {
        let effects: Vec<Effect> = out.drain().collect();
        for effect in effects {
            match effect {
                Effect::Wrote | Effect::Exit => {}
                Effect::Note(fact) => self.facts.push((self.now, from, fact)),
                Effect::Connect { connection, to } => self.connect(from, connection, &to),
                Effect::Send {
                    connection,
                    payload,
                } => {
                    let input = Input::Received {
                        connection: connection.other_end(),
                        payload,
                    };
                    self.send(from, connection, input);
                }
                Effect::Close { connection } => self.close(from, connection),
            }
        }
    }

    fn connect(&mut self, from: ProcessId, connection: ConnectionId, to: &Address) {
        let to = (1..=self.size).find(|n| address(*n) == *to).map(zk);
        let to = to.expect("only servers are called");
        let key = (from, connection.serial);
        let reused = self.listeners.insert(key, to).is_some();
        assert!(!reused, "a connection's number is never used again");
        let opened = |connection, from| Input::Opened {
            connection,
            from,
            host: None,
        };
        self.post(from, to, opened(connection.other_end(), from));
        self.post(to, from, opened(connection, to));
    }

    fn other_end(&self, connection: ConnectionId) -> ProcessId {
        match connection.side {
            Side::Client => self.listeners[&(connection.opener, connection.serial)],
            Side::Server => connection.opener,
        }
    }

    fn send(&mut self, from: ProcessId, end: ConnectionId, input: Input) {
        if !self.closed.contains(&end) {
            self.post(from, self.other_end(end), input);
        }
    }

    fn close(&mut self, from: ProcessId, end: ConnectionId) {
        let connection = end.other_end();
        self.send(from, end, Input::Closed { connection });
        self.closed.insert(end);
    }

    fn post(&mut self, from: ProcessId, to: ProcessId, input: Input) {
        let delivery = Delivery { from, to, input };
        if self.held.contains(&(from, to)) {
            return self.stuck.push(delivery);
        }
        self.sent += 1;
        self.queue.insert((self.now + LATENCY, self.sent), delivery);
    }

    fn deliver(&mut self, delivery: Delivery) {
        let Delivery { to, input, .. } = delivery;
        let connection = match &input {
            Input::Opened { connection, .. }
            | Input::Received { connection, .. }
            | Input::Closed { connection } => *connection,
            _ => unreachable!("only connections bring something"),
        };
        if self.closed.contains(&connection) {
            return;
        }
        if matches!(input, Input::Closed { .. }) {
            self.closed.insert(connection);
        }
        self.give(to, input);
    }

    /// Nothing gets from one to the other until it is released.
    pub fn hold(&mut self, from: ProcessId, to: ProcessId) {
        self.held.insert((from, to));
    }

    pub fn release_all(&mut self) {
        self.held.clear();
        for delivery in std::mem::take(&mut self.stuck) {
            self.post(delivery.from, delivery.to, delivery.input);
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..1_000_000 {
            let due = self.queue.first_key_value().map(|(at, _)| at.0);
            let servers = self.servers.iter();
            let servers = servers.filter_map(|(id, server)| Some((server.next_wakeup()?, *id)));
            let apps = self.apps.iter();
            let apps = apps.filter_map(|(id, app)| Some((app.client.next_wakeup()?, *id)));
            let wakeup = servers.chain(apps).min();
            let next = due.into_iter().chain(wakeup.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            match wakeup {
                Some((at, id)) if due.is_none_or(|due| at < due) => self.give(id, Input::Woken),
                _ => {
                    let (_, delivery) = self.queue.pop_first().expect("something is due");
                    self.deliver(delivery);
                }
            }
        }
        panic!("time does not pass");
    }

    pub fn run_ms(&mut self, millis: u64) {
        self.run(Duration::from_millis(millis));
    }

    pub fn run_secs(&mut self, secs: u64) {
        self.run(Duration::from_secs(secs));
    }
}
