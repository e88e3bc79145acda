//! Fetch sessions (KIP-227): what a broker remembers of those who read from it.
//!
//! A session holds the partitions that one client reads from this broker, how it asked for each, and what
//! it was last told. A request in the session says what is different; an answer names only partitions that
//! have records, another high watermark or log start, an error or a parting of the logs. What followers
//! and consumers spare is names: with a thousand partitions, nearly all of the traffic.
//!
//! There is room for `max.incremental.fetch.session.cache.slots` sessions. One that has not been used for
//! two minutes gives way; else one that is two minutes old, consumers before followers and small sessions before
//! large ones, if whoever comes weighs no less. A follower need not wait until a consumer's is old. Who finds no
//! room is answered in full, without a session.
//!
//! Unlike Kafka, which bounds how many sessions there are and not what they hold: all of them together have room for
//! half a million partitions, about, and whoever would have more is in the same way answered without one.
//!
//! Laws: a request that is not the next of its session is refused and changes nothing; sessions belong to
//! no connection.
//!
//! Here is who has a session; [`session`] is what one session remembers and says.

mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::session::{Cached, Session, all_wanted, bytes};
use crate::fetch_session::{FINAL_EPOCH, INITIAL_EPOCH, Wanted, next_epoch, topics};
use crate::protocol::ErrorCode;
use crate::protocol::api::fetch::FetchTopic;
use crate::protocol::api::{FetchRequest, FetchResponse};
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};

/// How long a session is safe from others (`min.incremental.fetch.session.eviction.ms`).
const SAFE: Duration = Duration::from_secs(120);

/// How much memory the sessions of a broker may take: for half a million partitions, about.
const MOST_BYTES: usize = 64 << 20;

/// Who keeps sessions longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Consumer,
    Follower,
}

/// What a fetch has to do with sessions, from the request to its answer.
#[derive(Clone, Debug)]
pub(super) enum Context {
    /// Nothing.
    Sessionless,
    /// It opens one, if there is room, with these partitions.
    Opens(Rank, Arc<Vec<Wanted>>),
    /// It belongs to one, whose next epoch is then this.
    Within(i32, i32),
}

/// The sessions of one broker.
#[derive(Clone, Debug, Default)]
pub(super) struct FetchSessions {
    sessions: SortedMap<i32, Arc<Session>>,
}

impl FetchSessions {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What a request has to do with sessions, and all that it asks for: what it says, and what its session
    /// remembers.
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND (70), INVALID_FETCH_SESSION_EPOCH (71),
    /// FETCH_SESSION_TOPIC_ID_ERROR (106).
    pub(super) fn context(
        &mut self,
        now: Instant,
        request: FetchRequest,
        rank: Rank,
        by_id: bool,
    ) -> Result<(Context, Vec<FetchTopic>), ErrorCode> {
        let id = request.session_id;
        match request.session_epoch {
            FINAL_EPOCH => {
                self.sessions.remove(&id);
                Ok((Context::Sessionless, request.topics))
            }
            INITIAL_EPOCH => {
                self.sessions.remove(&id);
                let wanted = all_wanted(&request.topics).collect();
                Ok((Context::Opens(rank, Arc::new(wanted)), request.topics))
            }
            epoch => {
                let held = self.bytes();
                let session = self.sessions.get_mut(&id);
                let session = session.ok_or(ErrorCode::FetchSessionIdNotFound)?;
                if session.epoch != epoch {
                    return Err(ErrorCode::InvalidFetchSessionEpoch);
                }
                if session.by_id != by_id {
                    return Err(ErrorCode::FetchSessionTopicIdError);
                }
                let session = Arc::make_mut(session);
                let others = held - session.bytes;
                session.update(&request);
                if others + session.bytes > MOST_BYTES {
                    // Its reader will say everything again, and be answered without a session.
                    self.sessions.remove(&id);
                    return Err(ErrorCode::FetchSessionIdNotFound);
                }
                if session.partitions.is_empty() {
                    self.sessions.remove(&id);
                    return Ok((Context::Sessionless, Vec::new()));
                }
                session.last_used = now;
                session.epoch = next_epoch(epoch);
                let cached = session.partitions.iter();
                let all = topics(cached.map(|cached| cached.wanted.clone()));
                Ok((Context::Within(id, session.epoch), all))
            }
        }
    }

