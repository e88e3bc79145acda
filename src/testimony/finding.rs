//! What can be wrong with a history.

use crate::model::{Text, TopicPartition};

/// A kind of anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// One offset holds two values (`inconsistent-offsets`).
    InconsistentOffsets,
    /// One value stands at two offsets (`duplicate`).
    Duplicate,
    /// What was acknowledged is read by nobody, though what stands behind it is (`lost-write`).
    LostWrite,
    /// What was acknowledged lies beyond everything that was read (`unseen`).
    Unseen,
    /// What has failed for certain is read (`G1a`).
    AbortedRead,
    /// A reader passes over what others have read (`poll-skip`).
    PollSkip,
    /// A reader goes back (`nonmonotonic-poll`).
    NonmonotonicPoll,
    /// The same within what one `poll()` returned (`int-poll-skip`).
    PollSkipWithin,
    /// The same within what one `poll()` returned (`int-nonmonotonic-poll`).
    NonmonotonicPollWithin,
    /// What a producer sent later stands before what it sent earlier (`nonmonotonic-send`).
    NonmonotonicSend,
    /// The members of a group are done with a record more than once.
    ProcessedTwice,
    /// A group has committed beyond a record with which no member was ever done.
    NeverProcessed,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Class::InconsistentOffsets => "inconsistent-offsets",
            Class::Duplicate => "duplicate",
            Class::LostWrite => "lost-write",
            Class::Unseen => "unseen",
            Class::AbortedRead => "aborted-read",
            Class::PollSkip => "poll-skip",
            Class::NonmonotonicPoll => "nonmonotonic-poll",
            Class::PollSkipWithin => "int-poll-skip",
            Class::NonmonotonicPollWithin => "int-nonmonotonic-poll",
            Class::NonmonotonicSend => "nonmonotonic-send",
            Class::ProcessedTwice => "processed-twice",
            Class::NeverProcessed => "never-processed",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub class: Class,
    pub partition: TopicPartition,
    /// Whether no setting allows it, as far as clients know.
    pub is_wrong: bool,
    /// What was seen, in a sentence.
    pub what: Text,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} of {}: {}",
            self.class.name(),
            self.partition,
            self.what
        )
    }
}
