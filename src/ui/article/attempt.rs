//! What a reader may try in a lesson: small forms whose commands are carried out in the cluster that is seen.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::fact::{Fact, Role};
use crate::lesson::attempt::{Attempt, Written, claim};
use crate::model::{Offset, ProcessId, TopicName, TopicPartition};
use crate::session::{Session, stored};
use crate::stage::Thing;
use crate::time::Duration;
use crate::ui::app::App;
use crate::ui::hooks::{use_app, use_view};
use crate::ui::state::Action;
use crate::world::{Command, Place};

/// How long the cluster is watched after something was tried.
const LONG: Duration = Duration::from_millis(1_500);

#[derive(Properties, PartialEq)]
pub struct Props {
    pub attempt: Attempt,
}

/// The form of one attempt.
#[component]
pub fn Try(props: &Props) -> Html {
    html! {
        <div class="try" role="group" aria-label="Try it">
            { match props.attempt {
                Attempt::Key => html! { <Key /> },
                Attempt::Message => html! { <Message /> },
                Attempt::Middle => html! { <Middle /> },
                Attempt::Retention => html! { <Retention /> },
            } }
        </div>
    }
}

/// Who sends in this lesson, and where to.
fn sender(session: &Session) -> Option<(ProcessId, TopicName)> {
    let plan = session.world().plan();
    let mut clients = plan.clients.iter().map(|client| client.id);
    let producer = clients.find(|id| matches!(id, ProcessId::Producer(_)))?;
    Some((producer, plan.topics.first()?.name.clone()))
}

/// Hands a message to the lesson's producer and lets time run; gives the partition that was chosen for it.
fn send(app: &App, written: &Written) -> Result<Option<TopicPartition>, String> {
    let found = app.player.with(sender);
    let (client, topic) = found.ok_or("this cluster has no producer")?;
    let before = app.player.with(|session| session.journal().len());
    let command = written.command(client, &topic)?;
    app.player.perform(command).map_err(|refused| refused.0)?;
    let chosen = app.player.with(|session| {
        session
            .journal()
            .since(before)
            .find_map(|entry| match &entry.fact {
                Fact::RecordQueued { partition, .. } => Some(partition.clone()),
                _ => None,
            })
    });
    watch(app);
    Ok(chosen)
}

/// Lets time run until what was sent has been answered and read.
fn watch(app: &App) {
    let until = app.player.with(Session::now) + LONG;
    app.player.play_to(Place::after(until));
}

/// What stands in one of a form's fields.
fn field(event: &SubmitEvent, name: &str) -> String {
    let form = event
        .target()
        .map(JsCast::unchecked_into::<web_sys::Element>);
    let input = form.and_then(|form| form.query_selector(name).ok().flatten());
    let input = input.map(JsCast::unchecked_into::<HtmlInputElement>);
    input.map_or_else(String::new, |input| input.value())
}

#[component]
fn Key() -> Html {
    let app = use_app();
    let said = use_state(String::new);
    let partitions = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| session.world().plan().topics[0].replicas.len()))
    };
    let submit = {
        let said = said.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let key = field(&event, "[name=key]");
            let guess = field(&event, "[name=guess]:checked");
            let written = Written {
                key: key.clone(),
                value: "here".to_owned(),
                ..Written::default()
            };
            if key.is_empty() {
                said.set("Type a key. A message without one is placed by another rule.".to_owned());
                return;
            }
            said.set(match send(&app, &written) {
                Ok(Some(chosen)) => {
                    let number = chosen.partition.to_string();
                    let verdict = match guess == number {
                        true => "As you said",
                        false => "Not so",
                    };
                    format!("{verdict}: {key} goes to P{number}, and will each time.")
                }
                Ok(None) => "The producer does not know the partitions yet.".to_owned(),
                Err(sentence) => sentence,
            });
        })
    };
    let guess = |number: usize| {
        let value = number.to_string();
        html! { <label key={number}><input type="radio" name="guess" {value} required=true /><span>{ format!("P{number}") }</span></label> }
    };
    html! {
        <form onsubmit={submit}>
            <b>{ "Try a key of your own" }</b>
            <div class="try-row">
                <Input name="key" label="Key" value="omar" />
                <fieldset class="guess"><legend>{ "It goes to" }</legend>{ for (0..partitions).map(guess) }</fieldset>
                <button class="btn" type="submit">{ "Send it" }</button>
            </div>
            <small role="status">{ &*said }</small>
        </form>
    }
}

