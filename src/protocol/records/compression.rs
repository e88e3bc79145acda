//! Compression of a batch's records as one block.
//!
//! The codec is the producer's choice, and a broker that keeps it never opens the batch; consumers
//! and the log cleaner do. Compressed bytes are the one place where a few bytes can ask for much:
//! a thousand of them may inflate to a billion. So every reader states a limit, and no codec takes
//! much more memory than that, or than the few megabytes that its format makes necessary, whatever its
//! input claims.
//!
//! | codec | framing, as Kafka's Java client has it |
//! | --- | --- |
//! | gzip | one or more members |
//! | snappy | xerial: a header of 16 bytes, then blocks with their sizes; bare blocks are read as well |
//! | lz4 | one frame of independent blocks of nearly 64 KiB |
//! | zstd | one or more frames |

use super::{gzip, header::Codec};
use crate::protocol::malformed::{Malformed, Reason};
use bytes::Bytes;
use std::io::Read;

/// Compresses a body. The same body always gives the same bytes.
pub(super) fn compress(codec: Codec, mut body: Vec<u8>) -> Bytes {
    let compressed = match codec {
        Codec::None => {
            // Every log that stores the batch keeps this very memory, room for more records included.
            body.shrink_to_fit();
            body
        }
        Codec::Gzip => gzip::compress(&body),
        Codec::Snappy => snappy(&body),
        Codec::Lz4 => lz4(&body),
        Codec::Zstd => zstd(&body),
    };
    Bytes::from(compressed)
}

/// Decompresses a body, as long as that gives at most `limit` bytes.
pub(super) fn decompress(codec: Codec, body: &Bytes, limit: usize) -> Result<Bytes, Malformed> {
    let inflated = match codec {
        Codec::None if body.len() <= limit => return Ok(body.clone()),
        Codec::None => Err(Reason::InflatesTooFar),
        Codec::Gzip => gzip::decompress(body, limit),
        Codec::Snappy => unsnappy(body, limit),
        Codec::Lz4 => unlz4(body, limit),
        Codec::Zstd => unzstd(body, limit),
    };
    match inflated {
        Ok(inflated) => Ok(Bytes::from(inflated)),
        Err(reason) => Err(Malformed {
            reason,
            field: "records",
            at: 0,
        }),
    }
}

/// Everything that `source` gives, appended to `inflated`, which may not grow beyond `limit`.
fn read_within(source: impl Read, inflated: &mut Vec<u8>, limit: usize) -> Result<(), Reason> {
    let left = limit - inflated.len();
    let one_more = u64::try_from(left).map_or(u64::MAX, |left| left.saturating_add(1));
    let read = source.take(one_more).read_to_end(inflated);
    if inflated.len() > limit {
        return Err(Reason::InflatesTooFar);
    }
    match read {
        Ok(_) => Ok(()),
        Err(_) => Err(Reason::Undecompressable),
    }
}

