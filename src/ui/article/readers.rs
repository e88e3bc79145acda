//! Consumers in the sandbox: a form that makes a group, or adds to one, with how it divides and commits.
//!
//! What the form does is one line of a script for each consumer; the page lists it with all others.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::broker::OFFSETS_TOPIC;
use crate::model::Text;
use crate::script::{self, Action as Said};
use crate::session::trouble;
use crate::stage::Thing;
use crate::ui::app::App;
use crate::ui::hooks::{use_app, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::state::Action;

/// Ways to divide partitions, by Kafka's names.
const ASSIGNORS: [&str; 4] = ["range", "roundrobin", "sticky", "cooperative-sticky"];
/// Ways to commit: what is said of them, and the settings that do it.
const COMMITS: [(&str, &str); 6] = [
    ("automatic, every 5 s", ""),
    (
        "before the work",
        "enable.auto.commit=false application.commits=first",
    ),
    (
        "after each batch, waiting",
        "enable.auto.commit=false application.commits=sync",
    ),
    (
        "after each record, waiting",
        "enable.auto.commit=false application.commits=each",
    ),
    (
        "after each batch, not waiting",
        "enable.auto.commit=false application.commits=async",
    ),
    ("never", "enable.auto.commit=false"),
];
const STARTS: [&str; 2] = ["earliest", "latest"];
/// How long a consumer works on what it was given.
const WORK: [(&str, &str); 4] = [
    ("none", "0"),
    ("200 ms", "200ms"),
    ("1 s", "1s"),
    ("5 s", "5s"),
];
const MOST: usize = 6;

#[component]
pub fn Readers() -> Html {
    let app = use_app();
    let problem = use_state(|| None::<String>);
    let form = use_node_ref();
    let topics: Vec<Text> = {
        let player = app.player.clone();
        use_view(move |_| {
            player.with(|session| {
                let topics = session.world().cluster().topics();
                let names = topics.keys().filter(|name| name.as_str() != OFFSETS_TOPIC);
                names.map(|name| name.0.clone()).collect::<Vec<_>>()
            })
        })
    };
    let submit = {
        let (app, problem, form) = (app.clone(), problem.clone(), form.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            problem.set(asked(&form).map_or_else(Some, |asked| make(&app, &asked).err()));
        })
    };
    let choice = |name: &'static str, label: &'static str, all: Vec<(String, String)>| {
        let options = all.into_iter().enumerate().map(|(nth, (words, value))| {
            html! { <option key={value.clone()} selected={nth == 0} value={value.clone()}>{ words }</option> }
        });
        html! { <label>{ label }<select {name}>{ for options }</select></label> }
    };
    let same = |names: &[&str]| {
        names
            .iter()
            .map(|n| ((*n).to_owned(), (*n).to_owned()))
            .collect()
    };
    let pairs = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(words, value)| ((*words).to_owned(), (*value).to_owned()))
            .collect()
    };
    let counts = (1..=MOST).map(|n| (n.to_string(), n.to_string())).collect();
    let topics = topics
        .iter()
        .map(|name| (name.to_string(), name.to_string()))
        .collect();
    html! {
        <details class="readers">
            <summary>{ "Consumers in a group" }</summary>
            <form class="fields" onsubmit={submit} ref={form} aria-describedby="readers-problem">
                <label>{ "group.id" }<input name="group" value="readers" spellcheck="false" autocomplete="off" maxlength="60" /></label>
                { choice("topic", "topic", topics) }
                { choice("count", "consumers", counts) }
                { choice("assignor", "partition.assignment.strategy", same(&ASSIGNORS)) }
                { choice("commits", "commits", pairs(&COMMITS)) }
                { choice("work", "works between polls", pairs(&WORK)) }
                { choice("start", "auto.offset.reset", same(&STARTS)) }
                <button class="btn sm" type="submit">{ icon(Icon::Plus) }{ " Add" }</button>
            </form>
            <p id="readers-problem" class="problem" role="alert">{ (*problem).clone().unwrap_or_default() }</p>
        </details>
    }
}

/// What the form says.
struct Asked {
    group: String,
    count: usize,
    settings: String,
}

fn asked(form: &NodeRef) -> Result<Asked, String> {
    let form = form.cast::<web_sys::Element>().ok_or("there is no form")?;
    let field = |name: &str| -> Option<String> {
        let field = form.query_selector(&format!("[name={name}]")).ok()??;
        // A choice has its value where a line has it.
        Some(field.unchecked_ref::<HtmlInputElement>().value())
    };
    let get = |name: &str| field(name).unwrap_or_default();
    let group = get("group").trim().to_owned();
    if group.is_empty() || group.contains(char::is_whitespace) || group.contains('"') {
        return Err("a group's name is one word, such as readers".to_owned());
    }
    let topic = get("topic");
    if topic.is_empty() {
        return Err("there is no topic to read yet".to_owned());
    }
    let settings = format!(
        "group.id={group} subscribe={topic} partition.assignment.strategy={} auto.offset.reset={} poll.interval.ms={} {}",
        get("assignor"),
        get("start"),
        get("work"),
        get("commits"),
    );
    Ok(Asked {
        count: get("count").parse().unwrap_or(1).clamp(1, MOST),
        group,
        settings,
    })
}

/// Makes the consumers, and shows their group.
fn make(app: &App, asked: &Asked) -> Result<(), String> {
    for _ in 0..asked.count {
        let id = app
            .player
            .with(|session| trouble::next_consumer(session.world()));
        let id = id.ok_or("there are too many consumers")?;
        let line = format!("consumer {id} {}", asked.settings.trim_end());
        match script::parse_line(&line)? {
            Said::Command(command) => app.player.perform(command).map_err(|refused| refused.0)?,
            _ => return Err("this makes no consumer".to_owned()),
        }
    }
    app.dispatch(Action::Select(Some(Thing::Group(
        asked.group.as_str().into(),
    ))));
    Ok(())
}
