//! Fetch sessions (KIP-227): what a broker remembers of those who read from it.
//!
//! A session holds the partitions that one client reads from this broker, how it asked for each, and what
//! it was last told. A request in the session says what is different; an answer names only partitions that
//! have records, another high watermark or log start, an error or a parting of the logs. What followers
//! and consumers spare is names: with a thousand partitions, nearly all of the traffic.
//!
//! There is room for `max.incremental.fetch.session.cache.slots` sessions. One that has not been used for
//! two minutes gives way; else followers go before consumers, and larger sessions before smaller ones, once a
//! session is two minutes old. Who finds no room is answered in full, without a session.
//!
//! Laws: a request that is not the next of its session is refused and changes nothing; sessions belong to
//! no connection.

use std::sync::Arc;

use crate::fetch_session::{FINAL_EPOCH, INITIAL_EPOCH, Wanted, next_epoch, topics};
use crate::model::TopicId;
use crate::protocol::ErrorCode;
use crate::protocol::api::fetch::{FetchTopic, FetchableTopicResponse, PartitionData};
use crate::protocol::api::{FetchRequest, FetchResponse};
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};

/// How long a session is safe from others (`min.incremental.fetch.session.eviction.ms`).
const SAFE: Duration = Duration::from_secs(120);

/// Who keeps sessions longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Consumer,
    Follower,
}

/// A partition of a session.
#[derive(Clone, Debug)]
struct Cached {
    wanted: Wanted,
    /// What was last told; −1 after an error, so that whatever comes next is news.
    high_watermark: i64,
    log_start: i64,
}

