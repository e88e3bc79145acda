//! The top bar: the wordmark, the three views, and what concerns the page as a whole.
//!
//! The markup is that of the page's first frame, so nothing moves when it comes alive.

use yew::prelude::*;

use crate::ui::deeds::Deed;
use crate::ui::hooks::{use_app, use_document};
use crate::ui::icon::{Icon, icon, icon_of};
use crate::ui::route::{Route, View};

#[component]
pub fn TopBar() -> Html {
    let app = use_app();
    let document = use_document();
    let view = document.route.view();
    let subtitle = match &document.route {
        Route::Lesson { slug, .. } => app.book.get(slug).map(|lesson| {
            html! { <><a class="btn quiet icon top-list" href={app.href(&Route::Contents)} onclick={app.link(Route::Contents)} aria-label="Contents">{ icon(Icon::List) }</a><b class="top-lesson">{ &*lesson.title }<small>{ format!("Lesson {} of {}", lesson.number, app.book.planned()) }</small></b></> }
        }),
        _ => None,
    };
    let tab = |tab: View| {
        let current = (tab == view).then_some(match document.route {
            Route::Contents | Route::Sandbox | Route::Code => "page",
            Route::Home | Route::Lesson { .. } => "true",
        });
        html! { <a key={tab.name()} href={app.href(&tab.route())} onclick={app.link(tab.route())} aria-current={current}>{ tab.name() }</a> }
    };
    let press = |deed: Deed| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(deed))
    };
    html! {
        <header class="top">
            <a class="brand" href={app.href(&Route::Home)} onclick={app.link(Route::Home)}>
                <svg viewBox="0 0 42 16" aria-hidden="true">
                    <g class="k0"><rect class="rec" x=".5" y="2.5" width="11" height="11" rx="2.5" /></g>
                    <g class="k1"><rect class="rec" x="14.5" y="2.5" width="11" height="11" rx="2.5" /></g>
                    <rect x="29" y="3" width="10" height="10" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2 2" />
                </svg>
                { "Kafka Playground" }
            </a>
            <nav class="seg" aria-label="Views">{ for View::ALL.into_iter().map(tab) }</nav>
            { for subtitle }
            <span class="grow"></span>
            <button class="btn quiet find" type="button" aria-label="Find anything" aria-keyshortcuts="Control+K" onclick={press(Deed::Find)}>
                { icon(Icon::Search) }{ " " }<span class="word">{ "Find anything" }</span>{ " " }<kbd>{ "Ctrl K" }</kbd>
            </button>
            <button class="btn" type="button" aria-label="Copy link" onclick={press(Deed::CopyLink)}>
                { icon(Icon::Link) }{ " " }<span class="word">{ "Copy link" }</span>
            </button>
            <span class="top-end">
                <button class="btn quiet icon wide-only" type="button" aria-label="Present on a projector" aria-pressed={document.present.to_string()} onclick={press(Deed::Present)}>
                    { icon(Icon::Screen) }
                </button>
                <button class="btn quiet icon wide-only" type="button" data-press="theme" aria-label="Switch theme">
                    { icon_of(Icon::Moon, "ic to-dark") }{ icon_of(Icon::Sun, "ic to-light") }
                </button>
                <button class="btn quiet icon wide-only" type="button" aria-label="Keyboard shortcuts and help" onclick={press(Deed::Shortcuts)}>
                    { icon(Icon::Help) }
                </button>
                <button class="btn quiet icon narrow-only" type="button" popovertarget="more" aria-label="More">{ icon(Icon::Dots) }</button>
            </span>
            <nav class="menu" id="more" popover="auto" aria-label="More">
                { for View::ALL.into_iter().map(|view| html! {
                    <a key={view.name()} class="btn" href={app.href(&view.route())} onclick={app.link(view.route())}>{ view.name() }</a>
                }) }
                <button class="btn" type="button" data-press="theme">{ "Switch theme" }</button>
                <button class="btn" type="button" onclick={press(Deed::Shortcuts)}>{ "Help" }</button>
            </nav>
        </header>
    }
}
