//! What stands in ZooKeeper, and what of it has just changed.
//!
//! The values are what is true now; what they were before is read out of the journal's past.

use crate::controller::znodes;
use crate::model::{BrokerId, ProcessId, Text, TopicPartition};
use crate::stage::extract::memory::Memory;
use crate::stage::extract::past::Cause;
use crate::stage::snapshot::{Coordination, Server, ServerState, Snapshot, Word, Znode, ZooKeeper};
use crate::time::Instant;
use crate::world::{Host, Life, World};

/// ZooKeeper with the few znodes worth showing.
pub(super) fn coordination(world: &World, memory: &Memory) -> Coordination {
    let hosts = world.hosts();
    let servers = hosts.filter(|host| matches!(host.id, ProcessId::ZooKeeper(_)));
    let servers = servers.map(|host| Server {
        id: host.id,
        leads: host.zookeeper().is_some_and(|server| server.is_leader()),
        state: match host.life() {
            Life::Running => ServerState::Up,
            Life::Frozen { .. } => ServerState::Frozen,
            _ => ServerState::Down,
        },
    });
    let servers: Vec<Server> = servers.collect();
    let (ids, remark) = registered(world, memory);
    let mut znodes = vec![
        controller(world, memory),
        Znode {
            path: znodes::BROKER_IDS.into(),
            value: ids.clone(),
            remark,
            changed: false,
        },
    ];
    let changed = memory.past.changed(world.now());
    let of_broker = changed.is_some_and(|path| znodes::broker_of(path).is_some());
    znodes[0].changed = changed == Some(znodes::CONTROLLER);
    znodes[1].changed = of_broker;
    let first = || Some(world.cluster().partitions().next()?.0);
    let partition = memory.past.written().or_else(first);
    znodes.extend(partition.and_then(|partition| state(world, memory, &partition)));
    let cuts = cuts(world, &servers);
    Coordination::ZooKeeper(ZooKeeper {
        quorum: has_quorum(&servers, &cuts),
        cuts,
        servers,
        line: line(world, ids),
        znodes,
        written: written(world, memory),
    })
}

/// Without a leader they elect another, as long as there is one that most of them reach.
fn has_quorum(servers: &[Server], cuts: &[(ProcessId, ProcessId)]) -> bool {
    let is_up = |server: &&Server| server.state == ServerState::Up;
    let reaches =
        |a: &Server, b: &Server| !cuts.contains(&(a.id, b.id)) && !cuts.contains(&(b.id, a.id));
    servers.iter().filter(is_up).any(|one| {
        let reached = servers.iter().filter(is_up);
        2 * reached.filter(|other| reaches(one, other)).count() > servers.len()
    })
}

/// The pairs of servers that do not reach each other.
fn cuts(world: &World, servers: &[Server]) -> Vec<(ProcessId, ProcessId)> {
    let network = world.network();
    let pairs = servers.iter().enumerate().flat_map(|(at, a)| {
        let after = servers[at + 1..].iter();
        after.map(move |b| (a.id, b.id))
    });
    pairs
        .filter(|(a, b)| network.is_stopped(*a, *b) || network.is_stopped(*b, *a))
        .collect()
}

/// The state that is shown is that of the subject, where there is one.
pub(super) fn look_at_subject(snapshot: &mut Snapshot, world: &World, memory: &Memory) {
    let Coordination::ZooKeeper(zookeeper) = &mut snapshot.coordination else {
        return;
    };
    let subject = snapshot.subject.as_ref();
    if let Some(znode) = subject.and_then(|subject| state(world, memory, subject)) {
        zookeeper.znodes.truncate(2);
        zookeeper.znodes.push(znode);
    }
}

/// "brokers 1 2 3, controller 1", with what is gone struck through.
fn line(world: &World, ids: Vec<Word>) -> Vec<Word> {
    let controller = match world.truth().controller() {
        Some(controller) => format!("controller {controller}"),
        None => "no controller".to_owned(),
    };
    let mut line = vec![Word::Plain("brokers".into())];
    line.extend(ids);
    match line.last_mut() {
        Some(Word::Plain(last)) => *last = format!("{last},").into(),
        _ => line.push(Word::Plain("·".into())),
    }
    line.push(Word::Plain(controller.into()));
    line
}

fn controller(world: &World, memory: &Memory) -> Znode {
    let (past, now) = (&memory.past, world.truth().controller());
    let before = past.controller_before(now);
    let news = past.changed(world.now()) == Some(znodes::CONTROLLER);
    let broker = |id: BrokerId| Text::from(format!("broker {id}"));
    let mut value = match (before, now) {
        (Some(before), Some(now)) if news => {
            vec![Word::Was(broker(before)), Word::New(broker(now))]
        }
        (_, Some(now)) => vec![Word::Plain(broker(now))],
        (Some(before), None) => vec![Word::Lost(broker(before))],
        (None, None) => vec![Word::Plain("nobody".into())],
    };
    if now.is_some() {
        let epoch = world.truth().controller_epoch();
        value.push(Word::Plain(format!("epoch {epoch}").into()));
    }
    let gone = before.filter(|_| now.is_none());
    let remark = gone.map(|gone| match past.ran_out(gone) {
        true => Text::from("session expired"),
        false => "no controller".into(),
    });
    Znode {
        path: znodes::CONTROLLER.into(),
        value,
        remark,
        changed: false,
    }
}

