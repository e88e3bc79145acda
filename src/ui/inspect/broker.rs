//! A broker in the inspector: its registration and session, what it leads, and the controller on it.

use super::{Inspected, Row, list};
use crate::broker::{Broker, Registration};
use crate::controller::Controller;
use crate::model::ProcessId;
use crate::session::words::span;
use crate::world::{Host, Life, World};

/// A broker that runs.
pub(super) fn broker(world: &World, host: &Host, broker: &Broker) -> Inspected {
    let leads = |leads: bool| {
        let replicas = broker.partitions();
        let found = replicas.filter(move |(_, replica)| replica.is_leader() == leads);
        found.map(|(name, _)| name)
    };
    let mut rows: Vec<Row> = vec![
        ("state".into(), state(world, host, broker)),
        (
            "address".into(),
            format!("{}:{}", broker.address().host, broker.address().port),
        ),
        ("registered".into(), registration(world, broker)),
        ("session".into(), session(world, broker)),
        ("leads".into(), list(leads(true))),
        ("follows".into(), list(leads(false))),
        ("connections".into(), broker.connections().len().to_string()),
        ("waiting requests".into(), broker.parked().len().to_string()),
        ("log bytes".into(), broker.log_bytes().to_string()),
    ];
    match broker.controller() {
        Some(controller) => rows.extend(controls(controller)),
        None => {
            let known = broker.known_controller();
            let known = known.map_or("nobody".to_owned(), |id| format!("broker {id}"));
            rows.push(("controller, as it knows".into(), known));
        }
    }
    Inspected {
        crumbs: vec!["broker".to_owned()],
        title: format!("Broker {}", broker.id()),
        rows,
    }
}

fn state(world: &World, host: &Host, broker: &Broker) -> String {
    if let Life::Frozen { since } = host.life() {
        return format!("frozen for {}", span(world.now().since(since)));
    }
    match (broker.is_stopping(), broker.is_serving()) {
        (true, _) => "stopping: its leaderships go to others first",
        (false, true) => "serves",
        (false, false) => "starting: not registered yet",
    }
    .to_owned()
}

fn registration(world: &World, broker: &Broker) -> String {
    match broker.registration() {
        Registration::Registered => format!("yes, broker epoch {}", broker.epoch().0),
        Registration::Refused { retry_at } => {
            let again = span(retry_at.since(world.now()));
            format!("refused: its former session still holds the znode; again in {again}")
        }
        Registration::Waiting => "no: it has no session".to_owned(),
        Registration::Creating | Registration::Checking | Registration::Replacing => {
            "not yet: it asks ZooKeeper".to_owned()
        }
    }
}

fn session(world: &World, broker: &Broker) -> String {
    let Some(id) = broker.session() else {
        return "none".to_owned();
    };
    let heard = match broker.is_connected_to_zookeeper() {
        true => "connected",
        false => "not connected",
    };
    let leader = world.zookeepers().find(|server| server.is_leader());
    let view = leader.and_then(|leader| leader.sessions().find(|view| view.session == id));
    let left = view.and_then(|view| view.runs_out);
    let left = left.map(|at| format!(", runs out in {}", span(at.since(world.now()))));
    format!("{id}, {heard}{}", left.unwrap_or_default())
}

/// The controller that a broker hosts.
fn controls(controller: &Controller) -> Vec<Row> {
    let state = match controller.is_settled() {
        true => "this broker decides",
        false => "this broker, which still reads what stands in ZooKeeper",
    };
    let mut rows: Vec<Row> = vec![
        ("controller".into(), state.to_owned()),
        ("controller epoch".into(), controller.epoch().0.to_string()),
        ("events to work on".into(), controller.backlog().to_string()),
    ];
    rows.extend(controller.queues().map(|(broker, queue)| {
        let waiting = queue.waiting().len();
        let words = match waiting {
            0 => "everything was carried out".to_owned(),
            1 => "1 order not answered".to_owned(),
            many => format!("{many} orders not answered"),
        };
        (format!("orders to broker {broker}").into(), words)
    }));
    rows
}

/// A process that does not run, and what it left.
pub(super) fn gone(world: &World, host: &Host) -> Option<Inspected> {
    let (how, at) = match host.life() {
        Life::Killed { at } => ("killed", at),
        Life::PowerLost { at } => ("lost power", at),
        Life::Stopped { at } => ("stopped", at),
        Life::Running | Life::Frozen { .. } => return None,
    };
    let since = span(world.now().since(at));
    let mut rows: Vec<Row> = vec![("state".into(), format!("{how} {since} ago"))];
    if let Some(broker) = host.id.broker() {
        let session = world.session_of(broker);
        let registered = match session {
            Some(session) => format!("still, until session {session} runs out"),
            None => "no".to_owned(),
        };
        rows.push(("registered".into(), registered));
        let leader = world.zookeepers().find(|server| server.is_leader());
        let view = leader.and_then(|leader| {
            let mut sessions = leader.sessions();
            sessions.find(|view| Some(view.session) == session)
        });
        if let Some(at) = view.and_then(|view| view.runs_out) {
            rows.push(("runs out in".into(), span(at.since(world.now()))));
        }
    }
    if let Some(disk) = host.disk() {
        let logs = world.cluster().partitions();
        let logs = logs.filter_map(|(name, _)| {
            let log = disk.log(&name)?;
            let words = format!("offsets {} to {}", log.start().0, log.end().0);
            Some((format!("disk: {name}").into(), words))
        });
        rows.extend(logs);
    }
    Some(Inspected {
        crumbs: vec![kind(host.id).to_owned()],
        title: crate::session::trouble::title(host.id),
        rows,
    })
}

fn kind(id: ProcessId) -> &'static str {
    match id {
        ProcessId::Broker(_) => "broker",
        ProcessId::ZooKeeper(_) => "ZooKeeper",
        ProcessId::Producer(_) => "producer",
        ProcessId::Consumer(_) => "consumer",
        _ => "client",
    }
}
