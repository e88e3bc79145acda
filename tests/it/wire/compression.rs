//! Compression of record batches: what others write is read, and bombs are not.

use crate::memory::peak_of;
use bytes::Bytes;
use kafka_playground::protocol::Reason;
use kafka_playground::protocol::records::{Batch, BatchBuilder, Codec};
use proptest::prelude::*;
use std::io::Write;

/// A batch whose body is `body`, said to be compressed with `codec`.
fn batch_of(codec: Codec, body: Vec<u8>) -> Batch {
    let mut header = BatchBuilder::new(codec).build_batch().header;
    header.attributes = codec.code();
    Batch::new(header, Bytes::from(body))
}

fn inflate(codec: Codec, body: Vec<u8>, limit: usize) -> Result<Bytes, Reason> {
    let inflated = batch_of(codec, body).inflated(limit);
    inflated.map_err(|malformed| malformed.reason)
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// What the vectors below hold.
fn plain() -> String {
    (0..60)
        .map(|index| format!("{index}:{};", "kafka".repeat(index % 7)))
        .collect()
}

/// Written by gzip 1.12 with `-9 -n`.
const GZIP: &str = "1f8b080000000000020385d3390ec4200c05d02be10d08ff3469a699fbf7130922c198a54218243fff845040e57b7f\
    be37b8ae7523dda656f4bf52cb362dd7b3b83eab1752416eddafbe3b05d79e68de9f7803203909489f00da0ca03820\
    9247e405e2da20389c104c05ccef67e8cd60173b781e3938ee10e988c80fa2cd0109c3cfe0b287cc63876c1287e809\
    215620f145a401913d621e3b749338944e08e5026d73407b33d4fcbb880b44da21f2117115589b03d69b612e7b982c\
    5ee72671989d10161f447a117940b8ecf103570310714c040000";

/// Written by zstd 1.5.4 with `-19`; has a content checksum.
const ZSTD: &str = "28b52ffd644c030d050062c7110cc03d3eff23cbb26c0cff17177856443424740a02d2c4b31a9a1919cd4f0c0c9e95\
    68928c885c4240f0ac4e9fcb7fcd381ccfb292427342e2110181799a563472dde6ed0c4d0839a040d64b9acd801544\
    c501f34302105ea86286e72c6306f51987d93821ca1e4711f0c24a669c6c8011a6d21947197ce1d420c4e3e5113e53\
    082e61438328043b1348dc180d25f6c1f47f1fa4681f2ab30f411bf710537875bd4d";

/// Written by lz4 1.9.4 with `-BD -B4`: linked blocks and a content checksum.
const LZ4: &str = "04224d186440a7b6010000c2303a3b313a6b61666b613b320800020d0017330d000212001c3412000217001f351700\
    02021c001f361c000702210042373a3b382400223b3908000218002731300e0003130003a700010e00060500283b31\
    b700061800010a002d3b31c700011800060500633b31343a3b31c400283b31b1003e3b3137850003ae00064100010a\
    00283b31be000113000605002d3b32cd00061d00010a00633b32313a3b32c800283b32b4002d3b327701233b32af00\
    013c00060500283b32be00061800010a002d3b32cd00011800060500633b32383a3b32c800283b33b4002d3b337c01\
    233b33af00064100010a00283b33be000113000605002d3b33cd00061d00010a00633b33353a3b33c800283b33b400\
    2d3b337c01233b33af00013c00060500283b34be00061800010a002d3b34cd00011800060500633b34323a3b34c800\
    283b34b4002d3b347c01233b34af00064100010a00283b34be000113000605002d3b34cd00061d00010a00633b3439\
    3a3b35c800283b35b4002d3b357c01233b35af00013c00060500283b35be00061800010a002d3b35cd000118000605\
    00633b35363a3b35c800283b35b400293b357c015061666b613b00000000bd58196f";

#[test]
fn what_the_reference_tools_write_is_read() {
    for (codec, vector) in [(Codec::Gzip, GZIP), (Codec::Zstd, ZSTD), (Codec::Lz4, LZ4)] {
        let inflated = inflate(codec, unhex(vector), 10_000);
        assert_eq!(inflated, Ok(plain().into()), "{}", codec.name());
        let limit = plain().len();
        assert!(inflate(codec, unhex(vector), limit).is_ok());
        let short = inflate(codec, unhex(vector), limit - 1);
        assert_eq!(short, Err(Reason::InflatesTooFar), "{}", codec.name());
    }
}

#[test]
fn members_and_frames_may_follow_each_other() {
    for (codec, vector) in [(Codec::Gzip, GZIP), (Codec::Zstd, ZSTD)] {
        let twice = [unhex(vector), unhex(vector)].concat();
        assert_eq!(inflate(codec, twice, 10_000), Ok(plain().repeat(2).into()));
    }
}

#[test]
fn w27_snappy_is_read_with_and_without_xerials_framing() {
    let plain = plain().into_bytes();
    let block = snappy_block(&plain);
    assert_eq!(
        inflate(Codec::Snappy, block.clone(), 10_000),
        Ok(plain.clone().into())
    );
    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for _ in 0..2 {
        framed.extend_from_slice(&i32::try_from(block.len()).expect("small").to_be_bytes());
        framed.extend_from_slice(&block);
    }
    let twice = inflate(Codec::Snappy, framed.clone(), 10_000);
    assert_eq!(twice, Ok(plain.repeat(2).into()));
    for length in 0..framed.len() {
        let cut = inflate(Codec::Snappy, framed[..length].to_vec(), 10_000);
        let whole = [16, 20 + block.len()].contains(&length);
        assert_eq!(cut.is_ok(), whole, "{length}");
    }
    for (at, byte) in [(16, 0xff), (16, 0x7f), (19, 0), (11, 2), (15, 2)] {
        let mut wrong = framed.clone();
        wrong[at] = byte;
        assert_eq!(
            inflate(Codec::Snappy, wrong, 10_000),
            Err(Reason::Undecompressable)
        );
    }
}

/// A snappy block of literals only.
fn snappy_block(plain: &[u8]) -> Vec<u8> {
    let length = u16::try_from(plain.len()).expect("a short text");
    let [low, high] = (length - 1).to_le_bytes();
    let mut block = vec![length as u8 | 0x80, (length >> 7) as u8, 61 << 2, low, high];
    block.extend_from_slice(plain);
    block
}

#[test]
fn what_we_write_we_read() {
    let noise: Vec<u8> = (0..100_000u64)
        .map(|n| (n.wrapping_pow(7) >> 5) as u8)
        .collect();
    let bodies = [Vec::new(), b"a".to_vec(), vec![b'x'; 300_000], noise];
    for codec in Codec::ALL {
        for body in &bodies {
            let mut builder = BatchBuilder::new(codec);
            builder.append(5, None, Some(body), &[]);
            builder.append(9, Some(b"key"), None, &[]);
            let size = builder.size();
            let batch = builder.build_batch();
            assert_eq!(batch.verify_crc(), Ok(()));
            assert_eq!(batch.header.codec(), Ok(codec));
            if codec != Codec::None && body.len() == 300_000 {
                assert!(batch.size() < size / 10, "{} gains nothing", codec.name());
            }
            let records: Result<Vec<_>, _> = batch.records().collect();
            let records = records.expect("valid records");
            assert_eq!(records.len(), 2);
            assert_eq!(records[0].value.as_deref(), Some(&body[..]));
            assert_eq!(records[1].key.as_deref(), Some(&b"key"[..]));
        }
    }
}

/// How much the reader may inflate in these tests, and what it may take for that.
const LIMIT: usize = 1 << 20;
const ALLOWANCE: usize = 16 << 20;

/// A thousand bytes that want to be a billion, or as near as the codec gets.
fn bombs() -> Vec<(Codec, Vec<u8>)> {
    let zeros = vec![0; 64 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).expect("memory");
    let mut builder = BatchBuilder::new(Codec::Snappy);
    builder.append(0, None, Some(&zeros[..8 << 20]), &[]);
    let snappy = builder.build_batch().body.to_vec();
    let mut builder = BatchBuilder::new(Codec::Lz4);
    builder.append(0, None, Some(&zeros[..8 << 20]), &[]);
    let lz4 = builder.build_batch().body.to_vec();
    // Zstd frames without a content size, one with a window of 1 MiB and one of 8, and blocks of one
    // byte repeated 128 KiB times.
    let zstd = |window| {
        let start = [0x28, 0xb5, 0x2f, 0xfd, 0, window];
        [&start[..], &[0x02, 0x00, 0x10, 0].repeat(8000)].concat()
    };
    vec![
        (Codec::Gzip, gzip.finish().expect("memory")),
        (Codec::Snappy, snappy),
        (Codec::Lz4, lz4),
        (Codec::Zstd, zstd(0x50)),
        (Codec::Zstd, zstd(0x68)),
    ]
}

#[test]
fn w26_a_bomb_is_an_error_in_little_memory() {
    for (codec, bomb) in bombs() {
        let batch = batch_of(codec, bomb);
        let (inflated, peak) = peak_of(|| batch.inflated(LIMIT));
        let reason = inflated.expect_err(codec.name()).reason;
        assert_eq!(reason, Reason::InflatesTooFar, "{}", codec.name());
        assert!(peak < ALLOWANCE, "{} took {peak} bytes", codec.name());
        let (item, _) = peak_of(|| batch.records_within(LIMIT).next());
        assert!(matches!(item, Some(Err(_))), "the walk ends with the error");
    }
}

#[test]
fn w26_a_huge_claim_is_not_believed() {
    let claims = [
        // Snappy: 4 GiB − 1 of eight bytes; 10 MiB of eight bytes.
        (Codec::Snappy, vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 2]),
        (Codec::Snappy, vec![0x80, 0x80, 0x80, 0x05, 0, 1, 2, 3]),
        // Zstd: a window of 1 TiB; a content of 2^62 bytes in a single segment.
        (Codec::Zstd, vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xf0, 1, 0, 0]),
        (
            Codec::Zstd,
            [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0x40; 8], &[1, 0, 0]].concat(),
        ),
    ];
    for (codec, claim) in claims {
        let batch = batch_of(codec, claim);
        let (inflated, peak) = peak_of(|| batch.inflated(16 << 20));
        assert!(inflated.is_err());
        assert!(peak < 64 << 10, "{} took {peak} bytes", codec.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A producer may compute the right checksum over nonsense, so the codecs see it.
    #[test]
    fn damaged_bodies_do_no_harm(
        codec in 1usize..5,
        damage in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
        cut in any::<usize>(),
    ) {
        let codec = Codec::ALL[codec];
        let mut builder = BatchBuilder::new(codec);
        builder.append(5, Some(b"key"), Some(plain().as_bytes()), &[]);
        let mut body = builder.build_batch().body.to_vec();
        for (at, byte) in damage {
            let at = at % body.len();
            body[at] = byte;
        }
        body.truncate(cut % (2 * body.len()));
        let batch = batch_of(codec, body);
        let (_, peak) = peak_of(|| batch.records_within(LIMIT).count());
        prop_assert!(peak < ALLOWANCE, "{} took {} bytes", codec.name(), peak);
    }

    #[test]
    fn random_bodies_do_no_harm(codec in 1usize..5, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = inflate(Codec::ALL[codec], body.clone(), LIMIT);
        let magic: &[u8] = match Codec::ALL[codec] {
            Codec::Gzip => &[0x1f, 0x8b, 8, 0],
            Codec::Snappy => b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0",
            Codec::Lz4 => &[4, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0],
            _ => &[0x28, 0xb5, 0x2f, 0xfd, 0, 0x40],
        };
        let _ = inflate(Codec::ALL[codec], [magic, &body].concat(), LIMIT);
    }
}

#[test]
fn the_records_of_a_compressed_batch_can_be_described() {
    use kafka_playground::protocol::records::{describe, describe_records};
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(codec);
        builder.append(5, Some(b"key"), Some(b"value"), &[]);
        builder.append(9, None, None, &[]);
        let batch = builder.build_batch();
        let outside = describe(&batch.to_chunks(), 100);
        assert_eq!(outside.len(), 1);
        assert_eq!(
            (outside[0].start, outside[0].end),
            (100, 100 + batch.size())
        );
        let inside = describe_records(&batch, 1000).expect("valid records");
        assert_eq!(
            inside.end,
            batch.inflated(1000).expect("valid records").len()
        );
        assert_eq!(inside.children.len(), 2);
        super::vectors::wire::assert_tiled(codec.name(), &inside);
        super::vectors::wire::assert_tiled(codec.name(), &outside[0]);
    }
}
