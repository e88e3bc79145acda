//! The wire inspector's view of a frame: a tree of named fields with byte ranges.
//!
//! The tree is the trace of an ordinary decoding, so it cannot say something else than the broker
//! understood. A frame that does not decode is described as far as it goes.

use super::ApiKey;
use super::chunks::Chunks;
use super::error_code::ErrorCode;
use super::header::{RequestHeader, decode_response_header};
use super::malformed::{Malformed, Reason};
use super::reader::Reader;
use super::trace::Field;
use super::wire::{Context, Wire};
use super::{AnyRequest, AnyResponse};
use std::ops::Range;

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The whole frame, its size included. Every field's children tile it.
    pub root: Field,
    /// Why the rest was not understood, if so; the last child of the root is then that rest.
    pub error: Option<Malformed>,
}

/// Describes a request; the frame begins with its size. Ranges count from there.
pub fn describe_request(frame: &Chunks) -> Description {
    describe(frame, "request", |reader| {
        let header = RequestHeader::decode(reader)?;
        let Some(api) = header.api() else {
            return Err(reader.malformed(Reason::UnknownApi));
        };
        if !api.versions().contains(&header.api_version) {
            return Err(reader.malformed(Reason::UnsupportedVersion));
        }
        reader.enter("body");
        AnyRequest::decode_body(api, header.api_version, reader)?;
        reader.leave();
        Ok(())
    })
}

/// Describes the response to a request of this API and version, which the frame does not say; it
/// begins with its size. Ranges count from there.
pub fn describe_response(frame: &Chunks, api: ApiKey, version: i16) -> Description {
    describe(frame, "response", |reader| {
        decode_response_header(reader, api, version)?;
        reader.enter("body");
        AnyResponse::decode_body(api, version, reader)?;
        reader.leave();
        Ok(())
    })
}

fn describe(
    frame: &Chunks,
    name: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<(), Malformed>,
) -> Description {
    let mut reader = Reader::traced(frame, name);
    let result = read_size(&mut reader)
        .and_then(|()| read(&mut reader))
        .and_then(|()| reader.finish());
    let understood = reader.position();
    let mut root = reader.into_trace().expect("the reader keeps a trace");
    root.kind = "frame";
    if understood < frame.len() {
        root.end = frame.len();
        root.children.push(Field {
            name: "not_understood".to_string(),
            kind: "bytes",
            value: format!("{:?}", frame.slice(understood, frame.len())),
            start: understood,
            end: frame.len(),
            children: Vec::new(),
        });
    }
    name_numbers(&mut root);
    Description {
        root,
        error: result.err(),
    }
}

fn read_size(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    reader.enter("size");
    let mut size = 0_i32;
    size.read(reader, Context::new(0, i16::MAX))?;
    reader.leave();
    match usize::try_from(size) {
        Ok(size) if size == reader.remaining() => Ok(()),
        _ => Err(reader.malformed(Reason::FrameSize)),
    }
}

/// Puts names behind the numbers that have some.
fn name_numbers(field: &mut Field) {
    let number = field.value.parse().ok();
    let name = match (field.name.as_str(), number) {
        ("api_key", Some(number)) => ApiKey::from_i16(number).map(ApiKey::name),
        ("error_code", Some(number)) => Some(ErrorCode::from_i16(number).name()),
        _ => None,
    };
    if let Some(name) = name {
        field.value = format!("{} {name}", field.value);
    }
    for child in &mut field.children {
        name_numbers(child);
    }
}

/// Adds what a records field holds to the trace: its length, which is laid out as `kind` and lies in
/// `length`, and the batches behind it.
pub(super) fn records(
    reader: &mut Reader<'_>,
    kind: &'static str,
    length: Range<usize>,
    records: Option<&Chunks>,
) {
    let Some(trace) = reader.trace() else {
        return;
    };
    let value = records.map_or("null".to_string(), |records| records.len().to_string());
    let content = length.end;
    trace.leaf("length", kind, value, length);
    for batch in records.map_or(Vec::new(), |records| {
        super::records::describe(records, content)
    }) {
        trace.adopt(batch);
    }
}
