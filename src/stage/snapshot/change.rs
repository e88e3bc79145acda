//! What has just happened to a log, for as long as it is still being shown.
//!
//! A change knows how much of its beat is over. That part follows from the instant of the picture and from
//! the pace, never from a timer, so going back plays it backwards.

use crate::model::{BrokerId, Offset, TopicPartition};

/// Something that became true so little ago that it is still being shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub partition: TopicPartition,
    pub what: What,
    /// How much of its beat is over, from 0 to 1, easing not yet applied.
    pub part: f64,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Records were added to a copy: the circle that came becomes a square.
    Appended {
        on: BrokerId,
        from: Offset,
        to: Offset,
    },
    /// A high watermark moved up, and records behind it count.
    Committed {
        on: BrokerId,
        from: Offset,
        to: Offset,
    },
    /// A follower no longer counts.
    LeftIsr { on: BrokerId },
    /// A log begins later: what was before is deleted.
    Deleted {
        on: BrokerId,
        from: Offset,
        to: Offset,
    },
    /// The cleaner came by: of every key before `until` the last record is left.
    Cleaned {
        on: BrokerId,
        until: Offset,
        removed: u64,
    },
    /// The end of a log was cut off.
    Truncated {
        on: BrokerId,
        from: Offset,
        to: Offset,
    },
}

/// Whether things move on this picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// What is under way travels and changes take their time.
    #[default]
    Full,
    /// Time runs so fast that no single packet can be followed: links show a stream.
    Fast,
    /// Nothing moves: links count what is under way, and a ring marks what the last step changed.
    Still,
}
