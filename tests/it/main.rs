#![cfg(not(target_arch = "wasm32"))]
//! The host tests.

mod codec;

mod tidy;
