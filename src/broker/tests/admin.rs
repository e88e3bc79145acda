//! What admin clients ask for, and what becomes of those who wait meanwhile.

use super::*;
use crate::controller::{Controller, Rules, Setup as ControllerSetup};
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use crate::protocol::api::create_partitions::CreatePartitionsTopic;
use crate::protocol::api::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::protocol::api::{
    AlterPartitionReassignmentsRequest, ControlledShutdownRequest, CreatePartitionsRequest,
    DeleteTopicsRequest, IncrementalAlterConfigsRequest, ListPartitionReassignmentsRequest,
    MetadataRequest,
};

fn grow(count: i32) -> CreatePartitionsRequest {
    CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: TOPIC.into(),
            count,
            ..CreatePartitionsTopic::default()
        }],
        timeout_ms: 1_000,
        ..CreatePartitionsRequest::default()
    }
}

fn delete() -> DeleteTopicsRequest {
    DeleteTopicsRequest {
        topic_names: vec![TOPIC.into()],
        timeout_ms: 1_000,
        ..DeleteTopicsRequest::default()
    }
}

#[test]
fn a_topic_that_is_growing_does_not_shrink() {
    let mut bench = Bench::new(&[], &[]);
    let (first, second) = (bench.open(1), bench.open(1));
    bench.ask(first, &grow(6), 3);
    bench.ask(second, &grow(5), 3);
    bench.run_ms(100);
    let mut made = |connection| {
        let response = bench.answer::<CreatePartitionsRequest>(connection, 3);
        response.expect("an answer").results[0].error_code
    };
    assert_eq!((made(first), made(second)), (0, 37));
    let image = bench.broker(3).metadata();
    let topic = image.topic(&TopicName::new(TOPIC)).expect("the topic");
    assert_eq!(topic.partitions.len(), 6);
}

#[test]
fn who_waits_for_a_topic_that_is_deleted_hears_at_once_that_it_is_gone() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let producer = bench.open(1);
    bench.produce(producer, -1, "a");
    let old = bench.open_as(ProcessId::Consumer(1), 1);
    bench.ask(old, &fetch_request(0, 9_000), 10);
    let new = bench.open_as(ProcessId::Consumer(2), 1);
    bench.ask(new, &fetch_request(0, 9_000), 12);
    bench.run_ms(20);
    let admin = bench.open(1);
    bench.ask(admin, &delete(), 5);
    bench.run_ms(100);
    for (consumer, version) in [(old, 10), (new, 12)] {
        let response = bench.answer::<FetchRequest>(consumer, version);
        let response = response.expect("an answer at once");
        assert_eq!(response.responses[0].partitions[0].error_code, 3);
    }
    let answer = bench.produced(producer).expect("an answer at once");
    assert_eq!(answer.error_code, 3);
}

#[test]
fn settings_of_a_topic_are_kept_where_it_has_replicas() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1, 2]]);
    let admin = bench.open(3);
    let change = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 2,
            resource_name: TOPIC.into(),
            configs: vec![AlterableConfig {
                name: "retention.ms".into(),
                value: Some("1000".into()),
                ..AlterableConfig::default()
            }],
        }],
        ..IncrementalAlterConfigsRequest::default()
    };
    bench.ask(admin, &change, 1);
    bench.run_ms(100);
    let kept = |id| {
        let configs = &bench.broker(id).topic_configs;
        configs.get(&TopicName::new(TOPIC)).map(|all| all.len())
    };
    assert_eq!([kept(1), kept(2), kept(3)], [Some(1), Some(1), None]);
}

#[test]
fn a_controller_that_has_not_read_anything_yet_knows_the_brokers_of_its_host() {
    let mut bench = Bench::new(&[], &[]);
    let setup = ControllerSetup {
        host: BrokerId(1),
        epoch: ControllerEpoch(9),
        epoch_version: 9,
        rules: Config::default().controller_rules(),
    };
    assert!(matches!(setup.rules, Rules { .. }));
    bench.broker_mut(1).controller = Some(Box::new(Controller::new(&setup)));
    let connection = bench.open(1);
    let request = MetadataRequest {
        topics: Some(vec![crate::protocol::api::metadata::MetadataRequestTopic {
            name: Some("new".into()),
            ..Default::default()
        }]),
        ..MetadataRequest::default()
    };
    let response = bench.call(connection, &request, 9);
    assert_eq!(response.topics[0].error_code, 5);
}

