//! The life of stored data: closed segments, deleted places before the log's start, a tombstone, and the places
//! of records that compaction took.

use kafka_playground::log::CleanupPolicy;
use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicPartition};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing, scene};

use super::figure;
use super::made::*;

const STATUS: &str = "driver-status";

/// A partition whose copies are alike, after something was done to each of them.
fn log(
    topic: &str,
    keys: &[&str],
    leader: i32,
    hw: i64,
    change: impl Fn(&mut Replica),
) -> Partition {
    let log = marks(keys);
    let copies = (0..3).map(|nth| (leader - 1 + nth) % 3 + 1).map(|broker| {
        let role = match broker == leader {
            true => Role::Leader,
            false => Role::Follower,
        };
        let mut made = replica(broker, role, 0, &log, hw);
        change(&mut made);
        made
    });
    let mut made = partition(0, leader, &[1, 2, 3], copies.collect());
    made.id = TopicPartition::new(topic, 0);
    made
}

/// Of ten records the first three are deleted, and the newest is not committed yet.
fn retained() -> Partition {
    let keys = pick(5, &["chen", "farah", "goran"], 10);
    log(LOCATIONS, &keys, 2, 9, |replica| {
        replica.log_start = Offset(3);
        replica.known_from = Offset(3);
        replica.cells.retain(|cell| cell.offset >= Offset(3));
        replica.segments = [3, 6, 9].map(Offset).to_vec();
    })
}

/// Of ten records those that have newer ones are gone; one of the others is a tombstone.
fn compacted() -> Partition {
    let keys = [
        "chen", "farah", "goran", "chen", "farah", "chen", "goran", "farah", "chen", "goran",
    ];
    log(STATUS, &keys, 3, 10, |replica| {
        replica
            .cells
            .retain(|cell| [6, 7, 8, 9].contains(&cell.offset.0));
        for cell in &mut replica.cells {
            if cell.offset == Offset(7) {
                cell.key.tombstone = true;
                cell.state = CellState::Tombstone;
            }
        }
        replica.segments = [0, 6, 9].map(Offset).to_vec();
    })
}

fn snapshot() -> Snapshot {
    let aim = |topic: &str, leader| Aim {
        partition: TopicPartition::new(topic, 0),
        broker: Some(BrokerId(leader)),
    };
    let mut app = producer(1, "driver-app", &[], &[]);
    app.writes = vec![aim(LOCATIONS, 2), aim(STATUS, 3)];
    let read = Reading {
        partition: TopicPartition::new(LOCATIONS, 0),
        ..reading(0, 2, 9, None)
    };
    let mut status = topic(STATUS, vec![compacted()]);
    status.policy = CleanupPolicy::Compact;
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(LOCATIONS, vec![retained()]), status],
        producers: vec![app],
        consumers: vec![consumer(1, "", vec![read], &["reading"])],
        travellers: vec![traveller(
            1,
            Load::Request {
                keys: vec![mark("goran").of_tombstone()],
            },
            ProcessId::Producer(1),
            ProcessId::from(BrokerId(3)),
            Some(TopicPartition::new(STATUS, 0)),
            0.6,
        )],
        washes: vec![Thing::parse("driver-status-0@7").unwrap()],
        ..Snapshot::empty("One log lost its oldest segment, the other keeps the last of every key")
    }
}

/// The same while the oldest segment goes, and while the cleaner is at work.
fn at_work() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.changes = vec![
        Change {
            partition: TopicPartition::new(LOCATIONS, 0),
            what: What::Deleted {
                on: BrokerId(2),
                from: Offset(0),
                to: Offset(3),
            },
            part: 0.7,
        },
        Change {
            partition: TopicPartition::new(STATUS, 0),
            what: What::Cleaned {
                on: BrokerId(3),
                until: Offset(9),
                removed: 6,
            },
            part: 0.5,
        },
    ];
    snapshot
}

#[test]
fn stored_data() {
    let by_topic = Ask::new(Lens::ByTopic, 1020.0, 620.0);
    figure("storage", &snapshot(), &by_topic);
    figure("storage-at-work", &at_work(), &by_topic);
    figure(
        "storage-390",
        &snapshot(),
        &Ask::new(Lens::ByTopic, 390.0, 418.0),
    );
    figure(
        "storage-brokers",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 1000.0, 720.0),
    );
    figure(
        "storage-phone",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 390.0, 454.0),
    );
    let mut still = at_work();
    still.motion = Motion::Still;
    still
        .changes
        .iter_mut()
        .for_each(|change| change.part = 1.0);
    figure("storage-still", &still, &by_topic);
}

#[test]
fn what_is_not_there_any_more_is_told_why() {
    let snapshot = snapshot();
    for (thing, words) in [
        (
            "driver-locations-0@1/b2",
            "Offset 1, deleted: the log begins at 3, on broker 2",
        ),
        (
            "driver-status-0@4/b3",
            "Offset 4, no record: compaction took it, and its offset stays its own, on broker 3",
        ),
        (
            "driver-status-0@7",
            "Record 7 of driver-status 0, key F, tombstone: its value is null, committed",
        ),
        (
            "topic:driver-status",
            "Topic driver-status, 1 partition, cleanup compact",
        ),
        (
            "driver-locations-0/b1",
            "driver-locations 0, follower on broker 1, in sync, log start 3",
        ),
    ] {
        let thing = Thing::parse(thing).unwrap();
        assert_eq!(scene::name(&snapshot, &thing), words);
    }
}
