//! `Application`: the program that calls `send()`.
//!
//! Two threads of one program: one makes the calls that a person asks for, in their order; the other is a
//! [`Load`], which sends by itself. A call of `send()` returns at once, as long as the topic's partitions
//! are known and there is memory. When they are not it waits, and its thread with it, up to
//! `max.block.ms`; then the call fails. So a cluster that is too slow slows the application down.

use std::collections::VecDeque;
use std::fmt::Write;

use bytes::Bytes;

use super::accumulator::{Destination, Pressure};
use super::batch::RecordRef;
use super::sender::{Sender, Turn};
use crate::client::network::earliest;
use crate::fact::Fact;
use crate::model::{TopicName, TopicPartition};
use crate::process::{Load, NewRecord};
use crate::protocol::ErrorCode;
use crate::protocol::records::Header;
use crate::time::{Duration, Instant};

/// The program that calls `send()`.
#[derive(Clone, Debug, Default)]
pub struct Application {
    calls: VecDeque<Call>,
    calls_blocked: Option<Blocked>,
    running: Option<Running>,
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

/// What became of a call of `send()`.
enum Sent {
    To(TopicPartition),
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
        self.calls.push_back(Call {
            topic,
            partition,
            record,
            headers,
        });
    }

    /// Starts a load in place of the one that ran.
    pub fn start(&mut self, now: Instant, load: Load) {
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
            let sent = send(&call.topic, call.partition, record, sender, turn);
            let sent = or_give_up(sent, &mut self.calls_blocked, turn);
            match sent {
                Sent::To(partition) => turn.out.note(Fact::RecordQueued {
                    partition,
                    key: call.record.key.clone(),
                }),
                Sent::Waits(_) => break,
                Sent::Failed(error) => {
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
        earliest(next, patience)
    }
}

impl Running {
    /// Sends what is left of a burst, until a call waits.
    fn burst(&mut self, sender: &mut Sender, turn: &mut Turn<'_>) -> bool {
        let single = self.load.burst <= 1;
        let mut counts: Vec<(TopicPartition, u32)> = Vec::new();
        let mut value = String::new();
        let was_blocked = self.blocked.is_some();
        let mut made = false;
        while self.left > 0 {
            write_value(&mut value, self.sent, self.load.value_size);
            let key = turn.rng.pick(&self.keys);
            let record = RecordRef {
                key,
                value: Some(value.as_bytes()),
                headers: &[],
                timestamp: turn.at.wall.0,
            };
            let sent = send(&self.load.topic, None, record, sender, turn);
            match or_give_up(sent, &mut self.blocked, turn) {
                Sent::To(partition) if single => {
                    let key = key.cloned();
                    turn.out.note(Fact::RecordQueued { partition, key });
                }
                Sent::To(partition) => {
                    match counts.iter_mut().find(|(known, _)| *known == partition) {
                        Some((_, count)) => *count += 1,
                        None => counts.push((partition, 1)),
                    }
                }
                Sent::Waits(_) => break,
                Sent::Failed(error) => {
                    note_failure(&self.load.topic, None, error, sender, turn);
                }
            }
            self.sent += 1;
            self.left -= 1;
            made = true;
        }
        counts.sort();
        for (partition, records) in counts {
            turn.out.note(Fact::RecordsQueued { partition, records });
        }
        if was_blocked && self.blocked.is_none() {
            // The beat starts anew where the application was let go.
            let interval = self.load.interval.max(Duration::TICK);
            self.next_at = self.next_at.max(turn.at.now + interval);
        }
        made
    }
}

/// A value that a person can read and that tells its number: `#17......`.
fn write_value(value: &mut String, number: u64, size: u32) {
    value.clear();
    let _ = write!(value, "#{number}");
    while value.len() < size as usize {
        value.push('.');
    }
}

/// A call of `send()`.
fn send(
    topic: &TopicName,
    partition: Option<i32>,
    record: RecordRef<'_>,
    sender: &mut Sender,
    turn: &mut Turn<'_>,
) -> Sent {
    turn.network.metadata_mut().want(topic);
    let metadata = turn.network.metadata();
    match metadata.error(topic) {
        Some(error) if !error.is_retriable() => return Sent::Failed(error),
        _ => {}
    }
    let known = metadata.topic(topic).filter(|known| {
        let number = usize::try_from(partition.unwrap_or(0));
        number.is_ok_and(|number| number < known.partitions.len())
    });
    let Some(known) = known else {
        turn.network.metadata_mut().request_update();
        return Sent::Waits(Wait::Metadata);
    };
    let size = record.size_bound();
    if size > turn.config.max_request_size as usize || size as u64 > turn.config.buffer_memory {
        return Sent::Failed(ErrorCode::MessageTooLarge);
    }
    let (now, config) = (turn.at.now, turn.config);
    let accumulator = &mut sender.accumulator;
    let to = Destination {
        topic,
        known,
        partition,
    };
    match accumulator.append(now, to, record, config, turn.rng) {
        Ok(partition) => {
            sender.tally.queued += 1;
            Sent::To(partition)
        }
        Err(_) => Sent::Waits(Wait::Memory),
    }
}

/// Keeps count of how long a call waits; one that has waited for `max.block.ms` has failed.
fn or_give_up(sent: Sent, blocked: &mut Option<Blocked>, turn: &Turn<'_>) -> Sent {
    let Sent::Waits(why) = sent else {
        *blocked = None;
        return sent;
    };
    let now = turn.at.now;
    let since = blocked.map_or(now, |blocked| blocked.since);
    if since + turn.config.max_block <= now {
        *blocked = None;
        return Sent::Failed(ErrorCode::RequestTimedOut);
    }
    *blocked = Some(Blocked { since, why });
    Sent::Waits(why)
}

fn note_failure(
    topic: &TopicName,
    partition: Option<i32>,
    error: ErrorCode,
    sender: &mut Sender,
    turn: &mut Turn<'_>,
) {
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
