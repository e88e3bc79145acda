//! What was lost is excused, and nothing else.

use super::super::matching::LogsAgree;
use super::super::quorum::QuorumsOverlap;
use super::*;
use crate::time::Timestamp;

/// Broker 4 was elected out of sync, and everybody has come back to follow it.
const UNCLEAN: &str = "world brokers=4 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
     replica.lag.time.max.ms=2000 auto.leader.rebalance.enable=false\n\
     topic orders partitions=1 replicas=2,3,4 unclean.leader.election.enable=true\n\
     producer p1 acks=all\n\
     produce p1 orders-0 \"a\"\nrun 1s\n\
     cut b2↔b4\nproduce p1 orders-0 \"b\"\nproduce p1 orders-0 \"b\"\nrun 5s\n\
     kill b2\nkill b3\nreset b2↔b4\nheal all\n\
     produce p1 orders-0 \"c\"\nrun 12s\n\
     restart b2\nrestart b3\nrun 20s\n";

fn shown_after<L: Default>(history: &History) -> Shown<L> {
    let common = history.observed().checker.laws.common.clone();
    let law = L::default();
    Shown { law, common }
}

#[test]
fn after_a_loss_what_is_committed_begins_anew_and_is_kept_as_before() {
    let history = history(UNCLEAN);
    let mut world = history.world().clone();
    let checker = &history.observed().checker;
    assert!(checker.losses().is_lost(&orders()) && !checker.losses().is_torn(&orders()));
    let state = world.cluster().partition(&orders()).expect("it is there");
    assert_eq!((state.leader, state.isr.len()), (BrokerId(4), 3));
    let (end, changed) = (log_of(&world, 4).end(), state.partition_epoch.0);
    assert_eq!(checker.committed(&orders()), end);
    let changed = from_zookeeper(&world, state_changed(changed));
    let mut law = shown_after::<QuorumsOverlap>(&history);
    assert_eq!(law.check(&world, &changed), Ok(()));
    let mut short = log_of(&world, 2);
    short.truncate_to(Offset(1), Timestamp(0));
    plant(&mut world, 2, |replica| replica.plant_log(short, Offset(1)));
    is_about(law.check(&world, &changed), "R8");
    let cut = cut(end.0, 1);
    breaks(
        &mut shown_after::<LogsAgree>(&history),
        &world,
        2,
        cut,
        "R16",
    );
}

#[test]
fn what_was_committed_before_a_loss_binds_nobody_and_clients_may_still_know_it() {
    let history = history(UNCLEAN);
    let common = &history.observed().checker.laws.common;
    let since = common.committed.since(&orders());
    assert!(since > LeaderEpoch(0), "{since}");
    assert_eq!(common.committed.ever(&orders()), Offset(3));
    assert_eq!(common.committed.until(&orders()), Offset(2));
    let epochs = common.committed.epochs(&orders());
    assert_eq!(epochs.last().map(|last| last.epoch), Some(since));
}

#[test]
fn a_replica_that_merely_moves_is_not_excused_while_zookeeper_is_away() {
    let topic = "world brokers=3 zookeeper=1 seed=1 latency=1ms\ntopic orders partitions=1 replicas=1,2,3\nadmin a1\nrun 2s\n";
    for (before, is_excused) in [("", false), ("delete-topic a1 orders\n", true)] {
        // Whoever is to delete its replica has not heard of it when ZooKeeper goes.
        let text =
            format!("{topic}hold b1→b3\nhold b2→b3\n{before}run 100ms\nkill zk1\nrun 100ms\n");
        let history = history(&text);
        let world = history.world();
        assert!(world.zookeeper_tree().is_none(), "nobody can be asked");
        let mut law = shown_after::<QuorumsOverlap>(&history);
        let partition = orders();
        holds(&mut law, world, 3, Fact::ReplicaDeleted { partition });
        assert_eq!(law.common.losses.is_torn(&orders()), is_excused, "{before}");
        assert_eq!(law.common.losses.counts(), (0, 0), "nothing is lost");
    }
}
