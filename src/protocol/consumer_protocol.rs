//! What consumers tell each other through their group: who wants which topics, and who gets which partitions.
//!
//! The coordinator passes these bytes on and does not look into them, except to know which topics a group
//! reads. They are Kafka's embedded `consumer` protocol (`ConsumerProtocolSubscription`,
//! `ConsumerProtocolAssignment`): a version, then fields that later versions add at the end. Whoever reads a
//! version that he does not know reads as much of it as he knows.

use bytes::Bytes;

use super::malformed::{Malformed, Reason};
use super::message::{Message, messages};
use super::{Chunks, Reader, Writer};
use crate::model::{Text, TopicName, TopicPartition};

/// The newest version of both.
const NEWEST: i16 = 3;

messages! {
    /// What a member wants.
    pub struct Subscription [flexible i16::MAX] {
        topics: Vec<Text> [0..];
        /// What the assignor has to know besides.
        user_data: Option<Bytes> [0..] null [0..];
        /// What it has by now.
        owned_partitions: Vec<TopicPartitions> [1..];
        /// The generation in which it got that.
        generation_id: i32 [2..] = -1;
        rack_id: Option<Text> [3..] null [3..];
    }

    /// What a member gets.
    pub struct Assignment [flexible i16::MAX] {
        assigned_partitions: Vec<TopicPartitions> [0..];
        user_data: Option<Bytes> [0..] null [0..];
    }

    /// Partitions of one topic.
    pub struct TopicPartitions {
        topic: Text [0..];
        partitions: Vec<i32> [0..];
    }
}

messages! {
    /// What the sticky assignor writes into `user_data`: what a member had, and since when.
    pub struct StickyData [flexible i16::MAX] {
        previous_assignment: Vec<TopicPartitions> [0..];
        generation: i32 [0..] = -1;
    }
}

impl StickyData {
    pub fn new(previous_assignment: Vec<TopicPartitions>, generation: i32) -> StickyData {
        StickyData {
            previous_assignment,
            generation,
        }
    }

    /// Reads it. There is no version in front.
    ///
    /// # Errors
    /// When the bytes are too few or contradict themselves.
    pub fn read(bytes: &Bytes) -> Result<StickyData, Malformed> {
        let chunks = Chunks::from(bytes.clone());
        StickyData::decode(&mut Reader::new(&chunks), 0)
    }

    /// Its bytes.
    pub fn write(&self) -> Bytes {
        let mut writer = Writer::new();
        self.encode(&mut writer, 0);
        writer.finish().to_bytes()
    }
}

/// What the cooperative sticky assignor writes into `user_data`: the generation in which a member got what
/// it has.
pub fn write_generation(generation: i32) -> Bytes {
    Bytes::copy_from_slice(&generation.to_be_bytes())
}

/// Reads that.
///
/// # Errors
/// When there are too few bytes.
pub fn read_generation(bytes: &Bytes) -> Result<i32, Malformed> {
    let first = bytes.first_chunk::<4>();
    let generation = first.map(|bytes| i32::from_be_bytes(*bytes));
    generation.ok_or_else(|| Malformed::new(Reason::Truncated, 0))
}

impl Subscription {
    /// Reads what a member wants.
    ///
    /// # Errors
    /// When the bytes are too few or contradict themselves.
    pub fn read(bytes: &Bytes) -> Result<Subscription, Malformed> {
        read(bytes)
    }

    /// The topics of what a member wants. Every version begins like version 0, and no more is read of any.
    ///
    /// # Errors
    /// When the bytes are too few or contradict themselves.
    pub fn topics(bytes: &Bytes) -> Result<Vec<Text>, Malformed> {
        let (_, content) = split(bytes)?;
        let subscription: Subscription = decode(content, 0)?;
        Ok(subscription.topics)
    }

    /// The partitions that a member says it has.
    pub fn owned(&self) -> impl Iterator<Item = TopicPartition> {
        one_by_one(&self.owned_partitions)
    }

    /// Its bytes in a version.
    pub fn write(&self, version: i16) -> Bytes {
        write(self, version)
    }
}

