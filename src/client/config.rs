//! The settings of clients, by their Kafka names and with the defaults of the Java client 3.8.
//!
//! A field is the property with dots as underscores and without its unit: `linger.ms` is `linger`, a
//! [`Duration`]. Values may be written with a unit (`linger.ms=1.5s`); a bare number is milliseconds,
//! as in Kafka.
//!
//! Left out: security, metrics, interceptors, serializers (keys and values are bytes), quotas.

use super::consumer::assignor::Assignor;
use super::setting::{Setting, settings, words};
use crate::model::{Text, TopicName};
use crate::sorted::SortedSet;
use crate::time::Duration;

const TICK: Duration = Duration::TICK;
const ZERO: Duration = Duration::ZERO;
const MINUTES_5: Duration = Duration::from_secs(300);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

words! {
    /// Who must have a record before the producer is told that it is written.
    pub enum Acks {
        /// Nobody: a record counts as sent once it is on its way, and errors are never heard of.
        None = "0",
        /// The leader alone. What it has not yet handed on is lost with it.
        Leader = "1",
        /// Every replica in the ISR.
        All = "all" | "-1",
    }

    /// How record batches are compressed.
    pub enum Compression {
        None = "none",
        Gzip = "gzip",
        Snappy = "snappy",
        Lz4 = "lz4",
        Zstd = "zstd",
    }

    /// Whether the producer numbers its batches.
    pub enum Idempotence {
        /// It does, unless `acks`, `retries` or `max.in.flight.requests.per.connection` rule it out.
        Default = "default",
        /// It does, and settings that rule it out are refused.
        On = "true",
        Off = "false",
    }

    /// How the producer chooses a partition for a record that does not name one.
    pub enum Partitioner {
        /// Kafka's built-in: by the hash of the key; without a key one partition until `batch.size`
        /// bytes went there, then another (KIP-794).
        BuiltIn = "built_in" | "null" | "",
        /// Kafka's `RoundRobinPartitioner`: one after the other, keys ignored.
        RoundRobin = "round_robin" | "org.apache.kafka.clients.producer.RoundRobinPartitioner",
    }

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
}

