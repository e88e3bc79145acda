//! What must hold of every picture, on random clusters, sizes and lenses.

use std::collections::BTreeSet;

use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicPartition};
use kafka_playground::rng::{Rng, Seed};
use kafka_playground::stage::density::Density;
use kafka_playground::stage::diff::{apply, diff};
use kafka_playground::stage::layout::{RowForm, Voice};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Scene, Snapshot, Thing, layout, scene, svg};

use super::made::*;

fn one_of<T: Clone>(rng: &mut Rng, items: &[T]) -> T {
    rng.pick(items).expect("there is something to pick").clone()
}

fn random_partition(rng: &mut Rng, topic: &str, number: i32, brokers: i32) -> Partition {
    let copies = 1 + rng.below(brokers as u64) as i32;
    let first = rng.below(brokers as u64) as i32;
    let from = rng.below(60) as i64;
    let count = rng.below(40) as usize;
    let log = marks(&pick(rng.below(1 << 30) as u32, &DRIVERS, count));
    let hw = from + rng.below(count as u64 + 1) as i64;
    let states = [
        CellState::Stranded,
        CellState::Promised,
        CellState::Doomed,
        CellState::Lost,
        CellState::Gone,
        CellState::Tombstone,
        CellState::Duplicate,
    ];
    let replicas = (0..copies)
        .map(|nth| {
            let lacks = rng.below(4).min(count as u64) as usize;
            let role = match (nth, rng.below(11)) {
                (0, 0) => Role::WasLeader,
                (0, 1) => Role::NewLeader,
                (0, _) => Role::Leader,
                (_, 0) => Role::Behind(lacks as i64),
                (_, 1) => Role::CatchingUp { has: 3, of: 44 },
                (_, 2) => Role::Truncating(Offset(hw)),
                (_, 3) => Role::Offline,
                (_, 4) => Role::Waits,
                (_, 5) => Role::Stopped,
                (_, 6) => Role::Deposed {
                    elected: BrokerId(rng.below(3) as i32 - 1),
                },
                _ => Role::Follower,
            };
            let broker = (first + nth) % brokers + 1;
            let mut made = replica(broker, role, from, &log[..count - lacks], hw);
            made.log_start = Offset(rng.below(from as u64 + 3) as i64);
            made.cells.retain(|_| !rng.chance(1, 8));
            for cell in &mut made.cells {
                cell.key.tombstone = rng.chance(1, 8);
            }
            let mut base = from - 3;
            for _ in 0..rng.below(6) {
                base += 1 + rng.below(5) as i64;
                made.segments.push(Offset(base));
            }
            if let Some(cell) = made.cells.last_mut().filter(|_| rng.chance(1, 4)) {
                cell.state = one_of(rng, &states);
            }
            made
        })
        .collect();
    let leader = if rng.chance(1, 8) { 0 } else { first + 1 };
    let mut made = partition(number, leader, &[first + 1], replicas);
    made.id = TopicPartition::new(topic, number);
    made.rate = rng.below(8) as f64;
    made.written = made.rate;
    made.activity = (0..rng.below(80))
        .map(|_| Bucket {
            counts: vec![(0, rng.below(9) as u32), (3, rng.below(60) as u32)],
        })
        .collect();
    made
}

