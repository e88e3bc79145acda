//! How far a member commits, and how far it was handed what it reads.

use super::wire::request;
use super::{Invariant, View};
use crate::fact::{Entry, Fact};
use crate::model::{Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::SortedMap;

/// K10 a consumer commits of no partition more than its application was handed, or the place at which it was put.
///
/// What it has fetched and not returned is nobody's yet: should it die, whoever comes next would begin behind it. How
/// far its application was handed what it reads is known from what that was told, at any time in the consumer's life:
/// a commit may be on its way while a log is cut, or somebody seeks. Records that were compacted away are handed to
/// nobody.
#[derive(Clone, Debug, Default)]
pub struct NobodyCommitsUnread {
    handed: SortedMap<(ProcessId, TopicPartition), Offset>,
}

impl Invariant for NobodyCommitsUnread {
    fn name(&self) -> &'static str {
        "NobodyCommitsUnread"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let Some(by @ ProcessId::Consumer(_)) = entry.by else {
            return Ok(());
        };
        match &entry.fact {
            Fact::PositionSet {
                partition, to: at, ..
            }
            | Fact::RecordsConsumed {
                partition,
                next_offset: at,
                ..
            } => {
                let handed = self.handed.entry((by, partition.clone())).or_insert(*at);
                *handed = (*handed).max(*at);
                Ok(())
            }
            Fact::Killed { .. } | Fact::Stopped => {
                self.handed.retain(|(other, _), _| *other != by);
                Ok(())
            }
            Fact::RequestSent {
                connection,
                api: ApiKey::OffsetCommit,
                correlation_id,
                ..
            } => {
                let frame = request(view.world, *connection, *correlation_id);
                let said = frame.and_then(|frame| AnyRequest::decode(&frame).ok());
                let Some((_, AnyRequest::OffsetCommit(said))) = said else {
                    return Ok(());
                };
                for topic in &said.topics {
                    for one in &topic.partitions {
                        let partition = TopicPartition {
                            topic: TopicName(topic.name.clone()),
                            partition: one.partition_index,
                        };
                        self.commits(view, by, partition, Offset(one.committed_offset))?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl NobodyCommitsUnread {
    fn commits(
        &self,
        view: View<'_>,
        by: ProcessId,
        partition: TopicPartition,
        offset: Offset,
    ) -> Result<(), String> {
        let cleaned = view.cleaned.until(&partition);
        let key = (by, partition);
        let handed = self.handed.get(&key).copied();
        match handed {
            Some(handed) if offset <= handed.max(cleaned) => Ok(()),
            Some(handed) => Err(format!(
                "K10: {by} commits {offset} of {}, of which it was handed what comes before {handed}",
                key.1
            )),
            None => Err(format!(
                "K10: {by} commits {offset} of {}, in which it has never been put anywhere",
                key.1
            )),
        }
    }
}
