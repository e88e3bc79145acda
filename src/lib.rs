#![forbid(unsafe_code)]
//! A Kafka cluster in one library.

pub mod channel;
pub mod fact;
pub mod log;
pub mod model;
pub mod process;
pub mod protocol;
pub mod rng;
pub mod time;
pub mod timers;

#[cfg(target_arch = "wasm32")]
pub mod ui;
