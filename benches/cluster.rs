//! Native benchmarks, printed as a table: `cargo bench`.
//!
//! Timings on a shared machine are noisy: each figure is the median of several runs, and what counts are
//! the ratios within one table.

use std::time::{Duration as Wall, Instant as Clock};

use kafka_playground::script;
use kafka_playground::time::Duration;
use kafka_playground::workload::{self, Workload};
use kafka_playground::world::{Journal, World};

const RUNS: usize = 5;

fn median(mut samples: Vec<Wall>) -> Wall {
    samples.sort();
    samples[samples.len() / 2]
}

fn row(name: &str, figure: impl std::fmt::Display, unit: &str) {
    println!("{name:<58} {figure:>14} {unit}");
}

fn main() {
    // `cargo bench -- singles growth` measures only those.
    let only: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    if only.is_empty() {
        digests();
    }
    println!("{:<58} {:>14}", "native", "median of 5");
    for workload in workload::ALL.into_iter().filter(|load| wanted(load.name)) {
        cluster(workload);
        bare(workload);
    }
    if wanted("growth") {
        growth();
    }
    if wanted("checkpoint") {
        checkpoint();
    }
}

/// What is measured is what is tested: this build has the digests that the debug build has.
fn digests() {
    for line in include_str!("../tests/workloads.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let workload = workload::ALL.iter().find(|load| load.name == words[0]);
        let mut history = workload.expect("a workload of this name").start();
        let seconds = words[1].parse().expect("seconds");
        let tally = Workload::run(&mut history, Duration::from_secs(seconds));
        assert_eq!(format!("{:016x}", tally.digest), words[2], "{line}");
    }
}

/// Simulated seconds per real second, with checkpoints, invariants, audit and ribbon on.
fn cluster(workload: Workload) {
    let mut samples = Vec::new();
    let mut tally = workload::Tally::default();
    for _ in 0..RUNS {
        let mut history = workload.start();
        Workload::run(&mut history, Duration::from_secs(1));
        let clock = Clock::now();
        tally = Workload::run(&mut history, workload.span);
        samples.push(clock.elapsed());
    }
    let took = median(samples).as_secs_f64();
    let rate = tally.micros as f64 / 1e6 / took;
    row(
        &format!("{}: {}", workload.name, workload.about),
        format!("{rate:.0}"),
        "simulated s / s",
    );
    row(
        "    steps",
        format!("{:.0}", tally.steps as f64 / took),
        "/ s",
    );
    row(
        "    records produced, copied twice, acknowledged",
        format!("{:.0}", tally.records as f64 / took),
        "/ s",
    );
}

/// The same without anything looking on but the journal.
fn bare(workload: Workload) {
    let mut samples = Vec::new();
    let mut micros = 0;
    for _ in 0..RUNS {
        let history = workload.start();
        let mut world: World = history.world().clone();
        let mut journal = Journal::default();
        drop(history);
        Workload::run_bare(&mut world, &mut journal, Duration::from_secs(1));
        let clock = Clock::now();
        micros = Workload::run_bare(&mut world, &mut journal, workload.span).micros;
        samples.push(clock.elapsed());
    }
    let rate = micros as f64 / 1e6 / median(samples).as_secs_f64();
    row(
        &format!("{}, the bare world", workload.name),
        format!("{rate:.0}"),
        "simulated s / s",
    );
}

/// Time per record with more and more records retained.
fn growth() {
    let script = "world brokers=3 seed=1 latency=2ms\n\
        topic orders partitions=3 replication=3\n\
        producer p1 acks=all linger.ms=1 batch.size=16384\n\
        load p1 orders every=1ms burst=100 size=100\n";
    let history = script::parse(script)
        .and_then(|script| script.play())
        .expect("it plays");
    let mut world = history.world().clone();
    let mut journal = Journal::default();
    drop(history);
    let mut retained = 0;
    for until in [10_000u64, 100_000, 1_000_000] {
        let span = Duration::from_millis((until - retained) / 100);
        Workload::run_bare(&mut world, &mut journal, span);
        retained = until;
        let clock = Clock::now();
        Workload::run_bare(&mut world, &mut journal, Duration::from_millis(500));
        retained += 50_000;
        let nanos = clock.elapsed().as_nanos() / 50_000;
        row(
            &format!("time per record with {until} retained"),
            nanos,
            "ns",
        );
    }
    let bytes: u64 = world
        .brokers()
        .flat_map(|b| b.partitions())
        .map(|(_, p)| p.log().bytes())
        .sum();
    row("bytes of batches in all replicas", bytes, "B");
}

/// What a checkpoint costs with five million records retained: 5 brokers, 100 partitions, 10,000 each.
fn checkpoint() {
    let script = "world brokers=5 seed=1 latency=2ms\n\
        topic orders partitions=100 replicas=1,2,3,4,5\n\
        producer p1 acks=all linger.ms=1 batch.size=16384 partitioner.class=round_robin\n\
        load p1 orders every=10ms burst=1000 size=100\n";
    let history = script::parse(script)
        .and_then(|script| script.play())
        .expect("it plays");
    let mut world = history.world().clone();
    let mut journal = Journal::default();
    drop(history);
    Workload::run_bare(&mut world, &mut journal, Duration::from_secs(10));
    let records: i64 = world
        .brokers()
        .flat_map(|b| b.partitions())
        .map(|(_, p)| p.log_end().0)
        .sum();
    let (mut copies, mut after) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let clock = Clock::now();
        let copy = world.clone();
        copies.push(clock.elapsed());
        let clock = Clock::now();
        Workload::run_bare(&mut world, &mut journal, Duration::from_millis(20));
        after.push(clock.elapsed());
        drop(copy);
    }
    let plain = Clock::now();
    Workload::run_bare(&mut world, &mut journal, Duration::from_millis(20));
    let plain = plain.elapsed();
    row(
        &format!("checkpoint with {records} records retained"),
        median(copies).as_micros(),
        "µs",
    );
    row(
        "20 simulated ms after a checkpoint",
        median(after).as_micros(),
        "µs",
    );
    row("20 simulated ms without one", plain.as_micros(), "µs");
}
