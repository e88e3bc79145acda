//! The picture in one sentence: what is the matter, then who leads what.

use crate::model::ProcessId;
use crate::stage::scene::words::{capital, group_state, led, partition_name, plural, process_name};
use crate::stage::snapshot::{
    BrokerState, Cell, CellState, ClientState, Coordination, Link, LinkState, Partition, Replica,
    Role, ServerState, Snapshot,
};

/// One sentence that says what the picture shows, faults first.
pub fn summary(snapshot: &Snapshot) -> String {
    let mut parts: Vec<String> = Vec::new();
    for broker in &snapshot.brokers {
        let id = broker.id;
        match &broker.state {
            BrokerState::Up => {}
            BrokerState::Starting => parts.push(format!("Broker {id} is starting")),
            BrokerState::Draining => parts.push(format!("Broker {id} is stopping")),
            BrokerState::Crashed { .. } => parts.push(format!("Broker {id} is down")),
            BrokerState::Stopped { .. } => parts.push(format!("Broker {id} was stopped")),
            BrokerState::CutOff { .. } => parts.push(format!("Broker {id} is cut off")),
            BrokerState::Frozen { .. } => parts.push(format!("Broker {id} is frozen")),
        }
        let framed = matches!(broker.state, BrokerState::CutOff { .. });
        if broker.keeper.is_some_and(|keeper| keeper.cut) && !framed {
            parts.push(format!("Broker {id} is cut from ZooKeeper"));
        }
        if !broker.chips.is_empty() {
            parts.push(format!("Broker {id}: {}", broker.chips.join(", ")));
        }
    }
    if let Coordination::ZooKeeper(zookeeper) = &snapshot.coordination {
        for server in &zookeeper.servers {
            let id = server.id;
            match server.state {
                ServerState::Up => {}
                ServerState::Frozen => parts.push(format!("ZooKeeper server {id} is frozen")),
                ServerState::Down => parts.push(format!("ZooKeeper server {id} is down")),
            }
        }
        for (a, b) in &zookeeper.cuts {
            parts.push(format!(
                "ZooKeeper servers {a} and {b} do not reach each other"
            ));
        }
        if !zookeeper.quorum {
            parts.push("ZooKeeper has no quorum, so nobody can be elected".to_owned());
        }
    }
    let clients = snapshot.producers.iter().map(|p| (&p.name, p.state));
    let clients = clients.chain(snapshot.consumers.iter().map(|c| (&c.name, c.state)));
    for (name, _) in clients.filter(|(_, state)| state.is_over()) {
        parts.push(format!("{name} does not run"));
    }
    for group in snapshot.groups.iter().filter(|group| group.is_shared()) {
        let members = snapshot.consumers.iter();
        let members = members.filter(|c| c.group.as_ref() == Some(&group.name));
        let (mut idle, mut trouble) = (Vec::new(), Vec::new());
        for member in members {
            match (
                member.state,
                member.reads.is_empty(),
                group.is_rebalancing(),
            ) {
                (ClientState::Failed, ..) => {
                    trouble.push(format!("{} is {}", member.name, member.note.join(" ")));
                }
                (ClientState::Waiting, true, false) => idle.push(&*member.name),
                _ => {}
            }
        }
        parts.push(format!("Group {}{}", group.name, group_state(&group.state)));
        parts.extend(trouble);
        if !idle.is_empty() {
            let has = if idle.len() == 1 { "has" } else { "have" };
            parts.push(format!("{} {has} no partition", idle.join(" and ")));
        }
    }
    // That a broker is cut from ZooKeeper was said.
    let told = |id: ProcessId| {
        let broker = id.broker().and_then(|id| snapshot.broker(id));
        broker.is_some_and(|broker| broker.keeper.is_some_and(|keeper| keeper.cut))
    };
    let server = |id: ProcessId| matches!(id, ProcessId::ZooKeeper(_));
    let kept = |link: &&Link| !(server(link.b) && told(link.a) || server(link.a) && told(link.b));
    for link in snapshot.links.iter().filter(kept) {
        let state = match link.state {
            LinkState::Slow => "slow",
            LinkState::Held => "held",
            LinkState::Cut => "cut",
        };
        let a = process_name(snapshot, link.a);
        let b = process_name(snapshot, link.b);
        parts.push(match link.from {
            None => format!("The link between {a} and {b} is {state}"),
            Some(from) if from == link.a => format!("The link from {a} to {b} is {state}"),
            Some(_) => format!("The link from {b} to {a} is {state}"),
        });
    }
    let up = snapshot
        .brokers
        .iter()
        .filter(|b| b.state == BrokerState::Up);
    match up.count() {
        0 if snapshot.brokers.is_empty() => {}
        n if n == snapshot.brokers.len() => {
            parts.push(format!("{} running", plural(n, "broker", "brokers")));
        }
        _ => {}
    }
    for partition in snapshot.partitions() {
        if let Some(text) = partition_trouble(partition) {
            parts.push(text);
        }
    }
    if let Some(subject) = snapshot
        .subject
        .as_ref()
        .and_then(|id| snapshot.partition(id))
    {
        parts.push(led(subject));
    } else if parts.len() < 4 {
        parts.extend(snapshot.partitions().take(4).map(led));
    }
    let mut text = parts.join(". ");
    if !text.is_empty() {
        text.push('.');
    }
    text
}

