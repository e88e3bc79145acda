//! DescribeGroups and ListGroups: what a coordinator says of its groups.

use bytes::Bytes;

use super::coordinator::{Coordinator, Names};
use super::state::{Group, State};
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::protocol::api::describe_groups::{DescribedGroup, DescribedGroupMember};
use crate::protocol::api::list_groups::{ListGroupsResponse, ListedGroup};

/// What groups of this protocol are called.
const CLASSIC: &str = "classic";

impl Coordinator {
    /// One group. One that nobody knows is dead, which is no error.
    pub fn describe(&self, id: &Text) -> DescribedGroup {
        let described = |state: &str, error: ErrorCode| DescribedGroup {
            error_code: error.code(),
            group_id: id.clone(),
            group_state: state.into(),
            ..DescribedGroup::default()
        };
        if let Err(error) = self.check(id, Names::Any) {
            return described("", error);
        }
        let Some(group) = self.group(id) else {
            return described(State::Dead.name(), ErrorCode::None);
        };
        DescribedGroup {
            protocol_type: group.protocol_type().cloned().unwrap_or_default(),
            protocol_data: match group.state() {
                State::Stable => group.protocol().cloned().unwrap_or_default(),
                _ => Text::default(),
            },
            members: members(group),
            ..described(group.state().name(), ErrorCode::None)
        }
    }

    /// The groups in these states, or all.
    pub fn list(&self, states: &[Text], types: &[Text]) -> ListGroupsResponse {
        let wanted = |list: &[Text], name: &str| {
            list.is_empty() || list.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
        };
        // Asked once: there may be many groups, and a long list.
        let mut states_wanted = State::ALL.to_vec();
        states_wanted.retain(|state| wanted(states, state.name()));
        let classic = wanted(types, CLASSIC);
        let groups = self.groups().filter(|_| classic);
        let groups = groups.filter(|group| states_wanted.contains(&group.state()));
        let groups = groups.map(|group| ListedGroup {
            group_id: group.id.clone(),
            protocol_type: group.protocol_type().cloned().unwrap_or_default(),
            group_state: group.state().name().into(),
            group_type: CLASSIC.into(),
        });
        let error = match self.is_loading() {
            true => ErrorCode::CoordinatorLoadInProgress,
            false => ErrorCode::None,
        };
        ListGroupsResponse {
            error_code: error.code(),
            groups: groups.collect(),
            ..ListGroupsResponse::default()
        }
    }
}

/// The members; what they told each other only while that is settled.
fn members(group: &Group) -> Vec<DescribedGroupMember> {
    let settled = group.state() == State::Stable;
    let protocol = group.protocol().filter(|_| settled);
    let members = group.members().iter().map(|member| DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        member_metadata: protocol
            .map(|name| member.metadata(name))
            .unwrap_or_default(),
        member_assignment: match settled {
            true => member.assignment.clone(),
            false => Bytes::new(),
        },
    });
    members.collect()
}
