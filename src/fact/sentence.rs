//! A fact as a sentence for people: what the narrator under the stage says.
//!
//! Present tense, the actor named first, then the consequence. Numbers come from the fact.

use super::phrase::{actor, list, named, noun, plural, span};
use super::print::{Shown, clipped, short_member};
use super::{Crash, Entry, Fact, LogStartReason, Role};
use crate::model::{BrokerId, ProcessId, ProducerEpoch};

impl Entry {
    /// The entry as one sentence, processes by their kind and number.
    pub fn sentence(&self) -> String {
        self.sentence_by(&actor(self.by))
    }

    /// The entry as one sentence about somebody who is called so.
    pub fn sentence_by(&self, who: &str) -> String {
        match &self.fact {
            Fact::Started => format!("{who} starts."),
            Fact::Killed {
                crash: Crash::Process,
            } => match self.by {
                Some(ProcessId::Broker(_) | ProcessId::ZooKeeper(_)) => {
                    format!("{who} dies. Its disk remains.")
                }
                _ => format!("{who} dies."),
            },
            Fact::Killed {
                crash: Crash::Machine,
            } => format!("{who} loses power. What it had not flushed is at risk."),
            Fact::Stopped => format!("{who} stops in order."),
            Fact::Frozen => format!("{who} stands still; its connections stay open."),
            Fact::Thawed => format!("{who} goes on where it stood."),
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
            Fact::LogTailLost {
                partition,
                from,
                to,
            } => {
                let what = span(*to, *from);
                format!("{who} loses {what} of {partition}, which were not flushed to the disk.")
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
                    LogStartReason::Deleted => "somebody asked for what was before to be deleted",
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
            Fact::BrokerRegistered { .. } => {
                format!("{who} registers in ZooKeeper: it is part of the cluster.")
            }
            Fact::RegistrationRefused => format!(
                "{who} cannot register: its earlier session has not run out yet. It tries again."
            ),
            Fact::ControllerElected { epoch } => format!(
                "{who} creates /controller first and is the controller now, in epoch {epoch}."
            ),
            Fact::ControllerResigned { .. } => format!("{who} is the controller no more."),
            Fact::BrokerCame { broker } => {
                format!("The controller sees that broker {broker} has come.")
            }
            Fact::BrokerWent { broker } => {
                format!("The controller sees that broker {broker}'s session is over.")
            }
            Fact::ReplicaStopped { partition } => {
                format!("{who} stops copying {partition}, as the controller says.")
            }
            Fact::ReplicaDeleted { partition } => {
                format!("{who} deletes its replica of {partition}.")
            }
            Fact::TopicDeleted { topic } => {
                format!("The last trace of topic {topic} is gone from ZooKeeper.")
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
            Fact::ProduceRefused {
                partition, error, ..
            } => {
                format!("{who} refuses a batch for {partition}: {}.", error.name())
            }
            Fact::DuplicateDropped {
                partition,
                base_offset,
                next_offset,
                ..
            } => format!(
                "{who} recognises a batch for {partition} that it has already, at {}, and writes nothing.",
                span(*base_offset, *next_offset)
            ),
            Fact::ProducerIdsAllocated {
                broker,
                first,
                count,
            } => format!(
                "The controller gives broker {broker} the producer ids {first} to {}.",
                first.0 + i64::from(*count) - 1
            ),
            Fact::ProducerIdGiven { producer_id } => {
                format!("{who} gives a producer the id {producer_id}.")
            }
            Fact::ProducerIdTaken {
                producer_id,
                epoch: ProducerEpoch(0),
            } => {
                format!("{who} numbers its batches from now on, as producer {producer_id}.")
            }
            Fact::ProducerIdTaken { producer_id, epoch } => {
                format!("{who} begins to number anew, as producer {producer_id} in epoch {epoch}.")
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
            Fact::SessionOpened { timeout, .. } => format!(
                "{who} opens a session with ZooKeeper, which ends when ZooKeeper hears nothing for {timeout}."
            ),
            Fact::SessionExpired { .. } => format!(
                "{who} learns that its ZooKeeper session has expired: what it registered there is gone."
            ),
            Fact::ZooKeeperLeads { epoch } => {
                format!(
                    "{who} is elected: it leads the ensemble in epoch {epoch} and orders all writes."
                )
            }
            Fact::ZooKeeperFollows { leader, .. } => format!(
                "{who} follows {}: it has the same tree and passes writes on to it.",
                noun(*leader)
            ),
            Fact::ZooKeeperLooksForLeader => format!(
                "{who} knows no leader of the ensemble: it serves nobody until one is elected."
            ),
            Fact::ZnodeCreated { path, owner: None } => format!("ZooKeeper creates {path}."),
            Fact::ZnodeCreated {
                path,
                owner: Some(owner),
            } => format!(
                "ZooKeeper creates {path}, which lives as long as the session of {}.",
                noun(*owner)
            ),
            Fact::ZnodeChanged { path, version } => {
                format!("ZooKeeper stores new data in {path}, now in version {version}.")
            }
            Fact::ZnodeDeleted { path } => format!("ZooKeeper deletes {path}."),
            Fact::SessionRanOut { owner, .. } => format!(
                "ZooKeeper has not heard from {} for its whole session timeout, and ends its session.",
                noun(*owner)
            ),
            Fact::TopicCreated { topic, partitions } => {
                let count = plural(u32::try_from(*partitions).unwrap_or(0), "partition");
                format!("Topic {topic} exists, with {count}.")
            }
            Fact::GroupsLoaded { partition, groups } => {
                let count = plural(*groups, "group");
                format!(
                    "{who} has read {count} from partition {partition} of __consumer_offsets and coordinates them."
                )
            }
            Fact::GroupRebalancing { group, .. } => {
                format!("Group {group} rebalances: every member must join again.")
            }
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                ..
            } if members.is_empty() => {
                format!("Group {group} has no members any more (generation {generation}).")
            }
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                leader,
            } => {
                let count = plural(members.len() as u32, "member");
                let leader = leader.as_deref().map_or("nobody", short_member);
                format!(
                    "Group {group} begins generation {generation} with {count}; {leader} assigns the partitions."
                )
            }
            Fact::GroupStabilized { group, generation } => {
                format!(
                    "Group {group} is stable: everybody knows his part of generation {generation}."
                )
            }
            Fact::MemberLeft { group, member, why } => {
                format!("Group {group} loses {}: {why}.", short_member(member))
            }
            Fact::OffsetForgotten { group, partition } => {
                format!("Group {group} forgets how far it has read {partition}.")
            }
            Fact::CoordinatorFound { group, broker } => {
                format!("{who} learns that broker {broker} coordinates group {group}.")
            }
            Fact::GroupJoined {
                group,
                generation,
                assignor,
                leads,
                ..
            } => {
                let role = match leads {
                    true => ", and is its leader: it divides the partitions",
                    false => "",
                };
                format!("{who} is in generation {generation} of group {group} ({assignor}){role}.")
            }
            Fact::PartitionsAssigned { group, partitions } => {
                format!("Group {group} gives {who} {}.", named(partitions))
            }
            Fact::PartitionsRevoked { group, partitions } => {
                format!("{who} gives up {} to group {group}.", named(partitions))
            }
            Fact::PartitionsLost { group, partitions } => {
                format!(
                    "{who} is no member of group {group} any more and has lost {}.",
                    named(partitions)
                )
            }
            Fact::HeartbeatRefused { group, error } => {
                let error = error.name();
                format!("{who} says that it lives, and hears from group {group}: {error}.")
            }
            Fact::MembershipFailed { group, error } => {
                format!(
                    "{who} gives up being a member of group {group}: {}.",
                    error.name()
                )
            }
            Fact::GroupLeft { group, why } => format!("{who} leaves group {group}: {why}."),
            Fact::OffsetsCommitted { group, offsets } => {
                let count = plural(offsets.len() as u32, "partition");
                format!("{who} has told group {group} how far it has read {count}.")
            }
            Fact::CommitFailed { group, error } => {
                format!("{who} could not commit to group {group}: {}.", error.name())
            }
            Fact::RecordsProcessed {
                partition, records, ..
            } => {
                let count = plural(*records, "record");
                format!("{who} is done with {count} of {partition}.")
            }
            Fact::OffsetCommitted {
                group,
                partition,
                offset,
            } => format!("Group {group} has committed {offset} of {partition}."),
            Fact::TopicConfigured { topic } => {
                format!("{who}'s replicas of {topic} go by new settings.")
            }
            Fact::LogCleaned {
                partition,
                until,
                removed,
                ..
            } => {
                let what = match removed {
                    0 => "every key stands there once already".to_owned(),
                    1 => "one record is gone whose key has a newer one".to_owned(),
                    many => format!("{many} records are gone whose keys have newer ones"),
                };
                format!(
                    "{who} has compacted {partition} before offset {}: {what}.",
                    until.0
                )
            }
            Fact::BrokerConfigured => format!("{who} goes by new settings of its own."),
            Fact::DiskFailed => format!("{who} cannot write to its disk and halts."),
            Fact::ErrandDone { what } => format!("{who} has seen to it: {what}."),
            Fact::ErrandRefused { what, error } => {
                format!("{who} was refused: {what}: {}.", error.name())
            }
            Fact::TopicRefused { topic, error } => {
                format!("Topic {topic} was not created: {}.", error.name())
            }
            Fact::Commanded { line } => format!("Command: {}", clipped(line)),
        }
    }
}