words! {
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

impl Acks {
    /// The number on the wire.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
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

/// What every client needs to know to keep its connections and its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    pub request_timeout: Duration,
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub reconnect_backoff: Duration,
    pub reconnect_backoff_max: Duration,
    pub socket_connection_setup_timeout: Duration,
    pub socket_connection_setup_timeout_max: Duration,
    pub connections_max_idle: Duration,
    pub metadata_max_age: Duration,
    /// Whether asking for a topic may create it. Always so for producers, `allow.auto.create.topics`
    /// for consumers, never for admin clients.
    pub allow_auto_create_topics: bool,
}

macro_rules! network {
    ($self:ident, $auto_create:expr) => {
        NetworkConfig {
            request_timeout: $self.request_timeout,
            retry_backoff: $self.retry_backoff,
            retry_backoff_max: $self.retry_backoff_max.max($self.retry_backoff),
            reconnect_backoff: $self.reconnect_backoff,
            reconnect_backoff_max: $self.reconnect_backoff_max.max($self.reconnect_backoff),
            socket_connection_setup_timeout: $self.socket_connection_setup_timeout,
            socket_connection_setup_timeout_max: $self
                .socket_connection_setup_timeout_max
                .max($self.socket_connection_setup_timeout),
            connections_max_idle: $self.connections_max_idle,
            metadata_max_age: $self.metadata_max_age,
            allow_auto_create_topics: $auto_create,
        }
    };
}

settings! {
    /// The settings of a producer.
    pub struct ProducerConfig of "a producer" {
        /// Who must have a record before it is acknowledged.
        "acks" acks: Acks = Acks::All, .., "0, 1 or all";
        /// How long a batch that is not full waits for company.
        ///
        /// Zero still batches what is handed over at once, or while the leader cannot be asked.
        "linger.ms" linger: Duration = ZERO, .., "a time such as 5ms";
        /// A batch is full when one record more would make it larger. Also how much goes to one
        /// partition before records without a key turn to another.
        "batch.size" batch_size: u32 = 16_384, 0..=1_073_741_824, "bytes, from 0 to 1 GiB";
        /// How much memory may be taken by records that are not yet acknowledged.
        "buffer.memory" buffer_memory: u64 = 33_554_432, .., "bytes";
        /// How long `send()` may wait for memory or metadata.
        "max.block.ms" max_block: Duration = ms(60_000), .., "a time such as 60s";
        /// How long after `send()` the application is told that its record failed, retries included.
        "delivery.timeout.ms" delivery_timeout: Duration = ms(120_000), .., "a time such as 120s";
        /// How long to wait for an answer before the connection is given up. Also how long a leader
        /// may wait for its followers.
        "request.timeout.ms" request_timeout: Duration = ms(30_000), TICK.., "a time above zero";
        /// How many times a batch may be sent again.
        "retries" retries: i32 = i32::MAX, 0.., "a whole number from 0";
        /// The first pause before a batch is sent again; it doubles with each attempt.
        "retry.backoff.ms" retry_backoff: Duration = ms(100), .., "a time such as 100ms";
        /// The longest pause before a batch is sent again.
        "retry.backoff.max.ms" retry_backoff_max: Duration = ms(1_000), .., "a time such as 1s";
        /// How many requests may be unanswered on one connection. With 1 the order of a partition's
        /// records survives retries.
        "max.in.flight.requests.per.connection" max_in_flight: u32 = 5, 1.., "a whole number from 1";
        /// The largest request, and the largest record.
        "max.request.size" max_request_size: u32 = 1_048_576, 0..=1_073_741_824, "bytes, from 0 to 1 GiB";
        /// How batches are compressed.
        "compression.type" compression: Compression = Compression::None, ..,
            "none, gzip, snappy, lz4 or zstd";
        /// How a partition is chosen.
        "partitioner.class" partitioner: Partitioner = Partitioner::BuiltIn, ..,
            "built_in or round_robin";
        /// Whether records without a key prefer partitions with short queues.
        "partitioner.adaptive.partitioning.enable" partitioner_adaptive: bool = true, ..,
            "true or false";
        /// Whether keys are ignored when a partition is chosen.
        "partitioner.ignore.keys" partitioner_ignore_keys: bool = false, .., "true or false";
        /// Whether batches are numbered, so that brokers write each of them once and in order.
        ///
        /// Unlike Kafka, where the default is written `true`: it is given up without a word when acks is
        /// not all, retries is 0 or more than 5 requests may be in flight.
        "enable.idempotence" enable_idempotence: Idempotence = Idempotence::Default, ..,
            "true or false, or default: true where acks, retries and max.in.flight allow it";
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

/// With more requests in flight brokers would not remember the oldest one.
const MAX_IN_FLIGHT_IF_IDEMPOTENT: u32 = 5;

impl ProducerConfig {
    /// Whether batches are numbered.
    pub fn is_idempotent(&self) -> bool {
        match self.enable_idempotence {
            Idempotence::Default => self.against_idempotence().is_none(),
            Idempotence::On => true,
            Idempotence::Off => false,
        }
    }

    /// The setting that rules idempotence out, and what it would have to be.
    fn against_idempotence(&self) -> Option<&'static str> {
        if self.retries == 0 {
            return Some("retries above 0");
        }
        if self.acks != Acks::All {
            return Some("acks=all");
        }
        (self.max_in_flight > MAX_IN_FLIGHT_IF_IDEMPOTENT)
            .then_some("max.in.flight.requests.per.connection of at most 5")
    }

    fn check(&self) -> Result<(), String> {
        if self.enable_idempotence == Idempotence::On
            && let Some(needed) = self.against_idempotence()
        {
            return Err(format!(
                "enable.idempotence=true needs {needed}, or a batch could be written twice after all"
            ));
        }
        let least = self.linger + self.request_timeout;
        if self.delivery_timeout < least {
            return Err(format!(
                "delivery.timeout.ms is at least linger.ms + request.timeout.ms, here {least}; \
                 a shorter one needs a shorter request.timeout.ms"
            ));
        }
        Ok(())
    }

    /// What the network side needs.
    pub fn network(&self) -> NetworkConfig {
        network!(self, true)
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

settings! {
    /// The settings of an admin client.
    pub struct AdminConfig of "an admin client" {
        /// How long to try altogether before giving up.
        "default.api.timeout.ms" default_api_timeout: Duration = ms(60_000), TICK..,
            "a time above zero";
        /// How long to wait for an answer before the connection is given up.
        "request.timeout.ms" request_timeout: Duration = ms(30_000), TICK.., "a time above zero";
        /// How many times a call may be made again.
        "retries" retries: i32 = i32::MAX, 0.., "a whole number from 0";
        /// The first pause before a call is made again; it doubles with each attempt.
        "retry.backoff.ms" retry_backoff: Duration = ms(100), .., "a time such as 100ms";
        /// The longest pause before a call is made again.
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
        "connections.max.idle.ms" connections_max_idle: Duration = MINUTES_5, TICK..,
            "a time above zero";
    }
}

impl AdminConfig {
    fn check(&self) -> Result<(), String> {
        if self.default_api_timeout < self.request_timeout {
            return Err(format!(
                "default.api.timeout.ms is at least request.timeout.ms, here {}",
                self.request_timeout
            ));
        }
        Ok(())
    }

    /// What the network side needs.
    pub fn network(&self) -> NetworkConfig {
        network!(self, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_java_client() {
        let config = ProducerConfig::default();
        for (name, value) in [
            ("acks", "all"),
            ("linger.ms", "0ms"),
            ("batch.size", "16384"),
            ("buffer.memory", "33554432"),
            ("max.block.ms", "60s"),
            ("delivery.timeout.ms", "120s"),
            ("request.timeout.ms", "30s"),
            ("retries", "2147483647"),
            ("retry.backoff.ms", "100ms"),
            ("retry.backoff.max.ms", "1s"),
            ("max.in.flight.requests.per.connection", "5"),
            ("max.request.size", "1048576"),
            ("compression.type", "none"),
            ("metadata.max.age.ms", "300s"),
        ] {
            assert_eq!(config.get(name).as_deref(), Some(value), "{name}");
        }
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
    fn what_is_shown_reads_back() {
        let shown: Vec<_> = ProducerConfig::default().iter().collect();
        let mut config = ProducerConfig::default();
        let pairs = shown.iter().map(|(name, value)| (*name, value.as_str()));
        config.set_all(pairs).expect("what is shown is accepted");
        assert_eq!(config, ProducerConfig::default());
    }

    #[test]
    fn a_refusal_says_what_would_have_been_accepted() {
        let mut config = ProducerConfig::default();
        let refused = config.set("acks", "2").expect_err("no such acks");
        assert_eq!(refused, "acks is not \"2\" but 0, 1 or all");
        let refused = config.set("lingerms", "5").expect_err("no such setting");
        assert!(refused.contains("linger.ms"), "{refused}");
        for (name, value) in [
            ("linger.ms", "-1"),
            ("retries", "-1"),
            ("max.in.flight.requests.per.connection", "0"),
            ("enable.idempotence", "yes"),
            ("request.timeout.ms", "0"),
        ] {
            assert!(config.set(name, value).is_err(), "{name}={value}");
        }
        assert_eq!(config, ProducerConfig::default());
    }

    #[test]
    fn idempotence_is_given_up_silently_unless_it_was_asked_for() {
        let mut config = ProducerConfig::default();
        assert!(config.is_idempotent());
        for (name, value) in [
            ("acks", "1"),
            ("retries", "0"),
            ("max.in.flight.requests.per.connection", "6"),
        ] {
            let mut other = ProducerConfig::default();
            other.set(name, value).expect("legal by itself");
            assert!(!other.is_idempotent(), "{name}={value}");
            let refused = other.set("enable.idempotence", "true");
            let refused = refused.expect_err("they rule each other out");
            assert!(
                refused.contains("enable.idempotence=true needs"),
                "{refused}"
            );
            config.set("enable.idempotence", "true").expect("legal");
            assert!(config.set(name, value).is_err(), "{name}={value}");
        }
        config.set("enable.idempotence", "false").expect("legal");
        assert!(!config.is_idempotent());
    }

    #[test]
    fn what_a_group_does_needs_a_group() {
        let mut config = ConsumerConfig::default();
        assert!(config.set("subscribe", "orders").is_err());
        assert!(config.set("application.commits", "sync").is_err());
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

    #[test]
    fn settings_that_need_each_other_are_looked_at_together() {
        let mut config = ProducerConfig::default();
        assert!(config.set("delivery.timeout.ms", "5s").is_err());
        let pairs = [("delivery.timeout.ms", "5s"), ("request.timeout.ms", "2s")];
        assert_eq!(config.set_all(pairs), Ok(()));
    }
}
