//! Bugs that are planted to see whether anybody notices.
//!
//! A checker that has never found anything may be blind. Each of these is an older or a rejected form of the
//! protocol, or a slip that others have made; `planted=M7` among a broker's settings brings one to life,
//! in builds with the feature `planted` and in no others. Their numbers are those of the project's
//! reliability catalogue.

/// One planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// M1: a follower cuts its log to its high watermark (before KIP-101).
    TruncateToHighWatermark,
    /// M2: an epoch that only the leader knows is taken for the follower's own, and having cut its log once in a
    /// leader's epoch a follower copies on without comparing again (before KIP-279).
    TruncateToForeignEpoch,
    /// M3: a fetch is served whatever epoch it believes in (before KIP-320).
    FetchUnfenced,
    /// M4: the high watermark waits for the ISR, not for who is about to join it.
    CommitByCommittedIsr,
    /// M5: a follower joins the ISR without what came before this epoch.
    JoinBeforeEpochStart,
    /// M6: that a broker has been away is not noticed, neither by the controller nor by the broker when it
    /// gets an order for its former life (before KIP-380).
    BounceUnnoticed,
    /// M7: a producer is told before its records are committed.
    AcknowledgeEarly,
    /// M8: whether enough replicas are in sync matters before a batch is appended, and not after.
    MinIsrBeforeOnly,
    /// M9: a controller writes whether or not it is still controller, and is obeyed.
    ZombieControllerWrites,
    /// M10: an ISR is changed whatever version of it was known to whoever asks.
    VersionsIgnored,
    /// M11: of each producer's batches four are known again.
    RememberFour,
    /// M12: a new leader knows nothing of producers.
    ForgetProducers,
    /// M13: after the greatest sequence comes the smallest integer.
    SequencesOverflow,
    /// M14: while the coordinator reads what a group has committed, it says that this is nothing.
    TellUnread,
    /// M15: who was a member once may commit for ever.
    CommitUnfenced,
    /// M16: a commit is answered before it is replicated.
    CommitEarly,
    /// M17: whoever had a part in the last generation is given that again.
    ServeOldParts,
    /// M18: consumers read what is not committed.
    ReadUncommitted,
    /// M19: a fresh leader tells the end that it knows, though it is less than was told before.
    ListStaleEnd,
    /// M20: a batch that was sent twice is written twice.
    WriteTwice,
    /// M21: of a key that is found in the dirty part, the cleaner takes the last record too.
    CleanTheLast,
    /// M22: the cleaner goes as far as segments are closed, committed or not.
    CleanUncommitted,
    /// M23: tombstones go as soon as they are cleaned.
    TombstonesGoAtOnce,
    /// M24: where another request of a connection waits already, the answer to the one before goes out behind the
    /// answer to that.
    AnswerInReverse,
    /// M25: a member commits what it has fetched, returned or not.
    CommitFetched,
}

impl Bug {
    /// Every bug by its number.
    pub const ALL: [(&'static str, Bug); 25] = [
        ("M1", Bug::TruncateToHighWatermark),
        ("M2", Bug::TruncateToForeignEpoch),
        ("M3", Bug::FetchUnfenced),
        ("M4", Bug::CommitByCommittedIsr),
        ("M5", Bug::JoinBeforeEpochStart),
        ("M6", Bug::BounceUnnoticed),
        ("M7", Bug::AcknowledgeEarly),
        ("M8", Bug::MinIsrBeforeOnly),
        ("M9", Bug::ZombieControllerWrites),
        ("M10", Bug::VersionsIgnored),
        ("M11", Bug::RememberFour),
        ("M12", Bug::ForgetProducers),
        ("M13", Bug::SequencesOverflow),
        ("M14", Bug::TellUnread),
        ("M15", Bug::CommitUnfenced),
        ("M16", Bug::CommitEarly),
        ("M17", Bug::ServeOldParts),
        ("M18", Bug::ReadUncommitted),
        ("M19", Bug::ListStaleEnd),
        ("M20", Bug::WriteTwice),
        ("M21", Bug::CleanTheLast),
        ("M22", Bug::CleanUncommitted),
        ("M23", Bug::TombstonesGoAtOnce),
        ("M24", Bug::AnswerInReverse),
        ("M25", Bug::CommitFetched),
    ];
}

impl Bug {
    /// Whether it can show only where topics compact.
    pub fn is_of_the_cleaner(self) -> bool {
        matches!(
            self,
            Bug::CleanTheLast | Bug::CleanUncommitted | Bug::TombstonesGoAtOnce
        )
    }
}

/// What is planted. Nothing, and nothing that takes room, without the feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    #[cfg(feature = "planted")]
    bug: Option<Bug>,
}

impl Planted {
    /// Whether this bug is there.
    #[cfg(feature = "planted")]
    pub fn has(self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether this bug is there: no bug is.
    #[cfg(not(feature = "planted"))]
    pub fn has(self, _: Bug) -> bool {
        false
    }

    /// The bug with this number.
    #[cfg(feature = "planted")]
    pub fn parse(number: &str) -> Option<Planted> {
        let found = Bug::ALL.iter().find(|(name, _)| *name == number);
        found.map(|(_, bug)| Planted { bug: Some(*bug) })
    }
}