fn random(rng: &mut Rng) -> Snapshot {
    let brokers = 1 + rng.below(5) as i32;
    let topics: Vec<Topic> = (0..rng.below(4))
        .map(|n| {
            let name = format!("topic-{n}");
            let partitions = (0..1 + rng.below(4))
                .map(|p| random_partition(rng, &name, p as i32, brokers))
                .collect();
            topic(&name, partitions)
        })
        .collect();
    let all: Vec<TopicPartition> = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|p| p.id.clone()))
        .collect();
    let some = |rng: &mut Rng| -> Vec<TopicPartition> {
        all.iter().filter(|_| rng.chance(1, 2)).cloned().collect()
    };
    let believed = |rng: &mut Rng| Some(BrokerId(rng.below(brokers as u64 + 1) as i32 + 1));
    let producers = (0..rng.below(4))
        .map(|n| {
            let mut made = producer(n as u16 + 1, "app", &DRIVERS[..rng.below(7) as usize], &[]);
            made.writes = some(rng)
                .into_iter()
                .map(|partition| Aim {
                    partition,
                    broker: believed(rng),
                })
                .collect();
            made.acks = rng.chance(1, 2).then(|| "acks=all".into());
            made.retry = rng.chance(1, 4).then(|| Retrying {
                error: "NOT_LEADER_OR_FOLLOWER".into(),
                words: "retry 2 in 200 ms".into(),
            });
            let states = [ClientState::Active, ClientState::Waiting, ClientState::Gone];
            made.state = one_of(rng, &states);
            made
        })
        .collect();
    let groups: Vec<Group> = (0..rng.below(3))
        .map(|n| Group {
            name: format!("group-of-readers-{n}").into(),
            state: GroupState::Rebalancing {
                generation: 3,
                phase: "JoinGroup".into(),
                done: 1,
                of: 3,
            },
            topics: match n {
                0 => Vec::new(),
                _ => topics.iter().map(|topic| topic.name.clone()).collect(),
            },
            coordinator: Some(BrokerId(2)),
            kept: Vec::new(),
        })
        .collect();
    let consumers = (0..rng.below(5))
        .map(|n| {
            let reads = some(rng)
                .into_iter()
                .map(|partition| Reading {
                    partition,
                    broker: believed(rng),
                    position: Some(Offset(rng.below(100) as i64)),
                    committed: Some(Offset(rng.below(100) as i64)),
                    lag: Some(rng.below(20) as i64),
                })
                .collect();
            let group = rng
                .pick(&groups)
                .map_or(String::new(), |group| group.name.to_string());
            consumer(n as u16 + 1, &group, reads, &["handling"])
        })
        .collect();
    let hosts: Vec<ProcessId> = (1..=3)
        .flat_map(|n| {
            [
                ProcessId::Broker(n),
                ProcessId::Producer(n),
                ProcessId::Consumer(n),
            ]
        })
        .collect();
    let travellers = (0..rng.below(20))
        .map(|n| {
            let load = match rng.below(5) {
                0 => request(&DRIVERS[..rng.below(9) as usize]),
                1 => answer("1234567"),
                2 => Load::ErrorAnswer { code: 6 },
                3 => Load::ReplicaCopy {
                    keys: marks(&["chen"]),
                },
                _ => Load::Control { name: None },
            };
            let (from, to) = (one_of(rng, &hosts), one_of(rng, &hosts));
            let partition = rng.pick(&all).cloned().filter(|_| n % 3 > 0);
            traveller(n, load, from, to, partition, rng.below(100) as f64 / 100.0)
        })
        .collect();
    let things: Vec<Thing> = all
        .iter()
        .flat_map(|p| {
            [
                Thing::Partition(p.clone()),
                Thing::Record(p.clone(), Offset(20)),
                Thing::Copy(p.clone(), Offset(21), BrokerId(1)),
            ]
        })
        .chain([Thing::Process(ProcessId::Broker(1)), Thing::Coordination])
        .collect();
    let link = Link {
        a: one_of(rng, &hosts),
        b: one_of(rng, &hosts),
        state: one_of(rng, &[LinkState::Slow, LinkState::Held, LinkState::Cut]),
        from: None,
        label: "400 ms".into(),
    };
    let link = Link {
        from: rng.chance(1, 2).then_some(link.a),
        ..link
    };
    let mut all_brokers = super::made::brokers(brokers);
    let note = || "2 s ago".into();
    let states = [
        BrokerState::Up,
        BrokerState::Starting,
        BrokerState::Crashed { note: note() },
        BrokerState::Stopped { note: note() },
        BrokerState::Frozen { note: note() },
        BrokerState::CutOff { note: note() },
    ];
    for broker in &mut all_brokers {
        if rng.chance(1, 3) {
            broker.state = one_of(rng, &states);
            broker.deposed = !broker.controller;
            broker.chips = vec!["disk 500 ms".into()];
        }
        let server = ProcessId::ZooKeeper(1 + rng.below(3) as u16);
        let cut = rng.chance(1, 3);
        broker.keeper = (!broker.is_down()).then_some(Keeper { server, cut });
    }
    let mut operator = producer(9, "operator", &[], &[]);
    operator.id = ProcessId::Admin(1);
    Snapshot {
        at: NOW,
        brokers: all_brokers,
        topics,
        producers,
        groups,
        consumers,
        coordination: match rng.below(3) {
            0 => Coordination::Absent,
            1 => Coordination::StandIn {
                title: "Plan".into(),
                line: "leaders as planned".into(),
            },
            _ => Coordination::ZooKeeper(zookeeper("brokers 1 2 3")),
        },
        links: vec![link],
        travellers,
        notes: vec![Note {
            thing: one_of(rng, &things),
            text: "look".into(),
        }],
        washes: vec![one_of(rng, &things), one_of(rng, &things)],
        subject: rng.pick(&all).cloned().filter(|_| rng.chance(1, 3)),
        selection: Some(one_of(rng, &things)),
        focus: Some(one_of(rng, &things)),
        operators: rng.chance(1, 2).then_some(operator).into_iter().collect(),
        acts: rng.chance(1, 2),
        even: rng.chance(1, 2),
        ..Snapshot::empty("Any cluster")
    }
}