/// How xerial's snappy streams begin: a magic, the version and the oldest compatible version.
const XERIAL_MAGIC: &[u8] = &[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_VERSIONS: &[u8] = &[0, 0, 0, 1, 0, 0, 0, 1];

/// How much of a body xerial puts into one block.
const XERIAL_BLOCK: usize = 32 << 10;

/// Snappy cannot make more than 64 bytes of 3.
const SNAPPY_RATIO: usize = 22;

fn snappy(body: &[u8]) -> Vec<u8> {
    let mut compressed = [XERIAL_MAGIC, XERIAL_VERSIONS].concat();
    for block in body.chunks(XERIAL_BLOCK) {
        let block = snap::raw::Encoder::new().compress_vec(block);
        let block = block.expect("a block is far smaller than snappy's limit");
        let size = i32::try_from(block.len()).expect("a block is small");
        compressed.extend_from_slice(&size.to_be_bytes());
        compressed.extend_from_slice(&block);
    }
    compressed
}

fn unsnappy(body: &[u8], limit: usize) -> Result<Vec<u8>, Reason> {
    let mut inflated = Vec::new();
    let Some(rest) = body.strip_prefix(XERIAL_MAGIC) else {
        unsnappy_block(body, &mut inflated, limit)?;
        return Ok(inflated);
    };
    let (versions, mut rest) = split_at(rest, XERIAL_VERSIONS.len())?;
    if versions != XERIAL_VERSIONS {
        return Err(Reason::Undecompressable);
    }
    while !rest.is_empty() {
        let (size, behind) = split_at(rest, 4)?;
        let size = i32::from_be_bytes(size.try_into().expect("four bytes"));
        let size = usize::try_from(size).map_err(|_| Reason::Undecompressable)?;
        let (block, behind) = split_at(behind, size)?;
        unsnappy_block(block, &mut inflated, limit)?;
        rest = behind;
    }
    Ok(inflated)
}

fn unsnappy_block(block: &[u8], inflated: &mut Vec<u8>, limit: usize) -> Result<(), Reason> {
    let claimed = snap::raw::decompress_len(block).map_err(|_| Reason::Undecompressable)?;
    // The claim is believed only as far as it can be true, and before memory is taken for it.
    if claimed > block.len().saturating_mul(SNAPPY_RATIO) {
        return Err(Reason::Undecompressable);
    }
    if claimed > limit - inflated.len() {
        return Err(Reason::InflatesTooFar);
    }
    let start = inflated.len();
    inflated.resize(start + claimed, 0);
    match snap::raw::Decoder::new().decompress(block, &mut inflated[start..]) {
        Ok(length) if length == claimed => Ok(()),
        _ => Err(Reason::Undecompressable),
    }
}

fn split_at(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Reason> {
    bytes.split_at_checked(at).ok_or(Reason::Undecompressable)
}

/// The start of an lz4 frame: the magic number, version 1 with independent blocks and no checksums, blocks
/// of at most 64 KiB, and the second byte of the xxHash-32 of these two.
const LZ4_FRAME: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

/// Unlike Kafka, blocks are of 65,534 bytes and not of 65,536: up to this size `lz4_flex` finds the same
/// matches on machines of 32 and of 64 bits, above it (and in its frames) it does not.
const LZ4_BLOCK: usize = 65_534;

/// Marks a block that is stored as it is.
const LZ4_STORED: u32 = 1 << 31;

fn lz4(body: &[u8]) -> Vec<u8> {
    let mut frame = LZ4_FRAME.to_vec();
    for block in body.chunks(LZ4_BLOCK) {
        let compressed = lz4_flex::block::compress(block);
        let (mark, bytes) = match compressed.len() < block.len() {
            true => (0, &compressed[..]),
            false => (LZ4_STORED, block),
        };
        frame.extend((bytes.len() as u32 | mark).to_le_bytes());
        frame.extend(bytes);
    }
    frame.extend(0u32.to_le_bytes());
    frame
}

fn unlz4(body: &[u8], limit: usize) -> Result<Vec<u8>, Reason> {
    let mut decoder = lz4_flex::frame::FrameDecoder::new(body);
    let mut inflated = Vec::new();
    read_within(&mut decoder, &mut inflated, limit)?;
    if !decoder.get_ref().is_empty() {
        return Err(Reason::Undecompressable);
    }
    Ok(inflated)
}

fn zstd(body: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(body, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The window that every decoder of zstd should accept. A producer that does not know how much it
/// will write announces a large one even for a few records: 2 MiB at Kafka's usual level.
const ZSTD_WINDOW: usize = 8 << 20;

fn unzstd(body: &[u8], limit: usize) -> Result<Vec<u8>, Reason> {
    let mut rest = body;
    let mut inflated = Vec::new();
    // A frame announces how far back it may refer, and the decoder gives nothing out before it holds
    // so much: the window bounds its memory, not the limit.
    let window = u64::try_from(limit.max(ZSTD_WINDOW)).unwrap_or(u64::MAX);
    loop {
        use ruzstd::decoding::StreamingDecoder;
        use ruzstd::decoding::errors::FrameDecoderError;
        let frame = match StreamingDecoder::new_with_max_window_size(&mut rest, window) {
            Ok(frame) => frame,
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(Reason::InflatesTooFar),
            Err(_) => return Err(Reason::Undecompressable),
        };
        read_within(frame, &mut inflated, limit)?;
        if rest.is_empty() {
            return Ok(inflated);
        }
    }
}
