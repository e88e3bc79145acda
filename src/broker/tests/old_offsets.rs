//! OffsetCommit and OffsetFetch in version 0: what ZooKeeper keeps of how far groups have read.

use super::super::zookeeper::Asker;
use super::*;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::api::offset_fetch::OffsetFetchRequestTopic;
use crate::protocol::api::{ApiVersionsRequest, OffsetCommitRequest, OffsetFetchRequest};
use crate::protocol::zookeeper::{ANY_VERSION, Operation};

const GROUP: &str = "my-group";

/// A cluster whose topic has two partitions.
fn cluster() -> Bench {
    let settings = [("zookeeper.session.timeout.ms", "6000")];
    Bench::with_replicas(&settings, &[], &[&[1, 2, 3], &[2, 3, 1]])
}

fn committing(group: &str, topic: &str, offsets: &[(i32, i64)]) -> OffsetCommitRequest {
    let partitions = offsets
        .iter()
        .map(|(index, offset)| OffsetCommitRequestPartition {
            partition_index: *index,
            committed_offset: *offset,
            committed_metadata: Some("noted".into()),
            ..OffsetCommitRequestPartition::default()
        });
    OffsetCommitRequest {
        group_id: group.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: topic.into(),
            partitions: partitions.collect(),
        }],
        ..OffsetCommitRequest::default()
    }
}

fn fetching(group: &str, topic: &str, partitions: &[i32]) -> OffsetFetchRequest {
    OffsetFetchRequest {
        group_id: group.into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: topic.into(),
            partition_indexes: partitions.to_vec(),
        }]),
        ..OffsetFetchRequest::default()
    }
}

/// The partitions that a commit was answered for, and how.
fn committed(bench: &mut Bench, over: ConnectionId) -> Option<Vec<(i32, i16)>> {
    let answer = bench.answer::<OffsetCommitRequest>(over, 0)?;
    let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let told = partitions.map(|told| (told.partition_index, told.error_code));
    Some(told.collect())
}

/// The partitions that were told of: how far they were read, and what is wrong with them.
fn fetched(bench: &mut Bench, over: ConnectionId) -> Option<Vec<(i32, i64, i16)>> {
    let answer = bench.answer::<OffsetFetchRequest>(over, 0)?;
    let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let told = partitions.map(|told| {
        assert_eq!(told.metadata.as_deref(), Some(""));
        (told.partition_index, told.committed_offset, told.error_code)
    });
    Some(told.collect())
}

fn commit(bench: &mut Bench, to: i32, request: &OffsetCommitRequest) -> Vec<(i32, i16)> {
    let connection = bench.open(to);
    bench.ask(connection, request, 0);
    bench.run_ms(50);
    committed(bench, connection).expect("an answer")
}

fn fetch(bench: &mut Bench, from: i32, request: &OffsetFetchRequest) -> Vec<(i32, i64, i16)> {
    let connection = bench.open(from);
    bench.ask(connection, request, 0);
    bench.run_ms(50);
    fetched(bench, connection).expect("an answer")
}

/// What stands in a znode, and how often it was written to.
fn znode(bench: &Bench, path: &str) -> Option<(String, i32)> {
    let (data, stat) = bench.zookeeper.tree().get(path)?;
    Some((String::from_utf8_lossy(data).into_owned(), stat.version))
}

#[test]
fn any_broker_writes_what_any_other_finds_and_no_coordinator_knows_of_it() {
    let mut bench = cluster();
    let first = committing(GROUP, TOPIC, &[(0, 42), (1, 7)]);
    assert_eq!(commit(&mut bench, 2, &first), [(0, 0), (1, 0)]);
    let facts = bench.facts.iter();
    let created = facts.filter_map(|(_, _, fact)| match fact {
        Fact::ZnodeCreated { path, .. } => path.strip_prefix("/consumers/"),
        _ => None,
    });
    let expected = [
        "my-group",
        "my-group/offsets",
        "my-group/offsets/orders",
        "my-group/offsets/orders/0",
        "my-group/offsets/orders/1",
    ];
    assert_eq!(created.collect::<Vec<_>>(), expected);
    let path = "/consumers/my-group/offsets/orders/0";
    assert_eq!(znode(&bench, path), Some(("42".into(), 0)));
    let wanted = fetching(GROUP, TOPIC, &[1, 0]);
    assert_eq!(fetch(&mut bench, 3, &wanted), [(1, 7, 0), (0, 42, 0)]);
    // From now on the znode is written to. Going back is nobody's business, nor is what is no offset.
    for offset in [41, -1, i64::MIN] {
        let next = committing(GROUP, TOPIC, &[(0, offset)]);
        assert_eq!(commit(&mut bench, 1, &next), [(0, 0)]);
        let wanted = fetching(GROUP, TOPIC, &[0]);
        assert_eq!(fetch(&mut bench, 2, &wanted), [(0, offset, 0)]);
    }
    assert_eq!(znode(&bench, path).map(|(_, version)| version), Some(3));
    let mut coordinators = (1..=3).map(|id| bench.broker(id).coordinator());
    assert!(coordinators.all(|coordinator| coordinator.group(GROUP).is_none()));
}

