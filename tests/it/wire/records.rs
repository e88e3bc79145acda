//! Record batches from a hostile or a broken sender.
//!
//! The checksum covers everything from the attributes (byte 21) on. Before it stand the base offset,
//! the length, the leader epoch, the magic and the checksum itself: a damaged length or magic shows,
//! a damaged base offset or leader epoch does not, which is why a leader overwrites both.

use bytes::Bytes;
use kafka_playground::protocol::records::{Batch, BatchBuilder, Codec, HEADER_SIZE, read_batches};
use kafka_playground::protocol::{Chunks, Malformed, Reason};
use proptest::prelude::*;

/// The vectors: a plain batch, one as kafkajs sends it, one of an idempotent producer with two
/// records, a commit marker.
pub const VECTORS: [&str; 4] = [
    "00000000000000000000003a0000000002e99b8dd80000000000000000018bcfe568000000018bcfe56800fffff\
     fffffffffffffffffffffff0000000110000000026b027600",
    "00000000000000000000003a0000000002913ca1a60000000000000000018bcfe568000000018bcfe56800fffff\
     fffffffffff0000000000000000000110000000026b027600",
    "000000000000002a00000047000000070296234aa90000000000010000018bcfe568000000018bcfe5680500000\
     00000000fa000000000000a000000021c000000046b3104763102026802780c000a02010100",
    "000000000000002c00000042000000070244b6e9a00030000000000000018bcfe568640000018bcfe5686400000\
     00000000fa00000ffffffff000000012000000008000000010c00000000000300",
];

pub fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Everything a careful receiver does: cut, check, walk.
fn receive(bytes: Vec<u8>) -> Result<Vec<Batch>, Malformed> {
    let batches = read_batches(&Chunks::from(bytes))?;
    for batch in &batches {
        batch.verify_crc()?;
        for record in batch.records() {
            record?;
        }
    }
    Ok(batches)
}

/// The vectors, and a batch of each codec.
fn batches() -> Vec<Vec<u8>> {
    let mut batches: Vec<_> = VECTORS.iter().map(|text| unhex(text)).collect();
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(codec);
        builder.append(1, Some(b"key"), Some(b"value value value value"), &[]);
        builder.append(2, None, Some(b"value value value value"), &[]);
        batches.push(builder.build().to_vec());
    }
    batches
}

#[test]
fn the_vectors_are_valid() {
    for bytes in batches() {
        let received = receive(bytes.clone()).expect("a valid batch");
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].size(), bytes.len());
        assert_eq!(received[0].to_chunks(), Chunks::from(bytes));
    }
}

#[test]
fn every_truncation_is_malformed() {
    for bytes in batches() {
        for length in 1..bytes.len() {
            let received = receive(bytes[..length].to_vec()).map(|batches| batches.len());
            let reason = received.expect_err("a batch that is cut short").reason;
            assert_eq!(reason, Reason::Truncated, "{length}");
        }
    }
}

#[test]
fn every_flipped_bit_shows_unless_the_leader_overwrites_it() {
    for bytes in batches() {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            let received = receive(flipped.clone());
            match bit / 8 {
                0..8 | 12..16 => {
                    let received = received.expect("a field outside the checksum");
                    assert_eq!(received[0].to_chunks(), Chunks::from(flipped));
                }
                8..12 => {
                    // A batch that is too long lacks its end; one that is too short fails its
                    // checksum, or what is left over is no batch.
                    assert!(received.is_err(), "bit {bit} of the length");
                }
                16 => {
                    let reason = received.expect_err("an unknown magic").reason;
                    assert!([Reason::OldMagic, Reason::UnknownMagic].contains(&reason));
                }
                _ => {
                    let reason = received.expect_err("a bit under the checksum").reason;
                    assert_eq!(reason, Reason::ChecksumMismatch, "bit {bit}");
                }
            }
        }
    }
}

/// The same bytes with the right checksum over them.
fn with_right_checksum(bytes: Vec<u8>) -> Batch {
    let mut batch = read_batches(&Chunks::from(bytes))
        .expect("a whole batch")
        .remove(0);
    batch = Batch::new(batch.header, batch.body);
    assert_eq!(batch.verify_crc(), Ok(()));
    batch
}

#[test]
fn flipped_bits_under_a_right_checksum_do_no_harm() {
    for bytes in batches() {
        for bit in 21 * 8..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            let batch = with_right_checksum(flipped);
            let last = batch.records().last();
            assert!(last.is_none_or(|last| last.is_err() || batch.header.records_count > 0));
            let _ = (
                batch.last_offset(),
                batch.next_offset(),
                batch.header.last_sequence(),
            );
            let _ = batch.header.attribute_words();
        }
    }
}

/// A batch of one record whose bytes are `body`.
fn walk(body: &[u8], count: i32) -> Option<Reason> {
    let mut header = BatchBuilder::new(Codec::None).build_batch().header;
    header.records_count = count;
    let batch = Batch::new(header, Bytes::copy_from_slice(body));
    let error = batch.records().find_map(Result::err);
    error.map(|malformed| malformed.reason)
}

