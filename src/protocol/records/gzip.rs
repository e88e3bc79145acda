//! gzip: the frame around a deflated body (RFC 1952).
//!
//! A stream is one or more members, each a header, a deflated body, the body's CRC-32 and its length. The
//! deflating itself is a library's; its checksum is computed bit by bit, since a table of it would weigh
//! more in the page than everything else here.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use crate::protocol::malformed::Reason;

/// Magic, deflate, no flags, no time, no hints, of an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Java's default, and Kafka's `compression.gzip.level`.
const LEVEL: u8 = 6;
/// How much is inflated at once.
const PIECE: usize = 16 << 10;

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
    member.extend(crc32(!0, body).to_le_bytes());
    member.extend((body.len() as u32).to_le_bytes());
    member
}

/// All members, as long as that gives at most `limit` bytes.
pub(super) fn decompress(stream: &[u8], limit: usize) -> Result<Vec<u8>, Reason> {
    let (mut rest, mut inflated) = (stream, Vec::new());
    loop {
        rest = member(rest, &mut inflated, limit)?;
        if rest.is_empty() {
            return Ok(inflated);
        }
    }
}

/// Inflates the first member; what comes after it.
fn member<'a>(stream: &'a [u8], inflated: &mut Vec<u8>, limit: usize) -> Result<&'a [u8], Reason> {
    let mut rest = &stream[header(stream).ok_or(Reason::Undecompressable)?..];
    let start = inflated.len();
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut piece = vec![0; PIECE];
    let (mut crc, mut finished) = (!0, false);
    while !finished {
        let step = inflate(&mut state, rest, &mut piece, MZFlush::None);
        finished = match step.status {
            Ok(MZStatus::StreamEnd) => true,
            Ok(_) if step.bytes_consumed > 0 || step.bytes_written > 0 => false,
            _ => return Err(Reason::Undecompressable),
        };
        let written = &piece[..step.bytes_written];
        if written.len() > limit - inflated.len() {
            return Err(Reason::InflatesTooFar);
        }
        crc = !crc32(crc, written);
        inflated.extend_from_slice(written);
        rest = &rest[step.bytes_consumed..];
    }
    let (trailer, rest) = rest.split_at_checked(8).ok_or(Reason::Undecompressable)?;
    let length = ((inflated.len() - start) as u32).to_le_bytes();
    match trailer == [(!crc).to_le_bytes(), length].concat() {
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
        let expected = crc32(!0, &stream[..length]).to_le_bytes();
        if crc != &expected[..2] {
            return None;
        }
        length += 2;
    }
    (length <= stream.len()).then_some(length)
}

/// Goes on with a CRC-32 (the polynomial of Ethernet, reflected) whose inverted state is `state`.
fn crc32(state: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(state, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32/ISO-HDLC.
    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(!0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(!crc32(!0, b"1234"), b"56789"), 0xcbf4_3926);
    }

    #[test]
    fn headers_may_carry_names_and_more() {
        let plain = compress(b"hello");
        let mut full = plain[..3].to_vec();
        full.push(flag::HEADER_CRC | flag::EXTRA | flag::NAME | flag::COMMENT);
        full.extend(&plain[4..10]);
        full.extend([2, 0, b'x', b'y']);
        full.extend(b"a name\0a comment\0");
        full.extend(&crc32(!0, &full).to_le_bytes()[..2]);
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
}
