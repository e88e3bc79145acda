//! The kind of a fact: one word, by which people choose what they want to hear.

use super::Fact;

impl Fact {
    /// The word by which `only=` and the narrator's level choose facts.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Started => "start",
            Fact::Killed { .. }
            | Fact::DiskFailed
            | Fact::Stopped
            | Fact::Frozen
            | Fact::Thawed => "life",
            Fact::Connected { .. } | Fact::Disconnected { .. } => "connection",
            Fact::RequestSent { .. } | Fact::ResponseSent { .. } => "wire",
            Fact::RequestParked { .. } => "park",
            Fact::RequestRejected { .. } => "reject",
            Fact::RecordsAppended { .. } => "append",
            Fact::HighWatermarkMoved { .. } => "hw",
            Fact::LogTruncated { .. } | Fact::LogTailLost { .. } => "truncate",
            Fact::SegmentRolled { .. } | Fact::LogStartMoved { .. } => "segment",
            Fact::LogCleaned { .. } => "clean",
            Fact::BrokerRegistered { .. } | Fact::RegistrationRefused => "registration",
            Fact::ControllerElected { .. }
            | Fact::ControllerResigned { .. }
            | Fact::BrokerCame { .. }
            | Fact::BrokerWent { .. } => "controller",
            Fact::ReplicaStopped { .. } | Fact::ReplicaDeleted { .. } => "role",
            Fact::TopicDeleted { .. } | Fact::TopicConfigured { .. } => "state",
            Fact::BrokerConfigured => "state",
            Fact::PartitionStateDecided { .. } => "state",
            Fact::BecameLeader { .. } | Fact::BecameFollower { .. } => "role",
            Fact::IsrChangeAsked { .. }
            | Fact::IsrChanged { .. }
            | Fact::IsrChangeRefused { .. } => "isr",
            Fact::MetadataCacheUpdated { .. } | Fact::LeaderLearned { .. } => "metadata",
            Fact::FetchFailed { .. } => "fetch",
            Fact::ProduceRefused { .. } => "refuse",
            Fact::DuplicateDropped { .. } => "duplicate",
            Fact::ProducerIdsAllocated { .. }
            | Fact::ProducerIdGiven { .. }
            | Fact::ProducerIdTaken { .. } => "id",
            Fact::RecordQueued { .. } | Fact::RecordsQueued { .. } => "queue",
            Fact::BatchSent { .. } => "send",
            Fact::RecordsAcknowledged { .. }
            | Fact::SendFailed { .. }
            | Fact::TopicCreated { .. }
            | Fact::TopicRefused { .. }
            | Fact::ErrandDone { .. }
            | Fact::ErrandRefused { .. } => "result",
            Fact::SendWillRetry { .. } => "retry",
            Fact::RecordsConsumed { .. } => "consume",
            Fact::PositionSet { .. } | Fact::ReadingFailed { .. } => "position",
            Fact::SessionOpened { .. }
            | Fact::SessionExpired { .. }
            | Fact::SessionRanOut { .. } => "session",
            Fact::ZooKeeperLeads { .. }
            | Fact::ZooKeeperFollows { .. }
            | Fact::ZooKeeperLooksForLeader
            | Fact::ZnodeCreated { .. }
            | Fact::ZnodeChanged { .. }
            | Fact::ZnodeDeleted { .. } => "zookeeper",
            Fact::GroupsLoaded { .. }
            | Fact::GroupRebalancing { .. }
            | Fact::GroupGenerationBegan { .. }
            | Fact::GroupStabilized { .. }
            | Fact::MemberLeft { .. } => "group",
            Fact::OffsetCommitted { .. } | Fact::OffsetForgotten { .. } => "offset",
            Fact::CoordinatorFound { .. }
            | Fact::GroupJoined { .. }
            | Fact::HeartbeatRefused { .. }
            | Fact::MembershipFailed { .. }
            | Fact::GroupLeft { .. } => "member",
            Fact::PartitionsAssigned { .. }
            | Fact::PartitionsRevoked { .. }
            | Fact::PartitionsLost { .. } => "assign",
            Fact::OffsetsCommitted { .. } | Fact::CommitFailed { .. } => "commit",
            Fact::RecordsProcessed { .. } => "process",
            Fact::Commanded { .. } => "command",
        }
    }

    /// Every kind, in the order in which the help lists them.
    pub const KINDS: [&'static str; 36] = [
        "command",
        "start",
        "life",
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
        "duplicate",
        "id",
        "consume",
        "position",
        "group",
        "offset",
        "member",
        "assign",
        "commit",
        "process",
        "fetch",
        "isr",
        "role",
        "state",
        "registration",
        "controller",
        "metadata",
        "truncate",
        "segment",
        "clean",
        "zookeeper",
        "session",
    ];
}
