//! Looking at a broker from outside: for pictures, inspectors, invariants and the audit.
//!
//! Nothing here changes anything, and nothing that runs needs it.

use super::metadata::Image;
use super::purgatory::Parked;
use super::replication::{FetchState, Fetcher};
use super::{Broker, Config, Connection, Partition, Registration, Timer};
use crate::controller::Controller;
use crate::group::Coordinator;
use crate::log::Log;
use crate::model::{
    Address, BrokerEpoch, BrokerId, ConnectionId, ControllerEpoch, TopicId, TopicPartition,
};
use crate::process::Deadline;
use crate::protocol::zookeeper::SessionId;
use crate::sorted::sort_by_key;
use crate::time::Instant;

/// What one fetcher does for one partition.
#[derive(Clone, Copy, Debug)]
pub struct FetchView<'a> {
    pub partition: &'a TopicPartition,
    pub source: BrokerId,
    pub state: FetchState,
}

impl Broker {
    pub fn id(&self) -> BrokerId {
        self.id
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// This life of the broker.
    pub fn epoch(&self) -> BrokerEpoch {
        self.epoch
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The replicas here, by name.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &Partition)> {
        let replicas = self.replicas.iter();
        replicas.map(|(name, slot)| (name, self.replicas.get(slot)))
    }

    /// One replica.
    pub fn partition(&self, name: &TopicPartition) -> Option<&Partition> {
        self.replicas.find(name)
    }

    /// The topic to which its log of a partition belongs, whether the replica is open or not.
    pub fn topic_of(&self, name: &TopicPartition) -> Option<TopicId> {
        let open = self.partition(name).map(Partition::topic_id);
        open.or_else(|| self.disk.topic_of(name))
    }

    /// What lies on its disk of a replica that the controller has not told it to open yet.
    pub fn unopened(&self, name: &TopicPartition) -> Option<&Log> {
        self.disk.log(name)
    }

    /// What it knows of the cluster.
    pub fn metadata(&self) -> &Image {
        &self.metadata
    }

    /// The controller, if it is hosted here.
    pub fn controller(&self) -> Option<&Controller> {
        self.controller.as_deref()
    }

    /// How far its registration in ZooKeeper has come.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// Whether it works on requests.
    pub fn is_serving(&self) -> bool {
        self.serving
    }

    /// Its session with ZooKeeper, as far as it knows.
    pub fn session(&self) -> Option<SessionId> {
        self.zookeeper.session()
    }

    /// Whether a ZooKeeper server hears it.
    pub fn is_connected_to_zookeeper(&self) -> bool {
        self.zookeeper.state() == crate::zookeeper::client::State::Connected
    }

    /// When its session runs out if no server hears it any more, as far as it knows.
    pub fn session_runs_out(&self) -> Option<Instant> {
        self.zookeeper.session_runs_out()
    }

    /// Who is controller, as it last read in ZooKeeper.
    pub fn known_controller(&self) -> Option<BrokerId> {
        self.candidacy.active()
    }

    /// The newest controller that it has obeyed.
    pub fn controller_epoch(&self) -> ControllerEpoch {
        self.controller_epoch
    }

    /// The connections that others have opened to it.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = (ConnectionId, &Connection)> {
        self.connections.iter()
    }

    /// One of them.
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(id)
    }

    /// The requests that wait, oldest first.
    pub fn parked(&self) -> impl ExactSizeIterator<Item = &Parked> {
        self.purgatory.iter()
    }

    /// The coordinator of the groups that are kept here.
    pub fn coordinator(&self) -> &Coordinator {
        &self.groups.coordinator
    }

    /// How many fetch sessions it remembers.
    pub fn fetch_sessions(&self) -> usize {
        self.fetch_sessions.len()
    }

    /// Its fetchers, by the broker that they copy from.
    pub fn fetchers(&self) -> impl Iterator<Item = &Fetcher> {
        self.fetchers.values()
    }

    /// What its fetchers do, partition by partition.
    pub fn fetches(&self) -> impl Iterator<Item = FetchView<'_>> {
        self.fetchers.values().flat_map(|fetcher| {
            fetcher.states().map(|(slot, state)| FetchView {
                partition: self.replicas.get(slot).name(),
                source: fetcher.source(),
                state,
            })
        })
    }

    /// The bytes of all batches in its logs. Replicas of one partition share them.
    pub fn log_bytes(&self) -> u64 {
        self.partitions()
            .map(|(_, replica)| replica.log().bytes())
            .sum()
    }

    /// An estimate of the bytes by which the replicas here differ from those of a later copy of this
    /// broker, record batches aside: what changed was copied, what did not is shared.
    pub fn unshared_log_weight(&self, later: Option<&Broker>) -> u64 {
        let changed = self.replicas.slots().filter(|slot| {
            let later = later.map(|later| &later.replicas);
            !later.is_some_and(|later| self.replicas.shares(later, *slot))
        });
        let weights = changed.map(|slot| {
            let replica = self.replicas.get(slot);
            size_of::<Partition>() as u64 + replica.log().copied_by_append()
        });
        weights.sum()
    }

    pub(super) fn list_deadlines(&self) -> Vec<Deadline> {
        let deadline = |at, why: &str| Deadline {
            at,
            why: why.into(),
        };
        let mut deadlines: Vec<Deadline> = self
            .timers
            .iter()
            .filter_map(|(at, timer)| match timer {
                Timer::IsrCheck => Some(deadline(at, "looks for followers that lag")),
                Timer::HighWatermarkCheckpoint => {
                    Some(deadline(at, "writes the high watermarks down"))
                }
                Timer::LogStartCheckpoint => Some(deadline(at, "writes down where logs begin")),
                Timer::Cleaner => Some(deadline(at, "looks for logs to compact")),
                Timer::Retention => Some(deadline(at, "looks for old segments")),
                Timer::SilentProducers => Some(deadline(at, "looks for producers that are silent")),
                // Listed with the requests themselves.
                Timer::Parked(_) => None,
                Timer::GroupWrite(_) => Some(deadline(at, "gives up a write for a group")),
                Timer::LoadGroups(partition) => {
                    let why = format!("reads on in the groups of partition {partition}");
                    Some(deadline(at, &why))
                }
                Timer::Idle(connection) => {
                    let why = format!("closes {connection} if it is silent");
                    Some(deadline(at, &why))
                }
            })
            .collect();
        for parked in self.parked() {
            let api = parked.request.api.name();
            let why = format!("answers {api} of {}", parked.request.connection);
            deadlines.push(deadline(parked.until, &why));
        }
        for fetcher in self.fetchers() {
            if let Some(at) = fetcher.next_wakeup() {
                let why = format!("gives up on broker {} or tries it again", fetcher.source());
                deadlines.push(deadline(at, &why));
            }
        }
        if let Some(at) = self.zookeeper.next_wakeup() {
            deadlines.push(deadline(at, "tells ZooKeeper that it is alive"));
        }
        if let Registration::Refused { retry_at } = self.registration {
            deadlines.push(deadline(retry_at, "tries to register again"));
        }
        let controller = self.controller.as_ref();
        if let Some(at) = controller.and_then(|controller| controller.rebalance_at()) {
            deadlines.push(deadline(at, "looks after preferred leaders"));
        }
        let groups = self.groups.coordinator.deadlines();
        deadlines.extend(groups.map(|(at, timer)| deadline(at, &timer.to_string())));
        if let Some(at) = self.isr_changes.next_wakeup() {
            deadlines.push(deadline(at, "asks the controller again for an ISR"));
        }
        sort_by_key(&mut deadlines, |deadline| deadline.at);
        deadlines
    }
}
