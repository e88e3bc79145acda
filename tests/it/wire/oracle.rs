//! The codec against an outside one: the crate `kafka-protocol`, which is generated from Kafka's own
//! schemas. Version 0.18 follows Kafka 4, which has dropped old versions and the controller's
//! requests; version 0.15.1 still has them.
//!
//! A random message is written by us and read by the oracle, which must read all of it, and written
//! by the oracle and read by us, which must give the same bytes and the same message.

use super::codec::{choices, for_every_version, without_size};
use bytes::{Bytes, BytesMut};
use kafka_playground::protocol::{AnyRequest, AnyResponse, ApiKey, Chunks, Dice};
use proptest::prelude::*;
use std::ops::RangeInclusive;

/// What the oracle makes of a frame: the same message in its own words.
type Rewrite = fn(&Bytes, i16) -> Bytes;

/// One type of message as an oracle knows it.
struct Oracle {
    versions: RangeInclusive<i16>,
    rewrite: Rewrite,
}

/// Makes a function that gives the oracle's view of an API's request and response.
macro_rules! oracle {
    ($function:ident, $library:ident: $($api:ident $request:ident $response:ident),* $(,)?) => {
        fn $function(api: ApiKey) -> Option<(Oracle, Oracle)> {
            use $library::messages::{
                $($request, $response,)* RequestHeader, ResponseHeader,
            };
            use $library::protocol::{Decodable, Encodable, HeaderVersion, Message};

            fn request<M: Message + Decodable + Encodable + HeaderVersion>(
                frame: &Bytes,
                version: i16,
            ) -> Bytes {
                let mut rest = frame.clone();
                let header_version = M::header_version(version);
                let header = RequestHeader::decode(&mut rest, header_version).expect("a header");
                let body = M::decode(&mut rest, version).expect("a request");
                assert!(rest.is_empty(), "the oracle leaves {rest:?}");
                let mut written = BytesMut::new();
                header.encode(&mut written, header_version).expect("a header");
                body.encode(&mut written, version).expect("a request");
                written.freeze()
            }

            fn response<M: Message + Decodable + Encodable + HeaderVersion>(
                frame: &Bytes,
                version: i16,
            ) -> Bytes {
                let mut rest = frame.clone();
                let header_version = M::header_version(version);
                let header = ResponseHeader::decode(&mut rest, header_version).expect("a header");
                let body = M::decode(&mut rest, version).expect("a response");
                assert!(rest.is_empty(), "the oracle leaves {rest:?}");
                let mut written = BytesMut::new();
                header.encode(&mut written, header_version).expect("a header");
                body.encode(&mut written, version).expect("a response");
                written.freeze()
            }

            match api {
                $(ApiKey::$api => Some((
                    Oracle {
                        versions: $request::VERSIONS.min..=$request::VERSIONS.max,
                        rewrite: request::<$request>,
                    },
                    Oracle {
                        versions: $response::VERSIONS.min..=$response::VERSIONS.max,
                        rewrite: response::<$response>,
                    },
                )),)*
                #[allow(unreachable_patterns)]
                _ => None,
            }
        }
    };
}

oracle! { of_kafka_4, kafka_protocol:
    Produce ProduceRequest ProduceResponse,
    Fetch FetchRequest FetchResponse,
    ListOffsets ListOffsetsRequest ListOffsetsResponse,
    Metadata MetadataRequest MetadataResponse,
    ApiVersions ApiVersionsRequest ApiVersionsResponse,
    CreateTopics CreateTopicsRequest CreateTopicsResponse,
    OffsetForLeaderEpoch OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse,
    AlterPartition AlterPartitionRequest AlterPartitionResponse,
    DeleteTopics DeleteTopicsRequest DeleteTopicsResponse,
    InitProducerId InitProducerIdRequest InitProducerIdResponse,
    CreatePartitions CreatePartitionsRequest CreatePartitionsResponse,
    ElectLeaders ElectLeadersRequest ElectLeadersResponse,
    IncrementalAlterConfigs IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse,
    AlterPartitionReassignments AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse,
    ListPartitionReassignments ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse,
    DescribeCluster DescribeClusterRequest DescribeClusterResponse,
    AllocateProducerIds AllocateProducerIdsRequest AllocateProducerIdsResponse,
    FindCoordinator FindCoordinatorRequest FindCoordinatorResponse,
    JoinGroup JoinGroupRequest JoinGroupResponse,
    SyncGroup SyncGroupRequest SyncGroupResponse,
    SaslHandshake SaslHandshakeRequest SaslHandshakeResponse,
    Heartbeat HeartbeatRequest HeartbeatResponse,
    LeaveGroup LeaveGroupRequest LeaveGroupResponse,
    OffsetCommit OffsetCommitRequest OffsetCommitResponse,
    OffsetFetch OffsetFetchRequest OffsetFetchResponse,
    DescribeGroups DescribeGroupsRequest DescribeGroupsResponse,
    ListGroups ListGroupsRequest ListGroupsResponse,
    DeleteGroups DeleteGroupsRequest DeleteGroupsResponse,
    OffsetDelete OffsetDeleteRequest OffsetDeleteResponse,
    DeleteRecords DeleteRecordsRequest DeleteRecordsResponse,
    DescribeConfigs DescribeConfigsRequest DescribeConfigsResponse,
    AlterConfigs AlterConfigsRequest AlterConfigsResponse,
    DescribeLogDirs DescribeLogDirsRequest DescribeLogDirsResponse,
}

