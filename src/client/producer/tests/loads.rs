//! A load: an application that sends by itself, so many records at a beat.

use super::*;

#[test]
fn a_load_keeps_its_beat_and_its_limit() {
    let mut bench = bench(&[]);
    bench.tell(load(2, Duration::from_millis(100), &["k"], Some(7)));
    let mut offsets = [0; 3];
    let mut counts = Vec::new();
    for _ in 0..6 {
        counts.push(serve(&mut bench, &mut offsets));
        bench.pass_ms(100);
    }
    assert_eq!(counts, [2, 2, 2, 1, 0, 0]);
    assert!(bench.client.load().is_none());
    let lines = bench.lines();
    let queued: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("queues"))
        .collect();
    assert_eq!(queued.len(), 4, "one fact for each burst and partition");
}

#[test]
fn a_load_tells_the_number_of_each_record() {
    let mut bench = bench(&[]);
    bench.tell(load(1, Duration::from_millis(100), &[], None));
    let asked = bench.next_asked();
    assert_eq!(produced(&asked)[0].1, ["#0......"]);
    bench.tell(Instruction::StopLoad);
    bench.pass_ms(1_000);
    assert!(bench.asked.is_empty());
}

#[test]
fn of_so_many_records_of_a_load_the_last_is_a_tombstone() {
    let mut bench = bench(&[]);
    let Instruction::StartLoad(mut wanted) = load(7, Duration::from_secs(1), &["k"], Some(7))
    else {
        panic!("it is a load");
    };
    wanted.tombstones = Some(3);
    bench.tell(Instruction::StartLoad(wanted));
    let asked = bench.next_asked();
    let AnyRequest::Produce(request) = &asked.request else {
        panic!("a Produce request, not {:?}", asked.request);
    };
    let records = request.topic_data[0].partition_data[0].records.as_ref();
    let batches = read_batches(records.expect("records")).expect("batches");
    let values = batches.iter().flat_map(|batch| batch.records());
    let values = values.map(|record| record.expect("a record").value.is_some());
    let expected = [true, true, false, true, true, false, true];
    assert_eq!(values.collect::<Vec<_>>(), expected);
}

#[test]
fn a_load_without_keys_fills_one_partition_and_then_another() {
    let mut bench = bench(&[("batch.size", "1000")]);
    bench.tell(load(10, Duration::from_millis(1), &[], Some(1_000)));
    let mut offsets = [0; 3];
    let mut total = 0;
    for _ in 0..110 {
        total += serve(&mut bench, &mut offsets);
        bench.pass_ms(1);
    }
    assert_eq!(total, 1_000);
    assert!(offsets.iter().all(|count| *count > 50), "{offsets:?}");
}

#[test]
fn a_blocked_load_does_not_run_in_a_circle() {
    let mut bench = bench(&[("buffer.memory", "40000"), ("max.block.ms", "500")]);
    bench.down = vec![1, 2, 3];
    bench.disconnect(1);
    bench.disconnect(2);
    bench.disconnect(3);
    bench.tell(load(1_000, Duration::from_millis(1), &[], None));
    bench.pass_ms(10_000);
    assert!(bench.client.tally().failed >= 18);
    bench.down.clear();
    bench.pass_ms(2_000);
    assert!(!bench.asked.is_empty());
}
