//! What an admin client is asked to see to: the request that asks the controller for it, and what its
//! answer says.

use super::settings;
use crate::channel::Answer;
use crate::fact::{CloseReason, Fact};
use crate::model::{BrokerId, Text, TopicName, TopicPartition};
use crate::process::{Configured, Election, Errand};
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use crate::protocol::api::create_partitions::CreatePartitionsTopic;
use crate::protocol::api::create_topics::{CreatableTopic, CreateableTopicConfig};
use crate::protocol::api::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use crate::protocol::api::delete_topics::DeleteTopicState;
use crate::protocol::api::elect_leaders::TopicPartitions;
use crate::protocol::api::{
    AlterPartitionReassignmentsRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteRecordsRequest, DeleteTopicsRequest, DescribeConfigsRequest, ElectLeadersRequest,
    IncrementalAlterConfigsRequest,
};
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Instant;

/// A topic that is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    pub topic: TopicName,
    /// As asked for; −1 is the broker's default.
    pub partitions: i32,
    pub replication_factor: i16,
    pub configs: Vec<(Text, Text)>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Create(NewTopic),
    SeeTo(Errand),
}

/// Something that is to be done, and how it goes.
#[derive(Clone, Debug)]
pub struct Job {
    pub wish: Wish,
    /// When the person is told that it took too long.
    pub gives_up_at: Instant,
    /// How many times the controller was asked.
    pub attempts: u32,
    pub(super) not_before: Instant,
}

/// What an answer says of a job.
pub(super) struct Result {
    pub(super) error: ErrorCode,
    /// How many partitions a new topic has; −1 when the answer does not say.
    pub(super) partitions: i32,
    /// What was found out, where something was asked.
    pub(super) told: Vec<Text>,
}

/// Whom a request must go to.
pub(super) enum Addressee {
    Controller,
    Broker(BrokerId),
    Leader(TopicPartition),
}

/// One request, of the kind that its job takes.
pub(super) enum Request {
    CreateTopics(CreateTopicsRequest),
    DeleteTopics(DeleteTopicsRequest),
    CreatePartitions(CreatePartitionsRequest),
    Move(AlterPartitionReassignmentsRequest),
    Elect(ElectLeadersRequest),
    Alter(IncrementalAlterConfigsRequest),
    Describe(DescribeConfigsRequest),
    DeleteRecords(DeleteRecordsRequest),
}

impl Wish {
    /// The API that is asked for it.
    pub(super) fn api(&self) -> ApiKey {
        match self {
            Wish::Create(_) => ApiKey::CreateTopics,
            Wish::SeeTo(Errand::DeleteTopic { .. }) => ApiKey::DeleteTopics,
            Wish::SeeTo(Errand::AddPartitions { .. }) => ApiKey::CreatePartitions,
            Wish::SeeTo(Errand::Move { .. }) => ApiKey::AlterPartitionReassignments,
            Wish::SeeTo(Errand::Elect { .. }) => ApiKey::ElectLeaders,
            Wish::SeeTo(Errand::Alter { .. }) => ApiKey::IncrementalAlterConfigs,
            Wish::SeeTo(Errand::Describe { .. }) => ApiKey::DescribeConfigs,
            Wish::SeeTo(Errand::DeleteRecords { .. }) => ApiKey::DeleteRecords,
        }
    }

    /// Who can do it. Most things only the controller does; what could be asked of any broker is asked of it
    /// too.
    pub(super) fn addressee(&self) -> Addressee {
        match self {
            Wish::SeeTo(
                Errand::Alter {
                    of: Configured::Broker(id),
                    ..
                }
                | Errand::Describe {
                    of: Configured::Broker(id),
                    ..
                },
            ) => Addressee::Broker(*id),
            Wish::SeeTo(Errand::DeleteRecords { partition, .. }) => {
                Addressee::Leader(partition.clone())
            }
            _ => Addressee::Controller,
        }
    }

    /// Whether an error passes: when the right broker is asked, or is asked once more.
    pub(super) fn passes(&self, error: ErrorCode) -> bool {
        match self.addressee() {
            Addressee::Leader(_) => matches!(
                error,
                ErrorCode::NotLeaderOrFollower
                    | ErrorCode::UnknownTopicOrPartition
                    | ErrorCode::LeaderNotAvailable
                    | ErrorCode::RequestTimedOut
            ),
            // The only error of a topic or partition that Kafka's admin client tries again after.
            _ => error == ErrorCode::NotController,
        }
    }

