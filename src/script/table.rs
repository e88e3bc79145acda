//! The tables that a transcript shows.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::broker::Disk;
use crate::fact::{Fact, Shown, short_member};
use crate::model::{ProcessId, TopicPartition};
use crate::protocol::consumer_protocol::Assignment;
use crate::protocol::{Chunks, Field, describe_response};
use crate::world::{History, Host, World};

/// Every replica of the world: its role, where its log begins and ends, what it exposes. Of a broker that
/// does not run, what is on its disk.
pub fn replicas(world: &World) -> String {
    let mut text = String::new();
    for host in world.hosts() {
        for (partition, log) in host.disk().into_iter().flat_map(Disk::logs) {
            let (id, start, end) = (host.id, log.start(), log.end());
            let _ = writeln!(text, "{id} {partition} on disk log {start}..{end}");
        }
        let Some(broker) = host.broker() else {
            continue;
        };
        for (partition, replica) in broker.partitions() {
            let role = if replica.is_leader() {
                "leader"
            } else {
                "follower"
            };
            let _ = write!(
                text,
                "b{} {partition} {role} {} log {}..{} hw {}",
                broker.id(),
                replica.leader_epoch(),
                replica.log_start(),
                replica.log_end(),
                replica.high_watermark(),
            );
            if replica.is_leader() {
                let isr: Vec<String> = replica.isr().iter().map(ToString::to_string).collect();
                let _ = write!(text, " isr {}", isr.join(","));
            }
            text.push('\n');
        }
    }
    text
}

/// The producers that every replica knows, with the numbers of the batches that it remembers.
pub fn producers(world: &World) -> String {
    let mut text = String::new();
    for broker in world.brokers() {
        for (partition, replica) in broker.partitions() {
            for (id, producer) in replica.log().producers().iter() {
                let batches = producer.batches().iter();
                let batches = batches.map(|batch| {
                    let (base, last) = (batch.base_sequence, batch.last_sequence);
                    match base == last {
                        true => format!("#{base}{}", batch.base_offset),
                        false => format!("#{base}..{last}{}", batch.base_offset),
                    }
                });
                let batches: Vec<String> = batches.collect();
                let _ = writeln!(
                    text,
                    "b{} {partition} producer {id} epoch {} {}",
                    broker.id(),
                    producer.epoch(),
                    batches.join(" ")
                );
            }
        }
    }
    text
}

/// Every batch of a partition, on every broker that holds it.
pub fn log(world: &World, partition: &TopicPartition) -> String {
    let mut text = String::new();
    for broker in world.brokers() {
        let Some(replica) = broker.partition(partition) else {
            continue;
        };
        let segments: Vec<String> = replica
            .log()
            .segments()
            .map(|segment| segment.base_offset().to_string())
            .collect();
        let (id, count) = (broker.id(), segments.join(" "));
        let _ = writeln!(
            text,
            "b{id} {partition} {} bytes, segments at {count}",
            replica.log().bytes()
        );
        for batch in replica
            .log()
            .batches(replica.log_start(), replica.log_end())
        {
            let (base, last, epoch) = (batch.base_offset(), batch.last_offset(), batch.epoch());
            let _ = write!(text, "b{id} {base}..{last} {epoch} {} bytes", batch.size());
            let header = batch.header();
            let all = header.last_offset_delta + 1;
            if header.records_count < all {
                let _ = write!(text, ", {} of {all} records", header.records_count);
            }
            if header.delete_horizon().is_some() {
                text.push_str(", holds tombstones");
            }
            text.push('\n');
        }
    }
    text
}

/// Every record of a partition as its leader has it: what is committed a consumer reads, the rest it may
/// read one day.
pub fn records(world: &World, partition: &TopicPartition) -> String {
    let state = world.cluster().partition(partition);
    let leader = state.and_then(|state| world.broker_by_id(state.leader));
    let Some(replica) = leader.and_then(|leader| leader.partition(partition)) else {
        return format!("{partition} is led by nobody\n");
    };
    let mut text = String::new();
    for batch in (replica.log()).batches(replica.log_start(), replica.log_end()) {
        for record in batch.batch().records().filter_map(Result::ok) {
            let _ = write!(text, "{partition}{} ", record.offset);
            if record.key.is_some() {
                let _ = write!(text, "{}: ", Shown(record.key.as_ref()));
            }
            let _ = write!(text, "{}", Shown(record.value.as_ref()));
            text.push_str(match record.offset < replica.high_watermark() {
                true => "\n",
                false => ", not committed\n",
            });
        }
    }
    text
}

