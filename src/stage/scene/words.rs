//! The things on the picture in words: a name for each, with what it is and how it fares.
//!
//! Words are made from the same snapshot as the shapes, so they cannot disagree with them.

use crate::model::{BrokerId, Offset, ProcessId};
use crate::stage::Thing;
use crate::stage::snapshot::{
    Broker, BrokerState, Cell, CellState, ClientState, Consumer, Coordination, GroupState,
    Partition, Replica, Role, ServerState, Snapshot, Topic, Word, Znode,
};

/// What a thing is called: "driver-locations 0, follower on broker 3, behind 8, out of sync".
pub fn name(snapshot: &Snapshot, thing: &Thing) -> String {
    match thing {
        Thing::Stage => snapshot.title.to_string(),
        Thing::Coordination => "ZooKeeper".to_owned(),
        Thing::Process(id) => process_words(snapshot, *id),
        Thing::Topic(topic) => {
            let found = snapshot.topics.iter().find(|t| t.name == *topic);
            let partitions = found.map_or(0, |topic| topic.partitions.len());
            let policy = found.and_then(Topic::policy_words);
            let policy = policy.map_or(String::new(), |policy| format!(", cleanup {policy}"));
            let partitions = plural(partitions, "partition", "partitions");
            format!("Topic {topic}, {partitions}{policy}")
        }
        Thing::Group(group) => group_words(snapshot, group),
        Thing::Partition(id) => match snapshot.partition(id) {
            Some(partition) => led(partition),
            None => format!("{} {}", id.topic, id.partition),
        },
        Thing::Replica(id, broker) => match found(snapshot, id, *broker) {
            Some((partition, replica)) => replica_words(partition, replica),
            None => format!("{} {} on broker {broker}", id.topic, id.partition),
        },
        Thing::Record(id, offset) => {
            let leader = snapshot.partition(id).and_then(Partition::leading);
            let state = leader.map_or(String::new(), |replica| place_words(replica, *offset));
            format!(
                "Record {} of {} {}{state}",
                offset.0, id.topic, id.partition
            )
        }
        Thing::Copy(id, offset, broker) => {
            let found = found(snapshot, id, *broker);
            let state = found.map_or(String::new(), |(_, r)| place_words(r, *offset));
            format!("Offset {}{state}, on broker {broker}", offset.0)
        }
        Thing::Link(a, b) => {
            let (left, right) = (process_name(snapshot, *a), process_name(snapshot, *b));
            let fault = snapshot
                .links
                .iter()
                .find(|l| Thing::link(l.a, l.b) == *thing);
            let label = fault.map_or(String::new(), |fault| format!(", {}", fault.label));
            format!("Link between {left} and {right}{label}")
        }
        Thing::Znode(path) => match znode(snapshot, path) {
            Some(znode) => znode_words(znode),
            None => format!("znode {path}"),
        },
        Thing::Field(index) => {
            let fields = snapshot.anatomy.as_ref().map(|anatomy| &anatomy.fields);
            let field = fields.and_then(|fields| fields.get(usize::from(*index)));
            field.map_or(format!("field {index}"), |field| {
                let bytes = plural(field.bytes.len(), "byte", "bytes");
                format!("{}, {}, {bytes}", field.name, field.value)
            })
        }
        Thing::Traveller(id) => format!("message {id} on its way"),
        Thing::Switch(id) => {
            let down = id.broker().and_then(|id| snapshot.broker(id));
            let word = match down.is_some_and(Broker::is_down) {
                true => "Restart",
                false => "Kill",
            };
            format!("{word} {}", process_name(snapshot, *id))
        }
    }
}

pub(super) fn led(partition: &Partition) -> String {
    let name = partition_name(partition);
    let Some(leader) = partition.leader else {
        return format!("{name} has no leader");
    };
    let isr: Vec<String> = partition.isr.iter().map(|id| id.0.to_string()).collect();
    let mut text = format!(
        "{name} is led by broker {leader}, in sync {}",
        isr.join(", ")
    );
    if let Some(hw) = partition
        .leading()
        .and_then(|replica| replica.high_watermark)
    {
        text += &format!(", high watermark {}", hw.0);
    }
    if partition.start() > Offset::ZERO {
        text += &format!(", log start {}", partition.start().0);
    }
    text
}

fn znode<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a Znode> {
    let Coordination::ZooKeeper(zookeeper) = &snapshot.coordination else {
        return None;
    };
    zookeeper.znodes.iter().find(|znode| *znode.path == *path)
}

fn znode_words(znode: &Znode) -> String {
    let words: Vec<String> = znode
        .value
        .iter()
        .map(|word| match word {
            Word::Plain(text) | Word::New(text) => text.to_string(),
            Word::Was(text) => format!("no longer {text} but"),
            Word::Lost(text) => format!("without {text}"),
        })
        .collect();
    let remark = znode.remark.as_ref();
    let remark = remark.map_or(String::new(), |remark| format!(", {remark}"));
    format!("znode {}, {}{remark}", znode.path, words.join(" "))
}

