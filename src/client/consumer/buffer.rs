//! `Buffer`: what was fetched of one partition and not yet returned by `poll()`.
//!
//! A broker answers with whole stored batches, so the first may begin before the offset that was asked
//! for: records below the position are passed over here. Batches of markers (control batches) are passed
//! over as well, and the position moves behind them.
//!
//! Unlike Kafka, where `poll()` decodes what it returns, a batch without gaps is not even opened: which
//! offsets it holds stands in its header, and nobody but a person looks at the records.

use std::collections::VecDeque;

use crate::model::{LeaderEpoch, Offset};
use crate::protocol::records::{Batch, Records, read_whole_batches};
use crate::protocol::{Chunks, Malformed};

/// Fetched batches, the next to be returned first.
#[derive(Clone, Debug)]
pub struct Buffer {
    batches: VecDeque<Batch>,
    /// What is still looked at before the first batch is used.
    check: Check,
    /// Whether the first batch was looked at.
    is_checked: bool,
    /// How many records of the first batch were returned or passed over.
    done: u64,
    /// The rest of the first batch, when it has gaps and was opened.
    open: Option<Records>,
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
    /// The last batch of which a record was taken.
    pub last: Option<Batch>,
}

impl Buffer {
    /// The whole batches in what a broker sent; a part of one at the end is ignored.
    ///
    /// # Errors
    /// When the bytes are no batches.
    pub fn new(bytes: &Chunks, check: Check) -> Result<Buffer, Malformed> {
        let batches = read_whole_batches(bytes)?;
        Ok(Buffer {
            batches: batches.into(),
            check,
            is_checked: false,
            done: 0,
            open: None,
        })
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Where what was fetched ends.
    pub fn end(&self) -> Option<Offset> {
        self.batches.back().map(Batch::next_offset)
    }

    /// How many records are left; of batches not yet begun, those below the position included.
    pub fn records(&self) -> u64 {
        let all: u64 = self.batches.iter().map(count).sum();
        all.saturating_sub(self.done)
    }

    /// Takes up to `most` records from `position` on.
    ///
    /// # Errors
    /// When the next record cannot be read, or its batch's checksum does not match and is looked at. What can be read
    /// before it is returned first, and the next call fails (`CompletedFetch.fetchRecords`).
    pub fn take(&mut self, position: Offset, most: u32) -> Result<Taken, Malformed> {
        let mut taken = Taken {
            base_offset: position,
            next_offset: position,
            epoch: None,
            records: 0,
            last: None,
        };
        while let Some(batch) = self.batches.front() {
            let wanted = batch.next_offset() > taken.next_offset && !batch.header.is_control();
            if wanted && taken.records == most {
                break;
            }
            if self.check == Check::Checksums && !self.is_checked {
                match (batch.verify_crc(), taken.records) {
                    (Ok(()), _) => self.is_checked = true,
                    (Err(error), 0) => return Err(error),
                    (Err(_), _) => break,
                }
            }
            taken.epoch = Some(batch.leader_epoch());
            if wanted && is_dense(batch) {
                let from = taken.next_offset.max(batch.base_offset());
                let there = batch.next_offset() - from;
                let count = there.min(i64::from(most - taken.records));
                taken.add(from, count as u32, batch);
                self.done = (from + count - batch.base_offset()).unsigned_abs();
                if count < there {
                    break;
                }
            } else if wanted {
                match self.take_opened(&mut taken, most) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        // It is opened again, and fails at the same record.
                        self.done = 0;
                        self.open = None;
                        match taken.records {
                            0 => return Err(error),
                            _ => break,
                        }
                    }
                }
            }
            self.finish_first(&mut taken);
        }
        Ok(taken)
    }

    /// Takes from the first batch record by record; false when the batch is not yet at its end.
    fn take_opened(&mut self, taken: &mut Taken, most: u32) -> Result<bool, Malformed> {
        let batch = self.batches.front().expect("there is a first batch");
        let records = self.open.get_or_insert_with(|| batch.records());
        while self.done < count(batch) {
            if taken.records == most {
                return Ok(false);
            }
            let Some(record) = records.next() else {
                break;
            };
            let record = record?;
            self.done += 1;
            if record.offset >= taken.next_offset {
                taken.add(record.offset, 1, batch);
            }
        }
        Ok(true)
    }

    /// The first batch is done with. Its last records may be gone; reading goes on behind them.
    fn finish_first(&mut self, taken: &mut Taken) {
        if let Some(batch) = self.batches.pop_front() {
            taken.next_offset = taken.next_offset.max(batch.next_offset());
        }
        self.done = 0;
        self.open = None;
        self.is_checked = false;
    }
}

