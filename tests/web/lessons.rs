//! The lessons once more, in the browser: everything they say is so here too.

use kafka_playground::lesson::{Catalogue, check};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_lesson_says_what_is_so() {
    let catalogue = Catalogue::read().unwrap_or_else(|(slug, why)| panic!("{slug}: {why}"));
    let wrong: Vec<String> = catalogue.all().flat_map(check).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
