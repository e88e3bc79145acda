//! The wire vectors once more, in the browser.

#[path = "../wire/mod.rs"]
mod vectors;

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_vector_reads_back_and_is_described_without_gaps() {
    assert!(!vectors::VECTORS.is_empty());
    for (name, text) in vectors::VECTORS {
        vectors::check(name, text);
    }
}
