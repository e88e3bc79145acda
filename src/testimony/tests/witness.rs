//! Worlds that run, of which an account is taken.

use super::super::{Class, Finding, Witness};
use crate::script;

fn findings(text: &str) -> Vec<Finding> {
    let script = script::parse(text).expect("the script reads");
    let witness = Witness::of(&script).expect("a script that can be played");
    witness.findings()
}

/// A topic that is deleted and made anew, while a producer and a consumer use it.
const MADE_ANEW: &str = "world brokers=2 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
     auto.create.topics.enable=false\n\
     topic orders partitions=1 replicas=1,2\n\
     producer p1 acks=all\nproducer p2 acks=1\n\
     consumer c1 auto.offset.reset=earliest\nadmin a1\n\
     run 2s\nassign c1 orders-0\n\
     produce p1 orders-0 \"a\"\nrun 1s\nproduce p1 orders-0 \"b\"\nrun 1s\n\
     delete-topic a1 orders\nrun 5s\n\
     create-topic a1 orders partitions=1 replication=2\nrun 5s\n\
     produce p1 orders-0 \"c\"\nrun 3s\n";

#[test]
fn a_topic_that_is_made_anew_is_another() {
    assert_eq!(findings(MADE_ANEW), []);
}

#[test]
fn what_is_lost_of_a_topic_that_was_made_anew_is_found() {
    // One of the two leads, and has what the other has not when it dies.
    let found = ["1", "2"].map(|leader| {
        findings(&format!(
            "{MADE_ANEW}hold b1↔b2\nproduce p2 orders-0 \"d\"\nrun 100ms\n\
             kill b{leader}\nreset b1↔b2\nrelease all\nrun 20s\nrestart b{leader}\nrun 10s\n"
        ))
    });
    let lost = found.iter().flatten();
    let lost: Vec<(Class, bool)> = lost.map(|it| (it.class, it.is_of_the_past)).collect();
    assert_eq!(lost, [(Class::Unseen, false)], "{found:?}");
}

#[test]
fn a_group_whose_members_come_and_go_is_told_what_it_has_committed() {
    let text = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
         topic orders partitions=2 replicas=1\nproducer p1\n\
         consumer c1 group.id=g subscribe=orders auto.commit.interval.ms=500\n\
         consumer c2 group.id=g subscribe=orders auto.commit.interval.ms=500\n\
         run 5s\nproduce p1 orders-0 \"a\"\nproduce p1 orders-1 \"b\"\nrun 3s\n\
         stop c1\nrun 5s\nproduce p1 orders-0 \"c\"\nrun 3s\nrestart c1\nrun 10s\n";
    let wrong = findings(text).into_iter().filter(|found| found.is_wrong);
    assert_eq!(wrong.collect::<Vec<_>>(), []);
}

/// A member that takes a record at a time and works on it for two seconds dies in the middle of the second, and comes
/// back.
fn killed_at_work(brokers: &str, member: &str) -> Vec<(Class, bool)> {
    let text = format!(
        "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0{brokers}\n\
         topic orders partitions=1 replicas=1\nproducer p1\n\
         consumer c1 group.id=g subscribe=orders auto.offset.reset=earliest max.poll.records=1 \
         poll.interval.ms=2s session.timeout.ms=6s {member}\n\
         run 1s\nproduce p1 orders-0 \"a\"\nproduce p1 orders-0 \"b\"\n\
         produce p1 orders-0 \"c\"\nproduce p1 orders-0 \"d\"\nrun 3s\nkill c1\nrestart c1\n\
         run 20s\nproduce p1 orders-0 \"e\"\nrun 5s\n"
    );
    let found = findings(&text);
    let found = found.iter().map(|found| (found.class, found.is_wrong));
    found.collect()
}

/// How members commit that do so when their work is done.
const AFTER: [&str; 4] = [
    "auto.commit.interval.ms=500",
    "enable.auto.commit=false application.commits=sync",
    "enable.auto.commit=false application.commits=async",
    "enable.auto.commit=false application.commits=each",
];

#[test]
fn who_commits_after_the_work_passes_nothing_over() {
    for member in AFTER {
        let found = killed_at_work("", member);
        let passed = found
            .iter()
            .any(|(class, _)| *class == Class::NeverProcessed);
        assert!(!passed, "{member}: {found:?}");
        assert!(
            found.iter().all(|(_, is_wrong)| !is_wrong),
            "{member}: {found:?}"
        );
    }
    // Commits before it: that is what it is set to do.
    let first = "enable.auto.commit=false application.commits=first";
    assert_eq!(killed_at_work("", first), [(Class::NeverProcessed, false)]);
}

#[test]
fn work_that_takes_no_time_is_done_too() {
    // Nothing is committed: all that was done before is done again.
    let text = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
         topic orders partitions=1 replicas=1\nproducer p1\n\
         consumer c1 group.id=g subscribe=orders auto.offset.reset=earliest \
         enable.auto.commit=false session.timeout.ms=6s\n\
         run 1s\nproduce p1 orders-0 \"a\"\nrun 1s\nkill c1\nrestart c1\nrun 10s\n";
    let found: Vec<Class> = findings(text).iter().map(|found| found.class).collect();
    assert_eq!(found, [Class::ProcessedTwice]);
}

/// M25 loses records for the group, and clients can tell without knowing what any law knows.
#[cfg(feature = "planted")]
#[test]
fn who_commits_what_it_has_fetched_passes_something_over() {
    for member in &AFTER[..3] {
        let found = killed_at_work(" planted=M25", member);
        assert!(
            found.contains(&(Class::NeverProcessed, true)),
            "{member}: {found:?}"
        );
    }
}
