//! What a consumer can be told.

use super::{MINUTES_5, NetworkConfig, TICK, ZERO, ms, network};
use crate::client::consumer::assignor::Assignor;
use crate::client::setting::{Setting, settings, words};
use crate::model::{Text, TopicName};
use crate::sorted::SortedSet;
use crate::time::Duration;

words! {
    /// Where a consumer begins when there is no position, or when its position is gone.
    pub enum AutoOffsetReset {
        Latest = "latest",
        Earliest = "earliest",
        /// Nowhere: the application gets an error.
        None = "none",
    }

    /// Whether a consumer sees records of transactions that are not committed.
    pub enum IsolationLevel {
        ReadUncommitted = "read_uncommitted",
        ReadCommitted = "read_committed",
    }

    /// When an application commits by itself how far it has read.
    pub enum CommitsWhen {
        /// It does not; `enable.auto.commit` may.
        Never = "never",
        /// Before it works on what `poll()` returned: what it was working on when it crashes is passed over.
        First = "first",
        /// When it has worked on it, and it waits for the answer: what it was working on is read again.
        Sync = "sync",
        /// The same, but it does not wait.
        Async = "async",
        /// After each record, and it waits.
        Each = "each",
    }

    /// What an application does before partitions are taken from it.
    pub enum OnRevoked {
        Nothing = "nothing",
        /// It commits what it has worked on, and waits for the answer.
        Commit = "commit",
    }
}

/// Topics by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd)]
pub struct TopicList(pub Vec<Text>);

impl Setting for TopicList {
    fn read(text: &str) -> Option<Self> {
        let names = text.split(',').filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        let legal = names.iter().all(|name| TopicName::check(name).is_ok());
        let topics: SortedSet<Text> = names.into_iter().map(Text::from).collect();
        legal.then(|| TopicList(topics.iter().cloned().collect()))
    }

    fn show(&self) -> String {
        self.0.join(",")
    }
}

/// Assignors, the best first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd)]
pub struct Assignors(pub Vec<Assignor>);

impl Default for Assignors {
    fn default() -> Self {
        Assignors(vec![Assignor::Range, Assignor::CooperativeSticky])
    }
}

impl Setting for Assignors {
    fn read(text: &str) -> Option<Self> {
        let assignors: Option<Vec<Assignor>> = text.split(',').map(Assignor::parse).collect();
        assignors.map(Assignors)
    }

    fn show(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|assignor| assignor.name()).collect();
        names.join(",")
    }
}

impl IsolationLevel {
    /// The number on the wire.
    pub fn code(self) -> i8 {
        match self {
            IsolationLevel::ReadUncommitted => 0,
            IsolationLevel::ReadCommitted => 1,
        }
    }
}

settings! {
    /// The settings of a consumer.
    pub struct ConsumerConfig of "a consumer" {
        /// The group that it belongs to; empty for none.
        "group.id" group_id: Text = Text::default(), .., "a name";
        /// The name under which a static member comes back, and is the same to the group; empty for none.
        "group.instance.id" group_instance_id: Text = Text::default(), .., "a name";
        /// The topics that it subscribes to: its group gives it some of their partitions.
        ///
        /// Unlike Kafka, where this is a call that the application makes when it has started.
        "subscribe" subscribe: TopicList = TopicList::default(), .., "topics such as orders,payments";
        /// How the group's partitions may be divided, the best way first.
        "partition.assignment.strategy" partition_assignment_strategy: Assignors =
            Assignors::default(), .., "a list of range, roundrobin, sticky and cooperative-sticky";
        /// How long the coordinator waits for a heartbeat before it takes the member out.
        "session.timeout.ms" session_timeout: Duration = ms(45_000), TICK.., "a time above zero";
        /// How often a member says that it lives.
        "heartbeat.interval.ms" heartbeat_interval: Duration = ms(3_000), TICK.., "a time above zero";
        /// How long the application may work before it polls again; then it leaves its group. Also how long
        /// the others wait for it to join again.
        "max.poll.interval.ms" max_poll_interval: Duration = MINUTES_5, TICK.., "a time above zero";
        /// Whether `poll()` commits by itself.
        "enable.auto.commit" enable_auto_commit: bool = true, .., "true or false";
        /// How often it does.
        "auto.commit.interval.ms" auto_commit_interval: Duration = ms(5_000), TICK..,
            "a time above zero";
        /// When the application commits by itself.
        ///
        /// Unlike Kafka, where this is the application's own code and no setting.
        "application.commits" application_commits: CommitsWhen = CommitsWhen::Never, ..,
            "never, first, sync, each or async";
        /// What the application does when partitions are revoked, before another may have them: what Kafka calls
        /// `ConsumerRebalanceListener.onPartitionsRevoked`. Where partitions were lost nothing is left to commit.
        ///
        /// Unlike Kafka, where this is the application's own code and no setting.
        "application.on.revoked" application_on_revoked: OnRevoked = OnRevoked::Nothing, ..,
            "nothing or commit";
        /// How long a commit that the application waits for may take.
        "default.api.timeout.ms" default_api_timeout: Duration = ms(60_000), TICK..,
            "a time above zero";
        /// How many bytes are worth an answer; the broker waits until it has them.
        "fetch.min.bytes" fetch_min_bytes: i32 = 1, 0.., "bytes";
        /// How long the broker waits for them.
        "fetch.max.wait.ms" fetch_max_wait: Duration = ms(500), .., "a time such as 500ms";
        /// How many bytes an answer should not exceed.
        "fetch.max.bytes" fetch_max_bytes: i32 = 52_428_800, 0.., "bytes";
        /// How many bytes of one partition an answer should not exceed.
        "max.partition.fetch.bytes" max_partition_fetch_bytes: i32 = 1_048_576, 0.., "bytes";
        /// How many records one `poll()` returns at most. It does not change what is fetched.
        "max.poll.records" max_poll_records: u32 = 500, 1.., "a whole number from 1";
        /// Where to begin when there is no position, or when the position is gone.
        "auto.offset.reset" auto_offset_reset: AutoOffsetReset = AutoOffsetReset::Latest, ..,
            "latest, earliest or none";
        /// Not modelled: hiding the records of aborted transactions. What is asked of the broker is
        /// the same as in Kafka.
        "isolation.level" isolation_level: IsolationLevel = IsolationLevel::ReadUncommitted, ..,
            "read_uncommitted or read_committed";
        /// Whether batches that do not match their checksum are refused.
        "check.crcs" check_crcs: bool = true, .., "true or false";
        /// How long the application works on what `poll()` returned before it polls again.
        ///
        /// Unlike Kafka, where this is the application's own time and no setting. Zero polls again
        /// at once.
        "poll.interval.ms" poll_interval: Duration = ZERO, .., "a time such as 100ms";
        /// Whether asking for a topic may create it.
        "allow.auto.create.topics" allow_auto_create_topics: bool = true, .., "true or false";
        /// How long to wait for an answer before the connection is given up.
        "request.timeout.ms" request_timeout: Duration = ms(30_000), TICK.., "a time above zero";
        /// The first pause before something is asked again.
        "retry.backoff.ms" retry_backoff: Duration = ms(100), .., "a time such as 100ms";
        /// The longest pause before something is asked again.
        "retry.backoff.max.ms" retry_backoff_max: Duration = ms(1_000), .., "a time such as 1s";
        /// How old metadata may become.
        "metadata.max.age.ms" metadata_max_age: Duration = MINUTES_5, TICK.., "a time above zero";
        /// The first pause before a lost connection is opened again; it doubles with each failure.
        "reconnect.backoff.ms" reconnect_backoff: Duration = ms(50), .., "a time such as 50ms";
        /// The longest pause before a lost connection is opened again.
        "reconnect.backoff.max.ms" reconnect_backoff_max: Duration = ms(1_000), ..,
            "a time such as 1s";
        /// How long a connection may take to stand.
        "socket.connection.setup.timeout.ms" socket_connection_setup_timeout: Duration = ms(10_000),
            TICK.., "a time above zero";
        /// To how much that time grows when connections fail to stand.
        "socket.connection.setup.timeout.max.ms" socket_connection_setup_timeout_max: Duration =
            ms(30_000), TICK.., "a time above zero";
        /// How long an unused connection is kept.
        "connections.max.idle.ms" connections_max_idle: Duration = ms(540_000), TICK..,
            "a time above zero";
    }
}

