//! A group in the inspector, and a consumer as a member of one: what the coordinator has written down, beside
//! what the member itself does.

use super::{Inspected, Row, Table, list};
use crate::client::config::{CommitsWhen, ConsumerConfig, OnRevoked};
use crate::client::consumer::Consumer;
use crate::client::consumer::membership::Stage;
use crate::group::{Coordinator, Group, Member, Timer};
use crate::model::{Offset, Text, TopicPartition};
use crate::protocol::consumer_protocol::Assignment;
use crate::session::words::span;
use crate::stage::extract::{client_name, coordinator_of};
use crate::time::Duration;
use crate::world::{Host, World};

/// The page of a group.
pub(super) fn group(world: &World, name: &Text) -> Option<Inspected> {
    let coordinated = coordinator_of(world, name);
    if coordinated.is_none() && consumers(world, name).next().is_none() {
        return None;
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name: &'static str, value: String| rows.push((name.into(), value));
    match coordinated {
        None => row("coordinator", "none: nobody leads its offsets".to_owned()),
        Some((broker, coordinator)) => {
            let kept = coordinator.partition_of(name);
            row(
                "coordinator",
                format!("broker {broker}, which leads __consumer_offsets-{kept}"),
            );
            match coordinator.group(name) {
                None => row("state", "not known to its coordinator".to_owned()),
                Some(group) => {
                    row("state", state(coordinator, group, world));
                    row("generation", group.generation().to_string());
                    let assignor = group.protocol().map_or("none yet", |name| name);
                    row("assignor", assignor.to_owned());
                    row("members", group.members().len().to_string());
                    let leader = group.leader();
                    let leader = leader.and_then(|id| who(world, name, id));
                    row("leader", leader.unwrap_or_else(|| "none".to_owned()));
                }
            }
        }
    }
    Some(Inspected {
        crumbs: vec!["group".to_owned()],
        title: name.to_string(),
        rows,
    })
}

/// The tables of a group: who is in it, and how far it has got.
pub(super) fn tables(world: &World, name: &Text) -> Vec<Table> {
    let coordinated = coordinator_of(world, name);
    let group = coordinated.and_then(|(_, coordinator)| coordinator.group(name));
    let (Some((_, coordinator)), Some(group)) = (coordinated, group) else {
        return Vec::new();
    };
    vec![
        Table {
            caption: "Members, as the coordinator has them",
            head: &["member", "partitions", "may be silent for"],
            none: "No members. Offsets are kept until the group returns.",
            rows: group
                .members()
                .iter()
                .map(|member| member_row(world, coordinator, group, member))
                .collect(),
        },
        Table {
            caption: "Offsets",
            head: &[
                "partition",
                "committed",
                "position",
                "high watermark",
                "lag",
            ],
            none: "Nothing is committed and nobody reads.",
            rows: partitions(world, group, name)
                .into_iter()
                .map(|partition| offsets_row(world, Some(group), name, &partition))
                .collect(),
        },
    ]
}

/// What a consumer's page says besides: its place in its group.
pub(super) fn membership(world: &World, consumer: &Consumer) -> Vec<Row> {
    let config = consumer.config();
    let Some(membership) = consumer.membership() else {
        return vec![(
            "group".into(),
            "none: nobody remembers where it was".to_owned(),
        )];
    };
    let name = &config.group_id;
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name: &'static str, value: String| rows.push((name.into(), value));
    row("group", name.to_string());
    if config.subscribe.0.is_empty() {
        row("partitions", "assigned by hand".to_owned());
    } else {
        row("subscribes to", list(&config.subscribe.0));
        let stage = match (&membership.failure, &membership.stage) {
            (Some(error), _) => format!("gave up: {}", error.name()),
            (None, Stage::Unjoined) => "no member: it has to join".to_owned(),
            (None, Stage::Joining) => "joins, and waits until all others have".to_owned(),
            (None, Stage::Leading(_)) => "divides the partitions for all".to_owned(),
            (None, Stage::Syncing) => "waits for its part".to_owned(),
            (None, Stage::Stable) if membership.is_joining() => "joins again".to_owned(),
            (None, Stage::Stable) => "has its part".to_owned(),
        };
        row("as a member", stage);
        let generation = &membership.generation;
        if !generation.member.is_empty() {
            row("member id", generation.member.to_string());
            let known = coordinator_of(world, name);
            let known = known.and_then(|(_, coordinator)| coordinator.group(name));
            if let Some(group) = known {
                let mut members = group.members().iter();
                let here = members.any(|member| member.id == generation.member);
                let words = match (here, group.leader() == Some(&generation.member)) {
                    (false, _) => "not a member, and has not heard of it",
                    (true, true) => "member, and leader: it divides",
                    (true, false) => "member",
                };
                row("as the coordinator has it", words.to_owned());
            }
        }
        if generation.number >= 0 {
            row("generation", generation.number.to_string());
        }
    }
    let coordinator = consumer.coordinator();
    row(
        "coordinator, as it knows",
        coordinator.map_or("nobody yet".to_owned(), |broker| format!("broker {broker}")),
    );
    row("commits", commits(config));
    row("without an offset begins", reset(config));
    rows
}

/// The table of a consumer in a group: its partitions.
pub(super) fn own_tables(world: &World, consumer: &Consumer) -> Vec<Table> {
    if !consumer.config().has_group() {
        return Vec::new();
    }
    let name = &consumer.config().group_id;
    let coordinated = coordinator_of(world, name);
    let group = coordinated.and_then(|(_, coordinator)| coordinator.group(name));
    let rows = consumer.partitions().map(|view| {
        let committed = group.and_then(|group| group.offsets().get(view.partition));
        numbers(
            world,
            view.partition,
            committed.map(|committed| committed.offset),
            view.position,
        )
    });
    vec![Table {
        caption: "Its partitions",
        head: &[
            "partition",
            "committed",
            "position",
            "high watermark",
            "lag",
        ],
        none: "No partition.",
        rows: rows.collect(),
    }]
}

fn commits(config: &ConsumerConfig) -> String {
    let automatic = format!("by itself every {}", span(config.auto_commit_interval));
    let by_hand = match config.application_commits {
        CommitsWhen::Never => None,
        CommitsWhen::First => Some("before it works on what it was given"),
        CommitsWhen::Sync => Some("when it is done with a batch, and waits"),
        CommitsWhen::Each => Some("when it is done with each record, and waits"),
        CommitsWhen::Async => Some("when it is done with a batch, without waiting"),
    };
    let before = match config.application_on_revoked {
        OnRevoked::Nothing => None,
        OnRevoked::Commit => Some("before partitions are taken from it"),
    };
    let automatic = config.enable_auto_commit.then_some(automatic);
    let own = [by_hand, before].into_iter().flatten().map(str::to_owned);
    let all: Vec<String> = automatic.into_iter().chain(own).collect();
    match all.is_empty() {
        true => "never".to_owned(),
        false => all.join(", and "),
    }
}

fn reset(config: &ConsumerConfig) -> String {
    use crate::client::config::AutoOffsetReset as Reset;
    match config.auto_offset_reset {
        Reset::Earliest => "at the earliest record",
        Reset::Latest => "behind the latest record",
        Reset::None => "nowhere: it stops",
    }
    .to_owned()
}

fn state(coordinator: &Coordinator, group: &Group, world: &World) -> String {
    let name = group.state().name();
    let joined = group.members().iter().filter(|m| m.is_joining()).count();
    let deadline = coordinator.deadlines().find_map(|(at, timer)| match timer {
        Timer::Join { group: of } | Timer::Sync { group: of } if *of == group.id => Some(at),
        _ => None,
    });
    let until = deadline.map_or(String::new(), |at| {
        format!(", at most {} more", span(at.since(world.now())))
    });
    match name {
        "PreparingRebalance" => {
            let of = group.members().len();
            format!("{name}: {joined} of {of} have joined{until}")
        }
        "CompletingRebalance" => format!("{name}: the leader divides{until}"),
        _ => name.to_owned(),
    }
}

/// The consumers that belong to a group, whether they run or not.
fn consumers<'a>(
    world: &'a World,
    name: &'a Text,
) -> impl Iterator<Item = (&'a Host, &'a Consumer)> {
    let hosts = world.hosts();
    hosts.filter_map(move |host| {
        let consumer = host.consumer()?;
        (consumer.config().group_id == *name).then_some((host, consumer))
    })
}

