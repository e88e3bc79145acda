//! `Election`: how servers find whom to follow.
//!
//! ZooKeeper's fast leader election. Every server that looks for a leader tells all others whom it wants,
//! itself first, and turns to whoever is better: the one with the newer history, and of equals the one
//! with the higher number. When a majority wants the same, it is settled. A server that has a leader
//! already answers with that, so one that comes late finds the leader without a new election.
//!
//! An election is advice. Whether the elected may lead is decided when a majority promises it an epoch of
//! its own (see `leading`), so nothing here must be right for writes to be safe.
//!
//! Unlike ZooKeeper, a vote that every server shares is settled at once; any other waits 200 ms for a
//! better one (`finalizeWait`). Unlike ZooKeeper, one who hears a leader itself say that it leads needs a
//! majority together with itself, not without.

use crate::protocol::zookeeper_peers::{Notification, Stance, Vote};
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};

/// How long a vote that is not everybody's waits for a better one (`finalizeWait`).
pub const FINALIZE_WAIT: Duration = Duration::from_millis(200);
/// Who hears nothing says its vote again, after this long at the most. ZooKeeper waits up to 60 s.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3);

/// Who is to be told this server's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    Nobody,
    Sender,
    Everybody,
}

/// A server's part in elections.
#[derive(Clone, Debug)]
pub struct Election {
    me: u16,
    /// How many servers the ensemble has.
    servers: usize,
    round: u32,
    /// What this server would vote if it knew of nobody else.
    own: Vote,
    vote: Vote,
    /// Votes of this round.
    looking: SortedMap<u16, Vote>,
    /// Votes of servers that have a leader.
    settled: SortedMap<u16, Notification>,
    /// When a vote that has a majority is final.
    final_at: Option<Instant>,
    interval: Duration,
    say_again_at: Instant,
}

impl Election {
    pub fn new(me: u16, servers: usize) -> Election {
        Election {
            me,
            servers,
            round: 0,
            own: Vote::default(),
            vote: Vote::default(),
            looking: SortedMap::new(),
            settled: SortedMap::new(),
            final_at: None,
            interval: FINALIZE_WAIT,
            say_again_at: Instant::MAX,
        }
    }

    /// True when so many servers are more than half of the ensemble.
    pub fn is_majority(&self, servers: usize) -> bool {
        servers * 2 > self.servers
    }

    pub fn round(&self) -> u32 {
        self.round
    }

    /// Whom this server wants, or follows.
    pub fn vote(&self) -> Vote {
        self.vote
    }

    pub fn set_epoch(&mut self, epoch: u32) {
        self.vote.standing.epoch = epoch;
    }

    /// Begins to look, with a vote for oneself.
    pub fn begin(&mut self, now: Instant, own: Vote) {
        self.round += 1;
        self.own = own;
        self.vote = own;
        self.looking.clear();
        self.settled.clear();
        self.final_at = None;
        self.interval = FINALIZE_WAIT;
        self.say_again_at = now + self.interval;
    }

    /// What this server tells others.
    pub fn notification(&self, stance: Stance) -> Notification {
        Notification {
            round: self.round,
            vote: self.vote,
            stance,
        }
    }

    fn turn_to(&mut self, vote: Vote) {
        self.vote = vote;
        self.final_at = None;
    }

    /// Hears another server's vote while looking.
    pub fn hear(&mut self, from: u16, heard: Notification) -> Tell {
        if heard.stance != Stance::Looking {
            self.settled.insert(from, heard);
            match heard.round == self.round {
                true => drop(self.looking.insert(from, heard.vote)),
                false => drop(self.looking.remove(&from)),
            }
            return Tell::Nobody;
        }
        self.settled.remove(&from);
        if heard.round < self.round {
            return Tell::Sender;
        }
        let mut tell = Tell::Nobody;
        if heard.round > self.round {
            self.round = heard.round;
            self.looking.clear();
            self.turn_to(heard.vote.max(self.own));
            tell = Tell::Everybody;
        } else if heard.vote > self.vote {
            self.turn_to(heard.vote);
            tell = Tell::Everybody;
        }
        self.looking.insert(from, heard.vote);
        tell
    }

    /// Whom to follow, once that is settled.
    pub fn verdict(&mut self, now: Instant) -> Option<Vote> {
        let agree = self.looking.values().filter(|vote| **vote == self.vote);
        let agree = 1 + agree.count();
        if agree == self.servers {
            return Some(self.vote);
        }
        let claim = self.best_claim();
        if let Some((vote, supporters)) = claim
            && self.is_majority(supporters)
        {
            return Some(vote);
        }
        let choice = match claim {
            _ if self.is_majority(agree) => Some(self.vote),
            Some((vote, supporters)) if self.is_majority(supporters + 1) => Some(vote),
            _ => None,
        };
        let Some(choice) = choice else {
            self.final_at = None;
            return None;
        };
        let final_at = *self.final_at.get_or_insert(now + FINALIZE_WAIT);
        (final_at <= now).then_some(choice)
    }

