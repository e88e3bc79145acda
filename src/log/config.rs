//! A topic's settings: what Kafka calls `LogConfig`.
//!
//! Every topic inherits the broker's defaults and may override them by name (`/config/topics/T` in
//! Kafka). The names and the defaults are Kafka 3.8's; a value that cannot be read is refused with Kafka's
//! sentence. The names as a list are in [`super::setting`].
//!
//! Not modelled: `preallocate`, `flush.ms` and `file.delete.delay.ms` (there are no files), compression by
//! the broker, throttled replicas, and settings for message formats 0 and 1. They are kept and ignored.

use super::planted::Planted;
use super::setting::{self, Effect, Ratio, Read};
use crate::model::Text;
use crate::time::Duration;

/// Whose clock a record's timestamp is (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The leader's, at the moment of appending.
    LogAppendTime,
}

/// What becomes of old records (`cleanup.policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanupPolicy {
    Delete,
    Compact,
    CompactAndDelete,
    /// An empty list: only what lies below the log's start goes.
    Neither,
}

/// The settings of one topic, defaults and overrides merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment that would grow beyond this is closed first.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment whose records span more than this is closed first.
    pub segment: Duration,
    /// `segment.jitter.ms`: it is closed earlier by up to so much, each segment by a time of its own.
    pub segment_jitter: Duration,
    /// `segment.index.bytes`: a segment whose offset index would outgrow this is closed first.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: how many bytes of log lie between two index entries.
    pub index_interval_bytes: u32,
    /// `retention.ms`: segments older than this may go; `None` keeps them.
    pub retention: Option<Duration>,
    /// `retention.bytes`: the oldest segments may go while the log stays at least so large; `None`
    /// keeps them.
    pub retention_bytes: Option<u64>,
    /// `delete.retention.ms`: how long a tombstone stays after it was first cleaned.
    pub delete_retention: Duration,
    /// `min.compaction.lag.ms`: how long a record is left as it was written.
    pub min_compaction_lag: Duration,
    /// `max.compaction.lag.ms`: how long it may be left so at most.
    pub max_compaction_lag: Duration,
    /// `min.cleanable.dirty.ratio`: how much of a log must be dirty before it is compacted.
    pub min_cleanable_dirty_ratio: Ratio,
    /// `flush.messages`: a log with so many unflushed records is flushed; `None` is never.
    pub flush_messages: Option<i64>,
    /// `max.message.bytes`: the largest batch a producer may send.
    pub max_message_bytes: u32,
    /// `min.insync.replicas`: with fewer replicas in sync, `acks=all` is refused.
    pub min_insync_replicas: u32,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a producer's clock may be behind.
    pub message_timestamp_before_max: Duration,
    /// `message.timestamp.after.max.ms`: how far a producer's clock may be ahead.
    pub message_timestamp_after_max: Duration,
    /// `message.timestamp.difference.max.ms`: either, where the two above do not say.
    pub message_timestamp_difference_max: Duration,
    /// `unclean.leader.election.enable`: whether a replica that is not in sync may lead at all.
    pub unclean_leader_election: bool,
    /// What is wrong on purpose.
    pub planted: Planted,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig {
            segment_bytes: 1_073_741_824,
            segment: Duration::from_secs(168 * 3_600),
            segment_jitter: Duration::ZERO,
            segment_index_bytes: 10_485_760,
            index_interval_bytes: 4_096,
            retention: Some(Duration::from_secs(168 * 3_600)),
            retention_bytes: None,
            delete_retention: Duration::from_millis(86_400_000),
            min_compaction_lag: Duration::ZERO,
            max_compaction_lag: Duration::MAX,
            min_cleanable_dirty_ratio: Ratio::HALF,
            flush_messages: None,
            max_message_bytes: 1_048_588,
            min_insync_replicas: 1,
            cleanup_policy: CleanupPolicy::Delete,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max: Duration::MAX,
            message_timestamp_after_max: Duration::MAX,
            message_timestamp_difference_max: Duration::MAX,
            unclean_leader_election: false,
            planted: Planted::default(),
        }
    }
}

impl CleanupPolicy {
    /// Whether old segments are dropped.
    pub fn deletes(self) -> bool {
        matches!(
            self,
            CleanupPolicy::Delete | CleanupPolicy::CompactAndDelete
        )
    }

    /// Whether only the last record of each key is kept, so that every record needs a key.
    pub fn compacts(self) -> bool {
        matches!(
            self,
            CleanupPolicy::Compact | CleanupPolicy::CompactAndDelete
        )
    }
}

