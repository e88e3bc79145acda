//! A page to mount the app in: what `www/main.js` would hand it, and what it said.

use js_sys::{Array, Function, Object, Promise, Reflect};
use kafka_playground::ui::{Page, start};
use wasm_bindgen::prelude::*;
use web_sys::{Document, Element, HtmlElement};

/// A mounted app.
pub struct Mounted {
    pub root: Element,
    /// Everything that the app told the page: `alive`, `begin …`, `record …`.
    pub told: Array,
}

pub fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

/// Mounts the app in a root that holds `still`; `pressed` are the buttons pressed before it came alive.
pub async fn mount(still: &str, pressed: &[&str]) -> Mounted {
    let root = document().create_element("div").unwrap();
    root.set_inner_html(still);
    root.set_attribute("style", "width: 1440px; height: 900px")
        .unwrap();
    document().body().unwrap().append_child(&root).unwrap();
    let told = Array::new();
    start(root.clone(), page(&told, pressed));
    settled().await;
    Mounted { root, told }
}

fn page(told: &Array, pressed: &[&str]) -> Page {
    let page = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&page, &name.into(), value).unwrap();
    set("root", &root_address().into());
    set("script", &"".into());
    let names: Array = pressed.iter().map(|name| JsValue::from_str(name)).collect();
    for name in [
        "alive",
        "stopped",
        "begin",
        "record",
        "switchTheme",
        "keepCluster",
    ] {
        let (told, names) = (told.clone(), names.clone());
        let hear = Closure::<dyn Fn(JsValue) -> JsValue>::new(move |word: JsValue| {
            let words = word
                .as_string()
                .map_or(String::new(), |word| format!(" {word}"));
            told.push(&format!("{name}{words}").into());
            names.clone().into()
        });
        set(name, &hear.into_js_value());
    }
    let nothing = Closure::<dyn Fn(JsValue) -> JsValue>::new(|_: JsValue| JsValue::UNDEFINED);
    set("keptCluster", &nothing.into_js_value());
    page.unchecked_into()
}

/// The folder of the test page, so that the app finds itself at its root.
fn root_address() -> String {
    let location = document().location().unwrap();
    format!("{}/", location.origin().unwrap())
}

/// Until the browser has run what Yew has scheduled and has drawn it: three frames, however slow they are.
pub async fn settled() {
    for _ in 0..3 {
        called_back("requestAnimationFrame", &[]).await;
        called_back("setTimeout", &[10.into()]).await;
    }
}

/// Until a global function that takes a callback first has called it.
async fn called_back(name: &str, more: &[JsValue]) {
    let promise = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let function: Function = Reflect::get(&global, &name.into())
            .unwrap()
            .unchecked_into();
        let arguments: Array = std::iter::once(JsValue::from(resolve))
            .chain(more.iter().cloned())
            .collect();
        function.apply(&global, &arguments).unwrap();
    });
    promise.await.unwrap();
}

impl Mounted {
    pub fn find(&self, selector: &str) -> Element {
        let found = self.root.query_selector(selector).unwrap();
        found.unwrap_or_else(|| panic!("the page has {selector}"))
    }

    pub fn count(&self, selector: &str) -> u32 {
        self.root.query_selector_all(selector).unwrap().length()
    }

    pub async fn click(&self, selector: &str) {
        self.find(selector).unchecked_into::<HtmlElement>().click();
        settled().await;
    }

    /// What was told that begins so.
    pub fn told(&self, beginning: &str) -> Vec<String> {
        let words = self.told.iter().filter_map(|word| word.as_string());
        words.filter(|word| word.starts_with(beginning)).collect()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.root.remove();
    }
}