#[derive(Properties, PartialEq)]
struct InputProps {
    name: &'static str,
    label: &'static str,
    #[prop_or_default]
    value: &'static str,
}

/// A field of a form. It is rendered once, so what the reader typed stays when the form says something.
#[component]
fn Input(props: &InputProps) -> Html {
    html! { <label>{ props.label }<input name={props.name} type="text" class="mono" value={props.value} maxlength="60" autocomplete="off" spellcheck="false" /></label> }
}

/// The place in a log, as a field.
#[component]
fn OffsetInput() -> Html {
    html! { <label>{ "Offset" }<input name="offset" type="number" class="mono" min="0" max="99" value="1" required=true /></label> }
}

#[component]
fn Message() -> Html {
    let app = use_app();
    let said = use_state(String::new);
    let submit = {
        let said = said.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let written = Written {
                key: field(&event, "[name=key]"),
                value: field(&event, "[name=value]"),
                header: field(&event, "[name=header]"),
                timestamp: field(&event, "[name=timestamp]"),
            };
            said.set(match send(&app, &written) {
                Ok(Some(chosen)) => {
                    app.dispatch(Action::Select(Some(Thing::Partition(chosen.clone()))));
                    format!("It goes to {chosen}. Its bytes are shown as soon as they are stored.")
                }
                Ok(None) => "The producer does not know the partitions yet.".to_owned(),
                Err(sentence) => sentence,
            });
        })
    };
    html! {
        <form onsubmit={submit}>
            <b>{ "Write a message of your own" }</b>
            <div class="try-grid">
                <Input name="key" label="Key (empty: null)" value="omar" />
                <Input name="value" label="Value" value="on the bridge" />
                <Input name="header" label="Header" value="device=phone" />
                <Input name="timestamp" label="Timestamp" />
            </div>
            <button class="btn" type="submit">{ "Send it" }</button>
            <small role="status">{ &*said }</small>
        </form>
    }
}

#[component]
fn Middle() -> Html {
    let app = use_app();
    let since = use_state(|| None::<u64>);
    let problem = use_state(String::new);
    let submit = {
        let (app, since, problem) = (app.clone(), since.clone(), problem.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let offset = field(&event, "[name=offset]").parse().unwrap_or(0);
            let value = field(&event, "[name=value]");
            let before = app.player.with(|session| session.journal().len());
            match write(&app, Offset(offset), &value) {
                Ok(()) => {
                    since.set(Some(before));
                    problem.set(String::new());
                }
                Err(sentence) => problem.set(sentence),
            }
        })
    };
    let outcome = {
        let (player, since) = (app.player.clone(), *since);
        use_outcome(player, since)
    };
    html! {
        <form onsubmit={submit}>
            <b>{ "Try to write in the middle" }</b>
            <div class="try-row">
                <OffsetInput />
                <Input name="value" label="Value" value="never happened" />
                <button class="btn" type="submit">{ "Write it there" }</button>
            </div>
            <small role="status">{ &*problem }{ outcome }</small>
        </form>
    }
}

/// The leader's answer to what was written.
#[hook]
fn use_outcome(player: crate::ui::player::Player, since: Option<u64>) -> String {
    let read = move || {
        let Some(since) = since else {
            return String::new();
        };
        player.with(|session| outcome(session, since))
    };
    let digest = use_view(|digest| (digest.at, digest.event));
    (*use_memo((digest, since), move |_| read())).clone()
}

fn outcome(session: &Session, since: u64) -> String {
    let answer = session.journal().since(since).find_map(|entry| match &entry.fact {
        Fact::ProduceRefused { error, .. } => Some(format!(
            "The leader refuses it: {}. Nothing in the log has changed.",
            error.name()
        )),
        Fact::DuplicateDropped { base_offset, .. } => Some(format!(
            "The leader has this very batch already, at offset {}, and says so. Nothing is written.",
            base_offset.0
        )),
        Fact::RecordsAppended {
            role: Role::Leader,
            base_offset,
            ..
        } => Some(format!(
            "It counts from 0, as clients do, so the leader takes it and appends it at the end: offset {}.",
            base_offset.0
        )),
        _ => None,
    });
    answer.unwrap_or_else(|| "The bytes are on their way to the leader.".to_owned())
}

