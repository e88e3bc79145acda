//! What stands in `__consumer_offsets`: a group's offsets and its members, as keys and values.
//!
//! A key begins with its version: 0 and 1 name an offset by group, topic and partition, 2 names a group. A
//! value begins with its own. A key without a value means that what it names is gone. The layouts are those
//! of Kafka's `OffsetCommitKey`, `OffsetCommitValue`, `GroupMetadataKey` and `GroupMetadataValue`.

use bytes::Bytes;

use super::member::Member;
use crate::model::{LeaderEpoch, Offset, Text, TopicName, TopicPartition};
use crate::protocol::offsets_topic::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata, OffsetCommitKey, OffsetCommitValue,
};
use crate::protocol::{Chunks, Malformed, Message, Reader, Reason, Writer};
use crate::time::{Duration, Timestamp};

/// The version of the key of an offset.
const OFFSET_KEY: i16 = 1;
/// The version of the key of a group.
const GROUP_KEY: i16 = 2;
/// The version of either value that is written here.
const VALUE: i16 = 3;
/// The newest version of either value that is known.
const NEWEST_VALUE: i16 = 4;
/// The version of an offset's value that says when it ends.
const EXPIRING_VALUE: i16 = 1;

/// A committed offset, and what came with it (`OffsetAndMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next to read.
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
    /// Whatever the member wanted to remember.
    pub metadata: Text,
    pub at: Timestamp,
    /// When it ends, if who committed it said so; else the broker's retention decides.
    pub expires: Option<Timestamp>,
}

/// What a record of the topic says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// How far a group has read a partition; `None` that it is forgotten.
    Offset {
        group: Text,
        partition: TopicPartition,
        committed: Option<Committed>,
    },
    /// A group as it is; `None` that it is gone.
    Group {
        group: Text,
        value: Option<GroupMetadataValue>,
    },
    /// Something of a later Kafka.
    Unknown,
}

/// A record to write: its key, and its value unless it takes something away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: Bytes,
    pub value: Option<Bytes>,
}

/// How far a group has read a partition, or that it is forgotten.
pub fn offset_record(group: &Text, partition: &TopicPartition, at: Option<&Committed>) -> Record {
    let key = OffsetCommitKey {
        group: group.clone(),
        topic: partition.topic.0.clone(),
        partition: partition.partition,
    };
    let value = at.map(|committed| {
        let version = match committed.expires {
            Some(_) => EXPIRING_VALUE,
            None => VALUE,
        };
        let value = OffsetCommitValue {
            offset: committed.offset.0,
            leader_epoch: committed.leader_epoch.0,
            metadata: committed.metadata.clone(),
            commit_timestamp: committed.at.0,
            expire_timestamp: committed.expires.map_or(-1, |at| at.0),
        };
        versioned(version, &value)
    });
    Record {
        key: versioned(OFFSET_KEY, &key),
        value,
    }
}

/// A group as it is, or that it is gone.
pub fn group_record(group: &Text, value: Option<&GroupMetadataValue>) -> Record {
    let key = GroupMetadataKey {
        group: group.clone(),
    };
    Record {
        key: versioned(GROUP_KEY, &key),
        value: value.map(|value| versioned(VALUE, value)),
    }
}

/// Reads a record of the topic.
///
/// # Errors
/// When its bytes contradict themselves, or the value has a version that is not known.
pub fn read(key: &Bytes, value: Option<&Bytes>) -> Result<Said, Malformed> {
    let (version, key) = split(key)?;
    Ok(match version {
        0 | OFFSET_KEY => {
            let key: OffsetCommitKey = whole(&key, version)?;
            let partition = TopicPartition {
                topic: TopicName(key.topic),
                partition: key.partition,
            };
            let committed = value.map(committed).transpose()?;
            Said::Offset {
                group: key.group,
                partition,
                committed,
            }
        }
        GROUP_KEY => {
            let key: GroupMetadataKey = whole(&key, version)?;
            let value = value.map(|value| {
                let (version, value) = split_value(value)?;
                whole(&value, version)
            });
            Said::Group {
                group: key.group,
                value: value.transpose()?,
            }
        }
        _ => Said::Unknown,
    })
}

