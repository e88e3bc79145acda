//! What can be done to what a topic stores, in the inspector: its settings, records deleted, a tombstone sent.
//!
//! Every form is one line of the script in other clothes: it is checked, carried out where the playhead stands, and
//! can be undone. What was wrong stands under the field, with what it takes.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::model::{TopicName, TopicPartition};
use crate::script::print_command;
use crate::session::Session;
use crate::session::stored::{self, CHANGEABLE, Changeable, Form, Source, Told};
use crate::stage::Thing;
use crate::ui::app::App;
use crate::ui::hooks::{use_app, use_view};
use crate::world::Command;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub thing: Thing,
}

/// The forms of a topic, or of the topic of a partition.
#[component]
pub fn Stored(props: &Props) -> Html {
    let partition = match &props.thing {
        Thing::Partition(partition) | Thing::Replica(partition, _) => Some(partition.clone()),
        _ => None,
    };
    match stored::topic_of(&props.thing) {
        Some(topic) => html! { <Forms topic={topic.clone()} {partition} /> },
        None => html! {},
    }
}

#[derive(Properties, PartialEq)]
struct FormsProps {
    topic: TopicName,
    partition: Option<TopicPartition>,
}

#[component]
fn Forms(props: &FormsProps) -> Html {
    let app = use_app();
    let told = {
        let (player, topic) = (app.player.clone(), props.topic.clone());
        use_view(move |_| player.with(|session| stored::settings(session.world(), &topic)))
    };
    if told.is_empty() {
        return html! {};
    }
    let settings = CHANGEABLE.iter().filter_map(|one| {
        let told = told.iter().find(|told| told.name == one.name)?.clone();
        Some(html! { <Setting key={one.name} topic={props.topic.clone()} {told} one={*one} /> })
    });
    let open = props.partition.is_none();
    html! {
        <div class="stored">
            <details class="more" {open}>
                <summary>{ format!("Settings of {}", props.topic) }</summary>
                { for settings }
            </details>
            <details class="more">
                <summary>{ "Delete records, send a tombstone" }</summary>
                if let Some(partition) = &props.partition {
                    <Delete partition={partition.clone()} />
                } else {
                    <p class="dim">{ "Records are deleted in one partition: select one." }</p>
                }
                <Tombstone topic={props.topic.clone()} />
            </details>
        </div>
    }
}

/// What became of what was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
enum Said {
    #[default]
    Nothing,
    Done(String),
    Refused(String),
}

impl Said {
    /// Carries out what was asked for, or says why not.
    fn of(app: &App, asked: impl FnOnce(&Session) -> Result<Vec<Command>, String>) -> Said {
        let commands = match app.player.with(asked) {
            Ok(commands) => commands,
            Err(sentence) => return Said::Refused(sentence),
        };
        let mut lines = Vec::new();
        for command in commands {
            lines.push(print_command(&command));
            if let Err(refused) = app.player.perform(command) {
                return Said::Refused(refused.0);
            }
        }
        let line = lines.pop().unwrap_or_default();
        match app.player.controls_playing() {
            true => Said::Done(format!("Asked for: {line}")),
            false => Said::Done(format!("Asked for: {line}. It goes off as time goes on.")),
        }
    }

    fn shown(&self, id: String) -> Html {
        let (class, role, words) = match self {
            Said::Nothing => ("problem", "status", ""),
            Said::Done(words) => ("dim", "status", words.as_str()),
            Said::Refused(words) => ("problem", "alert", words.as_str()),
        };
        html! { <p {id} {class} {role}>{ words }</p> }
    }
}

/// What stands in the field of a form that was sent.
fn typed(event: &SubmitEvent) -> String {
    event.prevent_default();
    let form = event
        .target()
        .map(JsCast::unchecked_into::<web_sys::Element>);
    let input = form.and_then(|form| form.query_selector("input").ok().flatten());
    let input = input.map(JsCast::unchecked_into::<HtmlInputElement>);
    input.map_or_else(String::new, |input| input.value())
}

#[derive(Properties, PartialEq)]
struct FieldProps {
    id: String,
    value: String,
    described: String,
}

/// A field. It is rendered anew only when what it begins with is another, so what was typed stays.
#[component]
fn Field(props: &FieldProps) -> Html {
    html! { <input id={props.id.clone()} type="text" class="mono" value={props.value.clone()} maxlength="60" autocomplete="off" spellcheck="false" aria-describedby={props.described.clone()} /> }
}

