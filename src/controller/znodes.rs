//! Kafka's znodes: their paths, and the JSON that stands in them (`ZkData.scala`).
//!
//! What is written here is what `zookeeper-shell` would show. What is read may have been written by
//! somebody else: a znode that cannot be understood is `None`, never a panic.
//!
//! Not modelled: access rules, quotas, delegation tokens, features; what legacy consumers wrote below `/consumers`
//! themselves, beside their offsets.

use std::num::ParseIntError;

use bytes::Bytes;
use serde_json::{Value, json};

use super::partition_state::{PartitionState, Recovery};
use crate::base64;
use crate::model::{
    Address, BrokerId, LeaderEpoch, PartitionEpoch, Text, TopicId, TopicName, TopicPartition,
};
use crate::sorted::SortedMap;
use crate::time::Timestamp;
use crate::zookeeper::tree::check_path;

pub const BROKER_IDS: &str = "/brokers/ids";
pub const TOPICS: &str = "/brokers/topics";
pub const CONTROLLER: &str = "/controller";
pub const CONTROLLER_EPOCH: &str = "/controller_epoch";
pub const DELETE_TOPICS: &str = "/admin/delete_topics";
pub const CONFIG_TOPICS: &str = "/config/topics";
/// Where notes about changed settings are left.
pub const CONFIG_CHANGES: &str = "/config/changes";
/// What each of them is called, before its number.
pub const CONFIG_CHANGE: &str = "/config/changes/config_change_";
pub const PRODUCER_IDS: &str = "/latest_producer_id_block";

pub const CLUSTER_ID: &str = "/cluster/id";

/// Below it stands how far groups have read that keep this in ZooKeeper.
pub const CONSUMERS: &str = "/consumers";

/// Every znode that a broker makes sure of when it starts, parents first (`ZkData.PersistentZkPaths`).
pub const PERSISTENT: [&str; 18] = [
    "/admin",
    DELETE_TOPICS,
    "/brokers",
    BROKER_IDS,
    "/brokers/seqid",
    TOPICS,
    "/cluster",
    "/config",
    "/config/brokers",
    CONFIG_CHANGES,
    "/config/clients",
    "/config/ips",
    CONFIG_TOPICS,
    "/config/users",
    CONSUMERS,
    "/isr_change_notification",
    PRODUCER_IDS,
    "/log_dir_event_notification",
];

/// What a topic's znode holds: which brokers have its replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicAssignment {
    pub id: TopicId,
    /// By partition; the preferred leader first.
    pub replicas: SortedMap<i32, Vec<BrokerId>>,
    /// What a reassignment adds, by partition.
    pub adding: SortedMap<i32, Vec<BrokerId>>,
    /// What a reassignment removes, by partition.
    pub removing: SortedMap<i32, Vec<BrokerId>>,
}

pub fn broker_path(id: BrokerId) -> Text {
    format!("{BROKER_IDS}/{id}").into()
}

pub fn topic_path(topic: &TopicName) -> Text {
    format!("{TOPICS}/{topic}").into()
}

pub fn partitions_path(topic: &TopicName) -> Text {
    format!("{TOPICS}/{topic}/partitions").into()
}

pub fn partition_path(name: &TopicPartition) -> Text {
    format!("{TOPICS}/{}/partitions/{}", name.topic, name.partition).into()
}

pub fn state_path(name: &TopicPartition) -> Text {
    format!("{}/state", partition_path(name)).into()
}

pub fn config_path(topic: &TopicName) -> Text {
    format!("{CONFIG_TOPICS}/{topic}").into()
}

/// Something that has settings which can change while everything runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    Topic(TopicName),
    Broker(BrokerId),
    /// All brokers, where they have no setting of their own.
    Brokers,
}

impl Entity {
    /// Its path below `/config`.
    fn place(&self) -> String {
        match self {
            Entity::Topic(topic) => format!("topics/{topic}"),
            Entity::Broker(id) => format!("brokers/{id}"),
            Entity::Brokers => "brokers/<default>".to_owned(),
        }
    }
}

/// Where the settings of something stand.
pub fn entity_path(entity: &Entity) -> Text {
    format!("/config/{}", entity.place()).into()
}

