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
        let first = group.members()[0].assignment.clone();
        group.plant_assignment(1, first);
    });
    let mut law = Law::default();
    for fact in &before {
        holds(&mut law, &other, 1, fact.clone());
    }
    breaks(&mut law, &other, 1, stable(generation), "K4");
}
