//! Facts: everything worth showing, in one closed enum.
//!
//! A fact is past tense, self-contained and cheap to clone. The journal is a list of facts; golden
//! scripts print them as one line ([`line`]), the narrator speaks them as a sentence ([`sentence`], in
//! parts from [`phrase`]), people choose among them by their [`kind`], invariants and the audit fold over
//! them. Nothing that runs reads a fact. What is in one besides Kafka's nouns is in [`detail`], and how that
//! is written in [`print`]; how much of what came from outside it keeps is in [`bulk`].
//!
//! Laws: a fact is noted when it becomes true, by the process for which it became true; its hash is the
//! journal's digest, so equal runs note equal facts in equal order on every target. The order in which kinds of
//! facts are declared is part of that hash: a new one comes last, even if its subject has come up before.

mod bulk;
mod detail;
mod kind;
mod line;
mod phrase;
mod print;
mod sentence;

pub use detail::{CloseReason, Crash, Departure, LogStartReason, Numbers, Role};
pub use print::{Shown, answered, clipped, short_member};

use bytes::Bytes;

use crate::model::{
    BrokerId, ConnectionId, LeaderEpoch, Offset, PartitionEpoch, ProcessId, ProducerEpoch,
    ProducerId, Text, TopicName, TopicPartition,
};
use crate::protocol::zookeeper::SessionId;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::{Duration, Instant};

