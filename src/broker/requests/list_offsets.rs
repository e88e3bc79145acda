//! ListOffsets: the first offset, the last, or that of a time. Only the leader knows.
//!
//! Version 0 is older than the times in records. It asks where segments begin: the last one before a time, by when
//! its file was last written, and those before it, as many as are wanted. The end of the log, or for a client the high
//! watermark, stands before them all. It knows no OFFSET_NOT_AVAILABLE, and of a fresh leader a client may learn a
//! smaller end than before.
//!
//! Unlike Kafka, where whoever says that it is debugging (−2) is told by any replica, and of everything that lies there: it
//! is a client like any other.

use super::Asked;
use super::room::Room;
use crate::broker::Broker;
use crate::broker::partition::Partition;
use crate::log::planted::Bug;
use crate::log::{Back, Found};
use crate::model::{LeaderEpoch, Offset, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::list_offsets::{
    EARLIEST, EARLIEST_LOCAL, LATEST, ListOffsetsPartition, ListOffsetsPartitionResponse,
    ListOffsetsTopicResponse, MAX_TIMESTAMP,
};
use crate::protocol::api::{ListOffsetsRequest, ListOffsetsResponse};
use crate::time::{Moment, Timestamp};

/// Before this version a client does not know OFFSET_NOT_AVAILABLE.
const NOT_AVAILABLE_FROM: i16 = 5;

/// Who asks decides what "last" means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Replica,
    Client,
}

impl Broker {
    pub(super) fn handle_list_offsets(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: ListOffsetsRequest,
        out: &mut Outbox,
    ) {
        let asker = match request.replica_id {
            0.. if asked.from_broker.is_none() => {
                let why = "an offset asked for in a broker's name";
                return self.reject(asked.id.connection, why, out);
            }
            0.. => Asker::Replica,
            _ => Asker::Client,
        };
        let version = asked.id.version;
        if version == 0 {
            return self.list_boundaries(at, asked, &request, asker, out);
        }
        let mut response = ListOffsetsResponse::default();
        for topic in &request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            let mut asked_for: Vec<i32> = (topic.partitions.iter())
                .map(|wanted| wanted.partition_index)
                .collect();
            asked_for.sort_unstable();
            for wanted in &topic.partitions {
                let index = wanted.partition_index;
                let first = asked_for.partition_point(|other| *other < index);
                let twice = asked_for.get(first + 1) == Some(&index);
                let found = match twice {
                    true => Err(ErrorCode::InvalidRequest),
                    false => self.list_offset(&topic.name, wanted, version, asker),
                };
                partitions.push(listed(index, version, found));
            }
            let name = topic.name.clone();
            response
                .topics
                .push(ListOffsetsTopicResponse { name, partitions });
        }
        self.answer(at, asked.id, &response, out);
    }

    fn list_offset(
        &self,
        topic: &crate::model::Text,
        wanted: &ListOffsetsPartition,
        version: i16,
        asker: Asker,
    ) -> Result<Option<Found>, ErrorCode> {
        let name = TopicPartition {
            topic: TopicName(topic.clone()),
            partition: wanted.partition_index,
        };
        match (wanted.timestamp, version) {
            (0.. | LATEST | EARLIEST, _) | (MAX_TIMESTAMP, 7..) | (EARLIEST_LOCAL, 8..) => {}
            _ => return Err(ErrorCode::UnsupportedVersion),
        }
        let replica = self.hosted(&name)?;
        replica.check_epoch(wanted.current_leader_epoch)?;
        replica.check_leads()?;
        replica.find_offset(wanted.timestamp, asker)
    }

    // ---- version 0

    /// Who names a partition twice is told of it twice.
    fn list_boundaries(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ListOffsetsRequest,
        asker: Asker,
        out: &mut Outbox,
    ) {
        let mut response = ListOffsetsResponse::default();
        let mut room = Room::of(asked.id);
        for topic in &request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for wanted in &topic.partitions {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: wanted.partition_index,
                };
                let found = self.boundaries(&name, wanted, asker, at.wall);
                let error = found.as_ref().err().copied().unwrap_or(ErrorCode::None);
                let offsets = found.unwrap_or_default().into_iter();
                let answer = ListOffsetsPartitionResponse {
                    partition_index: wanted.partition_index,
                    error_code: error.code(),
                    old_style_offsets: offsets.map(|Offset(offset)| offset).collect(),
                    ..ListOffsetsPartitionResponse::default()
                };
                if !room.take(&answer) {
                    return self.refuse_length(asked.id, out);
                }
                partitions.push(answer);
            }
            let name = topic.name.clone();
            response
                .topics
                .push(ListOffsetsTopicResponse { name, partitions });
        }
        self.answer(at, asked.id, &response, out);
    }

    /// # Errors
    /// UNKNOWN_SERVER_ERROR (−1) to whoever wants less than none: Kafka stumbles over that.
    fn boundaries(
        &self,
        name: &TopicPartition,
        wanted: &ListOffsetsPartition,
        asker: Asker,
        wall: Timestamp,
    ) -> Result<Vec<Offset>, ErrorCode> {
        let back = match wanted.timestamp {
            LATEST => Back::FromEnd,
            EARLIEST | EARLIEST_LOCAL => Back::FromStart,
            // Before any other time that is none nothing was written.
            time => Back::From(Timestamp(time)),
        };
        let replica = self.hosted(name)?;
        replica.check_leads()?;
        let most = usize::try_from(wanted.max_num_offsets);
        let most = most.map_err(|_| ErrorCode::UnknownServerError)?;
        let mut offsets = replica.log().boundaries(back, most, wall);
        // In place of all that a client must not know yet stands the high watermark.
        let committed = replica.high_watermark();
        let hidden = offsets.iter().take_while(|offset| **offset > committed);
        let hidden = hidden.count();
        if hidden > 0 && asker == Asker::Client {
            offsets.splice(..hidden, [committed]);
        }
        Ok(offsets)
    }
}

