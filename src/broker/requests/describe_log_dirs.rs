//! DescribeLogDirs: how large the logs of this broker are.
//!
//! Unlike Kafka, a broker has one directory, which never fails, and whose volume has no size that is known.

use super::Asked;
use crate::broker::Broker;
use crate::log::Log;
use crate::model::{TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::api::describe_log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use crate::protocol::api::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use crate::sorted::{Mentions, SortedMap};
use crate::time::Moment;

/// Where Kafka keeps logs when nobody says otherwise (`log.dir`).
const LOG_DIR: &str = "/tmp/kafka-logs";

/// How far a log is behind that is not in use (`INVALID_OFFSET_LAG`).
const UNKNOWN_LAG: i64 = -1;

impl Broker {
    pub(super) fn handle_describe_log_dirs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DescribeLogDirsRequest,
        out: &mut Outbox,
    ) {
        let named = request.topics.as_ref().map(|topics| {
            let partitions = topics.iter().flat_map(|one| {
                let partitions = one.partitions.iter();
                partitions.map(move |partition| (&one.topic, *partition))
            });
            Mentions::of(partitions)
        });
        let wanted = |name: &TopicPartition| {
            let key = (&name.topic.0, name.partition);
            named.as_ref().is_none_or(|named| named.is_named(key))
        };
        let opened = self.partitions();
        let opened = opened.map(|(name, replica)| {
            let lag = (replica.high_watermark() - replica.log_end()).max(0);
            (name, replica.log(), lag)
        });
        // What the controller has not had this broker open yet lies there all the same.
        let stored = self.disk.logs();
        let stored = stored.map(|(name, log)| (name, log, UNKNOWN_LAG));
        let mut topics: SortedMap<TopicName, Vec<DescribeLogDirsPartition>> = SortedMap::new();
        for (name, log, lag) in opened.chain(stored).filter(|one| wanted(one.0)) {
            let partitions = topics.entry(name.topic.clone()).or_default();
            partitions.push(described(name.partition, log, lag));
        }
        let topics = topics
            .into_iter()
            .map(|(name, partitions)| DescribeLogDirsTopic {
                name: name.0,
                partitions,
            });
        let response = DescribeLogDirsResponse {
            results: vec![DescribeLogDirsResult {
                log_dir: LOG_DIR.into(),
                topics: topics.collect(),
                ..DescribeLogDirsResult::default()
            }],
            ..DescribeLogDirsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }
}

fn described(partition_index: i32, log: &Log, offset_lag: i64) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition {
        partition_index,
        partition_size: i64::try_from(log.bytes()).unwrap_or(i64::MAX),
        offset_lag,
        is_future_key: false,
    }
}
