//! JoinGroup, SyncGroup and LeaveGroup: how a member comes into a generation, and out of the group.
//!
//! Whatever the coordinator answers, a member that is not told that it never will be one tries again: with
//! the id that it was given, as somebody new when its id is not known, at another broker when this one is not
//! the coordinator.
//!
//! As in Kafka, the answer to a JoinGroup is acted on in the next `poll()`: while the application works, the
//! leader divides nothing and a member does not ask for its part, and all others wait.

use super::coordinator::Coordinator;
use super::leading::{self, Led};
use super::{Generation, KeepsId, Membership, Stage};
use crate::channel::Answer;
use crate::client::consumer::assignor::Assignor;
use crate::client::consumer::subscription::Subscription;
use crate::client::consumer::{Call, Turn};
use crate::fact::{CloseReason, Fact};
use crate::model::BrokerId;
use crate::protocol::api::join_group::{JoinGroupRequestProtocol, JoinGroupResponse};
use crate::protocol::api::leave_group::MemberIdentity;
use crate::protocol::api::sync_group::SyncGroupRequestAssignment;
use crate::protocol::api::{JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest};
use crate::protocol::consumer_protocol::Assignment;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Duration;

/// What members say to each other that another member cannot read.
const NONSENSE: ErrorCode = ErrorCode::InconsistentGroupProtocol;

/// What groups of consumers call their protocol.
const CONSUMER: &str = "consumer";

/// How much longer than the rebalance may take its answer is waited for (`JOIN_GROUP_TIMEOUT_LAPSE`).
const LAPSE: Duration = Duration::from_secs(5);

/// Asks to be a member of the next generation.
pub(super) fn ask(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    subscription: &Subscription,
    turn: &mut Turn<'_>,
) {
    let Some(peer) = coordinator.ready(turn) else {
        return;
    };
    let Some(version) = turn.network.version(peer, ApiKey::JoinGroup) else {
        return;
    };
    let config = turn.config;
    let protocols = config.partition_assignment_strategy.0.iter();
    let protocols = protocols.map(|assignor| JoinGroupRequestProtocol {
        name: assignor.name().into(),
        metadata: leading::subscription(*assignor, membership, subscription, config),
    });
    let request = JoinGroupRequest {
        group_id: config.group_id.clone(),
        session_timeout_ms: config.session_timeout.as_millis_i32(),
        rebalance_timeout_ms: config.max_poll_interval.as_millis_i32(),
        member_id: membership.generation.member.clone(),
        group_instance_id: config.instance(),
        protocol_type: CONSUMER.into(),
        protocols: protocols.collect(),
        reason: None,
    };
    membership.stage = Stage::Joining;
    membership.heart.stop();
    membership.joined_topics.clone_from(&config.subscribe.0);
    membership.divided.clear();
    let timeout = config.request_timeout.max(config.max_poll_interval + LAPSE);
    let (now, call) = (turn.at.now, Call::Join);
    (turn.network).call_within(now, peer, &request, version, call, timeout, turn.out);
}

/// Takes the answer to a JoinGroup. It is acted on in the next `poll()`.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn answered(membership: &mut Membership, answer: &Answer<()>) -> Result<(), CloseReason> {
    let response = answer.decode::<JoinGroupRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    if membership.stage == Stage::Joining {
        membership.unheard = Some(response);
    }
    Ok(())
}

/// Hears what came of asking to be a member.
pub(super) fn joined(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    response: JoinGroupResponse,
    turn: &mut Turn<'_>,
) {
    membership.stage = Stage::Unjoined;
    let error = ErrorCode::from_i16(response.error_code);
    match error {
        ErrorCode::None => become_member(membership, coordinator, response, turn),
        ErrorCode::MemberIdRequired => {
            membership.generation = Generation {
                member: response.member_id,
                ..Generation::default()
            };
        }
        ErrorCode::UnknownMemberId => membership.reset(KeepsId::No),
        ErrorCode::IllegalGeneration => membership.reset(KeepsId::Yes),
        ErrorCode::RebalanceInProgress => {}
        ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
            coordinator.lost(turn);
            pause(membership, turn);
        }
        _ if error.is_retriable() => pause(membership, turn),
        _ => membership.fail(error, turn),
    }
}

fn pause(membership: &mut Membership, turn: &Turn<'_>) {
    membership.not_before = turn.at.now + turn.config.retry_backoff;
}

