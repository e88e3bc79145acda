#![cfg(target_arch = "wasm32")]
//! The browser tests.
