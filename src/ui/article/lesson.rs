//! A lesson's page: the column of words, the stage, and the narrator under it.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::attempt::Try;
use super::prose::Prose;
use super::quiz::Quiz;
use crate::session::book::Lesson;
use crate::stage::Lens;
use crate::stage::layout::Voice;
use crate::ui::chrome::inspector::Inspector;
use crate::ui::chrome::narrator::Narrator;
use crate::ui::chrome::stage::Stage;
use crate::ui::deeds::Deed;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::painter::Look;
use crate::ui::route::Route;

/// Pixels that stay free above the heading of a step.
const ABOVE_STEP: f64 = 14.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub slug: Rc<str>,
    pub step: usize,
}

#[component]
pub fn LessonPage(props: &Props) -> Html {
    let app = use_app();
    let document = use_document();
    let Some(lesson) = app.book.get(&props.slug) else {
        return html! { <main class="figure" /> };
    };
    let words = lesson.words();
    let step = words.steps.get(props.step - 1);
    let lens = document.lens.unwrap_or(lesson.lens());
    let washes = match (&document.lit, step) {
        (Some(lit), _) => vec![lit.clone()],
        (None, Some(step)) => step.washes.clone(),
        (None, None) => Vec::new(),
    };
    let look = Look {
        lens,
        voice: Voice::Full,
        subject: lesson.subject(props.step),
        selection: document.selection.clone(),
        focus: document.focus.clone(),
        washes,
        density: document.density,
        records: lesson.records(props.step),
    };
    html! {
        <main class={classes!("figure", (props.step > 1).then_some("later"))}>
            <Column lesson={LessonHandle(lesson)} step={props.step} />
            <div class="stage-column">
                <Stage {look} />
                <Narrator />
                <Inspector />
            </div>
        </main>
    }
}

/// A lesson compared by its slug.
#[derive(Clone)]
pub struct LessonHandle(pub Rc<Lesson>);

impl PartialEq for LessonHandle {
    fn eq(&self, other: &LessonHandle) -> bool {
        self.0.slug == other.0.slug
    }
}

#[derive(Properties, PartialEq)]
struct ColumnProps {
    lesson: LessonHandle,
    step: usize,
}

#[component]
fn Column(props: &ColumnProps) -> Html {
    let app = use_app();
    let lesson = &props.lesson.0;
    let words = lesson.words();
    let (now, total) = (props.step, lesson.steps());
    let (body, current) = (use_node_ref(), use_node_ref());
    {
        let (body, current) = (body.clone(), current.clone());
        use_effect_with((lesson.slug.clone(), now), move |_| {
            if let (Some(body), Some(step)) = (body.cast(), current.cast()) {
                show_step(&body, &step);
            }
        });
    }
    let planned = app.book.planned();
    let ticks = (1..=planned).map(|number| {
        let class = match number.cmp(&usize::from(lesson.number)) {
            std::cmp::Ordering::Less => "d",
            std::cmp::Ordering::Equal => "n",
            std::cmp::Ordering::Greater => "",
        };
        html! { <i key={number} {class}></i> }
    });
    let steps = words.steps.iter().enumerate().map(|(index, step)| {
        let number = index + 1;
        let route = Route::Lesson { slug: lesson.slug.clone(), step: number };
        if number != now {
            let class = if number < now { "done" } else { "next" };
            return html! {
                <li key={number} {class}>
                    <span class="n" aria-hidden="true">{ if number < now { icon(Icon::Check) } else { html! { { number } } } }</span>
                    <a class="t" href={app.href(&route)} onclick={app.link(route)}>{ &*step.heading }</a>
                </li>
            };
        }
        html! {
            <li key={number} class="now" aria-current="step" ref={current.clone()}>
                <span class="n" aria-hidden="true">{ number }</span>
                <h2>{ &*step.heading }</h2>
                <p><Prose text={step.body.clone()} /></p>
                if let Some(question) = &step.question {
                    <Quiz key={number} slug={lesson.slug.clone()} step={number} question={question.clone()} />
                }
                if let Some(attempt) = step.attempt {
                    <Try key={format!("try {number}")} {attempt} />
                }
            </li>
        }
    });
    html! {
        <section class="prose" aria-label="Lesson">
            <div class="toc">
                <span>{ format!("{} of {planned}", lesson.number) }</span>
                <div class="ticks" aria-hidden="true">{ for ticks }</div>
                <a class="btn sm quiet" href={app.href(&Route::Contents)} onclick={app.link(Route::Contents)}>{ icon(Icon::List) }{ " Contents" }</a>
            </div>
            <div class="body" ref={body}>
                <h1>{ &*lesson.title }</h1>
                <p class="lead"><Prose text={words.lead.clone()} /></p>
                <ol class="steps">{ for steps }</ol>
            </div>
            <Navigation {now} {total} last={app.book.after(&lesson.slug).is_none()} />
        </section>
    }
}

/// Scrolls no further than it takes to show a step to its end, and never past its heading.
fn show_step(body: &Element, step: &Element) {
    let (view, area) = (
        body.get_bounding_client_rect(),
        step.get_bounding_client_rect(),
    );
    let above = area.top() - view.top() - ABOVE_STEP;
    let below = area.bottom() - view.bottom();
    let by = if above < 0.0 {
        above
    } else {
        below.clamp(0.0, above)
    };
    body.set_scroll_top(body.scroll_top() + by as i32);
}

#[derive(Properties, PartialEq)]
struct NavigationProps {
    now: usize,
    total: usize,
    last: bool,
}

#[component]
fn Navigation(props: &NavigationProps) -> Html {
    let app = use_app();
    // The lens is part of the document; this is what makes it be told anew.
    let _document = use_document();
    let (at_end, playing) = {
        let player = app.player.clone();
        use_view(move |digest| (player.with(|session| session.stopped()), digest.playing))
    };
    let press = |deed: Deed| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(deed))
    };
    let next = match (at_end, playing, props.now == props.total, props.last) {
        (false, true, ..) => "To the end of this step",
        (false, false, ..) => "Play this step",
        (true, _, false, _) => "Next step",
        (true, _, true, false) => "Next lesson",
        (true, _, true, true) => "Contents",
    };
    let lens = match app.lens() {
        Lens::ByBroker => "By topic",
        _ => "By broker",
    };
    html! {
        <nav class="pnav" aria-label="Steps">
            <button class="btn icon" type="button" aria-label="Previous step" disabled={props.now == 1} onclick={press(Deed::PreviousStep)}>{ icon(Icon::Previous) }</button>
            <button class="btn primary" type="button" onclick={press(Deed::NextStep)}>{ next }{ " " }<kbd>{ "N" }</kbd></button>
            <button class="btn" type="button" aria-keyshortcuts="V" onclick={press(Deed::Lens)}>{ lens }</button>
        </nav>
    }
}
