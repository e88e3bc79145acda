//! What the page works out without a page: addresses, links, the ribbon's axis, keys.

use kafka_playground::script::link::{Damaged, pack, unpack};
use kafka_playground::session::axis::{Axis, WIDTH};
use kafka_playground::time::Instant;
use kafka_playground::ui::deeds::{Deed, Stroke, of_stroke};
use kafka_playground::ui::route::{Route, read_address};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_printed_route_reads_back() {
    for path in ["", "figures/", "figures/keys/3/", "sandbox/", "code/"] {
        assert_eq!(
            Route::parse(path).map(|route| route.path()).as_deref(),
            Some(path)
        );
    }
    for path in [
        "figures/keys/0/",
        "figures/keys/x/",
        "nothing/",
        "figures/keys/1/2/",
    ] {
        assert_eq!(Route::parse(path), None, "{path}");
    }
}

#[wasm_bindgen_test]
fn addresses_are_read_relative_to_the_root() {
    let (route, fragment) = read_address("https://x.org/a/b/", "https://x.org/a/b/sandbox/#s=1.x");
    assert_eq!(route, Ok(Route::Sandbox));
    assert_eq!(fragment.as_deref(), Some("s=1.x"));
    let (route, _) = read_address("https://x.org/a/b/", "https://x.org/a/b/lost?x=1");
    assert_eq!(route, Err("lost?x=1".to_owned()));
}

#[wasm_bindgen_test]
fn a_link_holds_a_script() {
    let script = "world brokers=3 seed=1\nat 1.5s\nhold b2 — ünïcode\n".repeat(40);
    let packed = pack(&script);
    assert!(packed.len() < 200, "{}", packed.len());
    assert_eq!(unpack(&packed), Some(Ok(script)));
    assert_eq!(unpack("top"), None);
}

#[wasm_bindgen_test]
fn a_damaged_link_is_refused() {
    let packed = pack("world brokers=3 seed=1\n");
    for cut in 3..packed.len() - 1 {
        let opened = unpack(&packed[..cut]);
        assert!(matches!(opened, Some(Err(_))), "{cut} of {}", packed.len());
    }
    assert_eq!(unpack("s=2.xxxx"), Some(Err(Damaged::Newer)));
    assert_eq!(unpack("s=1.!!!!"), Some(Err(Damaged::Incomplete)));
}

#[wasm_bindgen_test]
fn the_axis_folds_idle_time_and_goes_back() {
    let (from, to) = (Instant::from_secs(4), Instant::from_secs(22));
    let axis = Axis::new(Instant::from_secs(28), &[(from, to)]);
    let fold = axis.folds().next().expect("one stretch is folded");
    assert_eq!((fold.from, fold.to), (axis.x(from), axis.x(to)));
    assert_eq!(
        (fold.to - fold.from) / 10,
        WIDTH / 60,
        "two of twelve seconds"
    );
    for millis in [0, 1_000, 4_000, 13_000, 22_000, 27_500, 28_000] {
        let at = Instant::from_millis(millis);
        let back = axis.at(axis.x(at));
        let off = back.as_millis().abs_diff(millis);
        assert!(off <= 10, "{millis} came back as {}", back.as_millis());
    }
}

#[wasm_bindgen_test]
fn keys_do_what_the_list_says() {
    let stroke = |key| Stroke {
        key,
        shift: false,
        command: false,
    };
    assert_eq!(of_stroke(stroke(" ")), Some(Deed::Play));
    assert_eq!(of_stroke(stroke("n")), Some(Deed::NextStep));
    assert_eq!(
        of_stroke(Stroke {
            shift: true,
            ..stroke("N")
        }),
        Some(Deed::PreviousStep)
    );
    assert_eq!(
        of_stroke(Stroke {
            command: true,
            ..stroke("k")
        }),
        Some(Deed::Find)
    );
    assert_eq!(
        of_stroke(Stroke {
            command: true,
            ..stroke(".")
        }),
        None
    );
    assert_eq!(of_stroke(stroke("q")), None);
}
