//! Which error codes brokers and controllers can answer with, and which of them drawn clusters must show.
//!
//! `tests/it/tidy.rs` holds this table against the sources: a code that a broker, a controller, a group
//! coordinator or a log names and that does not stand here fails a test, and so does one that stands here and is
//! named nowhere.

use crate::fact::{Entry, Fact};
use crate::protocol::api::{FetchRequest, ProduceRequest};
use crate::protocol::{ApiKey, ErrorCode, Field, describe_response};
use crate::world::World;
use crate::world::invariant;

/// Why no code of a group coordinator is shown.
const NO_GROUPS: &str = "drawn clusters have no consumer groups yet";

/// Every code that is named where answers are made, and why no drawn cluster shows it, where none can.
pub const CODES: [(ErrorCode, Option<&str>); 73] = [
    (ErrorCode::UnknownServerError, None),
    (ErrorCode::OffsetOutOfRange, None),
    (ErrorCode::CorruptMessage, None),
    (ErrorCode::UnknownTopicOrPartition, None),
    (ErrorCode::LeaderNotAvailable, None),
    (ErrorCode::NotLeaderOrFollower, None),
    (ErrorCode::RequestTimedOut, None),
    (ErrorCode::BrokerNotAvailable, None),
    (ErrorCode::ReplicaNotAvailable, None),
    (ErrorCode::MessageTooLarge, None),
    (ErrorCode::StaleControllerEpoch, None),
    (ErrorCode::CoordinatorLoadInProgress, None),
    (ErrorCode::InvalidTopicException, None),
    (ErrorCode::RecordListTooLarge, None),
    (ErrorCode::NotEnoughReplicas, None),
    (ErrorCode::NotEnoughReplicasAfterAppend, None),
    (ErrorCode::InvalidRequiredAcks, None),
    (ErrorCode::InvalidTimestamp, None),
    (ErrorCode::UnsupportedVersion, None),
    (ErrorCode::TopicAlreadyExists, None),
    (ErrorCode::InvalidPartitions, None),
    (ErrorCode::InvalidReplicationFactor, None),
    (ErrorCode::InvalidReplicaAssignment, None),
    (ErrorCode::InvalidConfig, None),
    (ErrorCode::NotController, None),
    (ErrorCode::InvalidRequest, None),
    (ErrorCode::PolicyViolation, None),
    (ErrorCode::OutOfOrderSequenceNumber, None),
    (ErrorCode::InvalidProducerEpoch, None),
    (ErrorCode::InvalidTxnState, None),
    (ErrorCode::TransactionalIdAuthorizationFailed, None),
    (
        ErrorCode::OperationNotAttempted,
        Some("only to version 1 of AlterPartition, and our leaders ask in version 3"),
    ),
    (
        ErrorCode::KafkaStorageError,
        Some("the controller would understand it, but a broker with one log directory halts"),
    ),
    (ErrorCode::ReassignmentInProgress, None),
    (ErrorCode::FetchSessionIdNotFound, None),
    (
        ErrorCode::InvalidFetchSessionEpoch,
        Some(
            "only to who counts wrongly within a session that is known; ours begin anew after each error",
        ),
    ),
    (ErrorCode::TopicDeletionDisabled, None),
    (ErrorCode::FencedLeaderEpoch, None),
    (ErrorCode::UnknownLeaderEpoch, None),
    (ErrorCode::UnsupportedCompressionType, None),
    (ErrorCode::StaleBrokerEpoch, None),
    (ErrorCode::OffsetNotAvailable, None),
    (ErrorCode::PreferredLeaderNotAvailable, None),
    (ErrorCode::EligibleLeadersNotAvailable, None),
    (ErrorCode::ElectionNotNeeded, None),
    (ErrorCode::NoReassignmentInProgress, None),
    (ErrorCode::InvalidRecord, None),
    (ErrorCode::InvalidUpdateVersion, None),
    (ErrorCode::UnknownTopicId, None),
    (ErrorCode::BrokerIdNotRegistered, None),
    (ErrorCode::InconsistentTopicId, None),
    (
        ErrorCode::FetchSessionTopicIdError,
        Some(
            "only to who goes back from topic ids to names within a session, as no client of ours does",
        ),
    ),
    (ErrorCode::IneligibleReplica, None),
    (ErrorCode::MismatchedEndpointType, None),
    (ErrorCode::UnsupportedEndpointType, None),
    (ErrorCode::CoordinatorNotAvailable, Some(NO_GROUPS)),
    (ErrorCode::NotCoordinator, Some(NO_GROUPS)),
    (ErrorCode::InvalidGroupId, Some(NO_GROUPS)),
    (ErrorCode::UnknownMemberId, Some(NO_GROUPS)),
    (ErrorCode::IllegalGeneration, Some(NO_GROUPS)),
    (ErrorCode::RebalanceInProgress, Some(NO_GROUPS)),
    (ErrorCode::InvalidSessionTimeout, Some(NO_GROUPS)),
    (ErrorCode::GroupMaxSizeReached, Some(NO_GROUPS)),
    (ErrorCode::InconsistentGroupProtocol, Some(NO_GROUPS)),
    (ErrorCode::MemberIdRequired, Some(NO_GROUPS)),
    (ErrorCode::FencedInstanceId, Some(NO_GROUPS)),
    (ErrorCode::InvalidFetchSize, Some(NO_GROUPS)),
    (ErrorCode::OffsetMetadataTooLarge, Some(NO_GROUPS)),
    (ErrorCode::InvalidCommitOffsetSize, Some(NO_GROUPS)),
    (ErrorCode::GroupIdNotFound, Some(NO_GROUPS)),
    (ErrorCode::NonEmptyGroup, Some(NO_GROUPS)),
    (ErrorCode::GroupSubscribedToTopic, Some(NO_GROUPS)),
    (ErrorCode::UnstableOffsetCommit, Some(NO_GROUPS)),
];

