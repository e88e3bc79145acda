//! Frames: a message with its size before it, and the buffer that finds them in a stream.
//!
//! A connection carries bytes, not messages; where a segment of the network ends says nothing about
//! where a message does. `FrameBuffer` takes the stream however it was cut and gives frames.

use super::ApiKey;
use super::chunks::Chunks;
use super::header::{RequestHeader, decode_response_header, encode_response_header};
use super::malformed::{Malformed, Reason};
use super::message::{Message, Request};
use super::reader::Reader;
use super::wire::{Context, Wire};
use super::writer::{Writer, length_as_i32};

/// A request as it goes over a connection, its size first.
pub fn encode_request<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Chunks {
    let header = RequestHeader {
        api_key: R::API.code(),
        api_version: version,
        correlation_id,
        client_id: client_id.map(Into::into),
    };
    frame(&mut |writer| {
        header.encode(writer);
        request.encode(writer, version);
    })
}

/// A response as it goes over a connection, its size first.
///
/// An ApiVersions request of an unknown version is answered as version 0.
pub fn encode_response<M: Message>(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &M,
) -> Chunks {
    frame(&mut |writer| {
        encode_response_header(writer, api, version, correlation_id);
        response.encode(writer, version);
    })
}

/// The same, if it is no longer than `most` bytes beside the stored ones that it shares, nor with them than
/// any frame can be.
pub fn encode_response_within<M: Message>(
    most: usize,
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &M,
) -> Option<Chunks> {
    let mut writer = Writer::within(most);
    write_frame(&mut writer, &mut |writer| {
        encode_response_header(writer, api, version, correlation_id);
        response.encode(writer, version);
    });
    let fits = !writer.is_full() && i32::try_from(writer.len()).is_ok();
    fits.then(|| finished(writer))
}

/// Reads the answer to a request of type `R` from a frame without its size.
///
/// The correlation id comes back beside it; whether it is the expected one is for the caller to see,
/// who knows what was asked.
pub fn decode_response<R: Request>(
    frame: &Chunks,
    version: i16,
) -> Result<(i32, R::Response), Malformed> {
    decode::<R>(&mut Reader::new(frame), version)
}

/// The same from a frame as it goes over a connection, its size first; and every error code in it that is not zero.
pub fn decode_sized_response<R: Request>(
    frame: &Chunks,
    version: i16,
) -> Result<(R::Response, Vec<i16>), Malformed> {
    let mut reader = Reader::heeding_codes(frame);
    reader.skip(SIZE)?;
    let read = decode::<R>(&mut reader, version);
    // Places are counted from behind the size.
    let (_, response) = read.map_err(|malformed| Malformed {
        at: malformed.at.saturating_sub(SIZE),
        ..malformed
    })?;
    Ok((response, reader.into_codes()))
}

fn decode<R: Request>(
    reader: &mut Reader<'_>,
    version: i16,
) -> Result<(i32, R::Response), Malformed> {
    let mut response = R::Response::default();
    let context = Context::new(version, R::Response::FIRST_FLEXIBLE);
    let correlation_id = read_response(reader, R::API, context, &mut response)?;
    Ok((correlation_id, response))
}

fn read_response(
    reader: &mut Reader<'_>,
    api: ApiKey,
    context: Context,
    response: &mut dyn Wire,
) -> Result<i32, Malformed> {
    let correlation_id = decode_response_header(reader, api, context.version)?;
    response.read(reader, context)?;
    reader.finish()?;
    Ok(correlation_id)
}

/// The size of a message and then the message that `write` writes.
fn frame(write: &mut dyn FnMut(&mut Writer)) -> Chunks {
    let mut writer = Writer::new();
    write_frame(&mut writer, write);
    finished(writer)
}

/// Room for the size, and the message behind it.
fn write_frame(writer: &mut Writer, write: &mut dyn FnMut(&mut Writer)) {
    writer.put(&[0; SIZE]);
    write(writer);
}

fn finished(mut writer: Writer) -> Chunks {
    let size = length_as_i32(writer.len() - SIZE);
    writer.patch(0, size.to_be_bytes());
    writer.finish()
}

/// The length of a frame's size, which the size does not count.
pub(super) const SIZE: usize = 4;

/// What came over a connection and is not yet a whole frame.
///
/// Holds on to no more than it was given: a size is a promise, and nothing is reserved for it.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer {
    buffered: Chunks,
}

impl FrameBuffer {
    pub fn new() -> FrameBuffer {
        FrameBuffer::default()
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: Chunks) {
        if self.buffered.is_empty() {
            self.buffered = bytes;
        } else {
            self.buffered.append(&bytes);
            self.buffered.join_crumbs();
        }
    }

