//! The transport: back, play, forward, speed, the ribbon, the clock, start over.
//!
//! The markup is that of the page's first frame.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::ribbon::Ribbon;
use crate::session::pace::{short, spoken};
use crate::session::words::{clock, count, span};
use crate::session::{Pace, Speed};
use crate::stage::geometry::number;
use crate::stage::motion::NOTCHES;
use crate::ui::deeds::Deed;
use crate::ui::hooks::{use_app, use_view};
use crate::ui::icon::{Icon, icon};

#[component]
pub fn Transport() -> Html {
    html! {
        <footer class="transport" aria-label="Time controls">
            <Controls />
            <Ribbon />
            <Clock />
        </footer>
    }
}

#[component]
fn Controls() -> Html {
    let app = use_app();
    let playing = use_view(|digest| digest.playing);
    let press = |deed: Deed| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(deed))
    };
    let button = |deed: Deed,
                  sign: Icon,
                  class: &'static str,
                  label: &'static str,
                  keys: &'static str| {
        html! {
            <button {class} type="button" aria-label={label} aria-keyshortcuts={keys} title={label} onclick={press(deed)}>{ icon(sign) }</button>
        }
    };
    html! {
        <div class="tp-ctl">
            { button(Deed::Back, Icon::StepBack, "btn icon", "Back one event", ",") }
            if playing {
                { button(Deed::Play, Icon::Pause, "play", "Pause", "Space") }
            } else {
                { button(Deed::Play, Icon::Play, "play", "Play", "Space") }
            }
            { button(Deed::Forward, Icon::StepForward, "btn icon", "Forward one event", ".") }
            <SpeedSlider />
        </div>
    }
}

#[component]
fn SpeedSlider() -> Html {
    let app = use_app();
    let (speed, late, pace) = use_view(|digest| (digest.speed, digest.late, digest.pace));
    let oninput = {
        let player = app.player.clone();
        Callback::from(move |event: InputEvent| {
            let input = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(notch) = input.and_then(|input| input.value().parse().ok()) {
                player.set_speed(Speed::notch(notch));
            }
        })
    };
    let switch = {
        let player = app.player.clone();
        Callback::from(move |_: MouseEvent| player.set_pace(player.pace().other()))
    };
    let notches = (0..NOTCHES).map(|notch| {
        let x = number(f64::from(notch) / 12.0 * 100.0) + "%";
        html! { <line key={notch} class="notch" x1={x.clone()} x2={x} y1="4" y2="10" /> }
    });
    // What it really runs at takes the place of the word, so that nothing moves by it.
    let runs = match late {
        Some(tenths) => format!("Runs at {}.{}×", tenths / 10, tenths % 10),
        None => "Speed".to_owned(),
    };
    let words = match pace {
        Pace::Even => format!("{}, even pace", spoken(speed)),
        Pace::Steady => spoken(speed).to_owned(),
    };
    html! {
        <div class="speed">
            <label for="speed">
                <span>{ runs }</span>
                <b>{ short(speed) }</b>
            </label>
            <div class="rail">
                <svg aria-hidden="true"><line class="track" x2="100%" y1="7" y2="7" />{ for notches }</svg>
                <input id="speed" type="range" min="0" max="12" value={speed.as_notch().to_string()} aria-valuetext={words} {oninput} />
            </div>
            <button class="pace" type="button" aria-pressed={(pace == Pace::Even).to_string()} onclick={switch}
                title="Even pace gives every event the same comfortable time and folds idle stretches">{ "Even pace" }</button>
        </div>
    }
}

#[component]
fn Clock() -> Html {
    let app = use_app();
    let (at, event, events, at_edge, newest) = use_view(|digest| {
        (
            digest.at,
            digest.event,
            digest.events,
            digest.at_edge,
            digest.newest,
        )
    });
    let over = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(Deed::StartOver))
    };
    let place = match at_edge {
        true => format!("event {}", count(event)),
        false if app.player.with(|session| !session.chapters().is_empty()) => {
            format!("event {} of {}", count(event), count(events))
        }
        false => format!(
            "event {} · {} before now",
            count(event),
            span(newest.since(at))
        ),
    };
    html! {
        <div class="tp-right">
            <div class="clock"><b>{ clock(at) }</b><span>{ place }</span></div>
            <button class="btn icon" type="button" aria-label="Start over" title="Start over" onclick={over}>{ icon(Icon::Restart) }</button>
        </div>
    }
}