/// Where it stands how far a group has read a partition, if ZooKeeper keeps that; `None` for a group of whose name
/// no znode's can be made.
///
/// Unlike Kafka, where a slash in the name makes one level more.
pub fn offset_path(group: &str, name: &TopicPartition) -> Option<Text> {
    let root = format!("{CONSUMERS}/{group}");
    let is_one_name = !group.contains('/') && check_path(&root).is_ok();
    is_one_name.then(|| format!("{root}/offsets/{}/{}", name.topic, name.partition).into())
}

pub fn write_offset(offset: i64) -> Bytes {
    offset.to_string().into()
}

/// How far a group has read: `None` where the znode is there for others below it.
///
/// # Errors
/// When something else stands there.
pub fn read_offset(data: &Bytes) -> Result<Option<i64>, ParseIntError> {
    let text = String::from_utf8_lossy(data);
    match text.is_empty() {
        true => Ok(None),
        false => text.parse().map(Some),
    }
}

pub fn deletion_path(topic: &TopicName) -> Text {
    format!("{DELETE_TOPICS}/{topic}").into()
}

/// The topic that is to go, of the znode that says so.
pub fn deletion_of(path: &str) -> Option<TopicName> {
    let name = path.strip_prefix(DELETE_TOPICS)?.strip_prefix('/')?;
    Some(TopicName::new(name))
}

/// The topic whose own znode this path is.
pub fn topic_of(path: &str) -> Option<TopicName> {
    let name = path.strip_prefix(TOPICS)?.strip_prefix('/')?;
    (!name.contains('/')).then(|| TopicName::new(name))
}

/// The broker whose registration this path is.
pub fn broker_of(path: &str) -> Option<BrokerId> {
    let id = path.strip_prefix(BROKER_IDS)?.strip_prefix('/')?;
    id.parse().ok().map(BrokerId)
}

/// The topic whose settings this path holds.
pub fn config_of(path: &str) -> Option<TopicName> {
    let name = path.strip_prefix(CONFIG_TOPICS)?.strip_prefix('/')?;
    Some(TopicName::new(name))
}

/// The partition whose state this path holds.
pub fn state_of(path: &str) -> Option<TopicPartition> {
    let rest = path.strip_prefix(TOPICS)?.strip_prefix('/')?;
    let (topic, rest) = rest.split_once("/partitions/")?;
    let partition = rest.strip_suffix("/state")?.parse().ok()?;
    Some(TopicPartition::new(topic, partition))
}

// ---- /cluster/id

/// 22 letters, as Kafka writes uuids.
pub fn write_cluster_id(uuid: [u8; 16]) -> Bytes {
    written(&json!({ "version": "1", "id": base64::encode(&uuid) }))
}

pub fn read_cluster_id(data: &Bytes) -> Option<Text> {
    read(data)?.get("id")?.as_str().map(Text::from)
}

// ---- /brokers/ids/N

pub fn write_broker(address: &Address, at: Timestamp) -> Bytes {
    written(&json!({
        "version": 5,
        "host": &*address.host,
        "port": address.port,
        "jmx_port": -1,
        "timestamp": at.0.to_string(),
        "endpoints": [format!("PLAINTEXT://{}:{}", address.host, address.port)],
        "listener_security_protocol_map": { "PLAINTEXT": "PLAINTEXT" },
        "features": {},
    }))
}

pub fn read_broker(data: &Bytes) -> Option<Address> {
    let value = read(data)?;
    Some(Address {
        host: value.get("host")?.as_str()?.into(),
        port: u16::try_from(value.get("port")?.as_u64()?).ok()?,
    })
}

// ---- /controller, /controller_epoch

pub fn write_controller(id: BrokerId, at: Timestamp) -> Bytes {
    written(&json!({
        "version": 2,
        "brokerid": id.0,
        "timestamp": at.0.to_string(),
        "kraftControllerEpoch": -1,
    }))
}

pub fn read_controller(data: &Bytes) -> Option<BrokerId> {
    read(data)?.get("brokerid").and_then(id)
}

pub fn write_epoch(epoch: i32) -> Bytes {
    Bytes::from(epoch.to_string())
}

pub fn read_epoch(data: &Bytes) -> Option<i32> {
    std::str::from_utf8(data).ok()?.parse().ok()
}

// ---- /brokers/topics/T

pub fn write_topic(topic: &TopicAssignment) -> Bytes {
    let lists = |lists: &SortedMap<i32, Vec<BrokerId>>| -> Value {
        let lists = lists.iter();
        lists
            .map(|(partition, list)| (partition.to_string(), ids(list)))
            .collect()
    };
    written(&json!({
        "version": 3,
        "topic_id": topic.id.to_base64(),
        "partitions": lists(&topic.replicas),
        "adding_replicas": lists(&topic.adding),
        "removing_replicas": lists(&topic.removing),
    }))
}