fn found<'a>(
    snapshot: &'a Snapshot,
    id: &crate::model::TopicPartition,
    broker: BrokerId,
) -> Option<(&'a Partition, &'a Replica)> {
    let partition = snapshot.partition(id)?;
    Some((partition, partition.replica(broker)?))
}

pub(super) fn partition_name(partition: &Partition) -> String {
    format!("{} {}", partition.id.topic, partition.id.partition)
}

fn replica_words(partition: &Partition, replica: &Replica) -> String {
    let name = partition_name(partition);
    let broker = replica.broker;
    let state = match replica.role {
        Role::Leader => format!("leader on broker {broker}"),
        Role::NewLeader => format!("new leader on broker {broker}"),
        Role::Follower => format!("follower on broker {broker}, in sync"),
        Role::Behind(0) => format!("follower on broker {broker}, out of sync"),
        Role::Behind(by) => format!("follower on broker {broker}, behind {by}, out of sync"),
        Role::CatchingUp { has, of } => {
            format!("follower on broker {broker}, catching up, {has} of {of}")
        }
        Role::Truncating(to) => {
            format!("follower on broker {broker}, cut back to {}", to.0)
        }
        Role::Deposed { elected } => {
            let unheard = Role::unheard(elected);
            format!("old leader on broker {broker}, has not heard {unheard}")
        }
        Role::Waits => format!("copy on broker {broker}, waits for orders"),
        Role::Offline => format!("copy on broker {broker}, offline"),
        Role::Stopped => format!("copy on broker {broker}, stopped"),
        Role::WasLeader => format!("copy on broker {broker}, offline, was leader"),
    };
    match replica.log_start.0 {
        0 => format!("{name}, {state}"),
        start => format!("{name}, {state}, log start {start}"),
    }
}

/// What is in the place of an offset, or why there is nothing.
fn place_words(replica: &Replica, offset: Offset) -> String {
    if offset < replica.log_start {
        let start = replica.log_start.0;
        return format!(", deleted: the log begins at {start}");
    }
    if replica.is_hole(offset) {
        return ", no record: compaction took it, and its offset stays its own".to_owned();
    }
    let cell = replica.cells.iter().find(|cell| cell.offset == offset);
    cell.map_or(String::new(), |cell| format!(", {}", cell_words(cell)))
}

fn cell_words(cell: &Cell) -> String {
    let key = match cell.key.hue {
        Some(_) => format!("key {}", cell.key.tag),
        None => "no key".to_owned(),
    };
    let state = match cell.state {
        CellState::Committed => "committed",
        CellState::Open => "not yet committed",
        CellState::Ghost => "on a dead broker's disk",
        CellState::Stranded => "only copy, never acknowledged",
        CellState::Promised => "only copy, acknowledged",
        CellState::Doomed => "the leader lacks it, never acknowledged",
        CellState::Lost => "acknowledged, then lost",
        CellState::Gone => "deleted",
        CellState::Tombstone => "committed",
        CellState::Duplicate => "duplicate",
    };
    match cell.key.tombstone {
        true => format!("{key}, tombstone: its value is null, {state}"),
        false => format!("{key}, {state}"),
    }
}

/// The short name of a process: "broker 1", "driver-app", "C1".
pub(super) fn process_name(snapshot: &Snapshot, id: ProcessId) -> String {
    if let Some(broker) = id.broker() {
        return format!("broker {broker}");
    }
    let producer = snapshot.producers.iter().find(|p| p.id == id);
    let consumer = snapshot.consumers.iter().find(|c| c.id == id);
    let producer = producer.or_else(|| snapshot.operators.iter().find(|p| p.id == id));
    producer
        .map(|p| p.name.to_string())
        .or(consumer.map(|c| c.name.to_string()))
        .unwrap_or_else(|| id.to_string())
}

