//! Clusters drawn from numbers run in the browser as they run on the host.

use kafka_playground::swarm::{self, Budget};
use wasm_bindgen_test::wasm_bindgen_test;

const DIGESTS: &str = include_str!("../swarm.txt");

/// Runs every fourth of the stored seeds, from one of them on: many short tests are better than a long one.
fn run_from(first: usize) -> Result<(), String> {
    for line in DIGESTS.lines().skip(first).step_by(4) {
        let (seed, digest) = line.split_once(' ').unwrap();
        let seed = seed.parse().unwrap();
        let verdict = swarm::run(seed, Budget::of(seed));
        if let Some(failure) = verdict.failure {
            return Err(format!("seed {seed} {failure}\n{}", verdict.script));
        }
        if verdict.digest.to_string() != digest {
            let here = verdict.digest;
            return Err(format!("seed {seed}: {digest} on the host, {here} here"));
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
fn drawn_clusters_have_the_digests_of_the_host_1() -> Result<(), String> {
    run_from(0)
}

#[wasm_bindgen_test]
fn drawn_clusters_have_the_digests_of_the_host_2() -> Result<(), String> {
    run_from(1)
}

#[wasm_bindgen_test]
fn drawn_clusters_have_the_digests_of_the_host_3() -> Result<(), String> {
    run_from(2)
}

#[wasm_bindgen_test]
fn drawn_clusters_have_the_digests_of_the_host_4() -> Result<(), String> {
    run_from(3)
}
