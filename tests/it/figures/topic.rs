//! The lens by topic: one topic, its producer and a consumer whose position is ahead of its commits.

use kafka_playground::model::{BrokerId, Offset, ProcessId};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

fn led(number: i32, leader: i32, from: i64, keys: &[&str], hw: i64, third: usize) -> Partition {
    let log = marks(keys);
    let replicas = (0..3)
        .map(|nth| (leader - 1 + nth) % 3 + 1)
        .map(|broker| match broker == leader {
            true => replica(broker, Role::Leader, from, &log, hw),
            false if broker == 3 => {
                replica(broker, Role::Follower, from, &log[..log.len() - third], hw)
            }
            false => replica(broker, Role::Follower, from, &log, hw),
        })
        .collect();
    partition(number, leader, &[1, 2, 3], replicas)
}

pub fn snapshot() -> Snapshot {
    let p0 = [
        "chen", "goran", "kofi", "chen", "farah", "goran", "chen", "kofi", "goran", "farah",
        "kofi", "goran", "chen", "farah",
    ];
    let p1 = [
        "mira", "bruno", "dina", "bruno", "dina", "mira", "bruno", "bruno", "dina", "mira", "dina",
        "bruno", "mira", "dina",
    ];
    let p2 = [
        "pia", "asha", "asha", "pia", "jonas", "asha", "pia", "asha", "jonas", "pia", "jonas",
        "asha", "pia", "asha",
    ];
    let mut app = producer(1, "driver-app", &["farah"], &[1, 2, 3]);
    app.kind = "producer.js".into();
    app.acks = Some("acks=all".into());
    app.note = vec!["in flight".into()];
    let reads = [(1, 52, 48), (2, 42, 40), (3, 47, 46)].iter().zip(0..);
    let reads = reads.map(|((leader, position, committed), number)| Reading {
        lag: Some([4, 2, 2][number as usize]),
        ..reading(number, *leader, *position, Some(*committed))
    });
    let mut map = consumer(1, "driver-location-group", reads.collect(), &["handling"]);
    map.kind = Some("consumer.js".into());
    map.handling = Some(mark("chen"));
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(
            LOCATIONS,
            vec![
                led(0, 1, 39, &p0, 52, 1),
                led(1, 2, 28, &p1, 42, 0),
                led(2, 3, 34, &p2, 48, 0),
            ],
        )],
        producers: vec![app],
        groups: vec![Group {
            name: "driver-location-group".into(),
            state: GroupState::Stable { generation: 1 },
            topics: Vec::new(),
            coordinator: None,
            kept: Vec::new(),
        }],
        consumers: vec![map],
        travellers: vec![traveller(
            1,
            request(&["asha"]),
            ProcessId::from(BrokerId(3)),
            ProcessId::Consumer(1),
            Some(id(2)),
            0.45,
        )],
        selection: Some(Thing::Record(id(0), Offset(52))),
        ..Snapshot::empty("Topic driver-locations: three partitions, a producer, a consumer")
    }
}

#[test]
fn topic_lens() {
    figure("topic", &snapshot(), &Ask::new(Lens::ByTopic, 808.0, 478.0));
}
