//! Compression of a batch's records as one block.

use super::header::Codec;
use crate::protocol::malformed::{Malformed, Reason};
use bytes::Bytes;

/// Compresses a body.
pub(super) fn compress(codec: Codec, body: Vec<u8>) -> Bytes {
    match codec {
        Codec::None => Bytes::from(body),
        _ => Bytes::from(body),
    }
}

/// Decompresses a body, as long as that gives at most `limit` bytes.
pub(super) fn decompress(codec: Codec, body: &Bytes, limit: usize) -> Result<Bytes, Malformed> {
    match codec {
        Codec::None => Ok(body.clone()),
        _ => Err(Malformed::new(Reason::Undecompressable, limit)),
    }
}
