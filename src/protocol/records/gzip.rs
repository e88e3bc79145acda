//! gzip: the frame around a deflated body (RFC 1952).
//!
//! A stream is one or more members, each a header, a deflated body, the body's CRC-32 and its length. The
//! deflating itself is a library's; its checksum is computed from four bits at a time, since the usual table would
//! weigh more in the page than everything else here.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

use crate::protocol::malformed::Reason;

/// Magic, deflate, no flags, no time, no hints, of an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Java's default, and Kafka's `compression.gzip.level`.
const LEVEL: u8 = 6;
/// Room is made for so many times what is to be inflated, but for no more than this at first, as there may be many
/// members; and for twice as much whenever it is full.
const USUAL_RATIO: usize = 4;
const FIRST_ROOM: usize = 4 << 10;

/// What a header may say that it carries.
mod flag {
    pub const HEADER_CRC: u8 = 2;
    pub const EXTRA: u8 = 4;
    pub const NAME: u8 = 8;
    pub const COMMENT: u8 = 16;
    pub const RESERVED: u8 = 0xe0;
}

/// One member.
pub(super) fn compress(body: &[u8]) -> Vec<u8> {
    let mut member = HEADER.to_vec();
    member.extend(compress_to_vec(body, LEVEL));
    member.extend(crc32(body).to_le_bytes());
    member.extend((body.len() as u32).to_le_bytes());
    member
}

/// All members, as long as that gives at most `limit` bytes.
pub(super) fn decompress(stream: &[u8], limit: usize) -> Result<Vec<u8>, Reason> {
    let (mut rest, mut inflated) = (stream, Vec::new());
    let mut state = Box::<DecompressorOxide>::default();
    loop {
        rest = member(rest, &mut state, &mut inflated, limit)?;
        if rest.is_empty() {
            return Ok(inflated);
        }
    }
}

/// Inflates the first member; what comes after it.
fn member<'a>(
    stream: &'a [u8],
    state: &mut DecompressorOxide,
    inflated: &mut Vec<u8>,
    limit: usize,
) -> Result<&'a [u8], Reason> {
    let mut rest = &stream[header(stream).ok_or(Reason::Undecompressable)?..];
    let start = inflated.len();
    // Who fills even one byte more than there may be has gone too far.
    let most = (limit - start).saturating_add(1);
    let mut room = rest.len().saturating_mul(USUAL_RATIO).min(FIRST_ROOM);
    state.init();
    let mut length = 0;
    loop {
        room = room.min(most);
        inflated.resize(start + room, 0);
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let own = &mut inflated[start..];
        let (status, taken, written) = inflate(state, rest, own, length, flags);
        rest = &rest[taken..];
        length += written;
        match status {
            _ if length == most => return Err(Reason::InflatesTooFar),
            TINFLStatus::Done => break,
            TINFLStatus::HasMoreOutput => room = room.saturating_mul(2),
            _ => return Err(Reason::Undecompressable),
        }
    }
    inflated.truncate(start + length);
    let crc = crc32(&inflated[start..]);
    let (trailer, rest) = rest.split_at_checked(8).ok_or(Reason::Undecompressable)?;
    let length = (length as u32).to_le_bytes();
    match trailer == [crc.to_le_bytes(), length].concat() {
        true => Ok(rest),
        false => Err(Reason::Undecompressable),
    }
}

/// The length of the header at the start of a member.
fn header(stream: &[u8]) -> Option<usize> {
    let fixed = stream.get(..HEADER.len())?;
    let flags = fixed[3];
    if fixed[..3] != HEADER[..3] || flags & flag::RESERVED != 0 {
        return None;
    }
    let mut length = HEADER.len();
    if flags & flag::EXTRA != 0 {
        let size = stream.get(length..length + 2)?;
        length += 2 + usize::from(u16::from_le_bytes([size[0], size[1]]));
    }
    for text in [flag::NAME, flag::COMMENT] {
        if flags & text != 0 {
            length += 1 + stream.get(length..)?.iter().position(|byte| *byte == 0)?;
        }
    }
    if flags & flag::HEADER_CRC != 0 {
        let crc = stream.get(length..length + 2)?;
        let expected = crc32(&stream[..length]).to_le_bytes();
        if crc != &expected[..2] {
            return None;
        }
        length += 2;
    }
    (length <= stream.len()).then_some(length)
}

/// What four bits do to a checksum.
const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut nibble = 0;
    while nibble < table.len() {
        let mut crc = nibble as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[nibble] = crc;
        nibble += 1;
    }
    table
};

/// The CRC-32 of the polynomial of Ethernet, reflected.
fn crc32(bytes: &[u8]) -> u32 {
    let half = |crc: u32| (crc >> 4) ^ NIBBLES[(crc & 15) as usize];
    let step = |crc: u32, byte: &u8| half(half(crc ^ u32::from(*byte)));
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32/ISO-HDLC.
    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn headers_may_carry_names_and_more() {
        let plain = compress(b"hello");
        let mut full = plain[..3].to_vec();
        full.push(flag::HEADER_CRC | flag::EXTRA | flag::NAME | flag::COMMENT);
        full.extend(&plain[4..10]);
        full.extend([2, 0, b'x', b'y']);
        full.extend(b"a name\0a comment\0");
        full.extend(&crc32(&full).to_le_bytes()[..2]);
        full.extend(&plain[10..]);
        assert_eq!(decompress(&full, 100), Ok(b"hello".to_vec()));
        for length in 0..full.len() {
            assert_eq!(
                decompress(&full[..length], 100),
                Err(Reason::Undecompressable)
            );
        }
        full[14] ^= 1;
        assert_eq!(decompress(&full, 100), Err(Reason::Undecompressable));
    }

    #[test]
    fn members_follow_each_other_and_nothing_else_does() {
        let two = [compress(b"one "), compress(b"two")].concat();
        assert_eq!(decompress(&two, 7), Ok(b"one two".to_vec()));
        assert_eq!(decompress(&two, 6), Err(Reason::InflatesTooFar));
        let garbage = [two, b"x".to_vec()].concat();
        assert_eq!(decompress(&garbage, 7), Err(Reason::Undecompressable));
    }

    #[test]
    fn a_member_costs_no_more_when_many_come_after_it() {
        // Were room made for all that is to come, this would take minutes.
        let many = [compress(b"one"), compress(b"").repeat(200_000)].concat();
        assert_eq!(decompress(&many, 3), Ok(b"one".to_vec()));
        let bodies: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let parts = bodies.chunks(FIRST_ROOM + 1).map(compress);
        let parts: Vec<u8> = parts.flatten().collect();
        assert_eq!(decompress(&parts, bodies.len()), Ok(bodies.clone()));
        assert_eq!(
            decompress(&parts, bodies.len() - 1),
            Err(Reason::InflatesTooFar)
        );
    }
}
