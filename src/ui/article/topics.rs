//! The topics of the sandbox's cluster: each with its partitions and what becomes of its old records. Pressing one
//! opens it in the inspector, where its settings are changed.

use yew::prelude::*;

use crate::log::{CleanupPolicy, LogConfig};
use crate::model::{TopicName, TopicPartition};
use crate::stage::Thing;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::state::Action;
use crate::world::World;

/// One topic in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    topic: TopicName,
    /// "3 × 3": partitions and copies.
    size: String,
    keeps: String,
}

#[component]
pub fn Topics() -> Html {
    let app = use_app();
    let document = use_document();
    let lines = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| lines(session.world())))
    };
    if lines.is_empty() {
        return html! {};
    }
    let line = |line: &Line| {
        let thing = Thing::Topic(line.topic.clone());
        let pressed = (document.selection.as_ref() == Some(&thing)).to_string();
        let open = {
            let app = app.clone();
            Callback::from(move |_: MouseEvent| {
                app.dispatch(Action::Select(Some(thing.clone())));
                app.dispatch(Action::ShowInspector(true));
            })
        };
        let name = line.topic.to_string();
        html! {
            <li key={name.clone()}><button type="button" class="topic-line" aria-pressed={pressed} onclick={open}>
                <b>{ name }</b><span class="num">{ line.size.clone() }</span><small>{ line.keeps.clone() }</small>
            </button></li>
        }
    };
    html! {
        <section class="topics" aria-labelledby="topics"><h2 id="topics">{ "Topics" }</h2><ul>{ for lines.iter().map(line) }</ul></section>
    }
}

fn lines(world: &World) -> Vec<Line> {
    let mut lines = Vec::new();
    for (topic, state) in world.cluster().topics() {
        let own = !topic.as_str().starts_with("__");
        let Some(first) = state.partitions.first().filter(|_| own) else {
            continue;
        };
        let name = TopicPartition {
            topic: topic.clone(),
            partition: 0,
        };
        let ids = std::iter::once(&first.leader).chain(&first.replicas);
        let mut held = ids.filter_map(|id| world.broker_by_id(*id)?.partition(&name));
        lines.push(Line {
            topic: topic.clone(),
            size: format!("{} × {}", state.partitions.len(), first.replicas.len()),
            keeps: held
                .next()
                .map_or("nobody serves it".to_owned(), |held| keeps(held.config())),
        });
    }
    lines
}

/// What becomes of a topic's old records, in a few words.
fn keeps(config: &LogConfig) -> String {
    let time = config.retention.map(|retention| {
        let words = crate::session::words::lasting(retention);
        format!("keeps {words}")
    });
    let size = config
        .retention_bytes
        .map(|bytes| format!("keeps {bytes} bytes"));
    let kept: Vec<String> = time.into_iter().chain(size).collect();
    let kept = match kept.is_empty() {
        true => "keeps everything".to_owned(),
        false => kept.join(", "),
    };
    match config.cleanup_policy {
        CleanupPolicy::Delete => kept,
        CleanupPolicy::Compact => "compacted: keeps the last of every key".to_owned(),
        CleanupPolicy::CompactAndDelete => format!("compacted, {kept}"),
        CleanupPolicy::Neither => "keeps everything: neither deletes nor compacts".to_owned(),
    }
}
