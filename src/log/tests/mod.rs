//! What a log promises, tried on logs with small segments.
//!
//! [`validating`] has what a leader refuses, [`appending`] what becomes of the rest, [`reading`] how it is found
//! again, and [`leaving`] how it goes.

mod appending;
mod leaving;
mod reading;
mod validating;

use super::*;
use crate::model::LeaderEpoch;
use crate::protocol::records::{Batch, BatchBuilder, Codec, read_whole_batches};

const EPOCH: LeaderEpoch = LeaderEpoch(0);

/// A batch of records with these timestamps, as a producer sends it.
fn batch(timestamps: &[i64]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    for timestamp in timestamps {
        builder.append(*timestamp, Some(b"key"), Some(&[b'v'; 20]), &[]);
    }
    builder.build_batch()
}

fn small_segments() -> LogConfig {
    LogConfig {
        segment_bytes: 1_000,
        index_interval_bytes: 200,
        ..LogConfig::default()
    }
}

fn log_of(batches: usize, config: &LogConfig) -> Log {
    let mut log = Log::new(Offset::ZERO, Timestamp(0));
    for at in 0..batches {
        let at = at as i64 * 10;
        log.append_as_leader(&batch(&[at, at + 1, at + 2]), EPOCH, Timestamp(at), config);
    }
    log
}

fn offsets(read: &ReadRecords) -> Vec<i64> {
    let batches = read_whole_batches(&read.records).expect("stored batches");
    batches.iter().map(|batch| batch.base_offset().0).collect()
}
