//! The app mounts, its stage is rendered once, and what is pressed reaches the world.

use crate::page::{mount, settled};
use wasm_bindgen_test::wasm_bindgen_test;

const STILL: &str = "<main><h1>A Kafka cluster is running in this tab</h1></main>";

#[wasm_bindgen_test]
async fn the_app_comes_alive_once_and_says_the_same() {
    let app = mount(STILL, &[]).await;
    assert_eq!(app.told("alive").len(), 1);
    let headline = app.find("h1").text_content().unwrap();
    assert_eq!(headline, "A Kafka cluster is running in this tab");
    assert!(app.count("svg.stage .card") >= 3, "three brokers are drawn");
    assert!(
        app.told("begin world brokers=3").len() == 1,
        "the run's script is kept"
    );
}

#[wasm_bindgen_test]
async fn the_stage_is_rendered_once() {
    let app = mount(STILL, &[]).await;
    let (stage, canvas) = (app.find("svg.stage"), app.find("canvas"));
    app.click("[aria-label=Pause]").await;
    for _ in 0..3 {
        app.click("[aria-label='Forward one event']").await;
    }
    assert!(stage.is_same_node(Some(&app.find("svg.stage"))));
    assert!(canvas.is_same_node(Some(&app.find("canvas"))));
    assert_eq!(app.count("svg.stage"), 1);
}

#[wasm_bindgen_test]
async fn a_click_reaches_the_world() {
    let app = mount(STILL, &[]).await;
    app.click(".go").await;
    let recorded = app.told("record").join("\n");
    assert!(recorded.ends_with("kill b2"), "{recorded}");
    assert!(app.count(".beats li") >= 1, "the first beat is told");
}

#[wasm_bindgen_test]
async fn what_was_pressed_too_early_is_done() {
    let app = mount(STILL, &["kill-2"]).await;
    assert_eq!(app.told("record").len(), 1);
}

#[wasm_bindgen_test]
async fn back_undoes_forward() {
    let app = mount(STILL, &[]).await;
    app.click("[aria-label=Pause]").await;
    app.click("[aria-label='Forward one event']").await;
    let clock = || app.find(".clock").text_content().unwrap();
    let picture = || app.find("svg.stage g").inner_html();
    // A slow machine paints late; what is waited for is the picture of this place.
    for _ in 0..20 {
        settled().await;
    }
    let (then, drawn) = (clock(), picture());
    app.click("[aria-label='Forward one event']").await;
    until(|| clock() != then).await;
    app.click("[aria-label='Back one event']").await;
    // Behind the newest place the clock also says how far.
    until(|| clock().starts_with(&then) && picture() == drawn).await;
}

/// Waits for something to become true on the page, for a few seconds at most.
async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..100 {
        if holds() {
            return;
        }
        settled().await;
    }
    panic!("what was waited for did not come");
}
