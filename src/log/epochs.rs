//! Where each leader's epoch begins in one replica's log: Kafka's `LeaderEpochFileCache`.
//!
//! With it a leader can say where an earlier epoch ended, and a follower whose log went another way
//! since then cuts it there. Counting on the high watermark instead loses committed records when a
//! follower and its leader restart in turn (KIP-101).

use crate::model::{LeaderEpoch, Offset};

/// The first offset of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    pub epoch: LeaderEpoch,
    pub start: Offset,
}

/// The end of an epoch: the offset after its last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    pub epoch: LeaderEpoch,
    pub end: Offset,
}

/// The epochs of a log, oldest first; epochs and offsets both strictly increase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    entries: Vec<EpochStart>,
}

impl Epochs {
    /// The youngest epoch and where it begins.
    pub fn latest(&self) -> Option<EpochStart> {
        self.entries.last().copied()
    }

    pub fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    /// The epoch to which the record at `offset` belongs.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        Some(self.entries.get(after.checked_sub(1)?)?.epoch)
    }

    /// `epoch` begins at `start`: because its leader begins to lead, or because a follower meets its
    /// first batch. Entries that contradict it go.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        assert!(
            epoch >= LeaderEpoch(0) && start >= Offset::ZERO,
            "epochs and offsets count from 0"
        );
        if self.latest().is_some_and(|latest| latest.epoch == epoch) {
            return;
        }
        self.entries
            .retain(|entry| entry.epoch < epoch && entry.start < start);
        self.entries.push(EpochStart { epoch, start });
    }

    /// Where the largest epoch not above `epoch` ends, in a log that ends at `log_end`.
    ///
    /// `None` when nothing is known: there are no epochs, or `epoch` is younger than all of them. An
    /// epoch older than all of them ends where the oldest begins.
    pub fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<EpochEnd> {
        let latest = self.latest()?;
        if epoch == LeaderEpoch::NONE || epoch > latest.epoch {
            return None;
        }
        if epoch == latest.epoch {
            let end = log_end;
            return Some(EpochEnd { epoch, end });
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end = self.entries[higher].start;
        let epoch = match higher.checked_sub(1) {
            Some(floor) => self.entries[floor].epoch,
            None => epoch,
        };
        Some(EpochEnd { epoch, end })
    }

    /// The log was cut: nothing at or after `offset` is left.
    pub fn truncate_from_end(&mut self, offset: Offset) {
        self.entries.retain(|entry| entry.start < offset);
    }

    /// The log begins at `offset` now. The epoch that was current there begins there.
    pub fn truncate_from_start(&mut self, offset: Offset) {
        let below = self.entries.partition_point(|entry| entry.start < offset);
        let kept = self.entries.get(below).map(|entry| entry.start);
        match below.checked_sub(1) {
            // The last one dropped comes back, unless its successor begins at the very offset.
            Some(last) if kept != Some(offset) => {
                self.entries.drain(..last);
                self.entries[0].start = offset;
            }
            _ => {
                self.entries.drain(..below);
            }
        }
    }

    /// The log begins earlier than was thought, with records in which these epochs begin, in order.
    ///
    /// Unlike Kafka, whose cache goes on without the epochs that it had dropped: what stands in the log is read.
    pub fn begin_earlier(&mut self, earlier: impl IntoIterator<Item = EpochStart>) {
        let known = std::mem::take(&mut self.entries);
        for EpochStart { epoch, start } in earlier.into_iter().chain(known) {
            self.assign(epoch, start);
        }
    }

    /// The log was emptied.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> Epochs {
        let mut epochs = Epochs::default();
        for (epoch, start) in entries {
            epochs.assign(LeaderEpoch(*epoch), Offset(*start));
        }
        epochs
    }

    fn entries(epochs: &Epochs) -> Vec<(i32, i64)> {
        let entries = epochs.entries().iter();
        entries.map(|e| (e.epoch.0, e.start.0)).collect()
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let cache = epochs(&[(2, 0), (4, 10), (7, 30)]);
        let table = [
            // asked, (epoch, end)
            (-1, None),
            (0, Some((0, 0))),
            (1, Some((1, 0))),
            (2, Some((2, 10))),
            (3, Some((2, 10))),
            (4, Some((4, 30))),
            (6, Some((4, 30))),
            (7, Some((7, 45))),
            (8, None),
        ];
        for (asked, expected) in table {
            let end = cache.end_of(LeaderEpoch(asked), Offset(45));
            assert_eq!(end.map(|e| (e.epoch.0, e.end.0)), expected, "epoch {asked}");
        }
        assert_eq!(Epochs::default().end_of(LeaderEpoch(0), Offset(5)), None);
    }

    #[test]
    fn assigning_removes_what_contradicts_it() {
        let mut cache = epochs(&[(0, 0), (1, 10), (3, 20)]);
        cache.assign(LeaderEpoch(3), Offset(25));
        assert_eq!(entries(&cache), [(0, 0), (1, 10), (3, 20)]);
        cache.assign(LeaderEpoch(4), Offset(20));
        assert_eq!(entries(&cache), [(0, 0), (1, 10), (4, 20)]);
        cache.assign(LeaderEpoch(2), Offset(15));
        assert_eq!(entries(&cache), [(0, 0), (1, 10), (2, 15)]);
    }

    #[test]
    fn a_log_that_begins_earlier_has_the_epochs_that_stand_in_it() {
        let mut cache = epochs(&[(0, 0), (1, 10), (3, 20)]);
        cache.truncate_from_start(Offset(15));
        let stood = [(0, 5), (0, 8), (1, 10), (1, 13)].map(|(epoch, start)| EpochStart {
            epoch: LeaderEpoch(epoch),
            start: Offset(start),
        });
        cache.begin_earlier(stood);
        assert_eq!(entries(&cache), [(0, 5), (1, 10), (3, 20)]);
    }

    #[test]
    fn truncation_keeps_the_epoch_that_covers_the_new_border() {
        let mut cache = epochs(&[(0, 0), (1, 10), (3, 20)]);
        cache.truncate_from_start(Offset(15));
        assert_eq!(entries(&cache), [(1, 15), (3, 20)]);
        cache.truncate_from_start(Offset(20));
        assert_eq!(entries(&cache), [(3, 20)]);
        cache.truncate_from_start(Offset(33));
        assert_eq!(entries(&cache), [(3, 33)]);
        let mut cache = epochs(&[(0, 0), (1, 10), (3, 20)]);
        cache.truncate_from_end(Offset(20));
        assert_eq!(entries(&cache), [(0, 0), (1, 10)]);
        cache.truncate_from_end(Offset(0));
        assert_eq!(entries(&cache), []);
    }

    #[test]
    fn a_record_belongs_to_the_epoch_that_began_before_it() {
        let cache = epochs(&[(2, 5), (4, 10)]);
        let epochs: Vec<_> = [4, 5, 9, 10, 99]
            .iter()
            .map(|offset| cache.epoch_of(Offset(*offset)).map(|epoch| epoch.0))
            .collect();
        assert_eq!(epochs, [None, Some(2), Some(2), Some(4), Some(4)]);
    }
}
