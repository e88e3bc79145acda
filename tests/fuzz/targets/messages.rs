#![no_main]
//! `cargo fuzz run --fuzz-dir tests/fuzz messages`

#[allow(dead_code)]
#[path = "../../it/memory.rs"]
mod memory;
#[path = "../src/messages.rs"]
mod messages;
#[path = "../src/tiles.rs"]
mod tiles;

libfuzzer_sys::fuzz_target!(|data: &[u8]| messages::look(data));
