//! Golden scripts: what they show is what they say.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes anew what they show; the difference is then read and committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kafka_playground::script;

use crate::golden::SCRIPTS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts")
}

#[test]
fn every_script_shows_what_it_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, _) in SCRIPTS {
        let path = folder().join(format!("{name}.script"));
        let text = fs::read_to_string(&path).unwrap();
        match script::run_golden(&text) {
            Ok(fresh) if fresh.contains("\nVIOLATION ") => wrong.push(format!("{name}\n{fresh}")),
            Ok(fresh) if fresh == text => {}
            Ok(fresh) if update => fs::write(&path, fresh).unwrap(),
            Ok(fresh) => wrong.push(format!("{name} now shows:\n{fresh}")),
            Err(unreadable) => wrong.push(format!("{name}: {unreadable}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_script_is_listed() {
    let mut found = BTreeSet::new();
    for subject in fs::read_dir(folder()).unwrap() {
        let subject = subject.unwrap().path();
        if !subject.is_dir() {
            continue;
        }
        for file in fs::read_dir(&subject).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(folder()).unwrap().with_extension("");
            found.insert(name.to_string_lossy().into_owned());
        }
    }
    let listed: BTreeSet<String> = SCRIPTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, listed, "tests/scripts/mod.rs lists every script");
}

#[test]
fn a_printed_history_reads_back_to_the_same_digest() {
    for (name, text) in SCRIPTS {
        let history = script::parse(text)
            .and_then(|script| script.play())
            .unwrap();
        let printed = history.to_script();
        let again = script::parse(&printed).and_then(|script| script.play());
        let again = again.unwrap_or_else(|unreadable| panic!("{name}: {unreadable}\n{printed}"));
        let digest = history.observed().journal.digest();
        assert_eq!(
            again.observed().journal.digest(),
            digest,
            "{name}\n{printed}"
        );
    }
}

#[test]
fn a_printed_history_leads_to_where_it_stands_within_an_instant() {
    let text =
        "world brokers=3 seed=1 latency=1ms\ntopic orders\nproducer p1\nproduce p1 orders \"a\"\n";
    let mut history = script::parse(text).unwrap().play().unwrap();
    // Standing where the last command was given, then at every step behind it.
    for _ in 0..40 {
        let printed = history.to_script();
        assert_eq!(printed, history.script_until_here());
        let again = script::parse(&printed).unwrap().play().unwrap();
        assert_eq!(again.world().steps(), history.world().steps(), "{printed}");
        let digest = history.observed().journal.digest();
        assert_eq!(again.observed().journal.digest(), digest, "{printed}");
        history.step();
    }
}
