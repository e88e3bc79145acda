//! `Work`: what a group has done with one partition, and what it has passed over.

use std::collections::BTreeMap;

use crate::model::Offset;

/// What a group has done with a partition: how often its members were done with the records of a stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// From these offsets on, up to the next, so often.
    times: BTreeMap<Offset, u32>,
    first: Option<Offset>,
    committed: Offset,
    /// How far its own members have asked to have it remembered.
    claimed: Offset,
    /// Stretches that may be passed over without anybody being to blame: where they begin, and where they end. No two
    /// touch each other.
    allowed: BTreeMap<Offset, Offset>,
}

impl Work {
    /// A member is done with these records; whether some of them were done before.
    pub(super) fn done(&mut self, from: Offset, to: Offset) -> bool {
        self.first = Some(self.first.map_or(from, |first| first.min(from)));
        for edge in [from, to] {
            let before = self.times.range(..=edge).next_back();
            let times = before.map_or(0, |(_, times)| *times);
            self.times.insert(edge, times);
        }
        let mut again = false;
        for (_, times) in self.times.range_mut(from..to) {
            again |= *times > 0;
            *times += 1;
        }
        again
    }

    /// What lies between where a member stood and here may be passed over. What a member has claimed before is
    /// excused by nothing that comes later.
    pub(super) fn may_pass_over(&mut self, stood: Offset, to: Offset) {
        self.allow(stood.max(self.claimed), to);
    }

    /// A member of the group's own asks to have this remembered.
    pub(super) fn claims(&mut self, offset: Offset) {
        self.claimed = self.claimed.max(offset);
    }

    /// A member goes on where its group has got to; what no member has claimed a stranger has.
    pub(super) fn resumes(&mut self, at: Offset) {
        self.commits(at);
        self.allow(self.claimed, at);
    }

    /// The group remembers how far it has read.
    pub(super) fn commits(&mut self, offset: Offset) {
        self.committed = self.committed.max(offset);
    }

    /// How far the group has got, as it remembers.
    pub(super) fn committed(&self) -> Offset {
        self.committed
    }

    /// How many offsets members were done with once, twice, and so on.
    pub(super) fn times(&self) -> impl Iterator<Item = (u32, u64)> {
        let ends = self.times.keys().skip(1);
        let stretches = self.times.iter().zip(ends);
        stretches.map(|((from, times), to)| (*times, (*to - *from).max(0) as u64))
    }

    /// The first offset that was passed over, and whether somebody is to blame. Where `is_doubtful`, nobody is.
    pub(super) fn passed_over(&self, is_doubtful: bool) -> Option<(Offset, bool)> {
        let first = self.first?;
        // Who commits less than it has begun with has left nothing out.
        let until = self.committed.max(first);
        let wrongly = self.wrongly_undone(first, until);
        let wrongly = wrongly.filter(|_| !is_doubtful);
        let from = wrongly.or_else(|| self.undone(first, until))?;
        Some((from, wrongly.is_some()))
    }

    /// The first of these offsets with which nobody was done.
    fn undone(&self, from: Offset, until: Offset) -> Option<Offset> {
        let before = self.times.range(..=from).next_back();
        if before.is_none_or(|(_, times)| *times == 0) {
            return (from < until).then_some(from);
        }
        let mut within = self.times.range(from..until.max(from));
        within.find(|(_, times)| **times == 0).map(|(at, _)| *at)
    }

    /// The first of these offsets with which nobody was done, and which may not be passed over.
    fn wrongly_undone(&self, mut from: Offset, until: Offset) -> Option<Offset> {
        loop {
            from = self.undone(from, until)?;
            let before = self.allowed.range(..=from).next_back();
            match before.filter(|(_, end)| **end > from) {
                Some((_, end)) => from = *end,
                None => return Some(from),
            }
        }
    }

    /// A stretch may be passed over.
    fn allow(&mut self, mut from: Offset, mut to: Offset) {
        if from >= to {
            return;
        }
        let touching = self.allowed.range(..=to).filter(|(_, end)| **end >= from);
        let touching: Vec<Offset> = touching.map(|(begin, _)| *begin).collect();
        for begin in touching {
            let end = self.allowed.remove(&begin).unwrap_or(to);
            (from, to) = (from.min(begin), to.max(end));
        }
        self.allowed.insert(from, to);
    }
}
