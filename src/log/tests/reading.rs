//! How records are found again, by offset and by time.

use super::*;

#[test]
fn a_read_returns_whole_batches_from_the_one_that_holds_the_offset() {
    let log = log_of(5, &LogConfig::default());
    let size = batch(&[0, 1, 2]).size() as u32;
    let read = |from: i64, until: i64, limit: u32, least: AtLeastOne| {
        log.read(Offset(from), Offset(until), limit, least)
            .map(|read| (offsets(&read), read.records.len() as u32))
    };
    use AtLeastOne::{Batch, Nothing};
    let table = [
        // from, until, limit, at least, batches, bytes
        (0, 15, u32::MAX, Nothing, vec![0, 3, 6, 9, 12], 5 * size),
        (4, 15, u32::MAX, Nothing, vec![3, 6, 9, 12], 4 * size),
        (4, 9, u32::MAX, Nothing, vec![3, 6], 2 * size),
        (4, 15, 2 * size + 5, Nothing, vec![3, 6], 2 * size + 5),
        (4, 15, 5, Batch, vec![3], size),
        (4, 15, 0, Batch, vec![3], size),
        (4, 15, 0, Nothing, vec![], 0),
        (15, 15, u32::MAX, Batch, vec![], 0),
        (12, 9, u32::MAX, Batch, vec![], 0),
    ];
    for (from, until, limit, least, batches, bytes) in table {
        let found = read(from, until, limit, least);
        assert_eq!(found, Ok((batches, bytes)), "{from}..{until} limit {limit}");
    }
    assert_eq!(read(16, 15, 9, Batch), Err(OutOfRange));
    assert_eq!(read(-1, 15, 9, Batch), Err(OutOfRange));
    let cut = log
        .read(Offset(0), Offset(15), 5, Nothing)
        .expect("in range");
    assert!(cut.first_batch_is_cut);
}

#[test]
fn a_read_stays_in_one_segment_but_skips_what_is_exhausted() {
    let log = log_of(20, &small_segments());
    assert!(log.segments().len() > 2);
    let second = log
        .segments()
        .nth(1)
        .expect("a second segment")
        .base_offset();
    let read = log
        .read(Offset(0), log.end(), u32::MAX, AtLeastOne::Batch)
        .expect("in range");
    let last = offsets(&read).last().copied();
    assert_eq!(last, Some(second.0 - 3));
    let read = log
        .read(second, log.end(), u32::MAX, AtLeastOne::Batch)
        .expect("in range");
    assert_eq!(offsets(&read)[0], second.0);
    assert_eq!(
        read.place,
        Place {
            offset: second,
            segment: second,
            position: 0
        }
    );
}

#[test]
fn every_offset_is_found_in_a_long_log() {
    let log = log_of(
        3_000,
        &LogConfig {
            segment_bytes: 200_000,
            ..LogConfig::default()
        },
    );
    assert!(log.segments().len() > 1);
    for offset in 0..log.end().0 {
        let found = log
            .batches(Offset(offset), log.end())
            .next()
            .expect("a batch");
        assert_eq!(found.base_offset().0, offset / 3 * 3);
    }
    let index: Vec<_> = log
        .segments()
        .next()
        .expect("a segment")
        .offset_index()
        .copied()
        .collect();
    assert!(index.len() > 10);
    for pair in index.windows(2) {
        assert!(pair[1].position - pair[0].position >= 4_096);
    }
    for entry in &index {
        let batch = log
            .batches(entry.offset, log.end())
            .next()
            .expect("a batch");
        assert_eq!(
            (batch.position(), batch.last_offset()),
            (entry.position, entry.offset)
        );
    }
}

#[test]
fn a_record_is_found_by_its_time() {
    let config = small_segments();
    let mut log = log_of(20, &config);
    // A record out of order of time does not hide what came before it.
    log.append_as_leader(&batch(&[1_000, 5]), EPOCH, Timestamp(0), &config);
    log.append_as_leader(&batch(&[300]), EPOCH, Timestamp(0), &config);
    let find = |at: i64| {
        log.find_by_timestamp(Timestamp(at))
            .map(|found| (found.offset.0, found.timestamp.0))
    };
    let table = [
        (0, Some((0, 0))),
        (1, Some((1, 1))),
        (3, Some((3, 10))),
        (101, Some((31, 101))),
        (192, Some((59, 192))),
        (193, Some((60, 1_000))),
        (1_000, Some((60, 1_000))),
        (1_001, None),
    ];
    for (at, expected) in table {
        assert_eq!(find(at), expected, "at {at}");
    }
    assert_eq!(
        log.find_max_timestamp().map(|found| found.offset),
        Some(Offset(60))
    );
    assert_eq!(
        Log::new(Offset::ZERO, Timestamp(0)).find_max_timestamp(),
        None
    );
}

#[test]
fn boundaries_are_where_segments_begin_and_before_them_the_end() {
    // Three segments of four batches, written at 0 to 30, 40 to 70 and 80 to 90.
    let config = LogConfig {
        segment_bytes: 4 * batch(&[0, 1, 2]).size() as u32,
        ..LogConfig::default()
    };
    let mut log = log_of(10, &config);
    let listed = |log: &Log, back, most| -> Vec<i64> {
        let found = log.boundaries(back, most, Timestamp(100));
        found.into_iter().map(|Offset(offset)| offset).collect()
    };
    let at = |time| Back::From(Timestamp(time));
    let table: [(Back, usize, &[i64]); 12] = [
        (Back::FromEnd, 9, &[30, 24, 12, 0]),
        (Back::FromEnd, 2, &[30, 24]),
        (Back::FromEnd, 0, &[]),
        (Back::FromStart, 9, &[0]),
        (Back::FromStart, 0, &[]),
        // The end is as old as now.
        (at(100), 9, &[30, 24, 12, 0]),
        (at(99), 9, &[24, 12, 0]),
        (at(90), 9, &[24, 12, 0]),
        (at(89), 9, &[12, 0]),
        (at(70), 1, &[12]),
        (at(30), 9, &[0]),
        (at(29), 9, &[]),
    ];
    for (back, most, expected) in table {
        assert_eq!(listed(&log, back, most), expected, "{back:?} {most}");
    }
    // What lies before the start does not count, though its segment is there still.
    log.raise_start(Offset(15));
    assert_eq!(listed(&log, Back::FromEnd, 9), [30, 24, 15, 15]);
    assert_eq!(listed(&log, Back::FromStart, 9), [15]);
    log.delete_old_segments(Offset(30), Timestamp(100), &config);
    assert_eq!(listed(&log, Back::FromEnd, 9), [30, 24, 15]);
    // An active segment that is empty begins at the end.
    log.roll(Offset(30), Timestamp(95));
    assert_eq!(listed(&log, Back::FromEnd, 9), [30, 24, 15]);
    assert_eq!(listed(&log, at(94), 9), [24, 15]);
    let empty = Log::new(Offset(7), Timestamp(50));
    assert_eq!(listed(&empty, Back::FromEnd, 9), [7]);
    assert_eq!(listed(&empty, Back::FromStart, 9), [7]);
    assert_eq!(listed(&empty, at(49), 9), [0; 0]);
}
