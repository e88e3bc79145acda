//! K10 can fail.

use super::super::handed::NobodyCommitsUnread;
use super::*;
use crate::protocol::api::OffsetCommitRequest;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::encode_request;

/// A member that is returned one of three records at a time, works on each for a second, and commits by itself.
const GROUP: &str = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
    offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0SETTING\n\
    topic orders partitions=1 replicas=1\nproducer p1\n\
    consumer c1 group.id=billing subscribe=orders auto.offset.reset=earliest \
    max.poll.records=1 poll.interval.ms=1s auto.commit.interval.ms=500\n\
    run 1s\nproduce p1 orders-0 \"a\"\nproduce p1 orders-0 \"b\"\n\
    produce p1 orders-0 \"c\"\n";

#[test]
fn k10_what_was_returned_is_committed() {
    Watched::<NobodyCommitsUnread>::run(&format!("{}run 8s\n", GROUP.replace("SETTING", "")));
}

#[test]
fn k10_what_was_not_returned_is_not_committed() {
    let mut watched = Watched::<NobodyCommitsUnread>::run(&format!(
        "{}run 1500ms\n",
        GROUP.replace("SETTING", "")
    ));
    // It is handed nothing any more, as far as the law is told.
    let killed = entry(
        watched.world.now(),
        Some(ProcessId::Consumer(1)),
        Fact::Stopped,
    );
    assert_eq!(watched.law.check(&watched.world, &killed), Ok(()));
    let found = watched.line("run 2s").join("\n");
    assert!(found.contains("K10"), "{found}");
}

#[test]
fn k10_of_a_topic_that_is_made_anew_nobody_was_handed_anything() {
    let gone = Fact::ZnodeDeleted {
        path: znodes::state_path(&orders()),
    };
    let put = || Fact::PositionSet {
        partition: orders(),
        to: Offset(0),
        why: "there was nothing at 3".into(),
    };
    // What it read of the first it may try to commit for as long as it may be away from `poll()`, which is five minutes.
    for (is_gone, seconds, is_wrong) in [(false, 310, false), (true, 290, false), (true, 310, true)]
    {
        let mut watched = Watched::<NobodyCommitsUnread>::run(&format!(
            "{}run 8s\n",
            GROUP.replace("SETTING", "")
        ));
        let now = watched.world.now();
        let mut tell = |at: Instant, by: ProcessId, fact: Fact| {
            let told = entry(at, Some(by), fact);
            assert_eq!(watched.law.check(&watched.world, &told), Ok(()));
        };
        if is_gone {
            tell(now, ProcessId::ZooKeeper(1), gone.clone());
        }
        // It is put back at the beginning, and handed nothing since.
        tell(now, ProcessId::Consumer(1), put());
        let later = now + crate::time::Duration::from_secs(seconds);
        let fact = commit(&mut watched.world, 3);
        let told = entry(later, Some(ProcessId::Consumer(1)), fact);
        let said = watched.law.check(&watched.world, &told);
        match is_wrong {
            true => is_about(said, "K10"),
            false => assert_eq!(said, Ok(())),
        }
    }
}

/// A commit of `orders-0` leaves the consumer.
fn commit(world: &mut World, offset: i64) -> Fact {
    let request = OffsetCommitRequest {
        group_id: "billing".into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: offset,
                ..OffsetCommitRequestPartition::default()
            }],
        }],
        ..OffsetCommitRequest::default()
    };
    let connection = ConnectionId::client(ProcessId::Consumer(1), 9);
    let (version, correlation_id) = (8, 12_345);
    let frame = encode_request(&request, version, correlation_id, None);
    send(world, connection, frame);
    Fact::RequestSent {
        connection,
        api: ApiKey::OffsetCommit,
        version,
        correlation_id,
    }
}

/// What M25 does is found by this law.
#[cfg(feature = "planted")]
#[test]
fn k10_what_was_fetched_is_not_what_was_returned() {
    let text = GROUP.replace("SETTING", " planted=M25");
    let script = script::parse(&format!("{text}run 8s\n")).expect("the script reads");
    let history = script.play().expect("the script plays");
    let violation = history.violation().expect("a violation");
    assert!(violation.what.contains("K10"), "{violation}");
}
