//! Producers and consumers: what they hold, what they wait for, where they read.

use crate::broker::Broker;
use crate::client::config::Acks;
use crate::client::consumer::{Consumer as ConsumerProcess, Doing};
use crate::client::metadata::Metadata;
use crate::client::producer::{BatchView, Producer as ProducerProcess};
use crate::model::{BrokerId, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::stage::extract::coordination::ago;
use crate::stage::extract::{Memory, groups, states};
use crate::stage::snapshot::{
    Aim, ClientState, Consumer, KeyMark, Producer, Reading, Retrying, Snapshot,
};
use crate::time::{Duration, Instant};
use crate::world::{Host, Life, World};

/// Records that are drawn in a producer's box.
const HELD: usize = 8;
/// A request that is not answered for so long is waited for.
const LONG: Duration = Duration::from_millis(700);

pub(super) fn add(snapshot: &mut Snapshot, world: &World, memory: &mut Memory) {
    for host in world.hosts() {
        if let Some(process) = host.producer() {
            snapshot
                .producers
                .push(producer(world, memory, host.id, process));
        }
        if let Some(to) = host.socket().and_then(|socket| socket.to) {
            snapshot.producers.push(socket(world, host.id, to));
        }
        if let Some(process) = host.consumer() {
            snapshot
                .consumers
                .push(consumer(world, memory, host, process));
        }
        match (host.id, host.life().is_alive()) {
            (ProcessId::Admin(_), true) => snapshot.operators.push(operator(world, host.id)),
            (ProcessId::Producer(_), false) => {
                snapshot.producers.push(gone_producer(world, memory, host));
            }
            (ProcessId::Consumer(_), false) => {
                snapshot.consumers.push(gone_consumer(world, memory, host));
            }
            _ => {}
        }
    }
}

/// An admin client.
fn operator(world: &World, id: ProcessId) -> Producer {
    Producer {
        id,
        name: name(world, id),
        kind: "admin client".into(),
        acks: None,
        state: ClientState::Active,
        held: Vec::new(),
        holds: 0,
        note: Vec::new(),
        retry: None,
        writes: Vec::new(),
    }
}

/// How and when a client's process ended.
fn ended(world: &World, host: &Host) -> Vec<Text> {
    let (how, at) = match host.life() {
        Life::PowerLost { at } => ("lost power", at),
        Life::Stopped { at } => ("stopped", at),
        Life::Killed { at } => ("killed", at),
        Life::Running | Life::Frozen { .. } => return Vec::new(),
    };
    vec![how.into(), ago(world.now(), at).into()]
}

fn end_state(host: &Host) -> ClientState {
    match host.life() {
        Life::Stopped { .. } => ClientState::Ended,
        _ => ClientState::Gone,
    }
}

/// A producer that does not run: it keeps its place beside what it wrote to.
fn gone_producer(world: &World, memory: &Memory, host: &Host) -> Producer {
    let wrote = memory.past.partitions_of(host.id).into_iter();
    let plan = world.plan().clients.iter().find(|plan| plan.id == host.id);
    let config = plan.and_then(|plan| plan.producer_config().ok());
    Producer {
        id: host.id,
        name: name(world, host.id),
        kind: "producer".into(),
        acks: config.map(|config| format!("acks={}", acks(config.acks)).into()),
        state: end_state(host),
        held: Vec::new(),
        holds: 0,
        note: ended(world, host),
        retry: None,
        writes: wrote
            .map(|partition| Aim {
                partition,
                broker: None,
            })
            .collect(),
    }
}

/// A consumer that does not run: it keeps its place beside what it read, and as long as its group has not
/// noticed, the partitions that nobody else may read.
fn gone_consumer(world: &World, memory: &Memory, host: &Host) -> Consumer {
    let (group, subscribed) = groups::belongs(world, host);
    let left = group.as_ref().filter(|_| !subscribed.is_empty());
    let left = left.and_then(|group| groups::left_behind(world, memory, host, group));
    let mut note = ended(world, host);
    let mut reads: Vec<TopicPartition> = Vec::new();
    if let Some((place, part)) = &left {
        reads.clone_from(part);
        if let (Some(words), [how, ..]) = (groups::last_words(place), note.as_slice()) {
            note = vec![format!("{how},").into(), words];
        }
    } else if subscribed.is_empty() {
        reads = memory.past.partitions_of(host.id);
    }
    Consumer {
        id: host.id,
        name: name(world, host.id),
        kind: None,
        group,
        leads: left.as_ref().is_some_and(|(place, _)| place.leads()),
        state: end_state(host),
        note,
        reads: reads
            .into_iter()
            .map(|partition| {
                let committed = left
                    .as_ref()
                    .and_then(|(place, _)| place.committed(&partition));
                Reading {
                    broker: None,
                    position: None,
                    committed,
                    lag: committed.and_then(|offset| groups::lag(world, &partition, offset)),
                    partition,
                }
            })
            .collect(),
        handling: None,
    }
}

/// What a producer says of an error answer after which it tries again.
fn retrying(now: Instant, batch: &BatchView<'_>) -> Option<Retrying> {
    let retry = batch.retry?;
    // These say that no answer came.
    let silent = [ErrorCode::NetworkException, ErrorCode::RequestTimedOut];
    if silent.contains(&retry.error) {
        return None;
    }
    let wait = retry.at.since(now).as_millis();
    let words = match wait {
        0 => format!("retry {} now", batch.attempts),
        wait => format!("retry {} in {wait} ms", batch.attempts),
    };
    Some(Retrying {
        error: retry.error.name().into(),
        words: words.into(),
    })
}

/// What a client is called: its `client.id`, or its short name in capitals.
pub fn name(world: &World, id: ProcessId) -> Text {
    let planned = world
        .plan()
        .clients
        .iter()
        .find(|client| client.id == id)
        .map(|client| client.name.clone());
    match planned.filter(|name| **name != *id.to_string()) {
        Some(name) => name,
        None => id.to_string().to_uppercase().into(),
    }
}

fn producer(
    world: &World,
    memory: &mut Memory,
    id: ProcessId,
    process: &ProducerProcess,
) -> Producer {
    let now = world.now();
    let mut held: Vec<KeyMark> = Vec::new();
    let mut holds = 0;
    let mut waits = false;
    let mut retries = false;
    let mut retry = None;
    let flying = process.in_flight().map(|(_, batch)| batch);
    let mut batches: Vec<_> = flying
        .chain(process.queued())
        .map(|batch| {
            // A leader that is dead does not even refuse.
            let leader = process.metadata().leader(batch.partition);
            let dead = leader.is_some_and(|(leader, _)| world.broker_by_id(leader).is_none());
            let late = batch.attempts > 0 && now.since(batch.created_at) > LONG;
            (batch.retry.is_some() || dead, late, batch)
        })
        .collect();
    // What the note is about is drawn first.
    batches.sort_by_key(|(again, late, _)| (!again, !late));
    for (again, late, batch) in &batches {
        waits |= *late;
        retries |= *again;
        retry = retry.or_else(|| retrying(now, batch));
        holds += batch.keys.len();
        for key in batch.keys.iter().take(HELD.saturating_sub(held.len())) {
            held.push(memory.mark(&batch.partition.topic, key.as_deref()));
        }
    }
    let note: Vec<Text> = match (retries && retry.is_none(), waits && retry.is_none()) {
        (true, _) => vec!["no answer,".into(), "will retry".into()],
        (false, true) => vec!["waits for".into(), "an answer".into()],
        (false, false) => Vec::new(),
    };
    // What it writes to now, and what it has not got rid of yet; one that has never written is shown at
    // the only topic there is.
    let latest = process.latest_topic();
    let mut topics: Vec<&TopicName> = latest.into_iter().collect();
    let flying = process.in_flight().map(|(_, batch)| batch);
    for batch in flying.chain(process.queued()) {
        if !topics.contains(&&batch.partition.topic) {
            topics.push(&batch.partition.topic);
        }
    }
    if let ([], [only]) = (topics.as_slice(), world.plan().topics.as_slice()) {
        topics.push(&only.name);
    }
    let targets = states(world)
        .map(|(partition, _)| partition)
        .filter(|partition| topics.contains(&&partition.topic));
    let writes = targets.map(|partition| {
        let leader = process
            .metadata()
            .leader(&partition)
            .map(|(leader, _)| leader);
        Aim {
            broker: leader.filter(|leader| *leader != BrokerId::NONE),
            partition,
        }
    });
    Producer {
        id,
        name: name(world, id),
        kind: "producer".into(),
        acks: Some(format!("acks={}", acks(process.config().acks)).into()),
        state: if retries || waits {
            ClientState::Waiting
        } else {
            ClientState::Active
        },
        held,
        holds,
        note,
        retry,
        writes: writes.collect(),
    }
}

/// Whoever writes bytes to a broker by hand: it may aim at whatever that broker leads.
fn socket(world: &World, id: ProcessId, to: ProcessId) -> Producer {
    let broker = to.broker();
    let led = states(world).filter(|(_, state)| Some(state.leader) == broker);
    Producer {
        id,
        name: name(world, id),
        kind: "raw bytes".into(),
        acks: None,
        state: ClientState::Active,
        held: Vec::new(),
        holds: 0,
        note: Vec::new(),
        retry: None,
        writes: led
            .map(|(partition, _)| Aim { partition, broker })
            .collect(),
    }
}

fn acks(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

/// True when nothing that a client says reaches a broker, or no answer comes back.
fn is_cut(world: &World, client: ProcessId, broker: BrokerId) -> bool {
    let (network, broker) = (world.network(), ProcessId::from(broker));
    network.is_stopped(client, broker) || network.is_stopped(broker, client)
}

/// Whether a client was told that there is no such partition.
fn is_unknown(metadata: &Metadata, partition: &TopicPartition) -> bool {
    match metadata.topic(&partition.topic) {
        Some(topic) => {
            let number = usize::try_from(partition.partition);
            number.is_ok_and(|number| number >= topic.partitions.len())
        }
        None => metadata.error(&partition.topic) == Some(ErrorCode::UnknownTopicOrPartition),
    }
}

fn consumer(
    world: &World,
    memory: &mut Memory,
    host: &Host,
    process: &ConsumerProcess,
) -> Consumer {
    let id = host.id;
    let config = process.config();
    let group = config.has_group().then(|| config.group_id.clone());
    let membership = process.membership();
    let place = membership.and_then(|membership| {
        groups::place(world, &config.group_id, &membership.generation.member)
    });
    let mut failed = false;
    // Whom nobody leads and whom no packet reaches, of all whom it would fetch from, and what it has paused. Of those whom
    // nobody leads, some are not there, as far as it was told.
    let (mut leaderless, mut unreached, mut paused, mut gone) = (0, 0, 0, 0);
    let reads: Vec<Reading> = process
        .partitions()
        .map(|view| {
            failed |= matches!(view.doing, Doing::Failed(_));
            let leader = process.metadata().leader(view.partition);
            let broker = leader.map(|(leader, _)| leader);
            match broker.filter(|broker| *broker != BrokerId::NONE) {
                _ if view.is_paused => paused += 1,
                None => {
                    leaderless += 1;
                    gone += usize::from(is_unknown(process.metadata(), view.partition));
                }
                // It asks again and again; nobody is there to answer, or nobody who serves yet.
                Some(broker) if !world.broker_by_id(broker).is_some_and(Broker::is_serving) => {
                    leaderless += 1;
                }
                Some(broker) => unreached += usize::from(is_cut(world, id, broker)),
            }
            let committed = place
                .as_ref()
                .and_then(|place| place.committed(view.partition));
            // Where a group remembers how far it has got, that counts and not what its member has in hand. Of what is
            // paused nobody hears how much comes after it.
            let own = view.position.filter(|_| group.is_some() || view.is_paused);
            let behind = committed.or(own);
            let behind = behind.and_then(|offset| groups::lag(world, view.partition, offset));
            Reading {
                partition: view.partition.clone(),
                broker,
                position: view.position,
                committed,
                lag: behind.or(view.lag),
            }
        })
        .collect();
    let fetched = reads.len() - paused;
    let stuck = leaderless + unreached == fetched && (fetched > 0 || reads.is_empty());
    let state = match (failed, stuck) {
        (true, _) => ClientState::Failed,
        (false, true) => ClientState::Waiting,
        (false, false) => ClientState::Active,
    };
    let note: Vec<Text> = match (reads.len(), fetched) {
        (0, _) => vec!["no partition".into()],
        (_, 0) => vec!["paused".into()],
        _ if stuck && unreached > 0 => vec!["waits for".into(), "an answer".into()],
        _ if stuck && gone == fetched => vec!["no such".into(), "partition".into()],
        _ if stuck => vec!["waits for".into(), "a leader".into()],
        _ if paused > 0 => vec!["reading,".into(), format!("{paused} paused").into()],
        _ => vec!["reading".into()],
    };
    let shares = !config.subscribe.0.is_empty();
    let standing = groups::standing(process, place.as_ref(), host.life(), world.now());
    let (state, note) = standing.filter(|_| shares).unwrap_or((state, note));
    let last = process.next_poll().and_then(|_| process.recent().pop());
    let handling = last.map(|record| memory.mark(&record.partition.topic, record.key.as_deref()));
    Consumer {
        id,
        name: name(world, id),
        kind: None,
        group,
        leads: place.is_some_and(|place| place.leads()),
        state,
        note,
        reads,
        handling,
    }
}
