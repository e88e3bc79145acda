//! A group in each of its states: stable with an idle member, in a rebalance, with a member that is silent, empty,
//! and without a coordinator; in both lenses and at the width of a phone.

use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicName};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

const GROUP: &str = "driver-location-group";

fn group(state: GroupState, kept: Vec<Kept>) -> Group {
    Group {
        name: GROUP.into(),
        state,
        topics: vec![TopicName::new(LOCATIONS)],
        coordinator: Some(BrokerId(2)),
        kept,
    }
}

fn log(number: i32, leader: i32, keys: &[&str]) -> Partition {
    let log = marks(keys);
    let hw = log.len() as i64 - 1;
    let replicas = (0..3)
        .map(|nth| (leader - 1 + nth) % 3 + 1)
        .map(|broker| {
            let role = if broker == leader {
                Role::Leader
            } else {
                Role::Follower
            };
            replica(broker, role, 0, &log, hw)
        })
        .collect();
    partition(number, leader, &[1, 2, 3], replicas)
}

fn read(number: i32, leader: i32, position: i64, committed: Option<i64>, lag: i64) -> Reading {
    Reading {
        lag: Some(lag),
        ..reading(number, leader, position, committed)
    }
}

fn member(number: u16, reads: Vec<Reading>, note: &[&str]) -> Consumer {
    let idle = reads.is_empty();
    Consumer {
        state: if idle {
            ClientState::Waiting
        } else {
            ClientState::Active
        },
        handling: (!idle).then(|| mark("chen")),
        ..consumer(number, GROUP, reads, note)
    }
}

fn cluster(title: &str) -> Snapshot {
    let mut app = producer(1, "driver-app", &["chen"], &[1, 2, 3]);
    app.acks = Some("acks=all".into());
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(
            LOCATIONS,
            vec![
                log(0, 1, &pick(3, &DRIVERS, 9)),
                log(1, 2, &pick(4, &DRIVERS, 12)),
                log(2, 3, &pick(5, &DRIVERS, 7)),
            ],
        )],
        producers: vec![app],
        coordination: Coordination::ZooKeeper(zookeeper("brokers 1 2 3")),
        acts: true,
        ..Snapshot::empty(title)
    }
}

/// Three read, the fourth has nothing.
fn stable() -> Snapshot {
    let mut first = member(1, vec![read(0, 1, 6, Some(4), 4)], &["handling"]);
    first.leads = true;
    Snapshot {
        groups: vec![group(GroupState::Stable { generation: 4 }, Vec::new())],
        consumers: vec![
            first,
            member(2, vec![read(1, 2, 11, Some(11), 0)], &["handling"]),
            member(3, vec![read(2, 3, 3, None, 3)], &["reading"]),
            member(4, Vec::new(), &["idle,", "no partition"]),
        ],
        ..cluster("Four members, three partitions")
    }
}

/// One has joined again, one has not heard of it yet, and one was killed.
fn rebalancing() -> Snapshot {
    let kept = |number: i32, committed: i64, lag: i64| Kept {
        partition: id(number),
        committed: Offset(committed),
        lag: Some(lag),
    };
    let mut dead = member(
        3,
        vec![read(2, 0, 0, Some(2), 4)],
        &["killed,", "out in 7 s"],
    );
    dead.reads[0].position = None;
    dead.state = ClientState::Gone;
    dead.handling = None;
    let state = GroupState::Rebalancing {
        generation: 5,
        phase: "JoinGroup".into(),
        done: 1,
        of: 3,
    };
    Snapshot {
        groups: vec![group(state, vec![kept(0, 5, 3)])],
        consumers: vec![
            member(1, Vec::new(), &["joins,", "waits for all"]),
            member(2, vec![read(1, 2, 9, Some(7), 4)], &["handling"]),
            dead,
        ],
        ..cluster("A rebalance, and a member that will not come")
    }
}

