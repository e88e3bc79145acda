//! Kafka's nouns as types, and the simulation's names for its hosts and conversations.
//!
//! Every id is a newtype with one short print that also parses: `b1 p1 c1 a1 s1 zk1 orders-0 @12 e3`.
//! On the wire the same ids are plain integers; messages hold them so, and the organs wrap them.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;

use crate::base64;

/// A short immutable text shared by reference: names, client ids, hosts.
pub type Text = Arc<str>;

/// A broker's `broker.id`. −1 stands for "none" wherever Kafka puts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub i32);

impl BrokerId {
    /// No leader, no controller.
    pub const NONE: BrokerId = BrokerId(-1);
}

/// A topic's name: 1 to 249 of `[a-zA-Z0-9._-]`, neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(pub Text);

/// A topic's identity, which a topic created again under the same name does not share. Zero is "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: TopicName,
    pub partition: i32,
}

/// The place of a record in its partition's log, counted from 0 and never reused within an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

/// Counts the leaders of a partition: one more with every election. −1 is "no epoch".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

/// Counts the changes of a partition's state: the data version of its znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionEpoch(pub i32);

/// Counts the controllers of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControllerEpoch(pub i32);

/// Tells one life of a broker from the next: the czxid of its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerEpoch(pub i64);

/// Who wrote a batch, for duplicate detection. −1 is "not idempotent".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub i64);

/// How often a producer has begun anew with its id: older batches are refused then. −1 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerEpoch(pub i16);

/// One process of the world: `b1` a broker, `p1` a producer, `c1` a consumer, `a1` an admin client,
/// `s1` a socket that carries somebody else's bytes, `zk1` a ZooKeeper server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessId {
    ZooKeeper(u16),
    Broker(u16),
    Producer(u16),
    Consumer(u16),
    Admin(u16),
    Socket(u16),
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub host: Text,
    pub port: u16,
}

/// Which end of a connection a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that connected and sends requests.
    Client,
    /// The end that listened and answers.
    Server,
}

/// One end of one connection.
///
/// The opener numbers its connections from 1 and never reuses a number, also after a restart. The two
/// ends differ only in `side`, which lets a broker hold both ends of a connection to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    pub opener: ProcessId,
    pub serial: u32,
    pub side: Side,
}

impl ConnectionId {
    /// The end that `opener` holds of its `serial`-th connection.
    pub fn client(opener: ProcessId, serial: u32) -> ConnectionId {
        ConnectionId {
            opener,
            serial,
            side: Side::Client,
        }
    }

    /// The same connection seen from the other end.
    pub fn other_end(self) -> ConnectionId {
        let side = match self.side {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        };
        ConnectionId { side, ..self }
    }
}

impl Address {
    /// Reads `broker-2:9092` and `[::1]:9092`.
    pub fn parse(text: &str) -> Option<Address> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(inner) => inner,
            None if host.contains(':') => return None,
            None => host,
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if host.is_empty() || host.len() > 255 || !host.chars().all(legal) {
            return None;
        }
        let port = port.parse().ok()?;
        let host = host.into();
        Some(Address { host, port })
    }
}

impl ProcessId {
    /// A number unique among processes, used to give each its own random stream.
    pub fn stream(self) -> u64 {
        let (kind, number) = self.parts();
        (u64::from(kind) << 16) | u64::from(number)
    }

    fn parts(self) -> (u8, u16) {
        match self {
            ProcessId::ZooKeeper(n) => (1, n),
            ProcessId::Broker(n) => (2, n),
            ProcessId::Producer(n) => (3, n),
            ProcessId::Consumer(n) => (4, n),
            ProcessId::Admin(n) => (5, n),
            ProcessId::Socket(n) => (6, n),
        }
    }

    /// Reads `b1`, `p2`, `zk3` and so on.
    pub fn parse(text: &str) -> Option<ProcessId> {
        let split = text.find(|c: char| c.is_ascii_digit())?;
        let (kind, digits) = text.split_at(split);
        let number: u16 = digits.parse().ok()?;
        if digits != number.to_string() {
            return None;
        }
        match kind {
            "zk" => Some(ProcessId::ZooKeeper(number)),
            "b" => Some(ProcessId::Broker(number)),
            "p" => Some(ProcessId::Producer(number)),
            "c" => Some(ProcessId::Consumer(number)),
            "a" => Some(ProcessId::Admin(number)),
            "s" => Some(ProcessId::Socket(number)),
            _ => None,
        }
    }

    /// The broker's id, when this is a broker.
    pub fn broker(self) -> Option<BrokerId> {
        match self {
            ProcessId::Broker(n) => Some(BrokerId(i32::from(n))),
            _ => None,
        }
    }
}

