//! What a consumer makes of answers that are not what it hoped for.

use super::*;

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