#[test]
fn what_cannot_be_kept_and_what_is_not_there() {
    let mut bench = cluster();
    let table = [
        // group, topic, partition, of a commit, of a fetch
        (GROUP, TOPIC, 2, 3, 3),
        (GROUP, TOPIC, -1, 3, 3),
        (GROUP, "nothing", 0, 3, 3),
        (GROUP, "..", 0, 3, 3),
        // No path can be made of these.
        ("", TOPIC, 0, -1, -1),
        ("..", TOPIC, 0, -1, -1),
        ("a/b", TOPIC, 0, -1, -1),
        ("a\u{0}b", TOPIC, 0, -1, -1),
        // Nobody has read it yet.
        ("fresh", TOPIC, 1, 0, 3),
    ];
    for (group, topic, partition, of_commit, of_fetch) in table {
        let wanted = fetching(group, topic, &[partition]);
        assert_eq!(
            fetch(&mut bench, 1, &wanted),
            [(partition, -1, of_fetch)],
            "{group} {topic}-{partition}"
        );
        let request = committing(group, topic, &[(partition, 5)]);
        assert_eq!(
            commit(&mut bench, 1, &request),
            [(partition, of_commit)],
            "{group} {topic}-{partition}"
        );
    }
    // One that is wrong does not keep the others from being written. What counts of a note are its characters.
    let mut request = committing(GROUP, TOPIC, &[(0, 1), (1, 2), (5, 3)]);
    let notes = [4_097, 4_096, 0];
    for (partition, length) in request.topics[0].partitions.iter_mut().zip(notes) {
        partition.committed_metadata = Some("é".repeat(length).into());
    }
    assert_eq!(commit(&mut bench, 3, &request), [(0, 12), (1, 0), (5, 3)]);
    let wanted = fetching(GROUP, TOPIC, &[0, 1, 5]);
    let told = fetch(&mut bench, 3, &wanted);
    assert_eq!(told, [(0, -1, 3), (1, 2, 0), (5, -1, 3)]);
    // Whoever names nothing is answered at once.
    let connection = bench.open(1);
    let nothing = OffsetCommitRequest::default();
    assert!(bench.call(connection, &nothing, 0).topics.is_empty());
}

#[test]
fn what_somebody_else_has_written_there_is_read_as_far_as_it_can_be() {
    let mut bench = cluster();
    commit(&mut bench, 1, &committing(GROUP, TOPIC, &[(0, 1), (1, 1)]));
    for (partition, data) in [(0, "soon"), (1, "")] {
        let write = Operation::SetData {
            path: format!("/consumers/my-group/offsets/orders/{partition}").into(),
            data: data.into(),
            version: ANY_VERSION,
        };
        let (now, mut out) = (bench.now, Outbox::default());
        let zookeeper = &mut bench.broker_mut(1).zookeeper;
        zookeeper.request(now, write, Asker::Groundwork, &mut out);
        let effects: Vec<Effect> = out.drain().collect();
        for effect in effects {
            bench.carry(b(1), effect);
        }
    }
    bench.run_ms(50);
    let wanted = fetching(GROUP, TOPIC, &[0, 1]);
    assert_eq!(fetch(&mut bench, 2, &wanted), [(0, -1, -1), (1, -1, 3)]);
}

#[test]
fn a_partition_that_is_named_twice_is_written_once() {
    let mut bench = cluster();
    let mut request = committing(GROUP, TOPIC, &[(0, 1), (1, 2), (0, 3)]);
    request
        .topics
        .push(committing(GROUP, TOPIC, &[(1, 4)]).topics[0].clone());
    assert_eq!(commit(&mut bench, 1, &request), [(0, 0), (1, 0)]);
    let path = "/consumers/my-group/offsets/orders/1";
    assert_eq!(znode(&bench, path), Some(("4".into(), 0)));
    let mut wanted = fetching(GROUP, TOPIC, &[1, 0, 1]);
    wanted
        .topics
        .iter_mut()
        .flatten()
        .for_each(|topic| topic.partition_indexes.push(0));
    wanted.topics = wanted
        .topics
        .map(|topics| [topics.clone(), topics].concat());
    assert_eq!(fetch(&mut bench, 1, &wanted), [(1, 4, 0), (0, 3, 0)]);
}

