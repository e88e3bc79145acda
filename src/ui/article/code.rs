//! The view that is still to come: running one's own kafkajs against the cluster.

use yew::prelude::*;

use crate::ui::hooks::use_app;
use crate::ui::route::Route;

#[component]
pub fn CodePage() -> Html {
    let app = use_app();
    html! {
        <main class="page">
            <h1>{ "Code" }</h1>
            <p>{ "Run your own kafkajs against the cluster in this tab. This part is not built yet." }</p>
            <p><a class="btn" href={app.href(&Route::Home)} onclick={app.link(Route::Home)}>{ "Go to the first page" }</a></p>
        </main>
    }
}
