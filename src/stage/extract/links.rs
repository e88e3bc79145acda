//! The links that are not in order, in which direction, and since when.

use crate::model::ProcessId;
use crate::stage::extract::brokers;
use crate::stage::snapshot::{BrokerState, Link, LinkState};
use crate::time::Instant;
use crate::world::{Command, History, Links, Ways, World};

pub(super) fn all(history: &History) -> Vec<Link> {
    let world = history.world();
    let ids: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let pairs = ids
        .iter()
        .enumerate()
        .flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
    // A broker that is cut off has a frame that says so for all of its links to other brokers.
    let framed = |id: ProcessId| {
        let host = world.host(id).filter(|host| host.id.broker().is_some());
        let cut_off = |state| matches!(state, BrokerState::CutOff { .. });
        host.is_some_and(|host| !host.life().is_alive() || cut_off(brokers::state(world, host)))
    };
    let faulty = pairs.filter_map(|(a, b)| {
        let brokers = a.broker().is_some() && b.broker().is_some();
        match brokers && (framed(a) || framed(b)) || a.broker().is_none() && b.broker().is_none() {
            true => None,
            false => link(history, a, b),
        }
    });
    faulty.collect()
}

fn link(history: &History, a: ProcessId, b: ProcessId) -> Option<Link> {
    let world = history.world();
    let (network, normal) = (world.network(), world.plan().latency);
    let ways = |stopped: &dyn Fn(ProcessId, ProcessId) -> bool| match (stopped(a, b), stopped(b, a))
    {
        (false, false) => None,
        (true, true) => Some(None),
        (true, false) => Some(Some(a)),
        (false, true) => Some(Some(b)),
    };
    let stopped = |state, word: &str, from: Option<ProcessId>| {
        let name = match from {
            None => format!("{}–{}", number(a), number(b)),
            Some(from) if from == a => format!("{}→{}", number(a), number(b)),
            Some(_) => format!("{}→{}", number(b), number(a)),
        };
        let since = since(
            history,
            from.unwrap_or(a),
            if from == Some(b) { a } else { b },
        );
        let since = since.map_or(String::new(), |at| {
            let passed = world.now().since(at).as_millis() / 1_000;
            format!(" {passed} s")
        });
        let label = format!("Link {name} {word}{since}").into();
        Some(Link {
            a,
            b,
            state,
            from,
            label,
        })
    };
    if let Some(from) = ways(&|x, y| network.is_cut(x, y)) {
        return stopped(LinkState::Cut, "cut", from);
    }
    if let Some(from) = ways(&|x, y| network.is_held(x, y)) {
        return stopped(LinkState::Held, "held", from);
    }
    let slowest = network.latency(a, b).max(network.latency(b, a));
    let label = format!("{} ms", slowest.as_millis()).into();
    let (state, from) = (LinkState::Slow, None);
    (slowest > normal.times(2)).then_some(Link {
        a,
        b,
        state,
        from,
        label,
    })
}

/// The number of a broker; other processes have their name.
fn number(id: ProcessId) -> String {
    id.broker()
        .map_or(id.to_string(), |broker| broker.to_string())
}

/// When packets from one to the other were stopped last.
fn since(history: &History, from: ProcessId, to: ProcessId) -> Option<Instant> {
    let here = history.world().place();
    let given = history.commands().iter().rev();
    let mut given = given.filter(|stamped| stamped.place <= here);
    given.find_map(|stamped| {
        let (Command::Cut { links, ways } | Command::Hold { links, ways }) = &stamped.command
        else {
            return None;
        };
        let back = Links {
            from: links.to,
            to: links.from,
        };
        let stops = links.cover(from, to) || *ways == Ways::Both && back.cover(from, to);
        stops.then_some(stamped.place.at)
    })
}

/// True when no ZooKeeper server is reached by a process, or none reaches it.
pub(super) fn is_cut_from_zookeeper(world: &World, id: ProcessId) -> bool {
    let servers = world.hosts().map(|host| host.id);
    let mut servers = servers
        .filter(|id| matches!(id, ProcessId::ZooKeeper(_)))
        .peekable();
    let network = world.network();
    servers.peek().is_some()
        && servers.all(|server| network.is_stopped(id, server) || network.is_stopped(server, id))
}
