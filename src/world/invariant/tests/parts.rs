//! K3 and the second half of K4 can fail.

use bytes::Bytes;

use super::super::parts::PartsAreTheLeaders;
use super::*;
use crate::client::consumer::assignor::Assignor;
use crate::model::Text;
use crate::protocol::api::join_group::JoinGroupResponseMember;
use crate::protocol::api::sync_group::SyncGroupRequestAssignment;
use crate::protocol::api::{JoinGroupResponse, SyncGroupRequest, SyncGroupResponse};
use crate::protocol::consumer_protocol::{Assignment, Subscription, TopicPartitions};
use crate::protocol::{encode_request, encode_response};

type Law = Shown<PartsAreTheLeaders>;

/// A group of two that share two partitions.
const SHARED: &str = "world brokers=1 seed=13 latency=1ms offsets.topic.num.partitions=1 \
     offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
     topic orders partitions=2 replicas=1\n\
     consumer c1 group.id=billing subscribe=orders\n\
     consumer c2 group.id=billing subscribe=orders\nrun 12s\n";

fn part(partitions: &[i32]) -> Bytes {
    let topic = TopicPartitions {
        topic: "orders".into(),
        partitions: partitions.to_vec(),
    };
    let part = Assignment {
        assigned_partitions: vec![topic],
        user_data: None,
    };
    part.write(3)
}

/// Generation 7 of the group of c1, of a member that leads and one that does not.
fn began() -> Fact {
    Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation: 7,
        members: vec![Text::from("m"), Text::from("n")].into(),
        leader: Some("m".into()),
    }
}

/// A member of generation 7 asks for its part, with these parts for others.
fn asks(
    law: &mut Law,
    world: &mut World,
    id: i32,
    member: &str,
    parts: &[(&str, Bytes)],
) -> Result<(), String> {
    asks_in(7, law, world, id, member, parts)
}

fn asks_in(
    generation: i32,
    law: &mut Law,
    world: &mut World,
    id: i32,
    member: &str,
    parts: &[(&str, Bytes)],
) -> Result<(), String> {
    let assignments = parts
        .iter()
        .map(|(member, part)| SyncGroupRequestAssignment {
            member_id: (*member).into(),
            assignment: part.clone(),
        });
    let request = SyncGroupRequest {
        group_id: "billing".into(),
        generation_id: generation,
        member_id: member.into(),
        assignments: assignments.collect(),
        ..SyncGroupRequest::default()
    };
    let frame = encode_request(&request, 5, id, Some("c1"));
    send(world, to_consumer().other_end(), frame);
    let fact = sent(ApiKey::SyncGroup, 5, id);
    let entry = entry(world.now(), Some(ProcessId::Consumer(1)), fact);
    law.check(world, &entry)
}

/// It is given one.
fn given(law: &mut Law, world: &mut World, id: i32, part: &Bytes) -> Result<(), String> {
    let response = SyncGroupResponse {
        assignment: part.clone(),
        ..SyncGroupResponse::default()
    };
    let frame = encode_response(ApiKey::SyncGroup, 5, id, &response);
    send(world, to_consumer(), frame);
    let fact = answered(ApiKey::SyncGroup, 5, id);
    law.check(world, &news(world, 1, fact))
}

#[test]
fn k3_a_part_that_is_not_what_the_leader_has_handed_in_is_found() {
    let parts = [("m", part(&[0])), ("n", part(&[1]))];
    for (whose, is, good) in [
        ("m", part(&[0]), true),
        ("n", part(&[1]), true),
        // Each other's, one of another generation, nothing at all.
        ("m", part(&[1]), false),
        ("n", part(&[0, 1]), false),
        ("n", Bytes::new(), false),
    ] {
        let mut world = world();
        let mut law = Law::default();
        holds(&mut law, &world, 1, began());
        assert_eq!(asks(&mut law, &mut world, 1, "n", &[]), Ok(()));
        assert_eq!(asks(&mut law, &mut world, 2, "m", &parts), Ok(()));
        let id = if whose == "n" { 1 } else { 2 };
        let found = given(&mut law, &mut world, id, &is);
        match good {
            true => assert_eq!(found, Ok(())),
            false => is_about(found, "K3"),
        }
    }
}

