//! Metadata, and how topics come to be.

use super::*;
use crate::protocol::api::create_topics::CreatableTopic;
use crate::protocol::api::metadata::MetadataRequestTopic;
use crate::protocol::api::{ApiVersionsRequest, CreateTopicsRequest, MetadataRequest};

pub fn create(name: &str, partitions: i32, factor: i16) -> CreateTopicsRequest {
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: factor,
            ..CreatableTopic::default()
        }],
        timeout_ms: 1_000,
        validate_only: false,
    }
}

pub fn ask_for(topics: &[&str]) -> MetadataRequest {
    let named = |name: &&str| MetadataRequestTopic {
        name: Some((*name).into()),
        ..MetadataRequestTopic::default()
    };
    MetadataRequest {
        topics: Some(topics.iter().map(named).collect()),
        ..MetadataRequest::default()
    }
}

#[test]
fn any_broker_knows_the_cluster() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[1, 2, 3], &[2, 3]]);
    for id in 1..=3 {
        for version in 0..=12 {
            let connection = bench.open(id);
            let response = bench.call(connection, &ask_for(&[TOPIC]), version);
            assert_eq!(response.brokers.len(), 3);
            let topic = &response.topics[0];
            assert_eq!(
                (topic.error_code, topic.partitions.len()),
                (0, 2),
                "v{version}"
            );
            assert_eq!(topic.partitions[1].leader_id, 2);
            assert_eq!(topic.partitions[1].replica_nodes, [2, 3]);
            let controller = if version >= 1 { 1 } else { -1 };
            assert_eq!(response.controller_id, controller);
        }
    }
}

#[test]
fn none_and_all_are_told_apart() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(2);
    let all = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    let none = MetadataRequest {
        topics: Some(vec![]),
        ..MetadataRequest::default()
    };
    assert_eq!(bench.call(connection, &all, 12).topics.len(), 1);
    assert_eq!(bench.call(connection, &none, 12).topics.len(), 0);
    assert_eq!(bench.call(connection, &none, 0).topics.len(), 1);
}

#[test]
fn topics_may_be_asked_for_by_id_from_version_12_on() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(2);
    let by_id = |id| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: TopicId(id),
            name: None,
        }]),
        ..MetadataRequest::default()
    };
    let topic = &bench.call(connection, &by_id([7; 16]), 12).topics[0];
    assert_eq!((topic.error_code, topic.name.as_deref()), (0, Some(TOPIC)));
    let topic = &bench.call(connection, &by_id([1; 16]), 12).topics[0];
    assert_eq!((topic.error_code, topic.name.as_deref()), (100, None));
    let mut named = by_id([7; 16]);
    named.topics.as_mut().expect("topics")[0].name = Some(TOPIC.into());
    assert_eq!(bench.call(connection, &named, 11).topics[0].error_code, 42);
}

#[test]
fn the_controller_creates_what_is_asked_for_and_says_leader_not_available() {
    let mut bench = Bench::new(&[("num.partitions", "2")], &[]);
    let connection = bench.open(1);
    let topic = &bench.call(connection, &ask_for(&["new"]), 9).topics[0];
    assert_eq!((topic.error_code, topic.partitions.len()), (5, 0));
    bench.run_ms(20);
    let topic = &bench.call(connection, &ask_for(&["new"]), 9).topics[0];
    assert_eq!((topic.error_code, topic.partitions.len()), (0, 2));
}

#[test]
fn other_brokers_have_it_created_and_say_unknown_topic() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(3);
    let topic = &bench.call(connection, &ask_for(&["new"]), 9).topics[0];
    assert_eq!(topic.error_code, 3);
    bench.run_ms(30);
    let topic = &bench.call(connection, &ask_for(&["new"]), 9).topics[0];
    assert_eq!((topic.error_code, topic.partitions.len()), (0, 1));
    // The wish is fulfilled, so the next one is a new one.
    assert_eq!(
        bench.call(connection, &ask_for(&["newer"]), 9).topics[0].error_code,
        3
    );
    bench.run_ms(30);
    assert_eq!(
        bench.call(connection, &ask_for(&["newer"]), 9).topics[0].error_code,
        0
    );
}

#[test]
fn creation_can_be_forbidden_by_either_side() {
    let mut bench = Bench::new(&[("auto.create.topics.enable", "false")], &[]);
    let connection = bench.open(1);
    assert_eq!(
        bench.call(connection, &ask_for(&["new"]), 9).topics[0].error_code,
        3
    );
    let mut bench = Bench::new(&[("default.replication.factor", "9")], &[]);
    let connection = bench.open(1);
    let mut request = ask_for(&["new"]);
    assert_eq!(bench.call(connection, &request, 9).topics[0].error_code, 38);
    request.allow_auto_topic_creation = false;
    assert_eq!(bench.call(connection, &request, 9).topics[0].error_code, 3);
    for name in ["", ".", "a/b", "\u{0}"] {
        assert_eq!(
            bench.call(connection, &ask_for(&[name]), 9).topics[0].error_code,
            17,
            "{name}"
        );
    }
}

#[test]
fn w11_an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let named = ApiVersionsRequest {
        client_software_name: "a-client".into(),
        client_software_version: "1.0".into(),
    };
    for (version, request) in [
        (0, &ApiVersionsRequest::default()),
        (1, &ApiVersionsRequest::default()),
        (2, &ApiVersionsRequest::default()),
        (3, &named),
    ] {
        let response = bench.call(connection, request, version);
        assert_eq!(response.error_code, 0);
        assert!(
            response
                .api_keys
                .iter()
                .all(|api| ![4, 6, 56].contains(&api.api_key))
        );
    }
    // API 18, version 99, correlation id 0, no client id, no tagged fields, and a body of its own.
    let bytes = [0, 0, 0, 12, 0, 18, 0, 99, 0, 0, 0, 0, 0xff, 0xff, 0, 77];
    bench.send_bytes(connection, Chunks::from(bytes.to_vec()));
    bench.run_ms(3);
    let response = bench
        .answer::<ApiVersionsRequest>(connection, 0)
        .expect("an answer");
    assert_eq!(response.error_code, 35);
    assert!(!response.api_keys.is_empty());
    assert!(!bench.is_closed(connection));
}

#[test]
fn who_does_not_say_who_it_is_is_not_told_what_is_served() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    for (name, version) in [("", ""), ("-bad", "1"), ("a b", "1"), ("good", "v 1")] {
        let request = ApiVersionsRequest {
            client_software_name: name.into(),
            client_software_version: version.into(),
        };
        let response = bench.call(connection, &request, 3);
        assert_eq!(response.error_code, 42, "{name:?} {version:?}");
        assert!(response.api_keys.is_empty());
    }
    assert!(!bench.is_closed(connection));
}

#[test]
fn the_first_broker_of_all_names_the_cluster() {
    let mut bench = Bench::new(&[], &[]);
    let mut named = Vec::new();
    for id in 1..=3 {
        let connection = bench.open(id);
        let response = bench.call(connection, &ask_for(&[]), 12);
        named.push(response.cluster_id.expect("a name"));
        let request = crate::protocol::api::DescribeClusterRequest {
            endpoint_type: 1,
            ..Default::default()
        };
        let response = bench.call(connection, &request, 1);
        named.push(response.cluster_id);
    }
    assert_eq!(named[0].len(), 22, "as Kafka writes uuids");
    assert!(named.iter().all(|name| *name == named[0]), "{named:?}");
}