    /// The next whole frame, without its size; `None` until it is all there.
    ///
    /// A size of zero, below zero or above `limit` is an error, after which the stream has no
    /// meaning: the connection must be closed.
    pub fn next(&mut self, limit: usize) -> Result<Option<Chunks>, Malformed> {
        if self.buffered.len() < SIZE {
            return Ok(None);
        }
        let size: [u8; SIZE] = Reader::new(&self.buffered).array()?;
        let size = match usize::try_from(i32::from_be_bytes(size)) {
            Ok(size) if size > 0 && size <= limit => size,
            _ => return Err(Malformed::new(Reason::FrameSize, 0)),
        };
        if self.buffered.len() < SIZE + size {
            return Ok(None);
        }
        if self.buffered.len() == SIZE + size {
            // Mostly a frame comes alone.
            let mut frame = std::mem::take(&mut self.buffered);
            frame.advance(SIZE);
            return Ok(Some(frame));
        }
        let frame = self.buffered.slice(SIZE, SIZE + size);
        self.buffered.advance(SIZE + size);
        Ok(Some(frame))
    }

    /// How many bytes wait for the rest of their frame.
    pub fn buffered(&self) -> usize {
        self.buffered.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::api::delete_topics::DeletableTopicResult;
    use crate::protocol::api::{DeleteTopicsRequest, DeleteTopicsResponse};
    use bytes::Bytes;

    const VERSION: i16 = 6;

    fn response() -> DeleteTopicsResponse {
        DeleteTopicsResponse {
            responses: vec![DeletableTopicResult {
                name: Some("\u{e9}t\u{e9}".into()),
                error_message: Some("no such topic".into()),
                error_code: 3,
                ..DeletableTopicResult::default()
            }],
            ..DeleteTopicsResponse::default()
        }
    }

    fn framed() -> Vec<u8> {
        encode_response(ApiKey::DeleteTopics, VERSION, 7, &response()).to_vec()
    }

    /// The bytes in two pieces or, at their ends, in one.
    fn cut(bytes: &[u8], at: usize) -> Chunks {
        let (first, second) = bytes.split_at(at);
        let pieces = [first, second].map(Bytes::copy_from_slice);
        pieces
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .collect()
    }

    #[test]
    fn a_frame_says_the_same_with_its_size_and_without_wherever_it_is_cut() {
        let framed = framed();
        let whole =
            decode_response::<DeleteTopicsRequest>(&framed[SIZE..].to_vec().into(), VERSION);
        assert_eq!(whole, Ok((7, response())));
        // Also where it ends too early or too late: the same error, at the same place.
        let mut longer = framed.clone();
        longer.push(0);
        for end in SIZE..=longer.len() {
            let bytes = &longer[..end];
            let whole =
                decode_response::<DeleteTopicsRequest>(&bytes[SIZE..].to_vec().into(), VERSION);
            assert_eq!(whole.is_ok(), end == framed.len(), "{end} bytes");
            for at in 0..=end {
                let sized = decode_sized_response::<DeleteTopicsRequest>(&cut(bytes, at), VERSION);
                let told = whole.clone().map(|(_, response)| (response, vec![3]));
                assert_eq!(sized, told, "{end} bytes, cut at {at}");
            }
            for at in 0..=end - SIZE {
                let cut = cut(&bytes[SIZE..], at);
                let bare = decode_response::<DeleteTopicsRequest>(&cut, VERSION);
                assert_eq!(bare, whole, "{end} bytes, cut at {at} behind the size");
            }
        }
        for end in 0..SIZE {
            let short =
                decode_sized_response::<DeleteTopicsRequest>(&cut(&framed[..end], end), VERSION);
            assert_eq!(
                short,
                Err(Malformed::new(Reason::Truncated, 0)),
                "{end} bytes"
            );
        }
    }

    #[test]
    fn a_stream_gives_the_same_frames_wherever_it_is_cut() {
        let stream: Vec<u8> = [&[0, 0, 0, 2, 1, 2], &framed()[..], &[0, 0, 0, 1, 9]].concat();
        let frames = [vec![1, 2], framed()[SIZE..].to_vec(), vec![9]];
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let mut buffer = FrameBuffer::new();
                let mut found = Vec::new();
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                    buffer.push(Chunks::from(piece.to_vec()));
                    while let Some(frame) = buffer.next(1_000).expect("a fine stream") {
                        found.push(frame.to_vec());
                    }
                }
                assert_eq!(found, frames, "cut at {first} and {second}");
                assert_eq!(buffer.buffered(), 0);
            }
        }
    }

    #[test]
    fn a_frame_that_comes_alone_is_held_to_the_limit_like_any_other() {
        for (size, limit, fine) in [(2, 2, true), (2, 1, false), (0, 9, false), (-1, 9, false)] {
            for behind in [0, 3] {
                let mut bytes = i32::to_be_bytes(size).to_vec();
                bytes.extend(vec![7; 2 + behind]);
                for at in 0..=bytes.len() {
                    let mut buffer = FrameBuffer::new();
                    buffer.push(cut(&bytes, at));
                    let expected = match fine {
                        true => Ok(Some(Chunks::from(vec![7, 7]))),
                        false => Err(Malformed::new(Reason::FrameSize, 0)),
                    };
                    assert_eq!(
                        buffer.next(limit),
                        expected,
                        "{size} of {limit}, cut at {at}"
                    );
                    if fine {
                        assert_eq!(buffer.buffered(), behind);
                    }
                }
            }
        }
    }
}
