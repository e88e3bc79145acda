//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and what administrators ask about groups. The coordinator
//! decides; here its words are put into the versions of the protocol.

use bytes::Bytes;

use super::Asked;
use super::room::Room;
use crate::broker::{Broker, Connection};
use crate::group::{JoinAsked, JoinVersion};
use crate::model::{Text, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::leave_group::MemberIdentity;
use crate::protocol::api::{
    DeleteGroupsRequest, DescribeGroupsRequest, DescribeGroupsResponse, HeartbeatRequest,
    JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, OffsetDeleteRequest, SyncGroupRequest,
    SyncGroupResponse,
};
use crate::time::{Duration, Moment};

/// The first version in which a SyncGroup must say which protocol it is about.
const PROTOCOL_FROM: i16 = 5;

/// What anybody may do with a group when nobody has set access rules: read, delete, describe.
const GROUP_OPERATIONS: i32 = 0b1_0100_1000;

impl Broker {
    pub(super) fn handle_join_group(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: JoinGroupRequest,
        out: &mut Outbox,
    ) {
        let session_timeout = Duration::from_millis_i32(request.session_timeout_ms);
        let rebalance_timeout = match asked.id.version {
            // There was one timeout for both.
            0 => session_timeout,
            _ => Duration::from_millis_i32(request.rebalance_timeout_ms),
        };
        let protocols = request.protocols.into_iter();
        let joining = JoinAsked {
            asker: self.asker(asked.id),
            group: request.group_id,
            member: request.member_id,
            instance: request.group_instance_id,
            client_id: asked.client_id.clone().unwrap_or_default(),
            client_host: self.host_of(asked),
            rebalance_timeout,
            session_timeout,
            protocol_type: request.protocol_type,
            protocols: protocols
                // A copy: what is kept of a request does not keep all of it.
                .map(|known| (known.name, Bytes::copy_from_slice(&known.metadata)))
                .collect(),
            knows: JoinVersion::of(asked.id.version),
        };
        self.groups.coordinator.join(at, joining);
        self.serve_groups(at, out);
    }

    /// Where a client is, as Kafka writes an address.
    fn host_of(&self, asked: &Asked) -> Text {
        let open = self.connections.get(asked.id.connection);
        open.map_or_else(Text::default, Connection::host)
    }

    pub(super) fn handle_sync_group(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: SyncGroupRequest,
        out: &mut Outbox,
    ) {
        let named = request.protocol_type.is_some() && request.protocol_name.is_some();
        if asked.id.version >= PROTOCOL_FROM && !named {
            let response = SyncGroupResponse {
                error_code: ErrorCode::InconsistentGroupProtocol.code(),
                ..SyncGroupResponse::default()
            };
            return self.answer(at, asked.id, &response, out);
        }
        let asker = self.asker(asked.id);
        self.groups.coordinator.sync(at, asker, request);
        self.serve_groups(at, out);
    }

    pub(super) fn handle_heartbeat(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &HeartbeatRequest,
        out: &mut Outbox,
    ) {
        let asker = self.asker(asked.id);
        self.groups.coordinator.heartbeat(at, asker, request);
        self.serve_groups(at, out);
    }

    pub(super) fn handle_leave_group(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: LeaveGroupRequest,
        out: &mut Outbox,
    ) {
        let members = match asked.id.version {
            ..3 => vec![MemberIdentity {
                member_id: request.member_id,
                ..MemberIdentity::default()
            }],
            3.. => request.members,
        };
        let asker = self.asker(asked.id);
        let group = request.group_id;
        self.groups.coordinator.leave(at, asker, &group, members);
        self.serve_groups(at, out);
    }

    pub(super) fn handle_describe_groups(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DescribeGroupsRequest,
        out: &mut Outbox,
    ) {
        let mut response = DescribeGroupsResponse::default();
        let mut room = Room::of(asked.id);
        for name in &request.groups {
            let mut group = self.groups.coordinator.describe(name);
            if request.include_authorized_operations && group.error_code == 0 {
                group.authorized_operations = GROUP_OPERATIONS;
            }
            if !room.take(&group) {
                return self.refuse_length(asked.id, out);
            }
            response.groups.push(group);
        }
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_list_groups(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ListGroupsRequest,
        out: &mut Outbox,
    ) {
        let coordinator = &self.groups.coordinator;
        let response = coordinator.list(&request.states_filter, &request.types_filter);
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_delete_groups(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DeleteGroupsRequest,
        out: &mut Outbox,
    ) {
        let asker = self.asker(asked.id);
        let names = &request.groups_names;
        self.groups.coordinator.delete(at, asker, names);
        self.serve_groups(at, out);
    }

    pub(super) fn handle_offset_delete(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &OffsetDeleteRequest,
        out: &mut Outbox,
    ) {
        let asker = self.asker(asked.id);
        let metadata = self.metadata.clone();
        let exists = |partition: &TopicPartition| metadata.partition(partition).is_some();
        let coordinator = &mut self.groups.coordinator;
        coordinator.delete_offsets(at, asker, request, &exists);
        self.serve_groups(at, out);
    }
}
