//! By what a cleaning knows a key: its MD5, as Kafka's `SkimpyOffsetMap` does.
//!
//! A key may be as long as its batch, and a batch that was compressed inflates to much more than it takes in the
//! log. Whoever cleans looks at all of them, one after the other; what is remembered of each has the same
//! length, and none of the batch in it.

/// What stands for a key.
pub(super) type Digest = [u8; 16];

/// How far each step of a round turns, over and over.
const TURNS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The sines of 1 to 64, as parts of 2³².
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a,
    0xa830_4613, 0xfd46_9501, 0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be,
    0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821, 0xf61e_2562, 0xc040_b340,
    0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8,
    0x676f_02d9, 0x8d2a_4c8a, 0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c,
    0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70, 0x289b_7ec6, 0xeaa1_27fa,
    0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92,
    0xffef_f47d, 0x8584_5dd1, 0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1,
    0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// Bytes that are taken in at once.
const BLOCK: usize = 64;

/// The MD5 of a key (RFC 1321).
pub(super) fn digest(key: &[u8]) -> Digest {
    let mut state = START;
    let (blocks, rest) = key.as_chunks::<BLOCK>();
    for block in blocks {
        take(&mut state, block);
    }
    // What is left, a bit, and in the last eight bytes the length in bits.
    let mut last = [0; 2 * BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    let end = match rest.len() + 9 > BLOCK {
        true => 2 * BLOCK,
        false => BLOCK,
    };
    let bits = (key.len() as u64).wrapping_mul(8);
    last[end - 8..end].copy_from_slice(&bits.to_le_bytes());
    for block in last[..end].as_chunks::<BLOCK>().0 {
        take(&mut state, block);
    }
    let mut digest = [0; 16];
    for (to, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_le_bytes();
    }
    digest
}

fn take(state: &mut [u32; 4], block: &[u8; BLOCK]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let mut mixed = *state;
    round::<0>(&mut mixed, &words, |b, c, d| d ^ b & (c ^ d));
    round::<1>(&mut mixed, &words, |b, c, d| c ^ d & (b ^ c));
    round::<2>(&mut mixed, &words, |b, c, d| b ^ c ^ d);
    round::<3>(&mut mixed, &words, |b, c, d| c ^ (b | !d));
    for (kept, new) in state.iter_mut().zip(mixed) {
        *kept = kept.wrapping_add(new);
    }
}

/// One of four times sixteen steps. Each round takes the words in an order of its own.
fn round<const ROUND: usize>(
    state: &mut [u32; 4],
    words: &[u32; 16],
    mix: impl Fn(u32, u32, u32) -> u32,
) {
    let (factor, first) = [(1, 0), (5, 1), (3, 5), (7, 0)][ROUND];
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..16 {
        let sum = a
            .wrapping_add(mix(b, c, d))
            .wrapping_add(SINES[16 * ROUND + step])
            .wrapping_add(words[(factor * step + first) % 16]);
        let turned = sum.rotate_left(TURNS[ROUND][step % 4]);
        (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
    }
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(key: &str) -> String {
        let digest = digest(key.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn it_is_md5() {
        let eighty = "1234567890".repeat(8);
        for (key, expected) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (&eighty, "57edf4a22be3c955ac49da2e2107b67a"),
            // Where the length no longer fits the last block, and where it does.
            (&eighty[..56], "49f193adce178490e34d1b3a4ec0064c"),
            (&eighty[..55], "c9ccf168914a1bcfc3229f1948e67da0"),
            (&eighty[..64], "eb6c4179c0a7c82cc2828c1e6338e165"),
        ] {
            assert_eq!(hex(key), expected, "{key}");
        }
    }
}
