//! What a leader knows of one follower: only what the follower's fetches have said.

use crate::model::{BrokerEpoch, BrokerId, Offset};
use crate::time::{Duration, Instant};

/// A follower in its leader's eyes (Kafka's `Replica` and `ReplicaState`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerState {
    broker: BrokerId,
    log_end: Option<Offset>,
    log_start: Option<Offset>,
    last_caught_up: Option<Instant>,
    last_fetch: Option<LastFetch>,
    broker_epoch: BrokerEpoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastFetch {
    at: Instant,
    leader_log_end: Offset,
}

impl FollowerState {
    /// A follower that has not fetched from this leader. One that is in the ISR counts as caught up now.
    pub(super) fn new(broker: BrokerId, caught_up: Option<Instant>) -> FollowerState {
        FollowerState {
            broker,
            log_end: None,
            log_start: None,
            last_caught_up: caught_up,
            last_fetch: None,
            broker_epoch: BrokerEpoch(-1),
        }
    }

    /// Its leader leads on, in an epoch that begins where the log ends at `leader_log_end`
    /// (`Replica.resetReplicaState`): how far the follower is stays known. One that is in the ISR counts as caught
    /// up now, and as if it had fetched now; one that is not has to fetch before it counts again.
    #[must_use]
    pub(super) fn in_the_next_epoch(
        self,
        in_sync: Option<Instant>,
        leader_log_end: Offset,
    ) -> FollowerState {
        FollowerState {
            last_caught_up: in_sync,
            last_fetch: in_sync.map(|at| LastFetch { at, leader_log_end }),
            ..self
        }
    }

    pub fn broker(&self) -> BrokerId {
        self.broker
    }

    /// Its log end: the offset it last fetched from; `None` before its first fetch from this leader.
    pub fn log_end(&self) -> Option<Offset> {
        self.log_end
    }

    /// Its log start as it last said.
    pub fn log_start(&self) -> Option<Offset> {
        self.log_start
    }

    /// The last moment at which it had everything that its leader had.
    pub fn last_caught_up(&self) -> Option<Instant> {
        self.last_caught_up
    }

    /// When it last fetched, or its leader's epoch began while it was in the ISR.
    pub fn last_fetch(&self) -> Option<Instant> {
        self.last_fetch.map(|fetch| fetch.at)
    }

    /// The life of the broker that last fetched; −1 when it did not say.
    pub fn broker_epoch(&self) -> BrokerEpoch {
        self.broker_epoch
    }

    /// A fetch from `fetch_offset` arrived while the leader's log ended at `leader_log_end`.
    ///
    /// A follower that asks for the leader's end is caught up now. One that asks for what was the end
    /// at its previous fetch was caught up then: the leader has merely moved on since.
    pub(super) fn fetched(
        &mut self,
        now: Instant,
        fetch_offset: Offset,
        log_start: Offset,
        leader_log_end: Offset,
        broker_epoch: BrokerEpoch,
    ) {
        if fetch_offset >= leader_log_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if let Some(last) = self.last_fetch
            && fetch_offset >= last.leader_log_end
        {
            self.last_caught_up = self.last_caught_up.max(Some(last.at));
        }
        self.log_end = Some(fetch_offset);
        self.log_start = Some(log_start);
        self.broker_epoch = broker_epoch;
        self.last_fetch = Some(LastFetch {
            at: now,
            leader_log_end,
        });
    }

    /// Whether it has everything now, or had everything within `lag` before now.
    pub(super) fn is_caught_up(&self, leader_log_end: Offset, now: Instant, lag: Duration) -> bool {
        self.log_end == Some(leader_log_end)
            || self
                .last_caught_up
                .is_some_and(|caught_up| now.since(caught_up) <= lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_that_leads_on_knows_how_far_its_followers_are() {
        let at = Instant::from_millis;
        let epoch = BrokerEpoch(1);
        let mut follower = FollowerState::new(BrokerId(2), None);
        follower.fetched(at(1), Offset(5), Offset(2), Offset(9), epoch);
        let known = (Some(Offset(5)), Some(Offset(2)), epoch);
        let mut in_sync = follower.clone().in_the_next_epoch(Some(at(7)), Offset(9));
        let mut behind = follower.in_the_next_epoch(None, Offset(9));
        for (state, caught_up) in [(&in_sync, Some(at(7))), (&behind, None)] {
            let knows = (state.log_end(), state.log_start(), state.broker_epoch());
            assert_eq!(knows, known);
            assert_eq!(state.last_caught_up(), caught_up);
            assert_eq!(state.last_fetch(), caught_up);
        }
        // Who asks for what was the end when the epoch began had everything then, if it was in sync.
        for state in [&mut in_sync, &mut behind] {
            state.fetched(at(8), Offset(9), Offset(2), Offset(12), epoch);
        }
        assert_eq!(in_sync.last_caught_up(), Some(at(7)));
        assert_eq!(behind.last_caught_up(), None);
    }

    #[test]
    fn who_asks_for_what_was_the_end_was_caught_up_then() {
        let at = Instant::from_millis;
        let mut follower = FollowerState::new(BrokerId(2), None);
        let table = [
            // now, fetch offset, leader's end, caught up at
            (1, 0, 5, None),
            (2, 4, 9, None),
            (3, 9, 12, Some(2)),
            (4, 12, 12, Some(4)),
            (5, 12, 20, Some(4)),
            (6, 20, 30, Some(5)),
            (7, 25, 30, Some(5)),
        ];
        for (now, offset, end, expected) in table {
            let epoch = BrokerEpoch(1);
            follower.fetched(at(now), Offset(offset), Offset(0), Offset(end), epoch);
            assert_eq!(follower.last_caught_up(), expected.map(at), "at {now} ms");
        }
        let lag = Duration::from_millis(10);
        assert!(follower.is_caught_up(Offset(30), at(15), lag));
        assert!(!follower.is_caught_up(Offset(30), at(16), lag));
        assert!(
            follower.is_caught_up(Offset(25), at(999), lag),
            "an idle follower stays"
        );
    }
}
