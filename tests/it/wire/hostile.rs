//! Hostile frames: never a panic, never more memory than the rule allows.
//!
//! Every truncation of a message is malformed. A flipped bit is another matter: most bits of a
//! message are the value of some integer, and a message with another value is a message. So a flip
//! either is malformed or gives a message that survives being written and read again; and where all
//! integers are written in the one shortest way, as the older layout forces, it is written as it came.

use super::codec::{for_every_version, without_size};
use super::vectors::wire::{self, Name, Side, VECTORS};
use crate::memory::peak_of;
use bytes::Bytes;
use kafka_playground::protocol::{
    AnyRequest, AnyResponse, ApiKey, Chunks, FrameBuffer, Malformed, Reason, describe_request,
    describe_response,
};
use proptest::prelude::*;

/// What is read from a frame without its size, if it can be read: the frame it is written as.
fn read(name: &Name, frame: &Chunks) -> Result<Chunks, Malformed> {
    match name.side {
        Side::Request => {
            let (header, request) = AnyRequest::decode(frame)?;
            let client = header.client_id.as_deref();
            Ok(request.encode(header.api_version, header.correlation_id, client))
        }
        Side::Response => {
            let (id, response) = AnyResponse::decode(name.api, name.version, frame)?;
            Ok(response.encode(name.version, id))
        }
    }
}

/// The most that reading a frame may take: what the rule allows, and the list of the batches'
/// pieces and other small change.
fn allowance(frame: &Chunks) -> usize {
    64 * frame.len() + 1024
}

#[test]
fn every_truncation_of_every_vector_is_malformed() {
    for (name, text) in VECTORS {
        let parsed = Name::parse(name);
        let frame = without_size(&wire::frame(text));
        for length in 0..frame.len() {
            let read = read(&parsed, &frame.slice(0, length));
            let reason = read.expect_err(name).reason;
            let early = [Reason::Truncated, Reason::ImpossibleCount];
            assert!(
                early.contains(&reason),
                "{name} cut at {length}: {reason:?}"
            );
        }
    }
}

/// Messages without any length or flag: whatever their bits are, they can be read.
const ONLY_NUMBERS: &[&str] = &[
    "init-producer-id-v0-response",
    "init-producer-id-v1-response",
    "heartbeat-v1-response",
    "heartbeat-v2-response",
    "heartbeat-v3-response",
    "leave-group-v1-response",
    "leave-group-v2-response",
];

#[test]
fn every_flipped_bit_of_every_vector_is_harmless() {
    for (name, text) in VECTORS {
        let parsed = Name::parse(name);
        let whole = without_size(&wire::frame(text)).to_vec();
        let mut malformed = 0;
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            let flipped = Chunks::from(flipped);
            let (result, peak) = peak_of(|| match parsed.side {
                Side::Request => AnyRequest::decode(&flipped).map(|_| ()),
                Side::Response => {
                    AnyResponse::decode(parsed.api, parsed.version, &flipped).map(|_| ())
                }
            });
            assert!(
                peak <= allowance(&flipped),
                "{name}, bit {bit}: {peak} bytes"
            );
            if result.is_err() {
                malformed += 1;
                continue;
            }
            let written = without_size(&read(&parsed, &flipped).expect("it was read before"));
            if written != flipped && !unknown_api_versions(&flipped) {
                let again = read(&parsed, &written).expect("what was written is read");
                assert_eq!(without_size(&again), written, "{name}, bit {bit}");
            }
        }
        let only_numbers = whole.len() < 8 || ONLY_NUMBERS.contains(name);
        assert!(malformed > 0 || only_numbers, "{name}: no flip shows");
    }
}

/// Whether this is the one request whose body is not read: ApiVersions in an unknown version.
fn unknown_api_versions(frame: &Chunks) -> bool {
    AnyRequest::decode(frame).is_ok_and(|(header, _)| {
        header.api() == Some(ApiKey::ApiVersions)
            && !ApiKey::ApiVersions.versions().contains(&header.api_version)
    })
}

