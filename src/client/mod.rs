//! Clients: the programs that use a cluster.
//!
//! A client shares nothing with brokers but bytes: it cannot look into a broker, a log or the world, so
//! it has no power that a real client lacks. What it knows of the cluster it has asked for, and it may
//! be wrong. Each client is a [`Process`](crate::process::Process): plain data, one input at a time.
//!
//! In reading order:
//!
//! - [`config`]: the settings, by their Kafka names ([`setting`] is the macro that declares them);
//! - [`backoff`]: how long to pause after a failure;
//! - [`metadata`]: what a client believes about the cluster, and when it asks again;
//! - [`network`]: its connections to the brokers;
//! - [`producer`]: from `send()` to the acknowledgement: partitioner, accumulator, sender;
//! - [`consumer`]: from a position to records, alone or as a member of a group;
//! - [`admin`]: topics, partitions, elections and settings, as an administrator asks for them.
//!
//! Tests of all of them stand on `bench`, a cluster that does what a test says.
//!
//! Left out: transactional producers, interceptors, metrics, quotas.

pub mod admin;
pub mod backoff;
#[cfg(test)]
mod bench;
pub mod config;
pub mod consumer;
pub mod metadata;
pub mod network;
pub mod producer;
pub mod setting;

/// What outlives the crash of a client: the connections it opened, whose numbers the world never gives
/// out again. A real client loses everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    pub opened: u32,
}
