//! What a step's two worlds, and the facts between them, say to each question.

use super::View;
use crate::broker::{Broker, Partition};
use crate::client::producer::Producer;
use crate::controller::PartitionState;
use crate::fact::{Entry, Fact};
use crate::lesson::placeholder::{RecordId, When};
use crate::model::{BrokerId, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::records::{Batch, Record};
use crate::sorted::SortedSet;
use crate::world::{Host, World};

/// The world in which a step begins, and the one in which it ends.
pub(super) struct Between<'a> {
    pub start: &'a View,
    pub end: &'a View,
}

impl<'a> Between<'a> {
    pub(super) fn world(&self) -> &'a World {
        &self.end.world
    }

    /// The number of the ZooKeeper server that leads the others.
    pub(super) fn ensemble_leader(&self) -> Result<i64, String> {
        let leads = |host: &&Host| host.zookeeper().is_some_and(|server| server.is_leader());
        match self.world().hosts().find(leads).map(|host| host.id) {
            Some(ProcessId::ZooKeeper(number)) => Ok(i64::from(number)),
            _ => Err("no ZooKeeper server leads".to_owned()),
        }
    }

    pub(super) fn broker(&self, id: BrokerId) -> Result<&'a Broker, String> {
        let found = self.world().broker_by_id(id);
        found.ok_or_else(|| format!("broker {id} does not run"))
    }

    pub(super) fn producer(&self, id: ProcessId) -> Result<&'a Producer, String> {
        let producer = self.world().host(id).and_then(Host::producer);
        producer.ok_or_else(|| format!("{id} is not a producer that runs"))
    }

    pub(super) fn partitions(&self, topic: &TopicName) -> Result<&'a [PartitionState], String> {
        let state = self.world().cluster().topic(topic);
        let partitions = state
            .map(|topic| topic.partitions.as_slice())
            .unwrap_or_default();
        match partitions.is_empty() {
            true => Err(format!("there is no topic {topic}")),
            false => Ok(partitions),
        }
    }

    pub(super) fn every(
        &self,
        topic: &TopicName,
    ) -> Result<impl Iterator<Item = TopicPartition>, String> {
        let partitions = i32::try_from(self.partitions(topic)?.len()).unwrap_or(i32::MAX);
        let topic = topic.clone();
        Ok((0..partitions).map(move |partition| TopicPartition {
            topic: topic.clone(),
            partition,
        }))
    }

    pub(super) fn state(&self, name: &TopicPartition) -> Result<&'a PartitionState, String> {
        let index = usize::try_from(name.partition).unwrap_or(usize::MAX);
        let state = self.partitions(&name.topic)?.get(index);
        state.ok_or_else(|| format!("there is no partition {name}"))
    }

    pub(super) fn replica(
        &self,
        name: &TopicPartition,
        broker: BrokerId,
    ) -> Result<&'a Partition, String> {
        let broker_found = self.world().broker_by_id(broker);
        let replica = broker_found.and_then(|broker| broker.partition(name));
        replica.ok_or_else(|| format!("broker {broker} has no replica of {name}"))
    }

    /// Where a replica's log ends; of a broker that is down, the log on its disk.
    pub(super) fn log_end(
        &self,
        name: &TopicPartition,
        broker: BrokerId,
    ) -> Result<Offset, String> {
        let disk = self
            .world()
            .host(ProcessId::from(broker))
            .and_then(Host::disk);
        match disk.and_then(|disk| disk.log(name)) {
            Some(log) => Ok(log.end()),
            None => Ok(self.replica(name, broker)?.log_end()),
        }
    }

    pub(super) fn leading(&self, name: &TopicPartition) -> Result<&'a Partition, String> {
        self.replica(name, self.state(name)?.leader)
    }

    // ---- records

    pub(super) fn batches(
        &self,
        name: &TopicPartition,
    ) -> Result<impl Iterator<Item = Batch> + use<'a>, String> {
        let log = self.leading(name)?.log();
        Ok(log
            .batches(log.start(), log.end())
            .map(|stored| stored.batch()))
    }

    pub(super) fn record(&self, id: &RecordId) -> Result<(Batch, Record), String> {
        let missing = || format!("{} holds no record at {}", id.partition, id.offset);
        let mut batches = self.batches(&id.partition)?;
        let batch = batches
            .find(|batch| batch.last_offset() >= id.offset)
            .ok_or_else(missing)?;
        let mut records = batch.records().flatten();
        let record = records
            .find(|record| record.offset == id.offset)
            .ok_or_else(missing)?;
        Ok((batch, record))
    }

    pub(super) fn keyed(&self, key: &str, name: &TopicPartition) -> Result<u64, String> {
        let records = self
            .batches(name)?
            .flat_map(|batch| batch.records().flatten());
        let keyed = records.filter(|record| record.key.as_deref() == Some(key.as_bytes()));
        Ok(keyed.count() as u64)
    }

    // ---- what happened

    /// The leader that a client last learned of.
    pub(super) fn learned(&self, by: ProcessId, name: &TopicPartition) -> Result<BrokerId, String> {
        let entries = self.end.observed.journal.since(0);
        let known = entries.filter_map(|entry| match &entry.fact {
            Fact::LeaderLearned {
                partition, leader, ..
            } if entry.by == Some(by) && partition == name => Some(*leader),
            _ => None,
        });
        known
            .last()
            .ok_or_else(|| format!("{by} knows nothing of {name}"))
    }

    /// What was noted within the step.
    pub(super) fn news(&self) -> impl Iterator<Item = &'a Entry> {
        self.end
            .observed
            .journal
            .since(self.start.observed.journal.len())
    }

    /// A sum over everything that one process noted.
    pub(super) fn sum(&self, by: ProcessId, of: impl Fn(&Fact) -> u32) -> u64 {
        let entries = self
            .end
            .observed
            .journal
            .since(0)
            .filter(|entry| entry.by == Some(by));
        entries.map(|entry| u64::from(of(&entry.fact))).sum()
    }

    pub(super) fn acknowledged(&self, by: ProcessId, which: When) -> Result<i64, String> {
        let entries = self
            .end
            .observed
            .journal
            .since(0)
            .filter(|entry| entry.by == Some(by));
        let mut spans = entries.filter_map(|entry| match &entry.fact {
            Fact::RecordsAcknowledged {
                base_offset,
                records,
                ..
            } if base_offset.0 >= 0 => {
                Some((base_offset.0, base_offset.0 + i64::from(*records) - 1))
            }
            _ => None,
        });
        let found = match which {
            When::Start => spans.next().map(|(first, _)| first),
            When::End => spans.last().map(|(_, last)| last),
        };
        found.ok_or_else(|| format!("nothing of {by} was acknowledged"))
    }

    /// The partitions that a producer chose within the step, each with the records it chose it for.
    pub(super) fn choices(&self, by: ProcessId) -> impl Iterator<Item = (i32, u32)> {
        let entries = self.news().filter(move |entry| entry.by == Some(by));
        entries.filter_map(|entry| match &entry.fact {
            Fact::RecordQueued { partition, .. } => Some((partition.partition, 1)),
            Fact::RecordsQueued { partition, records } => Some((partition.partition, *records)),
            _ => None,
        })
    }

    pub(super) fn chosen(&self, by: ProcessId) -> SortedSet<i32> {
        self.choices(by).map(|(partition, _)| partition).collect()
    }
}
