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
    /// What stood in a topic that is gone is read in another of its name.
    OldTopicRead,
    /// One generation of a group gives a partition to two members.
    DoubleOwner,
    /// A commit is taken from a member of a generation that was over when it was sent.
    ZombieCommit,
    /// A group is told what it had committed before what it committed last.
    CommitLost,
    /// A group is told what it has never committed, or that it has committed nothing though it has.
    SpuriousOffset,
    /// A group has prepared a generation, or a member asked for its part, for a long time.
    StuckGroup,
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
            Class::OldTopicRead => "old-topic-read",
            Class::DoubleOwner => "double-owner",
            Class::ZombieCommit => "commit-from-zombie-accepted",
            Class::CommitLost => "commit-lost",
            Class::SpuriousOffset => "spurious-offset",
            Class::StuckGroup => "stuck-group",
            Class::ProcessedTwice => "processed-twice",
            Class::NeverProcessed => "never-processed",
        }
    }
}

impl Class {
    /// Whether it may come of records that are lost, where they may be.
    pub fn may_come_of_loss(self) -> bool {
        !matches!(self, Class::AbortedRead | Class::OldTopicRead)
    }
}

/// So many findings are kept.
pub(super) const MOST_FOUND: usize = 1_000;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub class: Class,
    pub partition: TopicPartition,
    /// The group that it is about, rather than what is written.
    pub group: Option<Text>,
    /// Whether no setting allows it, as far as clients know.
    pub is_wrong: bool,
    /// Whether the topic that it is about is gone, and another may bear its name.
    pub is_of_the_past: bool,
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
