//! What the fuzz targets look for, over the seeds that they begin with and over what was found.
//!
//! The targets themselves are a crate of its own in `tests/fuzz`, which is built only for fuzzing. `FUZZ_SEEDS=1` also
//! writes the seeds to where cargo-fuzz looks for them. What a target has found lies in `tests/fuzz/found`, a file
//! each, and is looked at in every run of the tests.

#[path = "../../fuzz/src/batches.rs"]
mod batches;
#[path = "../../fuzz/src/frames/mod.rs"]
mod frames;
#[path = "../../fuzz/src/messages.rs"]
mod messages;
#[path = "../../fuzz/src/scripts.rs"]
mod scripts;
mod seeds;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use seeds::Seed;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// Looks at the seeds of a target, and at what it has found.
fn holds(target: &str, seeds: &[Seed], look: fn(&[u8])) {
    if std::env::var_os("FUZZ_SEEDS").is_some() {
        let corpus = folder().join("corpus").join(target);
        fs::create_dir_all(&corpus).expect("a folder can be made");
        for seed in seeds {
            fs::write(corpus.join(&seed.name), &seed.bytes).expect("a file can be written");
        }
    }
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    all.extend((seeds.iter()).map(|seed| (seed.name.clone(), seed.bytes.clone())));
    if let Ok(found) = fs::read_dir(folder().join("found").join(target)) {
        for file in found {
            let path = file.expect("a file").path();
            let bytes = fs::read(&path).expect("it can be read");
            all.push((path.display().to_string(), bytes));
        }
    }
    let fails = |bytes: &[u8]| catch_unwind(AssertUnwindSafe(|| look(bytes))).is_err();
    let mut wrong = Vec::new();
    for (name, bytes) in all {
        if fails(&bytes) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_are_what_they_were() {
    holds("messages", &seeds::messages(), messages::look);
}

#[test]
fn batches_that_are_taken_can_be_read() {
    holds("batches", &seeds::batches(), batches::look);
}

#[test]
fn scripts_read_back_and_play() {
    if std::env::var_os("FUZZ_SEEDS").is_some() {
        let words = folder().join("corpus/scripts.dict");
        fs::create_dir_all(folder().join("corpus")).expect("a folder can be made");
        fs::write(words, seeds::words()).expect("a file can be written");
    }
    holds("scripts", &seeds::scripts(), scripts::look);
}

#[test]
fn strangers_do_no_harm() {
    holds("frames", &seeds::frames(), frames::look);
}
