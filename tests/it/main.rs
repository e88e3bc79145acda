#![cfg(not(target_arch = "wasm32"))]
//! The host tests.

mod anomalies;
mod audit;
mod beats;
mod cleaning;
mod determinism;
mod downed;
mod drawn;
mod figures;
mod fuzz;
mod lessons;
mod memory;
mod pictures;
mod plans;
mod scripts;
mod serve;
mod shaken;
mod sockets;
mod swarm;
mod tidy;
mod weight;
mod wire;

#[path = "../scripts/mod.rs"]
mod golden;

#[path = "../fuzz/src/tiles.rs"]
mod tiles;