/// What each broker would answer to Metadata.
pub fn metadata(world: &World) -> String {
    let mut text = String::new();
    for broker in world.brokers() {
        for (topic, image) in broker.metadata().topics() {
            for (partition, known) in &image.partitions {
                let isr: Vec<String> = known.isr.iter().map(ToString::to_string).collect();
                let (id, leader, epoch) = (broker.id(), known.leader, known.leader_epoch);
                let isr = isr.join(",");
                let _ = writeln!(
                    text,
                    "b{id} knows {topic}-{partition} leader {leader} {epoch} isr {isr}"
                );
            }
        }
    }
    text
}

/// Clients and where they stand.
pub fn clients(world: &World) -> String {
    let mut text = String::new();
    for host in world.hosts() {
        if let Some(producer) = host.producer() {
            let tally = producer.tally();
            let _ = writeln!(
                text,
                "{} queued {} acknowledged {} failed {} retried {}",
                host.id, tally.queued, tally.acknowledged, tally.failed, tally.retried
            );
        }
        if let Some(consumer) = host.consumer() {
            for view in consumer.partitions() {
                let (id, partition) = (host.id, view.partition);
                let shown = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
                let position = shown(view.position.map(|offset| offset.to_string()));
                let lag = shown(view.lag.map(|lag| lag.to_string()));
                let paused = if view.is_paused { " paused" } else { "" };
                let _ = writeln!(
                    text,
                    "{id} {partition} position {position} lag {lag}{paused}"
                );
            }
        }
    }
    text
}

/// Every group where it is coordinated: its members and what it remembers.
pub fn groups(world: &World) -> String {
    let mut text = String::new();
    for broker in world.brokers() {
        for group in broker.coordinator().groups() {
            let (id, name, state) = (broker.id(), &group.id, group.state().name());
            let generation = group.generation();
            let _ = write!(text, "b{id} {name} {state} generation {generation}");
            if let Some(protocol) = group.protocol() {
                let _ = write!(text, " {protocol}");
            }
            text.push('\n');
            for member in group.members() {
                let leads = match group.leader() == Some(&member.id) {
                    true => "*",
                    false => "",
                };
                let given = Assignment::read(&member.assignment).unwrap_or_default();
                let given = given.assigned_partitions.iter().flat_map(|topic| {
                    let name = &topic.topic;
                    let numbers = topic.partitions.iter();
                    numbers.map(move |number| format!(" {name}-{number}"))
                });
                let given: String = given.collect();
                let member = short_member(&member.id);
                let _ = writeln!(text, "b{id} {name} {member}{leads}{given}");
            }
            for (partition, committed) in group.offsets().iter() {
                let offset = committed.offset;
                let _ = writeln!(text, "b{id} {name} {partition} committed {offset}");
            }
        }
    }
    text
}

/// What a socket was answered and nobody has taken, an answer a line with its fields in order. An answer does not say
/// what was asked; the broker that gave it has noted that.
pub fn answers(history: &History, socket: ProcessId) -> String {
    let host = history.world().host(socket).and_then(Host::socket);
    let pieces = host.map_or(&[][..], |socket| &socket.received);
    let bytes: Vec<u8> = pieces.concat();
    let entries = history.observed().journal.since(0);
    let mut given = entries.filter_map(|entry| match entry.fact {
        Fact::ResponseSent {
            connection,
            api,
            version,
            correlation_id,
        } if connection.opener == socket => Some((api, version, correlation_id)),
        _ => None,
    });
    let (mut text, mut rest) = (String::new(), &bytes[..]);
    while let Some((size, id)) = number(rest, 0).zip(number(rest, 4)) {
        let end = usize::try_from(size).map_or(0, |size| 4 + size);
        let Some((frame, behind)) = rest.split_at_checked(end).filter(|_| end >= 8) else {
            break;
        };
        rest = behind;
        let Some((api, version, id)) = given.find(|given| given.2 == id) else {
            continue;
        };
        let frame = Chunks::from(Bytes::copy_from_slice(frame));
        let mut fields = Vec::new();
        let described = describe_response(&frame, api, version);
        let body = described.root.children.iter();
        for field in body.filter(|field| field.name == "body") {
            name_leaves(field, &mut fields);
        }
        let (name, fields) = (api.name(), fields.join(", "));
        let _ = writeln!(text, "{socket} {name} v{version} #{id}: {fields}");
    }
    text
}

/// The 32-bit number that stands there.
fn number(bytes: &[u8], at: usize) -> Option<i32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(i32::from_be_bytes(bytes.try_into().ok()?))
}

/// Every field that has a value of its own. How many elements an array has is seen.
fn name_leaves(field: &Field, into: &mut Vec<String>) {
    if field.children.is_empty() && field.name != "count" {
        into.push(format!("{} {}", field.name, field.value));
    }
    for child in &field.children {
        name_leaves(child, into);
    }
}
