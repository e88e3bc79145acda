//! Following: copying, cutting where logs part, and coming back after trouble.

use super::*;
use crate::log::{Epochs, Log, LogConfig, StoredBatch};
use crate::protocol::records::Batch;

/// A log in which each epoch has so many records, one in a batch.
fn log_of(epochs: &[(i32, i64)]) -> Log {
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    for (epoch, count) in epochs {
        for _ in 0..*count {
            let epoch = LeaderEpoch(*epoch);
            log.append_as_leader(&one(epoch.0), epoch, Timestamp(0), &LogConfig::default());
        }
    }
    log
}

fn one(epoch: i32) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    let value = format!("epoch {epoch}");
    builder.append(EPOCH, None, Some(value.as_bytes()), &[]);
    builder.build_batch()
}

/// A cluster whose replicas have these logs, and nobody follows anybody.
fn cluster_with(logs: &[(i32, Log)]) -> Bench {
    cluster_set(&[], logs)
}

fn cluster_set(settings: &[(&str, &str)], logs: &[(i32, Log)]) -> Bench {
    let mut bench = Bench::new(settings, &[]);
    let name = TopicPartition::new(TOPIC, 0);
    for (id, log) in logs {
        let slot = bench.broker(*id).replicas.slot(&name).expect("a replica");
        let replica = bench.broker_mut(*id).replicas.get_mut(slot);
        *replica = super::super::Partition::new(
            name.clone(),
            TopicId([7; 16]),
            BrokerId(*id),
            replica.config().clone(),
            log.clone(),
            Offset::ZERO,
        );
        bench.broker_mut(*id).stop_fetching(slot);
    }
    bench
}

/// Tells every broker who leads, as the controller would.
fn elect(bench: &mut Bench, leader: i32, epoch: i32) {
    use crate::protocol::api::LeaderAndIsrRequest;
    use crate::protocol::api::leader_and_isr::{
        LeaderAndIsrPartitionState, LeaderAndIsrTopicState,
    };
    for id in 1..=3 {
        let connection = bench.open_as(b(9), id);
        let request = LeaderAndIsrRequest {
            controller_id: 1,
            controller_epoch: 1,
            topic_states: vec![LeaderAndIsrTopicState {
                topic_name: TOPIC.into(),
                topic_id: TopicId([7; 16]),
                partition_states: vec![LeaderAndIsrPartitionState {
                    leader,
                    leader_epoch: epoch,
                    isr: vec![1, 2, 3],
                    replicas: vec![1, 2, 3],
                    ..LeaderAndIsrPartitionState::default()
                }],
            }],
            ..LeaderAndIsrRequest::default()
        };
        bench.ask(connection, &request, 7);
    }
    bench.run_ms(2_500);
}

fn same_bytes(one: &Log, other: &Log) -> bool {
    let bytes = |log: &Log| -> Vec<Chunks> {
        log.batches(Offset(0), log.end())
            .map(StoredBatch::bytes)
            .collect()
    };
    bytes(one) == bytes(other)
}

#[test]
fn a_longer_log_is_cut_where_the_leaders_epoch_ended() {
    // The example of KIP-101: broker 1 comes back with ten records of epoch 0, the leader has seven
    // of them and two of its own.
    let mut leader = log_of(&[(0, 7)]);
    leader.begin_epoch(LeaderEpoch(1));
    for _ in 0..2 {
        leader.append_as_leader(&one(1), LeaderEpoch(1), Timestamp(0), &LogConfig::default());
    }
    let returning = log_of(&[(0, 10)]);
    let mut bench = cluster_with(&[(1, returning), (2, leader.clone()), (3, leader)]);
    elect(&mut bench, 2, 2);
    let cut = |fact: &Fact| {
        matches!(
            fact,
            Fact::LogTruncated {
                from: Offset(10),
                to: Offset(7),
                ..
            }
        )
    };
    assert!(bench.noted(1, cut));
    assert!(!bench.noted(3, |fact| matches!(fact, Fact::LogTruncated { .. })));
    for id in [1, 3] {
        assert!(
            same_bytes(bench.replica(id).log(), bench.replica(2).log()),
            "broker {id}"
        );
        assert_eq!(bench.replica(id).log_end(), Offset(9));
        let epochs: &Epochs = bench.replica(id).log().epochs();
        assert_eq!(
            epochs.entries()[..2],
            bench.replica(2).log().epochs().entries()[..2]
        );
    }
}

#[test]
fn logs_that_parted_several_times_meet_in_the_end() {
    // Epochs that only one side knows, on both sides (KIP-279).
    type Epochs = &'static [(i32, i64)];
    let table: [(Epochs, Epochs); 5] = [
        (&[(0, 3), (1, 2)], &[(0, 3), (2, 4)]),
        (&[(0, 3), (1, 2), (3, 2)], &[(0, 3), (2, 1), (4, 2)]),
        (&[(0, 1)], &[(1, 3)]),
        (&[(0, 5), (1, 5), (4, 1)], &[(0, 2), (2, 2), (3, 2)]),
        (&[], &[(0, 4), (3, 1)]),
    ];
    for (follower, leader) in table {
        let logs = [
            (1, log_of(follower)),
            (2, log_of(leader)),
            (3, log_of(leader)),
        ];
        let mut bench = cluster_with(&logs);
        elect(&mut bench, 2, 9);
        assert!(
            same_bytes(bench.replica(1).log(), bench.replica(2).log()),
            "{follower:?} follows {leader:?}"
        );
    }
}

