//! The workloads for `www/bench.html`, which holds the clock.

use wasm_bindgen::prelude::*;

use crate::time::Duration;
use crate::workload::{self, Workload};
use crate::world::{History, World};

/// A workload that is running in this page.
#[wasm_bindgen]
pub struct Bench {
    workload: Workload,
    history: History,
}

#[wasm_bindgen]
impl Bench {
    /// Starts the workload of this name; nothing when there is none.
    pub fn start(name: &str) -> Option<Bench> {
        let workload = *workload::ALL
            .iter()
            .find(|workload| workload.name == name)?;
        Some(Bench {
            workload,
            history: workload.start(),
        })
    }

    /// The names of all workloads.
    pub fn names() -> Vec<String> {
        workload::ALL
            .iter()
            .map(|workload| workload.name.to_owned())
            .collect()
    }

    /// What the workload stands for.
    pub fn about(&self) -> String {
        self.workload.about.to_owned()
    }

    /// Simulated seconds per real second that are the goal.
    pub fn goal(&self) -> f64 {
        self.workload.goal as f64
    }

    /// The virtual seconds of one measurement.
    pub fn span(&self) -> f64 {
        self.workload.span.as_micros() as f64 / 1e6
    }

    /// Runs this many virtual seconds more: steps, records, and the digest as text.
    pub fn run(&mut self, seconds: f64) -> Vec<f64> {
        let span = Duration::from_micros((seconds * 1e6) as u64);
        let tally = Workload::run(&mut self.history, span);
        vec![tally.steps as f64, tally.records as f64]
    }

    /// The digest of everything that happened.
    pub fn digest(&self) -> String {
        self.history.observed().journal.digest().to_string()
    }

    /// Goes to a virtual second, forward or back, as scrubbing does.
    pub fn seek(&mut self, seconds: f64) {
        let at = crate::time::Instant::from_micros((seconds * 1e6) as u64);
        self.history.seek(at, crate::world::Steps::UNLIMITED);
    }

    /// Copies the world `count` times, as checkpoints do.
    pub fn checkpoint(&self, count: u32) -> usize {
        let copies: Vec<World> = (0..count).map(|_| self.history.world().clone()).collect();
        copies.len()
    }
}