#[test]
fn only_the_controller_lets_a_broker_go() {
    let mut bench = Bench::new(&[], &[]);
    let request = ControlledShutdownRequest {
        broker_id: 3,
        broker_epoch: bench.broker(3).epoch().0,
    };
    let connection = bench.open_as(b(9), 2);
    let response = bench.call(connection, &request, 3);
    assert_eq!(response.error_code, 11, "where others say 41");
}

#[test]
fn moves_are_listed_in_turn() {
    let mut bench = Bench::new(&[], &[]);
    bench.hold(b(3), b(1));
    let busy = bench.open(1);
    bench.ask(busy, &super::metadata::create("late", 1, 1), 7);
    let mover = bench.open(1);
    let wish = AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic {
            name: TOPIC.into(),
            partitions: vec![ReassignablePartition {
                partition_index: 0,
                replicas: Some(vec![1, 2]),
            }],
        }],
        ..AlterPartitionReassignmentsRequest::default()
    };
    bench.ask(mover, &wish, 0);
    let lister = bench.open(1);
    bench.ask(lister, &ListPartitionReassignmentsRequest::default(), 0);
    bench.run_ms(4);
    let response = bench.answer::<ListPartitionReassignmentsRequest>(lister, 0);
    assert!(response.is_none(), "the topic and the move come first");
    bench.run_ms(100);
    let response = bench.answer::<ListPartitionReassignmentsRequest>(lister, 0);
    assert_eq!(response.expect("an answer").error_code, 0);
    let response = bench.open(2);
    let request = ListPartitionReassignmentsRequest::default();
    assert_eq!(bench.call(response, &request, 0).error_code, 41);
}

#[test]
fn a_broker_that_is_let_go_is_not_told_to_follow_again() {
    let mut bench = Bench::new(&[], &[]);
    let request = ControlledShutdownRequest {
        broker_id: 3,
        broker_epoch: bench.broker(3).epoch().0,
    };
    let connection = bench.open_as(b(9), 1);
    bench.ask(connection, &request, 3);
    bench.run_ms(100);
    let response = bench.answer::<ControlledShutdownRequest>(connection, 3);
    assert_eq!(response.expect("an answer").error_code, 0);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
    let told = |id| bench.replica(id).leader_epoch();
    assert_eq!([told(2), told(3)], [LeaderEpoch(1), LeaderEpoch(0)]);
}

/// The controller takes a broker out of the ISR, and does not hear that it did: what it reads when it asks again
/// is its own work, of which nobody has been told yet.
#[test]
fn a_write_whose_answer_was_lost_is_told_all_the_same() {
    let mut bench = Bench::new(&[], &[]);
    let request = ControlledShutdownRequest {
        broker_id: 3,
        broker_epoch: bench.broker(3).epoch().0,
    };
    let connection = bench.open_as(b(9), 1);
    bench.ask(connection, &request, 3);
    let written = |bench: &Bench| {
        let facts = bench.facts.iter();
        let mut changed = facts.filter(|(_, _, fact)| matches!(fact, Fact::ZnodeChanged { path, .. } if path.ends_with("/state")));
        changed.next().is_some()
    };
    // The request, the question what stands there, and its answer; then the write is under way.
    bench.run(LATENCY.times(7).divided_by(2));
    assert!(!written(&bench));
    bench.hold(ZOOKEEPER, b(1));
    bench.run(LATENCY);
    assert!(written(&bench));
    bench.run(Duration::from_secs(13));
    bench.release(ZOOKEEPER, b(1));
    bench.run(Duration::from_secs(2));
    assert!(
        bench
            .answer::<ControlledShutdownRequest>(connection, 3)
            .is_some()
    );
    let told = |id| bench.replica(id).leader_epoch();
    assert_eq!([told(1), told(2)], [LeaderEpoch(1), LeaderEpoch(1)]);
    assert_eq!(bench.replica(1).isr(), ids(&[1, 2]));
}
