//! One fetcher: the partitions that this broker copies from one other broker.

use crate::sorted::SortedMap;

use crate::broker::replicas::{Replicas, Slot};
use crate::broker::{Broker, Config, Owner};
use crate::channel::{Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::fetch_session::{FetchSession, Wanted};
use crate::model::{BrokerEpoch, BrokerId, ConnectionId, LeaderEpoch, Offset, ProcessId};
use crate::process::Outbox;
use crate::protocol::ApiKey;
use crate::protocol::api::fetch::{FetchPartition, ReplicaState};
use crate::protocol::api::list_offsets::{
    EARLIEST, LATEST, ListOffsetsPartition, ListOffsetsTopic,
};
use crate::protocol::api::{FetchRequest, ListOffsetsRequest};
use crate::time::{Instant, Moment, earliest};

/// Copies from one leader's broker.
#[derive(Clone, Debug)]
pub struct Fetcher {
    source: BrokerId,
    pub(super) channel: Channel<Asked>,
    pub(super) partitions: SortedMap<Slot, FetchState>,
    /// The connection failed; no other is tried before this.
    pub(super) retry_at: Option<Instant>,
    /// The partition that comes first in the next full fetch, so that a full answer starves nobody.
    first: Slot,
    /// What the leader's broker remembers of this fetcher.
    pub(super) session: FetchSession,
}

/// How one partition fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchState {
    /// The epoch in which its leader leads, as this replica was told.
    pub leader_epoch: LeaderEpoch,
    pub progress: Progress,
}

/// What a partition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Part of every fetch.
    Fetching,
    /// After an error: left out of fetches until then.
    Delayed(Instant),
    /// Its end is not in the leader's log: asks where that ends.
    AskingForEnd,
    /// The leader's log ends behind its own: asks where that begins.
    AskingForStart,
    /// The leader refuses its epoch: waits for the controller to say more.
    Fenced,
}

/// What a request of a fetcher asked for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Records(Vec<AskedPartition>),
    End(Slot, LeaderEpoch),
    Start(Slot, LeaderEpoch),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AskedPartition {
    pub(super) slot: Slot,
    pub(super) epoch: LeaderEpoch,
    pub(super) offset: Offset,
}

impl Fetcher {
    fn new(id: BrokerId, source: BrokerId) -> Fetcher {
        let name = format!("broker-{id}-fetcher-0");
        Fetcher {
            source,
            channel: Channel::new(Some(name.into()), Negotiation::Known),
            partitions: SortedMap::new(),
            retry_at: None,
            first: Slot::FIRST,
            session: FetchSession::default(),
        }
    }

    /// The broker that it copies from.
    pub fn source(&self) -> BrokerId {
        self.source
    }

    pub fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection()
    }

    /// How far the connection has come.
    pub fn state(&self) -> State {
        self.channel.state()
    }

    pub(in crate::broker) fn states(&self) -> impl Iterator<Item = (Slot, FetchState)> {
        self.partitions.iter().map(|(slot, state)| (*slot, *state))
    }

    pub(in crate::broker) fn next_wakeup(&self) -> Option<Instant> {
        let reconnect = match self.channel.state() {
            State::Closed => self.retry_at,
            _ => None,
        };
        let idle = self.channel.is_ready() && self.channel.in_flight().len() == 0;
        let delayed = match idle {
            true => self.partitions.values().filter_map(FetchState::delay).min(),
            false => None,
        };
        earliest([reconnect, self.channel.next_timeout(), delayed])
    }

    /// Ends the delays that are over.
    fn resume(&mut self, now: Instant) {
        for state in self.partitions.values_mut() {
            if state.delay().is_some_and(|until| until <= now) {
                state.progress = Progress::Fetching;
            }
        }
    }

    /// The next fetch, unless no partition is ready for one.
    fn next_fetch(
        &mut self,
        replicas: &Replicas,
        broker: (BrokerId, BrokerEpoch),
        config: &Config,
    ) -> Option<(FetchRequest, Vec<AskedPartition>)> {
        let ready: Vec<(Slot, LeaderEpoch)> = self
            .states()
            .filter(|(_, state)| state.progress == Progress::Fetching)
            .map(|(slot, state)| (slot, state.leader_epoch))
            .collect();
        let turn = ready.partition_point(|(slot, _)| *slot < self.first);
        let (before, after) = ready.split_at(turn);
        let mut in_turn = after.iter().chain(before);
        let mut wanted = Vec::with_capacity(ready.len());
        let mut asked = Vec::with_capacity(ready.len());
        for (slot, epoch) in in_turn.clone() {
            let replica = replicas.get(*slot);
            let partition = FetchPartition {
                partition: replica.name().partition,
                current_leader_epoch: epoch.0,
                fetch_offset: replica.log_end().0,
                last_fetched_epoch: replica.last_fetched_epoch().0,
                log_start_offset: replica.log_start().0,
                partition_max_bytes: config.replica_fetch_max_bytes.cast_signed(),
            };
            asked.push(AskedPartition {
                slot: *slot,
                epoch: *epoch,
                offset: replica.log_end(),
            });
            wanted.push(Wanted {
                topic: replica.name().topic.0.clone(),
                topic_id: replica.topic_id(),
                partition,
            });
        }
        self.first = in_turn.nth(1).map_or(Slot::FIRST, |(slot, _)| *slot);
        if asked.is_empty() {
            return None;
        }
        let mut request = FetchRequest {
            replica_state: ReplicaState {
                replica_id: broker.0.0,
                replica_epoch: broker.1.0,
            },
            max_wait_ms: config.replica_fetch_wait_max.as_millis_i32(),
            min_bytes: config.replica_fetch_min_bytes.cast_signed(),
            max_bytes: config.replica_fetch_response_max_bytes.cast_signed(),
            ..FetchRequest::default()
        };
        self.session.ask(wanted, true, &mut request);
        Some((request, asked))
    }

    /// A partition that must know more about its leader's log before it can go on.
    fn next_question(&self) -> Option<(Slot, FetchState)> {
        self.states().find(|(_, state)| {
            matches!(
                state.progress,
                Progress::AskingForEnd | Progress::AskingForStart
            )
        })
    }
}