/// Before KIP-279 a follower asked once where its last epoch ended, cut its log there whatever epoch the leader
/// spoke of, and copied on behind what was left.
#[cfg(feature = "planted")]
#[test]
fn with_the_bug_planted_copying_goes_on_behind_a_foreign_suffix() {
    let follower = log_of(&[(0, 5), (1, 5), (4, 1)]);
    let leader = log_of(&[(0, 2), (2, 2), (3, 2)]);
    let logs = [(1, follower), (2, leader.clone()), (3, leader)];
    for (settings, agree) in [(&[][..], true), (&[("planted", "M2")], false)] {
        let mut bench = cluster_set(settings, &logs);
        elect(&mut bench, 2, 9);
        bench.produce_now(2, 1, "behind it");
        assert_eq!(bench.replica(1).log_end(), Offset(7));
        let same = same_bytes(bench.replica(1).log(), bench.replica(2).log());
        assert_eq!(same, agree, "{settings:?}");
    }
}

#[test]
fn an_epoch_in_which_nothing_was_written_does_not_set_logs_apart() {
    // Broker 1 led epoch 1 without writing anything; broker 2 leads epoch 2.
    let mut idle = log_of(&[(0, 3)]);
    idle.begin_epoch(LeaderEpoch(1));
    let logs = [(1, idle), (2, log_of(&[(0, 3)])), (3, log_of(&[(0, 3)]))];
    let mut bench = cluster_with(&logs);
    elect(&mut bench, 2, 2);
    assert_eq!(bench.produce_now(2, -1, "a"), (0, 3));
    assert!(same_bytes(bench.replica(1).log(), bench.replica(2).log()));
    let cut = |fact: &Fact| matches!(fact, Fact::LogTruncated { .. });
    assert!(!bench.noted(1, cut), "no record was lost");
}

#[test]
fn without_epochs_a_follower_falls_back_to_its_high_watermark() {
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    let batch = one(0).stamped(Offset(0), LeaderEpoch::NONE);
    assert!(
        log.append_as_follower(&batch, Timestamp(0), &LogConfig::default())
            .is_some()
    );
    let leader = log_of(&[(0, 3)]);
    let mut bench = cluster_with(&[(1, log), (2, leader.clone()), (3, leader)]);
    elect(&mut bench, 2, 1);
    assert!(bench.noted(1, |fact| matches!(
        fact,
        Fact::LogTruncated { to: Offset(0), .. }
    )));
    assert!(same_bytes(bench.replica(1).log(), bench.replica(2).log()));
}

#[test]
fn a_follower_far_behind_begins_anew_at_the_leaders_start() {
    let settings = [("log.retention.check.interval.ms", "1000")];
    let topic = [("segment.bytes", "200"), ("retention.bytes", "300")];
    let mut bench = Bench::new(&settings, &topic);
    bench.hold(b(1), b(3));
    for _ in 0..30 {
        bench.produce_now(1, 1, "some value that fills a segment of two hundred bytes");
    }
    // Only what is committed may go, so broker 3 must have left the ISR.
    bench.run_ms(80_000);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
    assert!(bench.replica(1).log_start() > Offset(20));
    assert!(bench.replica(3).log_end() < bench.replica(1).log_start());
    bench.release(b(1), b(3));
    bench.run_ms(5_000);
    assert_eq!(bench.replica(3).log_end(), bench.replica(1).log_end());
    assert!(bench.replica(3).log_start() >= Offset(20));
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2, 3]));
}

#[test]
fn retention_keeps_a_log_bounded_on_every_replica() {
    let settings = [("log.retention.check.interval.ms", "1000")];
    let topic = [("segment.bytes", "500"), ("retention.bytes", "1000")];
    let mut bench = Bench::new(&settings, &topic);
    for _ in 0..200 {
        bench.produce_now(1, -1, "some value that fills a segment");
    }
    bench.run_ms(40_000);
    for id in 1..=3 {
        assert!(bench.replica(id).log().bytes() < 2_000, "broker {id}");
        assert!(bench.replica(id).log_start() > Offset(150), "broker {id}");
    }
    let fetched = bench.fetch_now(1, 12, 0);
    assert_eq!(fetched.error, 1);
}

#[test]
fn a_broken_connection_is_tried_again_after_the_backoff() {
    let mut bench = Bench::new(&[("replica.socket.timeout.ms", "800")], &[]);
    bench.hold(b(1), b(2));
    bench.run_ms(2_000);
    assert!(bench.noted(2, |fact| matches!(fact, Fact::Disconnected { .. })));
    bench.release(b(1), b(2));
    bench.run_ms(3_000);
    assert_eq!(bench.produce_now(1, -1, "a"), (0, 0));
    assert_eq!(bench.replica(2).log_end(), Offset(1));
}

#[test]
fn a_follower_of_an_old_epoch_is_fenced_until_the_controller_speaks() {
    let mut bench = Bench::new(&[], &[]);
    // Broker 1 leads a new epoch of which broker 2 has not heard.
    bench.hold(b(9), b(2));
    elect(&mut bench, 1, 1);
    assert!(bench.noted(2, |fact| matches!(fact, Fact::FetchFailed { .. })));
    bench.produce_now(1, 1, "a");
    assert_eq!(bench.replica(2).log_end(), Offset(0));
    bench.release(b(9), b(2));
    bench.run_ms(2_000);
    assert_eq!(bench.replica(2).log_end(), Offset(1));
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
}

#[test]
fn a_broker_that_restarts_finds_its_log_and_the_checkpoint() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.run_ms(6_000);
    bench.produce_now(1, -1, "b");
    let disk = bench.broker(2).clone().crash();
    let (name, log) = disk.logs().next().expect("a log");
    assert_eq!(
        (name, log.end()),
        (&TopicPartition::new(TOPIC, 0), Offset(2))
    );
    assert_eq!(
        disk.high_watermarks[name],
        Offset(1),
        "as of the last checkpoint"
    );
    assert!(disk.connections > 0);
}
