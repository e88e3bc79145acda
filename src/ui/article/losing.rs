//! "Lose a record that was acknowledged": what the first page ends with, tried in the sandbox.
//!
//! What broker 2 sends to its followers is held up, so that from then on nobody copies what it appends. A producer that
//! asks for acks=1 is told of such records that they are stored; one that asks for acks=all is not. Then broker 2
//! dies, by the reader's hand, and the audit says what is gone.

use yew::prelude::*;

use super::first::VICTIM;
use crate::client::config::Acks;
use crate::fact::Crash;
use crate::log::Log;
use crate::model::{BrokerId, Offset, ProcessId};
use crate::script::{self, Action as Said};
use crate::session::trouble::downed;
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

/// How far it has come.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Broker 2 lives; so many records it has confirmed that nobody else has.
    Before(u64),
    /// It is dead, and nobody leads yet what it led.
    Waits,
    /// Somebody leads; the first record that is gone, and how many are.
    Led(Option<(Lost, u64)>),
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
            player.with(|session| {
                let audit = &session.history().observed().audit;
                let world = session.world();
                match (downed(world, VICTIM), is_led(world)) {
                    (false, _) => Stage::Before(alone(world, audit)),
                    (true, false) => Stage::Waits,
                    (true, true) => {
                        let lost = audit.lost(world).into_iter().next();
                        Stage::Led(lost.map(|first| (first, audit.report(world).lost)))
                    }
                }
            })
        })
    };
    let kill = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            let process = ProcessId::from(VICTIM);
            let crash = Crash::Process;
            if app.player.perform(Command::Kill { process, crash }).is_ok()
                && let Ok(Said::Command(release)) = script::parse_line("release all")
            {
                let _ = app.player.perform(release);
                app.player.play();
            }
        })
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
        (Stage::Led(Some((lost, all))), _) => {
            let more = match all - 1 {
                0 => String::new(),
                1 => " and one more".to_owned(),
                more => format!(" and {more} more"),
            };
            let (partition, offset) = (lost.partition.partition, lost.from.0);
            html! {
                <>
                    <p role="status"><b>{ format!("Lost record {offset} of P{partition}{more}.") }</b>{ " They were acknowledged, and only broker 2 ever had them. The audit below counts them." }</p>
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
    html! {
        <section class="trial" aria-labelledby="trial">
            <h2 id="trial">{ "Lose a record that was acknowledged" }</h2>
            { told }
            if matches!(stage, Stage::Before(_)) {
                <p><button class="btn primary" type="button" onclick={kill}>{ icon(Icon::Bolt) }{ " Kill broker 2" }</button></p>
            }
        </section>
    }
}

fn so_far(alone: u64) -> Html {
    let records = if alone == 1 { "record" } else { "records" };
    html! { <p>{ "Confirmed so far, and nobody else has it: " }<b class="num">{ alone }</b>{ format!(" {records}.") }</p> }
}

/// How many records broker 2 has confirmed that nobody else has.
fn alone(world: &World, audit: &Audit) -> u64 {
    let led = world.cluster().partitions();
    let led = led.filter(|(_, state)| state.leader == VICTIM);
    let alone = led.filter_map(|(name, state)| {
        let log_of = |id: &BrokerId| Some(world.broker_by_id(*id)?.partition(&name)?.log());
        let (log, others) = (log_of(&VICTIM)?, state.replicas.iter());
        let others = others.filter(|id| **id != VICTIM).filter_map(log_of);
        let copied = others.map(Log::end).max().unwrap_or_default();
        let own = (copied.0..log.end().0).map(Offset);
        let promised = own.filter(|offset| {
            let of = log.epochs().epoch_of(*offset);
            of.is_some_and(|of| audit.is_promised(&name, *offset, of))
        });
        Some(promised.count() as u64)
    });
    alone.sum()
}

/// Whether every partition that broker 2 has a copy of is led by another.
fn is_led(world: &World) -> bool {
    let mut all = world.cluster().partitions();
    all.all(|(_, state)| {
        let other = ![VICTIM, BrokerId::NONE].contains(&state.leader);
        other || !state.replicas.contains(&VICTIM)
    })
}
