//! DeleteRecords: the log of a partition begins later from now on.
//!
//! The leader moves its log start, and what lies before cannot be read any more. The segments are still there until
//! retention comes by; an offset in the middle of a batch is as good as any. Followers learn of the new start
//! with the leader's next answer and tell with their next fetch that they have it; only when every replica
//! that is alive has it is the request answered, since until then one of them could be elected and bring
//! the records back.

use super::{Asked, is_internal};
use crate::broker::Broker;
use crate::broker::purgatory::{DelayedDelete, Parked, Wait, WaitingDelete};
use crate::broker::replicas::Slot;
use crate::model::{Offset, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use crate::protocol::api::{DeleteRecordsRequest, DeleteRecordsResponse};
use crate::time::{Duration, Moment};

/// What is told of a log of which nothing is known.
const UNKNOWN: i64 = -1;

impl Broker {
    pub(super) fn handle_delete_records(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DeleteRecordsRequest,
        out: &mut Outbox,
    ) {
        let mut response = DeleteRecordsResponse::default();
        let mut waiting = Vec::new();
        for topic in &request.topics {
            let mut results = Vec::with_capacity(topic.partitions.len());
            for wanted in &topic.partitions {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: wanted.partition_index,
                };
                let mut result = DeleteRecordsPartitionResult {
                    partition_index: wanted.partition_index,
                    low_watermark: UNKNOWN,
                    error_code: ErrorCode::None.code(),
                };
                match self.delete_records(at, &name, wanted.offset, out) {
                    Err(error) => result.error_code = error.code(),
                    Ok((slot, required)) => {
                        // Should time be up before every replica has followed, this is what is told.
                        let low = self.replicas.get(slot).low_watermark(&self.metadata);
                        result.low_watermark = low.map_or(UNKNOWN, |low| low.0);
                        waiting.push(WaitingDelete {
                            slot,
                            required,
                            topic: response.topics.len(),
                            partition: results.len(),
                        });
                    }
                }
                results.push(result);
            }
            response.topics.push(DeleteRecordsTopicResult {
                name: topic.name.clone(),
                partitions: results,
            });
        }
        let mut delayed = DelayedDelete { response, waiting };
        delayed.settle(|deletion| self.is_deleted_everywhere(deletion));
        if delayed.waiting.is_empty() {
            return self.answer(at, asked.id, &delayed.response, out);
        }
        let parked = Parked {
            request: asked.id,
            since: at.now,
            until: at.now + Duration::from_millis_i32(request.timeout_ms),
            wait: Wait::Delete(delayed),
        };
        self.park(parked, out);
    }

    /// Moves the start of one log; the offset that every replica must reach.
    ///
    /// # Errors
    /// INVALID_TOPIC_EXCEPTION (17) for Kafka's own topics; UNKNOWN_TOPIC_OR_PARTITION (3);
    /// NOT_LEADER_OR_FOLLOWER (6); what [`Partition::delete_records`] refuses.
    ///
    /// [`Partition::delete_records`]: crate::broker::Partition::delete_records
    fn delete_records(
        &mut self,
        at: Moment,
        name: &TopicPartition,
        before: i64,
        out: &mut Outbox,
    ) -> Result<(Slot, Offset), ErrorCode> {
        if self.metadata.partition(name).is_none() {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        if is_internal(name.topic.as_str()) {
            return Err(ErrorCode::InvalidTopicException);
        }
        self.hosted(name)?.check_leads()?;
        let slot = self.replicas.slot(name);
        let slot = slot.ok_or(ErrorCode::NotLeaderOrFollower)?;
        let required = self.replicas.get_mut(slot).delete_records(before, out)?;
        if self.replicas.get(slot).log().begins_within_a_segment() {
            self.log_start_moved(at);
        }
        self.stir(slot);
        Ok((slot, required))
    }

    /// What is told of a log that was to begin later: that it does on every live replica, or that it is not
    /// for this broker to say any more; nothing, while it is not so.
    pub(in crate::broker) fn is_deleted_everywhere(
        &self,
        deletion: &WaitingDelete,
    ) -> Option<(ErrorCode, Offset)> {
        let replica = self.replicas.get(deletion.slot);
        if self.replicas.is_retired(deletion.slot) {
            return Some((self.why_not_hosted(replica.name()), Offset(UNKNOWN)));
        }
        let Some(low) = replica.low_watermark(&self.metadata) else {
            return Some((ErrorCode::NotLeaderOrFollower, Offset(UNKNOWN)));
        };
        (low >= deletion.required).then_some((ErrorCode::None, low))
    }
}
