//! Batches that no honest producer sends: a code, and nothing is written.
//!
//! What a batch must be like is shown in full beside `log::validate`, and over TCP, where every row of the
//! project's list of bad input has its test; here it is shown that a broker asks, and what only its own settings
//! and its replicas show.

use super::*;
use crate::protocol::api::ProduceResponse;
use crate::protocol::records::{Batch, BatchHeader};

/// Produces each and demands its code, that no offset is named, and that nothing was written.
fn are_refused(table: &[(&str, Option<Chunks>, i16)]) {
    let mut bench = Bench::new(&[("message.max.bytes", "400")], &[]);
    let connection = bench.open(1);
    for (what, records, expected) in table {
        let request = produce_request(1, 0, records.clone());
        let response: ProduceResponse = bench.call(connection, &request, PRODUCE);
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (*expected, -1),
            "{what}"
        );
    }
    assert_eq!(bench.replica(1).log_end(), Offset(0));
    assert_eq!(bench.produce_now(1, -1, "an honest one"), (0, 0));
}

fn good() -> Vec<u8> {
    records(&["a"]).to_vec()
}

/// A batch with one byte changed, checksum and all else left alone.
fn with_byte(at: usize, byte: u8) -> Option<Chunks> {
    let mut bytes = good();
    bytes[at] = byte;
    Some(Chunks::from(bytes))
}

/// A batch with another header or body and the checksum that belongs to them.
fn with(change: impl FnOnce(&mut BatchHeader, &mut Vec<u8>)) -> Option<Chunks> {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(EPOCH, Some(b"k"), Some(b"a"), &[]);
    let batch = builder.build_batch();
    let (mut header, mut body) = (batch.header, batch.body.to_vec());
    change(&mut header, &mut body);
    let batch = Batch::new(header, body.into());
    let mut bytes = batch.head.to_vec();
    bytes.extend_from_slice(&batch.body);
    Some(Chunks::from(bytes))
}

#[test]
fn a_broker_asks_what_is_wrong_with_a_batch_before_it_writes_it() {
    let mut two = records(&["a"]);
    two.append(&records(&["b"]));
    are_refused(&[
        ("a wrong checksum", with_byte(20, !good()[20]), 2),
        ("half a batch", Some(records(&["a"]).slice(0, 65)), 87),
        ("no records", None, 87),
        ("two batches", Some(two), 87),
        (
            "a control batch",
            with(|header, _| header.attributes |= 1 << 5),
            87,
        ),
        ("codec 5", with(|header, _| header.attributes = 5), 76),
        ("no gzip", with(|header, _| header.attributes = 1), 2),
        ("too large", Some(records(&[&"x".repeat(500)])), 10),
    ]);
}

#[test]
fn w26_a_bomb_is_refused_before_it_bursts() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4] {
        let mut builder = BatchBuilder::new(codec);
        builder.append(EPOCH, None, Some(&[0; 20_000]), &[]);
        let bomb = Chunks::from(builder.build());
        let mut bench = Bench::new(&[("message.max.bytes", "1100")], &[]);
        assert!(
            bomb.len() < 1_100,
            "{codec:?} makes it small: {}",
            bomb.len()
        );
        let connection = bench.open(1);
        let request = produce_request(1, 0, Some(bomb));
        let response: ProduceResponse = bench.call(connection, &request, PRODUCE);
        // Sixteen times the largest message is as far as it may inflate.
        assert_eq!(
            response.responses[0].partition_responses[0].error_code, 10,
            "{codec:?}"
        );
    }
}

#[test]
fn w31_w33_acks_and_partitions_that_are_none_are_refused() {
    let layout: [&[i32]; 3] = [&[1, 2, 3], &[2, 3, 1], &[2, 3]];
    let mut bench = Bench::with_replicas(&[], &[], &layout);
    let connection = bench.open(1);
    for (what, acks, partition, expected) in [
        ("acks 2", 2, 0, 21),
        ("acks -2", -2, 0, 21),
        ("another leader", 1, 1, 6),
        ("no replica here", 1, 2, 6),
        ("no such partition", 1, 3, 3),
        ("partition -1", 1, -1, 3),
        ("partition 1000000", 1, 1_000_000, 3),
    ] {
        let request = produce_request(acks, partition, Some(records(&["a"])));
        let response: ProduceResponse = bench.call(connection, &request, PRODUCE);
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (expected, -1),
            "{what}"
        );
    }
    assert_eq!(bench.replica(1).log_end(), Offset(0));
}

#[test]
fn a_header_that_nobody_could_read_is_refused() {
    let header = |name: &[u8]| {
        with(|header, body| {
            let name_length = u8::try_from(name.len() << 1).expect("it is short");
            // Attributes, deltas of time and offset, no key, a value of one byte, one header of no value.
            let mut record = vec![0, 0, 0, 1, 2, b'a', 2, name_length];
            record.extend_from_slice(name);
            record.push(1);
            body.clear();
            body.push(u8::try_from(record.len() << 1).expect("it is short"));
            body.extend_from_slice(&record);
            header.records_count = 1;
        })
    };
    are_refused(&[("a name that is no text", header(&[0xff, 0xfe]), 87)]);
    let mut bench = Bench::new(&[], &[]);
    let connection = bench.open(1);
    let request = produce_request(1, 0, header(b"name"));
    let response: ProduceResponse = bench.call(connection, &request, PRODUCE);
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
}

#[test]
fn a_wrong_greatest_time_is_corrected() {
    for wrong in [i64::MIN, -1, EPOCH - 5, i64::MAX] {
        let mut bench = Bench::new(&[], &[]);
        let connection = bench.open(1);
        let records = with(|header, _| header.max_timestamp = wrong);
        let request = produce_request(1, 0, records);
        bench.call(connection, &request, PRODUCE);
        bench.run_ms(600);
        for id in [1, 2] {
            let log = bench.replica(id).log();
            let stored = log.batches(Offset(0), Offset(1)).next().expect("a batch");
            assert_eq!(stored.header().max_timestamp, EPOCH, "on {id}");
            assert_eq!(stored.batch().verify_crc(), Ok(()));
        }
        assert_eq!(bench.produce_now(1, -1, "an honest one"), (0, 1));
    }
}
