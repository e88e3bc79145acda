//! What is forgotten with a topic is that topic's; C7, C8 can fail.

use super::super::replication::CommittedIsReplicated;
use super::super::topics::NothingStaysBehind;
use super::*;
use crate::model::TopicName;

#[test]
fn a_topic_that_is_deleted_takes_nothing_of_another_with_it() {
    let history = history(
        "world brokers=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3\n\
         topic tea partitions=1 replicas=2,3,1\n\
         producer p1 acks=all\nadmin a1\nrun 1s\n\
         produce p1 orders-0 \"a\"\nproduce p1 tea-0 \"a\"\nrun 1s\n\
         delete-topic a1 tea\nrun 5s\n",
    );
    let checker = &history.observed().checker;
    assert_eq!(checker.committed(&orders()), Offset(1));
    assert_eq!(checker.committed(&TopicPartition::new("tea", 0)), Offset(0));
    // What its name owes is forgotten too: an epoch may have another leader.
    let (world, mut law) = (history.world(), Shown::<CommittedIsReplicated>::default());
    holds(&mut law, world, 1, led(5));
    let gone = |topic: &str| Fact::TopicDeleted {
        topic: TopicName::new(topic),
    };
    law.law.forget_topic(&TopicName::new("tea"));
    holds(&mut law, world, 1, gone("tea"));
    breaks(&mut law.clone(), world, 2, led(5), "R2");
    law.law.forget_topic(&orders().topic);
    holds(&mut law, world, 2, led(5));
}

// ---- C7, C8 can fail

type Law = Shown<NothingStaysBehind>;

const BEGINNING: &str = "world brokers=4 seed=1 latency=1ms\n\
     topic orders partitions=1 replicas=1,2,3\n\
     producer p1 acks=all\nadmin a1\nrun 1s\n\
     produce p1 orders-0 \"a\"\nrun 1s\n";

/// The law, having heard that the topic is to go.
fn while_it_goes(world: &World) -> Law {
    let mut law = Law::default();
    let path = znodes::deletion_path(&orders().topic);
    let wished = from_zookeeper(world, Fact::ZnodeCreated { path, owner: None });
    assert_eq!(law.check(world, &wished), Ok(()));
    law
}

fn deleted() -> Fact {
    Fact::TopicDeleted {
        topic: orders().topic,
    }
}

#[test]
fn c7_a_replica_that_outlives_its_topic_is_found_also_on_a_broker_that_is_dead() {
    let before = played(BEGINNING);
    breaks(&mut while_it_goes(&before), &before, 1, deleted(), "C7");
    let after = played(&format!("{BEGINNING}delete-topic a1 orders\nrun 5s\n"));
    holds(&mut while_it_goes(&before), &after, 1, deleted());
    // The others are rid of theirs, but a dead one is not.
    let waiting = format!("{BEGINNING}kill b3\nrun 30s\ndelete-topic a1 orders\nrun 5s\n");
    let waiting = played(&waiting);
    let mut law = while_it_goes(&waiting);
    let what = law.check(&waiting, &news(&waiting, 1, deleted()));
    let what = what.expect_err("broker 3 has a replica");
    assert!(what.contains("broker 3"), "{what}");
}

#[test]
fn c7_a_topic_that_is_made_anew_with_old_records_is_found() {
    let world = played(BEGINNING);
    let role = || Fact::BecameLeader {
        partition: orders(),
        epoch: LeaderEpoch(0),
        start_offset: Offset(1),
        isr: ids(&[1]),
    };
    // A leader that is new to the partition, and has a record of it.
    breaks(&mut Law::default(), &world, 1, role(), "C7");
    let again = "delete-topic a1 orders\nrun 5s\n\
                 create-topic a1 orders partitions=1 replication=4\nrun 2s\n";
    let other = played(&format!("{BEGINNING}{again}"));
    let follows = || Fact::BecameFollower {
        partition: orders(),
        epoch: LeaderEpoch(0),
        leader: BrokerId(1),
    };
    let mut law = Law::default();
    holds(&mut law, &world, 2, follows());
    let mut rid = law.clone();
    rid.law.forget(BrokerId(2), &orders());
    breaks(&mut law, &other, 2, follows(), "C7");
    holds(&mut rid, &other, 2, follows());
}

/// Has another assignment stand in ZooKeeper, and shows it to the law.
fn assign(world: &mut World, law: &mut Law, lists: [&[i32]; 3]) -> Result<(), String> {
    let topic = orders().topic;
    let id = world.cluster().topic(&topic).expect("it is there").id;
    let of = |list: &[i32]| [(0, ids(list))].into_iter().collect();
    let some = |list: &[i32]| match list.is_empty() {
        true => Default::default(),
        false => of(list),
    };
    let assignment = znodes::TopicAssignment {
        id,
        replicas: of(lists[0]),
        adding: some(lists[1]),
        removing: some(lists[2]),
    };
    let path = znodes::topic_path(&topic);
    world.plant_znode(&path, &znodes::write_topic(&assignment), 1);
    let changed = from_zookeeper(world, Fact::ZnodeChanged { path, version: 1 });
    law.check(world, &changed)
}

/// The partition is on its way from brokers 1, 2, 3 to brokers 2, 4.
fn under_way() -> (World, Law) {
    let (mut world, mut law) = (played(BEGINNING), Law::default());
    let lists: [&[i32]; 3] = [&[2, 4, 1, 3], &[4], &[1, 3]];
    assert_eq!(assign(&mut world, &mut law, lists), Ok(()));
    (world, law)
}

/// The ISR is another.
fn in_sync(world: &mut World, law: &mut Law, isr: &[i32]) {
    stand(world, |state| {
        state.isr = ids(isr);
        state.leader = BrokerId(2);
    });
    let changed = from_zookeeper(world, state_changed(1));
    assert_eq!(law.check(world, &changed), Ok(()));
}

#[test]
fn c8_a_move_that_ends_elsewhere_or_too_early_is_found() {
    let ended: [&[i32]; 3] = [&[2, 4], &[], &[]];
    let (mut world, mut law) = under_way();
    in_sync(&mut world, &mut law, &[2, 1, 3]);
    is_about(assign(&mut world, &mut law, ended), "C8");

    let (mut world, mut law) = under_way();
    in_sync(&mut world, &mut law, &[2, 1, 3, 4]);
    let (mut elsewhere, mut other) = (world.clone(), law.clone());
    is_about(
        assign(&mut elsewhere, &mut other, [&[2, 1], &[], &[]]),
        "C8",
    );
    // Who goes counts still.
    let (mut early, mut other) = (world.clone(), law.clone());
    is_about(assign(&mut early, &mut other, ended), "C8");
    in_sync(&mut world, &mut law, &[2, 4]);
    assert_eq!(assign(&mut world, &mut law, ended), Ok(()));
}

#[test]
fn c8_a_move_may_be_given_up() {
    let (mut world, mut law) = under_way();
    let given_up: [&[i32]; 3] = [&[1, 2, 3], &[], &[]];
    assert_eq!(assign(&mut world, &mut law, given_up), Ok(()));
    // And when it is not known how it began, nobody is to blame.
    let ended: [&[i32]; 3] = [&[2, 4], &[], &[]];
    assert_eq!(assign(&mut world, &mut law, ended), Ok(()));
}
