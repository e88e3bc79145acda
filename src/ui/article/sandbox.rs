//! The sandbox of this version: a cluster, and a line to talk to it with.
//!
//! Whatever a script may say can be said here, one command at a time; what cannot be read is answered with
//! what would have been accepted. Buttons for all of it come later, and the page says so.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::opening::{Opening, pasted};
use super::readers::Readers;
use crate::fact::{answered, clipped};
use crate::model::Offset;
use crate::script::{self, Action as Said};
use crate::session::words::{clock, count};
use crate::stage::layout::Voice;
use crate::stage::{Lens, Thing};
use crate::time::Duration;
use crate::ui::app::App;
use crate::ui::article::losing::Losing;
use crate::ui::article::topics::Topics;
use crate::ui::chrome::inspector::Inspector;
use crate::ui::chrome::narrator::Narrator;
use crate::ui::chrome::stage::Stage;
use crate::ui::chrome::stagebar::StageBar;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::inspect::record::is_there;
use crate::ui::painter::Look;
use crate::ui::state::{Action, Origin};
use crate::world::Place;
use crate::world::audit::Lost;

/// The longest run that one line asks for: it takes a few seconds, and its events fit into memory.
const MOST: Duration = Duration::from_secs(3_600);
/// How a running cluster gets a topic.
const LATER: &str = "while a cluster runs, an admin client makes topics: admin a1, then create-topic a1 orders partitions=3 replication=3";
/// How a line is carried out at some other time.
const ANYTIME: &str = "a line is carried out where the playhead stands: go there on the timeline, then say it without at";
/// The longest line that can be typed.
const LONGEST: &str = "4000";

/// Lines worth trying on the first page's cluster.
const EXAMPLES: [&str; 9] = [
    "produce p1 driver-locations key=chen \"here\"",
    "kill b2",
    "restart b2",
    "latency b1↔b3 400ms",
    "cut b1↔b3",
    "heal",
    "isolate b2 from zookeeper",
    "set p1 acks=1",
    "stop-load p1",
];

/// The further faults, a line of each kind.
const FAULTS: [&str; 9] = [
    "cut b1→b3",
    "hold b2",
    "release b2",
    "reset p1↔b2",
    "kill b2 lossy",
    "expire b2",
    "disk b2 slow=200ms",
    "disk b2 fails",
    "clock p1 +1h",
];
/// Lines about how long records stay.
const STORED: [&str; 8] = [
    "admin a1",
    "alter a1 driver-locations segment.bytes=500",
    "alter a1 driver-locations retention.ms=20000",
    "alter a1 driver-locations retention.ms",
    "alter a1 driver-locations cleanup.policy=compact min.cleanable.dirty.ratio=0.1",
    "describe a1 driver-locations retention.ms",
    "delete-records a1 driver-locations-0 end",
    "produce p1 driver-locations key=chen null",
];
/// Lost records that are listed one by one.
const LISTED: usize = 24;

#[component]
pub fn SandboxPage() -> Html {
    let app = use_app();
    let document = use_document();
    let anew = Callback::from(move |_: MouseEvent| app.begin_sandbox());
    let look = Look {
        lens: document.lens.unwrap_or(Lens::ByBroker),
        voice: Voice::Full,
        selection: document.selection.clone(),
        focus: document.focus.clone(),
        density: document.density,
        ..Look::default()
    };
    html! {
        <main class="figure sandbox">
            <section class="prose" aria-label="Sandbox">
                <div class="body">
                    <h1>{ "Sandbox" }</h1>
                    { match document.origin {
                        Origin::Own => html! {},
                        Origin::Link => html! { <p class="intro">{ "This cluster came with a link. It was replayed from its beginning and stands where the link was made." }</p> },
                        Origin::Script => html! { <p class="intro">{ "This cluster was made by a script. It was replayed from its beginning and stands where the script ends." }</p> },
                        Origin::Lesson => html! { <p class="intro">{ "This cluster came from a lesson, as it stood there. It is yours now." }</p> },
                        Origin::Visit => html! { <p class="intro">{ "This is the cluster that you left here, replayed from its beginning." }</p> },
                        Origin::Losing(acks) => html! { <Losing {acks} /> },
                    } }
                    if document.origin != Origin::Own {
                        <p class="intro"><button type="button" class="btn sm" onclick={anew}>{ icon(Icon::Restart) }{ " Begin anew" }</button></p>
                    }
                    <p class="intro">{ "Talk to the cluster: a line is carried out where the playhead stands, and becomes part of its history. Whatever is selected on the stage can also be killed, stopped, frozen, cut off and restarted by button. Building clusters by hand comes later." }</p>
                    <Line />
                    <Audit />
                    <Topics />
                    <Readers />
                    <Opening />
                    <Done />
                </div>
            </section>
            <div class="stage-column barred">
                <StageBar />
                <Stage {look} />
                <Narrator />
                <Inspector />
            </div>
        </main>
    }
}

