//! Sessions by themselves: what they remember, what they leave out, and who gives way.

use super::*;
use crate::model::Text;
use crate::protocol::Chunks;
use crate::protocol::api::fetch::{
    FetchPartition, FetchableTopicResponse, ForgottenTopic, PartitionData,
};
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

/// A partition of a topic with a name of so many megabytes, of which there are so many.
fn large(id: i32, epoch: i32, count: i32, megabytes: usize) -> FetchRequest {
    let mut large = request(id, epoch, &[]);
    let name: Text = "x".repeat(megabytes << 20).into();
    large.topics = (0..count)
        .map(|partition| FetchTopic {
            topic: name.clone(),
            ..request(0, 0, &[partition]).topics[0].clone()
        })
        .collect();
    large
}

#[test]
fn what_sessions_hold_is_bounded_and_who_would_have_more_has_none() {
    let mut sessions = FetchSessions::default();
    let mut ask = |second, request| fetch(&mut sessions, at(second), Rank::Consumer, request);
    assert_eq!(ask(1, large(0, 0, 9, 8)), Ok(0), "more than all may have");
    let first = ask(2, large(0, 0, 5, 8)).expect("it opens");
    assert!(first > 0);
    assert_eq!(ask(3, large(0, 0, 4, 8)), Ok(0), "more than is left");
    assert!(ask(4, large(0, 0, 2, 8)).is_ok_and(|second| second > 0));
    let grown = large(first, 1, 6, 8);
    let refusal = Err(ErrorCode::FetchSessionIdNotFound);
    assert_eq!(ask(5, grown), refusal, "it grows beyond what is left");
    assert!(ask(6, large(0, 0, 5, 8)).is_ok_and(|again| again > 0));
    assert_eq!(ask(7, large(0, 0, 5, 8)), Ok(0));
    assert!(
        ask(200, large(0, 0, 7, 8)).is_ok_and(|late| late > 0),
        "two gave way"
    );
    assert_eq!(sessions.len(), 1);
}

#[test]
fn a_hundred_thousand_partitions_are_forgotten_in_one_go() {
    let mut sessions = FetchSessions::default();
    let all: Vec<i32> = (0..100_000).rev().collect();
    let id = fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &all)).expect("opened");
    let mut forgetting = request(id, 1, &[]);
    forgetting.forgotten_topics_data = (1..100_000)
        .rev()
        .map(|partition| ForgottenTopic {
            topic: "orders".into(),
            partitions: vec![partition],
            ..ForgottenTopic::default()
        })
        .collect();
    let context = sessions.context(at(2), forgetting, Rank::Consumer, false);
    assert_eq!(context.map(|(_, topics)| named(&topics)), Ok(vec![0]));
    let again = request(id, 2, &all);
    let context = sessions.context(at(3), again, Rank::Consumer, false);
    let (_, topics) = context.expect("it is there");
    assert_eq!(named(&topics).len(), 100_000);
}

#[test]
fn a_session_remembers_what_was_asked_and_forgets_what_it_is_told_to() {
    let mut sessions = FetchSessions::default();
    let id = fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0, 1])).expect("it opens");
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
    let id = fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0])).expect("it opens");
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
    let id = fetch(&mut sessions, at(1), Rank::Consumer, request(0, 0, &[0])).expect("it opens");
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
    assert!(!sessions.sessions.contains_key(&small) && sessions.sessions.contains_key(&follower));
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
    assert!(sessions.sessions.contains_key(&small) && !sessions.sessions.contains_key(&follower));
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
