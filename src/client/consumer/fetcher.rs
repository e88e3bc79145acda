//! The fetcher: asks leaders for records and hears what they say.
//!
//! One Fetch at a time to each broker, for all partitions it leads that have a position and nothing
//! buffered, and are not paused. The broker holds it until `fetch.min.bytes` are there or `fetch.max.wait.ms` are over, so a
//! consumer that has read everything waits at the broker, not in a circle. The next request goes out
//! before the application sees the records of the last.
//!
//! An error belongs to one partition. Most say that the client's idea of the leader is wrong: then the
//! partition is not asked for again until there is news about metadata. OFFSET_OUT_OF_RANGE says that the
//! position is gone, and `auto.offset.reset` decides.
//!
//! Unlike Kafka 3.8, which asks a broker that does not lead again at once, a partition waits for news, as
//! in later versions; and errors are dealt with when they arrive, not in the next `poll()`. Not
//! modelled: reading from a follower (KIP-392).

use smallvec::SmallVec;

use super::buffer::{Buffer, Check};
use super::subscription::{Assigned, State, Subscription};
use super::{Call, Turn};
use crate::channel::Answer;
use crate::client::metadata::Topic;
use crate::client::network::Readiness;
use crate::fact::CloseReason;
use crate::fetch_session::{Heard, Wanted};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicId, TopicName, TopicPartition};
use crate::protocol::api::FetchRequest;
use crate::protocol::api::fetch::{FetchPartition, FetchResponse, PartitionData};
use crate::protocol::{ApiKey, ErrorCode};
use crate::sorted::SortedMap;

/// The last version that names topics by name.
const LAST_BY_NAME: i16 = 12;

/// A partition in a Fetch in flight.
#[derive(Clone, Debug)]
pub struct Fetching {
    pub partition: TopicPartition,
    pub topic_id: TopicId,
    pub offset: Offset,
    leader_epoch: LeaderEpoch,
}

/// Asks every leader that can be asked.
pub fn ask(subscription: &mut Subscription, turn: &mut Turn<'_>) {
    let now = turn.at.now;
    let calls = turn.network.calls();
    let fetches = calls.filter(|(_, call)| matches!(call, Call::Fetch(_)));
    let busy: SmallVec<[BrokerId; 8]> = fetches.map(|(to, _)| to).collect();
    for (broker, fetches) in fetchable(subscription, &busy, turn) {
        if turn.network.ensure(now, broker, turn.rng, turn.out) != Readiness::Ready {
            continue;
        }
        let Some(mut version) = turn.network.version(broker, ApiKey::Fetch) else {
            continue;
        };
        let none = TopicId::default();
        if fetches.iter().any(|fetch| fetch.topic_id == none) {
            version = version.min(LAST_BY_NAME);
        }
        let request = request(broker, &fetches, version, turn);
        let call = Call::Fetch(fetches);
        turn.network
            .call(now, broker, &request, version, call, turn.out);
    }
}

/// What can be asked for of each leader that is not asked already.
fn fetchable(
    subscription: &Subscription,
    busy: &[BrokerId],
    turn: &mut Turn<'_>,
) -> SortedMap<BrokerId, Vec<Fetching>> {
    let mut by_broker: SortedMap<BrokerId, Vec<Fetching>> = SortedMap::new();
    let metadata = turn.network.metadata();
    let fresh = |assigned: &Assigned| {
        let stale = assigned
            .stale_since
            .is_some_and(|since| metadata.version() <= since);
        let waits = assigned.buffer.is_some() || stale || assigned.not_before > turn.at.now;
        !waits && !assigned.is_paused
    };
    let mut leader_unknown = false;
    let mut found = Vec::new();
    let mut last: Option<(&TopicName, Option<&Topic>)> = None;
    for (partition, assigned) in subscription.iter() {
        let State::Reading { position } = &assigned.state else {
            continue;
        };
        if !fresh(assigned) {
            continue;
        }
        let topic = match last {
            Some((name, topic)) if *name == partition.topic => topic,
            _ => metadata.topic(&partition.topic),
        };
        last = Some((&partition.topic, topic));
        let leader = topic.and_then(|topic| Some((topic.id, topic.leader(partition.partition)?)));
        let Some((topic_id, (leader, leader_epoch))) = leader else {
            leader_unknown = true;
            continue;
        };
        if busy.contains(&leader) {
            continue;
        }
        let fetching = Fetching {
            partition: partition.clone(),
            topic_id,
            offset: position.offset,
            leader_epoch,
        };
        found.push((assigned.turn, leader, fetching));
    }
    found.sort_unstable_by_key(|(turn, ..)| *turn);
    for (_, leader, fetching) in found {
        by_broker.entry(leader).or_default().push(fetching);
    }
    if leader_unknown {
        turn.network.metadata_mut().request_update();
    }
    by_broker
}

