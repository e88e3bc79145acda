//! What the journal has said of leadership, registration and ZooKeeper: who led before, what was written last.
//!
//! Laws: only facts are kept, in their order, so going back forgets exactly what has not happened yet.

use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicPartition};
use crate::sorted::SortedSet;
use crate::stage::extract::groups::is_internal;
use crate::time::{Duration, Instant};

/// For so long what has changed is news.
pub(super) const NEWS: Duration = Duration::from_secs(2);
/// What caused a change happened at most so long before it.
const CAUSE: Duration = Duration::from_secs(2);

/// The facts that matter here, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    entries: Vec<Entry>,
}

/// Who led a partition before, in which epoch, with whom in sync.
pub(super) struct Before<'a> {
    pub leader: BrokerId,
    pub epoch: i32,
    pub isr: &'a [BrokerId],
}

/// Why a state was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Brokers came or went.
    Brokers,
    /// A leader asked for another ISR.
    Asked(BrokerId),
    Unknown,
}

fn matters(fact: &Fact) -> bool {
    match fact {
        Fact::PartitionStateDecided { partition, .. }
        | Fact::IsrChangeAsked { partition, .. }
        | Fact::BecameLeader { partition, .. }
        | Fact::LogTruncated { partition, .. } => !is_internal(&partition.topic),
        Fact::BrokerCame { .. }
        | Fact::BrokerWent { .. }
        | Fact::ControllerElected { .. }
        | Fact::SessionRanOut { .. }
        | Fact::Started
        | Fact::Killed { .. }
        | Fact::DiskFailed
        | Fact::LeaderLearned { .. }
        | Fact::PositionSet { .. }
        | Fact::GroupJoined { .. } => true,
        Fact::ZnodeCreated { path, .. }
        | Fact::ZnodeChanged { path, .. }
        | Fact::ZnodeDeleted { path } => shown(path),
        _ => false,
    }
}

/// True for a znode of which a picture says something.
pub(super) fn shown(path: &str) -> bool {
    path == znodes::CONTROLLER
        || znodes::broker_of(path).is_some()
        || znodes::state_of(path).is_some_and(|partition| !is_internal(&partition.topic))
}

impl Past {
    pub fn learn(&mut self, entry: &Entry) {
        if matters(&entry.fact) {
            self.entries.push(entry.clone());
        }
    }

    /// Forgets what was noted after so many entries.
    pub fn go_back(&mut self, to: u64) {
        let keep = self.entries.partition_point(|entry| entry.number <= to);
        self.entries.truncate(keep);
    }

    fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// What is news at an instant, newest first. What a world begins with is no news.
    fn news(&self, now: Instant) -> impl Iterator<Item = &Entry> {
        let fresh = move |entry: &&Entry| now.since(entry.at) < NEWS && entry.at > Instant::ZERO;
        self.newest().take_while(fresh)
    }

    /// The znode that changed last, if that is news.
    pub fn changed(&self, now: Instant) -> Option<&str> {
        self.news(now).find_map(|entry| changed(&entry.fact))
    }

    /// The partition whose state was written last.
    pub fn written(&self) -> Option<TopicPartition> {
        let mut paths = self.newest().filter_map(|entry| changed(&entry.fact));
        paths.find_map(znodes::state_of)
    }

    /// Why the state of a partition was written just now; `None` when it was not.
    pub fn cause(&self, partition: &TopicPartition, now: Instant) -> Option<Cause> {
        let path = znodes::state_path(partition);
        let mut news = self.news(now);
        let write = news.find(|entry| changed(&entry.fact) == Some(&path))?;
        let earlier = self.newest().filter(|entry| entry.number < write.number);
        let near = earlier.take_while(|entry| write.at.since(entry.at) < CAUSE);
        let cause = near.filter_map(|entry| match &entry.fact {
            Fact::BrokerCame { .. } | Fact::BrokerWent { .. } => Some(Cause::Brokers),
            Fact::IsrChangeAsked { partition: of, .. } if of == partition => {
                Some(Cause::Asked(entry.by?.broker()?))
            }
            _ => None,
        });
        Some(cause.take(1).next().unwrap_or(Cause::Unknown))
    }