impl ConsumerConfig {
    fn check(&self) -> Result<(), String> {
        if self.fetch_max_wait >= self.request_timeout {
            return Err(format!(
                "fetch.max.wait.ms is below request.timeout.ms, here {}, \
                 or no fetch would be answered in time",
                self.request_timeout
            ));
        }
        if self.heartbeat_interval >= self.session_timeout {
            return Err(format!(
                "heartbeat.interval.ms is below session.timeout.ms, here {}, \
                 or a member would be taken for dead between two heartbeats",
                self.session_timeout
            ));
        }
        if !self.has_group() && !self.subscribe.0.is_empty() {
            return Err(
                "subscribe needs a group.id, for the group gives out the partitions".to_owned(),
            );
        }
        if !self.has_group() && self.application_commits != CommitsWhen::Never {
            return Err("application.commits needs a group.id, for the group remembers".to_owned());
        }
        if !self.has_group() && self.application_on_revoked != OnRevoked::Nothing {
            return Err(
                "application.on.revoked needs a group.id, for the group revokes".to_owned(),
            );
        }
        Ok(())
    }

    /// Whether it belongs to a group.
    pub fn has_group(&self) -> bool {
        !self.group_id.is_empty()
    }

    /// The name under which it comes back, if it is a static member.
    pub fn instance(&self) -> Option<Text> {
        Some(self.group_instance_id.clone()).filter(|name| !name.is_empty())
    }

    /// What the network side needs.
    pub fn network(&self) -> NetworkConfig {
        network!(self, self.allow_auto_create_topics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_java_client() {
        let config = ConsumerConfig::default();
        for (name, value) in [
            ("fetch.min.bytes", "1"),
            ("fetch.max.wait.ms", "500ms"),
            ("fetch.max.bytes", "52428800"),
            ("max.partition.fetch.bytes", "1048576"),
            ("max.poll.records", "500"),
            ("auto.offset.reset", "latest"),
            ("isolation.level", "read_uncommitted"),
            ("session.timeout.ms", "45s"),
            ("heartbeat.interval.ms", "3s"),
            ("max.poll.interval.ms", "300s"),
            ("enable.auto.commit", "true"),
            ("auto.commit.interval.ms", "5s"),
            ("partition.assignment.strategy", "range,cooperative-sticky"),
        ] {
            assert_eq!(config.get(name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn what_a_group_does_needs_a_group() {
        let mut config = ConsumerConfig::default();
        assert!(config.set("subscribe", "orders").is_err());
        assert!(config.set("application.commits", "sync").is_err());
        assert!(config.set("application.on.revoked", "commit").is_err());
        let pairs = [("subscribe", "payments,orders"), ("group.id", "billing")];
        assert_eq!(config.set_all(pairs), Ok(()));
        assert_eq!(config.get("subscribe").as_deref(), Some("orders,payments"));
        assert!(config.set("subscribe", "no/slash").is_err());
        assert!(config.set("session.timeout.ms", "3s").is_err());
        assert!(
            config
                .set("partition.assignment.strategy", "range,best")
                .is_err()
        );
    }
}
