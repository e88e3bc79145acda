//! Fetch sessions as both ends use them: little is said, and nothing is missed.

use super::*;
use crate::protocol::AnyRequest;
use crate::protocol::api::FetchResponse;

const FETCH: i16 = 12;

fn in_session(id: i32, epoch: i32, partitions: &[(i32, i64)]) -> FetchRequest {
    let mut request = fetch_request(0, 0);
    (request.session_id, request.session_epoch) = (id, epoch);
    let wanted = request.topics[0].partitions[0].clone();
    let wanted = partitions.iter().map(|(partition, offset)| FetchPartition {
        partition: *partition,
        fetch_offset: *offset,
        ..wanted.clone()
    });
    request.topics[0].partitions = wanted.collect();
    request
}

/// No partition at all.
const NONE: [i32; 0] = [];

fn named(response: &FetchResponse) -> Vec<i32> {
    let partitions = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partitions);
    partitions.map(|data| data.partition_index).collect()
}

/// The partitions that a follower's fetch names which is on its way to broker 1.
fn named_by(bench: &Bench, follower: i32) -> Option<Vec<i32>> {
    let from_follower = bench
        .queue
        .values()
        .filter(|(from, to, _)| (*from, *to) == (b(follower), b(1)));
    let frames = from_follower.filter_map(|(_, _, input)| match input {
        Input::Received {
            payload: Payload::Kafka(bytes),
            ..
        } => AnyRequest::decode(&bytes.slice(4, bytes.len())).ok(),
        _ => None,
    });
    let mut fetches = frames.filter_map(|(_, request)| match request {
        AnyRequest::Fetch(fetch) => Some(fetch),
        _ => None,
    });
    let fetch = fetches.next()?;
    let partitions = fetch.topics.iter().flat_map(|topic| &topic.partitions);
    Some(partitions.map(|partition| partition.partition).collect())
}

fn next_named_by(bench: &mut Bench, follower: i32) -> Vec<i32> {
    // A packet is under way for a millisecond.
    for _ in 0..8_000 {
        bench.run(Duration::from_micros(250));
        if let Some(mut named) = named_by(bench, follower) {
            named.sort_unstable();
            return named;
        }
    }
    panic!("broker {follower} fetches");
}

#[test]
fn a_consumer_hears_only_of_partitions_that_have_news() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3]]);
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let everything = in_session(0, 0, &[(0, 0), (1, 0), (2, 0)]);
    let response = bench.call(connection, &everything, FETCH);
    assert_eq!(named(&response), [0, 1, 2]);
    let id = response.session_id;
    assert_eq!(
        named(&bench.call(connection, &in_session(id, 1, &[]), FETCH)),
        NONE
    );
    let producer = bench.open(1);
    let request = produce_request(-1, 1, Some(records(&["a"])));
    bench.ask(producer, &request, PRODUCE);
    bench.run_ms(50);
    let response = bench.call(connection, &in_session(id, 2, &[]), FETCH);
    assert_eq!(named(&response), [1]);
    assert_eq!(
        Fetched::of(&response.responses[0].partitions[0]).offsets,
        [0]
    );
    // The reader has moved on, and says so; there is nothing new to say to that.
    assert_eq!(
        named(&bench.call(connection, &in_session(id, 3, &[(1, 1)]), FETCH)),
        NONE
    );
    // A wait is over when something has come to any partition of the session, named or not.
    let mut waiting = in_session(id, 4, &[]);
    waiting.max_wait_ms = 10_000;
    bench.ask(connection, &waiting, FETCH);
    bench.run_ms(100);
    assert!(bench.answer::<FetchRequest>(connection, FETCH).is_none());
    bench.ask(
        producer,
        &produce_request(-1, 2, Some(records(&["b"]))),
        PRODUCE,
    );
    bench.run_ms(50);
    let response = bench
        .answer::<FetchRequest>(connection, FETCH)
        .expect("the news");
    assert_eq!(named(&response), [2]);
}

#[test]
fn followers_name_what_is_different_and_stay_in_sync() {
    let settings = [("replica.lag.time.max.ms", "2000")];
    let mut bench = Bench::with_replicas(&settings, &[], &[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3]]);
    bench.run_ms(2_000);
    assert_eq!(bench.broker(1).fetch_sessions(), 2);
    assert_eq!(next_named_by(&mut bench, 2), NONE, "nothing is different");
    let producer = bench.open(1);
    bench.ask(
        producer,
        &produce_request(-1, 1, Some(records(&["a"]))),
        PRODUCE,
    );
    bench.run(Duration::from_micros(1_100));
    assert_eq!(
        next_named_by(&mut bench, 2),
        [1],
        "it has got further in one"
    );
    bench.run_ms(10);
    assert_eq!(
        bench.produced(producer).map(|answer| answer.error_code),
        Some(0)
    );
    bench.run_ms(5_000);
    assert_eq!(
        bench.replica(1).isr(),
        ids(&[1, 2, 3]),
        "who names nothing has not fallen behind"
    );
    assert_eq!(bench.broker(1).fetch_sessions(), 2);
}

#[test]
fn a_fetcher_that_lost_its_connection_says_everything_again() {
    let settings = [
        ("replica.socket.timeout.ms", "1000"),
        ("replica.fetch.backoff.ms", "200"),
    ];
    let mut bench = Bench::with_replicas(&settings, &[], &[&[1, 2, 3], &[1, 2, 3]]);
    bench.run_ms(1_000);
    bench.hold(b(1), b(2));
    bench.run_ms(3_000);
    bench.produce_now(1, 1, "a");
    bench.release(b(1), b(2));
    assert_eq!(next_named_by(&mut bench, 2), [0, 1]);
    bench.run_ms(100);
    assert_eq!(bench.replica(2).log_end(), Offset(1));
    assert_eq!(
        bench.broker(1).fetch_sessions(),
        2,
        "the new session has closed the old one"
    );
}

#[test]
fn without_room_for_sessions_everything_is_said_every_time() {
    let settings = [("max.incremental.fetch.session.cache.slots", "0")];
    let mut bench = Bench::with_replicas(&settings, &[], &[&[1, 2, 3], &[1, 2, 3]]);
    bench.run_ms(1_000);
    assert_eq!(next_named_by(&mut bench, 3), [0, 1]);
    assert_eq!(bench.produce_now(1, -1, "a"), (0, 0));
    let connection = bench.open_as(ProcessId::Consumer(1), 1);
    let response = bench.call(connection, &in_session(0, 0, &[(0, 0)]), FETCH);
    assert_eq!((response.session_id, named(&response)), (0, vec![0]));
    assert_eq!(bench.broker(1).fetch_sessions(), 0);
}

#[test]
fn a_follower_whose_session_was_evicted_goes_on_at_once() {
    let settings = [("max.incremental.fetch.session.cache.slots", "1")];
    let mut bench = Bench::new(&settings, &[]);
    bench.run_ms(1_000);
    assert_eq!(
        bench.broker(1).fetch_sessions(),
        1,
        "the other follower does without"
    );
    for value in ["a", "b", "c"] {
        assert_eq!(bench.produce_now(1, -1, value).0, 0);
    }
    // After two minutes each takes the place of the other, again and again.
    bench.run_ms(125_000);
    for value in ["d", "e", "f"] {
        let before = bench.now;
        assert_eq!(bench.produce_now(1, -1, value).0, 0);
        assert_eq!(bench.now.since(before), Duration::from_millis(50));
    }
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2, 3]));
    assert!(!bench.noted(2, |fact| matches!(fact, Fact::FetchFailed { .. })));
}
