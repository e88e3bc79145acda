//! Tests of the consumer as a whole, against a cluster that does what each test says.

use super::*;
use crate::client::bench::{Asked, Bench, addresses, topic_id};
use crate::process::{Instruction, SeekTo};
use crate::protocol::api::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use crate::protocol::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use crate::protocol::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use crate::protocol::records::{BatchBuilder, Codec};
use crate::protocol::{AnyRequest, AnyResponse, Chunks, ErrorCode};
use crate::rng::Seed;

fn bench(settings: &[(&str, &str)], leaders: &[i32]) -> Bench<Consumer> {
    let mut config = ConsumerConfig::default();
    config
        .set_all(settings.iter().copied())
        .expect("legal settings");
    let id = ProcessId::Consumer(1);
    let consumer = Consumer::new(Setup {
        id,
        client_id: "c1".into(),
        bootstrap: addresses(),
        config,
        rng: Rng::new(Seed(1), 1),
        commits_fetched: false,
    });
    let mut bench = Bench::new(id, consumer);
    bench.topic("orders", leaders);
    bench.boot();
    let partitions = (0..leaders.len() as i32).map(orders).collect();
    bench.tell(Instruction::Assign { partitions });
    bench.lines();
    bench
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

/// A consumer that reads `orders-0` from offset 0 on, its first Fetch waiting.
fn reading(settings: &[(&str, &str)]) -> Bench<Consumer> {
    let mut bench = bench(settings, &[1]);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 0);
    bench.lines();
    bench
}

fn answer_end(bench: &mut Bench<Consumer>, asked: &Asked, error: ErrorCode, offset: i64) {
    let AnyRequest::ListOffsets(request) = &asked.request else {
        panic!("a ListOffsets request, not {:?}", asked.request);
    };
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let found = partitions.map(|partition| ListOffsetsPartitionResponse {
            partition_index: partition.partition_index,
            error_code: error.code(),
            offset,
            ..ListOffsetsPartitionResponse::default()
        });
        ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: found.collect(),
        }
    });
    let response = ListOffsetsResponse {
        topics: topics.collect(),
        ..ListOffsetsResponse::default()
    };
    bench.answer(asked, &AnyResponse::ListOffsets(response));
}

/// Partition and offset of everything in a Fetch request.
fn fetched(asked: &Asked) -> Vec<(i32, i64)> {
    let AnyRequest::Fetch(request) = &asked.request else {
        panic!("a Fetch request, not {:?}", asked.request);
    };
    let topics = request.topics.iter();
    let partitions = topics.flat_map(|topic| &topic.partitions);
    let partitions = partitions.map(|asked| (asked.partition, asked.fetch_offset));
    partitions.collect()
}

/// A batch of so many records, written in `epoch`.
pub(super) fn batch(base: i64, count: usize, epoch: i32) -> Chunks {
    let mut builder = BatchBuilder::new(Codec::None);
    for number in 0..count {
        let value = format!("v{}", base + number as i64);
        builder.append(0, Some(b"k"), Some(value.as_bytes()), &[]);
    }
    let batch = builder.build_batch();
    batch.stamped(Offset(base), LeaderEpoch(epoch)).to_chunks()
}

/// A batch of one record that says that it is longer than all that is there, and of one that was compacted away.
pub(super) fn unreadable(base: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.append(0, None, None, &[]);
    builder.set_last_offset_delta(1);
    let batch = builder.build_batch();
    let batch = batch.stamped(Offset(base), LeaderEpoch(0));
    let mut bytes = batch.to_chunks().to_vec();
    bytes[61] = 100;
    bytes
}

pub(super) fn answer_fetch(bench: &mut Bench<Consumer>, asked: &Asked, data: Vec<PartitionData>) {
    let response = FetchResponse {
        responses: vec![FetchableTopicResponse {
            topic: "orders".into(),
            topic_id: topic_id("orders"),
            partitions: data,
        }],
        ..FetchResponse::default()
    };
    bench.answer(asked, &AnyResponse::Fetch(response));
}

pub(super) fn data(partition: i32, high_watermark: i64, records: Chunks) -> PartitionData {
    PartitionData {
        partition_index: partition,
        high_watermark,
        records: Some(records),
        ..PartitionData::default()
    }
}

fn failed(partition: i32, error: ErrorCode) -> PartitionData {
    PartitionData {
        partition_index: partition,
        error_code: error.code(),
        high_watermark: -1,
        records: Some(Chunks::new()),
        ..PartitionData::default()
    }
}

