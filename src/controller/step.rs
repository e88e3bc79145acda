//! The steps that events are made of.

use super::alter_partition::Changes;
use super::batch::Data;
use super::creation::Creation;
use super::partition_state::PartitionState;
use super::registrations::Registered;
use super::strategy::Strategy;
use super::{ProducerIdBlock, Reply, Token};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;

/// One step of what an event asks for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    // ---- taking office
    ReadCluster,
    ReadDetails {
        brokers: Vec<BrokerId>,
        topics: Vec<TopicName>,
    },
    /// Reads the states of these partitions.
    ReadStates(Vec<TopicPartition>),
    /// Everything is read: tells everybody, and looks for who is missing.
    Begin,

    // ---- brokers
    ReadRegistrations,
    ReadBrokers(Vec<BrokerId>),
    BrokersCame(Vec<Registered>),
    BrokersWent(Vec<BrokerId>),

    // ---- topics
    ReadTopicNames,
    ReadTopics(Vec<TopicName>),
    WriteTopics(Token, Creation),

    ReadDeletions,
    WriteDeletions(Token, Vec<TopicName>),
    /// Wishes for topics that there are not.
    ForgetDeletions(Vec<TopicName>),
    /// Goes on with every deletion.
    Delete,
    StopReplicas(Vec<(BrokerId, TopicPartition)>, Data),
    DeleteZnodes(TopicName),
    /// Writes who has replicas of a topic's partitions.
    WriteAssignment(TopicName),
    /// The same with partitions that are new.
    WriteGrowth(TopicName, Vec<Vec<BrokerId>>),

    // ---- partitions
    /// Chooses the first leaders of these, and writes their first states.
    Create(Vec<TopicPartition>),
    WriteCreated(Vec<(TopicPartition, PartitionState)>),
    /// Tells replicas about states that were read.
    TellReplicas(Vec<TopicPartition>),
    /// Elects where nobody leads, or nobody has ever led.
    ElectVacant,
    /// Reads the states, elects, writes; whoever was too slow begins again.
    Elect(Vec<TopicPartition>, Strategy),
    WriteElected(Vec<(TopicPartition, PartitionState)>, Strategy),
    /// Takes a broker out of ISRs.
    Leave(BrokerId, Vec<TopicPartition>),
    WriteLeft(BrokerId, Vec<(TopicPartition, PartitionState)>),
    WriteIsrs(Changes),
    CheckIsrs(Changes),
    ReadProducerIds(Token, BrokerId),
    WriteProducerIds {
        token: Token,
        broker: BrokerId,
        block: ProducerIdBlock,
        version: i32,
    },
    /// Answers a broker that wants to stop: what it still leads.
    ShutDown(Token, BrokerId),

    /// Ends the moves that can be ended.
    EndMoves,
    /// Ends this one, if it can still be ended.
    EndMove(TopicPartition),
    /// Everybody is told about these.
    TellMetadata(Vec<TopicPartition>),
    ReportElections(
        Token,
        Vec<(TopicPartition, Result<i32, ErrorCode>)>,
        Strategy,
    ),
    /// Answers, now that what was asked for is done.
    Reply(Token, Reply),

    /// Sends what has been gathered.
    Flush,
}

impl Step {
    /// Whether each of its writes begins with the guard of the controller's epoch.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(
            self,
            Step::WriteCreated(_)
                | Step::WriteElected(..)
                | Step::WriteLeft(..)
                | Step::WriteIsrs(_)
                | Step::DeleteZnodes(_)
                | Step::ForgetDeletions(_)
                | Step::WriteAssignment(_)
                | Step::WriteGrowth(..)
        )
    }
}