fn committed(value: &Bytes) -> Result<Committed, Malformed> {
    let (version, value) = split_value(value)?;
    let value: OffsetCommitValue = whole(&value, version)?;
    Ok(Committed {
        offset: Offset(value.offset),
        leader_epoch: LeaderEpoch(value.leader_epoch),
        metadata: value.metadata,
        at: Timestamp(value.commit_timestamp),
        expires: Some(value.expire_timestamp)
            .filter(|at| *at != -1)
            .map(Timestamp),
    })
}

/// A member as it is written down.
pub fn written(member: &Member, protocol: Option<&Text>) -> MemberMetadata {
    let millis = |span: Duration| i32::try_from(span.as_millis()).unwrap_or(i32::MAX);
    MemberMetadata {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        rebalance_timeout: millis(member.rebalance_timeout),
        session_timeout: millis(member.session_timeout),
        subscription: protocol
            .map(|name| member.metadata(name))
            .unwrap_or_default(),
        assignment: member.assignment.clone(),
    }
}

/// A member as it was written down. What is kept of it is a copy: it must not keep the batch in which it stood.
pub fn restored(member: MemberMetadata, protocol: Option<&Text>) -> Member {
    let protocol = protocol.cloned().unwrap_or_default();
    let session_timeout = Duration::from_millis_i32(member.session_timeout);
    Member {
        id: member.member_id,
        instance_id: member.group_instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        rebalance_timeout: match member.rebalance_timeout {
            // Version 0 of the value knows only one of the two.
            -1 => session_timeout,
            millis => Duration::from_millis_i32(millis),
        },
        session_timeout,
        protocols: vec![(protocol, Bytes::copy_from_slice(&member.subscription))],
        assignment: Bytes::copy_from_slice(&member.assignment),
        joining: None,
        syncing: None,
        is_new: false,
    }
}

fn versioned<M: Message>(version: i16, message: &M) -> Bytes {
    let mut writer = Writer::new();
    writer.put(&version.to_be_bytes());
    message.encode(&mut writer, version);
    writer.finish().to_bytes()
}

fn split(bytes: &Bytes) -> Result<(i16, Bytes), Malformed> {
    match bytes.first_chunk::<2>() {
        Some(version) => Ok((i16::from_be_bytes(*version), bytes.slice(2..))),
        None => Err(Malformed::new(Reason::Truncated, 0)),
    }
}

fn split_value(bytes: &Bytes) -> Result<(i16, Bytes), Malformed> {
    let (version, value) = split(bytes)?;
    match (0..=NEWEST_VALUE).contains(&version) {
        true => Ok((version, value)),
        false => Err(Malformed::new(Reason::UnsupportedVersion, 0)),
    }
}