impl LogConfig {
    /// Sets one setting by its topic name.
    ///
    /// # Errors
    /// A sentence, when the name is not a topic setting of Kafka or the value is none of its values.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let read = Read { name, value };
        match name {
            "segment.bytes" => self.segment_bytes = read.int(14)?,
            "segment.ms" => self.segment = read.span(1)?,
            "segment.jitter.ms" => self.segment_jitter = read.span(0)?,
            "segment.index.bytes" => self.segment_index_bytes = read.int(4)?,
            "index.interval.bytes" => self.index_interval_bytes = read.int(0)?,
            "retention.ms" => self.retention = read.span_or_none()?,
            "retention.bytes" => self.retention_bytes = read.bytes_or_none()?,
            "delete.retention.ms" => self.delete_retention = read.span(0)?,
            "min.compaction.lag.ms" => self.min_compaction_lag = read.span(0)?,
            "max.compaction.lag.ms" => self.max_compaction_lag = read.span(1)?,
            "min.cleanable.dirty.ratio" => self.min_cleanable_dirty_ratio = read.ratio()?,
            "flush.messages" => {
                let most = read.long(1)?;
                self.flush_messages = (most < i64::MAX).then_some(most);
            }
            "max.message.bytes" => self.max_message_bytes = read.int(0)?,
            "min.insync.replicas" => self.min_insync_replicas = read.int(1)?,
            "cleanup.policy" => self.cleanup_policy = cleanup_policy(&read)?,
            "message.timestamp.type" => {
                self.message_timestamp_type = read.one_of(&TIMESTAMP_TYPES)?;
            }
            "message.timestamp.before.max.ms" => {
                self.message_timestamp_before_max = read.span(0)?;
            }
            "message.timestamp.after.max.ms" => self.message_timestamp_after_max = read.span(0)?,
            "message.timestamp.difference.max.ms" => {
                self.message_timestamp_difference_max = read.span(0)?;
            }
            "unclean.leader.election.enable" => self.unclean_leader_election = read.boolean()?,
            _ => match setting::find(name) {
                Some(ignored) => read.is_within(ignored.kind, ignored.bounds)?,
                None => return Err(format!("Unknown topic config name: {name}")),
            },
        }
        Ok(())
    }

    /// That the settings fit each other.
    ///
    /// # Errors
    /// A sentence that names the two that do not.
    pub fn check(&self) -> Result<(), String> {
        if self.min_compaction_lag > self.max_compaction_lag {
            let told = |name| self.get(name).unwrap_or_default();
            return Err(format!(
                "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
                told("min.compaction.lag.ms"),
                told("max.compaction.lag.ms"),
            ));
        }
        Ok(())
    }

    /// These settings with a topic's overrides over them. Overrides that cannot be read are passed
    /// over: who accepted them has already said so.
    pub fn with(&self, overrides: &[(Text, Text)]) -> LogConfig {
        let mut merged = self.clone();
        for (name, value) in overrides {
            let _ = merged.set(name, value);
        }
        merged
    }

    /// The value of a setting as Kafka prints it; of one that is ignored, its default.
    pub fn get(&self, name: &str) -> Option<String> {
        let millis = |span: Duration| match span {
            Duration::MAX => i64::MAX.to_string(),
            _ => span.as_millis().to_string(),
        };
        Some(match name {
            "segment.bytes" => self.segment_bytes.to_string(),
            "segment.ms" => millis(self.segment),
            "segment.index.bytes" => self.segment_index_bytes.to_string(),
            "index.interval.bytes" => self.index_interval_bytes.to_string(),
            "segment.jitter.ms" => millis(self.segment_jitter),
            "delete.retention.ms" => millis(self.delete_retention),
            "min.compaction.lag.ms" => millis(self.min_compaction_lag),
            "max.compaction.lag.ms" => millis(self.max_compaction_lag),
            "min.cleanable.dirty.ratio" => self.min_cleanable_dirty_ratio.to_string(),
            "retention.ms" => self.retention.map_or("-1".to_owned(), millis),
            "retention.bytes" => self
                .retention_bytes
                .map_or("-1".to_owned(), |n| n.to_string()),
            "flush.messages" => self.flush_messages.unwrap_or(i64::MAX).to_string(),
            "max.message.bytes" => self.max_message_bytes.to_string(),
            "min.insync.replicas" => self.min_insync_replicas.to_string(),
            "cleanup.policy" => match self.cleanup_policy {
                CleanupPolicy::Delete => "delete",
                CleanupPolicy::Compact => "compact",
                CleanupPolicy::CompactAndDelete => "compact,delete",
                CleanupPolicy::Neither => "",
            }
            .to_owned(),
            "message.timestamp.type" => match self.message_timestamp_type {
                TimestampType::CreateTime => "CreateTime",
                TimestampType::LogAppendTime => "LogAppendTime",
            }
            .to_owned(),
            "message.timestamp.before.max.ms" => millis(self.message_timestamp_before_max),
            "message.timestamp.after.max.ms" => millis(self.message_timestamp_after_max),
            "message.timestamp.difference.max.ms" => millis(self.message_timestamp_difference_max),
            "unclean.leader.election.enable" => self.unclean_leader_election.to_string(),
            _ => {
                let ignored = setting::find(name).filter(|one| one.effect == Effect::Ignored)?;
                ignored.default.to_owned()
            }
        })
    }
}