    /// The state before a version.
    pub fn before(&self, partition: &TopicPartition, version: i32) -> Option<Before<'_>> {
        self.newest().find_map(|entry| match &entry.fact {
            Fact::PartitionStateDecided {
                partition: of,
                leader,
                epoch,
                isr,
                partition_epoch,
            } if of == partition && partition_epoch.0 < version => Some(Before {
                leader: *leader,
                epoch: epoch.0,
                isr,
            }),
            _ => None,
        })
    }

    /// Whether a broker led a partition when it went down last.
    pub fn led_until_death(&self, partition: &TopicPartition, broker: BrokerId) -> bool {
        let by = Some(ProcessId::from(broker));
        let died = |entry: &&Entry| entry.by == by && matches!(entry.fact, Fact::Killed { .. });
        let before = self.newest().skip_while(|entry| !died(entry));
        let mut leaders = before.filter_map(|entry| match &entry.fact {
            Fact::PartitionStateDecided {
                partition: of,
                leader,
                ..
            } if of == partition => Some(*leader),
            _ => None,
        });
        leaders.next() == Some(broker)
    }

    /// True while it is news that a broker leads; a new epoch alone makes no new leader.
    pub fn is_new_leader(&self, on: BrokerId, partition: &TopicPartition, now: Instant) -> bool {
        let led = self.news(now).any(|entry| match &entry.fact {
            Fact::BecameLeader {
                partition: of,
                epoch,
                ..
            } => of == partition && epoch.0 > 0 && entry.by == Some(ProcessId::from(on)),
            _ => false,
        });
        let mut leaders = self.newest().filter_map(|entry| match &entry.fact {
            Fact::PartitionStateDecided {
                partition: of,
                leader,
                ..
            } if of == partition => Some((entry.at, *leader)),
            _ => None,
        });
        // Who led when what is news now was not yet so.
        let before = leaders.find(|(at, _)| now.since(*at) >= NEWS);
        led && before.is_some_and(|(_, leader)| leader != on)
    }

    /// Where a broker has just cut its log.
    pub fn truncated(
        &self,
        on: BrokerId,
        partition: &TopicPartition,
        now: Instant,
    ) -> Option<Offset> {
        self.news(now).find_map(|entry| match &entry.fact {
            Fact::LogTruncated {
                partition: of, to, ..
            } if of == partition && entry.by == Some(ProcessId::from(on)) => Some(*to),
            _ => None,
        })
    }

    /// The controller before this one, while that is news; without one now, the last there was.
    pub fn controller_before(&self, now: Option<BrokerId>) -> Option<BrokerId> {
        self.newest().find_map(|entry| match &entry.fact {
            Fact::ControllerElected { .. } => {
                let by = entry.by?.broker()?;
                (Some(by) != now).then_some(by)
            }
            _ => None,
        })
    }

    /// True while it is news that a broker is registered.
    pub fn is_new(&self, broker: BrokerId, now: Instant) -> bool {
        self.news(now).any(|entry| match &entry.fact {
            Fact::ZnodeCreated { path, .. } => znodes::broker_of(path) == Some(broker),
            _ => false,
        })
    }

    /// True when it was its disk that ended the last life of a broker.
    pub fn disk_failed(&self, broker: BrokerId) -> bool {
        let mut own = self.life_of(ProcessId::from(broker));
        own.any(|fact| matches!(fact, Fact::DiskFailed))
    }

    /// The partitions that a client wrote to or read from in its last life, in order.
    pub fn partitions_of(&self, client: ProcessId) -> Vec<TopicPartition> {
        let producer = matches!(client, ProcessId::Producer(_));
        let own = self.life_of(client).filter_map(|fact| match fact {
            Fact::LeaderLearned { partition, .. } if producer => Some(partition.clone()),
            Fact::PositionSet { partition, .. } if !producer => Some(partition.clone()),
            _ => None,
        });
        let all: SortedSet<TopicPartition> = own.collect();
        all.into_iter().collect()
    }

    /// The id under which a consumer last joined its group in its last life.
    pub fn member_of(&self, client: ProcessId) -> Option<Text> {
        self.life_of(client).find_map(|fact| match fact {
            Fact::GroupJoined { member, .. } => Some(member.clone()),
            _ => None,
        })
    }

    /// What a process did in its last life, newest first.
    fn life_of(&self, id: ProcessId) -> impl Iterator<Item = &Fact> {
        let own = self.newest().filter(move |entry| entry.by == Some(id));
        let facts = own.map(|entry| &entry.fact);
        facts.take_while(|fact| !matches!(fact, Fact::Started))
    }

    /// True when a broker went because its session ran out, as against a farewell.
    pub fn ran_out(&self, broker: BrokerId) -> bool {
        let last = self.newest().find_map(|entry| match &entry.fact {
            Fact::SessionRanOut { owner, .. } if owner.broker() == Some(broker) => Some(true),
            Fact::ZnodeCreated { path, .. } if znodes::broker_of(path) == Some(broker) => {
                Some(false)
            }
            _ => None,
        });
        last == Some(true)
    }
}

fn changed(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::ZnodeCreated { path, .. }
        | Fact::ZnodeChanged { path, .. }
        | Fact::ZnodeDeleted { path } => Some(path),
        _ => None,
    }
}
