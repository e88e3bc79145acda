//! Well-formed requests over TCP with bad content: an error code, and nothing else changes.
//!
//! Every rule of creation (W42) is in `broker::tests::metadata`, and who answers for offsets (W45) in
//! `broker::tests::consuming`; here is one of each code.

use std::time::{Duration, Instant};

use kafka_playground::protocol::api::create_topics::{
    CreatableReplicaAssignment, CreateableTopicConfig,
};
use kafka_playground::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_playground::protocol::api::metadata::MetadataRequestTopic;
use kafka_playground::protocol::api::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteRecordsRequest, FetchRequest,
    ListOffsetsRequest, MetadataRequest, create_topics, delete_records, fetch,
};
use kafka_playground::protocol::records::read_whole_batches;
use kafka_playground::protocol::{Chunks, encode_request};

use super::{Client, Served, eventually, is_well, request};

fn with_topic(values: &[&str]) -> (Served, Client) {
    // What is produced here is years old.
    let kept = ["--brokers", "1", "--config", "log.retention.ms=-1"];
    let served = Served::start(&kept);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    for value in values {
        eventually("it leads", || {
            client.produce("orders", value.as_bytes()).is_ok()
        });
    }
    (served, client)
}

pub fn fetch(offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition = fetch::FetchPartition {
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![fetch::FetchTopic {
            topic: "orders".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn count(records: Option<&Chunks>) -> usize {
    let batches = records.map(|records| read_whole_batches(records).expect("batches"));
    batches.map_or(0, |batches| batches.len())
}

#[test]
fn w32_names_that_no_topic_has_are_refused() {
    let (served, mut client) = with_topic(&["first"]);
    let long = "x".repeat(250);
    for name in ["", ".", "..", &long, "a/b", "\u{0}", "größe", "a b"] {
        let topic = MetadataRequestTopic {
            name: Some(name.into()),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: true,
            ..Default::default()
        };
        let answer = client.call(&request, 9);
        assert_eq!(answer.topics[0].error_code, 17, "{name:?}");
        // Kafka looks for the partition before it looks at the name.
        assert_eq!(client.produce(name, b"x"), Err(3), "{name:?}");
    }
    // Kafka's own topic may be read, not written.
    super::members::coordinated(&mut client);
    assert_eq!(client.produce("__consumer_offsets", b"x"), Err(17));
    let all = served.connect(1).call(
        &MetadataRequest {
            topics: None,
            ..Default::default()
        },
        1,
    );
    assert_eq!(all.topics.len(), 2, "nothing was created");
}

#[test]
fn w34_a_fetch_asks_for_what_it_likes_and_gets_what_there_is() {
    let (served, mut producer) = with_topic(&["a", "b", "c"]);
    let mut client = served.connect(1);
    let table = [
        // offset, max bytes, bytes of the partition, error, batches
        (-5, 1 << 20, 1 << 20, 1, 0),
        (4, 1 << 20, 1 << 20, 1, 0),
        (i64::MAX, 1 << 20, 1 << 20, 1, 0),
        (0, 1 << 20, 1 << 20, 0, 3),
        // The first batch comes however little is asked for.
        (0, 0, 0, 0, 1),
        (0, -1, -1, 0, 1),
        (0, 1, i32::MAX, 0, 1),
    ];
    for (offset, max_bytes, of_partition, error, batches) in table {
        let mut request = fetch(offset, 0);
        request.max_bytes = max_bytes;
        request.topics[0].partitions[0].partition_max_bytes = of_partition;
        let answer = client.call(&request, 12);
        let found = &answer.responses[0].partitions[0];
        let seen = (found.error_code, count(found.records.as_ref()));
        assert_eq!(seen, (error, batches), "from {offset}");
    }
    // What was deleted is not there either, whoever asks.
    let until = delete_records::DeleteRecordsPartition {
        partition_index: 0,
        offset: 2,
    };
    let deleting = DeleteRecordsRequest {
        topics: vec![delete_records::DeleteRecordsTopic {
            name: "orders".into(),
            partitions: vec![until],
        }],
        timeout_ms: 5_000,
    };
    let deleted = client.call(&deleting, 1);
    let deleted = &deleted.topics[0].partitions[0];
    assert_eq!((deleted.error_code, deleted.low_watermark), (0, 2));
    for (offset, error, batches) in [(1, 1, 0), (2, 0, 1)] {
        let answer = client.call(&fetch(offset, 0), 12);
        let found = &answer.responses[0].partitions[0];
        let seen = (found.error_code, count(found.records.as_ref()));
        assert_eq!(seen, (error, batches), "from {offset}");
    }
    // More bytes than may ever come are not waited for longer than the fetch says.
    let mut greedy = fetch(2, 300);
    greedy.min_bytes = i32::MAX;
    let since = Instant::now();
    client.call(&greedy, 12);
    let waited = since.elapsed();
    assert!(
        waited >= Duration::from_millis(300) && waited < Duration::from_secs(3),
        "{waited:?}"
    );
    // The longest wait is a wait like any other: something new ends it.
    let waits = std::thread::spawn(move || client.call(&fetch(3, i32::MAX), 12));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(producer.produce("orders", b"d"), Ok(3));
    let answer = waits.join().expect("an answer");
    assert_eq!(count(answer.responses[0].partitions[0].records.as_ref()), 1);
}

#[test]
fn w34_a_hundred_thousand_partitions_are_answered_one_by_one() {
    let (served, mut client) = with_topic(&["a"]);
    let before = served.forget_peak();
    let mut request = fetch(0, 1_000);
    let wanted = request.topics[0].partitions[0].clone();
    request.topics[0].partitions = vec![wanted; 100_000];
    for (index, partition) in request.topics[0].partitions.iter_mut().enumerate() {
        partition.partition = index as i32;
    }
    let answer = client.call(&request, 12);
    let answers = &answer.responses[0].partitions;
    assert_eq!(answers.len(), 100_000);
    assert_eq!(count(answers[0].records.as_ref()), 1);
    assert!(answers[1..].iter().all(|answer| answer.error_code == 3));
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 56_000_000, "{grown}");
}

#[test]
fn w35_sessions_that_are_unknown_or_out_of_step_are_refused() {
    let (_served, mut client) = with_topic(&["a"]);
    let mut ask = |session_id, session_epoch| {
        let request = FetchRequest {
            session_id,
            session_epoch,
            ..fetch(0, 0)
        };
        let answer = client.call(&request, 12);
        (answer.error_code, answer.session_id)
    };
    assert_eq!(ask(0, -1), (0, 0), "none is wanted");
    assert_eq!(ask(5, 3), (70, 0), "nobody knows it");
    assert_eq!(ask(5, -1), (0, 0), "nobody has to know what is closed");
    let (error, id) = ask(0, 0);
    assert!(error == 0 && id > 0);
    assert_eq!(ask(id, 1), (0, id));
    assert_eq!(ask(id, 1), (71, 0), "said before");
    assert_eq!(ask(id, 3), (71, 0), "said too early");
    assert_eq!(ask(id, 2), (0, id), "neither changed anything");
    assert_eq!(ask(id, -1), (0, 0));
    assert_eq!(ask(id, 3), (70, 0), "closed");
}

#[test]
fn w36_a_client_that_fetches_as_a_replica_is_not_listened_to() {
    let served = Served::start(&["--brokers", "3"]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 3);
    let mut leader = 0;
    eventually("somebody leads", || {
        let found = super::clean::leader(&mut client, "orders");
        leader = found.unwrap_or(0);
        leader > 0
    });
    for version in [4, 12, 16] {
        for replica in [1, 2, 3] {
            let mut forger = served.connect(leader);
            let mut request = fetch(1_000, 0);
            (request.replica_id, request.replica_state.replica_id) = (replica, replica);
            let bytes = encode_request(&request, version, 1, None);
            forger.write(&bytes.to_vec());
            assert!(forger.is_closed(), "version {version}");
        }
    }
    // What only replicas may say about how far they are has moved nothing.
    let mut producer = served.connect(leader);
    eventually("a record is taken", || {
        producer.produce("orders", b"a").is_ok()
    });
    let answer = producer.call(&fetch(0, 1_000), 12);
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 1);
}

fn created(client: &mut Client, topic: create_topics::CreatableTopic, timeout_ms: i32) -> i16 {
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms,
        ..Default::default()
    };
    client.call(&request, 7).topics[0].error_code
}

#[test]
fn w42_every_code_of_creation_comes_over_tcp() {
    let (_served, mut client) = with_topic(&["a"]);
    let counted = |name: &str, partitions: i32, copies: i16| create_topics::CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: copies,
        ..Default::default()
    };
    let assigned = |lists: &[(i32, &[i32])]| create_topics::CreatableTopic {
        assignments: (lists.iter())
            .map(|(partition_index, ids)| CreatableReplicaAssignment {
                partition_index: *partition_index,
                broker_ids: ids.to_vec(),
            })
            .collect(),
        ..counted("new", -1, -1)
    };
    let configured = |name: &str, value: &str| create_topics::CreatableTopic {
        configs: vec![CreateableTopicConfig {
            name: name.into(),
            value: Some(value.into()),
        }],
        ..counted("new", 1, 1)
    };
    let mut both = assigned(&[(0, &[1])]);
    both.num_partitions = 1;
    for (what, topic, expected) in [
        ("no partitions", counted("new", 0, 1), 37),
        ("far too many", counted("new", 1_000_000_000, 1), 44),
        ("no replicas", counted("new", 1, 0), 38),
        ("more replicas than brokers", counted("new", 1, 2), 38),
        ("it exists", counted("orders", 1, 1), 36),
        ("no name", counted("", 1, 1), 17),
        ("counts and lists", both, 42),
        ("a gap", assigned(&[(0, &[1]), (2, &[1])]), 39),
        ("no such setting", configured("colour", "red"), 40),
        // It is made all the same.
        ("no time at all", counted("late", 1, 1), 7),
    ] {
        let timeout = if expected == 7 { 0 } else { 10_000 };
        assert_eq!(created(&mut client, topic, timeout), expected, "{what}");
    }
    let twice = CreateTopicsRequest {
        topics: vec![counted("new", 1, 1), counted("new", 1, 1)],
        timeout_ms: 10_000,
        ..Default::default()
    };
    assert_eq!(client.call(&twice, 7).topics[0].error_code, 42);
    eventually("one topic was made", || {
        let all = MetadataRequest {
            topics: None,
            ..Default::default()
        };
        let topics = client.call(&all, 1).topics;
        let mut names: Vec<&str> = topics
            .iter()
            .filter_map(|topic| topic.name.as_deref())
            .collect();
        names.sort_unstable();
        names == ["late", "orders"]
    });
}