/// Partitions that are named by topic.
fn one_by_one(topics: &[TopicPartitions]) -> impl Iterator<Item = TopicPartition> {
    topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| TopicPartition {
            topic: TopicName(topic.topic.clone()),
            partition: *partition,
        })
    })
}

impl Assignment {
    /// Reads what a member gets. No bytes at all are nothing.
    ///
    /// # Errors
    /// When the bytes are too few or contradict themselves.
    pub fn read(bytes: &Bytes) -> Result<Assignment, Malformed> {
        match bytes.is_empty() {
            true => Ok(Assignment::default()),
            false => read(bytes),
        }
    }

    /// Its bytes in a version.
    pub fn write(&self, version: i16) -> Bytes {
        write(self, version)
    }

    /// The partitions one by one.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> {
        one_by_one(&self.assigned_partitions)
    }
}

fn read<M: Message>(bytes: &Bytes) -> Result<M, Malformed> {
    let (version, content) = split(bytes)?;
    if version < 0 {
        return Err(Malformed::new(Reason::UnsupportedVersion, 0));
    }
    decode(content, version.min(NEWEST))
}

fn split(bytes: &Bytes) -> Result<(i16, Bytes), Malformed> {
    match bytes.first_chunk::<2>() {
        Some(version) => Ok((i16::from_be_bytes(*version), bytes.slice(2..))),
        None => Err(Malformed::new(Reason::Truncated, 0)),
    }
}

fn decode<M: Message>(content: Bytes, version: i16) -> Result<M, Malformed> {
    let chunks = Chunks::from(content);
    let mut reader = Reader::new(&chunks);
    M::decode(&mut reader, version)
}

fn write<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::new();
    writer.put(&version.to_be_bytes());
    message.encode(&mut writer, version);
    writer.finish().to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(topic: &str, partitions: &[i32]) -> TopicPartitions {
        TopicPartitions {
            topic: topic.into(),
            partitions: partitions.to_vec(),
        }
    }

    #[test]
    fn version_0_is_what_kafkajs_writes() {
        let subscription = Subscription {
            topics: vec!["a".into()],
            user_data: Some(Bytes::new()),
            ..Subscription::default()
        };
        let bytes = subscription.write(0);
        assert_eq!(&bytes[..], [0, 0, 0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 0]);
        assert_eq!(Subscription::read(&bytes), Ok(subscription));
    }

    #[test]
    fn every_version_reads_back_what_it_has() {
        let whole = Subscription {
            topics: vec!["a".into(), "b".into()],
            user_data: None,
            owned_partitions: vec![partitions("a", &[0, 2])],
            generation_id: 7,
            rack_id: Some("west".into()),
        };
        for version in 0..=3 {
            let read = Subscription::read(&whole.write(version)).expect("a subscription");
            assert_eq!(read.topics, whole.topics);
            assert_eq!(read.owned_partitions.is_empty(), version < 1);
            assert_eq!(read.generation_id, if version < 2 { -1 } else { 7 });
            assert_eq!(read.rack_id.is_some(), version == 3);
        }
        let assignment = Assignment {
            assigned_partitions: vec![partitions("a", &[1]), partitions("b", &[0])],
            user_data: None,
        };
        assert_eq!(Assignment::read(&assignment.write(1)), Ok(assignment));
        assert_eq!(Assignment::read(&Bytes::new()), Ok(Assignment::default()));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let known = Subscription {
            topics: vec!["a".into()],
            generation_id: 3,
            ..Subscription::default()
        };
        let mut bytes = known.write(3).to_vec();
        bytes[1] = 9;
        bytes.extend_from_slice(b"something new");
        assert_eq!(Subscription::read(&Bytes::from(bytes)), Ok(known));
        for bad in [
            &b""[..],
            b"\x00",
            b"\xff\xff\x00\x00\x00\x00",
            b"\x00\x00\x7f\xff\xff\xff",
        ] {
            assert!(
                Subscription::read(&Bytes::from_static(bad)).is_err(),
                "{bad:?}"
            );
        }
    }
}
