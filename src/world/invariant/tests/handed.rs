//! K10 can fail.

use super::super::handed::NobodyCommitsUnread;
use super::*;

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
