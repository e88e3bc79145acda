//! The pictures of the first lessons: several topics, no consumer, one partition, a remark at a record.

use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicPartition};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

fn log(topic: &str, number: i32, leader: i32, keys: &[&str]) -> Partition {
    let log = marks(keys);
    let replicas = (0..3)
        .map(|nth| (leader - 1 + nth) % 3 + 1)
        .map(|broker| {
            let role = if broker == leader {
                Role::Leader
            } else {
                Role::Follower
            };
            replica(broker, role, 0, &log, log.len() as i64)
        })
        .collect();
    let mut made = partition(number, leader, &[1, 2, 3], replicas);
    made.id = TopicPartition::new(topic, number);
    made
}

fn aim(topic: &str, number: i32, leader: i32) -> Aim {
    Aim {
        partition: TopicPartition::new(topic, number),
        broker: Some(BrokerId(leader)),
    }
}

fn at(topic: &str, number: i32, leader: i32, position: i64) -> Reading {
    Reading {
        partition: TopicPartition::new(topic, number),
        broker: Some(BrokerId(leader)),
        position: Some(Offset(position)),
        committed: None,
        lag: Some(0),
    }
}

/// Three topics, two producers, two readers.
fn topics() -> Snapshot {
    let (locations, trips) = ("driver-locations", "trip-updates");
    let mut app = producer(1, "driver-app", &["chen"], &[]);
    app.writes = (0..3).map(|n| aim(locations, n, n % 3 + 1)).collect();
    let mut service = producer(2, "trip-app", &[], &[]);
    service.writes = vec![aim(trips, 0, 2)];
    let mut billing = consumer(1, "", vec![at(trips, 0, 2, 3)], &["reading"]);
    billing.name = "billing".into();
    let reads = (0..3).map(|n| at(locations, n, n % 3 + 1, 4)).collect();
    let mut map = consumer(2, "", reads, &["reading"]);
    map.name = "live-map".into();
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![
            topic("rides", vec![log("rides", 0, 2, &pick(3, &DRIVERS, 15))]),
            topic(
                locations,
                vec![
                    log(locations, 0, 1, &["chen", "kofi", "chen", "chen"]),
                    log(locations, 1, 2, &["farah", "farah", "farah", "farah"]),
                    log(locations, 2, 3, &["goran", "goran", "goran", "goran"]),
                ],
            ),
            topic(trips, vec![log(trips, 0, 2, &["asha", "bruno", "asha"])]),
        ],
        producers: vec![app, service],
        consumers: vec![billing, map],
        washes: vec![
            Thing::Process(ProcessId::Consumer(1)),
            Thing::parse("topic:trip-updates").unwrap(),
        ],
        ..Snapshot::empty("Two topics beside the old one")
    }
}

/// One producer, a remark at the newest record.
fn choose() -> Snapshot {
    let locations = "driver-locations";
    let mut app = producer(1, "driver-app", &["farah"], &[]);
    app.writes = (0..3).map(|n| aim(locations, n, n % 3 + 1)).collect();
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(
            locations,
            vec![
                log(locations, 0, 1, &[]),
                log(locations, 1, 2, &["farah"]),
                log(locations, 2, 3, &["chen", "chen"]),
            ],
        )],
        producers: vec![app],
        notes: vec![Note {
            thing: Thing::parse("driver-locations-1@0").unwrap(),
            text: "murmur2(\"farah\") mod 3 = 1".into(),
        }],
        washes: vec![Thing::parse("driver-locations-1").unwrap()],
        ..Snapshot::empty("The hash of the key chooses the partition")
    }
}

/// One partition.
fn append() -> Snapshot {
    let trips = "trip-updates";
    let mut app = producer(1, "trip-app", &[], &[]);
    app.acks = Some("acks=all".into());
    app.writes = vec![aim(trips, 0, 2)];
    let billing = consumer(1, "", vec![at(trips, 0, 2, 3)], &["reading"]);
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(
            trips,
            vec![log(trips, 0, 2, &["asha", "bruno", "asha", "asha"])],
        )],
        producers: vec![app],
        consumers: vec![billing],
        washes: vec![Thing::parse("trip-updates-0@3").unwrap()],
        ..Snapshot::empty("A log takes records at its end and nowhere else")
    }
}

#[test]
fn lesson_pictures() {
    figure(
        "lesson-topics",
        &topics(),
        &Ask::new(Lens::ByTopic, 1020.0, 760.0),
    );
    figure(
        "lesson-topics-390",
        &topics(),
        &Ask::new(Lens::ByTopic, 390.0, 418.0),
    );
    figure(
        "lesson-choose",
        &choose(),
        &Ask::new(Lens::ByTopic, 1020.0, 760.0),
    );
    figure(
        "lesson-append",
        &append(),
        &Ask::new(Lens::ByTopic, 908.0, 580.0),
    );
}