/// The consumer that is a member under this id: its name, or its client id if it does not run.
fn who(world: &World, group: &Text, id: &Text) -> Option<String> {
    let mut all = consumers(world, group);
    let found = all.find(|(_, consumer)| {
        let membership = consumer.membership();
        membership.is_some_and(|membership| membership.generation.member == *id)
    });
    if let Some((host, _)) = found {
        return Some(client_name(world, host.id).to_string());
    }
    let (_, coordinator) = coordinator_of(world, group)?;
    let mut members = coordinator.group(group)?.members().iter();
    let member = members.find(|member| member.id == *id)?;
    Some(format!("{}, not heard of", member.client_id))
}

fn member_row(
    world: &World,
    coordinator: &Coordinator,
    group: &Group,
    member: &Member,
) -> Vec<String> {
    let name = who(world, &group.id, &member.id).unwrap_or_else(|| member.client_id.to_string());
    let name = match group.leader() == Some(&member.id) {
        true => format!("{name}, leader"),
        false => name,
    };
    let part = Assignment::read(&member.assignment);
    let part: Vec<TopicPartition> = part.map_or(Vec::new(), |part| part.partitions().collect());
    let part = match part.is_empty() {
        true => "none".to_owned(),
        false => list(&part),
    };
    let deadline = coordinator.deadlines().find_map(|(at, timer)| match timer {
        Timer::Session {
            group: of,
            member: id,
        } if *of == group.id && *id == member.id => Some(at),
        _ => None,
    });
    let left = deadline.map_or("as long as it joins".to_owned(), |at| {
        let left: Duration = at.since(world.now());
        span(left)
    });
    vec![name, part, left]
}