fn become_member(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    response: JoinGroupResponse,
    turn: &mut Turn<'_>,
) {
    let name = response.protocol_name.unwrap_or_default();
    let Some(assignor) = Assignor::parse(&name) else {
        // It was asked for one of those that this member knows.
        return membership.fail(NONSENSE, turn);
    };
    let leads = response.leader == response.member_id;
    membership.generation = Generation {
        number: response.generation_id,
        member: response.member_id,
        assignor: Some(assignor),
    };
    membership.rejoins = false;
    membership.let_be = false;
    membership.heart.start(turn);
    turn.out.note(Fact::GroupJoined {
        group: turn.config.group_id.clone(),
        generation: response.generation_id,
        member: membership.generation.member.clone(),
        assignor: assignor.name(),
        leads,
    });
    if !leads {
        return sync(membership, coordinator, Vec::new(), turn);
    }
    let led = Led::new(assignor, &response.members, response.skip_assignment);
    let Some(led) = led else {
        // Asking again would bring the same, and a new generation each time.
        return membership.fail(NONSENSE, turn);
    };
    led.want_topics(turn);
    membership.stage = Stage::Leading(led);
    lead(membership, coordinator, turn);
}

/// The leader divides the partitions as soon as it knows how many there are.
pub(super) fn lead(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    turn: &mut Turn<'_>,
) {
    let Stage::Leading(led) = &membership.stage else {
        return;
    };
    if !led.knows_enough(turn) {
        return;
    }
    let metadata = turn.network.metadata();
    let (parts, skips, counts) = (led.divide(metadata), led.skips(), led.counts(metadata));
    (membership.divided, membership.let_be) = (counts, skips);
    let parts = parts.into_iter().map(|(member_id, part)| {
        let assignment = Assignment {
            assigned_partitions: leading::grouped(&part),
            user_data: None,
        };
        SyncGroupRequestAssignment {
            member_id,
            assignment: assignment.write(leading::VERSION),
        }
    });
    let parts = match skips {
        true => Vec::new(),
        false => parts.collect(),
    };
    sync(membership, coordinator, parts, turn);
}

fn sync(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    assignments: Vec<SyncGroupRequestAssignment>,
    turn: &mut Turn<'_>,
) {
    let version = |turn: &Turn<'_>, peer| turn.network.version(peer, ApiKey::SyncGroup);
    let peer = coordinator.ready(turn);
    let Some((peer, version)) = peer.and_then(|peer| Some((peer, version(turn, peer)?))) else {
        // The connection was lost meanwhile, and with it the place in this generation.
        membership.stage = Stage::Unjoined;
        return membership.rejoin();
    };
    let request = SyncGroupRequest {
        group_id: turn.config.group_id.clone(),
        generation_id: membership.generation.number,
        member_id: membership.generation.member.clone(),
        group_instance_id: turn.config.instance(),
        protocol_type: Some(CONSUMER.into()),
        protocol_name: membership
            .generation
            .assignor
            .map(|known| known.name().into()),
        assignments,
    };
    membership.stage = Stage::Syncing;
    let call = Call::Sync(membership.generation.clone());
    (turn.network).call(turn.at.now, peer, &request, version, call, turn.out);
}

/// Hears which part this member is given. The application takes it with its next `poll()`.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn synced(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    sent: &Generation,
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<SyncGroupRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    if membership.stage != Stage::Syncing || membership.generation != *sent {
        return Ok(());
    }
    let error = ErrorCode::from_i16(response.error_code);
    if error.is_none() {
        match Assignment::read(&response.assignment) {
            Ok(given) => {
                membership.given = Some(given);
                membership.stage = Stage::Stable;
            }
            Err(_) => membership.fail(NONSENSE, turn),
        }
        return Ok(());
    }
    membership.stage = Stage::Unjoined;
    membership.rejoin();
    match error {
        ErrorCode::RebalanceInProgress => {}
        ErrorCode::UnknownMemberId => membership.reset(KeepsId::No),
        ErrorCode::IllegalGeneration => membership.reset(KeepsId::Yes),
        ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
            coordinator.lost(turn);
            pause(membership, turn);
        }
        _ => membership.fail(error, turn),
    }
    Ok(())
}

/// Leaves the group. Nobody waits for the answer. False when it cannot be said.
pub(super) fn ask_to_leave(
    membership: &Membership,
    peer: BrokerId,
    why: &str,
    turn: &mut Turn<'_>,
) -> bool {
    let Some(version) = turn.network.version(peer, ApiKey::LeaveGroup) else {
        return false;
    };
    let member_id = membership.generation.member.clone();
    let request = LeaveGroupRequest {
        group_id: turn.config.group_id.clone(),
        member_id: member_id.clone(),
        members: vec![MemberIdentity {
            member_id,
            group_instance_id: None,
            reason: Some(why.into()),
        }],
    };
    let call = Call::Leave;
    (turn.network).call(turn.at.now, peer, &request, version, call, turn.out);
    true
}
