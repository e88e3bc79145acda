//! The codec against itself: what is written reads back, however the stream was cut.

use bytes::Bytes;
use kafka_playground::protocol::{
    AnyRequest, AnyResponse, ApiKey, Chunks, Dice, FrameBuffer, Reader, header,
};
use proptest::prelude::*;

/// A list of choices from which a message is sampled.
pub fn choices() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..300)
}

/// Runs `check` for every API and each of its versions.
pub fn for_every_version(mut check: impl FnMut(ApiKey, i16)) {
    for api in ApiKey::ALL {
        for version in api.versions() {
            check(*api, version);
        }
    }
}

/// The frame without its size.
pub fn without_size(bytes: &Chunks) -> Chunks {
    bytes.slice(4, bytes.len())
}

fn assert_reads_back(api: ApiKey, version: i16, choices: &[u32]) {
    let request = AnyRequest::sample(api, version, &mut Dice::new(choices));
    let frame = without_size(&request.encode(version, 7, Some("client")));
    let (header, read) = AnyRequest::decode(&frame).expect("a request that was written");
    assert_eq!((header.api_key, header.api_version), (api.code(), version));
    assert_eq!(header.correlation_id, 7);
    let has_client = api.request_header_version(version) > 0;
    assert_eq!(header.client_id.as_deref(), has_client.then_some("client"));
    assert_eq!(read, request, "{} v{version}", api.name());
    assert_eq!(
        without_size(&read.encode(version, 7, Some("client"))),
        frame
    );

    let response = AnyResponse::sample(api, version, &mut Dice::new(choices));
    let frame = without_size(&response.encode(version, -3));
    let read = AnyResponse::decode(api, version, &frame).expect("a response that was written");
    assert_eq!(read, (-3, response), "{} v{version}", api.name());
    assert_eq!(without_size(&read.1.encode(version, -3)), frame);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_reads_back(choices in choices()) {
        for_every_version(|api, version| assert_reads_back(api, version, &choices));
    }

    #[test]
    fn where_a_stream_is_cut_has_no_meaning(
        choices in choices(),
        cuts in prop::collection::vec(1usize..40, 1..20),
    ) {
        let mut stream = Vec::new();
        let mut requests = Vec::new();
        for_every_version(|api, version| {
            let request = AnyRequest::sample(api, version, &mut Dice::new(&choices));
            stream.extend(request.encode(version, 1, None).to_vec());
            requests.push(request);
        });
        let mut stream = Bytes::from(stream);
        let mut buffer = FrameBuffer::new();
        let mut cuts = cuts.iter().cycle();
        let mut read = Vec::new();
        while !stream.is_empty() {
            let cut = stream.len().min(*cuts.next().expect("an endless list"));
            buffer.push(Chunks::from(stream.split_to(cut)));
            while let Some(frame) = buffer.next(1 << 20).expect("frames that were written") {
                read.push(AnyRequest::decode(&frame).expect("a request that was written").1);
            }
        }
        prop_assert_eq!(buffer.buffered(), 0);
        prop_assert_eq!(read, requests);
    }
}

#[test]
fn a_stream_may_come_byte_by_byte() {
    let request = AnyRequest::sample(ApiKey::Metadata, 12, &mut Dice::new(&[3, 7, 9]));
    let bytes = request.encode(12, 1, Some("c1"));
    let mut buffer = FrameBuffer::new();
    for (index, byte) in bytes.to_vec().into_iter().enumerate() {
        assert_eq!(buffer.next(1000), Ok(None));
        assert_eq!(buffer.buffered(), index);
        buffer.push(Chunks::from(vec![byte]));
    }
    let frame = buffer
        .next(1000)
        .expect("a good size")
        .expect("a whole frame");
    assert_eq!(frame, without_size(&bytes));
}

#[test]
fn a_frame_of_an_impossible_size_is_malformed() {
    let http = Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n");
    let tls = Bytes::from_static(&[0x16, 3, 1, 0]);
    for size in [0, -1, i32::MAX, 1_000_001] {
        let mut buffer = FrameBuffer::new();
        buffer.push(Chunks::from(size.to_be_bytes().to_vec()));
        assert!(buffer.next(1_000_000).is_err(), "{size}");
    }
    for bytes in [http, tls] {
        let mut buffer = FrameBuffer::new();
        buffer.push(Chunks::from(bytes));
        assert!(buffer.next(104_857_600).is_err());
    }
}

