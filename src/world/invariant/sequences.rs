//! What is numbered is written once and in order.

use super::{Invariant, PerReplica, View, broker};
use crate::fact::{Entry, Fact, Role};
use crate::log::producers::{Producer, Remembered, sequence_after};
use crate::log::{Log, Producers, Segment};
use crate::model::{BrokerId, Offset, ProcessId, ProducerEpoch, ProducerId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::records::BatchHeader;
use crate::sorted::SortedMap;
use crate::time::Timestamp;
use crate::world::World;

/// After so many numbered batches the state of producers is made again from a whole log; later after ever
/// more, so that logs that grow are not read ever longer ever again.
const SAMPLE: u64 = 256;

/// The last batch of a producer in one replica's log.
#[derive(Clone, Copy, Debug)]
struct Last {
    epoch: ProducerEpoch,
    sequence: i32,
    timestamp: Timestamp,
    /// Where its batch ends.
    offset: Offset,
}

type ByProducer = SortedMap<ProducerId, Last>;

/// I1, I3 and I4 in every log the sequences of a producer's epoch follow each other without a gap, and
/// epochs do not go back: nothing is there twice. What a replica knows of producers is what its log says.
/// I2 a batch that was sent twice is answered with the place where it is. I6 no produce is answered with
/// UNKNOWN_SERVER_ERROR, after which clients do not know what to do. A6 a producer id is given once.
#[derive(Clone, Debug, Default)]
pub struct NumberedOnce {
    replicas: PerReplica<ByProducer>,
    numbered: u64,
    /// When a whole log is read next.
    sample_at: u64,
    /// The id behind the last one that the controller has given to a broker.
    allocated: i64,
    /// Each broker's ids: the next that it may give away, and the one behind its last.
    blocks: SortedMap<BrokerId, Vec<(i64, i64)>>,
}

impl Invariant for NumberedOnce {
    fn name(&self) -> &'static str {
        "NumberedOnce"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let world = view.world;
        match &entry.fact {
            Fact::ProduceRefused {
                partition, error, ..
            }
            | Fact::SendWillRetry {
                partition, error, ..
            }
            | Fact::SendFailed {
                partition, error, ..
            } if *error == ErrorCode::UnknownServerError => {
                return Err(format!("I6: {partition} is answered with {}", error.name()));
            }
            _ => {}
        }
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role,
                base_offset,
                next_offset,
                ..
            } => self.appended(view, by, partition, (*base_offset, *next_offset), *role),
            Fact::LogTruncated { partition, .. } => {
                self.learn(world, by, partition);
                states_agree(view, by, partition)
            }
            Fact::LogTailLost { partition, .. } => {
                self.learn_from_disk(world, by, partition);
                Ok(())
            }
            Fact::DuplicateDropped {
                partition,
                producer_id,
                base_sequence,
                base_offset,
                ..
            } => is_there(
                view,
                by,
                partition,
                *producer_id,
                *base_sequence,
                *base_offset,
            ),
            Fact::ProducerIdsAllocated {
                broker,
                first,
                count,
            } => self.allocated(*broker, *first, *count),
            Fact::ProducerIdGiven { producer_id } => self.given(by, *producer_id),
            _ => Ok(()),
        }
    }
}