#[test]
fn the_inspector_describes_whatever_it_is_shown() {
    for (name, text) in VECTORS {
        let parsed = Name::parse(name);
        let whole = wire::frame(text).to_vec();
        let describe = |bytes: &[u8]| {
            let frame = Chunks::from(bytes.to_vec());
            let description = match parsed.side {
                Side::Request => describe_request(&frame),
                Side::Response => describe_response(&frame, parsed.api, parsed.version),
            };
            assert_eq!(
                (description.root.start, description.root.end),
                (0, frame.len())
            );
            wire::assert_tiled(name, &description.root);
            description
        };
        for length in 0..whole.len() {
            // The size is made to fit, so that more than the size is looked at.
            let mut cut = whole[..length].to_vec();
            if let Ok(size) = i32::try_from(length.saturating_sub(4)) {
                cut.iter_mut()
                    .zip(size.to_be_bytes())
                    .for_each(|(byte, size)| *byte = size);
            }
            assert!(describe(&cut).error.is_some(), "{name} cut at {length}");
        }
        for at in 4..whole.len() {
            for value in [0, 0x7f, 0xff, whole[at] ^ 1] {
                let mut changed = whole.clone();
                changed[at] = value;
                describe(&changed);
            }
        }
    }
}

/// A request's frame of a header and a body.
fn request(api: ApiKey, version: i16, body: &[u8]) -> Chunks {
    let mut frame = Vec::new();
    frame.extend(api.code().to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend([0, 0, 0, 1, 0xff, 0xff]);
    if api.request_header_version(version) == 2 {
        frame.push(0);
    }
    frame.extend(body);
    Chunks::from(frame)
}

#[test]
fn w14_four_bytes_do_not_take_gigabytes() {
    let frame = request(ApiKey::Metadata, 0, &[0x7f, 0xff, 0xff, 0xff]);
    let (read, peak) = peak_of(|| AnyRequest::decode(&frame));
    assert_eq!(
        read.expect_err("an impossible count").reason,
        Reason::ImpossibleCount
    );
    assert!(peak < 1024, "{peak}");
}

#[test]
fn counts_and_lengths_that_lie_are_malformed() {
    let cases: &[(ApiKey, i16, &[u8], Reason)] = &[
        (
            ApiKey::Metadata,
            0,
            &[0x7f, 0xff, 0xff, 0xff, 0, 0],
            Reason::ImpossibleCount,
        ),
        (
            ApiKey::Metadata,
            0,
            &[0, 0, 0, 2, 0, 0],
            Reason::ImpossibleCount,
        ),
        (ApiKey::Metadata, 0, &[0xff, 0xff, 0xff, 0xff], Reason::Null),
        (
            ApiKey::Metadata,
            0,
            &[0xff, 0xff, 0xff, 0xfe],
            Reason::NegativeLength,
        ),
        (
            ApiKey::Metadata,
            0,
            &[0, 0, 0, 1, 0, 5, b'a'],
            Reason::Truncated,
        ),
        (ApiKey::Metadata, 0, &[0, 0, 0, 1, 0xff, 0xff], Reason::Null),
        (
            ApiKey::Metadata,
            0,
            &[0, 0, 0, 1, 0xff, 0xfe],
            Reason::NegativeLength,
        ),
        (
            ApiKey::Metadata,
            0,
            &[0, 0, 0, 1, 0, 1, 0xff],
            Reason::NotUtf8,
        ),
        (
            ApiKey::Metadata,
            9,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0],
            Reason::OverlongInteger,
        ),
        (
            ApiKey::Metadata,
            9,
            &[0x80, 0x80, 0x80, 0x80, 0x80, 1],
            Reason::OverlongInteger,
        ),
        (
            ApiKey::Metadata,
            9,
            &[0xff, 0xff, 0xff, 0xff, 0x0f, 0],
            Reason::ImpossibleCount,
        ),
        // No topics, three flags, then tagged fields: too many, too long, overlong.
        (
            ApiKey::Metadata,
            9,
            &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
            Reason::Truncated,
        ),
        (
            ApiKey::Metadata,
            9,
            &[0, 0, 0, 0, 1, 0, 9],
            Reason::Truncated,
        ),
        (
            ApiKey::Metadata,
            9,
            &[0, 0, 0, 0, 1, 0, 0x80],
            Reason::Truncated,
        ),
    ];
    for (api, version, body, reason) in cases {
        let frame = request(*api, *version, body);
        let (read, peak) = peak_of(|| AnyRequest::decode(&frame));
        assert_eq!(
            read.expect_err("a lie").reason,
            *reason,
            "{} v{version} {body:?}",
            api.name()
        );
        assert!(peak <= allowance(&frame), "{peak}");
    }
}

