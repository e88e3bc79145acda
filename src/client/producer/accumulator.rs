//! `Accumulator`: where records wait until their leader can be asked to write them.
//!
//! Each partition has a queue of batches; records join the last one until it is full. A broker is
//! *ready* when one of its partitions has a batch worth sending: full, or older than `linger.ms`, or
//! somebody waits for memory, or the application flushes. But when a request goes to a broker it takes
//! the first batch of *every* partition that the broker leads, worth sending or not, up to
//! `max.request.size`: the request is paid for anyway.
//!
//! A batch that comes back is put in front, so that it is the next to go. Whether that keeps the order of
//! records depends on `max.in.flight.requests.per.connection`: with more than one, a later batch may
//! have been written meanwhile. With one, a partition is *muted* while a batch of it is under way.
//!
//! `buffer.memory` counts as in Kafka: every batch takes `batch.size` bytes of it, or what its first
//! record needs if that is more, until it is acknowledged or has failed.
//!
//! Not modelled: the estimate of how well records compress. A batch is full by its uncompressed size.

use crate::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

use super::batch::{ProducerBatch, RecordRef};
use super::numbering::Numbering;
use super::partitioner::{Choice, Chooser, LastBatch, Partitions};
use crate::client::config::ProducerConfig;
use crate::client::metadata::{Metadata, Topic};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::rng::Rng;
use crate::time::{Instant, earliest};

/// The queues of a producer.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    topics: SortedMap<TopicName, Queues>,
    /// How much of `buffer.memory` is taken, by batches here and by those under way.
    memory: u64,
    /// For each broker, the partition with which the next request begins.
    turns: SortedMap<BrokerId, usize>,
}

#[derive(Clone, Debug, Default)]
struct Queues {
    chooser: Chooser,
    by_partition: Vec<Queue>,
}

/// The batches that wait for one partition.
#[derive(Clone, Debug)]
struct Queue {
    partition: TopicPartition,
    batches: VecDeque<ProducerBatch>,
    /// A batch is under way and no other may be.
    muted: bool,
}

/// The way into a topic's queues, for as many records as come at once.
#[derive(Debug)]
pub struct Appender<'a> {
    queues: &'a mut Queues,
    memory: &'a mut u64,
    partitions: Partitions<'a>,
}

/// There is no memory for another batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// Whether something demands that every batch be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    None,
    /// The application waits for memory, or flushes.
    SendAll,
}

/// Who can be sent something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// The brokers for which a batch is worth sending.
    pub brokers: SortedSet<BrokerId>,
    /// When to look again: a linger or a back-off ends then.
    pub look_again: Option<Instant>,
    /// Some batch waits for a leader that is not known.
    pub leader_unknown: bool,
}

impl Accumulator {
    /// The way into a topic's queues. `known` are the topic's partitions, at least one.
    pub fn appender<'a>(&'a mut self, topic: &TopicName, known: &'a Topic) -> Appender<'a> {
        if !self.topics.contains_key(topic) {
            self.topics.insert(topic.clone(), Queues::default());
        }
        let queues = self.topics.get_mut(topic).expect("just put in");
        queues.grow(topic, known.partitions.len());
        Appender {
            queues,
            memory: &mut self.memory,
            partitions: Partitions {
                count: known.partitions.len() as u32,
                available: &known.available,
            },
        }
    }

    /// Who can be sent something now.
    pub fn ready(
        &mut self,
        now: Instant,
        metadata: &Metadata,
        pressure: Pressure,
        config: &ProducerConfig,
    ) -> Ready {
        let mut ready = Ready::default();
        for (topic, queues) in &mut self.topics {
            if queues
                .by_partition
                .iter()
                .all(|queue| queue.batches.is_empty())
            {
                queues.chooser.forget_queues();
                continue;
            }
            let Some(known) = metadata.topic(topic) else {
                ready.leader_unknown = true;
                continue;
            };
            queues.observe(known, config);
            for (queue, known) in queues.by_partition.iter().zip(&known.partitions) {
                let Some(first) = queue.batches.front() else {
                    continue;
                };
                if known.leader == BrokerId::NONE {
                    ready.leader_unknown = true;
                    continue;
                }
                if queue.muted || ready.brokers.contains(&known.leader) {
                    continue;
                }
                if let Some(until) = backing_off(first, now, metadata) {
                    ready.look_again = earliest([ready.look_again, Some(until)]);
                    continue;
                }
                let full = queue.batches.len() > 1 || first.is_full();
                let lingered = first.created_at + config.linger;
                if full || lingered <= now || pressure == Pressure::SendAll {
                    ready.brokers.insert(known.leader);
                } else {
                    ready.look_again = earliest([ready.look_again, Some(lingered)]);
                }
            }
        }
        ready
    }

