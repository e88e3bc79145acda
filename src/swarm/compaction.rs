//! Topics that compact: one cluster of sixteen has them, drawn from numbers of their own, so that all others are what
//! they were.

use std::fmt::Write as _;

use super::{Budget, Draw};

/// The random numbers of what compacts, beside those of everything else.
const STREAM: u64 = 0xc0;

/// How the topics of a cluster compact.
pub(super) struct Compaction {
    draw: Draw,
}

/// Whether the topics of this seed's cluster compact.
pub(super) fn compacts(seed: u64, budget: Budget) -> bool {
    Compaction::draw(seed, budget).is_some()
}

impl Compaction {
    pub(super) fn draw(seed: u64, budget: Budget) -> Option<Compaction> {
        let mut draw = Draw::new(seed, budget.stream() + STREAM);
        draw.chance(1, 16).then_some(Compaction { draw })
    }

    /// What brokers have set.
    pub(super) fn of_brokers(&mut self) -> String {
        let rest = self.draw.pick(&[200, 700, 700, 3_000]);
        format!(" log.cleaner.backoff.ms={rest}")
    }

    /// What a topic has set besides what it has already.
    pub(super) fn of_topic(&mut self, already: &str) -> String {
        let draw = &mut self.draw;
        if draw.chance(1, 10) {
            return String::new();
        }
        let both = draw.chance(1, 3);
        let policy = if both { "compact,delete" } else { "compact" };
        let stay = draw.pick(&[0, 500, 2_000, 2_000, 20_000]);
        let mut text = format!(" cleanup.policy={policy} delete.retention.ms={stay}");
        let bytes = draw.pick(&[300, 1_000, 4_000, 0]);
        if bytes > 0 && !already.contains(" segment.bytes=") {
            let _ = write!(text, " segment.bytes={bytes}");
        }
        if draw.chance(1, 2) {
            let most = draw.pick(&[1_000, 3_000]);
            let _ = write!(text, " max.compaction.lag.ms={most}");
        }
        if draw.chance(1, 5) {
            text.push_str(" min.compaction.lag.ms=600");
        }
        if draw.chance(1, 2) {
            let ratio = draw.pick(&["0", "0.1", "0.9"]);
            let _ = write!(text, " min.cleanable.dirty.ratio={ratio}");
        }
        if both && draw.chance(1, 2) {
            let _ = write!(text, " retention.ms={}", draw.pick(&[4_000, 15_000]));
        }
        text
    }

    /// What a load writes besides: every record has a key, and some have no value.
    pub(super) fn of_load(&mut self, already: &str) -> String {
        let draw = &mut self.draw;
        let mut text = String::new();
        if !already.contains(" keys=") {
            let keys = draw.pick(&["a,b,c", "a,b,c,d,e,f,g,h", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o"]);
            let _ = write!(text, " keys={keys}");
        }
        if draw.chance(3, 4) {
            let _ = write!(text, " tombstones={}", draw.pick(&[2, 7, 7, 40]));
        }
        text
    }
}

/// A setting that somebody changes while such a topic is in use.
pub(super) fn setting(draw: &mut Draw) -> &'static str {
    draw.pick(&[
        "cleanup.policy=delete",
        "cleanup.policy=compact",
        "cleanup.policy=compact,delete",
        "min.cleanable.dirty.ratio=0",
        "delete.retention.ms=0",
        "delete.retention.ms=9000",
        "max.compaction.lag.ms=1000",
    ])
}