    /// Makes an answer what the session of its request has it be. `slots` is how many sessions there may be.
    pub(super) fn finish(
        &mut self,
        now: Instant,
        context: &Context,
        by_id: bool,
        slots: u32,
        rng: &mut Rng,
        response: &mut FetchResponse,
    ) {
        match context {
            Context::Sessionless => {}
            Context::Opens(rank, wanted) => {
                if !self.make_room(now, *rank, wanted, slots as usize) {
                    return;
                }
                let mut id = 0;
                while id == 0 || self.sessions.contains_key(&id) {
                    id = rng.between(1, i32::MAX as u64) as i32;
                }
                let told = response
                    .responses
                    .iter()
                    .flat_map(|topic| &topic.partitions);
                let partitions = wanted.iter().zip(told).map(|(wanted, told)| Cached {
                    wanted: wanted.clone(),
                    high_watermark: told.high_watermark,
                    log_start: told.log_start_offset,
                });
                let session = Session {
                    rank: *rank,
                    by_id,
                    created: now,
                    last_used: now,
                    epoch: next_epoch(INITIAL_EPOCH),
                    partitions: partitions.collect(),
                    bytes: wanted.iter().map(bytes).sum(),
                };
                self.sessions.insert(id, Arc::new(session));
                response.session_id = id;
            }
            Context::Within(id, epoch) => {
                response.session_id = *id;
                let Some(session) = self.sessions.get_mut(id) else {
                    // It gave way meanwhile: the client learns of it by its next request.
                    return;
                };
                if session.epoch != *epoch {
                    // Another request of the session has overtaken this one while it waited.
                    *response = FetchResponse {
                        error_code: ErrorCode::InvalidFetchSessionEpoch.code(),
                        ..FetchResponse::default()
                    };
                    return;
                }
                Arc::make_mut(session).leave_news(&mut response.responses);
            }
        }
    }

    /// How much memory all of them take.
    fn bytes(&self) -> usize {
        self.sessions.values().map(|session| session.bytes).sum()
    }

    /// Whether there is room for a session of this rank and these partitions, perhaps in place of others.
    fn make_room(&mut self, now: Instant, rank: Rank, wanted: &[Wanted], slots: usize) -> bool {
        let needed: usize = wanted.iter().map(bytes).sum();
        if needed > MOST_BYTES {
            return false;
        }
        while self.sessions.len() >= slots || self.bytes() + needed > MOST_BYTES {
            if !self.evict(now, rank, wanted.len()) {
                return false;
            }
        }
        true
    }

    /// Has a session give way to one of this rank and size, if any must.
    fn evict(&mut self, now: Instant, rank: Rank, size: usize) -> bool {
        let oldest = self.sessions.iter();
        let oldest = oldest.min_by_key(|(id, session)| (session.last_used, **id));
        let Some((oldest, session)) = oldest else {
            return false;
        };
        if now.since(session.last_used) > SAFE {
            let oldest = *oldest;
            self.sessions.remove(&oldest);
            return true;
        }
        // A follower may take the place of any consumer; else only what is no longer safe goes.
        let weight = |session: &Session| (session.rank, session.partitions.len());
        let may_go = |session: &Session| {
            let old = now.since(session.created) > SAFE;
            old || rank == Rank::Follower && session.rank == Rank::Consumer
        };
        let evictable = self.sessions.iter().filter(|(_, session)| may_go(session));
        let least = evictable.min_by_key(|(id, session)| (weight(session), **id));
        let Some((least, session)) = least else {
            return false;
        };
        if (rank, size) < weight(session) {
            return false;
        }
        let least = *least;
        self.sessions.remove(&least);
        true
    }
}
