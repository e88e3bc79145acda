//! "Lose a record that was acknowledged": what the first page ends with, tried in the sandbox.
//!
//! What broker 2 sends to its followers is held up, so that from then on nobody copies what it appends. A producer that
//! asks for acks=1 is told of such records that they are stored; one that asks for acks=all is not. Then broker 2
//! dies, by the reader's hand, and the audit says what is gone.

use yew::prelude::*;

use crate::client::config::Acks;
use crate::fact::Crash;
use crate::model::{BrokerId, ProcessId};
use crate::script::{self, Action as Said};
use crate::session::beats::VICTIM;
use crate::session::trouble::downed;
use crate::session::{Session, Speed};
use crate::ui::hooks::{use_app, use_view};
use crate::ui::icon::{Icon, icon};
use crate::world::audit::{Audit, Lost};
use crate::world::{Command, World};

/// What is done before the reader comes. A broker answers the requests of a connection one after the other: what was
/// asked with acks=all before is answered first, before the copies are held up.
pub fn lines(acks: Acks) -> [String; 4] {
    let acks = match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    [
        format!("set p1 acks={acks}"),
        "run 400ms".to_owned(),
        "hold b2→b1".to_owned(),
        "hold b2→b3".to_owned(),
    ]
}

/// Whether this is tried in a cluster, and with which acks: what is done before the reader comes was done there.
pub fn tried_in(session: &Session) -> Option<Acks> {
    let done = session.history().commands().iter();
    let done: Vec<&Command> = done.map(|stamped| &stamped.command).collect();
    [Acks::Leader, Acks::All].into_iter().find(|acks| {
        let begins = lines(*acks).map(|line| script::parse_line(&line));
        let begins: Vec<Command> = begins
            .into_iter()
            .filter_map(|action| match action {
                Ok(Said::Command(command)) => Some(command),
                _ => None,
            })
            .collect();
        let mut stretches = done.windows(begins.len());
        stretches.any(|stretch| stretch.iter().copied().eq(&begins))
    })
}

/// How far it has come.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Broker 2 lives, and is not copied; so many records it has confirmed that nobody else has.
    Before(u64),
    /// It is dead, and nobody leads yet what it led.
    Waits,
    /// It is dead, and nobody who is in sync is left to lead some of it.
    Stuck,
    /// Somebody else leads; the first record that only broker 2 had, and how many there are.
    Led(Option<(Lost, u64)>),
    /// Somebody has let broker 2 be copied again, or has changed something else.
    Over,
}

/// How far it has come, by the cluster as it is.
fn stage(world: &World, audit: &Audit) -> Stage {
    let lost = audit.lost(world).into_iter();
    let mut lost = lost.filter(|lost| lost.leader == VICTIM);
    if let Some(first) = lost.next() {
        let all = lost.fold(count(&first), |all, lost| all + count(&lost));
        return Stage::Led(Some((first, all)));
    }
    let own = || {
        let all = world.cluster().partitions();
        all.filter(|(_, state)| state.replicas.first() == Some(&VICTIM) && state.replicas.len() > 1)
    };
    let led = own().all(|(_, state)| ![VICTIM, BrokerId::NONE].contains(&state.leader));
    let (network, victim) = (world.network(), ProcessId::from(VICTIM));
    let mut others = world.brokers().map(|broker| broker.id());
    let is_held = others.all(|id| id == VICTIM || network.is_held(victim, ProcessId::from(id)));
    match downed(world, VICTIM) {
        _ if led => Stage::Led(None),
        true if own().any(|(_, state)| state.isr.iter().all(|id| *id == VICTIM)) => Stage::Stuck,
        true => Stage::Waits,
        false if is_held => Stage::Before(alone(world, audit)),
        false => Stage::Over,
    }
}

fn count(lost: &Lost) -> u64 {
    lost.to.0.abs_diff(lost.from.0)
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub acks: Acks,
}

