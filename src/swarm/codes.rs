//! Which error codes brokers and controllers can answer with, and which of them drawn clusters must show.
//!
//! `tests/it/tidy.rs` holds this table against the sources: a code that a broker, a controller, a group
//! coordinator or a log names and that does not stand here fails a test, and so does one that stands here and is
//! named nowhere.

use crate::fact::{Entry, Fact};
use crate::protocol::ErrorCode;
use crate::world::World;
use crate::world::invariant;

/// Every code that is named where answers are made, and why no drawn cluster shows it, where none can.
pub const CODES: [(ErrorCode, Option<&str>); 75] = [
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
    (
        ErrorCode::NotEnoughReplicasAfterAppend,
        Some(
            "since Kafka 3.7 a high watermark stands still below min.insync.replicas, and our brokers move it and answer in one go",
        ),
    ),
    (ErrorCode::InvalidRequiredAcks, None),
    (ErrorCode::InvalidTimestamp, None),
    (ErrorCode::UnsupportedVersion, None),
    (ErrorCode::TopicAlreadyExists, None),
    (ErrorCode::InvalidPartitions, None),
    (ErrorCode::InvalidReplicationFactor, None),
    (ErrorCode::InvalidReplicaAssignment, None),
    (ErrorCode::InvalidConfig, None),
    (ErrorCode::NotController, None),
    (ErrorCode::TopicAuthorizationFailed, None),
    (
        ErrorCode::IllegalSaslState,
        Some("to whoever wants to say who it is, and drawn clients do not"),
    ),
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
    (ErrorCode::CoordinatorNotAvailable, None),
    (ErrorCode::NotCoordinator, None),
    (ErrorCode::InvalidGroupId, None),
    (ErrorCode::UnknownMemberId, None),
    (ErrorCode::IllegalGeneration, None),
    (ErrorCode::RebalanceInProgress, None),
    (ErrorCode::InvalidSessionTimeout, None),
    (ErrorCode::GroupMaxSizeReached, None),
    (ErrorCode::InconsistentGroupProtocol, None),
    (ErrorCode::MemberIdRequired, None),
    (ErrorCode::FencedInstanceId, None),
    (
        ErrorCode::InvalidFetchSize,
        Some(
            "never: a coordinator understands it of a log that refuses its records, and none does",
        ),
    ),
    (ErrorCode::OffsetMetadataTooLarge, None),
    (ErrorCode::InvalidCommitOffsetSize, None),
    (ErrorCode::GroupIdNotFound, None),
    (ErrorCode::NonEmptyGroup, None),
    (ErrorCode::GroupSubscribedToTopic, None),
    (ErrorCode::UnstableOffsetCommit, None),
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
    let codes = invariant::codes(world, *api, *connection, *version, *correlation_id);
    let codes = codes.unwrap_or_default().into_iter();
    codes.map(ErrorCode::from_i16).collect()
}

#[cfg(test)]
mod tests {
    use crate::protocol::{AnyResponse, ApiKey, Dice, Field, describe_response};
    use crate::rng::{Rng, Seed};

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

    #[test]
    fn every_code_that_a_description_shows_is_found() {
        let mut rng = Rng::new(Seed(1), 1);
        let mut some = 0;
        for api in ApiKey::ALL {
            for version in api.versions() {
                for _ in 0..8 {
                    let choices: Vec<u32> = (0..64).map(|_| rng.below(1 << 30) as u32).collect();
                    let mut dice = Dice::new(&choices);
                    let frame = AnyResponse::sample(*api, version, &mut dice).encode(version, 1);
                    let mut shown = Vec::new();
                    gather(&describe_response(&frame, *api, version).root, &mut shown);
                    shown.retain(|code| *code != 0);
                    let found = AnyResponse::error_codes(*api, version, &frame);
                    assert_eq!(found, shown, "{api:?} {version}");
                    some += found.len();
                }
            }
        }
        assert!(some > 100, "{some}");
    }
}
