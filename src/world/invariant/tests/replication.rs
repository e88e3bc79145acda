//! R1 to R3, R6, R10, R12, R13, R15 can fail.

use super::super::replication::CommittedIsReplicated;
use super::*;
use crate::time::Timestamp;

type Law = Shown<CommittedIsReplicated>;

fn shortened(world: &mut World, id: u16, to: i64) {
    let mut short = log_of(world, i32::from(id));
    short.truncate_to(Offset(to), Timestamp(0));
    plant(world, id, |replica| replica.plant_log(short, Offset(to)));
}

#[test]
fn r1_a_stranger_in_the_isr_or_a_leader_out_of_it_is_found() {
    let world = world();
    let shown = |change: fn(&mut PartitionState)| {
        let mut world = world.clone();
        stand(&mut world, change);
        Law::default().check(&world, &from_zookeeper(&world, state_changed(1)))
    };
    assert_eq!(shown(|_| {}), Ok(()));
    is_about(shown(|state| state.isr.push(BrokerId(9))), "R1");
    is_about(shown(|state| state.isr = ids(&[2, 3])), "R1");
    is_about(shown(|state| state.isr = Vec::new()), "R1");
}

#[test]
fn r2_an_epoch_with_two_leaders_is_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, led(5));
    holds(&mut law, &world, 1, led(5));
    holds(&mut law, &world, 2, led(6));
    breaks(&mut law, &world, 2, led(5), "R2");
}

#[test]
fn r3_a_state_that_goes_back_is_found() {
    let (world, mut law) = (world(), Law::default());
    let mut newer = world.clone();
    stand(&mut newer, |state| state.leader_epoch = LeaderEpoch(7));
    let changed = from_zookeeper(&newer, state_changed(1));
    assert_eq!(law.check(&newer, &changed), Ok(()));
    // Another state in the same version.
    let mut older = newer.clone();
    stand(&mut older, |state| {
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 - 1);
        state.leader_epoch = LeaderEpoch(8);
    });
    is_about(law.check(&older, &changed), "R3");
}

#[test]
fn r6_a_follower_that_exposes_more_than_was_committed_is_found() {
    let (world, mut law) = (world(), Law::default());
    let learns = |to| Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(to),
    };
    holds(&mut law, &world, 1, committed(2));
    holds(&mut law, &world, 2, learns(2));
    breaks(&mut law, &world, 2, learns(3), "R6");
}

#[test]
fn r6_another_record_below_the_high_watermark_is_found() {
    let mut world = world();
    holds(&mut Law::default(), &world, 1, committed(3));
    let other = log_of(&world_with("b"), 2);
    plant(&mut world, 2, |replica| replica.plant_log(other, Offset(3)));
    breaks(&mut Law::default(), &world, 1, committed(3), "R6");
}

#[test]
fn r10_a_high_watermark_that_goes_back_is_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, committed(3));
    let mut again = law.clone();
    breaks(&mut law, &world, 1, committed(2), "R10");
    holds(&mut again, &world, 1, led(0));
    holds(&mut again, &world, 1, committed(2));
}

#[test]
fn r12_a_high_watermark_that_a_member_of_the_isr_has_not_reached_is_found() {
    let mut world = world();
    shortened(&mut world, 3, 2);
    holds(&mut Law::default(), &world, 1, committed(2));
    breaks(&mut Law::default(), &world, 1, committed(3), "R12");
}

#[test]
fn r13_a_high_watermark_that_moves_under_min_isr_is_found() {
    let mut world = played(
        "world brokers=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3 min.insync.replicas=2\n\
         producer p1 acks=all\nrun 1s\nproduce p1 orders-0 \"a\"\nrun 1s\n",
    );
    holds(&mut Law::default(), &world, 1, committed(1));
    plant(&mut world, 1, |replica| replica.plant_isr(ids(&[1])));
    breaks(&mut Law::default(), &world, 1, committed(1), "R13");
}

#[test]
fn r15_who_joins_the_isr_too_soon_is_found() {
    let mut world = world();
    let joined = || Fact::IsrChanged {
        partition: orders(),
        from: ids(&[1, 2]),
        to: ids(&[1, 2, 3]),
        partition_epoch: PartitionEpoch(1),
    };
    holds(&mut Law::default(), &world, 1, joined());
    shortened(&mut world, 3, 2);
    breaks(&mut Law::default(), &world, 1, joined(), "R15");
}
