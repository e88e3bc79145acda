//! Kafka's wire protocol: bytes to messages and back.
//!
//! Everything that Kafka's clients and brokers say to each other is a *frame*: a size, a header and a
//! body. The body's layout is given by its API and version, and nothing else: no field carries its
//! name or its type. So both sides must agree on the version, which is why the first request on a
//! connection asks for the table below ([`api::ApiVersionsRequest`]).
//!
//! In reading order:
//!
//! - [`chunks`]: bytes in several pieces, so that stored batches are sent without copying them;
//! - [`malformed`], [`reader`], [`writer`]: what every decoder and encoder is made of, and how a
//!   hostile frame is kept harmless;
//! - [`wire`], `primitive`, [`structure`], [`message`]: the types of fields, what is done with a list of them,
//!   and the macro in which a message is declared once;
//! - [`api`]: the messages, one file per API, and `api_key`, the table of them;
//! - [`header`], [`frame`]: what stands around a body;
//! - [`records`]: record batches, which travel inside Produce and Fetch and lie on disk as they travelled;
//! - [`consumer_protocol`], [`offsets_topic`]: what consumers tell each other, and what their coordinator writes down;
//! - [`error_code`]: what answers say when things go wrong;
//! - [`trace`], [`describe`]: which bytes are what, for the wire inspector;
//! - [`zookeeper`], [`zookeeper_peers`]: what is said to ZooKeeper's servers and between them, as types without bytes;
//! - [`sample`]: messages made by chance.
//!
//! Left out: versions older than those in the table, SASL and TLS, message formats 0 and 1, and
//! quotas. The codec knows no broker: it says what bytes mean, not whether they make sense.

pub mod api;
mod api_key;
pub mod chunks;
pub mod consumer_protocol;
pub mod describe;
pub mod error_code;
pub mod frame;
pub mod header;
pub mod malformed;
pub mod message;
pub mod offsets_topic;
mod primitive;
pub mod reader;
pub mod records;
pub mod sample;
pub mod structure;
pub mod trace;
pub mod wire;
pub mod writer;
pub mod zookeeper;
pub mod zookeeper_peers;

pub use api_key::Audience;
pub use chunks::Chunks;
pub use describe::{Description, describe_request, describe_response};
pub use error_code::ErrorCode;
pub use frame::{
    FrameBuffer, decode_response, decode_sized_response, encode_request, encode_response,
    encode_response_within,
};
pub use header::RequestHeader;
pub use malformed::{Malformed, Reason};
pub use message::{Message, Request};
pub use reader::{AMPLIFICATION, MEMORY_OF_A_REQUEST, Reader};
pub use sample::Dice;
pub use trace::Field;
pub use writer::Writer;

use std::ops::RangeInclusive;
use wire::{Context, Wire};

