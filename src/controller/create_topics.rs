//! New topics: every rule that a request must pass, in the order of Kafka's `ZkAdminManager`.

use super::Controller;
use super::assignment::{self, Start};
use super::creation::Creation;
use super::znodes::TopicAssignment;
use crate::model::{BrokerId, Text, TopicId, TopicName};
use crate::protocol::ErrorCode;
use crate::protocol::api::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateableTopicConfig,
};
use crate::rng::Rng;
use crate::sorted::{Mentions, SortedMap};

/// A topic that passed every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSetup {
    pub name: TopicName,
    pub id: TopicId,
    /// By partition; the preferred leader first.
    pub replicas: Vec<Vec<BrokerId>>,
    pub configs: Vec<(Text, Text)>,
}

impl TopicSetup {
    /// What the topic's znode holds.
    pub fn assignment(&self) -> TopicAssignment {
        TopicAssignment {
            id: self.id,
            replicas: (0..).zip(self.replicas.iter().cloned()).collect(),
            ..TopicAssignment::default()
        }
    }
}

/// Unlike Kafka, a topic has at most this many partitions: a page shows no more.
pub const MAX_PARTITIONS: usize = 1_000;

/// Unlike Kafka, all topics that clients make have at most this many partitions together: each is known to every
/// broker and lies in the memory of its replicas, and one request may name a million topics.
pub const MAX_PARTITIONS_OF_ALL: usize = 10_000;

/// What a request leaves to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// `num.partitions`.
    pub partitions: i32,
    /// `default.replication.factor`.
    pub replication_factor: i32,
}

/// Whether the topics are made or only checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Create,
    ValidateOnly,
}

/// Who wants topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody who sent CreateTopics.
    Request,
    /// A broker, for somebody who asked for their metadata.
    Broker,
}

/// The log of KRaft's controllers, which nobody may make with CreateTopics, not even where there are none.
const CLUSTER_METADATA_TOPIC: &str = "__cluster_metadata";

/// Why a topic cannot be, with a sentence.
pub(super) type Refusal = (ErrorCode, String);

/// Says why a topic's settings are not legal, if they are not.
pub type CheckConfigs<'a> = dyn Fn(&[(Text, Text)]) -> Result<(), String> + 'a;

/// What is needed to create topics besides the request.
pub struct Making<'a> {
    pub intent: Intent,
    pub origin: Origin,
    pub defaults: Defaults,
    /// The brokers that are alive, by id, as the broker's metadata has them.
    pub live: &'a [BrokerId],
    /// Whether the broker's metadata has a topic, which need not be what ZooKeeper has.
    pub is_known: &'a dyn Fn(&TopicName) -> bool,
    pub check_configs: &'a CheckConfigs<'a>,
    pub rng: &'a mut Rng,
}

impl Controller {
    /// Holds the topics of a request against every rule; one result for each mention, in order. Nothing is
    /// written yet: that is for [`Question::CreateTopics`](super::Question).
    pub fn plan_topics(&mut self, topics: &[CreatableTopic], mut making: Making<'_>) -> Creation {
        let mentions = Mentions::of(topics.iter().map(|topic| &topic.name));
        let mut results: Vec<CreatableTopicResult> = Vec::new();
        let mut planned_topics = Vec::new();
        let mut others = Others::default();
        let twice: Text = "Found multiple entries for this topic.".into();
        for topic in topics {
            let is_forbidden =
                making.origin == Origin::Request && *topic.name == *CLUSTER_METADATA_TOPIC;
            let planned = if mentions.is_repeated(&topic.name) {
                Err((ErrorCode::InvalidRequest, twice.clone()))
            } else if is_forbidden {
                let why = "Authorization failed.".into();
                Err((ErrorCode::TopicAuthorizationFailed, why))
            } else {
                let planned = self.plan_topic(topic, &mut making, &mut others);
                planned.map_err(|(error, why)| (error, why.into()))
            };
            let mut result = CreatableTopicResult {
                name: topic.name.clone(),
                ..CreatableTopicResult::default()
            };
            if is_forbidden {
                result.topic_config_error_code = ErrorCode::TopicAuthorizationFailed.code();
            }
            match planned {
                Err((error, why)) => {
                    result.error_code = error.code();
                    result.error_message = Some(why);
                }
                Ok(setup) => {
                    result.num_partitions = i32::try_from(setup.replicas.len()).unwrap_or(-1);
                    let factor = setup.replicas.first().map_or(0, Vec::len);
                    result.replication_factor = i16::try_from(factor).unwrap_or(-1);
                    others.count(&setup);
                    if making.intent == Intent::Create {
                        result.topic_id = setup.id;
                        self.creating
                            .insert(setup.name.clone(), setup.replicas.len());
                        others.made(&setup);
                        planned_topics.push(setup);
                    }
                }
            }
            results.push(result);
        }
        Creation {
            results,
            topics: planned_topics,
        }
    }

