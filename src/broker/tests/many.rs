//! A hundred thousand of everything, in the order that is no help: an answer comes, and no answer is longer than
//! it may be.
//!
//! No time is measured: a handler that looks through the whole request for each of its parts takes minutes for any of
//! these.

use super::*;
use crate::protocol::api::create_topics::{CreatableTopic, CreateableTopicConfig};
use crate::protocol::api::describe_configs::DescribeConfigsResource;
use crate::protocol::api::join_group::JoinGroupRequestProtocol;
use crate::protocol::api::metadata::MetadataRequestTopic;
use crate::protocol::api::offset_fetch::OffsetFetchRequestGroup;
use crate::protocol::api::*;

const MANY: usize = 100_000;

/// Names that no topic has, in descending order.
fn names() -> impl Iterator<Item = Text> + Clone {
    (0..MANY)
        .rev()
        .map(|number| format!("name-{number:06}").into())
}

/// One partition of each of them.
fn indexes() -> impl Iterator<Item = i32> {
    (0..MANY as i32).rev()
}

fn call<R: Request>(bench: &mut Bench, to: i32, request: &R, version: i16) -> R::Response {
    let connection = bench.open(to);
    bench.call(connection, request, version)
}

/// Asks for more than can be said: the connection is closed, and the facts say why.
fn is_too_long<R: Request>(bench: &mut Bench, request: &R, version: i16) {
    let connection = bench.open(1);
    bench.ask(connection, request, version);
    bench.run_ms(100);
    assert!(bench.is_closed(connection));
    assert!(bench.noted(1, |fact| match fact {
        Fact::RequestRejected {
            connection: at,
            why,
        } => *at == connection.other_end() && why.ends_with("would be longer than 32 MiB"),
        _ => false,
    }));
    let answers = bench.facts.iter().filter(|(_, _, fact)| match fact {
        Fact::ResponseSent { connection: at, .. } => *at == connection.other_end(),
        _ => false,
    });
    assert_eq!(answers.count(), 0);
    assert_eq!(bench.produce_now(1, -1, "nobody else is concerned").0, 0);
}

#[test]
fn metadata_describes_each_topic_once() {
    let mut bench = Bench::new(&[], &[]);
    let named = |name: Text| MetadataRequestTopic {
        name: Some(name),
        ..MetadataRequestTopic::default()
    };
    let often = std::iter::repeat_n(Text::from(TOPIC), MANY);
    let request = MetadataRequest {
        topics: Some(often.chain(names()).map(named).collect()),
        ..MetadataRequest::default()
    };
    let topics = call(&mut bench, 2, &request, 9).topics;
    assert_eq!(topics.len(), 1 + MANY);
    assert_eq!((topics[0].error_code, topics[0].partitions.len()), (0, 1));
    assert!(topics[1..].iter().all(|topic| topic.error_code == 3));
    assert_eq!(
        topics[1].name,
        names().next(),
        "in the order of the request"
    );
    // By id a topic is one, whatever names stand beside the id.
    let by_id = names().map(|name| MetadataRequestTopic {
        topic_id: TopicId([7; 16]),
        ..named(name)
    });
    let request = MetadataRequest {
        topics: Some(by_id.collect()),
        ..MetadataRequest::default()
    };
    let topics = call(&mut bench, 2, &request, 12).topics;
    assert_eq!(topics.len(), 1);
    assert_eq!(topics[0].name.as_deref(), Some(TOPIC));
}

#[test]
fn settings_are_described_until_the_answer_is_full() {
    let mut bench = Bench::new(&[], &[]);
    let resource = |kind, name: Text, key: &str| DescribeConfigsResource {
        resource_type: kind,
        resource_name: name,
        configuration_keys: (!key.is_empty()).then(|| vec![key.into()]),
    };
    let ask = |resources: Vec<DescribeConfigsResource>| DescribeConfigsRequest {
        resources,
        include_synonyms: true,
        include_documentation: true,
    };
    let unknown = ask(names().map(|name| resource(2, name, "")).collect());
    let results = call(&mut bench, 2, &unknown, 4).results;
    assert_eq!(results.len(), MANY);
    assert!(results.iter().all(|result| result.error_code == 3));
    // Kafka answers each mention, and so does it here as long as there is room; ZooKeeper is asked once.
    let often = vec![resource(2, TOPIC.into(), "retention.ms"); 10_000];
    let connection = bench.open(2);
    bench.ask(connection, &ask(often), 4);
    bench.run_ms(20);
    let answer = bench.answer::<DescribeConfigsRequest>(connection, 4);
    let results = answer.expect("an answer").results;
    assert_eq!(results.len(), 10_000);
    assert!(results.iter().all(|result| result.configs.len() == 1));
    is_too_long(&mut bench, &ask(vec![resource(4, "1".into(), ""); MANY]), 4);
    is_too_long(
        &mut bench,
        &ask(vec![resource(2, TOPIC.into(), ""); MANY]),
        4,
    );
}

