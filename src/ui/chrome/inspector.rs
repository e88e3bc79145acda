//! The inspector: what is selected, beside the stage.

use yew::prelude::*;

use super::acts::{Bar, Links, More};
use super::stored::Stored;
use crate::stage::Thing;
use crate::ui::hooks::{use_app, use_document, use_view};
use crate::ui::icon::{Icon, icon};
use crate::ui::inspect::{Table, inspect, tables};
use crate::ui::state::Action;

#[component]
pub fn Inspector() -> Html {
    let document = use_document();
    match (&document.selection, document.inspector) {
        (Some(thing), true) => html! { <Page key={thing.to_string()} thing={thing.clone()} /> },
        _ => html! {},
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    thing: Thing,
}

#[component]
fn Page(props: &Props) -> Html {
    let app = use_app();
    let found = {
        let (player, thing) = (app.player.clone(), props.thing.clone());
        use_view(move |_| {
            player.with(|session| (inspect(session, &thing), tables(session, &thing)))
        })
    };
    let (found, tables) = found;
    let close = Callback::from(move |_: MouseEvent| app.dispatch(Action::ShowInspector(false)));
    let (crumbs, title, rows) = match found {
        Some(found) => (found.crumbs.join(" › "), found.title, found.rows),
        None => (
            String::new(),
            props.thing.to_string(),
            vec![("state".into(), "not there at this instant".to_owned())],
        ),
    };
    let tables = tables.into_iter().map(table);
    let rows = rows.into_iter().map(|(name, value)| {
        // A path is too long to stand beside what it holds.
        let class = name.starts_with('/').then_some("path");
        html! { <><dt {class}>{ name }</dt><dd {class}>{ value }</dd></> }
    });
    html! {
        <aside class="inspector" aria-label="Inspector">
            <header>
                <span class="crumbs">{ crumbs }</span>
                <button class="btn quiet icon" type="button" aria-label="Close the inspector" onclick={close}>{ icon(Icon::Close) }</button>
            </header>
            <h2>{ title }</h2>
            <Bar thing={props.thing.clone()} links={Links::Shown} />
            <More thing={props.thing.clone()} />
            <Stored thing={props.thing.clone()} />
            <dl>{ for rows }</dl>
            { for tables }
        </aside>
    }
}

fn table(table: Table) -> Html {
    let Table {
        caption,
        head,
        rows,
        none,
    } = table;
    if rows.is_empty() {
        return html! { <section class="side" key={caption}><h3>{ caption }</h3><p class="dim">{ none }</p></section> };
    }
    let head = head
        .iter()
        .map(|name| html! { <th scope="col">{ *name }</th> });
    let rows = rows.into_iter().map(|cells| {
        let cells = cells.into_iter().enumerate().map(|(nth, cell)| match nth {
            0 => html! { <th scope="row">{ cell }</th> },
            _ => html! { <td>{ cell }</td> },
        });
        html! { <tr>{ for cells }</tr> }
    });
    html! {
        <div class="side" role="region" aria-label={caption} tabindex="0" key={caption}>
            <table><caption>{ caption }</caption><thead><tr>{ for head }</tr></thead><tbody>{ for rows }</tbody></table>
        </div>
    }
}
