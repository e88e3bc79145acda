//! A whole script put into the sandbox: a bug report, what the swarm found, somebody's cluster. It is pasted into the line
//! or into a field of its own; what cannot be replayed says which line and why, and leaves the cluster as it was.

use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlTextAreaElement};
use yew::prelude::*;

use crate::fact::answered;
use crate::ui::app::App;
use crate::ui::hooks::use_app;
use crate::ui::state::Origin;

/// How a whole script begins.
const BEGINNING: &str = "world brokers=3 seed=1";

/// Opens what is pasted into a field of one line, if it is a script of several. `None`: it is no such thing, and the
/// field takes it.
pub(super) fn pasted(app: &App, event: &Event) -> Option<Result<(), String>> {
    let event: &ClipboardEvent = event.dyn_ref()?;
    let text = event.clipboard_data()?.get_data("text/plain").ok()?;
    if text.trim().lines().count() < 2 {
        return None;
    }
    event.prevent_default();
    Some(open(app, &text))
}

/// Replays a whole script in place of the cluster that is there.
fn open(app: &App, text: &str) -> Result<(), String> {
    let described = text.lines().map(str::trim);
    let mut described = described.filter(|line| !line.is_empty() && !line.starts_with('#'));
    if !described
        .next()
        .is_some_and(|line| line.starts_with("world"))
    {
        return Err(format!(
            "a whole script begins with the world that it needs, such as {BEGINNING}; single lines are said one by one"
        ));
    }
    let opened = app.replay(text, Origin::Script);
    opened.map_err(|sentence| answered(&sentence))
}

#[component]
pub fn Opening() -> Html {
    let app = use_app();
    let problem = use_state(|| None::<String>);
    let field = use_node_ref();
    let submit = {
        let (problem, field) = (problem.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = field.cast::<HtmlTextAreaElement>() else {
                return;
            };
            match open(&app, &field.value()) {
                Ok(()) => {
                    field.set_value("");
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(sentence)),
            }
        })
    };
    html! {
        <details class="more"><summary>{ "A whole script" }</summary>
            <form class="line" onsubmit={submit}>
                <label for="script">{ "Replayed from its beginning, in place of this cluster" }</label>
                <textarea id="script" ref={field} class="mono" rows="6" autocomplete="off" spellcheck="false" placeholder={BEGINNING} aria-describedby="script-problem" />
                <button class="btn" type="submit">{ "Replay it" }</button>
                <p id="script-problem" class="problem" role="alert">{ (*problem).clone().unwrap_or_default() }</p>
            </form>
        </details>
    }
}