/// Two groups on the same topic: one is empty and remembers, the other has nobody to coordinate it.
fn two_groups() -> Snapshot {
    let mut made = stable();
    made.consumers.truncate(3);
    made.groups.push(Group {
        name: "city-map".into(),
        state: GroupState::Empty,
        topics: vec![TopicName::new(LOCATIONS)],
        coordinator: Some(BrokerId(2)),
        kept: vec![Kept {
            partition: id(1),
            committed: Offset(8),
            lag: Some(3),
        }],
    });
    made.groups.push(Group {
        name: "fraud".into(),
        state: GroupState::Unknown("no coordinator".into()),
        topics: vec![TopicName::new(LOCATIONS)],
        coordinator: None,
        kept: Vec::new(),
    });
    let mut fraud = consumer(9, "fraud", Vec::new(), &["looks for", "coordinator"]);
    fraud.state = ClientState::Waiting;
    made.consumers.push(fraud);
    made.selection = Some(Thing::Process(ProcessId::Consumer(2)));
    made
}

#[test]
fn groups_in_their_states() {
    for (name, snapshot) in [("stable", stable()), ("rebalancing", rebalancing())] {
        let draw = |kind: &str, lens, w, h| {
            figure(
                &format!("group-{name}{kind}"),
                &snapshot,
                &Ask::new(lens, w, h),
            );
        };
        draw("", Lens::ByTopic, 1000.0, 700.0);
        draw("-brokers", Lens::ByBroker, 1000.0, 700.0);
        draw("-390", Lens::ByTopic, 390.0, 454.0);
        draw("-brokers-390", Lens::ByBroker, 390.0, 454.0);
    }
    let several = two_groups();
    figure("groups", &several, &Ask::new(Lens::ByTopic, 1000.0, 700.0));
    figure(
        "groups-brokers",
        &several,
        &Ask::new(Lens::ByBroker, 900.0, 560.0),
    );
}

#[test]
fn a_group_is_told_in_words() {
    use kafka_playground::stage::scene;
    let told = scene::summary(&stable());
    assert!(
        told.contains("Group driver-location-group, stable, generation 4."),
        "{told}"
    );
    assert!(told.contains("C4 has no partition."), "{told}");
    let told = scene::summary(&rebalancing());
    assert!(
        told.contains("rebalancing, generation 5, JoinGroup 1 of 3"),
        "{told}"
    );
    let name =
        |snapshot: &Snapshot, thing: &str| scene::name(snapshot, &Thing::parse(thing).unwrap());
    assert_eq!(
        name(&stable(), "c1"),
        "Consumer C1, leader of group driver-location-group, \
         reads driver-locations 0 committed 4 lag 4"
    );
    assert_eq!(
        name(&stable(), "c4"),
        "Consumer C4, member of group driver-location-group, idle, no partition"
    );
    assert_eq!(
        name(&rebalancing(), "c3"),
        "Consumer C3, member of group driver-location-group, killed, out in 7 s, \
         still has driver-locations 2 committed 2 lag 4"
    );
    assert_eq!(
        name(&rebalancing(), "group:driver-location-group"),
        "Group driver-location-group, rebalancing, generation 5, JoinGroup 1 of 3, 3 members, \
         coordinated by broker 2"
    );
    assert!(name(&stable(), "b2").contains("coordinates group driver-location-group"));
}

/// Boxes stand by who the members are, not by who has which partition.
#[test]
fn boxes_stay_while_partitions_change_hands() {
    let before = stable();
    let mut after = stable();
    for consumer in &mut after.consumers {
        consumer.reads.clear();
    }
    after.consumers[3].reads = vec![read(0, 1, 6, Some(4), 4), read(1, 2, 9, None, 2)];
    for (lens, w) in [
        (Lens::ByTopic, 1000.0),
        (Lens::ByBroker, 1000.0),
        (Lens::ByBroker, 390.0),
    ] {
        let ask = Ask::new(lens, w, 700.0);
        let places = |snapshot: &Snapshot| {
            let layout = kafka_playground::stage::layout(snapshot, &ask);
            let boxes = layout.consumers.iter();
            boxes
                .map(|(id, client)| (*id, client.area))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&before), places(&after), "{lens:?} {w}");
    }
}