#[component]
pub fn Losing(props: &Props) -> Html {
    let app = use_app();
    let stage = {
        let player = app.player.clone();
        use_view(move |_| {
            player.with(|session| stage(session.world(), &session.history().observed().audit))
        })
    };
    let kill = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            let process = ProcessId::from(VICTIM);
            let crash = Crash::Process;
            if app.player.perform(Command::Kill { process, crash }).is_ok() {
                // Its session runs for eighteen seconds.
                app.player.set_speed(Speed::ONE.faster());
                app.player.play();
            }
        })
    };
    // What is held up goes on only now: until somebody else led, it would have told of an ISR of one.
    let restart = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            let process = ProcessId::from(VICTIM);
            if let Ok(Said::Command(release)) = script::parse_line("release all") {
                let _ = app.player.perform(release);
            }
            if app.player.perform(Command::Restart { process }).is_ok() {
                app.player.play();
            }
        })
    };
    let is_down = {
        let player = app.player.clone();
        use_view(move |_| player.with(|session| downed(session.world(), VICTIM)))
    };
    let again = |acks: Acks, words: &'static str| {
        let app = app.clone();
        let anew = Callback::from(move |_: MouseEvent| app.try_losing(acks));
        html! { <p><button class="btn sm" type="button" onclick={anew}>{ icon(Icon::Restart) }{ " " }{ words }</button></p> }
    };
    let by_all = props.acks == Acks::All;
    let told = match (&stage, by_all) {
        (Stage::Before(alone), false) => html! {
            <>
                <p>{ "The producer asks for acks=1, and what broker 2 sends to its followers is held up: what it confirms from now on, nobody else has. Let it confirm a record or two, then kill it." }</p>
                { so_far(*alone) }
            </>
        },
        (Stage::Before(alone), true) => html! {
            <>
                <p>{ "The producer asks for acks=all, and what broker 2 sends to its followers is held up as before: it can confirm nothing that they do not have. Wait as long as you did, then kill it." }</p>
                { so_far(*alone) }
            </>
        },
        (Stage::Waits, _) => html! {
            <p>{ "Broker 2 is dead. When its session has run out, somebody else leads what it led." }</p>
        },
        (Stage::Stuck, _) => html! {
            <>
                <p role="status"><b>{ "Nobody who is in sync is left." }</b>{ " The others were dropped from the ISR before broker 2 died, so that nobody may lead: nothing is lost, and nothing goes on until it is back." }</p>
                { again(props.acks, "Begin again") }
            </>
        },
        (Stage::Over, _) => html! {
            <>
                <p>{ "What broker 2 sends is not held up any more, and so it is copied again." }</p>
                { again(props.acks, "Begin again") }
            </>
        },
        (Stage::Led(Some((lost, all))), _) => {
            let (more, was) = match all - 1 {
                0 => (
                    String::new(),
                    "It was acknowledged, and only broker 2 ever had it.",
                ),
                1 => (
                    " and one more".to_owned(),
                    "They were acknowledged, and only broker 2 ever had them.",
                ),
                more => (
                    format!(" and {more} more"),
                    "They were acknowledged, and only broker 2 ever had them.",
                ),
            };
            let (partition, offset) = (lost.partition.partition, lost.from.0);
            html! {
                <>
                    <p role="status"><b>{ format!("Lost record {offset} of P{partition}{more}.") }</b>{ format!(" {was} The audit below counts what is gone.") }</p>
                    { again(Acks::All, "Now do it with acks=all") }
                </>
            }
        }
        (Stage::Led(None), true) => html! {
            <>
                <p role="status"><b>{ "Nothing acknowledged was lost." }</b>{ " What nobody had copied was not confirmed, and the producer sends it again to the new leader." }</p>
                { again(Acks::Leader, "Once more with acks=1") }
            </>
        },
        (Stage::Led(None), false) => html! {
            <>
                <p role="status"><b>{ "Nothing was lost." }</b>{ " Broker 2 had confirmed nothing that nobody else has: give it a little longer before you kill it." }</p>
                { again(Acks::Leader, "Begin again") }
            </>
        },
    };
    let may_return = matches!(stage, Stage::Led(_)) && is_down;
    html! {
        <section class="trial" aria-labelledby="trial">
            <h2 id="trial">{ "Lose a record that was acknowledged" }</h2>
            { told }
            if matches!(stage, Stage::Before(_)) {
                <p><button class="btn primary" type="button" onclick={kill}>{ icon(Icon::Bolt) }{ " Kill broker 2" }</button></p>
            } else if may_return {
                <p><button class="btn sm" type="button" onclick={restart}>{ icon(Icon::Restart) }{ " Restart broker 2" }</button></p>
            }
        </section>
    }
}

fn so_far(alone: u64) -> Html {
    let records = if alone == 1 { "record" } else { "records" };
    html! { <p>{ "Confirmed so far, and nobody else has it: " }<b class="num">{ alone }</b>{ format!(" {records}.") }</p> }
}

/// How many records broker 2 has confirmed that nobody else has, who are down included.
fn alone(world: &World, audit: &Audit) -> u64 {
    let led = world.cluster().partitions();
    let led = led.filter(|(_, state)| state.leader == VICTIM);
    let alone = led.filter_map(|(name, state)| {
        let end_of = |id: &BrokerId| {
            let runs = world.broker_by_id(*id).and_then(|by| by.partition(&name));
            let runs = runs.map(|replica| replica.log_end());
            let disk = || Some(world.host(id.process()?)?.disk()?.log(&name)?.end());
            runs.or_else(disk)
        };
        let others = state.replicas.iter().filter(|id| **id != VICTIM);
        let copied = others.filter_map(end_of).max().unwrap_or_default();
        let end = end_of(&VICTIM)?;
        Some(audit.promised_between(&name, copied, end))
    });
    alone.sum()
}
