//! Facts: everything worth showing, in one closed enum.
//!
//! A fact is past tense, self-contained and cheap to clone. The journal is a list of facts; golden
//! scripts print them as one line (`line.rs`), the narrator speaks them as a sentence
//! (`sentence.rs`), invariants and the audit fold over them. Nothing that runs reads a fact.
//!
//! Laws: a fact is noted when it becomes true, by the process for which it became true; its hash is the
//! journal's digest, so equal runs note equal facts in equal order on every target.

mod line;
mod sentence;

pub use sentence::clipped;

use bytes::Bytes;

use crate::model::{
    BrokerId, ConnectionId, LeaderEpoch, Offset, PartitionEpoch, ProcessId, Text, TopicName,
    TopicPartition,
};
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::{Duration, Instant};

/// Which half of the replication a replica plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Leader,
    Follower,
}

/// Why a connection ended, as the end that notes it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Nobody listens there.
    Refused,
    /// The other end closed it.
    Remote,
    /// A request was not answered within its timeout.
    RequestTimedOut,
    /// The other end sent bytes that are no frame, or a request nobody serves.
    Malformed,
    /// Nothing was heard for `connections.max.idle.ms`.
    Idle,
    /// Closed on purpose: no longer needed.
    Done,
    /// An acks=0 produce failed, which closing is Kafka's only way to tell.
    FailedWithoutAnswer,
}

/// Why a log's first readable offset moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogStartReason {
    RetentionTime,
    RetentionSize,
    /// The leader's log start was copied.
    Leader,
}

/// Something that became true.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    // ---- processes and connections
    /// The process runs from now on.
    Started,
    /// A connection of this process stands.
    Connected {
        connection: ConnectionId,
        to: Text,
    },
    /// A connection of this process ended or could not be opened.
    Disconnected {
        connection: ConnectionId,
        to: Text,
        reason: CloseReason,
    },
    /// A request left this process.
    RequestSent {
        connection: ConnectionId,
        api: ApiKey,
        version: i16,
        correlation_id: i32,
    },
    /// A request waits in purgatory for something to become true.
    RequestParked {
        connection: ConnectionId,
        api: ApiKey,
        correlation_id: i32,
    },
    /// An answer left this process.
    ResponseSent {
        connection: ConnectionId,
        api: ApiKey,
        version: i16,
        correlation_id: i32,
    },
    /// A request could not be read or is not served, and its connection was closed.
    RequestRejected {
        connection: ConnectionId,
        why: Text,
    },

    // ---- the log of one replica
    /// Batches were added at the end of this replica's log.
    RecordsAppended {
        partition: TopicPartition,
        role: Role,
        base_offset: Offset,
        next_offset: Offset,
        epoch: LeaderEpoch,
        bytes: u32,
    },
    /// The first offset that consumers may not read moved up (or, on a follower that copies a fresh
    /// leader's, moved back).
    HighWatermarkMoved {
        partition: TopicPartition,
        role: Role,
        from: Offset,
        to: Offset,
    },
    /// The end of the log was cut off.
    LogTruncated {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    /// The active segment was closed and a new one begun.
    SegmentRolled {
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// Whole segments left the front of the log.
    LogStartMoved {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        reason: LogStartReason,
    },

    // ---- leadership
    /// The controller decided who leads, who follows and who is in sync.
    PartitionStateDecided {
        partition: TopicPartition,
        leader: BrokerId,
        epoch: LeaderEpoch,
        isr: Vec<BrokerId>,
        partition_epoch: PartitionEpoch,
    },
    BecameLeader {
        partition: TopicPartition,
        epoch: LeaderEpoch,
        start_offset: Offset,
        isr: Vec<BrokerId>,
    },
    BecameFollower {
        partition: TopicPartition,
        epoch: LeaderEpoch,
        leader: BrokerId,
    },
    /// The leader asked the controller for another ISR.
    IsrChangeAsked {
        partition: TopicPartition,
        from: Vec<BrokerId>,
        to: Vec<BrokerId>,
    },
    /// The leader works with another ISR from now on.
    IsrChanged {
        partition: TopicPartition,
        from: Vec<BrokerId>,
        to: Vec<BrokerId>,
        partition_epoch: PartitionEpoch,
    },
    /// The controller refused an ISR.
    IsrChangeRefused {
        partition: TopicPartition,
        error: ErrorCode,
    },
    /// This broker's picture of the cluster changed.
    MetadataCacheUpdated {
        topics: u32,
        brokers: u32,
    },
    /// A follower's fetch of one partition failed and waits.
    FetchFailed {
        partition: TopicPartition,
        leader: BrokerId,
        error: ErrorCode,
    },

    // ---- produce and fetch as brokers see them
    /// A leader refused a batch; nothing was written.
    ProduceRefused {
        partition: TopicPartition,
        error: ErrorCode,
    },

    // ---- producers
    /// The application handed a record to the producer, which chose a partition.
    RecordQueued {
        partition: TopicPartition,
        key: Option<Bytes>,
    },
    /// The application handed over several records at once: how many of them go to this partition.
    RecordsQueued {
        partition: TopicPartition,
        records: u32,
    },
    /// A batch left the accumulator.
    BatchSent {
        partition: TopicPartition,
        records: u32,
        attempt: u32,
    },
    /// The records were acknowledged; `offset` is −1 when nobody said where they are (acks=0).
    RecordsAcknowledged {
        partition: TopicPartition,
        base_offset: Offset,
        records: u32,
        acks: i16,
    },
    /// A batch came back with an error that may pass, and will be sent again.
    SendWillRetry {
        partition: TopicPartition,
        error: ErrorCode,
        retry_in: Duration,
    },
    /// The application was told that its records failed. They may be in the log all the same.
    SendFailed {
        partition: TopicPartition,
        records: u32,
        error: ErrorCode,
    },
    /// A client's metadata changed: it now believes in this leader; −1 when nobody leads.
    LeaderLearned {
        partition: TopicPartition,
        leader: BrokerId,
        epoch: LeaderEpoch,
    },

    // ---- consumers
    /// The application received records.
    RecordsConsumed {
        partition: TopicPartition,
        base_offset: Offset,
        next_offset: Offset,
        records: u32,
    },
    /// The place to read from was set: by a seek, a reset policy or an assignment.
    PositionSet {
        partition: TopicPartition,
        to: Offset,
        why: Text,
    },
    /// Reading stopped: there is no position and the reset policy is `none`.
    ReadingFailed {
        partition: TopicPartition,
        error: ErrorCode,
    },

    // ---- admin clients
    TopicCreated {
        topic: TopicName,
        partitions: i32,
    },
    TopicRefused {
        topic: TopicName,
        error: ErrorCode,
    },

    // ---- what people did
    /// A command was carried out; its script line.
    Commanded {
        line: Text,
    },
}

/// One fact with its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Counts entries from 1, without gaps.
    pub number: u64,
    pub at: Instant,
    /// Who noted it; `None` is the person at the controls.
    pub by: Option<ProcessId>,
    pub fact: Fact,
}

