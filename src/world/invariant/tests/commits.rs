//! K5 and the first half of K7 can fail.

use super::super::commits::CommitsAreTheGroups;
use super::*;
use crate::model::Text;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::api::{JoinGroupRequest, JoinGroupResponse, OffsetCommitRequest};
use crate::protocol::{encode_request, encode_response};

type Law = Shown<CommitsAreTheGroups>;

const GROUP: &str = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
    offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
    topic orders partitions=1 replicas=1\n\
    consumer c1 group.id=billing subscribe=orders auto.commit.interval.ms=500\n\
    consumer c2 group.id=alone auto.commit.interval.ms=500\n\
    assign c2 orders-0\nrun 5s\n";

fn began(generation: i32, member: &Text) -> Fact {
    Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation,
        members: vec![member.clone()].into(),
        leader: None,
    }
}

fn stable(generation: i32) -> Fact {
    Fact::GroupStabilized {
        group: "billing".into(),
        generation,
    }
}

#[test]
fn k5_a_commit_that_is_not_the_groups_is_found() {
    let world = Watched::<CommitsAreTheGroups>::run(GROUP).world;
    let broker = world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    let first = group.members().first().expect("a member");
    let (generation, member) = (group.generation(), first.id.clone());
    let left = Fact::MemberLeft {
        group: "billing".into(),
        member: member.clone(),
        why: crate::fact::Departure::Left,
    };
    let peopled = Fact::GroupRebalancing {
        group: "alone".into(),
        generation: 0,
    };
    // Another generation, one that has not begun, one without parts, a member that is gone, somebody who is none.
    for untrue in [
        began(generation + 1, &member),
        began(generation - 1, &member),
        began(generation, &member),
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
    assert_eq!(watched.hears(1, began(generation, &member)), Ok(()));
    assert_eq!(watched.hears(1, stable(generation)), Ok(()));
    assert_eq!(watched.line("run 2s"), Vec::<String>::new());
    // That one is of others.
    let others = began(generation, &"m".into());
    assert_eq!(watched.hears(1, others), Ok(()));
    assert_eq!(watched.hears(1, stable(generation)), Ok(()));
    let all = watched.line("run 2s");
    found(&all, "K5");
    assert!(all[0].contains("none of that generation"), "{all:?}");
}

#[test]
fn k5_who_commits_after_another_has_taken_his_name_is_found() {
    let text = GROUP.replace("subscribe=orders", "subscribe=orders group.instance.id=m");
    // Who comes back under his name has a new id, and commits in the old generation.
    let mut watched =
        Watched::<CommitsAreTheGroups>::run(&format!("{text}kill c1\nrestart c1\nrun 5s\n"));
    let broker = watched.world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    let generation = group.generation();
    assert_eq!(generation, 1);
    // Somebody else is told that he bears it now.
    let request = JoinGroupRequest {
        group_id: "billing".into(),
        group_instance_id: Some("m".into()),
        ..JoinGroupRequest::default()
    };
    let response = JoinGroupResponse {
        generation_id: generation,
        member_id: "other".into(),
        ..JoinGroupResponse::default()
    };
    let mut world = watched.world.clone();
    let frame = encode_request(&request, 9, 1, Some("c1"));
    send(&mut world, to_consumer().other_end(), frame);
    let asked = sent(ApiKey::JoinGroup, 9, 1);
    let asked = entry(world.now(), Some(ProcessId::Consumer(1)), asked);
    assert_eq!(watched.law.check(&world, &asked), Ok(()));
    let frame = encode_response(ApiKey::JoinGroup, 9, 1, &response);
    send(&mut world, to_consumer(), frame);
    let told = news(&world, 1, answered(ApiKey::JoinGroup, 9, 1));
    assert_eq!(watched.law.check(&world, &told), Ok(()));
    let all = watched.line("run 2s");
    found(&all, "K5");
    assert!(all[0].contains("had gone"), "{all:?}");
}

/// A commit of somebody who is no member.
fn commit_of(offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition {
        committed_offset: offset,
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: "orders".into(),
        partitions: vec![partition],
    };
    OffsetCommitRequest {
        group_id: "billing".into(),
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    }
}

#[test]
fn k5_a_commit_that_is_taken_from_a_stranger_is_found() {
    // The group has no members, and the law is told that it has.
    let text = GROUP.replace(
        "consumer c1 group.id=billing subscribe=orders auto.commit.interval.ms=500\n",
        "",
    );
    let text = format!("{text}socket s1\nrun 1s\nconnect s1 b1\nrun 1s\n");
    // What ZooKeeper is to keep is taken from everybody.
    for (peopled, version) in [(false, 2), (true, 2), (true, 0)] {
        let bytes = encode_request(&commit_of(0), version, 1, None).to_bytes();
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut watched = Watched::<CommitsAreTheGroups>::run(&text);
        if peopled {
            let fact = Fact::GroupRebalancing {
                group: "billing".into(),
                generation: 0,
            };
            assert_eq!(watched.hears(1, fact), Ok(()));
            assert_eq!(watched.line("run 1ms"), Vec::<String>::new());
        }
        assert_eq!(
            watched.line(&format!("bytes s1 {bytes}")),
            Vec::<String>::new()
        );
        let all = watched.line("run 1s");
        match peopled && version > 0 {
            true => found(&all, "K5"),
            false => assert_eq!(all, Vec::<String>::new()),
        }
    }
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
    // That there is a stranger is no excuse, unless it has asked for that.
    let open = "world brokers=3 seed=1\nsocket s1\nrun 1s\nconnect s1 b1\nrun 1s\n";
    let with_stranger = || {
        let mut watched = Watched::<CommitsAreTheGroups>::run(open);
        assert_eq!(watched.hears(1, committed(7)), Ok(()));
        watched
    };
    is_about(with_stranger().hears(1, committed(5)), "K7");
    for (offset, version, asked) in [(5, 2, true), (4, 2, false), (5, 0, false)] {
        let mut watched = with_stranger();
        let request = commit_of(offset);
        let bytes = encode_request(&request, version, 1, None).to_bytes();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            watched.line(&format!("bytes s1 {text}")),
            Vec::<String>::new()
        );
        let found = watched.hears(1, committed(5));
        match asked {
            true => assert_eq!(found, Ok(())),
            false => is_about(found, "K7"),
        }
    }
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