#[derive(Properties, PartialEq)]
struct SettingProps {
    topic: TopicName,
    one: Changeable,
    told: Told,
}

/// One setting: its Kafka name, its value, who says so, and what changes it.
#[component]
fn Setting(props: &SettingProps) -> Html {
    let app = use_app();
    let said = use_state(Said::default);
    let name = props.one.name;
    let set = {
        let (app, said, topic) = (app.clone(), said.clone(), props.topic.clone());
        Callback::from(move |value: Option<String>| {
            let done = Said::of(&app, |session| {
                stored::change(session.world(), &topic, name, value.as_deref())
            });
            said.set(done);
        })
    };
    let id = format!("set-{}", name.replace('.', "-"));
    let own = props.told.source == Source::Topic;
    let back = {
        let set = set.clone();
        Callback::from(move |_: MouseEvent| set.emit(None))
    };
    let source = html! {
        <span class="source">
            { props.told.source.words() }
            if own { { " " }<button type="button" class="btn quiet sm" aria-label={format!("Reset {name}")} onclick={back}>{ "Reset" }</button> }
        </span>
    };
    let control = match props.one.form {
        Form::Choice(words) => {
            let choice = |word: &'static str| {
                let set = set.clone();
                let pressed = (props.told.value == word).to_string();
                let press = Callback::from(move |_: MouseEvent| set.emit(Some(word.to_owned())));
                html! { <button key={word} type="button" aria-pressed={pressed} onclick={press}>{ word }</button> }
            };
            html! {
                <>
                    <b id={id.clone()} class="mono" title={props.told.about}>{ name }</b>
                    <div class="seg" role="group" aria-labelledby={id.clone()}>{ for words.iter().copied().map(choice) }</div>
                </>
            }
        }
        Form::Typed(unit) => {
            let submit = Callback::from(move |event: SubmitEvent| set.emit(Some(typed(&event))));
            html! {
                <form onsubmit={submit}>
                    <label for={id.clone()} class="mono" title={props.told.about}>{ name }</label>
                    <div>
                        <Field id={id.clone()} value={props.told.value.clone()} described={format!("{id}-said")} />
                        <span class="dim">{ unit }</span>
                        <button class="btn sm" type="submit" aria-label={format!("Set {name}")}>{ "Set" }</button>
                    </div>
                </form>
            }
        }
    };
    html! { <div class={classes!("setting", own.then_some("own"))}>{ control }{ source }{ said.shown(format!("{id}-said")) }</div> }
}

#[derive(Properties, PartialEq)]
struct DeleteProps {
    partition: TopicPartition,
}

/// Everything before an offset is deleted by request.
#[component]
fn Delete(props: &DeleteProps) -> Html {
    let app = use_app();
    let said = use_state(Said::default);
    let submit = {
        let (said, partition) = (said.clone(), props.partition.clone());
        Callback::from(move |event: SubmitEvent| {
            let before = typed(&event);
            said.set(Said::of(&app, |session| {
                stored::delete_records(session.world(), &partition, &before)
            }));
        })
    };
    html! {
        <div class="setting">
            <form onsubmit={submit}>
                <label for="delete-before">{ format!("Delete from {} all records before offset (or end)", props.partition) }</label>
                <div>
                    <Field id={"delete-before"} value={""} described={"delete-said"} />
                    <button class="btn sm danger" type="submit">{ "Delete records" }</button>
                </div>
            </form>
            { said.shown("delete-said".to_owned()) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct TombstoneProps {
    topic: TopicName,
}

/// A record with a key and without a value, sent by hand.
#[component]
fn Tombstone(props: &TombstoneProps) -> Html {
    let app = use_app();
    let said = use_state(Said::default);
    let submit = {
        let (said, topic) = (said.clone(), props.topic.clone());
        Callback::from(move |event: SubmitEvent| {
            let key = typed(&event);
            said.set(Said::of(&app, |session| {
                stored::tombstone(session.world(), &topic, &key)
            }));
        })
    };
    html! {
        <div class="setting">
            <form onsubmit={submit}>
                <label for="tombstone-key">{ format!("Send to {} a record whose value is null, for key", props.topic) }</label>
                <div>
                    <Field id={"tombstone-key"} value={""} described={"tombstone-said"} />
                    <button class="btn sm" type="submit">{ "Send a tombstone" }</button>
                </div>
            </form>
            { said.shown("tombstone-said".to_owned()) }
        </div>
    }
}