/// Writes a batch that claims to begin at an offset, over a connection of the lesson's outsider.
fn write(app: &App, offset: Offset, value: &str) -> Result<(), String> {
    let found = app.player.with(|session| {
        let plan = session.world().plan();
        let mut clients = plan.clients.iter().map(|client| client.id);
        let socket = clients.find(|id| matches!(id, ProcessId::Socket(_)))?;
        let partition = TopicPartition {
            topic: plan.topics.first()?.name.clone(),
            partition: 0,
        };
        let leads = |broker: &&crate::broker::Broker| {
            broker
                .partition(&partition)
                .is_some_and(crate::broker::Partition::is_leader)
        };
        let leader = session.world().brokers().find(leads)?.id();
        Some((socket, partition, leader))
    });
    let (socket, partition, leader) = found.ok_or("nobody here can write bytes of their own")?;
    let number = app.player.with(|session| session.journal().len()) as i32;
    let bytes = claim(&partition, offset, value, number);
    let write = Command::WriteSocket { socket, bytes };
    if app.player.perform(write.clone()).is_err() {
        let to = ProcessId::from(leader).to_string().into();
        let open = Command::OpenSocket {
            socket,
            to,
            from: None,
        };
        app.player.perform(open).map_err(|refused| refused.0)?;
        let later = app.player.with(|session| session.now()) + Duration::from_millis(200);
        app.player.seek(later);
        app.player.perform(write).map_err(|refused| refused.0)?;
    }
    watch(app);
    Ok(())
}

/// Ages between which a reader chooses, in seconds.
const AGES: [u64; 5] = [5, 10, 20, 40, 80];
/// How long the cluster is watched after records got another age.
const AGEING: Duration = Duration::from_secs(12);

/// How old records become, on a slider.
#[component]
fn Retention() -> Html {
    let app = use_app();
    let chosen = use_state(|| 2_usize);
    let said = use_state(String::new);
    let start = {
        let player = app.player.clone();
        use_view(move |_| {
            player.with(|session| {
                let first = first_partition(session)?;
                let state = session.world().cluster().partition(&first)?;
                let leader = session.world().broker_by_id(state.leader)?;
                Some(leader.partition(&first)?.log_start().0)
            })
        })
    };
    let oninput = {
        let chosen = chosen.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into().ok());
            let at = input.and_then(|input: HtmlInputElement| input.value().parse().ok());
            chosen.set(at.unwrap_or(0_usize).min(AGES.len() - 1));
        })
    };
    let age = AGES[*chosen];
    let submit = {
        let said = said.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            said.set(match age_records(&app, age) {
                Ok(()) => {
                    format!("Asked for {age} s. Old segments are looked for every few seconds.")
                }
                Err(sentence) => sentence,
            });
        })
    };
    let begins = start.map_or(String::new(), |start| {
        format!("The log starts at offset {start}. ")
    });
    html! {
        <form onsubmit={submit}>
            <b>{ "Let records live as long as you like" }</b>
            <div class="try-row">
                <label class="slider">{ "retention.ms" }
                    <input name="age" type="range" min="0" max={(AGES.len() - 1).to_string()} value={(*chosen).to_string()} aria-valuetext={format!("{age} seconds")} {oninput} />
                </label>
                <output class="mono">{ format!("{} = {age} s", age * 1_000) }</output>
                <button class="btn" type="submit">{ "Set it" }</button>
            </div>
            <small role="status">{ begins }{ &*said }</small>
        </form>
    }
}

/// The first partition of the lesson's first topic.
fn first_partition(session: &Session) -> Option<TopicPartition> {
    let topic = session.world().plan().topics.first()?;
    Some(TopicPartition {
        topic: topic.name.clone(),
        partition: 0,
    })
}

/// Has the lesson's topic keep its records for so many seconds, and lets time run until some are older.
fn age_records(app: &App, seconds: u64) -> Result<(), String> {
    let commands = app.player.with(|session| {
        let first = first_partition(session).ok_or("this cluster has no topic")?;
        let millis = (seconds * 1_000).to_string();
        stored::change(session.world(), &first.topic, "retention.ms", Some(&millis))
    })?;
    for command in commands {
        app.player.perform(command).map_err(|refused| refused.0)?;
    }
    let until = app.player.with(Session::now) + AGEING;
    app.player.play_to(Place::after(until));
    Ok(())
}
