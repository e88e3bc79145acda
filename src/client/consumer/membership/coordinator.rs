//! `Coordinator`: which broker a group is coordinated by, as far as its member knows.
//!
//! Any broker can be asked. The member then speaks to the coordinator over a connection of its own, even if
//! it has one to that broker already: a JoinGroup that waits for others would hold up fetches.
//!
//! A coordinator that is none any more, or has been silent for too long, is given up together with the
//! connection to it: what was asked there would otherwise be waited for, while another coordinator already
//! counts the seconds.

use super::super::subscription::Question;
use super::super::{Call, Turn};
use crate::channel::Answer;
use crate::client::config::ConsumerConfig;
use crate::client::network::Readiness;
use crate::fact::{CloseReason, Fact};
use crate::model::{Address, BrokerId};
use crate::protocol::api::FindCoordinatorRequest;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::{Duration, Instant};

/// The kind of coordinator that groups have.
const GROUP: i8 = 0;
/// The first version that asks for several groups at once.
const SEVERAL_FROM: i16 = 4;

/// Which broker coordinates the group.
#[derive(Clone, Debug)]
pub struct Coordinator {
    known: Option<Known>,
    question: Question,
    /// When it was last asked for.
    asked_at: Instant,
    /// How often in a row it was not found, or found and not reached.
    failures: u32,
    /// The connections to those that were given up, which are to be closed.
    given_up: Vec<BrokerId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    broker: BrokerId,
    /// The name of the connection to it.
    peer: BrokerId,
    /// Whether that stood since it was found.
    reached: bool,
}

impl Default for Coordinator {
    fn default() -> Self {
        Coordinator {
            known: None,
            question: Question::Due(Instant::ZERO),
            asked_at: Instant::ZERO,
            failures: 0,
            given_up: Vec::new(),
        }
    }
}

impl Coordinator {
    /// The broker, if it is known.
    pub fn broker(&self) -> Option<BrokerId> {
        self.known.map(|known| known.broker)
    }

    /// Whether a connection is the one to the coordinator.
    pub fn is(&self, peer: BrokerId) -> bool {
        self.known.is_some_and(|known| known.peer == peer)
    }

    /// The coordinator, if it can be spoken to now. Looks for it if it is not known.
    pub fn ready(&mut self, turn: &mut Turn<'_>) -> Option<BrokerId> {
        let Some(known) = &mut self.known else {
            self.ask(turn);
            return None;
        };
        let ready = (turn.network).ensure(turn.at.now, known.peer, turn.rng, turn.out);
        if ready != Readiness::Ready {
            return None;
        }
        known.reached = true;
        self.failures = 0;
        Some(known.peer)
    }

    fn ask(&mut self, turn: &mut Turn<'_>) {
        let now = turn.at.now;
        if !self.question.is_due(now) {
            return;
        }
        let Some(broker) = turn.network.least_loaded(now, turn.rng) else {
            return;
        };
        if turn.network.ensure(now, broker, turn.rng, turn.out) != Readiness::Ready {
            return;
        }
        let Some(version) = turn.network.version(broker, ApiKey::FindCoordinator) else {
            return;
        };
        let request = FindCoordinatorRequest {
            key: turn.config.group_id.clone(),
            key_type: GROUP,
            coordinator_keys: vec![turn.config.group_id.clone()],
        };
        self.question = Question::UnderWay;
        self.asked_at = now;
        let call = Call::FindCoordinator;
        (turn.network).call(now, broker, &request, version, call, turn.out);
    }

    /// Hears who coordinates.
    ///
    /// # Errors
    /// The reason to close the connection, when the bytes make no sense.
    pub fn answered(
        &mut self,
        answer: &Answer<()>,
        turn: &mut Turn<'_>,
    ) -> Result<Found, CloseReason> {
        let response = answer.decode::<FindCoordinatorRequest>();
        let response = response.map_err(|_| CloseReason::Malformed)?;
        let (error, broker, host, port) = match answer.version >= SEVERAL_FROM {
            true => {
                let one = response.coordinators.into_iter().next();
                let one = one.ok_or(CloseReason::Malformed)?;
                (one.error_code, one.node_id, one.host, one.port)
            }
            false => (
                response.error_code,
                response.node_id,
                response.host,
                response.port,
            ),
        };
        let error = ErrorCode::from_i16(error);
        if !error.is_none() {
            self.again(turn);
            return Ok(match error.is_retriable() {
                true => Found::NotYet,
                false => Found::Refused(error),
            });
        }
        if self.known.is_some() {
            // Somebody else was asked meanwhile, and was quicker.
            return Ok(Found::Known);
        }
        let broker = BrokerId(broker);
        let address = u16::try_from(port).map(|port| Address { host, port });
        let peer = address.ok().and_then(|at| turn.network.second(broker, at));
        let peer = peer.ok_or(CloseReason::Malformed)?;
        self.known = Some(Known {
            broker,
            peer,
            reached: false,
        });
        turn.out.note(Fact::CoordinatorFound {
            group: turn.config.group_id.clone(),
            broker,
        });
        Ok(Found::Known)
    }

    /// Nobody has answered, or nobody knew: it is asked again after a pause that grows.
    pub fn again(&mut self, turn: &mut Turn<'_>) {
        self.failures = self.failures.saturating_add(1);
        self.question = Question::Due(turn.at.now + turn.pause_after(self.failures));
    }

    /// It is somebody else, or does not answer: it is given up, and looked for at once.
    pub fn lost(&mut self, turn: &Turn<'_>) {
        if let Some(known) = self.known.take() {
            self.given_up.push(known.peer);
            self.question = Question::Due(turn.at.now);
        }
    }

    /// The connection to it is gone. One that has never stood is a reason to pause.
    pub fn disconnected(&mut self, turn: &mut Turn<'_>) {
        match self.known.take() {
            Some(known) if known.reached => self.question = Question::Due(turn.at.now),
            Some(_) => self.again(turn),
            None => {}
        }
    }

    /// Whoever was asked is silent as well: another is asked. Only a member whose heart beats is in such haste.
    pub fn ask_another(&mut self, turn: &mut Turn<'_>) {
        let patience = self.asked_at + patience(turn.config);
        if self.known.is_none() && self.question == Question::UnderWay && patience <= turn.at.now {
            self.question = Question::Due(turn.at.now);
        }
    }

    /// The connections that are to be closed.
    pub fn take_given_up(&mut self) -> Vec<BrokerId> {
        std::mem::take(&mut self.given_up)
    }

    /// When it is to be asked for again. `beats` is whether the member's heart does.
    pub fn next_wakeup(&self, beats: bool, config: &ConsumerConfig) -> Option<Instant> {
        match self.question {
            _ if self.known.is_some() => None,
            Question::Due(at) => Some(at),
            Question::UnderWay => beats.then(|| self.asked_at + patience(config)),
        }
    }
}

/// How long somebody whose heart beats waits for who coordinates: Kafka's heartbeats have a thread that looks
/// every `retry.backoff.ms`, forgets the question the first time and asks again the second.
fn patience(config: &ConsumerConfig) -> Duration {
    config.retry_backoff.times(2)
}

/// What came of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Known,
    NotYet,
    /// Asking again is of no use.
    Refused(ErrorCode),
}