impl NumberedOnce {
    /// A replica is gone, and nothing that is known of it matters any more.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.replicas.forget(by, partition);
    }

    fn appended(
        &mut self,
        view: View<'_>,
        by: BrokerId,
        partition: &TopicPartition,
        (from, until): (Offset, Offset),
        role: Role,
    ) -> Result<(), String> {
        let world = view.world;
        let Some(replica) = world.broker_by_id(by).and_then(|b| b.partition(partition)) else {
            return Ok(());
        };
        if replica.log().producers().is_empty() {
            // Nobody numbers anything here; most of the time, this is all there is to see.
            return Ok(());
        }
        if from == Offset::ZERO {
            // A new log, perhaps of a new topic with the name of an old one.
            self.replicas.forget(by, partition);
        }
        // What a follower that is torn from its leader copies does not go on from what it has.
        let torn = role == Role::Follower && view.losses.is_torn(partition);
        let cleaned = view.cleaned.until(partition);
        // A leader that began where the log begins knows nothing of what was before, and takes any number.
        let gone = match role {
            Role::Follower => cleaned.max(replica.log().start()),
            Role::Leader => cleaned,
        };
        for stored in replica.log().batches(from, until) {
            let header = stored.header();
            if header.is_idempotent() {
                self.numbered += 1;
                match self.follows(world, by, partition, &header, gone) {
                    Err(_) if torn => {}
                    judged => judged?,
                }
            }
        }
        if self.numbered >= self.sample_at.max(SAMPLE) {
            self.sample_at = self.numbered + SAMPLE.max(self.numbered / 4);
            states_agree(view, by, partition)?;
        }
        Ok(())
    }

    fn follows(
        &mut self,
        world: &World,
        by: BrokerId,
        partition: &TopicPartition,
        header: &BatchHeader,
        gone: Offset,
    ) -> Result<(), String> {
        let producer = ProducerId(header.producer_id);
        let (epoch, base) = (ProducerEpoch(header.producer_epoch), header.base_sequence);
        let fresh = Last {
            epoch,
            sequence: header.last_sequence(),
            timestamp: Timestamp(header.max_timestamp),
            offset: Offset(header.base_offset + i64::from(header.last_offset_delta)),
        };
        let known = self.replicas.known(by, partition);
        let Some(last) = known.insert(producer, fresh) else {
            return Ok(());
        };
        if epoch < last.epoch {
            return Err(format!(
                "I4: producer {producer} goes back to epoch {epoch} in {partition} on broker {by}"
            ));
        }
        let expected = match epoch == last.epoch {
            true => sequence_after(last.sequence),
            false => 0,
        };
        // Where the last batch was compacted, those in between may be gone.
        let over_a_gap = last.offset < gone;
        if base == expected || over_a_gap || may_be_forgotten(world, by, last) {
            return Ok(());
        }
        Err(format!(
            "I3: producer {producer} epoch {epoch} has #{base} behind #{} in {partition} on broker {by}",
            last.sequence
        ))
    }

    /// A log was cut: what it says of producers is read again.
    fn learn(&mut self, world: &World, by: BrokerId, partition: &TopicPartition) {
        let Some(replica) = world.broker_by_id(by).and_then(|b| b.partition(partition)) else {
            return;
        };
        self.learn_of(by, partition, replica.log());
    }

    /// The same for a broker that is gone.
    fn learn_from_disk(&mut self, world: &World, by: BrokerId, partition: &TopicPartition) {
        let number = u16::try_from(by.0).unwrap_or_default();
        let host = world.host(ProcessId::Broker(number));
        let stored = host.and_then(|host| host.disk()?.log(partition));
        if let Some(log) = stored {
            self.learn_of(by, partition, log);
        }
    }

    fn learn_of(&mut self, by: BrokerId, partition: &TopicPartition, log: &Log) {
        let mut known = ByProducer::new();
        for (id, producer) in Producers::of_log(log).iter() {
            let last = producer.batches().last().expect("it has a batch");
            let last = Last {
                epoch: producer.epoch(),
                sequence: last.last_sequence,
                timestamp: last.timestamp,
                offset: last.last_offset,
            };
            known.insert(id, last);
        }
        self.replicas.insert(by, partition, known);
    }

    fn allocated(&mut self, to: BrokerId, first: ProducerId, count: i32) -> Result<(), String> {
        if first.0 < self.allocated {
            return Err(format!(
                "A6: broker {to} gets producer ids from {first} on, of which some are taken"
            ));
        }
        self.allocated = first.0 + i64::from(count);
        let blocks = self.blocks.entry(to).or_default();
        blocks.push((first.0, self.allocated));
        Ok(())
    }

    fn given(&mut self, by: BrokerId, id: ProducerId) -> Result<(), String> {
        let blocks = self.blocks.entry(by).or_default();
        let block = blocks
            .iter_mut()
            .find(|(next, end)| *next <= id.0 && id.0 < *end);
        let Some(block) = block else {
            return Err(format!(
                "A6: broker {by} gives producer id {id}, which is not its to give"
            ));
        };
        block.0 = id.0 + 1;
        blocks.retain(|(next, end)| next < end);
        Ok(())
    }
}

/// Whether a producer was silent for so long that its leader may have forgotten it.
fn may_be_forgotten(world: &World, by: BrokerId, last: Last) -> bool {
    let Some(broker) = world.broker_by_id(by) else {
        return false;
    };
    let wall = world.wall(world.now());
    let silent = wall.0.saturating_sub(last.timestamp.0);
    let expiration = broker.config().producer_id_expiration.as_millis();
    u64::try_from(silent).is_ok_and(|silent| silent >= expiration)
}

/// What a replica knows of the producers in its log is what the log says.
///
/// Where the log was compacted, what it says is part of what is known: whole batches are gone, and others have lost their
/// newest record, and with it their time. What is older than what is known says nothing: it was forgotten,
/// or lies below the start of the log.
fn states_agree(view: View<'_>, by: BrokerId, partition: &TopicPartition) -> Result<(), String> {
    let Some(replica) = view
        .world
        .broker_by_id(by)
        .and_then(|b| b.partition(partition))
    else {
        return Ok(());
    };
    let log = replica.log();
    let first = log.segments().next().map(Segment::base_offset);
    let is_compacted = first.is_some_and(|first| view.cleaned.until(partition) > first);
    for (id, told) in Producers::of_log(log).iter() {
        let Some(known) = log.producers().get(id) else {
            // Forgotten, which it may be.
            continue;
        };
        if !agree(known, told, is_compacted) {
            return Err(format!(
                "I3: broker {by} knows other batches of producer {id} than its log of {partition} has"
            ));
        }
    }
    Ok(())
}

