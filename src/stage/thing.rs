//! The things on the stage, by name.
//!
//! A [`Thing`] names what a reader can point at: a broker, a partition, one replica of it, a record, one
//! copy of that record. The same name serves selection, keyboard focus, the washes of a lesson, hit
//! targets, accessible names and the keys by which the painter finds an element again.
//!
//! Every name has one short print that also parses, so lessons and links can hold it:
//! `b1`, `p1`, `orders-0`, `orders-0/b3`, `orders-0@43`, `orders-0@43/b3`, `b1~b3`, `topic:orders`,
//! `group:readers`, `zookeeper`, `/controller`, `field:2`, `stage`.

use std::fmt;

use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};

/// Something on the stage that has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The whole picture.
    Stage,
    /// Where the cluster's state is kept.
    Coordination,
    /// A broker, a client or a ZooKeeper server.
    Process(ProcessId),
    Topic(TopicName),
    Group(Text),
    Partition(TopicPartition),
    Replica(TopicPartition, BrokerId),
    /// A record, wherever copies of it are.
    Record(TopicPartition, Offset),
    /// One copy of a record.
    Copy(TopicPartition, Offset, BrokerId),
    /// The link between two processes; the smaller id comes first.
    Link(ProcessId, ProcessId),
    Znode(Text),
    /// A field of the record that the record lens takes apart.
    Field(u16),
    /// Something on its way.
    Traveller(u64),
    /// The button on a broker's card that ends its process, or starts it again.
    Switch(ProcessId),
}

impl Thing {
    pub fn broker(id: BrokerId) -> Thing {
        Thing::Process(ProcessId::from(id))
    }

    pub fn link(a: ProcessId, b: ProcessId) -> Thing {
        Thing::Link(a.min(b), a.max(b))
    }

    /// One step up: copy, replica, broker, stage. Escape on the keyboard walks this way.
    pub fn parent(&self) -> Option<Thing> {
        let parent = match self {
            Thing::Stage => return None,
            Thing::Copy(partition, _, broker) => Thing::Replica(partition.clone(), *broker),
            Thing::Record(partition, _) => Thing::Partition(partition.clone()),
            Thing::Replica(_, broker) => Thing::broker(*broker),
            Thing::Switch(id) => Thing::Process(*id),
            Thing::Partition(partition) => Thing::Topic(partition.topic.clone()),
            Thing::Znode(_) | Thing::Process(ProcessId::ZooKeeper(_)) => Thing::Coordination,
            _ => Thing::Stage,
        };
        Some(parent)
    }

    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Thing> {
        match text {
            "stage" => return Some(Thing::Stage),
            "zookeeper" => return Some(Thing::Coordination),
            _ => {}
        }
        if text.starts_with('/') {
            return Some(Thing::Znode(text.into()));
        }
        if let Some((kind, name)) = text.split_once(':') {
            return match kind {
                "topic" => TopicName::check(name)
                    .ok()
                    .map(|()| Thing::Topic(TopicName::new(name))),
                "group" if !name.is_empty() => Some(Thing::Group(name.into())),
                "field" => name.parse().ok().map(Thing::Field),
                "traveller" => name.parse().ok().map(Thing::Traveller),
                "switch" => ProcessId::parse(name).map(Thing::Switch),
                _ => None,
            };
        }
        if let Some((a, b)) = text.split_once('~') {
            return Some(Thing::link(ProcessId::parse(a)?, ProcessId::parse(b)?));
        }
        if let Some(process) = ProcessId::parse(text) {
            return Some(Thing::Process(process));
        }
        let (log, broker) = match text.split_once('/') {
            Some((log, broker)) => (log, Some(ProcessId::parse(broker)?.broker()?)),
            None => (text, None),
        };
        let (partition, offset) = match log.split_once('@') {
            Some((partition, offset)) => (partition, Some(Offset(offset.parse().ok()?))),
            None => (log, None),
        };
        let partition = TopicPartition::parse(partition)?;
        Some(match (offset, broker) {
            (None, None) => Thing::Partition(partition),
            (None, Some(broker)) => Thing::Replica(partition, broker),
            (Some(offset), None) => Thing::Record(partition, offset),
            (Some(offset), Some(broker)) => Thing::Copy(partition, offset, broker),
        })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Stage => f.write_str("stage"),
            Thing::Coordination => f.write_str("zookeeper"),
            Thing::Process(id) => write!(f, "{id}"),
            Thing::Topic(name) => write!(f, "topic:{name}"),
            Thing::Group(name) => write!(f, "group:{name}"),
            Thing::Partition(partition) => write!(f, "{partition}"),
            Thing::Replica(partition, broker) => write!(f, "{partition}/b{broker}"),
            Thing::Record(partition, offset) => write!(f, "{partition}{offset}"),
            Thing::Copy(partition, offset, broker) => write!(f, "{partition}{offset}/b{broker}"),
            Thing::Link(a, b) => write!(f, "{a}~{b}"),
            Thing::Znode(path) => f.write_str(path),
            Thing::Field(index) => write!(f, "field:{index}"),
            Thing::Traveller(id) => write!(f, "traveller:{id}"),
            Thing::Switch(id) => write!(f, "switch:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_thing_reads_back() {
        for text in [
            "stage",
            "zookeeper",
            "b1",
            "c12",
            "zk2",
            "topic:orders",
            "group:readers",
            "orders-0",
            "driver-locations-2/b3",
            "orders-0@43",
            "orders-0@43/b3",
            "b1~b3",
            "/controller",
            "field:2",
            "traveller:7",
            "switch:b2",
        ] {
            assert_eq!(
                Thing::parse(text).map(|thing| thing.to_string()).as_deref(),
                Some(text)
            );
        }
    }

    #[test]
    fn nonsense_is_not_a_thing() {
        for text in [
            "",
            "orders",
            "orders-0@x",
            "orders-0/p1",
            "topic:",
            "group:",
            "b1~",
            "x:1",
        ] {
            assert_eq!(Thing::parse(text), None, "{text}");
        }
    }

    #[test]
    fn escape_ends_at_the_stage() {
        let mut thing = Thing::parse("orders-0@43/b3");
        let mut seen = Vec::new();
        while let Some(now) = thing {
            seen.push(now.to_string());
            thing = now.parent();
        }
        assert_eq!(seen, ["orders-0@43/b3", "orders-0/b3", "b3", "stage"]);
    }
}
