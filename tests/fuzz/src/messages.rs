//! Any bytes as a request, as an answer, and as what stands inside of some of them.
//!
//! Whatever is read is written again and read to the same; reading takes no more memory than the rule allows; the
//! inspector describes whatever it is shown; and where a stream is cut has no meaning. The first byte says as what
//! the others are read.

use std::fmt::Debug;

use bytes::Bytes;
use kafka_playground::protocol::consumer_protocol::{Assignment, StickyData, Subscription};
use kafka_playground::protocol::offsets_topic::{
    GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue,
};
use kafka_playground::protocol::{
    AnyRequest, AnyResponse, ApiKey, Chunks, Description, Dice, FrameBuffer, Message, Reader,
    Writer, describe_request, describe_response,
};

use crate::memory::peak_of;
use crate::tiles::is_tiled;

/// As what bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// A request's frame without its size.
    Request,
    /// The place of an API in the table, how far its version is from the first, and then the frame of an answer
    /// without its size.
    Response,
    /// The place of an API, its version, and then choices of which messages are made.
    Choices,
    /// What a member wants.
    Subscription,
    /// What it gets, and what the sticky assignor keeps of that.
    Assignment,
    /// A version, and then a key or a value of `__consumer_offsets`.
    Offsets,
    /// How it is cut, and then a stream of frames.
    Stream,
}

impl As {
    pub const ALL: [As; 7] = [
        As::Request,
        As::Response,
        As::Choices,
        As::Subscription,
        As::Assignment,
        As::Offsets,
        As::Stream,
    ];
}

/// Looks at bytes.
///
/// # Panics
/// When something does not hold.
pub fn look(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    match As::ALL[usize::from(*first) % As::ALL.len()] {
        As::Request => request(rest),
        As::Response => response(rest),
        As::Choices => choices(rest),
        As::Subscription => subscription(rest),
        As::Assignment => assignment(rest),
        As::Offsets => offsets(rest),
        As::Stream => stream(rest),
    }
}

/// The most that reading may take: 64 bytes for each that is read, and small change.
fn allowance(bytes: &[u8]) -> usize {
    64 * bytes.len() + 1024
}

fn without_size(frame: &Chunks) -> Chunks {
    frame.slice(4, frame.len())
}

fn with_size(body: &[u8]) -> Chunks {
    let size = u32::try_from(body.len()).expect("it is short");
    Chunks::from([&size.to_be_bytes()[..], body].concat())
}

fn request(bytes: &[u8]) {
    is_described(&describe_request(&with_size(bytes)), bytes.len() + 4);
    let frame = Chunks::from(bytes.to_vec());
    let (read, peak) = peak_of(|| AnyRequest::decode(&frame));
    assert!(peak <= allowance(bytes), "{peak} bytes for {}", bytes.len());
    let Ok((header, request)) = read else {
        return;
    };
    let served = request.api().versions().contains(&header.api_version);
    if !served {
        // Only ApiVersions is read in any version, and then nothing of its body.
        assert_eq!(request, AnyRequest::ApiVersions(Default::default()));
        return;
    }
    let client = header.client_id.as_deref();
    let written = request.encode(header.api_version, header.correlation_id, client);
    let again = AnyRequest::decode(&without_size(&written));
    assert_eq!(again, Ok((header, request)), "what was written is read");
}

/// The API and the version that the first two bytes name, and what follows.
fn named(bytes: &[u8]) -> Option<(ApiKey, i16, &[u8])> {
    let ([api, version], rest) = bytes.split_first_chunk()?;
    let api = ApiKey::ALL[usize::from(*api) % ApiKey::ALL.len()];
    let (first, last) = (*api.versions().start(), *api.versions().end());
    let version = first + i16::from(*version) % (last - first + 1);
    Some((api, version, rest))
}

fn response(bytes: &[u8]) {
    let Some((api, version, bytes)) = named(bytes) else {
        return;
    };
    let described = describe_response(&with_size(bytes), api, version);
    is_described(&described, bytes.len() + 4);
    let frame = Chunks::from(bytes.to_vec());
    let (read, peak) = peak_of(|| AnyResponse::decode(api, version, &frame));
    assert!(peak <= allowance(bytes), "{peak} bytes for {}", bytes.len());
    let codes = AnyResponse::error_codes(api, version, &frame);
    assert!(codes.iter().all(|code| *code != 0));
    let Ok((id, response)) = read else {
        return;
    };
    let written = without_size(&response.encode(version, id));
    let again = AnyResponse::decode(api, version, &written);
    assert_eq!(again, Ok((id, response)), "what was written is read");
    assert_eq!(AnyResponse::error_codes(api, version, &written), codes);
}