impl TopicName {
    pub fn new(name: &str) -> TopicName {
        TopicName(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Kafka's rule for legal names; `Err` says which part of it was broken.
    pub fn check(name: &str) -> Result<(), &'static str> {
        if name.is_empty() {
            return Err("a topic name is not empty");
        }
        if name == "." || name == ".." {
            return Err("a topic is not named \".\" or \"..\"");
        }
        if name.len() > LONGEST_TOPIC_NAME {
            return Err("a topic name has at most 249 characters");
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !name.chars().all(legal) {
            return Err("a topic name is made of letters, digits, '.', '_' and '-'");
        }
        Ok(())
    }

    /// The same rule in Kafka's sentences (`Topic.validate`).
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn validate(name: &str) -> Result<(), String> {
        if TopicName::check(name).is_ok() {
            return Ok(());
        }
        let why = match name {
            "" => "the empty string is not allowed".to_owned(),
            "." | ".." => format!("'{name}' is not allowed"),
            _ if name.len() > LONGEST_TOPIC_NAME => format!(
                "the length of '{name}' is longer than the max allowed length {LONGEST_TOPIC_NAME}"
            ),
            _ => format!(
                "'{name}' contains one or more characters other than ASCII alphanumerics, \
                 '.', '_' and '-'"
            ),
        };
        Err(format!("Topic name is invalid: {why}"))
    }
}

/// How many characters a topic's name may have.
const LONGEST_TOPIC_NAME: usize = 249;

impl TopicId {
    /// 22 letters, as Kafka writes uuids.
    pub fn to_base64(self) -> String {
        base64::encode(&self.0)
    }

    pub fn from_base64(text: &str) -> Option<TopicId> {
        let bytes = base64::decode(text)?;
        Some(TopicId(bytes.try_into().ok()?))
    }
}

impl TopicPartition {
    pub fn new(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition {
            topic: TopicName::new(topic),
            partition,
        }
    }

    /// Reads `orders-0`: everything before the last hyphen is the topic.
    pub fn parse(text: &str) -> Option<TopicPartition> {
        let (topic, partition) = text.rsplit_once('-')?;
        TopicName::check(topic).ok()?;
        let partition: i32 = partition.parse().ok().filter(|p| *p >= 0)?;
        Some(TopicPartition::new(topic, partition))
    }
}

impl Offset {
    pub const ZERO: Offset = Offset(0);
}

impl LeaderEpoch {
    /// Kafka's "no epoch".
    pub const NONE: LeaderEpoch = LeaderEpoch(-1);

    pub fn next(self) -> LeaderEpoch {
        LeaderEpoch(self.0 + 1)
    }
}

impl PartitionEpoch {
    pub fn next(self) -> PartitionEpoch {
        PartitionEpoch(self.0 + 1)
    }
}

impl ProducerId {
    pub const NONE: ProducerId = ProducerId(-1);
}

impl Add<i64> for Offset {
    type Output = Offset;
    fn add(self, count: i64) -> Offset {
        Offset(self.0 + count)
    }
}

impl AddAssign<i64> for Offset {
    fn add_assign(&mut self, count: i64) {
        self.0 += count;
    }
}

/// How many offsets lie from `other` up to `self`.
impl Sub for Offset {
    type Output = i64;
    fn sub(self, other: Offset) -> i64 {
        self.0 - other.0
    }
}

impl BrokerId {
    /// The process of this broker; `None` of nobody, and of an id that no plan allows.
    pub fn process(self) -> Option<ProcessId> {
        u16::try_from(self.0).ok().map(ProcessId::Broker)
    }
}

impl From<BrokerId> for ProcessId {
    /// # Panics
    /// For ids outside 0..=65535, which no plan allows.
    fn from(id: BrokerId) -> ProcessId {
        ProcessId::Broker(u16::try_from(id.0).expect("a plan's broker ids are from 0 to 65535"))
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessId::ZooKeeper(n) => write!(f, "zk{n}"),
            ProcessId::Broker(n) => write!(f, "b{n}"),
            ProcessId::Producer(n) => write!(f, "p{n}"),
            ProcessId::Consumer(n) => write!(f, "c{n}"),
            ProcessId::Admin(n) => write!(f, "a{n}"),
            ProcessId::Socket(n) => write!(f, "s{n}"),
        }
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.opener, self.serial)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ProducerEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

impl fmt::Display for LeaderEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_id_reads_back() {
        for text in ["b1", "p12", "c3", "a1", "s9", "zk2"] {
            assert_eq!(
                ProcessId::parse(text).map(|id| id.to_string()).as_deref(),
                Some(text)
            );
        }
        let partition = TopicPartition::parse("driver-locations-2");
        assert_eq!(partition, Some(TopicPartition::new("driver-locations", 2)));
    }

    #[test]
    fn a_printed_address_reads_back() {
        for text in ["broker-1:9092", "127.0.0.1:9093", "[::1]:9094"] {
            let address = Address::parse(text).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Some(text));
        }
        for text in [
            "", "broker-1", ":9092", "::1:9092", "a b:1", "a:65536", "a:",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nonsense_is_not_an_id() {
        for text in ["", "b", "1", "b01", "x1", "b70000", "b-1", "bb1"] {
            assert_eq!(ProcessId::parse(text), None, "{text}");
        }
        for text in ["orders", "-0", "or/ders-0", "orders-x"] {
            assert_eq!(TopicPartition::parse(text), None, "{text}");
        }
    }

    #[test]
    fn topic_names_follow_the_rule_of_kafka() {
        assert!(TopicName::check("driver-locations_2.v1").is_ok());
        for name in ["", ".", "..", "a/b", "\u{0}", "日本"] {
            assert!(TopicName::check(name).is_err(), "{name:?}");
        }
        assert!(TopicName::check(&"x".repeat(249)).is_ok());
        assert!(TopicName::check(&"x".repeat(250)).is_err());
        let long = "x".repeat(250);
        let legal =
            "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
        for (name, why) in [
            ("", "the empty string is not allowed".to_owned()),
            (".", "'.' is not allowed".to_owned()),
            ("..", "'..' is not allowed".to_owned()),
            ("x y", format!("'x y' {legal}")),
            (
                &long,
                format!("the length of '{long}' is longer than the max allowed length 249"),
            ),
        ] {
            let why = format!("Topic name is invalid: {why}");
            assert_eq!(TopicName::validate(name), Err(why));
        }
        assert_eq!(TopicName::validate("driver-locations_2.v1"), Ok(()));
    }
}