#[test]
fn a_new_consumer_asks_where_to_begin_and_reads_from_there() {
    let mut bench = bench(&[("auto.offset.reset", "earliest")], &[2]);
    let asked = bench.next_asked();
    assert_eq!(asked.broker, BrokerId(2));
    let AnyRequest::ListOffsets(request) = &asked.request else {
        panic!("a ListOffsets request");
    };
    assert_eq!(request.topics[0].partitions[0].timestamp, -2);
    answer_end(&mut bench, &asked, ErrorCode::None, 3);
    let asked = bench.next_asked();
    assert_eq!(asked.header.api_version, 16);
    assert_eq!(fetched(&asked), [(0, 3)]);
    answer_fetch(&mut bench, &asked, vec![data(0, 5, batch(3, 2, 0))]);
    assert_eq!(
        bench.lines(),
        [
            "0.000s c1 orders-0 position @3, no position, reset to earliest",
            "0.000s c1 orders-0 consumes 2 from @3, next @5",
        ]
    );
    assert_eq!(fetched(&bench.next_asked()), [(0, 5)]);
    let view = bench.client.partition(&orders(0)).expect("assigned");
    assert_eq!(view.position, Some(Offset(5)));
    assert_eq!(view.lag, Some(0));
    let recent = bench.client.recent();
    let recent: Vec<_> = recent.iter().map(|record| record.offset.0).collect();
    assert_eq!(recent, [3, 4]);
}

#[test]
fn without_a_policy_nothing_is_read_until_a_seek() {
    let mut bench = bench(&[("auto.offset.reset", "none")], &[1]);
    assert!(bench.asked.is_empty());
    let view = bench.client.partition(&orders(0)).expect("assigned");
    assert_eq!(view.doing, Doing::Failed(ErrorCode::OffsetOutOfRange));
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(7)),
    });
    assert_eq!(fetched(&bench.next_asked()), [(0, 7)]);
    assert_eq!(bench.lines(), ["0.000s c1 orders-0 position @7, seek"]);
}

#[test]
fn one_fetch_at_a_time_goes_to_each_leader() {
    let mut bench = bench(&[], &[1, 1, 2]);
    for _ in 0..2 {
        let asked = bench.next_asked();
        answer_end(&mut bench, &asked, ErrorCode::None, 0);
    }
    let mut asked = [bench.next_asked(), bench.next_asked()];
    asked.sort_by_key(|asked| asked.broker);
    let [one, two] = asked;
    assert_eq!(
        (one.broker, fetched(&one)),
        (BrokerId(1), vec![(0, 0), (1, 0)])
    );
    assert_eq!((two.broker, fetched(&two)), (BrokerId(2), vec![(2, 0)]));
    bench.pass_ms(10_000);
    assert!(bench.asked.is_empty());
}

#[test]
fn poll_returns_no_more_than_max_poll_records_and_fetches_only_what_is_not_buffered() {
    let settings = [("max.poll.records", "2"), ("poll.interval.ms", "100")];
    let mut bench = reading(&settings);
    let asked = bench.next_asked();
    answer_fetch(&mut bench, &asked, vec![data(0, 5, batch(0, 5, 0))]);
    let mut lines = Vec::new();
    for _ in 0..3 {
        let view = bench.client.partition(&orders(0)).expect("assigned");
        lines.push((
            view.position.map(|at| at.0),
            view.buffered,
            bench.asked.len(),
        ));
        bench.pass_ms(100);
    }
    assert_eq!(lines, [(Some(2), 3, 0), (Some(4), 1, 0), (Some(5), 0, 1)]);
    assert_eq!(
        bench.lines(),
        [
            "0.000s c1 orders-0 consumes 2 from @0, next @2",
            "0.100s c1 orders-0 consumes 2 from @2, next @4",
            "0.200s c1 orders-0 consumes 1 from @4, next @5",
        ]
    );
}

#[test]
fn records_below_the_position_are_not_returned() {
    let mut bench = reading(&[]);
    bench.next_asked();
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(2)),
    });
    bench.disconnect(1);
    bench.pass_ms(200);
    let asked = bench.next_asked();
    assert_eq!(fetched(&asked), [(0, 2)]);
    answer_fetch(&mut bench, &asked, vec![data(0, 4, batch(0, 4, 0))]);
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert!(last.ends_with("consumes 2 from @2, next @4"), "{last}");
}

