//! How components reach the app and read the simulation.
//!
//! [`use_app`] gives what every handler needs; [`use_view`] selects a value out of the digest and renders again
//! only when that value has changed.

use std::rc::Rc;

use yew::prelude::*;

use crate::ui::app::App;
use crate::ui::player::Digest;
use crate::ui::state::Document;

/// The app: player, dispatch and page.
#[hook]
pub fn use_app() -> App {
    use_context::<App>().expect("every component stands inside the app")
}

/// The document as it is now.
#[hook]
pub fn use_document() -> Rc<Document> {
    use_context::<Rc<Document>>().expect("every component stands inside the app")
}

/// A value selected out of the simulation's digest.
#[hook]
pub fn use_view<T, F>(select: F) -> T
where
    T: PartialEq + Clone + 'static,
    F: Fn(&Digest) -> T + 'static,
{
    let app = use_app();
    let value = use_state_eq(|| select(&app.player.digest()));
    {
        let value = value.setter();
        use_effect_with((), move |()| {
            // What was published between rendering and now.
            value.set(select(&app.player.digest()));
            let listening = app.player.listen(move |digest| value.set(select(digest)));
            move || drop(listening)
        });
    }
    (*value).clone()
}
