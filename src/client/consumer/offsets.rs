//! Questions about offsets: where a log begins and ends, and where the epoch of its leader ended.
//!
//! ListOffsets turns *earliest* and *latest* into an offset; only the leader may answer.
//! OffsetForLeaderEpoch asks a new leader whether what was read is still in its log: where the epoch of
//! the last record read ends before the position, records that were read have been cut off, and reading
//! goes on where the two logs part (KIP-320). Without it a consumer would pass over what was written in
//! their place. A position that the group remembers is asked about before the first record is read: nobody
//! knows what became of the log meanwhile. One that ListOffsets has just given is not.

use crate::sorted::SortedMap;

use super::subscription::{End, Position, Question, State, Subscription};
use super::{Call, Turn};
use crate::channel::Answer;
use crate::client::network::Readiness;
use crate::fact::CloseReason;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use crate::protocol::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use crate::protocol::api::{ListOffsetsRequest, OffsetForLeaderEpochRequest};
use crate::protocol::{ApiKey, ErrorCode};

/// The replica id of a consumer.
const CONSUMER: i32 = -1;

/// A question about a partition, as it goes to its leader.
#[derive(Clone, Debug)]
struct Ask<T> {
    partition: TopicPartition,
    leader_epoch: LeaderEpoch,
    what: T,
}

/// Asks the leaders of partitions that need a position, or need it validated.
pub fn ask(subscription: &mut Subscription, turn: &mut Turn<'_>) {
    let now = turn.at.now;
    let ends = gather(subscription, turn, |state| match state {
        State::Resetting { to, question, .. } if question.is_due(now) => Some(*to),
        _ => None,
    });
    for (broker, asks) in ends {
        ask_ends(subscription, broker, &asks, turn);
    }
    let epochs = gather(subscription, turn, |state| match state {
        State::Validating { position, question } if question.is_due(now) => position.epoch,
        _ => None,
    });
    for (broker, asks) in epochs {
        ask_epochs(subscription, broker, &asks, turn);
    }
}

fn gather<T>(
    subscription: &Subscription,
    turn: &mut Turn<'_>,
    what: impl Fn(&State) -> Option<T>,
) -> SortedMap<BrokerId, Vec<Ask<T>>> {
    let mut by_broker: SortedMap<BrokerId, Vec<Ask<T>>> = SortedMap::new();
    let mut leader_unknown = false;
    for (partition, assigned) in subscription.iter() {
        let Some(what) = what(&assigned.state) else {
            continue;
        };
        let Some((leader, leader_epoch)) = turn.network.metadata().leader(partition) else {
            leader_unknown = true;
            continue;
        };
        by_broker.entry(leader).or_default().push(Ask {
            partition: partition.clone(),
            leader_epoch,
            what,
        });
    }
    if leader_unknown {
        turn.network.metadata_mut().request_update();
    }
    by_broker
}

/// The version to ask a broker in, if it can be asked now.
fn version(broker: BrokerId, api: ApiKey, turn: &mut Turn<'_>) -> Option<i16> {
    let ready = (turn.network).ensure(turn.at.now, broker, turn.rng, turn.out);
    if ready != Readiness::Ready {
        return None;
    }
    turn.network.version(broker, api)
}

fn ask_ends(
    subscription: &mut Subscription,
    broker: BrokerId,
    asks: &[Ask<End>],
    turn: &mut Turn<'_>,
) {
    let Some(version) = version(broker, ApiKey::ListOffsets, turn) else {
        return;
    };
    let mut topics: Vec<ListOffsetsTopic> = Vec::new();
    for ask in asks {
        let partition = ListOffsetsPartition {
            partition_index: ask.partition.partition,
            current_leader_epoch: ask.leader_epoch.0,
            timestamp: ask.what.timestamp(),
            ..ListOffsetsPartition::default()
        };
        let name = &ask.partition.topic.0;
        match topics.iter_mut().find(|topic| topic.name == *name) {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(ListOffsetsTopic {
                name: name.clone(),
                partitions: vec![partition],
            }),
        }
    }
    let request = ListOffsetsRequest {
        replica_id: CONSUMER,
        isolation_level: turn.config.isolation_level.code(),
        topics,
    };
    let asked = asks.iter().map(|ask| (ask.partition.clone(), ask.what));
    let asked: Vec<_> = asked.collect();
    for (partition, _) in &asked {
        set_question(subscription, partition, Question::UnderWay);
    }
    let call = Call::Ends(asked);
    (turn.network).call(turn.at.now, broker, &request, version, call, turn.out);
}

