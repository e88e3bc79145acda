//! The consumer, in assign mode: from a position to records.
//!
//! An application calls `poll()` in a loop. The consumer knows for each of its partitions the *position*:
//! the offset of the next record to return. It fetches ahead of the application, keeps what was fetched in
//! a [`buffer`] and returns up to `max.poll.records` of it with each `poll()`. The position moves when
//! records are returned, not when they are fetched. Nobody else knows it: without a group nothing is
//! committed, and a new consumer begins where `auto.offset.reset` says.
//!
//! - [`subscription`]: the partitions, and where the consumer stands in each;
//! - [`offsets`]: finds a position, and validates it when the leader changes;
//! - [`fetcher`]: asks leaders for records;
//! - [`buffer`]: what was fetched and not yet returned.
//!
//! What holds: of a partition, records are returned in the order of their offsets, each once, none left
//! out, from one position on; only a seek, a reset or a log that was cut breaks this, and each is a fact.
//!
//! As in Kafka, requests go out only while the application is inside `poll()`. A `poll()` here waits as long
//! as it takes for the first record. Not modelled: groups and committed offsets, hiding the records of
//! aborted transactions, reading from followers.

pub mod assignor;
pub mod buffer;
pub mod fetcher;
pub mod offsets;
pub mod subscription;
mod view;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::fetcher::Fetching;
pub use self::view::{Delivered, Doing, PartitionView};

use self::subscription::{End, Question, State, Subscription};
use super::Remains;
use super::config::ConsumerConfig;
use super::network::{Event, Network, earliest};
use crate::fact::Fact;
use crate::fetch_session::FetchSession;
use crate::model::{
    Address, BrokerId, LeaderEpoch, Offset, ProcessId, Text, TopicName, TopicPartition,
};
use crate::process::{Deadline, Input, Instruction, Outbox, Process};
use crate::protocol::ErrorCode;
use crate::protocol::records::Batch;
use crate::rng::Rng;
use crate::sorted::{SortedMap, sort_by_key};
use crate::time::{Instant, Moment};

/// How many of the last returned records are kept for those who draw them.
pub const RECORDS_SHOWN: usize = 16;

/// How many bytes of a key or value are kept for those who draw them.
const BYTES_SHOWN: usize = 64;

/// What a consumer is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: ProcessId,
    /// `client.id`: the name that brokers see.
    pub client_id: Text,
    /// `bootstrap.servers`: whom to ask first.
    pub bootstrap: Vec<Address>,
    pub config: ConsumerConfig,
    pub rng: Rng,
}

/// A request in flight.
#[derive(Clone, Debug)]
pub enum Call {
    Fetch(Vec<Fetching>),
    Ends(Vec<(TopicPartition, End)>),
    Epochs(Vec<(TopicPartition, LeaderEpoch)>),
}

/// What the parts of a consumer work with during one input.
pub struct Turn<'a> {
    pub at: Moment,
    pub config: &'a ConsumerConfig,
    pub network: &'a mut Network<Call>,
    pub sessions: &'a mut SortedMap<BrokerId, FetchSession>,
    pub rng: &'a mut Rng,
    pub out: &'a mut Outbox,
}

/// A consumer and the application that uses it.
#[derive(Clone, Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    network: Network<Call>,
    /// What each broker remembers of its fetches.
    sessions: SortedMap<BrokerId, FetchSession>,
    subscription: Subscription,
    rng: Rng,
    /// Set while the application works on what the last `poll()` returned.
    next_poll: Option<Instant>,
    /// The metadata that positions were last compared with.
    observed: u64,
    consumed: u64,
    returned: VecDeque<Returned>,
    wake_at: Option<Instant>,
}

/// Some of what `poll()` returned: the part of a batch between two offsets.
#[derive(Clone, Debug)]
struct Returned {
    partition: TopicPartition,
    batch: Batch,
    from: Offset,
    to: Offset,
}

impl Consumer {
    pub fn new(setup: Setup) -> Consumer {
        Consumer::restarted(setup, Remains::default())
    }

    /// A consumer on a host where an earlier one died.
    pub fn restarted(setup: Setup, remains: Remains) -> Consumer {
        let network = setup.config.network();
        let network = Network::new(setup.id, setup.client_id, setup.bootstrap, network);
        Consumer {
            network: network.with_opened(remains.opened),
            config: setup.config,
            sessions: SortedMap::new(),
            subscription: Subscription::default(),
            rng: setup.rng,
            next_poll: None,
            observed: 0,
            consumed: 0,
            returned: VecDeque::new(),
            wake_at: None,
        }
    }

