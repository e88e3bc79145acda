#![cfg(target_arch = "wasm32")]
//! The browser tests.

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod lessons;
mod mounts;
mod page;
mod painter;
mod plain;
mod scripts;
mod swarm;
mod wire;

#[path = "../scripts/mod.rs"]
mod golden;

wasm_bindgen_test_configure!(run_in_browser);
