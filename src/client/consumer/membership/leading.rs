//! What members tell each other, and what the leader makes of it.
//!
//! The coordinator passes these bytes on without looking into them: which topics a member wants, what it has,
//! and from the leader who gets what.

use bytes::Bytes;

use super::Membership;
use crate::client::config::ConsumerConfig;
use crate::client::consumer::Turn;
use crate::client::consumer::assignor::{Assignor, Parts, Subscriber, Topics};
use crate::client::consumer::subscription::Subscription;
use crate::client::metadata::Metadata;
use crate::model::{Text, TopicName, TopicPartition};
use crate::protocol::api::join_group::JoinGroupResponseMember;
use crate::protocol::consumer_protocol::{self, StickyData, TopicPartitions};
use crate::sorted::{SortedMap, SortedSet};

/// The version of what is written.
pub const VERSION: i16 = 3;

/// A generation that this member leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Led {
    assignor: Assignor,
    members: Vec<Subscriber>,
    /// A static leader came back: the parts stay as they are.
    skips: bool,
}

impl Led {
    /// What the members have said; `None` when one of them speaks nonsense.
    pub(super) fn new(
        assignor: Assignor,
        members: &[JoinGroupResponseMember],
        skips: bool,
    ) -> Option<Led> {
        let members = members.iter().map(|member| heard(assignor, member));
        Some(Led {
            assignor,
            members: members.collect::<Option<_>>()?,
            skips,
        })
    }

    fn topics(&self) -> impl Iterator<Item = &Text> {
        self.members.iter().flat_map(|member| &member.topics)
    }

    /// Asks about topics that only others subscribe to (`groupSubscribe`).
    pub(super) fn want_topics(&self, turn: &mut Turn<'_>) {
        for topic in self.topics() {
            let metadata = turn.network.metadata_mut();
            metadata.want(&TopicName(topic.clone()));
        }
    }

    /// Whether of each topic it is known how many partitions it has, or that it cannot be known.
    pub(super) fn knows_enough(&self, turn: &Turn<'_>) -> bool {
        let metadata = turn.network.metadata();
        self.topics().all(|topic| {
            let topic = TopicName(topic.clone());
            metadata.topic(&topic).is_some() || metadata.error(&topic).is_some()
        })
    }

    pub(super) fn skips(&self) -> bool {
        self.skips
    }

    /// Who gets what.
    pub(super) fn divide(&self, metadata: &Metadata) -> Parts {
        let counts = self.topics();
        let counts = counts.filter_map(|topic| Some((topic.clone(), count(metadata, topic)?)));
        let topics: Topics = counts.collect();
        self.assignor.assign(&topics, &self.members)
    }

    /// How many partitions each topic has; `None` of one that is not known.
    pub(super) fn counts(&self, metadata: &Metadata) -> Vec<(Text, Option<i32>)> {
        let topics: SortedSet<&Text> = self.topics().collect();
        let topics = topics.iter();
        topics
            .map(|topic| ((*topic).clone(), count(metadata, topic)))
            .collect()
    }
}

/// How many partitions a topic has.
pub(super) fn count(metadata: &Metadata, topic: &Text) -> Option<i32> {
    let known = metadata.topic(&TopicName(topic.clone()))?;
    i32::try_from(known.partitions.len()).ok()
}

/// What a member says when it joins.
pub(super) fn subscription(
    assignor: Assignor,
    membership: &Membership,
    subscription: &Subscription,
    config: &ConsumerConfig,
) -> Bytes {
    let owned: Vec<TopicPartition> = subscription
        .iter()
        .map(|(owned, _)| owned.clone())
        .collect();
    let generation = membership.generation.number;
    let said = consumer_protocol::Subscription {
        topics: config.subscribe.0.clone(),
        user_data: match assignor {
            Assignor::Range | Assignor::RoundRobin => None,
            Assignor::Sticky => membership
                .remembered
                .get(&assignor)
                .map(|(part, generation)| StickyData::new(grouped(part), *generation).write()),
            Assignor::CooperativeSticky => {
                let last = membership
                    .remembered
                    .get(&assignor)
                    .map(|(_, generation)| *generation);
                Some(consumer_protocol::write_generation(last.unwrap_or(-1)))
            }
        },
        owned_partitions: grouped(&owned),
        generation_id: generation,
        rack_id: None,
    };
    said.write(VERSION)
}

/// What another member has said.
fn heard(assignor: Assignor, member: &JoinGroupResponseMember) -> Option<Subscriber> {
    let said = consumer_protocol::Subscription::read(&member.metadata).ok()?;
    let (owned, generation) = match assignor {
        Assignor::Sticky => match said.user_data.as_ref().map(StickyData::read) {
            Some(Ok(data)) => (data.previous_assignment, data.generation),
            // Somebody who has never had a part, or of another kind.
            Some(Err(_)) | None => (Vec::new(), -1),
        },
        Assignor::CooperativeSticky => {
            let by_data = said
                .user_data
                .as_ref()
                .map(consumer_protocol::read_generation);
            let generation = by_data.and_then(Result::ok).unwrap_or(-1);
            (said.owned_partitions, said.generation_id.max(generation))
        }
        Assignor::Range | Assignor::RoundRobin => (Vec::new(), -1),
    };
    Some(Subscriber {
        id: member.member_id.clone(),
        instance: member.group_instance_id.clone(),
        topics: said.topics,
        owned: partitions(&owned),
        generation,
    })
}

/// Partitions by topic.
pub(super) fn grouped(partitions: &[TopicPartition]) -> Vec<TopicPartitions> {
    let mut topics: SortedMap<Text, Vec<i32>> = SortedMap::new();
    for partition in partitions {
        let topic = topics.entry(partition.topic.0.clone()).or_default();
        topic.push(partition.partition);
    }
    let topics = topics.into_iter();
    topics
        .map(|(topic, partitions)| TopicPartitions { topic, partitions })
        .collect()
}

/// The same one by one.
pub(super) fn partitions(topics: &[TopicPartitions]) -> Vec<TopicPartition> {
    let topics = topics.iter();
    topics
        .flat_map(|topic| {
            topic.partitions.iter().map(|partition| TopicPartition {
                topic: TopicName(topic.topic.clone()),
                partition: *partition,
            })
        })
        .collect()
}
