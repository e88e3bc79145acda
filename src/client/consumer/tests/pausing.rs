//! What a paused consumer, or a paused partition, does not do.

use super::*;

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