/// The brokers that are registered, and those that no longer are.
fn registered(world: &World, memory: &Memory) -> (Vec<Word>, Option<Text>) {
    let known = world.cluster().brokers();
    // Who has never been there is not gone.
    let coming = |host: &Host| {
        let broker = host.broker();
        host.lives() == 1 && broker.is_some_and(|broker| !broker.is_serving())
    };
    let hosts = world.hosts().filter(|host| !coming(host));
    let ids = hosts.filter_map(|host| host.id.broker());
    let (mut words, mut remark) = (Vec::new(), None);
    for id in ids {
        let text = Text::from(id.to_string());
        let here = known.contains_key(&id);
        words.push(match here {
            true if memory.past.is_new(id, world.now()) => Word::New(text),
            true => Word::Plain(text),
            false => Word::Lost(text),
        });
        if !here {
            remark = Some(match memory.past.ran_out(id) {
                true => Text::from("session expired"),
                false => "not registered".into(),
            });
        }
    }
    (words, remark)
}

/// The state of a partition, word by word.
fn state(world: &World, memory: &Memory, partition: &TopicPartition) -> Option<Znode> {
    let now = world.cluster().partition(partition)?;
    let path = znodes::state_path(partition);
    let news = memory.past.cause(partition, world.now()).is_some();
    let before = memory.past.before(partition, now.partition_epoch.0);
    let before = before.filter(|_| news);
    let isr = |isr: &[BrokerId]| {
        let ids: Vec<String> = isr.iter().map(ToString::to_string).collect();
        Text::from(ids.join(","))
    };
    let leader = |id: BrokerId| match id {
        BrokerId::NONE => Text::from("none"),
        id => id.to_string().into(),
    };
    let mut value = vec![Word::Plain("leader".into())];
    let moved = before.as_ref().filter(|b| b.leader != now.leader);
    value.extend(turned(moved.map(|b| leader(b.leader)), leader(now.leader)));
    value.push(Word::Plain("epoch".into()));
    let epoch = before.as_ref().filter(|b| b.epoch != now.leader_epoch.0);
    value.extend(turned(
        epoch.map(|b| b.epoch.to_string().into()),
        now.leader_epoch.0.to_string().into(),
    ));
    value.push(Word::Plain("isr".into()));
    // One change at a time: where the leader is another, the ISR that comes with it stands as it is.
    let joined = before.as_ref().filter(|b| b.isr != now.isr);
    let joined = joined.filter(|_| moved.is_none());
    value.extend(turned(joined.map(|b| isr(b.isr)), isr(&now.isr)));
    let remark = (now.leader == BrokerId::NONE).then(|| Text::from("no leader"));
    Some(Znode {
        changed: memory.past.changed(world.now()) == Some(&path),
        path,
        value,
        remark,
    })
}

fn turned(before: Option<Text>, now: Text) -> Vec<Word> {
    match before {
        Some(before) => vec![Word::Was(before), Word::New(now)],
        None => vec![Word::Plain(now)],
    }
}

/// Who has just written a state, and why.
fn written(world: &World, memory: &Memory) -> Option<Text> {
    let controller = world.truth().controller()?;
    let partition = memory.past.written()?;
    let cause = memory.past.cause(&partition, world.now())?;
    let text = match cause {
        Cause::Brokers => {
            format!("broker {controller} saw /brokers/ids change and wrote the new state")
        }
        Cause::Asked(by) if by == controller => {
            format!("broker {controller} wrote the ISR that it asked for")
        }
        Cause::Asked(by) => format!("broker {by} asked, broker {controller} wrote the new ISR"),
        Cause::Unknown => format!("broker {controller} wrote the new state"),
    };
    Some(text.into())
}

/// What there is to say of a broker's session: how long it lasts unless it is heard of, when it is not.
pub(super) fn session(world: &World, host: &Host, id: BrokerId) -> Option<Text> {
    let now = world.now();
    let registered = world.session_of(id);
    let leader = world.zookeepers().find(|server| server.is_leader());
    let view = leader.and_then(|leader| {
        let mut sessions = leader.sessions();
        sessions.find(|view| Some(view.session) == registered)
    });
    let own = host.broker().and_then(|broker| broker.session());
    let former = host.broker().is_some() && own != registered;
    let Some(view) = view else {
        let lost = host
            .broker()
            .is_some_and(|broker| broker.is_serving() && registered.is_none());
        return lost.then(|| "no session".into());
    };
    let left = view.runs_out?.since(now);
    // Whoever is well is heard of three times in the time that a session lasts.
    let quiet = host.life() != Life::Running || former || left.times(2) < view.timeout;
    quiet.then(|| {
        let seconds = seconds(left.as_millis());
        match former {
            true => format!("former session runs out in {seconds} s").into(),
            false => format!("session runs out in {seconds} s").into(),
        }
    })
}

fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1_000)
}

/// How long ago something was, in whole seconds.
pub(super) fn ago(now: Instant, at: Instant) -> String {
    match now.since(at).as_millis() {
        millis if millis < 1_000 => "just now".to_owned(),
        millis if millis < 120_000 => format!("{} s ago", millis / 1_000),
        millis => format!("{} min ago", millis / 60_000),
    }
}
