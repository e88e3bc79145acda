//! What compaction must keep can be lost.

use super::super::compaction::CompactionKeepsTheLast;
use super::*;
use crate::log::LogConfig;
use crate::protocol::records::{BatchBuilder, Codec};
use crate::time::Timestamp;

/// Three records of two keys on two replicas, in a topic that compacts.
fn compacting() -> World {
    played(
        "world brokers=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3 cleanup.policy=compact\n\
         producer p1 acks=all enable.idempotence=false\n\
         run 1s\n\
         produce p1 orders-0 key=a \"1\"\nrun 100ms\n\
         produce p1 orders-0 key=b \"1\"\nrun 100ms\n\
         produce p1 orders-0 key=a \"2\"\nrun 2s\n",
    )
}

fn leads(epoch: i32, start: i64) -> Fact {
    Fact::BecameLeader {
        partition: orders(),
        epoch: LeaderEpoch(epoch),
        start_offset: Offset(start),
        isr: vec![BrokerId(1)],
    }
}

fn cleaned(until: i64) -> Fact {
    Fact::LogCleaned {
        partition: orders(),
        from: Offset(0),
        until: Offset(until),
        bytes_before: 0,
        bytes_after: 0,
        removed: 0,
    }
}

/// A log with these records at these offsets.
fn log(records: &[(i64, &str, &str)], epoch: i32) -> Log {
    let mut log = Log::new(Offset(0), Timestamp(0));
    for (offset, key, value) in records {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.append(5, Some(key.as_bytes()), Some(value.as_bytes()), &[]);
        builder.set_place(Offset(*offset), epoch);
        let batch = builder.build_batch();
        log.append_as_follower(&batch, Timestamp(0), &LogConfig::default())
            .expect("it continues");
    }
    log
}

fn plant_all(world: &mut World, by: u16, log: &Log, high_watermark: i64) {
    plant(world, by, |replica| {
        replica.plant_log(log.clone(), Offset(high_watermark));
    });
}

/// The law, having seen three records written and committed.
fn shown(world: &World) -> Shown<CompactionKeepsTheLast> {
    let mut law = Shown::default();
    holds(&mut law, world, 1, appended(Role::Leader, 0, 3, 0));
    holds(&mut law, world, 1, committed(3));
    law
}

#[track_caller]
fn complains(law: &mut Shown<CompactionKeepsTheLast>, world: &World, fact: Fact, why: &str) {
    let what = law.check(world, &news(world, 1, fact)).expect_err(why);
    assert!(what.contains(why), "{what}");
}

#[test]
fn the_last_record_of_a_key_that_is_gone_is_found() {
    let mut world = compacting();
    let whole = log_of(&world, 1);
    let mut law = shown(&world);
    let records: Vec<Batch> = (0..3).map(|at| batch_at(&whole, at)).collect();
    for (left, why) in [
        (&[1, 2][..], ""),
        (&[0, 1, 2], "one key stands at @0 and at @2"),
        (&[2], "the last record of its key is gone from @1"),
        (&[0, 1], "the last record of its key is gone from @2"),
    ] {
        let mut log = Log::new(Offset(0), Timestamp(0));
        for at in left {
            let batch = &records[*at];
            log.append_as_follower(batch, Timestamp(0), &LogConfig::default())
                .expect("it continues");
        }
        plant_all(&mut world, 1, &log, 3);
        match why {
            "" => holds(&mut law, &world, 1, cleaned(3)),
            why => complains(&mut law, &world, cleaned(3), why),
        }
    }
}

#[test]
fn what_is_compacted_before_it_is_committed_is_found() {
    let mut world = compacting();
    let whole = log_of(&world, 1);
    let mut law = shown(&world);
    plant_all(&mut world, 1, &whole, 2);
    complains(&mut law, &world, cleaned(3), "but committed is @2");
}

/// A leader is replaced, does not know it, writes, and is elected again with what it wrote.
#[test]
fn who_is_elected_again_before_it_has_cut_its_log_keeps_what_it_wrote() {
    let mut world = compacting();
    let mut law = shown(&world);
    let three = log_of(&world, 1);
    holds(&mut law, &world, 2, leads(1, 3));
    // Broker 1 writes on in its epoch, and then leads in another.
    let mut four = three.clone();
    let more = log(&[(3, "b", "late")], 0);
    four.append_as_follower(&batch_at(&more, 3), Timestamp(0), &LogConfig::default())
        .expect("it continues");
    plant_all(&mut world, 1, &four, 3);
    holds(&mut law, &world, 1, appended(Role::Leader, 3, 4, 0));
    holds(&mut law, &world, 1, leads(2, 4));
    plant_all(&mut world, 1, &four, 4);
    holds(&mut law, &world, 1, committed(4));
    let mut compacted = Log::new(Offset(0), Timestamp(0));
    for at in [2, 3] {
        let batch = batch_at(&four, at);
        compacted
            .append_as_follower(&batch, Timestamp(0), &LogConfig::default())
            .expect("it continues");
    }
    plant_all(&mut world, 1, &compacted, 4);
    holds(&mut law, &world, 1, cleaned(4));
    // The other's next leader has something else there: that is what counts then, if it is not committed.
    let mut law = shown(&world);
    plant_all(&mut world, 1, &four, 3);
    holds(&mut law, &world, 1, leads(3, 4));
    plant_all(
        &mut world,
        1,
        &log(&[(2, "a", "2"), (3, "b", "else")], 0),
        4,
    );
    complains(&mut law, &world, cleaned(4), "nobody wrote what stands at");
}

#[test]
fn while_a_topic_does_not_compact_nothing_is_remembered() {
    let world = world();
    let mut law = Shown::<CompactionKeepsTheLast>::default();
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 3, 0));
    let mut emptied = world.clone();
    plant_all(&mut emptied, 1, &log(&[(1, "x", "y")], 0), 3);
    holds(&mut law, &emptied, 1, cleaned(3));
    let compacting = compacting();
    let mut law = shown(&compacting);
    // Its settings change, and what is written meanwhile is not known.
    holds(&mut law, &world, 1, appended(Role::Leader, 3, 3, 0));
    holds(&mut law, &emptied, 1, cleaned(3));
}
