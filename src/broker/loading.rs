//! Reading what is known of groups, when this broker comes to lead a partition of the offsets topic.
//!
//! Kafka has one thread for that. It takes the partitions in the order in which the broker came to lead them,
//! and reads each to its end in pieces of `offsets.load.buffer.size` bytes, or of one batch where that is larger.
//! Only then are its groups coordinated here. Whoever asks for one of them meanwhile is told that they are being
//! read (COORDINATOR_LOAD_IN_PROGRESS, 14); and before the thread has come to the partition, that they are not
//! here (NOT_COORDINATOR, 16), for nobody knows of them yet.
//!
//! How long it takes is a rule of ours, for Kafka's time is that of disks and processors: a millisecond for each
//! piece, between what a disk that turns takes for a read and what one that does not; and ten microseconds for
//! each batch in it, by which a full piece, of forty thousand commits, takes less than half a second. So a lesson's
//! groups, some dozens of commits, are read in little more than a millisecond, and with a small buffer it takes as
//! many milliseconds as there are commits.
//!
//! Unlike Kafka, a piece does not end where a segment ends.

use std::collections::VecDeque;

use super::Broker;
use super::clock::Timer;
use super::coordinating::{OFFSETS_TOPIC, offsets_partition};
use super::replicas::Slot;
use crate::log::Log;
use crate::model::Offset;
use crate::process::Outbox;
use crate::time::{Duration, Moment};
use bytes::Bytes;

/// How long it takes to read a piece, and how much longer for each batch in it.
const PIECE: Duration = Duration::from_millis(1);
const BATCH: Duration = Duration::from_micros(10);
/// How long it is waited until it is known which groups a partition keeps.
const UNCOUNTED: Duration = Duration::from_millis(1);

/// What the thread has to do.
#[derive(Clone, Debug, Default)]
pub(super) struct Loading {
    /// The partitions that are to be read. The first is being read.
    partitions: VecDeque<i32>,
    /// Where the piece of it ends that is being read.
    until: Offset,
}

/// Some batches that are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    until: Offset,
    batches: u64,
}

impl Piece {
    /// What fits into so many bytes, and one batch in any case.
    fn of(log: &Log, from: Offset, most: u32) -> Piece {
        let mut piece = Piece {
            until: log.end(),
            batches: 0,
        };
        let mut bytes = 0_u64;
        for stored in log.batches(from, log.end()) {
            bytes += u64::from(stored.size());
            if piece.batches > 0 && bytes > u64::from(most) {
                piece.until = stored.base_offset();
                break;
            }
            piece.batches += 1;
        }
        piece
    }

    /// Where there is nothing it takes a look as well.
    fn takes(self) -> Duration {
        PIECE + BATCH.times(self.batches)
    }
}

impl Broker {
    /// What this broker is for a partition may have changed. If it is one of the offsets topic, its groups
    /// come here, or go.
    pub(super) fn groups_follow(&mut self, at: Moment, slot: Slot, out: &mut Outbox) {
        let replica = self.replicas.get(slot);
        let name = replica.name();
        if name.topic.as_str() != OFFSETS_TOPIC {
            return;
        }
        let partition = name.partition;
        if replica.is_leader() {
            let waits = self.groups.loading.partitions.contains(&partition);
            // It has led it before, and what it knows, or will, is what stands there.
            if waits || self.groups.coordinator.coordinates(partition) {
                return;
            }
            self.groups.loading.partitions.push_back(partition);
            if self.groups.loading.partitions.len() == 1 {
                self.read_next_groups(at);
            }
        } else {
            self.do_not_load(at, partition);
            self.groups.coordinator.unload(at, partition);
            self.serve_groups(at, out);
        }
    }

    /// Begins to read the next partition, if there is one.
    fn read_next_groups(&mut self, at: Moment) {
        let Some(partition) = self.groups.loading.partitions.front().copied() else {
            return;
        };
        self.groups.coordinator.begin_loading(partition);
        self.groups.loading.until = Offset::ZERO;
        self.read_piece(at, partition);
    }

    fn read_piece(&mut self, at: Moment, partition: i32) {
        let most = self.groups.coordinator.config().offsets_load_buffer_size;
        let Some(replica) = self.replicas.find(&offsets_partition(partition)) else {
            return self.do_not_load(at, partition);
        };
        let log = replica.log();
        let from = self.groups.loading.until.max(log.start());
        let piece = Piece::of(log, from, most);
        self.groups.loading.until = piece.until;
        self.arm(Timer::LoadGroups(partition), at, piece.takes());
    }

    /// A piece of a partition has been read. Behind the last one its groups are known, if it is known which they
    /// are.
    pub(super) fn read_on_in_groups(&mut self, at: Moment, partition: i32, out: &mut Outbox) {
        let Some(replica) = self.replicas.find(&offsets_partition(partition)) else {
            return self.do_not_load(at, partition);
        };
        if self.groups.loading.until < replica.log().end() {
            return self.read_piece(at, partition);
        }
        if !self.groups.coordinator.knows_partitions() {
            self.count_offsets_partitions(at, out);
            return self.arm(Timer::LoadGroups(partition), at, UNCOUNTED);
        }
        let records = records_of(replica.log());
        self.groups.coordinator.loaded(at, partition, records);
        self.groups.loading.partitions.pop_front();
        self.read_next_groups(at);
        self.serve_groups(at, out);
    }

    /// Somebody else leads a partition: it is read no further.
    fn do_not_load(&mut self, at: Moment, partition: i32) {
        let loading = &mut self.groups.loading;
        let was_read = loading.partitions.front() == Some(&partition);
        loading.partitions.retain(|waiting| *waiting != partition);
        if was_read {
            self.timers.cancel(&Timer::LoadGroups(partition));
            self.read_next_groups(at);
        }
    }
}

/// Everything that has a key, in the order of the log. It is read batch by batch: no more than one is inflated at once.
fn records_of(log: &Log) -> impl Iterator<Item = (Offset, Bytes, Option<Bytes>)> {
    let batches = log.batches(log.start(), log.end());
    let records = batches.flat_map(|stored| stored.batch().records().flatten());
    let readable = records.filter(|record| record.offset >= log.start());
    readable.filter_map(|record| Some((record.offset, record.key?, record.value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogConfig;
    use crate::model::LeaderEpoch;
    use crate::protocol::records::{BatchBuilder, Codec};
    use crate::time::Timestamp;

    #[test]
    fn a_piece_is_what_fits_and_one_batch_in_any_case() {
        let mut log = Log::new(Offset::ZERO, Timestamp(0));
        for _ in 0..5 {
            let mut batch = BatchBuilder::new(Codec::None);
            batch.append(0, Some(b"key"), Some(&[b'v'; 100]), &[]);
            let config = LogConfig::default();
            log.append_as_leader(&batch.build_batch(), LeaderEpoch(0), Timestamp(0), &config);
        }
        let size = log.bytes() as u32 / 5;
        for (from, most, until, batches) in [
            (0, u32::MAX, 5, 5),
            (0, 2 * size, 2, 2),
            (2, 2 * size + 1, 4, 2),
            (4, 2 * size, 5, 1),
            (1, 1, 2, 1),
            (5, 1, 5, 0),
        ] {
            let piece = Piece::of(&log, Offset(from), most);
            let until = Offset(until);
            assert_eq!(piece, Piece { until, batches }, "{from} {most}");
        }
    }
}
