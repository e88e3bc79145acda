#![cfg(not(target_arch = "wasm32"))]
//! The host tests.

mod figures;
mod memory;
mod tidy;
mod wire;
