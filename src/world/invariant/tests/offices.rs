//! C1, C3 can fail.

use super::super::offices::OneDecides;
use super::*;
use crate::controller::znodes;

type Law = Shown<OneDecides>;

#[test]
fn c1_a_second_owner_of_the_office_is_found() {
    let (world, mut law) = (world(), Law::default());
    let created = from_zookeeper(
        &world,
        Fact::ZnodeCreated {
            path: znodes::CONTROLLER.into(),
            owner: Some(ProcessId::Broker(2)),
        },
    );
    assert_eq!(law.check(&world, &created), Ok(()));
    is_about(law.check(&world, &created), "C1");
}

#[test]
fn c1_an_epoch_that_is_passed_over_or_held_twice_is_found() {
    let (mut world, mut law) = (world(), Law::default());
    let path = znodes::CONTROLLER_EPOCH;
    let mut written = |law: &mut Law, epoch: &'static str| {
        world.plant_znode(path, &bytes::Bytes::from_static(epoch.as_bytes()), 1);
        let fact = Fact::ZnodeChanged {
            path: path.into(),
            version: 1,
        };
        law.check(&world, &from_zookeeper(&world, fact))
    };
    assert_eq!(written(&mut law, "4"), Ok(()));
    assert_eq!(written(&mut law, "5"), Ok(()));
    is_about(written(&mut law, "7"), "C1");
    let elected = |epoch| Fact::ControllerElected { epoch };
    holds(&mut law, &world, 1, elected(5));
    breaks(&mut law, &world, 2, elected(5), "C1");
}

#[test]
fn c1_a_state_that_a_deposed_controller_writes_is_found() {
    let (mut world, mut law) = (world(), Law::default());
    stand(&mut world, |state| state.controller_epoch -= 1);
    is_about(
        law.check(&world, &from_zookeeper(&world, state_changed(1))),
        "C1",
    );
}

#[test]
fn c3_a_version_that_is_passed_over_is_found() {
    let (mut world, mut law) = (world(), Law::default());
    let changed = from_zookeeper(&world, state_changed(1));
    assert_eq!(law.check(&world, &changed), Ok(()));
    stand(&mut world, |state| {
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
    });
    is_about(law.check(&world, &changed), "C3");
}

#[test]
fn c3_an_isr_that_was_asked_for_from_another_state_is_found() {
    let (mut world, mut law) = (world(), Law::default());
    let changed = from_zookeeper(&world, state_changed(1));
    assert_eq!(law.check(&world, &changed), Ok(()));
    stand(&mut world, |state| state.isr = ids(&[1, 2]));
    is_about(law.clone().check(&world, &changed), "C3");
    let asked = |from: &[i32]| Fact::IsrChangeAsked {
        partition: orders(),
        from: ids(from),
        to: ids(&[1, 2]),
    };
    let mut late = law.clone();
    holds(&mut late, &world, 1, asked(&[1, 3]));
    is_about(late.check(&world, &changed), "C3");
    let mut other = law.clone();
    holds(&mut other, &world, 2, asked(&[1, 2, 3]));
    is_about(other.check(&world, &changed), "C3");
    holds(&mut law, &world, 1, asked(&[1, 2, 3]));
    // Somebody who was replaced may ask for anything.
    holds(&mut law, &world, 3, asked(&[3]));
    assert_eq!(law.check(&world, &changed), Ok(()));
}
