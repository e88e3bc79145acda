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
    decode::<R>(Reader::new(frame), version)
}

/// The same from a frame as it goes over a connection, its size first.
pub fn decode_sized_response<R: Request>(
    frame: &Chunks,
    version: i16,
) -> Result<(i32, R::Response), Malformed> {
    let mut reader = Reader::new(frame);
    reader.skip(SIZE)?;
    decode::<R>(reader, version)
}

fn decode<R: Request>(
    mut reader: Reader<'_>,
    version: i16,
) -> Result<(i32, R::Response), Malformed> {
    let mut response = R::Response::default();
    let context = Context::new(version, R::Response::FIRST_FLEXIBLE);
    let correlation_id = read_response(&mut reader, R::API, context, &mut response)?;
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
