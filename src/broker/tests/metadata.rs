//! Metadata, and how topics come to be.

use super::*;
use crate::protocol::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreateableTopicConfig,
};
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

fn ask_for(topics: &[&str]) -> MetadataRequest {
    let named = |name: &&str| MetadataRequestTopic {
        name: Some((*name).into()),
        ..MetadataRequestTopic::default()
    };
    MetadataRequest {
        topics: Some(topics.iter().map(named).collect()),
        ..MetadataRequest::default()
    }
}

/// Creates on broker 1 and gives the code.
fn created(bench: &mut Bench, request: &CreateTopicsRequest) -> i16 {
    let connection = bench.open(1);
    bench.ask(connection, request, 7);
    bench.run_ms(20);
    let response = bench
        .answer::<CreateTopicsRequest>(connection, 7)
        .expect("an answer");
    response.topics[0].error_code
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
fn topics_are_created_by_the_controller_only() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(2);
    for version in 0..=7 {
        let response = bench.call(connection, &create("new", 1, 1), version);
        assert_eq!(response.topics[0].error_code, 41);
    }
    let connection = bench.open(1);
    bench.ask(connection, &create("new", 2, 3), 7);
    bench.run_ms(20);
    let response = bench
        .answer::<CreateTopicsRequest>(connection, 7)
        .expect("leaders");
    let topic = &response.topics[0];
    assert_eq!(
        (
            topic.error_code,
            topic.num_partitions,
            topic.replication_factor
        ),
        (0, 2, 3)
    );
    assert_ne!(topic.topic_id, TopicId::default());
    let configs = topic.configs.as_ref().expect("settings");
    assert!(configs.iter().any(|config| &*config.name == "retention.ms"));
    assert!(
        bench
            .broker(2)
            .partition(&TopicPartition::new("new", 1))
            .is_some()
    );
}

#[test]
fn every_version_creates_a_topic_and_finds_that_it_is_there() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    for version in 0..=7 {
        let request = create(&format!("new-{version}"), 2, 3);
        for error in [0, 36] {
            bench.ask(connection, &request, version);
            bench.run_ms(20);
            let response = bench
                .answer::<CreateTopicsRequest>(connection, version)
                .expect("an answer");
            let topic = &response.topics[0];
            assert_eq!(topic.error_code, error, "v{version}");
            assert_eq!(
                topic.error_message.is_some(),
                error != 0 && version >= 1,
                "v{version}"
            );
        }
        let made = TopicPartition::new(&format!("new-{version}"), 1);
        assert!(bench.broker(3).partition(&made).is_some(), "v{version}");
    }
}

#[test]
fn w42_every_rule_of_creation_has_its_code() {
    let mut bench = Bench::new(&[], &[]);
    let assigned = |lists: &[(i32, &[i32])]| {
        let mut request = create("new", -1, -1);
        let assignments = lists.iter().map(|(index, ids)| CreatableReplicaAssignment {
            partition_index: *index,
            broker_ids: ids.to_vec(),
        });
        request.topics[0].assignments = assignments.collect();
        request
    };
    let configured = |name: &str, value: Option<&str>| {
        let mut request = create("new", 1, 1);
        request.topics[0].configs = vec![CreateableTopicConfig {
            name: name.into(),
            value: value.map(Into::into),
        }];
        request
    };
    let counted_and_assigned = {
        let mut request = assigned(&[(0, &[1])]);
        request.topics[0].num_partitions = 1;
        request
    };
    let twice = {
        let mut request = create("new", 1, 1);
        request.topics.push(request.topics[0].clone());
        request
    };
    let table = [
        ("no partitions", create("new", 0, 1), 37),
        ("fewer than none", create("new", -2, 1), 37),
        ("too many", create("new", 1_001, 1), 44),
        ("far too many", create("new", 1_000_000_000, 1), 44),
        ("no replicas", create("new", 1, 0), 38),
        ("more replicas than brokers", create("new", 1, 4), 38),
        ("twice in one request", twice, 42),
        ("it exists", create(TOPIC, 1, 1), 36),
        ("no name", create("", 1, 1), 17),
        ("dots", create("..", 1, 1), 17),
        ("a slash", create("a/b", 1, 1), 17),
        ("a long name", create(&"x".repeat(250), 1, 1), 17),
        ("counts and lists", counted_and_assigned, 42),
        ("a gap", assigned(&[(0, &[1]), (2, &[2])]), 39),
        ("not from 0", assigned(&[(1, &[1])]), 39),
        ("a broker twice", assigned(&[(0, &[1, 1])]), 39),
        (
            "different factors",
            assigned(&[(0, &[1]), (1, &[2, 3])]),
            39,
        ),
        ("an empty list", assigned(&[(0, &[])]), 39),
        ("a null setting", configured("retention.ms", None), 40),
        ("no such setting", configured("colour", Some("red")), 40),
        ("a bad value", configured("retention.ms", Some("soon")), 40),
    ];
    for (what, mut request, expected) in table {
        assert_eq!(created(&mut bench, &request), expected, "{what}");
        request.validate_only = true;
        assert_eq!(
            created(&mut bench, &request),
            expected,
            "{what}, only checked"
        );
    }
    let mut checked = create("new", 1, 1);
    checked.validate_only = true;
    assert_eq!(created(&mut bench, &checked), 0);
    assert!(
        bench
            .broker(1)
            .metadata()
            .topic(&TopicName::new("new"))
            .is_none()
    );
    assert_eq!(
        created(&mut bench, &assigned(&[(0, &[3, 1]), (1, &[2, 3])])),
        0
    );
    let name = TopicPartition::new("new", 0);
    assert_eq!(
        bench
            .broker(1)
            .metadata()
            .partition(&name)
            .map(|p| p.leader),
        Some(BrokerId(3))
    );
    assert_eq!(created(&mut bench, &create("a.b", 1, 1)), 0);
    assert_eq!(
        created(&mut bench, &create("a_b", 1, 1)),
        17,
        "looks like a.b"
    );
}

