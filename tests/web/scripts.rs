//! Every golden script again, in the browser: what it shows and the digest of its journal.

use kafka_playground::script;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::golden::{SCRIPTS, stored_digest};

#[wasm_bindgen_test]
fn every_script_shows_in_the_browser_what_it_shows_on_the_host() {
    for (name, text) in SCRIPTS {
        let fresh = script::run_golden(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&fresh, text, "{name}");
    }
}

#[wasm_bindgen_test]
fn every_script_has_the_digest_that_the_host_stored() {
    for (name, text) in SCRIPTS {
        let history = script::parse(text)
            .and_then(|script| script.play())
            .unwrap();
        let digest = history.observed().journal.digest().to_string();
        assert_eq!(stored_digest(name), Some(digest.as_str()), "{name}");
    }
}
