//! Batches over TCP that no honest producer sends: a code, and nothing is written.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use kafka_playground::protocol::Chunks;
use kafka_playground::protocol::api::ProduceRequest;
use kafka_playground::protocol::records::{Batch, BatchBuilder, BatchHeader, Codec};

use super::{Client, Served, eventually, produced};

const NOON: i64 = 1_700_000_000_000;

/// A broker that leads a topic, and who talks to it.
struct Bench {
    served: Served,
    client: Client,
}

impl Bench {
    fn new() -> Bench {
        // What is produced here is years old.
        let kept = ["--brokers", "1", "--config", "log.retention.ms=-1"];
        let served = Served::start(&kept);
        let mut client = served.connect(1);
        client.create_topic("orders", 1, 1);
        eventually("it leads", || client.produce("orders", b"first").is_ok());
        Bench { served, client }
    }

    /// Error and offset of what is produced.
    fn produce(&mut self, records: Option<Chunks>) -> (i16, i64) {
        let mut request = produced("orders", b"");
        request.topic_data[0].partition_data[0].records = records;
        self.ask(&request)
    }

    fn ask(&mut self, request: &ProduceRequest) -> (i16, i64) {
        let answer = self.client.call(request, 9);
        let partition = &answer.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }
}

/// Produces each and demands its code, and that the next honest one comes right behind the first.
fn are_refused(table: &[(&str, Option<Chunks>, i16)]) {
    let mut bench = Bench::new();
    for (what, records, expected) in table {
        let answer = bench.produce(records.clone());
        assert_eq!(answer, (*expected, -1), "{what}");
    }
    assert_eq!(bench.client.produce("orders", b"an honest one"), Ok(1));
}

fn good() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(NOON, Some(b"k"), Some(b"a"), &[]);
    builder.build().to_vec()
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
    builder.append(NOON, Some(b"k"), Some(b"a"), &[]);
    let batch = builder.build_batch();
    let (mut header, mut body) = (batch.header, batch.body.to_vec());
    change(&mut header, &mut body);
    Some(Batch::new(header, body.into()).to_chunks())
}

/// A batch of a codec, by its number, with this body.
fn compressed(code: i16, bytes: &[u8]) -> Option<Chunks> {
    with(|header, body| {
        header.attributes = code;
        *body = bytes.to_vec();
    })
}

#[test]
fn w20_w21_what_contradicts_itself_is_corrupt() {
    let (good, last) = (good(), good().len() - 1);
    are_refused(&[
        ("a wrong checksum", with_byte(20, !good[20]), 2),
        ("a flipped record", with_byte(last, !good[last]), 2),
        ("a negative length", with_byte(8, 0xff), 2),
        ("a length of less than a header", with_byte(11, 48), 2),
        (
            "a length of more than there is",
            with_byte(11, good[11] + 1),
            87,
        ),
        ("half a batch", Some(Chunks::from(good[..65].to_vec())), 87),
        ("no batch", Some(Chunks::new()), 87),
        ("no records", None, 87),
    ]);
}

#[test]
fn w22_w24_w25_counts_and_kinds_that_do_not_fit_are_refused() {
    let count = |count: i32| with(move |header, _| header.records_count = count);
    let two = [good(), good()].concat();
    are_refused(&[
        ("none", count(0), 87),
        ("fewer than none", count(-1), 87),
        ("as many as there are numbers", count(i32::MAX), 87),
        ("another than the last offset says", count(2), 87),
        ("an offset of its own", with_byte(7, 9), 87),
        ("two batches", Some(Chunks::from(two)), 87),
        (
            "a control batch",
            with(|header, _| header.attributes |= 1 << 5),
            87,
        ),
    ]);
}

#[test]
fn w23_batches_of_another_age_are_refused() {
    are_refused(&[
        ("magic 0", with_byte(16, 0), 87),
        ("magic 1", with_byte(16, 1), 87),
        ("magic 3", with_byte(16, 3), 2),
        ("magic -1", with_byte(16, 0xff), 2),
    ]);
}

#[test]
fn w26_a_bomb_is_refused_before_it_bursts() {
    let mut bench = Bench::new();
    let before = bench.served.forget_peak();
    // Two hundred megabytes of zeros, in a fifth of one.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    (0..200).for_each(|_| bomb.write_all(&zeros).expect("memory takes it"));
    let bomb = bomb.finish().expect("it ends");
    assert!(bomb.len() < 300_000, "{}", bomb.len());
    assert_eq!(bench.produce(compressed(1, &bomb)), (10, -1), "gzip");
    for codec in [Codec::Snappy, Codec::Lz4] {
        let mut builder = BatchBuilder::new(codec);
        builder.append(NOON, None, Some(&vec![0; 20 << 20]), &[]);
        let bomb = Chunks::from(builder.build());
        // One that is larger than a message may be is refused for that already.
        assert!(bomb.len() < 1_048_588, "{codec:?}: {}", bomb.len());
        assert_eq!(bench.produce(Some(bomb)), (10, -1), "{codec:?}");
    }
    // zstd: a frame that says it holds an exabyte, or that it needs a window of two terabytes.
    let magic = [0x28, 0xb5, 0x2f, 0xfd];
    let exabyte = [
        &magic[..],
        &[0xe0],
        &(1_u64 << 60).to_le_bytes(),
        &[1, 0, 0],
    ]
    .concat();
    let window = [&magic[..], &[0x00, 0xf8], &[1, 0, 0]].concat();
    for claim in [exabyte, window] {
        let (error, offset) = bench.produce(compressed(4, &claim));
        assert!([2, 10].contains(&error) && offset == -1, "zstd: {error}");
    }
    // Two hundred megabytes again, as often the same byte: blocks of four bytes that say 128 KiB each.
    let block = |last: u32| (((128 << 10) << 3) | 2 | last).to_le_bytes()[..3].to_vec();
    let all = (0..1_600).flat_map(|number| [block(u32::from(number == 1_599)), vec![0]].concat());
    let burst = [&magic[..], &[0x00, 0x38], &all.collect::<Vec<u8>>()].concat();
    assert_eq!(bench.produce(compressed(4, &burst)), (10, -1), "zstd");
    let grown = bench.served.peak().saturating_sub(before);
    // Two hundred megabytes take no more than the sixteen at which unpacking stops, and the room to move them once.
    assert!(grown < 50_000_000, "{grown}");
    assert_eq!(bench.client.produce("orders", b"an honest one"), Ok(1));
}

