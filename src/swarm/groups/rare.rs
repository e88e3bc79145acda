//! What only some groups have, drawn from numbers of its own, so that all others are what they were.
//!
//! In a fourth of the clusters with groups the offsets topic is rolled after few bytes and compacted again and again,
//! and its coordinators are struck more often: whoever takes over reads what the cleaner has left. In a fourth a simple
//! consumer commits for a group, in a fourth members pause partitions, and in a fourth they commit before
//! partitions are taken from them.

use std::fmt::Write as _;

use crate::swarm::kind::Kind;
use crate::swarm::{Budget, Draw};

/// The random numbers of all this, beside those of everything else.
const STREAM: u64 = 0x700;

/// What the groups of one cluster have.
#[derive(Clone, Debug)]
pub(super) struct Rare {
    /// What brokers are set to.
    cleaner: String,
    /// How long the cleaner rests.
    rest: Option<u64>,
    /// What befalls groups besides.
    pub(super) kinds: Vec<Kind>,
    commits_when_revoked: bool,
}

impl Rare {
    pub(super) fn draw(seed: u64, budget: Budget) -> Rare {
        let mut draw = Draw::new(seed, budget.stream() + STREAM);
        let mut rare = Rare {
            cleaner: String::new(),
            rest: None,
            kinds: Vec::new(),
            commits_when_revoked: false,
        };
        if draw.chance(1, 4) {
            let bytes = draw.pick(&[300, 1_000, 1_000, 4_000]);
            let ratio = draw.pick(&["0", "0.1", "0.5"]);
            let stay = draw.pick(&[0, 500, 2_000, 20_000]);
            rare.cleaner = format!(
                " offsets.topic.segment.bytes={bytes} log.cleaner.min.cleanable.ratio={ratio} \
                 log.cleaner.delete.retention.ms={stay}"
            );
            rare.rest = Some(draw.pick(&[200, 700, 3_000]));
            if budget != Budget::Client {
                rare.kinds
                    .extend([Kind::HitCoordinator, Kind::AskTheReading]);
            }
        }
        if draw.chance(1, 4) {
            rare.kinds.extend([Kind::SimpleConsumer; 2]);
        }
        if draw.chance(1, 4) {
            rare.kinds.push(Kind::MemberPauses);
        }
        rare.commits_when_revoked = draw.chance(1, 4);
        rare
    }

    /// What brokers have set besides what they have already.
    pub(super) fn of_brokers(&self, already: &str) -> String {
        let mut text = self.cleaner.clone();
        if let Some(rest) = self.rest
            && !already.contains(" log.cleaner.backoff.ms=")
        {
            let _ = write!(text, " log.cleaner.backoff.ms={rest}");
        }
        text
    }

    /// What members have set besides what they have already.
    pub(super) fn of_members(&self, already: &str) -> String {
        let mut text = String::new();
        if self.commits_when_revoked {
            text.push_str(" application.on.revoked=commit");
            // What cannot be committed must be given up before the calm is over.
            if !already.contains(" default.api.timeout.ms=") {
                text.push_str(" default.api.timeout.ms=4000");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::OFFSETS_TOPIC;
    use crate::fact::Fact;
    use crate::script;
    use crate::swarm::groups::Groups;
    use crate::swarm::run;

    /// The first seeds whose groups have something.
    fn seeds(has: impl Fn(&Rare) -> bool) -> impl Iterator<Item = u64> {
        (1..).filter(move |seed| {
            let budget = Budget::of(*seed);
            let groups = Groups::draw(*seed, budget, 3);
            budget != Budget::Client && groups.is_some_and(|groups| has(&groups.rare))
        })
    }

    /// Whether in a seed's run a broker notes one thing and, later, another about the same partition of the offsets topic.
    fn shows(seed: u64, first: fn(&Fact) -> Option<i32>, then: fn(&Fact) -> Option<i32>) -> bool {
        let verdict = run(seed, Budget::of(seed));
        let history = script::parse(&verdict.script).expect("it reads").play();
        let history = history.expect("it plays");
        let mut seen = Vec::new();
        let mut news = history.observed().journal.since(0);
        news.any(|entry| {
            let by = entry.by;
            seen.extend(first(&entry.fact).map(|partition| (by, partition)));
            then(&entry.fact).is_some_and(|partition| seen.contains(&(by, partition)))
        })
    }

    #[test]
    fn coordinators_read_what_the_cleaner_has_left() {
        let cleaned = |fact: &Fact| match fact {
            Fact::LogCleaned {
                partition, removed, ..
            } if *removed > 0 && partition.topic.as_str() == OFFSETS_TOPIC => {
                Some(partition.partition)
            }
            _ => None,
        };
        let read = |fact: &Fact| match fact {
            Fact::GroupsLoaded {
                partition, groups, ..
            } if *groups > 0 => Some(*partition),
            _ => None,
        };
        let mut some = seeds(|rare| rare.rest.is_some()).take(6);
        assert!(some.any(|seed| shows(seed, cleaned, read)));
    }
}
