//! Where a consumer begins, what it asks for, and what it returns.

use super::*;

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