#[test]
fn a_record_that_does_not_fit_its_batch_is_malformed() {
    // length, attributes, timestamp delta, offset delta, key, value, headers
    assert_eq!(walk(&[12, 0, 0, 0, 1, 1, 0], 1), None);
    for (body, reason) in [
        (&[12, 0, 0, 0, 9, 1, 0][..], Reason::NegativeLength),
        (&[12, 0, 0, 0, 1, 9, 0], Reason::NegativeLength),
        (&[12, 0, 0, 0, 1, 1, 1], Reason::NegativeLength),
        (&[12, 0, 0, 0, 1, 1, 2], Reason::ImpossibleCount),
        (&[12, 0, 0, 0, 1, 20, 0], Reason::Truncated),
        (&[12, 0, 0, 0, 20, 1, 0], Reason::Truncated),
        (&[14, 0, 0, 0, 1, 1, 0], Reason::Truncated),
        (&[10, 0, 0, 0, 1, 1, 0], Reason::InvalidRecord),
        (&[14, 0, 0, 0, 1, 1, 0, 0], Reason::InvalidRecord),
        (&[12, 0, 0, 0, 1, 1, 0, 0], Reason::TrailingBytes),
        (&[1, 0, 0, 0, 1, 1, 0], Reason::NegativeLength),
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            Reason::OverlongInteger,
        ),
        (
            &[22, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 0],
            Reason::OverlongInteger,
        ),
        (&[18, 0, 0, 0, 1, 1, 2, 2, 0xff, 1], Reason::NotUtf8),
        (&[16, 0, 0, 0, 1, 1, 2, 1, 1], Reason::NegativeLength),
    ] {
        assert_eq!(walk(body, 1), Some(reason), "{body:?}");
    }
    for count in [-1, i32::MIN] {
        assert_eq!(
            walk(&[12, 0, 0, 0, 1, 1, 0], count),
            Some(Reason::InvalidBatch)
        );
    }
    for count in [2, i32::MAX] {
        assert_eq!(
            walk(&[12, 0, 0, 0, 1, 1, 0], count),
            Some(Reason::Truncated)
        );
    }
    assert_eq!(
        walk(&[12, 0, 0, 0, 1, 1, 0], 0),
        Some(Reason::TrailingBytes)
    );
}

#[test]
fn a_record_of_millions_of_empty_headers_takes_little_memory() {
    let count = 2_000_000;
    let mut body = vec![0, 0, 0, 1, 1];
    let varint = |value: u32, body: &mut Vec<u8>| {
        let mut left = value * 2;
        while left >= 0x80 {
            body.push(left as u8 | 0x80);
            left >>= 7;
        }
        body.push(left as u8);
    };
    varint(count, &mut body);
    body.extend([0, 1].repeat(count as usize));
    let mut record = Vec::new();
    varint(u32::try_from(body.len()).expect("short"), &mut record);
    record.extend(body);
    let (reason, peak) = crate::memory::peak_of(|| walk(&record, 1));
    assert_eq!(reason, Some(Reason::Amplified));
    assert!(peak < 2 * record.len(), "{peak}");
}

#[test]
fn a_timestamp_may_be_more_than_25_days_from_the_first() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(0, None, None, &[]);
    builder.append(1 << 40, None, None, &[]);
    builder.append(-5, None, None, &[]);
    let times: Vec<_> = builder
        .build_batch()
        .records()
        .map(|record| record.expect("valid").timestamp)
        .collect();
    assert_eq!(times, [0, 1 << 40, -5]);
}

#[test]
fn lengths_and_magic_are_looked_at_before_anything_else() {
    let valid = unhex(VECTORS[0]);
    for (length, magic, reason) in [
        (-1, 2, Reason::InvalidBatch),
        (0, 2, Reason::InvalidBatch),
        (13, 2, Reason::InvalidBatch),
        (48, 2, Reason::InvalidBatch),
        (59, 2, Reason::Truncated),
        (i32::MAX, 2, Reason::Truncated),
        (58, 0, Reason::OldMagic),
        (14, 1, Reason::OldMagic),
        (58, 3, Reason::UnknownMagic),
        (58, 255, Reason::UnknownMagic),
    ] {
        let mut bytes = valid.clone();
        bytes[8..12].copy_from_slice(&i32::to_be_bytes(length));
        bytes[16] = magic;
        let received = receive(bytes).expect_err("a batch that is none");
        assert_eq!(received.reason, reason, "length {length}, magic {magic}");
    }
}

#[test]
fn sequences_wrap_to_zero() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.set_producer(1, 0, i32::MAX - 1);
    for _ in 0..4 {
        builder.append(0, None, None, &[]);
    }
    assert_eq!(builder.build_batch().header.last_sequence(), 1);
}

proptest! {
    #[test]
    fn random_bytes_are_no_batch(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        prop_assert!(receive(bytes).is_err());
    }

    #[test]
    fn random_bodies_under_a_right_checksum_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), HEADER_SIZE..200),
    ) {
        let mut bytes = bytes;
        let length = i32::try_from(bytes.len() - 12).expect("short");
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        let batch = with_right_checksum(bytes);
        let _ = batch.records_within(1 << 20).count();
        let _ = (batch.next_offset(), batch.header.last_sequence());
    }

    #[test]
    fn batches_read_back_however_their_pieces_are_cut(
        values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), 1..5),
        cuts in prop::collection::vec(1usize..60, 1..9),
    ) {
        let mut builder = BatchBuilder::new(Codec::None);
        for (index, value) in (0..).zip(&values) {
            builder.append(index, None, value.as_deref(), &[]);
        }
        let size = builder.size();
        let batch = builder.build();
        prop_assert_eq!(batch.len(), size);
        let mut rest = Bytes::from([&batch[..], &batch[..]].concat());
        let mut chunks = Chunks::new();
        for cut in cuts {
            chunks.push(rest.split_to(cut.min(rest.len())));
        }
        chunks.push(rest);
        let read = read_batches(&chunks).expect("two batches");
        prop_assert_eq!(read.len(), 2);
        let read: Vec<_> = read[1].records().map(|record| record.expect("valid").value).collect();
        let expected: Vec<_> = values.into_iter().map(|value| value.map(Bytes::from)).collect();
        prop_assert_eq!(read, expected);
    }
}