#[test]
fn a_tagged_field_fills_its_size() {
    // Fetch v16: 4 integers, a level, a session, no topics, nothing forgotten, no rack; then the
    // replica state of 4 + 8 bytes and an empty section of its own.
    let start = [&[0; 12][..], &[0], &[0; 8], &[1, 1, 1], &[1, 1]].concat();
    let state = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0];
    for (size, right) in [(13, true), (12, false), (14, false), (0, false)] {
        let body = [
            &start[..],
            &[size],
            &state,
            &[0; 1][..usize::from(size == 14)],
        ]
        .concat();
        let read = AnyRequest::decode(&request(ApiKey::Fetch, 16, &body));
        assert_eq!(read.is_ok(), right, "a size of {size}: {read:?}");
    }
}

#[test]
fn a_header_that_lies_is_malformed() {
    let header = |client: &[u8]| {
        let start = [0, 3, 0, 9, 0, 0, 0, 1];
        Chunks::from([&start[..], client, &[0, 0, 0, 0, 0][..]].concat())
    };
    assert!(AnyRequest::decode(&header(&[0xff, 0xff, 0])).is_ok());
    for client in [
        &[0xff, 0xfe, 0][..], // a length of −2
        &[0, 1, 0xff, 0],     // not UTF-8
        &[0x7f, 0xff, 0],     // longer than the frame
        &[0xff, 0xff, 1],     // a tagged field that is not there
        &[0xff, 0xff, 0xff],  // a count of tagged fields without an end
    ] {
        assert!(AnyRequest::decode(&header(client)).is_err(), "{client:?}");
    }
    let known = [&[0xff, 0xff, 2, 0, 1, 7, 9, 0][..]].concat();
    assert!(
        AnyRequest::decode(&header(&known)).is_ok(),
        "unknown tagged fields are skipped"
    );
    let long = [&[0x7f, 0xff][..], &[b'x'; 32767], &[0]].concat();
    assert!(AnyRequest::decode(&header(&long)).is_ok());
}

/// Arrays within arrays, each claiming as many elements as could follow (W16 of the wire attacks).
#[test]
fn w16_nested_claims_stay_within_the_budget() {
    for_every_version(|api, version| {
        for fill in [0x00, 0x01, 0x02, 0x04, 0x10, 0x7f, 0xff] {
            for length in [10, 100, 1000, 10_000] {
                let frame = request(api, version, &vec![fill; length]);
                let (_, peak) = peak_of(|| AnyRequest::decode(&frame).map(|_| ()));
                assert!(
                    peak <= allowance(&frame),
                    "{} v{version}: {peak}",
                    api.name()
                );
                let answer = Chunks::from(vec![fill; length]);
                let (_, peak) = peak_of(|| AnyResponse::decode(api, version, &answer).map(|_| ()));
                assert!(
                    peak <= allowance(&answer),
                    "{} v{version}: {peak}",
                    api.name()
                );
            }
        }
    });
}

#[test]
fn w1_a_promised_frame_takes_no_memory() {
    let mut buffer = FrameBuffer::new();
    let (_, peak) = peak_of(|| {
        buffer.push(Chunks::from(vec![0, 0x7f, 0, 0, 1, 2, 3]));
        assert_eq!(buffer.next(104_857_600), Ok(None));
    });
    assert_eq!(buffer.buffered(), 7);
    assert!(peak < 1024, "{peak}");
}

#[test]
fn w6_a_stream_in_single_bytes_takes_little_more_than_its_bytes() {
    let mut buffer = FrameBuffer::new();
    let length = 50_000;
    let (_, peak) = peak_of(|| {
        buffer.push(Chunks::from(vec![0, 1, 0, 0]));
        for _ in 0..length {
            buffer.push(Chunks::from(Bytes::from_static(b"x")));
            assert_eq!(buffer.next(1 << 20), Ok(None));
        }
    });
    assert!(peak < 4 * length, "{peak}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bodies_do_no_harm(
        api in 0..ApiKey::ALL.len(),
        version in any::<i16>(),
        body in prop::collection::vec(prop_oneof![Just(0u8), 0u8..6, any::<u8>()], 0..400),
    ) {
        let api = ApiKey::ALL[api];
        let span = api.versions().end() - api.versions().start() + 1;
        let version = api.versions().start() + version.rem_euclid(span);
        let frame = request(api, version, &body);
        let (_, peak) = peak_of(|| AnyRequest::decode(&frame).map(|_| ()));
        prop_assert!(peak <= allowance(&frame), "{} v{}: {}", api.name(), version, peak);
        let answer = Chunks::from(body);
        let (_, peak) = peak_of(|| AnyResponse::decode(api, version, &answer).map(|_| ()));
        prop_assert!(peak <= allowance(&answer), "{} v{}: {}", api.name(), version, peak);
    }
}