    /// What is to be done, in words, for who waits.
    pub fn words(&self) -> String {
        match self {
            Wish::Create(new) => format!("creating {}", new.topic),
            Wish::SeeTo(errand) => errand_words(errand),
        }
    }

    pub(super) fn request(&self, timeout_ms: i32) -> Request {
        match self {
            Wish::Create(new) => Request::CreateTopics(create_topic(new, timeout_ms)),
            Wish::SeeTo(Errand::DeleteTopic { topic }) => {
                Request::DeleteTopics(DeleteTopicsRequest {
                    topics: vec![DeleteTopicState {
                        name: Some(topic.0.clone()),
                        ..DeleteTopicState::default()
                    }],
                    topic_names: vec![topic.0.clone()],
                    timeout_ms,
                })
            }
            Wish::SeeTo(Errand::AddPartitions { topic, count }) => {
                Request::CreatePartitions(CreatePartitionsRequest {
                    topics: vec![CreatePartitionsTopic {
                        name: topic.0.clone(),
                        count: *count,
                        assignments: None,
                    }],
                    timeout_ms,
                    validate_only: false,
                })
            }
            Wish::SeeTo(Errand::Move {
                partition,
                replicas,
            }) => Request::Move(AlterPartitionReassignmentsRequest {
                timeout_ms,
                topics: vec![ReassignableTopic {
                    name: partition.topic.0.clone(),
                    partitions: vec![ReassignablePartition {
                        partition_index: partition.partition,
                        replicas: replicas
                            .as_ref()
                            .map(|ids| ids.iter().map(|id| id.0).collect()),
                    }],
                }],
            }),
            Wish::SeeTo(Errand::Alter { of, configs }) => {
                Request::Alter(settings::alter(of, configs))
            }
            Wish::SeeTo(Errand::Describe { of, names }) => {
                Request::Describe(settings::describe(of, names))
            }
            Wish::SeeTo(Errand::DeleteRecords { partition, before }) => {
                Request::DeleteRecords(DeleteRecordsRequest {
                    topics: vec![DeleteRecordsTopic {
                        name: partition.topic.0.clone(),
                        partitions: vec![DeleteRecordsPartition {
                            partition_index: partition.partition,
                            offset: before.map_or(-1, |before| before.0),
                        }],
                    }],
                    timeout_ms,
                })
            }
            Wish::SeeTo(Errand::Elect {
                partition,
                election,
            }) => Request::Elect(ElectLeadersRequest {
                election_type: match election {
                    Election::Preferred => 0,
                    Election::Unclean => 1,
                },
                topic_partitions: Some(vec![TopicPartitions {
                    topic: partition.topic.0.clone(),
                    partitions: vec![partition.partition],
                }]),
                timeout_ms,
            }),
        }
    }

    /// What an answer says.
    ///
    /// # Errors
    /// When the bytes are no answer to this.
    pub(super) fn read(&self, answer: &Answer<()>) -> std::result::Result<Result, CloseReason> {
        let malformed = |_| CloseReason::Malformed;
        let mut partitions = -1;
        let mut told = Vec::new();
        let code = match self {
            Wish::Create(new) => {
                let response = answer.decode::<CreateTopicsRequest>().map_err(malformed)?;
                let mut results = response.topics.iter();
                let result = results.find(|result| result.name == new.topic.0);
                partitions = result.map_or(-1, |result| result.num_partitions);
                result.map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::DeleteTopic { .. }) => {
                let response = answer.decode::<DeleteTopicsRequest>().map_err(malformed)?;
                response.responses.first().map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::AddPartitions { .. }) => {
                let response = answer.decode::<CreatePartitionsRequest>();
                let response = response.map_err(malformed)?;
                response.results.first().map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::Move { .. }) => {
                let response = answer.decode::<AlterPartitionReassignmentsRequest>();
                let response = response.map_err(malformed)?;
                let topic = response.responses.first();
                let result = topic.and_then(|topic| topic.partitions.first());
                let whole = Some(response.error_code).filter(|code| *code != 0);
                whole.or(result.map(|result| result.error_code))
            }
            Wish::SeeTo(Errand::Alter { .. }) => {
                let response = answer.decode::<IncrementalAlterConfigsRequest>();
                let response = response.map_err(malformed)?;
                response.responses.first().map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::Describe { of, names }) => {
                let response = answer.decode::<DescribeConfigsRequest>();
                let response = response.map_err(malformed)?;
                let result = response.results.first();
                let configs = result.map_or(&[][..], |result| &result.configs);
                told = settings::told(of, names, configs);
                result.map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::DeleteRecords { partition, .. }) => {
                let response = answer.decode::<DeleteRecordsRequest>().map_err(malformed)?;
                let topic = response.topics.first();
                let result = topic.and_then(|topic| topic.partitions.first());
                told.extend(result.map(|result| {
                    let low = result.low_watermark;
                    format!("{partition} begins at @{low} everywhere").into()
                }));
                result.map(|result| result.error_code)
            }
            Wish::SeeTo(Errand::Elect { .. }) => {
                let response = answer.decode::<ElectLeadersRequest>().map_err(malformed)?;
                let topic = response.replica_election_results.first();
                let result = topic.and_then(|topic| topic.partition_result.first());
                let whole = Some(response.error_code).filter(|code| *code != 0);
                whole.or(result.map(|result| result.error_code))
            }
        };
        let error = code.map_or(ErrorCode::UnknownServerError, ErrorCode::from_i16);
        Ok(Result {
            error,
            partitions,
            told,
        })
    }

