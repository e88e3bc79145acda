//! What a coordinator is set to.

use crate::time::Duration;

/// A broker's settings for groups. The names are Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// `group.min.session.timeout.ms`: a member may not ask for less.
    pub group_min_session_timeout: Duration,
    /// `group.max.session.timeout.ms`: nor for more.
    pub group_max_session_timeout: Duration,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members than the first.
    pub group_initial_rebalance_delay: Duration,
    /// `group.max.size`.
    pub group_max_size: usize,
    /// `offset.metadata.max.bytes`: how long a note beside an offset may be, in UTF-16 units as Java counts.
    pub offset_metadata_max_bytes: usize,
    /// `offsets.load.buffer.size`: how many bytes of a partition of the offsets topic are read at once.
    pub offsets_load_buffer_size: u32,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_num_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub offsets_topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub offsets_topic_segment_bytes: u32,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_interval: Duration,
    /// `offsets.commit.timeout.ms`: how long a commit waits for the followers.
    pub offsets_commit_timeout: Duration,
    /// Whether nothing is told of a group before it has been read, as always unless a bug is planted.
    pub waits_for_reading: bool,
    /// Whether only members of the present generation may commit, as always unless a bug is planted.
    pub fences_commits: bool,
    /// Whether members are given what the leader has just handed in, as always unless a bug is planted.
    pub gives_new_parts: bool,
}

impl Default for GroupConfig {
    fn default() -> Self {
        GroupConfig {
            group_min_session_timeout: Duration::from_secs(6),
            group_max_session_timeout: Duration::from_secs(1_800),
            group_initial_rebalance_delay: Duration::from_secs(3),
            group_max_size: i32::MAX as usize,
            offset_metadata_max_bytes: 4_096,
            offsets_load_buffer_size: 5 * 1024 * 1024,
            offsets_topic_num_partitions: 50,
            offsets_topic_replication_factor: 3,
            offsets_topic_segment_bytes: 104_857_600,
            offsets_retention: Duration::from_secs(7 * 24 * 3_600),
            offsets_retention_check_interval: Duration::from_secs(600),
            offsets_commit_timeout: Duration::from_secs(5),
            waits_for_reading: true,
            fences_commits: true,
            gives_new_parts: true,
        }
    }
}