    // ---- instructions

    /// Says whether an instruction can be carried out.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub fn accepts(&self, instruction: &Instruction) -> Result<(), String> {
        match instruction {
            Instruction::Assign { .. } | Instruction::PauseReading | Instruction::ResumeReading => {
                Ok(())
            }
            Instruction::Seek { partition, .. } => match self.subscription.get(partition) {
                Some(_) => Ok(()),
                None => Err(format!("{partition} is not assigned; assign it first")),
            },
            Instruction::Configure { name, value } => self.config.clone().set(name, value),
            _ => Err(
                "a consumer is assigned partitions, seeks, pauses, resumes and is configured"
                    .to_owned(),
            ),
        }
    }

    fn told(&mut self, instruction: Instruction, out: &mut Outbox) {
        let policy = self.config.auto_offset_reset;
        match instruction {
            Instruction::Assign { partitions } => {
                let topics: Vec<TopicName> =
                    partitions.iter().map(|known| known.topic.clone()).collect();
                self.network.metadata_mut().want_only(topics.into_iter());
                self.subscription.assign(partitions, policy, out);
                // A position is found with the metadata at hand.
                self.observed = 0;
            }
            Instruction::Seek { partition, to } => {
                self.subscription.seek(&partition, to, out);
                self.observed = 0;
            }
            Instruction::PauseReading => self.subscription.pause(),
            Instruction::ResumeReading => self.subscription.resume(),
            // What cannot be accepted was refused before it came here.
            Instruction::Configure { name, value } if self.config.set(&name, &value).is_ok() => {
                self.network.reconfigure(self.config.network());
                if &*name == "auto.offset.reset" {
                    let policy = self.config.auto_offset_reset;
                    self.subscription.policy_changed(policy, out);
                }
                if &*name == "poll.interval.ms" {
                    // The application polls at once, and keeps to the new interval from then on.
                    self.next_poll = None;
                }
            }
            _ => {}
        }
    }

    // ---- the application's loop

    fn turn(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        let mut events = Vec::new();
        let (network, rng) = (&mut self.network, &mut self.rng);
        network.begin_turn();
        network.handle(at.now, input, rng, &mut events, out);
        network.expire(at.now, rng, &mut events, out);
        while !events.is_empty() {
            for event in std::mem::take(&mut events) {
                self.hear(at, event, &mut events, out);
            }
        }
        while self.next_poll.is_none_or(|next| next <= at.now) {
            self.next_poll = None;
            self.observe();
            if !self.deliver(out) {
                self.ask(at, out);
                break;
            }
            // The next fetch is on its way before the application sees the records.
            self.ask(at, out);
            if !self.config.poll_interval.is_zero() {
                self.next_poll = Some(at.now + self.config.poll_interval);
            }
        }
        self.network.refresh_metadata(at.now, &mut self.rng, out);
    }

    fn ask(&mut self, at: Moment, out: &mut Outbox) {
        let mut turn = Turn {
            at,
            config: &self.config,
            network: &mut self.network,
            sessions: &mut self.sessions,
            rng: &mut self.rng,
            out,
        };
        offsets::ask(&mut self.subscription, &mut turn);
        fetcher::ask(&mut self.subscription, &mut turn);
    }

    /// Compares positions with the metadata, if there is news.
    fn observe(&mut self) {
        let metadata = self.network.metadata();
        if metadata.version() != self.observed {
            self.observed = metadata.version();
            self.subscription.observe(metadata);
        }
    }

    fn hear(
        &mut self,
        at: Moment,
        event: Event<Call>,
        events: &mut Vec<Event<Call>>,
        out: &mut Outbox,
    ) {
        let subscription = &mut self.subscription;
        let mut turn = Turn {
            at,
            config: &self.config,
            network: &mut self.network,
            sessions: &mut self.sessions,
            rng: &mut self.rng,
            out,
        };
        match event {
            Event::Answered { from, call, answer } => {
                let lost = call.clone();
                let heard = match call {
                    Call::Fetch(asked) => {
                        fetcher::answered(subscription, from, asked, &answer, &mut turn)
                    }
                    Call::Ends(asked) => {
                        offsets::ends_answered(subscription, asked, &answer, &mut turn)
                    }
                    Call::Epochs(asked) => {
                        offsets::epochs_answered(subscription, asked, &answer, &mut turn)
                    }
                };
                if let Err(reason) = heard {
                    events.push(Event::Lost {
                        to: from,
                        calls: vec![lost],
                        error: ErrorCode::NetworkException,
                    });
                    let Turn {
                        network, rng, out, ..
                    } = turn;
                    network.close(at.now, from, reason, rng, events, out);
                }
            }
            Event::Lost { to, calls, .. } => {
                for call in calls {
                    let asked: Vec<TopicPartition> = match call {
                        Call::Fetch(_) => {
                            turn.sessions.entry(to).or_default().failed();
                            continue;
                        }
                        Call::Ends(asked) => asked.into_iter().map(|(asked, _)| asked).collect(),
                        Call::Epochs(asked) => asked.into_iter().map(|(asked, _)| asked).collect(),
                    };
                    for partition in asked {
                        offsets::again(subscription, &partition, &turn);
                    }
                }
            }
        }
    }

    /// What one `poll()` returns. False when there is nothing to return.
    fn deliver(&mut self, out: &mut Outbox) -> bool {
        let mut left = self.config.max_poll_records;
        while left > 0 {
            let Some(partition) = self.subscription.next_filled().cloned() else {
                break;
            };
            let assigned = self.subscription.get_mut(&partition);
            let assigned = assigned.expect("what is filled is assigned");
            let (State::Reading { position }, Some(buffer)) =
                (&mut assigned.state, &mut assigned.buffer)
            else {
                // Its position is being validated: what was fetched is fetched again afterwards.
                self.subscription.emptied();
                continue;
            };
            let taken = buffer.take(position.offset, left);
            let Ok(taken) = taken else {
                let error = ErrorCode::CorruptMessage;
                self.subscription.fail(&partition, error, out);
                continue;
            };
            position.offset = taken.next_offset;
            position.epoch = taken.epoch.or(position.epoch);
            if buffer.is_empty() {
                self.subscription.emptied();
            }
            left -= taken.records;
            if taken.records > 0 {
                self.consumed += u64::from(taken.records);
                if let Some(batch) = taken.last {
                    if self.returned.len() == RECORDS_SHOWN {
                        self.returned.pop_front();
                    }
                    self.returned.push_back(Returned {
                        partition: partition.clone(),
                        batch,
                        from: taken.base_offset,
                        to: taken.next_offset,
                    });
                }
                out.note(Fact::RecordsConsumed {
                    partition,
                    base_offset: taken.base_offset,
                    next_offset: taken.next_offset,
                    records: taken.records,
                });
            }
        }
        left < self.config.max_poll_records
    }

    fn find_wakeup(&self, now: Instant) -> Option<Instant> {
        let network = self.network.next_wakeup(now);
        if let Some(poll) = self.next_poll {
            return earliest(network, Some(poll));
        }
        let pauses = self.subscription.iter().filter_map(|(_, assigned)| {
            let at = match &assigned.state {
                State::Resetting { question, .. } | State::Validating { question, .. } => {
                    match question {
                        Question::Due(at) => *at,
                        Question::UnderWay => return None,
                    }
                }
                State::Reading { .. } => assigned.not_before,
                State::Failed { .. } => return None,
            };
            (at > now).then_some(at)
        });
        earliest(network, pauses.min())
    }
}