    /// Takes out what goes to a broker in one request: at most one batch of each partition it leads.
    ///
    /// An idempotent producer numbers the batches here. Unlike Kafka, where a partition whose batches must
    /// wait for the numbers of others ends the round, it holds up no other partition.
    pub fn drain(
        &mut self,
        now: Instant,
        broker: BrokerId,
        metadata: &Metadata,
        config: &ProducerConfig,
        numbering: &mut Numbering,
    ) -> Vec<ProducerBatch> {
        let numbers = config.is_idempotent();
        let mut led: Vec<&mut Queue> = Vec::new();
        for (topic, queues) in &mut self.topics {
            let Some(known) = metadata.topic(topic) else {
                continue;
            };
            let queues = queues.by_partition.iter_mut().zip(&known.partitions);
            led.extend(
                queues
                    .filter(|(_, known)| known.leader == broker)
                    .map(|(queue, _)| queue),
            );
        }
        let mut drained: Vec<ProducerBatch> = Vec::new();
        let mut size = 0;
        let count = led.len();
        let turn = self.turns.entry(broker).or_insert(0);
        let start = if *turn < count { *turn } else { 0 };
        for step in 0..count {
            let place = (start + step) % count;
            // Where this round ends, the next begins: no partition always comes last.
            *turn = place;
            let queue = &mut *led[place];
            let Some(first) = queue.batches.front() else {
                continue;
            };
            if queue.muted || backing_off(first, now, metadata).is_some() {
                continue;
            }
            if size + first.size() > config.max_request_size as usize && !drained.is_empty() {
                break;
            }
            if numbers && !numbering.may_go(&queue.partition, first.stamp) {
                continue;
            }
            let mut batch = queue.batches.pop_front().expect("it has a first");
            if numbers && batch.stamp.is_none() {
                batch.number(numbering.give(&queue.partition, batch.records));
            }
            batch.close();
            size += batch.size();
            queue.muted = config.max_in_flight == 1;
            drained.push(batch);
        }
        drained
    }

    /// Puts a batch back, to be the next of its partition; but behind those that were numbered before it.
    pub fn put_back(&mut self, batch: ProducerBatch) {
        let queues = self
            .topics
            .entry(batch.partition.topic.clone())
            .or_default();
        let partitions = batch.partition.partition as usize + 1;
        queues.grow(&batch.partition.topic, partitions);
        let queue = &mut queues.by_partition[partitions - 1];
        let earlier = queue.batches.iter().take_while(|other| {
            let stamps = other.stamp.zip(batch.stamp);
            stamps.is_some_and(|(other, this)| other.is_before(this))
        });
        let place = earlier.count();
        queue.batches.insert(place, batch);
    }

    /// The numbered batches that wait for a partition.
    pub fn numbered_mut(
        &mut self,
        partition: &TopicPartition,
    ) -> impl Iterator<Item = &mut ProducerBatch> {
        let queues = self.topics.get_mut(&partition.topic);
        let queues = queues.map(|queues| &mut queues.by_partition);
        let queue = queues.and_then(|queues| queues.get_mut(partition.partition as usize));
        let batches = queue.into_iter().flat_map(|queue| &mut queue.batches);
        batches.filter(|batch| batch.stamp.is_some())
    }

    /// Takes everything out.
    pub fn take_all(&mut self) -> Vec<ProducerBatch> {
        let queues = self.queues_mut();
        queues.flat_map(|queue| queue.batches.drain(..)).collect()
    }

    /// A batch of the partition is no longer under way.
    pub fn unmute(&mut self, partition: &TopicPartition) {
        let queues = self.topics.get_mut(&partition.topic);
        let queue =
            queues.and_then(|queues| queues.by_partition.get_mut(partition.partition as usize));
        if let Some(queue) = queue {
            queue.muted = false;
        }
    }

    /// Takes out the batches at the front of their queues whose delivery timeout is over.
    pub fn take_expired(&mut self, now: Instant, config: &ProducerConfig) -> Vec<ProducerBatch> {
        let mut expired = Vec::new();
        for queue in self.queues_mut() {
            while let Some(first) = queue.batches.front() {
                if first.created_at + config.delivery_timeout > now {
                    break;
                }
                expired.extend(queue.batches.pop_front());
            }
        }
        expired
    }

