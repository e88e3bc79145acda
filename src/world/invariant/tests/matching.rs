//! R4, R5, R16 can fail.

use super::super::matching::LogsAgree;
use super::*;

#[test]
fn r4_two_replicas_that_expose_different_records_are_found() {
    let mut world = world();
    let moved = || Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(3),
    };
    holds(&mut Shown::<LogsAgree>::default(), &world, 2, moved());
    let other = log_of(&world_with("b"), 2);
    plant(&mut world, 2, |replica| replica.plant_log(other, Offset(3)));
    breaks(&mut Shown::<LogsAgree>::default(), &world, 2, moved(), "R4");
}

#[test]
fn r4_a_record_exposed_without_being_there_is_found() {
    let mut world = world();
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(2), crate::time::Timestamp(0));
    plant(&mut world, 2, |replica| replica.plant_log(short, Offset(2)));
    let moved = Fact::HighWatermarkMoved {
        partition: orders(),
        role: Role::Follower,
        from: Offset(0),
        to: Offset(3),
    };
    breaks(&mut Shown::<LogsAgree>::default(), &world, 2, moved, "R4");
}

#[test]
fn r5_a_follower_that_copies_another_epoch_or_too_much_is_found() {
    let mut world = world();
    let fact = || appended(Role::Follower, 2, 3, 0);
    holds(&mut Shown::<LogsAgree>::default(), &world, 2, fact());
    let batch = log_of(&world, 1)
        .batches(Offset(0), Offset(1))
        .next()
        .map(|b| b.batch());
    let batch = batch.expect("a batch");
    let config = crate::log::LogConfig::default();
    let wall = crate::time::Timestamp(0);
    let mut other_epoch = log_of(&world, 2);
    other_epoch.truncate_to(Offset(2), wall);
    let mut longer = log_of(&world, 2);
    other_epoch.append_as_leader(&batch, LeaderEpoch(4), wall, &config);
    longer.append_as_leader(&batch, LeaderEpoch(0), wall, &config);
    for log in [other_epoch, longer] {
        plant(&mut world, 2, |replica| replica.plant_log(log, Offset(2)));
        breaks(&mut Shown::<LogsAgree>::default(), &world, 2, fact(), "R5");
    }
}

#[test]
fn r16_a_cut_below_what_is_committed_is_found_on_a_member_of_the_isr() {
    let world = world();
    let mut law = Shown::<LogsAgree>::default();
    holds(&mut law, &world, 1, committed(3));
    breaks(&mut law, &world, 2, cut(3, 2), "R16");
}

#[test]
fn r16_a_cut_of_what_the_leader_has_too_is_found() {
    let world = world_without_broker_3();
    let law = |appends: &[(i64, i64, i32)]| {
        let mut law = Shown::<LogsAgree>::default();
        for (base, next, epoch) in appends {
            holds(
                &mut law,
                &world,
                1,
                appended(Role::Leader, *base, *next, *epoch),
            );
            holds(
                &mut law,
                &world,
                3,
                appended(Role::Leader, *base, *next, *epoch),
            );
        }
        law
    };
    // The leader's log is epoch 0 from @0 to @3.
    breaks(&mut law(&[(0, 9, 0)]), &world, 3, cut(9, 2), "R16");
    holds(&mut law(&[(0, 9, 0)]), &world, 3, cut(9, 3));
    breaks(
        &mut law(&[(0, 2, 0), (2, 9, 1)]),
        &world,
        3,
        cut(9, 1),
        "R16",
    );
    holds(&mut law(&[(0, 2, 0), (2, 9, 1)]), &world, 3, cut(9, 2));
}
