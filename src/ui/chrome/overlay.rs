//! What lies over the page: the shortcuts, the palette that finds anything, the toast, and complaints.
//!
//! Dialogs are the browser's own: they keep the focus inside, close on Escape and give the focus back.

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::model::ProcessId;
use crate::session::Session;
use crate::stage::Thing;
use crate::stage::snapshot::Coordination;
use crate::ui::deeds::{self, Deed};
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::painter::Painter;
use crate::ui::route::Route;
use crate::ui::state::{Action, Overlay};

#[wasm_bindgen]
extern "C" {
    /// A `<dialog>`, of which web-sys would cost a feature.
    #[wasm_bindgen(extends = HtmlElement, extends = Element)]
    type Dialog;

    #[wasm_bindgen(method, js_name = showModal, catch)]
    fn show_modal(this: &Dialog) -> Result<(), JsValue>;

    #[wasm_bindgen(method, getter)]
    fn open(this: &Dialog) -> bool;
}

#[component]
pub fn Overlays() -> Html {
    let document = use_document();
    html! {
        <>
            { match document.overlay {
                Some(Overlay::Shortcuts) => html! { <Shortcuts /> },
                Some(Overlay::Palette) => html! { <Palette /> },
                None => html! {},
            } }
            <Complaint />
            <Full />
            <Toast />
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ModalProps {
    label: &'static str,
    class: &'static str,
    children: Html,
}

/// A modal dialog that is open as long as it is there.
#[component]
fn Modal(props: &ModalProps) -> Html {
    let app = use_app();
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let dialog: Option<Dialog> = node.get().map(JsCast::unchecked_into);
            let _ = dialog
                .filter(|dialog| !dialog.open())
                .map(|dialog| dialog.show_modal());
        });
    }
    let close = {
        let app = app.clone();
        Callback::from(move |_: Event| app.dispatch(Action::Close))
    };
    // A press on the dialog itself, and not on what is in it, is a press beside it.
    let beside = {
        let node = node.clone();
        Callback::from(move |event: MouseEvent| {
            let on_dialog =
                event.target().map(JsCast::unchecked_into::<web_sys::Node>) == node.get();
            if on_dialog {
                app.dispatch(Action::Close);
            }
        })
    };
    html! {
        <dialog class={classes!("sheet", props.class)} ref={node} aria-label={props.label} onclose={close} onclick={beside}>
            { props.children.clone() }
        </dialog>
    }
}

#[component]
fn Shortcuts() -> Html {
    let app = use_app();
    let document = use_document();
    let close = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.dispatch(Action::Close))
    };
    let rows = deeds::ALL.iter().filter(|entry| !entry.keys.is_empty()).map(|entry| {
        html! { <div key={entry.name}><dt>{ for entry.keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt><dd>{ entry.name }</dd></div> }
    });
    let announce = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.act(Deed::Announcements))
    };
    let single = {
        let (app, on) = (app.clone(), document.single_keys);
        Callback::from(move |_: MouseEvent| app.dispatch(Action::SingleKeys(!on)))
    };
    html! {
        <Modal label="Keyboard shortcuts" class="shortcuts">
            <header><h2>{ "Keyboard shortcuts" }</h2>
                <button class="btn quiet icon" type="button" aria-label="Close" onclick={close}>{ icon(Icon::Close) }</button></header>
            <dl>{ for rows }
                <div><dt><kbd>{ "←" }</kbd><kbd>{ "→" }</kbd></dt><dd>{ "Move on the stage, or along the timeline" }</dd></div>
                <div><dt><kbd>{ "Enter" }</kbd><kbd>{ "Esc" }</kbd></dt><dd>{ "Select and go in; go out" }</dd></div>
            </dl>
            <footer>
                <button class="btn" type="button" aria-pressed={document.single_keys.to_string()} onclick={single}>{ if document.single_keys { "Single keys are on" } else { "Single keys are off" } }</button>
                <button class="btn" type="button" onclick={announce}>{ format!("Announcements: {}", document.announcements.name()) }</button>
            </footer>
        </Modal>
    }
}

/// One line of the palette.
#[derive(Clone, PartialEq)]
struct Found {
    name: String,
    hint: String,
    does: Does,
}

#[derive(Clone, PartialEq)]
enum Does {
    Act(Deed),
    Go(Route),
    /// Opens it in the inspector.
    Inspect(Thing),
}

