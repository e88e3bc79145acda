//! `Application`: the program that calls `send()`.
//!
//! Two threads of one program: one makes the calls that a person asks for, in their order; the other is a
//! [`Load`], which sends by itself. A call of `send()` returns at once, as long as the topic's partitions
//! are known and there is memory. When they are not it waits, and its thread with it, up to
//! `max.block.ms`; then the call fails. So a cluster that is too slow slows the application down.

use std::collections::VecDeque;

use bytes::Bytes;

use super::accumulator::{Appender, OutOfMemory, Pressure};
use super::batch::RecordRef;
use super::sender::{Sender, Tally, Turn};
use crate::client::config::ProducerConfig;
use crate::fact::Fact;
use crate::model::{TopicName, TopicPartition};
use crate::process::{Load, NewRecord};
use crate::protocol::ErrorCode;
use crate::protocol::records::Header;
use crate::rng::Rng;
use crate::time::{Duration, Instant, Moment, earliest};

/// The program that calls `send()`.
#[derive(Clone, Debug, Default)]
pub struct Application {
    calls: VecDeque<Call>,
    calls_blocked: Option<Blocked>,
    running: Option<Running>,
    latest: Option<TopicName>,
}

/// One call of `send()` that a person asked for.
#[derive(Clone, Debug)]
struct Call {
    topic: TopicName,
    partition: Option<i32>,
    record: NewRecord,
    headers: Vec<Header>,
}

/// A load, and how far it has come.
#[derive(Clone, Debug)]
struct Running {
    load: Load,
    keys: Vec<Bytes>,
    sent: u64,
    /// How many records of the present burst are still to be sent.
    left: u32,
    next_at: Instant,
    blocked: Option<Blocked>,
}

/// A call of `send()` that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub since: Instant,
    pub why: Wait,
}

/// What a call of `send()` can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The topic, or the partition that was named, is not in the metadata.
    Metadata,
    /// `buffer.memory` is taken.
    Memory,
}

/// Why a call of `send()` does not return at once.
enum Stop {
    Waits(Wait),
    Failed(ErrorCode),
}

impl Application {
    /// A person asks for one call of `send()`; `None` lets the partitioner choose.
    pub fn call(&mut self, topic: TopicName, partition: Option<i32>, record: NewRecord) {
        let headers = record.headers.iter().map(|(key, value)| Header {
            key: key.clone(),
            value: value.clone(),
        });
        let headers = headers.collect();
        self.latest = Some(topic.clone());
        self.calls.push_back(Call {
            topic,
            partition,
            record,
            headers,
        });
    }

    /// Starts a load in place of the one that ran.
    pub fn start(&mut self, now: Instant, load: Load) {
        self.latest = Some(load.topic.clone());
        let keys = load.keys.iter();
        let keys = keys.map(|key| Bytes::copy_from_slice(key.as_bytes()));
        self.running = Some(Running {
            keys: keys.collect(),
            load,
            sent: 0,
            left: 0,
            next_at: now,
            blocked: None,
        });
    }

    pub fn stop(&mut self) {
        self.running = None;
    }

    /// The program ends: calls that have not returned never will.
    pub fn close(&mut self) {
        self.calls.clear();
        self.calls_blocked = None;
        self.running = None;
    }

    /// The topic of the latest call or load.
    pub fn latest_topic(&self) -> Option<&TopicName> {
        self.latest.as_ref()
    }

    /// The load that runs, and how many records it has handed over.
    pub fn load(&self) -> Option<(&Load, u64)> {
        let running = self.running.as_ref()?;
        Some((&running.load, running.sent))
    }

    /// What calls wait for: first those a person asked for, then the load's.
    pub fn blocked(&self) -> impl Iterator<Item = Blocked> {
        let load = self.running.as_ref().and_then(|running| running.blocked);
        self.calls_blocked.into_iter().chain(load)
    }

    /// The next of the calls that a person asked for: its topic, and the partition that it names.
    pub fn next_call(&self) -> Option<(&TopicName, Option<i32>)> {
        let call = self.calls.front()?;
        Some((&call.topic, call.partition))
    }

    /// How many calls a person asked for have not been made.
    pub fn waiting(&self) -> usize {
        self.calls.len()
    }

    /// Whether a call waits for memory, which makes every batch worth sending.
    pub fn pressure(&self) -> Pressure {
        match self.blocked().any(|blocked| blocked.why == Wait::Memory) {
            true => Pressure::SendAll,
            false => Pressure::None,
        }
    }

