//! What there is to know about one thing: rows of a name and a value, read from the world as it is now.
//!
//! `broker` knows brokers and the controller on one of them, `record` records, `storage` topics and logs, `zookeeper` the
//! ensemble and its znodes, `group` groups and their members; partitions and clients are read here.

mod broker;
mod group;
pub mod record;
mod storage;
mod zookeeper;

use std::borrow::Cow;

use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::session::Session;
use crate::session::words::span;
use crate::stage::Thing;
use crate::stage::extract::client_name;
use crate::world::{Host, World};

/// A thing's page in the inspector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// What it belongs to, outermost first.
    pub crumbs: Vec<String>,
    pub title: String,
    pub rows: Vec<Row>,
}

/// What is better seen side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub caption: &'static str,
    pub head: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    /// Said when there are no rows.
    pub none: &'static str,
}

/// A name and a value.
pub type Row = (Cow<'static, str>, String);

fn named(rows: Vec<(&'static str, String)>) -> Vec<Row> {
    let named = rows.into_iter().map(|(name, value)| (name.into(), value));
    named.collect()
}

/// Longer values are cut: the inspector is no hex viewer.
const SHOWN: usize = 400;

/// Reads a thing; `None` when it is not there at this instant.
pub fn inspect(session: &Session, thing: &Thing) -> Option<Inspected> {
    let world = session.world();
    match thing {
        Thing::Record(partition, offset) => record::record(session, partition, *offset, None)
            .or_else(|| storage::absent(world, partition, *offset)),
        Thing::Copy(partition, offset, on) => {
            record::record(session, partition, *offset, Some(*on))
                .or_else(|| storage::absent(world, partition, *offset))
        }
        Thing::Partition(partition) => self::partition(world, partition, None),
        Thing::Replica(partition, on) => self::partition(world, partition, Some(*on)),
        Thing::Process(id) => process(session, *id),
        Thing::Topic(topic) => storage::topic(world, topic),
        Thing::Coordination => Some(zookeeper::ensemble(world)),
        Thing::Znode(path) => zookeeper::znode(world, path),
        Thing::Link(a, b) => Some(link(world, *a, *b)),
        Thing::Group(name) => group::group(world, name),
        _ => None,
    }
}

/// The tables under a thing's rows.
pub fn tables(session: &Session, thing: &Thing) -> Vec<Table> {
    let world = session.world();
    match thing {
        Thing::Group(name) => group::tables(world, name),
        Thing::Process(id) => {
            let consumer = world.host(*id).and_then(Host::consumer);
            consumer.map_or(Vec::new(), |consumer| group::own_tables(world, consumer))
        }
        _ => Vec::new(),
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    words.join(", ")
}

fn partition(world: &World, partition: &TopicPartition, on: Option<BrokerId>) -> Option<Inspected> {
    let state = world.cluster().partition(partition)?;
    let mut rows = vec![
        (
            "leader",
            format!("broker {}, epoch {}", state.leader, state.leader_epoch.0),
        ),
        ("replicas", list(&state.replicas)),
        ("in sync", list(&state.isr)),
    ];
    for id in &state.replicas {
        let Some(replica) = world
            .broker_by_id(*id)
            .and_then(|broker| broker.partition(partition))
        else {
            continue;
        };
        let (start, end, watermark) = (
            replica.log_start().0,
            replica.log_end().0,
            replica.high_watermark().0,
        );
        let words = match end - start {
            0 => format!("empty, next offset {end}, high watermark {watermark}"),
            1 => format!("offset {start}, high watermark {watermark}"),
            _ => format!("offsets {start} to {}, high watermark {watermark}", end - 1),
        };
        rows.push(match id.0 {
            1 => ("broker 1", words),
            2 => ("broker 2", words),
            3 => ("broker 3", words),
            _ => ("broker", format!("{id}: {words}")),
        });
    }
    let leading = world
        .broker_by_id(state.leader)
        .and_then(|broker| broker.partition(partition));
    if let Some(leader) = leading {
        rows.push(("min.insync.replicas", leader.min_isr().to_string()));
        rows.push(("bytes", leader.log().bytes().to_string()));
    }
    let mut rows = named(rows);
    rows.extend(storage::log(world, partition, on));
    Some(Inspected {
        crumbs: vec![partition.topic.to_string()],
        title: format!("Partition {}", partition.partition),
        rows,
    })
}

fn process(session: &Session, id: ProcessId) -> Option<Inspected> {
    let world = session.world();
    let host = world.host(id)?;
    let more = |mut page: Inspected| {
        if host.socket().is_none() {
            let clock = broker::clock_state(world, host);
            page.rows.push(("clock".into(), clock));
        }
        let death = broker::last_death(session, host);
        page.rows
            .extend(death.map(|death| ("last death".into(), death)));
        page
    };
    if let Some(gone) = broker::gone(world, host) {
        return Some(more(gone));
    }
    let mut page = match (host.broker(), host.zookeeper()) {
        (Some(broker), _) => broker::broker(world, host, broker),
        (_, Some(server)) => zookeeper::server(world, server),
        _ => client(world, host)?,
    };
    page = more(page);
    let now = world.now();
    let next = host
        .deadlines()
        .into_iter()
        .filter(|deadline| deadline.at > now)
        .min_by_key(|deadline| deadline.at);
    if let Some(deadline) = next {
        page.rows.push((
            "next deadline".into(),
            format!("{} in {}", deadline.why, span(deadline.at.since(now))),
        ));
    }
    Some(page)
}

/// A link between two processes.
fn link(world: &World, a: ProcessId, b: ProcessId) -> Inspected {
    let network = world.network();
    let (there, back) = (network.is_cut(a, b), network.is_cut(b, a));
    let one_way = format!(
        "cut from {} only: what it sends is lost until it is healed",
        if there { a } else { b }
    );
    let state = if there && back {
        "cut: what is sent is lost until it is healed"
    } else if there || back {
        &one_way
    } else if network.is_held(a, b) || network.is_held(b, a) {
        "held: what is sent waits"
    } else {
        "in order"
    };
    let latency = |from, to| span(network.latency(from, to));
    Inspected {
        crumbs: vec!["link".to_owned()],
        title: format!("{a} ↔ {b}"),
        rows: named(vec![
            ("state", state.to_owned()),
            ("one way takes", latency(a, b)),
            ("the way back", latency(b, a)),
        ]),
    }
}

fn client(world: &World, host: &Host) -> Option<Inspected> {
    let title = client_name(world, host.id).to_string();
    if let Some(producer) = host.producer() {
        let tally = producer.tally();
        let in_flight: u32 = producer.in_flight().map(|(_, batch)| batch.records).sum();
        let queued: u32 = producer.queued().map(|batch| batch.records).sum();
        let identity = match producer.identity() {
            Some(identity) => format!("producer {}, epoch {}", identity.id, identity.epoch),
            None if producer.config().is_idempotent() => "none yet".to_owned(),
            None => "none: it does not number its batches".to_owned(),
        };
        let rows = vec![
            ("id", identity),
            ("handed over", format!("{} records", tally.queued)),
            ("queued", format!("{queued} records")),
            ("in flight", format!("{in_flight} records")),
            ("acknowledged", tally.acknowledged.to_string()),
            ("sent again", format!("{} batches", tally.retried)),
            ("failed", tally.failed.to_string()),
        ];
        return Some(page("producer", title, rows));
    }
    let consumer = host.consumer()?;
    let mut rows = vec![("consumed", format!("{} records", consumer.consumed()))];
    let alone = consumer.membership().is_none();
    for view in consumer.partitions().filter(|_| alone) {
        let position = view
            .position
            .map_or("none".to_owned(), |position| position.0.to_string());
        let lag = view.lag.map_or(String::new(), |lag| format!(", lag {lag}"));
        rows.push(("reads", format!("{} at {position}{lag}", view.partition)));
    }
    let paused = consumer.partitions().filter(|view| view.is_paused);
    let paused: Vec<String> = paused.map(|view| view.partition.to_string()).collect();
    if !paused.is_empty() {
        rows.push(("paused", paused.join(" ")));
    }
    let mut page = page("consumer", title, rows);
    page.rows.extend(group::membership(world, consumer));
    Some(page)
}

fn page(crumb: &str, title: String, rows: Vec<(&'static str, String)>) -> Inspected {
    Inspected {
        crumbs: vec![crumb.to_owned()],
        title,
        rows: named(rows),
    }
}

fn bytes(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    let cut = &bytes[..bytes.len().min(SHOWN)];
    let more = if cut.len() < bytes.len() { "…" } else { "" };
    match std::str::from_utf8(cut) {
        Ok(text) if !text.chars().any(char::is_control) => format!("\"{text}\"{more}"),
        _ => format!(
            "0x{}{more}",
            cut.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        ),
    }
}

/// A record's timestamp as the clock of the page, where it falls into the world.
fn timestamp(world: &World, millis: i64) -> String {
    let since = millis - world.plan().epoch.0;
    match u64::try_from(since) {
        Ok(since) => format!(
            "{millis}, {} on the clock",
            crate::session::words::clock(crate::time::Instant::from_millis(since))
        ),
        Err(_) => millis.to_string(),
    }
}