/// The partitions of which a group has committed something or that a member reads.
fn partitions(world: &World, group: &Group, name: &Text) -> Vec<TopicPartition> {
    let mut all: Vec<TopicPartition> = group.offsets().iter().map(|(p, _)| p.clone()).collect();
    for (_, consumer) in consumers(world, name) {
        for view in consumer.partitions() {
            if !all.contains(view.partition) {
                all.push(view.partition.clone());
            }
        }
    }
    all.sort_unstable();
    all
}

fn offsets_row(
    world: &World,
    group: Option<&Group>,
    name: &Text,
    partition: &TopicPartition,
) -> Vec<String> {
    let committed = group.and_then(|group| group.offsets().get(partition));
    let mut readers = consumers(world, name);
    let position = readers.find_map(|(_, consumer)| consumer.partition(partition)?.position);
    numbers(
        world,
        partition,
        committed.map(|kept| kept.offset),
        position,
    )
}

fn numbers(
    world: &World,
    partition: &TopicPartition,
    committed: Option<Offset>,
    position: Option<Offset>,
) -> Vec<String> {
    let leader = world
        .cluster()
        .partition(partition)
        .map(|state| state.leader);
    let leader = leader.and_then(|leader| world.broker_by_id(leader)?.partition(partition));
    let end = leader.map(|replica| replica.high_watermark());
    let lag = end
        .zip(committed.or(position))
        .map(|(end, at)| (end - at).max(0));
    let number = |offset: Option<Offset>| offset.map_or("–".to_owned(), |at| at.0.to_string());
    vec![
        partition.to_string(),
        number(committed),
        number(position),
        number(end),
        lag.map_or("–".to_owned(), |lag| lag.to_string()),
    ]
}