#[test]
fn w43_sasl_where_there_is_none_is_answered() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    for version in [0, 1] {
        client.write(&request(17, version, &[0, 5, b'P', b'L', b'A', b'I', b'N']));
        // Correlation id 1, ILLEGAL_SASL_STATE, no mechanisms.
        assert_eq!(client.read(), [0, 0, 0, 1, 0, 34, 0, 0, 0, 0]);
        is_well(&mut client);
    }
}

#[test]
fn w45_times_that_are_none_are_refused_by_version() {
    let (_served, mut client) = with_topic(&["a"]);
    const THEN: i64 = 1_700_000_000_000;
    for (version, timestamp, error, offset) in [
        (7, -3, 0, 0),
        (6, -3, 35, -1),
        (8, -100, 35, -1),
        (4, THEN, 0, 0),
        (4, i64::MAX, 0, -1),
    ] {
        let partition = ListOffsetsPartition {
            timestamp,
            ..Default::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: "orders".into(),
                partitions: vec![partition],
            }],
            ..Default::default()
        };
        let answer = client.call(&request, version);
        let found = &answer.topics[0].partitions[0];
        assert_eq!(
            (found.error_code, found.offset),
            (error, offset),
            "{timestamp} v{version}"
        );
    }
}

#[test]
fn what_waits_behind_another_request_is_asked_as_soon_as_that_is_answered() {
    let (_served, mut client) = with_topic(&["a"]);
    // Nothing else happens meanwhile that would have anybody look.
    let short = encode_request(&ApiVersionsRequest::default(), 0, 1, None).to_vec();
    let since = Instant::now();
    client.write(&short.repeat(20));
    (0..20).for_each(|_| drop(client.read()));
    let took = since.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");
    // Each waits for what does not come.
    let waits = encode_request(&fetch(1, 50), 12, 1, None).to_vec();
    let since = Instant::now();
    client.write(&waits.repeat(10));
    (0..10).for_each(|_| drop(client.read()));
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}