fn choices(bytes: &[u8]) {
    let Some((api, version, bytes)) = named(bytes) else {
        return;
    };
    let choices: Vec<u32> = bytes.chunks(4).map(number).collect();
    let request = AnyRequest::sample(api, version, &mut Dice::new(&choices));
    let frame = without_size(&request.encode(version, 7, None));
    let read = AnyRequest::decode(&frame).expect("a request that was written");
    assert_eq!(read.1, request);
    let response = AnyResponse::sample(api, version, &mut Dice::new(&choices));
    let frame = without_size(&response.encode(version, 7));
    let read = AnyResponse::decode(api, version, &frame).expect("an answer that was written");
    assert_eq!(read, (7, response));
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn subscription(bytes: &[u8]) {
    let shared = Bytes::copy_from_slice(bytes);
    let (read, peak) = peak_of(|| Subscription::read(&shared));
    assert!(peak <= allowance(bytes), "{peak} bytes for {}", bytes.len());
    let topics = Subscription::topics(&shared);
    let Ok(read) = read else {
        return;
    };
    assert_eq!(topics.as_ref(), Ok(&read.topics));
    let version = i16::from_be_bytes([bytes[0], bytes[1]]).min(3);
    assert_eq!(Subscription::read(&read.write(version)), Ok(read));
}

fn assignment(bytes: &[u8]) {
    let shared = Bytes::copy_from_slice(bytes);
    let (read, peak) = peak_of(|| (Assignment::read(&shared), StickyData::read(&shared)));
    let allowed = 2 * allowance(bytes);
    assert!(peak <= allowed, "{peak} bytes for {}", bytes.len());
    if let Ok(read) = read.0 {
        assert_eq!(Assignment::read(&read.write(0)).as_ref(), Ok(&read));
        let topics = read.assigned_partitions.iter();
        let count: usize = topics.map(|topic| topic.partitions.len()).sum();
        assert_eq!(read.partitions().count(), count);
    }
    if let Ok(read) = read.1 {
        assert_eq!(StickyData::read(&read.write()), Ok(read));
    }
}

fn offsets(bytes: &[u8]) {
    let Some((version, rest)) = bytes.split_first() else {
        return;
    };
    let version = i16::from(*version) % 5;
    reads_back::<OffsetCommitKey>(version, rest);
    reads_back::<OffsetCommitValue>(version, rest);
    reads_back::<GroupMetadataKey>(version, rest);
    reads_back::<GroupMetadataValue>(version, rest);
}

fn reads_back<M: Message + PartialEq + Debug>(version: i16, bytes: &[u8]) {
    let chunks = Chunks::from(bytes.to_vec());
    let (read, peak) = peak_of(|| M::decode(&mut Reader::new(&chunks), version));
    assert!(peak <= allowance(bytes), "{peak} bytes for {}", bytes.len());
    let Ok(read) = read else {
        return;
    };
    let mut writer = Writer::new();
    read.encode(&mut writer, version);
    let written = writer.finish();
    let mut reader = Reader::new(&written);
    assert_eq!(M::decode(&mut reader, version), Ok(read));
    assert_eq!(reader.remaining(), 0);
}

/// The frames of a stream, however it is cut; whether it ended in something that is none.
fn frames(pieces: impl Iterator<Item = Bytes>) -> (Vec<Chunks>, bool) {
    const LIMIT: usize = 1 << 16;
    let mut buffer = FrameBuffer::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.push(Chunks::from(piece));
        loop {
            match buffer.next(LIMIT) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}

fn stream(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else {
        return;
    };
    let stream = Bytes::copy_from_slice(stream);
    let cut = usize::from(*cut) % 16 + 1;
    let pieces = stream.chunks(cut).map(|piece| stream.slice_ref(piece));
    let (found, peak) = peak_of(|| frames(pieces));
    let allowed = allowance(&stream);
    assert!(peak <= allowed, "{peak} bytes for {}", stream.len());
    let whole = frames(std::iter::once(stream.clone()));
    assert_eq!(found, whole, "where a stream is cut has no meaning");
    for (cut, whole) in found.0.iter().zip(&whole.0) {
        assert_eq!(AnyRequest::decode(cut), AnyRequest::decode(whole));
    }
}

fn is_described(description: &Description, length: usize) {
    let root = &description.root;
    assert_eq!((root.start, root.end), (0, length));
    is_tiled(root);
}
