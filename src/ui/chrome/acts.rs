//! What can be done to what is selected: buttons at the foot of the stage, and in the inspector.

use yew::prelude::*;

use crate::session::trouble::{self, Offer, Trouble};
use crate::stage::Thing;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};

/// A bar over the foot of the stage, as long as something is selected and no inspector shows the same.
#[component]
pub fn Acts() -> Html {
    let document = use_document();
    match (&document.selection, document.inspector) {
        (Some(thing), false) => {
            html! { <Bar key={thing.to_string()} thing={thing.clone()} links={Links::Left} /> }
        }
        _ => html! {},
    }
}

/// Whether single links are offered too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Links {
    Shown,
    Left,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub thing: Thing,
    pub links: Links,
}

/// The buttons of one thing.
#[component]
pub fn Bar(props: &Props) -> Html {
    let app = use_app();
    let offers = {
        let (player, thing, links) = (app.player.clone(), props.thing.clone(), props.links);
        use_view(move |_| {
            player.with(|session| {
                let mut offers = trouble::offers(session.world(), &thing);
                if links == Links::Shown {
                    offers.extend(trouble::link_offers(session.world(), &thing));
                }
                offers
            })
        })
    };
    if offers.is_empty() {
        return html! {};
    }
    let name = match (trouble::process_of(&props.thing), &props.thing) {
        (Some(id), _) => trouble::title(id),
        // Its state is another at every moment, and stands in its frame.
        (None, Thing::Group(group)) => format!("Group {group}"),
        (None, _) => app
            .player
            .painter(|painter| painter.name(&props.thing))
            .unwrap_or_default(),
    };
    let buttons = offers.into_iter().map(|offer| button(&app, offer));
    // What is done to a broker is done to it, whichever of its records was chosen.
    let of =
        !matches!(props.thing, Thing::Process(_)) && trouble::process_of(&props.thing).is_some();
    html! {
        <div class={classes!("acts", of.then_some("of"))} role="toolbar" aria-label={format!("What can be done to {name}")}>
            <b>{ name }</b>{ for buttons }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct MoreProps {
    pub thing: Thing,
}

/// What is done seldom, folded away until it is asked for.
#[component]
pub fn More(props: &MoreProps) -> Html {
    let app = use_app();
    let offers = {
        let (player, thing) = (app.player.clone(), props.thing.clone());
        use_view(move |_| player.with(|session| trouble::more_offers(session.world(), &thing)))
    };
    if offers.is_empty() {
        return html! {};
    }
    let buttons = offers.into_iter().map(|offer| button(&app, offer));
    html! {
        <details class="more">
            <summary>{ "More faults" }</summary>
            <div class="acts" role="toolbar" aria-label="More faults">{ for buttons }</div>
        </details>
    }
}

fn button(app: &crate::ui::app::App, offer: Offer) -> Html {
    let (sign, keys) = match offer.trouble {
        Trouble::Kill => (Icon::Bolt, Some("K")),
        Trouble::Stop => (Icon::Stop, Some("Shift+K")),
        Trouble::Restart => (Icon::Restart, Some("R")),
        Trouble::Freeze => (Icon::Pause, Some("Z")),
        Trouble::Thaw => (Icon::Play, Some("Z")),
        Trouble::Cut => (Icon::Cut, Some("X")),
        Trouble::Heal => (Icon::Link, Some("X")),
        Trouble::Pace => (Icon::Hourglass, None),
        Trouble::Hold => (Icon::Hand, None),
        Trouble::Reset => (Icon::Close, None),
        Trouble::PowerOff => (Icon::Power, None),
        Trouble::Expire => (Icon::Clock, None),
        Trouble::Disk => (Icon::Disk, None),
        Trouble::Clock => (Icon::Clock, None),
        Trouble::Join => (Icon::Plus, Some("C")),
    };
    let class = match offer.trouble {
        Trouble::Kill | Trouble::PowerOff => "btn sm danger",
        _ => "btn sm",
    };
    let words = offer.words.clone();
    let onclick = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.take(&offer))
    };
    html! {
        <button key={words.clone()} {class} type="button" aria-keyshortcuts={keys} {onclick}>{ icon(sign) }{ " " }{ words }</button>
    }
}