fn request(
    broker: BrokerId,
    fetches: &[Fetching],
    version: i16,
    turn: &mut Turn<'_>,
) -> FetchRequest {
    let config = turn.config;
    let wanted = fetches.iter().map(|fetch| Wanted {
        topic: fetch.partition.topic.0.clone(),
        topic_id: fetch.topic_id,
        partition: FetchPartition {
            partition: fetch.partition.partition,
            current_leader_epoch: fetch.leader_epoch.0,
            fetch_offset: fetch.offset.0,
            partition_max_bytes: config.max_partition_fetch_bytes,
            ..FetchPartition::default()
        },
    });
    let mut request = FetchRequest {
        max_wait_ms: config.fetch_max_wait.as_millis_i32(),
        min_bytes: config.fetch_min_bytes,
        max_bytes: config.fetch_max_bytes,
        isolation_level: config.isolation_level.code(),
        ..FetchRequest::default()
    };
    let session = turn.sessions.entry(broker).or_default();
    session.ask(wanted.collect(), version > LAST_BY_NAME, &mut request);
    request
}

/// Hears what a broker answered.
///
/// # Errors
/// The reason to close the connection, when the bytes make no sense.
pub fn answered(
    subscription: &mut Subscription,
    from: BrokerId,
    fetches: Vec<Fetching>,
    answer: &Answer<()>,
    turn: &mut Turn<'_>,
) -> Result<(), CloseReason> {
    let response = answer.decode::<FetchRequest>();
    let response = response.map_err(|_| CloseReason::Malformed)?;
    let error = ErrorCode::from_i16(response.error_code);
    let heard = turn.sessions.entry(from).or_default().answered(&response);
    if heard == Heard::Nothing && error.is_about_sessions() {
        // The next fetch says everything, at once.
        return Ok(());
    }
    for fetch in fetches {
        let data = find(&response, &fetch, answer.version);
        if data.is_none() && heard == Heard::Changes {
            continue;
        }
        // A broker that is silent about a partition, or refuses the whole request.
        let silent = PartitionData {
            error_code: match error {
                ErrorCode::None => ErrorCode::UnknownServerError.code(),
                error => error.code(),
            },
            high_watermark: -1,
            ..PartitionData::default()
        };
        take_in(subscription, &fetch, data.unwrap_or(&silent), turn);
    }
    Ok(())
}

fn find<'a>(
    response: &'a FetchResponse,
    fetch: &Fetching,
    version: i16,
) -> Option<&'a PartitionData> {
    let topics = response.responses.iter();
    let of_topic = topics.filter(|topic| match version > LAST_BY_NAME {
        true => topic.topic_id == fetch.topic_id,
        false => topic.topic == fetch.partition.topic.0,
    });
    let mut partitions = of_topic.flat_map(|topic| &topic.partitions);
    partitions.find(|data| data.partition_index == fetch.partition.partition)
}

fn take_in(
    subscription: &mut Subscription,
    fetch: &Fetching,
    data: &PartitionData,
    turn: &mut Turn<'_>,
) {
    let partition = &fetch.partition;
    let known = turn.network.metadata().version();
    let leader = BrokerId(data.current_leader.leader_id);
    let epoch = LeaderEpoch(data.current_leader.leader_epoch);
    let metadata = turn.network.metadata_mut();
    metadata.learn_leader(partition, leader, epoch, turn.out);
    let Some(assigned) = subscription.get_mut(partition) else {
        return;
    };
    // What was fetched for another position is of no use.
    let State::Reading { position } = &assigned.state else {
        return;
    };
    if position.offset != fetch.offset {
        return;
    }
    let error = ErrorCode::from_i16(data.error_code);
    match error {
        ErrorCode::None => {
            let offset = |offset: i64| Some(Offset(offset)).filter(|offset| offset.0 >= 0);
            assigned.high_watermark = offset(data.high_watermark).or(assigned.high_watermark);
            assigned.log_start = offset(data.log_start_offset).or(assigned.log_start);
            let Some(records) = data.records.as_ref().filter(|records| !records.is_empty()) else {
                return;
            };
            let check = match turn.config.check_crcs {
                true => Check::Checksums,
                false => Check::Nothing,
            };
            match Buffer::new(records, check) {
                Ok(buffer) if buffer.is_empty() => {}
                Ok(buffer) => subscription.fill(partition, buffer),
                Err(_) => subscription.fail(partition, ErrorCode::CorruptMessage, turn.out),
            }
        }
        ErrorCode::OffsetOutOfRange => {
            let policy = turn.config.auto_offset_reset;
            subscription.reset(partition, policy, "out of range", turn.out);
        }
        ErrorCode::UnknownLeaderEpoch | ErrorCode::UnknownServerError => {
            // The broker is behind, or at a loss.
            assigned.not_before = turn.at.now + turn.config.retry_backoff;
        }
        _ if error.is_invalid_metadata() || error.is_retriable() => {
            assigned.stale_since = Some(known);
            turn.network.metadata_mut().request_update();
        }
        _ => subscription.fail(partition, error, turn.out),
    }
}