api_key::apis! {
    /// Appends record batches to partitions.
    Produce = 0, versions 3..=11, for Clients,
        api::produce::ProduceRequest => api::produce::ProduceResponse;
    /// Reads record batches, for consumers and for followers.
    Fetch = 1, versions 4..=16, for Clients,
        api::fetch::FetchRequest => api::fetch::FetchResponse;
    /// Finds the first, the last or a timestamp's offset; in version 0, where the segments before a time begin.
    ListOffsets = 2, versions 0..=8, for Clients,
        api::list_offsets::ListOffsetsRequest => api::list_offsets::ListOffsetsResponse;
    /// Says which brokers there are and who leads what.
    Metadata = 3, versions 0..=12, for Clients,
        api::metadata::MetadataRequest => api::metadata::MetadataResponse;
    /// Makes brokers leaders and followers.
    LeaderAndIsr = 4, versions 0..=7, for Brokers,
        api::leader_and_isr::LeaderAndIsrRequest => api::leader_and_isr::LeaderAndIsrResponse;
    /// Takes replicas out of service.
    StopReplica = 5, versions 0..=4, for Brokers,
        api::stop_replica::StopReplicaRequest => api::stop_replica::StopReplicaResponse;
    /// Tells brokers what they answer to Metadata.
    UpdateMetadata = 6, versions 0..=8, for Brokers,
        api::update_metadata::UpdateMetadataRequest => api::update_metadata::UpdateMetadataResponse;
    /// Asks the controller to move the leaderships of a broker that is about to stop.
    ControlledShutdown = 7, versions 0..=3, for Brokers,
        api::controlled_shutdown::ControlledShutdownRequest
            => api::controlled_shutdown::ControlledShutdownResponse;
    /// Remembers how far a group has read; in version 0 in ZooKeeper.
    OffsetCommit = 8, versions 0..=9, for Clients,
        api::offset_commit::OffsetCommitRequest => api::offset_commit::OffsetCommitResponse;
    /// Says how far a group has read; in version 0 what ZooKeeper knows of that.
    OffsetFetch = 9, versions 0..=9, for Clients,
        api::offset_fetch::OffsetFetchRequest => api::offset_fetch::OffsetFetchResponse;
    /// Says which broker coordinates a group.
    FindCoordinator = 10, versions 0..=5, for Clients,
        api::find_coordinator::FindCoordinatorRequest => api::find_coordinator::FindCoordinatorResponse;
    /// Makes a consumer a member of a group.
    JoinGroup = 11, versions 0..=9, for Clients,
        api::join_group::JoinGroupRequest => api::join_group::JoinGroupResponse;
    /// Says that a member lives.
    Heartbeat = 12, versions 0..=4, for Clients,
        api::heartbeat::HeartbeatRequest => api::heartbeat::HeartbeatResponse;
    /// Takes members out of a group.
    LeaveGroup = 13, versions 0..=5, for Clients,
        api::leave_group::LeaveGroupRequest => api::leave_group::LeaveGroupResponse;
    /// Gives every member its part.
    SyncGroup = 14, versions 0..=5, for Clients,
        api::sync_group::SyncGroupRequest => api::sync_group::SyncGroupResponse;
    /// Says what a coordinator knows of its groups.
    DescribeGroups = 15, versions 0..=5, for Clients,
        api::describe_groups::DescribeGroupsRequest => api::describe_groups::DescribeGroupsResponse;
    /// Says which groups a broker coordinates.
    ListGroups = 16, versions 0..=5, for Clients,
        api::list_groups::ListGroupsRequest => api::list_groups::ListGroupsResponse;
    /// Asks how to say who one is, which nobody here wants to know.
    SaslHandshake = 17, versions 0..=1, for Clients,
        api::sasl_handshake::SaslHandshakeRequest => api::sasl_handshake::SaslHandshakeResponse;
    /// Says which versions of which APIs a broker serves.
    ApiVersions = 18, versions 0..=3, for Clients,
        api::api_versions::ApiVersionsRequest => api::api_versions::ApiVersionsResponse;
    /// Creates topics.
    CreateTopics = 19, versions 0..=7, for Clients,
        api::create_topics::CreateTopicsRequest => api::create_topics::CreateTopicsResponse;
    /// Removes topics.
    DeleteTopics = 20, versions 0..=6, for Clients,
        api::delete_topics::DeleteTopicsRequest => api::delete_topics::DeleteTopicsResponse;
    /// Moves the beginning of logs forward.
    DeleteRecords = 21, versions 0..=2, for Clients,
        api::delete_records::DeleteRecordsRequest => api::delete_records::DeleteRecordsResponse;
    /// Gives a producer an id, by which what it sends twice is recognised.
    InitProducerId = 22, versions 0..=5, for Clients,
        api::init_producer_id::InitProducerIdRequest
            => api::init_producer_id::InitProducerIdResponse;
    /// Finds where an epoch of a leader ended, so that a log can be cut there.
    OffsetForLeaderEpoch = 23, versions 0..=4, for Clients,
        api::offset_for_leader_epoch::OffsetForLeaderEpochRequest
            => api::offset_for_leader_epoch::OffsetForLeaderEpochResponse;
    /// Says what topics and brokers have set.
    DescribeConfigs = 32, versions 0..=4, for Clients,
        api::describe_configs::DescribeConfigsRequest
            => api::describe_configs::DescribeConfigsResponse;
    /// Replaces the settings of topics and brokers.
    AlterConfigs = 33, versions 0..=2, for Clients,
        api::alter_configs::AlterConfigsRequest => api::alter_configs::AlterConfigsResponse;
    /// Says how large the logs of a broker are.
    DescribeLogDirs = 35, versions 0..=4, for Clients,
        api::describe_log_dirs::DescribeLogDirsRequest
            => api::describe_log_dirs::DescribeLogDirsResponse;
    /// Gives topics more partitions.
    CreatePartitions = 37, versions 0..=3, for Clients,
        api::create_partitions::CreatePartitionsRequest
            => api::create_partitions::CreatePartitionsResponse;
    /// Forgets groups.
    DeleteGroups = 42, versions 0..=2, for Clients,
        api::delete_groups::DeleteGroupsRequest => api::delete_groups::DeleteGroupsResponse;
    /// Makes preferred replicas leaders again.
    ElectLeaders = 43, versions 0..=2, for Clients,
        api::elect_leaders::ElectLeadersRequest => api::elect_leaders::ElectLeadersResponse;
    /// Changes single settings of topics and brokers.
    IncrementalAlterConfigs = 44, versions 0..=1, for Clients,
        api::incremental_alter_configs::IncrementalAlterConfigsRequest
            => api::incremental_alter_configs::IncrementalAlterConfigsResponse;
    /// Moves partitions to other brokers.
    AlterPartitionReassignments = 45, versions 0..=0, for Clients,
        api::alter_partition_reassignments::AlterPartitionReassignmentsRequest
            => api::alter_partition_reassignments::AlterPartitionReassignmentsResponse;
    /// Says which partitions are on the move.
    ListPartitionReassignments = 46, versions 0..=0, for Clients,
        api::list_partition_reassignments::ListPartitionReassignmentsRequest
            => api::list_partition_reassignments::ListPartitionReassignmentsResponse;
    /// Forgets how far a group has read.
    OffsetDelete = 47, versions 0..=0, for Clients,
        api::offset_delete::OffsetDeleteRequest => api::offset_delete::OffsetDeleteResponse;
    /// Asks the controller for another ISR.
    AlterPartition = 56, versions 0..=3, for Brokers,
        api::alter_partition::AlterPartitionRequest => api::alter_partition::AlterPartitionResponse;
    /// Says which brokers there are.
    DescribeCluster = 60, versions 0..=1, for Clients,
        api::describe_cluster::DescribeClusterRequest
            => api::describe_cluster::DescribeClusterResponse;
    /// Asks the controller for a block of producer ids.
    AllocateProducerIds = 67, versions 0..=0, for Brokers,
        api::allocate_producer_ids::AllocateProducerIdsRequest
            => api::allocate_producer_ids::AllocateProducerIdsResponse;
}

