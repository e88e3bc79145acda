//! The bar over the stage: through which lens it is seen, and how crowded logs are drawn.

use yew::prelude::*;

use crate::stage::{Lens, density};
use crate::ui::hooks::{use_app, use_document};
use crate::ui::state::Action;

#[component]
pub fn StageBar() -> Html {
    let app = use_app();
    let document = use_document();
    let press = |action: Action| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.dispatch(action.clone()))
    };
    let now = app.lens();
    let lens = |(lens, name): (Lens, &'static str)| {
        let pressed = (lens == now).to_string();
        html! { <button key={name} type="button" aria-pressed={pressed} onclick={press(Action::SetLens(lens))}>{ name }</button> }
    };
    let level = |choice: &Option<density::Density>| {
        let name = density::name(*choice);
        let pressed = (*choice == document.density).to_string();
        html! { <button key={name} type="button" aria-pressed={pressed} onclick={press(Action::SetDensity(*choice))}>{ name }</button> }
    };
    html! {
        <div class="stage-bar" role="toolbar" aria-label="Stage">
            <div class="seg" role="group" aria-label="Lens" aria-keyshortcuts="V">{ for [(Lens::ByBroker, "By broker"), (Lens::ByTopic, "By topic")].into_iter().map(lens) }</div>
            <div class="seg" role="group" aria-label="Density" aria-keyshortcuts="G">{ for density::CHOICES.iter().map(level) }</div>
        </div>
    }
}
