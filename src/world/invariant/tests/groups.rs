//! K2 and the first half of K4 can fail.

use super::super::groups::GenerationsFollow;
use super::*;
use crate::model::Text;

type Law = Shown<GenerationsFollow>;

fn rebalancing(generation: i32) -> Fact {
    Fact::GroupRebalancing {
        group: "billing".into(),
        generation,
    }
}

fn began(generation: i32, members: &[&str]) -> Fact {
    let members = members.iter().map(|member| Text::from(*member));
    Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation,
        members: members.collect(),
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
fn k2_generations_that_do_not_follow_each_other_are_found() {
    let world = world();
    let good = [
        rebalancing(0),
        began(1, &["m"]),
        stable(1),
        rebalancing(1),
        began(2, &[]),
    ];
    for (known, wrong) in [
        (&good[..0], began(1, &["m"])),
        (&good[..1], began(2, &["m"])),
        (&good[..1], stable(1)),
        (&good[..1], rebalancing(0)),
        (&good[..2], stable(2)),
        (&good[..2], began(2, &["m"])),
        (&good[..3], rebalancing(2)),
        (&good[..5], stable(2)),
    ] {
        let mut law = Law::default();
        for fact in known {
            holds(&mut law, &world, 1, fact.clone());
        }
        breaks(&mut law, &world, 1, wrong, "K2");
    }
}

#[test]
fn a6_an_id_that_two_members_bear_is_found() {
    let world = world();
    let mut law = Law::default();
    holds(&mut law, &world, 1, rebalancing(0));
    holds(&mut law.clone(), &world, 1, began(1, &["m", "n"]));
    breaks(&mut law, &world, 1, began(1, &["m", "n", "m"]), "A6");
}

#[test]
fn a6_an_id_that_is_given_again_is_found() {
    let mut world = played(
        "world brokers=1 seed=1 latency=1ms\ntopic orders partitions=1 replicas=1\n\
         consumer c1\nconsumer c2\nrun 1s\n",
    );
    let joined = |world: &World, who: u16, group: &str| {
        let fact = Fact::GroupJoined {
            group: group.into(),
            generation: 1,
            member: "m".into(),
            assignor: "range",
            leads: true,
        };
        entry(world.now(), Some(ProcessId::Consumer(who)), fact)
    };
    let mut law = Law::default();
    for who in [1, 1] {
        assert_eq!(law.check(&world, &joined(&world, who, "billing")), Ok(()));
    }
    assert_eq!(law.check(&world, &joined(&world, 2, "shipping")), Ok(()));
    is_about(
        law.clone().check(&world, &joined(&world, 2, "billing")),
        "A6",
    );
    for line in ["kill c1", "restart c1"] {
        let Ok(script::Action::Command(command)) = script::parse_line(line) else {
            panic!("{line} is a command");
        };
        let done = world.perform(&command, &mut Journal::default());
        assert!(done.is_ok(), "{line}");
    }
    is_about(law.check(&world, &joined(&world, 1, "billing")), "A6");
}

#[test]
fn a6_the_ids_that_were_borne_longest_ago_are_forgotten_first() {
    let world = world();
    let joined = |who: u16, number: u32| {
        // What comes later stands before it by its name.
        let member = format!("m{:05}", 99_999 - number);
        let fact = Fact::GroupJoined {
            group: "billing".into(),
            generation: 1,
            member: member.into(),
            assignor: "range",
            leads: true,
        };
        entry(world.now(), Some(ProcessId::Consumer(who)), fact)
    };
    let mut law = Law::default();
    for number in 0..4_100 {
        assert_eq!(law.check(&world, &joined(1, number)), Ok(()));
    }
    assert_eq!(law.clone().check(&world, &joined(2, 0)), Ok(()));
    is_about(law.check(&world, &joined(2, 4_099)), "A6");
}

/// A group of two that share two partitions.
fn shared() -> World {
    played(
        "world brokers=1 seed=13 latency=1ms offsets.topic.num.partitions=1 \
         offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
         topic orders partitions=2 replicas=1\n\
         consumer c1 group.id=billing subscribe=orders\n\
         consumer c2 group.id=billing subscribe=orders\nrun 12s\n",
    )
}

#[test]
fn k4_a_partition_that_is_given_twice_is_found() {
    let world = shared();
    let known = |world: &World| {
        let broker = world.broker_by_id(BrokerId(1)).expect("a broker");
        let group = broker.coordinator().group("billing");
        group.expect("a group").generation()
    };
    let generation = known(&world);
    let before = [rebalancing(generation - 1), began(generation, &["m", "n"])];
    let mut law = Law::default();
    for fact in &before {
        holds(&mut law, &world, 1, fact.clone());
    }
    holds(&mut law, &world, 1, stable(generation));
    let mut other = world.clone();
    broker_mut(&mut other, 1).plant_in_groups("billing", |group| {
        let first = group
            .members()
            .first()
            .expect("a member")
            .assignment
            .clone();
        group.plant_assignment(1, first);
    });
    let mut law = Law::default();
    for fact in &before {
        holds(&mut law, &other, 1, fact.clone());
    }
    breaks(&mut law, &other, 1, stable(generation), "K4");
}
