//! The settings of a broker as a list: what each is called, what kind of value it has, whether it may change
//! while the broker runs, and what it is good for. What topics inherit is taken from [`crate::log::setting`].
//!
//! Law: every setting here can be read back ([`Config::get`]) and set ([`Config::set`]).

use super::Config;
use crate::log::setting::{self, Kind};
use crate::time::Duration;

/// One setting of a broker.
#[derive(Clone, Copy, Debug)]
pub struct BrokerSetting {
    pub name: &'static str,
    pub kind: Kind,
    pub change: Change,
    /// What it is good for, in a sentence.
    pub about: &'static str,
}

/// Whether a setting may change while the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stands in `server.properties`, and is read once.
    AtStart,
    /// Also through AlterConfigs, for one broker or for all.
    AtAnyTime,
}

const fn fixed(name: &'static str, kind: Kind, about: &'static str) -> BrokerSetting {
    let change = Change::AtStart;
    BrokerSetting {
        name,
        kind,
        change,
        about,
    }
}

const fn dynamic(name: &'static str, kind: Kind, about: &'static str) -> BrokerSetting {
    let change = Change::AtAnyTime;
    BrokerSetting {
        name,
        kind,
        change,
        about,
    }
}

/// What belongs to the broker itself.
const OWN: [BrokerSetting; 49] = [
    fixed(
        "auto.create.topics.enable",
        Kind::Boolean,
        "Whether asking for the metadata of a topic makes it.",
    ),
    fixed(
        "auto.leader.rebalance.enable",
        Kind::Boolean,
        "Whether preferred leaders get their partitions back by themselves.",
    ),
    fixed(
        "connections.max.idle.ms",
        Kind::Long,
        "After what silence a connection is closed.",
    ),
    fixed(
        "controlled.shutdown.enable",
        Kind::Boolean,
        "Whether a broker that stops hands over what it leads first.",
    ),
    fixed(
        "controlled.shutdown.max.retries",
        Kind::Int,
        "How often a broker that stops asks the controller.",
    ),
    fixed(
        "controlled.shutdown.retry.backoff.ms",
        Kind::Long,
        "How long it waits in between.",
    ),
    fixed(
        "controller.socket.timeout.ms",
        Kind::Int,
        "How long controller and brokers wait for each other.",
    ),
    fixed(
        "default.replication.factor",
        Kind::Int,
        "How many replicas a topic has that is made without saying.",
    ),
    fixed(
        "delete.topic.enable",
        Kind::Boolean,
        "Whether topics can be deleted.",
    ),
    fixed(
        "fetch.max.bytes",
        Kind::Int,
        "The most that an answer to Fetch holds.",
    ),
    fixed(
        "group.initial.rebalance.delay.ms",
        Kind::Int,
        "How long an empty group waits for more members.",
    ),
    fixed(
        "group.max.session.timeout.ms",
        Kind::Int,
        "The longest session that a member may ask for.",
    ),
    fixed(
        "group.max.size",
        Kind::Int,
        "How many members a group may have.",
    ),
    fixed(
        "group.min.session.timeout.ms",
        Kind::Int,
        "The shortest session that a member may ask for.",
    ),
    fixed(
        "leader.imbalance.check.interval.seconds",
        Kind::Long,
        "How often the controller looks after preferred leaders.",
    ),
    fixed(
        "leader.imbalance.per.broker.percentage",
        Kind::Int,
        "How many of its partitions a broker may lack before they are moved back.",
    ),
    dynamic(
        "log.cleaner.backoff.ms",
        Kind::Long,
        "How long the cleaner rests when there is nothing to compact.",
    ),
    dynamic(
        "log.cleaner.dedupe.buffer.size",
        Kind::Long,
        "How much room the cleaner has for keys in one pass; 24 bytes are one key.",
    ),
    fixed(
        "log.cleaner.enable",
        Kind::Boolean,
        "Whether logs are compacted at all.",
    ),
    fixed(
        "log.flush.offset.checkpoint.interval.ms",
        Kind::Int,
        "How often it is written down how far logs are flushed.",
    ),
    fixed(
        "log.flush.start.offset.checkpoint.interval.ms",
        Kind::Int,
        "How often it is written down where logs begin.",
    ),
    fixed(
        "log.initial.task.delay.ms",
        Kind::Long,
        "When old segments are looked for, and log starts written down, for the first time.",
    ),
    fixed(
        "log.retention.check.interval.ms",
        Kind::Long,
        "How often old segments are looked for.",
    ),
    fixed(
        "log.retention.hours",
        Kind::Int,
        "How old segments become, in hours; the finer units come first.",
    ),
    fixed(
        "log.retention.minutes",
        Kind::Int,
        "How old segments become, in minutes.",
    ),
    fixed(
        "log.roll.hours",
        Kind::Int,
        "How much time a segment spans, in hours; milliseconds come first.",
    ),
    dynamic(
        "max.connections",
        Kind::Int,
        "How many connections stand at once.",
    ),
    dynamic(
        "max.connections.per.ip",
        Kind::Int,
        "How many of them one host may have.",
    ),
    fixed(
        "max.incremental.fetch.session.cache.slots",
        Kind::Int,
        "How many fetch sessions are remembered.",
    ),
    fixed(
        "num.partitions",
        Kind::Int,
        "How many partitions a topic has that is made without saying.",
    ),
    fixed(
        "offset.metadata.max.bytes",
        Kind::Int,
        "How long the note beside a committed offset may be.",
    ),
    fixed(
        "offsets.commit.timeout.ms",
        Kind::Int,
        "How long a commit may take to be on every replica.",
    ),
    fixed(
        "offsets.load.buffer.size",
        Kind::Int,
        "How many bytes of a partition of __consumer_offsets are read at once.",
    ),
    fixed(
        "offsets.retention.check.interval.ms",
        Kind::Long,
        "How often old offsets of groups are looked for.",
    ),
    fixed(
        "offsets.retention.minutes",
        Kind::Int,
        "How long offsets of a group without members are kept.",
    ),
    fixed(
        "offsets.topic.num.partitions",
        Kind::Int,
        "How many partitions __consumer_offsets has.",
    ),
    fixed(
        "offsets.topic.replication.factor",
        Kind::Short,
        "How many replicas __consumer_offsets has.",
    ),
    fixed(
        "offsets.topic.segment.bytes",
        Kind::Int,
        "The size of a segment of __consumer_offsets.",
    ),
    fixed(
        "producer.id.expiration.check.interval.ms",
        Kind::Int,
        "How often silent producers are looked for.",
    ),
    dynamic(
        "producer.id.expiration.ms",
        Kind::Int,
        "After what silence a producer is forgotten.",
    ),
    fixed(
        "replica.fetch.backoff.ms",
        Kind::Int,
        "How long a follower waits after an error.",
    ),
    fixed(
        "replica.fetch.max.bytes",
        Kind::Int,
        "How much a follower asks for, for each partition.",
    ),
    fixed(
        "replica.fetch.min.bytes",
        Kind::Int,
        "How many bytes end the wait of a follower's fetch.",
    ),
    fixed(
        "replica.fetch.response.max.bytes",
        Kind::Int,
        "How much a follower asks for in all.",
    ),
    fixed(
        "replica.fetch.wait.max.ms",
        Kind::Int,
        "How long a leader may hold a follower's fetch.",
    ),
    fixed(
        "replica.high.watermark.checkpoint.interval.ms",
        Kind::Long,
        "How often high watermarks are written down.",
    ),
    fixed(
        "replica.lag.time.max.ms",
        Kind::Long,
        "How long a follower may be behind before it leaves the ISR.",
    ),
    fixed(
        "replica.socket.timeout.ms",
        Kind::Int,
        "How long a follower waits for an answer.",
    ),
    fixed(
        "request.timeout.ms",
        Kind::Int,
        "How long an auto-created topic may take.",
    ),
];

