//! What admin clients ask for, and what becomes of those who wait meanwhile.

use super::*;
use crate::controller::{Controller, Rules, Setup as ControllerSetup};
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use crate::protocol::api::create_partitions::{CreatePartitionsAssignment, CreatePartitionsTopic};
use crate::protocol::api::delete_topics::DeleteTopicState;
use crate::protocol::api::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::protocol::api::{
    AlterPartitionReassignmentsRequest, ControlledShutdownRequest, CreatePartitionsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest,
    ListPartitionReassignmentsRequest, MetadataRequest,
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

#[test]
fn who_wants_all_leaders_elected_elsewhere_is_told_so_of_each_partition() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1, 2, 3], &[2, 3, 1]]);
    let elsewhere = bench.open(2);
    let all = ElectLeadersRequest {
        topic_partitions: None,
        ..ElectLeadersRequest::default()
    };
    let response = bench.call(elsewhere, &all, 2);
    assert_eq!(response.error_code, 0);
    let [orders] = &response.replica_election_results[..] else {
        panic!("one topic: {response:?}");
    };
    assert_eq!(&*orders.topic, TOPIC);
    let told = orders.partition_result.iter();
    let told: Vec<_> = told.map(|one| (one.partition_id, one.error_code)).collect();
    assert_eq!(told, [(0, 41), (1, 41)]);
}

#[test]
fn a_topic_that_is_named_twice_is_deleted_once_and_told_of_twice() {
    let codes = |bench: &mut Bench, request: &DeleteTopicsRequest, version| {
        let admin = bench.open(1);
        bench.ask(admin, request, version);
        bench.run_ms(1_200);
        let answer = bench.answer::<DeleteTopicsRequest>(admin, version);
        let results = answer.expect("an answer").responses;
        let codes = results.iter().map(|one| one.error_code);
        let ids = results.iter().map(|one| one.topic_id);
        (codes.collect::<Vec<_>>(), ids.collect::<Vec<_>>())
    };
    let mut bench = Bench::new(&[], &[]);
    let mut twice = delete();
    twice.topic_names = [TOPIC, "tea", TOPIC, "tea"].map(Into::into).to_vec();
    assert_eq!(codes(&mut bench, &twice, 5).0, [0, 3, 0, 3]);
    assert!(
        bench
            .broker(2)
            .metadata()
            .topic(&TopicName::new(TOPIC))
            .is_none()
    );
    // What becomes of it is told where it is named first.
    let mut bench = Bench::new(&[], &[]);
    twice.timeout_ms = 0;
    assert_eq!(codes(&mut bench, &twice, 5).0, [7, 3, 0, 3]);
    // By name and by id, by neither, by both.
    let mut bench = Bench::new(&[], &[]);
    let image = bench.broker(1).metadata();
    let topic_id = image.topic(&TopicName::new(TOPIC)).expect("the topic").id;
    let state = |name: Option<&str>, topic_id| DeleteTopicState {
        name: name.map(Into::into),
        topic_id,
    };
    let none = crate::model::TopicId::default();
    let mut listed = DeleteTopicsRequest {
        topics: vec![
            state(None, none),
            state(None, topic_id),
            state(Some(TOPIC), topic_id),
            state(None, crate::model::TopicId([9; 16])),
        ],
        timeout_ms: 1_000,
        ..DeleteTopicsRequest::default()
    };
    assert_eq!(codes(&mut bench, &listed, 6).0, [42; 4]);
    listed.topics[2].topic_id = none;
    let (told, ids) = codes(&mut bench, &listed, 6);
    assert_eq!(told, [29, 0, 0, 100]);
    // Who is not the controller has not looked whose id it is.
    let elsewhere = bench.open(2);
    let answer = bench.call(elsewhere, &listed, 6);
    let answer = answer.responses.iter();
    let answer: Vec<_> = answer
        .map(|one| (one.name.as_deref(), one.error_code))
        .collect();
    assert_eq!(
        answer,
        [(None, 41), (None, 41), (Some(TOPIC), 41), (None, 41)]
    );
    // Who has named a topic is not told its id.
    assert_eq!(ids[1..3], [topic_id, none]);
}

#[test]
fn who_may_not_let_a_topic_grow_is_told_why_in_kafkas_words() {
    let mut bench = Bench::new(&[], &[]);
    let refusals = |bench: &mut Bench, broker, request: &CreatePartitionsRequest| {
        let admin = bench.open(broker);
        bench.ask(admin, request, 3);
        bench.run_ms(100);
        let answer = bench.answer::<CreatePartitionsRequest>(admin, 3);
        let results = answer.expect("an answer").results.into_iter();
        let told = results.map(|one| {
            let why = one.error_message.as_deref().unwrap_or_default().to_owned();
            (one.error_code, why)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(refusals(&mut bench, 1, &grow(3)), [(0, String::new())]);
    let lists = |lists: &[&[i32]]| {
        let mut request = grow(5);
        let lists = lists.iter().map(|ids| CreatePartitionsAssignment {
            broker_ids: ids.to_vec(),
        });
        request.topics[0].assignments = Some(lists.collect());
        request
    };
    let mut unknown = grow(3);
    unknown.topics[0].name = "tea".into();
    for (request, code, why) in [
        (unknown, 3, "The topic 'tea' does not exist."),
        (grow(3), 37, "Topic already has 3 partitions."),
        (
            grow(-1),
            37,
            "Topic currently has 3 partitions, which is higher than the requested -1.",
        ),
        (
            grow(1_001),
            44,
            "A topic of this cluster has at most 1000 partitions.",
        ),
        (
            lists(&[&[1, 2, 3]]),
            39,
            "Increasing the number of partitions by 2 but 1 assignments provided.",
        ),
        (
            lists(&[&[1, 9, 3], &[8, 2, 1], &[]]),
            39,
            "Unknown broker(s) in replica assignment: 8, 9.",
        ),
        (
            lists(&[&[1, 2, 3], &[]]),
            39,
            "Cannot have replication factor of 0 for partition id 4.",
        ),
        (
            lists(&[&[1, 2, 2], &[1, 2, 3]]),
            39,
            "Duplicate brokers not allowed in replica assignment: 1, 2, 2 for partition id 3.",
        ),
        (
            lists(&[&[1, 2], &[3]]),
            39,
            "Inconsistent replication factor between partitions, partition 0 has 3 while \
             partitions [3, 4] have replication factors [2, 1], respectively.",
        ),
    ] {
        assert_eq!(refusals(&mut bench, 1, &request), [(code, why.to_owned())]);
    }
    let mut twice = grow(4);
    twice.topics.push(twice.topics[0].clone());
    let duplicate = (42, "Duplicate topic in request.".to_owned());
    assert_eq!(refusals(&mut bench, 1, &twice), [duplicate]);
    assert_eq!(refusals(&mut bench, 2, &twice), [(41, String::new())]);
    // A replica that is away keeps the topic from going.
    bench.hold(b(1), b(3));
    let admin = bench.open(1);
    bench.ask(admin, &delete(), 5);
    bench.run_ms(100);
    let queued = (17, "The topic is queued for deletion.".to_owned());
    assert_eq!(refusals(&mut bench, 1, &grow(4)), [queued]);
}
