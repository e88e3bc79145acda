//! A fact as one line of a transcript: what golden scripts compare.
//!
//! Short, exact, every id in its one print: `b1 orders-0 hw @0 → @1`.

use std::fmt;

use super::print::{Ids, Listed, Shown, short_member};
use super::{Crash, Entry, Fact, LogStartReason};
use crate::model::BrokerId;

/// `1.204s b1 orders-0 hw @0 → @1`
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(process) => write!(f, "{} {process} {}", self.at, self.fact),
            None => write!(f, "{} {}", self.at, self.fact),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Started => write!(f, "started"),
            Fact::Killed {
                crash: Crash::Process,
            } => write!(f, "killed"),
            Fact::Killed {
                crash: Crash::Machine,
            } => write!(f, "killed, power lost"),
            Fact::Stopped => write!(f, "stopped"),
            Fact::Frozen => write!(f, "frozen"),
            Fact::Thawed => write!(f, "thawed"),
            Fact::Connected { to, .. } => write!(f, "connected to {to}"),
            Fact::Disconnected { to, reason, .. } => write!(f, "disconnected from {to}: {reason}"),
            Fact::RequestSent {
                connection,
                api,
                version,
                correlation_id,
            } => {
                write!(
                    f,
                    "{connection} asks {} v{version} #{correlation_id}",
                    api.name()
                )
            }
            Fact::RequestParked {
                connection,
                api,
                correlation_id,
            } => {
                write!(f, "{connection} parks {} #{correlation_id}", api.name())
            }
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } => {
                write!(
                    f,
                    "{connection} answers {} v{version} #{correlation_id}",
                    api.name()
                )
            }
            Fact::RequestRejected { connection, why } => write!(f, "{connection} closed: {why}"),
            Fact::RecordsAppended {
                partition,
                role,
                base_offset,
                next_offset,
                epoch,
                ..
            } => {
                write!(
                    f,
                    "{partition} {role} appends {base_offset}..{next_offset} {epoch}"
                )
            }
            Fact::HighWatermarkMoved {
                partition,
                from,
                to,
                ..
            } => {
                write!(f, "{partition} hw {from} → {to}")
            }
            Fact::LogTruncated {
                partition,
                from,
                to,
            } => {
                write!(f, "{partition} truncates {from} → {to}")
            }
            Fact::LogTailLost {
                partition,
                from,
                to,
            } => {
                write!(f, "{partition} loses {to}..{from}, not flushed")
            }
            Fact::SegmentRolled {
                partition,
                base_offset,
            } => {
                write!(f, "{partition} new segment at {base_offset}")
            }
            Fact::LogStartMoved {
                partition,
                from,
                to,
                reason,
            } => {
                let why = match reason {
                    LogStartReason::RetentionTime => "retention.ms",
                    LogStartReason::RetentionSize => "retention.bytes",
                    LogStartReason::Leader => "as the leader",
                    LogStartReason::Deleted => "deleted by request",
                };
                write!(f, "{partition} log start {from} → {to}, {why}")
            }
            Fact::BrokerRegistered { epoch } => write!(f, "registers, broker epoch {epoch}"),
            Fact::RegistrationRefused => write!(f, "is still registered by an earlier session"),
            Fact::ControllerElected { epoch } => write!(f, "is controller, epoch {epoch}"),
            Fact::ControllerResigned { epoch } => write!(f, "is controller no more, epoch {epoch}"),
            Fact::BrokerCame { broker } => write!(f, "sees broker {broker} come"),
            Fact::BrokerWent { broker } => write!(f, "sees broker {broker} go"),
            Fact::ReplicaStopped { partition } => write!(f, "{partition} stops copying"),
            Fact::ReplicaDeleted { partition } => write!(f, "{partition} deletes its replica"),
            Fact::TopicDeleted { topic } => write!(f, "topic {topic} is gone"),
            Fact::PartitionStateDecided {
                partition,
                leader,
                epoch,
                isr,
                partition_epoch,
            } => {
                let (isr, version) = (Ids(isr), partition_epoch.0);
                write!(
                    f,
                    "{partition} decided leader {leader} {epoch} isr {isr} version {version}"
                )
            }
            Fact::BecameLeader {
                partition,
                epoch,
                start_offset,
                isr,
            } => {
                write!(
                    f,
                    "{partition} leads {epoch} from {start_offset} isr {}",
                    Ids(isr)
                )
            }
            Fact::BecameFollower {
                partition,
                epoch,
                leader,
            } => {
                write!(f, "{partition} follows {leader} {epoch}")
            }
            Fact::IsrChangeAsked {
                partition,
                from,
                to,
            } => {
                write!(f, "{partition} asks isr {} → {}", Ids(from), Ids(to))
            }
            Fact::IsrChanged {
                partition,
                from,
                to,
                ..
            } => {
                write!(f, "{partition} isr {} → {}", Ids(from), Ids(to))
            }
            Fact::IsrChangeRefused { partition, error } => {
                write!(f, "{partition} isr refused {}", error.name())
            }
            Fact::MetadataCacheUpdated { topics, brokers } => {
                write!(f, "knows {brokers} brokers, {topics} topics")
            }
            Fact::FetchFailed {
                partition,
                leader,
                error,
            } => {
                write!(f, "{partition} fetch from {leader} failed {}", error.name())
            }
            Fact::ProduceRefused {
                partition, error, ..
            } => {
                write!(f, "{partition} refuses {}", error.name())
            }
            Fact::DuplicateDropped {
                partition,
                producer_id,
                base_sequence,
                base_offset,
                next_offset,
            } => {
                write!(
                    f,
                    "{partition} has #{base_sequence} of producer {producer_id} already, \
                     {base_offset}..{next_offset}"
                )
            }
            Fact::ProducerIdsAllocated {
                broker,
                first,
                count,
            } => {
                let last = first.0 + i64::from(*count) - 1;
                write!(f, "gives broker {broker} producer ids {first} to {last}")
            }
            Fact::ProducerIdGiven { producer_id } => write!(f, "gives producer id {producer_id}"),
            Fact::ProducerIdTaken { producer_id, epoch } => {
                write!(f, "is producer {producer_id} epoch {epoch}")
            }
            Fact::RecordQueued { partition, key } => {
                write!(f, "{partition} queues {}", Shown(key.as_ref()))
            }
            Fact::RecordsQueued { partition, records } => {
                write!(f, "{partition} queues {records}")
            }
            Fact::BatchSent {
                partition,
                records,
                attempt,
            } => match attempt {
                1 => write!(f, "{partition} sends {records}"),
                _ => write!(f, "{partition} sends {records} again, attempt {attempt}"),
            },
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                records,
                ..
            } => {
                let last = *base_offset + (i64::from(*records) - 1);
                match (base_offset.0, records) {
                    (-1, _) => write!(f, "⇒ {partition} sent {records}, nobody answers"),
                    (_, 1) => write!(f, "⇒ {partition}{base_offset}"),
                    _ => write!(f, "⇒ {partition}{base_offset}..{last}"),
                }
            }
            Fact::SendWillRetry {
                partition,
                error,
                retry_in,
            } => {
                write!(
                    f,
                    "{partition} retries in {retry_in} after {}",
                    error.name()
                )
            }
            Fact::SendFailed {
                partition,
                records,
                error,
            } => {
                write!(f, "⇒ {partition} {records} failed {}", error.name())
            }
            Fact::LeaderLearned {
                partition,
                leader: BrokerId::NONE,
                epoch,
            } => {
                write!(f, "{partition} learns that nobody leads {epoch}")
            }
            Fact::LeaderLearned {
                partition,
                leader,
                epoch,
            } => {
                write!(f, "{partition} learns leader {leader} {epoch}")
            }
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                records,
            } => {
                write!(
                    f,
                    "{partition} consumes {records} from {base_offset}, next {next_offset}"
                )
            }
            Fact::PositionSet { partition, to, why } => {
                write!(f, "{partition} position {to}, {why}")
            }
            Fact::ReadingFailed { partition, error } => {
                write!(f, "{partition} reading failed {}", error.name())
            }
            Fact::SessionOpened { session, timeout } => {
                write!(f, "session {session} opened, timeout {timeout}")
            }
            Fact::SessionExpired { session } => write!(f, "session {session} expired"),
            Fact::ZooKeeperLeads { epoch } => write!(f, "leads the ensemble, epoch {epoch}"),
            Fact::ZooKeeperFollows { leader, epoch } => {
                write!(f, "follows {leader}, epoch {epoch}")
            }
            Fact::ZooKeeperLooksForLeader => write!(f, "looks for a leader"),
            Fact::ZnodeCreated { path, owner: None } => write!(f, "creates {path}"),
            Fact::ZnodeCreated {
                path,
                owner: Some(owner),
            } => {
                write!(f, "creates {path} while {owner} lives")
            }
            Fact::ZnodeChanged { path, version } => {
                write!(f, "changes {path} to version {version}")
            }
            Fact::ZnodeDeleted { path } => write!(f, "deletes {path}"),
            Fact::SessionRanOut { session, owner } => {
                write!(f, "ends session {session} of {owner}: not heard of in time")
            }
            Fact::TopicCreated { topic, partitions } => {
                write!(f, "⇒ topic {topic} with {partitions} partitions")
            }
            Fact::GroupsLoaded { partition, groups } => {
                write!(
                    f,
                    "coordinates the {groups} groups of offsets partition {partition}"
                )
            }
            Fact::GroupRebalancing { group, generation } => {
                write!(f, "group {group} prepares generation {}", generation + 1)
            }
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                leader,
            } => {
                write!(f, "group {group} generation {generation}:")?;
                for member in members.iter() {
                    let sign = if leader.as_ref() == Some(member) {
                        "*"
                    } else {
                        ""
                    };
                    write!(f, " {}{sign}", short_member(member))?;
                }
                if members.is_empty() {
                    write!(f, " nobody")?;
                }
                Ok(())
            }
            Fact::GroupStabilized { group, generation } => {
                write!(f, "group {group} generation {generation} is stable")
            }
            Fact::MemberLeft { group, member, why } => {
                write!(f, "group {group} loses {}: {why}", short_member(member))
            }
            Fact::CoordinatorFound { group, broker } => {
                write!(f, "group {group} is coordinated by b{broker}")
            }
            Fact::GroupJoined {
                group,
                generation,
                member,
                assignor,
                leads,
            } => {
                let role = if *leads { "as its leader " } else { "" };
                let member = short_member(member);
                write!(
                    f,
                    "joins {group} generation {generation} {role}as {member}, {assignor}"
                )
            }
            Fact::PartitionsAssigned { group, partitions } => {
                write!(f, "{group} gives{}", Listed(partitions))
            }
            Fact::PartitionsRevoked { group, partitions } => {
                write!(f, "{group} takes back{}", Listed(partitions))
            }
            Fact::PartitionsLost { group, partitions } => {
                write!(f, "{group} has given away{}", Listed(partitions))
            }
            Fact::HeartbeatRefused { group, error } => {
                write!(f, "{group} heartbeat: {}", error.name())
            }
            Fact::MembershipFailed { group, error } => {
                write!(f, "gives up {group}: {}", error.name())
            }
            Fact::GroupLeft { group, why } => write!(f, "leaves {group}: {why}"),
            Fact::OffsetsCommitted { group, offsets } => {
                write!(f, "{group} commits")?;
                offsets
                    .iter()
                    .try_for_each(|(partition, offset)| write!(f, " {partition}{offset}"))
            }
            Fact::CommitFailed { group, error } => {
                write!(f, "{group} commit failed: {}", error.name())
            }
            Fact::RecordsProcessed {
                partition,
                base_offset,
                next_offset,
                records,
            } => write!(
                f,
                "{partition} is done with {records} from {base_offset}, next {next_offset}"
            ),
            Fact::OffsetCommitted {
                group,
                partition,
                offset,
            } => write!(f, "group {group} commits {partition}{offset}"),
            Fact::LogCleaned {
                partition,
                from,
                until,
                bytes_before,
                bytes_after,
                removed,
            } => write!(
                f,
                "{partition} cleaned {from}..{until}: {removed} gone, {bytes_before} → {bytes_after} bytes"
            ),
            Fact::BrokerConfigured => write!(f, "has other settings"),
            Fact::OffsetForgotten { group, partition } => {
                write!(f, "group {group} forgets {partition}")
            }
            Fact::TopicConfigured { topic } => write!(f, "topic {topic} has other settings"),
            Fact::DiskFailed => write!(f, "cannot write, halts"),
            Fact::ErrandDone { what } => write!(f, "⇒ {what}"),
            Fact::ErrandRefused { what, error } => write!(f, "⇒ {what} {}", error.name()),
            Fact::TopicRefused { topic, error } => write!(f, "⇒ topic {topic} {}", error.name()),
            Fact::Commanded { line } => write!(f, "> {line}"),
        }
    }
}