#[test]
fn w27_codecs_that_are_none_or_lie_are_refused() {
    let xerial = [&[0x82][..], b"SNAPPY", &[0, 0, 0, 0, 1, 0, 0, 0, 1]].concat();
    let chunk = |size: u32| [&xerial[..], &size.to_be_bytes(), &[1, 0, b'x']].concat();
    let mut builder = BatchBuilder::new(Codec::Lz4);
    builder.append(NOON, None, Some(&[b'x'; 1_000]), &[]);
    let lz4 = builder.build_batch().body;
    are_refused(&[
        ("codec 5", compressed(5, b"x"), 76),
        ("codec 6", compressed(6, b"x"), 76),
        ("codec 7", compressed(7, b"x"), 76),
        ("no gzip", compressed(1, b"x"), 2),
        ("no snappy", compressed(2, b"x"), 2),
        ("no lz4", compressed(3, b"x"), 2),
        ("no zstd", compressed(4, b"x"), 2),
        (
            "a chunk of more than there is",
            compressed(2, &chunk(4_000)),
            2,
        ),
        (
            "a chunk of two gigabytes",
            compressed(2, &chunk(0x7fff_ffff)),
            2,
        ),
        (
            "a chunk of less than nothing",
            compressed(2, &chunk(0xffff_ffff)),
            2,
        ),
        ("half an lz4 frame", compressed(3, &lz4[..lz4.len() / 2]), 2),
    ]);
}

#[test]
fn w28_records_that_do_not_fit_their_batch_are_refused() {
    let body = |bytes: &'static [u8]| with(move |_, body| *body = bytes.to_vec());
    // Length, attributes, timestamp delta, offset delta, key length, key, value length, value, headers.
    are_refused(&[
        (
            "a length of ten bytes",
            body(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            87,
        ),
        ("a key of -5", body(&[14, 0, 0, 0, 9, 2, b'a', 0]), 87),
        (
            "a value longer than the batch",
            body(&[14, 0, 0, 0, 1, 100, b'a', 0]),
            87,
        ),
        ("headers of -1", body(&[14, 0, 0, 0, 1, 2, b'a', 1]), 87),
        (
            "a byte too many",
            body(&[14, 0, 0, 0, 1, 2, b'a', 0, 0]),
            87,
        ),
    ]);
}

#[test]
fn w29_w30_timestamps_may_be_far_apart_and_batches_not_too_large() {
    let mut bench = Bench::new();
    let mut builder = BatchBuilder::new(Codec::None);
    // Forty days between two records of one batch: more milliseconds than 32 bits hold.
    builder.append(NOON - 40 * 86_400_000, None, Some(b"old"), &[]);
    builder.append(NOON, None, Some(b"new"), &[]);
    let apart = Some(Chunks::from(builder.build()));
    assert_eq!(bench.produce(apart), (0, 1));
    let large = |length: usize| {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.append(NOON, None, Some(&vec![b'x'; length]), &[]);
        Some(Chunks::from(builder.build()))
    };
    assert_eq!(bench.produce(large(1_048_588)), (10, -1));
    assert_eq!(bench.produce(large(3_000_000)), (10, -1));
    assert_eq!(bench.produce(large(1_048_000)), (0, 3));
    // To the byte: `max.message.bytes` is what a whole batch may have, its head and its lengths included.
    let around = large(1_048_000).map_or(0, |records| records.len()) - 1_048_000;
    let most = 1_048_588 - around;
    let sizes = [most, most + 1].map(|length| large(length).map(|records| records.len()));
    assert_eq!(sizes, [Some(1_048_588), Some(1_048_589)]);
    assert_eq!(bench.produce(large(most)), (0, 4));
    assert_eq!(bench.produce(large(most + 1)), (10, -1));
}

#[test]
fn w31_w33_acks_and_partitions_that_are_none_are_refused() {
    let mut bench = Bench::new();
    for (what, acks, partition, expected) in [
        ("acks 2", 2, 0, 21),
        ("acks -2", -2, 0, 21),
        ("no such partition", 1, 1, 3),
        ("partition -1", 1, -1, 3),
        ("partition 1000000", 1, 1_000_000, 3),
    ] {
        let mut request = produced("orders", b"x");
        request.acks = acks;
        request.topic_data[0].partition_data[0].index = partition;
        assert_eq!(bench.ask(&request), (expected, -1), "{what}");
    }
    assert_eq!(bench.client.produce("orders", b"an honest one"), Ok(1));
}
