//! When a leader dies: the instant after the controller wrote the new leader.

use kafka_playground::model::{BrokerId, ProcessId};
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

const P0: [&str; 15] = [
    "goran", "farah", "chen", "kofi", "kofi", "goran", "chen", "farah", "goran", "kofi", "chen",
    "farah", "goran", "chen", "kofi",
];

pub fn snapshot() -> Snapshot {
    let log = marks(&P0);
    let mut dead = replica(2, Role::WasLeader, 29, &log, 43);
    if let Some(last) = dead.cells.last_mut() {
        last.state = CellState::Stranded;
    }
    let subject = partition(
        0,
        3,
        &[3, 1],
        vec![
            dead,
            replica(3, Role::NewLeader, 29, &log[..14], 43),
            replica(1, Role::Follower, 29, &log[..14], 43),
        ],
    );
    let others = [
        (1, [3, 1, 2], vec!["bruno", "dina", "mira"], 11),
        (2, [1, 2, 3], vec!["asha", "jonas", "pia"], 5),
    ]
    .map(|(number, assigned, keys, seed)| {
        let log = marks(&pick(seed, &keys, 43));
        let role = |broker| match broker {
            2 => Role::Offline,
            _ if broker == assigned[0] => Role::Leader,
            _ => Role::Follower,
        };
        let replicas = assigned.map(|b| replica(b, role(b), 16, &log, 59)).to_vec();
        partition(number, assigned[0], &[1, 3], replicas)
    });
    let mut partitions = vec![subject];
    partitions.extend(others);
    let crashed = BrokerState::Crashed {
        note: "Crashed 18.4 s ago".into(),
    };
    let group = "driver-location-group";
    let mut waiting = consumer(
        1,
        group,
        vec![reading(0, 0, 43, None)],
        &["waiting for", "a leader"],
    );
    waiting.state = ClientState::Waiting;
    let mut app = producer(1, "driver-app", &["kofi"], &[2]);
    app.acks = Some("acks=all".into());
    app.note = vec!["no answer,".into(), "will retry".into()];
    let word = |text: &str| Word::Plain(text.into());
    let was = |text: &str| Word::Was(text.into());
    let new = |text: &str| Word::New(text.into());
    let znode = |path: &str, value: Vec<Word>, remark: Option<&str>| Znode {
        path: path.into(),
        value,
        remark: remark.map(Into::into),
        changed: false,
    };
    let state = "/brokers/topics/driver-locations/0/state";
    let mut zk = zookeeper("brokers 1 3, controller 1");
    zk.znodes = vec![
        znode("/controller", vec![word("broker 1")], None),
        znode(
            "/brokers/ids",
            vec![word("1"), Word::Lost("2".into()), word("3")],
            Some("session expired"),
        ),
        znode(
            state,
            vec![
                word("leader"),
                was("2"),
                new("3"),
                word("epoch"),
                was("5"),
                new("6"),
                word("isr 3,1"),
            ],
            None,
        ),
    ];
    zk.written = Some("broker 1 saw /brokers/ids change and wrote the new state".into());
    let broker_1 = ProcessId::Broker(1);
    let name = ControlName {
        name: "LeaderAndIsr".into(),
        detail: "epoch 6".into(),
    };
    let tell = Load::Control { name: Some(name) };
    let c = ProcessId::Consumer;
    Snapshot {
        at: NOW,
        brokers: vec![
            broker(1, BrokerState::Up),
            broker(2, crashed),
            broker(3, BrokerState::Up),
        ],
        topics: vec![topic(LOCATIONS, partitions)],
        producers: vec![app],
        groups: vec![Group {
            name: group.into(),
            state: GroupState::Stable { generation: 1 },
            topics: Vec::new(),
            coordinator: None,
            kept: Vec::new(),
        }],
        consumers: vec![
            waiting,
            consumer(2, group, vec![reading(1, 3, 57, Some(57))], &[]),
            consumer(3, group, vec![reading(2, 1, 61, Some(61))], &[]),
        ],
        coordination: Coordination::ZooKeeper(zk),
        travellers: vec![
            traveller(1, tell, broker_1, ProcessId::Broker(3), None, 0.44),
            traveller(2, request(&["asha"]), broker_1, c(3), Some(id(2)), 0.3),
            traveller(
                3,
                request(&["dina", "mira"]),
                ProcessId::Broker(3),
                c(2),
                Some(id(1)),
                0.27,
            ),
        ],
        washes: vec![
            Thing::Replica(id(0), BrokerId(3)),
            Thing::Znode(state.into()),
        ],
        subject: Some(id(0)),
        audit: Some(Audit {
            acknowledged: 1_203,
            readable: 1_203,
            waiting: 0,
            pending: 0,
            expired: 0,
            lost: 0,
            duplicated: 0,
        }),
        legend: vec![
            LegendItem::Committed,
            LegendItem::Open,
            LegendItem::Ghost,
            LegendItem::Control,
        ],
        ..Snapshot::empty("Cluster after broker 2 crashed")
    }
}

#[test]
fn failover() {
    figure(
        "failover",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 1020.0, 760.0),
    );
}

#[test]
fn failover_on_a_projector() {
    figure(
        "failover-low",
        &snapshot(),
        &Ask::new(Lens::ByBroker, 908.0, 580.0),
    );
}

#[test]
fn failover_on_a_phone() {
    let mut snapshot = snapshot();
    snapshot.producers[0].note = vec!["will send 43 again".into()];
    snapshot.consumers[0].note = vec!["waits for a leader".into()];
    snapshot.notes.clear();
    snapshot.legend.clear();
    figure(
        "failover-phone",
        &snapshot,
        &Ask::new(Lens::ByBroker, 390.0, 418.0),
    );
}
