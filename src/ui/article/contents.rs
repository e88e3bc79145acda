//! The contents: twenty lessons, of which some can be opened.

use yew::prelude::*;

use crate::ui::hooks::{use_app, use_document};
use crate::ui::route::Route;

#[component]
pub fn Contents() -> Html {
    let app = use_app();
    let document = use_document();
    let open = app.book.lessons().count();
    let rows = app.book.contents().map(|(number, title, lesson)| match lesson {
        Some(lesson) => {
            let route = Route::Lesson { slug: lesson.slug.clone(), step: 1 };
            html! {
                <li key={number}><a href={app.href(&route)} onclick={app.link(route)}>
                    <span class="num">{ number }</span><b>{ &*lesson.title }</b><span class="soft">{ format!("{} steps", lesson.steps()) }</span>
                </a></li>
            }
        }
        None => html! {
            <li key={number}><span><span class="num">{ number }</span><span>{ title }</span><span class="soft">{ "coming" }</span></span></li>
        },
    });
    html! {
        <main class="page">
            <h1>{ "Figures" }</h1>
            if let Some(astray) = &document.astray { <p role="alert">{ &**astray }</p> }
            <p>{ format!(
                "Each lesson is a cluster you can stop, rewind and take apart. {open} of {} lessons are here; the others are not written yet.",
                app.book.planned()
            ) }</p>
            <ol class="lessons">{ for rows }</ol>
        </main>
    }
}
