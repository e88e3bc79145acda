//! The futures that are left by acting in the past: going over to them, and giving the past up.

use super::Session;
use crate::script::{self, Action, Unreadable};
use crate::time::Instant;
use crate::world::Place;

/// What a log is cut back to when the reader asks for less to be kept.
const LESS: u64 = 4_000_000;

/// Which of the branches this is, and which of them each of the history's other futures is. Numbers are given
/// once and stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Branches {
    here: u32,
    others: Vec<u32>,
    made: u32,
    dropped: u32,
}

/// Where the branch that is looked at leaves the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub at: Instant,
    /// Counted from 1, in the order in which they were made.
    pub number: usize,
    pub of: usize,
}

impl Branches {
    /// A future was left; `kept` futures are kept now, the oldest may be gone. Says which was left.
    pub(super) fn fork(&mut self, kept: usize) -> u32 {
        let left = self.here;
        self.others.push(self.here);
        self.made += 1;
        self.here = self.made;
        while self.others.len() > kept {
            self.others.remove(0);
            self.dropped += 1;
        }
        left
    }

    /// The index of a branch that is left.
    pub(super) fn index(&self, number: u32) -> Option<usize> {
        self.others.iter().position(|other| *other == number)
    }

    /// This branch is given up for another, which is not left any more.
    pub(super) fn rejoin(&mut self, index: usize) {
        self.here = self.others.remove(index);
    }

    fn switch(&mut self, index: usize) {
        let chosen = self.others.remove(index);
        self.others.push(std::mem::replace(&mut self.here, chosen));
    }

    /// The future that comes after this one in the order of their making, and after the last the first.
    fn next(&self) -> Option<usize> {
        let numbers = self.others.iter().copied().enumerate();
        let after = numbers.clone().filter(|(_, number)| *number > self.here);
        let next = after.min_by_key(|(_, number)| *number);
        let first = numbers.min_by_key(|(_, number)| *number);
        next.or(first).map(|(index, _)| index)
    }
}

impl Session {
    /// Where this branch leaves the others, if there are others.
    pub fn split(&self) -> Option<Split> {
        let last = self.history.branches().last()?;
        let before = |number: &&u32| **number < self.branches.here;
        Some(Split {
            at: last.forked_at,
            number: 1 + self.branches.others.iter().filter(before).count(),
            of: 1 + self.branches.others.len(),
        })
    }

    /// How many of the oldest branches were dropped, because only so many are kept.
    pub fn branches_dropped(&self) -> u32 {
        self.branches.dropped
    }

    /// Goes over to the next branch and stays at this instant; false when there is no other.
    pub fn switch_branch(&mut self) -> bool {
        let Some(index) = self.branches.next() else {
            return false;
        };
        let to = self.now();
        (self.gap, self.stop) = (None, None);
        self.edits.clear();
        self.undone.clear();
        self.branches.switch(index);
        self.history.switch(index);
        let last = self.history.commands().last();
        let until = last.map_or(to, |last| last.place.at.max(to));
        self.fork(Place {
            at: self.now(),
            steps: 0,
        });
        self.timeline.moved(&self.history.observed().journal);
        // What was known of that future is known again.
        self.run(Place::after(until), &mut || true);
        self.seek(to);
        true
    }

    /// Gives up the way back to before this instant, and what only it keeps in memory.
    pub fn forget_past(&mut self) {
        self.history.forget_past();
        let kept = self.history.branches().len();
        let gone = self.branches.others.len().saturating_sub(kept);
        self.branches.others.drain(..gone);
    }

    /// The same run from its beginning, with logs that keep less. What was done at its beginning is done again.
    ///
    /// # Errors
    /// When the plan cannot be.
    pub fn with_shorter_logs(&self) -> Result<Session, Unreadable> {
        let mut script = script::parse(&self.history.to_script())?;
        for topic in &mut script.plan.topics {
            topic
                .configs
                .insert("retention.bytes".into(), LESS.to_string().into());
            let segment = (LESS / 4).to_string();
            topic.configs.insert("segment.bytes".into(), segment.into());
        }
        let later = |line: &script::Line| match &line.action {
            Action::At(place) => place.at > Instant::ZERO,
            Action::Run { .. } | Action::Step(_) => true,
            _ => false,
        };
        let until = script.lines.iter().position(later);
        script.lines.truncate(until.unwrap_or(script.lines.len()));
        Session::play_script(&script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

    const SCRIPT: &str = "world brokers=1 seed=1 latency=1ms\ntopic a partitions=1\nproducer p1\n";

    fn session() -> Session {
        let script = script::parse(SCRIPT).unwrap();
        Session::of_plan(&script).unwrap()
    }

    fn say(session: &mut Session, line: &str) {
        let Ok(Action::Command(command)) = script::parse_line(line) else {
            panic!("{line} is a command")
        };
        session.perform(command).unwrap();
    }

    fn split(session: &Session) -> Option<(usize, usize)> {
        session.split().map(|split| (split.number, split.of))
    }

    #[test]
    fn acting_in_the_past_makes_a_branch_and_switching_goes_over() {
        let mut session = session();
        session.seek(Instant::from_secs(2));
        say(&mut session, "produce p1 a key=one \"1\"");
        assert_eq!(split(&session), None);
        session.seek(Instant::from_secs(3));
        session.seek(Instant::from_secs(1));
        say(&mut session, "produce p1 a key=two \"2\"");
        assert_eq!(split(&session), Some((2, 2)));
        session.seek(Instant::from_secs(3));
        let second = session.journal().digest();
        assert!(session.switch_branch());
        assert_eq!(split(&session), Some((1, 2)));
        assert_eq!(session.now(), Instant::from_secs(3));
        assert_ne!(session.journal().digest(), second);
        assert!(session.switch_branch());
        assert_eq!(split(&session), Some((2, 2)));
        assert_eq!(session.journal().digest(), second);
    }

    #[test]
    fn the_oldest_of_nine_branches_is_dropped() {
        let mut session = session();
        for n in 0..10 {
            session.seek(Instant::from_secs(20 - n));
            say(&mut session, "produce p1 a key=k \"v\"");
        }
        assert_eq!(split(&session), Some((9, 9)));
        assert_eq!(session.branches_dropped(), 1);
    }

    #[test]
    fn shorter_logs_begin_the_run_again() {
        let mut session = session();
        say(&mut session, "load p1 a every=10ms size=100");
        session.seek(Instant::from_secs(5));
        let mut shorter = session.with_shorter_logs().unwrap();
        assert_eq!(shorter.now(), Instant::ZERO);
        assert_eq!(shorter.history().commands().len(), 1);
        shorter.seek(Instant::from_secs(5));
        assert!(shorter.history().retained_log_bytes() > 0);
    }
}
