//! DeleteRecords: who may, how far, and when it is done.

use super::*;
use crate::fact::LogStartReason;
use crate::protocol::api::DeleteRecordsRequest;
use crate::protocol::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsTopic,
};

fn delete(topic: &str, offset: i64) -> DeleteRecordsRequest {
    DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: topic.into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 0,
                offset,
            }],
        }],
        timeout_ms: 2_000,
    }
}

/// The low watermark and the error, if there is an answer by now.
fn deleted(bench: &mut Bench, admin: ConnectionId) -> Option<(i64, i16)> {
    let answer = bench.answer::<DeleteRecordsRequest>(admin, 2)?;
    let DeleteRecordsPartitionResult {
        low_watermark,
        error_code,
        ..
    } = answer.topics[0].partitions[0];
    Some((low_watermark, error_code))
}

fn filled(settings: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new(&[], settings);
    for value in ["a", "b", "c", "d"] {
        assert_eq!(bench.produce_now(1, -1, value).0, 0);
    }
    bench
}

#[test]
fn every_live_replica_begins_there_before_anybody_is_told() {
    let mut bench = filled(&[]);
    bench.hold(b(3), b(1));
    let admin = bench.open(1);
    bench.ask(admin, &delete(TOPIC, 3), 2);
    bench.run_ms(1_000);
    assert_eq!(
        bench.replica(1).log_start(),
        Offset(3),
        "at once on the leader"
    );
    assert_eq!(bench.replica(2).log_start(), Offset(3));
    assert_eq!(
        deleted(&mut bench, admin),
        None,
        "broker 3 has not said that it begins there"
    );
    bench.release(b(3), b(1));
    bench.run_ms(700);
    assert_eq!(deleted(&mut bench, admin), Some((3, 0)));
    for (id, why) in [(1, LogStartReason::Deleted), (3, LogStartReason::Leader)] {
        assert!(bench.noted(id, |fact| matches!(
            fact,
            Fact::LogStartMoved { reason, to: Offset(3), .. } if *reason == why
        )));
    }
    assert_eq!(
        bench.fetch_now(1, 12, 2).error,
        1,
        "what is before is out of range"
    );
    assert_eq!(bench.fetch_now(1, 12, 3).offsets, [3]);
}

#[test]
fn who_cannot_be_reached_is_waited_for_until_time_is_up() {
    let mut bench = filled(&[]);
    bench.hold(b(3), b(1));
    let admin = bench.open(1);
    bench.ask(admin, &delete(TOPIC, -1), 2);
    bench.run_ms(2_100);
    // Where the log began last that begins first.
    assert_eq!(deleted(&mut bench, admin), Some((0, 7)));
    assert_eq!(
        bench.replica(1).log_start(),
        Offset(4),
        "it is done all the same"
    );
}

#[test]
fn what_is_not_committed_and_what_is_only_compacted_is_not_deleted() {
    let mut bench = filled(&[]);
    for (by, topic, offset, expected) in [
        (1, TOPIC, 5, (-1, 1)),
        (1, TOPIC, -2, (-1, 1)),
        (2, TOPIC, 1, (-1, 6)),
        (1, "tea", 1, (-1, 3)),
        (1, TOPIC, 0, (0, 0)),
    ] {
        let admin = bench.open(by);
        bench.ask(admin, &delete(topic, offset), 2);
        bench.run_ms(10);
        assert_eq!(
            deleted(&mut bench, admin),
            Some(expected),
            "{topic} {offset}"
        );
    }
    for (policy, expected) in [
        ("compact", Some((-1, 44))),
        ("compact,delete", Some((2, 0))),
        ("", Some((-1, 44))),
    ] {
        let mut bench = filled(&[("cleanup.policy", policy)]);
        let admin = bench.open(1);
        bench.ask(admin, &delete(TOPIC, 2), 2);
        bench.run_ms(1_500);
        assert_eq!(deleted(&mut bench, admin), expected, "{policy}");
    }
}