impl Taken {
    fn add(&mut self, from: Offset, count: u32, batch: &Batch) {
        if self.records == 0 {
            self.base_offset = from;
        }
        self.records += count;
        self.next_offset = from + i64::from(count);
        // A batch with gaps comes here with each of its records.
        if self.last.as_ref().map(Batch::base_offset) != Some(batch.base_offset()) {
            self.last = Some(batch.clone());
        }
    }
}

/// How many records a batch says it has.
fn count(batch: &Batch) -> u64 {
    u64::from(batch.header.records_count.max(0).unsigned_abs())
}

/// Whether a batch has a record at each of its offsets: nothing was compacted away.
fn is_dense(batch: &Batch) -> bool {
    i64::from(batch.header.records_count) == batch.next_offset() - batch.base_offset()
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

    fn offsets(buffer: &mut Buffer, position: i64, most: u32) -> ((i64, u32), i64) {
        let taken = buffer.take(Offset(position), most).expect("readable");
        let base = taken.base_offset.0;
        ((base, taken.records), taken.next_offset.0)
    }

    #[test]
    fn records_below_the_position_are_passed_over() {
        let mut buffer = buffer(&[batch(10, &[0, 1, 2], 2), batch(13, &[0], 0)]);
        assert_eq!(buffer.records(), 4);
        assert_eq!(offsets(&mut buffer, 12, 500), ((12, 2), 14));
        assert!(buffer.is_empty());
    }

    #[test]
    fn poll_takes_no_more_than_it_may() {
        let mut buffer = buffer(&[batch(0, &[0, 1, 2], 2), batch(3, &[0, 1], 1)]);
        assert_eq!(offsets(&mut buffer, 0, 2), ((0, 2), 2));
        assert_eq!(buffer.records(), 3);
        assert_eq!(offsets(&mut buffer, 2, 2), ((2, 2), 4));
        assert_eq!(offsets(&mut buffer, 4, 2), ((4, 1), 5));
        assert!(buffer.is_empty());
    }

    #[test]
    fn gaps_of_compaction_are_passed_over() {
        let mut buffer = buffer(&[batch(0, &[1, 4], 9), batch(20, &[0], 0)]);
        assert_eq!(offsets(&mut buffer, 0, 2), ((1, 2), 10));
        assert_eq!(offsets(&mut buffer, 10, 2), ((20, 1), 21));
    }

    #[test]
    fn markers_are_not_returned() {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.set_control();
        builder.append(0, Some(&[0, 0, 0, 1]), Some(&[0; 6]), &[]);
        let marker = builder.build_batch().stamped(Offset(1), LeaderEpoch(0));
        let mut buffer = buffer(&[batch(0, &[0], 0), marker, batch(2, &[0], 0)]);
        assert_eq!(offsets(&mut buffer, 0, 9), ((0, 2), 3));
    }

    #[test]
    fn what_stands_before_a_record_that_cannot_be_read_is_returned_first() {
        let mut bytes = batch(0, &[0, 1], 1).to_chunks().to_vec();
        let mut sparse = batch(2, &[0, 2], 3).to_chunks().to_vec();
        // The last record says that it is longer than what is left.
        let at = sparse.len() - 8;
        sparse[at] = 100;
        bytes.extend(sparse);
        let mut buffer = Buffer::new(&Chunks::from(bytes), Check::Nothing).expect("whole batches");
        assert_eq!(offsets(&mut buffer, 0, 9), ((0, 3), 3));
        for _ in 0..2 {
            assert!(buffer.take(Offset(3), 9).is_err());
        }
    }

    #[test]
    fn a_batch_that_was_changed_is_refused_unless_nobody_looks() {
        let mut bytes = batch(0, &[0, 1], 1).to_chunks().to_vec();
        let mut changed = batch(2, &[0], 0).to_chunks().to_vec();
        *changed.last_mut().expect("a byte") ^= 1;
        bytes.extend(changed);
        let bytes = Chunks::from(bytes);
        let mut blind = Buffer::new(&bytes, Check::Nothing).expect("whole batches");
        assert_eq!(offsets(&mut blind, 0, 9), ((0, 3), 3));
        // The batch before it is as good as ever.
        let mut buffer = Buffer::new(&bytes, Check::Checksums).expect("whole batches");
        assert_eq!(offsets(&mut buffer, 0, 9), ((0, 2), 2));
        for _ in 0..2 {
            assert!(buffer.take(Offset(2), 9).is_err());
        }
    }
}