impl Process for Consumer {
    type Disk = Remains;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match input {
            Input::Booted => {
                out.note(Fact::Started);
                self.network.metadata_mut().request_update();
                self.turn(at, Input::Woken, out);
            }
            Input::Told(instruction) => {
                self.told(instruction, out);
                self.turn(at, Input::Woken, out);
            }
            Input::Stopping => out.exit(),
            other => self.turn(at, other, out),
        }
        self.wake_at = self.find_wakeup(at.now);
    }

    fn next_wakeup(&self) -> Option<Instant> {
        self.wake_at
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = Vec::new();
        if let Some(at) = self.next_poll {
            let why = "polls again".into();
            deadlines.push(Deadline { at, why });
        }
        for (partition, assigned) in self.subscription.iter() {
            let (at, why) = match &assigned.state {
                State::Resetting {
                    question: Question::Due(at),
                    ..
                } => (*at, format!("asks for an offset of {partition}")),
                State::Validating {
                    question: Question::Due(at),
                    ..
                } => (*at, format!("validates its position in {partition}")),
                State::Reading { .. } if assigned.not_before > Instant::ZERO => {
                    (assigned.not_before, format!("may fetch {partition} again"))
                }
                _ => continue,
            };
            deadlines.push(Deadline {
                at,
                why: why.into(),
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
