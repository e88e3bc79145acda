//! What answers say when things go wrong.
//!
//! A client does not need to know every code: it needs to know what to do. Most codes end the
//! request. Some pass by themselves, so the same request is sent again after a pause. And some of
//! those mean that the client asked the wrong broker, so it must ask for metadata first.

/// What the Java client does about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    /// Nothing went wrong.
    Fine,
    /// Tell the application.
    Fail,
    /// Send the same request again.
    Retry,
    /// Ask for metadata, then send the request again.
    Refresh,
}

macro_rules! error_codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $kafka:literal, $remedy:ident;)*) => {
        /// A Kafka error code, named as Kafka 3.8 names it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $(#[doc = $kafka] $(#[$meta])* $name = $code,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the numbers.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The code with this number. A number that Kafka 3.8 does not know is read as
            /// `UnknownServerError`, as its clients do.
            pub fn from_i16(code: i16) -> ErrorCode {
                match code {
                    $($code => ErrorCode::$name,)*
                    _ => ErrorCode::UnknownServerError,
                }
            }

            /// Kafka's name for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => $kafka,)*
                }
            }

            fn remedy(self) -> Remedy {
                match self {
                    $(ErrorCode::$name => Remedy::$remedy,)*
                }
            }
        }
    };
}

impl ErrorCode {
    /// The number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Whether nothing went wrong.
    pub fn is_none(self) -> bool {
        self == ErrorCode::None
    }

    /// Whether the same request may succeed later, so that clients send it again.
    pub fn is_retriable(self) -> bool {
        matches!(self.remedy(), Remedy::Retry | Remedy::Refresh)
    }

    /// Whether it says that the two sides of a fetch session no longer talk of the same (KIP-227).
    pub fn is_about_sessions(self) -> bool {
        matches!(
            self,
            ErrorCode::FetchSessionIdNotFound
                | ErrorCode::InvalidFetchSessionEpoch
                | ErrorCode::FetchSessionTopicIdError
        )
    }

    /// Whether the client's metadata is to blame, so that it must be refreshed before trying again.
    pub fn is_invalid_metadata(self) -> bool {
        self.remedy() == Remedy::Refresh
    }
}