#[test]
fn settings_are_changed_one_by_one() {
    use crate::protocol::api::{alter_configs, incremental_alter_configs};
    let mut bench = Bench::new(&[], &[]);
    let request = AlterConfigsRequest {
        resources: names()
            .map(|resource_name| alter_configs::AlterConfigsResource {
                resource_type: 2,
                resource_name,
                configs: Vec::new(),
            })
            .collect(),
        ..AlterConfigsRequest::default()
    };
    let responses = call(&mut bench, 2, &request, 2).responses;
    assert_eq!(responses.len(), MANY);
    assert!(responses.iter().all(|response| response.error_code == 3));
    // As many settings of one topic, none of which there is.
    let configs = names().map(|name| incremental_alter_configs::AlterableConfig {
        name,
        config_operation: 0,
        value: Some("1".into()),
    });
    let request = IncrementalAlterConfigsRequest {
        resources: vec![incremental_alter_configs::AlterConfigsResource {
            resource_type: 2,
            resource_name: TOPIC.into(),
            configs: configs.collect(),
        }],
        ..IncrementalAlterConfigsRequest::default()
    };
    let connection = bench.open(2);
    bench.ask(connection, &request, 1);
    bench.run_ms(20);
    let answer = bench.answer::<IncrementalAlterConfigsRequest>(connection, 1);
    assert_eq!(answer.expect("an answer").responses[0].error_code, 40);
}

fn creating(names: impl Iterator<Item = Text>) -> CreateTopicsRequest {
    let topics = names.map(|name| CreatableTopic {
        name,
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    });
    CreateTopicsRequest {
        topics: topics.collect(),
        timeout_ms: 1_000,
        validate_only: true,
    }
}

#[test]
fn topics_are_created_as_far_as_there_is_room() {
    let mut bench = Bench::new(&[], &[]);
    let elsewhere = call(&mut bench, 2, &creating(names()), 7).topics;
    assert_eq!(elsewhere.len(), MANY);
    assert!(elsewhere.iter().all(|topic| topic.error_code == 41));
    // One partition is there already.
    let topics = call(&mut bench, 1, &creating(names()), 7).topics;
    let errors: Vec<i16> = topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(errors.len(), MANY);
    assert!(errors[..9_999].iter().all(|error| *error == 0));
    assert!(errors[9_999..].iter().all(|error| *error == 44));
    // These might look like others in the names of metrics; and who is named twice is refused twice.
    let dotted = names().map(|name| Text::from(name.replace('-', ".")));
    let topics = call(&mut bench, 1, &creating(dotted.clone()), 7).topics;
    assert!(topics[..9_999].iter().all(|topic| topic.error_code == 0));
    let twice = creating(dotted.clone().chain(dotted));
    let topics = call(&mut bench, 1, &twice, 7).topics;
    assert_eq!(topics.len(), 2 * MANY);
    assert!(topics.iter().all(|topic| topic.error_code == 42));
    let mut assigned = creating(std::iter::once(TOPIC.into()));
    assigned.topics[0].name = "assigned".into();
    (
        assigned.topics[0].num_partitions,
        assigned.topics[0].replication_factor,
    ) = (-1, -1);
    assigned.topics[0].assignments = vec![create_topics::CreatableReplicaAssignment {
        partition_index: 0,
        broker_ids: indexes().chain([7]).collect(),
    }];
    assigned.topics[0].configs = vec![CreateableTopicConfig {
        name: "retention.ms".into(),
        value: Some("1".into()),
    }];
    assert_eq!(call(&mut bench, 1, &assigned, 7).topics[0].error_code, 39);
}