#[test]
fn w42_a_creation_that_may_take_no_time_is_done_and_called_late() {
    let mut bench = Bench::new(&[], &[]);
    let mut request = create("new", 1, 1);
    request.timeout_ms = 0;
    assert_eq!(created(&mut bench, &request), 7);
    bench.run_ms(50);
    assert!(
        bench
            .broker(2)
            .metadata()
            .topic(&TopicName::new("new"))
            .is_some()
    );
}

#[test]
fn a_creation_waits_no_longer_than_it_may() {
    let mut bench = Bench::new(&[], &[]);
    // The controller's own broker never hears of the topic.
    bench.hold(b(1), b(1));
    let connection = bench.open(1);
    bench.ask(connection, &create("new", 1, 1), 7);
    bench.run_ms(900);
    assert!(bench.answer::<CreateTopicsRequest>(connection, 7).is_none());
    bench.run_ms(200);
    let response = bench
        .answer::<CreateTopicsRequest>(connection, 7)
        .expect("the timeout");
    assert_eq!(response.topics[0].error_code, 7);
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

/// Partitions and their replicas.
type Lists<'a> = &'a [(i32, &'a [i32])];

fn refused(bench: &mut Bench, request: &CreateTopicsRequest) -> (i16, String) {
    let connection = bench.open(1);
    bench.ask(connection, request, 7);
    bench.run_ms(20);
    let response = bench.answer::<CreateTopicsRequest>(connection, 7);
    let topics = response.expect("an answer").topics;
    let why = topics[0].error_message.as_deref().unwrap_or_default();
    (topics[0].error_code, why.to_owned())
}

#[test]
fn who_may_not_have_a_topic_is_told_why_in_kafkas_words() {
    let mut bench = Bench::new(&[], &[]);
    let name = "Topic name is invalid: 'x y' contains one or more characters other than ASCII \
                alphanumerics, '.', '_' and '-'";
    let larger = "Replication factor: 4 larger than available brokers: 3.";
    for (request, code, why) in [
        (create(TOPIC, 1, 1), 36, "Topic 'orders' already exists."),
        (create("x y", 1, 1), 17, name),
        (
            create("..", 1, 1),
            17,
            "Topic name is invalid: '..' is not allowed",
        ),
        (create("new", 1, 4), 38, larger),
        (
            create("new", 0, 1),
            37,
            "Number of partitions must be larger than 0.",
        ),
        (
            create("__cluster_metadata", 1, 1),
            29,
            "Authorization failed.",
        ),
    ] {
        assert_eq!(refused(&mut bench, &request), (code, why.to_owned()));
    }
    let mut both = create("new", 1, 1);
    both.topics.push(both.topics[0].clone());
    let twice = "Found multiple entries for this topic.";
    assert_eq!(refused(&mut bench, &both), (42, twice.to_owned()));
    let mut assigned = create("new", -1, -1);
    let lists: [(Lists<'_>, i16, &str); 6] = [
        (
            &[(0, &[1, 2]), (1, &[3])],
            39,
            "All partitions should have the same number of replicas",
        ),
        (
            &[(1, &[2, 3]), (0, &[1, 1])],
            39,
            "Duplicate replica assignment found: \
             Map(0 -> ArrayBuffer(1, 1), 1 -> ArrayBuffer(2, 3))",
        ),
        (
            &[(0, &[1]), (2, &[2])],
            39,
            "partitions should be a consecutive 0-based integer sequence",
        ),
        (&[(0, &[])], 39, "Every partition needs replicas."),
        (&[(0, &[-1])], 39, "Every partition needs replicas."),
        // Of a partition that is listed twice the last list counts.
        (&[(0, &[1]), (0, &[3])], 0, ""),
    ];
    for (lists, code, why) in lists {
        let lists = lists.iter().map(|(index, ids)| CreatableReplicaAssignment {
            partition_index: *index,
            broker_ids: ids.to_vec(),
        });
        assigned.topics[0].assignments = lists.collect();
        assert_eq!(refused(&mut bench, &assigned), (code, why.to_owned()));
    }
    let image = bench.broker(2).metadata();
    let known = image.partition(&TopicPartition::new("new", 0));
    assert_eq!(known.map(|known| known.leader), Some(BrokerId(3)));
    assigned.topics[0].name = "other".into();
    assigned.topics[0].num_partitions = 1;
    let both = "Both numPartitions or replicationFactor and replicasAssignments were set. \
                Both cannot be used at the same time.";
    assert_eq!(refused(&mut bench, &assigned), (42, both.to_owned()));
    let mut unset = create("other", 1, 1);
    unset.topics[0].configs = ["segment.bytes", "segment.ms"]
        .map(|name| CreateableTopicConfig {
            name: name.into(),
            value: None,
        })
        .into();
    let null = "Null value not supported for topic configs: segment.bytes,segment.ms";
    assert_eq!(refused(&mut bench, &unset), (40, null.to_owned()));
}

#[test]
fn the_log_of_krafts_controllers_is_not_made_by_request_but_for_who_asks_of_it() {
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let response = bench.call(connection, &create("__cluster_metadata", 1, 1), 7);
    assert_eq!(response.topics[0].topic_config_error_code, 29);
    let name = TopicName::new("__cluster_metadata");
    assert!(bench.broker(1).metadata().topic(&name).is_none());
    let elsewhere = bench.open(2);
    let response = bench.call(elsewhere, &create("__cluster_metadata", 1, 1), 7);
    assert_eq!(response.topics[0].error_code, 41);
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
