//! How far a member commits, and how far it was handed what it reads.

use super::wire::request;
use super::{Invariant, View};
use crate::client::config::{CommitsWhen, ConsumerConfig};
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::SortedMap;
use crate::time::Instant;

/// K10 a consumer commits of no partition more than its application was handed, or the place at which it was put.
///
/// What it has fetched and not returned is nobody's yet: should it die, whoever comes next would begin behind it. How
/// far its application was handed what it reads is known from what that was told, at any time in the consumer's life:
/// a commit may be on its way while a log is cut, or somebody seeks. Records that were compacted away are handed to
/// nobody.
///
/// A topic that is made anew is another: what a consumer was handed of the first counts until it is put somewhere in the
/// second, and for what it may still be trying to commit then, which ends with
/// `default.api.timeout.ms`, or before it joins anew with `max.poll.interval.ms`. A consumer that
/// commits record by record, or without waiting, may still have any of that to commit.
#[derive(Clone, Debug, Default)]
pub struct NobodyCommitsUnread {
    handed: SortedMap<(ProcessId, TopicPartition), Handed>,
}

/// How far a consumer was handed a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Handed {
    until: Offset,
    /// The topic has been deleted since it was put anywhere.
    is_of_the_past: bool,
    /// How far it was handed one that is gone, and until when that counts.
    before: Option<(Offset, Instant)>,
}

impl Invariant for NobodyCommitsUnread {
    fn name(&self) -> &'static str {
        "NobodyCommitsUnread"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        if let Fact::ZnodeDeleted { path } = &entry.fact {
            if let Some(gone) = znodes::state_of(path) {
                let all = self.handed.iter_mut();
                for (_, handed) in all.filter(|((_, partition), _)| *partition == gone) {
                    handed.is_of_the_past = true;
                }
            }
            return Ok(());
        }
        let Some(by @ ProcessId::Consumer(_)) = entry.by else {
            return Ok(());
        };
        match &entry.fact {
            Fact::PositionSet { partition, to, .. } => {
                let consumer = view.world.host(by).and_then(|host| host.consumer());
                let handed = self.handed.entry((by, partition.clone())).or_default();
                if let Some(consumer) = consumer.filter(|_| handed.is_of_the_past) {
                    handed.begin_anew(consumer.config(), entry.at);
                }
                handed.until = handed.until.max(*to);
                Ok(())
            }
            Fact::RecordsConsumed {
                partition,
                next_offset,
                ..
            } => {
                let handed = self.handed.entry((by, partition.clone())).or_default();
                handed.until = handed.until.max(*next_offset);
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
                        self.commits(
                            view,
                            (by, entry.at),
                            partition,
                            Offset(one.committed_offset),
                        )?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Handed {
    /// A consumer is put somewhere in a topic that was made anew.
    fn begin_anew(&mut self, config: &ConsumerConfig, at: Instant) {
        self.is_of_the_past = false;
        let commits = config.application_commits;
        if !matches!(commits, CommitsWhen::Each | CommitsWhen::Async) {
            let longest = config.default_api_timeout.max(config.max_poll_interval);
            let counts_until = at + longest;
            self.before = Some((self.at(at), counts_until));
            self.until = Offset::ZERO;
        }
    }

    /// The most that may be committed at this time.
    fn at(&self, at: Instant) -> Offset {
        let before = self.before.filter(|(_, until)| at <= *until);
        before.map_or(self.until, |(before, _)| before.max(self.until))
    }
}

impl NobodyCommitsUnread {
    fn commits(
        &self,
        view: View<'_>,
        (by, at): (ProcessId, Instant),
        partition: TopicPartition,
        offset: Offset,
    ) -> Result<(), String> {
        let cleaned = view.cleaned.until(&partition);
        let key = (by, partition);
        let handed = self.handed.get(&key).map(|handed| handed.at(at));
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
