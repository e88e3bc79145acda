//! K6 can fail.

use super::super::offsets::CommitsAreKept;
use super::*;
use crate::protocol::ApiKey;

type Law = Shown<CommitsAreKept>;

fn committed(offset: i64) -> Fact {
    Fact::OffsetCommitted {
        group: "billing".into(),
        partition: orders(),
        offset: Offset(offset),
    }
}

fn asks(world: &World) -> Entry {
    let by = ProcessId::Consumer(1);
    let fact = Fact::RequestSent {
        connection: ConnectionId::client(by, 1),
        api: ApiKey::OffsetFetch,
        version: 9,
        correlation_id: 3,
    };
    entry(world.now(), Some(by), fact)
}

fn told(world: &World, offset: i64, why: &str) -> Entry {
    let fact = Fact::PositionSet {
        partition: orders(),
        to: Offset(offset),
        why: why.into(),
    };
    entry(world.now(), Some(ProcessId::Consumer(1)), fact)
}

#[test]
fn k6_an_older_offset_or_none_is_found() {
    let text = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
         topic orders partitions=1 replicas=1\n\
         consumer c1 group.id=billing subscribe=orders\nrun 2s\n";
    let early = played(text);
    let late = played(&format!("{text}run 2s\n"));
    let reset = "nothing committed, reset to earliest";
    for (told_so, good) in [
        (told(&late, 7, "committed"), true),
        (told(&late, 3, "committed"), false),
        (told(&late, 9, "committed"), false),
        (told(&late, 0, reset), false),
        (told(&late, 0, "seek"), true),
    ] {
        let mut law = Law::default();
        holds(&mut law, &early, 1, committed(3));
        holds(&mut law, &early, 1, committed(7));
        assert_eq!(law.check(&late, &asks(&late)), Ok(()));
        let result = law.check(&late, &told_so);
        assert_eq!(result.is_ok(), good, "{:?}: {result:?}", told_so.fact);
    }
    let mut law = Law::default();
    assert_eq!(law.check(&early, &asks(&early)), Ok(()));
    assert_eq!(law.check(&early, &told(&early, 0, reset)), Ok(()));
    holds(&mut law, &early, 1, committed(3));
    let forgotten = Fact::OffsetForgotten {
        group: "billing".into(),
        partition: orders(),
    };
    assert_eq!(law.check(&late, &asks(&late)), Ok(()));
    holds(&mut law, &late, 1, forgotten);
    assert_eq!(law.check(&late, &told(&late, 0, reset)), Ok(()));
    assert_eq!(law.check(&late, &told(&late, 3, "committed")), Ok(()));
}

#[test]
fn k6_what_the_next_coordinator_finds_counts_from_then_on() {
    let text = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
         topic orders partitions=1 replicas=1\n\
         consumer c1 group.id=billing subscribe=orders auto.offset.reset=earliest \
         enable.auto.commit=false\nrun 2s\n";
    let mut early = played(text);
    let late = played(&format!("{text}run 2s\n"));
    // Its commit was answered with an error, and was written.
    broker_mut(&mut early, 1).plant_in_groups("billing", |group| {
        group.plant_commit(orders(), Offset(1_000), Offset(9));
    });
    let found = Fact::GroupsLoaded {
        partition: 0,
        groups: 1,
    };
    for (is_found, offset, good) in [
        (false, 9, false),
        (false, 7, true),
        (true, 9, true),
        (true, 7, false),
    ] {
        let mut law = Law::default();
        holds(&mut law, &early, 1, committed(7));
        if is_found {
            holds(&mut law, &early, 1, found.clone());
        }
        assert_eq!(law.check(&late, &asks(&late)), Ok(()));
        let result = law.check(&late, &told(&late, offset, "committed"));
        assert_eq!(result.is_ok(), good, "{offset}: {result:?}");
    }
}
