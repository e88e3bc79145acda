//! What a producer can be told.

use super::{MINUTES_5, NetworkConfig, TICK, ZERO, ms, network};
use crate::client::setting::{settings, words};
use crate::time::Duration;

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
    fn settings_that_need_each_other_are_looked_at_together() {
        let mut config = ProducerConfig::default();
        assert!(config.set("delivery.timeout.ms", "5s").is_err());
        let pairs = [("delivery.timeout.ms", "5s"), ("request.timeout.ms", "2s")];
        assert_eq!(config.set_all(pairs), Ok(()));
    }
}
