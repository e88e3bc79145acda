//! `isolation.level`: as there are no transactions, everything below the high watermark is decided.

use super::*;
use crate::protocol::api::ListOffsetsRequest;
use crate::protocol::api::list_offsets::{LATEST, ListOffsetsPartition, ListOffsetsTopic};

const READ_UNCOMMITTED: i8 = 0;
const READ_COMMITTED: i8 = 1;

/// One record that is committed, and one that is not.
fn half_committed() -> Bench {
    let mut bench = Bench::new(&[], &[]);
    bench.produce_now(1, -1, "a");
    bench.hold(b(3), b(1));
    bench.produce_now(1, 1, "b");
    bench.run_ms(100);
    assert_eq!(bench.replica(1).log_end(), Offset(2));
    assert_eq!(bench.replica(1).high_watermark(), Offset(1));
    bench
}

#[test]
fn who_reads_what_is_committed_reads_up_to_the_high_watermark_in_every_version_of_fetch() {
    let mut bench = half_committed();
    for version in 4..=16 {
        for isolation_level in [READ_UNCOMMITTED, READ_COMMITTED] {
            let connection = bench.open_as(ProcessId::Consumer(1), 1);
            let request = FetchRequest {
                isolation_level,
                ..fetch_request(0, 0)
            };
            let response = bench.call(connection, &request, version);
            let data = &response.responses[0].partitions[0];
            let place = format!("version {version}, isolation {isolation_level}");
            assert_eq!(Fetched::of(data).offsets, [0], "{place}");
            let told = (data.high_watermark, data.last_stable_offset);
            assert_eq!(told, (1, 1), "{place}");
            // Nothing was aborted; who does not ask is not even told that.
            let aborted = data.aborted_transactions.as_ref().map(Vec::len);
            let expected = (isolation_level == READ_COMMITTED).then_some(0);
            assert_eq!(aborted, expected, "{place}");
        }
    }
}

#[test]
fn the_last_offset_is_the_high_watermark_in_every_version_of_list_offsets() {
    let mut bench = half_committed();
    for version in 0..=8 {
        for isolation_level in [READ_UNCOMMITTED, READ_COMMITTED] {
            let connection = bench.open_as(ProcessId::Consumer(1), 1);
            let request = ListOffsetsRequest {
                replica_id: -1,
                isolation_level,
                topics: vec![ListOffsetsTopic {
                    name: TOPIC.into(),
                    partitions: vec![ListOffsetsPartition {
                        timestamp: LATEST,
                        ..ListOffsetsPartition::default()
                    }],
                }],
            };
            let response = bench.call(connection, &request, version);
            let found = &response.topics[0].partitions[0];
            let place = format!("version {version}, isolation {isolation_level}");
            let end = match version {
                0 => found.old_style_offsets[0],
                _ => found.offset,
            };
            assert_eq!((found.error_code, end), (0, 1), "{place}");
        }
    }
}
