//! The first ten seconds: three healthy brokers with records flowing.

use kafka_playground::model::{BrokerId, ProcessId};
use kafka_playground::stage::layout::Voice;
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot};

use super::figure;
use super::made::*;

pub fn snapshot() -> Snapshot {
    let leads = [2, 3, 1];
    let keys: [&[&str]; 3] = [
        &["chen", "farah", "goran", "kofi"],
        &["bruno", "dina", "mira"],
        &["asha", "jonas", "pia"],
    ];
    let (seeds, lengths) = ([8, 19, 40], [14usize, 13, 13]);
    let partitions = (0..3)
        .map(|p| {
            let log = marks(&pick(seeds[p], keys[p], lengths[p]));
            let hw = lengths[p] as i64 - 1;
            let replicas = (0..3)
                .map(|nth| (leads[p] - 1 + nth) % 3 + 1)
                .map(|broker| {
                    let lacks = match (broker == leads[p], p, broker) {
                        (true, _, _) => 0,
                        (false, 0, 3) => 2,
                        _ => 1,
                    };
                    let role = if lacks == 0 {
                        Role::Leader
                    } else {
                        Role::Follower
                    };
                    replica(broker, role, 0, &log[..log.len() - lacks], hw)
                })
                .collect();
            partition(p as i32, leads[p], &[1, 2, 3], replicas)
        })
        .collect();
    let group = "driver-location-group";
    let (app, broker) = (ProcessId::Producer(1), |n: i32| {
        ProcessId::from(BrokerId(n))
    });
    let c = ProcessId::Consumer;
    Snapshot {
        at: NOW,
        brokers: brokers(3),
        topics: vec![topic(LOCATIONS, partitions)],
        producers: vec![producer(1, "driver-app", &["chen", "bruno", "pia"], &leads)],
        groups: vec![Group {
            name: group.into(),
            state: GroupState::Stable { generation: 1 },
            topics: Vec::new(),
            coordinator: None,
            kept: Vec::new(),
        }],
        consumers: vec![
            consumer(1, group, vec![reading(0, 2, 11, None)], &["reading"]),
            consumer(2, group, vec![reading(1, 3, 11, None)], &["reading"]),
            consumer(3, group, vec![reading(2, 1, 11, None)], &["reading"]),
        ],
        coordination: Coordination::ZooKeeper(zookeeper("brokers 1 2 3, controller 1")),
        travellers: vec![
            traveller(1, request(&["asha"]), app, broker(1), Some(id(2)), 0.4),
            traveller(2, request(&["dina"]), app, broker(3), Some(id(1)), 0.63),
            traveller(3, answer("13"), broker(3), app, Some(id(1)), 0.54),
            traveller(4, request(&["pia"]), broker(1), c(3), Some(id(2)), 0.42),
            traveller(
                5,
                request(&["chen", "kofi"]),
                broker(2),
                c(1),
                Some(id(0)),
                0.6,
            ),
            traveller(6, request(&["mira"]), broker(3), c(2), Some(id(1)), 0.35),
        ],
        ..Snapshot::empty("Three healthy brokers with records flowing")
    }
}

fn ask(w: f64, h: f64) -> Ask {
    Ask {
        voice: Voice::Calm,
        ..Ask::new(Lens::ByBroker, w, h)
    }
}

#[test]
fn first_run() {
    figure("first-run", &snapshot(), &ask(1000.0, 760.0));
}

#[test]
fn first_run_on_a_small_screen() {
    figure("first-run-840", &snapshot(), &ask(840.0, 580.0));
    figure("first-run-390", &snapshot(), &ask(390.0, 418.0));
    figure("first-run-700", &snapshot(), &ask(700.0, 516.0));
}