#[test]
fn an_answer_for_an_old_position_is_of_no_use() {
    let mut bench = reading(&[]);
    let asked = bench.next_asked();
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(2)),
    });
    answer_fetch(&mut bench, &asked, vec![data(0, 4, batch(0, 4, 0))]);
    assert_eq!(bench.client.consumed(), 0);
    assert_eq!(fetched(&bench.next_asked()), [(0, 2)]);
}

#[test]
fn a_position_out_of_range_is_reset() {
    let mut bench = reading(&[("auto.offset.reset", "latest")]);
    let asked = bench.next_asked();
    answer_fetch(
        &mut bench,
        &asked,
        vec![failed(0, ErrorCode::OffsetOutOfRange)],
    );
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 9);
    assert_eq!(
        bench.lines(),
        ["0.000s c1 orders-0 position @9, out of range, reset to latest"]
    );
    bench.configure("auto.offset.reset", "none");
    let asked = bench.next_asked();
    answer_fetch(
        &mut bench,
        &asked,
        vec![failed(0, ErrorCode::OffsetOutOfRange)],
    );
    assert_eq!(
        bench.lines(),
        ["0.000s c1 orders-0 reading failed OFFSET_OUT_OF_RANGE"]
    );
}

#[test]
fn a_wrong_leader_is_not_asked_again_before_there_is_news() {
    let mut bench = reading(&[]);
    let asked = bench.next_asked();
    bench.pass_ms(1);
    let refreshed = bench.refreshed;
    answer_fetch(
        &mut bench,
        &asked,
        vec![failed(0, ErrorCode::NotLeaderOrFollower)],
    );
    assert!(bench.asked.is_empty());
    bench.leaders.insert(orders(0), (3, 1));
    bench.pass_ms(300);
    assert!(bench.refreshed > refreshed);
    let asked = bench.next_asked();
    assert_eq!((asked.broker, fetched(&asked)), (BrokerId(3), vec![(0, 0)]));
}

#[test]
fn a_new_leader_is_asked_whether_what_was_read_is_still_there() {
    let mut bench = reading(&[]);
    let asked = bench.next_asked();
    answer_fetch(&mut bench, &asked, vec![data(0, 8, batch(0, 8, 0))]);
    let asked = bench.next_asked();
    bench.leaders.insert(orders(0), (2, 1));
    bench.lines();
    answer_fetch(
        &mut bench,
        &asked,
        vec![failed(0, ErrorCode::NotLeaderOrFollower)],
    );
    bench.pass_ms(200);
    let asked = bench.next_asked();
    let AnyRequest::OffsetForLeaderEpoch(request) = &asked.request else {
        panic!("an OffsetForLeaderEpoch request, not {:?}", asked.request);
    };
    let question = &request.topics[0].partitions[0];
    assert_eq!(
        (question.current_leader_epoch, question.leader_epoch),
        (1, 0)
    );
    let answer = OffsetForLeaderEpochResponse {
        topics: vec![OffsetForLeaderTopicResult {
            topic: "orders".into(),
            partitions: vec![EpochEndOffset {
                partition: 0,
                leader_epoch: 0,
                end_offset: 6,
                ..EpochEndOffset::default()
            }],
        }],
        ..OffsetForLeaderEpochResponse::default()
    };
    bench.answer(&asked, &AnyResponse::OffsetForLeaderEpoch(answer));
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert!(
        last.ends_with("orders-0 position @6, the log was cut, it had been @8"),
        "{last}"
    );
    assert_eq!(fetched(&bench.next_asked()), [(0, 6)]);
}

/// What Kafka's consumer throws as a `LogTruncationException`: nobody but the application can say where to
/// go on.
#[test]
fn without_a_policy_a_cut_log_stops_reading_until_a_seek() {
    let mut bench = bench(&[("auto.offset.reset", "none")], &[1]);
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(0)),
    });
    let asked = bench.next_asked();
    answer_fetch(&mut bench, &asked, vec![data(0, 8, batch(0, 8, 0))]);
    let asked = bench.next_asked();
    bench.leaders.insert(orders(0), (2, 1));
    let moved = vec![failed(0, ErrorCode::NotLeaderOrFollower)];
    answer_fetch(&mut bench, &asked, moved);
    bench.pass_ms(200);
    let asked = bench.next_asked();
    let answer = OffsetForLeaderEpochResponse {
        topics: vec![OffsetForLeaderTopicResult {
            topic: "orders".into(),
            partitions: vec![EpochEndOffset {
                partition: 0,
                leader_epoch: 0,
                end_offset: 6,
                ..EpochEndOffset::default()
            }],
        }],
        ..OffsetForLeaderEpochResponse::default()
    };
    bench.answer(&asked, &AnyResponse::OffsetForLeaderEpoch(answer));
    assert!(bench.asked.is_empty(), "nothing is fetched");
    let view = bench.client.partition(&orders(0)).expect("assigned");
    assert!(matches!(view.doing, Doing::Failed(_)), "{:?}", view.doing);
    assert_eq!(
        view.position, None,
        "what it has read is cut off, and counts for no commit"
    );
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(6)),
    });
    assert_eq!(fetched(&bench.next_asked()), [(0, 6)]);
}

