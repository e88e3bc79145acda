//! Frames that no honest client sends, and odd ones that one may send, by the rows of the project's list of bad input.
//!
//! A broker alone is tried with them, and the program over TCP; so nothing here is of either's making.

/// Frames, and what is odd about each.
pub type Rows = Vec<(&'static str, Vec<u8>)>;

/// A message with its size before it.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as i32).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A request by its header of version 1: number 1, no client id.
pub fn request(api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut bytes = api.to_be_bytes().to_vec();
    bytes.extend(version.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0xff, 0xff]);
    bytes.extend_from_slice(body);
    frame(&bytes)
}

/// ApiVersions 3: a header with tagged fields, two compact strings, tagged fields.
fn tagged(tags: &[u8]) -> Vec<u8> {
    request(18, 3, &[tags, &[2, b'a', 2, b'b', 0]].concat())
}

/// W12: tagged fields that are whole, known or not.
pub fn whole_tags() -> Rows {
    vec![
        ("no field", tagged(&[0])),
        ("an unknown field", tagged(&[1, 7, 2, 9, 9])),
    ]
}

/// W12: tagged fields that are not.
pub fn broken_tags() -> Rows {
    let endless = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    vec![
        ("a field longer than the frame", tagged(&[1, 7, 100, 9, 9])),
        ("more fields than bytes", tagged(&[0xff, 0xff, 0x7f])),
        ("a tag without an end", tagged(&endless)),
    ]
}

fn with_client_id(length: u16, text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 18, 0, 0, 0, 0, 0, 1];
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(text);
    frame(&bytes)
}

/// W13: client ids as long as may be, or none.
pub fn client_ids() -> Rows {
    vec![
        ("none", with_client_id(0xffff, &[])),
        ("the longest", with_client_id(32_767, &[b'x'; 32_767])),
    ]
}

/// W13: client ids that cannot be.
pub fn bad_client_ids() -> Rows {
    let long = [b'x'; 40_000];
    vec![
        ("a client id of -2", with_client_id(0xfffe, &[])),
        // More than the number before it can say: it reads as less than nothing.
        ("a client id of 40,000", with_client_id(40_000, &long)),
        ("a client id that is no text", with_client_id(1, &[0xff])),
        (
            "a client id longer than the frame",
            with_client_id(9, b"short"),
        ),
        ("half a header", frame(&[0, 18, 0])),
    ]
}

/// W14, W15: short frames that promise more than there could be.
pub fn promises() -> Rows {
    vec![
        (
            "two thousand million topics",
            request(3, 0, &[0x7f, 0xff, 0xff, 0xff]),
        ),
        ("a count below -1", request(3, 1, &[0xff, 0xff, 0xff, 0xfe])),
        (
            "four thousand million, compact",
            request(3, 9, &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]),
        ),
        (
            "a varint of six bytes",
            request(3, 9, &[0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0]),
        ),
        (
            "a varint of more than 32 bits",
            request(3, 9, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0]),
        ),
    ]
}

/// W17: bytes behind the end of a body.
pub fn behind_the_end() -> Rows {
    vec![
        ("a byte behind an empty body", request(18, 0, &[7])),
        // How librdkafka asks for all topics: an array of none is one byte, and it makes room for four.
        ("all topics", request(3, 12, &[0, 0, 0, 0, 0, 1, 0, 0])),
    ]
}

/// W18: requests with these numbers, which may be anything, and the numbers.
pub fn numbered() -> (Vec<u8>, [i32; 7]) {
    let numbers = [5, 5, -1, i32::MIN, 0, 5, i32::MAX];
    // ApiVersions 0, without a client id.
    let asked = |number: i32| [&[0, 18, 0, 0], &number.to_be_bytes()[..], &[0xff, 0xff]].concat();
    let frames = numbers.map(|number| frame(&asked(number)));
    (frames.concat(), numbers)
}
