//! A prediction: a question before the event, and what the reader said beside what happened after it.
//!
//! A wrong answer is shown plainly and costs nothing. What was chosen stays visible. The question is scrolled into
//! view when it is asked and again when it is explained; who answers by keyboard keeps the focus here.

use std::rc::Rc;

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::prose::Prose;
use super::scroll::show_in_column;
use crate::session::book::Question;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::state::Answer;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub slug: Rc<str>,
    pub step: usize,
    pub question: Question,
}

#[component]
pub fn Quiz(props: &Props) -> Html {
    let app = use_app();
    let document = use_document();
    let question = &props.question.told;
    let answer = document.answer(&props.slug, props.step);
    let decided = props.question.decided;
    let happened = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| session.reached(decided)))
    };
    let seen = use_state(|| false);
    if happened && answer.is_some() && !*seen {
        seen.set(true);
    }
    let told = answer.is_some() && (happened || *seen);
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(told, move |told| {
            // The explanation to its end, even where the question has to go for it.
            let node = node.cast::<Element>();
            let node = match told {
                true => node.and_then(|node| node.query_selector("small").ok().flatten()),
                false => node,
            };
            node.as_ref().map(show_in_column);
        });
    }
    // The button that was pressed goes; the focus must not fall to the page.
    let stay = {
        let node = node.clone();
        move || {
            node.cast::<HtmlElement>().inspect(|node| {
                let _ = node.focus();
            });
        }
    };
    let option = |(index, text): (usize, &Vec<_>)| {
        let chosen = answer == Some(Answer::Chosen(index));
        let right = index == question.right;
        if answer.is_none() {
            let (app, slug, step) = (app.clone(), props.slug.clone(), props.step);
            let stay = stay.clone();
            let choose = Callback::from(move |_: MouseEvent| {
                stay();
                app.answer(&slug, step, Answer::Chosen(index));
            });
            return html! { <button key={index} type="button" class="opt" onclick={choose}><Prose text={text.clone()} /></button> };
        }
        let class = match (told, right, chosen) {
            (true, true, _) => "opt yes",
            (true, false, true) => "opt no chosen",
            (true, false, false) => "opt no",
            (false, _, true) => "opt chosen",
            (false, _, false) => "opt",
        };
        html! {
            <span key={index} {class}>
                <Prose text={text.clone()} />
                if told && right { { " " }{ icon(Icon::Check) }<span class="vh">{ ", right" }</span> }
                if told && chosen && !right { { " " }{ icon(Icon::Cross) }<span class="vh">{ ", your answer, not what happened" }</span> }
                if !told && chosen { <span class="vh">{ ", your answer" }</span> }
            </span>
        }
    };
    let skip = {
        let (app, slug, step) = (app.clone(), props.slug.clone(), props.step);
        let stay = stay.clone();
        Callback::from(move |_: MouseEvent| {
            stay();
            app.answer(&slug, step, Answer::Skipped);
        })
    };
    html! {
        <div class="quiz" role="group" aria-label="Prediction" tabindex="-1" ref={node}>
            <b><Prose text={question.question.clone()} /></b>
            <div class="opts">{ for question.answers.iter().enumerate().map(option) }</div>
            <small role="status">
                { match (answer, told) {
                    (None, _) => html! { <button type="button" class="btn sm quiet" onclick={skip}>{ "Skip, show me" }</button> },
                    (Some(_), false) => html! { { "Watch what happens." } },
                    (Some(answer), true) => html! {
                        <>
                            { verdict(answer, question.right) }
                            <Prose text={question.because.clone()} />
                        </>
                    },
                } }
            </small>
        </div>
    }
}

fn verdict(answer: Answer, right: usize) -> &'static str {
    match answer {
        Answer::Chosen(index) if index == right => "As you said. ",
        Answer::Chosen(_) => "Not so. ",
        Answer::Skipped => "",
    }
}
