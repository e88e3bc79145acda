//! Commands that would change nothing, each with the sentence that says why.
//!
//! A script may say such a line, and an old link may hold one; a reader who presses a button or types a line
//! is told instead.

use crate::model::ProcessId;
use crate::script::print_command;
use crate::world::network::links::expand;
use crate::world::{Command, DiskState, Host, Links, Ways, World};

/// Why a command would change nothing here and now; `None` when it would change something.
pub fn idle(world: &World, command: &Command) -> Option<String> {
    let why = why(world, command)?;
    Some(format!(
        "{} changes nothing: {why}.",
        print_command(command)
    ))
}

fn why(world: &World, command: &Command) -> Option<String> {
    let so = |is: bool| is.then(|| "it is so already".to_owned());
    let network = world.network();
    match command {
        Command::Cut { links, ways } => {
            let mends = print_command(&Command::Heal {
                links: *links,
                ways: *ways,
            });
            stops(world, *links, *ways, |a, b| network.is_cut(a, b))
                .map(|why| why.replace("{}", &format!("cut already. {mends} mends it")))
        }
        Command::Hold { links, ways } => {
            let mends = print_command(&Command::Release {
                links: *links,
                ways: *ways,
            });
            stops(world, *links, *ways, |a, b| network.is_held(a, b))
                .map(|why| why.replace("{}", &format!("held already. {mends} lets it go on")))
        }
        Command::Heal { links, ways } => {
            let cuts: Vec<Links> = network.cuts().copied().collect();
            let wider = |links, ways| {
                let cut = print_command(&Command::Cut { links, ways });
                let heal = print_command(&Command::Heal { links, ways });
                format!("{cut} covers it. {heal} mends that")
            };
            mends(world, *links, *ways, &cuts, "cut", wider)
        }
        Command::Release { links, ways } => {
            let holds: Vec<Links> = network.holds().copied().collect();
            let wider = |links, ways| {
                let hold = print_command(&Command::Hold { links, ways });
                let release = print_command(&Command::Release { links, ways });
                format!("{hold} covers it. {release} lets that go on")
            };
            mends(world, *links, *ways, &holds, "held", wider)
        }
        Command::Latency {
            links,
            ways,
            latency,
        } => {
            let set = |links: Links| {
                let mut known = network.latencies();
                match latency {
                    Some(span) => known.any(|(known, takes)| *known == links && takes == span),
                    None => !known.any(|(known, _)| links.contain(*known)),
                }
            };
            so(expand(*links, *ways).all(set))
        }
        Command::Reset { links } => {
            let over = |a, b| links.cover(a, b) || links.cover(b, a);
            let mut connections = network.connections();
            let any = connections.any(|(_, connection)| {
                let (a, b) = (connection.opener, connection.listener);
                over(a, b)
            });
            (!any).then(|| "no connection goes there".to_owned())
        }
        Command::Disk { broker, state } => {
            let now = world.host(*broker).map(Host::disk_state);
            so(now == Some(*state) && !matches!(state, DiskState::Slow(takes) if takes.is_zero()))
        }
        Command::Clock { host, setting } => {
            let now = world.host(*host)?.clock();
            let then = setting.apply(now, world.now());
            so((then.ahead, then.drift_ppm) == (now.ahead_at(world.now()), now.drift_ppm))
        }
        _ => None,
    }
}

/// Why stopping these links would stop nothing that is not stopped; `{}` stands for what it is already.
fn stops(
    world: &World,
    links: Links,
    ways: Ways,
    stopped: impl Fn(ProcessId, ProcessId) -> bool,
) -> Option<String> {
    let hosts: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let pairs = hosts
        .iter()
        .flat_map(|a| hosts.iter().map(move |b| (*a, *b)));
    let mut meant = pairs
        .filter(|(a, b)| expand(links, ways).any(|links| links.cover(*a, *b)))
        .peekable();
    if meant.peek().is_none() {
        return Some("nobody has a link to itself".to_owned());
    }
    meant
        .all(|(a, b)| stopped(a, b))
        .then(|| "it is {}".to_owned())
}

/// Why mending these links would mend nothing.
fn mends(
    world: &World,
    links: Links,
    ways: Ways,
    known: &[Links],
    word: &str,
    wider: impl Fn(Links, Ways) -> String,
) -> Option<String> {
    let contained = |links: Links| known.iter().any(|known| links.contain(*known));
    if expand(links, ways).any(contained) {
        return None;
    }
    let hosts: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let covers = |known: &&Links| {
        let mut meant = expand(links, ways);
        meant.any(|links| {
            hosts.iter().any(|a| {
                let mut others = hosts.iter();
                others.any(|b| links.cover(*a, *b) && known.cover(*a, *b))
            })
        })
    };
    let Some(cover) = known.iter().find(covers).copied() else {
        return Some(format!("nothing is {word} there"));
    };
    let back = Links {
        from: cover.to,
        to: cover.from,
    };
    let both = known.contains(&back);
    // As it was said: `cut b1` and not what goes to it from everybody.
    let said = match (both, cover.from) {
        (true, crate::world::End::Any) => back,
        _ => cover,
    };
    Some(wider(said, if both { Ways::Both } else { Ways::One }))
}
