//! What is read off the wire: bytes on their way, and the requests that have no answer yet.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::client::config::Acks;
use crate::fact::{Entry, Fact};
use crate::model::{ConnectionId, ProcessId};
use crate::process::Payload;
use crate::protocol::{AnyResponse, ApiKey, Chunks, Request};
use crate::sorted::SortedMap;
use crate::world::{Parcel, World};

/// Requests that were sent and have no answer yet, as they left: from their senders' facts, so what a
/// socket of somebody else's asks is not among them. `T` is what is kept of each: its bytes, or what was read in them.
#[derive(Clone, Debug)]
pub(crate) struct Frames<T = Chunks> {
    sent: SortedMap<ConnectionId, SortedMap<i32, T>>,
    /// The latest of those on which their senders have given up. They may arrive all the same.
    given_up: VecDeque<T>,
    /// Some had to be forgotten, and may arrive too.
    is_incomplete: bool,
}

/// So many requests on which their senders have given up are kept.
const GIVEN_UP: usize = 256;

impl<T> Default for Frames<T> {
    fn default() -> Frames<T> {
        Frames {
            sent: SortedMap::new(),
            given_up: VecDeque::new(),
            is_incomplete: false,
        }
    }
}

impl Frames {
    /// Keeps the requests of the wanted kinds, and forgets those that will never be answered.
    pub(crate) fn follow(&mut self, world: &World, entry: &Entry, wanted: impl Fn(ApiKey) -> bool) {
        self.follow_reading(world, entry, wanted, Some);
    }
}

impl<T> Frames<T> {
    /// Keeps what can be read in the requests of the wanted kinds.
    pub(crate) fn follow_reading(
        &mut self,
        world: &World,
        entry: &Entry,
        wanted: impl Fn(ApiKey) -> bool,
        read: impl Fn(Chunks) -> Option<T>,
    ) {
        match &entry.fact {
            Fact::RequestSent {
                connection,
                api,
                correlation_id,
                ..
            } if wanted(*api) => {
                let unanswered =
                    *api == ApiKey::Produce && wants_no_answer(world, connection.opener);
                let frame = match unanswered {
                    true => None,
                    false => request(world, *connection, *correlation_id),
                };
                if let Some(frame) = frame.and_then(read) {
                    let sent = self.sent.entry(*connection).or_default();
                    sent.insert(*correlation_id, frame);
                }
            }
            Fact::Connected { connection, .. } | Fact::Disconnected { connection, .. } => {
                self.give_up(*connection);
            }
            Fact::RequestRejected { connection, .. } => self.give_up(connection.other_end()),
            Fact::Killed { .. } | Fact::Stopped => {
                let died = |connection: &&ConnectionId| Some(connection.opener) == entry.by;
                let own: Vec<ConnectionId> = self.sent.keys().filter(died).copied().collect();
                for connection in own {
                    self.give_up(connection);
                }
            }
            _ => {}
        }
    }

    fn give_up(&mut self, connection: ConnectionId) {
        let sent = self.sent.remove(&connection).unwrap_or_default();
        self.given_up.extend(sent.into_values());
        let surplus = self.given_up.len().saturating_sub(GIVEN_UP);
        self.given_up.drain(..surplus);
        self.is_incomplete |= surplus > 0;
    }

    /// A request that was just sent, if it is kept.
    pub(crate) fn get(&self, connection: ConnectionId, id: i32) -> Option<&T> {
        self.sent.get(&connection)?.get(&id)
    }

    /// What the same sender has asked over its other connections and was not answered.
    pub(crate) fn beside(&self, connection: ConnectionId) -> impl Iterator<Item = &T> {
        let others = self
            .sent
            .iter()
            .filter(move |(other, _)| other.opener == connection.opener && **other != connection);
        others.flat_map(|(_, sent)| sent.values())
    }

