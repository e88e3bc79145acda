//! The producer: from `send()` to the acknowledgement.
//!
//! A call of `send()` only puts a record into a queue. Three parts bring it further, each in its file:
//!
//! - [`partitioner`] chooses the partition, by the key's hash ([`murmur2`]) or so that batches get full;
//! - [`accumulator`] gathers records of one partition into batches ([`batch`]) until one is worth
//!   sending;
//! - [`sender`] takes the batches to the partitions' leaders, again if need be, and hears from them;
//! - [`numbering`] numbers them, so that brokers write each once and in order, under an id for which
//!   `identity` asks.
//!
//! [`application`] is the program that calls `send()`.
//!
//! What holds: a record that was queued is in the end acknowledged or failed, once, and that within
//! `delivery.timeout.ms`. An acknowledgement is what `acks` says it is, no more. A failure means that
//! nobody knows. Records of one partition are sent in the order of their calls; they are also written in
//! it if the producer is idempotent, if `max.in.flight.requests.per.connection` is 1, or if nothing has to
//! be sent twice. What an idempotent producer was told is written is written once.
//!
//! Not modelled: transactions; `flush()` and `close()`; interceptors and serializers.

pub mod accumulator;
pub mod application;
pub mod batch;
mod identity;
pub mod murmur2;
pub mod numbering;
pub mod partitioner;
pub mod sender;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use self::accumulator::Pressure;
use self::application::{Application, Blocked};
use self::batch::{ProducerBatch, Retry};
use self::numbering::{Identity, Stamp};
use self::sender::{Call, Sender, Tally, Turn};
use super::Remains;
use super::config::ProducerConfig;
use super::metadata::Metadata;
use super::network::Network;
use crate::fact::Fact;
use crate::model::{Address, BrokerId, ProcessId, Text, TopicName, TopicPartition};
use crate::process::{Deadline, Input, Instruction, Load, Outbox, Process};
use crate::rng::Rng;
use crate::sorted::sort_by_key;
use crate::time::{Duration, Instant, Moment, earliest};

/// What a producer is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: ProcessId,
    /// `client.id`: the name that brokers see.
    pub client_id: Text,
    /// `bootstrap.servers`: whom to ask first.
    pub bootstrap: Vec<Address>,
    pub config: ProducerConfig,
    pub rng: Rng,
}

/// A producer and the application that uses it.
#[derive(Clone, Debug)]
pub struct Producer {
    config: ProducerConfig,
    network: Network<Call>,
    sender: Sender,
    application: Application,
    rng: Rng,
    /// Set once the application has called `close()`: until when batches may still be sent.
    closes_at: Option<Instant>,
    wake_at: Option<Instant>,
}

/// A batch as others may see it.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    pub partition: &'a TopicPartition,
    pub records: u32,
    /// How many bytes it takes now.
    pub bytes: usize,
    pub created_at: Instant,
    /// How many times it was sent.
    pub attempts: u32,
    /// Why and until when it is not sent again.
    pub retry: Option<Retry>,
    /// Its number, if the producer numbers its batches and has sent this one.
    pub stamp: Option<Stamp>,
    /// The keys of its first records, up to [`batch::KEYS_SHOWN`].
    pub keys: &'a [Option<Bytes>],
}

/// How long `close()` waits for batches that are not answered.
///
/// Unlike Java's, whose `close()` without a timeout waits as long as `delivery.timeout.ms` takes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

impl<'a> BatchView<'a> {
    fn new(batch: &'a ProducerBatch) -> BatchView<'a> {
        BatchView {
            partition: &batch.partition,
            records: batch.records,
            bytes: batch.size(),
            created_at: batch.created_at,
            attempts: batch.attempts,
            retry: batch.retry,
            stamp: batch.stamp,
            keys: batch.keys(),
        }
    }
}

impl Producer {
    pub fn new(setup: Setup) -> Producer {
        Producer::restarted(setup, Remains::default())
    }

    /// A producer on a host where an earlier one died.
    pub fn restarted(setup: Setup, remains: Remains) -> Producer {
        let network = setup.config.network();
        let network = Network::new(setup.id, setup.client_id, setup.bootstrap, network);
        Producer {
            network: network.with_opened(remains.opened),
            config: setup.config,
            sender: Sender::default(),
            application: Application::default(),
            rng: setup.rng,
            closes_at: None,
            wake_at: None,
        }
    }

    // ---- what others may see

    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }

