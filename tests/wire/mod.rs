//! The wire vectors: a whole frame of every message in every version that is served, as annotated
//! hexadecimal text, and the checks that they pass on the host and in the browser alike.
//!
//! The frames are written by this codec and agreed to by an outside one (`tests/it/wire/vectors.rs`).
//! From then on they are what they are: a frame that changes is a mistake. To add those of a new API
//! or version, run the host tests once with `UPDATE_WIRE=1`.

/// Makes the list of the vectors of their names.
macro_rules! vectors {
    ($($name:literal)*) => {
        /// Each vector's name and text.
        pub const VECTORS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!($name, ".hex"))),)*
        ];
    };
}

mod list;

pub use list::VECTORS;

use kafka_playground::protocol::{
    AnyRequest, AnyResponse, ApiKey, Chunks, Field, FrameBuffer, describe_request,
    describe_response,
};

/// What a vector's name says: `offset-for-leader-epoch-v4-request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub api: ApiKey,
    pub version: i16,
    pub side: Side,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Request,
    Response,
}

impl Name {
    /// Reads a name; vectors have no other ones.
    pub fn parse(text: &str) -> Name {
        let (rest, side) = text.rsplit_once('-').expect("a side");
        let (api, version) = rest.rsplit_once("-v").expect("a version");
        let api = ApiKey::ALL.iter().find(|known| kebab(known.name()) == api);
        Name {
            api: *api.expect("an API"),
            version: version.parse().expect("a version"),
            side: match side {
                "request" => Side::Request,
                "response" => Side::Response,
                other => panic!("{other} is neither a request nor a response"),
            },
        }
    }
}

/// `OffsetForLeaderEpoch` as `offset-for-leader-epoch`.
pub fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// The frame in a vector's text: its hexadecimal digits without comments and spaces.
pub fn frame(text: &str) -> Chunks {
    let code = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let digits: String = code.flat_map(str::split_whitespace).collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    Chunks::from(bytes)
}

/// That a vector decodes, encodes to the same bytes, and is described without gaps.
pub fn check(name: &str, text: &str) {
    let Name { api, version, side } = Name::parse(name);
    let whole = frame(text);
    let mut buffer = FrameBuffer::new();
    buffer.push(whole.clone());
    let message = buffer
        .next(1 << 20)
        .expect("a good size")
        .expect("a whole frame");
    assert_eq!(buffer.buffered(), 0, "{name} is one frame");
    let description = match side {
        Side::Request => {
            let (header, request) = AnyRequest::decode(&message).expect(name);
            assert_eq!((header.api_key, header.api_version), (api.code(), version));
            let client = header.client_id.as_deref();
            let written = request.encode(version, header.correlation_id, client);
            assert_eq!(written, whole, "{name}");
            describe_request(&whole)
        }
        Side::Response => {
            let (id, response) = AnyResponse::decode(api, version, &message).expect(name);
            assert_eq!(response.encode(version, id), whole, "{name}");
            describe_response(&whole, api, version)
        }
    };
    assert_eq!(description.error, None, "{name}");
    assert_eq!(
        (description.root.start, description.root.end),
        (0, whole.len())
    );
    assert_tiled(name, &description.root);
}

/// That every field's children follow each other without gap or overlap and fill it.
pub fn assert_tiled(name: &str, field: &Field) {
    let Some(last) = field.children.last() else {
        return;
    };
    let mut at = field.start;
    for child in &field.children {
        assert_eq!(
            child.start, at,
            "{name}: a gap before {} of {}",
            child.name, field.name
        );
        at = child.end;
        assert_tiled(name, child);
    }
    assert_eq!(
        last.end, field.end,
        "{name}: a gap at the end of {}",
        field.name
    );
}
