//! `Heart`: says every `heartbeat.interval.ms` that the member lives, whatever the application does.
//!
//! It beats from the moment at which the others know the member until it joins again. It also notices what
//! a member should know of itself: that the coordinator has not answered for `session.timeout.ms`, and that
//! the application has not polled for `max.poll.interval.ms`. A member of which nothing is to be expected
//! leaves, so that others can do its work.
//!
//! As in Kafka, a heartbeat does not wait for the answer to the one before.

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
    /// When the coordinator will have been silent for too long.
    session_until: Instant,
    /// How many heartbeats in a row came to nothing.
    failures: u32,
}

impl Heart {
    /// Begins to beat.
    pub(super) fn start(&mut self, turn: &Turn<'_>) {
        self.next_at = Some(turn.at.now + turn.config.heartbeat_interval);
        self.answered(turn);
    }

    pub(super) fn stop(&mut self) {
        self.next_at = None;
    }

    pub fn beats(&self) -> bool {
        self.next_at.is_some()
    }

    /// There is a coordinator, known to live or believed to.
    pub fn heard(&mut self, turn: &Turn<'_>) {
        self.session_until = turn.at.now + turn.config.session_timeout;
    }

    /// The coordinator lives, and knows the member.
    fn answered(&mut self, turn: &Turn<'_>) {
        self.failures = 0;
        self.heard(turn);
    }

    /// A heartbeat was not answered as it should be: the next one comes sooner, at least at first.
    pub(super) fn failed(&mut self, turn: &mut Turn<'_>) {
        if self.next_at.is_some() {
            self.failures = self.failures.saturating_add(1);
            self.next_at = Some(turn.at.now + turn.pause_after(self.failures));
        }
    }

    /// When it next beats, and when the coordinator will have been silent for too long.
    pub fn wakeups(&self) -> [Option<Instant>; 2] {
        [self.next_at, self.next_at.map(|_| self.session_until)]
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
    if coordinator.broker().is_some() {
        if membership.heart.session_until <= now {
            coordinator.lost(turn);
        } else if slow {
            let why = "max.poll.interval.ms is over";
            return super::leave(membership, coordinator, why, turn);
        }
    }
    coordinator.ask_another(turn);
    let Some(peer) = coordinator.ready(turn) else {
        return;
    };
    if next > now {
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
    let error = ErrorCode::from_i16(response.error_code);
    if error.is_none() {
        membership.heart.answered(turn);
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
            membership.heart.answered(turn);
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