    /// The batches in the accumulator, by partition, the next to go first.
    pub fn queued(&self) -> impl Iterator<Item = BatchView<'_>> {
        self.sender.accumulator.batches().map(BatchView::new)
    }

    /// The batches that were sent and not answered, with the broker they went to.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, BatchView<'_>)> {
        self.network.calls().flat_map(|(broker, call)| {
            let batches = call.batches().iter();
            batches.map(move |batch| (broker, BatchView::new(batch)))
        })
    }

    /// What has become of the records so far.
    pub fn tally(&self) -> Tally {
        self.sender.tally
    }

    /// Its id and epoch, once a broker has given them.
    pub fn identity(&self) -> Option<Identity> {
        self.sender.numbering.identity()
    }

    /// How much of `buffer.memory` is taken.
    pub fn memory(&self) -> u64 {
        self.sender.accumulator.memory()
    }

    /// The topic that its application wrote to last.
    pub fn latest_topic(&self) -> Option<&TopicName> {
        self.application.latest_topic()
    }

    /// The load that runs, and how many records it has handed over.
    pub fn load(&self) -> Option<(&Load, u64)> {
        self.application.load()
    }

    /// What the next call of `send()` is for that a person asked for: a topic, and the partition that it names.
    pub fn next_call(&self) -> Option<(&TopicName, Option<i32>)> {
        self.application.next_call()
    }

    /// The calls of `send()` that wait for metadata or memory.
    pub fn blocked(&self) -> impl Iterator<Item = Blocked> {
        self.application.blocked()
    }

    /// What the producer believes about the cluster.
    pub fn metadata(&self) -> &Metadata {
        self.network.metadata()
    }

    // ---- instructions

    /// Says whether an instruction can be carried out.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub fn accepts(&self, instruction: &Instruction) -> Result<(), String> {
        match instruction {
            Instruction::Produce { .. } | Instruction::StartLoad(_) | Instruction::StopLoad => {
                Ok(())
            }
            Instruction::Configure { name, value } => self.config.clone().set(name, value),
            _ => Err("a producer produces, runs a load and is configured".to_owned()),
        }
    }

    fn told(&mut self, now: Instant, instruction: Instruction) {
        match instruction {
            _ if self.closes_at.is_some() => {}
            Instruction::Produce {
                topic,
                partition,
                record,
            } => self.application.call(topic, partition, record),
            Instruction::StartLoad(load) => self.application.start(now, load),
            Instruction::StopLoad => self.application.stop(),
            // What cannot be accepted was refused before it came here.
            Instruction::Configure { name, value } if self.config.set(&name, &value).is_ok() => {
                self.network.reconfigure(self.config.network());
            }
            _ => {}
        }
    }

    /// Lets the application and the sender do what can be done now.
    fn turn(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        let Producer {
            config,
            network,
            sender,
            application,
            rng,
            closes_at,
            ..
        } = self;
        let pressure = |application: &Application| match closes_at {
            Some(_) => Pressure::SendAll,
            None => application.pressure(),
        };
        let mut events = Vec::new();
        network.begin_turn();
        network.handle(at.now, input, rng, &mut events, out);
        network.expire(at.now, rng, &mut events, out);
        let mut turn = Turn {
            at,
            config,
            network,
            rng,
            out,
        };
        for event in events {
            sender.handle(event, &mut turn);
        }
        loop {
            let called = application.run(sender, &mut turn);
            sender.run(pressure(application), &mut turn);
            // With acks=0 sending gives memory back at once, and a call may go on.
            if !called || application.pressure() == Pressure::None {
                break;
            }
        }
        network.refresh_metadata(at.now, rng, out);
    }

    fn find_wakeup(&self, now: Instant) -> Option<Instant> {
        let sender = self.sender.next_wakeup(now, &self.network, &self.config);
        let application = self.application.next_wakeup(self.config.max_block);
        let network = self.network.next_wakeup(now);
        earliest([sender, self.closes_at, application, network])
    }

    /// `close()`: no more records, but those that were taken may still be sent.
    fn close(&mut self, at: Moment, out: &mut Outbox) {
        self.application.close();
        self.closes_at = Some(at.now + CLOSE_TIMEOUT);
        self.turn(at, Input::Woken, out);
    }

    /// Exits once everything is answered, or the time for it is over.
    fn exit_when_done(&mut self, now: Instant, out: &mut Outbox) {
        let Some(until) = self.closes_at else {
            return;
        };
        let done = self.queued().next().is_none() && self.in_flight().next().is_none();
        if done || until <= now {
            out.exit();
        }
    }
}

impl Process for Producer {
    type Disk = Remains;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match input {
            Input::Booted => {
                out.note(Fact::Started);
                self.network.metadata_mut().request_update();
                self.turn(at, Input::Woken, out);
            }
            Input::Told(instruction) => {
                self.told(at.now, instruction);
                self.turn(at, Input::Woken, out);
            }
            Input::Stopping => self.close(at, out),
            other => self.turn(at, other, out),
        }
        self.exit_when_done(at.now, out);
        self.wake_at = self.find_wakeup(at.now);
    }

    fn next_wakeup(&self) -> Option<Instant> {
        self.wake_at
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = Vec::new();
        let timeout = self.config.delivery_timeout;
        for batch in self.queued() {
            let partition = batch.partition;
            if let Some(retry) = batch.retry {
                let why = format!("sends to {partition} again after {}", retry.error.name());
                deadlines.push(Deadline {
                    at: retry.at,
                    why: why.into(),
                });
            }
            deadlines.push(Deadline {
                at: batch.created_at + timeout,
                why: format!("gives up on {partition}: delivery.timeout.ms").into(),
            });
        }
        for (_, batch) in self.in_flight() {
            deadlines.push(Deadline {
                at: batch.created_at + timeout,
                why: format!("gives up on {}: delivery.timeout.ms", batch.partition).into(),
            });
        }
        for blocked in self.blocked() {
            deadlines.push(Deadline {
                at: blocked.since + self.config.max_block,
                why: "send() gives up waiting: max.block.ms".into(),
            });
        }
        self.network.deadlines(&mut deadlines);
        sort_by_key(&mut deadlines, |deadline| deadline.at);
        deadlines
    }

    fn crash(self) -> Remains {
        Remains {
            opened: self.network.opened(),
        }
    }
}