#[test]
fn a_paused_consumer_neither_fetches_nor_returns() {
    let mut bench = reading(&[]);
    let asked = bench.next_asked();
    pause(&mut bench, &[]);
    answer_fetch(&mut bench, &asked, vec![data(0, 2, batch(0, 2, 0))]);
    bench.pass_ms(1_000);
    assert_eq!(bench.client.consumed(), 0);
    assert!(bench.asked.is_empty());
    resume(&mut bench, &[]);
    assert_eq!(bench.client.consumed(), 2);
    assert_eq!(bench.asked.len(), 1);
}

fn pause(bench: &mut Bench<Consumer>, partitions: &[i32]) {
    let partitions = partitions.iter().map(|one| orders(*one)).collect();
    bench.tell(Instruction::Pause { partitions });
}

fn resume(bench: &mut Bench<Consumer>, partitions: &[i32]) {
    let partitions = partitions.iter().map(|one| orders(*one)).collect();
    bench.tell(Instruction::Resume { partitions });
}

/// A consumer that reads three partitions of one leader from offset 0 on, and its Fetch.
fn reading_three(settings: &[(&str, &str)]) -> (Bench<Consumer>, Asked) {
    let mut bench = bench(settings, &[1, 1, 1]);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 0);
    let asked = bench.next_asked();
    bench.lines();
    (bench, asked)
}

#[test]
fn a_paused_partition_is_left_out_and_what_was_fetched_of_it_is_kept_for_later() {
    let (mut bench, asked) = reading_three(&[]);
    pause(&mut bench, &[1]);
    let all = [0, 1, 2].map(|one| data(one, 2, batch(0, 2, 0)));
    answer_fetch(&mut bench, &asked, all.into());
    assert_eq!(
        bench.lines(),
        [
            "0.000s c1 orders-0 consumes 2 from @0, next @2",
            "0.000s c1 orders-2 consumes 2 from @0, next @2",
        ]
    );
    let view = bench.client.partition(&orders(1)).expect("assigned");
    assert_eq!((view.doing, view.buffered), (Doing::Paused, 2));
    assert_eq!(view.position, Some(Offset(0)));
    let asked = bench.next_asked();
    assert_eq!(fetched(&asked), [(0, 2), (2, 2)]);
    // What was kept is returned first, and only then is there anything to fetch.
    resume(&mut bench, &[1]);
    assert_eq!(
        bench.lines(),
        ["0.000s c1 orders-1 consumes 2 from @0, next @2"]
    );
    answer_fetch(&mut bench, &asked, Vec::new());
    let asked = bench.next_asked();
    let AnyRequest::Fetch(request) = &asked.request else {
        panic!("a Fetch request");
    };
    let added = request.topics.iter().flat_map(|topic| &topic.partitions);
    let added: Vec<_> = added.map(|one| (one.partition, one.fetch_offset)).collect();
    assert!(added.contains(&(1, 2)), "{added:?}");
}

#[test]
fn what_is_kept_of_a_paused_partition_does_not_hold_up_what_comes_after_it() {
    let settings = [("max.poll.records", "2"), ("poll.interval.ms", "100")];
    let (mut bench, asked) = reading_three(&settings);
    let all = [0, 1, 2].map(|one| data(one, 4, batch(0, 4, 0)));
    answer_fetch(&mut bench, &asked, all.into());
    // Half of the first is returned; the rest of it stays where it is while it is paused.
    pause(&mut bench, &[0]);
    bench.pass_ms(300);
    resume(&mut bench, &[0]);
    bench.pass_ms(300);
    let lines: Vec<String> = bench.lines();
    let order: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').nth(2))
        .collect();
    assert_eq!(
        order,
        [
            "orders-0", "orders-1", "orders-1", "orders-2", "orders-2", "orders-0"
        ]
    );
    assert!(
        lines[5].ends_with("orders-0 consumes 2 from @2, next @4"),
        "{lines:?}"
    );
}

