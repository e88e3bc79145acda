//! What a fact keeps of what came from outside.

use super::Fact;
use crate::model::{Text, TopicPartition};

impl Fact {
    /// The bytes that a fact points to besides its own, where nothing bounds them: names that clients chose, whether
    /// anything goes by them or not, what they said, and lists of members. What has a legal topic's length is no
    /// matter.
    pub fn bulk(&self) -> usize {
        match self {
            Fact::ProduceRefused { partition, .. } => partition.topic.as_str().len(),
            Fact::GroupRebalancing { group, .. }
            | Fact::GroupStabilized { group, .. }
            | Fact::OffsetCommitted { group, .. }
            | Fact::OffsetForgotten { group, .. }
            | Fact::CoordinatorFound { group, .. }
            | Fact::HeartbeatRefused { group, .. }
            | Fact::MembershipFailed { group, .. }
            | Fact::CommitFailed { group, .. } => group.len(),
            Fact::GroupGenerationBegan {
                group,
                members,
                leader,
                ..
            } => {
                let each = members
                    .iter()
                    .map(|member| size_of::<Text>() + member.len());
                group.len() + each.sum::<usize>() + leader.as_ref().map_or(0, |leader| leader.len())
            }
            Fact::MemberLeft { group, member, .. } | Fact::GroupJoined { group, member, .. } => {
                group.len() + member.len()
            }
            Fact::PartitionsAssigned { group, partitions }
            | Fact::PartitionsRevoked { group, partitions }
            | Fact::PartitionsLost { group, partitions } => {
                group.len() + partitions.len() * size_of::<TopicPartition>()
            }
            Fact::OffsetsCommitted { group, offsets } => group.len() + size_of_val(&offsets[..]),
            // Some are called after groups.
            Fact::ZnodeCreated { path, .. }
            | Fact::ZnodeChanged { path, .. }
            | Fact::ZnodeDeleted { path } => path.len(),
            Fact::GroupLeft { group, why } => group.len() + why.len(),
            Fact::RecordQueued { key, .. } => key.as_ref().map_or(0, |key| key.len()),
            Fact::RequestRejected { why, .. } => why.len(),
            Fact::Commanded { line: text }
            | Fact::ErrandDone { what: text }
            | Fact::ErrandRefused { what: text, .. } => text.len(),
            _ => 0,
        }
    }
}