const TIMESTAMP_TYPES: [(&str, TimestampType); 2] = [
    ("CreateTime", TimestampType::CreateTime),
    ("LogAppendTime", TimestampType::LogAppendTime),
];

/// A list of words, each as often as one likes, or none at all (`ValidList`).
fn cleanup_policy(read: &Read<'_>) -> Result<CleanupPolicy, String> {
    if read.value.trim().is_empty() {
        return Ok(CleanupPolicy::Neither);
    }
    let (mut compacts, mut deletes) = (false, false);
    for value in read.value.split(',').map(str::trim) {
        match value {
            "compact" => compacts = true,
            "delete" => deletes = true,
            _ => {
                let word = Read { value, ..*read };
                return word.refuse("String must be one of: compact, delete");
            }
        }
    }
    Ok(match (compacts, deletes) {
        (true, true) => CleanupPolicy::CompactAndDelete,
        (true, false) => CleanupPolicy::Compact,
        (false, _) => CleanupPolicy::Delete,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_setting_can_be_read_back() {
        for setting in &setting::SETTINGS {
            let (name, defaults) = (setting.name, LogConfig::default());
            let value = defaults.get(name).expect("a value");
            let mut config = LogConfig::default();
            assert_eq!(config.set(name, &value), Ok(()), "{name}={value}");
            assert_eq!(config, defaults, "{name}");
        }
    }

    #[test]
    fn a_bad_value_is_refused_with_a_sentence() {
        let mut config = LogConfig::default();
        for (name, value) in [
            ("retention.ms", "-2"),
            ("retention.ms", "soon"),
            ("segment.bytes", "13"),
            ("min.insync.replicas", "0"),
            ("cleanup.policy", "shred"),
            ("unclean.leader.election.enable", "1"),
            ("min.cleanable.dirty.ratio", "1.1"),
            ("flush.ms", "seldom"),
            ("no.such.setting", "1"),
        ] {
            let refusal = config.set(name, value).expect_err(name);
            assert!(refusal.contains(name), "{refusal}");
        }
        assert_eq!(config, LogConfig::default());
    }

    #[test]
    fn a_policy_is_a_list_that_may_be_empty() {
        for (value, told, compacts, deletes) in [
            ("delete", "delete", false, true),
            ("compact", "compact", true, false),
            (" delete , compact", "compact,delete", true, true),
            ("delete,delete", "delete", false, true),
            ("", "", false, false),
            (" ", "", false, false),
        ] {
            let mut config = LogConfig::default();
            assert_eq!(config.set("cleanup.policy", value), Ok(()), "{value:?}");
            assert_eq!(config.get("cleanup.policy").as_deref(), Some(told));
            let policy = config.cleanup_policy;
            assert_eq!((policy.compacts(), policy.deletes()), (compacts, deletes));
        }
        for (value, word) in [(",", ""), ("delete,", ""), ("delete, shred", "shred")] {
            let refused = LogConfig::default().set("cleanup.policy", value);
            let why = format!(
                "Invalid value {word} for configuration cleanup.policy: \
                 String must be one of: compact, delete"
            );
            assert_eq!(refused, Err(why));
        }
    }

    #[test]
    fn overrides_lie_over_the_defaults() {
        let merged = LogConfig::default().with(&[
            ("min.insync.replicas".into(), "2".into()),
            ("retention.bytes".into(), "-1".into()),
            ("flush.ms".into(), "5".into()),
        ]);
        assert_eq!(merged.min_insync_replicas, 2);
        assert_eq!(merged.retention_bytes, None);
    }
}
