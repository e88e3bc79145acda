//! Topics, partitions, replicas and records, as the picture needs them.

use crate::log::CleanupPolicy;
use crate::model::{BrokerId, Offset, Text, TopicName, TopicPartition};
use crate::stage::density::Density;

/// One topic with its partitions in order of their index.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    pub name: TopicName,
    /// What becomes of its old records.
    pub policy: CleanupPolicy,
    pub partitions: Vec<Partition>,
}

/// One partition and all its replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    pub id: TopicPartition,
    /// Who leads, when anybody does.
    pub leader: Option<BrokerId>,
    pub isr: Vec<BrokerId>,
    /// In the order of the assignment; the first is the preferred leader.
    pub replicas: Vec<Replica>,
    /// Records per second of the reader's own time.
    pub rate: f64,
    /// Records per second of the cluster's time: what is written beside the log.
    pub written: f64,
    /// How its records are drawn at the reader's rate.
    pub density: Density,
    /// The newest stretches of time, oldest first: what Stream and Heat draw.
    pub activity: Vec<Bucket>,
}

/// One stretch of a partition's recent past: how many records of each hue were appended in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    pub counts: Vec<(Hue, u32)>,
}

/// One copy of a partition's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    pub broker: BrokerId,
    pub role: Role,
    pub log_start: Offset,
    pub log_end: Offset,
    /// The first offset that this replica knows to be unreadable still.
    pub high_watermark: Option<Offset>,
    /// The newest records, ascending; more than the picture shows do no harm.
    pub cells: Vec<Cell>,
    /// From here on `cells` has everything that is there: an offset without a record was compacted away.
    pub known_from: Offset,
    /// From here on it has other records than the leader, or some that the leader has not.
    pub parts_at: Option<Offset>,
    /// Where each segment begins that holds any of that, oldest first; the last one is written to.
    pub segments: Vec<Offset>,
}

/// What a replica is to its partition: the outline of its log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Leader,
    /// A leader whose election is this step's news.
    NewLeader,
    /// A follower that counts.
    Follower,
    /// A follower out of the ISR, so many records behind.
    Behind(i64),
    /// On its way back: has so many of so many records.
    CatchingUp {
        has: i64,
        of: i64,
    },
    /// Still leads by its own word: it has not heard that somebody else was elected, or nobody.
    Deposed {
        elected: BrokerId,
    },
    /// Cutting its log back to this offset.
    Truncating(Offset),
    /// On a broker that is back, and that nobody has told yet what to do with it.
    Waits,
    /// On a broker that is down.
    Offline,
    /// On a broker that was stopped in order.
    Stopped,
    /// On a broker that is down and led until then.
    WasLeader,
}

/// One record as one replica holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub offset: Offset,
    pub key: KeyMark,
    pub state: CellState,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Below the high watermark: stored for good.
    Committed,
    /// Written, and above the high watermark still.
    Open,
    /// On a broker that is down, and not only there.
    Ghost,
    /// Uncommitted, and only on a broker that is down.
    Stranded,
    /// The same, and its producer was told that it is stored.
    Promised,
    /// On a broker that runs, never acknowledged, and the leader that there is by now lacks it: it will be cut off.
    Doomed,
    /// Acknowledged and no longer readable.
    Lost,
    /// Before the log's start: deleted.
    Gone,
    /// Committed, and its value is null.
    Tombstone,
    /// The same producer sequence stored twice.
    Duplicate,
}

/// A colour by number, 0 to 9; see [`crate::stage::keys`].
pub type Hue = u8;

/// How a record is told apart: its key by a hue and a tag of one or two characters, a tombstone by a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyMark {
    /// `None`: the record has no key.
    pub hue: Option<Hue>,
    pub tag: Text,
    /// The record's value is null: it says that its key is gone.
    pub tombstone: bool,
}

impl Partition {
    pub fn replica(&self, broker: BrokerId) -> Option<&Replica> {
        self.replicas
            .iter()
            .find(|replica| replica.broker == broker)
    }

    /// The replica that leads, when one does.
    pub fn leading(&self) -> Option<&Replica> {
        self.replica(self.leader?)
    }

    /// Where the assignment wants the leader: a matter of structure, so the picture hangs on it and
    /// does not jump when leadership moves.
    pub fn home(&self) -> Option<BrokerId> {
        self.replicas.first().map(|replica| replica.broker)
    }

    /// Where its log begins, by the leader's word, or else by the first replica's.
    pub fn start(&self) -> Offset {
        let replica = self.leading().or(self.replicas.first());
        replica.map_or(Offset::ZERO, |replica| replica.log_start)
    }

    /// One past the newest offset that any replica holds, dead ones included.
    pub fn end(&self) -> Offset {
        self.replicas
            .iter()
            .map(|replica| replica.log_end)
            .max()
            .unwrap_or(Offset::ZERO)
    }
}

impl Topic {
    /// What its policy is called where that is not as usual: "compact", "compact, delete", "none".
    pub fn policy_words(&self) -> Option<&'static str> {
        match self.policy {
            CleanupPolicy::Delete => None,
            CleanupPolicy::Compact => Some("compact"),
            CleanupPolicy::CompactAndDelete => Some("compact, delete"),
            CleanupPolicy::Neither => Some("none"),
        }
    }
}

impl Replica {
    /// True for an offset that has its place and no record: compaction took it.
    pub fn is_hole(&self, offset: Offset) -> bool {
        let looked_at = offset >= self.known_from.max(self.log_start) && offset < self.log_end;
        let found = self.cells.binary_search_by_key(&offset, |cell| cell.offset);
        looked_at && found.is_err()
    }
}

impl Role {
    /// The class of the bed.
    pub fn class(self) -> &'static str {
        match self {
            Role::Leader | Role::NewLeader => "leader",
            Role::Deposed { .. } => "deposed",
            Role::Follower | Role::Truncating(_) => "follower",
            Role::Behind(_) | Role::CatchingUp { .. } | Role::Waits => "behind",
            Role::Stopped => "stopped",
            Role::Offline | Role::WasLeader => "offline",
        }
    }

    /// What a deposed leader has not heard: "of leader 1".
    pub fn unheard(elected: BrokerId) -> String {
        match elected {
            BrokerId::NONE => "that nobody leads".to_owned(),
            elected => format!("of leader {elected}"),
        }
    }

    pub fn leads(self) -> bool {
        matches!(self, Role::Leader | Role::NewLeader)
    }

    pub fn is_offline(self) -> bool {
        matches!(self, Role::Offline | Role::WasLeader | Role::Stopped)
    }
}

impl KeyMark {
    pub fn new(hue: Hue, tag: &str) -> KeyMark {
        KeyMark {
            hue: Some(hue % 10),
            tag: tag.into(),
            tombstone: false,
        }
    }

    /// A record without a key.
    pub fn none() -> KeyMark {
        KeyMark {
            hue: None,
            tag: "·".into(),
            tombstone: false,
        }
    }

    /// The mark of a record with this key and without a value.
    pub fn of_tombstone(self) -> KeyMark {
        KeyMark {
            tombstone: true,
            ..self
        }
    }
}
