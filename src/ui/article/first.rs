//! The first ten seconds: a headline, one button, and what follows from pressing it.
//!
//! Before the press the page is the still frame come alive. After it a list of four beats is filled, each when the
//! fact that it tells of has happened in the running cluster, and then there are two ways on. The headline and the
//! places of the beats stay where they are.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::prose::Prose;
use crate::client::config::Acks;
use crate::fact::Crash;
use crate::lesson::inline::Told;
use crate::model::ProcessId;
use crate::session::beats::{VICTIM, come_true};
use crate::session::trouble::downed;
use crate::session::{Pace, Speed};
use crate::stage::layout::Voice;
use crate::ui::app::App;
use crate::ui::chrome::inspector::Inspector;
use crate::ui::chrome::narrator::Narrator;
use crate::ui::chrome::stage::Stage;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::painter::Look;
use crate::ui::route::{Route, View};
use crate::ui::state::Action;
use crate::world::Command;

/// The lessons that show slowly what was seen here, the first that there is: how a leader is followed, and who
/// must have a record before it counts.
const SLOWLY: [(&str, usize); 2] = [("failover", 1), ("append", 3)];

#[component]
pub fn FirstRun() -> Html {
    let app = use_app();
    let document = use_document();
    let look = Look {
        lens: document.lens.unwrap_or(crate::stage::Lens::ByBroker),
        voice: Voice::Calm,
        selection: document.selection.clone(),
        focus: document.focus.clone(),
        density: document.density,
        washes: document.lit.iter().cloned().collect(),
        ..Look::default()
    };
    let beats = {
        let app = app.clone();
        use_view(move |_| app.player.with(come_true))
    };
    html! {
        <main class={classes!("first", (!beats.is_empty()).then_some("pressed"))}>
            <section class="say" aria-labelledby="headline">
                <h1 id="headline">{ "A Kafka cluster is running in this tab" }</h1>
                if beats.is_empty() { <Before /> } else { <After {beats} /> }
            </section>
            <div class="stage-column">
                <Stage {look} />
                <div class="vh"><Narrator /></div>
                <Inspector />
            </div>
        </main>
    }
}

#[component]
fn Before() -> Html {
    let app = use_app();
    let kill = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.press_first())
    };
    html! {
        <>
            <p>{ "Three brokers, every record copied three times. Kill one while records are moving and see which of them survive." }</p>
            <button class="btn primary go" type="button" onclick={kill}>{ icon(Icon::Bolt) }{ " " }<span class="ready">{ "Kill broker 2" }</span></button>
            <nav class="doors" aria-label="Where to go from here">
                { door(&app, View::Figures, "Learn it in short lessons") }
                { door(&app, View::Sandbox, "Break a cluster, line by line") }
                { door(&app, View::Code, "Run your own kafkajs against it, later") }
            </nav>
        </>
    }
}

fn door(app: &App, view: View, words: &'static str) -> Html {
    let route = view.route();
    html! {
        <a href={app.href(&route)} onclick={app.link(route)}><b>{ view.name() }</b><span>{ words }</span>{ icon(Icon::Next) }</a>
    }
}

#[derive(Properties, PartialEq)]
struct AfterProps {
    /// Which entries of the journal made the beats true.
    beats: Vec<u64>,
}