#[test]
fn a_log_start_that_was_not_written_down_is_forgotten_in_a_crash() {
    let mut bench = filled(&[]);
    let admin = bench.open(1);
    bench.ask(admin, &delete(TOPIC, 3), 2);
    bench.run_ms(1_500);
    let name = TopicPartition::new(TOPIC, 0);
    let start_of = |bench: &Bench| {
        let disk = bench.broker(1).clone().crash();
        disk.log(&name).map(crate::log::Log::start)
    };
    assert_eq!(start_of(&bench), Some(Offset(0)));
    bench.run_ms(30_000);
    assert_eq!(start_of(&bench), Some(Offset(3)));
}

#[test]
fn what_was_written_down_of_logs_that_are_not_opened_yet_stays_written_down() {
    let mut bench = filled(&[]);
    let admin = bench.open(1);
    bench.ask(admin, &delete(TOPIC, 3), 2);
    bench.run_ms(31_500);
    let name = TopicPartition::new(TOPIC, 0);
    let start_of = |disk: &crate::broker::Disk| disk.log(&name).map(crate::log::Log::start);
    let mut disk = bench.broker(1).clone().crash();
    // In one life it stops in order before the controller has said anything, and in the next it dies.
    for _ in 0..2 {
        let setup = Setup {
            id: BrokerId(1),
            address: address(1),
            config: Config::default(),
            zookeeper: vec![crate::zookeeper::address(1)],
            rng: Rng::new(Seed(1), b(1).stream()),
        };
        let mut broker = Broker::with_disk(setup, disk);
        broker.checkpoint_log_starts();
        disk = broker.crash();
        assert_eq!(disk.log_starts.get(&name), Some(&Offset(3)));
    }
    assert_eq!(start_of(&disk), Some(Offset(3)));
}

#[test]
fn how_far_a_log_is_behind_that_is_not_in_use_nobody_knows() {
    use crate::protocol::api::DescribeLogDirsRequest;
    let mut bench = filled(&[]);
    let stored = crate::broker::disk::StoredReplica {
        topic_id: TopicId([8; 16]),
        log: bench.replica(2).log().clone(),
    };
    let tea = TopicPartition::new("tea", 0);
    bench.broker_mut(2).disk.replicas.insert(tea, stored);
    let admin = bench.open(2);
    let answer = bench.call(admin, &DescribeLogDirsRequest { topics: None }, 4);
    let topics = answer.results[0].topics.iter();
    let lags = topics.map(|topic| (&*topic.name, topic.partitions[0].offset_lag));
    assert_eq!(lags.collect::<Vec<_>>(), [(TOPIC, 0), ("tea", -1)]);
}

#[test]
fn the_size_of_every_log_is_told_and_of_those_alone_that_are_asked_for() {
    use crate::protocol::api::DescribeLogDirsRequest;
    use crate::protocol::api::describe_log_dirs::DescribableLogDirTopic;
    let mut bench = filled(&[]);
    let admin = bench.open(2);
    let one = |topic: &str, partitions: &[i32]| DescribableLogDirTopic {
        topic: topic.into(),
        partitions: partitions.to_vec(),
    };
    for (topics, expected) in [
        (None, 1),
        (Some(vec![one("tea", &[0]), one(TOPIC, &[0, 1])]), 1),
        (Some(vec![one(TOPIC, &[1])]), 0),
    ] {
        let answer = bench.call(admin, &DescribeLogDirsRequest { topics }, 4);
        let [dir] = &answer.results[..] else {
            panic!("one directory: {answer:?}");
        };
        assert_eq!(
            (answer.error_code, dir.error_code, dir.total_bytes),
            (0, 0, -1)
        );
        assert_eq!(dir.topics.len(), expected);
        for topic in &dir.topics {
            let size = bench.replica(2).log().bytes().cast_signed();
            assert_eq!(topic.partitions[0].partition_size, size);
            assert!(size > 0);
        }
    }
}