#[test]
fn k3_who_is_left_out_gets_nothing_and_before_the_leader_nobody_gets_anything() {
    let mut world = world();
    let mut law = Law::default();
    holds(&mut law, &world, 1, began());
    assert_eq!(asks(&mut law, &mut world, 1, "n", &[]), Ok(()));
    let mut early = law.clone();
    is_about(
        given(&mut early, &mut world.clone(), 1, &Bytes::new()),
        "K3",
    );
    assert_eq!(
        asks(&mut law, &mut world, 2, "m", &[("m", part(&[0, 1]))]),
        Ok(())
    );
    assert_eq!(given(&mut law, &mut world, 1, &Bytes::new()), Ok(()));
    // What a stranger has handed in counts too, if he leads.
    for (leader, good) in [("m", true), ("o", false)] {
        let open =
            "world brokers=3 seed=1\nconsumer c1\nsocket s1\nrun 1s\nconnect s1 b1\nrun 1s\n";
        let mut watched = Watched::<PartsAreTheLeaders>::run(open);
        assert_eq!(watched.hears(1, began()), Ok(()));
        let request = SyncGroupRequest {
            group_id: "billing".into(),
            generation_id: 7,
            member_id: leader.into(),
            assignments: vec![SyncGroupRequestAssignment {
                member_id: "n".into(),
                assignment: part(&[1]),
            }],
            ..SyncGroupRequest::default()
        };
        let bytes = encode_request(&request, 3, 1, None).to_bytes();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            watched.line(&format!("bytes s1 {text}")),
            Vec::<String>::new()
        );
        let (mut world, law) = (watched.world.clone(), &mut watched.law);
        assert_eq!(asks(law, &mut world, 1, "n", &[]), Ok(()));
        let found = given(law, &mut world, 1, &part(&[1]));
        match good {
            true => assert_eq!(found, Ok(())),
            false => is_about(found, "K3"),
        }
    }
}

#[test]
fn k3_who_reads_what_it_was_not_given_is_found() {
    let world = played(SHARED);
    let consumer = world.host(ProcessId::Consumer(1));
    let consumer = consumer
        .and_then(|host| host.consumer())
        .expect("a consumer");
    let generation = &consumer.membership().expect("a member").generation;
    let reads: Vec<i32> = consumer
        .partitions()
        .map(|view| view.partition.partition)
        .collect();
    let assigned = Fact::PartitionsAssigned {
        group: "billing".into(),
        partitions: Vec::new().into(),
    };
    let assigned = entry(world.now(), Some(ProcessId::Consumer(1)), assigned);
    for (number, is, good) in [
        (generation.number, part(&reads), true),
        (generation.number, part(&[]), false),
        (generation.number, part(&[0, 1]), false),
        // That was another generation's.
        (generation.number - 1, part(&[0, 1]), true),
    ] {
        let (mut world, mut law) = (world.clone(), Law::default());
        let asked = asks_in(number, &mut law, &mut world, 1, &generation.member, &[]);
        assert_eq!(asked, Ok(()));
        assert_eq!(given(&mut law, &mut world, 1, &is), Ok(()));
        let found = law.check(&world, &assigned);
        match good {
            true => assert_eq!(found, Ok(())),
            false => is_about(found, "K3"),
        }
    }
}

#[test]
fn k4_a_leader_that_gives_a_partition_to_nobody_is_found() {
    let world = played(SHARED);
    let told = |assignor: Assignor, owned: &[i32], world: &mut World, law: &mut Law| {
        let wants = Subscription {
            topics: vec!["orders".into()],
            owned_partitions: vec![TopicPartitions {
                topic: "orders".into(),
                partitions: owned.to_vec(),
            }],
            ..Subscription::default()
        };
        let member = |id: &str| JoinGroupResponseMember {
            member_id: id.into(),
            metadata: wants.write(3),
            ..JoinGroupResponseMember::default()
        };
        let response = JoinGroupResponse {
            generation_id: 7,
            protocol_name: Some(assignor.name().into()),
            leader: "m".into(),
            member_id: "m".into(),
            members: vec![member("m"), member("n")],
            ..JoinGroupResponse::default()
        };
        let frame = encode_response(ApiKey::JoinGroup, 9, 1, &response);
        send(world, to_consumer(), frame);
        holds(law, world, 1, answered(ApiKey::JoinGroup, 9, 1));
    };
    let cooperative = Assignor::CooperativeSticky;
    for (assignor, owned, parts, good) in [
        (Assignor::Range, vec![], [part(&[0]), part(&[1])], true),
        (Assignor::Range, vec![], [part(&[0]), part(&[])], false),
        (Assignor::Range, vec![1], [part(&[0]), part(&[])], false),
        (Assignor::Sticky, vec![], [part(&[]), part(&[1])], false),
        (
            Assignor::RoundRobin,
            vec![],
            [Bytes::new(), Bytes::new()],
            false,
        ),
        // What another still has is given later; what nobody has, at once.
        (cooperative, vec![1], [part(&[0]), part(&[])], true),
        (cooperative, vec![], [part(&[0]), part(&[])], false),
        (cooperative, vec![0], [part(&[0]), part(&[])], false),
        (cooperative, vec![], [part(&[0]), part(&[1])], true),
    ] {
        let (mut world, mut law) = (world.clone(), Law::default());
        told(assignor, &owned, &mut world, &mut law);
        let [mine, others] = parts;
        let parts = [("m", mine), ("n", others)];
        let found = asks(&mut law, &mut world, 2, "m", &parts);
        match good {
            true => assert_eq!(found, Ok(())),
            false => is_about(found, "K4"),
        }
    }
}
