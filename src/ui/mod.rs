//! The page, compiled only for the browser.
//!
//! [`start`] is what `www/main.js` calls once a fresh instance is ready. Everything the page asks of JavaScript goes
//! through [`Page`]; nothing is looked up on the global object.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What JavaScript does for the page. `www/main.js` makes it; tests make their own.
    #[derive(Clone, PartialEq)]
    pub type Page;

    /// The address of the app's root, ending in `/`.
    #[wasm_bindgen(method, getter)]
    pub fn root(this: &Page) -> String;

    /// The app has drawn itself. Returns the names of the buttons pressed until then, in order.
    #[wasm_bindgen(method)]
    pub fn alive(this: &Page) -> Vec<String>;

    /// This instance has panicked and must not be entered again.
    #[wasm_bindgen(method)]
    pub fn stopped(this: &Page, message: &str);
}

thread_local! {
    /// Whom a panic is told to. A panic hook may hold nothing that belongs to one thread, hence not the page itself.
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// Fills `root` with the app.
#[wasm_bindgen]
pub fn start(root: Element, page: Page) {
    PAGE.set(Some(page.clone()));
    yew::set_custom_panic_hook(Box::new(|panic| {
        let page = PAGE.with_borrow(Option::clone);
        page.inspect(|page| page.stopped(&panic.to_string()));
    }));
    // Until the app draws a first frame of its own it keeps the one that came with the page, so that nothing moves.
    let still = AttrValue::from(root.inner_html());
    yew::Renderer::<App>::with_root_and_props(root, Props { still, page }).render();
}

#[derive(Properties, PartialEq)]
struct Props {
    still: AttrValue,
    page: Page,
}

#[component]
fn App(props: &Props) -> Html {
    let page = props.page.clone();
    use_effect_with((), move |()| {
        page.alive();
    });
    Html::from_html_unchecked(props.still.clone())
}
