//! The first ten seconds: a headline, one button, and what follows from pressing it.
//!
//! Before the press the page is the still frame come alive. After it four beats are told, each when the fact
//! that it tells of has happened in the running cluster, and then two ways on.

use yew::prelude::*;

use super::prose::Prose;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::session::book::Book;
use crate::session::{Pace, Session, Speed};
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
use crate::world::{Command, End, Links, Ways};

/// The broker whose network the button holds, and that leads one of the three partitions.
const VICTIM: BrokerId = BrokerId(2);

/// The step of a lesson that shows slowly what was seen here: who must have a record before it counts.
const COPIES: (&str, usize) = ("append", 3);

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
        use_view(move |_| app.player.with(|session| beats(&app.book, session)))
    };
    html! {
        <main class={classes!("first", (beats > 0).then_some("pressed"))}>
            <section class="say" aria-labelledby="headline">
                <h1 id="headline">{ "A Kafka cluster is running in this tab" }</h1>
                if beats == 0 { <Before /> } else { <After count={beats} /> }
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
    let cut = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.press_first())
    };
    html! {
        <>
            <p>{ "Three brokers, every record copied three times. Cut one broker off while records are moving and see which of them survive." }</p>
            <button class="btn primary go" type="button" onclick={cut}>{ icon(Icon::Bolt) }{ " " }<span class="ready">{ "Cut broker 2 off" }</span></button>
            <nav class="doors" aria-label="Where to go from here">
                { door(&app, View::Figures, "Learn it in short lessons") }
                { door(&app, View::Sandbox, "Talk to the cluster, line by line") }
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
    count: usize,
}

#[component]
fn After(props: &AfterProps) -> Html {
    let app = use_app();
    let held = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| session.world().network().holds().next().is_some()))
    };
    // A beat is told with the numbers of the moment at which it became true, and stays as it was told.
    let told = use_mut_ref(Vec::new);
    let mut told = told.borrow_mut();
    let known = told.len();
    told.truncate(props.count);
    for index in known..props.count {
        told.push(app.player.with(|session| app.book.beat(index, session)));
    }
    let last = app.book.beats().len();
    let beats = told.iter().enumerate().map(|(index, beat)| {
        html! {
            <li key={index} class={(index + 1 == props.count).then_some("now")}>
                <b>{ &*app.book.beats()[index].heading }</b><span class="beat-words">{ ". " }<Prose text={beat.clone()} /></span>
            </li>
        }
    });
    let release = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.release_first())
    };
    let ready = props.count + 1 >= last;
    // Where nothing may move the reader asks for each beat.
    let waits = app.player.reduced() && props.count < last && !(held && ready);
    let next = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.next_beat())
    };
    let (slug, step) = COPIES;
    let lesson = app.book.get(slug).map(|lesson| Route::Lesson {
        slug: lesson.slug.clone(),
        step,
    });
    html! {
        <>
            <ol class="beats" aria-live="polite">{ for beats }</ol>
            if waits {
                <button class="btn primary go" type="button" onclick={next}>{ "Next" }{ " " }{ icon(Icon::Next) }</button>
            } else if held {
                <button class={classes!("btn", "go", ready.then_some("primary"))} type="button" onclick={release}>
                    { icon(Icon::Restart) }{ " Give broker 2 its network back" }
                </button>
            }
            if ready {
                <nav class="doors" aria-label="Where to go from here">
                    if let Some(lesson) = lesson {
                        <a href={app.href(&lesson)} onclick={app.link(lesson)}><b>{ "Figures" }</b><span>{ "See how, step by step" }</span>{ icon(Icon::Next) }</a>
                    }
                    { door(&app, View::Sandbox, "Try it with lines of your own") }
                </nav>
            }
        </>
    }
}

/// How many beats have become true since the button was pressed; none before the press.
fn beats(book: &Book, session: &Session) -> usize {
    let line = hold_line();
    let pressed =
        |entry: &&Entry| matches!(&entry.fact, Fact::Commanded { line: said } if **said == *line);
    let journal = session.journal();
    let Some(press) = journal
        .newest()
        .take(30_000)
        .find(pressed)
        .map(|entry| entry.number)
    else {
        return 0;
    };
    let leads = |partition: &TopicPartition| {
        let broker = session.world().broker_by_id(VICTIM);
        broker
            .and_then(|broker| broker.partition(partition))
            .is_some_and(|replica| replica.is_leader())
    };
    let happens = |index: usize, entry: &Entry| {
        book.beats()
            .get(index)
            .and_then(|step| step.event.as_ref())
            .is_some_and(|event| event.means(entry))
    };
    let mut count = 1;
    let mut dropped = false;
    for entry in journal.since(press) {
        let next = match count {
            1 => match &entry.fact {
                Fact::RecordQueued { partition, .. } | Fact::RecordsQueued { partition, .. } => {
                    leads(partition)
                }
                _ => false,
            },
            2 => {
                dropped |= happens(2, entry);
                dropped && matches!(entry.fact, Fact::RecordsAcknowledged { .. })
            }
            index => happens(index, entry),
        };
        count += usize::from(next);
    }
    count.min(book.beats().len())
}

fn victim() -> Links {
    Links {
        from: End::Only(ProcessId::from(VICTIM)),
        to: End::Any,
    }
}

fn hold_line() -> String {
    crate::script::print_command(&Command::Hold {
        links: victim(),
        ways: Ways::Both,
    })
}

impl App {
    /// The first page's button: broker 2's packets stop where they are.
    pub fn press_first(&self) {
        if self
            .player
            .perform(Command::Hold {
                links: victim(),
                ways: Ways::Both,
            })
            .is_ok()
        {
            self.dispatch(Action::Press(true));
            self.player.set_pace(Pace::Steady);
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
        let told = self.player.with(|session| beats(&self.book, session));
        self.player
            .forward_until(|session| beats(&self.book, session) > told);
    }

    /// The button after it: the packets go on.
    pub fn release_first(&self) {
        if self
            .player
            .perform(Command::Release {
                links: victim(),
                ways: Ways::Both,
            })
            .is_ok()
        {
            self.play_beats();
        }
    }
}
