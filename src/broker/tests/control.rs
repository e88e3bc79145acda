//! The controller and its orders: fences, epochs, topic settings.

use super::*;
use crate::fact::Role;
use crate::protocol::api::leader_and_isr::{LeaderAndIsrPartitionState, LeaderAndIsrTopicState};
use crate::protocol::api::stop_replica::{StopReplicaPartitionState, StopReplicaTopicState};
use crate::protocol::api::{
    AllocateProducerIdsRequest, AlterPartitionRequest, ControlledShutdownRequest,
    LeaderAndIsrRequest, ListOffsetsRequest, StopReplicaRequest, UpdateMetadataRequest,
};

/// An order to broker 1: this leader, in this epoch.
fn order(bench: &Bench, leader: i32, epoch: i32) -> LeaderAndIsrRequest {
    LeaderAndIsrRequest {
        controller_id: 1,
        controller_epoch: 1,
        broker_epoch: bench.broker(1).epoch().0,
        topic_states: vec![LeaderAndIsrTopicState {
            topic_name: TOPIC.into(),
            topic_id: TopicId([7; 16]),
            partition_states: vec![LeaderAndIsrPartitionState {
                leader,
                leader_epoch: epoch,
                isr: vec![1, 2, 3],
                replicas: vec![1, 2, 3],
                partition_epoch: 1,
                ..LeaderAndIsrPartitionState::default()
            }],
        }],
        ..LeaderAndIsrRequest::default()
    }
}

/// The controller's connection to a broker, as far as the broker can tell.
fn as_controller(bench: &mut Bench, to: i32) -> ConnectionId {
    bench.open_as(b(9), to)
}

fn obeyed(bench: &mut Bench, request: &LeaderAndIsrRequest) -> (i16, i16) {
    let connection = as_controller(bench, 1);
    let response = bench.call(connection, request, 7);
    let topic = response.topics.first();
    let partition = topic.map_or(-99, |topic| topic.partition_errors[0].error_code);
    (response.error_code, partition)
}

#[test]
fn a_broker_creates_its_znode_without_data_and_writes_them_at_once() {
    let bench = Bench::new(&[], &[]);
    for id in 1..=3 {
        let path = znodes::broker_path(BrokerId(id));
        let (data, stat) = bench.zookeeper.tree().get(&path).expect("it stands");
        let read = znodes::read_broker(data).expect("a broker");
        assert_eq!(read, address(id));
        assert_eq!(stat.version, 1, "the data were written once");
        assert_eq!(stat.modified, stat.created, "in the same transaction");
        let epoch = stat.created.0.cast_signed();
        assert_eq!(bench.broker(id).epoch(), BrokerEpoch(epoch));
    }
}

#[test]
fn the_controller_makes_leaders_and_followers_from_the_plan() {
    let bench = Bench::with_replicas(&[], &[], &[&[1, 2, 3], &[2, 3]]);
    let name = |partition| TopicPartition::new(TOPIC, partition);
    for (id, partition, role, leader) in [
        (1, 0, Role::Leader, 1),
        (2, 0, Role::Follower, 1),
        (3, 0, Role::Follower, 1),
        (2, 1, Role::Leader, 2),
        (3, 1, Role::Follower, 2),
    ] {
        let replica = bench
            .broker(id)
            .partition(&name(partition))
            .expect("a replica");
        assert_eq!((replica.role(), replica.leader()), (role, BrokerId(leader)));
        assert_eq!(replica.leader_epoch(), LeaderEpoch(0));
    }
    assert!(bench.broker(1).partition(&name(1)).is_none());
    for id in 1..=3 {
        let image = bench.broker(id).metadata();
        assert_eq!(image.brokers().len(), 3);
        assert_eq!(image.controller(), Some(BrokerId(1)));
        assert_eq!(
            image.partition(&name(1)).map(|known| known.leader),
            Some(BrokerId(2))
        );
    }
    let controller = bench.broker(1).controller().expect("the controller");
    assert_eq!(
        controller
            .partition(&name(0))
            .map(|state| state.isr.clone()),
        Some(ids(&[1, 2, 3]))
    );
    assert!(
        controller
            .queues()
            .all(|(_, queue)| queue.waiting().len() == 0)
    );
}