/// Whether what is known of a producer is what its log tells.
fn agree(known: &Producer, told: &Producer, is_compacted: bool) -> bool {
    if is_compacted && told.epoch() < known.epoch() {
        // Nothing is left of what it wrote since.
        return true;
    }
    // What retention took from the log may be remembered longer.
    let oldest = known.batches().first().map(|first| first.base_offset);
    let oldest = oldest.unwrap_or(Offset::ZERO);
    let recent = told
        .batches()
        .iter()
        .filter(|batch| batch.base_offset >= oldest);
    let recent: Vec<Remembered> = recent.copied().collect();
    let same = match is_compacted {
        true => recent.iter().all(|batch| {
            let mut all = known.batches().iter();
            all.any(|known| known.is_same_batch(batch))
        }),
        false => known.batches().ends_with(&recent),
    };
    known.epoch() == told.epoch() && same
}

fn is_there(
    view: View<'_>,
    by: BrokerId,
    partition: &TopicPartition,
    producer: ProducerId,
    sequence: i32,
    offset: Offset,
) -> Result<(), String> {
    let replica = view.world.broker_by_id(by);
    let Some(replica) = replica.and_then(|b| b.partition(partition)) else {
        return Ok(());
    };
    // Retention or compaction may have taken it.
    if offset < replica.log_start().max(view.cleaned.until(partition)) {
        return Ok(());
    }
    let mut found = replica.log().batches(offset, offset + 1);
    let same = found.next().is_some_and(|stored| {
        let header = stored.batch().header;
        header.base_offset == offset.0
            && header.producer_id == producer.0
            && header.base_sequence == sequence
    });
    match same && replica.role() == Role::Leader {
        true => Ok(()),
        false => Err(format!(
            "I2: broker {by} has no #{sequence} of producer {producer} at {partition}{offset}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogConfig;
    use crate::model::LeaderEpoch;
    use crate::protocol::records::{BatchBuilder, Codec};

    /// A producer with these batches of an epoch, each two sequences long and at its own time.
    fn producer(epoch: i16, batches: &[(i64, i64)]) -> Producer {
        let mut log = Log::new(Offset(0), Timestamp(0));
        for (at, time) in batches {
            let mut builder = BatchBuilder::new(Codec::None);
            builder.set_producer(7, epoch, *at as i32);
            builder.append(*time, Some(b"k"), Some(b"v"), &[]);
            builder.append(*time, Some(b"k"), Some(b"v"), &[]);
            builder.set_place(Offset(*at), 0);
            let config = LogConfig::default();
            let batch = builder.build_batch();
            log.append_as_follower(&batch, Timestamp(0), &config)
                .expect("it continues");
        }
        assert_eq!(log.epochs().latest().map(|e| e.epoch), Some(LeaderEpoch(0)));
        let producer = log.producers().get(ProducerId(7));
        producer.expect("it wrote").clone()
    }

    #[test]
    fn what_a_compacted_log_says_is_part_of_what_is_known_and_times_may_be_gone() {
        let known = producer(1, &[(0, 5), (2, 6), (4, 7)]);
        for (told, compacted, uncompacted) in [
            (producer(1, &[(0, 5), (2, 6), (4, 7)]), true, true),
            (producer(1, &[(2, 6), (4, 7)]), true, true),
            // The newest record of a batch is gone, or a whole batch.
            (producer(1, &[(0, 5), (2, 3), (4, 7)]), true, false),
            (producer(1, &[(0, 5), (4, 7)]), true, false),
            (producer(1, &[(0, 5), (2, 6)]), true, false),
            (producer(0, &[(0, 5)]), true, false),
            // Something that nobody knows.
            (producer(1, &[(2, 6), (5, 7)]), false, false),
            (producer(2, &[(2, 6)]), false, false),
        ] {
            let found = (agree(&known, &told, true), agree(&known, &told, false));
            assert_eq!(found, (compacted, uncompacted), "{told:?}");
        }
        // A producer that was forgotten and came back: what its log has besides is older.
        let known = producer(1, &[(4, 7)]);
        assert!(agree(&known, &producer(1, &[(2, 6), (4, 7)]), false));
        assert!(!agree(&known, &producer(1, &[(4, 7), (6, 8)]), false));
    }
}