    /// The topic as it would be.
    ///
    /// Unlike Kafka, which asks ZooKeeper whether a topic is marked for deletion or there, the controller goes by what it has
    /// read of it: the code is the same, and the sentence may be the other's for as long as that takes.
    fn plan_topic(
        &self,
        topic: &CreatableTopic,
        making: &mut Making<'_>,
        others: &mut Others,
    ) -> Result<TopicSetup, Refusal> {
        let name = TopicName(topic.name.clone());
        if (making.is_known)(&name) {
            return Err(already_exists(&name));
        }
        let configs = given(&topic.configs)?;
        let left = MAX_PARTITIONS_OF_ALL.saturating_sub(others.partitions(self));
        let counted = topic.num_partitions != -1 || topic.replication_factor != -1;
        let replicas = match topic.assignments.is_empty() {
            true => Controller::counted(topic, making, left)?,
            false if counted => {
                let why = "Both numPartitions or replicationFactor and replicasAssignments were set. \
                           Both cannot be used at the same time.";
                return Err((ErrorCode::InvalidRequest, why.to_owned()));
            }
            false => listed(topic, left)?,
        };
        TopicName::validate(name.as_str())
            .map_err(|why| (ErrorCode::InvalidTopicException, why))?;
        if self.is_deleting(&name) {
            let why = format!("Topic '{name}' is marked for deletion.");
            return Err((ErrorCode::TopicAlreadyExists, why));
        }
        if self.store.topic(&name).is_some() || self.creating.contains_key(&name) {
            return Err(already_exists(&name));
        }
        if let Some(other) = others.alike(self, &name) {
            let why = format!("Topic '{name}' collides with existing topics: {other}");
            return Err((ErrorCode::InvalidTopicException, why));
        }
        check_lists(&replicas)?;
        let replicas = replicas.into_values().collect();
        (making.check_configs)(&configs).map_err(|why| (ErrorCode::InvalidConfig, why))?;
        Ok(TopicSetup {
            name,
            id: TopicId(making.rng.uuid()),
            replicas,
            configs,
        })
    }

    /// Takes out the topics that have come to be since they were planned: a controller that has just taken
    /// office plans before it has read which there are.
    pub(super) fn refuse_existing(&mut self, creation: &mut Creation) {
        let topics = std::mem::take(&mut creation.topics);
        let (old, new): (Vec<TopicSetup>, Vec<TopicSetup>) = topics
            .into_iter()
            .partition(|topic| self.store.topic(&topic.name).is_some());
        creation.topics = new;
        for TopicSetup { name, .. } in &old {
            self.creating.remove(name);
        }
        let refused = old.into_iter().map(|topic| {
            let refusal = already_exists(&topic.name);
            (topic.name, refusal)
        });
        creation.refuse(refused.collect());
    }

    /// How many partitions there are, those included that are on their way to ZooKeeper.
    pub(super) fn count_partitions(&self) -> usize {
        let known = self.store.topics().values();
        let known: usize = known.map(|topic| topic.partitions.len()).sum();
        known + self.creating.values().sum::<usize>()
    }

    /// Replicas by number, placed by the controller on the brokers that are alive.
    fn counted(
        topic: &CreatableTopic,
        making: &mut Making<'_>,
        left: usize,
    ) -> Result<Replicas, Refusal> {
        let partitions = match topic.num_partitions {
            -1 => making.defaults.partitions,
            partitions => partitions,
        };
        let factor = match topic.replication_factor {
            -1 => making.defaults.replication_factor,
            factor => i32::from(factor),
        };
        let live = making.live;
        assignment::check(live.len(), partitions, factor)?;
        let count = usize::try_from(partitions).unwrap_or(usize::MAX);
        check_count(count, count, left)?;
        let start = Start::draw(making.rng, live.len());
        let factor = usize::try_from(factor).expect("checked to be above 0");
        let assigned = assignment::assign(live, count, factor, start, 0);
        Ok((0..).zip(assigned).collect())
    }
}

/// What new topics must get along with, found out once for all topics of a request, and only if it matters.
#[derive(Default)]
struct Others {
    /// By how they look in the names of metrics.
    alike: Option<SortedMap<String, TopicName>>,
    partitions: Option<usize>,
}

impl Others {
    /// A topic that looks like this one, if there is one: '.' and '_' are the same in the names of metrics.
    fn alike(&mut self, controller: &Controller, name: &TopicName) -> Option<&TopicName> {
        let own = looks(name)?;
        let alike = self.alike.get_or_insert_with(|| {
            let known = controller.store.topics().keys();
            let known = known.chain(controller.creating.keys());
            let mut alike = SortedMap::new();
            alike.gather(known.filter_map(|name| Some((looks(name)?, name.clone()))));
            alike
        });
        alike.get(&own)
    }