#[test]
fn partitions_topics_and_leaders_are_asked_about_by_name() {
    let mut bench = Bench::new(&[], &[]);
    let growing = CreatePartitionsRequest {
        topics: names()
            .map(|name| create_partitions::CreatePartitionsTopic {
                name,
                count: 5,
                ..create_partitions::CreatePartitionsTopic::default()
            })
            .collect(),
        timeout_ms: 1_000,
        ..CreatePartitionsRequest::default()
    };
    let results = call(&mut bench, 1, &growing, 3).results;
    assert!(results.len() == MANY && results.iter().all(|one| one.error_code == 3));
    let deleting = DeleteTopicsRequest {
        topic_names: names().collect(),
        timeout_ms: 1_000,
        ..DeleteTopicsRequest::default()
    };
    let results = call(&mut bench, 1, &deleting, 5).responses;
    assert!(results.len() == MANY && results.iter().all(|one| one.error_code == 3));
    // The partitions of an election and of a move are sets.
    let often: Vec<i32> = vec![0; MANY];
    let electing = ElectLeadersRequest {
        topic_partitions: Some(
            names()
                .map(|topic| (topic, vec![0]))
                .chain([(TOPIC.into(), often)])
                .map(|(topic, partitions)| elect_leaders::TopicPartitions { topic, partitions })
                .collect(),
        ),
        timeout_ms: 1_000,
        ..ElectLeadersRequest::default()
    };
    let results = call(&mut bench, 1, &electing, 2).replica_election_results;
    assert_eq!(results.len(), MANY + 1);
    assert_eq!(results[MANY].partition_result.len(), 1);
    assert_eq!(
        results[MANY].partition_result[0].error_code, 84,
        "it leads already"
    );
    let wish = |partition_index| alter_partition_reassignments::ReassignablePartition {
        partition_index,
        replicas: Some(vec![1, 2, 3]),
    };
    let moving = AlterPartitionReassignmentsRequest {
        topics: vec![alter_partition_reassignments::ReassignableTopic {
            name: TOPIC.into(),
            partitions: indexes().chain([0; 9]).map(wish).collect(),
        }],
        ..AlterPartitionReassignmentsRequest::default()
    };
    let connection = bench.open(1);
    bench.ask(connection, &moving, 0);
    bench.run_ms(50);
    let answer = bench.answer::<AlterPartitionReassignmentsRequest>(connection, 0);
    let partitions = &answer.expect("an answer").responses[0].partitions;
    assert_eq!(partitions.len(), MANY);
    assert_eq!(partitions[MANY - 1].error_code, 0, "it is there already");
    let listing = ListPartitionReassignmentsRequest {
        topics: Some(
            names()
                .map(
                    |name| list_partition_reassignments::ListPartitionReassignmentsTopics {
                        name,
                        partition_indexes: vec![0],
                    },
                )
                .collect(),
        ),
        ..ListPartitionReassignmentsRequest::default()
    };
    assert!(call(&mut bench, 1, &listing, 0).topics.is_empty());
    let sizes = DescribeLogDirsRequest {
        topics: Some(vec![describe_log_dirs::DescribableLogDirTopic {
            topic: TOPIC.into(),
            partitions: indexes().collect(),
        }]),
    };
    let topics = &call(&mut bench, 1, &sizes, 4).results[0].topics;
    assert_eq!((topics.len(), topics[0].partitions.len()), (1, 1));
}

