//! The consumer: from a position to records.
//!
//! An application calls `poll()` in a loop. The consumer knows for each of its partitions the *position*:
//! the offset of the next record to return. It fetches ahead of the application, keeps what was fetched in
//! a [`buffer`] and returns up to `max.poll.records` of it with each `poll()`. The position moves when
//! records are returned, not when they are fetched.
//!
//! An application that can take no more of some partitions pauses them: they keep their positions and what was fetched
//! of them, and nothing is fetched or returned until they are resumed. Heartbeats and commits go on.
//!
//! Which partitions it reads it is told (`assign`), or it subscribes to topics and shares their partitions
//! with the other members of its group (`group.id`). A group remembers positions, as often as they are
//! committed; without one nothing is remembered, and a new consumer begins where `auto.offset.reset` says.
//!
//! - [`subscription`]: the partitions, and where the consumer stands in each;
//! - [`offsets`]: finds a position, and validates it when the leader changes;
//! - [`fetcher`]: asks leaders for records;
//! - [`buffer`]: what was fetched and not yet returned;
//! - [`membership`]: joins the group and stays in it; [`assignor`]: who reads what;
//! - [`committing`], [`committed`]: what the group remembers;
//! - `instructed`: what it is told to do; `hearing`: which part an answer goes to;
//! - `application`: the loop around `poll()`, and `close()`; `waiting`: what all this waits for;
//! - `view`: looking at a consumer from outside.
//!
//! What holds: of a partition, records are returned in the order of their offsets, each once, none left
//! out, from one position on; only a seek, a reset, a log that was cut or another assignment breaks this,
//! and each is a fact.
//!
//! As in Kafka, requests go out only while the application is inside `poll()`, except for heartbeats. A
//! `poll()` here waits as long as it takes for the first record. Not modelled: hiding the records of
//! aborted transactions, reading from followers.

mod application;
pub mod assignor;
pub mod buffer;
pub mod committed;
pub mod committing;
pub mod fetcher;
mod hearing;
mod instructed;
pub mod membership;
pub mod offsets;
pub mod subscription;
mod view;
mod waiting;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::application::{Application, Closing, Taken};
use self::committing::{Commit, Commits};
use self::fetcher::Fetching;
use self::membership::{Coordinator, Generation, Membership};
pub use self::view::{Delivered, Doing, PartitionView};

use self::subscription::{End, Subscription};
use super::Remains;
use super::backoff::Backoff;
use super::config::ConsumerConfig;
use super::network::Network;
use crate::fact::Fact;
use crate::fetch_session::FetchSession;
use crate::model::{Address, BrokerId, LeaderEpoch, Offset, ProcessId, Text, TopicPartition};
use crate::process::{Deadline, Input, Outbox, Process};
use crate::protocol::records::Batch;
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant, Moment};

/// How many of the last returned records are kept for those who draw them.
pub const RECORDS_SHOWN: usize = 16;

/// How many bytes of a key or value are kept for those who draw them.
const BYTES_SHOWN: usize = 64;

/// What a consumer is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: ProcessId,
    /// `client.id`: the name that brokers see.
    pub client_id: Text,
    /// `bootstrap.servers`: whom to ask first.
    pub bootstrap: Vec<Address>,
    pub config: ConsumerConfig,
    pub rng: Rng,
    /// Whether it takes what was fetched for what was returned when it commits, as never unless a bug is planted.
    pub commits_fetched: bool,
}

/// A request in flight.
#[derive(Clone, Debug)]
pub enum Call {
    Fetch(Vec<Fetching>),
    Ends(Vec<(TopicPartition, End)>),
    Epochs(Vec<(TopicPartition, LeaderEpoch)>),
    FindCoordinator,
    Join,
    Sync(Generation),
    Heartbeat(Generation),
    Leave,
    Commit(Commit),
    Committed(Vec<TopicPartition>),
}

/// What the parts of a consumer work with during one input.
pub struct Turn<'a> {
    pub at: Moment,
    pub config: &'a ConsumerConfig,
    pub network: &'a mut Network<Call>,
    pub sessions: &'a mut SortedMap<BrokerId, FetchSession>,
    pub rng: &'a mut Rng,
    pub out: &'a mut Outbox,
}

impl Turn<'_> {
    /// How long to pause after so many failures in a row (`retry.backoff.ms`, `retry.backoff.max.ms`).
    pub fn pause_after(&mut self, failures: u32) -> Duration {
        let config = self.config.network();
        let backoff = Backoff {
            first: config.retry_backoff,
            most: config.retry_backoff_max,
        };
        backoff.after(failures, self.rng)
    }
}