/// Carries out a line; says what was wrong with it.
fn say(app: &App, line: &str) -> Result<(), String> {
    match line.split_whitespace().next() {
        Some("topic") => return Err(LATER.to_owned()),
        Some("at") => return Err(ANYTIME.to_owned()),
        Some("world") => {
            return Err(
                "this world is running; a whole script makes another: paste it, or put it in below"
                    .to_owned(),
            );
        }
        // A remark is no command: it is read and nothing happens.
        Some(word) if word.starts_with('#') => return Ok(()),
        _ => {}
    }
    match script::parse_line(line)? {
        Said::Command(command) => app.player.perform(command).map_err(|refused| refused.0),
        Said::Run { span, .. } if span > MOST => {
            Err("here a run is at most 1h; say it again to go on".to_owned())
        }
        Said::Run { span, .. } => {
            let to = app.player.with(|session| session.now() + span);
            app.player.rush(Place::after(to));
            Ok(())
        }
        _ => Err("here a line is a command, or run and a time".to_owned()),
    }
}

#[component]
fn Line() -> Html {
    let app = use_app();
    let problem = use_state(|| None::<String>);
    let is_still = use_view(|digest| !digest.playing);
    let input = use_node_ref();
    let submit = {
        let (app, problem, input) = (app.clone(), problem.clone(), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = input.cast::<HtmlInputElement>() else {
                return;
            };
            let line = field.value();
            match say(&app, line.trim()) {
                _ if line.trim().is_empty() => problem.set(None),
                Ok(()) => {
                    field.set_value("");
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(answered(&sentence))),
            }
        })
    };
    let paste = {
        let (app, problem) = (app.clone(), problem.clone());
        Callback::from(move |event: Event| match pasted(&app, &event) {
            Some(Ok(())) => problem.set(None),
            Some(Err(sentence)) => problem.set(Some(sentence)),
            None => {}
        })
    };
    let example = |line: &'static str| {
        let (input, problem) = (input.clone(), problem.clone());
        let take = Callback::from(move |_: MouseEvent| {
            problem.set(None);
            input.cast::<HtmlInputElement>().inspect(|field| {
                field.set_value(line);
                let _ = field.unchecked_ref::<web_sys::HtmlElement>().focus();
            });
        });
        html! { <li key={line}><button type="button" class="example mono" onclick={take}>{ line }</button></li> }
    };
    html! {
        <form class="line" onsubmit={submit}>
            <div class="above"><label for="line">{ "A line of script" }</label>
                if is_still { <span class="dim">{ "still until Play or run 1s" }</span> }</div>
            <div><input id="line" ref={input.clone()} class="mono" type="text" maxlength={LONGEST} autocomplete="off" spellcheck="false" aria-describedby="line-problem" onpaste={paste} />
                <button class="btn primary" type="submit">{ "Do it" }</button></div>
            <p id="line-problem" class="problem" role="alert">{ (*problem).clone().unwrap_or_default() }</p>
            <ul class="examples">{ for EXAMPLES.into_iter().map(&example) }</ul>
            <details class="more"><summary>{ "More faults" }</summary><ul class="examples">{ for FAULTS.into_iter().map(&example) }</ul></details>
            <details class="more"><summary>{ "How long records stay" }</summary><ul class="examples">{ for STORED.into_iter().map(&example) }</ul></details>
        </form>
    }
}