#[test]
fn only_api_versions_may_be_asked_in_an_unknown_version() {
    for (api, version) in [(999, 0), (-1, 0), (0, 99), (0, -1), (18, -1), (18, 99)] {
        let mut writer = kafka_playground::protocol::Writer::new();
        let header = header::RequestHeader {
            api_key: api,
            api_version: version,
            correlation_id: 5,
            client_id: None,
        };
        header.encode(&mut writer);
        writer.put(b"whatever follows");
        let read = AnyRequest::decode(&writer.finish());
        if api == 18 {
            let (header, request) = read.expect("a question that must be answered");
            assert_eq!(header.api_version, version);
            assert_eq!(request, AnyRequest::ApiVersions(Default::default()));
        } else {
            assert!(read.is_err(), "{api} v{version}");
        }
    }
}

#[test]
fn bytes_behind_a_request_are_not_looked_at() {
    for_every_version(|api, version| {
        let request = AnyRequest::sample(api, version, &mut Dice::new(&[]));
        let mut frame = without_size(&request.encode(version, 1, None));
        let alone = AnyRequest::decode(&frame).expect("it was just written");
        frame.push(Bytes::from_static(&[0]));
        let read = AnyRequest::decode(&frame);
        assert_eq!(read, Ok(alone), "{} v{version}", api.name());
    });
}

#[test]
fn unknown_tagged_fields_are_passed_over() {
    // ApiVersions v3: two empty names, then a section of two tagged fields nobody knows.
    let body = Chunks::from(vec![1, 1, 2, 9, 1, 0xff, 0x85, 1, 0]);
    let mut reader = Reader::new(&body);
    let request = AnyRequest::decode_body(ApiKey::ApiVersions, 3, &mut reader);
    assert!(request.is_ok());
    assert_eq!(reader.remaining(), 0);
}

#[test]
fn null_is_written_as_empty_where_a_version_has_no_null() {
    let all = AnyRequest::Metadata(Default::default());
    let frame = without_size(&all.encode(0, 1, None));
    let AnyRequest::Metadata(read) = AnyRequest::decode(&frame).expect("a request").1 else {
        panic!("a request of another API");
    };
    // In version 0 an empty list means all topics, as null does from version 1 on.
    assert_eq!(read.topics, Some(Vec::new()));
    let frame = without_size(&all.encode(1, 1, None));
    assert_eq!(AnyRequest::decode(&frame).expect("a request").1, all);
}

#[test]
fn text_that_is_too_long_is_cut_between_characters() {
    use kafka_playground::protocol::api::metadata::{MetadataRequest, MetadataRequestTopic};
    let long = "é".repeat(20_000);
    let topic = MetadataRequestTopic {
        name: Some(long.as_str().into()),
        ..Default::default()
    };
    let request = AnyRequest::Metadata(MetadataRequest {
        topics: Some(vec![topic]),
        ..Default::default()
    });
    for version in [8, 9] {
        let frame = without_size(&request.encode(version, 1, None));
        let AnyRequest::Metadata(read) = AnyRequest::decode(&frame).expect("a request").1 else {
            panic!("a request of another API");
        };
        let name = read.topics.expect("topics")[0]
            .name
            .clone()
            .expect("a name");
        assert_eq!(name.chars().count(), 16_383);
    }
}

#[test]
fn records_are_shared_on_their_way_through() {
    use kafka_playground::protocol::api::produce::*;
    let stored = Bytes::from(vec![7; 1000]);
    let request = AnyRequest::Produce(ProduceRequest {
        topic_data: vec![TopicProduceData {
            name: "orders".into(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(Chunks::from(stored.clone())),
            }],
        }],
        ..Default::default()
    });
    let frame = without_size(&request.encode(9, 1, None));
    let AnyRequest::Produce(read) = AnyRequest::decode(&frame).expect("a request").1 else {
        panic!("a request of another API");
    };
    let records = read.topic_data[0].partition_data[0]
        .records
        .as_ref()
        .expect("records");
    assert_eq!(records.to_bytes().as_ptr(), stored.as_ptr());
}