#[test]
fn old_controllers_and_old_lives_are_not_obeyed() {
    let mut bench = Bench::new(&[], &[]);
    let mut stale = order(&bench, 2, 5);
    stale.broker_epoch -= 1;
    assert_eq!(obeyed(&mut bench, &stale), (77, -99));
    let mut newer = order(&bench, 1, 0);
    newer.controller_epoch = 4;
    assert_eq!(
        obeyed(&mut bench, &newer),
        (0, 11),
        "not a newer leader epoch"
    );
    let older = order(&bench, 2, 5);
    assert_eq!(obeyed(&mut bench, &older), (11, -99), "an older controller");
    let mut stranger = order(&bench, 2, 5);
    stranger.controller_epoch = 4;
    stranger.topic_states[0].partition_states[0].replicas = vec![2, 3];
    assert_eq!(obeyed(&mut bench, &stranger), (0, 3));
    let mut other_topic = order(&bench, 2, 5);
    other_topic.controller_epoch = 4;
    other_topic.topic_states[0].topic_id = TopicId([8; 16]);
    assert_eq!(obeyed(&mut bench, &other_topic), (0, 103));
    assert!(bench.replica(1).is_leader());
}

#[test]
fn losing_the_lead_answers_who_waits_with_not_leader() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let connection = bench.open(1);
    bench.produce(connection, -1, "a");
    let old = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(old, &fetch_request(0, 9_000), 10);
    let new = bench.open_as(ProcessId::Consumer(2), 1);
    bench.ask(new, &fetch_request(0, 9_000), 11);
    bench.run_ms(50);
    let lost = order(&bench, 2, 1);
    assert_eq!(obeyed(&mut bench, &lost), (0, 0));
    assert_eq!(
        bench.produced(connection).map(|answer| answer.error_code),
        Some(6)
    );
    let response = bench.answer::<FetchRequest>(old, 10).expect("an answer");
    assert_eq!(response.responses[0].partitions[0].error_code, 6);
    // A consumer of version 11 is served by followers too, so it goes on waiting.
    assert!(bench.answer::<FetchRequest>(new, 11).is_none());
}

#[test]
fn a_new_leader_does_not_lower_what_clients_have_seen() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    // Broker 2 has the record but has not heard yet that it is committed.
    assert_eq!(bench.replica(2).high_watermark(), Offset(0));
    let connection = as_controller(&mut bench, 2);
    let mut request = order(&bench, 2, 1);
    request.broker_epoch = bench.broker(2).epoch().0;
    bench.call(connection, &request, 7);
    assert!(bench.replica(2).is_leader());
    let consumer = bench.open_as(ProcessId::Consumer(1), 2);
    let ask = |bench: &mut Bench, timestamp, version| {
        use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: TOPIC.into(),
                partitions: vec![ListOffsetsPartition {
                    timestamp,
                    ..ListOffsetsPartition::default()
                }],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = bench.call(consumer, &request, version);
        response.topics[0].partitions[0].error_code
    };
    assert_eq!(ask(&mut bench, -1, 5), 78);
    assert_eq!(ask(&mut bench, -1, 4), 5);
    assert_eq!(ask(&mut bench, -2, 5), 0);
    // The record is not gone: a consumer that is past it waits, it is not reset.
    let fetched = bench.fetch_now(2, 12, 1);
    assert_eq!((fetched.error, fetched.offsets), (0, vec![]));
}

/// What a forged order could change on broker 1.
fn standing(bench: &Bench) -> String {
    let (broker, replica) = (bench.broker(1), bench.replica(1));
    let (role, epoch) = (replica.is_leader(), replica.leader_epoch());
    let (end, mark) = (replica.log_end(), replica.high_watermark());
    let isr: Vec<_> = replica.isr().iter().collect();
    let (controller, metadata) = (broker.controller().is_some(), broker.metadata());
    format!("{role} {epoch} {end} {mark} {isr:?} {controller} {metadata:?}")
}

