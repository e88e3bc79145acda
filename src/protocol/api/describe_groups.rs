//! DescribeGroups: what a coordinator knows of its groups.

use bytes::Bytes;

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for groups.
    pub struct DescribeGroupsRequest [flexible 5] {
        groups: Vec<Text> [0..];
        include_authorized_operations: bool [3..];
    }

    /// The groups.
    pub struct DescribeGroupsResponse [flexible 5] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        groups: Vec<DescribedGroup> [0..];
    }

    /// One group.
    pub struct DescribedGroup {
        error_code: i16 [0..];
        group_id: Text [0..];
        /// Empty, PreparingRebalance, CompletingRebalance, Stable or Dead.
        group_state: Text [0..];
        protocol_type: Text [0..];
        /// The assignor that all agree on.
        protocol_data: Text [0..];
        members: Vec<DescribedGroupMember> [0..];
        authorized_operations: i32 [3..] = i32::MIN;
    }

    /// One member.
    pub struct DescribedGroupMember {
        member_id: Text [0..];
        group_instance_id: Option<Text> [4..] null [4..];
        client_id: Text [0..];
        client_host: Text [0..];
        member_metadata: Bytes [0..];
        member_assignment: Bytes [0..];
    }
}
