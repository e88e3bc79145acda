//! One request over TCP, as long as a request may be: it is answered or it costs its connection, the program takes
//! no more memory for it than it can promise, and everybody else is served.

use kafka_playground::protocol::api::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_playground::protocol::api::describe_configs::DescribeConfigsResource;
use kafka_playground::protocol::api::metadata::MetadataRequestTopic;
use kafka_playground::protocol::api::{
    CreateTopicsRequest, DeleteRecordsRequest, DescribeConfigsRequest, FetchRequest,
    MetadataRequest, create_topics, fetch,
};
use kafka_playground::protocol::encode_request;

use super::{Client, Served, eventually, is_well};

const MEGABYTE: u64 = 1024 * 1024;

fn named(name: &str, often: usize) -> MetadataRequest {
    let topic = MetadataRequestTopic {
        name: Some(name.into()),
        ..Default::default()
    };
    MetadataRequest {
        topics: Some(vec![topic; often]),
        ..Default::default()
    }
}

#[test]
fn a_topic_that_is_named_a_million_times_is_described_once() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.create_topic("t", 1_000, 1);
    eventually("all are known", || {
        client.call(&named("t", 1), 1).topics[0].partitions.len() == 1_000
    });
    let before = served.memory();
    let topics = client.call(&named("t", 1_000_000), 1).topics;
    assert_eq!((topics.len(), topics[0].partitions.len()), (1, 1_000));
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 250 * MEGABYTE, "{grown}");
    is_well(&mut client);
}

#[test]
fn an_answer_that_would_be_too_long_costs_its_connection_and_nothing_else() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    is_well(&mut client);
    let before = served.forget_peak();
    for version in [1, 4] {
        let request = DescribeConfigsRequest {
            resources: vec![
                DescribeConfigsResource {
                    resource_type: 4,
                    resource_name: "1".into(),
                    configuration_keys: None,
                };
                500_000
            ],
            include_synonyms: true,
            include_documentation: true,
        };
        let mut greedy = served.connect(1);
        greedy.write(&encode_request(&request, version, 1, None).to_vec());
        assert!(greedy.is_closed());
    }
    let grown = served.peak().saturating_sub(before);
    // What it says of a connection before anybody comes; and what an answer is put together from, of which no more is
    // gathered than fits into one.
    let said = served.said.iter();
    let each = said.filter_map(|line| line.strip_prefix("A connection holds at most "));
    let each = each.filter_map(|rest| rest.split_once(" MiB")?.0.parse::<u64>().ok());
    let each = each.max().expect("it says so");
    assert_eq!(each, 148);
    assert!(grown < (each + 64) * MEGABYTE, "{grown}");
    is_well(&mut client);
}

/// A fetch of so many partitions of which there are none.
fn reading(partitions: i32) -> FetchRequest {
    let partitions = (0..partitions)
        .rev()
        .map(|partition| fetch::FetchPartition {
            partition,
            ..Default::default()
        });
    FetchRequest {
        session_epoch: 0,
        max_bytes: 1,
        topics: vec![fetch::FetchTopic {
            topic: "orders".into(),
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[test]
fn what_fetch_sessions_remember_is_bounded() {
    let served = Served::start(&["--brokers", "1"]);
    let open = |partitions: i32| {
        let mut client = served.connect(1);
        let answer = client.call(&reading(partitions), 12);
        assert_eq!(answer.error_code, 0);
        answer.session_id > 0
    };
    assert!(open(200_000));
    let before = served.memory();
    let opened = (0..20).filter(|_| open(200_000)).count();
    assert!(opened < 4, "{opened}");
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 150 * MEGABYTE, "{grown}");
    is_well(&mut served.connect(1));
}

#[test]
fn more_topics_than_a_cluster_may_have_are_refused() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    let topics = (0..100_000)
        .rev()
        .map(|number| create_topics::CreatableTopic {
            name: format!("topic.{number:05}").into(),
            num_partitions: 10,
            replication_factor: 1,
            ..Default::default()
        });
    let request = CreateTopicsRequest {
        topics: topics.collect(),
        timeout_ms: 15_000,
        ..Default::default()
    };
    let answer = client.call(&request, 5);
    let made = answer.topics.iter().filter(|one| one.error_code == 0);
    assert_eq!(made.count(), 1_000);
    let refused = answer.topics.iter().filter(|one| one.error_code == 44);
    assert_eq!(refused.count(), 99_000);
    is_well(&mut client);
    // Nor is one made because somebody asks for it.
    let mut wish = named("another", 1);
    wish.allow_auto_topic_creation = true;
    assert_eq!(client.call(&wish, 4).topics[0].error_code, 44);
}

#[test]
fn w34_what_stands_before_the_log_start_is_out_of_range() {
    let kept = ["--brokers", "1", "--config", "log.retention.ms=-1"];
    let served = Served::start(&kept);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    for value in ["a", "b", "c"] {
        eventually("it leads", || {
            client.produce("orders", value.as_bytes()).is_ok()
        });
    }
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: "orders".into(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 0,
                offset: 2,
            }],
        }],
        timeout_ms: 10_000,
    };
    let deleted = client.call(&request, 2);
    assert_eq!(deleted.topics[0].partitions[0].low_watermark, 2);
    let from = |client: &mut Client, offset: i64| {
        let mut request = reading(1);
        request.topics[0].partitions[0].fetch_offset = offset;
        let answer = client.call(&request, 12);
        let found = &answer.responses[0].partitions[0];
        (found.error_code, found.log_start_offset)
    };
    assert_eq!(from(&mut client, 1).0, 1);
    assert_eq!(from(&mut client, 2), (0, 2));
}
