//! What is asked of ZooKeeper, and how its answers are read.

use super::znodes;
use crate::model::{BrokerId, Text, TopicName, TopicPartition};
use crate::protocol::zookeeper::{Answer, Operation, Outcome, Watch};

pub(super) fn get(path: impl Into<Text>) -> Operation {
    Operation::GetData {
        path: path.into(),
        watch: Watch::None,
    }
}

pub(super) fn read_states(names: &[TopicPartition]) -> Vec<Operation> {
    let paths = names.iter().map(znodes::state_path);
    paths.map(get).collect()
}

pub(super) fn read_brokers(brokers: &[BrokerId]) -> Vec<Operation> {
    let paths = brokers.iter().map(|id| znodes::broker_path(*id));
    paths.map(get).collect()
}

/// Each topic's assignment, with a watch on it, then each topic's settings.
pub(super) fn read_topics(topics: &[TopicName]) -> Vec<Operation> {
    let watched = topics.iter().map(|topic| Operation::GetData {
        path: znodes::topic_path(topic),
        watch: Watch::Leave,
    });
    let configs = topics.iter().map(|topic| get(znodes::config_path(topic)));
    watched.chain(configs).collect()
}

/// The names of a znode's children; none when there is no such znode.
pub(super) fn children(outcome: Option<&Outcome>) -> Vec<Text> {
    match outcome {
        Some(Ok(Answer::Children { names, .. })) => names.clone(),
        _ => Vec::new(),
    }
}

/// The version that a guarded write has given to its znode.
pub(super) fn written_version(outcome: &Outcome) -> Option<i32> {
    let Ok(Answer::Multi(answers)) = outcome else {
        return None;
    };
    match answers.last()? {
        Answer::Set { stat } | Answer::Created { stat, .. } => Some(stat.version),
        _ => None,
    }
}

/// The names of a znode's children, with a watch for others.
pub(super) fn watch_children(path: &str) -> Operation {
    Operation::GetChildren {
        path: path.into(),
        watch: Watch::Leave,
    }
}
