//! The ribbon: how much happened when, and the moments worth a mark.
//!
//! Counts are kept in buckets of virtual time that double in width when there are too many, so the
//! ribbon of an hour costs what the ribbon of a minute costs.

use crate::fact::{Entry, Fact};
use crate::time::{Duration, Instant};

/// Buckets at most; past it neighbours are joined.
const BUCKETS: usize = 1_024;
/// Marks at most; past it the oldest are dropped.
pub const MARKS: usize = 512;

/// What a mark stands for; the picture has a sign for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    Edit,
    /// A link or a broker's whole network is cut from here on.
    Cut,
    /// What was cut goes on.
    Release,
    /// A process is killed or stopped, or its disk failed.
    Crash,
    /// A process stands still.
    Freeze,
    /// A process that did not run does again.
    Return,
    NewLeader,
    /// A broker becomes controller after another.
    NewController,
    IsrShrink,
    IsrGrow,
    Error,
}

impl MarkKind {
    /// How much there is to say about it: where several stand at one place, the gravest is shown.
    pub fn gravity(self) -> u8 {
        match self {
            MarkKind::Crash => 10,
            MarkKind::Cut => 9,
            MarkKind::Freeze => 8,
            MarkKind::Error => 7,
            MarkKind::NewLeader => 6,
            MarkKind::NewController => 5,
            MarkKind::IsrShrink => 4,
            MarkKind::Return => 3,
            MarkKind::Release => 2,
            MarkKind::IsrGrow => 1,
            MarkKind::Edit => 0,
        }
    }

    /// True for what people did that has no sign of its own.
    pub fn is_edit(self) -> bool {
        self == MarkKind::Edit
    }
}

/// A moment worth finding again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Instant,
    pub kind: MarkKind,
    /// The journal entry that it stands for.
    pub entry: u64,
    pub text: String,
}

/// Counts and marks along time.
#[derive(Clone, Debug)]
pub struct Ribbon {
    width: Duration,
    counts: Vec<u32>,
    marks: Vec<Mark>,
}

impl Default for Ribbon {
    fn default() -> Ribbon {
        Ribbon {
            width: Duration::from_millis(100),
            counts: Vec::new(),
            marks: Vec::new(),
        }
    }
}

impl Ribbon {
    pub(super) fn add<'a>(&mut self, news: impl Iterator<Item = &'a Entry>) {
        for entry in news {
            if counts(&entry.fact) {
                self.count(entry.at);
            }
            if let Some(kind) = mark(entry) {
                if self.marks.len() == MARKS {
                    self.marks.remove(0);
                }
                let text = entry.sentence();
                self.marks.push(Mark {
                    at: entry.at,
                    kind,
                    entry: entry.number,
                    text,
                });
            }
        }
    }

    fn count(&mut self, at: Instant) {
        let mut bucket = (at.as_micros() / self.width.as_micros()) as usize;
        while bucket >= BUCKETS {
            self.counts = self
                .counts
                .chunks(2)
                .map(|pair| pair.iter().sum())
                .collect();
            self.width = self.width.times(2);
            bucket = (at.as_micros() / self.width.as_micros()) as usize;
        }
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
    }

    /// The width of one bucket, and the counts from the beginning of the world on.
    pub fn counts(&self) -> (Duration, &[u32]) {
        (self.width, &self.counts)
    }

    /// The marks, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

fn counts(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::RecordsAppended { .. }
            | Fact::RecordsAcknowledged { .. }
            | Fact::RecordsConsumed { .. }
    )
}

fn mark(entry: &Entry) -> Option<MarkKind> {
    match &entry.fact {
        // What a plan begins with is no news.
        Fact::Commanded { .. } if entry.at == Instant::ZERO => None,
        Fact::Commanded { line } => Some(match line.split(' ').next() {
            Some("cut") => MarkKind::Cut,
            Some("heal") => MarkKind::Release,
            Some("kill" | "stop") => MarkKind::Crash,
            Some("freeze") => MarkKind::Freeze,
            Some("restart" | "thaw") => MarkKind::Return,
            _ => MarkKind::Edit,
        }),
        Fact::DiskFailed => Some(MarkKind::Crash),
        Fact::BecameLeader { epoch, .. } if epoch.0 > 0 => Some(MarkKind::NewLeader),
        Fact::ControllerElected { epoch } if *epoch > 1 => Some(MarkKind::NewController),
        Fact::IsrChanged { from, to, .. } if to.len() < from.len() => Some(MarkKind::IsrShrink),
        Fact::IsrChanged { .. } => Some(MarkKind::IsrGrow),
        Fact::SendFailed { .. }
        | Fact::ProduceRefused { .. }
        | Fact::ReadingFailed { .. }
        | Fact::ErrandRefused { .. } => Some(MarkKind::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_ribbon_joins_its_buckets_and_keeps_its_sum() {
        let mut ribbon = Ribbon::default();
        for second in 0..600 {
            ribbon.count(Instant::from_secs(second));
        }
        let (width, counts) = ribbon.counts();
        assert!(counts.len() <= BUCKETS);
        assert_eq!(width, Duration::from_millis(800));
        assert_eq!(counts.iter().sum::<u32>(), 600);
    }
}
