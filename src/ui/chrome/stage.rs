//! The stage: rendered once, and the painter's from then on.
//!
//! The component gives the painter three empty elements and tells it about sizes, themes and looks. Pointers
//! and keys come back as things by way of the picture's own targets. There is one tab stop: arrows move
//! between neighbours, Enter goes in, Escape comes out.

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlCanvasElement, ResizeObserver};
use yew::prelude::*;

use super::acts::Acts;
use crate::stage::{Thing, density};
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::painter::{Look, Painter};
use crate::ui::player::Player;
use crate::ui::route::Route;
use crate::ui::state::Action;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub look: Look,
}

/// What a pointer can hit, and what a finger can.
const POINTER: f64 = 24.0;
const FINGER: f64 = 44.0;

#[component]
pub fn Stage(props: &Props) -> Html {
    let app = use_app();
    let document = use_document();
    let (bed, svg, layer, canvas) = (
        use_node_ref(),
        use_node_ref(),
        use_node_ref(),
        use_node_ref(),
    );
    {
        let (player, look) = (app.player.clone(), props.look.clone());
        let nodes = (bed.clone(), svg.clone(), layer.clone(), canvas.clone());
        use_effect_with((), move |()| {
            player.set_look(look);
            let watching = take_over(&player, &nodes);
            move || {
                drop(watching);
                player.set_painter(None);
            }
        });
    }
    {
        let player = app.player.clone();
        use_effect_with(props.look.clone(), move |look| {
            player.set_look(look.clone())
        });
    }
    // While time stands still what has the focus is named anew whenever something happens to it.
    let _still = {
        let player = app.player.clone();
        use_view(move |digest| {
            let entries = || player.with(|session| session.journal().len());
            (!digest.playing).then(entries)
        })
    };
    let name = document.focus.as_ref().and_then(|thing| {
        let name = app.player.painter(|painter| painter.name(thing))?;
        Some(match document.selection.as_ref() == Some(thing) {
            true => format!("{name}, selected"),
            false => name,
        })
    });
    let onclick = {
        let app = app.clone();
        Callback::from(move |event: MouseEvent| {
            let Some((x, y)) = app.player.painter(|painter| painter.local(&event)) else {
                return;
            };
            let coarse = app.media("(pointer: coarse)");
            let hit = app
                .player
                .painter(|painter| painter.hit(x, y, if coarse { FINGER } else { POINTER }));
            let thing = hit.flatten().filter(|thing| *thing != Thing::Stage);
            if let Some(Thing::Switch(id)) = thing {
                app.dispatch(Action::Focus(None));
                return app.switch(id);
            }
            // The second press on a thing opens it, as the second Enter does; the sandbox opens it at once.
            let again = thing.is_some() && thing == app.document().selection;
            let at_once = matches!(app.document().route, Route::Sandbox);
            app.dispatch(Action::Focus(None));
            app.dispatch(Action::Select(thing));
            if again || at_once {
                app.dispatch(Action::ShowInspector(true));
            }
        })
    };
    let onkeydown = {
        let app = app.clone();
        Callback::from(move |event: KeyboardEvent| {
            if stage_key(&app, &event.key()) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };
    let onblur = {
        let app = app.clone();
        Callback::from(move |_: FocusEvent| app.dispatch(Action::Focus(None)))
    };
    html! {
        <section class="stagebox" aria-label="Stage" data-density={density::name(document.density)}>
            <div class="stage-bed" ref={bed} tabindex="0" role="application" aria-roledescription="stage" aria-label="Cluster" aria-describedby="stage-summary"
                {onclick} {onkeydown} {onblur}>
                <svg class="stage" ref={svg} aria-hidden="true"><defs></defs><g ref={layer}></g></svg>
                <canvas ref={canvas} aria-hidden="true"></canvas>
            </div>
            <span class="vh" role="status" aria-live="polite">{ name.unwrap_or_default() }</span>
            <Summary />
            <Acts />
        </section>
    }
}

/// The picture in one sentence, told anew at every pause.
#[component]
fn Summary() -> Html {
    let app = use_app();
    let player = app.player.clone();
    let still = use_view(move |digest| {
        // What is done while time stands still changes neither the instant nor the event.
        let done = || player.with(|session| session.history().commands().len());
        (!digest.playing).then(|| (digest.at, digest.event, done()))
    });
    let summary = use_memo(still, |_| app.player.painter(|painter| painter.summary()));
    html! { <p class="vh" id="stage-summary">{ (*summary).clone().unwrap_or_default() }</p> }
}

/// Arrows, Enter and Escape on the stage; true when the key meant something.
fn stage_key(app: &crate::ui::app::App, key: &str) -> bool {
    let focus = app.document().focus.clone();
    let (dx, dy) = match key {
        "ArrowLeft" => (-1.0, 0.0),
        "ArrowRight" => (1.0, 0.0),
        "ArrowUp" => (0.0, -1.0),
        "ArrowDown" => (0.0, 1.0),
        "Enter" => {
            let inner = app
                .player
                .painter(|painter| painter.inside(focus.as_ref()))
                .flatten();
            match (inner, focus) {
                (inner, Some(focus)) if app.document().selection.as_ref() == Some(&focus) => {
                    match inner {
                        Some(inner) => app.dispatch(Action::Focus(Some(inner))),
                        None => app.dispatch(Action::ShowInspector(true)),
                    }
                }
                (_, Some(focus)) => app.dispatch(Action::Select(Some(focus))),
                (Some(inner), None) => app.dispatch(Action::Focus(Some(inner))),
                (None, None) => {}
            }
            return true;
        }
        "Escape" => {
            match focus.or_else(|| app.document().selection.clone()) {
                Some(thing) => {
                    let outer = thing.parent().filter(|outer| *outer != Thing::Stage);
                    app.dispatch(Action::Select(None));
                    app.dispatch(Action::Focus(outer));
                }
                None => return false,
            }
            return true;
        }
        _ => return false,
    };
    let next = app
        .player
        .painter(|painter| painter.neighbour(focus.as_ref(), dx, dy))
        .flatten();
    if let Some(next) = next {
        app.dispatch(Action::Focus(Some(next)));
    }
    true
}

/// Ends the watching when it is dropped.
struct Watching {
    observer: Option<ResizeObserver>,
    _on_resize: Closure<dyn FnMut()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.observer
            .as_ref()
            .inspect(|observer| observer.disconnect());
    }
}

/// Hands the elements to a painter and watches the size of the stage.
fn take_over(player: &Player, nodes: &(NodeRef, NodeRef, NodeRef, NodeRef)) -> Option<Watching> {
    let bed: Element = nodes.0.cast()?;
    let (svg, layer) = (nodes.1.cast::<Element>()?, nodes.2.cast::<Element>()?);
    let canvas: HtmlCanvasElement = nodes.3.cast()?;
    let mut painter = Painter::new(svg, layer, canvas)?;
    measure(&mut painter, &bed);
    player.set_painter(Some(painter));
    let on_resize = {
        let (player, bed) = (player.clone(), bed.clone());
        Closure::<dyn FnMut()>::new(move || {
            player.painter(|painter| measure(painter, &bed));
            player.repaint();
        })
    };
    let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
    observer.as_ref().inspect(|observer| observer.observe(&bed));
    Some(Watching {
        observer,
        _on_resize: on_resize,
    })
}

fn measure(painter: &mut Painter, bed: &Element) {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    painter.resize(
        f64::from(bed.client_width()),
        f64::from(bed.client_height()),
        ratio,
    );
}
