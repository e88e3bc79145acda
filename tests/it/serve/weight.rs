//! What the logs hold is bounded: by retention, and by what all of them may weigh together.

use kafka_playground::protocol::api::{
    DeleteRecordsRequest, ListOffsetsRequest, ProduceRequest, delete_records, list_offsets, produce,
};
use kafka_playground::protocol::encode_request;

use super::{Client, Served, eventually, is_well, produced};

const MEBIBYTE: usize = 1 << 20;
const PARTITIONS: i32 = 8;

/// A batch of two kilobytes for each partition, in which nobody is interested, as bytes.
fn wave() -> Vec<u8> {
    let mut request = ProduceRequest {
        acks: 0,
        ..produced("orders", &[b'x'; 2_000])
    };
    let records = request.topic_data[0].partition_data[0].records.clone();
    let partitions = (0..PARTITIONS).map(|index| produce::PartitionProduceData {
        index,
        records: records.clone(),
    });
    request.topic_data[0].partition_data = partitions.collect();
    encode_request(&request, 7, 1, None).to_vec()
}

/// A cluster with a topic that is led, and what it was told besides.
fn with_topic(options: &[&str]) -> (Served, Client) {
    // What is produced here is years old.
    let all = [
        &["--brokers", "1", "--config", "log.retention.ms=-1"],
        options,
    ]
    .concat();
    let served = Served::start_with(":", &all);
    let mut client = served.connect(1);
    client.create_topic("orders", PARTITIONS, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    (served, client)
}

/// Where each partition begins.
fn beginnings(client: &mut Client) -> Vec<i64> {
    let partitions = (0..PARTITIONS).map(|partition_index| list_offsets::ListOffsetsPartition {
        partition_index,
        timestamp: -2,
        ..Default::default()
    });
    let topic = list_offsets::ListOffsetsTopic {
        name: "orders".into(),
        partitions: partitions.collect(),
    };
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![topic],
        ..Default::default()
    };
    let answer = client.call(&request, 4);
    let partitions = answer.topics[0].partitions.iter();
    partitions.map(|partition| partition.offset).collect()
}

#[test]
fn what_is_produced_far_beyond_retention_leaves_what_retention_keeps() {
    // A partition keeps a megabyte and a segment of half of one: twelve all together, and 128 bytes for each batch.
    let (served, mut client) = with_topic(&[
        "--config",
        "log.retention.bytes=1048576",
        "--config",
        "log.segment.bytes=524288",
        "--config",
        "log.retention.check.interval.ms=100",
    ]);
    let before = served.memory();
    let wave = wave();
    let mut hasty = served.connect(1);
    let mut all = 0;
    let mut pours = |client: &mut Client, bytes: usize| {
        let count = bytes / wave.len();
        for number in 0..count {
            hasty.write(&wave);
            if number % 50 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(30));
            }
        }
        all += count as i64;
        eventually("all of it was taken", || {
            client
                .produce("orders", b"last")
                .is_ok_and(|last| last > all)
        });
        served.memory()
    };
    pours(&mut client, 20 * MEBIBYTE);
    eventually("every partition has let something go", || {
        beginnings(&mut served.connect(1))
            .iter()
            .all(|offset| *offset > 0)
    });
    let full = pours(&mut client, 4 * MEBIBYTE);
    // Some of that is the journal of what happened lately, which has a bound of its own.
    let grown = full.saturating_sub(before) as usize;
    assert!(grown < 40 * MEBIBYTE, "{grown}");
    let begun = beginnings(&mut client);
    // Three times as much as all of them keep leaves nothing behind.
    let after = pours(&mut client, 36 * MEBIBYTE);
    let grown = after.saturating_sub(full) as usize;
    assert!(grown < 10 * MEBIBYTE, "{full} and then {after}");
    let moved = beginnings(&mut client);
    let mut pairs = begun.iter().zip(&moved);
    assert!(
        pairs.all(|(then, now)| *then > 0 && now > then),
        "{begun:?} {moved:?}"
    );
}

#[test]
fn what_all_logs_weigh_is_bounded_whatever_each_may_keep() {
    let (served, mut client) = with_topic(&[
        "--memory",
        "16",
        "--config",
        "log.retention.bytes=-1",
        "--config",
        "log.segment.bytes=524288",
        "--config",
        "log.retention.check.interval.ms=100",
    ]);
    let before = served.forget_peak();
    let wave = wave();
    let all = wave.repeat(64 * MEBIBYTE / wave.len());
    let mut greedy = served.connect(1);
    let taken = greedy.write_what_fits(&all);
    // The buffers of the system hold some megabytes too.
    assert!(taken > 12 * MEBIBYTE && taken < 36 * MEBIBYTE, "{taken}");
    let grown = served.peak().saturating_sub(before) as usize;
    // Sixteen, and what else happened.
    assert!(grown < 24 * MEBIBYTE, "{grown}");
    let complaint = served
        .complaints
        .recv_timeout(super::PATIENCE)
        .expect("it says so");
    assert!(
        complaint.starts_with("The logs and groups weigh ")
            && complaint.contains("and --memory lets them weigh 16 MiB"),
        "{complaint}"
    );
    // Whoever does not produce is served as ever.
    is_well(&mut client);
    assert_eq!(beginnings(&mut client), [0; PARTITIONS as usize]);
    // Room is made, and more is taken.
    let partitions =
        (0..PARTITIONS).map(|partition_index| delete_records::DeleteRecordsPartition {
            partition_index,
            offset: -1,
        });
    let deleting = DeleteRecordsRequest {
        topics: vec![delete_records::DeleteRecordsTopic {
            name: "orders".into(),
            partitions: partitions.collect(),
        }],
        timeout_ms: 5_000,
    };
    client.call(&deleting, 1);
    let mut more = 0;
    eventually("more is taken", || {
        more += greedy.write_what_fits(&all[taken + more..]);
        more > 4 * MEBIBYTE
    });
}