    fn partitions(&mut self, controller: &Controller) -> usize {
        *self
            .partitions
            .get_or_insert_with(|| controller.count_partitions())
    }

    /// There is room for this one.
    fn count(&mut self, topic: &TopicSetup) {
        if let Some(partitions) = &mut self.partitions {
            *partitions += topic.replicas.len();
        }
    }

    /// From now on this topic is one of them.
    fn made(&mut self, topic: &TopicSetup) {
        if let (Some(alike), Some(looks)) = (&mut self.alike, looks(&topic.name)) {
            alike.insert(looks, topic.name.clone());
        }
    }
}

/// How a name looks in the names of metrics, if it has a letter there that might be another.
fn looks(name: &TopicName) -> Option<String> {
    let collides = name.as_str().contains(['.', '_']);
    collides.then(|| name.as_str().replace('.', "_"))
}

pub(super) fn already_exists(name: &TopicName) -> Refusal {
    let why = format!("Topic '{name}' already exists.");
    (ErrorCode::TopicAlreadyExists, why)
}

fn given(configs: &[CreateableTopicConfig]) -> Result<Vec<(Text, Text)>, Refusal> {
    let without = configs.iter().filter(|config| config.value.is_none());
    let without: Vec<&str> = without.map(|config| &*config.name).collect();
    if !without.is_empty() {
        let why = format!(
            "Null value not supported for topic configs: {}",
            without.join(",")
        );
        return Err((ErrorCode::InvalidConfig, why));
    }
    let given = configs.iter();
    let given = given.filter_map(|config| Some((config.name.clone(), config.value.clone()?)));
    Ok(given.collect())
}

/// That a topic has not too many partitions, so many of them new, for itself or for a cluster that has room for so
/// many more.
pub(super) fn check_count(partitions: usize, new: usize, left: usize) -> Result<(), Refusal> {
    let why = if partitions > MAX_PARTITIONS {
        format!("A topic of this cluster has at most {MAX_PARTITIONS} partitions.")
    } else if new > left {
        format!("All topics of this cluster have at most {MAX_PARTITIONS_OF_ALL} partitions.")
    } else {
        return Ok(());
    };
    Err((ErrorCode::PolicyViolation, why))
}

fn invalid<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err((ErrorCode::InvalidReplicaAssignment, why.into()))
}

/// The replicas of a topic's partitions, by their numbers.
type Replicas = SortedMap<i32, Vec<BrokerId>>;

/// Replicas that the request lists itself; of a partition that is listed twice, the last list. Unlike the counted way,
/// nobody checks that the brokers exist.
fn listed(topic: &CreatableTopic, left: usize) -> Result<Replicas, Refusal> {
    let count = topic.assignments.len();
    check_count(count, count, left)?;
    let mut replicas = Replicas::new();
    replicas.gather(topic.assignments.iter().map(|assignment| {
        let ids = assignment.broker_ids.iter();
        let ids = ids.map(|id| BrokerId(*id)).collect();
        (assignment.partition_index, ids)
    }));
    Ok(replicas)
}

/// That replicas are a topic's (`AdminZkClient.validateTopicCreate`).
///
/// Unlike Kafka, which compares only the sum of the partitions' numbers, each of 0 to n must be there; and a list without
/// a broker, or with one below 0, is refused, for such a partition could never have a leader. The map is written as a
/// Kafka writes it that was built with Scala 2.13.
fn check_lists(replicas: &Replicas) -> Result<(), Refusal> {
    let factor = replicas.values().next().map_or(0, Vec::len);
    if replicas.values().any(|list| list.len() != factor) {
        return invalid("All partitions should have the same number of replicas");
    }
    let distinct = |list: &Vec<BrokerId>| Mentions::of(list.iter()).are_distinct();
    if !replicas.values().all(distinct) {
        let lists = replicas.iter().map(|(partition, list)| {
            let ids: Vec<String> = list.iter().map(ToString::to_string).collect();
            format!("{partition} -> ArrayBuffer({})", ids.join(", "))
        });
        let lists: Vec<String> = lists.collect();
        let why = format!(
            "Duplicate replica assignment found: HashMap({})",
            lists.join(", ")
        );
        return invalid(why);
    }
    if !replicas.keys().copied().eq(0..replicas.len() as i32) {
        return invalid("partitions should be a consecutive 0-based integer sequence");
    }
    let is_strange = |list: &Vec<BrokerId>| list.is_empty() || list.iter().any(|id| id.0 < 0);
    if replicas.values().any(is_strange) {
        return invalid("Every partition needs replicas.");
    }
    Ok(())
}
