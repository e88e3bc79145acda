//! K5 and the first half of K7 can fail.

use super::super::commits::CommitsAreTheGroups;
use super::*;
use crate::model::Text;

type Law = Shown<CommitsAreTheGroups>;

const GROUP: &str = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
    offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
    topic orders partitions=1 replicas=1\n\
    consumer c1 group.id=billing subscribe=orders auto.commit.interval.ms=500\n\
    consumer c2 group.id=alone auto.commit.interval.ms=500\n\
    assign c2 orders-0\nrun 5s\n";

fn began(generation: i32) -> Fact {
    Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation,
        members: vec![Text::from("m")].into(),
        leader: None,
    }
}

#[test]
fn k5_a_commit_that_is_not_the_groups_is_found() {
    let world = Watched::<CommitsAreTheGroups>::run(GROUP).world;
    let broker = world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    let generation = group.generation();
    let left = Fact::MemberLeft {
        group: "billing".into(),
        member: group.members()[0].id.clone(),
        why: crate::fact::Departure::Left,
    };
    let peopled = Fact::GroupRebalancing {
        group: "alone".into(),
        generation: 0,
    };
    // Another generation, one that has not begun, one without parts, a member that is gone, somebody who is none.
    for untrue in [
        began(generation + 1),
        began(generation - 1),
        began(generation),
        left,
        peopled,
    ] {
        let mut watched = Watched::<CommitsAreTheGroups>::run(GROUP);
        assert_eq!(watched.hears(1, untrue.clone()), Ok(()));
        let all = watched.line("run 2s");
        assert!(!all.is_empty(), "{untrue:?}");
        found(&all, "K5");
    }
    // What becomes true while a commit is under way does not make it wrong.
    let mut watched = Watched::<CommitsAreTheGroups>::run(GROUP);
    assert_eq!(watched.line("run 2s"), Vec::<String>::new());
    let stable = Fact::GroupStabilized {
        group: "billing".into(),
        generation,
    };
    assert_eq!(watched.hears(1, began(generation)), Ok(()));
    assert_eq!(watched.hears(1, stable), Ok(()));
    assert_eq!(watched.line("run 2s"), Vec::<String>::new());
}

#[test]
fn k7_going_back_unasked_is_found() {
    let committed = |offset: i64| Fact::OffsetCommitted {
        group: "billing".into(),
        partition: orders(),
        offset: Offset(offset),
    };
    let world = world();
    let mut law = Law::default();
    holds(&mut law, &world, 1, committed(3));
    holds(&mut law, &world, 1, committed(7));
    breaks(&mut law, &world, 1, committed(5), "K7");
    let mut law = Law::default();
    holds(&mut law, &world, 1, committed(7));
    let forgotten = Fact::OffsetForgotten {
        group: "billing".into(),
        partition: orders(),
    };
    holds(&mut law, &world, 1, forgotten);
    holds(&mut law, &world, 1, committed(5));
    // What a socket of somebody else's may have asked is not known.
    let open = played("world brokers=3 seed=1\nsocket s1\nrun 1s\n");
    let mut law = Law::default();
    holds(&mut law, &open, 1, committed(7));
    holds(&mut law, &open, 1, committed(5));
    // Who seeks and commits goes back by his own wish.
    let text = GROUP.replace(
        "topic orders",
        "topic payments partitions=1 replicas=1\ntopic orders",
    );
    let text = format!(
        "{text}producer p1\nproduce p1 orders-0 \"a\"\nproduce p1 orders-0 \"b\"\nrun 2s\n\
         seek c2 orders-0 beginning\npause c2\ncommit c2\nrun 2s\n"
    );
    Watched::<CommitsAreTheGroups>::run(&text);
}
