//! Who runs, who is reached, and what is the matter with the machines.

use crate::model::{BrokerId, ProcessId, Text};
use crate::stage::extract::coordination::{ago, session};
use crate::stage::extract::links::is_cut_from_zookeeper;
use crate::stage::extract::memory::Memory;
use crate::stage::snapshot::{Broker, BrokerState, Keeper};
use crate::world::{DiskState, End, Host, Life, Links, World};

/// Every broker, whether it runs or not.
pub(super) fn all(world: &World, memory: &Memory) -> Vec<Broker> {
    let hosts = world.hosts();
    let found = hosts.filter_map(|host| Some(broker(world, memory, host, host.id.broker()?)));
    found.collect()
}

fn broker(world: &World, memory: &Memory, host: &Host, id: BrokerId) -> Broker {
    let believes = host.broker().is_some_and(|b| b.controller().is_some());
    let state = match (state(world, host), host.life()) {
        (BrokerState::Crashed { .. }, Life::Killed { at }) if memory.past.disk_failed(id) => {
            let note = format!("Disk failed {}", ago(world.now(), at)).into();
            BrokerState::Crashed { note }
        }
        (state, _) => state,
    };
    let controller = believes && world.truth().controller() == Some(id);
    let address = world.plan().address(id);
    Broker {
        id,
        host: address.to_string().into(),
        state,
        session: session(world, host, id),
        controller,
        deposed: believes && !controller,
        chips: chips(world, host),
        keeper: keeper(world, host),
    }
}

/// What is the matter with a machine while its broker runs.
fn chips(world: &World, host: &Host) -> Vec<Text> {
    let mut chips = Vec::new();
    match host.disk_state() {
        DiskState::Fine => {}
        DiskState::Slow(takes) => chips.push(format!("disk {} ms", takes.as_millis()).into()),
        DiskState::Fails => chips.push("disk fails".into()),
    }
    let clock = host.clock();
    if !clock.is_right() {
        chips.push(format!("clock {}", span(clock.ahead_at(world.now()))).into());
    }
    chips
}

/// A span with its sign, in the largest unit that it fills: "+1 h".
fn span(micros: i64) -> String {
    let sign = if micros < 0 { '−' } else { '+' };
    let millis = micros.unsigned_abs() / 1_000;
    match millis {
        0..1_000 => format!("{sign}{millis} ms"),
        1_000..60_000 => format!("{sign}{} s", millis / 1_000),
        60_000..3_600_000 => format!("{sign}{} min", millis / 60_000),
        _ => format!("{sign}{} h", millis / 3_600_000),
    }
}

/// The line of a broker that runs to ZooKeeper: to the server that it connected to last.
fn keeper(world: &World, host: &Host) -> Option<Keeper> {
    host.broker()?;
    let connections = world.network().connections();
    let mut own = connections.filter(|((opener, _), _)| *opener == host.id);
    let to =
        |connection: ProcessId| matches!(connection, ProcessId::ZooKeeper(_)).then_some(connection);
    let last = own
        .by_ref()
        .filter_map(|(_, connection)| to(connection.listener))
        .last();
    let first = || world.hosts().find_map(|host| to(host.id));
    Some(Keeper {
        server: last.or_else(first)?,
        cut: is_cut_from_zookeeper(world, host.id),
    })
}

pub(super) fn state(world: &World, host: &Host) -> BrokerState {
    let gone = |how: &str, at| BrokerState::Crashed {
        note: format!("{how} {}", ago(world.now(), at)).into(),
    };
    match host.life() {
        Life::Killed { at } => return gone("Killed", at),
        Life::PowerLost { at } => return gone("Lost power", at),
        Life::Stopped { at } => {
            return BrokerState::Stopped {
                note: format!("Stopped {}", ago(world.now(), at)).into(),
            };
        }
        Life::Frozen { since } => {
            let passed = world.now().since(since).as_millis() / 1_000;
            return BrokerState::Frozen {
                note: format!("frozen {passed} s").into(),
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