#[test]
fn w36_a_client_that_fetches_as_a_replica_moves_nothing() {
    let mut bench = Bench::new(&[], &[]);
    // Nobody but the leader has the record, and broker 2 has not asked for what follows it.
    bench.hold(b(1), b(2));
    bench.hold(b(1), b(3));
    let producer = bench.open(1);
    bench.produce(producer, -1, "a");
    bench.run_ms(5);
    assert_eq!(bench.replica(1).log_end(), Offset(1));
    assert_eq!(bench.replica(1).high_watermark(), Offset(0));
    let before = standing(&bench);
    let forgers = [
        ProcessId::Consumer(1),
        ProcessId::Producer(9),
        ProcessId::Socket(1),
        // A broker that plays another.
        b(8),
    ];
    for forger in forgers {
        for version in [4, 12, 16] {
            for replica in [2, 3] {
                let client = bench.open_as(forger, 1);
                let mut request = fetch_request(1, 0);
                (request.replica_id, request.replica_state.replica_id) = (replica, replica);
                bench.ask(client, &request, version);
                bench.run_ms(5);
                assert!(bench.is_closed(client), "{forger}, version {version}");
                assert_eq!(standing(&bench), before, "{forger}, version {version}");
            }
        }
    }
    assert!(
        bench.produced(producer).is_none(),
        "still not on all of the ISR"
    );
    // From the replicas themselves the same counts.
    bench.release(b(1), b(2));
    bench.release(b(1), b(3));
    bench.run_ms(1_000);
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
}

#[test]
fn w37_a_client_that_speaks_as_a_broker_changes_nothing() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.run_ms(1_000);
    let before = standing(&bench);
    let forged = order(&bench, 2, 9);
    let epoch = bench.broker(1).epoch().0;
    let stop = StopReplicaRequest {
        controller_id: 1,
        controller_epoch: 9,
        broker_epoch: epoch,
        topic_states: vec![StopReplicaTopicState {
            topic_name: TOPIC.into(),
            partition_states: vec![StopReplicaPartitionState {
                partition_index: 0,
                leader_epoch: 9,
                delete_partition: true,
            }],
        }],
        ..StopReplicaRequest::default()
    };
    let update = UpdateMetadataRequest {
        controller_id: 2,
        controller_epoch: 9,
        broker_epoch: epoch,
        ..UpdateMetadataRequest::default()
    };
    let shutdown = ControlledShutdownRequest {
        broker_id: 2,
        broker_epoch: bench.broker(2).epoch().0,
    };
    let alter = AlterPartitionRequest {
        broker_id: 1,
        broker_epoch: epoch,
        ..AlterPartitionRequest::default()
    };
    let ids = AllocateProducerIdsRequest {
        broker_id: 1,
        broker_epoch: epoch,
    };
    for forger in [
        ProcessId::Producer(9),
        ProcessId::Socket(1),
        ProcessId::Admin(1),
    ] {
        for order in 0..6 {
            let client = bench.open_as(forger, 1);
            match order {
                0 => bench.ask(client, &forged, 7),
                1 => bench.ask(client, &stop, 4),
                2 => bench.ask(client, &update, 8),
                3 => bench.ask(client, &shutdown, 3),
                4 => bench.ask(client, &alter, 3),
                _ => bench.ask(client, &ids, 0),
            }
            bench.run_ms(5);
            assert!(bench.is_closed(client), "{forger}, order {order}");
            assert_eq!(standing(&bench), before, "{forger}, order {order}");
        }
    }
    assert_eq!(bench.broker(1).metadata().brokers().len(), 3);
}

#[test]
fn w37_what_is_for_brokers_is_not_advertised() {
    use crate::protocol::api::{ApiVersionsRequest, ApiVersionsResponse};
    let mut bench = Bench::new(&[], &[]);
    let client = bench.open(1);
    let request = ApiVersionsRequest::default();
    let served: ApiVersionsResponse = bench.call(client, &request, 0);
    assert!(served.api_keys.iter().any(|api| api.api_key == 0));
    // LeaderAndIsr, StopReplica, UpdateMetadata, ControlledShutdown, WriteTxnMarkers, AlterPartition,
    // AllocateProducerIds.
    for internal in [4, 5, 6, 7, 27, 56, 67] {
        let listed = served.api_keys.iter().any(|api| api.api_key == internal);
        assert!(!listed, "{internal} is listed");
    }
}

#[test]
fn a_topics_settings_arrive_before_its_leaders() {
    let bench = Bench::new(
        &[("min.insync.replicas", "1")],
        &[("min.insync.replicas", "2")],
    );
    for id in 1..=3 {
        assert_eq!(
            bench.replica(id).config().min_insync_replicas,
            2,
            "broker {id}"
        );
    }
    let started = bench
        .facts
        .iter()
        .position(|(_, by, fact)| *by == b(1) && matches!(fact, Fact::BecameLeader { .. }));
    assert!(started.is_some());
}

