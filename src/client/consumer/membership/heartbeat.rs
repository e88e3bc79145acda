//! `Heart`: says every `heartbeat.interval.ms` that the member lives, whatever the application does.
//!
//! It beats from the moment at which the others know the member until it joins again. It also notices what
//! a member should know of itself: that the coordinator has not answered for `session.timeout.ms`, and that
//! the application has not polled for `max.poll.interval.ms`. A member of which nothing is to be expected
//! leaves, so that others can do its work.

use super::coordinator::Coordinator;
use super::{Generation, KeepsId, Membership, Stage};
use crate::channel::Answer;
use crate::client::consumer::{Call, Turn};
use crate::fact::{CloseReason, Fact};
use crate::protocol::api::HeartbeatRequest;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Instant;

/// When a member was last heard of, and when it is to be heard of next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heart {
    /// When it next beats; `None` while it does not.
    next_at: Option<Instant>,
    in_flight: bool,
    /// When the coordinator will have been silent for too long.
    session_until: Instant,
}

impl Heart {
    /// Begins to beat.
    pub(super) fn start(&mut self, turn: &Turn<'_>) {
        self.next_at = Some(turn.at.now + turn.config.heartbeat_interval);
        self.heard(turn);
    }

    pub(super) fn stop(&mut self) {
        self.next_at = None;
    }

    pub fn beats(&self) -> bool {
        self.next_at.is_some()
    }

    /// The coordinator lives.
    pub fn heard(&mut self, turn: &Turn<'_>) {
        self.session_until = turn.at.now + turn.config.session_timeout;
    }

    /// A heartbeat was not answered as it should be: the next one comes sooner.
    pub(super) fn failed(&mut self, turn: &Turn<'_>) {
        self.in_flight = false;
        if self.next_at.is_some() {
            self.next_at = Some(turn.at.now + turn.config.retry_backoff);
        }
    }

    /// When it has something to do.
    pub fn next_wakeup(&self) -> Option<Instant> {
        let next = self.next_at?;
        Some(match self.in_flight {
            true => self.session_until,
            false => next.min(self.session_until),
        })
    }
}

/// Does what needs no `poll()`. `working_since` is when the application last polled, if it is not in `poll()`.
pub fn beat(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    working_since: Option<Instant>,
    turn: &mut Turn<'_>,
) {
    let now = turn.at.now;
    let Some(next) = membership.heart.next_at else {
        return;
    };
    let slow = working_since.is_some_and(|since| since + turn.config.max_poll_interval <= now);
    if slow {
        return super::leave(
            membership,
            coordinator,
            "max.poll.interval.ms is over",
            turn,
        );
    }
    if membership.heart.session_until <= now && coordinator.broker().is_some() {
        coordinator.lost(turn);
    }
    let Some(peer) = coordinator.ready(turn) else {
        return;
    };
    if membership.heart.in_flight || next > now {
        return;
    }
    let Some(version) = turn.network.version(peer, ApiKey::Heartbeat) else {
        return;
    };
    let instance = turn.config.instance();
    let request = HeartbeatRequest {
        group_id: turn.config.group_id.clone(),
        generation_id: membership.generation.number,
        member_id: membership.generation.member.clone(),
        group_instance_id: instance,
    };
    membership.heart.in_flight = true;
    membership.heart.next_at = Some(now + turn.config.heartbeat_interval);
    let call = Call::Heartbeat(membership.generation.clone());
    (turn.network).call(now, peer, &request, version, call, turn.out);
}

/// Hears what the coordinator says to a heartbeat.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn answered(
    membership: &mut Membership,
    coordinator: &mut Coordinator,
    sent: &Generation,
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<HeartbeatRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    membership.heart.in_flight = false;
    let error = ErrorCode::from_i16(response.error_code);
    if error.is_none() {
        membership.heart.heard(turn);
        return Ok(());
    }
    // It speaks of a generation that is over here as well.
    if membership.generation != *sent {
        return Ok(());
    }
    let note = |turn: &mut Turn<'_>| {
        turn.out.note(Fact::HeartbeatRefused {
            group: turn.config.group_id.clone(),
            error,
        });
    };
    match error {
        ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
            coordinator.lost(turn);
            membership.heart.failed(turn);
        }
        ErrorCode::RebalanceInProgress => {
            membership.heart.heard(turn);
            if membership.stage == Stage::Stable && !membership.rejoins {
                note(turn);
                membership.rejoin();
            }
        }
        ErrorCode::IllegalGeneration => {
            note(turn);
            membership.reset(KeepsId::Yes);
        }
        ErrorCode::UnknownMemberId => {
            note(turn);
            membership.reset(KeepsId::No);
        }
        ErrorCode::FencedInstanceId => {
            note(turn);
            membership.fail(error, turn);
        }
        _ if error.is_retriable() => membership.heart.failed(turn),
        _ => {
            note(turn);
            membership.fail(error, turn);
        }
    }
    Ok(())
}