impl Partition {
    /// What an offset query finds in the log that this replica leads.
    ///
    /// # Errors
    /// OFFSET_NOT_AVAILABLE (78) while a fresh leader's high watermark lags behind the start of its
    /// epoch: a smaller answer than the last leader's would take back what clients have seen.
    fn find_offset(&self, timestamp: i64, asker: Asker) -> Result<Option<Found>, ErrorCode> {
        let last = match asker {
            Asker::Replica => self.log_end(),
            Asker::Client => self.high_watermark(),
        };
        let lags = self
            .epoch_start()
            .is_some_and(|start| start > self.high_watermark());
        let honest = !self.config().planted.has(Bug::ListStaleEnd);
        let known = match lags && honest && asker == Asker::Client {
            true => Err(ErrorCode::OffsetNotAvailable),
            false => Ok(()),
        };
        let at = |offset, epoch| {
            Some(Found {
                offset,
                timestamp: Timestamp::NONE,
                epoch,
            })
        };
        match timestamp {
            LATEST => known.map(|()| at(last, self.leader_epoch())),
            EARLIEST | EARLIEST_LOCAL => {
                let start = self.log_start();
                let epoch = self.log().epochs().epoch_of(start);
                Ok(at(start, epoch.unwrap_or(LeaderEpoch::NONE)))
            }
            _ => {
                let found = match timestamp {
                    MAX_TIMESTAMP => self.log().find_max_timestamp(),
                    _ => self.log().find_by_timestamp(Timestamp(timestamp)),
                };
                match found.filter(|found| found.offset < last) {
                    Some(found) => Ok(Some(found)),
                    None => known.map(|()| None),
                }
            }
        }
    }
}

fn listed(
    index: i32,
    version: i16,
    found: Result<Option<Found>, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let mut answer = ListOffsetsPartitionResponse {
        partition_index: index,
        ..ListOffsetsPartitionResponse::default()
    };
    match found {
        Ok(None) => {}
        Ok(Some(found)) => {
            let Offset(offset) = found.offset;
            answer.offset = offset;
            answer.timestamp = found.timestamp.0;
            answer.leader_epoch = found.epoch.0;
        }
        Err(ErrorCode::OffsetNotAvailable) if version < NOT_AVAILABLE_FROM => {
            answer.error_code = ErrorCode::LeaderNotAvailable.code();
        }
        Err(error) => answer.error_code = error.code(),
    }
    answer
}
