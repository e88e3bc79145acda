//! The page, compiled only for the browser.
//!
//! Three kinds of state, three homes. The simulation belongs to the [`player`], outside the virtual DOM, and
//! changes every step. The document ([`state`]) is one reducer and changes when the reader does something. The
//! frame belongs to the [`painter`] and changes with every one of them. Components read the simulation through
//! [`hooks`] and change it by [`deeds`] and commands; Yew never sees a moving thing.
//!
//! In reading order: [`page`] what JavaScript does for the app · [`route`] addresses · [`state`] the document ·
//! [`player`] the session that is looked at · [`frame_loop`] when frames are asked for · [`painter`] SVG and canvas ·
//! [`hooks`] how components read · [`deeds`] what a person can do · [`app`] what handlers share · [`chrome`]
//! the frame around every view · [`article`] the words · [`inspect`] what there is to know
//! about a thing · [`share`] links · [`kept`] what outlives a visit · [`icon`] · [`bench`] measuring, for www/bench.html.

pub mod app;
pub mod article;
pub mod bench;
pub mod chrome;
pub mod deeds;
pub mod frame_loop;
pub mod hooks;
pub mod icon;
pub mod inspect;
pub mod kept;
pub mod page;
pub mod painter;
pub mod player;
pub mod route;
pub mod share;
pub mod state;

use wasm_bindgen::prelude::*;
use web_sys::Element;

pub use page::Page;

/// Fills `root` with the app. `www/main.js` calls it once a fresh instance is ready.
#[wasm_bindgen]
pub fn start(root: Element, page: Page) {
    page::tell_panics_to(&page);
    yew::Renderer::<app::Root>::with_root_and_props(root, app::RootProps { page }).render();
}
