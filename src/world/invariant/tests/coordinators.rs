//! K1 and the second half of K7 can fail.

use super::super::coordinators::OneCoordinates;
use super::*;
use crate::broker::OFFSETS_TOPIC;
use crate::protocol::api::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::protocol::api::offset_fetch::OffsetFetchRequestTopic;
use crate::protocol::api::{OffsetCommitRequest, OffsetFetchRequest};
use crate::protocol::encode_request;

type Law = Shown<OneCoordinates>;

fn home(world: &World) -> TopicPartition {
    let broker = world.broker_by_id(BrokerId(1)).expect("a broker");
    let kept_by = broker.coordinator().partition_of("billing");
    TopicPartition::new(OFFSETS_TOPIC, kept_by)
}

fn leads(world: &World, epoch: i32) -> Fact {
    Fact::BecameLeader {
        partition: home(world),
        epoch: LeaderEpoch(epoch),
        start_offset: Offset(0),
        isr: vec![BrokerId(1)],
    }
}

fn follows(world: &World) -> Fact {
    Fact::BecameFollower {
        partition: home(world),
        leader: BrokerId(2),
        epoch: LeaderEpoch(9),
    }
}

fn read(world: &World) -> Fact {
    Fact::GroupsLoaded {
        partition: home(world).partition,
        groups: 1,
    }
}

fn decides() -> Fact {
    Fact::GroupRebalancing {
        group: "billing".into(),
        generation: 1,
    }
}

#[test]
fn k1_who_does_not_lead_or_has_not_read_decides_nothing() {
    let world = world();
    for (known, wrong) in [
        (vec![], decides()),
        (vec![], read(&world)),
        (vec![leads(&world, 3)], decides()),
        (
            vec![leads(&world, 3), read(&world), follows(&world)],
            decides(),
        ),
        (
            vec![leads(&world, 3), read(&world), Fact::Stopped],
            decides(),
        ),
    ] {
        let mut law = Law::default();
        for fact in known {
            holds(&mut law, &world, 1, fact);
        }
        breaks(&mut law, &world, 1, wrong, "K1");
    }
}

#[test]
fn k1_two_coordinators_in_one_epoch_are_found_and_in_two_epochs_are_not() {
    let world = world();
    let mut law = Law::default();
    for by in [1, 2] {
        holds(&mut law, &world, by, leads(&world, 3));
        holds(&mut law, &world, by, read(&world));
    }
    holds(&mut law, &world, 1, decides());
    breaks(&mut law, &world, 2, decides(), "K1");
    holds(&mut law, &world, 2, leads(&world, 4));
    holds(&mut law, &world, 2, decides());
    // The first has not heard of it yet.
    holds(&mut law, &world, 1, decides());
}

const GROUP: &str = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
    offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
    topic orders partitions=1 replicas=1\n\
    consumer c1 group.id=billing subscribe=orders auto.commit.interval.ms=500\nrun 5s\n";

#[test]
fn k1_what_is_told_as_committed_is_in_the_committed_log() {
    let mut watched = Watched::<OneCoordinates>::run(GROUP);
    let told = Fact::OffsetCommitted {
        group: "billing".into(),
        partition: orders(),
        offset: Offset(0),
    };
    assert_eq!(watched.hears(1, told.clone()), Ok(()));
    broker_mut(&mut watched.world, 1).plant_in_groups("billing", |group| {
        group.plant_commit(orders(), Offset(1_000), Offset(7));
    });
    is_about(watched.hears(1, told), "K1");
}

#[test]
fn k7_who_has_not_read_a_group_and_tells_of_it_is_found() {
    let reads = |fact: &Fact| matches!(fact, Fact::GroupsLoaded { .. });
    let (_, all) = Watched::<OneCoordinates>::run_without(GROUP, reads);
    let k7 = all.iter().find(|what| what.starts_with("K7"));
    assert!(k7.is_some(), "{all:?}");
    // It is refused while it is being read, and that is well.
    let slow = GROUP.replace("latency=1ms", "latency=1us");
    Watched::<OneCoordinates>::run(&slow);
}

#[test]
fn k7_a_stranger_that_is_told_of_what_nobody_has_read_is_found() {
    let text = format!("{GROUP}socket s1\nconnect s1 b1\nrun 1s\n");
    let topic = OffsetFetchRequestTopic {
        name: "orders".into(),
        partition_indexes: vec![0],
    };
    // Who asks for no partition is told nothing where there is no place for an error.
    for (topics, version, good) in [
        (vec![topic.clone()], 1, false),
        (vec![topic], 5, false),
        (Vec::new(), 1, true),
        (Vec::new(), 5, false),
        // And so is who asks for no group.
        (Vec::new(), 8, true),
    ] {
        let mut watched = Watched::<OneCoordinates>::run(&text);
        // As if this broker had read nothing.
        watched.law = Shown::default();
        let request = match version {
            8.. => OffsetFetchRequest::default(),
            _ => OffsetFetchRequest {
                group_id: "billing".into(),
                topics: Some(topics),
                ..OffsetFetchRequest::default()
            },
        };
        let bytes = encode_request(&request, version, 1, None).to_bytes();
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = watched.line(&format!("bytes s1 {bytes}"));
        all.extend(watched.line("run 10ms"));
        let found = all.iter().any(|what| what.starts_with("K7"));
        assert_eq!(found, !good, "{all:?}");
    }
}

#[test]
fn k7_what_zookeeper_knows_of_a_group_nobody_has_to_have_read() {
    let text = format!("{GROUP}socket s1\nconnect s1 b1\nrun 1s\n");
    let mut watched = Watched::<OneCoordinates>::run(&text);
    watched.law = Shown::default();
    let commit = OffsetCommitRequest {
        group_id: "billing".into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetCommitRequestPartition::default()],
        }],
        ..OffsetCommitRequest::default()
    };
    let fetch = OffsetFetchRequest {
        group_id: "billing".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: vec![0],
        }]),
        ..OffsetFetchRequest::default()
    };
    for frame in [
        encode_request(&commit, 0, 1, None),
        encode_request(&fetch, 0, 2, None),
    ] {
        let bytes = frame.to_bytes();
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = watched.line(&format!("bytes s1 {bytes}"));
        all.extend(watched.line("run 100ms"));
        assert!(!all.iter().any(|what| what.starts_with("K7")), "{all:?}");
    }
    // It was told of an offset, and of no error.
    let socket = watched.world.host(ProcessId::Socket(1));
    let socket = socket.and_then(|host| host.socket()).expect("a socket");
    let answers: Vec<u8> = socket
        .received
        .iter()
        .flat_map(|bytes| bytes.to_vec())
        .collect();
    assert_eq!(answers[answers.len() - 12..], [0; 12], "{answers:?}");
}
