//! Who runs, who is reached, and over which links not.

use crate::model::{BrokerId, ProcessId, Text};
use crate::stage::extract::coordination::{ago, session};
use crate::stage::snapshot::{Broker, BrokerState, Link, LinkState};
use crate::world::{End, Host, Life, Links, Plan, World};

/// Every broker, whether it runs or not.
pub(super) fn all(world: &World) -> Vec<Broker> {
    let hosts = world.hosts();
    let found = hosts.filter_map(|host| Some(broker(world, host, host.id.broker()?)));
    found.collect()
}

fn broker(world: &World, host: &Host, id: BrokerId) -> Broker {
    let address = Plan::address(id);
    Broker {
        id,
        host: format!("{}:{}", address.host, address.port).into(),
        state: state(world, host),
        session: session(world, host, id),
        controller: host.broker().is_some_and(|b| b.controller().is_some()),
    }
}

fn state(world: &World, host: &Host) -> BrokerState {
    let gone = |how: &str, at| BrokerState::Crashed {
        note: format!("{how} {}", ago(world.now(), at)).into(),
    };
    match host.life() {
        Life::Killed { at } => return gone("Killed", at),
        Life::PowerLost { at } => return gone("Lost power", at),
        Life::Stopped { at } => return gone("Stopped", at),
        Life::Frozen { .. } => {
            return BrokerState::Frozen {
                note: "frozen".into(),
            };
        }
        Life::Running => {}
    }
    let links = Links {
        from: End::Only(host.id),
        to: End::Any,
    };
    let network = world.network();
    if network
        .holds()
        .chain(network.cuts())
        .any(|all| *all == links)
    {
        return BrokerState::CutOff {
            note: "cut off".into(),
        };
    }
    match host.broker() {
        Some(broker) if broker.is_stopping() => BrokerState::Draining,
        Some(broker) if !broker.is_serving() => BrokerState::Starting,
        _ => BrokerState::Up,
    }
}

/// The links that are not in order.
pub(super) fn links(world: &World) -> Vec<Link> {
    let network = world.network();
    let normal = world.plan().latency;
    let ids: Vec<ProcessId> = world.hosts().map(|host| host.id).collect();
    let pairs = ids
        .iter()
        .enumerate()
        .flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
    // A broker that is cut off has a frame that says so for all of its links to other brokers.
    let framed = |id: ProcessId| {
        let host = world.host(id).filter(|host| host.id.broker().is_some());
        host.is_some_and(|host| {
            let state = state(world, host);
            matches!(
                state,
                BrokerState::CutOff { .. } | BrokerState::Crashed { .. }
            )
        })
    };
    let faulty = pairs.filter_map(|(a, b)| {
        if a.broker().is_some() && b.broker().is_some() && (framed(a) || framed(b)) {
            return None;
        }
        if a.broker().is_none() && b.broker().is_none() {
            return None;
        }
        let link = |state, label: Text| Some(Link { a, b, state, label });
        if network.is_cut(a, b) || network.is_cut(b, a) {
            return link(LinkState::Cut, "cut".into());
        }
        if network.is_held(a, b) || network.is_held(b, a) {
            return link(LinkState::Held, "held".into());
        }
        let slowest = network.latency(a, b).max(network.latency(b, a));
        let label = || Text::from(format!("{} ms", slowest.as_millis()));
        (slowest > normal.times(2)).then(|| link(LinkState::Slow, label()))?
    });
    faulty.collect()
}
