//! The messages: one file per API, request and response beside each other.
//!
//! The layouts are those of the schemas of Kafka 3.8, and fields are named as there, in snake case.
//! Offsets, ids, epochs and error codes are plain integers here, since every value may come from
//! outside; the organs wrap them in the types of `model` once they have looked at them.

pub mod alter_partition;
pub mod api_versions;
pub mod create_topics;
pub mod fetch;
pub mod leader_and_isr;
pub mod list_offsets;
pub mod metadata;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod update_metadata;

pub use alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
pub use api_versions::{ApiVersionsRequest, ApiVersionsResponse};
pub use create_topics::{CreateTopicsRequest, CreateTopicsResponse};
pub use fetch::{FetchRequest, FetchResponse};
pub use leader_and_isr::{LeaderAndIsrRequest, LeaderAndIsrResponse};
pub use list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
pub use metadata::{MetadataRequest, MetadataResponse};
pub use offset_for_leader_epoch::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
pub use produce::{ProduceRequest, ProduceResponse};
pub use update_metadata::{UpdateMetadataRequest, UpdateMetadataResponse};
