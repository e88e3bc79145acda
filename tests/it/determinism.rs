//! One plan, one seed and one list of commands give one journal, however the world is driven.

use kafka_playground::fact::Fact;
use kafka_playground::rng::Seed;
use kafka_playground::script::{self, Script};
use kafka_playground::time::{Duration, Instant};
use kafka_playground::workload;
use kafka_playground::world::{History, Place, Steps};

use crate::golden::{SCRIPTS, stored_digest};

fn read(text: &str) -> Script {
    script::parse(text).unwrap()
}

fn digest(history: &History) -> String {
    history.observed().journal.digest().to_string()
}

#[test]
fn every_script_has_the_stored_digest() {
    let mut fresh = String::new();
    let mut wrong = Vec::new();
    for (name, text) in SCRIPTS {
        let digest = digest(&read(text).play().unwrap());
        fresh.push_str(&format!("{name} {digest}\n"));
        if stored_digest(name) != Some(&digest) {
            wrong.push(*name);
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/digests.txt");
        std::fs::write(path, fresh).unwrap();
        return;
    }
    assert!(
        wrong.is_empty(),
        "these scripts have another digest: {}",
        wrong.join(" ")
    );
}

/// The other half of this test is `tests/e2e/digests.spec.mjs`: there the optimised module of the built
/// page runs the same, so that debug and release, native and wasm, are held to one digest.
#[test]
fn every_workload_has_the_stored_digest() {
    let stored = include_str!("../workloads.txt");
    let mut fresh = String::new();
    for line in stored.lines() {
        let (load, _) = line.rsplit_once(' ').unwrap();
        let (name, seconds) = load.split_once(' ').unwrap();
        let workload = workload::ALL.iter().find(|workload| workload.name == name);
        let mut history = workload.unwrap().start();
        let span = Duration::from_secs(seconds.parse().unwrap());
        workload::Workload::run(&mut history, span);
        fresh.push_str(&format!("{load} {}\n", digest(&history)));
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/workloads.txt");
        std::fs::write(path, fresh).unwrap();
        return;
    }
    assert_eq!(fresh, stored, "name, seconds, digest");
}

/// The first page's cluster with its commands given, standing at the beginning.
fn first_page() -> Script {
    let mut script = read(include_str!("../../www/lessons/first.script"));
    let runs = |line: &script::Line| matches!(line.action, script::Action::Run { .. });
    let until = script.lines.iter().position(runs).unwrap();
    script.lines.truncate(until);
    script
}

#[test]
fn single_steps_and_great_leaps_give_the_same_journal() {
    let to = Instant::from_secs(20);
    let mut leaping = first_page().play().unwrap();
    leaping.seek(to, Steps::UNLIMITED);
    let mut stepping = first_page().play().unwrap();
    while stepping.world().next_at().is_some_and(|at| at <= to) {
        stepping.step();
    }
    stepping.seek(to, Steps::UNLIMITED);
    let mut limited = first_page().play().unwrap();
    while limited.seek(to, Steps(7)) != kafka_playground::world::Ran::Arrived {}
    assert_eq!(digest(&leaping), digest(&stepping));
    assert_eq!(digest(&leaping), digest(&limited));
    assert!(leaping.violation().is_none(), "{:?}", leaping.violation());
}

#[test]
fn rewinding_anywhere_and_coming_back_changes_nothing() {
    let mut history = first_page().play().unwrap();
    let mut seen = Vec::new();
    for second in (0..300).step_by(5) {
        history.seek(Instant::from_secs(second), Steps::UNLIMITED);
        seen.push((digest(&history), history.observed().journal.len()));
    }
    assert!(
        history.checkpoints() > 2,
        "five minutes of the first page span several checkpoints"
    );
    let mut index: usize = 7;
    for _ in 0..120 {
        index = (index * 31 + 17) % seen.len();
        history.seek(Instant::from_secs(5 * index as u64), Steps::UNLIMITED);
        let here = (digest(&history), history.observed().journal.len());
        assert_eq!(here, seen[index], "second {}", 5 * index);
    }
}

#[test]
fn a_seek_replays_no_more_than_lies_between_two_checkpoints() {
    let mut history = first_page().play().unwrap();
    let end = Instant::from_secs(600);
    history.seek(end, Steps::UNLIMITED);
    let (last, steps) = (digest(&history), history.world().steps());
    let gap = Steps(4_300);
    assert!(
        steps > 8 * gap.0,
        "ten minutes are many gaps: {steps} steps"
    );
    // Whichever way one comes: from the beginning, from the end, from in between.
    for second in [0, 600, 7, 590, 300, 310, 301, 599, 450, 1, 600] {
        let ran = history.seek(Instant::from_secs(second), gap);
        assert_eq!(
            ran,
            kafka_playground::world::Ran::Arrived,
            "to second {second}"
        );
    }
    assert_eq!(digest(&history), last);
}

#[test]
fn a_place_between_two_steps_is_found_again() {
    let mut history = first_page().play().unwrap();
    history.seek(Instant::from_secs(3), Steps::UNLIMITED);
    let mut places = Vec::new();
    for _ in 0..500 {
        history.step();
        places.push((history.world().place(), digest(&history)));
    }
    for (place, seen) in places.iter().rev() {
        history.seek_place(*place, Steps::UNLIMITED);
        assert_eq!(&digest(&history), seen, "{place:?}");
        assert_eq!(history.world().place(), *place);
    }
}

#[test]
fn acting_in_the_past_forks_and_the_old_future_is_kept() {
    let mut history = first_page().play().unwrap();
    let commands = history.commands().len();
    history.seek(Instant::from_secs(10), Steps::UNLIMITED);
    let hold = |line: &str| match script::parse_line(line).unwrap() {
        script::Action::Command(command) => command,
        other => panic!("{other:?} is no command"),
    };
    history.perform(hold("hold b2")).unwrap();
    history.seek(Instant::from_secs(20), Steps::UNLIMITED);
    let old_future = digest(&history);

    history.seek(Instant::from_secs(5), Steps::UNLIMITED);
    history.perform(hold("hold b3")).unwrap();
    assert_eq!(history.commands().len(), commands + 1);
    assert_eq!(history.branches().len(), 1);
    history.seek(Instant::from_secs(20), Steps::UNLIMITED);
    let new_future = digest(&history);
    assert_ne!(new_future, old_future);

    history.switch(0);
    history.seek(Instant::from_secs(20), Steps::UNLIMITED);
    assert_eq!(digest(&history), old_future);
    history.switch(0);
    history.seek(Instant::from_secs(20), Steps::UNLIMITED);
    assert_eq!(digest(&history), new_future);

    assert!(history.undo());
    let mut untouched = first_page().play().unwrap();
    untouched.seek(Instant::from_secs(20), Steps::UNLIMITED);
    assert_eq!(digest(&history), digest(&untouched));
}

#[test]
fn a_refused_command_changes_nothing() {
    let mut history = first_page().play().unwrap();
    history.seek(Instant::from_secs(2), Steps::UNLIMITED);
    let before = digest(&history);
    for line in [
        "hold b9",
        "produce p9 orders \"x\"",
        "assign p1 orders-0",
        "bytes s1 00",
    ] {
        let script::Action::Command(command) = script::parse_line(line).unwrap() else {
            panic!("{line} is no command");
        };
        assert!(history.perform(command).is_err(), "{line}");
    }
    assert_eq!(digest(&history), before);
}

#[test]
fn seeds_differ_only_where_something_is_drawn() {
    let mut script = first_page();
    let run = |script: &Script| {
        let mut history = script.play().unwrap();
        history.seek(Instant::from_secs(5), Steps::UNLIMITED);
        digest(&history)
    };
    let one = run(&script);
    assert_eq!(one, run(&script));
    script.seed = Seed(77);
    assert_ne!(
        one,
        run(&script),
        "the keys of the first page are drawn from the seed"
    );
}

#[test]
fn every_workload_keeps_every_law() {
    for workload in workload::ALL {
        let mut history = workload.start();
        let span = workload.span.min(Duration::from_secs(2));
        let tally = workload::Workload::run(&mut history, span);
        assert!(
            tally.facts > 0 && tally.records > 0,
            "{}: {tally:?}",
            workload.name
        );
    }
}

#[test]
fn the_journal_notes_what_people_do() {
    let mut history = first_page().play().unwrap();
    history.seek(Instant::from_secs(1), Steps::UNLIMITED);
    let script::Action::Command(command) = script::parse_line("hold b2").unwrap() else {
        panic!("hold is a command");
    };
    history.perform(command).unwrap();
    let newest = history.observed().journal.newest().next().unwrap();
    assert_eq!(
        newest.fact,
        Fact::Commanded {
            line: "hold b2".into()
        }
    );
    assert_eq!(newest.at, Place::after(Instant::from_secs(1)).at);
}