    /// The facts that it is done, or what was found out.
    pub(super) fn done(&self, result: &Result) -> Vec<Fact> {
        let partitions = result.partitions;
        let done = match self {
            Wish::Create(new) => Fact::TopicCreated {
                topic: new.topic.clone(),
                // Before version 5 the answer does not say.
                partitions: match partitions {
                    counted if counted < 0 => new.partitions,
                    counted => counted,
                },
            },
            Wish::SeeTo(_) if !result.told.is_empty() => {
                let told = result.told.iter().cloned();
                return told.map(|what| Fact::ErrandDone { what }).collect();
            }
            Wish::SeeTo(errand) => Fact::ErrandDone {
                what: errand_words(errand).into(),
            },
        };
        vec![done]
    }

    /// The fact that it will not be done.
    pub(super) fn refused(&self, error: ErrorCode) -> Fact {
        match self {
            Wish::Create(new) => Fact::TopicRefused {
                topic: new.topic.clone(),
                error,
            },
            Wish::SeeTo(errand) => Fact::ErrandRefused {
                what: errand_words(errand).into(),
                error,
            },
        }
    }
}

fn create_topic(new: &NewTopic, timeout_ms: i32) -> CreateTopicsRequest {
    let configs = new.configs.iter();
    let configs = configs.map(|(name, value)| CreateableTopicConfig {
        name: name.clone(),
        value: Some(value.clone()),
    });
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: new.topic.0.clone(),
            num_partitions: new.partitions,
            replication_factor: new.replication_factor,
            assignments: Vec::new(),
            configs: configs.collect(),
        }],
        timeout_ms,
        validate_only: false,
    }
}

fn errand_words(errand: &Errand) -> String {
    let of = |partition: &TopicPartition| partition.to_string();
    match errand {
        Errand::DeleteTopic { topic } => format!("deleting {topic}"),
        Errand::Alter { of, configs } => {
            let names: Vec<&str> = configs.iter().map(|(name, _)| &**name).collect();
            format!("{} of {of}", names.join(", "))
        }
        Errand::Describe { of, names } => format!("what is {} of {of}", names.join(", ")),
        Errand::DeleteRecords {
            partition,
            before: Some(before),
        } => format!("deleting {partition} before {before}"),
        Errand::DeleteRecords {
            partition,
            before: None,
        } => format!("deleting everything committed in {}", of(partition)),
        Errand::AddPartitions { topic, count } => format!("{topic} with {count} partitions"),
        Errand::Move {
            partition,
            replicas: None,
        } => format!("{} stays where it was", of(partition)),
        Errand::Move {
            partition,
            replicas: Some(ids),
        } => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("moving {} to {}", of(partition), ids.join(","))
        }
        Errand::Elect {
            partition,
            election: Election::Preferred,
        } => format!("preferred leader of {}", of(partition)),
        Errand::Elect {
            partition,
            election: Election::Unclean,
        } => format!("any leader of {}", of(partition)),
    }
}
