//! The client's half of a fetch session (KIP-227): what the broker remembers need not be said again.
//!
//! A client that reads a thousand partitions, of which three have news, would name all thousand in every
//! Fetch and hear of all thousand in every answer. In a session it says once what it reads; from then on a
//! request names what is different, and an answer only the partitions that have something to say. Numbers
//! (the session's epoch) make sure that both sides talk of the same state: whenever they might not, the
//! client says everything again.
//!
//! Consumers and the fetchers of followers use this alike; what the broker remembers is
//! `broker::fetch_sessions`.

use crate::model::{Text, TopicId};
use crate::protocol::ErrorCode;
use crate::protocol::api::FetchResponse;
use crate::protocol::api::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use crate::sorted::{Mentions, SortedMap};

/// The epoch by which a full request opens a session.
pub const INITIAL_EPOCH: i32 = 0;

/// The epoch by which a full request closes its session, or asks for none.
pub const FINAL_EPOCH: i32 = -1;

/// The epoch after this one: 0 and −1 have meanings of their own, so it goes round to 1.
pub fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MAX => 1,
        _ => epoch + 1,
    }
}

/// One partition that is to be read, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub topic: Text,
    pub topic_id: TopicId,
    pub partition: FetchPartition,
}

impl Wanted {
    fn key(&self) -> (&Text, TopicId, i32) {
        (&self.topic, self.topic_id, self.partition.partition)
    }
}

/// Each partition that a request names once, where it is named first and as it is named last: to Kafka they are the
/// keys of a map.
pub fn once(topics: Vec<FetchTopic>) -> Vec<FetchTopic> {
    let all: Vec<(usize, &FetchPartition)> = (topics.iter().enumerate())
        .flat_map(|(at, topic)| topic.partitions.iter().map(move |wanted| (at, wanted)))
        .collect();
    if all.len() < 2 {
        return topics;
    }
    let keys = all.iter().map(|(at, wanted)| {
        let topic = &topics[*at];
        (topic.topic_id, &topic.topic, wanted.partition)
    });
    let mentions = Mentions::of(keys);
    if mentions.are_distinct() {
        return topics;
    }
    let named = |topic: &FetchTopic| FetchTopic {
        partitions: Vec::new(),
        ..topic.clone()
    };
    let mut once: Vec<FetchTopic> = topics.iter().map(named).collect();
    for (first, last) in mentions.ends() {
        once[all[first].0].partitions.push(all[last].1.clone());
    }
    once.retain(|topic| !topic.partitions.is_empty());
    once
}

/// What an answer speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Every partition that was asked for.
    All,
    /// Only those that have something new; the others are as they were.
    Changes,
    /// None: the broker does not know the session any more, and must be told everything again.
    Nothing,
}

/// One client's session with one broker (Kafka's `FetchSessionHandler`).
#[derive(Clone, Debug, Default)]
pub struct FetchSession {
    /// 0 while there is none.
    id: i32,
    /// The epoch of the next request; 0 says everything.
    epoch: i32,
    /// What the broker was told last.
    told: Vec<Wanted>,
    /// Whether topics went by their ids.
    by_id: bool,
}

impl FetchSession {
    /// Puts into a request what has to be said for the broker to know what is wanted.
    pub fn ask(&mut self, wanted: Vec<Wanted>, by_id: bool, request: &mut FetchRequest) {
        if by_id != self.by_id {
            // One session speaks one language.
            self.epoch = INITIAL_EPOCH;
            self.by_id = by_id;
        }
        request.session_id = self.id;
        request.session_epoch = self.epoch;
        if self.epoch == INITIAL_EPOCH {
            request.topics = topics(wanted.iter().cloned());
            self.told = wanted;
            return;
        }
        let mut places = SortedMap::new();
        places.extend(wanted.iter().map(Wanted::key).zip(0..));
        let mut said = vec![Said::New; wanted.len()];
        let mut forgotten = Vec::new();
        for told in &self.told {
            match places.get(&told.key()).copied() {
                None => forgotten.push(told),
                Some(place) if wanted[place] == *told => said[place] = Said::Same,
                Some(place) => said[place] = Said::Changed,
            }
        }
        request.forgotten_topics_data = forgotten_topics(&forgotten);
        // Changes before additions, as Kafka has them.
        let of = |kind: Said| {
            let pairs = wanted.iter().zip(&said);
            pairs
                .filter(move |(_, said)| **said == kind)
                .map(|(wanted, _)| wanted.clone())
        };
        request.topics = topics(of(Said::Changed).chain(of(Said::New)));
        self.told = wanted;
    }

    /// Takes note of an answer.
    pub fn answered(&mut self, response: &FetchResponse) -> Heard {
        match ErrorCode::from_i16(response.error_code) {
            ErrorCode::None => {}
            ErrorCode::FetchSessionIdNotFound => {
                (self.id, self.epoch) = (0, INITIAL_EPOCH);
                return Heard::Nothing;
            }
            _ => {
                self.failed();
                return Heard::Nothing;
            }
        }
        let heard = match self.epoch {
            INITIAL_EPOCH => Heard::All,
            _ => Heard::Changes,
        };
        // A broker that has no room for a session says 0, also when it has made room for another.
        self.epoch = match response.session_id {
            0 => INITIAL_EPOCH,
            _ => next_epoch(self.epoch),
        };
        self.id = response.session_id;
        heard
    }

