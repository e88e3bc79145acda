//! The parts of sentences: who acts, how many, and which.

use crate::model::{BrokerId, Offset, ProcessId, TopicPartition};

/// Partitions, as one says them.
pub(super) fn named(partitions: &[TopicPartition]) -> String {
    match partitions {
        [] => "nothing".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let names: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("{} and {last}", names.join(", "))
        }
    }
}

pub(super) fn plural(count: u32, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

pub(super) fn list(ids: &[BrokerId]) -> String {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

pub(super) fn span(base: Offset, next: Offset) -> String {
    match next - base {
        1 => format!("offset {}", base.0),
        _ => format!("offsets {} to {}", base.0, next.0 - 1),
    }
}

/// How a sentence names a process.
pub(super) fn actor(by: Option<ProcessId>) -> String {
    match by {
        None => "You".to_owned(),
        Some(ProcessId::Broker(n)) => format!("Broker {n}"),
        Some(ProcessId::Producer(n)) => format!("Producer {n}"),
        Some(ProcessId::Consumer(n)) => format!("Consumer {n}"),
        Some(ProcessId::Admin(n)) => format!("Admin client {n}"),
        Some(ProcessId::Socket(n)) => format!("Client {n}"),
        Some(ProcessId::ZooKeeper(n)) => format!("ZooKeeper server {n}"),
    }
}

/// How a sentence names a process that is not its subject.
pub(super) fn noun(process: ProcessId) -> String {
    match process {
        ProcessId::ZooKeeper(_) => actor(Some(process)),
        _ => {
            let name = actor(Some(process));
            name[..1].to_lowercase() + &name[1..]
        }
    }
}
