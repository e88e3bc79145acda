//! Clusters drawn from numbers run in the browser as they run on the host.

use std::time::Duration;

use kafka_playground::swarm::{self, Budget};
use wasm_bindgen_test::wasm_bindgen_test;

const DIGESTS: &str = include_str!("../swarm.txt");

/// Into so many tests the seeds are dealt, so that it is seen how far they are.
const PARTS: usize = 20;

/// Runs every twentieth of the stored seeds, from one of them on. The browser's driver gives a page up that does not
/// answer for half a minute, so that it is let answer after each.
async fn run_from(first: usize) -> Result<(), String> {
    for line in DIGESTS.lines().skip(first).step_by(PARTS) {
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
        yew::platform::time::sleep(Duration::ZERO).await;
    }
    Ok(())
}

/// A test for each part.
macro_rules! parts {
    ($($name:ident $first:literal)*) => {$(
        #[wasm_bindgen_test]
        async fn $name() -> Result<(), String> {
            run_from($first).await
        }
    )*};
}

parts! {
    drawn_clusters_have_the_digests_of_the_host_1 0
    drawn_clusters_have_the_digests_of_the_host_2 1
    drawn_clusters_have_the_digests_of_the_host_3 2
    drawn_clusters_have_the_digests_of_the_host_4 3
    drawn_clusters_have_the_digests_of_the_host_5 4
    drawn_clusters_have_the_digests_of_the_host_6 5
    drawn_clusters_have_the_digests_of_the_host_7 6
    drawn_clusters_have_the_digests_of_the_host_8 7
    drawn_clusters_have_the_digests_of_the_host_9 8
    drawn_clusters_have_the_digests_of_the_host_10 9
    drawn_clusters_have_the_digests_of_the_host_11 10
    drawn_clusters_have_the_digests_of_the_host_12 11
    drawn_clusters_have_the_digests_of_the_host_13 12
    drawn_clusters_have_the_digests_of_the_host_14 13
    drawn_clusters_have_the_digests_of_the_host_15 14
    drawn_clusters_have_the_digests_of_the_host_16 15
    drawn_clusters_have_the_digests_of_the_host_17 16
    drawn_clusters_have_the_digests_of_the_host_18 17
    drawn_clusters_have_the_digests_of_the_host_19 18
    drawn_clusters_have_the_digests_of_the_host_20 19
}