fn whole<M: Message>(bytes: &Bytes, version: i16) -> Result<M, Malformed> {
    let chunks = Chunks::from(bytes.clone());
    let mut reader = Reader::new(&chunks);
    let message = M::decode(&mut reader, version)?;
    reader.finish()?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &Bytes) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn committed(offset: i64) -> Committed {
        Committed {
            offset: Offset(offset),
            leader_epoch: LeaderEpoch::NONE,
            metadata: Text::default(),
            at: Timestamp(1_700_000_000_000),
            expires: None,
        }
    }

    #[test]
    fn an_offset_is_written_as_kafka_writes_it() {
        let partition = TopicPartition::new("orders", 3);
        let record = offset_record(&"my-group".into(), &partition, Some(&committed(42)));
        let key = "000100086d792d67726f757000066f726465727300000003";
        let value = "0003000000000000002affffffff00000000018bcfe56800";
        assert_eq!(hex(&record.key), key);
        assert_eq!(hex(&record.value.expect("a value")), value);
    }

    #[test]
    fn a_group_is_named_as_kafka_names_it() {
        let record = group_record(&"my-group".into(), None);
        assert_eq!(hex(&record.key), "000200086d792d67726f7570");
        assert_eq!(record.value, None);
    }

    #[test]
    fn what_was_written_is_read_back() {
        let partition = TopicPartition::new("orders", 3);
        let expiring = Committed {
            expires: Some(Timestamp(9)),
            ..committed(7)
        };
        for committed in [None, Some(committed(42)), Some(expiring)] {
            let record = offset_record(&"g".into(), &partition, committed.as_ref());
            let said = read(&record.key, record.value.as_ref()).expect("an offset");
            let expected = Said::Offset {
                group: "g".into(),
                partition: partition.clone(),
                committed,
            };
            assert_eq!(said, expected);
        }
        let value = GroupMetadataValue {
            protocol_type: "consumer".into(),
            generation: 3,
            protocol: Some("range".into()),
            leader: Some("c-1".into()),
            current_state_timestamp: 5,
            members: vec![MemberMetadata {
                member_id: "c-1".into(),
                group_instance_id: Some("first".into()),
                assignment: Bytes::from_static(b"all"),
                ..MemberMetadata::default()
            }],
        };
        let record = group_record(&"g".into(), Some(&value));
        let said = read(&record.key, record.value.as_ref()).expect("a group");
        let group = "g".into();
        assert_eq!(
            said,
            Said::Group {
                group,
                value: Some(value)
            }
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_what_is_newer_is_not() {
        let read = |key: &[u8]| super::read(&Bytes::copy_from_slice(key), None);
        assert!(read(&[0]).is_err());
        assert!(read(&[0, 1, 0, 9, b'g']).is_err());
        assert_eq!(read(&[0, 3, 1, 2]), Ok(Said::Unknown));
    }
    #[test]
    fn values_of_versions_that_are_not_known_are_errors() {
        let partition = TopicPartition::new("orders", 3);
        let record = offset_record(&"g".into(), &partition, Some(&committed(42)));
        let value = record.value.expect("a value");
        for version in [-1_i16, 5, 9] {
            let mut value = value.to_vec();
            value[..2].copy_from_slice(&version.to_be_bytes());
            assert!(read(&record.key, Some(&Bytes::from(value))).is_err());
        }
    }

    #[test]
    fn what_is_restored_of_a_member_does_not_keep_what_it_stood_in() {
        let member = MemberMetadata {
            subscription: Bytes::from_static(b"topics"),
            assignment: Bytes::from_static(b"partitions"),
            ..MemberMetadata::default()
        };
        let value = GroupMetadataValue {
            members: vec![member],
            ..GroupMetadataValue::default()
        };
        let bytes = versioned(VALUE, &value);
        let Ok(Said::Group { value, .. }) =
            read(&group_record(&"g".into(), None).key, Some(&bytes))
        else {
            panic!("a group");
        };
        let member = value.expect("it is there").members.remove(0);
        let member = restored(member, Some(&"range".into()));
        let within = bytes.as_ptr_range();
        for (kept, expected) in [
            (member.metadata("range"), "topics"),
            (member.assignment, "partitions"),
        ] {
            assert_eq!(kept, expected);
            assert!(!within.contains(&kept.as_ptr()), "{expected}");
        }
    }

    #[test]
    fn a_member_has_one_timeout_for_both_only_in_the_oldest_version() {
        for (version, timeout) in [(0, 10), (3, 0)] {
            let member = MemberMetadata {
                session_timeout: 10,
                rebalance_timeout: 0,
                ..MemberMetadata::default()
            };
            let value = GroupMetadataValue {
                members: vec![member],
                ..GroupMetadataValue::default()
            };
            let bytes = versioned(version, &value);
            let value: GroupMetadataValue = whole(&bytes.slice(2..), version).expect("a group");
            let member = restored(value.members[0].clone(), None);
            assert_eq!(member.rebalance_timeout, Duration::from_millis(timeout));
        }
    }
}
