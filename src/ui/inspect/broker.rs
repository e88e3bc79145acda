//! A broker in the inspector: its registration and session, what it leads, and the controller on it.

use super::{Inspected, Row, list};
use crate::broker::{Broker, Registration};
use crate::controller::Controller;
use crate::fact::{Crash, Fact};
use crate::model::ProcessId;
use crate::session::Session;
use crate::session::words::{left, span};
use crate::time::Duration;
use crate::world::{DiskState, Host, Life, World};

/// Entries of the journal among which a death is looked for.
const LONGEST: usize = 30_000;

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
        ("disk".into(), disk_state(host)),
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

/// How a machine's disk is.
fn disk_state(host: &Host) -> String {
    match host.disk_state() {
        DiskState::Fine => "fine".to_owned(),
        DiskState::Slow(takes) => format!("slow: {takes} a write"),
        DiskState::Fails => "fails: a write ends the broker".to_owned(),
    }
}

/// How a machine's clock is.
pub(super) fn clock_state(world: &World, host: &Host) -> String {
    let clock = host.clock();
    let ahead = clock.ahead_at(world.now());
    let by = span(Duration::from_micros(ahead.unsigned_abs()));
    let drift = match clock.drift_ppm {
        0 => String::new(),
        ppm => format!(", drifts by {ppm} ppm"),
    };
    match ahead {
        _ if clock.is_right() => "right".to_owned(),
        0 => format!("right now{drift}"),
        1.. => format!("{by} ahead{drift}"),
        _ => format!("{by} behind{drift}"),
    }
}

/// How and when a process died last, as far as the journal still says.
pub(super) fn last_death(session: &Session, host: &Host) -> Option<String> {
    if host.lives() == 1 && host.life().is_alive() {
        return None;
    }
    let id = Some(host.id);
    let mut entries = session.journal().newest().take(LONGEST);
    let mut own = entries.by_ref().filter(|entry| entry.by == id);
    let died = own.find(|entry| matches!(entry.fact, Fact::Killed { .. } | Fact::Stopped))?;
    let ago = span(session.now().since(died.at));
    let how = match &died.fact {
        Fact::Stopped => "it stopped in order",
        Fact::Killed {
            crash: Crash::Machine,
        } => "it lost power, and what was not flushed",
        _ => match own.next().map(|entry| &entry.fact) {
            Some(Fact::DiskFailed) => "its disk failed",
            _ => "it was killed",
        },
    };
    Some(format!("{how}, {ago} ago"))
}

fn registration(world: &World, broker: &Broker) -> String {
    match broker.registration() {
        Registration::Registered => format!("yes, broker epoch {}", broker.epoch().0),
        Registration::Refused { retry_at } => {
            let again = left(retry_at.since(world.now()));
            format!("refused: its former session still holds the znode; again in {again}")
        }
        Registration::Waiting => "no: it has no session".to_owned(),
        Registration::Preparing
        | Registration::Creating
        | Registration::Checking
        | Registration::Replacing => "not yet: it asks ZooKeeper".to_owned(),
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
    let end = view.and_then(|view| view.runs_out);
    let end = end.map(|at| format!(", runs out in {}", left(at.since(world.now()))));
    format!("{id}, {heard}{}", end.unwrap_or_default())
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
            rows.push(("runs out in".into(), left(at.since(world.now()))));
        }
    }
    if host.id.broker().is_some() {
        rows.push(("disk".into(), disk_state(host)));
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
