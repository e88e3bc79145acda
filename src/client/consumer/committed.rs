//! OffsetFetch: where the group has got to, which is where a member begins.
//!
//! Of a partition of which nothing was committed the group knows nothing; there `auto.offset.reset` decides.

use super::membership::{Coordinator, Membership};
use super::subscription::{Position, Question, State, Subscription};
use super::{Call, Turn};
use crate::channel::Answer;
use crate::fact::CloseReason;
use crate::model::{LeaderEpoch, Offset, Text, TopicPartition};
use crate::protocol::api::OffsetFetchRequest;
use crate::protocol::api::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use crate::protocol::{ApiKey, ErrorCode};
use crate::sorted::SortedMap;

/// The first version that asks for several groups at once.
const SEVERAL_FROM: i16 = 8;

/// Asks for the offsets of partitions without a position.
pub fn ask(subscription: &mut Subscription, coordinator: &mut Coordinator, turn: &mut Turn<'_>) {
    let now = turn.at.now;
    let due =
        |state: &State| matches!(state, State::Restoring { question } if question.is_due(now));
    let wanted = subscription
        .iter()
        .filter(|(_, assigned)| due(&assigned.state));
    let wanted: Vec<TopicPartition> = wanted.map(|(partition, _)| partition.clone()).collect();
    if wanted.is_empty() {
        return;
    }
    let Some(peer) = coordinator.ready(turn) else {
        return;
    };
    let Some(version) = turn.network.version(peer, ApiKey::OffsetFetch) else {
        return;
    };
    let mut topics: SortedMap<Text, Vec<i32>> = SortedMap::new();
    for partition in &wanted {
        let topic = topics.entry(partition.topic.0.clone()).or_default();
        topic.push(partition.partition);
        set(subscription, partition, Question::UnderWay);
    }
    let group_id = turn.config.group_id.clone();
    let older = topics
        .iter()
        .map(|(name, partitions)| OffsetFetchRequestTopic {
            name: name.clone(),
            partition_indexes: partitions.clone(),
        });
    let newer = topics
        .iter()
        .map(|(name, partitions)| OffsetFetchRequestTopics {
            name: name.clone(),
            partition_indexes: partitions.clone(),
        });
    let request = OffsetFetchRequest {
        group_id: group_id.clone(),
        topics: Some(older.collect()),
        groups: vec![OffsetFetchRequestGroup {
            group_id,
            topics: Some(newer.collect()),
            ..OffsetFetchRequestGroup::default()
        }],
        require_stable: true,
    };
    let call = Call::Committed(wanted);
    (turn.network).call(now, peer, &request, version, call, turn.out);
}

fn set(subscription: &mut Subscription, partition: &TopicPartition, to: Question) {
    let assigned = subscription.get_mut(partition);
    if let Some(State::Restoring { question }) = assigned.map(|assigned| &mut assigned.state) {
        *question = to;
    }
}

/// What the group says of one partition.
struct Told {
    offset: i64,
    epoch: i32,
    error: i16,
}

/// Hears where the group has got to.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn answered(
    subscription: &mut Subscription,
    coordinator: &mut Coordinator,
    membership: &mut Membership,
    asked: &[TopicPartition],
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<OffsetFetchRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    let mut told: SortedMap<TopicPartition, Told> = SortedMap::new();
    let mut hear = |topic: &str, partition: i32, offset: i64, epoch: i32, error: i16| {
        let said = Told {
            offset,
            epoch,
            error,
        };
        told.insert(TopicPartition::new(topic, partition), said);
    };
    let mut error = ErrorCode::from_i16(response.error_code);
    for topic in response.topics {
        for one in topic.partitions {
            let (offset, epoch) = (one.committed_offset, one.committed_leader_epoch);
            hear(
                &topic.name,
                one.partition_index,
                offset,
                epoch,
                one.error_code,
            );
        }
    }
    if answer.version >= SEVERAL_FROM {
        let group = response.groups.into_iter().next();
        let group = group.ok_or(CloseReason::Malformed)?;
        error = ErrorCode::from_i16(group.error_code);
        for topic in group.topics {
            for one in topic.partitions {
                let (offset, epoch) = (one.committed_offset, one.committed_leader_epoch);
                hear(
                    &topic.name,
                    one.partition_index,
                    offset,
                    epoch,
                    one.error_code,
                );
            }
        }
    }
    match error {
        ErrorCode::None => {}
        ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => coordinator.lost(turn),
        _ if error.is_retriable() => {}
        _ => membership.give_up_for(error, turn),
    }
    for partition in asked {
        let state = subscription.get(partition).map(|assigned| &assigned.state);
        if !matches!(
            state,
            Some(State::Restoring {
                question: Question::UnderWay
            })
        ) {
            continue;
        }
        let found = told.get(partition);
        let found = found.filter(|found| error.is_none() && found.error == 0);
        match found {
            Some(told) => begin(subscription, partition, told, turn),
            None => again(subscription, partition, turn),
        }
    }
    Ok(())
}

fn begin(
    subscription: &mut Subscription,
    partition: &TopicPartition,
    told: &Told,
    turn: &mut Turn<'_>,
) {
    if told.offset < 0 {
        let policy = turn.config.auto_offset_reset;
        return subscription.reset(partition, policy, "nothing committed", turn.out);
    }
    let leader = turn.network.metadata().leader(partition);
    let position = Position {
        offset: Offset(told.offset),
        epoch: Some(LeaderEpoch(told.epoch)).filter(|epoch| epoch.0 >= 0),
        leader_epoch: leader.map_or(LeaderEpoch::NONE, |(_, epoch)| epoch),
    };
    subscription.place(partition, position, "committed".into(), turn.out);
}

/// It is to be asked for again, after a pause.
pub fn again(subscription: &mut Subscription, partition: &TopicPartition, turn: &Turn<'_>) {
    let at = turn.at.now + turn.config.retry_backoff;
    set(subscription, partition, Question::Due(at));
}