#[test]
fn orders_are_repeated_until_a_broker_answers() {
    let mut bench = Bench::new(&[("controller.socket.timeout.ms", "500")], &[]);
    bench.hold(b(1), b(3));
    let connection = bench.open(1);
    let request = super::metadata::create("late", 1, 3);
    bench.ask(connection, &request, 7);
    bench.run_ms(2_000);
    let name = TopicPartition::new("late", 0);
    assert!(bench.broker(2).partition(&name).is_some());
    assert!(bench.broker(3).partition(&name).is_none());
    bench.release(b(1), b(3));
    bench.run_ms(2_000);
    assert!(bench.broker(3).partition(&name).is_some());
    let controller = bench.broker(1).controller().expect("the controller");
    assert!(
        controller
            .queues()
            .all(|(_, queue)| queue.waiting().len() == 0)
    );
}

#[test]
fn what_no_leader_epoch_fences_is_not_obeyed_when_it_is_late() {
    let mut bench = Bench::new(&[], &[]);
    let given_up = as_controller(&mut bench, 1);
    let newest = as_controller(&mut bench, 1);
    let mut picture = UpdateMetadataRequest {
        controller_id: 1,
        controller_epoch: 1,
        broker_epoch: bench.broker(1).epoch().0,
        ..UpdateMetadataRequest::default()
    };
    assert_eq!(bench.call(newest, &picture, 8).error_code, 0);
    picture.controller_id = 2;
    assert_eq!(bench.call(given_up, &picture, 8).error_code, 11);
    assert_eq!(bench.broker(1).metadata().controller(), Some(BrokerId(1)));
    // A topic of this name was to go once; this one has been made since.
    let stop = |partition, leader_epoch| StopReplicaRequest {
        controller_id: 1,
        controller_epoch: 1,
        broker_epoch: picture.broker_epoch,
        topic_states: vec![StopReplicaTopicState {
            topic_name: TOPIC.into(),
            partition_states: vec![StopReplicaPartitionState {
                partition_index: partition,
                leader_epoch,
                delete_partition: true,
            }],
        }],
        ..StopReplicaRequest::default()
    };
    let response = bench.call(given_up, &stop(0, -2), 4);
    assert_eq!(
        (response.error_code, response.partition_errors[0].error_code),
        (0, 11)
    );
    assert!(bench.replica(1).is_leader());
    // A replica that is not here may have been deleted since; one that is has an epoch to tell by.
    let mut ghost = order(&bench, 1, 5);
    ghost.topic_states[0].partition_states[0].partition_index = 7;
    let response = bench.call(given_up, &ghost, 7);
    assert_eq!(response.topics[0].partition_errors[0].error_code, 11);
    let led = order(&bench, 1, 5);
    let response = bench.call(given_up, &led, 7);
    assert_eq!(response.topics[0].partition_errors[0].error_code, 0);
    let response = bench.call(newest, &stop(0, -2), 4);
    assert_eq!(response.partition_errors[0].error_code, 0);
}

#[test]
fn a_log_on_the_disk_belongs_to_one_topic() {
    let mut bench = Bench::new(&[], &[]);
    let name = TopicPartition::new("ghost", 0);
    let stored = super::super::disk::StoredReplica {
        topic_id: TopicId([9; 16]),
        log: crate::log::Log::new(Offset::ZERO, bench.moment().wall),
    };
    bench
        .broker_mut(1)
        .disk
        .replicas
        .insert(name.clone(), stored);
    let mut other = order(&bench, 1, 0);
    other.topic_states[0].topic_name = "ghost".into();
    other.topic_states[0].topic_id = TopicId([8; 16]);
    let connection = as_controller(&mut bench, 1);
    bench.ask(connection, &other, 7);
    bench.run_ms(20);
    let answer = |bench: &mut Bench| {
        let response = bench.answer::<LeaderAndIsrRequest>(connection, 7);
        response.expect("an answer").topics[0].partition_errors[0].error_code
    };
    assert_eq!(answer(&mut bench), 103);
    assert!(bench.broker(1).partition(&name).is_none());
    other.topic_states[0].topic_id = TopicId([9; 16]);
    bench.ask(connection, &other, 7);
    bench.run_ms(20);
    assert_eq!(answer(&mut bench), 0);
}