#[test]
fn records_of_many_topics_are_asked_for_at_once() {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    let one = fetch_request(0, 0).topics[0].clone();
    let of = |name: Text| FetchTopic {
        topic: name,
        ..one.clone()
    };
    // What is named again is read once, as it was named last.
    let mut last = one.clone();
    last.partitions[0].fetch_offset = 1;
    let topics = std::iter::once(one.clone()).chain(names().map(of));
    let request = FetchRequest {
        topics: topics.chain([last]).collect(),
        ..fetch_request(0, 0)
    };
    let topics = call(&mut bench, 1, &request, 12).responses;
    assert_eq!(topics.len(), 1 + MANY);
    assert!(Fetched::of(&topics[0].partitions[0]).offsets.is_empty());
    assert_eq!(topics[0].partitions[0].high_watermark, 1);
    let request = ListOffsetsRequest {
        topics: names()
            .map(|name| list_offsets::ListOffsetsTopic {
                name,
                partitions: vec![list_offsets::ListOffsetsPartition {
                    timestamp: -1,
                    ..list_offsets::ListOffsetsPartition::default()
                }],
            })
            .collect(),
        replica_id: -1,
        ..ListOffsetsRequest::default()
    };
    assert_eq!(call(&mut bench, 1, &request, 6).topics.len(), MANY);
    let request = OffsetForLeaderEpochRequest {
        topics: names()
            .map(|topic| offset_for_leader_epoch::OffsetForLeaderTopic {
                topic,
                partitions: vec![offset_for_leader_epoch::OffsetForLeaderPartition::default()],
            })
            .collect(),
        ..OffsetForLeaderEpochRequest::default()
    };
    assert_eq!(call(&mut bench, 1, &request, 4).topics.len(), MANY);
    let request = DeleteRecordsRequest {
        topics: names()
            .map(|name| delete_records::DeleteRecordsTopic {
                name,
                partitions: vec![delete_records::DeleteRecordsPartition::default()],
            })
            .collect(),
        ..DeleteRecordsRequest::default()
    };
    assert_eq!(call(&mut bench, 1, &request, 2).topics.len(), MANY);
    // So many batches as a request has room for.
    let data = produce_request(1, 0, Some(records(&["x"]))).topic_data[0].clone();
    let few = names().take(MANY / 2);
    let request = ProduceRequest {
        topic_data: few
            .map(|name| TopicProduceData {
                name,
                ..data.clone()
            })
            .collect(),
        ..produce_request(1, 0, None)
    };
    let topics = call(&mut bench, 1, &request, PRODUCE).responses;
    assert_eq!(topics.len(), MANY / 2);
}

#[test]
fn groups_are_asked_about_by_name() {
    let mut bench = Bench::new(&[], &[]);
    let deleting = DeleteGroupsRequest {
        groups_names: names().chain(names()).collect(),
    };
    assert_eq!(call(&mut bench, 2, &deleting, 2).results.len(), MANY);
    let describing = DescribeGroupsRequest {
        groups: names().collect(),
        ..DescribeGroupsRequest::default()
    };
    assert_eq!(call(&mut bench, 2, &describing, 5).groups.len(), MANY);
    let request = OffsetFetchRequest {
        groups: names()
            .map(|group_id| OffsetFetchRequestGroup {
                group_id,
                ..OffsetFetchRequestGroup::default()
            })
            .collect(),
        ..OffsetFetchRequest::default()
    };
    assert_eq!(call(&mut bench, 2, &request, 8).groups.len(), MANY);
    let request = ListGroupsRequest {
        states_filter: names().collect(),
        types_filter: names().collect(),
    };
    assert!(call(&mut bench, 2, &request, 5).groups.is_empty());
    let one = offset_commit::OffsetCommitRequestPartition {
        committed_offset: 1,
        ..offset_commit::OffsetCommitRequestPartition::default()
    };
    let committing = OffsetCommitRequest {
        group_id: "my-group".into(),
        topics: names()
            .chain(names().take(10_000))
            .map(|name| offset_commit::OffsetCommitRequestTopic {
                name,
                partitions: vec![one.clone(), one.clone()],
            })
            .collect(),
        ..OffsetCommitRequest::default()
    };
    let topics = call(&mut bench, 2, &committing, 8).topics;
    assert_eq!(topics.len(), MANY);
    assert!(topics.iter().all(|topic| topic.partitions.len() == 1));
    let request = FindCoordinatorRequest {
        coordinator_keys: names().collect(),
        ..FindCoordinatorRequest::default()
    };
    assert_eq!(call(&mut bench, 2, &request, 4).coordinators.len(), MANY);
    let protocols = names().map(|name| JoinGroupRequestProtocol {
        name,
        ..JoinGroupRequestProtocol::default()
    });
    let joining = JoinGroupRequest {
        group_id: "my-group".into(),
        protocol_type: "consumer".into(),
        protocols: protocols.collect(),
        ..JoinGroupRequest::default()
    };
    assert_eq!(call(&mut bench, 2, &joining, 9).error_code, 16);
}