const LAST: [BrokerSetting; 2] = [
    fixed(
        "socket.request.max.bytes",
        Kind::Int,
        "The largest request.",
    ),
    fixed(
        "zookeeper.session.timeout.ms",
        Kind::Int,
        "How long ZooKeeper waits for a silent broker.",
    ),
];

/// Every setting of a broker, by name.
pub fn settings() -> Vec<BrokerSetting> {
    let inherited = setting::SETTINGS.iter().filter_map(|topic| {
        Some(BrokerSetting {
            name: topic.broker?,
            kind: topic.kind,
            change: Change::AtAnyTime,
            about: topic.about,
        })
    });
    let mut all: Vec<BrokerSetting> = OWN.into_iter().chain(LAST).chain(inherited).collect();
    crate::sorted::sort_by_key(&mut all, |setting| setting.name);
    all
}

/// A setting by its name.
pub fn find(name: &str) -> Option<BrokerSetting> {
    settings().into_iter().find(|setting| setting.name == name)
}

/// Under which names the value of a setting may stand, the first that says anything before the others
/// (`DynamicBrokerConfig.brokerConfigSynonyms`).
pub fn synonyms(name: &'static str) -> Vec<&'static str> {
    match name {
        "log.retention.ms" => vec![name, "log.retention.minutes", "log.retention.hours"],
        "log.retention.minutes" => vec![name, "log.retention.hours"],
        "log.roll.ms" => vec![name, "log.roll.hours"],
        _ => vec![name],
    }
}

impl Config {
    /// The value of a setting as Kafka prints it.
    pub fn get(&self, name: &str) -> Option<String> {
        let millis = |span: Duration| match span {
            Duration::MAX => i64::MAX.to_string(),
            _ => span.as_millis().to_string(),
        };
        let groups = &self.groups;
        Some(match name {
            "auto.create.topics.enable" => self.auto_create_topics.to_string(),
            "auto.leader.rebalance.enable" => self.auto_leader_rebalance.to_string(),
            "connections.max.idle.ms" => millis(self.connections_max_idle),
            "controlled.shutdown.enable" => self.controlled_shutdown.to_string(),
            "controlled.shutdown.max.retries" => self.controlled_shutdown_max_retries.to_string(),
            "controlled.shutdown.retry.backoff.ms" => {
                millis(self.controlled_shutdown_retry_backoff)
            }
            "controller.socket.timeout.ms" => millis(self.controller_socket_timeout),
            "default.replication.factor" => self.default_replication_factor.to_string(),
            "delete.topic.enable" => self.delete_topics.to_string(),
            "fetch.max.bytes" => self.fetch_max_bytes.to_string(),
            "group.initial.rebalance.delay.ms" => millis(groups.group_initial_rebalance_delay),
            "group.max.session.timeout.ms" => millis(groups.group_max_session_timeout),
            "group.max.size" => groups.group_max_size.to_string(),
            "group.min.session.timeout.ms" => millis(groups.group_min_session_timeout),
            "leader.imbalance.check.interval.seconds" => {
                seconds(self.leader_imbalance_check_interval, 1)
            }
            "leader.imbalance.per.broker.percentage" => {
                self.leader_imbalance_per_broker_percentage.to_string()
            }
            "log.cleaner.backoff.ms" => millis(self.log_cleaner_backoff),
            "log.cleaner.dedupe.buffer.size" => self.log_cleaner_dedupe_buffer_size.to_string(),
            "log.cleaner.enable" => self.log_cleaner.to_string(),
            "log.flush.offset.checkpoint.interval.ms" => millis(self.recovery_checkpoint_interval),
            "log.flush.start.offset.checkpoint.interval.ms" => {
                millis(self.log_start_checkpoint_interval)
            }
            "log.initial.task.delay.ms" => millis(self.log_initial_task_delay),
            "log.retention.check.interval.ms" => millis(self.log_retention_check_interval),
            "log.retention.hours" => self
                .log
                .retention
                .map_or("-1".into(), |at| seconds(at, 3_600)),
            "log.retention.minutes" => self.log.retention.map_or("-1".into(), |at| seconds(at, 60)),
            "log.roll.hours" => seconds(self.log.segment, 3_600),
            "max.connections" => self.max_connections.to_string(),
            "max.connections.per.ip" => self.max_connections_per_ip.to_string(),
            "max.incremental.fetch.session.cache.slots" => {
                self.max_incremental_fetch_session_cache_slots.to_string()
            }
            "num.partitions" => self.num_partitions.to_string(),
            "offset.metadata.max.bytes" => groups.offset_metadata_max_bytes.to_string(),
            "offsets.commit.timeout.ms" => millis(groups.offsets_commit_timeout),
            "offsets.load.buffer.size" => groups.offsets_load_buffer_size.to_string(),
            "offsets.retention.check.interval.ms" => {
                millis(groups.offsets_retention_check_interval)
            }
            "offsets.retention.minutes" => seconds(groups.offsets_retention, 60),
            "offsets.topic.num.partitions" => groups.offsets_topic_num_partitions.to_string(),
            "offsets.topic.replication.factor" => {
                groups.offsets_topic_replication_factor.to_string()
            }
            "offsets.topic.segment.bytes" => groups.offsets_topic_segment_bytes.to_string(),
            "producer.id.expiration.check.interval.ms" => {
                millis(self.producer_id_expiration_check_interval)
            }
            "producer.id.expiration.ms" => millis(self.producer_id_expiration),
            "replica.fetch.backoff.ms" => millis(self.replica_fetch_backoff),
            "replica.fetch.max.bytes" => self.replica_fetch_max_bytes.to_string(),
            "replica.fetch.min.bytes" => self.replica_fetch_min_bytes.to_string(),
            "replica.fetch.response.max.bytes" => self.replica_fetch_response_max_bytes.to_string(),
            "replica.fetch.wait.max.ms" => millis(self.replica_fetch_wait_max),
            "replica.high.watermark.checkpoint.interval.ms" => {
                millis(self.high_watermark_checkpoint_interval)
            }
            "replica.lag.time.max.ms" => millis(self.replica_lag_time_max),
            "replica.socket.timeout.ms" => millis(self.replica_socket_timeout),
            "request.timeout.ms" => millis(self.request_timeout),
            "socket.request.max.bytes" => self.socket_request_max_bytes.to_string(),
            "zookeeper.session.timeout.ms" => millis(self.zookeeper_session_timeout),
            _ => {
                let mut topics = setting::SETTINGS.iter();
                let topic = topics.find(|topic| topic.broker == Some(name))?;
                return self.log.get(topic.name);
            }
        })
    }
}

/// A span in units of so many seconds.
fn seconds(span: Duration, unit: u64) -> String {
    (span.as_millis() / 1_000 / unit).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_read_back_and_stands_once() {
        let all = settings();
        assert!(all.windows(2).all(|pair| pair[0].name < pair[1].name));
        for setting in all {
            let name = setting.name;
            let defaults = Config::default();
            let value = defaults.get(name).expect(name);
            let mut config = Config::default();
            assert_eq!(config.set(name, &value), Ok(()), "{name}={value}");
            assert_eq!(config, defaults, "{name}");
        }
    }
}