pub fn read_topic(data: &Bytes) -> Option<TopicAssignment> {
    let value = read(data)?;
    let lists = |field: &str| -> Option<SortedMap<i32, Vec<BrokerId>>> {
        let Some(lists) = value.get(field) else {
            return Some(SortedMap::new());
        };
        let lists = lists.as_object()?.iter();
        lists
            .map(|(partition, list)| Some((partition.parse().ok()?, read_ids(list)?)))
            .collect()
    };
    Some(TopicAssignment {
        id: TopicId::from_base64(value.get("topic_id")?.as_str()?)?,
        replicas: lists("partitions")?,
        adding: lists("adding_replicas")?,
        removing: lists("removing_replicas")?,
    })
}

// ---- /brokers/topics/T/partitions/P/state

/// `leader_recovery_state` stands there only while the leader recovers, as in Kafka.
pub fn write_state(state: &PartitionState, controller_epoch: i32) -> Bytes {
    let mut value = json!({
        "version": 1,
        "controller_epoch": controller_epoch,
        "leader": state.leader.0,
        "leader_epoch": state.leader_epoch.0,
        "isr": ids(&state.isr),
    });
    if state.recovery == Recovery::Recovering {
        value["leader_recovery_state"] = 1.into();
    }
    written(&value)
}

/// The state in a znode of the given version, without the assignment, which stands elsewhere.
pub fn read_state(data: &Bytes, version: i32) -> Option<PartitionState> {
    let value = read(data)?;
    let recovering = value.get("leader_recovery_state").and_then(Value::as_i64);
    Some(PartitionState {
        leader: id(value.get("leader")?)?,
        leader_epoch: LeaderEpoch(number(value.get("leader_epoch")?)?),
        isr: read_ids(value.get("isr")?)?,
        partition_epoch: PartitionEpoch(version),
        recovery: match recovering {
            Some(1) => Recovery::Recovering,
            _ => Recovery::Recovered,
        },
        controller_epoch: number(value.get("controller_epoch")?)?,
        ..PartitionState::default()
    })
}

// ---- /config/topics/T

pub fn write_configs(configs: &[(Text, Text)]) -> Bytes {
    let configs = configs.iter();
    let configs: Value = configs
        .map(|(name, value)| (name.to_string(), Value::from(&**value)))
        .collect();
    written(&json!({ "version": 1, "config": configs }))
}

pub fn read_configs(data: &Bytes) -> Option<Vec<(Text, Text)>> {
    let value = read(data)?;
    let configs = value.get("config")?.as_object()?.iter();
    configs
        .map(|(name, value)| Some((name.as_str().into(), value.as_str()?.into())))
        .collect()
}

// ---- /config/changes/config_change_N

pub fn write_change(of: &Entity) -> Bytes {
    written(&json!({ "version": 2, "entity_path": of.place() }))
}

/// Whose settings have changed.
pub fn read_change(data: &Bytes) -> Option<Entity> {
    let value = read(data)?;
    let (kind, name) = value.get("entity_path")?.as_str()?.split_once('/')?;
    match (kind, name) {
        ("topics", topic) => Some(Entity::Topic(TopicName::new(topic))),
        ("brokers", "<default>") => Some(Entity::Brokers),
        ("brokers", id) => id.parse().ok().map(BrokerId).map(Entity::Broker),
        _ => None,
    }
}

// ---- /latest_producer_id_block

/// A block of producer ids, its last one included, and the broker that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIds {
    pub broker: BrokerId,
    pub first: i64,
    pub last: i64,
}

pub fn write_producer_ids(block: ProducerIds) -> Bytes {
    written(&json!({
        "version": 1,
        "broker": block.broker.0,
        "block_start": block.first.to_string(),
        "block_end": block.last.to_string(),
    }))
}

pub fn read_producer_ids(data: &Bytes) -> Option<ProducerIds> {
    let value = read(data)?;
    let long = |field: &str| value.get(field)?.as_str()?.parse().ok();
    Some(ProducerIds {
        broker: id(value.get("broker")?)?,
        first: long("block_start")?,
        last: long("block_end")?,
    })
}