#[test]
fn whoever_waits_for_zookeeper_is_answered_in_turn_and_keeps_nobody_waiting() {
    let mut bench = cluster();
    commit(&mut bench, 1, &committing(GROUP, TOPIC, &[(0, 1)]));
    bench.hold(b(1), ZOOKEEPER);
    let connection = bench.open(1);
    bench.ask(connection, &committing(GROUP, TOPIC, &[(0, 2)]), 0);
    bench.ask(connection, &fetching(GROUP, TOPIC, &[0]), 0);
    bench.ask(connection, &ApiVersionsRequest::default(), 0);
    bench.run_ms(500);
    assert_eq!(committed(&mut bench, connection), None);
    let other = bench.open(1);
    bench.call(other, &ApiVersionsRequest::default(), 3);
    bench.release(b(1), ZOOKEEPER);
    bench.run_ms(50);
    assert_eq!(committed(&mut bench, connection), Some(vec![(0, 0)]));
    assert_eq!(fetched(&mut bench, connection), Some(vec![(0, 2, 0)]));
    assert!(bench.answer::<ApiVersionsRequest>(connection, 0).is_some());
}

#[test]
fn a_question_goes_with_its_session_and_the_next_is_asked_in_the_next() {
    let mut bench = cluster();
    commit(&mut bench, 2, &committing(GROUP, TOPIC, &[(0, 1), (1, 1)]));
    bench.hold(b(1), ZOOKEEPER);
    let [writer, reader] = [0; 2].map(|_| bench.open(1));
    bench.ask(writer, &committing(GROUP, TOPIC, &[(0, 2), (1, 2)]), 0);
    bench.ask(reader, &fetching(GROUP, TOPIC, &[0, 1]), 0);
    // Long enough for its session to run out.
    bench.run_ms(20_000);
    assert_eq!(committed(&mut bench, writer), None);
    bench.release(b(1), ZOOKEEPER);
    bench.run_ms(20_000);
    assert_eq!(
        committed(&mut bench, writer),
        Some(vec![(0, -1), (1, 0)]),
        "the first was lost, or nobody knows"
    );
    let told = fetched(&mut bench, reader).expect("an answer");
    assert_eq!((told[0], told[1].2), ((0, -1, -1), 0));
}

#[test]
fn whoever_hangs_up_has_committed_and_is_not_read_for() {
    let mut bench = cluster();
    bench.hold(b(1), ZOOKEEPER);
    let [writer, reader] = [0; 2].map(|_| bench.open(1));
    bench.ask(writer, &committing(GROUP, TOPIC, &[(0, 2), (1, 3)]), 0);
    bench.ask(reader, &fetching(GROUP, TOPIC, &[0, 1]), 0);
    bench.run_ms(10);
    assert_eq!(bench.broker(1).old_offsets.len(), 2);
    for connection in [writer, reader] {
        bench.carry(connection.opener, Effect::Close { connection });
    }
    bench.run_ms(10);
    assert_eq!(bench.broker(1).old_offsets.len(), 1);
    bench.release(b(1), ZOOKEEPER);
    bench.run_ms(100);
    assert_eq!(bench.broker(1).old_offsets.len(), 0);
    let wanted = fetching(GROUP, TOPIC, &[0, 1]);
    assert_eq!(fetch(&mut bench, 3, &wanted), [(0, 2, 0), (1, 3, 0)]);
}

#[test]
fn what_another_broker_creates_first_is_no_success() {
    let mut bench = cluster();
    // Both find that there is nothing, and both create it.
    let [first, second] = [1, 2].map(|broker| bench.open(broker));
    bench.ask(first, &committing(GROUP, TOPIC, &[(0, 1)]), 0);
    bench.ask(second, &committing(GROUP, TOPIC, &[(0, 2)]), 0);
    bench.run_ms(50);
    assert_eq!(committed(&mut bench, first), Some(vec![(0, 0)]));
    assert_eq!(committed(&mut bench, second), Some(vec![(0, -1)]));
    let wanted = fetching(GROUP, TOPIC, &[0]);
    assert_eq!(fetch(&mut bench, 3, &wanted), [(0, 1, 0)]);
    assert_eq!(
        commit(&mut bench, 2, &committing(GROUP, TOPIC, &[(0, 2)])),
        [(0, 0)],
        "whoever tries again writes"
    );
}
