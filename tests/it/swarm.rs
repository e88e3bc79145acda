//! Clusters drawn from numbers: every law holds at every step, every cluster recovers, nothing that was
//! promised is lost, and a number gives the same run everywhere. Nothing is seen that cannot be by the tables of
//! the swarm, and what is never seen stands in `tests/never.txt` with the reason.
//!
//! `tests/swarm.txt` holds seeds and the digests of their runs; the browser tests run the same. A run
//! that failed once, and whose cause is gone, stands in `tests/seeds.txt`. `tests/bugs.txt` holds a seed for each
//! planted bug and the law that finds it there; they are planted in builds with the feature `planted`, which
//! `npm test` makes. Many more seeds are run by `cargo run --profile swarm -- swarm --seeds 5000`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use kafka_playground::swarm::{self, Budget, Coverage, Verdict};

const DIGESTS: &str = include_str!("../swarm.txt");
/// So many seeds are run in all, from the first on.
const SEEDS: u64 = 500;
const REGRESSIONS: &str = include_str!("../seeds.txt");

fn run(seed: u64, budget: Budget) -> Verdict {
    let verdict = swarm::run(seed, budget);
    if let Some(failure) = &verdict.failure {
        let (name, script) = (budget.name(), &verdict.script);
        panic!("seed {seed} {name} {failure}\n{script}");
    }
    verdict
}

/// Runs seeds in two threads, whoever is free taking the next, and sorts them as they stand.
fn run_all(seeds: &[(u64, Budget)]) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((seed, budget)) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(run(*seed, *budget));
        }
        done
    };
    let done: Vec<Verdict> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let done = threads.into_iter();
        done.flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut by_place: Vec<(usize, Verdict)> = Vec::new();
    for verdict in done {
        let same =
            |(seed, budget): &(u64, Budget)| (*seed, *budget) == (verdict.seed, verdict.budget);
        let place = seeds.iter().position(same).unwrap();
        by_place.push((place, verdict));
    }
    by_place.sort_by_key(|(place, _)| *place);
    by_place.into_iter().map(|(_, verdict)| verdict).collect()
}

/// A text with one space where it has several.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What these seeds never show, and `tests/never.txt` says why: a line of reasons, and below it the names, each with
/// who shows it instead, where somebody does.
fn known_as_never_seen() -> Vec<(String, Option<String>)> {
    let text = include_str!("../never.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.map(words).filter(|line| !line.is_empty());
    let known = lines.map(|line| match line.split_once(" by ") {
        Some((name, who)) => (name.to_owned(), Some(who.to_owned())),
        None => (line, None),
    });
    known.collect()
}

#[test]
fn what_is_never_seen_is_known_and_shown_by_somebody_who_is_there() {
    let all: Vec<String> = Coverage::all().map(|one| words(&one.to_string())).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, who) in known_as_never_seen() {
        assert!(
            all.contains(&name),
            "nothing that can be seen is called {name}"
        );
        assert!(!names.contains(&name), "{name} stands there twice");
        if let Some(who) = who {
            let root = env!("CARGO_MANIFEST_DIR");
            let (path, wanted) = match who.split_once(' ') {
                Some((path, test)) => (path.to_owned(), format!("fn {test}()")),
                None => (who.clone(), name.split(' ').next_back().unwrap().to_owned()),
            };
            let text = std::fs::read_to_string(format!("{root}/{path}"));
            let text = text.unwrap_or_else(|why| panic!("{name} by {path}: {why}"));
            assert!(
                text.contains(&wanted),
                "{name} by {path}, which has no {wanted}"
            );
        }
        names.push(name);
    }
}

#[test]
fn drawn_clusters_hold_every_law_and_have_the_stored_digests() {
    let count = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    let seeds: Vec<(u64, Budget)> = (DIGESTS.lines())
        .map(|line| (count(line), Budget::of(count(line))))
        .collect();
    let stored = seeds.len();
    let further = (1..=SEEDS).filter(|seed| !seeds.iter().any(|(stored, _)| stored == seed));
    let further: Vec<(u64, Budget)> = further.map(|seed| (seed, Budget::of(seed))).collect();
    let all: Vec<(u64, Budget)> = seeds.into_iter().chain(further).collect();
    let mut fresh = String::new();
    let mut coverage = Coverage::default();
    for (at, verdict) in run_all(&all).into_iter().enumerate() {
        coverage.merge(&verdict.coverage);
        if at < stored {
            writeln!(fresh, "{} {}", verdict.seed, verdict.digest).unwrap();
        }
    }
    let seen: Vec<String> = coverage.unforeseen().map(|seen| seen.to_string()).collect();
    assert!(seen.is_empty(), "seen, and cannot be: {}", seen.join("; "));
    let known: Vec<String> = known_as_never_seen().into_iter().map(|it| it.0).collect();
    let never = coverage.never().map(|seen| words(&seen.to_string()));
    let news: Vec<String> = never.filter(|name| !known.contains(name)).collect();
    assert!(
        news.is_empty(),
        "never seen in {SEEDS} seeds, and tests/never.txt does not say why:\n{}",
        news.join("\n")
    );
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

/// A checker that has never found anything may be blind.
#[cfg(feature = "planted")]
#[test]
fn every_planted_bug_is_found_by_a_law() {
    use kafka_playground::log::planted::Bug;

    let lines: Vec<Vec<&str>> = (include_str!("../bugs.txt").lines())
        .map(|line| line.split(' ').collect())
        .collect();
    let named: Vec<&str> = lines.iter().map(|words| words[0]).collect();
    let all: Vec<&str> = Bug::ALL.iter().map(|(number, _)| *number).collect();
    assert_eq!(named, all, "each bug has a seed");
    let mut differ = Vec::new();
    for words in &lines {
        let &[bug, seed, budget, law] = words.as_slice() else {
            panic!("{words:?} is not bug, seed, budget and law");
        };
        let (seed, budget) = (seed.parse().unwrap(), Budget::parse(budget).unwrap());
        let extra = format!(" planted={bug}");
        let mut recorder = swarm::Recorder::default();
        let verdict = swarm::run_recording(seed, budget, &extra, &mut recorder);
        let found = verdict.failure.as_ref().map(swarm::Failure::kind);
        if found != Some(law) {
            differ.push(format!("{bug} in seed {seed}: {:?}", verdict.failure));
        }
        assert_eq!(run(seed, budget).failure, None, "without the bug");
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
