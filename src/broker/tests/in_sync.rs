//! Who is in sync: leaving by time, coming back by catching up, and always by the controller's leave.

use super::*;
use crate::protocol::ErrorCode;

const QUICK: [(&str, &str); 1] = [("replica.lag.time.max.ms", "2000")];

#[test]
fn a_follower_that_is_behind_for_too_long_leaves_the_isr() {
    let mut bench = Bench::new(&QUICK, &[]);
    bench.hold(b(3), b(1));
    bench.run_ms(20_000);
    assert_eq!(
        bench.replica(1).isr(),
        ids(&[1, 2, 3]),
        "idle and equal is in sync"
    );
    let start = bench.now;
    bench.produce_now(1, 1, "a");
    while bench.replica(1).isr().len() == 3 {
        bench.run_ms(10);
        assert!(bench.now.since(start) < Duration::from_secs(5));
    }
    // It had fallen silent long before, so the next look at a second's distance finds it.
    assert!(bench.now.since(start) <= Duration::from_millis(1_100));
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
    assert_eq!(bench.replica(1).partition_epoch(), PartitionEpoch(1));
    assert_eq!(bench.replica(1).leader_epoch(), LeaderEpoch(0));
    assert_eq!(
        bench.replica(1).high_watermark(),
        Offset(1),
        "nobody waits for it any more"
    );
    let controller = bench.broker(1).controller().expect("the controller");
    let state = controller
        .partition(&TopicPartition::new(TOPIC, 0))
        .expect("a state");
    assert_eq!(
        (&state.isr[..], state.partition_epoch),
        (&ids(&[1, 2])[..], PartitionEpoch(1))
    );
    let image = bench.broker(2).metadata();
    let known = image
        .partition(&TopicPartition::new(TOPIC, 0))
        .expect("known");
    assert_eq!(known.isr, ids(&[1, 2]), "everybody is told");
    bench.release(b(3), b(1));
    bench.run_ms(3_000);
    assert_eq!(
        bench.replica(1).isr(),
        ids(&[1, 2, 3]),
        "and back at the end of the list"
    );
    assert_eq!(bench.replica(1).partition_epoch(), PartitionEpoch(2));
}

#[test]
fn until_the_controller_agrees_the_larger_isr_counts() {
    // Broker 2 leads, so that the road to the controller can be held.
    let mut bench = Bench::with_replicas(&QUICK, &[], &[&[2, 3, 1]]);
    bench.hold(b(3), b(2));
    bench.run_ms(2_500);
    bench.hold(b(1), b(2));
    let connection = bench.open(2);
    bench.produce(connection, 1, "a");
    bench.run_ms(1_500);
    let leader = bench.replica(2);
    assert_eq!(leader.isr(), ids(&[2, 3, 1]));
    assert!(leader.pending().is_some());
    assert_eq!(leader.maximal_isr(), ids(&[2, 3, 1]));
    assert_eq!(leader.high_watermark(), Offset(0));
    bench.release(b(1), b(2));
    bench.run_ms(500);
    let leader = bench.replica(2);
    assert_eq!((leader.isr(), leader.pending()), (&ids(&[2, 1])[..], None));
    assert_eq!(leader.high_watermark(), Offset(1));
}

#[test]
fn a_refused_isr_is_asked_for_again_or_stays_open_as_the_code_says() {
    let mut bench = Bench::new(&[], &[]);
    let at = bench.moment();
    let cluster = bench.broker(1).metadata().clone();
    let around = super::super::partition::Around {
        at: Moment {
            now: at.now + Duration::from_secs(90),
            wall: at.wall,
        },
        lag: Duration::from_secs(30),
        cluster: &cluster,
    };
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "a");
    for (error, stays_open) in [
        (ErrorCode::IneligibleReplica, false),
        (ErrorCode::OperationNotAttempted, false),
        (ErrorCode::FencedLeaderEpoch, true),
        (ErrorCode::InvalidUpdateVersion, true),
    ] {
        let mut leader = bench.replica(1).clone();
        let mut out = Outbox::default();
        let proposal = leader.maybe_shrink(around, &mut out).expect("a proposal");
        assert_eq!(proposal.isr.len(), 2);
        assert_eq!(leader.maybe_shrink(around, &mut out), None, "one at a time");
        leader.isr_refused(LeaderEpoch(7), error, &mut out);
        assert!(leader.pending().is_some(), "an answer to another epoch");
        leader.isr_refused(LeaderEpoch(0), error, &mut out);
        assert_eq!(leader.pending().is_some(), stays_open, "{error}");
        assert_eq!(leader.isr(), ids(&[1, 2, 3]));
    }
}

#[test]
fn a_follower_joins_only_with_everything_since_the_leaders_epoch_began() {
    let mut bench = Bench::new(&QUICK, &[]);
    bench.produce_now(1, -1, "a");
    bench.hold(b(1), b(3));
    for value in ["b", "c", "d"] {
        bench.produce_now(1, 1, value);
    }
    bench.run_ms(6_000);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
    assert_eq!(bench.replica(1).high_watermark(), Offset(4));
    assert!(bench.replica(3).log_end() < Offset(4));
    bench.release(b(1), b(3));
    let mut before = bench.facts.len();
    for _ in 0..4_000 {
        bench.run_ms(1);
        let news = bench.facts.split_off(before);
        let joins = news
            .iter()
            .any(|(_, _, fact)| matches!(fact, Fact::IsrChangeAsked { to, .. } if to.len() == 3));
        if joins {
            let leader = bench.replica(1);
            assert!(bench.replica(3).log_end() >= leader.high_watermark());
            assert!(Some(bench.replica(3).log_end()) >= leader.epoch_start());
        }
        before = bench.facts.len();
    }
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2, 3]));
}

#[test]
fn a_leader_that_leads_on_waits_for_nobody_to_fetch_again() {
    use super::super::partition::{Around, Decision, FollowerState};

    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "b");
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
    let cluster = bench.broker(1).metadata().clone();
    let around = Around {
        at: bench.moment(),
        lag: Duration::from_secs(30),
        cluster: &cluster,
    };
    // Broker 3 is gone, and the next epoch is without it; first the same broker leads, then another.
    let decision = |leader| Decision {
        leader: BrokerId(leader),
        leader_epoch: LeaderEpoch(1),
        partition_epoch: PartitionEpoch(1),
        isr: ids(&[1, 2]),
        replicas: ids(&[1, 2, 3]),
    };
    let ends = |leader: &super::super::Partition| -> Vec<Option<Offset>> {
        let followers = leader.followers().iter();
        followers.map(FollowerState::log_end).collect()
    };
    let mut leader = bench.replica(1).clone();
    leader.become_leader(decision(1), around, &mut Outbox::default());
    assert_eq!(ends(&leader), [Some(Offset(2)), Some(Offset(1))]);
    assert_eq!(leader.high_watermark(), Offset(2), "at once");
    let mut leader = bench.replica(2).clone();
    leader.become_leader(decision(2), around, &mut Outbox::default());
    assert_eq!(ends(&leader), [None, None]);
    assert_eq!(leader.high_watermark(), Offset(1), "nobody has fetched yet");
}

#[test]
fn with_only_the_leader_in_sync_its_log_is_committed_at_once() {
    let mut bench = Bench::new(&QUICK, &[]);
    bench.hold(b(2), b(1));
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "a");
    bench.run_ms(4_000);
    assert_eq!(bench.replica(1).isr(), ids(&[1]));
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "b");
    bench.run_ms(2);
    assert_eq!(
        bench.produced(connection).map(|answer| answer.error_code),
        Some(0)
    );
}
