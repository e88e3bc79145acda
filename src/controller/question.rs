//! What is asked of the controller, and what comes of it.

use super::creation::Creation;
use super::strategy::Strategy;
use super::{Elected, MoveWish, Ongoing, ProducerIdBlock};
use crate::model::{BrokerEpoch, BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::create_partitions::CreatePartitionsTopicResult;
use crate::protocol::api::create_topics::CreatableTopicResult;
use crate::protocol::api::{
    AlterPartitionRequest, AlterPartitionResponse, CreatePartitionsRequest,
};

/// Whom a reply is for: the broker that hosts the controller numbers its questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Something that somebody asks of the controller.
#[derive(Clone, Debug)]
pub enum Question {
    AlterPartition {
        request: AlterPartitionRequest,
        version: i16,
    },
    /// Topics that have passed every rule; the results for those that have not are there already.
    CreateTopics(Creation),
    /// A broker wants producer ids to give away.
    AllocateProducerIds {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    /// Topics that exist and are to go.
    DeleteTopics(Vec<TopicName>),
    CreatePartitions(CreatePartitionsRequest),
    /// Partitions shall move to other brokers.
    Reassign(Vec<MoveWish>),
    /// Which moves are under way, of these partitions or of all.
    ListMoves(Option<Vec<TopicPartition>>),
    /// A person wants elections; of all partitions when none is named.
    ElectLeaders {
        named: Option<Vec<TopicPartition>>,
        strategy: Strategy,
    },
    /// A broker wants to stop.
    ControlledShutdown {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
}

/// What comes of it.
#[derive(Clone, Debug)]
pub enum Reply {
    AlterPartition(AlterPartitionResponse),
    TopicsCreated(Vec<CreatableTopicResult>),
    /// Topics are marked for deletion.
    TopicsMarked,
    /// Each result with the partitions that are new.
    PartitionsMade(Vec<(CreatePartitionsTopicResult, Vec<TopicPartition>)>),
    Reassigned(Result<Vec<(TopicPartition, ErrorCode)>, ErrorCode>),
    Moves(Vec<Ongoing>),
    LeadersElected(Vec<(TopicPartition, Elected)>),
    ProducerIds(Result<ProducerIdBlock, ErrorCode>),
    /// The partitions that the broker still leads.
    ShutDown(Result<Vec<TopicPartition>, ErrorCode>),
    /// This controller is none any more.
    NotController,
}
