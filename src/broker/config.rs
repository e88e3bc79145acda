//! A broker's settings: what stands in `server.properties`.
//!
//! Names and defaults are Kafka 3.8's, except where a line says otherwise. A setting that cannot be
//! read is refused with a sentence, and nothing changes. As a list they stand in [`super::settings`].
//!
//! Not modelled: listeners, threads and directories, quotas, TLS and SASL, and whatever belongs to
//! groups and transactions.

use crate::group::GroupConfig;
use crate::log::LogConfig;
use crate::log::planted::Bug;
use crate::log::setting::{self, Read};
use crate::model::Text;
use crate::time::Duration;

/// The settings of one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `auto.create.topics.enable`: asking for the metadata of an unknown topic creates it.
    pub auto_create_topics: bool,
    /// `delete.topic.enable`: topics can be removed.
    pub delete_topics: bool,
    /// `num.partitions`: of topics that are created without saying.
    pub num_partitions: u32,
    /// `default.replication.factor`: likewise.
    pub default_replication_factor: u32,
    /// `replica.lag.time.max.ms`: how long a follower may be behind before it leaves the ISR.
    pub replica_lag_time_max: Duration,
    /// `replica.fetch.wait.max.ms`: how long a leader may hold a follower's fetch.
    pub replica_fetch_wait_max: Duration,
    /// `replica.fetch.min.bytes`: how many bytes end that wait.
    pub replica_fetch_min_bytes: u32,
    /// `replica.fetch.max.bytes`: how much a follower asks for, for each partition.
    pub replica_fetch_max_bytes: u32,
    /// `replica.fetch.response.max.bytes`: how much a follower asks for in all.
    pub replica_fetch_response_max_bytes: u32,
    /// `replica.fetch.backoff.ms`: how long a follower waits after an error.
    pub replica_fetch_backoff: Duration,
    /// `replica.socket.timeout.ms`: how long a follower waits for an answer.
    pub replica_socket_timeout: Duration,
    /// `controller.socket.timeout.ms`: how long controller and brokers wait for each other.
    pub controller_socket_timeout: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark_checkpoint_interval: Duration,
    /// `request.timeout.ms`: how long an auto-created topic may take.
    pub request_timeout: Duration,
    /// `fetch.max.bytes`: the most that any answer to Fetch holds.
    pub fetch_max_bytes: u32,
    /// `socket.request.max.bytes`: the largest request. Unlike Kafka, 8 MiB: a page has little memory.
    pub socket_request_max_bytes: u32,
    /// `connections.max.idle.ms`: a connection that is silent for longer is closed.
    pub connections_max_idle: Duration,
    /// `max.connections`: how many connections stand at once. A client beyond it waits to be let in; a
    /// broker takes the place of the client that has been silent for the longest.
    pub max_connections: u32,
    /// `max.connections.per.ip`: how many of them one host may have. One more is closed at once.
    pub max_connections_per_ip: u32,
    /// `max.incremental.fetch.session.cache.slots`: how many fetch sessions are remembered.
    pub max_incremental_fetch_session_cache_slots: u32,
    /// `log.retention.check.interval.ms`: how often old segments are looked for.
    pub log_retention_check_interval: Duration,
    /// `log.cleaner.enable`: whether logs are compacted.
    pub log_cleaner: bool,
    /// `log.cleaner.backoff.ms`: how long the cleaner rests when there is nothing to do.
    pub log_cleaner_backoff: Duration,
    /// `log.cleaner.dedupe.buffer.size`: how much room the cleaner has for keys.
    pub log_cleaner_dedupe_buffer_size: u64,
    /// `log.flush.offset.checkpoint.interval.ms`. Told only: what is flushed is known at once here.
    pub recovery_checkpoint_interval: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`: how often it is written down where logs begin.
    pub log_start_checkpoint_interval: Duration,
    /// `log.initial.task.delay.ms`: when they are looked for first. A setting that Kafka keeps to itself.
    pub log_initial_task_delay: Duration,
    /// `zookeeper.session.timeout.ms`: how long ZooKeeper waits for a silent broker before it takes it
    /// for dead.
    pub zookeeper_session_timeout: Duration,
    /// `auto.leader.rebalance.enable`: preferred leaders get their partitions back by themselves.
    pub auto_leader_rebalance: bool,
    /// `leader.imbalance.check.interval.seconds`: how often the controller looks after that.
    pub leader_imbalance_check_interval: Duration,
    /// `leader.imbalance.per.broker.percentage`: how many of its partitions a broker may lack.
    pub leader_imbalance_per_broker_percentage: u32,
    /// `controlled.shutdown.enable`: a broker that stops hands over what it leads first.
    pub controlled_shutdown: bool,
    /// `controlled.shutdown.max.retries`: how often it asks.
    pub controlled_shutdown_max_retries: u32,
    /// `controlled.shutdown.retry.backoff.ms`: and how long it waits in between.
    pub controlled_shutdown_retry_backoff: Duration,
    /// `producer.id.expiration.ms`: a producer that is silent for longer is forgotten, and its next batch
    /// may have any sequence.
    pub producer_id_expiration: Duration,
    /// `producer.id.expiration.check.interval.ms`: how often silent producers are looked for.
    pub producer_id_expiration_check_interval: Duration,
    /// What topics inherit.
    pub log: LogConfig,
    /// What belongs to groups.
    pub groups: GroupConfig,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            auto_create_topics: true,
            delete_topics: true,
            groups: GroupConfig::default(),
            num_partitions: 1,
            default_replication_factor: 1,
            replica_lag_time_max: Duration::from_millis(30_000),
            replica_fetch_wait_max: Duration::from_millis(500),
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1_048_576,
            replica_fetch_response_max_bytes: 10_485_760,
            replica_fetch_backoff: Duration::from_millis(1_000),
            replica_socket_timeout: Duration::from_millis(30_000),
            controller_socket_timeout: Duration::from_millis(30_000),
            high_watermark_checkpoint_interval: Duration::from_millis(5_000),
            request_timeout: Duration::from_millis(30_000),
            fetch_max_bytes: 57_671_680,
            socket_request_max_bytes: 8 * 1024 * 1024,
            connections_max_idle: Duration::from_millis(600_000),
            max_connections: i32::MAX as u32,
            max_connections_per_ip: i32::MAX as u32,
            max_incremental_fetch_session_cache_slots: 1_000,
            log_retention_check_interval: Duration::from_millis(300_000),
            log_cleaner: true,
            log_cleaner_backoff: Duration::from_millis(15_000),
            log_cleaner_dedupe_buffer_size: 134_217_728,
            recovery_checkpoint_interval: Duration::from_millis(60_000),
            log_start_checkpoint_interval: Duration::from_millis(60_000),
            log_initial_task_delay: Duration::from_millis(30_000),
            zookeeper_session_timeout: Duration::from_millis(18_000),
            auto_leader_rebalance: true,
            leader_imbalance_check_interval: Duration::from_secs(300),
            leader_imbalance_per_broker_percentage: 10,
            controlled_shutdown: true,
            controlled_shutdown_max_retries: 3,
            controlled_shutdown_retry_backoff: Duration::from_millis(5_000),
            producer_id_expiration: Duration::from_millis(86_400_000),
            producer_id_expiration_check_interval: Duration::from_millis(600_000),
            log: LogConfig::default(),
        }
    }
}

impl Config {
    /// Sets one setting by its name in `server.properties`.
    ///
    /// # Errors
    /// A sentence, when there is no such setting here or the value is none of its values.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let read = Read { name, value };
        match name {
            #[cfg(feature = "planted")]
            "planted" => match crate::log::planted::Planted::parse(value) {
                Some(planted) => {
                    self.log.planted = planted;
                    self.groups.waits_for_reading = !planted.has(Bug::TellUnread);
                    self.groups.fences_commits = !planted.has(Bug::CommitUnfenced);
                    self.groups.gives_new_parts = !planted.has(Bug::ServeOldParts);
                }
                None => return Err(format!("planted={value} is no bug")),
            },
            "auto.create.topics.enable" => self.auto_create_topics = read.boolean()?,
            "delete.topic.enable" => self.delete_topics = read.boolean()?,
            "num.partitions" => self.num_partitions = read.int(1)?,
            "default.replication.factor" => self.default_replication_factor = read.int(1)?,
            "replica.lag.time.max.ms" => self.replica_lag_time_max = read.span(1)?,
            "replica.fetch.wait.max.ms" => self.replica_fetch_wait_max = read.span(0)?,
            "replica.fetch.min.bytes" => self.replica_fetch_min_bytes = read.int(0)?,
            "replica.fetch.max.bytes" => self.replica_fetch_max_bytes = read.int(0)?,
            "replica.fetch.response.max.bytes" => {
                self.replica_fetch_response_max_bytes = read.int(0)?;
            }
            "replica.fetch.backoff.ms" => self.replica_fetch_backoff = read.span(1)?,
            "replica.socket.timeout.ms" => self.replica_socket_timeout = read.span(1)?,
            "controller.socket.timeout.ms" => self.controller_socket_timeout = read.span(1)?,
            "replica.high.watermark.checkpoint.interval.ms" => {
                self.high_watermark_checkpoint_interval = read.span(1)?;
            }
            "request.timeout.ms" => self.request_timeout = read.span(1)?,
            "fetch.max.bytes" => self.fetch_max_bytes = read.int(1_024)?,
            "socket.request.max.bytes" => self.socket_request_max_bytes = read.int(1)?,
            "connections.max.idle.ms" => self.connections_max_idle = read.span(1)?,
            "max.connections" => self.max_connections = read.int(0)?,
            "max.connections.per.ip" => self.max_connections_per_ip = read.int(0)?,
            "max.incremental.fetch.session.cache.slots" => {
                self.max_incremental_fetch_session_cache_slots = read.int(0)?;
            }
            "log.retention.check.interval.ms" => {
                self.log_retention_check_interval = read.span(1)?;
            }
            "log.cleaner.enable" => self.log_cleaner = read.boolean()?,
            "log.cleaner.backoff.ms" => self.log_cleaner_backoff = read.span(0)?,
            "log.cleaner.dedupe.buffer.size" => {
                self.log_cleaner_dedupe_buffer_size = match read.long(i64::MIN)? {
                    bytes @ 1_048_577.. => bytes.unsigned_abs(),
                    _ => {
                        return read.refuse(
                            "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
                        );
                    }
                };
            }
            "log.flush.offset.checkpoint.interval.ms" => {
                self.recovery_checkpoint_interval = read.span(1)?;
            }
            "log.flush.start.offset.checkpoint.interval.ms" => {
                self.log_start_checkpoint_interval = read.span(1)?;
            }
            "log.initial.task.delay.ms" => self.log_initial_task_delay = read.span(0)?,
            "zookeeper.session.timeout.ms" => self.zookeeper_session_timeout = read.span(1)?,
            "auto.leader.rebalance.enable" => self.auto_leader_rebalance = read.boolean()?,
            "leader.imbalance.check.interval.seconds" => {
                let seconds = u64::from(read.int(1)?);
                self.leader_imbalance_check_interval = Duration::from_secs(seconds);
            }
            "leader.imbalance.per.broker.percentage" => {
                self.leader_imbalance_per_broker_percentage = read.int(0)?;
            }
            "controlled.shutdown.enable" => self.controlled_shutdown = read.boolean()?,
            "controlled.shutdown.max.retries" => {
                self.controlled_shutdown_max_retries = read.int(0)?;
            }
            "controlled.shutdown.retry.backoff.ms" => {
                self.controlled_shutdown_retry_backoff = read.span(0)?;
            }
            "producer.id.expiration.ms" => self.producer_id_expiration = read.span(1)?,
            "producer.id.expiration.check.interval.ms" => {
                self.producer_id_expiration_check_interval = read.span(1)?;
            }
            "group.min.session.timeout.ms" => {
                self.groups.group_min_session_timeout = read.span(0)?;
            }
            "group.max.session.timeout.ms" => {
                self.groups.group_max_session_timeout = read.span(0)?;
            }
            "group.initial.rebalance.delay.ms" => {
                self.groups.group_initial_rebalance_delay = read.span(0)?;
            }
            "group.max.size" => self.groups.group_max_size = read.int(1)? as usize,
            "offset.metadata.max.bytes" => {
                self.groups.offset_metadata_max_bytes = read.int(0)? as usize;
            }
            "offsets.load.buffer.size" => self.groups.offsets_load_buffer_size = read.int(1)?,
            "offsets.topic.num.partitions" => {
                let count: u32 = read.int(1)?;
                self.groups.offsets_topic_num_partitions = count.min(10_000) as i32;
            }
            "offsets.topic.replication.factor" => {
                let count: u32 = read.int(1)?;
                self.groups.offsets_topic_replication_factor = count.min(1_000) as i16;
            }
            "offsets.topic.segment.bytes" => {
                self.groups.offsets_topic_segment_bytes = read.int(1)?;
            }
            "offsets.retention.minutes" => {
                let minutes = u64::from(read.int(1)?);
                self.groups.offsets_retention = Duration::from_secs(minutes * 60);
            }
            "offsets.retention.check.interval.ms" => {
                self.groups.offsets_retention_check_interval = read.span(1)?;
            }
            "offsets.commit.timeout.ms" => self.groups.offsets_commit_timeout = read.span(1)?,
            "log.retention.minutes" => self.log.retention = long_span(&read, 60)?,
            "log.retention.hours" => self.log.retention = long_span(&read, 3_600)?,
            "log.roll.hours" => {
                self.log.segment = Duration::from_secs(u64::from(read.int(1)?) * 3_600);
            }
            _ => return self.set_inherited(name, value),
        }
        Ok(())
    }

    fn set_inherited(&mut self, name: &str, value: &str) -> Result<(), String> {
        let mut topics = setting::SETTINGS.iter();
        let Some(topic) = topics.find(|topic| topic.broker == Some(name)) else {
            return Err(format!("{name} is not a setting of a broker"));
        };
        let topic = topic.name;
        let set = self.log.set(topic, value);
        set.map_err(|sentence| sentence.replace(topic, name))
    }

    /// What of this matters to a controller.
    pub(super) fn controller_rules(&self) -> crate::controller::Rules {
        let interval = self.leader_imbalance_check_interval;
        crate::controller::Rules {
            socket_timeout: self.controller_socket_timeout,
            unclean_leader_election: self.log.unclean_leader_election,
            rebalance_interval: self.auto_leader_rebalance.then_some(interval),
            imbalance_percentage: self.leader_imbalance_per_broker_percentage,
            is_fenced: !self.log.planted.has(Bug::ZombieControllerWrites),
            notices_bounces: !self.log.planted.has(Bug::BounceUnnoticed),
            compares_versions: !self.log.planted.has(Bug::VersionsIgnored),
        }
    }

    /// That the settings fit each other, as Kafka demands before it starts.
    ///
    /// # Errors
    /// A sentence that names the two settings that do not.
    pub fn check(&self) -> Result<(), String> {
        if self.replica_fetch_wait_max > self.replica_socket_timeout {
            let why = "replica.socket.timeout.ms should always be at least \
                       replica.fetch.wait.max.ms, or followers give up on leaders that are well";
            return Err(why.to_owned());
        }
        if self.replica_fetch_wait_max > self.replica_lag_time_max {
            let why = "replica.fetch.wait.max.ms should always be at most replica.lag.time.max.ms, \
                       or followers leave the ISR and come back again and again";
            return Err(why.to_owned());
        }
        Ok(())
    }

    /// A topic's settings: the broker's with the topic's own over them.
    ///
    /// # Errors
    /// A sentence, when a name is not a topic setting or a value is none of its values.
    pub fn topic(&self, overrides: &[(Text, Text)]) -> Result<LogConfig, String> {
        let mut log = self.log.clone();
        for (name, value) in overrides {
            log.set(name, value)?;
        }
        log.check()?;
        Ok(log)
    }
}

/// A span in units of `seconds`, −1 for none.
fn long_span(read: &Read<'_>, seconds: u64) -> Result<Option<Duration>, String> {
    let count = read.long(-1)?;
    Ok((count >= 0).then(|| Duration::from_secs(count.unsigned_abs().saturating_mul(seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_value_is_refused_by_the_name_that_was_used() {
        let mut config = Config::default();
        let refusal = config
            .set("log.segment.bytes", "many")
            .expect_err("no number");
        assert!(refusal.contains("log.segment.bytes"), "{refusal}");
        assert!(config.set("segment.bytes", "1000").is_err());
        assert!(config.set("replica.lag.time.max.ms", "-1").is_err());
        assert_eq!(config, Config::default());
    }

    #[test]
    fn settings_must_fit_each_other() {
        for (name, value) in [
            ("replica.socket.timeout.ms", "499"),
            ("replica.lag.time.max.ms", "499"),
            ("replica.fetch.wait.max.ms", "30001"),
        ] {
            let mut config = Config::default();
            assert_eq!(config.check(), Ok(()));
            assert_eq!(config.set(name, value), Ok(()));
            assert!(config.check().is_err(), "{name}");
        }
    }

    #[test]
    fn retention_may_be_told_in_three_units() {
        let mut config = Config::default();
        for (name, value, seconds) in [
            ("log.retention.hours", "2", Some(7_200)),
            ("log.retention.minutes", "3", Some(180)),
            ("log.retention.ms", "5000", Some(5)),
            ("log.retention.hours", "-1", None),
        ] {
            assert_eq!(config.set(name, value), Ok(()));
            assert_eq!(config.log.retention, seconds.map(Duration::from_secs));
        }
    }

    #[test]
    fn topics_inherit_and_override() {
        let mut config = Config::default();
        assert_eq!(config.set("min.insync.replicas", "2"), Ok(()));
        let topic = config.topic(&[("retention.ms".into(), "7".into())]);
        let topic = topic.expect("a topic setting");
        assert_eq!(topic.min_insync_replicas, 2);
        assert_eq!(topic.retention, Some(Duration::from_millis(7)));
        assert!(
            config
                .topic(&[("num.partitions".into(), "7".into())])
                .is_err()
        );
    }
}
