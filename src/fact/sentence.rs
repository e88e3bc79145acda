//! A fact as a sentence for people: what the narrator under the stage says.
//!
//! Present tense, the actor named first, then the consequence. Numbers come from the fact.

use super::line::Shown;
use super::{Entry, Fact, LogStartReason, Role};
use crate::model::{BrokerId, Offset, ProcessId};

fn plural(count: u32, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

fn list(ids: &[BrokerId]) -> String {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

fn span(base: Offset, next: Offset) -> String {
    match next - base {
        1 => format!("offset {}", base.0),
        _ => format!("offsets {} to {}", base.0, next.0 - 1),
    }
}

/// How a sentence names a process.
fn actor(by: Option<ProcessId>) -> String {
    match by {
        None => "You".to_owned(),
        Some(ProcessId::Broker(n)) => format!("Broker {n}"),
        Some(ProcessId::Producer(n)) => format!("Producer {n}"),
        Some(ProcessId::Consumer(n)) => format!("Consumer {n}"),
        Some(ProcessId::Admin(n)) => format!("Admin client {n}"),
        Some(ProcessId::Socket(n)) => format!("Client {n}"),
        Some(ProcessId::ZooKeeper(n)) => format!("ZooKeeper server {n}"),
    }
}

impl Entry {
    /// The entry as one sentence, processes by their kind and number.
    pub fn sentence(&self) -> String {
        self.sentence_by(&actor(self.by))
    }

    /// The entry as one sentence about somebody who is called so.
    pub fn sentence_by(&self, who: &str) -> String {
        match &self.fact {
            Fact::Started => format!("{who} starts."),
            Fact::Connected { to, .. } => format!("{who} connects to {to}."),
            Fact::Disconnected { to, reason, .. } => {
                format!("{who} loses its connection to {to}: {reason}.")
            }
            Fact::RequestSent { api, .. } => format!("{who} sends a {} request.", api.name()),
            Fact::RequestParked { api, .. } => {
                format!(
                    "{who} holds a {} request until it can be answered.",
                    api.name()
                )
            }
            Fact::ResponseSent { api, .. } => format!("{who} answers a {} request.", api.name()),
            Fact::RequestRejected { why, .. } => format!("{who} closes a connection: {why}."),
            Fact::RecordsAppended {
                partition,
                role,
                base_offset,
                next_offset,
                ..
            } => {
                let what = span(*base_offset, *next_offset);
                match role {
                    Role::Leader => {
                        format!("{who} writes {what} at the end of {partition}, as its leader.")
                    }
                    Role::Follower => format!("{who} copies {what} of {partition}."),
                }
            }
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                to,
                ..
            } => format!(
                "The high watermark of {partition} is now {}: every in-sync copy has what is before it.",
                to.0
            ),
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Follower,
                to,
                ..
            } => {
                format!(
                    "{who} learns that the high watermark of {partition} is {}.",
                    to.0
                )
            }
            Fact::LogTruncated { partition, to, .. } => {
                format!(
                    "{who} cuts its copy of {partition} back to offset {}.",
                    to.0
                )
            }
            Fact::SegmentRolled {
                partition,
                base_offset,
            } => {
                format!(
                    "{who} starts a new segment of {partition} at offset {}.",
                    base_offset.0
                )
            }
            Fact::LogStartMoved {
                partition,
                to,
                reason,
                ..
            } => {
                let why = match reason {
                    LogStartReason::RetentionTime => "older segments are past retention.ms",
                    LogStartReason::RetentionSize => "the log is larger than retention.bytes",
                    LogStartReason::Leader => "its leader's does",
                };
                format!(
                    "{who}'s copy of {partition} now starts at offset {}: {why}.",
                    to.0
                )
            }
            Fact::PartitionStateDecided {
                partition,
                leader,
                epoch,
                isr,
                ..
            } => {
                let isr = list(isr);
                if *leader == BrokerId::NONE {
                    format!("The controller leaves {partition} without a leader.")
                } else {
                    format!(
                        "The controller decides: broker {leader} leads {partition} in epoch {}, in sync {isr}.",
                        epoch.0
                    )
                }
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } => {
                format!(
                    "{who} becomes the leader of {partition} in epoch {}.",
                    epoch.0
                )
            }
            Fact::BecameFollower {
                partition, leader, ..
            } => {
                format!("{who} follows broker {leader} for {partition}.")
            }
            Fact::IsrChangeAsked { partition, to, .. } => format!(
                "{who} asks the controller to set the in-sync replicas of {partition} to {}.",
                list(to)
            ),
            Fact::IsrChanged {
                partition,
                from,
                to,
                ..
            } => {
                let left: Vec<_> = from.iter().filter(|id| !to.contains(id)).copied().collect();
                let joined: Vec<_> = to.iter().filter(|id| !from.contains(id)).copied().collect();
                match (left.is_empty(), joined.is_empty()) {
                    (false, true) => {
                        format!("{who} drops {} from the ISR of {partition}.", list(&left))
                    }
                    (true, false) => {
                        format!("{who} takes {} into the ISR of {partition}.", list(&joined))
                    }
                    _ => format!("The in-sync replicas of {partition} are now {}.", list(to)),
                }
            }
            Fact::IsrChangeRefused { partition, error } => {
                format!(
                    "The controller refuses a new ISR for {partition}: {}.",
                    error.name()
                )
            }
            Fact::MetadataCacheUpdated { topics, brokers } => format!(
                "{who} now knows {} and {}.",
                plural(*brokers, "broker"),
                plural(*topics, "topic")
            ),
            Fact::FetchFailed {
                partition,
                leader,
                error,
            } => format!(
                "{who} cannot copy {partition} from broker {leader}: {}.",
                error.name()
            ),
            Fact::ProduceRefused { partition, error } => {
                format!("{who} refuses a batch for {partition}: {}.", error.name())
            }
            Fact::RecordQueued {
                partition,
                key: Some(key),
            } => {
                format!(
                    "{who} queues a record with key {} for {partition}.",
                    Shown(Some(key))
                )
            }
            Fact::RecordQueued {
                partition,
                key: None,
            } => {
                format!("{who} queues a record without a key for {partition}.")
            }
            Fact::RecordsQueued { partition, records } => {
                format!(
                    "{who} queues {} for {partition}.",
                    plural(*records, "record")
                )
            }
            Fact::BatchSent {
                partition,
                records,
                attempt,
            } => {
                let again = if *attempt > 1 { " again" } else { "" };
                format!(
                    "{who} sends {} to {partition}{again}.",
                    plural(*records, "record")
                )
            }
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                records,
                ..
            } => {
                if base_offset.0 < 0 {
                    format!(
                        "{who} sent {} and expects no answer.",
                        plural(*records, "record")
                    )
                } else {
                    let what = span(*base_offset, *base_offset + i64::from(*records));
                    format!("{who} has its answer: {what} of {partition}.")
                }
            }
            Fact::SendWillRetry {
                partition,
                error,
                retry_in,
            } => format!(
                "{who} will send to {partition} again in {retry_in}: {}.",
                error.name()
            ),
            Fact::SendFailed {
                partition,
                records,
                error,
            } => format!(
                "{who} gives up on {} for {partition}: {}.",
                plural(*records, "record"),
                error.name()
            ),
            Fact::LeaderLearned {
                partition,
                leader: BrokerId::NONE,
                ..
            } => {
                format!("{who} learns that nobody leads {partition}.")
            }
            Fact::LeaderLearned {
                partition, leader, ..
            } => {
                format!("{who} learns that broker {leader} leads {partition}.")
            }
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                ..
            } => {
                format!(
                    "{who} reads {} of {partition}.",
                    span(*base_offset, *next_offset)
                )
            }
            Fact::PositionSet { partition, to, .. } => {
                format!("{who} will read {partition} from offset {}.", to.0)
            }
            Fact::ReadingFailed { partition, error } => {
                format!("{who} cannot go on reading {partition}: {}.", error.name())
            }
            Fact::TopicCreated { topic, partitions } => {
                let count = plural(u32::try_from(*partitions).unwrap_or(0), "partition");
                format!("Topic {topic} exists, with {count}.")
            }
            Fact::TopicRefused { topic, error } => {
                format!("Topic {topic} was not created: {}.", error.name())
            }
            Fact::Commanded { line } => format!("You: {}", clipped(line)),
        }
    }
}

/// The longest line that is told whole.
const LINE: usize = 120;

/// The beginning of a text that is too long to be told.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