fn random_ask(rng: &mut Rng) -> Ask {
    let sizes = [
        (390.0, 418.0),
        (320.0, 418.0),
        (690.0, 516.0),
        (848.0, 578.0),
        (1020.0, 760.0),
        (1900.0, 1000.0),
    ];
    let (w, h) = one_of(rng, &sizes);
    Ask {
        voice: one_of(rng, &[Voice::Full, Voice::Calm]),
        density: one_of(
            rng,
            &[
                None,
                Some(Density::Letters),
                Some(Density::Strip),
                Some(Density::Stream),
                Some(Density::Heat),
            ],
        ),
        ..Ask::new(
            one_of(rng, &[Lens::ByBroker, Lens::ByBroker, Lens::ByTopic]),
            w,
            h,
        )
    }
}

fn drawn(picture: &Scene, structure: &[kafka_playground::stage::shape::Node]) -> String {
    let picture = Scene {
        structure: structure.to_vec(),
        ..picture.clone()
    };
    svg::picture(&picture, NOW.as_micros() as f64)
}

#[test]
fn any_cluster_can_be_drawn_and_changed_into_the_next() {
    let mut rng = Rng::new(Seed(41), 0);
    let mut before: Option<Scene> = None;
    for round in 0..400 {
        let (snapshot, ask) = (random(&mut rng), random_ask(&mut rng));
        let places = layout(&snapshot, &ask);
        let after = scene(&snapshot, &places);
        let text = drawn(&after, &after.structure);
        assert!(
            !text.contains("NaN") && !text.contains("inf"),
            "round {round}"
        );
        let keys: BTreeSet<_> = after.structure.iter().map(|node| &node.key).collect();
        for node in after.structure.windows(2) {
            assert!(
                node[0].key != node[1].key,
                "round {round}: {:?}",
                node[0].key
            );
        }
        assert_eq!(
            keys.len(),
            after.structure.len(),
            "round {round}: a key occurs twice"
        );
        if let Some(before) = before {
            let mut nodes = before.structure.clone();
            apply(&mut nodes, &diff(&before.structure, &after.structure));
            assert_eq!(drawn(&after, &nodes), text, "round {round}");
        }
        before = Some(after);
    }
}

#[test]
fn the_same_offset_stands_at_the_same_x_on_every_broker() {
    let mut rng = Rng::new(Seed(43), 0);
    for round in 0..300 {
        let (snapshot, ask) = (random(&mut rng), random_ask(&mut rng));
        let places = layout(&snapshot, &ask);
        for partition in snapshot.partitions() {
            let rows: Vec<_> = places
                .rows
                .iter()
                .filter(|((id, _), row)| {
                    *id == partition.id && matches!(row.form, RowForm::Cells | RowForm::Flat)
                })
                .map(|(_, row)| (row.tape.x, row.tape.pitch, row.tape.slots))
                .collect();
            assert!(
                rows.windows(2).all(|pair| pair[0] == pair[1]),
                "round {round}: {rows:?}"
            );
        }
    }
}

#[test]
fn records_do_not_move_boxes() {
    let mut rng = Rng::new(Seed(47), 0);
    for _ in 0..100 {
        let (snapshot, ask) = (random(&mut rng), random_ask(&mut rng));
        let mut later = snapshot.clone();
        for partition in later
            .topics
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions)
        {
            for replica in &mut partition.replicas {
                replica.log_end += 5;
                replica.high_watermark = Some(replica.log_end);
                replica.cells.clear();
            }
        }
        later.travellers.clear();
        assert_eq!(layout(&snapshot, &ask), layout(&later, &ask));
    }
}
