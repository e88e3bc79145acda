//! CreateTopics: who may have which topic, and what he is told.

use super::metadata::{ask_for, create};
use super::*;
use crate::protocol::api::create_topics::{CreatableReplicaAssignment, CreateableTopicConfig};
use crate::protocol::api::{CreateTopicsRequest, DeleteTopicsRequest};

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
    let connection = bench.open(1);
    bench.ask(connection, &request, 7);
    bench.run_ms(20);
    let answer = bench.answer::<CreateTopicsRequest>(connection, 7);
    let told = answer.expect("an answer").topics.remove(0);
    assert_eq!((told.error_code, told.num_partitions), (7, -1));
    assert_eq!((told.replication_factor, told.configs), (-1, Some(vec![])));
    assert_ne!(told.topic_id, TopicId::default());
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
    // Every mention is answered, and what is named once is made.
    both.topics
        .insert(1, create("newest", 1, 1).topics.remove(0));
    let connection = bench.open(1);
    bench.ask(connection, &both, 7);
    bench.run_ms(20);
    let response = bench.answer::<CreateTopicsRequest>(connection, 7);
    let told = response.expect("an answer").topics;
    let told = told.iter().map(|one| (&*one.name, one.error_code));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("new", 42), ("newest", 0), ("new", 42)]);
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
            "Duplicate replica assignment found: HashMap(0 -> ArrayBuffer(1, 1), 1 -> ArrayBuffer(2, 3))",
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
    for code in [5, 0] {
        let response = bench.call(connection, &ask_for(&["__cluster_metadata"]), 9);
        assert_eq!(response.topics[0].error_code, code);
        bench.run_ms(20);
    }
}

#[test]
fn what_is_marked_for_deletion_is_there_until_it_is_gone() {
    let mut bench = Bench::with_replicas(&[], &[], &[&[2, 3]]);
    // Broker 3 hears nothing, so its replica cannot go.
    bench.hold(b(1), b(3));
    let admin = bench.open(1);
    let delete = DeleteTopicsRequest {
        topic_names: vec![TOPIC.into()],
        ..DeleteTopicsRequest::default()
    };
    bench.ask(admin, &delete, 5);
    bench.run_ms(20);
    let marked = "Topic 'orders' is marked for deletion.".to_owned();
    assert_eq!(refused(&mut bench, &create(TOPIC, 1, 1)), (36, marked));
    // What is wrong with its numbers is found before that.
    let larger = "Replication factor: 4 larger than available brokers: 3.".to_owned();
    assert_eq!(refused(&mut bench, &create(TOPIC, 1, 4)), (38, larger));
    bench.release(b(1), b(3));
    bench.run_ms(20);
    assert_eq!(created(&mut bench, &create(TOPIC, 1, 1)), 0);
}
