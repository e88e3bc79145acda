//! The one surface between the page's JavaScript and the app.
//!
//! Everything the app asks of JavaScript goes through [`Page`], which `www/main.js` makes and tests make
//! for themselves; nothing is looked up on the global object. A panic poisons the instance, so the hook
//! tells the page and the app is never entered again.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What JavaScript does for the app.
    #[derive(Clone, PartialEq)]
    pub type Page;

    /// The address of the app's root, ending in `/`.
    #[wasm_bindgen(method, getter)]
    pub fn root(this: &Page) -> String;

    /// The script to replay before anything else; empty for a first start.
    #[wasm_bindgen(method, getter)]
    pub fn script(this: &Page) -> Option<String>;

    /// At which second of the cluster's time to stand then; 0 where the script ends.
    #[wasm_bindgen(method, getter)]
    pub fn stands(this: &Page) -> f64;

    /// The app has drawn itself. Returns the names of the buttons pressed until then, in order.
    #[wasm_bindgen(method)]
    pub fn alive(this: &Page) -> Vec<String>;

    /// A new run begins with these lines; the script of the last one is forgotten.
    #[wasm_bindgen(method)]
    pub fn begin(this: &Page, lines: &str);

    /// Lines that the run's script has grown by.
    #[wasm_bindgen(method)]
    pub fn record(this: &Page, lines: &str);

    /// Keeps the cluster of a view in the browser, beyond this visit; nothing forgets it.
    #[wasm_bindgen(method, js_name = keepCluster)]
    pub fn keep_cluster(this: &Page, view: &str, text: &str);

    /// The cluster that an earlier visit kept for a view.
    #[wasm_bindgen(method, js_name = keptCluster)]
    pub fn kept_cluster(this: &Page, view: &str) -> Option<String>;

    /// This instance has panicked and must not be entered again.
    #[wasm_bindgen(method)]
    pub fn stopped(this: &Page, message: &str);

    /// Turns light to dark and back, and remembers it.
    #[wasm_bindgen(method, js_name = switchTheme)]
    pub fn switch_theme(this: &Page);
}

thread_local! {
    /// Whom a panic is told to. A panic hook may hold nothing that belongs to one thread, hence not the page itself.
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// From now on a panic is told to this page.
pub fn tell_panics_to(page: &Page) {
    PAGE.set(Some(page.clone()));
    yew::set_custom_panic_hook(Box::new(|panic| {
        let page = PAGE.with_borrow(Option::clone);
        page.inspect(|page| page.stopped(&panic.to_string()));
    }));
}