/// A consumer and the application that uses it.
#[derive(Clone, Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    network: Network<Call>,
    /// What each broker remembers of its fetches.
    sessions: SortedMap<BrokerId, FetchSession>,
    subscription: Subscription,
    membership: Membership,
    coordinator: Coordinator,
    commits: Commits,
    rng: Rng,
    application: Application,
    /// What it works on.
    taken: VecDeque<Taken>,
    /// Set once it has been asked to end.
    closing: Option<Closing>,
    /// The metadata that positions were last compared with.
    observed: u64,
    consumed: u64,
    returned: VecDeque<Returned>,
    wake_at: Option<Instant>,
}

/// The parts of a consumer that work together in a turn.
struct Parts<'a> {
    subscription: &'a mut Subscription,
    membership: &'a mut Membership,
    coordinator: &'a mut Coordinator,
    commits: &'a mut Commits,
}

/// Some of what `poll()` returned: the part of a batch between two offsets.
#[derive(Clone, Debug)]
struct Returned {
    partition: TopicPartition,
    batch: Batch,
    from: Offset,
    to: Offset,
}

impl Consumer {
    pub fn new(setup: Setup) -> Consumer {
        Consumer::restarted(setup, Remains::default())
    }

    /// A consumer on a host where an earlier one died.
    pub fn restarted(setup: Setup, remains: Remains) -> Consumer {
        let network = setup.config.network();
        let network = Network::new(setup.id, setup.client_id, setup.bootstrap, network);
        Consumer {
            network: network.with_opened(remains.opened),
            config: setup.config,
            sessions: SortedMap::new(),
            subscription: Subscription::new(setup.commits_fetched),
            membership: Membership::default(),
            coordinator: Coordinator::default(),
            commits: Commits::default(),
            rng: setup.rng,
            application: Application::default(),
            taken: VecDeque::new(),
            closing: None,
            observed: 0,
            consumed: 0,
            returned: VecDeque::new(),
            wake_at: None,
        }
    }

    // ---- the application's loop

    fn turn(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        let mut events = Vec::new();
        let (network, rng) = (&mut self.network, &mut self.rng);
        network.begin_turn();
        network.handle(at.now, input, rng, &mut events, out);
        network.expire(at.now, rng, &mut events, out);
        loop {
            self.hear_all(at, &mut events, out);
            if self.config.has_group() {
                let working_since = self.application.working_since();
                let (parts, mut turn) = self.parts(at, out);
                let (membership, coordinator) = (parts.membership, parts.coordinator);
                membership::heartbeat::beat(membership, coordinator, working_since, &mut turn);
                parts.commits.drive(coordinator, membership, &mut turn);
            }
            self.work(at, out);
            for peer in self.coordinator.take_given_up() {
                let (network, rng) = (&mut self.network, &mut self.rng);
                network.abandon(at.now, peer, rng, &mut events, out);
            }
            // What was asked of a coordinator that was given up is lost, and others may be asked now.
            if events.is_empty() {
                break;
            }
        }
        self.network.refresh_metadata(at.now, &mut self.rng, out);
    }

    fn parts<'a>(&'a mut self, at: Moment, out: &'a mut Outbox) -> (Parts<'a>, Turn<'a>) {
        let parts = Parts {
            subscription: &mut self.subscription,
            membership: &mut self.membership,
            coordinator: &mut self.coordinator,
            commits: &mut self.commits,
        };
        let turn = Turn {
            at,
            config: &self.config,
            network: &mut self.network,
            sessions: &mut self.sessions,
            rng: &mut self.rng,
            out,
        };
        (parts, turn)
    }

    /// Compares positions with the metadata, if there is news.
    fn observe(&mut self) {
        let metadata = self.network.metadata();
        if metadata.version() != self.observed {
            self.observed = metadata.version();
            self.subscription.observe(metadata);
        }
    }

    /// Keeps some of what was returned for those who draw it.
    fn remember(&mut self, returned: Returned) {
        if self.returned.len() == RECORDS_SHOWN {
            self.returned.pop_front();
        }
        self.returned.push_back(returned);
    }
}

impl Process for Consumer {
    type Disk = Remains;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match input {
            Input::Booted => {
                out.note(Fact::Started);
                self.network.metadata_mut().request_update();
                if self.is_subscribed() {
                    self.subscribe();
                }
                self.turn(at, Input::Woken, out);
            }
            Input::Told(instruction) => {
                self.told(at, instruction, out);
                self.turn(at, Input::Woken, out);
            }
            Input::Stopping if !self.config.has_group() => out.exit(),
            Input::Stopping => {
                self.closing = self.closing.or(Some(Closing::Asked));
                self.turn(at, Input::Woken, out);
            }
            other => self.turn(at, other, out),
        }
        self.wake_at = self.find_wakeup(at.now);
    }

    fn next_wakeup(&self) -> Option<Instant> {
        self.wake_at
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.all_deadlines()
    }

    fn crash(self) -> Remains {
        Remains {
            opened: self.network.opened(),
        }
    }
}
