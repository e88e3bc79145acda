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

/// Everything that can be done to a cluster, within a minute.
const TROUBLE: &str = "world brokers=3 seed=9 latency=1ms jitter=300us replica.lag.time.max.ms=2000 \
    replica.socket.timeout.ms=1500\ntopic orders partitions=3 replication=3\n\
    producer p1 request.timeout.ms=1000\nconsumer c1\nload p1 orders every=15ms size=40\n\
    assign c1 orders-0 orders-1 orders-2\nrun 2s\nkill b2\nrun 700ms\ncut b1→b3\nrun 1s\n\
    restart b2\nheal\nrun 900ms\nfreeze b1\nrun 1300ms\nthaw b1\nrun 50ms\nreset p1↔b1\nrun 1s\n\
    kill b3 lossy\nrun 2s\nrestart b3\ndisk b2 slow=3ms\nclock p1 +90s\nrun 2s\nkill p1\nrun 1s\n\
    restart p1\nload p1 orders every=20ms\nisolate b2 from clients\nrun 2s\nkill b1 lossy\nrun 1s\n\
    restart b1\nheal b2\ndisk b2 fine\nfreeze c1\nrun 2s\nthaw c1\nstop b3\nrun 40s\nrestart b3\n\
    run 3s\n";

#[test]
fn rewinding_over_crashes_and_cuts_changes_nothing() {
    let mut history = read(TROUBLE).play().unwrap();
    assert_eq!(history.violation(), None);
    let end = history.now().as_millis();
    let (last, commands) = (digest(&history), history.commands().len());
    let mut seen = Vec::new();
    for at in (0..=end).step_by(250) {
        history.seek(Instant::from_millis(at), Steps::UNLIMITED);
        seen.push((at, digest(&history)));
    }
    let mut index: usize = 3;
    for _ in 0..200 {
        index = (index * 31 + 17) % seen.len();
        let (at, expected) = &seen[index];
        history.seek(Instant::from_millis(*at), Steps::UNLIMITED);
        assert_eq!(&digest(&history), expected, "{at} ms");
    }
    history.seek(Instant::from_millis(end), Steps::UNLIMITED);
    assert_eq!(digest(&history), last);
    assert_eq!(history.commands().len(), commands);

    // Read back from its own script, and stepped one by one.
    let again = script::parse(&history.to_script()).unwrap().play().unwrap();
    assert_eq!(digest(&again), last);
    let mut limited = again;
    limited.seek(Instant::ZERO, Steps::UNLIMITED);
    while limited.seek(Instant::from_millis(end), Steps(7)) != kafka_playground::world::Ran::Arrived
    {
    }
    assert_eq!(digest(&limited), last);
}

#[test]
fn a_crash_that_is_undone_has_not_been() {
    let mut script = read(TROUBLE);
    script.lines.truncate(3);
    let mut history = script.play().unwrap();
    let line = |line: &str| match script::parse_line(line).unwrap() {
        script::Action::Command(command) => command,
        other => panic!("{other:?} is no command"),
    };
    history.seek(Instant::from_secs(3), Steps::UNLIMITED);
    let mut untouched = history.clone();
    for command in ["kill b2 lossy", "freeze b3", "cut b1", "clock b1 +1h"] {
        history.perform(line(command)).unwrap();
        history.seek(Instant::from_secs(5), Steps::UNLIMITED);
        assert!(history.undo());
        history.seek(Instant::from_secs(3), Steps::UNLIMITED);
    }
    history.seek(Instant::from_secs(6), Steps::UNLIMITED);
    untouched.seek(Instant::from_secs(6), Steps::UNLIMITED);
    assert_eq!(digest(&history), digest(&untouched));
}

#[test]
fn what_cannot_be_done_to_a_process_is_refused_with_what_could() {
    let mut history = first_page().play().unwrap();
    let mut say = |line: &str| match script::parse_line(line) {
        Ok(script::Action::Command(command)) => {
            history.perform(command).map_err(|refused| refused.0)
        }
        Ok(other) => panic!("{other:?} is no command"),
        Err(sentence) => Err(sentence),
    };
    for (line, expected) in [
        ("kill b9", "b9 is not in this world; it has"),
        ("restart b2", "b2 runs; kill b2 or stop b2 comes first"),
        (
            "thaw b2",
            "b2 is not frozen; freeze b2 stops it where it is",
        ),
        (
            "kill b2 gently",
            "kill b2 gently is not kill b2 or kill b2 lossy",
        ),
        ("kill b2", ""),
        ("kill b2", "b2 does not run; restart b2 starts it again"),
        ("stop b2", "b2 does not run; restart b2 starts it again"),
        ("restart b2", ""),
        ("freeze p1", ""),
        (
            "produce p1 orders \"x\"",
            "p1 is frozen; thaw p1 lets it go on",
        ),
        ("stop p1", "p1 is frozen; thaw p1 lets it go on"),
        ("restart p1", "p1 is frozen; thaw p1 lets it go on"),
        (
            "pause b2",
            "b2 is not a consumer such as c1; for a process as a whole say freeze b2",
        ),
        (
            "disk p1 slow=2ms",
            "p1 has no disk that counts; a broker such as b1 has",
        ),
        ("disk b2 quick", "disk b2 takes slow=20ms, fails, or fine"),
        ("disk b2 slow=2m", "a write takes at most 60s"),
        (
            "clock b2 late",
            "clock b2 takes +1h, -30s, drift=100ppm or right",
        ),
        (
            "clock b2 +3000d",
            "a clock is at most 8760h ahead or behind",
        ),
        (
            "clock b2 drift=-2147483648ppm",
            "a clock drifts by at most 100000ppm",
        ),
        (
            "isolate b2 of brokers",
            "of is not from, as in isolate b2 from brokers",
        ),
        (
            "cut b2→moon",
            "moon is not a host such as b1, p1 or c1, nor brokers, clients",
        ),
    ] {
        match (say(line), expected) {
            (Ok(()), "") => {}
            (Err(sentence), expected) if !expected.is_empty() => {
                assert!(sentence.starts_with(expected), "{line}: {sentence}");
            }
            (done, _) => panic!("{line}: {done:?}"),
        }
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
