//! The browser: what is heard on the window, keys among it, and coming alive.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

use super::{App, address, window};
use crate::ui::deeds::{self, Deed, Stroke};

impl App {
    /// Everything that is heard on the window, for as long as the result lives.
    pub(super) fn listen(&self) -> Vec<Listener> {
        let window = window();
        let document = window.document().expect("a window has a document");
        let app = self.clone();
        let popped = Listener::new(&window, "popstate", move |_| app.open_address(&address()));
        let app = self.clone();
        let hash = Listener::new(&window, "hashchange", move |_| app.open_address(&address()));
        let app = self.clone();
        let keys = Listener::new(&document, "keydown", move |event| {
            app.hear_key(event.unchecked_ref());
        });
        let app = self.clone();
        let hidden = Listener::new(&document, "visibilitychange", move |_| {
            if web_sys::window()
                .and_then(|window| window.document())
                .is_some_and(|document| document.hidden())
            {
                app.player.pause_away();
            }
        });
        let mut all = vec![popped, hash, keys, hidden];
        if let Ok(Some(query)) = window.match_media("(prefers-reduced-motion: reduce)") {
            let (app, asked) = (self.clone(), query.clone());
            all.push(Listener::new(&query, "change", move |_| {
                app.player.set_reduced(asked.matches())
            }));
        }
        all.extend(self.watch_theme());
        all
    }

    /// The theme is an attribute of the page, whoever sets it.
    pub(super) fn watch_theme(&self) -> Option<Listener> {
        let root = window().document()?.document_element()?;
        let player = self.player.clone();
        Some(Listener::watching(&root, "data-theme", move || {
            player.painter(|painter| painter.recolour());
            player.repaint();
        }))
    }

    pub(super) fn hear_key(&self, event: &web_sys::KeyboardEvent) {
        let document = self.document();
        if event.default_prevented() || document.overlay.is_some() {
            return;
        }
        let key = event.key();
        let command = event.ctrl_key() || event.meta_key();
        if event.alt_key() {
            return;
        }
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let on = |selector: &str| {
            target
                .as_ref()
                .is_some_and(|target| target.closest(selector).ok().flatten().is_some())
        };
        let typing = on("input:not([type=range]), textarea, select, [contenteditable]");
        if !command && (typing || !document.single_keys) {
            return;
        }
        // Space and Enter press what has the focus; a slider keeps its own keys.
        if key == " " && on("button, a, summary, [role=option]") {
            return;
        }
        if matches!(key.as_str(), "Home" | "End") && on("input") {
            return;
        }
        let stroke = Stroke {
            key: &key,
            shift: event.shift_key(),
            command,
        };
        if let Some(deed) = deeds::of_stroke(stroke) {
            event.prevent_default();
            self.act(deed);
        }
    }

    /// Tells the page that the app has drawn itself, and does what was pressed until then.
    pub(super) fn come_alive(&self) {
        for name in self.page.alive() {
            match name.as_str() {
                "find" => self.act(Deed::Find),
                "copy-link" => self.act(Deed::CopyLink),
                "present" => self.act(Deed::Present),
                "help" => self.act(Deed::Shortcuts),
                "back" => self.act(Deed::Back),
                "play" => self.act(Deed::Play),
                "forward" => self.act(Deed::Forward),
                "start-over" => self.act(Deed::StartOver),
                "pace" => self.act(Deed::EvenPace),
                "kill-2" => self.press_first(),
                _ => {}
            }
        }
    }
}

/// Hears one kind of event for as long as it lives.
pub struct Listener {
    stop: Box<dyn Fn()>,
}

#[wasm_bindgen]
extern "C" {
    /// Watches attributes, of which web-sys would cost features.
    type MutationObserver;

    #[wasm_bindgen(constructor)]
    fn new(callback: &JsValue) -> MutationObserver;

    #[wasm_bindgen(method)]
    fn observe(this: &MutationObserver, target: &JsValue, options: &JsValue);

    #[wasm_bindgen(method)]
    fn disconnect(this: &MutationObserver);
}

impl Listener {
    fn new(
        target: &web_sys::EventTarget,
        name: &'static str,
        hear: impl FnMut(web_sys::Event) + 'static,
    ) -> Listener {
        let closure = Closure::<dyn FnMut(web_sys::Event)>::new(hear);
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        let target = target.clone();
        let stop = move || {
            let _ =
                target.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        };
        Listener {
            stop: Box::new(stop),
        }
    }

    fn watching(
        target: &web_sys::Element,
        attribute: &str,
        hear: impl FnMut() + 'static,
    ) -> Listener {
        let closure = Closure::<dyn FnMut()>::new(hear);
        let observer = MutationObserver::new(closure.as_ref());
        let options = js_sys::Object::new();
        let filter = js_sys::Array::of1(&attribute.into());
        let _ = js_sys::Reflect::set(&options, &"attributeFilter".into(), &filter);
        observer.observe(target.as_ref(), &options);
        let stop = move || {
            let _closure = &closure;
            observer.disconnect();
        };
        Listener {
            stop: Box::new(stop),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        (self.stop)();
    }
}
