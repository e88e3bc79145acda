//! C4, C5 can fail.

use super::super::elections::LeadersAreInSync;
use super::*;

type Law = Shown<LeadersAreInSync>;

/// Broker 2 has been the leader since broker 1 was away for a while.
const AFTER_A_FAILOVER: &str = "world brokers=4 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
     replica.lag.time.max.ms=2000 auto.leader.rebalance.enable=false\n\
     topic orders partitions=1 replicas=2,3,4\n\
     producer p1 acks=all\nrun 1s\nproduce p1 orders-0 \"a\"\nrun 1s\n\
     kill b2\nrun 15s\nrestart b2\nrun 10s\n";

/// Nobody who was in sync is there, and somebody has asked that broker 4 lead all the same.
const ON_DEMAND: &str = "world brokers=4 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
     replica.lag.time.max.ms=2000\n\
     topic orders partitions=1 replicas=2,3,4\n\
     producer p1 acks=all\nadmin a1\n\
     produce p1 orders-0 \"a\"\nrun 1s\n\
     cut b2↔b4\nproduce p1 orders-0 \"b\"\nrun 5s\n\
     kill b2\nkill b3\nreset b2↔b4\nheal all\nrun 10s\n\
     elect a1 orders-0 unclean\nrun 1s\n";

/// How the two begin.
const BEGINNING: &str = "world brokers=4 seed=1 latency=1ms\n\
     topic orders partitions=1 replicas=2,3,4\nrun 1s\n";

fn decided() -> Fact {
    Fact::PartitionStateDecided {
        partition: orders(),
        leader: BrokerId(2),
        epoch: LeaderEpoch(1),
        isr: Vec::new(),
        partition_epoch: PartitionEpoch(1),
    }
}

/// The law, having seen that this was the state before the one that stands.
fn before(world: &World, change: impl FnOnce(&mut PartitionState)) -> Law {
    let now = world.cluster().partition(&orders()).expect("it is there");
    let (mut earlier, mut law) = (played(BEGINNING), Law::default());
    stand(&mut earlier, |state| {
        state.partition_epoch = PartitionEpoch(now.partition_epoch.0 - 1);
        state.leader_epoch = LeaderEpoch(now.leader_epoch.0 - 1);
        change(state);
    });
    let seen = law.check(&earlier, &from_zookeeper(&earlier, state_changed(1)));
    assert_eq!(seen, Ok(()));
    law
}

fn controller(world: &World) -> u16 {
    let id = world.truth().controller().expect("there is one");
    u16::try_from(id.0).expect("a broker")
}

#[test]
fn c4_a_leader_that_was_not_in_sync_or_not_the_next_is_found() {
    let world = played(AFTER_A_FAILOVER);
    let by = controller(&world);
    let leads = world
        .cluster()
        .partition(&orders())
        .map(|state| state.leader);
    assert_eq!(leads, Some(BrokerId(3)));
    let fit = |state: &mut PartitionState| (state.leader, state.isr) = (BrokerId(4), ids(&[3, 4]));
    holds(&mut before(&world, fit), &world, by, decided());
    let out = |state: &mut PartitionState| (state.leader, state.isr) = (BrokerId(4), ids(&[2, 4]));
    breaks(&mut before(&world, out), &world, by, decided(), "C4");
    // Broker 2 comes before broker 3 in the assignment, is there, and was in sync.
    let next =
        |state: &mut PartitionState| (state.leader, state.isr) = (BrokerId(4), ids(&[2, 3, 4]));
    breaks(&mut before(&world, next), &world, by, decided(), "C4");
}

#[test]
fn c4_an_unclean_election_that_nobody_has_allowed_is_found() {
    use crate::protocol::api::ElectLeadersRequest;
    use crate::protocol::encode_request;
    let mut world = played(ON_DEMAND);
    let by = controller(&world);
    let nobody = |state: &mut PartitionState| (state.leader, state.isr) = (BrokerId(-1), ids(&[3]));
    breaks(&mut before(&world, nobody), &world, by, decided(), "C4");
    let alive = |state: &mut PartitionState| (state.leader, state.isr) = (BrokerId(-1), ids(&[4]));
    holds(&mut before(&world, alive), &world, by, decided());
    // The same when it was asked for.
    let connection = to_client(ProcessId::Admin(1)).other_end();
    let request = |election_type| ElectLeadersRequest {
        election_type,
        topic_partitions: None,
        ..ElectLeadersRequest::default()
    };
    for (id, election_type) in [(7, 0), (8, 1)] {
        let frame = encode_request(&request(election_type), 2, id, Some("a1"));
        send(&mut world, connection, frame);
        let mut law = before(&world, nobody);
        let asked = sent_over(connection, ApiKey::ElectLeaders, 2, id);
        holds(&mut law, &world, 1, asked);
        match election_type {
            0 => breaks(&mut law, &world, by, decided(), "C4"),
            _ => holds(&mut law, &world, by, decided()),
        }
    }
}

#[test]
fn c5_a_broker_that_was_away_and_is_still_in_the_isr_is_found() {
    let (world, mut law) = (world(), Law::default());
    let path = znodes::broker_path(BrokerId(3));
    let went = from_zookeeper(&world, Fact::ZnodeDeleted { path: path.clone() });
    let owner = Some(ProcessId::Broker(3));
    let came = from_zookeeper(&world, Fact::ZnodeCreated { path, owner });
    let follows = || Fact::BecameFollower {
        partition: orders(),
        epoch: LeaderEpoch(0),
        leader: BrokerId(1),
    };
    holds(&mut law, &world, 3, follows());
    assert_eq!(law.check(&world, &went), Ok(()));
    assert_eq!(law.check(&world, &came), Ok(()));
    breaks(&mut law, &world, 3, follows(), "C5");
}