/// The codes in the answer that a piece of news is about, without those that say that all is well.
pub(super) fn answered(world: &World, entry: &Entry) -> Vec<ErrorCode> {
    let Fact::ResponseSent {
        connection,
        api,
        version,
        correlation_id,
    } = &entry.fact
    else {
        return Vec::new();
    };
    let over = (*connection, *version, *correlation_id);
    let codes = match api {
        // What there is most of is not described field by field.
        ApiKey::Produce => invariant::answer::<ProduceRequest>(world, over.0, over.1, over.2)
            .into_iter()
            .flat_map(|answer| answer.responses)
            .flat_map(|topic| topic.partition_responses)
            .map(|found| found.error_code)
            .collect(),
        ApiKey::Fetch => {
            let answer = invariant::answer::<FetchRequest>(world, over.0, over.1, over.2);
            let all = answer.into_iter().flat_map(|answer| {
                let parts = answer.responses.into_iter();
                let parts = parts.flat_map(|topic| topic.partitions);
                std::iter::once(answer.error_code).chain(parts.map(|found| found.error_code))
            });
            all.collect()
        }
        _ => {
            let mut codes = Vec::new();
            if let Some(frame) = invariant::answer_frame(world, over.0, over.2) {
                gather(&describe_response(&frame, *api, over.1).root, &mut codes);
            }
            codes
        }
    };
    let codes: Vec<i16> = codes;
    let failed = codes.into_iter().filter(|code| *code != 0);
    failed.map(ErrorCode::from_i16).collect()
}

/// The codes in a described message.
fn gather(field: &Field, codes: &mut Vec<i16>) {
    if field.name == "error_code" {
        let number = field.value.split(' ').next();
        codes.extend(number.and_then(|number| number.parse::<i16>().ok()));
    }
    for child in &field.children {
        gather(child, codes);
    }
}