    /// Nobody knows whether the broker has heard the last request: the next one closes the session and
    /// opens another.
    pub fn failed(&mut self) {
        self.epoch = INITIAL_EPOCH;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Same,
    Changed,
    New,
}

/// Partitions by topic, in their order: a topic stands twice when another stood between.
pub fn topics(wanted: impl Iterator<Item = Wanted>) -> Vec<FetchTopic> {
    let mut topics: Vec<FetchTopic> = Vec::new();
    for wanted in wanted {
        match topics.last_mut() {
            Some(last) if last.topic == wanted.topic && last.topic_id == wanted.topic_id => {
                last.partitions.push(wanted.partition);
            }
            _ => topics.push(FetchTopic {
                topic: wanted.topic,
                topic_id: wanted.topic_id,
                partitions: vec![wanted.partition],
            }),
        }
    }
    topics
}

fn forgotten_topics(forgotten: &[&Wanted]) -> Vec<ForgottenTopic> {
    let mut topics: Vec<ForgottenTopic> = Vec::new();
    for gone in forgotten {
        let partition = gone.partition.partition;
        match topics.last_mut() {
            Some(last) if last.topic == gone.topic && last.topic_id == gone.topic_id => {
                last.partitions.push(partition);
            }
            _ => topics.push(ForgottenTopic {
                topic: gone.topic.clone(),
                topic_id: gone.topic_id,
                partitions: vec![partition],
            }),
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(partition: i32, offset: i64) -> Wanted {
        Wanted {
            topic: "orders".into(),
            topic_id: TopicId([7; 16]),
            partition: FetchPartition {
                partition,
                fetch_offset: offset,
                ..FetchPartition::default()
            },
        }
    }

    fn ask(session: &mut FetchSession, list: &[(i32, i64)]) -> FetchRequest {
        let mut request = FetchRequest::default();
        let list = list
            .iter()
            .map(|(partition, offset)| wanted(*partition, *offset));
        session.ask(list.collect(), true, &mut request);
        request
    }

    fn named(request: &FetchRequest) -> Vec<i32> {
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| partition.partition).collect()
    }

    fn dropped(request: &FetchRequest) -> Vec<i32> {
        let topics = request.forgotten_topics_data.iter();
        topics.flat_map(|topic| topic.partitions.clone()).collect()
    }

    fn says(error: ErrorCode, session_id: i32) -> FetchResponse {
        FetchResponse {
            error_code: error.code(),
            session_id,
            ..FetchResponse::default()
        }
    }

    #[test]
    fn what_was_said_once_is_not_said_again() {
        let mut session = FetchSession::default();
        let first = ask(&mut session, &[(0, 5), (1, 5)]);
        assert_eq!((first.session_id, first.session_epoch), (0, 0));
        assert_eq!(named(&first), [0, 1]);
        assert_eq!(session.answered(&says(ErrorCode::None, 9)), Heard::All);
        type Row<'a> = (&'a [(i32, i64)], &'a [i32], &'a [i32]);
        let table: [Row<'_>; 5] = [
            // wanted, named, forgotten
            (&[(0, 5), (1, 5)], &[], &[]),
            (&[(1, 5), (0, 5)], &[], &[]),
            (&[(0, 6), (1, 5), (2, 0)], &[0, 2], &[]),
            (&[(2, 0)], &[], &[0, 1]),
            (&[(1, 5), (2, 0)], &[1], &[]),
        ];
        for (epoch, (list, names, forgotten)) in (1..).zip(table) {
            let request = ask(&mut session, list);
            assert_eq!((request.session_id, request.session_epoch), (9, epoch));
            assert_eq!(
                (&named(&request)[..], &dropped(&request)[..]),
                (names, forgotten)
            );
            assert_eq!(session.answered(&says(ErrorCode::None, 9)), Heard::Changes);
        }
    }

    #[test]
    fn whatever_is_unclear_is_said_again() {
        let open = || {
            let mut session = FetchSession::default();
            ask(&mut session, &[(0, 5)]);
            session.answered(&says(ErrorCode::None, 9));
            ask(&mut session, &[(0, 5)]);
            session
        };
        let next = |mut session: FetchSession| {
            let request = ask(&mut session, &[(0, 5)]);
            assert_eq!(named(&request), [0], "everything");
            (request.session_id, request.session_epoch)
        };
        let mut session = open();
        let unknown = says(ErrorCode::FetchSessionIdNotFound, 0);
        assert_eq!(session.answered(&unknown), Heard::Nothing);
        assert_eq!(next(session), (0, 0), "a new session");
        let mut session = open();
        let other = says(ErrorCode::InvalidFetchSessionEpoch, 0);
        assert_eq!(session.answered(&other), Heard::Nothing);
        assert_eq!(next(session), (9, 0), "which closes the old one");
        let mut session = open();
        session.failed();
        assert_eq!(next(session), (9, 0));
        let mut session = open();
        assert_eq!(session.answered(&says(ErrorCode::None, 0)), Heard::Changes);
        assert_eq!(next(session), (0, 0), "it was evicted");
        let mut session = open();
        let mut request = FetchRequest::default();
        session.ask(vec![wanted(0, 5)], false, &mut request);
        assert_eq!(
            (named(&request), request.session_epoch),
            (vec![0], 0),
            "by name now"
        );
    }

    #[test]
    fn epochs_go_round_and_leave_out_what_has_a_meaning() {
        assert_eq!(next_epoch(0), 1);
        assert_eq!(next_epoch(i32::MAX), 1);
    }
}