#[test]
fn a_partition_stays_paused_for_as_long_as_it_is_assigned() {
    let (mut bench, _) = reading_three(&[]);
    pause(&mut bench, &[0, 1]);
    bench.tell(Instruction::Seek {
        partition: orders(0),
        to: SeekTo::Offset(Offset(0)),
    });
    let assign = |bench: &mut Bench<Consumer>, all: &[i32]| {
        let partitions = all.iter().map(|one| orders(*one)).collect();
        bench.tell(Instruction::Assign { partitions });
    };
    assign(&mut bench, &[0, 2]);
    assign(&mut bench, &[0, 1, 2]);
    let paused = bench.client.partitions().map(|view| view.is_paused);
    assert_eq!(paused.collect::<Vec<_>>(), [true, false, false]);
    // What is assigned later is not paused, though everything was.
    pause(&mut bench, &[]);
    assign(&mut bench, &[0]);
    assign(&mut bench, &[0, 1]);
    let paused = bench.client.partitions().map(|view| view.is_paused);
    assert_eq!(paused.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn only_what_is_assigned_can_be_paused() {
    let (bench, _) = reading_three(&[]);
    let accepts = |partition: TopicPartition| {
        let partitions = vec![orders(0), partition];
        bench.client.accepts(&Instruction::Pause { partitions })
    };
    assert_eq!(accepts(orders(2)), Ok(()));
    assert_eq!(
        accepts(orders(3)),
        Err("orders-3 is not assigned to it; it has orders-0 orders-1 orders-2".to_owned())
    );
}

#[test]
fn a_batch_with_a_wrong_checksum_stops_reading() {
    let mut bench = reading(&[]);
    let asked = bench.next_asked();
    let mut bytes = batch(0, 1, 0).to_vec();
    *bytes.last_mut().expect("a byte") ^= 1;
    answer_fetch(&mut bench, &asked, vec![data(0, 1, Chunks::from(bytes))]);
    assert_eq!(
        bench.lines(),
        ["0.000s c1 orders-0 reading failed CORRUPT_MESSAGE"]
    );
}

#[test]
fn what_was_read_before_a_batch_that_cannot_be_read_is_returned_before_reading_fails() {
    let settings = [("check.crcs", "false"), ("poll.interval.ms", "100")];
    let mut bench = reading(&settings);
    let asked = bench.next_asked();
    let mut bytes = batch(0, 2, 0).to_vec();
    bytes.extend(unreadable(2));
    answer_fetch(&mut bench, &asked, vec![data(0, 4, Chunks::from(bytes))]);
    bench.pass_ms(200);
    assert_eq!(
        bench.lines(),
        [
            "0.000s c1 orders-0 consumes 2 from @0, next @2",
            "0.100s c1 orders-0 reading failed CORRUPT_MESSAGE",
        ]
    );
}

#[test]
fn a_lost_connection_is_opened_again_and_reading_goes_on() {
    let mut bench = reading(&[]);
    bench.next_asked();
    bench.disconnect(1);
    bench.pass_ms(200);
    assert_eq!(fetched(&bench.next_asked()), [(0, 0)]);
    bench.pass_ms(30_000);
    assert_eq!(fetched(&bench.next_asked()), [(0, 0)], "no answer in time");
}

#[test]
fn what_is_no_longer_assigned_is_no_longer_read() {
    let mut bench = bench(&[], &[1, 1]);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 0);
    let asked = bench.next_asked();
    bench.tell(Instruction::Assign {
        partitions: vec![orders(1)],
    });
    let both = vec![data(0, 1, batch(0, 1, 0)), data(1, 1, batch(0, 1, 0))];
    answer_fetch(&mut bench, &asked, both);
    assert_eq!(bench.client.consumed(), 1);
    assert_eq!(fetched(&bench.next_asked()), [(1, 1)]);
}

#[test]
fn an_offset_that_cannot_be_told_yet_is_asked_for_again() {
    let mut bench = bench(&[], &[1]);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::OffsetNotAvailable, -1);
    bench.pass_ms(99);
    assert!(bench.asked.is_empty());
    bench.pass_ms(1);
    let asked = bench.next_asked();
    answer_end(&mut bench, &asked, ErrorCode::None, 4);
    assert_eq!(fetched(&bench.next_asked()), [(0, 4)]);
}

#[test]
fn a_partition_without_a_leader_is_waited_for() {
    let mut bench = bench(&[], &[-1]);
    bench.pass_ms(1_000);
    assert!(bench.asked.is_empty());
    bench.leaders.insert(orders(0), (2, 1));
    bench.pass_ms(2_000);
    assert_eq!(bench.next_asked().broker, BrokerId(2));
}
