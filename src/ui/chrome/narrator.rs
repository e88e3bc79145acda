//! The narrator: the time and one sentence about what happened, under the stage.
//!
//! It is the page's live region. While playing it says at most one thing every second and a half; while
//! stepping it says every event. A fault begins with the word.

use yew::prelude::*;

use crate::session::words::clock;
use crate::ui::hooks::{use_document, use_view};
use crate::ui::state::Announcements;

#[component]
pub fn Narrator() -> Html {
    let document = use_document();
    let said = use_view(|digest| digest.said.clone());
    let violation = use_view(|digest| digest.violation.clone());
    let live = match document.announcements {
        Announcements::All => "polite",
        Announcements::FaultsOnly if said.fault || violation.is_some() => "polite",
        _ => "off",
    };
    let sentence = match (&violation, said.fault) {
        (Some(law), _) => format!("This must never happen, and did: {law}"),
        (None, true) => format!("Fault: {}", said.sentence),
        (None, false) => said.sentence.to_string(),
    };
    html! {
        <p class="tell">
            <span class="mono dim" aria-hidden="true">{ clock(said.at) }</span>
            <span class={classes!("tell-words", (said.fault || violation.is_some()).then_some("fault"))} role="status" aria-live={live}>{ sentence }</span>
        </p>
    }
}