#[component]
fn After(props: &AfterProps) -> Html {
    let app = use_app();
    let down = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| downed(session.world(), VICTIM)))
    };
    let count = props.beats.len();
    // A beat is told with the numbers of the moment at which it became true, and stays as it was told.
    let told = use_mut_ref(Vec::<(u64, Told)>::new);
    let mut told = told.borrow_mut();
    let same = told.iter().zip(&props.beats);
    let same = same.take_while(|((entry, _), now)| entry == *now).count();
    told.truncate(same);
    for (index, entry) in props.beats.iter().enumerate().skip(same) {
        let words = app
            .player
            .with(|session| app.book.beat(index, *entry, session));
        told.push((*entry, words));
    }
    let last = app.book.beats().len();
    // The last beat takes a while after the press: until then its place says what goes on.
    let coming = !down && count + 1 == last;
    let beats = app.book.beats().iter().enumerate().map(|(index, beat)| {
        let now = index + 1 == count && !coming || index == count && coming;
        let class = classes!(
            (index < count).then_some("told"),
            now.then_some("now")
        );
        let words = match told.get(index) {
            Some((_, told)) => html! {
                <><b>{ &*beat.heading }</b><span class="beat-words">{ ". " }<Prose text={told.clone()} /></span></>
            },
            None if coming && index == count => html! {
                <><b>{ "Broker 2 starts again" }</b><span class="beat-words">{ ". It registers, and copies what it missed." }</span></>
            },
            None => html! {},
        };
        html! { <li key={index} {class}><span class="n" aria-hidden="true">{ index + 1 }</span><p>{ words }</p></li> }
    });
    // The button that was pressed goes; the focus must not fall to the page.
    let list = use_node_ref();
    {
        let list = list.clone();
        use_effect_with((), move |()| stay(&list));
    }
    let restart = {
        let (app, list) = (app.clone(), list.clone());
        Callback::from(move |_: MouseEvent| {
            stay(&list);
            app.restart_first();
        })
    };
    // Where they are below what can be seen, they come into view; who comes back finds the page as it is.
    let ways = use_node_ref();
    let done = count == last && !down;
    let were_there = use_mut_ref(|| done);
    {
        let ways = ways.clone();
        use_effect_with(done, move |done| {
            if *done && !were_there.replace(*done) {
                let ways = ways.cast::<HtmlElement>();
                ways.inspect(|ways| ways.scroll_into_view_with_bool(false));
            }
        });
    }
    let ready = count + 1 >= last;
    // Where nothing may move the reader asks for each beat.
    let waits = app.player.reduced() && count < last && !(down && ready);
    let next = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.next_beat())
    };
    let lesson = SLOWLY.into_iter().find_map(|(slug, step)| {
        let slug = app.book.get(slug)?.slug.clone();
        Some(Route::Lesson { slug, step })
    });
    let acks = {
        let app = app.clone();
        Callback::from(move |event: MouseEvent| {
            if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                event.prevent_default();
                app.try_losing(Acks::Leader);
            }
        })
    };
    html! {
        <>
            <ol class="beats" aria-live="polite" tabindex="-1" ref={list}>{ for beats }</ol>
            if waits {
                <button class="btn primary go" type="button" onclick={next}>{ "Next" }{ " " }{ icon(Icon::Next) }</button>
            } else if down && ready {
                <button class="btn primary go" type="button" onclick={restart}>{ icon(Icon::Restart) }{ " Restart broker 2" }</button>
            }
            if count == last && !down {
                <nav ref={ways} class="doors ways" aria-label="Where to go from here">
                    if let Some(lesson) = lesson {
                        <a href={app.href(&lesson)} onclick={app.link(lesson)}><b>{ "Figures" }</b><span>{ "See how, step by step" }</span>{ icon(Icon::Next) }</a>
                    }
                    <a href={app.href(&Route::Sandbox)} onclick={acks}><b>{ "Sandbox" }</b><span>{ "Try it with acks=1" }</span>{ icon(Icon::Next) }</a>
                </nav>
            }
        </>
    }
}

/// Gives the focus to the beats.
fn stay(list: &NodeRef) {
    list.cast::<HtmlElement>().inspect(|list| {
        let _ = list.focus();
    });
}

impl App {
    /// The first page's button: broker 2's process dies.
    pub fn press_first(&self) {
        let kill = Command::Kill {
            process: ProcessId::from(VICTIM),
            crash: Crash::Process,
        };
        if self.player.perform(kill).is_ok() {
            self.dispatch(Action::Press(true));
            // What follows takes milliseconds here and eighteen seconds there.
            self.player.set_pace(Pace::Even);
            self.player.set_speed(Speed::ONE.faster());
            self.play_beats();
        }
    }

    /// Beats come by themselves, unless nothing may move.
    fn play_beats(&self) {
        match self.player.reduced() {
            true => self.player.pause(),
            false => self.player.play(),
        }
    }

    /// Goes to the moment at which the next beat becomes true.
    fn next_beat(&self) {
        let told = self.player.with(come_true).len();
        self.player
            .forward_until(|session| come_true(session).len() > told);
    }

    /// The button after it: broker 2 starts on the disk that it left.
    pub fn restart_first(&self) {
        let process = ProcessId::from(VICTIM);
        if self.player.perform(Command::Restart { process }).is_ok() {
            self.play_beats();
        }
    }
}