oracle! { of_kafka_3, kafka_protocol_old:
    Produce ProduceRequest ProduceResponse,
    Fetch FetchRequest FetchResponse,
    ListOffsets ListOffsetsRequest ListOffsetsResponse,
    Metadata MetadataRequest MetadataResponse,
    LeaderAndIsr LeaderAndIsrRequest LeaderAndIsrResponse,
    UpdateMetadata UpdateMetadataRequest UpdateMetadataResponse,
    ApiVersions ApiVersionsRequest ApiVersionsResponse,
    CreateTopics CreateTopicsRequest CreateTopicsResponse,
    OffsetForLeaderEpoch OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse,
    AlterPartition AlterPartitionRequest AlterPartitionResponse,
    StopReplica StopReplicaRequest StopReplicaResponse,
    ControlledShutdown ControlledShutdownRequest ControlledShutdownResponse,
    DeleteTopics DeleteTopicsRequest DeleteTopicsResponse,
    InitProducerId InitProducerIdRequest InitProducerIdResponse,
    CreatePartitions CreatePartitionsRequest CreatePartitionsResponse,
    ElectLeaders ElectLeadersRequest ElectLeadersResponse,
    IncrementalAlterConfigs IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse,
    AlterPartitionReassignments AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse,
    ListPartitionReassignments ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse,
    DescribeCluster DescribeClusterRequest DescribeClusterResponse,
    AllocateProducerIds AllocateProducerIdsRequest AllocateProducerIdsResponse,
    FindCoordinator FindCoordinatorRequest FindCoordinatorResponse,
    JoinGroup JoinGroupRequest JoinGroupResponse,
    SyncGroup SyncGroupRequest SyncGroupResponse,
    SaslHandshake SaslHandshakeRequest SaslHandshakeResponse,
    Heartbeat HeartbeatRequest HeartbeatResponse,
    LeaveGroup LeaveGroupRequest LeaveGroupResponse,
    OffsetCommit OffsetCommitRequest OffsetCommitResponse,
    OffsetFetch OffsetFetchRequest OffsetFetchResponse,
    DescribeGroups DescribeGroupsRequest DescribeGroupsResponse,
    ListGroups ListGroupsRequest ListGroupsResponse,
    DeleteGroups DeleteGroupsRequest DeleteGroupsResponse,
    OffsetDelete OffsetDeleteRequest OffsetDeleteResponse,
    DeleteRecords DeleteRecordsRequest DeleteRecordsResponse,
    DescribeConfigs DescribeConfigsRequest DescribeConfigsResponse,
    AlterConfigs AlterConfigsRequest AlterConfigsResponse,
    DescribeLogDirs DescribeLogDirsRequest DescribeLogDirsResponse,
}

/// Every oracle's rewriting of a request and of a response of this API and version.
fn oracles(api: ApiKey, version: i16) -> (Vec<Rewrite>, Vec<Rewrite>) {
    let known = [of_kafka_4(api), of_kafka_3(api)];
    let serving = |oracle: &Oracle| oracle.versions.contains(&version).then_some(oracle.rewrite);
    let requests = known
        .iter()
        .flatten()
        .filter_map(|(request, _)| serving(request));
    let responses = known
        .iter()
        .flatten()
        .filter_map(|(_, response)| serving(response));
    (requests.collect(), responses.collect())
}

/// That every oracle reads `frame` as a request and writes the same bytes.
pub fn assert_oracles_agree_on_request(api: ApiKey, version: i16, frame: &Chunks) {
    for rewrite in oracles(api, version).0 {
        let rewritten = rewrite(&frame.to_bytes(), version);
        assert_eq!(
            Chunks::from(rewritten),
            *frame,
            "{} v{version} request",
            api.name()
        );
    }
}

