//! The sandbox: two topics, two groups, a link cut between brokers 1 and 3, a record selected.

use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicPartition};
use kafka_playground::stage::keys::Keys;
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

const TRIPS: &str = "trip-updates";

/// Replicas as (broker, records lacking); a copy that lacks more than two is out of the ISR.
fn log(
    topic: &str,
    number: i32,
    from: i64,
    keys: Vec<KeyMark>,
    hw: i64,
    copies: &[(i32, usize)],
) -> Partition {
    let leader = copies[0].0;
    let replicas = copies
        .iter()
        .map(|(broker, lacks)| {
            let has = keys.len() - lacks;
            let behind = Role::Behind(hw + 1 - from - has as i64);
            let role = match (*broker == leader, *lacks > 2) {
                (true, _) => Role::Leader,
                (_, true) => behind,
                _ => Role::Follower,
            };
            replica(*broker, role, from, &keys[..has], hw)
        })
        .collect();
    let isr: Vec<i32> = copies
        .iter()
        .filter(|(_, lacks)| *lacks < 3)
        .map(|(b, _)| *b)
        .collect();
    let mut made = partition(number, leader, &isr, replicas);
    made.id = TopicPartition::new(topic, number);
    made
}

fn member(
    number: u16,
    name: &str,
    group: &str,
    reads: &[(&str, i32, i32, i64, i64, i64)],
) -> Consumer {
    let reads = reads
        .iter()
        .map(
            |(topic, number, leader, committed, position, lag)| Reading {
                partition: TopicPartition::new(topic, *number),
                broker: Some(BrokerId(*leader)),
                position: Some(Offset(*position)),
                committed: Some(Offset(*committed)),
                lag: Some(*lag),
            },
        )
        .collect();
    Consumer {
        name: name.into(),
        ..consumer(number, group, reads, &[])
    }
}

