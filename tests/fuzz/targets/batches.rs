#![no_main]
//! `cargo fuzz run --fuzz-dir tests/fuzz batches`

#[path = "../src/batches.rs"]
mod batches;
#[allow(dead_code)]
#[path = "../../it/memory.rs"]
mod memory;
#[path = "../src/tiles.rs"]
mod tiles;

libfuzzer_sys::fuzz_target!(|data: &[u8]| batches::look(data));