    /// Makes the calls that are due, until one waits. True when any was made.
    pub fn run(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> bool {
        let called = self.run_calls(sender, turn);
        let sent = self.run_load(sender, turn);
        called || sent
    }

    fn run_calls(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> bool {
        let mut made = false;
        while let Some(call) = self.calls.front() {
            let record = RecordRef {
                key: call.record.key.as_ref(),
                value: call.record.value.as_deref(),
                headers: &call.headers,
                timestamp: call.record.timestamp.unwrap_or(turn.at.wall).0,
            };
            let sent = Door::open(&call.topic, call.partition, sender, turn)
                .and_then(|mut door| door.send(call.partition, record));
            match with_patience(sent, &mut self.calls_blocked, turn) {
                Ok(partition) => {
                    let (topic, key) = (call.topic.clone(), call.record.key.clone());
                    let partition = TopicPartition { topic, partition };
                    turn.out.note(Fact::RecordQueued { partition, key });
                }
                Err(Stop::Waits(_)) => break,
                Err(Stop::Failed(error)) => {
                    note_failure(&call.topic, call.partition, error, sender, turn);
                }
            }
            self.calls.pop_front();
            made = true;
        }
        made
    }

    fn run_load(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> bool {
        let now = turn.at.now;
        let mut made = false;
        while let Some(running) = &mut self.running {
            if running.left == 0 {
                let limit = running.load.limit.unwrap_or(u64::MAX);
                let more = limit.saturating_sub(running.sent);
                if more == 0 {
                    self.running = None;
                    break;
                }
                if running.next_at > now {
                    break;
                }
                running.left = running
                    .load
                    .burst
                    .max(1)
                    .min(more.min(u64::from(u32::MAX)) as u32);
                // Kept to the beat, unless the application was held up for longer.
                let interval = running.load.interval.max(Duration::TICK);
                running.next_at = (running.next_at + interval).max(now + Duration::TICK);
            }
            made |= running.burst(sender, turn);
            if running.left > 0 {
                break;
            }
            if running.next_at <= now {
                running.next_at = now + running.load.interval.max(Duration::TICK);
            }
        }
        made
    }

    /// When something here falls due: the load's next burst, or the end of a call's patience.
    pub fn next_wakeup(&self, max_block: Duration) -> Option<Instant> {
        let running = self.running.as_ref();
        let next = running.filter(|running| running.blocked.is_none());
        let next = next.map(|running| running.next_at);
        let patience = self
            .blocked()
            .map(|blocked| blocked.since + max_block)
            .min();
        earliest([next, patience])
    }
}

impl Running {
    /// Sends what is left of a burst, until a call waits. True when any call was made.
    fn burst(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> bool {
        let (before, was_blocked) = (self.left, self.blocked.is_some());
        while self.left > 0 {
            let left = self.left;
            let sent = self.send_rest(sender, turn);
            if self.left < left {
                // Calls were made, so whichever waits now has only begun to.
                self.blocked = None;
            }
            match with_patience(sent, &mut self.blocked, turn) {
                Ok(()) => {}
                Err(Stop::Waits(_)) => break,
                Err(Stop::Failed(error)) => {
                    note_failure(&self.load.topic, None, error, sender, turn);
                    self.sent += 1;
                    self.left -= 1;
                }
            }
        }
        if was_blocked && self.blocked.is_none() {
            // The beat starts anew where the application was let go.
            let interval = self.load.interval.max(Duration::TICK);
            self.next_at = self.next_at.max(turn.at.now + interval);
        }
        self.left < before
    }

    fn send_rest(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> Result<(), Stop> {
        let mut door = Door::open(&self.load.topic, None, sender, turn)?;
        let mut counts = vec![0; door.partitions];
        let mut single_key = None;
        let mut value = Vec::new();
        let mut stopped = Ok(());
        while self.left > 0 {
            write_value(&mut value, self.sent, self.load.value_size);
            let key = door.rng.pick(&self.keys);
            let is_tombstone = self
                .load
                .tombstones
                .is_some_and(|every| (self.sent + 1).is_multiple_of(every));
            let record = RecordRef {
                key,
                value: (!is_tombstone).then_some(&*value),
                headers: &[],
                timestamp: door.at.wall.0,
            };
            match door.send(None, record) {
                Ok(partition) => counts[partition as usize] += 1,
                Err(stop) => {
                    stopped = Err(stop);
                    break;
                }
            }
            single_key = key;
            self.sent += 1;
            self.left -= 1;
        }
        for (partition, records) in (0..).zip(counts).filter(|(_, records)| *records > 0) {
            let topic = self.load.topic.clone();
            let partition = TopicPartition { topic, partition };
            turn.out.note(match self.load.burst {
                0 | 1 => Fact::RecordQueued {
                    partition,
                    key: single_key.cloned(),
                },
                _ => Fact::RecordsQueued { partition, records },
            });
        }
        stopped
    }
}

/// A value that a person can read and that tells its number: `#17......`.
fn write_value(value: &mut Vec<u8>, number: u64, size: u32) {
    value.clear();
    value.push(b'#');
    let mut digits = [0; 20];
    let (mut first, mut left) = (digits.len(), number);
    loop {
        first -= 1;
        digits[first] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    value.extend_from_slice(&digits[first..]);
    value.resize(value.len().max(size as usize), b'.');
}

/// The way to a topic's queues, open for calls of `send()`: what is the same for all calls at once is
/// looked up once.
struct Door<'a> {
    appender: Appender<'a>,
    tally: &'a mut Tally,
    config: &'a ProducerConfig,
    rng: &'a mut Rng,
    at: Moment,
    partitions: usize,
}

impl<'a> Door<'a> {
    /// Opens, if the topic is known, and `partition` if one is named.
    fn open(
        topic: &TopicName,
        partition: Option<i32>,
        sender: &'a mut Sender,
        turn: &'a mut Turn<'_>,
    ) -> Result<Door<'a>, Stop> {
        let Turn {
            at,
            config,
            network,
            rng,
            ..
        } = turn;
        network.metadata_mut().want(topic);
        match network.metadata().error(topic) {
            Some(error) if !error.is_retriable() => return Err(Stop::Failed(error)),
            _ => {}
        }
        let number = usize::try_from(partition.unwrap_or(0)).unwrap_or(usize::MAX);
        let known = network.metadata().topic(topic);
        if known.is_none_or(|known| number >= known.partitions.len()) {
            network.metadata_mut().request_update();
            return Err(Stop::Waits(Wait::Metadata));
        }
        let known = network.metadata().topic(topic).expect("looked up before");
        Ok(Door {
            appender: sender.accumulator.appender(topic, known),
            tally: &mut sender.tally,
            config,
            rng,
            at: *at,
            partitions: known.partitions.len(),
        })
    }

    /// A call of `send()`; the partition the record goes to.
    fn send(&mut self, partition: Option<i32>, record: RecordRef<'_>) -> Result<i32, Stop> {
        let (config, size) = (self.config, record.size_bound() as u64);
        if size > u64::from(config.max_request_size) || size > config.buffer_memory {
            return Err(Stop::Failed(ErrorCode::MessageTooLarge));
        }
        let sent = (self.appender).append(self.at.now, partition, record, config, self.rng);
        let sent = sent.map_err(|OutOfMemory| Stop::Waits(Wait::Memory))?;
        self.tally.queued += 1;
        Ok(sent)
    }
}

/// Keeps count of how long a call waits; one that has waited for `max.block.ms` has failed.
fn with_patience<T>(
    sent: Result<T, Stop>,
    blocked: &mut Option<Blocked>,
    turn: &Turn<'_>,
) -> Result<T, Stop> {
    let Err(Stop::Waits(why)) = sent else {
        *blocked = None;
        return sent;
    };
    let now = turn.at.now;
    let since = blocked.map_or(now, |blocked| blocked.since);
    if since + turn.config.max_block <= now {
        *blocked = None;
        return Err(Stop::Failed(ErrorCode::RequestTimedOut));
    }
    *blocked = Some(Blocked { since, why });
    Err(Stop::Waits(why))
}

fn note_failure(
    topic: &TopicName,
    partition: Option<i32>,
    error: ErrorCode,
    sender: &mut Sender,
    turn: &mut Turn<'_>,
) {
    sender.tally.refused += 1;
    sender.tally.failed += 1;
    turn.out.note(Fact::SendFailed {
        partition: TopicPartition {
            topic: topic.clone(),
            partition: partition.unwrap_or(-1),
        },
        records: 1,
        error,
    });
}
