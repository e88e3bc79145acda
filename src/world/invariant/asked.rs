//! What everybody asks: the world's own clients as they say that they do, and strangers as their bytes can be cut
//! into requests.

use std::collections::VecDeque;

use super::wire::Frames;
use crate::fact::{Entry, Fact};
use crate::model::{ConnectionId, ProcessId};
use crate::process::Payload;
use crate::protocol::{ApiKey, Chunks, FrameBuffer};
use crate::sorted::SortedMap;
use crate::time::Instant;
use crate::world::{Parcel, World};

/// Requests that were sent and have no answer yet, those of sockets too.
///
/// A broker answers the requests of a connection one after the other; so an answer is to the oldest of a stranger's that
/// it fits, whatever numbers he gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    own: Frames,
    /// When each of them was sent.
    sent: SortedMap<ConnectionId, SortedMap<i32, Instant>>,
    strangers: SortedMap<ConnectionId, Stranger>,
    /// The newest packet that was looked at.
    seen: Option<u64>,
    /// What strangers have just finished writing.
    fresh: Vec<Chunks>,
    /// What is just being answered to a stranger.
    answered: Option<(ConnectionId, i32, Wanted)>,
    /// The latest of what strangers will hear no answer to. It may arrive all the same.
    given_up: VecDeque<Chunks>,
    /// Some had to be forgotten, and may arrive too.
    is_incomplete: bool,
}

/// What somebody outside the world has written over one connection.
#[derive(Clone, Debug, Default)]
struct Stranger {
    buffer: FrameBuffer,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Debug)]
struct Waiting {
    api: i16,
    id: i32,
    /// `None` of kinds that nobody here wants.
    wanted: Option<Wanted>,
}

/// When it was sent, and what it is.
#[derive(Clone, Debug)]
struct Wanted {
    at: Instant,
    frame: Chunks,
}

/// So many requests that will not be answered are kept.
const GIVEN_UP: usize = 256;
/// So many that a stranger has written are kept.
const WAITING: usize = 1_024;
/// No frame is longer.
const LIMIT: usize = 1 << 30;

impl Asked {
    /// Keeps the requests of the wanted kinds, and forgets those that will never be answered.
    pub(super) fn follow(&mut self, world: &World, entry: &Entry, wanted: impl Fn(ApiKey) -> bool) {
        self.own.follow(world, entry, &wanted);
        match &entry.fact {
            Fact::RequestSent {
                connection,
                api,
                correlation_id,
                ..
            } if wanted(*api) && self.own.get(*connection, *correlation_id).is_some() => {
                let sent = self.sent.entry(*connection).or_default();
                sent.insert(*correlation_id, entry.at);
            }
            Fact::Connected { connection, .. } | Fact::Disconnected { connection, .. } => {
                self.sent.remove(connection);
            }
            Fact::Killed { .. } | Fact::Stopped => {
                (self.sent).retain(|connection, _| Some(connection.opener) != entry.by);
            }
            _ => {}
        }
        self.follow_strangers(world, entry, wanted);
    }

    /// As [`Asked::follow`], and keeps nothing of what the world's own clients ask.
    pub(super) fn follow_strangers(
        &mut self,
        world: &World,
        entry: &Entry,
        wanted: impl Fn(ApiKey) -> bool,
    ) {
        self.fresh.clear();
        self.answered = None;
        match &entry.fact {
            Fact::Commanded { line } if line.starts_with("bytes ") => {
                self.written(world, entry.at, &wanted);
            }
            Fact::Commanded { line } if line.starts_with("close ") => {
                let holds = |id: &ConnectionId| {
                    let socket = world.host(id.opener).and_then(|host| host.socket());
                    socket.is_some_and(|socket| socket.connection == Some(*id))
                };
                let gone = self.strangers.keys().filter(|id| !holds(id));
                for connection in gone.copied().collect::<Vec<_>>() {
                    self.give_up(connection);
                }
            }
            Fact::RequestRejected { connection, .. } => self.give_up(connection.other_end()),
            Fact::ResponseSent {
                connection,
                api,
                correlation_id,
                ..
            } if matches!(connection.opener, ProcessId::Socket(_)) => {
                self.answers(*connection, *api, *correlation_id);
            }
            _ => {}
        }
    }

