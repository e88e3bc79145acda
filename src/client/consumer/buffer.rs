//! `Buffer`: what was fetched of one partition and not yet returned by `poll()`.
//!
//! A broker answers with whole stored batches, so the first may begin before the offset that was asked
//! for: records below the position are passed over here. Batches of markers (control batches) are passed
//! over as well, and the position moves behind them. Records are decoded when `poll()` returns them, not
//! before.

use std::collections::VecDeque;

use crate::model::{LeaderEpoch, Offset};
use crate::protocol::records::{Batch, Record, Records, read_whole_batches};
use crate::protocol::{Chunks, Malformed};

/// Fetched batches, the next to be returned first.
#[derive(Clone, Debug)]
pub struct Buffer {
    batches: VecDeque<Batch>,
    /// The rest of a batch of which `poll()` returned a part, and that batch's header.
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    records: Records,
    left: u64,
    next_offset: Offset,
    epoch: LeaderEpoch,
}

/// What `poll()` takes out of a buffer.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The offset of the first record; where reading began when there is none.
    pub base_offset: Offset,
    /// Where reading goes on.
    pub next_offset: Offset,
    /// The epoch of the batch before that, if any batch was touched.
    pub epoch: Option<LeaderEpoch>,
    pub records: u32,
}

impl Buffer {
    /// The whole batches in what a broker sent; a part of one at the end is ignored.
    ///
    /// # Errors
    /// When the bytes are no batches, or if `check` asks for it and a checksum does not match.
    pub fn new(bytes: &Chunks, check: Check) -> Result<Buffer, Malformed> {
        let batches = read_whole_batches(bytes)?;
        if check == Check::Checksums {
            batches.iter().try_for_each(Batch::verify_crc)?;
        }
        Ok(Buffer {
            batches: batches.into(),
            open: None,
        })
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.open.is_none()
    }

    /// How many records are left, those below the position included.
    pub fn records(&self) -> u64 {
        let whole = self.batches.iter();
        let whole = whole.map(|batch| batch.header.records_count.max(0).unsigned_abs());
        let open = self.open.as_ref().map_or(0, |open| open.left);
        whole.map(u64::from).sum::<u64>() + open
    }

    /// Takes up to `most` records from `position` on, each of them given to `each`.
    ///
    /// # Errors
    /// When a batch cannot be read; what was taken before it is lost.
    pub fn take(
        &mut self,
        position: Offset,
        most: u32,
        mut each: impl FnMut(Record),
    ) -> Result<Taken, Malformed> {
        let mut taken = Taken {
            base_offset: position,
            next_offset: position,
            epoch: None,
            records: 0,
        };
        loop {
            let Some(open) = &mut self.open else {
                let Some(batch) = self.batches.pop_front() else {
                    return Ok(taken);
                };
                if batch.header.is_control() || batch.next_offset() <= taken.next_offset {
                    taken.next_offset = taken.next_offset.max(batch.next_offset());
                    taken.epoch = Some(batch.leader_epoch());
                    continue;
                }
                self.open = Some(Open {
                    records: batch.records(),
                    left: u64::from(batch.header.records_count.max(0).unsigned_abs()),
                    next_offset: batch.next_offset(),
                    epoch: batch.leader_epoch(),
                });
                continue;
            };
            if taken.records == most && open.left > 0 {
                return Ok(taken);
            }
            match open.records.next() {
                Some(record) => {
                    let record = record?;
                    open.left = open.left.saturating_sub(1);
                    taken.epoch = Some(open.epoch);
                    if record.offset < taken.next_offset {
                        continue;
                    }
                    if taken.records == 0 {
                        taken.base_offset = record.offset;
                    }
                    taken.records += 1;
                    taken.next_offset = record.offset + 1;
                    each(record);
                }
                None => {
                    // The last records of a batch may be gone; reading goes on behind them.
                    taken.next_offset = taken.next_offset.max(open.next_offset);
                    self.open = None;
                    if taken.records == most {
                        return Ok(taken);
                    }
                }
            }
        }
    }
}

/// Whether checksums are looked at: `check.crcs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Checksums,
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::records::{BatchBuilder, Codec};

    fn batch(base: i64, deltas: &[i32], end: i32) -> Batch {
        let mut builder = BatchBuilder::new(Codec::None);
        for delta in deltas {
            builder.append_at(*delta, 0, None, Some(b"v"), &[]);
        }
        builder.set_last_offset_delta(end);
        builder.build_batch().stamped(Offset(base), LeaderEpoch(3))
    }

    fn buffer(batches: &[Batch]) -> Buffer {
        let mut bytes = Chunks::new();
        for batch in batches {
            batch.write_to(&mut bytes);
        }
        Buffer::new(&bytes, Check::Checksums).expect("whole batches")
    }

    fn offsets(buffer: &mut Buffer, position: i64, most: u32) -> (Vec<i64>, i64) {
        let mut seen = Vec::new();
        let taken = buffer.take(Offset(position), most, |record| seen.push(record.offset.0));
        let taken = taken.expect("readable");
        assert_eq!(taken.records as usize, seen.len());
        (seen, taken.next_offset.0)
    }

    #[test]
    fn records_below_the_position_are_passed_over() {
        let mut buffer = buffer(&[batch(10, &[0, 1, 2], 2), batch(13, &[0], 0)]);
        assert_eq!(buffer.records(), 4);
        assert_eq!(offsets(&mut buffer, 12, 500), (vec![12, 13], 14));
        assert!(buffer.is_empty());
    }

    #[test]
    fn poll_takes_no_more_than_it_may() {
        let mut buffer = buffer(&[batch(0, &[0, 1, 2], 2), batch(3, &[0, 1], 1)]);
        assert_eq!(offsets(&mut buffer, 0, 2), (vec![0, 1], 2));
        assert_eq!(buffer.records(), 3);
        assert_eq!(offsets(&mut buffer, 2, 2), (vec![2, 3], 4));
        assert_eq!(offsets(&mut buffer, 4, 2), (vec![4], 5));
        assert!(buffer.is_empty());
    }

    #[test]
    fn gaps_of_compaction_are_passed_over() {
        let mut buffer = buffer(&[batch(0, &[1, 4], 9), batch(20, &[0], 0)]);
        assert_eq!(offsets(&mut buffer, 0, 2), (vec![1, 4], 10));
        assert_eq!(offsets(&mut buffer, 10, 2), (vec![20], 21));
    }

    #[test]
    fn markers_are_not_returned() {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_control();
        builder.append(0, Some(&[0, 0, 0, 1]), Some(&[0; 6]), &[]);
        let marker = builder.build_batch().stamped(Offset(1), LeaderEpoch(0));
        let mut buffer = buffer(&[batch(0, &[0], 0), marker, batch(2, &[0], 0)]);
        assert_eq!(offsets(&mut buffer, 0, 9), (vec![0, 2], 3));
    }

    #[test]
    fn a_batch_that_was_changed_is_refused_unless_nobody_looks() {
        let mut bytes = batch(0, &[0], 0).to_chunks().to_vec();
        *bytes.last_mut().expect("a byte") ^= 1;
        let bytes = Chunks::from(bytes);
        assert!(Buffer::new(&bytes, Check::Checksums).is_err());
        assert!(Buffer::new(&bytes, Check::Nothing).is_ok());
    }
}
