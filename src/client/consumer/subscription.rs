//! `Subscription`: the partitions a consumer reads, and where it stands in each.

use crate::sorted::{Mentions, SortedMap};
use std::collections::VecDeque;

use super::buffer::Buffer;
use crate::client::config::AutoOffsetReset;
use crate::client::metadata::Metadata;
use crate::fact::Fact;
use crate::model::{LeaderEpoch, Offset, Text, TopicPartition};
use crate::process::{Outbox, SeekTo};
use crate::protocol::ErrorCode;
use crate::protocol::api::list_offsets::{EARLIEST, LATEST};
use crate::time::Instant;

/// The place to read from next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub offset: Offset,
    /// The epoch of the last record that was read, by which a later leader can tell whether its log
    /// is the one that was read (KIP-320). `None` before the first record after a seek or a reset.
    pub epoch: Option<LeaderEpoch>,
    /// The leader epoch in which the position is known to be good.
    pub leader_epoch: LeaderEpoch,
}

/// An end of a log to begin at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Earliest,
    Latest,
}

impl End {
    /// What ListOffsets calls it.
    pub fn timestamp(self) -> i64 {
        match self {
            End::Earliest => EARLIEST,
            End::Latest => LATEST,
        }
    }

    /// Where `auto.offset.reset` says to begin, if anywhere.
    pub fn of(policy: AutoOffsetReset) -> Option<End> {
        match policy {
            AutoOffsetReset::Earliest => Some(End::Earliest),
            AutoOffsetReset::Latest => Some(End::Latest),
            AutoOffsetReset::None => None,
        }
    }
}

/// Whether a question about a partition is under way, or when it may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Not before this instant.
    Due(Instant),
    UnderWay,
}

impl Question {
    pub fn is_due(self, now: Instant) -> bool {
        matches!(self, Question::Due(at) if at <= now)
    }
}

/// Where a consumer begins to read a partition that is new to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Where its group has got to.
    Committed,
    /// Where `auto.offset.reset` says.
    Policy(AutoOffsetReset),
}

/// What a consumer is doing about a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It asks how far its group has read.
    Restoring {
        question: Question,
        /// How often in a row it was not told.
        failures: u32,
    },
    /// It asks the leader where the log begins or ends.
    Resetting {
        to: End,
        why: Text,
        question: Question,
    },
    /// It asks a new leader whether the log it has read is still there.
    Validating {
        position: Position,
        question: Question,
    },
    /// It fetches from a position.
    Reading { position: Position },
    /// It waits for the application to say where to read. How far that has read counts as before.
    Failed {
        error: ErrorCode,
        position: Option<Position>,
    },
}

/// One partition of the assignment.
#[derive(Clone, Debug)]
pub struct Assigned {
    pub state: State,
    pub buffer: Option<Buffer>,
    /// As the last answer said.
    pub high_watermark: Option<Offset>,
    pub log_start: Option<Offset>,
    /// No fetch until there was an answer about metadata after this many.
    pub stale_since: Option<u64>,
    /// No fetch before this.
    pub not_before: Instant,
    /// Whether the application has paused it: it is not fetched, and what was fetched of it is kept.
    pub is_paused: bool,
    /// Fetches ask in the order of these: who was served has a higher one than all others.
    pub turn: u64,
}

/// The partitions of a consumer.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    partitions: SortedMap<TopicPartition, Assigned>,
    /// The turn of whoever comes next behind all others.
    next_turn: u64,
    /// Which buffers `poll()` empties, in the order in which they were filled.
    filled: VecDeque<TopicPartition>,
    /// Whether it takes what was fetched for what was returned.
    counts_fetched: bool,
}

impl Subscription {
    /// No partitions. What was fetched counts as returned only where a bug is planted.
    pub fn new(counts_fetched: bool) -> Subscription {
        Subscription {
            counts_fetched,
            ..Subscription::default()
        }
    }

    /// Makes these the partitions that are read. One that was read before goes on where it was, and stays paused if it
    /// was; one that is new, or comes back, is not paused.
    pub fn assign(&mut self, partitions: Vec<TopicPartition>, start: Start, out: &mut Outbox) {
        // Whoever leads the group may have named as many as a request has room for.
        let wanted = Mentions::of(&partitions);
        self.partitions.retain(|known, _| wanted.is_named(known));
        self.filled.retain(|known| wanted.is_named(known));
        let new = wanted.firsts().map(|place| partitions[place].clone());
        let new = new.filter(|partition| !self.partitions.contains_key(partition));
        let new: Vec<TopicPartition> = new.collect();
        let added = new.iter().zip(self.next_turn..).map(|(partition, turn)| {
            let assigned = Assigned {
                state: State::Failed {
                    error: ErrorCode::None,
                    position: None,
                },
                buffer: None,
                high_watermark: None,
                log_start: None,
                stale_since: None,
                not_before: Instant::ZERO,
                is_paused: false,
                turn,
            };
            (partition.clone(), assigned)
        });
        self.partitions.gather(added);
        self.next_turn += new.len() as u64;
        for partition in new {
            match start {
                Start::Policy(policy) => self.reset(&partition, policy, "no position", out),
                Start::Committed => self.set(
                    &partition,
                    State::Restoring {
                        question: Question::Due(Instant::ZERO),
                        failures: 0,
                    },
                ),
            }
        }
    }