    /// The request that is answered over this end of a connection.
    pub(crate) fn take(&mut self, connection: ConnectionId, id: i32) -> Option<T> {
        let sent = self.sent.get_mut(&connection.other_end())?;
        sent.remove(&id)
    }

    /// Every request that has no answer yet, and may still arrive.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        let sent = self.sent.values().flat_map(SortedMap::values);
        sent.chain(&self.given_up)
    }

    /// Whether some had to be forgotten.
    pub(super) fn has_forgotten(&self) -> bool {
        self.is_incomplete
    }

    /// Whether there may be others.
    pub(super) fn is_incomplete(&self, world: &World) -> bool {
        let mut hosts = world.hosts();
        // What somebody else's socket asks is not followed.
        let asks_unseen = hosts.any(|host| matches!(host.id, ProcessId::Socket(_)));
        asks_unseen || self.is_incomplete
    }
}

/// The answer that was just sent over this end of a connection.
pub(crate) fn answer<R: Request>(
    world: &World,
    connection: ConnectionId,
    version: i16,
    id: i32,
) -> Option<Arc<R::Response>>
where
    R::Response: Send + Sync + 'static,
{
    let frame = answer_frame(world, connection, id)?;
    world.readings().read::<R>(frame, version)
}

/// The error codes in the answer that was just sent over this end of a connection, without those that say that all is
/// well.
pub(crate) fn codes(
    world: &World,
    api: ApiKey,
    connection: ConnectionId,
    version: i16,
    id: i32,
) -> Option<Vec<i16>> {
    let frame = answer_frame(world, connection, id)?;
    let known = world.readings().codes(frame, version);
    Some(known.unwrap_or_else(|| AnyResponse::error_codes(api, version, frame)))
}

/// The answer that was just sent over this end of a connection, as bytes, its size before it.
fn answer_frame(world: &World, connection: ConnectionId, id: i32) -> Option<&Chunks> {
    on_the_wire(world, connection.other_end(), 4, id)
}

/// A request that was just sent.
pub(super) fn request(world: &World, connection: ConnectionId, id: i32) -> Option<Chunks> {
    let frame = on_the_wire(world, connection.other_end(), 8, id)?;
    Some(frame.slice(4, frame.len()))
}

/// The newest bytes on their way to an end of a connection that have this number at this place, or that will be sent
/// there as soon as a slow disk is done.
fn on_the_wire(world: &World, to: ConnectionId, place: usize, id: i32) -> Option<&Chunks> {
    let fits = |bytes: &Chunks| has_at(bytes, place, &id.to_be_bytes());
    let packets = world.in_flight().filter(|packet| packet.connection == to);
    let packets = packets.filter_map(|packet| match &packet.parcel {
        Parcel::Bytes(Payload::Kafka(bytes)) => fits(bytes).then_some((packet.number, bytes)),
        _ => None,
    });
    let sent = packets.max_by_key(|(number, _)| *number);
    let held_back = world.held_back(to.other_end());
    let held_back = held_back.filter_map(|payload| match payload {
        Payload::Kafka(bytes) => fits(bytes).then_some(bytes),
        _ => None,
    });
    held_back.last().or(sent.map(|(_, bytes)| bytes))
}

/// Whether these bytes stand there.
fn has_at(bytes: &Chunks, place: usize, wanted: &[u8]) -> bool {
    // A head that is in one piece, as nearly all are, is looked at where it lies.
    let head = bytes.pieces().next();
    match head.and_then(|head| head.get(place..place + wanted.len())) {
        Some(found) => found == wanted,
        None => {
            let end = place + wanted.len();
            bytes.len() >= end && bytes.slice(place, end).to_bytes()[..] == *wanted
        }
    }
}

/// Whether a producer asks for no acknowledgement.
pub(super) fn wants_no_answer(world: &World, opener: ProcessId) -> bool {
    let producer = world.host(opener).and_then(|host| host.producer());
    producer.is_some_and(|producer| producer.config().acks == Acks::None)
}
