//! Clusters drawn from numbers: every law holds at every step, every cluster recovers, nothing that was
//! promised is lost, and a number gives the same run everywhere.
//!
//! `tests/swarm.txt` holds seeds and the digests of their runs; the browser tests run some of the same. A run
//! that failed once, and whose cause is gone, stands in `tests/seeds.txt`. Many more are run by
//! `cargo run --profile swarm -- swarm --seeds 5000`.

use std::fmt::Write as _;

use kafka_playground::swarm::{self, Budget, Verdict};

const DIGESTS: &str = include_str!("../swarm.txt");
const REGRESSIONS: &str = include_str!("../seeds.txt");

fn run(seed: u64, budget: Budget) -> Verdict {
    let verdict = swarm::run(seed, budget);
    if let Some(failure) = &verdict.failure {
        let (name, script) = (budget.name(), &verdict.script);
        panic!("seed {seed} {name} {failure}\n{script}");
    }
    verdict
}

/// Runs seeds on all processors, in the order in which they stand.
fn run_all(seeds: &[(u64, Budget)]) -> Vec<Verdict> {
    let each = seeds.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let parts = seeds.chunks(each).map(|part| {
            scope.spawn(move || {
                let all = part.iter().map(|(seed, budget)| run(*seed, *budget));
                all.collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let done = parts.into_iter();
        done.flat_map(|part| part.join().unwrap()).collect()
    })
}

#[test]
fn drawn_clusters_hold_every_law_and_have_the_stored_digests() {
    let count = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    let seeds: Vec<(u64, Budget)> = (DIGESTS.lines())
        .map(|line| (count(line), Budget::of(count(line))))
        .collect();
    let mut fresh = String::new();
    for verdict in run_all(&seeds) {
        writeln!(fresh, "{} {}", verdict.seed, verdict.digest).unwrap();
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/swarm.txt");
        std::fs::write(path, fresh).unwrap();
        return;
    }
    assert_eq!(fresh, DIGESTS, "seed, digest");
}

#[test]
fn what_failed_once_fails_no_more() {
    let lines = REGRESSIONS.lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.map(|line| {
        let mut words = line.split(' ');
        let seed = words.next().unwrap().parse().unwrap();
        (seed, Budget::parse(words.next().unwrap()).unwrap())
    });
    run_all(&seeds.collect::<Vec<_>>());
}

#[test]
fn a_run_played_again_from_its_lines_is_the_same_run() {
    for seed in [1, 4, 5] {
        let verdict = run(seed, Budget::of(seed));
        let script = kafka_playground::script::parse(&verdict.script).unwrap();
        let history = script.play().unwrap();
        assert_eq!(history.observed().journal.digest(), verdict.digest);
    }
}
