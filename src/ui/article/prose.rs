//! Text beside the stage: code in mono, terms in bold, and references that light what they name.

use yew::prelude::*;

use crate::lesson::inline::Inline;
use crate::model::Text;
use crate::stage::Thing;
use crate::ui::hooks::use_app;
use crate::ui::state::Action;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub text: Vec<Inline<Text>>,
}

/// A run of prose.
#[component]
pub fn Prose(props: &Props) -> Html {
    html! { <>{ for props.text.iter().map(piece) }</> }
}

fn piece(piece: &Inline<Text>) -> Html {
    match piece {
        Inline::Text(text) | Inline::Value(text) => html! { { &**text } },
        Inline::Code(inner) => {
            html! { <span class="mono">{ for inner.iter().map(self::piece) }</span> }
        }
        Inline::Strong(inner) => html! { <strong>{ for inner.iter().map(self::piece) }</strong> },
        Inline::Reference { to, text } => {
            html! { <Reference thing={to.clone()} text={text.clone()} /> }
        }
    }
}

#[derive(Properties, PartialEq)]
struct ReferenceProps {
    thing: Thing,
    text: Vec<Inline<Text>>,
}

/// Words that light a thing while the pointer or the keyboard is on them, and select it when pressed.
#[component]
fn Reference(props: &ReferenceProps) -> Html {
    let app = use_app();
    let light = |on: bool| {
        let (app, thing) = (app.clone(), props.thing.clone());
        move || app.dispatch(Action::Light(on.then(|| thing.clone())))
    };
    let (on, off) = (light(true), light(false));
    let select = {
        let (app, thing) = (app.clone(), props.thing.clone());
        Callback::from(move |_: MouseEvent| app.dispatch(Action::Select(Some(thing.clone()))))
    };
    let (focus, blur) = (on.clone(), off.clone());
    html! {
        <button type="button" class="ref" onclick={select}
            onmouseenter={Callback::from(move |_| on())} onmouseleave={Callback::from(move |_| off())}
            onfocus={Callback::from(move |_| focus())} onblur={Callback::from(move |_| blur())}>
            { for props.text.iter().map(piece) }
        </button>
    }
}