#[derive(Clone, Debug)]
struct Session {
    rank: Rank,
    by_id: bool,
    created: Instant,
    last_used: Instant,
    /// The epoch of the next request.
    epoch: i32,
    /// In the order in which they are read: those that gave records last come last.
    partitions: Vec<Cached>,
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
                let session = self.sessions.get_mut(&id);
                let session = session.ok_or(ErrorCode::FetchSessionIdNotFound)?;
                if session.epoch != epoch {
                    return Err(ErrorCode::InvalidFetchSessionEpoch);
                }
                if session.by_id != by_id {
                    return Err(ErrorCode::FetchSessionTopicIdError);
                }
                let session = Arc::make_mut(session);
                session.update(&request);
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
                if !self.make_room(now, *rank, wanted.len(), slots as usize) {
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

    /// Whether there is room for a session of this rank and size, perhaps in place of another.
    fn make_room(&mut self, now: Instant, rank: Rank, size: usize, slots: usize) -> bool {
        if self.sessions.len() < slots {
            return true;
        }
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

impl Session {
    /// Takes in what a request says is different.
    fn update(&mut self, request: &FetchRequest) {
        for forgotten in &request.forgotten_topics_data {
            self.partitions.retain(|cached| {
                let wanted = &cached.wanted;
                let same = wanted.topic_id == forgotten.topic_id && wanted.topic == forgotten.topic;
                !same || !forgotten.partitions.contains(&wanted.partition.partition)
            });
        }
        let known = self.partitions.iter().zip(0..);
        let known = known.map(|(cached, place)| (key(&cached.wanted), place));
        let known: SortedMap<_, usize> = known.collect();
        for wanted in all_wanted(&request.topics) {
            match known.get(&key(&wanted)).copied() {
                Some(place) => self.partitions[place].wanted = wanted,
                None => self.partitions.push(Cached {
                    wanted,
                    high_watermark: -1,
                    log_start: -1,
                }),
            }
        }
    }

    /// Leaves in an answer, which speaks of every partition in order, only what is news; what gave
    /// records is read last from now on, so that none starves another.
    fn leave_news(&mut self, responses: &mut Vec<FetchableTopicResponse>) {
        let mut cached = std::mem::take(&mut self.partitions).into_iter();
        let mut gave = Vec::new();
        for topic in responses.iter_mut() {
            topic.partitions.retain(|told| {
                let Some(mut cached) = cached.next() else {
                    return true;
                };
                let news = cached.is_news(told);
                match told
                    .records
                    .as_ref()
                    .is_some_and(|records| !records.is_empty())
                {
                    true => gave.push(cached),
                    false => self.partitions.push(cached),
                }
                news
            });
        }
        self.partitions.extend(cached);
        self.partitions.append(&mut gave);
        responses.retain(|topic| !topic.partitions.is_empty());
    }
}

impl Cached {
    /// Whether a reader must be told; if so, it is told now.
    fn is_news(&mut self, told: &PartitionData) -> bool {
        let moved =
            self.high_watermark != told.high_watermark || self.log_start != told.log_start_offset;
        (self.high_watermark, self.log_start) = (told.high_watermark, told.log_start_offset);
        let trouble = told.error_code != ErrorCode::None.code() || told.diverging_epoch.epoch >= 0;
        if trouble {
            self.high_watermark = -1;
        }
        let records = told.records.as_ref();
        moved || trouble || records.is_some_and(|records| !records.is_empty())
    }
}

fn key(wanted: &Wanted) -> (TopicId, crate::model::Text, i32) {
    (
        wanted.topic_id,
        wanted.topic.clone(),
        wanted.partition.partition,
    )
}

fn all_wanted(topics: &[FetchTopic]) -> impl Iterator<Item = Wanted> {
    topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| Wanted {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            partition: partition.clone(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Chunks;
    use crate::protocol::api::fetch::{FetchPartition, ForgottenTopic};
    use crate::rng::Seed;

    const SLOTS: u32 = 2;

    fn at(seconds: u64) -> Instant {
        Instant::from_secs(seconds)
    }

    fn request(id: i32, epoch: i32, partitions: &[i32]) -> FetchRequest {
        let partitions = partitions.iter().map(|partition| FetchPartition {
            partition: *partition,
            ..FetchPartition::default()
        });
        FetchRequest {
            session_id: id,
            session_epoch: epoch,
            topics: vec![FetchTopic {
                topic: "orders".into(),
                partitions: partitions.collect(),
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        }
    }

    fn data(partition_index: i32, high_watermark: i64, bytes: usize) -> PartitionData {
        PartitionData {
            partition_index,
            high_watermark,
            records: Some(Chunks::from(vec![0; bytes])),
            ..PartitionData::default()
        }
    }

    fn told(data: &[PartitionData]) -> FetchResponse {
        FetchResponse {
            responses: vec![FetchableTopicResponse {
                topic: "orders".into(),
                partitions: data.to_vec(),
                ..FetchableTopicResponse::default()
            }],
            ..FetchResponse::default()
        }
    }

    /// One request and its answer, which says the same of every partition.
    fn fetch(
        sessions: &mut FetchSessions,
        now: Instant,
        rank: Rank,
        request: FetchRequest,
    ) -> Result<i32, ErrorCode> {
        let (context, topics) = sessions.context(now, request, rank, false)?;
        let asked = topics.iter().flat_map(|topic| &topic.partitions);
        let data: Vec<PartitionData> = asked.map(|asked| data(asked.partition, 0, 0)).collect();
        let mut response = told(&data);
        let mut rng = Rng::new(Seed(now.as_micros()), 1);
        sessions.finish(now, &context, false, SLOTS, &mut rng, &mut response);
        Ok(response.session_id)
    }

    fn named(topics: &[FetchTopic]) -> Vec<i32> {
        let partitions = topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| partition.partition).collect()
    }

    fn left(response: &FetchResponse) -> Vec<i32> {
        let partitions = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partitions);
        partitions.map(|data| data.partition_index).collect()
    }

    #[test]
    fn a_session_remembers_what_was_asked_and_forgets_what_it_is_told_to() {
        let mut sessions = FetchSessions::default();
        let id =
            fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0, 1])).expect("it opens");
        assert!(id > 0);
        let mut ask = |request| {
            let context = sessions.context(at(2), request, Rank::Consumer, false);
            context.map(|(_, topics)| named(&topics))
        };
        assert_eq!(ask(request(id, 1, &[])), Ok(vec![0, 1]));
        assert_eq!(ask(request(id, 2, &[2])), Ok(vec![0, 1, 2]));
        let mut forgetting = request(id, 3, &[]);
        forgetting.forgotten_topics_data = vec![ForgottenTopic {
            topic: "orders".into(),
            partitions: vec![0, 2],
            ..ForgottenTopic::default()
        }];
        assert_eq!(ask(forgetting), Ok(vec![1]));
        assert_eq!(
            ask(request(id, 3, &[])),
            Err(ErrorCode::InvalidFetchSessionEpoch),
            "the last one"
        );
        assert_eq!(
            ask(request(id, 5, &[])),
            Err(ErrorCode::InvalidFetchSessionEpoch),
            "one left out"
        );
        assert_eq!(
            ask(request(id + 1, 4, &[])),
            Err(ErrorCode::FetchSessionIdNotFound)
        );
        assert_eq!(
            ask(request(id, 4, &[])),
            Ok(vec![1]),
            "which changed nothing"
        );
        assert_eq!(ask(request(id, -1, &[7])), Ok(vec![7]), "closed");
        assert_eq!(
            ask(request(id, 5, &[])),
            Err(ErrorCode::FetchSessionIdNotFound)
        );
    }

    #[test]
    fn a_session_speaks_of_topics_by_name_or_by_id() {
        let mut sessions = FetchSessions::default();
        let id =
            fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0])).expect("it opens");
        let by_id = sessions.context(at(1), request(id, 1, &[]), Rank::Consumer, true);
        assert!(matches!(by_id, Err(ErrorCode::FetchSessionTopicIdError)));
    }

    #[test]
    fn an_answer_names_what_is_news() {
        let mut sessions = FetchSessions::default();
        let id = fetch(
            &mut sessions,
            at(1),
            Rank::Follower,
            request(0, 0, &[0, 1, 2]),
        )
        .expect("it opens");
        let failed = PartitionData {
            error_code: ErrorCode::NotLeaderOrFollower.code(),
            ..data(1, -1, 0)
        };
        let table: [(&[PartitionData], &[i32], &[i32]); 6] = [
            // what there is to say, what is said, the order of the next reading
            (
                &[data(0, 0, 0), data(1, 0, 0), data(2, 0, 0)],
                &[],
                &[0, 1, 2],
            ),
            (
                &[data(0, 0, 9), data(1, 0, 0), data(2, 5, 0)],
                &[0, 2],
                &[1, 2, 0],
            ),
            (
                &[data(1, 0, 0), data(2, 5, 0), data(0, 0, 0)],
                &[],
                &[1, 2, 0],
            ),
            (
                &[failed.clone(), data(2, 5, 0), data(0, 0, 0)],
                &[1],
                &[1, 2, 0],
            ),
            (&[failed, data(2, 5, 0), data(0, 0, 0)], &[1], &[1, 2, 0]),
            // What it was before the error is news after it.
            (
                &[data(1, 0, 0), data(2, 5, 0), data(0, 0, 0)],
                &[1],
                &[1, 2, 0],
            ),
        ];
        for (epoch, (there, said, order)) in (1..).zip(table) {
            let context = sessions.context(at(2), request(id, epoch, &[]), Rank::Follower, false);
            let (context, _) = context.expect("the next of its session");
            let mut response = told(there);
            let mut rng = Rng::new(Seed(1), 1);
            sessions.finish(at(2), &context, false, SLOTS, &mut rng, &mut response);
            assert_eq!(
                (response.session_id, &left(&response)[..]),
                (id, said),
                "epoch {epoch}"
            );
            let session = sessions.sessions.get(&id).expect("it is there");
            let next = session
                .partitions
                .iter()
                .map(|cached| cached.wanted.partition.partition);
            assert_eq!(next.collect::<Vec<_>>(), order, "after epoch {epoch}");
        }
    }

    #[test]
    fn an_answer_that_was_overtaken_is_refused() {
        let mut sessions = FetchSessions::default();
        let id =
            fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0])).expect("it opens");
        let waiting = sessions.context(at(2), request(id, 1, &[]), Rank::Consumer, false);
        let (waiting, _) = waiting.expect("the next of its session");
        assert_eq!(
            fetch(&mut sessions, at(3), Rank::Consumer, request(id, 2, &[])),
            Ok(id)
        );
        let mut response = told(&[data(0, 1, 1)]);
        let mut rng = Rng::new(Seed(1), 1);
        sessions.finish(at(3), &waiting, false, SLOTS, &mut rng, &mut response);
        let refused = ErrorCode::InvalidFetchSessionEpoch.code();
        assert_eq!((response.error_code, left(&response)), (refused, vec![]));
    }

    #[test]
    fn when_there_is_no_room_the_least_important_goes_or_nobody() {
        let open = |sessions: &mut FetchSessions, seconds, rank, partitions: &[i32]| {
            let opened = fetch(sessions, at(seconds), rank, request(0, 0, partitions));
            opened.expect("an answer at least")
        };
        let full = || {
            let mut sessions = FetchSessions::default();
            let small = open(&mut sessions, 1, Rank::Consumer, &[0]);
            let follower = open(&mut sessions, 2, Rank::Follower, &[0]);
            (sessions, small, follower)
        };
        // Nobody may go yet.
        let (mut sessions, small, follower) = full();
        assert_eq!(open(&mut sessions, 60, Rank::Consumer, &[0, 1]), 0);
        assert!(sessions.sessions.contains_key(&small));
        // A follower comes before any consumer.
        assert!(open(&mut sessions, 60, Rank::Follower, &[0]) > 0);
        assert!(
            !sessions.sessions.contains_key(&small) && sessions.sessions.contains_key(&follower)
        );
        assert_eq!(
            open(&mut sessions, 61, Rank::Follower, &[0]),
            0,
            "but not before another follower"
        );
        // Who has not been heard of for two minutes goes first.
        let (mut sessions, small, follower) = full();
        assert_eq!(
            fetch(
                &mut sessions,
                at(100),
                Rank::Consumer,
                request(small, 1, &[])
            ),
            Ok(small)
        );
        assert!(open(&mut sessions, 123, Rank::Consumer, &[0]) > 0);
        assert!(
            sessions.sessions.contains_key(&small) && !sessions.sessions.contains_key(&follower)
        );
        // Of those that are in use and two minutes old the smallest consumer goes, for one as large.
        let (mut sessions, small, follower) = full();
        assert_eq!(
            fetch(
                &mut sessions,
                at(121),
                Rank::Consumer,
                request(small, 1, &[7])
            ),
            Ok(small)
        );
        assert_eq!(
            fetch(
                &mut sessions,
                at(121),
                Rank::Follower,
                request(follower, 1, &[])
            ),
            Ok(follower)
        );
        assert_eq!(
            open(&mut sessions, 130, Rank::Consumer, &[0]),
            0,
            "it is smaller"
        );
        assert!(open(&mut sessions, 131, Rank::Consumer, &[0, 1]) > 0);
        assert!(!sessions.sessions.contains_key(&small));
        assert_eq!(sessions.len(), SLOTS as usize);
    }
}
