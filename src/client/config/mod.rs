//! The settings of clients, by their Kafka names and with the defaults of the Java client 3.8.
//!
//! [`producer`], [`consumer`] and [`admin`] have what each kind of client can be told. A field is the property with
//! dots as underscores and without its unit: `linger.ms` is `linger`, a [`Duration`]. Values may be written with a
//! unit (`linger.ms=1.5s`); a bare number is milliseconds, as in Kafka.
//!
//! Left out: security, metrics, interceptors, serializers (keys and values are bytes), quotas.

mod admin;
mod consumer;
mod producer;

pub use admin::AdminConfig;
pub use consumer::{
    Assignors, AutoOffsetReset, CommitsWhen, ConsumerConfig, IsolationLevel, OnRevoked, TopicList,
};
pub use producer::{Acks, Compression, Idempotence, Partitioner, ProducerConfig};

use crate::time::Duration;

const TICK: Duration = Duration::TICK;
const ZERO: Duration = Duration::ZERO;
const MINUTES_5: Duration = Duration::from_secs(300);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
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

/// What of a client's settings is for the network side.
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

use network;
