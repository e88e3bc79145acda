//! `Creation`: topics that passed every rule, on their way to ZooKeeper, and what is told of each that was asked for.

use super::create_topics::{Refusal, TopicSetup};
use super::znodes;
use crate::model::{Text, TopicId, TopicName};
use crate::protocol::api::create_topics::CreatableTopicResult;
use crate::protocol::zookeeper::{ANY_VERSION, CreateMode, Operation, Outcome};
use crate::sorted::SortedMap;

/// Topics on their way to ZooKeeper: one result for each mention of the request, in its order, and the topics behind
/// those that are without error.
#[derive(Clone, Debug)]
pub struct Creation {
    pub(super) results: Vec<CreatableTopicResult>,
    pub(super) topics: Vec<TopicSetup>,
}

impl Creation {
    /// The results as they are before anything is written.
    pub fn results(&self) -> &[CreatableTopicResult] {
        &self.results
    }

    /// Whether there is anything to write.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// First the settings, then the topic, whose znode makes it known.
    ///
    /// Settings may stand there already, of a topic of the same name that is gone. They are written over, and
    /// created where there are none (`setOrCreateEntityConfigs`): of the first two writes one fails.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let writes = self.topics.iter().flat_map(|topic| {
            let create = |path: Text, data| Operation::Create {
                path,
                data,
                mode: CreateMode::Persistent,
            };
            let path = znodes::config_path(&topic.name);
            let configs = znodes::write_configs(&topic.configs);
            let assignment = znodes::write_topic(&topic.assignment());
            [
                Operation::SetData {
                    path: path.clone(),
                    data: configs.clone(),
                    version: ANY_VERSION,
                },
                create(path, configs),
                create(znodes::topic_path(&topic.name), assignment),
            ]
        });
        writes.collect()
    }

    /// What became of each topic's own znode, by the outcomes of [`Creation::operations`].
    pub(super) fn outcomes<'a>(
        &'a self,
        outcomes: &'a [Outcome],
    ) -> impl Iterator<Item = (&'a TopicName, &'a Outcome)> {
        let names = self.topics.iter().map(|topic| &topic.name);
        names.zip(outcomes.iter().skip(2).step_by(3))
    }

    /// Says why topics were not made.
    pub(super) fn refuse(&mut self, refused: Vec<(TopicName, Refusal)>) {
        let mut why: SortedMap<Text, Refusal> = SortedMap::new();
        why.gather(refused.into_iter().map(|(name, refusal)| (name.0, refusal)));
        for result in &mut self.results {
            if let Some((error, why)) = why.get(&result.name) {
                result.forget_what_it_would_be();
                result.topic_id = TopicId::default();
                result.error_code = error.code();
                result.error_message = Some(why.as_str().into());
            }
        }
    }
}

impl CreatableTopicResult {
    /// How many partitions and replicas it would have, and with which settings, is not told with an error
    /// (`KafkaApis.handleCreateTopicsResults`).
    pub(crate) fn forget_what_it_would_be(&mut self) {
        self.num_partitions = -1;
        self.replication_factor = -1;
        self.configs = Some(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BrokerId;
    use crate::protocol::ErrorCode;
    use crate::protocol::zookeeper::{SessionId, Zxid};
    use crate::zookeeper::Tree;
    use crate::zookeeper::tree::NewNode;

    #[test]
    fn of_what_is_refused_is_not_told_what_it_would_be() {
        let result = |name: &str| CreatableTopicResult {
            name: name.into(),
            topic_id: TopicId([7; 16]),
            num_partitions: 2,
            replication_factor: 3,
            configs: None,
            ..CreatableTopicResult::default()
        };
        let mut creation = Creation {
            results: vec![result("orders"), result("events")],
            topics: Vec::new(),
        };
        let why = (ErrorCode::TopicAlreadyExists, "it is there".to_owned());
        creation.refuse(vec![(TopicName::new("orders"), why)]);
        let refused = CreatableTopicResult {
            name: "orders".into(),
            error_code: 36,
            error_message: Some("it is there".into()),
            ..CreatableTopicResult::default()
        };
        assert_eq!(creation.results, [refused, result("events")]);
    }

    #[test]
    fn settings_that_a_topic_of_this_name_left_behind_are_written_over() {
        let topic = TopicSetup {
            name: TopicName::new("orders"),
            id: TopicId([7; 16]),
            replicas: vec![vec![BrokerId(1)]],
            configs: Vec::new(),
        };
        let path = znodes::config_path(&topic.name);
        let creation = Creation {
            results: Vec::new(),
            topics: vec![topic],
        };
        let old = znodes::write_configs(&[("retention.ms".into(), "1".into())]);
        for left_behind in [Some(old), None] {
            let mut tree = Tree::new();
            tree.plant("/brokers/topics", bytes::Bytes::new());
            tree.plant("/config/topics", bytes::Bytes::new());
            if let Some(old) = left_behind {
                tree.plant(&path, old);
            }
            let mut made = Vec::new();
            for operation in creation.operations() {
                made.push(match operation {
                    Operation::SetData {
                        path,
                        data,
                        version,
                    } => tree.set(Zxid(9), &path, data, version).is_ok(),
                    Operation::Create { path, data, mode } => {
                        let new = NewNode {
                            path: &path,
                            data,
                            mode,
                            session: SessionId::NONE,
                        };
                        tree.create(Zxid(9), new).is_ok()
                    }
                    other => panic!("{other:?} creates no topic"),
                });
            }
            assert_eq!(made.iter().filter(|made| **made).count(), 2);
            assert!(made[2], "the topic itself");
            let (data, _) = tree.get(&path).expect("settings");
            assert_eq!(znodes::read_configs(data), Some(Vec::new()));
        }
    }
}