fn ask_epochs(
    subscription: &mut Subscription,
    broker: BrokerId,
    asks: &[Ask<LeaderEpoch>],
    turn: &mut Turn<'_>,
) {
    let Some(version) = version(broker, ApiKey::OffsetForLeaderEpoch, turn) else {
        return;
    };
    let mut topics: Vec<OffsetForLeaderTopic> = Vec::new();
    for ask in asks {
        let partition = OffsetForLeaderPartition {
            partition: ask.partition.partition,
            current_leader_epoch: ask.leader_epoch.0,
            leader_epoch: ask.what.0,
        };
        let name = &ask.partition.topic.0;
        match topics.iter_mut().find(|topic| topic.topic == *name) {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(OffsetForLeaderTopic {
                topic: name.clone(),
                partitions: vec![partition],
            }),
        }
    }
    let request = OffsetForLeaderEpochRequest {
        replica_id: CONSUMER,
        topics,
    };
    let asked = asks.iter().map(|ask| (ask.partition.clone(), ask.what));
    let asked: Vec<_> = asked.collect();
    for (partition, _) in &asked {
        set_question(subscription, partition, Question::UnderWay);
    }
    let call = Call::Epochs(asked);
    (turn.network).call(turn.at.now, broker, &request, version, call, turn.out);
}

fn set_question(subscription: &mut Subscription, partition: &TopicPartition, to: Question) {
    let assigned = subscription.get_mut(partition);
    let state = assigned.map(|assigned| &mut assigned.state);
    if let Some(State::Resetting { question, .. } | State::Validating { question, .. }) = state {
        *question = to;
    }
}

/// The question is to be asked again, after a pause.
pub fn again(subscription: &mut Subscription, partition: &TopicPartition, turn: &Turn<'_>) {
    let at = turn.at.now + turn.config.retry_backoff;
    set_question(subscription, partition, Question::Due(at));
}

/// Hears where logs begin or end.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn ends_answered(
    subscription: &mut Subscription,
    asked: Vec<(TopicPartition, End)>,
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<ListOffsetsRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    for (partition, end) in asked {
        let state = subscription.get(&partition).map(|assigned| &assigned.state);
        let Some(State::Resetting { to, why, .. }) = state else {
            continue;
        };
        if *to != end {
            continue;
        }
        let why = why.clone();
        let topics = response.topics.iter();
        let of_topic = topics.filter(|topic| topic.name == partition.topic.0);
        let mut found = of_topic.flat_map(|topic| &topic.partitions);
        let found = found.find(|found| found.partition_index == partition.partition);
        let error = found.map_or(ErrorCode::UnknownServerError, |found| {
            ErrorCode::from_i16(found.error_code)
        });
        match found {
            Some(found) if error.is_none() => {
                let leader = turn.network.metadata().leader(&partition);
                let position = Position {
                    offset: Offset(found.offset.max(0)),
                    epoch: None,
                    leader_epoch: leader.map_or(LeaderEpoch::NONE, |(_, epoch)| epoch),
                };
                if let Some(assigned) = subscription.get_mut(&partition)
                    && end == End::Latest
                {
                    assigned.high_watermark = Some(position.offset);
                }
                subscription.place(&partition, position, why, turn.out);
            }
            _ => refused(subscription, &partition, error, turn),
        }
    }
    Ok(())
}

/// Hears where epochs end.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn epochs_answered(
    subscription: &mut Subscription,
    asked: Vec<(TopicPartition, LeaderEpoch)>,
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<OffsetForLeaderEpochRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    for (partition, epoch) in asked {
        let state = subscription.get(&partition).map(|assigned| &assigned.state);
        let Some(State::Validating { position, .. }) = state else {
            continue;
        };
        let position = *position;
        if position.epoch != Some(epoch) {
            continue;
        }
        let topics = response.topics.iter();
        let of_topic = topics.filter(|topic| topic.topic == partition.topic.0);
        let mut found = of_topic.flat_map(|topic| &topic.partitions);
        let found = found.find(|found| found.partition == partition.partition);
        let error = found.map_or(ErrorCode::UnknownServerError, |found| {
            ErrorCode::from_i16(found.error_code)
        });
        match found {
            Some(found) if error.is_none() => {
                validated(subscription, &partition, position, found, turn);
            }
            _ => refused(subscription, &partition, error, turn),
        }
    }
    Ok(())
}

/// Compares a position with where the epoch of the last record read ends in the leader's log.
fn validated(
    subscription: &mut Subscription,
    partition: &TopicPartition,
    position: Position,
    end: &EpochEndOffset,
    turn: &mut Turn<'_>,
) {
    let policy = turn.config.auto_offset_reset;
    let known = end.end_offset >= 0 && end.leader_epoch >= 0;
    if known && end.end_offset >= position.offset.0 {
        if let Some(assigned) = subscription.get_mut(partition) {
            assigned.state = State::Reading { position };
        }
        return;
    }
    if !known || End::of(policy).is_none() {
        subscription.reset(partition, policy, "the log was cut", turn.out);
        return;
    }
    let parted = Position {
        offset: Offset(end.end_offset),
        epoch: Some(LeaderEpoch(end.leader_epoch)),
        ..position
    };
    let why = format!("the log was cut, it had been {}", position.offset);
    subscription.place(partition, parted, why.into(), turn.out);
}

fn refused(
    subscription: &mut Subscription,
    partition: &TopicPartition,
    error: ErrorCode,
    turn: &mut Turn<'_>,
) {
    if error.is_invalid_metadata() || error == ErrorCode::UnknownLeaderEpoch {
        turn.network.metadata_mut().request_update();
    }
    if error.is_retriable() || error == ErrorCode::UnknownServerError {
        again(subscription, partition, turn);
    } else {
        subscription.fail(partition, error, turn.out);
    }
}