    /// The newest leader that says so itself, and how many servers it has, itself among them.
    fn best_claim(&self) -> Option<(Vote, usize)> {
        let claims = self.settled.iter();
        let claims = claims.filter(|(from, heard)| {
            heard.stance == Stance::Leading && heard.vote.leader == **from && **from != self.me
        });
        let vote = claims.map(|(_, heard)| heard.vote).max()?;
        let settled = self.settled.values();
        let supporters = settled.filter(|heard| heard.vote.leader == vote.leader);
        Some((vote, supporters.count()))
    }

    /// The election is over.
    pub fn settle(&mut self, vote: Vote) {
        if let Some(leader) = self.settled.get(&vote.leader) {
            self.round = leader.round;
        }
        self.vote = vote;
        self.final_at = None;
        self.say_again_at = Instant::MAX;
        self.looking.clear();
        self.settled.clear();
    }

    /// True when it is time to say the vote again; the next time is later.
    pub fn says_again(&mut self, now: Instant) -> bool {
        if self.say_again_at > now {
            return false;
        }
        self.interval = self.interval.times(2).min(LONGEST_INTERVAL);
        self.say_again_at = now + self.interval;
        true
    }

    /// When `verdict` and `says_again` are to be asked next.
    pub fn next_wakeup(&self) -> Instant {
        self.final_at
            .map_or(self.say_again_at, |at| at.min(self.say_again_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::zookeeper::Zxid;
    use crate::protocol::zookeeper_peers::Standing;

    fn vote(leader: u16, epoch: u32, last: u64) -> Vote {
        let last = Zxid(last);
        let standing = Standing { epoch, last };
        Vote { standing, leader }
    }

    fn says(round: u32, vote: Vote, stance: Stance) -> Notification {
        Notification {
            round,
            vote,
            stance,
        }
    }

    fn looks(round: u32, vote: Vote) -> Notification {
        says(round, vote, Stance::Looking)
    }

    fn election(me: u16) -> Election {
        let mut election = Election::new(me, 3);
        election.begin(Instant::ZERO, vote(me, 0, 0));
        election
    }

    #[test]
    fn a_newer_history_wins_over_a_higher_number() {
        let mut election = election(3);
        let better = vote(1, 0, 7);
        assert_eq!(election.hear(1, looks(1, better)), Tell::Everybody);
        assert_eq!(election.hear(2, looks(1, vote(2, 0, 5))), Tell::Nobody);
        assert_eq!(election.vote(), better);
    }

    #[test]
    fn a_vote_of_all_is_settled_at_once_and_a_vote_of_most_after_a_while() {
        let mut election = election(1);
        let best = vote(3, 0, 0);
        election.hear(3, looks(1, best));
        assert_eq!(election.verdict(Instant::ZERO), None);
        let later = Instant::ZERO + FINALIZE_WAIT;
        assert_eq!(election.next_wakeup(), later);
        assert_eq!(election.clone().verdict(later), Some(best));
        election.hear(2, looks(1, best));
        assert_eq!(election.verdict(Instant::ZERO), Some(best));
    }

    #[test]
    fn an_older_round_is_told_of_the_newer() {
        let mut election = election(1);
        assert_eq!(election.hear(2, looks(4, vote(2, 0, 0))), Tell::Everybody);
        assert_eq!(election.round(), 4);
        assert_eq!(election.hear(3, looks(3, vote(3, 9, 9))), Tell::Sender);
        assert_eq!(election.vote(), vote(2, 0, 0));
    }

    #[test]
    fn who_comes_late_finds_the_leader() {
        let mut election = election(3);
        let leader = vote(1, 5, 8);
        election.hear(2, says(9, leader, Stance::Following));
        assert_eq!(election.verdict(Instant::ZERO), None);
        election.hear(1, says(9, leader, Stance::Leading));
        assert_eq!(election.verdict(Instant::ZERO), Some(leader));
        election.settle(leader);
        assert_eq!(election.round(), 9);
    }

    #[test]
    fn a_leader_that_only_others_speak_of_is_not_followed() {
        let mut election = election(3);
        let gone = vote(1, 5, 8);
        election.hear(2, says(9, gone, Stance::Following));
        assert_eq!(election.verdict(Instant::from_secs(9)), None);
    }
}