    /// A stranger has written something: what just left a socket.
    fn written(&mut self, world: &World, at: Instant, wanted: &dyn Fn(ApiKey) -> bool) {
        let packets = world.in_flight();
        let packets = packets.filter(|packet| matches!(packet.from, ProcessId::Socket(_)));
        let packets = packets.filter(|packet| Some(packet.number) > self.seen);
        let mut fresh: SortedMap<u64, (ConnectionId, Chunks)> = SortedMap::new();
        for packet in packets {
            if let Parcel::Bytes(Payload::Kafka(bytes)) = &packet.parcel {
                let from = packet.connection.other_end();
                fresh.insert(packet.number, (from, bytes.clone()));
            }
        }
        for (number, (connection, bytes)) in fresh {
            self.seen = Some(number);
            let stranger = self.strangers.entry(connection).or_default();
            stranger.buffer.push(bytes);
            while let Ok(Some(frame)) = stranger.buffer.next(LIMIT) {
                let Some((api, id)) = head(&frame) else {
                    break;
                };
                let kind = ApiKey::from_i16(api);
                let wanted = kind.is_some_and(wanted).then_some(Wanted { at, frame });
                self.fresh
                    .extend(wanted.iter().map(|wanted| wanted.frame.clone()));
                stranger.waiting.push_back(Waiting { api, id, wanted });
            }
            let surplus = stranger.waiting.len().saturating_sub(WAITING);
            let forgotten = stranger.waiting.drain(..surplus);
            let forgotten: Vec<Waiting> = forgotten.collect();
            self.forget(forgotten);
        }
    }

    fn answers(&mut self, connection: ConnectionId, api: ApiKey, id: i32) {
        let Some(stranger) = self.strangers.get_mut(&connection.other_end()) else {
            return;
        };
        let fits = |waiting: &Waiting| (waiting.api, waiting.id) == (api.code(), id);
        let Some(place) = stranger.waiting.iter().position(fits) else {
            return;
        };
        let mut passed: Vec<Waiting> = stranger.waiting.drain(..=place).collect();
        let answered = passed.pop().and_then(|answered| answered.wanted);
        // Of several of one number nobody can tell which answer is on its way.
        let again = stranger.waiting.iter().any(|waiting| waiting.id == id);
        self.answered = answered
            .filter(|_| !again)
            .map(|wanted| (connection, id, wanted));
        self.forget(passed);
    }

    fn give_up(&mut self, connection: ConnectionId) {
        let gone = self.strangers.remove(&connection).unwrap_or_default();
        self.forget(gone.waiting.into());
    }

    fn forget(&mut self, waiting: Vec<Waiting>) {
        let wanted = waiting.into_iter().filter_map(|waiting| waiting.wanted);
        self.given_up.extend(wanted.map(|wanted| wanted.frame));
        let surplus = self.given_up.len().saturating_sub(GIVEN_UP);
        self.given_up.drain(..surplus);
        self.is_incomplete |= surplus > 0;
    }

    /// A request that one of the world's own clients has just sent, if it is kept.
    pub(super) fn get(&self, connection: ConnectionId, id: i32) -> Option<&Chunks> {
        self.own.get(connection, id)
    }

    /// What strangers have just asked.
    pub(super) fn fresh(&self) -> &[Chunks] {
        &self.fresh
    }

    /// The request that is answered over this end of a connection.
    pub(super) fn take(&mut self, connection: ConnectionId, id: i32) -> Option<Chunks> {
        self.take_sent(connection, id).map(|(_, frame)| frame)
    }

    /// The request that is answered over this end of a connection, and when it was sent.
    pub(super) fn take_sent(
        &mut self,
        connection: ConnectionId,
        id: i32,
    ) -> Option<(Instant, Chunks)> {
        let sent = self.sent.get_mut(&connection.other_end());
        let sent = sent.and_then(|sent| sent.remove(&id));
        let own = sent.zip(self.own.take(connection, id));
        own.or_else(|| {
            let (over, number, wanted) = self.answered.take()?;
            ((over, number) == (connection, id)).then_some((wanted.at, wanted.frame))
        })
    }

    /// Every request that has no answer yet, and may still arrive.
    pub(super) fn all(&self) -> impl Iterator<Item = &Chunks> {
        let waiting = self
            .strangers
            .values()
            .flat_map(|stranger| &stranger.waiting);
        let waiting = waiting.filter_map(|waiting| waiting.wanted.as_ref());
        let waiting = waiting.map(|wanted| &wanted.frame);
        self.own.all().chain(waiting).chain(&self.given_up)
    }

    /// Whether there may be others.
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_incomplete || self.own.has_forgotten()
    }
}

/// Of which kind a request is, and its number.
fn head(frame: &Chunks) -> Option<(i16, i32)> {
    let head = frame.slice(0, frame.len().min(8)).to_bytes();
    let head: &[u8; 8] = head.first_chunk()?;
    let api = i16::from_be_bytes([head[0], head[1]]);
    let id = i32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    Some((api, id))
}