error_codes! {
    UnknownServerError = -1, "UNKNOWN_SERVER_ERROR", Fail;
    #[default]
    None = 0, "NONE", Fine;
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE", Fail;
    CorruptMessage = 2, "CORRUPT_MESSAGE", Retry;
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION", Refresh;
    InvalidFetchSize = 4, "INVALID_FETCH_SIZE", Fail;
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE", Refresh;
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER", Refresh;
    RequestTimedOut = 7, "REQUEST_TIMED_OUT", Retry;
    BrokerNotAvailable = 8, "BROKER_NOT_AVAILABLE", Fail;
    ReplicaNotAvailable = 9, "REPLICA_NOT_AVAILABLE", Refresh;
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE", Fail;
    StaleControllerEpoch = 11, "STALE_CONTROLLER_EPOCH", Fail;
    OffsetMetadataTooLarge = 12, "OFFSET_METADATA_TOO_LARGE", Fail;
    NetworkException = 13, "NETWORK_EXCEPTION", Refresh;
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS", Retry;
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE", Retry;
    NotCoordinator = 16, "NOT_COORDINATOR", Retry;
    InvalidTopicException = 17, "INVALID_TOPIC_EXCEPTION", Fail;
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE", Fail;
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", Retry;
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", Retry;
    InvalidRequiredAcks = 21, "INVALID_REQUIRED_ACKS", Fail;
    IllegalGeneration = 22, "ILLEGAL_GENERATION", Fail;
    InconsistentGroupProtocol = 23, "INCONSISTENT_GROUP_PROTOCOL", Fail;
    InvalidGroupId = 24, "INVALID_GROUP_ID", Fail;
    UnknownMemberId = 25, "UNKNOWN_MEMBER_ID", Fail;
    InvalidSessionTimeout = 26, "INVALID_SESSION_TIMEOUT", Fail;
    RebalanceInProgress = 27, "REBALANCE_IN_PROGRESS", Fail;
    InvalidCommitOffsetSize = 28, "INVALID_COMMIT_OFFSET_SIZE", Fail;
    TopicAuthorizationFailed = 29, "TOPIC_AUTHORIZATION_FAILED", Fail;
    GroupAuthorizationFailed = 30, "GROUP_AUTHORIZATION_FAILED", Fail;
    ClusterAuthorizationFailed = 31, "CLUSTER_AUTHORIZATION_FAILED", Fail;
    InvalidTimestamp = 32, "INVALID_TIMESTAMP", Fail;
    UnsupportedSaslMechanism = 33, "UNSUPPORTED_SASL_MECHANISM", Fail;
    IllegalSaslState = 34, "ILLEGAL_SASL_STATE", Fail;
    UnsupportedVersion = 35, "UNSUPPORTED_VERSION", Fail;
    TopicAlreadyExists = 36, "TOPIC_ALREADY_EXISTS", Fail;
    InvalidPartitions = 37, "INVALID_PARTITIONS", Fail;
    InvalidReplicationFactor = 38, "INVALID_REPLICATION_FACTOR", Fail;
    InvalidReplicaAssignment = 39, "INVALID_REPLICA_ASSIGNMENT", Fail;
    InvalidConfig = 40, "INVALID_CONFIG", Fail;
    NotController = 41, "NOT_CONTROLLER", Retry;
    InvalidRequest = 42, "INVALID_REQUEST", Fail;
    UnsupportedForMessageFormat = 43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", Fail;
    PolicyViolation = 44, "POLICY_VIOLATION", Fail;
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER", Fail;
    DuplicateSequenceNumber = 46, "DUPLICATE_SEQUENCE_NUMBER", Fail;
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH", Fail;
    InvalidTxnState = 48, "INVALID_TXN_STATE", Fail;
    InvalidProducerIdMapping = 49, "INVALID_PRODUCER_ID_MAPPING", Fail;
    InvalidTransactionTimeout = 50, "INVALID_TRANSACTION_TIMEOUT", Fail;
    ConcurrentTransactions = 51, "CONCURRENT_TRANSACTIONS", Retry;
    TransactionCoordinatorFenced = 52, "TRANSACTION_COORDINATOR_FENCED", Fail;
    TransactionalIdAuthorizationFailed = 53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", Fail;
    SecurityDisabled = 54, "SECURITY_DISABLED", Fail;
    OperationNotAttempted = 55, "OPERATION_NOT_ATTEMPTED", Fail;
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR", Refresh;
    LogDirNotFound = 57, "LOG_DIR_NOT_FOUND", Fail;
    SaslAuthenticationFailed = 58, "SASL_AUTHENTICATION_FAILED", Fail;
    UnknownProducerId = 59, "UNKNOWN_PRODUCER_ID", Fail;
    ReassignmentInProgress = 60, "REASSIGNMENT_IN_PROGRESS", Fail;
    DelegationTokenAuthDisabled = 61, "DELEGATION_TOKEN_AUTH_DISABLED", Fail;
    DelegationTokenNotFound = 62, "DELEGATION_TOKEN_NOT_FOUND", Fail;
    DelegationTokenOwnerMismatch = 63, "DELEGATION_TOKEN_OWNER_MISMATCH", Fail;
    DelegationTokenRequestNotAllowed = 64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", Fail;
    DelegationTokenAuthorizationFailed = 65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", Fail;
    DelegationTokenExpired = 66, "DELEGATION_TOKEN_EXPIRED", Fail;
    InvalidPrincipalType = 67, "INVALID_PRINCIPAL_TYPE", Fail;
    NonEmptyGroup = 68, "NON_EMPTY_GROUP", Fail;
    GroupIdNotFound = 69, "GROUP_ID_NOT_FOUND", Fail;
    FetchSessionIdNotFound = 70, "FETCH_SESSION_ID_NOT_FOUND", Retry;
    InvalidFetchSessionEpoch = 71, "INVALID_FETCH_SESSION_EPOCH", Retry;
    ListenerNotFound = 72, "LISTENER_NOT_FOUND", Refresh;
    TopicDeletionDisabled = 73, "TOPIC_DELETION_DISABLED", Fail;
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH", Refresh;
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH", Retry;
    UnsupportedCompressionType = 76, "UNSUPPORTED_COMPRESSION_TYPE", Fail;
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH", Fail;
    OffsetNotAvailable = 78, "OFFSET_NOT_AVAILABLE", Retry;
    MemberIdRequired = 79, "MEMBER_ID_REQUIRED", Fail;
    PreferredLeaderNotAvailable = 80, "PREFERRED_LEADER_NOT_AVAILABLE", Refresh;
    GroupMaxSizeReached = 81, "GROUP_MAX_SIZE_REACHED", Fail;
    FencedInstanceId = 82, "FENCED_INSTANCE_ID", Fail;
    EligibleLeadersNotAvailable = 83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", Refresh;
    ElectionNotNeeded = 84, "ELECTION_NOT_NEEDED", Refresh;
    NoReassignmentInProgress = 85, "NO_REASSIGNMENT_IN_PROGRESS", Fail;
    GroupSubscribedToTopic = 86, "GROUP_SUBSCRIBED_TO_TOPIC", Fail;
    InvalidRecord = 87, "INVALID_RECORD", Fail;
    UnstableOffsetCommit = 88, "UNSTABLE_OFFSET_COMMIT", Retry;
    ThrottlingQuotaExceeded = 89, "THROTTLING_QUOTA_EXCEEDED", Retry;
    ProducerFenced = 90, "PRODUCER_FENCED", Fail;
    ResourceNotFound = 91, "RESOURCE_NOT_FOUND", Fail;
    DuplicateResource = 92, "DUPLICATE_RESOURCE", Fail;
    UnacceptableCredential = 93, "UNACCEPTABLE_CREDENTIAL", Fail;
    InconsistentVoterSet = 94, "INCONSISTENT_VOTER_SET", Fail;
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", Fail;
    FeatureUpdateFailed = 96, "FEATURE_UPDATE_FAILED", Fail;
    PrincipalDeserializationFailure = 97, "PRINCIPAL_DESERIALIZATION_FAILURE", Fail;
    SnapshotNotFound = 98, "SNAPSHOT_NOT_FOUND", Fail;
    PositionOutOfRange = 99, "POSITION_OUT_OF_RANGE", Fail;
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", Refresh;
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", Fail;
    BrokerIdNotRegistered = 102, "BROKER_ID_NOT_REGISTERED", Fail;
    InconsistentTopicId = 103, "INCONSISTENT_TOPIC_ID", Refresh;
    InconsistentClusterId = 104, "INCONSISTENT_CLUSTER_ID", Fail;
    TransactionalIdNotFound = 105, "TRANSACTIONAL_ID_NOT_FOUND", Fail;
    FetchSessionTopicIdError = 106, "FETCH_SESSION_TOPIC_ID_ERROR", Retry;
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", Fail;
    NewLeaderElected = 108, "NEW_LEADER_ELECTED", Fail;
    OffsetMovedToTieredStorage = 109, "OFFSET_MOVED_TO_TIERED_STORAGE", Fail;
    FencedMemberEpoch = 110, "FENCED_MEMBER_EPOCH", Fail;
    UnreleasedInstanceId = 111, "UNRELEASED_INSTANCE_ID", Fail;
    UnsupportedAssignor = 112, "UNSUPPORTED_ASSIGNOR", Fail;
    StaleMemberEpoch = 113, "STALE_MEMBER_EPOCH", Fail;
    MismatchedEndpointType = 114, "MISMATCHED_ENDPOINT_TYPE", Fail;
    UnsupportedEndpointType = 115, "UNSUPPORTED_ENDPOINT_TYPE", Fail;
    UnknownControllerId = 116, "UNKNOWN_CONTROLLER_ID", Fail;
    UnknownSubscriptionId = 117, "UNKNOWN_SUBSCRIPTION_ID", Fail;
    TelemetryTooLarge = 118, "TELEMETRY_TOO_LARGE", Fail;
    InvalidRegistration = 119, "INVALID_REGISTRATION", Fail;
    TransactionAbortable = 120, "TRANSACTION_ABORTABLE", Fail;
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedies_are_those_of_the_java_client() {
        let retriable = [
            2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83,
            84, 88, 89, 100, 103, 106,
        ];
        let invalid_metadata = [3, 5, 6, 9, 13, 56, 72, 74, 80, 83, 84, 100, 103];
        for error in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_i16(error.code()), *error);
            assert_eq!(
                error.is_retriable(),
                retriable.contains(&error.code()),
                "{error}"
            );
            let stale = invalid_metadata.contains(&error.code());
            assert_eq!(error.is_invalid_metadata(), stale, "{error}");
        }
        assert_eq!(ErrorCode::ALL.len(), 122);
    }

    #[test]
    fn unknown_numbers_are_unknown_server_errors() {
        assert_eq!(ErrorCode::from_i16(121), ErrorCode::UnknownServerError);
        assert_eq!(ErrorCode::from_i16(-2), ErrorCode::UnknownServerError);
        assert_eq!(ErrorCode::default(), ErrorCode::None);
    }
}