impl FetchState {
    /// Until when the partition is left out of fetches.
    pub fn delay(&self) -> Option<Instant> {
        match self.progress {
            Progress::Delayed(until) => Some(until),
            _ => None,
        }
    }
}

impl Broker {
    /// From now on this replica is copied from `leader`.
    pub(in crate::broker) fn start_fetching(
        &mut self,
        slot: Slot,
        leader: BrokerId,
        leader_epoch: LeaderEpoch,
    ) {
        let id = self.id;
        let fetcher = self.fetchers.entry(leader);
        let fetcher = fetcher.or_insert_with(|| Fetcher::new(id, leader));
        let state = FetchState {
            leader_epoch,
            progress: Progress::Fetching,
        };
        fetcher.partitions.insert(slot, state);
    }

    /// From now on this replica is copied from nobody.
    pub(in crate::broker) fn stop_fetching(&mut self, slot: Slot) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.partitions.remove(&slot);
        }
    }

    /// Lets every fetcher do what it can do now; one that has nothing to copy any more goes.
    pub(in crate::broker) fn run_fetchers(&mut self, at: Moment, out: &mut Outbox) {
        let sources: Vec<BrokerId> = self.fetchers.keys().copied().collect();
        for source in sources {
            self.run_fetcher(at, source, out);
        }
    }

    pub(super) fn run_fetcher(&mut self, at: Moment, source: BrokerId, out: &mut Outbox) {
        let Some(fetcher) = self.fetchers.get_mut(&source) else {
            return;
        };
        if fetcher.partitions.is_empty() {
            fetcher.channel.close(CloseReason::Done, out);
            self.fetchers.remove(&source);
            return;
        }
        match fetcher.channel.state() {
            State::Closed if fetcher.retry_at.is_none_or(|retry| retry <= at.now) => {
                self.connect_fetcher(at, source, out);
            }
            State::Ready if fetcher.channel.in_flight().len() == 0 => {
                fetcher.resume(at.now);
                self.fetch_from(at, source, out);
            }
            _ => {}
        }
    }

    fn connect_fetcher(&mut self, at: Moment, source: BrokerId, out: &mut Outbox) {
        let timeout = self.config.replica_socket_timeout;
        let backoff = self.config.replica_fetch_backoff;
        let address = self.metadata.brokers().get(&source).cloned();
        let serial = match address {
            Some(_) => self.own_connection(Owner::Fetcher(source)),
            None => 0,
        };
        let Some(fetcher) = self.fetchers.get_mut(&source) else {
            return;
        };
        fetcher.retry_at = Some(at.now + backoff);
        if let Some(address) = address {
            let opener = ProcessId::from(self.id);
            let channel = &mut fetcher.channel;
            channel.connect(at.now, opener, serial, address, timeout, out);
        }
    }

    fn fetch_from(&mut self, at: Moment, source: BrokerId, out: &mut Outbox) {
        let timeout = self.config.replica_socket_timeout;
        let Some(fetcher) = self.fetchers.get_mut(&source) else {
            return;
        };
        if let Some((slot, state)) = fetcher.next_question() {
            let replica = self.replicas.get(slot);
            let for_end = state.progress == Progress::AskingForEnd;
            let request = ListOffsetsRequest {
                replica_id: self.id.0,
                topics: vec![ListOffsetsTopic {
                    name: replica.name().topic.0.clone(),
                    partitions: vec![ListOffsetsPartition {
                        partition_index: replica.name().partition,
                        current_leader_epoch: state.leader_epoch.0,
                        timestamp: if for_end { LATEST } else { EARLIEST },
                        ..ListOffsetsPartition::default()
                    }],
                }],
                ..ListOffsetsRequest::default()
            };
            let tag = match for_end {
                true => Asked::End(slot, state.leader_epoch),
                false => Asked::Start(slot, state.leader_epoch),
            };
            let version = ApiKey::ListOffsets.newest();
            let channel = &mut fetcher.channel;
            channel.send(at.now, &request, version, tag, timeout, out);
            return;
        }
        let broker = (self.id, self.epoch);
        let next = fetcher.next_fetch(&self.replicas, broker, &self.config);
        if let Some((request, asked)) = next {
            let version = ApiKey::Fetch.newest();
            let tag = Asked::Records(asked);
            let channel = &mut fetcher.channel;
            channel.send(at.now, &request, version, tag, timeout, out);
        }
    }
}
