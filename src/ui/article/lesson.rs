//! A lesson's page: the column of words, the stage, and the narrator under it.

use std::rc::Rc;

use yew::prelude::*;

use super::attempt::Try;
use super::prose::Prose;
use super::quiz::Quiz;
use super::scroll;
use crate::lesson::inline::Told;
use crate::session::Session;
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
use crate::world::Place;

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
        even: lesson.even(),
        selection: document.selection.clone(),
        focus: document.focus.clone(),
        washes,
        shows: step.map_or_else(Vec::new, |step| step.washes.clone()),
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
        let (app, body, current) = (app.clone(), body.clone(), current.clone());
        use_effect_with((lesson.slug.clone(), now), move |_| {
            if let (Some(body), Some(step)) = (body.cast(), current.cast()) {
                scroll::show(&body, &step);
                // Where the words leave no room for it, an open question comes first; in a low window the heading does.
                let quiz = step.query_selector(".quiz").ok().flatten();
                quiz.filter(|_| app.media("(min-height: 561px)"))
                    .inspect(|quiz| scroll::show(&body, quiz));
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
                if let Some(after) = &step.after {
                    <After key={format!("after {number}")} slug={lesson.slug.clone()} step={number} decided={step.decided}
                        asked={step.question.is_some()} text={after.clone()} />
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
                <LensButton class="btn sm quiet" />
                <a class="btn sm quiet" href={app.href(&Route::Contents)} onclick={app.link(Route::Contents)}>{ icon(Icon::List) }{ " Contents" }</a>
            </div>
            <Changed />
            <div class="body" ref={body}>
                <h1>{ &*lesson.title }</h1>
                <p class="lead"><Prose text={words.lead.clone()} /></p>
                <ol class="steps">{ for steps }</ol>
            </div>
            <Navigation slug={lesson.slug.clone()} {now} {total} last={app.book.after(&lesson.slug).is_none()} />
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct AfterProps {
    slug: Rc<str>,
    step: usize,
    decided: Place,
    asked: bool,
    text: Told,
}

/// What is seen only once the step has played, and is not read before. Once it was read it stays.
#[component]
fn After(props: &AfterProps) -> Html {
    let app = use_app();
    let document = use_document();
    let happened = {
        let (player, decided) = (app.player.clone(), props.decided);
        use_view(move |_| player.with(|session| session.reached(decided)))
    };
    let seen = use_state(|| false);
    let open = props.asked && document.answer(&props.slug, props.step).is_none();
    let told = *seen || happened && !open;
    if told && !*seen {
        seen.set(true);
    }
    match told {
        true => html! { <p class="after"><Prose text={props.text.clone()} /></p> },
        false => html! {},
    }
}

/// As long as the run is not the lesson's own: what it says may not be so, and the way back.
#[component]
fn Changed() -> Html {
    let app = use_app();
    let touched = {
        let player = app.player.clone();
        use_view(move |_| player.with(Session::is_touched))
    };
    if !touched {
        return html! {};
    }
    let back = Callback::from(move |_: MouseEvent| app.back_to_lesson());
    html! {
        <p class="changed" role="status"><span>{ "You changed this run" }</span>
            <button type="button" class="btn sm" onclick={back}>{ icon(Icon::Previous) }{ " Back to the lesson" }</button></p>
    }
}

#[derive(Properties, PartialEq)]
struct LensProps {
    class: &'static str,
}

/// Through which lens the stage is seen next.
#[component]
fn LensButton(props: &LensProps) -> Html {
    let app = use_app();
    // The lens is part of the document; this is what makes it be told anew.
    let _document = use_document();
    let lens = match app.lens() {
        Lens::ByBroker => "By topic",
        _ => "By broker",
    };
    let press = Callback::from(move |_: MouseEvent| app.act(Deed::Lens));
    html! { <button class={props.class} type="button" aria-keyshortcuts="V" onclick={press}>{ lens }</button> }
}

#[derive(Properties, PartialEq)]
struct NavigationProps {
    slug: Rc<str>,
    now: usize,
    total: usize,
    last: bool,
}

#[component]
fn Navigation(props: &NavigationProps) -> Html {
    let app = use_app();
    let document = use_document();
    let asked = app
        .book
        .get(&props.slug)
        .is_some_and(|lesson| lesson.asks(props.now))
        && document.answer(&props.slug, props.now).is_none();
    let (at_end, playing) = {
        let player = app.player.clone();
        use_view(move |digest| (player.with(|session| session.stopped()), digest.playing))
    };
    let press = |deed: Deed| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(deed))
    };
    let next = match (at_end, playing, props.now == props.total, props.last) {
        (false, false, ..) if asked => "Answer first, or skip",
        (false, true, ..) => "To the end of the step",
        (false, false, ..) => "Play this step",
        (true, _, false, _) => "Next step",
        (true, _, true, false) => "Next lesson",
        (true, _, true, true) => "Contents",
    };
    let sandbox = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.try_in_sandbox())
    };
    html! {
        <nav class={classes!("pnav", (asked && !at_end || playing).then_some("tight"))} aria-label="Steps">
            <button class="btn icon" type="button" aria-label="Previous step" disabled={props.now == 1} onclick={press(Deed::PreviousStep)}>{ icon(Icon::Previous) }</button>
            <button class="btn primary" type="button" onclick={press(Deed::NextStep)}>{ next }{ " " }<kbd>{ "N" }</kbd></button>
            <LensButton class="btn narrow-only" />
            <button class="btn wide-only" type="button" aria-label="Try it in Sandbox" onclick={sandbox}>{ icon(Icon::Fork) }{ " " }<span><span class="try-words">{ "Try it in " }</span>{ "Sandbox" }</span></button>
        </nav>
    }
}