fn snapshot() -> Snapshot {
    let d0 = [
        "goran", "chen", "farah", "kofi", "kofi", "chen", "goran", "farah", "goran", "chen",
        "kofi", "farah", "chen",
    ];
    let d1 = pick(21, &["bruno", "dina", "mira"], 13);
    let d2 = pick(8, &["asha", "jonas", "pia"], 12);
    let trips = Keys::of([
        "trip-07", "trip-12", "trip-15", "trip-18", "trip-21", "trip-04",
    ]);
    let trip = |names: &[&str]| -> Vec<KeyMark> {
        names
            .iter()
            .map(|name| trips.mark(&format!("trip-{name}")))
            .collect()
    };
    let t0 = trip(&[
        "07", "18", "07", "21", "07", "18", "21", "07", "18", "21", "07", "18",
    ]);
    let t1 = trip(&[
        "12", "15", "04", "12", "15", "04", "12", "15", "12", "04", "15",
    ]);
    let (locations, etas) = ("driver-location-group", "eta-service");
    let mut app = producer(1, "driver-app", &["kofi", "dina", "pia"], &[1, 2, 3]);
    app.acks = Some("acks=all".into());
    let mut service = producer(2, "trip-service", &[], &[]);
    service.acks = Some("acks=1".into());
    service.held = trip(&["07", "12"]);
    service.writes = [(0, 2), (1, 3)]
        .map(|(number, broker)| Aim {
            partition: TopicPartition::new(TRIPS, number),
            broker: Some(BrokerId(broker)),
        })
        .to_vec();
    let word = |text: &str| vec![Word::Plain(text.into())];
    let mut zk = zookeeper("");
    zk.servers[0].leads = false;
    zk.servers[1].leads = true;
    zk.znodes = [("/controller", "broker 2"), ("/brokers/ids", "1 2 3")]
        .map(|(path, value)| Znode {
            path: path.into(),
            value: word(value),
            remark: None,
            changed: false,
        })
        .to_vec();
    let mut all = brokers(3);
    all[0].controller = false;
    all[1].controller = true;
    let trips_1 = TopicPartition::new(TRIPS, 0);
    let b = ProcessId::Broker;
    let keys = |names: &[&str]| Load::Request { keys: trip(names) };
    Snapshot {
        at: NOW,
        brokers: all,
        topics: vec![
            topic(
                LOCATIONS,
                vec![
                    log(LOCATIONS, 0, 35, marks(&d0), 47, &[(1, 0), (2, 1), (3, 8)]),
                    log(LOCATIONS, 1, 41, marks(&d1), 54, &[(2, 0), (3, 0), (1, 0)]),
                    log(LOCATIONS, 2, 38, marks(&d2), 49, &[(3, 0), (2, 0), (1, 6)]),
                ],
            ),
            topic(
                TRIPS,
                vec![
                    log(TRIPS, 0, 12, t0, 24, &[(2, 0), (3, 0)]),
                    log(TRIPS, 1, 9, t1, 20, &[(3, 0), (1, 5)]),
                ],
            ),
        ],
        producers: vec![app, service],
        groups: vec![
            Group {
                name: locations.into(),
                state: GroupState::Stable { generation: 7 },
                topics: Vec::new(),
                coordinator: None,
                kept: Vec::new(),
            },
            Group {
                name: etas.into(),
                state: GroupState::Stable { generation: 2 },
                topics: Vec::new(),
                coordinator: None,
                kept: Vec::new(),
            },
        ],
        consumers: vec![
            member(1, "C1", locations, &[(LOCATIONS, 0, 1, 41, 45, 6)]),
            member(2, "C2", locations, &[(LOCATIONS, 1, 2, 52, 54, 2)]),
            member(3, "C3", locations, &[(LOCATIONS, 2, 3, 45, 49, 4)]),
            member(
                4,
                "E1",
                etas,
                &[(TRIPS, 0, 2, 17, 19, 7), (TRIPS, 1, 3, 14, 15, 6)],
            ),
        ],
        coordination: Coordination::ZooKeeper(zk),
        acts: true,
        links: vec![Link {
            a: b(1),
            b: b(3),
            state: LinkState::Cut,
            from: None,
            label: "Link 1–3 cut 34 s".into(),
        }],
        travellers: vec![
            traveller(
                1,
                request(&["bruno"]),
                ProcessId::Producer(1),
                b(2),
                Some(id(1)),
                0.4,
            ),
            traveller(
                2,
                answer("53"),
                b(2),
                ProcessId::Producer(1),
                Some(id(1)),
                0.3,
            ),
            traveller(
                3,
                keys(&["18"]),
                ProcessId::Producer(2),
                b(2),
                Some(trips_1),
                0.5,
            ),
            traveller(
                4,
                Load::ReplicaCopy {
                    keys: marks(&["chen"]),
                },
                b(1),
                b(2),
                Some(id(0)),
                0.5,
            ),
            traveller(
                5,
                request(&["farah"]),
                b(1),
                ProcessId::Consumer(1),
                Some(id(0)),
                0.5,
            ),
            traveller(
                6,
                Load::ErrorAnswer { code: 6 },
                b(3),
                ProcessId::Producer(2),
                None,
                0.5,
            ),
        ],
        selection: Some(Thing::Record(id(0), Offset(44))),
        focus: Some(Thing::Process(ProcessId::Consumer(2))),
        ..Snapshot::empty("Three brokers, the link between brokers 1 and 3 cut")
    }
}

#[test]
fn sandbox() {
    figure(
        "sandbox",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 848.0, 600.0),
    );
}

#[test]
fn sandbox_low() {
    figure(
        "sandbox-low",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 1044.0, 468.0),
    );
}

#[test]
fn rows_of_several_topics_keep_apart() {
    for (w, h) in [(1080.0, 650.0), (964.0, 900.0), (800.0, 560.0)] {
        let snapshot = snapshot();
        let places = kafka_playground::stage::layout(&snapshot, &Ask::new(Lens::ByBroker, w, h));
        for (key, row) in &places.rows {
            let below = places
                .rows
                .iter()
                .filter(|(other, place)| other.1 == key.1 && place.tape.y > row.tape.y);
            for (other, place) in below {
                assert!(
                    row.tape.bottom() <= place.tape.top(),
                    "{key:?} {other:?} in {w} x {h}"
                );
            }
        }
    }
}
