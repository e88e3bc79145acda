//! Brokers that are down, frozen or cut off are drawn as what they are.

use kafka_playground::model::BrokerId;
use kafka_playground::script;
use kafka_playground::stage::extract::{Memory, snapshot};
use kafka_playground::stage::snapshot::{
    BrokerState, CellState, ClientState, Coordination, LinkState, Role, ServerState, Snapshot,
};

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
fn who_led_until_it_died_is_told_from_who_led_once() {
    let role = |lines: &str| after(lines).topics[0].partitions[0].replicas[0].role;
    let elected = "kill b2\nrun 30s\n";
    assert_eq!(role(elected), Role::WasLeader);
    // It comes back as a follower, and dies as one.
    let again = format!("{elected}restart b2\nrun 10s\n");
    assert_eq!(role(&again), Role::Follower);
    assert_eq!(role(&format!("{again}kill b2\n")), Role::Offline);
    assert_eq!(role(&format!("{again}kill b2\nrun 30s\n")), Role::Offline);
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

/// What a broker that died alone with a record has on its disk, before and after somebody else leads.
fn last_words(acks: &str) -> [Vec<CellState>; 2] {
    let before = format!(
        "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000\n\
         topic t partitions=1 replicas=2,1,3\nproducer p1 acks={acks} retries=0\nproducer p2\nrun 1s\n\
         produce p1 t-0 key=k \"v\"\nrun 1s\nhold b2→b1\nhold b2→b3\nrun 600ms\n\
         produce p1 t-0 key=k \"w\"\nrun 50ms\nkill b2\nrelease all\nrun 1s\n"
    );
    let after = "run 20s\nproduce p2 t-0 key=l \"x\"\nproduce p2 t-0 key=l \"y\"\nrun 1s\n";
    [before.clone(), before + after].map(|text| {
        let script = script::parse(&text).expect("it reads");
        let history = script.play().expect("it plays");
        let seen = snapshot(&history, &mut Memory::default());
        let dead = &seen.topics[0].partitions[0].replicas[0];
        dead.cells.iter().map(|cell| cell.state).collect()
    })
}

#[test]
fn a_record_that_nobody_else_has_keeps_its_mark_when_its_offset_is_given_to_another() {
    use CellState::{Ghost, Stranded};
    assert_eq!(last_words("all"), [[Ghost, Stranded], [Ghost, Stranded]]);
}

#[test]
fn a_record_that_was_acknowledged_is_lost_when_somebody_leads_who_lacks_it() {
    use CellState::{Ghost, Lost, Promised};
    assert_eq!(last_words("1"), [[Ghost, Promised], [Ghost, Lost]]);
}

#[test]
fn while_every_broker_is_down_a_record_that_lies_on_several_disks_is_no_only_copy() {
    let seen = after("run 3s\nkill b1\nkill b2\nkill b3\n");
    let replicas = &seen.topics[0].partitions[0].replicas;
    for replica in replicas {
        let states: Vec<CellState> = replica.cells.iter().map(|cell| cell.state).collect();
        assert_eq!(states, [CellState::Ghost], "{replica:?}");
    }
}

#[test]
fn what_is_lost_stays_lost_when_the_last_broker_dies() {
    use CellState::{Ghost, Lost};
    let lines = "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000\n\
                 topic t partitions=1 replicas=1,2,3 unclean.leader.election.enable=true min.insync.replicas=1\n\
                 producer p1 acks=all\nrun 1s\nproduce p1 t-0 key=k \"v\"\nrun 1s\nkill b3\nrun 10s\n\
                 produce p1 t-0 key=k \"w\"\nrun 3s\nkill b1\nkill b2\nrestart b3\nrun 20s\n";
    for more in ["", "kill b3\n"] {
        let script = script::parse(&format!("{lines}{more}")).expect("it reads");
        let history = script.play().expect("it plays");
        let seen = snapshot(&history, &mut Memory::default());
        let replicas = &seen.topics[0].partitions[0].replicas;
        for replica in &replicas[..2] {
            let states: Vec<CellState> = replica.cells.iter().map(|cell| cell.state).collect();
            assert_eq!(states, [Ghost, Lost], "{replica:?}");
        }
    }
}

#[test]
fn a_client_that_died_keeps_its_place_and_says_so() {
    let seen = after("consumer c1\nassign c1 t-0\nrun 1s\nkill p1\nkill c1\nrun 3s\n");
    let producer = &seen.producers[0];
    assert_eq!(producer.state, ClientState::Gone);
    assert_eq!(producer.note.join(" "), "killed 3 s ago");
    assert_eq!(producer.writes.len(), 1);
    let consumer = &seen.consumers[0];
    assert_eq!(consumer.state, ClientState::Gone);
    assert_eq!(consumer.reads.len(), 1);
    let back = after("kill p1\nrun 3s\nrestart p1\nrun 1s\n");
    assert_eq!(back.producers[0].state, ClientState::Active);
}

#[test]
fn stopped_frozen_and_starting_are_told_apart() {
    let stopped = after("stop b3\nrun 3s\n");
    assert!(stopped.brokers[2].is_stopped(), "{:?}", stopped.brokers[2]);
    let replicas = &stopped.topics[0].partitions[0].replicas;
    assert_eq!(replicas[2].role, Role::Stopped);
    let frozen = after("freeze zk1\nrun 1s\n");
    let Coordination::ZooKeeper(zookeeper) = frozen.coordination else {
        panic!("there is ZooKeeper");
    };
    assert_eq!(zookeeper.servers[0].state, ServerState::Frozen);
}

#[test]
fn what_is_the_matter_with_a_machine_is_said() {
    let seen = after("disk b2 slow=500ms\nclock b3 +1h\n");
    assert_eq!(seen.brokers[1].chips.join(""), "disk 500 ms");
    assert_eq!(seen.brokers[2].chips.join(""), "clock +1 h");
    let failed = after("disk b2 fails\nproduce p1 t-0 key=k \"w\"\nrun 1s\n");
    let BrokerState::Crashed { note } = &failed.brokers[1].state else {
        panic!("{:?}", failed.brokers[1]);
    };
    assert!(note.starts_with("Disk failed"), "{note}");
}

#[test]
fn a_cut_from_zookeeper_and_one_within_it_are_seen() {
    let seen = after("cut b1↔zookeeper\ncut zk1↔zk2\n");
    let cut = |at: usize| seen.brokers[at].keeper.is_some_and(|keeper| keeper.cut);
    assert!(cut(0) && !cut(1) && !cut(2));
    let Coordination::ZooKeeper(zookeeper) = &seen.coordination else {
        panic!("there is ZooKeeper");
    };
    assert_eq!(zookeeper.cuts.len(), 1);
}

#[test]
fn a_link_says_which_way_it_is_cut_and_for_how_long() {
    let seen = after("cut b1→b3\nrun 4s\n");
    assert_eq!(&*seen.links[0].label, "Link 1→3 cut 4 s");
    assert_eq!(seen.links[0].from, Some(seen.links[0].a));
    let both = after("cut b1↔b3\nrun 4s\n");
    assert_eq!(&*both.links[0].label, "Link 1–3 cut 4 s");
    assert_eq!(both.links[0].from, None);
}

#[test]
fn a_controller_whose_session_ended_is_so_no_more() {
    let mut seen = Vec::new();
    for millis in [100, 200, 300, 400, 500] {
        let brokers = after(&format!("expire b1\nrun {millis}ms\n")).brokers;
        seen.push((brokers[0].controller, brokers[0].deposed));
    }
    assert!(seen.iter().all(|(holds, thinks)| !(*holds && *thinks)));
}

#[test]
fn a_quorum_is_most_of_the_servers_that_reach_one_another() {
    let quorum = |lines: &str| match after(lines).coordination {
        Coordination::ZooKeeper(zookeeper) => zookeeper.quorum,
        _ => panic!("there is ZooKeeper"),
    };
    // The leader of the ensemble is gone, and the other two elect another.
    assert!(quorum("kill zk3\n"));
    assert!(!quorum("kill zk3\nkill zk2\n"));
    assert!(quorum("cut zk1↔zk2\ncut zk1↔zk3\n"));
    assert!(!quorum("cut zk1↔zk2\ncut zk1↔zk3\ncut zk2↔zk3\n"));
}

/// The copies of brokers 2 and 3 when broker 2 has appended more alone and broker 3 leads: what each is, and what
/// becomes of broker 2's records.
fn deposed(acks: &str, then: &str) -> (Role, Role, Vec<CellState>) {
    let text = format!(
        "world brokers=3 seed=1 latency=1ms\ntopic t partitions=1 replicas=2,3,1\n\
         producer p1 acks={acks} retries=0\nrun 1s\nproduce p1 t-0 key=k \"v\"\nrun 1s\n\
         isolate b2 from zookeeper\nisolate b2 from brokers\nrun 1s\n\
         produce p1 t-0 key=k \"w\"\nrun 1s\nproduce p1 t-0 key=k \"w\"\nrun 35s\n{then}"
    );
    let history = script::parse(&text).expect("it reads").play();
    let seen = snapshot(&history.expect("it plays"), &mut Memory::default());
    let copies = &seen.topics[0].partitions[0].replicas;
    let states = copies[0].cells.iter().map(|cell| cell.state).collect();
    (copies[0].role, copies[1].role, states)
}

#[test]
fn a_leader_that_has_not_heard_of_the_next_one_is_drawn_with_what_the_next_one_lacks() {
    use CellState::{Committed, Doomed, Lost};
    let elected = BrokerId(3);
    let (old, new, states) = deposed("1", "");
    assert_eq!((old, new), (Role::Deposed { elected }, Role::Leader));
    assert_eq!(states, [Committed, Lost, Lost]);
    let (old, new, states) = deposed("all", "");
    assert_eq!((old, new), (Role::Deposed { elected }, Role::Leader));
    // The second waits for the answer to the first.
    assert_eq!(states, [Committed, Doomed]);
    // When it hears of it, it follows, and what it had alone is cut off.
    let (old, _, states) = deposed("all", "heal\nrun 10s\n");
    assert_eq!(old, Role::Follower);
    assert_eq!(states, [Committed]);
}

#[test]
fn what_the_leader_lacks_stays_what_it_is_when_its_broker_hears_of_the_leader_or_the_leader_dies() {
    use CellState::{Committed, Doomed, Lost};
    for (acks, fates) in [
        ("1", vec![Committed, Lost, Lost]),
        ("all", vec![Committed, Doomed]),
    ] {
        // It has heard, and cannot ask where the logs part.
        let (old, _, states) = deposed(acks, "heal all\ncut b2↔b3\nrun 20s\n");
        assert!(matches!(old, Role::Behind(0..)), "{old:?}");
        assert_eq!(states, fates);
        let (_, _, states) = deposed(acks, "kill b3\nrun 2s\n");
        assert_eq!(states, fates);
    }
}

#[test]
fn while_nobody_is_elected_the_one_that_leads_alone_is_not_deposed() {
    // Before its session runs out nobody knows of another.
    let seen = after("isolate b2 from zookeeper\nrun 1s\n");
    let role = seen.topics[0].partitions[0].replicas[0].role;
    assert_eq!(role, Role::Leader);
}
