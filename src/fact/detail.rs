//! What facts say besides Kafka's own nouns: roles, numbers and reasons.

use std::fmt;

use crate::model::{ProducerEpoch, ProducerId};
use crate::protocol::records::BatchHeader;

/// Which half of the replication a replica plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Leader,
    Follower,
}

/// What an idempotent producer numbers a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numbers {
    pub producer_id: ProducerId,
    pub epoch: ProducerEpoch,
    /// The sequences of its first and its last record.
    pub base_sequence: i32,
    pub last_sequence: i32,
}

impl Numbers {
    /// The numbers in a batch's header, if it has any.
    pub fn of(header: &BatchHeader) -> Option<Numbers> {
        header.is_idempotent().then(|| Numbers {
            producer_id: ProducerId(header.producer_id),
            epoch: ProducerEpoch(header.producer_epoch),
            base_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
        })
    }
}

/// Why a connection ended, as the end that notes it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Nobody listens there.
    Refused,
    /// The other end closed it.
    Remote,
    /// A request was not answered within its timeout.
    RequestTimedOut,
    /// The other end sent bytes that are no frame, or a request nobody serves.
    Malformed,
    /// Nothing was heard for `connections.max.idle.ms`.
    Idle,
    /// Closed on purpose: no longer needed.
    Done,
    /// An acks=0 produce failed, which closing is Kafka's only way to tell.
    FailedWithoutAnswer,
}

/// What a crash takes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Crash {
    /// The process. Its machine lives, and what it has written is safe with the operating system.
    Process,
    /// The machine, with everything that was not flushed to the disk.
    Machine,
}

/// Why a log's first readable offset moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogStartReason {
    RetentionTime,
    RetentionSize,
    /// The leader's log start was copied.
    Leader,
    /// Somebody asked for it (DeleteRecords).
    Deleted,
}

/// Why a member is one no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departure {
    /// It, or an operator, said so.
    Left,
    /// Nothing was heard of it for its session timeout.
    Silent,
    /// It did not join the next generation in time.
    LateToJoin,
    /// It did not ask for its part in time.
    LateToSync,
    /// It joined when `group.max.size` members were there already.
    GroupFull,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Leader => "leader",
            Role::Follower => "follower",
        })
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Refused => "refused",
            CloseReason::Remote => "closed by the other end",
            CloseReason::RequestTimedOut => "no answer in time",
            CloseReason::Malformed => "unreadable bytes",
            CloseReason::Idle => "idle",
            CloseReason::Done => "done",
            CloseReason::FailedWithoutAnswer => "acks=0 failed",
        })
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Departure::Left => "it leaves",
            Departure::Silent => "it was silent for too long",
            Departure::LateToJoin => "it did not join in time",
            Departure::LateToSync => "it did not ask for its part in time",
            Departure::GroupFull => "the group is too large",
        })
    }
}
