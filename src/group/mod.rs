//! The group coordinator: who reads which partitions together, and how far they have read.
//!
//! Every group has one coordinator: the broker that leads the partition of `__consumer_offsets` into which
//! the group's name falls. Consumers join there, hear of each other through it, and commit their offsets to
//! it. What must outlive the broker is a record of that partition, written with `acks=all` before anybody
//! is answered (only what is forgotten is written without waiting); the next coordinator reads the partition
//! from its beginning and knows what this one knew.
//!
//! This is the "classic" protocol: the coordinator gathers the members and one of them, the leader, decides
//! who gets what. The coordinator never looks into what they tell each other.
//!
//! In reading order:
//!
//! - [`config`]: what a coordinator is set to;
//! - [`member`], [`members`], [`state`]: a group, its members and its generations;
//! - [`offsets`]: how far it has read;
//! - [`record`]: both as they stand in `__consumer_offsets`;
//! - `desk`: deadlines, answers and writes;
//! - [`coordinator`]: which groups are coordinated here, and what is checked before anything else;
//! - `join`, `rebalance`, `sync`, `heartbeat`, `leave`: the life of a generation;
//! - `commit`, `forget`, `views`: offsets, what is forgotten, what is asked by administrators;
//! - `weight`: what all of it takes in memory.
//!
//! Laws: a generation is answered to its members only together; what was answered as committed is in the
//! log of the coordinator's partition; nobody is a member of two generations at once.
//!
//! The organ knows no connection and no log: who asks is an [`Asker`], what is to be written an [`Append`].
//! It is handed an instant, and hands back [`Effect`]s.
//!
//! Not modelled: transactional offsets; the consumer protocol of KIP-848, which needs KRaft.

mod commit;
pub mod config;
pub mod coordinator;
mod desk;
mod forget;
mod heartbeat;
mod join;
mod leave;
pub mod member;
pub mod members;
pub mod offsets;
mod rebalance;
pub mod record;
pub mod state;
mod sync;
#[cfg(test)]
mod tests;
mod views;
mod weight;

pub use commit::named_once;
pub use config::GroupConfig;
pub use coordinator::Coordinator;
pub use desk::Timer;
pub use join::{JoinAsked, JoinVersion};
pub use member::Member;
pub use members::Members;
pub use record::{Committed, Record};
pub use state::{Group, State};

use crate::fact::Fact;
use crate::protocol::api::{
    DeleteGroupsResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse,
    OffsetCommitResponse, OffsetDeleteResponse, SyncGroupResponse,
};

/// Who waits for an answer. What it stands for is the broker's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asker(pub u64);

/// Names something that is being written; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub(super) u64);

/// What a coordinator wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Somebody gets his answer.
    Answer(Asker, Answer),
    /// Records are to be written.
    Append(Append),
    /// Something happened that is worth showing.
    Note(Fact),
}

/// Records for one partition of `__consumer_offsets`, in one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// What `Coordinator::appended` is told when they are committed, or cannot be: they are written with
    /// `acks=all`. `None` when nobody waits for them: then with `acks=0`.
    pub token: Option<Token>,
    pub partition: i32,
    pub records: Vec<Record>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Join(JoinGroupResponse),
    Sync(SyncGroupResponse),
    Heartbeat(HeartbeatResponse),
    Leave(LeaveGroupResponse),
    OffsetCommit(OffsetCommitResponse),
    DeleteGroups(DeleteGroupsResponse),
    OffsetDelete(OffsetDeleteResponse),
}

macro_rules! answers {
    ($($name:ident $response:ident),*) => {$(
        impl From<$response> for Answer {
            fn from(response: $response) -> Answer {
                Answer::$name(response)
            }
        }
    )*};
}

answers! {
    Join JoinGroupResponse,
    Sync SyncGroupResponse,
    Heartbeat HeartbeatResponse,
    Leave LeaveGroupResponse,
    OffsetCommit OffsetCommitResponse,
    DeleteGroups DeleteGroupsResponse,
    OffsetDelete OffsetDeleteResponse
}

/// The partition of `__consumer_offsets` that keeps a group: Java's hash of its name, made positive.
pub fn partition_of(group: &str, partitions: i32) -> i32 {
    let units = group.encode_utf16();
    let hash = units.fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    // The most negative number has no positive twin; Kafka takes 0 for it.
    hash.checked_abs().unwrap_or(0) % partitions.max(1)
}