fn partition_trouble(partition: &Partition) -> Option<String> {
    let name = partition_name(partition);
    let behind: Vec<String> = partition
        .replicas
        .iter()
        .filter_map(|replica| match replica.role {
            Role::Deposed { elected } => Some(format!(
                "broker {} has not heard {}",
                replica.broker,
                Role::unheard(elected)
            )),
            Role::Behind(0) => Some(format!("broker {} is out of sync", replica.broker)),
            Role::Behind(by) => Some(format!("broker {} is {by} behind", replica.broker)),
            _ => None,
        })
        .collect();
    let stranded = partition
        .replicas
        .iter()
        .find_map(|replica| fates(&name, replica));
    match (behind.is_empty(), stranded) {
        (true, None) => None,
        (true, Some(text)) => Some(capital(text)),
        (false, None) => Some(format!("In {name}, {}", behind.join(" and "))),
        (false, Some(text)) => Some(format!(
            "In {name}, {}. {}",
            behind.join(" and "),
            capital(text)
        )),
    }
}

/// What has become of the records of a copy that the leader has not, or that nobody else has.
fn fates(name: &str, replica: &Replica) -> Option<String> {
    let fate = |cell: &Cell| {
        let states = [
            CellState::Stranded,
            CellState::Doomed,
            CellState::Promised,
            CellState::Lost,
        ];
        states.iter().position(|state| *state == cell.state)
    };
    let first = replica.cells.iter().find(|cell| fate(cell).is_some())?;
    // The worst of them is told.
    let [one, many] = match replica.cells.iter().filter_map(fate).max()? {
        0 => [
            "exists only there and was never acknowledged",
            "what exists only there was never acknowledged",
        ],
        1 => [
            "is not in the leader's log and was never acknowledged",
            "they are not in the leader's log and were never acknowledged",
        ],
        2 => [
            "exists only there and was acknowledged",
            "some of them exist only there and were acknowledged",
        ],
        _ => [
            "was acknowledged, then lost",
            "they are not in the leader's log, and what was acknowledged of them is lost",
        ],
    };
    let (broker, last) = (replica.broker, replica.log_end.0 - 1);
    let from = replica.parts_at.unwrap_or(first.offset).0;
    Some(match from < last {
        true => format!("offsets {from} to {last} of {name} on broker {broker}: {many}"),
        false => format!("offset {from} of {name} on broker {broker} {one}"),
    })
}
