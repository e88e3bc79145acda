#![no_main]
//! `cargo fuzz run --fuzz-dir tests/fuzz scripts`

#[path = "../src/scripts.rs"]
mod scripts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scripts::look(data));