/// How the promises stand that producers were given.
#[component]
fn Audit() -> Html {
    let app = use_app();
    let (report, lost) = {
        let player = app.player.clone();
        use_view(move |_| {
            player.with(|session| {
                let audit = &session.history().observed().audit;
                let report = audit.report(session.world());
                let lost = match report.lost {
                    0 => Vec::new(),
                    _ => audit.lost(session.world()),
                };
                let is_left = |lost: &Lost| {
                    let record = (lost.from, lost.of);
                    is_there(session.world(), &lost.partition, record, lost.leader)
                };
                let lost = lost.into_iter().map(|lost| (is_left(&lost), lost));
                (report, lost.collect::<Vec<_>>())
            })
        })
    };
    let rows = [
        ("acknowledged", report.acknowledged, true),
        ("readable", report.readable, true),
        ("waiting for a leader", report.waiting, true),
        ("not committed yet", report.pending, true),
        ("deleted or compacted", report.expired, report.expired > 0),
        ("lost", report.lost, true),
        ("duplicated", report.duplicated, true),
    ];
    let row = |(name, number, _): (&'static str, u64, bool)| {
        let bad = name == "lost" && number > 0;
        html! { <div key={name} class={bad.then_some("bad")}><dt>{ name }</dt><dd class="num">{ count(number as usize) }</dd></div> }
    };
    let rows = rows.into_iter().filter(|(.., shown)| *shown).map(row);
    let all = report.lost;
    let lost = (all > 0).then(|| html! { <LostList {lost} {all} /> });
    html! {
        <section class="audit" aria-labelledby="audit"><h2 id="audit">{ "Audit" }</h2><dl>{ for rows }</dl>{ lost }</section>
    }
}

#[derive(Properties, PartialEq)]
struct LostProps {
    /// Each with whether who appended them has them still.
    lost: Vec<(bool, Lost)>,
    /// How many are lost, those of topics that are deleted included.
    all: u64,
}

/// The lost records, each of which can be pressed to see what is left of it.
#[component]
fn LostList(props: &LostProps) -> Html {
    let app = use_app();
    let records = props.lost.iter().flat_map(|(is_left, lost)| {
        let offsets = lost.from.0..lost.to.0;
        offsets.map(move |offset| (lost, Offset(offset), *is_left))
    });
    let all: u64 = props
        .lost
        .iter()
        .map(|(_, lost)| (lost.to.0 - lost.from.0) as u64)
        .sum();
    let item = |(lost, offset, is_left): (&Lost, Offset, bool)| {
        let (partition, leader) = (&lost.partition, lost.leader);
        let words = format!("{partition}@{}", offset.0);
        let key = format!("{words} {leader} {}", lost.of.0);
        if !is_left {
            // What stands at its offset by now is another record.
            let title = format!(
                "Nothing is left of record {} of epoch {}",
                offset.0, lost.of.0
            );
            return html! { <li {key}><span class="mono dim" {title}>{ words }</span></li> };
        }
        let title = format!(
            "Record {} of {partition}, which broker {leader} had",
            offset.0
        );
        let select = {
            let app = app.clone();
            let thing = Thing::Copy(partition.clone(), offset, leader);
            Callback::from(move |_: MouseEvent| {
                app.dispatch(Action::Select(Some(thing.clone())));
                app.dispatch(Action::ShowInspector(true));
            })
        };
        html! { <li {key}><button type="button" class="example mono" {title} onclick={select}>{ words }</button></li> }
    };
    let more = (all as usize).saturating_sub(LISTED);
    let deleted = props.all.saturating_sub(all) as usize;
    html! {
        <>
            <p class="bad">{ "Acknowledged and gone: when the next leader began, it did not have them." }</p>
            if all > 0 { <ul class="examples" aria-label="Lost records">{ for records.take(LISTED).map(item) }</ul> }
            if more > 0 { <p class="dim">{ format!("and {} more", count(more)) }</p> }
            if deleted > 0 { <p class="dim">{ format!("{} in topics that were deleted since", count(deleted)) }</p> }
        </>
    }
}

/// What was said so far.
#[component]
fn Done() -> Html {
    let app = use_app();
    let lines = {
        let player = app.player.clone();
        use_view(move |_| {
            player.with(|session| {
                let commands = session.history().commands().iter().rev().take(12);
                let line = |stamped: &crate::world::Stamped| {
                    (
                        clock(stamped.place.at),
                        Rc::<str>::from(clipped(&script::print_command(&stamped.command))),
                    )
                };
                commands.map(line).collect::<Vec<_>>()
            })
        })
    };
    let rows = lines.iter().map(|(at, line)| html! { <li><span class="dim">{ at.clone() }</span>{ " " }<span>{ &**line }</span></li> });
    html! { <ol class="said mono" aria-label="Lines so far, newest first">{ for rows }</ol> }
}
