//! What groups and their members say to each question.

use super::between::Between;
use crate::fact::Fact;
use crate::group::{Coordinator, Group};
use crate::model::{BrokerId, Offset, ProcessId, TopicPartition};
use crate::sorted::SortedMap;
use crate::stage::extract::coordinator_of;

impl<'a> Between<'a> {
    pub(super) fn coordinator(&self, name: &str) -> Result<(BrokerId, &'a Coordinator), String> {
        coordinator_of(self.world(), name).ok_or_else(|| format!("nobody coordinates {name}"))
    }

    pub(super) fn group(&self, name: &str) -> Result<&'a Group, String> {
        let (broker, coordinator) = self.coordinator(name)?;
        let found = coordinator.group(name);
        found.ok_or_else(|| format!("broker {broker} knows no group {name}"))
    }

    pub(super) fn committed(&self, name: &str, of: &TopicPartition) -> Result<Offset, String> {
        let committed = self.group(name)?.offsets().get(of);
        let committed = committed.map(|committed| committed.offset);
        committed.ok_or_else(|| format!("{name} has committed nothing of {of}"))
    }

    /// The partitions that a consumer has now, by number.
    pub(super) fn assigned(&self, id: ProcessId) -> Result<Vec<i32>, String> {
        let consumer = self.world().host(id).and_then(|host| host.consumer());
        let consumer = consumer.ok_or_else(|| format!("{id} is not a consumer that runs"))?;
        let partitions = consumer.partitions();
        Ok(partitions.map(|view| view.partition.partition).collect())
    }

    /// How often each record of a partition was handed to a consumer, and how often it was done with it.
    fn handled(&self, id: ProcessId, of: &TopicPartition) -> SortedMap<i64, (u32, u32)> {
        let mut records: SortedMap<i64, (u32, u32)> = SortedMap::new();
        let entries = self.end.observed.journal.since(0);
        for entry in entries.filter(|entry| entry.by == Some(id)) {
            let (span, given) = match &entry.fact {
                Fact::RecordsConsumed {
                    partition,
                    base_offset,
                    next_offset,
                    ..
                } if partition == of => (base_offset.0..next_offset.0, true),
                Fact::RecordsProcessed {
                    partition,
                    base_offset,
                    next_offset,
                    ..
                } if partition == of => (base_offset.0..next_offset.0, false),
                _ => continue,
            };
            for offset in span {
                let record = records.entry(offset).or_default();
                match given {
                    true => record.0 += 1,
                    false => record.1 += 1,
                }
            }
        }
        records
    }

    /// The records that a consumer was handed more than once.
    pub(super) fn again(&self, id: ProcessId, of: &TopicPartition) -> usize {
        let records = self.handled(id, of);
        records.values().filter(|(given, _)| *given > 1).count()
    }

    /// The records that a consumer is done with.
    pub(super) fn done(&self, id: ProcessId, of: &TopicPartition) -> usize {
        let records = self.handled(id, of);
        records.values().filter(|(_, done)| *done > 0).count()
    }

    /// The records that a consumer was done with more than once.
    pub(super) fn twice(&self, id: ProcessId, of: &TopicPartition) -> usize {
        let records = self.handled(id, of);
        records.values().filter(|(_, done)| *done > 1).count()
    }

    /// The records that a consumer was never done with although it was done with a later one.
    pub(super) fn missed(&self, id: ProcessId, of: &TopicPartition) -> usize {
        let records = self.handled(id, of);
        let done = |offset: &i64| records.get(offset).is_some_and(|(_, done)| *done > 0);
        let last = records.keys().copied().filter(done).max().unwrap_or(0);
        (0..last).filter(|offset| !done(offset)).count()
    }
}
