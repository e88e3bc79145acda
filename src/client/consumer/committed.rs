//! OffsetFetch: where the group has got to, which is where a member begins.
//!
//! Of a partition of which nothing was committed the group knows nothing; there `auto.offset.reset` decides.
//! With an offset the group remembers the epoch of the last record that was read. The log that leads now may
//! not have that record, or have another in its place: so its leader is asked before anything is fetched
//! ([`offsets`](super::offsets)).
//!
//! Unlike Kafka, where `poll()` throws and nothing is read, an error of one partition stops that one alone.

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

/// Why a consumer stands where its group has committed, as its `PositionSet` says.
pub const COMMITTED: &str = "committed";

/// Asks for the offsets of partitions without a position.
pub fn ask(subscription: &mut Subscription, coordinator: &mut Coordinator, turn: &mut Turn<'_>) {
    let now = turn.at.now;
    let due =
        |state: &State| matches!(state, State::Restoring { question, .. } if question.is_due(now));
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
        let state = subscription
            .get_mut(partition)
            .map(|known| &mut known.state);
        if let Some(State::Restoring { question, .. }) = state {
            *question = Question::UnderWay;
        }
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

/// What the group says of one partition.
struct Told {
    offset: i64,
    epoch: i32,
    error: ErrorCode,
}

/// Reads what the group says of itself and of each partition.
fn read(answer: &Answer<()>) -> Result<(ErrorCode, SortedMap<TopicPartition, Told>), CloseReason> {
    let response = answer.decode::<OffsetFetchRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    let mut told: SortedMap<TopicPartition, Told> = SortedMap::new();
    let mut hear = |topic: &str, partition: i32, offset: i64, epoch: i32, error: i16| {
        let said = Told {
            offset,
            epoch,
            error: ErrorCode::from_i16(error),
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
    Ok((error, told))
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
    let (error, told) = read(answer)?;
    match error {
        ErrorCode::None => {}
        ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => {
            coordinator.lost(turn);
            again(subscription, asked, turn);
            return Ok(());
        }
        _ if error.is_retriable() => {
            again(subscription, asked, turn);
            return Ok(());
        }
        _ => {
            refuse(subscription, membership, error, turn);
            return Ok(());
        }
    }
    // While one may still change, the answer is of no use for any.
    let unstable = ErrorCode::UnstableOffsetCommit;
    if told.values().any(|told| told.error == unstable) {
        again(subscription, asked, turn);
        return Ok(());
    }
    for (partition, _) in waiting(subscription, asked) {
        match told.get(&partition) {
            Some(told) if told.error.is_none() => begin(subscription, &partition, told, turn),
            Some(told) => subscription.fail(&partition, told.error, turn.out),
            None => subscription.fail(&partition, ErrorCode::UnknownServerError, turn.out),
        }
    }
    Ok(())
}

/// Those that wait for an answer, and how often in a row they got none.
fn waiting(subscription: &Subscription, asked: &[TopicPartition]) -> Vec<(TopicPartition, u32)> {
    let waiting = asked.iter().filter_map(|partition| {
        let known = subscription.get(partition)?;
        match known.state {
            State::Restoring {
                question: Question::UnderWay,
                failures,
            } => Some((partition.clone(), failures)),
            _ => None,
        }
    });
    waiting.collect()
}

/// Nobody will ever say: the application hears of it, once. A member then is none any more; who has chosen
/// its partitions itself may still say where to read them.
pub fn refuse(
    subscription: &mut Subscription,
    membership: &mut Membership,
    error: ErrorCode,
    turn: &mut Turn<'_>,
) {
    if !turn.config.subscribe.0.is_empty() {
        return membership.fail(error, turn);
    }
    let restoring = subscription.iter();
    let restoring = restoring.filter(|(_, known)| matches!(known.state, State::Restoring { .. }));
    let restoring: Vec<TopicPartition> = restoring.map(|(known, _)| known.clone()).collect();
    for partition in restoring {
        subscription.fail(&partition, error, turn.out);
    }
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
    subscription.place(partition, position, COMMITTED.into(), turn.out);
    subscription.validate(partition);
}

/// They are to be asked for again, together, after a pause that grows.
pub fn again(subscription: &mut Subscription, asked: &[TopicPartition], turn: &mut Turn<'_>) {
    let waiting = waiting(subscription, asked);
    let Some(most) = waiting.iter().map(|(_, failures)| *failures).max() else {
        return;
    };
    let failures = most.saturating_add(1);
    let question = Question::Due(turn.at.now + turn.pause_after(failures));
    for (partition, _) in &waiting {
        if let Some(assigned) = subscription.get_mut(partition) {
            assigned.state = State::Restoring { question, failures };
        }
    }
}