fn process_words(snapshot: &Snapshot, id: ProcessId) -> String {
    let name = capital(process_name(snapshot, id));
    if let Some(broker) = id.broker().and_then(|id| snapshot.broker(id)) {
        let state = match broker.state {
            BrokerState::Up => "up",
            BrokerState::Starting => "starting",
            BrokerState::Draining => "stopping",
            BrokerState::Crashed { .. } => "crashed",
            BrokerState::Stopped { .. } => "stopped",
            BrokerState::CutOff { .. } => "cut off",
            BrokerState::Frozen { .. } => "frozen",
        };
        let leads = snapshot
            .partitions()
            .filter(|p| p.leader == Some(broker.id))
            .count();
        let controller = if broker.controller {
            ", controller"
        } else if broker.deposed {
            ", was controller and does not know it"
        } else {
            ""
        };
        let cut = match broker.keeper.is_some_and(|keeper| keeper.cut) {
            true => ", cut from ZooKeeper",
            false => "",
        };
        let chips: String = broker
            .chips
            .iter()
            .map(|chip| format!(", {chip}"))
            .collect();
        let session = broker.session.as_ref();
        let session = session.map_or(String::new(), |session| format!(", {session}"));
        let groups = snapshot.groups.iter();
        let groups = groups.filter(|group| group.coordinator == Some(broker.id));
        let groups: Vec<&str> = groups.map(|group| &*group.name).collect();
        let groups = match groups.as_slice() {
            [] => String::new(),
            [one] => format!(", coordinates group {one}"),
            all => format!(", coordinates groups {}", all.join(" and ")),
        };
        return format!("{name}, {state}{controller}{groups}{cut}{chips}, leads {leads}{session}");
    }
    if let Coordination::ZooKeeper(zookeeper) = &snapshot.coordination
        && let Some(server) = zookeeper.servers.iter().find(|server| server.id == id)
    {
        let state = match (server.state, server.leads) {
            (ServerState::Down, _) => "down",
            (ServerState::Frozen, _) => "frozen",
            (ServerState::Up, true) => "leads",
            (ServerState::Up, false) => "up",
        };
        return format!("ZooKeeper server {id}, {state}");
    }
    if snapshot.operators.iter().any(|operator| operator.id == id) {
        return format!("Admin client {}", process_name(snapshot, id));
    }
    if let Some(producer) = snapshot.producers.iter().find(|p| p.id == id) {
        let acks = producer
            .acks
            .as_ref()
            .map_or(String::new(), |acks| format!(", {acks}"));
        let held = plural(producer.holds, "record", "records");
        if producer.state.is_over() {
            return format!("Producer {}, {}", producer.name, producer.note.join(" "));
        }
        if let Some(retry) = &producer.retry {
            let (error, words) = (&retry.error, &retry.words);
            return format!(
                "Producer {}{acks}, {held} waiting, {error}, {words}",
                producer.name
            );
        }
        return format!("Producer {}{acks}, {held} waiting", producer.name);
    }
    if let Some(consumer) = snapshot.consumers.iter().find(|c| c.id == id) {
        return consumer_words(snapshot, consumer);
    }
    name
}

fn consumer_words(snapshot: &Snapshot, consumer: &Consumer) -> String {
    let name = &consumer.name;
    let group = consumer.group.as_ref();
    let shared = snapshot
        .groups
        .iter()
        .any(|g| g.is_shared() && Some(&g.name) == group);
    let member = match (group, shared, consumer.leads) {
        (Some(group), true, true) => format!(", leader of group {group}"),
        (Some(group), true, false) => format!(", member of group {group}"),
        _ => String::new(),
    };
    if consumer.state.is_over() && consumer.reads.iter().all(|reading| reading.lag.is_none()) {
        return format!("Consumer {name}{member}, {}", consumer.note.join(" "));
    }
    let note = consumer.note.join(" ");
    let state = match consumer.state {
        ClientState::Active => String::new(),
        _ if shared => format!(", {note}"),
        ClientState::Waiting => ", waiting".to_owned(),
        _ => ", failed".to_owned(),
    };
    let reads: Vec<String> = consumer
        .reads
        .iter()
        .map(|reading| {
            let partition = &reading.partition;
            let committed = reading.committed.filter(|_| shared);
            let committed = committed.map_or(String::new(), |at| format!(" committed {}", at.0));
            let lag = reading
                .lag
                .map_or(String::new(), |lag| format!(" lag {lag}"));
            format!(
                "{} {}{committed}{lag}",
                partition.topic, partition.partition
            )
        })
        .collect();
    let reads = match (reads.is_empty(), consumer.state.is_over()) {
        (true, _) if state.ends_with("no partition") => String::new(),
        (true, _) => ", no partition".to_owned(),
        (false, true) => format!(", still has {}", reads.join(" and ")),
        (false, false) => format!(", reads {}", reads.join(" and ")),
    };
    format!("Consumer {name}{member}{state}{reads}")
}

fn group_words(snapshot: &Snapshot, name: &str) -> String {
    let members = snapshot
        .consumers
        .iter()
        .filter(|c| c.group.as_deref() == Some(name));
    let members = plural(members.count(), "member", "members");
    let group = snapshot.groups.iter().find(|group| *group.name == *name);
    let state = group.map_or(String::new(), |group| group_state(&group.state));
    let coordinator = group.and_then(|group| group.coordinator);
    let coordinator = coordinator.map_or(String::new(), |broker| {
        format!(", coordinated by broker {broker}")
    });
    format!("Group {name}{state}, {members}{coordinator}")
}

/// The state of a group behind its name.
pub(super) fn group_state(state: &GroupState) -> String {
    match state {
        GroupState::Stable { generation } => format!(", stable, generation {generation}"),
        GroupState::Rebalancing {
            generation,
            phase,
            done,
            of,
        } => format!(", rebalancing, generation {generation}, {phase} {done} of {of}"),
        GroupState::Empty => ", empty".to_owned(),
        GroupState::Dead => ", dead".to_owned(),
        GroupState::Unknown(words) => format!(", {words}"),
        GroupState::Assigned => String::new(),
    }
}

pub(super) fn plural(n: usize, one: &str, many: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// The sentence with a capital at its beginning, unless it begins with somebody's own spelling.
pub(super) fn capital(text: String) -> String {
    let words = ["broker ", "offset ", "offsets "];
    match words.iter().any(|word| text.starts_with(word)) {
        true => text[..1].to_uppercase() + &text[1..],
        false => text,
    }
}