/// Something that became true.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    // ---- processes and connections
    /// The process runs from now on.
    Started,
    /// The process died, without a word.
    Killed {
        crash: Crash,
    },
    /// The process ended in order.
    Stopped,
    /// The process stands still and does not know it.
    Frozen,
    /// The process goes on where it stood.
    Thawed,
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
    /// Records that were not flushed are gone with the power of their machine.
    LogTailLost {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    /// The active segment was closed and a new one begun.
    SegmentRolled {
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// The log begins later from now on: whole segments left its front, or what is before is to be deleted.
    LogStartMoved {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        reason: LogStartReason,
    },

    // ---- coordination
    /// This broker's znode stands: it is part of the cluster, in this broker epoch.
    BrokerRegistered {
        epoch: i64,
    },
    /// An earlier life of this broker is still registered.
    RegistrationRefused,
    /// This broker is the controller from now on.
    ControllerElected {
        epoch: i32,
    },
    /// This broker is the controller no more.
    ControllerResigned {
        epoch: i32,
    },
    /// The controller has learned that a broker is there.
    BrokerCame {
        broker: BrokerId,
    },
    /// The controller has learned that a broker's session is over.
    BrokerWent {
        broker: BrokerId,
    },
    /// This broker copies the partition no more, by the controller's order.
    ReplicaStopped {
        partition: TopicPartition,
    },
    /// This broker's replica and its data are gone.
    ReplicaDeleted {
        partition: TopicPartition,
    },
    /// The last that was left of a topic is gone from ZooKeeper.
    TopicDeleted {
        topic: TopicName,
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
        /// What an idempotent producer had numbered it, where it came so far that somebody looked.
        numbers: Option<Numbers>,
    },
    /// A leader has this batch already, and answers its producer with the place where it is.
    DuplicateDropped {
        partition: TopicPartition,
        producer_id: ProducerId,
        base_sequence: i32,
        base_offset: Offset,
        next_offset: Offset,
    },
    /// The controller gave a broker producer ids to give away: so many from the first on.
    ProducerIdsAllocated {
        broker: BrokerId,
        first: ProducerId,
        count: i32,
    },
    /// A broker gave a producer id away.
    ProducerIdGiven {
        producer_id: ProducerId,
    },

    // ---- producers
    /// The producer stamps what it sends with this id and epoch from now on.
    ProducerIdTaken {
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    },
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

    // ---- ZooKeeper as its clients see it
    /// A server opened a new session for this process.
    SessionOpened {
        session: SessionId,
        timeout: Duration,
    },
    /// This process learnt that its session is over.
    SessionExpired {
        session: SessionId,
    },

    // ---- ZooKeeper's servers
    /// This server is elected, a majority has its state, and it takes writes from now on.
    ZooKeeperLeads {
        epoch: u32,
    },
    /// This server has the leader's state and serves clients from now on.
    ZooKeeperFollows {
        leader: ProcessId,
        epoch: u32,
    },
    /// This server knows no leader and serves nobody.
    ZooKeeperLooksForLeader,
    /// A transaction that creates this znode was committed. Noted by the leader, as the next ones are.
    ZnodeCreated {
        path: Text,
        /// The process with whose session an ephemeral znode goes.
        owner: Option<ProcessId>,
    },
    /// The data of a znode was written; its version since.
    ZnodeChanged {
        path: Text,
        version: i32,
    },
    ZnodeDeleted {
        path: Text,
    },
    /// The leader heard nothing of a session for its whole timeout and ended it.
    SessionRanOut {
        session: SessionId,
        owner: ProcessId,
    },

    // ---- errands of admin clients
    /// An admin client's errand is done.
    ErrandDone {
        what: Text,
    },
    /// An admin client's errand was refused, or took too long.
    ErrandRefused {
        what: Text,
        error: ErrorCode,
    },

    // ---- a broker by itself
    /// This broker could not write: its disk fails, and it halts.
    DiskFailed,
    /// The replicas of a topic on this broker go by other settings from now on.
    TopicConfigured {
        topic: TopicName,
    },

    // ---- groups as their coordinator sees them
    /// A broker has read the groups of a partition of `__consumer_offsets`, and coordinates them from now on.
    GroupsLoaded {
        partition: i32,
        groups: u32,
    },
    /// A group prepares its next generation: every member must join again.
    GroupRebalancing {
        group: Text,
        generation: i32,
    },
    /// Everybody has joined; the leader must say who gets what.
    GroupGenerationBegan {
        group: Text,
        generation: i32,
        members: std::sync::Arc<[Text]>,
        leader: Option<Text>,
    },
    /// Everybody has got a part.
    GroupStabilized {
        group: Text,
        generation: i32,
    },
    /// The coordinator has taken a member out.
    MemberLeft {
        group: Text,
        member: Text,
        why: Departure,
    },
    /// A group has remembered how far it has read.
    OffsetCommitted {
        group: Text,
        partition: TopicPartition,
        offset: Offset,
    },

    // ---- a broker by itself, once more
    /// This broker goes by other settings from now on.
    BrokerConfigured,
    /// A log was compacted: of every key that comes again before `until`, the records before the last are gone.
    LogCleaned {
        partition: TopicPartition,
        /// Where the part began that had never been cleaned.
        from: Offset,
        until: Offset,
        bytes_before: u64,
        bytes_after: u64,
        /// How many records are gone.
        removed: u64,
    },

    // ---- groups as their coordinator sees them, once more
    /// A group has forgotten how far it has read: that was long ago, or the partition is gone, or the group.
    OffsetForgotten {
        group: Text,
        partition: TopicPartition,
    },

    // ---- members of groups
    /// A consumer knows which broker coordinates its group.
    CoordinatorFound {
        group: Text,
        broker: BrokerId,
    },
    /// A consumer is a member of a generation.
    GroupJoined {
        group: Text,
        generation: i32,
        member: Text,
        assignor: &'static str,
        /// Whether it divides the partitions.
        leads: bool,
    },
    /// A consumer was given partitions that it did not have.
    PartitionsAssigned {
        group: Text,
        partitions: std::sync::Arc<[TopicPartition]>,
    },
    /// A consumer gives partitions up in order.
    PartitionsRevoked {
        group: Text,
        partitions: std::sync::Arc<[TopicPartition]>,
    },
    /// A consumer finds that it is no member any more: others may have its partitions by now.
    PartitionsLost {
        group: Text,
        partitions: std::sync::Arc<[TopicPartition]>,
    },
    /// The coordinator does not accept a heartbeat.
    HeartbeatRefused {
        group: Text,
        error: ErrorCode,
    },
    /// A consumer gives up being a member.
    MembershipFailed {
        group: Text,
        error: ErrorCode,
    },
    /// A consumer leaves its group.
    GroupLeft {
        group: Text,
        why: Text,
    },
    /// A consumer is told that its group remembers how far it has read.
    OffsetsCommitted {
        group: Text,
        offsets: std::sync::Arc<[(TopicPartition, Offset)]>,
    },
    /// A commit came to nothing.
    CommitFailed {
        group: Text,
        error: ErrorCode,
    },
    /// The application is done with records that `poll()` had returned.
    RecordsProcessed {
        partition: TopicPartition,
        base_offset: Offset,
        next_offset: Offset,
        records: u32,
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