impl ApiKey {
    /// The version of the header before a request of `version`.
    pub fn request_header_version(self, version: i16) -> i16 {
        if self == ApiKey::ControlledShutdown && version == 0 {
            // Older than the client id.
            0
        } else if version >= self.first_flexible() {
            2
        } else {
            1
        }
    }

    /// The version of the header before a response of `version`.
    ///
    /// Always 0 for ApiVersions: the client cannot know yet whether the broker is old, and must be
    /// able to read that it is.
    pub fn response_header_version(self, version: i16) -> i16 {
        let flexible = version >= self.first_flexible();
        i16::from(flexible && self != ApiKey::ApiVersions)
    }
}

impl AnyRequest {
    /// Reads a request from a frame without its size.
    ///
    /// An unknown API and a version that is not served are malformed: there is no way to answer, and
    /// the connection must be closed. The one exception is ApiVersions in an unknown version, whose
    /// body is not read: it comes back as the default with its version in the header, to be answered
    /// with UNSUPPORTED_VERSION and the table, in version 0.
    ///
    /// What lies behind the end of the body is not looked at, as in Kafka: librdkafka sends three bytes too
    /// many when it asks for the metadata of all topics (its issue 5049).
    pub fn decode(frame: &Chunks) -> Result<(RequestHeader, AnyRequest), Malformed> {
        let mut reader = Reader::of_request(frame);
        let header = RequestHeader::decode(&mut reader)?;
        let Some(api) = header.api() else {
            return Err(Malformed::new(Reason::UnknownApi, 0));
        };
        if !api.versions().contains(&header.api_version) {
            if api == ApiKey::ApiVersions {
                return Ok((header, AnyRequest::ApiVersions(Default::default())));
            }
            return Err(Malformed::new(Reason::UnsupportedVersion, 0));
        }
        let request = AnyRequest::decode_body(api, header.api_version, &mut reader)?;
        Ok((header, request))
    }
}

impl AnyResponse {
    /// Reads the answer to a request to `api` from a frame without its size; the correlation id
    /// beside it.
    pub fn decode(
        api: ApiKey,
        version: i16,
        frame: &Chunks,
    ) -> Result<(i32, AnyResponse), Malformed> {
        let mut reader = Reader::new(frame);
        let correlation_id = header::decode_response_header(&mut reader, api, version)?;
        let response = AnyResponse::decode_body(api, version, &mut reader)?;
        reader.finish()?;
        Ok((correlation_id, response))
    }

    /// The error codes in the answer to a request to `api`, wherever it has some, without those that say that all
    /// is well; from a frame with its size. Those of an answer that cannot be read are given as far as it can.
    pub fn error_codes(api: ApiKey, version: i16, frame: &Chunks) -> Vec<i16> {
        let mut reader = Reader::heeding_codes(frame);
        let size = reader.skip(frame::SIZE);
        let header = size.and_then(|()| header::decode_response_header(&mut reader, api, version));
        let _ = header.and_then(|_| AnyResponse::decode_body(api, version, &mut reader));
        reader.into_codes()
    }
}
