//! Flushing: what of a log is safe when its machine loses power.
//!
//! An append goes to the operating system's page cache. Kafka leaves it there: a log is flushed when a
//! segment is closed and when the broker stops in order, and otherwise only as often as
//! `flush.messages` says, which is never. A record is kept safe by being on several machines. When the
//! process dies, what it wrote is still there; when the machine does, whatever was not flushed may be
//! gone, and what is left ends with the last batch whose checksum is right.
//!
//! Left out: the system's own habit of writing old pages to the disk; `flush.ms`.

use super::{Log, LogConfig, StoredBatch};
use crate::model::Offset;
use crate::rng::Rng;
use crate::time::Timestamp;

impl Log {
    /// Everything before this has been flushed.
    pub fn recovery_point(&self) -> Offset {
        self.recovery_point.clamp(self.start, self.end)
    }

    /// Flushes everything.
    pub fn flush(&mut self) {
        self.recovery_point = self.end;
    }

    /// Flushes when so much has been appended that the topic's settings want it.
    pub(super) fn flush_if_due(&mut self, config: &LogConfig) {
        let unflushed = self.end - self.recovery_point();
        if config.flush_messages.is_some_and(|most| unflushed >= most) {
            self.flush();
        }
    }

    /// The machine has lost power: the log ends at a random one of the places where it may, each of
    /// them the end of a batch. From where to where it shrank, if it did.
    pub fn lose_unflushed(&mut self, wall: Timestamp, rng: &mut Rng) -> Option<(Offset, Offset)> {
        let (flushed, end) = (self.recovery_point(), self.end);
        let at_risk = self.batches(flushed, end).map(StoredBatch::base_offset);
        let at_risk: Vec<Offset> = at_risk.filter(|base| *base >= flushed).collect();
        // Any of these batches may be the first that is torn, or none of them is.
        let torn = rng.below(at_risk.len() as u64 + 1) as usize;
        let to = self.truncate_to(*at_risk.get(torn)?, wall);
        Some((end, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LeaderEpoch;
    use crate::protocol::records::{Batch, BatchBuilder, Codec};
    use crate::rng::Seed;

    fn config() -> LogConfig {
        LogConfig::default()
    }

    fn batch(records: i64) -> Batch {
        let mut builder = BatchBuilder::new(Codec::None);
        for timestamp in 0..records {
            builder.append(timestamp, None, Some(b"v"), &[]);
        }
        builder.build_batch()
    }

    fn log_of(batches: u32) -> Log {
        let mut log = Log::new(Offset::ZERO, Timestamp(0));
        for _ in 0..batches {
            log.append_as_leader(&batch(2), LeaderEpoch(0), Timestamp(0), &config());
        }
        log
    }

    #[test]
    fn power_takes_whole_batches_from_the_end_and_nothing_that_was_flushed() {
        let mut ends = std::collections::BTreeSet::new();
        for seed in 0..100 {
            let mut log = log_of(2);
            log.flush();
            for _ in 0..3 {
                log.append_as_leader(&batch(2), LeaderEpoch(1), Timestamp(0), &config());
            }
            let lost = log.lose_unflushed(Timestamp(0), &mut Rng::new(Seed(seed), 1));
            assert_eq!(lost.is_none(), log.end() == Offset(10));
            assert!(
                log.epochs()
                    .entries()
                    .iter()
                    .all(|epoch| epoch.start < log.end())
            );
            ends.insert(log.end());
        }
        let expected = [4, 6, 8, 10].map(Offset);
        assert!(ends.iter().eq(&expected), "{ends:?}");
    }

    #[test]
    fn a_log_is_flushed_when_its_topic_says_so_and_when_a_segment_is_closed() {
        let mut often = config();
        often.flush_messages = Some(4);
        let mut log = Log::new(Offset::ZERO, Timestamp(0));
        let mut points = Vec::new();
        for _ in 0..4 {
            log.append_as_leader(&batch(2), LeaderEpoch(0), Timestamp(0), &often);
            points.push(log.recovery_point());
        }
        assert_eq!(points, [0, 4, 4, 8].map(Offset));
        let mut log = log_of(3);
        assert_eq!(log.recovery_point(), Offset::ZERO);
        log.roll(log.end(), Timestamp(0));
        assert_eq!(log.recovery_point(), Offset(6));
        log.truncate_to(Offset(2), Timestamp(0));
        assert_eq!(log.recovery_point(), Offset(2));
    }
}