    /// When the first batch in a queue reaches its delivery timeout.
    pub fn next_expiry(&self, config: &ProducerConfig) -> Option<Instant> {
        let fronts = self.queues().filter_map(|queue| queue.batches.front());
        let created = fronts.map(|batch| batch.created_at).min()?;
        Some(created + config.delivery_timeout)
    }

    /// Gives back the memory of a batch that is acknowledged or has failed.
    pub fn release(&mut self, memory: u64) {
        assert!(memory <= self.memory, "memory is given back once");
        self.memory -= memory;
    }

    /// Takes memory whether there is any or not: for the parts of a batch that was split.
    pub fn take(&mut self, memory: u64) {
        self.memory += memory;
    }

    /// How much of `buffer.memory` is taken.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Every batch that waits, by partition, the next to go first.
    pub fn batches(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.queues().flat_map(|queue| queue.batches.iter())
    }

    fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.topics.values().flat_map(|queues| &queues.by_partition)
    }

    fn queues_mut(&mut self) -> impl Iterator<Item = &mut Queue> {
        let topics = self.topics.values_mut();
        topics.flat_map(|queues| &mut queues.by_partition)
    }
}

impl Appender<'_> {
    /// Puts a record into a batch and says which partition it goes to; `partition` overrides the
    /// partitioner.
    ///
    /// # Errors
    /// When a new batch is needed and there is no memory for it; nothing has changed then, except that
    /// the partition's last batch takes no more records.
    pub fn append(
        &mut self,
        now: Instant,
        partition: Option<i32>,
        record: RecordRef<'_>,
        config: &ProducerConfig,
        rng: &mut Rng,
    ) -> Result<i32, OutOfMemory> {
        let Queues {
            chooser,
            by_partition,
        } = &mut *self.queues;
        let key = record.key.map(AsRef::as_ref);
        let choice = match partition {
            Some(partition) => Choice::Fixed(partition),
            None => chooser.choose(key, self.partitions, config, rng),
        };
        let queue = &mut by_partition[choice.partition() as usize];
        let last = queue.batches.back_mut();
        let (grown, last) = match last.and_then(|last| Some((last.append(record)?, last))) {
            Some((grown, last)) => (grown, last),
            None => {
                if let Some(full) = queue.batches.back_mut() {
                    full.close();
                }
                let limit = record.size_bound().max(config.batch_size as usize);
                let memory = limit as u64;
                if *self.memory + memory > config.buffer_memory {
                    if partition.is_none() {
                        chooser.take_back(choice, config);
                    }
                    return Err(OutOfMemory);
                }
                *self.memory += memory;
                let partition = queue.partition.clone();
                let batch = ProducerBatch::new(partition, now, limit, memory, config);
                queue.batches.push_back(batch);
                let batch = queue.batches.back_mut().expect("just put in");
                let grown = batch.append(record).expect("the first record has room");
                (grown, batch)
            }
        };
        let last = match last.is_full() {
            true => LastBatch::Full,
            false => LastBatch::Open,
        };
        chooser.appended(choice, grown, last, self.partitions, config, rng);
        Ok(choice.partition())
    }
}

impl Queues {
    /// Makes room for so many partitions; there are never fewer again.
    fn grow(&mut self, topic: &TopicName, partitions: usize) {
        while self.by_partition.len() < partitions {
            self.by_partition.push(Queue {
                partition: TopicPartition {
                    topic: topic.clone(),
                    partition: self.by_partition.len() as i32,
                },
                batches: VecDeque::new(),
                muted: false,
            });
        }
    }

    /// Shows the chooser how long the queues of the partitions with a leader are.
    fn observe(&mut self, known: &Topic, config: &ProducerConfig) {
        if !config.partitioner_adaptive {
            self.chooser.forget_queues();
            return;
        }
        let queues = &self.by_partition;
        let lengths = known.available.iter().map(|partition| {
            let queue = queues.get(*partition as usize);
            (
                *partition,
                queue.map_or(0, |queue| queue.batches.len()) as u64,
            )
        });
        let lengths: Vec<(i32, u64)> = lengths.collect();
        let count = known.partitions.len() as u32;
        self.chooser.observe_queues(&lengths, count);
    }
}

/// Until when a batch is not to be sent again; `None` when it may go. A new leader ends the pause.
fn backing_off(batch: &ProducerBatch, now: Instant, metadata: &Metadata) -> Option<Instant> {
    let retry = batch.retry.filter(|retry| retry.at > now)?;
    let (_, epoch) = metadata.leader(&batch.partition)?;
    (epoch <= batch.sent_in).then_some(retry.at)
}
