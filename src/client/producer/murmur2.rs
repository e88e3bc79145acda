//! `murmur2`: the hash by which equal keys meet in one partition.
//!
//! Austin Appleby's MurmurHash2 with Kafka's seed. Every client that wants its keys to land where the
//! Java client's land must compute this very function, so it is part of the protocol in all but name.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The hash of a key's bytes. A key of no bytes has a hash; only a missing key has none.
pub fn murmur2(bytes: &[u8]) -> i32 {
    let mut hash = SEED ^ bytes.len() as u32;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        let mut word = u32::from_le_bytes(*block);
        word = word.wrapping_mul(M);
        word ^= word >> R;
        word = word.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    if !tail.is_empty() {
        for (place, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^= hash >> 15;
    hash as i32
}

/// The partition of a key among `partitions`, available or not.
///
/// The sign is masked away, not made positive: Kafka does so, and the two differ.
///
/// # Panics
/// If there are no partitions.
pub fn partition_of_key(key: &[u8], partitions: u32) -> i32 {
    assert!(partitions > 0, "a topic has at least one partition");
    let positive = murmur2(key) as u32 & 0x7fff_ffff;
    (positive % partitions) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key, hash, and the partition among 2, 3, 4, 6, 10 and 12.
    const VECTORS: [(&str, i32, [i32; 6]); 22] = [
        ("", 275_646_681, [1, 0, 1, 3, 1, 9]),
        ("0", 971_027_396, [0, 2, 0, 2, 6, 8]),
        ("1", -1_993_445_489, [1, 0, 3, 3, 9, 3]),
        ("2", 648_968_168, [0, 2, 0, 2, 8, 8]),
        ("3", -1_148_165_505, [1, 2, 3, 5, 3, 11]),
        ("key", -1_079_937_367, [1, 1, 1, 1, 1, 1]),
        ("key-0", 29_210_041, [1, 1, 1, 1, 1, 1]),
        ("key-1", 193_331_640, [0, 0, 0, 0, 0, 0]),
        ("key-2", 852_269_702, [0, 2, 2, 2, 2, 2]),
        ("user-1", 1_404_122_828, [0, 2, 0, 2, 8, 8]),
        ("user-42", 1_459_644_460, [0, 1, 0, 4, 0, 4]),
        ("order-1001", 297_523_878, [0, 0, 2, 0, 8, 6]),
        ("21", -973_932_308, [0, 0, 0, 0, 0, 0]),
        ("abc", 479_470_107, [1, 0, 3, 3, 7, 3]),
        ("foobar", -790_332_482, [0, 0, 2, 0, 6, 6]),
        ("hello", 2_132_663_229, [1, 0, 1, 3, 9, 9]),
        ("kafka", -798_503_068, [0, 1, 0, 4, 0, 4]),
        ("é", 186_971_271, [1, 0, 3, 3, 1, 3]),
        ("日本", -700_811_021, [1, 0, 3, 3, 7, 3]),
        ("a-little-bit-long-string", -985_981_536, [0, 2, 0, 2, 2, 8]),
        (
            "a-little-bit-longer-string",
            -1_486_304_829,
            [1, 2, 3, 5, 9, 11],
        ),
        (
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
            [1, 2, 1, 5, 7, 5],
        ),
    ];

    #[test]
    fn keys_hash_as_in_the_java_client() {
        for (key, hash, _) in VECTORS {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key:?}");
        }
    }

    #[test]
    fn keys_land_where_the_java_client_puts_them() {
        for (key, _, partitions) in VECTORS {
            for (count, partition) in [2, 3, 4, 6, 10, 12].into_iter().zip(partitions) {
                let found = partition_of_key(key.as_bytes(), count);
                assert_eq!(found, partition, "{key:?} among {count}");
            }
        }
    }

    #[test]
    fn keys_of_numbers_hash_as_in_kafkajs() {
        for (key, hash) in [
            ("128", -326_012_175),
            ("2187", -1_508_407_203),
            ("16384", -325_739_742),
            ("78125", -1_654_490_814),
            ("279936", 1_462_227_128),
            ("823543", -2_014_198_330),
            ("2097152", 607_668_903),
            ("100:48069", 1_009_543_857),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key:?}");
        }
    }
}