#[component]
fn Palette() -> Html {
    let app = use_app();
    let words = use_state(String::new);
    let at = use_state(|| 0_usize);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            input.cast::<HtmlElement>().inspect(|input| {
                let _ = input.focus();
            });
        });
    }
    let lessons = app.book.lessons().map(|lesson| Found {
        name: lesson.title.to_string(),
        hint: format!("Lesson {}", lesson.number),
        does: Does::Go(Route::Lesson {
            slug: lesson.slug.clone(),
            step: 1,
        }),
    });
    let acts = deeds::ALL.iter().map(|entry| Found {
        name: entry.name.to_owned(),
        hint: entry.keys.to_owned(),
        does: Does::Act(entry.deed),
    });
    let topics = match app.document().route {
        Route::Sandbox => app.player.with(topics),
        _ => Vec::new(),
    };
    let painter = app.player.painter(|painter| things(painter));
    let wanted = words.to_lowercase();
    let found: Vec<Found> = lessons
        .chain(acts)
        .chain(painter.unwrap_or_default())
        .chain(topics)
        .filter(|found| {
            wanted
                .split_whitespace()
                .all(|word| found.name.to_lowercase().contains(word))
        })
        .collect();
    let choose = {
        let app = app.clone();
        Callback::from(move |found: Found| {
            app.dispatch(Action::Close);
            match found.does {
                Does::Act(deed) => app.act(deed),
                Does::Go(route) => app.go(route),
                Does::Inspect(thing) => {
                    app.dispatch(Action::Select(Some(thing)));
                    app.dispatch(Action::ShowInspector(true));
                }
            }
        })
    };
    let oninput = {
        let (words, at) = (words.clone(), at.clone());
        Callback::from(move |event: InputEvent| {
            let input = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            words.set(input.map(|input| input.value()).unwrap_or_default());
            at.set(0);
        })
    };
    let onkeydown = {
        let (found, at, choose) = (found.clone(), at.clone(), choose.clone());
        Callback::from(move |event: KeyboardEvent| {
            let count = found.len().max(1);
            match event.key().as_str() {
                "ArrowDown" => at.set((*at + 1) % count),
                "ArrowUp" => at.set((*at + count - 1) % count),
                "Enter" => {
                    if let Some(found) = found.get(*at) {
                        choose.emit(found.clone());
                    }
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let rows = found.iter().enumerate().map(|(index, found)| {
        let selected = index == *at;
        let onclick = {
            let (choose, found) = (choose.clone(), found.clone());
            Callback::from(move |_: MouseEvent| choose.emit(found.clone()))
        };
        html! {
            <li key={found.name.clone()} id={format!("found-{index}")} role="option" aria-selected={selected.to_string()} {onclick}>
                <span>{ &found.name }</span><span class="dim">{ &found.hint }</span>
            </li>
        }
    });
    html! {
        <Modal label="Find anything" class="palette">
            <input ref={input} type="text" placeholder="Find a lesson, an action, or what is on the stage" aria-label="Find anything" role="combobox" aria-expanded="true"
                aria-controls="found" aria-activedescendant={(!found.is_empty()).then(|| format!("found-{}", *at))} autocomplete="off" {oninput} {onkeydown} />
            <ul id="found" role="listbox" aria-label="Found">{ for rows }</ul>
            if found.is_empty() { <p class="dim">{ "Nothing has that name." }</p> }
        </Modal>
    }
}

/// Everything on the stage that can be opened: machines, clients, groups and partitions.
fn things(painter: &Painter) -> Vec<Found> {
    let Some(snapshot) = painter.snapshot() else {
        return Vec::new();
    };
    let brokers = snapshot.brokers.iter();
    let brokers = brokers.map(|broker| ProcessId::from(broker.id));
    let servers = match &snapshot.coordination {
        Coordination::ZooKeeper(zookeeper) => zookeeper.servers.as_slice(),
        _ => &[],
    };
    let servers = servers.iter().map(|server| server.id);
    let producers = snapshot.producers.iter().map(|producer| producer.id);
    let consumers = snapshot.consumers.iter().map(|consumer| consumer.id);
    let processes = brokers.chain(servers).chain(producers).chain(consumers);
    let groups = snapshot.groups.iter();
    let groups = groups.map(|group| Thing::Group(group.name.clone()));
    let partitions = snapshot.partitions();
    let partitions = partitions.map(|partition| Thing::Partition(partition.id.clone()));
    let things = processes.map(Thing::Process).chain(groups);
    let found = things.chain(partitions).map(|thing| Found {
        name: painter.name(&thing),
        hint: "on the stage".to_owned(),
        does: Does::Inspect(thing),
    });
    found.collect()
}

/// The topics of a cluster, each of which can be opened.
fn topics(session: &Session) -> Vec<Found> {
    let topics = session.world().cluster().topics().keys();
    let found = topics.map(|topic| Found {
        name: format!("Topic {topic}"),
        hint: "its settings".to_owned(),
        does: Does::Inspect(Thing::Topic(topic.clone())),
    });
    found.collect()
}

#[component]
fn Complaint() -> Html {
    let app = use_app();
    let document = use_document();
    let Some(complaint) = &document.complaint else {
        return html! {};
    };
    let dismiss = Callback::from(move |_: MouseEvent| app.dispatch(Action::Complain(None)));
    html! {
        <section class="notice" role="alert">
            <p class="notice-text">{ &*complaint.title }</p>
            if !complaint.detail.is_empty() { <p class="notice-detail">{ &*complaint.detail }</p> }
            <div class="notice-actions"><button class="btn" type="button" onclick={dismiss}>{ "Dismiss" }</button></div>
        </section>
    }
}

/// Play has stopped because records take too much memory, and what can be given up.
#[component]
fn Full() -> Html {
    let app = use_app();
    let full = use_view(|digest| digest.full);
    let Some(megabytes) = full else {
        return html! {};
    };
    let trim = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.player.forget_past())
    };
    let shorten = Callback::from(move |_: MouseEvent| app.shorten_logs());
    html! {
        <section class="notice" role="alert">
            <p class="notice-text">{ format!("Paused: the records of this run take {megabytes} MB, more than this page keeps.") }</p>
            <p>{ "Trim the history and go on from here without a way back, or start this run again with logs that keep 4 MB each." }</p>
            <div class="notice-actions">
                <button class="btn" type="button" onclick={trim}>{ "Trim the history" }</button>
                <button class="btn" type="button" onclick={shorten}>{ "Start again with lower retention" }</button>
            </div>
        </section>
    }
}

#[component]
fn Toast() -> Html {
    let app = use_app();
    let document = use_document();
    let undo = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            app.undo_start_over();
            app.dispatch(Action::Toast(None));
        })
    };
    html! {
        <div class="toasts" role="status">
            if let Some(toast) = &document.toast {
                <p class="toast">{ &*toast.text }
                    if toast.undo { <button class="btn sm" type="button" onclick={undo}>{ "Undo" }</button> }
                </p>
            }
        </div>
    }
}
