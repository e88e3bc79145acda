//! OffsetForLeaderEpoch: where an earlier leader's epoch ended in this leader's log.

use super::Asked;
use crate::broker::Broker;
use crate::log::EpochEnd;
use crate::model::{LeaderEpoch, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::offset_for_leader_epoch::{EpochEndOffset, OffsetForLeaderTopicResult};
use crate::protocol::api::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_offset_for_leader_epoch(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: OffsetForLeaderEpochRequest,
        out: &mut Outbox,
    ) {
        let mut response = OffsetForLeaderEpochResponse::default();
        for topic in &request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for wanted in &topic.partitions {
                let name = TopicPartition {
                    topic: TopicName(topic.topic.clone()),
                    partition: wanted.partition,
                };
                let epoch = LeaderEpoch(wanted.leader_epoch);
                let found = self.epoch_end(&name, wanted.current_leader_epoch, epoch);
                let mut answer = EpochEndOffset {
                    partition: wanted.partition,
                    ..EpochEndOffset::default()
                };
                match found {
                    Ok(Some(end)) => {
                        answer.leader_epoch = end.epoch.0;
                        answer.end_offset = end.end.0;
                    }
                    Ok(None) => {}
                    Err(error) => answer.error_code = error.code(),
                }
                partitions.push(answer);
            }
            let topic = topic.topic.clone();
            response
                .topics
                .push(OffsetForLeaderTopicResult { topic, partitions });
        }
        self.answer(at, asked.id, &response, out);
    }

    fn epoch_end(
        &self,
        name: &TopicPartition,
        current_leader_epoch: i32,
        epoch: LeaderEpoch,
    ) -> Result<Option<EpochEnd>, ErrorCode> {
        let replica = self.hosted(name)?;
        replica.check_epoch(current_leader_epoch)?;
        replica.check_leads()?;
        Ok(replica.end_of_epoch(epoch))
    }
}
