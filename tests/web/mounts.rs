//! The app mounts: what www/main.js does, done by a test.

use js_sys::{Array, Function, Object, Promise, Reflect};
use kafka_playground::ui::{Page, start};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

/// A page that remembers in `calls` what the app told it.
fn page(calls: &Array) -> Page {
    let page = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&page, &name.into(), value).unwrap();
    set("root", &"http://localhost/".into());
    for name in ["alive", "stopped"] {
        let calls = calls.clone();
        let told = Closure::<dyn Fn() -> JsValue>::new(move || {
            calls.push(&name.into());
            Array::new().into()
        });
        set(name, &told.into_js_value());
    }
    page.unchecked_into()
}

fn root(still: &str) -> Element {
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    root.set_inner_html(still);
    document.body().unwrap().append_child(&root).unwrap();
    root
}

/// Until the browser has run what Yew has scheduled.
async fn settled() {
    let promise = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let set_timeout: Function = Reflect::get(&global, &"setTimeout".into())
            .unwrap()
            .unchecked_into();
        set_timeout.call2(&global, &resolve, &0.into()).unwrap();
    });
    promise.await.unwrap();
}

#[wasm_bindgen_test]
async fn the_app_comes_alive_once_and_moves_nothing() {
    let still = "<main><h1>A Kafka cluster is running in this tab</h1></main>";
    let (root, calls) = (root(still), Array::new());

    start(root.clone(), page(&calls));
    settled().await;

    assert_eq!(calls.join(" "), "alive");
    assert_eq!(root.inner_html(), still);
}
