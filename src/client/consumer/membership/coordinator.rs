//! `Coordinator`: which broker a group is coordinated by, as far as its member knows.
//!
//! Any broker can be asked. The member then speaks to the coordinator over a connection of its own, even if
//! it has one to that broker already: a JoinGroup that waits for others would hold up fetches.

use super::super::subscription::Question;
use super::super::{Call, Turn};
use crate::channel::Answer;
use crate::client::network::Readiness;
use crate::fact::{CloseReason, Fact};
use crate::model::{Address, BrokerId};
use crate::protocol::api::FindCoordinatorRequest;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Instant;

/// The kind of coordinator that groups have.
const GROUP: i8 = 0;
/// The first version that asks for several groups at once.
const SEVERAL_FROM: i16 = 4;

/// Which broker coordinates the group.
#[derive(Clone, Debug)]
pub struct Coordinator {
    known: Option<Known>,
    question: Question,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    broker: BrokerId,
    /// The name of the connection to it.
    peer: BrokerId,
}

impl Default for Coordinator {
    fn default() -> Self {
        Coordinator {
            known: None,
            question: Question::Due(Instant::ZERO),
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
        let Some(known) = self.known else {
            self.ask(turn);
            return None;
        };
        let ready = (turn.network).ensure(turn.at.now, known.peer, turn.rng, turn.out);
        (ready == Readiness::Ready).then_some(known.peer)
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
        let (error, broker, host, port) = match response.coordinators.into_iter().next() {
            Some(one) if answer.version >= SEVERAL_FROM => {
                (one.error_code, one.node_id, one.host, one.port)
            }
            _ => (
                response.error_code,
                response.node_id,
                response.host,
                response.port,
            ),
        };
        let error = ErrorCode::from_i16(error);
        let address = u16::try_from(port).map(|port| Address { host, port });
        match (error, address) {
            (ErrorCode::None, Ok(address)) => {
                let broker = BrokerId(broker);
                let peer = turn.network.second(broker, address);
                self.known = Some(Known { broker, peer });
                turn.out.note(Fact::CoordinatorFound {
                    group: turn.config.group_id.clone(),
                    broker,
                });
                Ok(Found::Known)
            }
            (error, _) if error.is_retriable() || error.is_none() => {
                self.again(turn);
                Ok(Found::NotYet)
            }
            (error, _) => Ok(Found::Refused(error)),
        }
    }

    /// Nobody has answered, or nobody knew.
    pub fn again(&mut self, turn: &Turn<'_>) {
        self.question = Question::Due(turn.at.now + turn.config.retry_backoff);
    }

    /// It is somebody else, or gone.
    pub fn lost(&mut self, turn: &mut Turn<'_>) {
        if self.known.take().is_some() {
            self.again(turn);
        }
    }

    /// When it is to be asked for again.
    pub fn next_wakeup(&self) -> Option<Instant> {
        match self.question {
            Question::Due(at) if self.known.is_none() => Some(at),
            _ => None,
        }
    }
}

/// What came of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Known,
    NotYet,
    /// Asking again is of no use.
    Refused(ErrorCode),
}
