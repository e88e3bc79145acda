//! Which records are safe: the rule of the high watermark, apart from everything else.

use super::replica::FollowerState;
use crate::model::{BrokerId, Offset};
use crate::time::{Duration, Instant};

/// What decides how far the high watermark may go.
pub(super) struct Standing<'a> {
    pub(super) now: Instant,
    pub(super) log_end: Offset,
    pub(super) followers: &'a [FollowerState],
    pub(super) maximal_isr: &'a [BrokerId],
    pub(super) committed_isr: usize,
    /// `min.insync.replicas`, but never more than there are replicas.
    pub(super) min_isr: usize,
    pub(super) lag: Duration,
}

impl Standing<'_> {
    /// The offset up to which every replica that counts has the log; `None` while the ISR is smaller
    /// than the topic allows, when nothing may become visible (since Kafka 3.7).
    ///
    /// Those who count are the leader, the maximal ISR, and whoever is about to join it: caught up and
    /// eligible. Not waiting for the latter would let the high watermark run away from a follower
    /// that is just about to be admitted.
    pub(super) fn candidate(&self, eligible: impl Fn(BrokerId) -> bool) -> Option<Offset> {
        if self.committed_isr < self.min_isr {
            return None;
        }
        let mut lowest = self.log_end;
        for follower in self.followers {
            // A follower that has not fetched from this leader holds the high watermark where it is.
            let log_end = follower.log_end().unwrap_or(Offset(-1));
            if log_end >= lowest {
                continue;
            }
            let joins_soon = || {
                follower.is_caught_up(self.log_end, self.now, self.lag)
                    && eligible(follower.broker())
            };
            if self.maximal_isr.contains(&follower.broker()) || joins_soon() {
                lowest = log_end;
            }
        }
        Some(lowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BrokerEpoch;

    #[test]
    fn the_high_watermark_is_the_lowest_end_of_those_who_count() {
        const NOW: Instant = Instant::from_secs(100);
        let follower = |id: i32, end: Option<i64>, caught_up_secs: Option<u64>| {
            let mut follower = FollowerState::new(BrokerId(id), None);
            if let Some(at) = caught_up_secs {
                let at = Instant::from_secs(at);
                follower.fetched(at, Offset(10), Offset(0), Offset(10), BrokerEpoch(1));
            }
            if let Some(end) = end {
                follower.fetched(NOW, Offset(end), Offset(0), Offset(10), BrokerEpoch(1));
            } else {
                follower = FollowerState::new(BrokerId(id), None);
            }
            follower
        };
        let ids = |ids: &[i32]| -> Vec<BrokerId> { ids.iter().map(|id| BrokerId(*id)).collect() };
        let table = [
            // followers (id, end, caught up at), maximal ISR, min ISR, expected
            (vec![], vec![1], 1, Some(10)),
            (
                vec![(2, Some(7), None), (3, Some(5), None)],
                vec![1, 2, 3],
                1,
                Some(5),
            ),
            (
                vec![(2, Some(7), None), (3, Some(5), None)],
                vec![1, 2],
                1,
                Some(7),
            ),
            (
                vec![(2, Some(7), None), (3, None, None)],
                vec![1, 2, 3],
                1,
                Some(-1),
            ),
            (
                vec![(2, Some(7), None), (3, None, None)],
                vec![1, 2],
                1,
                Some(7),
            ),
            // Out of the ISR but caught up 20 s ago, so it counts; 40 s ago, so it does not.
            (
                vec![(2, Some(10), None), (3, Some(5), Some(80))],
                vec![1, 2],
                1,
                Some(5),
            ),
            (
                vec![(2, Some(10), None), (3, Some(5), Some(60))],
                vec![1, 2],
                1,
                Some(10),
            ),
            (
                vec![(2, Some(10), None), (3, Some(5), Some(60))],
                vec![1, 2],
                3,
                None,
            ),
        ];
        for (at, (followers, isr, min_isr, expected)) in table.into_iter().enumerate() {
            let followers: Vec<_> = followers
                .into_iter()
                .map(|(id, end, up)| follower(id, end, up))
                .collect();
            let standing = Standing {
                now: NOW,
                log_end: Offset(10),
                followers: &followers,
                maximal_isr: &ids(&isr),
                committed_isr: isr.len(),
                min_isr,
                lag: Duration::from_secs(30),
            };
            assert_eq!(
                standing.candidate(|_| true).map(|o| o.0),
                expected,
                "row {at}"
            );
        }
    }

    #[test]
    fn who_cannot_join_is_not_waited_for() {
        let mut follower = FollowerState::new(BrokerId(3), None);
        let now = Instant::from_secs(1);
        follower.fetched(now, Offset(10), Offset(0), Offset(10), BrokerEpoch(1));
        let standing = Standing {
            now,
            log_end: Offset(12),
            followers: &[follower],
            maximal_isr: &[BrokerId(1)],
            committed_isr: 1,
            min_isr: 1,
            lag: Duration::from_secs(30),
        };
        assert_eq!(standing.candidate(|_| true), Some(Offset(10)));
        assert_eq!(standing.candidate(|_| false), Some(Offset(12)));
    }
}