impl Fact {
    /// The word by which `only=` and the narrator's level choose facts.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Started => "start",
            Fact::Connected { .. } | Fact::Disconnected { .. } => "connection",
            Fact::RequestSent { .. } | Fact::ResponseSent { .. } => "wire",
            Fact::RequestParked { .. } => "park",
            Fact::RequestRejected { .. } => "reject",
            Fact::RecordsAppended { .. } => "append",
            Fact::HighWatermarkMoved { .. } => "hw",
            Fact::LogTruncated { .. } => "truncate",
            Fact::SegmentRolled { .. } | Fact::LogStartMoved { .. } => "segment",
            Fact::PartitionStateDecided { .. } => "state",
            Fact::BecameLeader { .. } | Fact::BecameFollower { .. } => "role",
            Fact::IsrChangeAsked { .. }
            | Fact::IsrChanged { .. }
            | Fact::IsrChangeRefused { .. } => "isr",
            Fact::MetadataCacheUpdated { .. } | Fact::LeaderLearned { .. } => "metadata",
            Fact::FetchFailed { .. } => "fetch",
            Fact::ProduceRefused { .. } => "refuse",
            Fact::RecordQueued { .. } | Fact::RecordsQueued { .. } => "queue",
            Fact::BatchSent { .. } => "send",
            Fact::RecordsAcknowledged { .. }
            | Fact::SendFailed { .. }
            | Fact::TopicCreated { .. }
            | Fact::TopicRefused { .. } => "result",
            Fact::SendWillRetry { .. } => "retry",
            Fact::RecordsConsumed { .. } => "consume",
            Fact::PositionSet { .. } | Fact::ReadingFailed { .. } => "position",
            Fact::Commanded { .. } => "command",
        }
    }

    /// Every kind, in the order in which the help lists them.
    pub const KINDS: [&'static str; 22] = [
        "command",
        "start",
        "connection",
        "wire",
        "park",
        "reject",
        "queue",
        "send",
        "append",
        "hw",
        "result",
        "retry",
        "refuse",
        "consume",
        "position",
        "fetch",
        "isr",
        "role",
        "state",
        "metadata",
        "truncate",
        "segment",
    ];
}