/// That every oracle reads `frame` as a response and writes the same bytes.
pub fn assert_oracles_agree_on_response(api: ApiKey, version: i16, frame: &Chunks) {
    for rewrite in oracles(api, version).1 {
        let rewritten = rewrite(&frame.to_bytes(), version);
        assert_eq!(
            Chunks::from(rewritten),
            *frame,
            "{} v{version} response",
            api.name()
        );
    }
}

#[test]
fn every_version_of_every_message_has_an_oracle() {
    let mut by_both = 0;
    for_every_version(|api, version| {
        let (requests, responses) = oracles(api, version);
        assert!(!requests.is_empty(), "{} v{version}", api.name());
        assert_eq!(requests.len(), responses.len());
        by_both += usize::from(requests.len() == 2);
    });
    assert!(by_both > 50, "{by_both}");
}

#[test]
fn our_headers_have_the_versions_that_kafkas_have() {
    use kafka_protocol_old::messages::ApiKey as Theirs;
    for_every_version(|api, version| {
        let theirs = Theirs::try_from(api.code()).expect("an API of Kafka's");
        assert_eq!(format!("{theirs:?}"), api.name());
        assert_eq!(
            theirs.request_header_version(version),
            api.request_header_version(version)
        );
        assert_eq!(
            theirs.response_header_version(version),
            api.response_header_version(version)
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_outside_codec_agrees(choices in choices(), client in prop::option::of("[a-zé]{0,9}")) {
        for_every_version(|api, version| {
            let request = AnyRequest::sample(api, version, &mut Dice::new(&choices));
            let frame = without_size(&request.encode(version, 77, client.as_deref()));
            assert_oracles_agree_on_request(api, version, &frame);

            let response = AnyResponse::sample(api, version, &mut Dice::new(&choices));
            let frame = without_size(&response.encode(version, 77));
            assert_oracles_agree_on_response(api, version, &frame);
        });
    }
}

#[test]
fn an_outside_codec_reads_our_batches() {
    use kafka_playground::protocol::records::{BatchBuilder, Codec, Header};
    use kafka_protocol::records::RecordBatchDecoder;
    let mut builder = BatchBuilder::new(Codec::None);
    builder.set_producer(4000, 3, 17);
    let header = Header {
        key: "trace".into(),
        value: None,
    };
    builder.append(1_700_000_000_000, Some(b"key"), Some(b"value"), &[header]);
    builder.append(1_700_000_000_250, None, None, &[]);
    let mut bytes = builder.build();
    let read = RecordBatchDecoder::decode(&mut bytes).expect("a batch");
    assert_eq!(read.records.len(), 2);
    assert_eq!(read.records[0].producer_id, 4000);
    assert_eq!(read.records[0].sequence, 17);
    assert_eq!(read.records[0].key.as_deref(), Some(&b"key"[..]));
    assert_eq!(read.records[0].headers.len(), 1);
    assert_eq!(read.records[1].offset, 1);
    assert_eq!(read.records[1].timestamp, 1_700_000_000_250);
    assert_eq!(read.records[1].value, None);
}

#[test]
fn we_read_an_outside_codecs_batches() {
    use kafka_playground::protocol::records::read_batches;
    use kafka_protocol::records::{
        Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };
    let record = |offset: i64| Record {
        transactional: false,
        control: false,
        partition_leader_epoch: 4,
        producer_id: 9,
        producer_epoch: 1,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: i32::try_from(offset).expect("small"),
        timestamp: 1000 + 10 * offset,
        key: Some(Bytes::from(offset.to_string())),
        value: (offset != 2).then(|| Bytes::from_static(b"v")),
        headers: Default::default(),
        delete_horizon: false,
    };
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let records: Vec<_> = (0..3).map(record).collect();
    RecordBatchEncoder::encode(&mut bytes, records.iter(), &options).expect("a batch");
    let batches = read_batches(&Chunks::from(bytes.freeze())).expect("whole batches");
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].verify_crc(), Ok(()));
    let read: Vec<_> = batches[0]
        .records()
        .map(|record| record.expect("valid"))
        .collect();
    assert_eq!(read.len(), 3);
    for (ours, theirs) in read.iter().zip(&records) {
        assert_eq!(ours.offset.0, theirs.offset);
        assert_eq!(ours.timestamp, theirs.timestamp);
        assert_eq!((&ours.key, &ours.value), (&theirs.key, &theirs.value));
    }
}
