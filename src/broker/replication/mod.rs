//! Replication: followers fetch from leaders, as consumers do, and never stop.
//!
//! For each broker that leads something this broker follows there is one [`Fetcher`]: a connection and
//! the partitions that go over it, all in one Fetch after another. A fetch says how far each replica has
//! come, and so moves the leader's high watermark; its answer brings the next batches and the high
//! watermark of a moment ago. When there is nothing new the leader holds the fetch for half a second.
//!
//! - [`fetcher`]: what a fetcher remembers and asks;
//! - [`answers`]: what comes of the answers: copying, cutting, waiting.
//!
//! Left out: throttled replicas, more than one fetcher for each source.

mod answers;
mod fetcher;

pub use fetcher::{FetchState, Fetcher, Progress};
