//! Brokers that are down, frozen or cut off are drawn as what they are.

use kafka_playground::script;
use kafka_playground::stage::extract::{Memory, snapshot};
use kafka_playground::stage::snapshot::{BrokerState, CellState, LinkState, Role, Snapshot};

fn after(lines: &str) -> Snapshot {
    let text = format!(
        "world brokers=3 seed=1 latency=1ms\ntopic t partitions=1 replicas=2,1,3\n\
         producer p1\nrun 1s\nproduce p1 t-0 key=k \"v\"\nrun 1s\n{lines}"
    );
    let script = script::parse(&text).expect("it reads");
    let history = script.play().expect("it plays");
    snapshot(&history, &mut Memory::default())
}

#[test]
fn a_broker_that_died_is_drawn_with_what_is_on_its_disk() {
    let seen = after("kill b2\n");
    assert!(seen.brokers[1].is_down(), "{:?}", seen.brokers[1]);
    let partition = &seen.topics[0].partitions[0];
    assert_eq!(partition.leader, None);
    let dead = &partition.replicas[0];
    assert_eq!((dead.role, dead.high_watermark), (Role::WasLeader, None));
    let states: Vec<CellState> = dead.cells.iter().map(|cell| cell.state).collect();
    assert_eq!(states, [CellState::Ghost]);
}

#[test]
fn the_picture_of_a_cluster_outlives_its_controller() {
    let seen = after("kill b1\n");
    assert_eq!(seen.topics.len(), 1);
    assert_eq!(seen.topics[0].partitions[0].replicas[1].role, Role::Offline);
}

#[test]
fn frozen_isolated_and_cut_look_different() {
    let frozen = after("freeze b3\n");
    assert!(matches!(
        frozen.brokers[2].state,
        BrokerState::Frozen { .. }
    ));
    let alone = after("isolate b3\n");
    assert!(matches!(alone.brokers[2].state, BrokerState::CutOff { .. }));
    let cut = after("cut b1→b3\n");
    assert_eq!(cut.links.len(), 1);
    assert_eq!(cut.links[0].state, LinkState::Cut);
    assert!(after("cut b1→b3\nheal\n").links.is_empty());
}