    /// How far the application has read, of every partition that has a position.
    pub fn consumed(&self) -> Vec<(TopicPartition, Position)> {
        let consumed = self.partitions.iter();
        let consumed = consumed.filter_map(|(partition, assigned)| match &assigned.state {
            State::Reading { position } => {
                let mut position = *position;
                let fetched = assigned.buffer.as_ref().filter(|_| self.counts_fetched);
                if let Some(end) = fetched.and_then(Buffer::end) {
                    position.offset = end;
                }
                Some((partition.clone(), position))
            }
            State::Failed { position, .. } => Some((partition.clone(), (*position)?)),
            _ => None,
        });
        consumed.collect()
    }

    /// Does what `auto.offset.reset` says about a partition without a position.
    pub fn reset(
        &mut self,
        partition: &TopicPartition,
        policy: AutoOffsetReset,
        cause: &str,
        out: &mut Outbox,
    ) {
        let to = match policy {
            AutoOffsetReset::Earliest => End::Earliest,
            AutoOffsetReset::Latest => End::Latest,
            AutoOffsetReset::None => {
                self.fail(partition, ErrorCode::OffsetOutOfRange, out);
                return;
            }
        };
        let why = match to {
            End::Earliest => format!("{cause}, reset to earliest"),
            End::Latest => format!("{cause}, reset to latest"),
        };
        self.set(
            partition,
            State::Resetting {
                to,
                why: why.into(),
                question: Question::Due(Instant::ZERO),
            },
        );
    }

