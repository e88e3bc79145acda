#![no_main]
//! `cargo fuzz run --fuzz-dir tests/fuzz frames`

#[path = "../src/frames/mod.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| frames::look(data));