fn read(data: &Bytes) -> Option<Value> {
    serde_json::from_slice(data).ok()
}

fn written(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

fn number(value: &Value) -> Option<i32> {
    i32::try_from(value.as_i64()?).ok()
}

fn id(value: &Value) -> Option<BrokerId> {
    number(value).map(BrokerId)
}

fn ids(list: &[BrokerId]) -> Value {
    list.iter().map(|id| Value::from(id.0)).collect()
}

fn read_ids(value: &Value) -> Option<Vec<BrokerId>> {
    value.as_array()?.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brokers(list: &[i32]) -> Vec<BrokerId> {
        list.iter().map(|id| BrokerId(*id)).collect()
    }

    #[test]
    fn what_is_written_reads_back() {
        let address = Address {
            host: "broker-2".into(),
            port: 9092,
        };
        assert_eq!(
            read_broker(&write_broker(&address, Timestamp(5))),
            Some(address)
        );
        let controller = write_controller(BrokerId(3), Timestamp(7));
        assert_eq!(read_controller(&controller), Some(BrokerId(3)));
        assert_eq!(read_epoch(&write_epoch(41)), Some(41));
        let topic = TopicAssignment {
            id: TopicId([9; 16]),
            replicas: [(0, brokers(&[1, 2])), (10, brokers(&[2, 1]))].into(),
            adding: [(0, brokers(&[3]))].into(),
            removing: SortedMap::new(),
        };
        assert_eq!(read_topic(&write_topic(&topic)), Some(topic));
        let id = read_cluster_id(&write_cluster_id([0; 16]));
        assert_eq!(id.as_deref(), Some("AAAAAAAAAAAAAAAAAAAAAA"));
        let configs = vec![("min.insync.replicas".into(), "2".into())];
        assert_eq!(read_configs(&write_configs(&configs)), Some(configs));
        for entity in [
            Entity::Topic(TopicName::new("a.b")),
            Entity::Broker(BrokerId(7)),
            Entity::Brokers,
        ] {
            assert_eq!(read_change(&write_change(&entity)), Some(entity));
        }
        for offset in [0, 42, -1, i64::MAX] {
            assert_eq!(read_offset(&write_offset(offset)), Ok(Some(offset)));
        }
        assert_eq!(read_offset(&Bytes::new()), Ok(None));
        let block = ProducerIds {
            broker: BrokerId(1),
            first: 1000,
            last: 1999,
        };
        assert_eq!(read_producer_ids(&write_producer_ids(block)), Some(block));
    }

    #[test]
    fn a_state_looks_as_kafka_writes_it() {
        let state = PartitionState {
            leader: BrokerId(1),
            leader_epoch: LeaderEpoch(4),
            isr: brokers(&[1, 3]),
            partition_epoch: PartitionEpoch(9),
            controller_epoch: 2,
            ..PartitionState::default()
        };
        let data = write_state(&state, 2);
        let kafka =
            br#"{"controller_epoch":2,"leader":1,"version":1,"leader_epoch":4,"isr":[1,3]}"#;
        assert_eq!(
            serde_json::from_slice::<Value>(&data).expect("JSON"),
            serde_json::from_slice::<Value>(kafka).expect("JSON")
        );
        assert_eq!(read_state(&data, 9), Some(state));
    }

    #[test]
    fn nonsense_is_nothing() {
        for data in ["", "{", "[]", "{\"version\":1}", "\u{0}"] {
            let data = Bytes::from(data);
            assert_eq!(read_broker(&data), None);
            assert_eq!(read_cluster_id(&data), None);
            assert_eq!(read_controller(&data), None);
            assert_eq!(read_epoch(&data), None);
            assert_eq!(read_topic(&data), None);
            assert_eq!(read_state(&data, 0), None);
            assert_eq!(read_configs(&data), None);
            assert_eq!(read_producer_ids(&data), None);
        }
    }

    #[test]
    fn a_groups_name_is_one_name_of_a_path() {
        let orders = TopicPartition::new("orders", 3);
        assert_eq!(
            offset_path("my-group", &orders).as_deref(),
            Some("/consumers/my-group/offsets/orders/3")
        );
        assert!(offset_path("日 x", &orders).is_some());
        for name in ["", ".", "..", "a/b", "/", "../brokers", "a\u{0}", "a\n"] {
            assert_eq!(offset_path(name, &orders), None, "{name:?}");
        }
    }
}