    /// `consumer.seek`: reads from another place. False when the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, to: SeekTo, out: &mut Outbox) {
        if !self.partitions.contains_key(partition) {
            return;
        }
        let question = Question::Due(Instant::ZERO);
        let state = match to {
            SeekTo::Beginning => State::Resetting {
                to: End::Earliest,
                why: "seek to the beginning".into(),
                question,
            },
            SeekTo::End => State::Resetting {
                to: End::Latest,
                why: "seek to the end".into(),
                question,
            },
            SeekTo::Offset(offset) => {
                out.note(Fact::PositionSet {
                    partition: partition.clone(),
                    to: offset,
                    why: "seek".into(),
                });
                let position = Position {
                    offset,
                    epoch: None,
                    leader_epoch: LeaderEpoch::NONE,
                };
                State::Reading { position }
            }
        };
        self.set(partition, state);
    }

    /// Stops reading a partition until the application says where to go on.
    pub fn fail(&mut self, partition: &TopicPartition, error: ErrorCode, out: &mut Outbox) {
        // One that a new leader has not confirmed may be of a log that is cut off.
        let position = match self.partitions.get(partition).map(|known| &known.state) {
            Some(State::Reading { position }) => Some(*position),
            _ => None,
        };
        self.set(partition, State::Failed { error, position });
        out.note(Fact::ReadingFailed {
            partition: partition.clone(),
            error,
        });
    }

    /// Changes what is done about a partition, and forgets what was fetched for the old state.
    fn set(&mut self, partition: &TopicPartition, state: State) {
        if let Some(assigned) = self.partitions.get_mut(partition) {
            assigned.state = state;
            assigned.buffer = None;
            assigned.not_before = Instant::ZERO;
            self.filled.retain(|known| known != partition);
        }
    }

    /// Sets the position and says why.
    pub fn place(
        &mut self,
        partition: &TopicPartition,
        position: Position,
        why: Text,
        out: &mut Outbox,
    ) {
        self.set(partition, State::Reading { position });
        out.note(Fact::PositionSet {
            partition: partition.clone(),
            to: position.offset,
            why,
        });
    }

    /// Asks the leader first whether the log is still the one in which this position was reached, if that
    /// can be told: the position has an epoch, and so has the leader.
    pub fn validate(&mut self, partition: &TopicPartition) {
        let Some(assigned) = self.partitions.get_mut(partition) else {
            return;
        };
        if let State::Reading { position } = assigned.state
            && position.epoch.is_some()
            && position.leader_epoch != LeaderEpoch::NONE
        {
            assigned.state = State::Validating {
                position,
                question: Question::Due(Instant::ZERO),
            };
        }
    }

    /// Does what a new policy says about partitions that an old one had given up.
    pub fn policy_changed(&mut self, policy: AutoOffsetReset, out: &mut Outbox) {
        if policy == AutoOffsetReset::None {
            return;
        }
        let failed = self.partitions.iter();
        let failed = failed.filter(|(_, assigned)| matches!(assigned.state, State::Failed { .. }));
        let failed: Vec<_> = failed.map(|(partition, _)| partition.clone()).collect();
        for partition in failed {
            self.reset(&partition, policy, "no position", out);
        }
    }

    /// Looks at who leads now. Where that is somebody else, a position must be validated first.
    pub fn observe(&mut self, metadata: &Metadata) {
        for (partition, assigned) in &mut self.partitions {
            let (State::Reading { position } | State::Validating { position, .. }) =
                &mut assigned.state
            else {
                continue;
            };
            let Some((_, epoch)) = metadata.leader(partition) else {
                continue;
            };
            if epoch <= position.leader_epoch {
                continue;
            }
            position.leader_epoch = epoch;
            let position = *position;
            if position.epoch.is_some() {
                assigned.state = State::Validating {
                    position,
                    question: Question::Due(Instant::ZERO),
                };
            }
        }
    }

    /// `consumer.pause(partitions)`: these are neither fetched nor returned, and stay where they are.
    pub fn pause(&mut self, partitions: &[TopicPartition]) {
        for assigned in self.named(partitions) {
            assigned.is_paused = true;
        }
    }

    /// `consumer.resume(partitions)`.
    pub fn resume(&mut self, partitions: &[TopicPartition]) {
        for assigned in self.named(partitions) {
            assigned.is_paused = false;
        }
    }

    /// These partitions, as far as they are assigned; none named means all that are.
    fn named(&mut self, partitions: &[TopicPartition]) -> impl Iterator<Item = &mut Assigned> {
        let (all, named) = (partitions.is_empty(), Mentions::of(partitions));
        let known = self.partitions.iter_mut();
        known.filter_map(move |(partition, assigned)| {
            (all || named.is_named(partition)).then_some(assigned)
        })
    }

    pub fn get(&self, partition: &TopicPartition) -> Option<&Assigned> {
        self.partitions.get(partition)
    }

    pub fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut Assigned> {
        self.partitions.get_mut(partition)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Assigned)> + Clone {
        self.partitions.iter()
    }

    /// Keeps what was fetched until `poll()` returns it.
    pub fn fill(&mut self, partition: &TopicPartition, buffer: Buffer) {
        if let Some(assigned) = self.partitions.get_mut(partition) {
            assigned.buffer = Some(buffer);
            self.filled.push_back(partition.clone());
        }
    }

    /// The partition whose buffer `poll()` empties next. Those that are paused are kept, and go behind the others.
    pub fn next_filled(&mut self) -> Option<&TopicPartition> {
        let partitions = &self.partitions;
        let is_paused = |known: &TopicPartition| {
            let known = partitions.get(known);
            known.is_some_and(|assigned| assigned.is_paused)
        };
        let first = self.filled.iter().position(|known| !is_paused(known))?;
        self.filled.rotate_left(first);
        self.filled.front()
    }

    /// The first buffer is empty now: its partition is fetched again, after the others.
    pub fn emptied(&mut self) {
        let Some(partition) = self.filled.pop_front() else {
            return;
        };
        if let Some(assigned) = self.partitions.get_mut(&partition) {
            assigned.buffer = None;
            assigned.turn = self.next_turn;
            self.next_turn += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_as_long_as_an_answer_is_taken_in_no_time() {
        // Each of so many against each of so many would take minutes.
        const MANY: i32 = 150_000;
        let named = |count: i32| {
            let all = (0..count).rev();
            all.map(|partition| TopicPartition::new("orders", partition))
        };
        let mut subscription = Subscription::default();
        let mut out = Outbox::default();
        subscription.assign(named(MANY).collect(), Start::Committed, &mut out);
        assert_eq!(subscription.iter().count(), MANY as usize);
        // What is named twice is read once, and what was read before goes on.
        let twice = named(MANY).chain(named(MANY));
        subscription.assign(twice.collect(), Start::Committed, &mut out);
        let first = subscription
            .iter()
            .min_by_key(|(_, assigned)| assigned.turn);
        let first = first.map(|(first, _)| first.clone());
        assert_eq!(first, Some(TopicPartition::new("orders", MANY - 1)));
        subscription.assign(named(1).collect(), Start::Committed, &mut out);
        assert_eq!(subscription.iter().count(), 1);
    }
}
